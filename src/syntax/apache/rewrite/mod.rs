//! The arguments of `RewriteRule`, `RewriteCond`, `RewriteOptions` and `RewriteMap`, read as `modules/mappers/mod_rewrite.c` reads
//! them: rules and conditions cut their line themselves.

mod condition;
mod flags;
mod words;

pub use condition::{Condition, FileTest, Pattern};
pub use flags::{Flags, atoi};

use super::expr::{Comparison, Regex};

/// Arguments that the server refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RewriteError {
    /// Offset in the raw arguments of the byte where it fails.
    pub at: usize,
    /// What is wrong, one line, no full stop.
    pub message: String,
}

/// A `RewriteRule`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whether the pattern must not match (`!…`).
    pub negated: bool,
    /// The pattern.
    pub pattern: Regex,
    /// What takes the place of the URL, as written; a `?` at its end that only drops the query is left out.
    pub substitution: String,
    /// The flags.
    pub flags: Flags,
}

impl Rule {
    /// Reads the raw arguments of a `RewriteRule`.
    pub fn parse(raw: &str) -> Result<Self, RewriteError> {
        let words = words::cut(raw, "RewriteRule")?;
        let mut flags = match words.third {
            Some(third) => Flags::parse(third)?,
            None => Flags::default(),
        };
        let (negated, pattern) = negation(words.first.text);
        let mut substitution = words.second.text;
        if substitution == "-" {
            flags.no_substitution = true;
        }
        if let Some(cut) = substitution.strip_suffix('?') {
            if flags.append_query {
                flags.query_from_last = true;
            } else {
                flags.no_query = true;
                substitution = cut;
            }
        } else if flags.discard_query && !substitution.contains('?') {
            flags.no_query = true;
        }
        let pattern = Regex { text: pattern.to_owned(), ignore_case: flags.ignore_case };
        Ok(Self { negated, pattern, substitution: substitution.to_owned(), flags })
    }
}

/// A leading `!`, and what follows.
fn negation(text: &str) -> (bool, &str) {
    match text.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

/// `RewriteOptions`. Several directives of one section add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent options, not states")]
pub struct Options {
    /// `Inherit`: the rules of the outer section follow those of this one.
    pub inherit: bool,
    /// `InheritBefore`: they come first.
    pub inherit_before: bool,
    /// `InheritDown`: inner sections inherit.
    pub inherit_down: bool,
    /// `InheritDownBefore`.
    pub inherit_down_before: bool,
    /// `IgnoreInherit`: not from `InheritDown`.
    pub ignore_inherit: bool,
    /// `AllowNoSlash`: a folder asked for without its slash is rewritten too.
    pub allow_no_slash: bool,
    /// `AllowAnyURI`: also what is no path (`*`).
    pub allow_any_uri: bool,
    /// `MergeBase`: `RewriteBase` is inherited.
    pub merge_base: bool,
    /// `IgnoreContextInfo`: the prefix of an alias is not put in for its folder.
    pub ignore_context_info: bool,
    /// `LegacyPrefixDocRoot`.
    pub legacy_prefix_docroot: bool,
    /// `UnsafePrefixStat`.
    pub unsafe_prefix_stat: bool,
}

impl Options {
    /// Adds the words of one directive; the index of one that the server does not know is the error.
    pub fn add<'w>(&mut self, words: impl IntoIterator<Item = &'w str>) -> Result<(), usize> {
        for (index, word) in words.into_iter().enumerate() {
            let lower = word.to_ascii_lowercase();
            let option = match lower.as_str() {
                "inherit" => &mut self.inherit,
                "inheritbefore" => &mut self.inherit_before,
                "inheritdown" => &mut self.inherit_down,
                "inheritdownbefore" => &mut self.inherit_down_before,
                "ignoreinherit" => &mut self.ignore_inherit,
                "allownoslash" => &mut self.allow_no_slash,
                "allowanyuri" => &mut self.allow_any_uri,
                "mergebase" => &mut self.merge_base,
                "ignorecontextinfo" => &mut self.ignore_context_info,
                "legacyprefixdocroot" => &mut self.legacy_prefix_docroot,
                "unsafeprefixstat" => &mut self.unsafe_prefix_stat,
                // Without effect since 2.4, with a warning.
                _ if lower.starts_with("maxredirects=") => continue,
                _ => return Err(index),
            };
            *option = true;
        }
        Ok(())
    }
}

/// What a `RewriteMap` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Map {
    /// `txt:` or nothing: a file with a key and a value a line.
    Text(String),
    /// `int:tolower`.
    ToLower,
    /// `int:toupper`.
    ToUpper,
    /// `int:escape`.
    Escape,
    /// `int:unescape`.
    Unescape,
    /// A database, a program, or a file of which a value is picked at random.
    Opaque,
}

impl Map {
    /// Reads the second argument of a `RewriteMap`; `None`: the server refuses it.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = text.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let rest = text.get(kind.len() + 1..);
        Some(match (kind.as_str(), rest) {
            ("txt", Some(path)) => Self::Text(path.to_owned()),
            ("int", Some(function)) => match function {
                "tolower" => Self::ToLower,
                "toupper" => Self::ToUpper,
                "escape" => Self::Escape,
                "unescape" => Self::Unescape,
                _ => return None,
            },
            ("rnd" | "dbd" | "fastdbd" | "prg", Some(_)) => Self::Opaque,
            (dbm, rest) if dbm.starts_with("dbm") => match dbm.get(3..) {
                Some("") if rest.is_some() => Self::Opaque,
                Some(own) if own.starts_with('=') && rest.is_some() => Self::Opaque,
                _ => return None,
            },
            _ => Self::Text(text.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests;
