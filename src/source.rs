//! Source texts, byte spans into them, and positions for people.
//!
//! Everything inside the tool counts bytes. Lines and columns exist only here, and are made only for output.

use std::borrow::Cow;
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

/// A text in lower case, as far as it is ASCII; mostly it is already.
pub fn lower_case<'t>(text: impl Into<Cow<'t, str>>) -> Cow<'t, str> {
    let text = text.into();
    if text.bytes().any(|b| b.is_ascii_uppercase()) { Cow::Owned(text.to_ascii_lowercase()) } else { text }
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
    /// What must not be shown: values that are secret by the keys they belong to.
    hidden: Vec<std::ops::Range<u32>>,
    /// How many line breaks stand before each block of the text: a line is found without a list of all lines.
    line_breaks: OnceLock<Vec<u32>>,
    /// How many bytes before each block of the text only continue a character, so that columns of long lines cost little.
    continuations: OnceLock<Vec<u32>>,
}

/// How many bytes a block of the text has.
const BLOCK: usize = 512;

/// For each block, and for the end: for how many bytes before it `count` counts.
fn sums(bytes: &[u8], count: impl Fn(&[u8]) -> u32) -> Vec<u32> {
    let sums = bytes.chunks(BLOCK).scan(0, |sum, block| {
        *sum += count(block);
        Some(*sum)
    });
    std::iter::once(0).chain(sums).collect()
}

fn count_line_breaks(bytes: &[u8]) -> u32 {
    memchr::memchr_iter(b'\n', bytes).count() as u32
}

fn count_continuations(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|b| (**b & 0xC0) == 0x80).count() as u32
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

    /// Ranges that must not be shown, in the order in which they were found.
    pub fn hidden(&self) -> &[std::ops::Range<u32>] {
        &self.hidden
    }

    /// How many line breaks stand before an offset.
    fn line_breaks_before(&self, offset: u32) -> u32 {
        let before_blocks = self.line_breaks.get_or_init(|| sums(self.text.as_bytes(), count_line_breaks));
        let block = offset as usize / BLOCK;
        let rest = self.text.as_bytes().get(block * BLOCK..offset as usize).unwrap_or_default();
        before_blocks.get(block).copied().unwrap_or(0) + count_line_breaks(rest)
    }

    /// How many of these bytes only continue a character.
    fn continuations(&self, from: u32, to: u32) -> u32 {
        let bytes = self.text.as_bytes();
        if ((to - from) as usize) < BLOCK {
            return count_continuations(bytes.get(from as usize..to as usize).unwrap_or_default());
        }
        let before_blocks = self.continuations.get_or_init(|| sums(bytes, count_continuations));
        let before = |offset: u32| {
            let block = offset as usize / BLOCK;
            let rest = bytes.get(block * BLOCK..offset as usize).unwrap_or_default();
            before_blocks.get(block).copied().unwrap_or(0) + count_continuations(rest)
        };
        before(to) - before(from)
    }

    /// How many lines it has; at least one.
    pub fn line_count(&self) -> u32 {
        self.line_breaks_before(self.text.len() as u32) + 1
    }

    /// The position of a byte offset; an offset past the end is the end.
    pub fn position(&self, offset: u32) -> Position {
        let offset = offset.min(self.text.len() as u32);
        let line = self.line_breaks_before(offset) + 1;
        // Mostly the line begins in the same block.
        let block = offset as usize / BLOCK * BLOCK;
        let before = self.text.as_bytes().get(block..offset as usize).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before).map_or_else(|| self.line_start(line), |at| (block + at + 1) as u32);
        let column = offset - start - self.continuations(start, offset) + 1;
        Position { line, column, offset }
    }

    /// The column of a position counted in bytes of UTF-8, from 1.
    pub fn byte_column(&self, at: Position) -> u32 {
        at.offset.saturating_sub(self.line_start(at.line)) + 1
    }

    /// The end of a span, or the end of its first line if it goes on after that.
    pub fn end_in_line(&self, start: Position, end: Position) -> Position {
        if end.line <= start.line {
            return end;
        }
        self.position(self.line_start(start.line) + self.line(start.line).len() as u32).max(start)
    }

    /// The offset of the first byte of a 1-based line; a line past the last one starts at the end.
    pub fn line_start(&self, line: u32) -> u32 {
        let Some(wanted) = line.checked_sub(1).filter(|wanted| *wanted > 0) else { return 0 };
        // The block with the line break before the line.
        let before_blocks = self.line_breaks.get_or_init(|| sums(self.text.as_bytes(), count_line_breaks));
        let block = before_blocks.partition_point(|before| *before < wanted).saturating_sub(1);
        let skipped = wanted - 1 - before_blocks.get(block).copied().unwrap_or(0).min(wanted - 1);
        let rest = self.text.as_bytes().get(block * BLOCK..).unwrap_or_default();
        let within = memchr::memchr_iter(b'\n', rest.get(..BLOCK).unwrap_or(rest)).nth(skipped as usize);
        within.map_or(self.text.len(), |at| block * BLOCK + at + 1) as u32
    }

    /// The text of a 1-based line, without its line break.
    pub fn line(&self, line: u32) -> &str {
        let (start, end) = (self.line_start(line), self.line_start(line.saturating_add(1)));
        self.text.get(start as usize..end as usize).unwrap_or_default().trim_end_matches(['\n', '\r'])
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
            hidden: Vec::new(),
            line_breaks: OnceLock::new(),
            continuations: OnceLock::new(),
        });
        id
    }

    /// Keeps a value out of everything that is shown.
    pub fn hide(&mut self, span: Span) {
        if let Some(file) = self.files.get_mut(span.file.0 as usize) {
            file.hidden.push(span.start..span.end);
        }
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
        let start = file.position(span.start);
        // Most spans lie in one line of plain characters, which needs no second search.
        let (text, length) = (self.text(span), span.end.saturating_sub(span.start));
        if text.len() == length as usize && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return (start, Position { line: start.line, column: start.column + length, offset: span.end });
        }
        (start, file.position(span.end))
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
    fn lines_are_found_in_whatever_block_they_lie() {
        let mut map = SourceMap::new();
        let lines: Vec<String> = (0..400).map(|i| "x".repeat(i * 7 % 61 * usize::from(i % 90 > 1) * 9)).collect();
        for text in [lines.join("\n"), lines.join("\n") + "\n", "\n".repeat(3 * BLOCK), "x".repeat(2 * BLOCK), String::new()] {
            let id = map.add("x", text.clone().into_bytes());
            let file = map.file(id);
            let mut start = 0;
            for (index, line) in text.split('\n').enumerate() {
                let number = index as u32 + 1;
                assert_eq!((file.line_start(number), file.line(number)), (start, line), "line {number}");
                for offset in [start, start + line.len() as u32] {
                    assert_eq!(file.position(offset), Position { line: number, column: offset - start + 1, offset });
                }
                start += line.len() as u32 + 1;
            }
            assert_eq!(file.line_count() as usize, text.split('\n').count());
            assert_eq!(file.line_start(file.line_count() + 1) as usize, text.len());
            assert_eq!(file.line(file.line_count() + 2), "");
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
        let (start, end) = map.positions(Span::new(id, 2, 7));
        assert_eq!(map.file(id).byte_column(start), 3);
        assert_eq!(map.file(id).end_in_line(start, end), Position { line: 1, column: 4, offset: 4 });
        assert_eq!(map.file(id).end_in_line(end, end), end);
    }
}
