//! Comments that accept findings, and what is wrong with such comments.
//!
//! `collect` finds the comments of a configuration with the text that each governs; `apply` takes out the findings that they
//! accept and reports the comments that are unknown, expired, without a reason or not needed.

mod apply;
mod comment;

use std::ops::Range;

pub use apply::{Applied, Audit, Shown, State, apply};
pub use comment::{Reason, write as comment};

use crate::source::{SourceMap, Span};
use comment::{Comment, MARK, Reach};

/// A comment of a tree, with the directives around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commented {
    /// The comment.
    pub comment: Span,
    /// The directive before it that begins on its line, if it stands behind one: its head.
    pub behind: Option<Span>,
    /// The directive that comes next: its head, and all of it.
    pub next: Option<(Span, Span)>,
    /// Whether a directive stands before it in the file.
    pub after_directives: bool,
}

/// A comment that accepts findings.
#[derive(Clone, Debug)]
pub struct Ignore {
    /// The comment.
    pub span: Span,
    /// The bytes of the file in which findings are accepted; `None`: nowhere.
    governs: Option<Range<u32>>,
    /// What it says, or why it accepts nothing.
    comment: Result<Comment, Fault>,
}

/// Why a comment accepts nothing, whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It cannot be read from this offset on.
    Unreadable(usize),
    /// It stands behind this directive of Apache, where no comments are.
    Misplaced(Span),
    /// It says what the file is, which counts only before everything else.
    LateKind,
}

/// Whether findings of a rule can be accepted by a comment at all: what is wrong with comments cannot.
pub fn can_accept(rule: &str) -> bool {
    ![
        "unused-ignore",
        "unknown-rule-in-ignore",
        "ignore-without-reason",
        "expired-ignore",
        "trailing-ignore-in-apache",
        "internal-error",
    ]
    .contains(&rule)
}

/// Whether a text may hold such comments.
pub fn is_mentioned(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), MARK.as_bytes()).is_some()
}

/// The comments for this tool among those of a tree.
pub fn collect(sources: &SourceMap, comments: impl IntoIterator<Item = Commented>) -> Vec<Ignore> {
    let read = |commented: Commented| {
        let text = sources.text(commented.comment);
        let comment = match comment::says_kind(text) {
            true if commented.after_directives => Err(Fault::LateKind),
            true => return None,
            false => comment::read(text)?.map_err(Fault::Unreadable),
        };
        let governs = comment.as_ref().ok().and_then(|comment| match comment.reach {
            Reach::Directive => commented.behind.or(commented.next.map(|(head, _)| head)).map(|span| span.start..span.end),
            Reach::Block => commented.next.map(|(_, whole)| whole.start..whole.end),
            // Further down it would accept what nobody sees beside it.
            Reach::File => (!commented.after_directives).then_some(0..u32::MAX),
        });
        Some(Ignore { span: commented.comment, governs, comment })
    };
    comments.into_iter().filter_map(read).collect()
}

/// What is meant as such a comment and is none: each with the directive behind which it stands.
pub fn collect_misplaced(sources: &SourceMap, texts: impl IntoIterator<Item = (Span, Span)>) -> Vec<Ignore> {
    let meant = texts.into_iter().filter(|(comment, _)| comment::read(sources.text(*comment)).is_some());
    meant.map(|(span, directive)| Ignore { span, governs: None, comment: Err(Fault::Misplaced(directive)) }).collect()
}
