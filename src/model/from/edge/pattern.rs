//! Patterns of paths and hosts.

use fancy_regex::Regex;

use crate::model::from::{example, regexes};
use crate::model::{PathSet, Paths};

/// What paths an entry is for.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// Every path.
    Any,
    /// This path.
    Exact(String),
    /// Paths that begin with this text.
    Prefix(String),
    /// This path and what lies below it as a folder: `/a` is for `/a` and `/a/b`, not for `/ab`.
    Below(String),
    /// Paths that have this text in them.
    Contains(String),
    /// Paths that a regular expression matches.
    Regex(String, Box<Regex>),
    /// `*` stands for any characters, slashes too, `?` for one.
    Wildcard(String),
    /// Something that the files do not tell: why.
    Unknown(String),
}

impl Pattern {
    /// A pattern with `*` and `?`. CloudFront adds the slash that may be left out at the beginning.
    pub(super) fn wildcard(text: &str) -> Self {
        let text = if text.starts_with(['/', '*']) { text.to_owned() } else { format!("/{text}") };
        match text.strip_suffix('*') {
            _ if text == "*" || text == "/*" => Self::Any,
            Some(prefix) if !prefix.contains(['*', '?']) => Self::Prefix(prefix.to_owned()),
            None if !text.contains(['*', '?']) => Self::Exact(text),
            _ => Self::Wildcard(text),
        }
    }

    /// A path with everything below it; the slash at its end makes no difference.
    pub(super) fn below(text: &str) -> Self {
        let text = text.trim_end_matches('/');
        if text.is_empty() { Self::Any } else { Self::Below(text.to_owned()) }
    }

    /// A regular expression, for a part of the path where it is not anchored.
    pub(super) fn regex(text: &str) -> Self {
        match regexes::compile(text, false, false) {
            Some(regex) => Self::Regex(text.to_owned(), Box::new(regex)),
            None => Self::Unknown("a regular expression that cannot be followed".to_owned()),
        }
    }

    /// A regular expression for the whole path.
    pub(super) fn full_regex(text: &str) -> Self {
        match Self::regex(&format!("^(?:{text})$")) {
            Self::Regex(_, regex) => Self::Regex(text.to_owned(), regex),
            other => other,
        }
    }

    /// A text whatever its case, with what a regular expression says behind it.
    pub(super) fn folded(text: &str, behind: &str) -> Self {
        let text = format!("{}{behind}", fancy_regex::escape(text));
        match regexes::compile(&format!("^(?:{text})$"), true, false) {
            Some(regex) => Self::Regex(text, Box::new(regex)),
            None => Self::Unknown("a regular expression that cannot be followed".to_owned()),
        }
    }

    /// Why it is not known.
    pub(super) fn why(&self) -> &str {
        match self {
            Self::Unknown(why) => why,
            _ => "the regular expression works too long",
        }
    }

