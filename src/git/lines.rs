//! Which lines a change touched.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::path;

/// The touched lines of each file, as they are counted after the change.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<PathBuf, Vec<RangeInclusive<u32>>>);

impl Lines {
    /// Whether one of these lines of a file was touched.
    pub fn touch(&self, file: &Path, lines: &RangeInclusive<u32>) -> bool {
        let meets = |range: &RangeInclusive<u32>| range.start() <= lines.end() && lines.start() <= range.end();
        self.0.get(file).is_some_and(|ranges| ranges.iter().any(meets))
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Every line of a file.
    pub(super) fn add_whole(&mut self, file: PathBuf) {
        self.0.insert(file, vec![0..=u32::MAX]);
    }

    /// Reads a patch without context lines; paths are joined to `top`.
    pub(super) fn of_patch(patch: &[u8], top: &Path) -> Self {
        let mut touched: BTreeMap<PathBuf, Vec<RangeInclusive<u32>>> = BTreeMap::new();
        let mut file: Option<PathBuf> = None;
        // Lines of text that the hunk still has: they may look like anything.
        let mut text = 0;
        for line in patch.split(|byte| *byte == b'\n') {
            if text > 0 {
                text -= u32::from(!line.starts_with(b"\\"));
            } else if let Some(name) = line.strip_prefix(b"+++ ") {
                file = new_name(name).map(|name| top.join(path(&name)));
            } else if let Some(hunk) = line.strip_prefix(b"@@ -").and_then(Hunk::parse) {
                text = hunk.removed.saturating_add(hunk.count);
                if let Some(file) = &file {
                    touched.entry(file.clone()).or_default().push(hunk.lines());
                }
            }
        }
        Self(touched)
    }
}

/// `@@ -removed-start,removed +start,count @@`
struct Hunk {
    removed: u32,
    start: u32,
    count: u32,
}

impl Hunk {
    /// Reads what follows `@@ -`.
    fn parse(rest: &[u8]) -> Option<Self> {
        let head = std::str::from_utf8(rest.split(|byte| *byte == b'@').next()?).ok()?;
        let (old, new) = head.trim_end().split_once(" +")?;
        let range = |text: &str| match text.split_once(',') {
            Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
            None => Some((text.parse().ok()?, 1)),
        };
        let ((_, removed), (start, count)): ((u32, u32), (u32, u32)) = (range(old)?, range(new)?);
        Some(Self { removed, start, count })
    }

    /// Where lines were only taken out, that touches those on both sides.
    fn lines(&self) -> RangeInclusive<u32> {
        let last = if self.count == 0 { 1 } else { self.count - 1 };
        self.start..=self.start.saturating_add(last)
    }
}

/// The name in a line `+++ b/name`; `None`: the file is gone.
fn new_name(written: &[u8]) -> Option<Vec<u8>> {
    // A name with blanks has a tab behind it.
    let written = written.strip_suffix(b"\r").unwrap_or(written);
    let quoted = written.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let name = match quoted {
        Some(quoted) => unquote(quoted)?,
        None => written.strip_suffix(b"\t").unwrap_or(written).to_vec(),
    };
    name.strip_prefix(b"b/").map(<[u8]>::to_vec)
}

/// A name in which git has written some bytes as in C.
fn unquote(quoted: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            name.push(byte);
            continue;
        }
        name.push(match bytes.next()? {
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            digit @ b'0'..=b'3' => {
                let mut value = digit - b'0';
                for _ in 0..2 {
                    value = value * 8 + (bytes.next().filter(|digit| matches!(digit, b'0'..=b'7'))? - b'0');
                }
                value
            }
            other => other,
        });
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch() {
        let patch = b"diff --git a/a.conf b/a.conf\n--- a/a.conf\n+++ b/a.conf\n@@ -1,0 +2,2 @@ http {\n+++ b/evil\n+@@ -1 +1 @@\n\
                      @@ -9 +11 @@\n-x\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n@@ -20,3 +21,0 @@\n-a\n-b\n-c\n\
                      diff --git a/s p b/s p\n--- a/s p\t\n+++ b/s p\t\n@@ -0,0 +1 @@\n+a\n\
                      diff --git \"a/n\\n\\360\\237\\230\\200\" \"b/n\\n\\360\\237\\230\\200\"\n--- /dev/null\n+++ \"b/n\\n\\360\\237\\230\\200\"\n@@ -0,0 +1 @@\n+a\n\
                      diff --git a/gone b/gone\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n";
        let expected = [("a.conf", vec![2..=3, 11..=11, 21..=22]), ("n\n😀", vec![1..=1]), ("s p", vec![1..=1])];
        let expected = expected.into_iter().map(|(name, lines)| (Path::new("/top").join(name), lines)).collect();
        assert_eq!(Lines::of_patch(patch, Path::new("/top")), Lines(expected));
    }

    #[test]
    fn lines_that_meet() {
        let mut lines = Lines::of_patch(b"+++ b/a\n@@ -1 +5,2 @@\n-x\n+y\n+z\n", Path::new(""));
        lines.add_whole("new".into());
        let touch = |file: &str, range| lines.touch(Path::new(file), &range);
        assert!(touch("a", 5..=5) && touch("a", 1..=5) && touch("a", 6..=9) && !touch("a", 7..=7) && !touch("a", 1..=4));
        assert!(touch("new", 77..=77) && !touch("old", 5..=5));
    }
}
