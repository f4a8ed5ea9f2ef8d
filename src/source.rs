//! Source texts, byte spans into them, and positions for people.
//!
//! Everything inside the tool counts bytes. Lines and columns exist only here, and are made only for output.

use std::sync::OnceLock;

/// A file in a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A range of bytes of one file, end-exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file the range lies in.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span of `file` from byte `start` up to, not including, byte `end`.
    #[inline]
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// The smallest span that covers both; `other` must lie in the same file.
    #[must_use]
    #[inline]
    pub fn to(self, other: Span) -> Span {
        Span::new(self.file, self.start.min(other.start), self.end.max(other.end))
    }
}

/// A place as people count: 1-based line, 1-based column in code points (a tab is one), and the byte offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in Unicode code points.
    pub column: u32,
    /// 0-based byte offset from the start of the file.
    pub offset: u32,
}

/// What stands for a byte that is not UTF-8 in [`SourceFile::text`]: one byte long, so that offsets stay those of the file.
pub const INVALID_BYTE: char = '\u{1a}';

/// One file that was read.
#[derive(Debug)]
pub struct SourceFile {
    /// The path as it is shown: relative to the working directory where possible, `/`-separated.
    pub path: String,
    text: String,
    invalid_utf8: Vec<u32>,
    line_starts: OnceLock<Vec<u32>>,
    /// How many bytes before each block of the text only continue a character, so that columns of long lines cost little.
    continuations: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// The text. A byte that is not part of valid UTF-8 is replaced by [`INVALID_BYTE`], so every offset is an offset of the file.
    #[inline]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Offsets of the bytes that were not valid UTF-8, ascending.
    pub fn invalid_utf8(&self) -> &[u32] {
        &self.invalid_utf8
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes());
            std::iter::once(0).chain(breaks.map(|at| at as u32 + 1)).collect()
        })
    }

    /// How many of these bytes only continue a character.
    fn continuations(&self, from: u32, to: u32) -> u32 {
        const BLOCK: usize = 4096;
        let count = |bytes: &[u8]| bytes.iter().filter(|b| (**b & 0xC0) == 0x80).count() as u32;
        let bytes = self.text.as_bytes();
        if ((to - from) as usize) < BLOCK {
            return count(bytes.get(from as usize..to as usize).unwrap_or_default());
        }
        let blocks = self.continuations.get_or_init(|| {
            let sums = bytes.chunks(BLOCK).scan(0, |sum, block| {
                *sum += count(block);
                Some(*sum)
            });
            std::iter::once(0).chain(sums).collect()
        });
        let before = |offset: u32| {
            let block = offset as usize / BLOCK;
            let rest = bytes.get(block * BLOCK..offset as usize).unwrap_or_default();
            blocks.get(block).copied().unwrap_or(0) + count(rest)
        };
        before(to) - before(from)
    }

    /// How many lines it has; at least one.
    pub fn line_count(&self) -> u32 {
        self.line_starts().len() as u32
    }

    /// The position of a byte offset; an offset past the end is the end.
    pub fn position(&self, offset: u32) -> Position {
        let offset = offset.min(self.text.len() as u32);
        let starts = self.line_starts();
        let line = starts.partition_point(|s| *s <= offset).saturating_sub(1);
        let start = starts.get(line).copied().unwrap_or(0);
        let column = offset - start - self.continuations(start, offset) + 1;
        Position { line: line as u32 + 1, column, offset }
    }

    /// The offset of the first byte of a 1-based line; a line past the last one starts at the end.
    pub fn line_start(&self, line: u32) -> u32 {
        self.line_starts().get(line.saturating_sub(1) as usize).copied().unwrap_or(self.text.len() as u32)
    }

    /// The text of a 1-based line, without its line break.
    pub fn line(&self, line: u32) -> &str {
        let starts = self.line_starts();
        let Some(start) = starts.get(line.saturating_sub(1) as usize) else { return "" };
        let end = starts.get(line as usize).map_or(self.text.len(), |e| *e as usize);
        self.text.get(*start as usize..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }
}

/// All files of one analysis.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// An empty map.
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file; `path` is how it is shown.
    pub fn add(&mut self, path: impl Into<String>, bytes: Vec<u8>) -> FileId {
        let id = FileId(self.files.len() as u32);
        let (text, invalid_utf8) = match String::from_utf8(bytes) {
            Ok(text) => (text, Vec::new()),
            Err(error) => replace_invalid(error.as_bytes()),
        };
        self.files.push(SourceFile {
            path: path.into(),
            text,
            invalid_utf8,
            line_starts: OnceLock::new(),
            continuations: OnceLock::new(),
        });
        id
    }

    /// Moves all files of `other` behind those of this map: its file `n` becomes file `n + the returned number`.
    pub fn append(&mut self, mut other: SourceMap) -> u32 {
        let offset = self.files.len() as u32;
        self.files.append(&mut other.files);
        offset
    }

    /// The file of an id that this map gave out.
    #[inline]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// All files with their ids, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, f)| (FileId(i as u32), f))
    }

    /// The text of a span; empty if the span does not lie in the file.
    #[inline]
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Start and end of a span as positions.
    pub fn positions(&self, span: Span) -> (Position, Position) {
        let file = self.file(span.file);
        (file.position(span.start), file.position(span.end))
    }
}

fn replace_invalid(bytes: &[u8]) -> (String, Vec<u32>) {
    let mut text = String::with_capacity(bytes.len());
    let mut invalid = Vec::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for _ in chunk.invalid() {
            invalid.push(text.len() as u32);
            text.push(INVALID_BYTE);
        }
    }
    (text, invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_bytes_keep_offsets() {
        let mut map = SourceMap::new();
        let id = map.add("x", b"a\xe9\xe9b\nc".to_vec());
        assert_eq!(map.file(id).text().len(), 6);
        assert_eq!(map.file(id).invalid_utf8(), [1, 2]);
        assert_eq!(map.text(Span::new(id, 3, 4)), "b");
    }

    #[test]
    fn columns_of_long_lines() {
        let mut map = SourceMap::new();
        let text = format!("ü\n{}", "äb€".repeat(5_000));
        let id = map.add("x", text.clone().into_bytes());
        for (i, (offset, _)) in text.char_indices().enumerate().skip(2).step_by(97) {
            assert_eq!(map.file(id).position(offset as u32), Position { line: 2, column: i as u32 - 1, offset: offset as u32 });
        }
    }

    #[test]
    fn columns_count_code_points() {
        let mut map = SourceMap::new();
        let id = map.add("x", "é\tx\r\ny".as_bytes().to_vec());
        assert_eq!(map.file(id).position(3), Position { line: 1, column: 3, offset: 3 });
        assert_eq!(map.file(id).position(6), Position { line: 2, column: 1, offset: 6 });
        assert_eq!(map.file(id).position(99).offset, 7);
        assert_eq!(map.file(id).line(1), "é\tx");
    }
}