    /// Whether it is for a path; `None`: the files do not tell.
    pub(super) fn matches(&self, path: &str) -> Option<bool> {
        Some(match self {
            Self::Any => true,
            Self::Exact(text) => text == path,
            Self::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Self::Below(folder) => {
                path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Self::Contains(text) => path.contains(text.as_str()),
            Self::Regex(_, regex) => return regex.is_match(path.as_bytes()).ok(),
            Self::Wildcard(pattern) => wildcard(pattern.as_bytes(), path.as_bytes()),
            Self::Unknown(_) => return None,
        })
    }

    /// The well-known paths that it is certainly for.
    pub(super) fn well_known(&self, paths: &Paths) -> PathSet {
        match self {
            Self::Any => paths.everything,
            Self::Exact(text) => paths.exactly(text),
            Self::Prefix(prefix) => paths.with_prefix(prefix),
            Self::Below(folder) => paths.exactly(folder) | paths.with_prefix(&format!("{folder}/")),
            Self::Wildcard(pattern) => {
                self.among(paths, &paths.with_prefix(pattern.split(['*', '?']).next().unwrap_or_default()))
            }
            Self::Contains(_) | Self::Regex(..) => self.among(paths, &paths.everything),
            Self::Unknown(_) => PathSet::default(),
        }
    }

    /// Which of some well-known paths it is for, asked one by one.
    fn among(&self, paths: &Paths, candidates: &PathSet) -> PathSet {
        let mut set = PathSet::default();
        for index in candidates.iter() {
            if paths.list.get(index).is_some_and(|known| self.matches(&known.path) == Some(true)) {
                set.insert(index);
            }
        }
        set
    }

    /// A path that it is for.
    pub(super) fn example(&self) -> Option<String> {
        match self {
            Self::Any => Some("/".to_owned()),
            Self::Exact(text) => Some(text.clone()),
            Self::Prefix(prefix) => Some(format!("{prefix}x")),
            Self::Below(folder) => Some(format!("{folder}/x")),
            Self::Contains(text) => Some(if text.starts_with('/') { text.clone() } else { format!("/{text}") }),
            Self::Regex(text, regex) => {
                let path = example::example(text, false)?;
                let path = if path.starts_with('/') { path } else { format!("/{path}") };
                regex.is_match(path.as_bytes()).ok()?.then_some(path)
            }
            Self::Wildcard(pattern) => {
                let path = pattern.replace(['*', '?'], "x");
                Some(if path.starts_with('/') { path } else { format!("/{path}") })
            }
            Self::Unknown(_) => None,
        }
    }

    /// What it names, if it is not for every path.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Any | Self::Unknown(_) => None,
            Self::Exact(text) | Self::Prefix(text) | Self::Below(text) | Self::Contains(text) | Self::Wildcard(text) => {
                Some(text)
            }
            Self::Regex(text, _) => Some(text),
        }
    }

    /// How many characters it names: of two, the one with more is the more special one.
    pub(super) fn length(&self) -> usize {
        self.text().map_or(0, str::len)
    }
}

/// Whether a text matches a pattern with `*` and `?`. After a mismatch only the last `*` is made longer, which is enough.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(expected) if *expected == b'?' || expected == byte => {
                p += 1;
                t += 1;
            }
            _ => match &mut star {
                Some((after, from)) => {
                    *from += 1;
                    (p, t) = (*after, *from);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|rest| *rest == b'*')
}

/// Whether a name fits a pattern of hosts: `*` in it stands for any characters. Case does not count.
pub(super) fn host_matches(pattern: &str, host: &str) -> bool {
    wildcard(pattern.to_ascii_lowercase().as_bytes(), host.to_ascii_lowercase().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_cross_slashes_and_question_marks_are_one_character() {
        for (pattern, path, expected) in [
            ("*.css", "/a/b.css", true),
            ("*.css", "/a/b.css/c", false),
            ("wp-content/*", "/wp-content/a/b", true),
            ("/a?c", "/abc", true),
            ("/a?c", "/ac", false),
            ("/*/api/*", "/v1/api/x", true),
            ("/*/api/*", "/api/x", false),
            ("*", "/", true),
            ("/x/*y*z", "/x/yyzaz", true),
        ] {
            assert_eq!(Pattern::wildcard(pattern).matches(path), Some(expected), "{pattern} {path}");
        }
    }

    #[test]
    fn well_known_paths_are_those_that_match() {
        let paths = Paths::shipped();
        let wildcards = ["/*", "/wp-login.php", "/wp-*", "*.php", "/wp-admin/*.php", "?x"].map(Pattern::wildcard);
        let others = [Pattern::below("/wp-admin/"), Pattern::Contains("admin".to_owned()), Pattern::regex("^/wp-.*[.]php")];
        for pattern in wildcards.into_iter().chain(others).chain([Pattern::full_regex("/wp-[a-z]+")]) {
            let set = pattern.well_known(paths);
            for (index, known) in paths.list.iter().enumerate() {
                assert_eq!(Some(set.contains(index)), pattern.matches(&known.path), "{pattern:?} {}", known.path);
            }
        }
    }
}
