//! Rules of routers: ``Host(`example.com`) && PathPrefix(`/api`)``.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_until, take_while1};
use nom::character::complete::{char, multispace0};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::logic::{self, Words};
use crate::model::from::edge::pattern::Pattern;

const WORDS: Words = Words { and: &["&&"], or: &["||"], not: &["!"] };

/// The condition of a rule; `None`: it is beyond what is read here.
pub(super) fn parse(rule: &str) -> Option<Condition> {
    logic::parse(rule, &WORDS, call)
}

fn call(text: &str) -> IResult<&str, Condition> {
    let name = preceded(multispace0, take_while1(|c: char| c.is_ascii_alphanumeric()));
    let quoted = alt((
        delimited(char('`'), take_until("`"), char('`')),
        delimited(char('"'), take_until("\""), char('"')),
        delimited(char('\''), take_until("'"), char('\'')),
    ));
    let argument = delimited(multispace0, quoted, multispace0);
    let arguments = delimited(char('('), separated_list1(tag(","), argument), char(')'));
    let (rest, (name, arguments)) = (terminated(name, multispace0), arguments).parse(text)?;
    Ok((rest, matcher(name, &arguments)))
}

/// One matcher. Several arguments of version 2 are alternatives.
fn matcher(name: &str, arguments: &[&str]) -> Condition {
    let each = |one: &dyn Fn(&str) -> Condition| Condition::any(arguments.iter().map(|argument| one(argument)).collect());
    match name {
        "Host" => each(&|host| Condition::Host(host.to_ascii_lowercase())),
        "Path" => each(&|path| Condition::Path(path_of(path, Pattern::Exact))),
        "PathPrefix" => each(&|path| {
            Condition::Path(path_of(path, |prefix| if prefix == "/" { Pattern::Any } else { Pattern::Prefix(prefix) }))
        }),
        "PathRegexp" => each(&|path| Condition::Path(Pattern::regex(path))),
        "Method" => each(&|method| Condition::Method(method.to_owned())),
        _ => Condition::Open(format!("{name}() is not followed")),
    }
}

/// A path; with a placeholder of version 2 (`/{name:[a-z]+}`) it is a regular expression.
fn path_of(path: &str, plain: impl Fn(String) -> Pattern) -> Pattern {
    if path.contains('{') { Pattern::Unknown("a path with placeholders".to_owned()) } else { plain(path.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Request;

    #[test]
    fn rules_are_read_with_their_operators() {
        let holds =
            |rule: &str, host: &str, path: &str| parse(rule).expect(rule).holds(&Request::get(host, path)).map_err(str::to_owned);
        let rule = "Host(`a.example`) && (PathPrefix(`/api`) || Path(\"/x\"))";
        assert_eq!(holds(rule, "a.example", "/api/v1"), Ok(true));
        assert_eq!(holds(rule, "a.example", "/y"), Ok(false));
        assert_eq!(holds(rule, "b.example", "/x"), Ok(false));
        assert_eq!(holds("Host(`a.example`, `b.example`)", "b.example", "/"), Ok(true));
        assert_eq!(holds("!PathPrefix(`/api`)", "", "/api"), Ok(false));
        assert!(holds("Host(`a.example`) && Header(`X`, `y`)", "a.example", "/").is_err());
        assert_eq!(holds("Host(`a.example`) && Header(`X`, `y`)", "b.example", "/"), Ok(false));
        assert!(parse("Host(`a`").is_none());
        assert!(parse(&"(".repeat(5000)).is_none());
    }
}
