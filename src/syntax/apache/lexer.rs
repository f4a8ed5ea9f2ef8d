//! Lines as `ap_cfg_getline` reads them, and words as `ap_getword_conf` cuts them.

use nom::bytes::complete::{take_till, take_until, take_while};
use nom::{IResult, Parser};

use super::tree::{Quote, Word};
use crate::syntax::template::{Holes, Place};

type Step<'t> = IResult<&'t [u8], &'t [u8], ()>;

/// What `isspace` says of a byte in the C locale.
const SPACE: u8 = 1;
/// Bytes at which a bare word ends or something special begins.
const BARE: u8 = 2;
/// The same in a quoted word; both quotes are in it.
const QUOTED: u8 = 4;

const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let table: [(&[u8], u8); 3] = [(b" \t\r\n\x0b\x0c", SPACE | BARE), (b"{\\<@%", BARE | QUOTED), (b"\"'", QUOTED)];
    let mut row = 0;
    while row < table.len() {
        let (bytes, bits) = table[row];
        let mut i = 0;
        while i < bytes.len() {
            class[bytes[i] as usize] = bits;
            i += 1;
        }
        row += 1;
    }
    class
};

#[inline]
fn is(byte: u8, class: u8) -> bool {
    CLASS[byte as usize] & class != 0
}

fn spaces(input: &[u8]) -> Step<'_> {
    take_while(|b| is(b, SPACE)).parse(input)
}

fn plain_bare(input: &[u8]) -> Step<'_> {
    take_till(|b| is(b, BARE)).parse(input)
}

fn plain_quoted(input: &[u8]) -> Step<'_> {
    take_till(|b| is(b, QUOTED)).parse(input)
}

fn to_line_feed(input: &[u8]) -> Step<'_> {
    take_until("\n").parse(input)
}

fn to_nul(input: &[u8]) -> Step<'_> {
    take_until("\0").parse(input)
}

/// How many bytes a step takes; all of them if it does not find what it looks for.
#[inline]
fn length<'t>(step: impl Fn(&'t [u8]) -> Step<'t>, input: &'t [u8]) -> usize {
    step(input).map_or(input.len(), |(_, taken)| taken.len())
}

/// One line of the server's: its physical lines, and where it goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// First byte; no white space.
    pub(super) start: usize,
    /// One past the last byte that is no white space. Of a continued line one past its last physical line.
    pub(super) end: usize,
    /// Whether it has several physical lines.
    pub(super) continued: bool,
}

/// Reads the lines of a text; `pos` may be set to go on elsewhere.
pub(super) struct Lines<'t> {
    text: &'t [u8],
    pub(super) pos: usize,
    has_nul: bool,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, pos: 0, has_nul: length(to_nul, text) < text.len() }
    }

    fn rest(&self, at: usize) -> &'t [u8] {
        self.text.get(at..).unwrap_or_default()
    }

    /// Goes to the next byte that is no white space, on this line or a later one.
    #[inline]
    pub(super) fn skip_spaces(&mut self) -> Option<u8> {
        self.pos += length(spaces, self.rest(self.pos));
        self.text.get(self.pos).copied()
    }

    /// The line that begins at `pos`, which is no white space.
    #[inline]
    pub(super) fn next(&mut self) -> Line {
        let start = self.pos;
        let (mut end, continued) = self.physical(start);
        if continued {
            while self.physical_after(&mut end) {}
        }
        Line { start, end: if continued { end } else { trimmed(self.text, start, end) }, continued }
    }

    /// Reads one physical line from `start` and sets `pos` behind it: where what the server sees of it ends, and whether the
    /// next one belongs to it. What stands behind a NUL is not seen.
    #[inline]
    fn physical(&mut self, start: usize) -> (usize, bool) {
        let rest = self.rest(start);
        let length_of_line = length(to_line_feed, rest);
        let line = rest.get(..length_of_line).unwrap_or_default();
        let ended = length_of_line < rest.len();
        self.pos = start + length_of_line + usize::from(ended);
        if self.has_nul {
            let seen = length(to_nul, line);
            if seen < line.len() {
                return (start + seen, false);
            }
        }
        let last = line.strip_suffix(b"\r").unwrap_or(line);
        let continued = ended && last.last() == Some(&b'\\');
        (start + line.len(), continued)
    }

    fn physical_after(&mut self, end: &mut usize) -> bool {
        if self.pos >= self.text.len() {
            *end = self.pos;
            return false;
        }
        let (to, continued) = self.physical(self.pos);
        *end = to;
        continued
    }
}

fn trimmed(text: &[u8], start: usize, end: usize) -> usize {
    let line = text.get(start..end).unwrap_or_default();
    start + line.iter().rposition(|b| !is(*b, SPACE)).map_or(0, |at| at + 1)
}

/// A continued line as the server sees it, and where its parts stand in the file.
#[derive(Default)]
pub(super) struct Joined {
    pub(super) bytes: Vec<u8>,
    /// For each part its first byte in `bytes`, and in the file.
    parts: Vec<(usize, usize)>,
}

