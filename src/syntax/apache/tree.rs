//! The tree of one Apache file: directives in the order of the text, words as spans.

use std::borrow::Cow;

use super::directives::Name;
use crate::source::{FileId, Span};

/// Number of a [`Node`] in [`Tree::nodes`].
pub type NodeId = u32;

/// How a word was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// Bare.
    None,
    /// In `'…'`.
    Single,
    /// In `"…"`.
    Double,
}

/// One token as `ap_getword_conf` cuts it: a directive name or an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// First byte, the opening quote included.
    pub start: u32,
    /// One past the last byte, the closing quote included.
    pub end: u32,
    /// How it was written. A quote without an end runs to the end of the line: then `closed` is false.
    pub quote: Quote,
    /// Whether the closing quote is there.
    pub closed: bool,
    /// Whether its value differs from its text: a backslash that the server removes, or a line continued within it.
    pub escaped: bool,
    /// Whether it holds a template hole (`{{ x }}`, `<% %>`, `@@X@@`): its value is unknown.
    pub hole: bool,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// A directive on its (perhaps continued) line.
    Line,
    /// `<Name …> … </Name>`: offsets of the `>` that ends the opening line and of the `<` of the closing one. What is missing
    /// has the offset where it is taken to belong.
    Section {
        /// Offset of `>`.
        open: u32,
        /// Offset of `</`.
        close: u32,
    },
}

/// A directive or a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which it is.
    pub name: Name,
    /// Index of its first word (its name; of a section `<Directory`, the `<` included) in [`Tree::words`].
    pub first_word: u32,
    /// How many words it has, its name included; at least 1.
    pub word_count: u32,
    /// First byte of its arguments as one raw text (`<If "…">`, `Require expr …`), blanks at both ends left out.
    pub args_start: u32,
    /// One past the last byte of its arguments; of a section without the `>`.
    pub args_end: u32,
    /// One past the last node of its subtree: children are `id + 1 .. subtree_end`.
    pub subtree_end: NodeId,
    /// What it is.
    pub body: Body,
    /// One past its last byte: the end of its line, or past the `>` of the closing tag.
    pub end: u32,
}

/// When the server meets a syntax error. Text within a condition that does not hold is passed over, and only whether its
/// sections are closed is looked at then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Whether the conditions around hold or not.
    Always,
    /// Only if all conditions around hold.
    Read,
    /// Only if one of the conditions around does not hold.
    Skipped,
}

/// Something the server would refuse to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// What is wrong, one line, no full stop.
    pub message: String,
    /// What to do, if that is known.
    pub help: Option<String>,
    /// Whether it depends on the conditions around.
    pub when: When,
    /// The innermost condition (`<IfModule>` …) around it, which has others around it perhaps. An error about a condition
    /// itself that is [`When::Skipped`] has that condition here.
    pub condition: Option<NodeId>,
}

/// One parsed file. Nodes stand in the order of the text, each before its children.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The file.
    pub file: FileId,
    /// All directives and sections, in the order of the text: those within conditions that do not hold and within `<Macro>` too.
    /// What stands in a section with code (`<Perl>`, `<LuaHookFixups>`) is not there.
    pub nodes: Vec<Node>,
    /// All words, in the order of the text.
    pub words: Vec<Word>,
    /// `# …` comments, continued lines included, without the last line break, in the order of the text.
    pub comments: Vec<Span>,
    /// Template statements that stand where a directive would (`{% if %}`, `<% %>`, `@@INCLUDE@@`).
    pub holes: Vec<Span>,
    /// Syntax errors, in the order of the text.
    pub errors: Vec<SyntaxError>,
    /// Whether the file is a template: what is missing in it may come with the rendering.
    pub templated: bool,
    /// Whether a macro opens or closes sections beyond its own lines: where it is used, the sections around may be other ones
    /// than they seem.
    pub open_macro: bool,
}

impl Tree {
    /// An empty tree.
    pub fn new(file: FileId) -> Self {
        Self {
            file,
            nodes: Vec::new(),
            words: Vec::new(),
            comments: Vec::new(),
            holes: Vec::new(),
            errors: Vec::new(),
            templated: false,
            open_macro: false,
        }
    }

