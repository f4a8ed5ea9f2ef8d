//! The regular expressions of a configuration, each text compiled once, and only if it is asked.
//!
//! Both servers use PCRE on bytes, without its Unicode modes: `\w` and the like are ASCII, and a dot is one byte. `fancy-regex` knows
//! the same language (look-around, back-references) with a limit on its work.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use fancy_regex::{BytesMode, Regex, RegexOptionsBuilder};

use crate::model::{PathSet, Paths};

/// Number of a regex in [`Regexes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct RegexId(u32);

/// Steps a look-around regex may take on one text before the answer is "unknown".
const BACKTRACK_LIMIT: usize = 100_000;

/// Bytes a compiled regex may take.
const SIZE_LIMIT: usize = 1 << 20;

#[derive(Debug)]
struct Entry {
    text: String,
    ignore_case: bool,
    compiled: OnceLock<Option<Regex>>,
    well_known: OnceLock<PathSet>,
    well_known_files: OnceLock<PathSet>,
}

/// All regexes of a configuration.
#[derive(Debug, Default)]
pub(super) struct Regexes {
    entries: Vec<Entry>,
    /// The number of each text, with and without regard to case.
    by_text: HashMap<String, [Option<RegexId>; 2], foldhash::fast::FixedState>,
    group_names: HashSet<String, foldhash::fast::FixedState>,
    /// Whether a dot matches a line break.
    dot_all: bool,
}

/// The groups of a match, the whole of it first.
#[derive(Clone, Debug)]
pub(super) struct Captures<'t>(Vec<Option<(usize, &'t str)>>);

impl<'t> Captures<'t> {
    /// The text of a group; `None` if it took no part in the match.
    pub(super) fn get(&self, group: usize) -> Option<&'t str> {
        self.0.get(group).copied().flatten().map(|(_, text)| text)
    }

    /// The texts of all groups.
    pub(super) fn iter(&self) -> impl Iterator<Item = Option<&'t str>> {
        self.0.iter().map(|group| group.map(|(_, text)| text))
    }

    /// Offset of the match in the text.
    pub(super) fn start(&self) -> usize {
        self.0.first().copied().flatten().map_or(0, |(start, _)| start)
    }
}

impl Regexes {
    /// Those of httpd, which sets `PCRE2_DOTALL` unless `RegexDefaultOptions` says otherwise.
    pub(super) fn of_httpd() -> Self {
        Self { dot_all: true, ..Self::default() }
    }

    /// The number of a regex.
    pub(super) fn intern(&mut self, text: &str, ignore_case: bool) -> RegexId {
        if let Some(id) = self.find(text, ignore_case) {
            return id;
        }
        let id = RegexId(self.entries.len() as u32);
        self.group_names.extend(named_groups(text).map(str::to_ascii_lowercase));
        let text = text.to_owned();
        self.by_text.entry(text.clone()).or_default()[usize::from(ignore_case)] = Some(id);
        self.entries.push(Entry {
            text,
            ignore_case,
            compiled: OnceLock::new(),
            well_known: OnceLock::new(),
            well_known_files: OnceLock::new(),
        });
        id
    }

    /// The number of a regex that was interned before.
    pub(super) fn find(&self, text: &str, ignore_case: bool) -> Option<RegexId> {
        self.by_text.get(text)?[usize::from(ignore_case)]
    }

    /// Whether some regex has a group of that name (in lower case): a variable that is empty until the regex matches.
    pub(super) fn names_group(&self, name: &str) -> bool {
        self.group_names.contains(name)
    }

    fn regex(&self, id: RegexId) -> Option<&Regex> {
        let entry = &self.entries[id.0 as usize];
        entry.compiled.get_or_init(|| compile(&entry.text, entry.ignore_case, self.dot_all)).as_ref()
    }

    /// The text of a regex.
    pub(super) fn text(&self, id: RegexId) -> &str {
        &self.entries[id.0 as usize].text
    }

    /// Whether a text matches; `None`: the regex cannot be used here, or works too long.
    pub(super) fn is_match(&self, id: RegexId, text: &str) -> Option<bool> {
        self.regex(id)?.is_match(text.as_bytes()).ok()
    }