impl Joined {
    /// Joins the physical lines of a continued line.
    pub(super) fn read(&mut self, text: &[u8], line: Line) {
        self.bytes.clear();
        self.parts.clear();
        let mut at = line.start;
        while at < line.end {
            let rest = text.get(at..line.end).unwrap_or_default();
            let physical = rest.get(..length(to_line_feed, rest)).unwrap_or_default();
            let cut = physical.strip_suffix(b"\r").unwrap_or(physical);
            // The last physical line has no line feed before `end`, or the file ends with it.
            let seen = if physical.len() < rest.len() { cut.strip_suffix(b"\\").unwrap_or(physical) } else { physical };
            self.parts.push((self.bytes.len(), at));
            self.bytes.extend_from_slice(seen);
            at += physical.len() + 1;
        }
        let end = trimmed(&self.bytes, 0, self.bytes.len());
        self.bytes.truncate(end);
    }

    /// The offset in the file of the byte at `at`.
    pub(super) fn offset(&self, at: usize) -> usize {
        let index = self.parts.partition_point(|(first, _)| *first <= at);
        let (first, offset) = index.checked_sub(1).and_then(|i| self.parts.get(i)).copied().unwrap_or_default();
        offset + (at - first)
    }

    /// The offset in the file of the end of what ends before `at`.
    pub(super) fn end_offset(&self, at: usize) -> usize {
        at.checked_sub(1).map_or_else(|| self.offset(0), |last| self.offset(last) + 1)
    }
}

/// Cuts words from one line.
pub(super) struct Cutter<'t, 'h> {
    /// The text that the line is part of, up to the end of the line.
    text: &'t [u8],
    pub(super) pos: usize,
    holes: &'h mut Holes<'t>,
}

impl<'t, 'h> Cutter<'t, 'h> {
    pub(super) fn new(text: &'t [u8], start: usize, end: usize, holes: &'h mut Holes<'t>) -> Self {
        Self { text: text.get(..end).unwrap_or(text), pos: start, holes }
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.pos..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn skip_spaces(&mut self) -> Option<u8> {
        self.pos += length(spaces, self.rest());
        self.text.get(self.pos).copied()
    }

    /// Ends the line earlier.
    pub(super) fn end_at(&mut self, end: usize) {
        self.text = self.text.get(..end).unwrap_or(self.text);
    }

    /// The word that begins at `pos`, which is no white space.
    #[inline]
    pub(super) fn word(&mut self, place: Place) -> Word {
        match self.text.get(self.pos) {
            Some(quote @ (b'"' | b'\'')) => self.quoted(*quote),
            _ => self.bare(place),
        }
    }

    fn hole(&mut self, place: Place) -> Option<usize> {
        if self.text.get(self.pos) == Some(&b'<') {
            // `"<%h %>s"` is a log format.
            let third = self.text.get(self.pos + 2)?;
            if self.text.get(self.pos + 1) != Some(&b'%') || !matches!(third, b' ' | b'=' | b'-' | b'#') {
                return None;
            }
        }
        self.holes.end(self.pos, place).filter(|end| *end <= self.text.len())
    }

    fn bare(&mut self, place: Place) -> Word {
        let start = self.pos;
        let mut word =
            Word { start: start as u32, end: start as u32, quote: Quote::None, closed: true, escaped: false, hole: false };
        loop {
            self.pos += length(plain_bare, self.rest());
            match self.text.get(self.pos) {
                Some(b'\\') => {
                    let doubled = self.text.get(self.pos + 1) == Some(&b'\\');
                    word.escaped |= doubled;
                    self.pos += 1 + usize::from(doubled);
                }
                Some(b'{' | b'<' | b'@' | b'%') => {
                    let place = if self.pos == start { place } else { Place::Argument };
                    match self.hole(place) {
                        Some(end) => {
                            word.hole = true;
                            self.pos = end;
                        }
                        None => self.pos += 1,
                    }
                }
                _ => break,
            }
        }
        word.end = self.pos as u32;
        word
    }

    fn quoted(&mut self, quote: u8) -> Word {
        let start = self.pos as u32;
        let style = if quote == b'"' { Quote::Double } else { Quote::Single };
        let mut word = Word { start, end: start, quote: style, closed: false, escaped: false, hole: false };
        self.pos += 1;
        loop {
            self.pos += length(plain_quoted, self.rest());
            match self.text.get(self.pos) {
                Some(b'\\') => {
                    let next = self.text.get(self.pos + 1);
                    let escape = next == Some(&quote) || next == Some(&b'\\');
                    word.escaped |= escape;
                    self.pos += 1 + usize::from(escape);
                }
                Some(byte) if *byte == quote => {
                    word.closed = true;
                    self.pos += 1;
                    break;
                }
                Some(b'"' | b'\'') => self.pos += 1,
                Some(_) => match self.hole(Place::Quoted(quote)) {
                    Some(end) => {
                        word.hole = true;
                        self.pos = end;
                    }
                    None => self.pos += 1,
                },
                None => break,
            }
        }
        word.end = self.pos as u32;
        word
    }
}
