//! The tree of one YAML file: nodes in the order of the text, each before its children.

use crate::source::{FileId, Span};

/// Number of a [`Node`] in [`Tree::nodes`].
pub type NodeId = u32;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text, written without quotes: what it means (a number, `null`) is for the reader to say.
    Plain,
    /// A text in quotes.
    Quoted,
    /// A text as a block of lines that are kept as they are (`|`).
    Literal,
    /// A text as a block of lines that are joined (`>`).
    Folded,
    /// A mapping: its children are keys and values in turn.
    Mapping,
    /// A sequence.
    Sequence,
    /// `*name`: stands for the node with this number, which is complete where the alias stands.
    Alias(NodeId),
}

/// Where the text of a scalar is: most stand in the file as they are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// These bytes of the file.
    Source(u32, u32),
    /// These bytes of [`Tree::decoded`]: escapes resolved, lines joined.
    Decoded(u32, u32),
}

impl Text {
    /// How many bytes it has.
    #[inline]
    pub(super) fn len(self) -> usize {
        let (Self::Source(start, end) | Self::Decoded(start, end)) = self;
        end.saturating_sub(start) as usize
    }
}

/// A scalar, a mapping, a sequence or an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// First byte, quotes included; of a block in lines: its first key or dash.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// One past the last node of its subtree: children are `id + 1 .. subtree_end`.
    pub subtree_end: NodeId,
    pub(super) text: Text,
    /// Number of its tag in [`Tree::tags`], counted from 1; 0: it has none.
    pub(super) tag: u32,
}

/// One document of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its outermost node.
    pub root: NodeId,
    /// Where an alias makes it larger than it may be; such a document is not looked into.
    pub too_large: Option<Span>,
}

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is no YAML.
    Grammar,
    /// A limit of this tool: depth.
    Limit,
}

/// Something that a reader of YAML refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// What is wrong, one line, no full stop.
    pub message: String,
    /// What kind of refusal it is.
    pub why: Why,
    /// The place that it clashes with: the first of two equal keys.
    pub first: Option<Span>,
}

/// One parsed file. Of a document with a syntax error no node is kept; the documents around it are.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The file.
    pub file: FileId,
    /// All nodes, in the order of the text.
    pub nodes: Vec<Node>,
    /// The documents that were understood, in the order of the text.
    pub documents: Vec<Document>,
    /// `# …` comments, without the line break, in the order of the text.
    pub comments: Vec<Span>,
    /// Syntax errors, in the order of the text.
    pub errors: Vec<SyntaxError>,
    /// Texts that stand otherwise in the file than they are meant.
    pub(super) decoded: String,
    /// The tags in use, as written (`!Ref`), each once.
    pub(super) tags: Vec<String>,
    /// Whether some mapping has a key twice, an alias as a key, or `<<`. Where none has, the first entry with a key is the one that
    /// counts, and a mapping has no entries but its own.
    pub(super) odd_keys: bool,
}

/// The direct children of a node, in the order of the text.
pub(super) struct Children<'a> {
    nodes: &'a [Node],
    next: NodeId,
    end: NodeId,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    #[inline]
    fn next(&mut self) -> Option<NodeId> {
        if self.next >= self.end {
            return None;
        }
        let id = self.next;
        self.next = self.nodes.get(id as usize)?.subtree_end.max(id + 1);
        Some(id)
    }
}

impl Tree {
    /// An empty tree.
    pub fn new(file: FileId) -> Self {
        Self {
            file,
            nodes: Vec::new(),
            documents: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            decoded: String::new(),
            tags: Vec::new(),
            odd_keys: false,
        }
    }

    /// The direct children of a node.
    pub fn children(&self, parent: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.children_of(Some(parent))
    }

    /// The same; none without a node.
    #[inline]
    pub(super) fn children_of(&self, parent: Option<NodeId>) -> Children<'_> {
        let node = parent.and_then(|parent| self.nodes.get(parent as usize));
        Children { nodes: &self.nodes, next: parent.map_or(0, |id| id + 1), end: node.map_or(0, |node| node.subtree_end) }
    }

    /// The bytes of a node.
    pub fn span(&self, id: NodeId) -> Span {
        let (start, end) = self.nodes.get(id as usize).map_or((0, 0), |node| (node.start, node.end));
        Span::new(self.file, start, end)
    }

    /// Every entry of a mapping and every item of a sequence: its head (the key, or the first line of an item) and all of it, in
    /// the order of the text. A comment that accepts findings governs the next of them.
    pub fn entries(&self) -> Vec<(Span, Span)> {
        let mut entries = Vec::new();
        for (id, node) in (0..).zip(&self.nodes) {
            match node.kind {
                Kind::Mapping => {
                    let mut children = self.children(id);
                    while let (Some(key), Some(value)) = (children.next(), children.next()) {
                        let (key, value) = (self.span(key), self.span(value));
                        // A value in the line of its key belongs to the head.
                        let head = if self.is_collection_below(value) { key } else { key.to(value) };
                        entries.push((head, key.to(value)));
                    }
                }
                Kind::Sequence => entries.extend(self.children(id).map(|item| (self.span(item), self.span(item)))),
                _ => {}
            }
        }
        entries.sort_by_key(|(head, all)| (head.start, std::cmp::Reverse(all.end)));
        entries
    }

    fn is_collection_below(&self, value: Span) -> bool {
        let at = self.nodes.partition_point(|node| node.start < value.start);
        self.nodes.get(at).is_some_and(|node| matches!(node.kind, Kind::Mapping | Kind::Sequence | Kind::Literal | Kind::Folded))
    }
}
