//! Changes of texts as unified diffs, which `patch` and `git apply` read, and as the few lines that a finding shows of its fix.
//!
//! Secrets do not come out here either. A line that holds one is never context: the diff is cut short there, and can still be
//! applied. Where a change itself holds one it is starred, and whoever calls is told that the diff cannot be applied.

use std::io::{self, Write};
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{excerpt, is_unprintable};
use crate::finding::{Edit, Fix};
use crate::source::{FileId, SourceFile, SourceMap};

/// How many lines before and after a change are shown.
const CONTEXT: usize = 3;

/// How a diff is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// With ANSI colours.
    pub color: bool,
    /// For a terminal, which no control character of a file may steer; otherwise the bytes are those of the files.
    pub terminal: bool,
}

/// Writes how one text becomes another. Gives whether a secret had to be covered, so that the diff cannot be applied.
pub fn unified(path: &str, before: &[u8], after: &[u8], style: Style, out: &mut dyn Write) -> io::Result<bool> {
    let mut sources = SourceMap::new();
    let ids = [before, after].map(|bytes| sources.add("", bytes.to_vec()));
    let sides = [(ids[0], before), (ids[1], after)].map(|(id, bytes)| Side::new(sources.file(id), bytes));
    let mut writer = Writer { sides: &sides, style, out, covered: false };
    let name = super::escape(path);
    // A blank in a name would end it.
    let end = if name.contains(' ') { "\t" } else { "" };
    writer.plain(BOLD, &format!("--- {name}{end}"))?;
    writer.plain(BOLD, &format!("+++ {name}{end}"))?;
    for group in groups(&sides) {
        writer.hunk(&group)?;
    }
    Ok(writer.covered)
}

/// A part of a file that a fix changes.
pub(super) struct Part {
    pub(super) file: FileId,
    /// The lines that differ: `-` with the number of before, `+` with that of after; secrets are starred.
    pub(super) lines: Vec<(char, usize, String)>,
}

/// The lines that a fix changes. Only these are looked at, however long the file is.
pub(super) fn of_fix(all: &SourceMap, fix: &Fix) -> Vec<Part> {
    let mut edits: Vec<&Edit> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| edit.span);
    let lines = |edit: &Edit| {
        let (start, end) = all.positions(edit.span);
        start.line..end.line + 1
    };
    let apart = |a: &&Edit, b: &&Edit| a.span.file == b.span.file && lines(a).end + AROUND >= lines(b).start;
    edits.chunk_by(apart).filter_map(|edits| part(all, edits)).collect()
}

/// How many lines around a change are read to see what is a secret in it.
const AROUND: u32 = 4;

fn part(all: &SourceMap, edits: &[&Edit]) -> Option<Part> {
    let (first, last) = (edits.first()?, edits.last()?);
    let source = all.file(first.span.file);
    let first_line = all.positions(first.span).0.line.saturating_sub(AROUND).max(1);
    let start = source.line_start(first_line);
    let end = source.line_start(all.positions(last.span).1.line + 1 + AROUND);
    let before = source.text().get(start as usize..end as usize)?;
    let mut after = before.to_owned();
    for edit in edits.iter().rev() {
        let range = edit.span.start.checked_sub(start)? as usize..edit.span.end.checked_sub(start)? as usize;
        after.get(range.clone())?;
        after.replace_range(range, &edit.text);
    }
    let mut sources = SourceMap::new();
    let ids = [before, &after].map(|text| sources.add("", text.as_bytes().to_vec()));
    let sides = [(ids[0], before), (ids[1], after.as_str())].map(|(id, text)| Side::new(sources.file(id), text.as_bytes()));
    let [old, new] = &sides;
    let mut lines = Vec::new();
    for change in changes(&sides) {
        for (mark, side, range) in [('-', old, change.old), ('+', new, change.new)] {
            lines.extend(range.map(|line| {
                let text = printable(&side.masked(line).0).trim_end().to_owned();
                (mark, first_line as usize + line, text)
            }));
        }
    }
    Some(Part { file: first.span.file, lines })
}

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

/// One of the two texts.
struct Side<'a> {
    source: &'a SourceFile,
    /// Its lines, line breaks included.
    lines: Vec<&'a [u8]>,
    /// Where each line starts, and the end.
    starts: Vec<u32>,
}

/// Lines that are replaced, counted from 0.
#[derive(Clone, Debug)]
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

/// Changes that are shown together, with lines around them.
struct Group {
    changes: Vec<Change>,
    leading: usize,
    trailing: usize,
}

impl<'a> Side<'a> {
    fn new(source: &'a SourceFile, bytes: &'a [u8]) -> Self {
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let starts = lines.iter().scan(0, |end, line| {
            *end += line.len() as u32;
            Some(*end)
        });
        Self { source, starts: std::iter::once(0).chain(starts).collect(), lines }
    }

    /// The secrets of a line, as ranges of its bytes.
    fn secrets(&self, line: usize) -> Vec<Range<usize>> {
        let (Some(start), Some(end)) = (self.starts.get(line), self.starts.get(line + 1)) else { return Vec::new() };
        let number = line as u32 + 1;
        let found = excerpt::secrets(self.source, number..=number, *start..*end);
        let within = |secret: Range<u32>| {
            let (from, to) = (secret.start.max(*start), secret.end.min(*end));
            (from < to).then(|| (from - start) as usize..(to - start) as usize)
        };
        found.into_iter().filter_map(within).collect()
    }

