//! Events to nodes.

use std::collections::HashMap;
use std::collections::hash_map::Entry as HashEntry;

use foldhash::fast::FixedState;
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Tag, options};

use super::tree::{Document, Kind, Node, NodeId, SyntaxError, Text, Tree, Why};
use crate::source::{FileId, Span};

/// By how many nodes aliases may make a document larger. Readers have such limits too (cfn-lint: 250,000).
const MAX_EXPANDED: u64 = 250_000;

/// How many syntax errors of one file are listed: one for each document.
const MAX_ERRORS: usize = 100;

/// How many characters a key may have that is written without `?`; longer ones are certainly a quote that is not closed.
const MAX_KEY: usize = 4096;

/// How deep mappings and sequences may nest. Nobody writes so; what is deeper is hostile.
const MAX_DEPTH: usize = 200;

/// About how many bytes of a text go to a node: room that is there from the start need not be moved when it grows.
const BYTES_OF_NODE: usize = 16;

/// Up to how many keys of a mapping are compared with each other: for so few a table costs more.
const FEW_KEYS: usize = 16;

/// Parses one file. `text` is the text of the whole file, which must not be larger than 4 GiB.
pub fn parse(file: FileId, text: &str) -> Tree {
    let mut building = Building { text, tree: Tree::new(file), open: Vec::new(), anchors: Anchors::default() };
    building.tree.nodes.reserve(text.len() / BYTES_OF_NODE);
    let options = options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        max_buffered_comment_events: usize::MAX,
        simple_key_max_lookahead: MAX_KEY,
        emit_unresolved_aliases: true,
        bom_inside_document_as_content: true,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some(next) = parser.next_event() {
        match next {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => {
                let (start, end) = span.byte_range().map_or((0, 0), |range| (range.start as u32, range.end as u32));
                building.event(event, start, end);
            }
            Err(error) => {
                building.error(&error);
                if building.tree.errors.len() >= MAX_ERRORS || parser.proceed_next_document().ok() != Some(true) {
                    break;
                }
            }
        }
    }
    building.finish()
}

/// A mapping or sequence that is not complete.
struct Open {
    id: NodeId,
    anchor: usize,
    /// How many nodes it has with everything that its aliases stand for, itself included.
    weight: u64,
    /// One past the last byte of its last child so far.
    end: u32,
}

/// A node that aliases may stand for.
struct Anchored {
    id: NodeId,
    /// `None`: not complete yet.
    weight: Option<u64>,
}

type Anchors = HashMap<usize, Anchored, FixedState>;

struct Building<'t> {
    text: &'t str,
    tree: Tree,
    open: Vec<Open>,
    anchors: Anchors,
}

