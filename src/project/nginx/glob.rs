//! What the patterns of `include` bring.

use std::path::{Path, PathBuf};

use crate::files::{FileKind, Files};
use crate::project::glob::{is_pattern, matches};

/// How many files one pattern may bring.
const MAX_MATCHES: usize = 100_000;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

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
