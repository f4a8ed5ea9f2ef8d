//! The arguments of `SetEnvIf`, `SetEnvIfNoCase`, `SetEnvIfExpr`, `BrowserMatch` and `BrowserMatchNoCase`, read as
//! `modules/metadata/mod_setenvif.c` reads them.

use super::Name;
use super::expr::{Condition, Context, Regex};

/// Arguments that the server refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ArgError {
    /// Index of the argument; one past the last if something is missing.
    pub index: usize,
    /// Offset in the value of the argument.
    pub at: usize,
    /// What is wrong, one line, no full stop.
    pub message: String,
}

impl ArgError {
    pub(super) fn new<T>(index: usize, message: impl Into<String>) -> Result<T, Self> {
        Err(Self { index, at: 0, message: message.into() })
    }
}

/// What is looked at. The words are written without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// `Remote_Addr`.
    RemoteAddr,
    /// `Remote_Host`.
    RemoteHost,
    /// `Request_URI`: the path, without its query.
    RequestUri,
    /// `Request_Method`.
    RequestMethod,
    /// `Request_Protocol`.
    RequestProtocol,
    /// `Server_Addr`.
    ServerAddr,
    /// A request header field, or where there is none a variable of the environment.
    Named(String),
    /// The last request header field whose name a regular expression matches.
    Matching(Regex),
}

/// What an attribute is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// A text without special characters: it is looked for, and nothing is put in for `$1`.
    Text {
        /// The text.
        text: String,
        /// Whether case does not count.
        ignore_case: bool,
    },
    /// A regular expression.
    Regex(Regex),
}

/// When variables are set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// An attribute fits a pattern.
    Fits(Attribute, Pattern),
    /// An expression holds.
    Holds(Box<Condition>),
}

/// One directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetEnvIf {
    /// When.
    pub when: When,
    /// Which variables are set, in order; `None`: removed.
    pub variables: Vec<(String, Option<String>)>,
}

impl SetEnvIf {
    /// Reads the arguments. `name` is one of the five directives.
    pub fn parse(name: Name, args: &[&str], context: Context) -> Result<Self, ArgError> {
        let arg = |index: usize| args.get(index).copied().filter(|a| !a.is_empty());
        let ignore_case = matches!(name, Name::SetEnvIfNoCase | Name::BrowserMatchNoCase);
        let (when, rest) = match name {
            Name::SetEnvIfExpr => {
                let Some(text) = arg(0) else { return ArgError::new(0, "an expression is missing") };
                let condition =
                    Condition::parse(text, context).map_err(|e| ArgError { index: 0, at: e.at, message: e.message })?;
                (When::Holds(Box::new(condition)), 1)
            }
            Name::BrowserMatch | Name::BrowserMatchNoCase => {
                let Some(text) = arg(0) else { return ArgError::new(0, "a regular expression is missing") };
                (When::Fits(Attribute::Named("User-Agent".to_owned()), pattern(text, ignore_case)), 1)
            }
            _ => {
                let Some(attribute) = arg(0) else { return ArgError::new(0, "the name of a header field is missing") };
                let Some(text) = arg(1) else { return ArgError::new(1, "a regular expression is missing") };
                (When::Fits(self::attribute(attribute, ignore_case), pattern(text, ignore_case)), 2)
            }
        };
        let words = args.get(rest..).unwrap_or_default().iter().take_while(|w| !w.is_empty());
        let variables: Vec<_> = words.map(|word| variable(word)).collect();
        if variables.is_empty() {
            return ArgError::new(rest, "the name of a variable is missing");
        }
        Ok(Self { when, variables })
    }
}

fn attribute(name: &str, ignore_case: bool) -> Attribute {
    match name.to_ascii_lowercase().as_str() {
        "remote_addr" => Attribute::RemoteAddr,
        "remote_host" => Attribute::RemoteHost,
        "request_uri" => Attribute::RequestUri,
        "request_method" => Attribute::RequestMethod,
        "request_protocol" => Attribute::RequestProtocol,
        "server_addr" => Attribute::ServerAddr,
        _ if name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) => Attribute::Named(name.to_owned()),
        _ => Attribute::Matching(Regex { text: name.to_owned(), ignore_case }),
    }
}

/// A pattern whose special characters are all escaped, and which escapes nothing else, is a text.
fn pattern(text: &str, ignore_case: bool) -> Pattern {
    let regex = || Pattern::Regex(Regex { text: text.to_owned(), ignore_case });
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let special = |c: char| "^.$|()[]*+?{}".contains(c);
        match c {
            '\\' => match chars.next() {
                Some(next) if special(next) || next == '\\' => plain.push(next),
                Some(_) => return regex(),
                None => {}
            },
            _ if special(c) => return regex(),
            _ => plain.push(c),
        }
    }
    Pattern::Text { text: plain, ignore_case }
}

/// `name=value`, `name` (which is `1`), `!name`. A value that begins with `!` removes too.
fn variable(word: &str) -> (String, Option<String>) {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    if !value.is_empty() {
        return (name.to_owned(), (!value.starts_with('!')).then(|| value.to_owned()));
    }
    match name.strip_prefix('!') {
        Some(name) => (name.to_owned(), None),
        None => (name.to_owned(), Some("1".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: Name, args: &[&str]) -> Result<SetEnvIf, ArgError> {
        SetEnvIf::parse(name, args, Context::Server)
    }

    #[test]
    fn arguments() {
        let parsed = parse(Name::SetEnvIf, &["Authorization", "(.*)", "HTTP_AUTHORIZATION=$1", "!x", "y"]).unwrap();
        let regex = Regex { text: "(.*)".to_owned(), ignore_case: false };
        assert_eq!(parsed.when, When::Fits(Attribute::Named("Authorization".to_owned()), Pattern::Regex(regex)));
        let expected = [("HTTP_AUTHORIZATION", Some("$1")), ("x", None), ("y", Some("1"))];
        assert_eq!(parsed.variables, expected.map(|(n, v)| (n.to_owned(), v.map(str::to_owned))));
        let parsed = parse(Name::BrowserMatchNoCase, &[r"msie\.5", "x"]).unwrap();
        let text = Pattern::Text { text: "msie.5".to_owned(), ignore_case: true };
        assert_eq!(parsed.when, When::Fits(Attribute::Named("User-Agent".to_owned()), text));
        let parsed = parse(Name::SetEnvIfNoCase, &["^Authorization$", "x", "x=!y"]).unwrap();
        assert!(matches!(parsed.when, When::Fits(Attribute::Matching(Regex { ignore_case: true, .. }), _)));
        assert_eq!(parsed.variables, [("x".to_owned(), None)]);
    }

    #[test]
    fn missing_arguments() {
        assert_eq!(parse(Name::SetEnvIf, &["x", "y"]).unwrap_err().index, 2);
        assert_eq!(parse(Name::SetEnvIf, &["x", ""]).unwrap_err().index, 1);
        assert_eq!(parse(Name::BrowserMatch, &["x"]).unwrap_err().index, 1);
        assert_eq!(parse(Name::SetEnvIfExpr, &["-n x", "y"]).unwrap_err().at, 3);
    }
}