    /// The captures of a match, `Some(None)` for no match.
    #[expect(clippy::option_option, reason = "unknown, no match, match")]
    pub(super) fn captures<'t>(&self, id: RegexId, text: &'t str) -> Option<Option<Captures<'t>>> {
        let Some(found) = self.regex(id)?.captures(text.as_bytes()).ok()? else { return Some(None) };
        let mut groups = Vec::with_capacity(found.len());
        for group in found.iter() {
            groups.push(match group {
                // A part of a character cannot be told here.
                Some(group) => Some((group.start(), text.get(group.range())?)),
                None => None,
            });
        }
        Some(Some(Captures(groups)))
    }

    /// The names of the named groups.
    pub(super) fn group_names(&self, id: RegexId) -> impl Iterator<Item = (usize, &str)> {
        self.regex(id).into_iter().flat_map(|r| r.capture_names().enumerate()).filter_map(|(i, n)| Some((i, n?)))
    }

    /// How many groups it has besides the whole.
    pub(super) fn group_count(&self, id: RegexId) -> usize {
        self.regex(id).map_or(0, |r| r.captures_len().saturating_sub(1))
    }

    /// The well-known paths that match. An unusable regex matches none.
    pub(super) fn well_known(&self, id: RegexId, paths: &Paths) -> PathSet {
        *self.entries[id.0 as usize].well_known.get_or_init(|| {
            let mut set = PathSet::default();
            for (index, known) in paths.list.iter().enumerate() {
                if self.is_match(id, &known.path) == Some(true) {
                    set.insert(index);
                }
            }
            set
        })
    }

    /// The well-known paths whose last segment matches. An unusable regex matches none.
    pub(super) fn well_known_files(&self, id: RegexId, paths: &Paths) -> PathSet {
        *self.entries[id.0 as usize].well_known_files.get_or_init(|| {
            let mut set = PathSet::default();
            for (index, known) in paths.list.iter().enumerate() {
                let file = known.path.rsplit('/').next().unwrap_or_default();
                if !file.is_empty() && self.is_match(id, file) == Some(true) {
                    set.insert(index);
                }
            }
            set
        })
    }
}

/// The names of the groups `(?<name>…)`, `(?'name'…)`, `(?P<name>…)`, by the text alone, so that nothing need be compiled.
fn named_groups(text: &str) -> impl Iterator<Item = &str> {
    text.split("(?").skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('P').unwrap_or(rest);
        let name = rest.strip_prefix(['<', '\''])?;
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        (end > 0).then(|| &name[..end])
    })
}

/// Compiles a PCRE text; `None` if it is beyond what can be decided here.
pub(super) fn compile(text: &str, ignore_case: bool, dot_all: bool) -> Option<Regex> {
    let mut options = limited();
    options.bytes_mode(BytesMode::Ascii).case_insensitive(ignore_case).dot_matches_new_line(dot_all);
    options.build(pcre_to_fancy(text)).ok()
}

/// Compiles a regular expression of characters, as Go and RE2 read it.
pub(super) fn compile_unicode(text: &str) -> Option<Regex> {
    limited().build(text.to_owned()).ok()
}

fn limited() -> RegexOptionsBuilder {
    let mut options = RegexOptionsBuilder::new();
    options.backtrack_limit(BACKTRACK_LIMIT).delegate_size_limit(SIZE_LIMIT).delegate_dfa_size_limit(SIZE_LIMIT);
    // It finds matches in long texts sooner. Paths and hosts are short, and making it takes longer than all the rest.
    options.build_delegate_prefilter(false);
    options
}

/// PCRE accepts some texts that the Rust engines refuse: an escaped character that needs none (`\/`, `\-`, `\_`, `\"`) means itself.
fn pcre_to_fancy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some(next) if next.is_ascii_alphanumeric() || "\\.+*?()|[]{}^$#&-~".contains(next) => {
                out.push('\\');
                out.push(next);
            }
            Some(next) => out.push(next),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::option_option, reason = "unknown, no match, match")]
    fn captures<'t>(pattern: &str, ignore_case: bool, text: &'t str) -> Option<Option<Captures<'t>>> {
        let mut regexes = Regexes::default();
        let id = regexes.intern(pattern, ignore_case);
        regexes.captures(id, text)
    }

    fn matches(pattern: &str, ignore_case: bool, text: &str) -> bool {
        captures(pattern, ignore_case, text).is_some_and(|found| found.is_some())
    }

    #[test]
    fn texts_are_bytes() {
        assert!(!matches("^.$", false, "ü"));
        assert!(matches("^..$", false, "ü"));
        assert!(matches(r"^\W\W$", false, "ü"));
        assert!(!matches(r"\d", false, "\u{661}"));
        assert!(!matches("k", true, "\u{212a}"));
        assert!(matches("k", true, "K"));
        assert!(matches(r"(.)\1", false, "aa"));
    }

    #[test]
    fn half_a_character_is_not_told() {
        assert!(captures("^(.)", false, "ü").is_none());
        let found = captures("(ü)(x)?(.)", false, "aüb").flatten().unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), [Some("üb"), Some("ü"), None, Some("b")]);
        assert_eq!((found.start(), found.get(1), found.get(2), found.get(9)), (1, Some("ü"), None, None));
    }
}
