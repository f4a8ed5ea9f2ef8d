//! A node with everything that is needed to ask it.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::tree::{Children, Kind, NodeId, Tree};
use crate::source::Span;

/// How many aliases and merges are followed for one answer. The parser only makes aliases of nodes that are complete, so there is
/// always an end.
const MAX_HOPS: usize = 64;

/// A node of a tree; aliases are followed.
#[derive(Clone, Copy)]
pub struct Yaml<'a> {
    tree: &'a Tree,
    text: &'a str,
    id: NodeId,
}

/// An entry of a mapping.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// The key.
    pub key: Yaml<'a>,
    /// The value.
    pub value: Yaml<'a>,
}

impl<'a> Yaml<'a> {
    /// The roots of the documents of a file that may be looked into. `text` is the text of the whole file.
    pub fn documents(tree: &'a Tree, text: &'a str) -> impl Iterator<Item = Yaml<'a>> {
        let whole = tree.documents.iter().filter(|document| document.too_large.is_none());
        whole.map(move |document| Yaml { tree, text, id: document.root })
    }

    /// A node of a tree. `text` is the text of the whole file.
    pub fn of(tree: &'a Tree, text: &'a str, id: NodeId) -> Self {
        Self { tree, text, id }
    }

    /// Its number.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The node that is meant: behind aliases.
    fn target(self) -> Option<(NodeId, &'a super::tree::Node)> {
        let mut id = self.id;
        for _ in 0..MAX_HOPS {
            let node = self.tree.nodes.get(id as usize)?;
            match node.kind {
                Kind::Alias(target) => id = target,
                _ => return Some((id, node)),
            }
        }
        None
    }

    fn at(self, id: NodeId) -> Self {
        Self { id, ..self }
    }

    /// What it is, behind aliases.
    pub fn kind(self) -> Kind {
        self.target().map_or(Kind::Plain, |(_, node)| node.kind)
    }

    /// Where it stands; an alias where the alias stands.
    pub fn span(self) -> Span {
        self.tree.span(self.id)
    }

    /// Where the node stands that is meant: an alias where its anchor is.
    pub fn target_span(self) -> Span {
        self.target().map_or(self.span(), |(id, _)| self.tree.span(id))
    }

    /// Its tag as written (`!Ref`), if it has one.
    pub fn tag(self) -> Option<&'a str> {
        let (_, node) = self.target()?;
        let index = (node.tag as usize).checked_sub(1)?;
        self.tree.tags.get(index).map(String::as_str)
    }

    /// The text of a scalar without a tag.
    pub fn as_str(self) -> Option<&'a str> {
        if self.tag().is_some_and(|tag| !tag.starts_with("!!")) {
            return None;
        }
        self.raw()
    }

    /// The text of the whole file.
    pub fn file_text(self) -> &'a str {
        self.text
    }

    /// The text of a scalar, whatever its tag.
    pub fn raw(self) -> Option<&'a str> {
        let (_, node) = self.target()?;
        self.tree.text(self.text, node)
    }

    /// Whether it is a scalar without quotes that means nothing (`null`, `~`, or not there at all).
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Plain && self.as_str().is_some_and(|text| matches!(text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// A number.
    pub fn as_number(self) -> Option<f64> {
        self.as_str()?.trim().parse().ok()
    }

    /// Yes or no. Texts count too: templates write `"true"`. The words of YAML 1.1 (`yes`, `off`) count only without quotes,
    /// as its readers have it.
    pub fn as_bool(self) -> Option<bool> {
        let text = self.as_str()?;
        let plain = self.kind() == Kind::Plain;
        match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            "yes" | "on" | "y" if plain => Some(true),
            "no" | "off" | "n" if plain => Some(false),
            _ => None,
        }
    }

    /// The items of a sequence; none for anything else.
    pub fn items(self) -> impl Iterator<Item = Yaml<'a>> {
        self.children(Kind::Sequence).map(move |id| self.at(id))
    }

    /// The children of a node of this kind; none for another one.
    #[inline]
    fn children(self, of: Kind) -> Children<'a> {
        self.tree.children_of(self.target().filter(|(_, node)| node.kind == of).map(|(id, _)| id))
    }

    /// The entries of a mapping that are written in it, `<<` among them, in the order of the text; none for anything else.
    #[inline]
    fn own_entries(self) -> impl Iterator<Item = Entry<'a>> {
        let mut children = self.children(Kind::Mapping);
        std::iter::from_fn(move || {
            let (key, value) = (children.next()?, children.next()?);
            Some(Entry { key: self.at(key), value: self.at(value) })
        })
    }

    /// The mappings that `<<` brings, the nearest first.
    fn merged(self) -> Vec<Yaml<'a>> {
        if !self.tree.odd_keys {
            return Vec::new();
        }
        let merges = self.own_entries().filter(|e| e.key.raw() == Some("<<") && e.key.kind() == Kind::Plain);
        merges.flat_map(|e| if e.value.kind() == Kind::Sequence { e.value.items().collect() } else { vec![e.value] }).collect()
    }

    /// The entries of a mapping with those that `<<` brings; a key of its own goes before, of two equal keys the last one counts.
    pub fn entries(self) -> Vec<Entry<'a>> {
        if !self.tree.odd_keys {
            return self.own_entries().filter(|entry| entry.key.is_scalar()).collect();
        }
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: HashMap<&str, usize, FixedState> = HashMap::default();
        let mut pending = vec![self];
        for _ in 0..MAX_HOPS {
            let Some(next) = pending.pop() else { break };
            let known = entries.len();
            for entry in next.own_entries() {
                let Some(key) = entry.key.raw() else { continue };
                if key == "<<" && entry.key.kind() == Kind::Plain {
                    continue;
                }
                match places.get(key) {
                    Some(at) if *at < known => {}
                    Some(at) => {
                        if let Some(place) = entries.get_mut(*at) {
                            *place = entry;
                        }
                    }
                    None => {
                        places.insert(key, entries.len());
                        entries.push(entry);
                    }
                }
            }
            pending.extend(next.merged().into_iter().rev());
        }
        entries
    }

    /// The entry of a mapping that has only one.
    pub fn only_entry(self) -> Option<Entry<'a>> {
        if self.tree.odd_keys {
            let entries = self.entries();
            return entries.first().copied().filter(|_| entries.len() == 1);
        }
        let mut entries = self.own_entries().filter(|entry| entry.key.is_scalar());
        entries.next().filter(|_| entries.next().is_none())
    }

    /// The entry of a mapping with this key, own ones before those of `<<`.
    pub fn entry(self, key: &str) -> Option<Entry<'a>> {
        if self.tree.odd_keys {
            return self.entry_where(&|name| name == key);
        }
        self.own_entries().find(|entry| entry.key.is_text(key))
    }

    /// Whether it is a scalar with this text, whatever its tag.
    #[inline]
    fn is_text(self, text: &str) -> bool {
        // Most keys are told apart by their length.
        let maybe = self.tree.nodes.get(self.id as usize).is_some_and(|node| match node.kind {
            Kind::Alias(_) => true,
            Kind::Mapping | Kind::Sequence => false,
            Kind::Plain | Kind::Quoted | Kind::Literal | Kind::Folded => node.text.len() == text.len(),
        });
        maybe && self.raw() == Some(text)
    }

    /// The entry of a mapping whose key is meant by `accepts`.
    pub fn entry_where(self, accepts: &dyn Fn(&str) -> bool) -> Option<Entry<'a>> {
        let own = |node: Yaml<'a>| node.own_entries().filter(|e| e.key.raw().is_some_and(accepts)).last();
        // Most mappings merge nothing.
        let mut pending = match own(self) {
            Some(entry) => return Some(entry),
            None => self.merged(),
        };
        pending.reverse();
        for _ in 1..MAX_HOPS {
            let next = pending.pop()?;
            if let Some(entry) = own(next) {
                return Some(entry);
            }
            pending.extend(next.merged().into_iter().rev());
        }
        None
    }

    /// The value of a key.
    pub fn get(self, key: &str) -> Option<Yaml<'a>> {
        self.entry(key).map(|entry| entry.value)
    }

    /// The value at the end of a path of keys.
    pub fn at_path(self, keys: &[&str]) -> Option<Yaml<'a>> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Whether this is a mapping.
    pub fn is_mapping(self) -> bool {
        self.kind() == Kind::Mapping
    }

    /// Whether this is a sequence.
    pub fn is_sequence(self) -> bool {
        self.kind() == Kind::Sequence
    }

    /// Whether this is a scalar.
    pub fn is_scalar(self) -> bool {
        !self.is_mapping() && !self.is_sequence()
    }

    /// The text of the whole file.
    pub fn source(self) -> &'a str {
        self.text
    }
}

impl Entry<'_> {
    /// The line of the entry: its key, with a value that stands in the same line.
    pub fn head(&self) -> Span {
        let (key, value) = (self.key.span(), self.value.span());
        if value.file != key.file || value.start < key.end {
            return key;
        }
        let between = self.key.text.get(key.start as usize..value.end as usize).unwrap_or_default();
        if self.value.is_scalar() && !between.contains('\n') { key.to(value) } else { key }
    }
}
