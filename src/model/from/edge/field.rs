//! What entries ask of a header field, a parameter of the query or another part of a request.

use fancy_regex::Regex;

use crate::model::Request;
use crate::model::from::{example, regexes};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A header field, each of its values.
    Header(String),
    /// A parameter of the query, the first of its name, not decoded.
    Parameter(String),
    /// The method.
    Method,
    /// Host, with the port where it is not the usual one.
    Host,
    /// Path and query.
    Target,
    /// `http` or `https`.
    Scheme,
}

/// How it has to be.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// There at all.
    Present,
    /// This text.
    Exact(String),
    /// With this text at its beginning.
    Prefix(String),
    /// With this text at its end.
    Suffix(String),
    /// With this text in it.
    Contains(String),
    /// A regular expression for the whole of it.
    Regex(String, Box<Regex>),
    /// A number, the second one not included.
    Range(i64, i64),
}

/// A condition on one part of a request.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) part: Part,
    pub(super) wanted: Wanted,
    pub(super) ignore_case: bool,
    /// Whether it must not be so. What is not there meets neither.
    pub(super) negated: bool,
    /// Whether what is not there counts as empty.
    pub(super) missing_is_empty: bool,
}

impl Part {
    fn values(&self, request: &Request) -> Vec<String> {
        match self {
            Self::Header(name) => {
                let fields = request.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
                fields.map(|(_, value)| value.clone()).collect()
            }
            Self::Parameter(name) => {
                let mut pairs = request.query.iter().flat_map(|query| query.split('&'));
                let pair = pairs.find_map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (key == name).then(|| value.to_owned())
                });
                pair.into_iter().collect()
            }
            Self::Method => vec![request.method.clone()],
            Self::Host => vec![request.authority()],
            Self::Target => vec![request.target()],
            Self::Scheme => vec![request.scheme.as_str().to_owned()],
        }
    }
}

impl Wanted {
    /// A regular expression; `None`: it cannot be followed.
    pub(super) fn regex(text: &str) -> Option<Self> {
        let regex = regexes::compile(&format!("^(?:{text})$"), false, false)?;
        Some(Self::Regex(text.to_owned(), Box::new(regex)))
    }

    /// Whether a value is so; `None`: the files do not tell.
    fn fits(&self, value: &str, ignore_case: bool) -> Option<bool> {
        let fold = |text: &str| if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
        let value_folded = fold(value);
        Some(match self {
            Self::Present => true,
            Self::Exact(text) => value_folded == fold(text),
            Self::Prefix(text) => value_folded.starts_with(&fold(text)),
            Self::Suffix(text) => value_folded.ends_with(&fold(text)),
            Self::Contains(text) => value_folded.contains(&fold(text)),
            Self::Regex(_, regex) => return regex.is_match(value.as_bytes()).ok(),
            Self::Range(from, to) => value.parse::<i64>().is_ok_and(|number| (*from..*to).contains(&number)),
        })
    }

    /// A text that is so.
    fn example(&self) -> Option<String> {
        match self {
            Self::Present => Some("x".to_owned()),
            Self::Exact(text) | Self::Prefix(text) | Self::Suffix(text) | Self::Contains(text) => Some(text.clone()),
            Self::Regex(text, _) => example::example(text, false),
            Self::Range(from, _) => Some(from.to_string()),
        }
    }
}

impl Field {
    /// One part that has to be so.
    pub(super) fn new(part: Part, wanted: Wanted) -> Self {
        Self { part, wanted, ignore_case: false, negated: false, missing_is_empty: false }
    }

    /// Whether a request meets it; `Err`: why the files do not tell.
    pub(super) fn holds(&self, request: &Request) -> Result<bool, &'static str> {
        let mut values = self.part.values(request);
        if values.is_empty() && self.missing_is_empty {
            values.push(String::new());
        }
        if values.is_empty() {
            return Ok(self.negated && matches!(self.wanted, Wanted::Present));
        }
        for value in &values {
            match self.wanted.fits(value, self.ignore_case) {
                Some(true) => return Ok(!self.negated),
                Some(false) => {}
                None => return Err("the regular expression works too long"),
            }
        }
        Ok(self.negated)
    }

    /// A value with which a request meets it, if one is needed.
    pub(super) fn example(&self) -> Option<String> {
        match (self.negated, &self.wanted) {
            (true, Wanted::Present) => None,
            (true, _) => Some("other".to_owned()),
            (false, wanted) => wanted.example(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_of_a_field_counts_and_what_is_missing_is_not_something_else() {
        let none = Request::get("example.com", "/");
        let two = none.clone().header("X-A", "v").header("x-a", "w");
        let of = |wanted: Wanted| Field::new(Part::Header("x-a".to_owned()), wanted);
        let exact = of(Wanted::Exact("w".to_owned()));
        assert_eq!((exact.holds(&none), exact.holds(&two)), (Ok(false), Ok(true)));
        let other = Field { negated: true, ..exact };
        assert_eq!((other.holds(&none), other.holds(&two)), (Ok(false), Ok(false)));
        let empty = Field { missing_is_empty: true, ..other };
        assert_eq!(empty.holds(&none), Ok(true));
        let absent = Field { negated: true, ..of(Wanted::Present) };
        assert_eq!((absent.holds(&none), absent.holds(&two)), (Ok(true), Ok(false)));
    }

    #[test]
    fn of_two_parameters_the_first_counts() {
        let asked = |query: &str| Request { query: Some(query.to_owned()), ..Request::get("example.com", "/") };
        let field = Field::new(Part::Parameter("a".to_owned()), Wanted::Exact("1".to_owned()));
        for (query, holds) in [("a=1&a=2", true), ("a=2&a=1", false), ("a=%31", false), ("b&a=1", true), ("A=1", false)] {
            assert_eq!(field.holds(&asked(query)), Ok(holds), "{query}");
        }
    }
}
