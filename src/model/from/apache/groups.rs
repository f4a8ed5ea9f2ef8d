//! What regular expressions matched: `$0` to `$9`, `%0` to `%9`.

use super::translate::substitute;
use crate::model::Value;
use crate::model::fact::unknown_value;
use crate::model::from::regexes::{RegexId, Regexes};
use crate::source::Span;

/// How many groups there are, the whole match among them (`AP_MAX_REG_MATCH`).
const MAX_GROUPS: usize = 10;

/// What the server takes where nothing has been put.
pub(super) const MEMORY: &str = "what the memory of the server holds";

/// The groups of the last match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Groups {
    /// Nothing matched: all are empty.
    #[default]
    None,
    /// The whole match first.
    Of(Vec<String>),
    /// Which text matched, or whether one did, is not known.
    Unknown,
    /// The server puts in whatever its memory holds: the expression of the condition there held without any match that has groups. It may
    /// read what is not its own, and end (measured).
    Memory(Span),
}

impl Groups {
    /// A group; one that does not exist or took no part is empty.
    pub(super) fn get(&self, number: usize) -> Value {
        match self {
            Self::None => Value::Known(String::new()),
            Self::Of(groups) => Value::Known(groups.get(number).cloned().unwrap_or_default()),
            Self::Unknown => unknown_value("what a regular expression matched"),
            Self::Memory(_) => unknown_value(MEMORY),
        }
    }

    /// A text with groups put in for `$1` (`ap_pregsub`).
    pub(super) fn put_into(&self, text: &str) -> Value {
        match self {
            Self::Unknown if text.contains('$') => unknown_value("what a regular expression matched"),
            Self::Memory(_) if text.contains('$') => unknown_value(MEMORY),
            Self::None | Self::Unknown | Self::Memory(_) => Value::Known(substitute(text, &[])),
            Self::Of(groups) => {
                let groups: Vec<Option<String>> = groups.iter().cloned().map(Some).collect();
                Value::Known(substitute(text, &groups))
            }
        }
    }
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Search {
    Match(Groups),
    NoMatch,
    Unknown,
}

/// Searches a text.
pub(super) fn search(regexes: &Regexes, regex: RegexId, text: &Value) -> Search {
    let Value::Known(text) = text else {
        // Some patterns match whatever the text is.
        return match regexes.text(regex) {
            "" | "^" | "$" | ".*" | "^.*" | ".*$" | "^.*$" | "(.*)" | "^(.*)" | "^(.*)$" => Search::Match(Groups::Unknown),
            "." | ".+" | "^." | "^.+" | "^.+$" | "(.+)" | "^(.+)" | "^(.+)$" => match text.is_empty() {
                Some(false) => Search::Match(Groups::Unknown),
                _ => Search::Unknown,
            },
            "^$" if text.is_empty() == Some(false) => Search::NoMatch,
            _ => Search::Unknown,
        };
    };
    match regexes.captures(regex, text) {
        None => Search::Unknown,
        Some(None) => Search::NoMatch,
        Some(Some(captures)) => {
            let groups = captures.iter().take(MAX_GROUPS).map(|m| m.unwrap_or_default().to_owned());
            Search::Match(Groups::Of(groups.collect()))
        }
    }
}
