//! File name patterns of `include`, matched as glob(3) does.

use std::path::{Path, PathBuf};

use crate::files::{FileKind, Files};

/// How many files one pattern may bring.
const MAX_MATCHES: usize = 100_000;

/// Whether the server takes the argument of an `include` for a pattern.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// What a pattern brings.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Matches {
    /// The files, sorted by the bytes of their paths; perhaps none.
    Files(Vec<PathBuf>),
    /// The folder before the first wildcard does not exist.
    NoFolder(PathBuf),
}

/// Expands a pattern: `*`, `?` and `[…]` match within one component, and never a leading dot.
pub(super) fn expand(files: &dyn Files, pattern: &Path) -> Matches {
    let mut found = vec![PathBuf::new()];
    let mut seen_wildcard = false;
    for component in pattern.components() {
        let part = component.as_os_str().to_string_lossy();
        if !is_pattern(&part) {
            for path in &mut found {
                path.push(component);
            }
            continue;
        }
        if !seen_wildcard {
            seen_wildcard = true;
            if let Some(folder) = found.first().filter(|f| files.kind(f) != Some(FileKind::Folder)) {
                return Matches::NoFolder(folder.clone());
            }
        }
        let pattern: Vec<char> = part.chars().collect();
        let mut next = Vec::new();
        for folder in &found {
            for name in files.list(folder).unwrap_or_default() {
                if matches(&pattern, &name) && next.len() < MAX_MATCHES {
                    next.push(folder.join(name));
                }
            }
        }
        found = next;
    }
    found.retain(|path| files.kind(path).is_some());
    found.sort_unstable_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Matches::Files(found)
}

/// Whether a name matches the pattern of one component. Linear in the product of both lengths: after a mismatch only the last
/// `*` is tried again.
fn matches(pattern: &[char], name: &str) -> bool {
    if name.starts_with('.') && pattern.first() != Some(&'.') {
        return false;
    }
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut pos) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(c) = name.get(pos) {
        if pattern.get(at) == Some(&'*') {
            retry = Some((at, pos));
            at += 1;
        } else if let Some(next) = match_one(pattern, at, *c) {
            at = next;
            pos += 1;
        } else if let Some((star, from)) = retry {
            retry = Some((star, from + 1));
            at = star + 1;
            pos = from + 1;
        } else {
            return false;
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|c| *c == '*')
}

/// Matches one character at `at`; where the pattern goes on if it does.
fn match_one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => match match_set(pattern, at + 1, c) {
            Some((end, hit)) => hit.then_some(end),
            None => (c == '[').then_some(at + 1),
        },
        '\\' if at + 1 < pattern.len() => (pattern.get(at + 1) == Some(&c)).then_some(at + 2),
        literal => (*literal == c).then_some(at + 1),
    }
}

/// A `[…]` set that starts after its bracket: where the pattern goes on and whether `c` is in it. `None` if it is not closed.
fn match_set(pattern: &[char], mut at: usize, c: char) -> Option<(usize, bool)> {
    let negated = matches!(pattern.get(at)?, '!' | '^');
    at += usize::from(negated);
    let first = at;
    let mut hit = false;
    loop {
        let low = *pattern.get(at)?;
        if low == ']' && at > first {
            return Some((at + 1, hit != negated));
        }
        let high = match (pattern.get(at + 1), pattern.get(at + 2)) {
            (Some('-'), Some(high)) if *high != ']' => {
                at += 2;
                *high
            }
            _ => low,
        };
        hit |= (low..=high).contains(&c);
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    fn fits(pattern: &str, name: &str) -> bool {
        matches(&pattern.chars().collect::<Vec<_>>(), name)
    }

    #[test]
    fn patterns_match_as_glob_does() {
        assert!(fits("*.conf", "a.conf"));
        assert!(!fits("*.conf", ".conf"), "a leading dot is matched only by a dot");
        assert!(fits(".*", ".htpasswd"));
        assert!(fits("a*b*c", "aXbYbZc"));
        assert!(!fits("a*b*c", "aXbYbZ"));
        assert!(fits("site-?", "site-é"));
        assert!(fits("[0-9][!x]", "7y"));
        assert!(!fits("[0-9][^x]", "7x"));
        assert!(fits("[]a]", "]"));
        assert!(fits("[a", "[a"), "an open bracket is itself");
        assert!(fits("\\*", "*"));
        assert!(!fits("\\*", "x"));
    }

    #[test]
    fn files_come_sorted_by_the_bytes_of_the_whole_path() {
        let mut files = Memory::new();
        for path in ["etc/a/x.conf", "etc/a-b/x.conf", "etc/B/x.conf", "etc/a/.hidden.conf", "etc/a/y.txt"] {
            files.add(path, "");
        }
        let found = Matches::Files(["etc/B/x.conf", "etc/a-b/x.conf", "etc/a/x.conf"].map(PathBuf::from).to_vec());
        assert_eq!(expand(&files, Path::new("etc/*/*.conf")), found);
        assert_eq!(expand(&files, Path::new("etc/a/*.none")), Matches::Files(Vec::new()));
        assert_eq!(expand(&files, Path::new("etc/c/*.conf")), Matches::NoFolder("etc/c".into()));
    }
}
