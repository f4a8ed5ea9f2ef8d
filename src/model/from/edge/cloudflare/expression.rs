//! The part of the rules language that decides host, path and method; everything else is open.

use std::net::IpAddr;

use ipnet::IpNet;
use nom::branch::alt;
use nom::bytes::complete::{escaped, is_not, tag, take_while1};
use nom::character::complete::{char, multispace0, multispace1, none_of, one_of};
use nom::combinator::{opt, recognize, value};
use nom::multi::{many0, separated_list0};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::logic::{self, Words};
use crate::model::from::edge::pattern::Pattern;

const WORDS: Words = Words { and: &["and", "&&"], or: &["or", "||"], not: &["not", "!"] };

/// The condition of an expression; `None`: it is beyond what is read here.
pub(super) fn parse(text: &str) -> Option<Condition> {
    logic::parse(text, &WORDS, atom)
}

fn atom(text: &str) -> IResult<&str, Condition> {
    preceded(multispace0, alt((function, address, comparison, literal))).parse(text)
}

fn literal(text: &str) -> IResult<&str, Condition> {
    let name = take_while1(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let (rest, name) = terminated(name, opt(delimited(char('['), is_not("]"), char(']')))).parse(text)?;
    let condition = match name {
        "true" => Condition::Always,
        "false" => Condition::Not(Box::new(Condition::Always)),
        _ => open(name),
    };
    Ok((rest, condition))
}

fn open(field: &str) -> Condition {
    Condition::Open(format!("it asks for {field}"))
}

/// A text in quotes.
pub(super) fn string(text: &str) -> IResult<&str, String> {
    let inner = escaped(none_of("\\\""), '\\', one_of("\\\"*?.nrtx0123456789abcdefABCDEF[](){}^$+|/dswDSWb-"));
    let (rest, inner) = delimited(char('"'), recognize(opt(inner)), char('"')).parse(text)?;
    Ok((rest, inner.replace("\\\"", "\"").replace("\\\\", "\\")))
}

/// A field, perhaps in `lower(…)`, with an index that is not followed.
fn field(text: &str) -> IResult<&str, (String, bool)> {
    let name = || take_while1(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let index = || many0(delimited(char('['), is_not("]"), char(']')));
    let lowered = delimited((tag("lower"), multispace0, char('('), multispace0), (name(), index()), (multispace0, char(')')));
    let (rest, ((name, indexes), lowered)) =
        alt((lowered.map(|found| (found, true)), (name(), index()).map(|found| (found, false)))).parse(text)?;
    // An element of a map is another field.
    let name = if indexes.is_empty() { name.to_owned() } else { format!("{name}[]") };
    Ok((rest, (name, lowered)))
}

/// `starts_with(http.request.uri.path, "/x")`
fn function(text: &str) -> IResult<&str, Condition> {
    let name = alt((tag("starts_with"), tag("ends_with")));
    let arguments = (
        terminated(name, (multispace0, char('('), multispace0)),
        terminated(field, (multispace0, char(','), multispace0)),
        terminated(string, (multispace0, char(')'))),
    );
    let (rest, (name, (field, _), text)) = { arguments }.parse(text)?;
    let condition = match (field.as_str(), name) {
        ("http.request.uri.path", "starts_with") => Condition::Path(Pattern::Prefix(text)),
        ("http.request.uri.path", _) => Condition::Path(Pattern::Wildcard(format!("*{text}"))),
        ("http.request.uri", "starts_with") if !text.contains('?') => Condition::Path(Pattern::Prefix(text)),
        ("http.host", "starts_with") => Condition::Host(format!("{text}*")),
        ("http.host", _) => Condition::Host(format!("*{text}")),
        (field, _) => open(field),
    };
    Ok((rest, condition))
}

/// `ip.src in {192.0.2.0/24 2001:db8::/32}`, `ip.src eq 192.0.2.1`; a list that is kept elsewhere (`$office`) is open.
fn address(text: &str) -> IResult<&str, Condition> {
    let (rest, _) = (tag("ip.src"), multispace1).parse(text)?;
    let several = delimited((char('{'), multispace0), separated_list0(multispace1, network), (multispace0, char('}')));
    if let Ok((rest, found)) = preceded((tag("in"), multispace1), several).parse(rest) {
        return Ok((rest, Condition::Address(found)));
    }
    let operator = alt((value(true, alt((tag("eq"), tag("==")))), value(false, alt((tag("ne"), tag("!="))))));
    let (rest, (equal, found)) = (terminated(operator, multispace1), network).parse(rest)?;
    let condition = Condition::Address(vec![found]);
    Ok((rest, if equal { condition } else { Condition::Not(Box::new(condition)) }))
}

/// A network, or one address.
fn network(text: &str) -> IResult<&str, IpNet> {
    let written = take_while1(|c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/'));
    let address = |text: &str| text.parse::<IpAddr>().map(IpNet::from);
    written.map_opt(|text: &str| text.parse().or_else(|_| address(text)).ok()).parse(text)
}

#[derive(Clone, Copy, PartialEq)]
enum Operator {
    Equal,
    Unequal,
    Contains,
    Matches,
    Wildcard,
    Other,
}

fn comparison(text: &str) -> IResult<&str, Condition> {
    let (rest, (name, _)) = terminated(field, multispace0).parse(text)?;
    if let Ok((rest, values)) = preceded((tag("in"), multispace0), list).parse(rest) {
        return Ok((rest, Condition::any(values.iter().map(|text| compare(&name, Operator::Equal, text)).collect())));
    }
    let operator = alt((
        value(Operator::Equal, alt((tag("eq"), tag("==")))),
        value(Operator::Unequal, alt((tag("ne"), tag("!=")))),
        value(Operator::Contains, tag("contains")),
        value(Operator::Matches, alt((tag("matches"), tag("~")))),
        value(Operator::Wildcard, (opt((tag("strict"), multispace1)), tag("wildcard")).map(|_| ())),
        value(
            Operator::Other,
            alt((tag("in"), tag("ge"), tag("gt"), tag("le"), tag("lt"), tag(">="), tag("<="), tag(">"), tag("<"))),
        ),
    ));
    let (rest, operator) = terminated(operator, multispace0).parse(rest)?;
    let raw = preceded((char('r'), opt(char('#'))), delimited(char('"'), opt(is_not("\"")), (char('"'), opt(char('#')))));
    let raw = raw.map(|text: Option<&str>| text.unwrap_or_default().to_owned());
    let other =
        recognize(alt((delimited(char('{'), is_not("}"), char('}')), take_while1(|c: char| !c.is_whitespace() && c != ')'))));
    let (rest, text) = alt((string.map(Some), raw.map(Some), value(None, other))).parse(rest)?;
    Ok((rest, text.map_or_else(|| open(&name), |text| compare(&name, operator, &text))))
}

fn list(text: &str) -> IResult<&str, Vec<String>> {
    delimited((char('{'), multispace0), separated_list0(multispace1, string), (multispace0, char('}'))).parse(text)
}

fn compare(field: &str, operator: Operator, text: &str) -> Condition {
    let not = |condition| Condition::Not(Box::new(condition));
    match (field, operator) {
        ("http.host", Operator::Equal | Operator::Wildcard) => Condition::Host(text.to_ascii_lowercase()),
        ("http.host", Operator::Unequal) => not(Condition::Host(text.to_ascii_lowercase())),
        ("http.host", Operator::Contains) => Condition::Host(format!("*{text}*")),
        ("http.request.method", Operator::Equal) => Condition::Method(text.to_owned()),
        ("http.request.method", Operator::Unequal) => not(Condition::Method(text.to_owned())),
        ("http.request.uri.path", Operator::Equal) => Condition::Path(Pattern::Exact(text.to_owned())),
        ("http.request.uri.path", Operator::Unequal) => not(Condition::Path(Pattern::Exact(text.to_owned()))),
        ("http.request.uri.path" | "http.request.uri", Operator::Contains) if !text.contains('?') => {
            Condition::Path(Pattern::Contains(text.to_owned()))
        }
        ("http.request.uri.path", Operator::Matches) => Condition::Path(Pattern::regex(text)),
        ("http.request.uri.path", Operator::Wildcard) => Condition::Path(Pattern::Wildcard(text.to_owned())),
        (field, _) => open(field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Request;

    fn holds(text: &str, host: &str, path: &str) -> Option<bool> {
        let condition = parse(text).unwrap_or_else(|| panic!("{text}"));
        condition.holds(&Request::get(host, path)).ok()
    }

    #[test]
    fn host_path_and_method_are_followed() {
        let text = "http.host eq \"www.example.com\" and starts_with(http.request.uri.path, \"/wp-content/\")";
        assert_eq!(holds(text, "www.example.com", "/wp-content/x.css"), Some(true));
        assert_eq!(holds(text, "www.example.com", "/"), Some(false));
        assert_eq!(holds(text, "example.com", "/wp-content/x.css"), Some(false));
        assert_eq!(holds("true", "", "/"), Some(true));
        assert_eq!(holds("(http.request.uri.path in {\"/a\" \"/b\"}) or not http.host contains \"x\"", "x", "/b"), Some(true));
        assert_eq!(holds("http.request.uri.path matches \"^/(login|admin)\"", "", "/admin/x"), Some(true));
        assert_eq!(holds("lower(http.request.uri.path) contains \"/wp-login\"", "", "/wp-login.php"), Some(true));
        assert_eq!(holds("!(http.request.uri.path wildcard \"/api/*\")", "", "/api/x"), Some(false));
    }

    #[test]
    fn addresses_are_compared_with_that_of_the_visitor() {
        // The visitor of the tests comes from 203.0.113.9.
        assert_eq!(holds("not ip.src in {192.0.2.0/24 2001:db8::/32} and http.request.uri.path eq \"/a\"", "", "/a"), Some(true));
        assert_eq!(holds("ip.src in {203.0.113.0/24}", "", "/"), Some(true));
        assert_eq!(holds("ip.src eq 192.0.2.1", "", "/"), Some(false));
        assert_eq!(holds("(ip.src ne 192.0.2.1)", "", "/"), Some(true));
    }

    #[test]
    fn everything_else_is_open() {
        assert_eq!(holds("ip.src in $office and http.host eq \"a\"", "a", "/"), None);
        assert_eq!(holds("ip.src in $office and http.host eq \"a\"", "b", "/"), Some(false));
        assert_eq!(holds("http.cookie contains \"session\"", "", "/"), None);
        assert!(parse("any(http.request.headers[\"authorization\"][*] contains \"Bearer\")").is_none());
        assert_eq!(holds("cf.threat_score gt 10", "", "/"), None);
        assert_eq!(holds("ssl", "", "/"), None);
    }
}
