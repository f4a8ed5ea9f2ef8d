//! The tree of one nginx file: directives in the order of the text, words as spans.

use std::borrow::Cow;

use super::directives::Name;
use super::lexer::Shape;
use crate::source::{FileId, Span};
use crate::syntax::template;

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

/// One token: a directive name or an argument. There are very many of them: 8 bytes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// First byte, the opening quote included.
    pub start: u32,
    /// How long it is, and above that how it was written.
    length_and_form: u32,
}

/// What follows the words of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// `;`
    None,
    /// `{ … }` with directives or entries; offsets of the two braces. A brace that is missing has the offset where it is
    /// taken to belong: for `close` that is the end of the file if nothing better is known.
    Block {
        /// Offset of `{`.
        open: u32,
        /// Offset of `}`.
        close: u32,
    },
    /// `{ … }` of a `*_by_lua_block`: text that is not nginx syntax.
    Lua {
        /// Offset of `{`.
        open: u32,
        /// Offset of `}`.
        close: u32,
    },
}

/// A directive, or an entry in the body of `map`, `geo`, `types` and the like. There are very many of them: 24 bytes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which directive it is.
    pub name: Name,
    kind: BodyKind,
    /// Whether the brace that ends its body is there.
    closed: bool,
    /// Index of its first word (its name) in [`Tree::words`].
    pub first_word: u32,
    /// How many words it has, its name included; at least 1.
    pub word_count: u32,
    /// One past the last node of its subtree: children are `id + 1 .. subtree_end`.
    pub subtree_end: NodeId,
    /// Offset of the `{` of its body, if it has one.
    open: u32,
    /// One past its last byte: past `;` or `}`.
    pub end: u32,
}

/// Which [`Body`] it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyKind {
    None,
    Block,
    Lua,
}

impl Node {
    /// A node with some words and nothing inside it, that ends before `end`.
    pub fn new(name: Name, first_word: u32, word_count: u32, subtree_end: NodeId, body: Body, end: u32) -> Self {
        let mut node = Self { name, kind: BodyKind::None, closed: true, first_word, word_count, subtree_end, open: end, end };
        match body {
            Body::None => {}
            Body::Block { open, close } => {
                (node.kind, node.open) = (BodyKind::Block, open);
                node.close(close, end);
            }
            Body::Lua { open, close } => {
                (node.kind, node.open) = (BodyKind::Lua, open);
                node.close(close, end);
            }
        }
        node
    }

    /// What follows the words.
    #[inline]
    pub fn body(&self) -> Body {
        let (open, close) = (self.open, self.end - u32::from(self.closed));
        match self.kind {
            BodyKind::None => Body::None,
            BodyKind::Block => Body::Block { open, close },
            BodyKind::Lua => Body::Lua { open, close },
        }
    }

    /// Ends its body at `close`, and the node before `end`: the byte after, or the same where the brace is missing.
    pub(super) fn close(&mut self, close: u32, end: u32) {
        self.end = end;
        self.closed = close < end;
    }
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
    /// Where a `;` is missing, if that is what is wrong.
    pub semicolon: Option<u32>,
}

/// One parsed file. Nodes stand in the order of the text, each before its children.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The file.
    pub file: FileId,
    /// All directives, in the order of the text.
    pub nodes: Vec<Node>,
    /// All words, in the order of the text.
    pub words: Vec<Word>,
    /// `# …` comments, without the line break, in the order of the text.
    pub comments: Vec<Span>,
    /// Template statements and holes that stand where a directive would (`{% if %}`, `<% %>`, `@@INCLUDE@@`).
    pub holes: Vec<Span>,
    /// The names of all variables (`$NAME`, `${NAME}`) in words, each where it stands first.
    pub variables: Vec<Span>,
    /// Syntax errors, in the order of the text.
    pub errors: Vec<SyntaxError>,
    /// Whether the file is a template: it has holes, as statements or in words. What is missing in it (arguments, braces,
    /// whole directives) may come with the rendering.
    pub templated: bool,
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
            variables: Vec::new(),
            errors: Vec::new(),
            templated: false,
        }
    }

    /// Takes `$NAME` and `${NAME}` in capital letters for holes: variables of the environment are put in there before the server
    /// reads the file. `text` is its text.
    pub fn take_environment(&mut self, text: &str) {
        for word in self.words.iter_mut().filter(|word| word.dollar()) {
            if text.get(word.start as usize..word.end() as usize).is_some_and(template::holds_environment) {
                word.set_hole();
                self.templated = true;
            }
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
            if next >= end {
                return None;
            }
            let id = next;
            next = self.nodes[id as usize].subtree_end.max(id + 1);
            Some(id)
        })
    }

    /// The span of a word, quotes included.
    #[inline]
    pub fn word_span(&self, word: &Word) -> Span {
        Span::new(self.file, word.start, word.end())
    }

    /// The span of a node from its name to its last word: the head of a block.
    #[inline]
    pub fn head_span(&self, node: &Node) -> Span {
        let words = self.words(node);
        let start = words.first().map_or(node.end, |w| w.start);
        Span::new(self.file, start, words.last().map_or(node.end, |w| w.end()))
    }

    /// The span of a node with its body, `;` or `}` included.
    pub fn full_span(&self, node: &Node) -> Span {
        Span::new(self.file, self.head_span(node).start, node.end)
    }
}

