//! Lines and columns of places that are asked for in the order of the text.

use crate::source::{FileId, Position, SourceMap, Span};

/// Finds positions: in each file the search goes on from the last place.
pub(super) struct Places<'s> {
    sources: &'s SourceMap,
    /// Where the search has come in each file.
    reached: Vec<Position>,
}

/// Where every file begins.
pub(super) const BEGINNING: Position = Position { line: 1, column: 1, offset: 0 };

impl<'s> Places<'s> {
    /// At the beginning of all files.
    pub(super) fn new(sources: &'s SourceMap) -> Self {
        Self { sources, reached: vec![BEGINNING; sources.iter().count()] }
    }

    /// Start and end of a span: as [`SourceMap::positions`] says.
    pub(super) fn positions(&mut self, span: Span) -> (Position, Position) {
        let FileId(number) = span.file;
        let Some(reached) = self.reached.get_mut(number as usize) else { return (BEGINNING, BEGINNING) };
        let text = self.sources.file(span.file).text().as_bytes();
        let start = from(*reached, text, span.start);
        *reached = start;
        (start, from(start, text, span.end))
    }
}

/// The position of an offset, from one that is known; an offset past the end is the end.
fn from(known: Position, text: &[u8], offset: u32) -> Position {
    let offset = offset.min(text.len() as u32);
    let known = if offset < known.offset { BEGINNING } else { known };
    let between = text.get(known.offset as usize..offset as usize).unwrap_or_default();
    let line = known.line + memchr::memchr_iter(b'\n', between).count() as u32;
    let (column, rest) = match memchr::memrchr(b'\n', between) {
        Some(last) => (1, between.get(last + 1..).unwrap_or_default()),
        None => (known.column, between),
    };
    // A byte that only continues a character has no column of its own.
    let characters = rest.iter().filter(|byte| (**byte & 0xC0) != 0x80).count() as u32;
    Position { line, column: column + characters, offset }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_sources() {
        let mut sources = SourceMap::new();
        for text in ["a;\n  ü €; x\n\n", "", "\nb", "ü"] {
            sources.add("f", text.as_bytes().to_vec());
        }
        let mut places = Places::new(&sources);
        for (file, source) in sources.iter() {
            let ends: Vec<u32> =
                source.text().char_indices().map(|(at, _)| at as u32).chain([source.text().len() as u32, 0]).collect();
            for start in &ends {
                for end in ends.iter().filter(|end| *end >= start) {
                    let span = Span::new(file, *start, *end);
                    assert_eq!(places.positions(span), sources.positions(span), "{span:?}");
                }
            }
        }
    }
}
