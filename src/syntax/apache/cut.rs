//! One line to its words: what it is, and where its arguments are.

use super::lexer::{Cutter, Joined};
use super::tree::{Quote, Word};
use crate::syntax::template::{Holes, Place};

/// What one line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    Blank,
    Comment,
    Directive,
    Open,
    Close,
}

/// A line, cut into words; offsets are those of the text it was cut from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) head: Head,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) args: (usize, usize),
    /// Where the `>` of an opening line is, or belongs.
    pub(super) open: usize,
    /// Whether the `>` of an opening line is at its name (`<Files>`), and something follows.
    pub(super) early: bool,
}

/// Cuts the line from `start` to `end` into words.
pub(super) fn cut<'t>(words: &mut Vec<Word>, text: &'t [u8], start: usize, end: usize, holes: &mut Holes<'t>) -> Cut {
    let mut cutter = Cutter::new(text, start, end, holes);
    let mut cut = Cut { head: Head::Blank, start, end, args: (end, end), open: end, early: false };
    let Some(first) = cutter.skip_spaces() else { return cut };
    cut.start = cutter.pos;
    if first == b'#' {
        cut.head = Head::Comment;
        return cut;
    }
    let mut name = cutter.word(Place::Name);
    let quoted = usize::from(name.quote != Quote::None);
    let inner = text.get(name.start as usize + quoted..name.end as usize - usize::from(quoted > 0 && name.closed));
    let inner = inner.unwrap_or_default();
    cut.head = match inner {
        [] => return cut,
        [b'<', b'/', ..] => Head::Close,
        [b'<', ..] => Head::Open,
        _ => Head::Directive,
    };
    if cut.head == Head::Close {
        words.push(name);
        return cut;
    }
    let bracket = quoted == 0 && inner.len() > 1 && inner.ends_with(b">") && inner.get(1) != Some(&b'/') && !name.hole;
    name.end -= u32::from(bracket);
    words.push(name);
    let name_end = name.end as usize;
    let rest = cutter.skip_spaces().is_some();
    cut.args = if rest { (cutter.pos, end) } else { (name_end, name_end) };
    if cut.head == Head::Open {
        cut.early = bracket && rest;
        cut.open = if bracket && !rest { name_end } else { end };
        // What stands behind the last `>` of the line is ignored.
        let last = text.get(cut.args.0..cut.args.1).and_then(|args| args.iter().rposition(|b| *b == b'>'));
        if let Some(last) = last {
            cut.open = cut.args.0 + last;
            cutter.end_at(cut.open);
            let args = text.get(cut.args.0..cut.open).unwrap_or_default();
            cut.args.1 = cut.args.0 + args.trim_ascii_end().len();
        }
    }
    while cutter.skip_spaces().is_some() {
        let word = cutter.word(Place::Argument);
        // A quote without an end takes blanks before the `>` with it.
        cut.args.1 = cut.args.1.max(word.end as usize);
        words.push(word);
    }
    cut
}

impl Cut {
    /// Offsets in a continued line to offsets in the file.
    pub(super) fn place(&mut self, joined: &Joined) {
        let empty = self.args.0 == self.args.1;
        self.args =
            (if empty { joined.end_offset(self.args.0) } else { joined.offset(self.args.0) }, joined.end_offset(self.args.1));
        self.open = if self.open == self.end { joined.end_offset(self.open) } else { joined.offset(self.open) };
        self.start = joined.offset(self.start);
        self.end = joined.end_offset(self.end);
    }
}