    /// The words of a node, its name first.
    #[inline]
    pub fn words(&self, node: &Node) -> &[Word] {
        let first = node.first_word as usize;
        self.words.get(first..first + node.word_count as usize).unwrap_or_default()
    }

    /// The direct children of a node, or the top level for `None`.
    pub fn children(&self, parent: Option<NodeId>) -> impl Iterator<Item = NodeId> + '_ {
        let (mut next, end) = match parent {
            Some(id) => (id + 1, self.nodes.get(id as usize).map_or(0, |n| n.subtree_end)),
            None => (0, self.nodes.len() as u32),
        };
        std::iter::from_fn(move || {
            let node = (next < end).then(|| self.nodes.get(next as usize)).flatten()?;
            let id = next;
            next = node.subtree_end.max(id + 1);
            Some(id)
        })
    }

    /// The span of a word, quotes included.
    #[inline]
    pub fn word_span(&self, word: &Word) -> Span {
        Span::new(self.file, word.start, word.end)
    }

    /// The span of a node from its name to its last argument: the head of a section, its `>` left out.
    #[inline]
    pub fn head_span(&self, node: &Node) -> Span {
        let start = self.words(node).first().map_or(node.args_start, |w| w.start);
        let end = self.words(node).first().map_or(node.args_end, |w| w.end);
        Span::new(self.file, start, node.args_end.max(end))
    }

    /// What stands behind a directive on its line as if it were a comment, from its `#` on. httpd has no such comments: it takes them
    /// for arguments, and passes over what follows the `>` of a section. `text` is the text of the whole file.
    pub fn behind(&self, text: &str, node: &Node) -> Option<Span> {
        let part = |start: u32, end: u32| text.get(start as usize..end as usize).unwrap_or_default();
        match node.body {
            Body::Line => {
                let starts = |word: &&Word| word.quote == Quote::None && part(word.start, word.end).starts_with('#');
                let first = self.words(node).iter().skip(1).find(starts)?;
                Some(Span::new(self.file, first.start, node.args_end.max(first.end)))
            }
            Body::Section { open, .. } => {
                let start = open + 1;
                let line = part(start, text.len() as u32).lines().next().unwrap_or_default();
                let comment = line.trim();
                let start = start + (line.len() - line.trim_start().len()) as u32;
                comment.starts_with('#').then(|| Span::new(self.file, start, start + comment.len() as u32))
            }
        }
    }

    /// The span of a node with its body, the closing tag included.
    pub fn full_span(&self, node: &Node) -> Span {
        Span::new(self.file, self.head_span(node).start, node.end)
    }
}

impl Word {
    /// The value that the server sees, before `${VAR}` is put in: quotes, escapes and continued lines resolved. `text` is the
    /// text of the whole file.
    ///
    /// httpd removes a backslash before a backslash, and in a quoted word before its own quote (`ap_getword_conf`); a line
    /// continues after a backslash at its very end (`ap_cfg_getline`).
    #[inline]
    pub fn value<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let inner = match self.quote {
            Quote::None => text.get(self.start as usize..self.end as usize),
            _ => text.get(self.start as usize + 1..(self.end as usize).saturating_sub(usize::from(self.closed))),
        }
        .unwrap_or_default();
        if self.escaped { Cow::Owned(self.resolved(inner)) } else { Cow::Borrowed(inner) }
    }

    fn resolved(&self, inner: &str) -> String {
        let quote = match self.quote {
            Quote::None => None,
            Quote::Single => Some('\''),
            Quote::Double => Some('"'),
        };
        let inner = joined(inner);
        let mut value = String::with_capacity(inner.len());
        let mut chars = inner.chars().peekable();
        while let Some(c) = chars.next() {
            let escapes = |next: &char| *next == '\\' || Some(*next) == quote;
            value.push(if c == '\\' { chars.next_if(escapes).unwrap_or(c) } else { c });
        }
        value
    }
}

/// A text with its continued lines joined.
pub fn joined(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    let mut joined = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let cut = line.strip_suffix("\\\n").or_else(|| line.strip_suffix("\\\r\n"));
        joined.push_str(cut.unwrap_or(line));
    }
    Cow::Owned(joined)
}
