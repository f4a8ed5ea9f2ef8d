//! The lines of a file that a finding shows: secrets starred, control characters replaced, long lines cut around the labels.
//!
//! It is what the drawing library gets instead of the file, so that a finding costs what it shows and not what the file is long.

use std::ops::{Range, RangeInclusive};

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::is_unprintable;
use crate::mask;
use crate::source::{INVALID_BYTE, SourceFile, Span};

/// Longest part of a line that is shown, in characters.
const COLUMNS: usize = 200;
/// How much of a cut line stands before the label.
const BEFORE: usize = 60;
/// How much text around the shown lines is searched for secrets, in bytes.
const MASK_REACH: u32 = 4096;

/// A part of a file, made for showing.
#[derive(Debug)]
pub struct Excerpt {
    name: String,
    text: String,
    lines: Vec<Line>,
    /// Where labels start in `text`, and their columns in the file, both counted from 0.
    columns: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct Line {
    /// Number in the file, from 0.
    number: usize,
    /// Where it starts in `text`.
    start: usize,
    /// Where it ends in `text`, line break included.
    end: usize,
}

/// A label to show.
pub struct Mark<'a> {
    /// Where.
    pub span: Span,
    /// What it says.
    pub text: Option<&'a str>,
    /// Whether it is the place of the finding.
    pub primary: bool,
}

impl Excerpt {
    /// Cuts out what the marks of one file need, and gives the marks as labels of the excerpt.
    pub fn new(file: &SourceFile, marks: &[Mark]) -> (Self, Vec<LabeledSpan>) {
        let places: Vec<_> = marks.iter().map(|mark| (mark, file.position(mark.span.start))).collect();
        let last_line = file.line_count();
        let mut numbers: Vec<u32> =
            places.iter().flat_map(|(_, at)| at.line.saturating_sub(1).max(1)..=(at.line + 1).min(last_line)).collect();
        numbers.sort_unstable();
        numbers.dedup();

        let mut excerpt =
            Self { name: super::escape(&file.path).into_owned(), text: String::new(), lines: Vec::new(), columns: Vec::new() };
        let mut labels = Vec::with_capacity(marks.len());
        for number in numbers {
            let here: Vec<_> = places.iter().filter(|(_, at)| at.line == number).collect();
            let focus = here.iter().find(|(mark, _)| mark.primary).or(here.first()).map(|(mark, _)| mark.span.start);
            if excerpt.lines.last().is_some_and(|last| last.number + 2 < number as usize) {
                // Lines are missing here: one byte that belongs to no line keeps labels from being joined across the gap.
                excerpt.text.push('\n');
            }
            let offsets = excerpt.push(file, number, focus);
            let find = |offset: u32| {
                let next = offsets.partition_point(|(raw, _)| *raw < offset);
                offsets.get(next).or(offsets.last()).map_or(0, |(_, at)| *at)
            };
            for (mark, at) in here {
                let start = find(mark.span.start);
                let end = find(mark.span.end.max(mark.span.start)).max(start);
                excerpt.columns.push((start, at.column.saturating_sub(1) as usize));
                let text = mark.text.map(|text| super::line(text).into_owned());
                labels.push(if mark.primary {
                    LabeledSpan::new_primary_with_span(text, (start, end - start))
                } else {
                    LabeledSpan::new_with_span(text, (start, end - start))
                });
            }
        }
        (excerpt, labels)
    }

    /// Adds a line; gives for each of its shown characters the offset in the file and in the excerpt, the end of the line last.
    fn push(&mut self, file: &SourceFile, number: u32, focus: Option<u32>) -> Vec<(u32, usize)> {
        let line_start = file.line_start(number);
        let line = file.line(number);
        let shown = window(line, focus.map(|f| f.saturating_sub(line_start) as usize));
        let secrets = secrets(file, number..=number, line_start + shown.start as u32..line_start + shown.end as u32);
        let start = self.text.len();
        let mut offsets = Vec::with_capacity(shown.len() + 1);
        if shown.start > 0 {
            self.text.push('…');
        }
        let mut next_secret = secrets.iter().peekable();
        for (i, c) in line.get(shown.clone()).unwrap_or_default().char_indices() {
            let raw = line_start + (shown.start + i) as u32;
            offsets.push((raw, self.text.len()));
            while next_secret.next_if(|s| s.end <= raw).is_some() {}
            let secret = next_secret.peek().is_some_and(|s| s.start <= raw);
            self.text.push(match c {
                _ if secret => '*',
                INVALID_BYTE => char::REPLACEMENT_CHARACTER,
                '\t' => '\t',
                c if is_unprintable(c) => char::REPLACEMENT_CHARACTER,
                c => c,
            });
        }
        offsets.push((line_start + shown.end as u32, self.text.len()));
        if shown.end < line.len() {
            self.text.push('…');
        }
        self.text.push('\n');
        self.lines.push(Line { number: number.saturating_sub(1) as usize, start, end: self.text.len() });
        offsets
    }
}