impl Word {
    /// The bits of the length. The server reads no word that is longer than its buffer; one of 128 MiB is cut here.
    pub(super) const LENGTH: u32 = (1 << 27) - 1;
    pub(super) const SINGLE: u32 = 1 << 27;
    pub(super) const DOUBLE: u32 = 1 << 28;
    pub(super) const ESCAPED: u32 = 1 << 29;
    pub(super) const DOLLAR: u32 = 1 << 30;
    pub(super) const HOLE: u32 = 1 << 31;

    /// The word from `start` to before `end`, of which the lexer has seen `shape`.
    pub(super) fn new(start: u32, end: u32, shape: Shape) -> Self {
        Self { start, length_and_form: (end - start).min(Self::LENGTH) | shape.form() }
    }

    /// One past the last byte, the closing quote included.
    #[inline]
    pub fn end(self) -> u32 {
        self.start + (self.length_and_form & Self::LENGTH)
    }

    /// The same word, ended elsewhere.
    #[must_use]
    pub(super) fn until(self, end: u32) -> Self {
        let form = self.length_and_form & !Self::LENGTH;
        Self { length_and_form: (end - self.start).min(Self::LENGTH) | form, ..self }
    }

    /// The same word, gone on with to `end`: what the lexer has seen in the rest counts as well.
    #[must_use]
    pub(super) fn extended(self, end: u32, shape: Shape) -> Self {
        let form = self.length_and_form & !Self::LENGTH;
        Self { length_and_form: Self::new(self.start, end, shape).length_and_form | form, ..self }
    }

    /// How it was written.
    #[inline]
    pub fn quote(self) -> Quote {
        match self.length_and_form & (Self::SINGLE | Self::DOUBLE) {
            0 => Quote::None,
            Self::SINGLE => Quote::Single,
            _ => Quote::Double,
        }
    }

    /// Whether it holds a backslash that the server removes, so that its value differs from its text.
    #[inline]
    pub fn escaped(self) -> bool {
        self.length_and_form & Self::ESCAPED != 0
    }

    /// Whether it may hold a `$`: without this, it holds none, and so no variable.
    #[inline]
    pub fn dollar(self) -> bool {
        self.length_and_form & Self::DOLLAR != 0
    }

    /// Whether it holds a template hole (`{{ x }}`, `<% %>`, `${ENV}` of a template …): its value is unknown.
    #[inline]
    pub fn hole(self) -> bool {
        self.length_and_form & Self::HOLE != 0
    }

    /// Takes it for one that holds a template hole.
    pub(super) fn set_hole(&mut self) {
        self.length_and_form |= Self::HOLE;
    }

    /// The value that the server sees: quotes and escapes resolved. `text` is the text of the whole file.
    ///
    /// nginx removes a backslash before `"`, `'` and `\`, turns `\t`, `\r`, `\n` into the characters, and keeps every other
    /// backslash (`ngx_conf_read_token`).
    #[inline]
    pub fn value(self, text: &str) -> Cow<'_, str> {
        let inner = match self.quote() {
            Quote::None => text.get(self.start as usize..self.end() as usize),
            _ => text.get(self.start as usize + 1..(self.end() as usize).saturating_sub(1)),
        }
        .unwrap_or_default();
        if !self.escaped() {
            return Cow::Borrowed(inner);
        }
        Cow::Owned(unescaped(inner))
    }
}

/// The text without the backslashes that the server removes.
fn unescaped(inner: &str) -> String {
    let mut value = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        let resolved = match (c, chars.peek()) {
            ('\\', Some('"')) => '"',
            ('\\', Some('\'')) => '\'',
            ('\\', Some('\\')) => '\\',
            ('\\', Some('t')) => '\t',
            ('\\', Some('r')) => '\r',
            ('\\', Some('n')) => '\n',
            _ => {
                value.push(c);
                continue;
            }
        };
        chars.next();
        value.push(resolved);
    }
    value
}