impl Building<'_> {
    fn event(&mut self, event: Event, start: u32, end: u32) {
        match event {
            Event::DocumentStart(..) => {
                self.open.clear();
                self.anchors.clear();
                let root = self.tree.nodes.len() as NodeId;
                self.tree.documents.push(Document { root, too_large: None });
            }
            Event::DocumentEnd => {
                // A document of comments alone has no node.
                let empty = self.tree.documents.last().is_some_and(|last| last.root as usize >= self.tree.nodes.len());
                if empty {
                    self.tree.documents.pop();
                }
            }
            Event::Comment(..) => self.tree.comments.push(self.span(start, end)),
            Event::Scalar(value, style, anchor, tag) => self.scalar(&value, style, (start, end), anchor, tag.as_deref()),
            Event::MappingStart(_, anchor, tag) => self.open(Kind::Mapping, start, anchor, tag.as_deref()),
            Event::SequenceStart(_, anchor, tag) => self.open(Kind::Sequence, start, anchor, tag.as_deref()),
            Event::MappingEnd | Event::SequenceEnd => self.close(end),
            Event::Alias(anchor) => self.alias(anchor, start, end),
            Event::UnresolvedAlias(name) => {
                let message = format!("`*{name}` stands for nothing: no node before it has the anchor `&{name}`");
                self.refuse(start, end, message, Why::Grammar, None);
                self.push(Kind::Plain, start, end, None);
                self.add(1, end);
            }
            _ => {}
        }
    }

    fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.tree.file, start, end)
    }

    fn refuse(&mut self, start: u32, end: u32, message: String, why: Why, first: Option<Span>) {
        let span = self.span(start, end);
        self.tree.errors.push(SyntaxError { span, message, why, first });
    }

    fn push(&mut self, kind: Kind, start: u32, end: u32, tag: Option<&Tag>) -> NodeId {
        let id = self.tree.nodes.len() as NodeId;
        let tag = tag.map_or(0, |tag| self.tag(&tag.original()));
        self.tree.nodes.push(Node { kind, start, end, subtree_end: id + 1, text: Text::Source(start, end), tag });
        id
    }

    /// The number of a tag, from 1.
    fn tag(&mut self, written: &str) -> u32 {
        let known = self.tree.tags.iter().position(|tag| tag == written);
        let index = known.unwrap_or_else(|| {
            self.tree.tags.push(written.to_owned());
            self.tree.tags.len() - 1
        });
        index as u32 + 1
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, (start, end): (u32, u32), anchor: usize, tag: Option<&Tag>) {
        let kind = match style {
            ScalarStyle::Plain => Kind::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Kind::Quoted,
            ScalarStyle::Literal => Kind::Literal,
            ScalarStyle::Folded => Kind::Folded,
        };
        // A block ends with its last line of text.
        let block = matches!(kind, Kind::Literal | Kind::Folded);
        let lines = if block { self.text.get(start as usize..end as usize) } else { None };
        let written = lines.map(|text| text.trim_end().len() as u32);
        let end = written.map_or(end, |length| start + length);
        let id = self.push(kind, start, end, tag);
        let inner = if kind == Kind::Quoted { (start + 1, end.saturating_sub(1)) } else { (start, end) };
        let text = if self.text.get(inner.0 as usize..inner.1 as usize) == Some(value) {
            Text::Source(inner.0, inner.1)
        } else {
            let from = self.tree.decoded.len() as u32;
            self.tree.decoded.push_str(value);
            Text::Decoded(from, self.tree.decoded.len() as u32)
        };
        if let Some(node) = self.tree.nodes.get_mut(id as usize) {
            node.text = text;
        }
        self.anchor(anchor, id, Some(1));
        self.add(1, end);
    }

    fn anchor(&mut self, anchor: usize, id: NodeId, weight: Option<u64>) {
        if anchor != 0 {
            self.anchors.insert(anchor, Anchored { id, weight });
        }
    }

    /// Adds a child to what is open: as many nodes, up to this byte.
    fn add(&mut self, weight: u64, end: u32) {
        if let Some(open) = self.open.last_mut() {
            open.weight = open.weight.saturating_add(weight);
            open.end = open.end.max(end);
        }
    }

    fn open(&mut self, kind: Kind, start: u32, anchor: usize, tag: Option<&Tag>) {
        let id = self.push(kind, start, start, tag);
        self.anchor(anchor, id, None);
        self.open.push(Open { id, anchor, weight: 1, end: start });
    }

    fn close(&mut self, end: u32) {
        let Some(closed) = self.open.pop() else { return };
        let subtree_end = self.tree.nodes.len() as NodeId;
        // What ends a block is the next token, lines later perhaps: the block ends with its last child.
        let byte = |at: u32| self.text.as_bytes().get(at as usize).copied();
        let bracket = end.checked_sub(1).and_then(byte).is_some_and(|b| matches!(b, b'}' | b']'));
        let mut end = end;
        if let Some(node) = self.tree.nodes.get_mut(closed.id as usize) {
            let flow = byte(node.start).is_some_and(|b| matches!(b, b'{' | b'['));
            end = if flow && bracket { end } else { closed.end };
            node.end = end;
            node.subtree_end = subtree_end;
        }
        if self.tree.nodes.get(closed.id as usize).is_some_and(|node| node.kind == Kind::Mapping) {
            self.duplicates(closed.id);
        }
        self.anchor(closed.anchor, closed.id, Some(closed.weight));
        self.add(closed.weight, end);
    }

    /// Keys that a mapping has twice: readers take the last one, the first one, or refuse the file.
    fn duplicates(&mut self, mapping: NodeId) {
        let mut odd = false;
        let mut keys: Vec<(&str, NodeId)> = Vec::with_capacity(FEW_KEYS);
        for key in self.tree.children(mapping).step_by(2) {
            let Some(node) = self.tree.nodes.get(key as usize) else { continue };
            match self.tree.text(self.text, node) {
                // Several merges in one mapping are refused by some and joined by others.
                Some("<<") => odd = true,
                Some(text) => keys.push((text, key)),
                None => odd |= matches!(node.kind, Kind::Alias(_)),
            }
        }
        let mut twice = Vec::new();
        if keys.len() <= FEW_KEYS {
            for (index, (text, key)) in keys.iter().enumerate() {
                let first = keys.iter().take(index).find(|(before, _)| before == text);
                twice.extend(first.map(|(_, first)| (*key, *first, (*text).to_owned())));
            }
        } else {
            let mut known: HashMap<&str, NodeId, FixedState> = HashMap::default();
            for (text, key) in keys {
                match known.entry(text) {
                    HashEntry::Occupied(first) => twice.push((key, *first.get(), text.to_owned())),
                    HashEntry::Vacant(place) => {
                        place.insert(key);
                    }
                }
            }
        }
        self.tree.odd_keys |= odd || !twice.is_empty();
        for (key, first, text) in twice {
            let (span, first) = (self.tree.span(key), self.tree.span(first));
            let message = format!("the key `{text}` stands twice in this mapping");
            self.refuse(span.start, span.end, message, Why::Grammar, Some(first));
        }
    }

    fn alias(&mut self, anchor: usize, start: u32, end: u32) {
        let Some(Anchored { id, weight }) = self.anchors.get(&anchor) else { return };
        let (id, weight) = (*id, *weight);
        let Some(weight) = weight else {
            self.refuse(start, end, "this alias stands for a node that it is a part of".to_owned(), Why::Grammar, None);
            self.push(Kind::Plain, start, end, None);
            self.add(1, end);
            return;
        };
        self.push(Kind::Alias(id), start, end, None);
        let before: u64 = self.open.iter().map(|open| open.weight).fold(0, u64::saturating_add);
        self.add(weight, end);
        let nodes = self.tree.nodes.len() as u64;
        let place = self.span(start, end);
        if let Some(document) = self.tree.documents.last_mut()
            && document.too_large.is_none()
            && before.saturating_add(weight) > (nodes - u64::from(document.root)).saturating_add(MAX_EXPANDED)
        {
            document.too_large = Some(place);
        }
    }

    /// Notes a syntax error. What was read of its document is given up: half a mapping may say the opposite of the whole one.
    fn error(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(0).min(self.text.len()) as u32;
        let why = if *error.kind() == ErrorKind::RecursionLimitExceeded { Why::Limit } else { Why::Grammar };
        let message = match error.kind() {
            ErrorKind::RecursionLimitExceeded => format!("mappings and sequences nest more than {MAX_DEPTH} deep"),
            kind => {
                let text = kind.to_string();
                text.trim_end_matches('.').replace('\n', " ")
            }
        };
        let end =
            self.text.get(at as usize..).and_then(|rest| rest.chars().next()).filter(|c| *c != '\n').map_or(0, char::len_utf8);
        self.refuse(at, at + end as u32, message, why, None);
        if let Some(document) = self.tree.documents.pop() {
            self.tree.nodes.truncate(document.root as usize);
        }
        self.open.clear();
        self.anchors.clear();
    }

    fn finish(mut self) -> Tree {
        self.tree.comments.sort_unstable();
        self.tree.errors.sort_by_key(|error| error.span);
        self.tree.nodes.shrink_to_fit();
        self.tree
    }
}

impl Tree {
    /// The text of a scalar; `None` for anything else. `text` is the text of the whole file.
    pub(super) fn text<'a>(&'a self, text: &'a str, node: &Node) -> Option<&'a str> {
        if matches!(node.kind, Kind::Mapping | Kind::Sequence | Kind::Alias(_)) {
            return None;
        }
        match node.text {
            Text::Source(start, end) => text.get(start as usize..end as usize),
            Text::Decoded(start, end) => self.decoded.get(start as usize..end as usize),
        }
    }
}