/// The part of a line that is shown, in bytes: all of it, or some [`COLUMNS`] around the focus.
fn window(line: &str, focus: Option<usize>) -> Range<usize> {
    if line.len() <= COLUMNS {
        return 0..line.len();
    }
    let focus = focus.unwrap_or(0).min(line.len());
    let (before, after) = line.split_at_checked(focus).unwrap_or(("", line));
    let focus = before.len();
    // Everything before the focus fits: start at the start.
    let fits = before.len() <= 4 * (COLUMNS - BEFORE) && before.chars().count() <= COLUMNS - BEFORE;
    let start = if fits { 0 } else { before.char_indices().rev().nth(BEFORE - 1).map_or(0, |(i, _)| i) };
    let used = if fits { before.chars().count() } else { BEFORE };
    let end = after.char_indices().nth(COLUMNS - used).map_or(line.len(), |(i, _)| focus + i);
    start..end
}

/// The secrets in and around a part of some lines, as offsets of the file. Looks at the lines before as well: a directive may go
/// over several.
pub(super) fn secrets(file: &SourceFile, lines: RangeInclusive<u32>, shown: Range<u32>) -> Vec<Range<u32>> {
    let from = file.line_start(lines.start().saturating_sub(4).max(1)).max(shown.start.saturating_sub(MASK_REACH));
    let to = file.line_start(lines.end() + 1).min(shown.end.saturating_add(MASK_REACH));
    let text = file.text();
    let from = (0..=from).rev().find(|i| text.is_char_boundary(*i as usize)).unwrap_or(0);
    let to = (to..=text.len() as u32).find(|i| text.is_char_boundary(*i as usize)).unwrap_or(from);
    let region = text.get(from as usize..to as usize).unwrap_or_default();
    let mut found = mask::secrets(region);
    if region.contains('\n') {
        found.extend(mask::secrets(&region.replace(['\n', '\r'], " ")));
    }
    let mut found: Vec<Range<u32>> = found.into_iter().map(|r| from + r.start as u32..from + r.end as u32).collect();
    found.extend(file.hidden().iter().filter(|hidden| hidden.start < to && hidden.end > from).cloned());
    found.sort_by_key(|r| (r.start, r.end));
    found
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let find = |offset: usize| self.lines.iter().position(|line| line.start <= offset && offset < line.end);
        let first = find(span.offset()).ok_or(MietteError::OutOfBounds)?;
        let last = find(span.offset() + span.len()).ok_or(MietteError::OutOfBounds)?;
        if before == 0 {
            let line = self.lines.get(first).ok_or(MietteError::OutOfBounds)?;
            let column = self.columns.iter().find(|(at, _)| *at == span.offset()).map_or(0, |(_, column)| *column);
            let data = self.text.as_bytes().get(span.offset()..span.offset() + span.len()).unwrap_or_default();
            return Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), data, *span, line.number, column, 1)));
        }
        // Context stops at a gap.
        let joined = |a: usize, b: usize| match (self.lines.get(a), self.lines.get(b)) {
            (Some(a), Some(b)) => a.end == b.start,
            _ => false,
        };
        if (first..last).any(|i| !joined(i, i + 1)) {
            return Err(MietteError::OutOfBounds);
        }
        let first = (0..before).fold(first, |at, _| if at > 0 && joined(at - 1, at) { at - 1 } else { at });
        let last = (0..after).fold(last, |at, _| if joined(at, at + 1) { at + 1 } else { at });
        let (Some(top), Some(bottom)) = (self.lines.get(first), self.lines.get(last)) else {
            return Err(MietteError::OutOfBounds);
        };
        let data = self.text.as_bytes().get(top.start..bottom.end).unwrap_or_default();
        let span = SourceSpan::from((top.start, data.len()));
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), data, span, top.number, 0, last - first + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn excerpt(text: &str, start: usize, end: usize) -> Excerpt {
        let mut sources = SourceMap::new();
        let id = sources.add("x", text.as_bytes().to_vec());
        let span = Span::new(id, start as u32, end as u32);
        Excerpt::new(sources.file(id), &[Mark { span, text: None, primary: true }]).0
    }

    #[test]
    fn long_lines_are_cut_around_the_label() {
        let text = format!("{}proxy_pass http://a;{}", "x ".repeat(50_000), "y ".repeat(50_000));
        let shown = excerpt(&text, 100_000, 110).text;
        assert!(shown.chars().count() < COLUMNS + 5);
        assert!(shown.starts_with('…') && shown.contains("proxy_pass http://a;") && shown.ends_with("…\n"));
    }

    #[test]
    fn secrets_over_two_lines_are_starred() {
        let text = "a;\nproxy_set_header X-Api-Key\n    geheim;\n";
        assert_eq!(excerpt(text, 34, 40).text, "proxy_set_header X-Api-Key\n    ******;\n\n");
    }

    #[test]
    fn odd_places_are_safe() {
        for (text, start, end) in
            [("", 0, 0), ("a", 1, 1), ("a\n", 2, 2), ("ä\u{1b}[31m\n", 1, 4), ("a\nb\nc", 0, 5), ("a", 9, 99)]
        {
            let shown = excerpt(text, start, end);
            assert!(!shown.text.contains('\u{1b}'));
            assert!(shown.read_span(&SourceSpan::from((shown.columns[0].0, 0)), 1, 1).is_ok(), "{text:?}");
        }
    }
}