    fn is_secret(&self, line: usize) -> bool {
        !self.secrets(line).is_empty()
    }

    /// A line with its secrets starred, and whether there are any.
    fn masked(&self, line: usize) -> (Vec<u8>, bool) {
        let text = self.lines.get(line).copied().unwrap_or_default();
        let secrets = self.secrets(line);
        let mut masked = Vec::with_capacity(text.len());
        let mut at = 0;
        for secret in &secrets {
            if secret.start >= at {
                masked.extend_from_slice(text.get(at..secret.start).unwrap_or_default());
                masked.extend_from_slice(b"***");
            }
            at = at.max(secret.end);
        }
        masked.extend_from_slice(text.get(at..).unwrap_or_default());
        (masked, !secrets.is_empty())
    }
}

/// What differs, in order; two changes have an equal line between them.
fn changes([old, new]: &[Side; 2]) -> Vec<Change> {
    let ops = capture_diff_slices(Algorithm::Myers, &old.lines, &new.lines);
    let mut changes: Vec<Change> = Vec::new();
    for op in ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. })) {
        let (old, new) = (op.old_range(), op.new_range());
        match changes.last_mut() {
            Some(last) if last.old.end == old.start && last.new.end == new.start => {
                last.old.end = old.end;
                last.new.end = new.end;
            }
            _ => changes.push(Change { old, new }),
        }
    }
    changes
}

/// The changes in groups, none with a secret among the lines that only stand around.
fn groups(sides: &[Side; 2]) -> Vec<Group> {
    let [old, _] = sides;
    let mut groups: Vec<Group> = Vec::new();
    let mut end = 0;
    let mut changes = changes(sides).into_iter().peekable();
    while let Some(change) = changes.next() {
        let before = (end..change.old.start).rev();
        let (mut leading, cut_before) = around(before, old);
        end = change.old.end;
        let mut group = vec![change];
        while let Some(next) = changes.next_if(|next| {
            let gap = end..next.old.start;
            gap.len() <= 2 * CONTEXT && !gap.into_iter().any(|line| old.is_secret(line))
        }) {
            end = next.old.end;
            group.push(next);
        }
        let limit = changes.peek().map_or(old.lines.len(), |next| next.old.start);
        let (mut trailing, cut_after) = around(end..limit, old);
        // Fewer lines on one side than on the other say that the file starts or ends there.
        if cut_before {
            trailing = trailing.min(leading);
        }
        if cut_after {
            leading = leading.min(trailing);
        }
        groups.push(Group { changes: group, leading, trailing });
        end += trailing;
    }
    groups
}

/// How many of these lines can stand around a change, and whether a secret makes them fewer.
fn around(lines: impl Iterator<Item = usize>, side: &Side) -> (usize, bool) {
    let mut count = 0;
    for line in lines.take(CONTEXT) {
        if side.is_secret(line) {
            return (count, true);
        }
        count += 1;
    }
    (count, false)
}

struct Writer<'a> {
    sides: &'a [Side<'a>; 2],
    style: Style,
    out: &'a mut dyn Write,
    covered: bool,
}

impl Writer<'_> {
    fn hunk(&mut self, group: &Group) -> io::Result<()> {
        let [old, new] = self.sides;
        let (Some(first), Some(last)) = (group.changes.first(), group.changes.last()) else { return Ok(()) };
        let whole = |first: &Range<usize>, last: &Range<usize>| first.start - group.leading..last.end + group.trailing;
        let (from, to) = (whole(&first.old, &last.old), whole(&first.new, &last.new));
        self.plain(CYAN, &format!("@@ -{} +{} @@", place(&from), place(&to)))?;
        let mut at = from.start;
        for change in &group.changes {
            self.lines(' ', old, at..change.old.start)?;
            self.lines('-', old, change.old.clone())?;
            self.lines('+', new, change.new.clone())?;
            at = change.old.end;
        }
        self.lines(' ', old, at..from.end)
    }

    fn lines(&mut self, mark: char, side: &Side, lines: Range<usize>) -> io::Result<()> {
        let color = match mark {
            '-' => RED,
            '+' => GREEN,
            _ => "",
        };
        for line in lines {
            let (mut text, covered) = side.masked(line);
            self.covered |= covered;
            let ended = text.pop_if(|last| *last == b'\n').is_some();
            if self.style.terminal {
                text = printable(&text).into_bytes();
            }
            let colored = self.style.color && !color.is_empty();
            write!(self.out, "{}{mark}", if colored { color } else { "" })?;
            self.out.write_all(&text)?;
            writeln!(self.out, "{}", if colored { PLAIN } else { "" })?;
            if !ended {
                writeln!(self.out, "\\ No newline at end of file")?;
            }
        }
        Ok(())
    }

    fn plain(&mut self, color: &str, text: &str) -> io::Result<()> {
        if self.style.color { writeln!(self.out, "{color}{text}{PLAIN}") } else { writeln!(self.out, "{text}") }
    }
}

/// Lines as the head of a hunk names them: first line and number, the line before where there are none.
fn place(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        length => format!("{},{length}", lines.start + 1),
    }
}

/// A line without what steers a terminal.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.trim_end_matches(['\r', '\n'])
        .chars()
        .map(|c| if c != '\t' && is_unprintable(c) { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}
