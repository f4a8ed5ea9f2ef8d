//! Patterns of paths and hosts.

use crate::model::{PathSet, Paths};

/// What paths an entry is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Every path.
    Any,
    /// This path.
    Exact(String),
    /// Paths that begin with this text.
    Prefix(String),
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

    /// Whether it is for a path; `None`: the files do not tell.
    pub(super) fn matches(&self, path: &str) -> Option<bool> {
        Some(match self {
            Self::Any => true,
            Self::Exact(text) => text == path,
            Self::Prefix(prefix) => path.starts_with(prefix.as_str()),
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
            Self::Wildcard(pattern) => {
                let literal = pattern.split(['*', '?']).next().unwrap_or_default();
                let mut set = PathSet::default();
                for index in paths.with_prefix(literal).iter() {
                    if paths.list.get(index).is_some_and(|known| wildcard(pattern.as_bytes(), known.path.as_bytes())) {
                        set.insert(index);
                    }
                }
                set
            }
            Self::Unknown(_) => PathSet::default(),
        }
    }

    /// A path that it is for.
    pub(super) fn example(&self) -> Option<String> {
        match self {
            Self::Any => Some("/".to_owned()),
            Self::Exact(text) => Some(text.clone()),
            Self::Prefix(prefix) => Some(format!("{prefix}x")),
            Self::Wildcard(pattern) => {
                let path = pattern.replace(['*', '?'], "x");
                Some(if path.starts_with('/') { path } else { format!("/{path}") })
            }
            Self::Unknown(_) => None,
        }
    }

    /// How many characters it names: of two, the one with more is the more special one.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Any | Self::Unknown(_) => 0,
            Self::Exact(text) | Self::Prefix(text) | Self::Wildcard(text) => text.len(),
        }
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
        for text in ["/*", "/wp-login.php", "/wp-*", "*.php", "/wp-admin/*.php", "?x"] {
            let pattern = Pattern::wildcard(text);
            let set = pattern.well_known(paths);
            for (index, known) in paths.list.iter().enumerate() {
                assert_eq!(Some(set.contains(index)), pattern.matches(&known.path), "{text} {}", known.path);
            }
        }
    }
}
