//! The answer of `git status --porcelain=v2 -z`.

use std::path::PathBuf;

use super::{GitError, Repository, path};

/// A file that differs between the last commit, the index and the work tree. Paths start from the top of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A file that git knows.
    Known {
        /// What became of it from the last commit to the index; `.`: nothing.
        staged: u8,
        /// What became of it from the index to the work tree.
        later: u8,
        /// What the index holds.
        mode: Mode,
        /// Its text in the index.
        object: String,
        path: PathBuf,
    },
    /// A file with merge conflicts.
    Conflict(PathBuf),
    /// A file or folder that git does not know, and is not told to leave out.
    Untracked(PathBuf),
}

/// What stands in the index under a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Nothing,
    File,
    Link,
    Submodule,
}

/// What differs.
pub(super) fn status(repository: &Repository) -> Result<Vec<Entry>, GitError> {
    let answer = repository.ask([
        "status",
        "--porcelain=v2",
        "-z",
        "--untracked-files=normal",
        "--no-renames",
        "--ignore-submodules=dirty",
    ])?;
    parse(&answer).ok_or(GitError::Answer("git status"))
}

fn parse(answer: &[u8]) -> Option<Vec<Entry>> {
    let records = answer.split(|byte| *byte == 0).filter(|record| !record.is_empty());
    records.filter(|record| !record.starts_with(b"#")).map(record).collect()
}

/// `1 XY sub mH mI mW hH hI path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path`, `? path`
fn record(record: &[u8]) -> Option<Entry> {
    let (kind, rest) = record.split_first()?;
    let rest = rest.strip_prefix(b" ")?;
    let fields = |count: usize| rest.splitn(count, |byte| *byte == b' ').collect::<Vec<_>>();
    match kind {
        b'1' => {
            let fields: [&[u8]; 8] = fields(8).try_into().ok()?;
            let [[staged, later], _, _, mode, _, _, object, name] = fields else { return None };
            let mode = match mode {
                b"000000" => Mode::Nothing,
                b"120000" => Mode::Link,
                b"160000" => Mode::Submodule,
                _ => Mode::File,
            };
            let object = String::from_utf8(object.to_vec()).ok()?;
            Some(Entry::Known { staged: *staged, later: *later, mode, object, path: path(name) })
        }
        b'u' => Some(Entry::Conflict(path(fields(10).get(9)?))),
        b'?' => Some(Entry::Untracked(path(rest.strip_suffix(b"/").unwrap_or(rest)))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let answer = b"1 MD N... 100644 100644 000000 aa bb conf.d/a b\n.conf\x001 .A N... 000000 000000 100644 00 00 new\0\
                       u UU N... 100644 100644 100644 100644 aa bb cc c.conf\0? dir/\0";
        let known = |staged, later, mode, object: &str, path: &str| Entry::Known {
            staged,
            later,
            mode,
            object: object.into(),
            path: path.into(),
        };
        let expected = [
            known(b'M', b'D', Mode::File, "bb", "conf.d/a b\n.conf"),
            known(b'.', b'A', Mode::Nothing, "00", "new"),
            Entry::Conflict("c.conf".into()),
            Entry::Untracked("dir".into()),
        ];
        assert_eq!(parse(answer).unwrap(), expected);
        assert_eq!(parse(b""), Some(Vec::new()));
        for wrong in [&b"1 M"[..], b"1", b"x y", b"1 M. N... 1 2 3"] {
            assert_eq!(parse(wrong), None);
        }
    }
}
