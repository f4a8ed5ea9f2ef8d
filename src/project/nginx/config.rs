//! The expanded configuration: every directive at every place where it is in force.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use foldhash::fast::FixedState;

use crate::source::{FileId, SourceMap, Span};
use crate::syntax::nginx::{Body, Name, Node, NodeId, Tree, Word};

/// Number of a [`Placed`] directive in [`Config::placed`].
pub type DirectiveId = u32;

/// Number of a [`Chain`]; 0 is the main file itself.
pub type ChainId = u32;

/// Stands for "no parent": the directive is at the top level.
pub const TOP: DirectiveId = u32::MAX;

/// How deep blocks may nest inside a `server`: deeper ones are read and checked, but not modelled. nginx has no such limit.
pub const MAX_NESTING: usize = 100;

/// A directive at a place of inclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The file it is written in.
    pub file: FileId,
    /// Its node in the tree of that file.
    pub node: NodeId,
    /// Which directive it is.
    pub name: Name,
    /// The block it stands in, or [`TOP`]. An `include` is no block: what it brings stands in the block of the `include`.
    pub parent: DirectiveId,
    /// One past the last directive of its subtree.
    pub subtree_end: DirectiveId,
    /// Through which includes it came.
    pub chain: ChainId,
}

/// One step of inclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The `include` directive; `None` only for the main file.
    pub include: Option<Span>,
    /// How the file with that `include` was reached.
    pub parent: ChainId,
}

/// A loaded configuration. Directives stand in the order in which the server reads them, each before its children;
/// `include` directives themselves stand directly before what they bring.
#[derive(Debug)]
pub struct Config {
    /// The main file.
    pub main: FileId,
    /// The trees of all files that take part, by file number.
    pub trees: Vec<Option<Arc<Tree>>>,
    /// All directives.
    pub placed: Vec<Placed>,
    /// All inclusions; number 0 is the main file.
    pub chains: Vec<Chain>,
    /// The directives of each name, ascending: index it with `Name as usize`.
    pub by_name: Vec<Vec<DirectiveId>>,
    /// The contexts that stand around the main file where that is a lone snippet: `["http", "server"]` for a file of locations.
    pub guessed_context: Vec<Name>,
    /// Whether something may be in force that is not in `placed`: an include could not be read, or a limit was reached.
    pub incomplete: bool,
    /// Files that are not in the tree but come with nginx: their directives act, but no fault is looked for in them.
    pub shipped: Vec<FileId>,
    /// The directives of [`SETTERS`], those of one name that set the same field together.
    pub(super) setters: OnceLock<Vec<Vec<DirectiveId>>>,
}

/// The directives that set one field of a request to an upstream each: a header field or a parameter.
const SETTERS: [Name; 5] = [Name::ProxySetHeader, Name::GrpcSetHeader, Name::FastcgiParam, Name::UwsgiParam, Name::ScgiParam];

impl Config {
    /// A directive with what is needed to read it.
    #[inline]
    pub fn directive<'a>(&'a self, sources: &'a SourceMap, id: DirectiveId) -> Directive<'a> {
        self.placed_directive(sources, id, &self.placed[id as usize])
    }

    #[inline]
    fn placed_directive<'a>(&'a self, sources: &'a SourceMap, id: DirectiveId, placed: &'a Placed) -> Directive<'a> {
        // Every placed directive comes from a tree that the loader stored.
        #[expect(clippy::unwrap_used, reason = "the loader stores the tree before it places its nodes")]
        let tree = self.trees[placed.file.0 as usize].as_deref().unwrap();
        Directive { config: self, sources, placed, tree, node: &tree.nodes[placed.node as usize], id }
    }

    /// All directives of a name, in reading order.
    pub fn all<'a>(&'a self, sources: &'a SourceMap, name: Name) -> impl Iterator<Item = Directive<'a>> {
        let ids = self.by_name.get(name as usize).map_or(&[][..], Vec::as_slice);
        ids.iter().map(move |id| self.directive(sources, *id))
    }

    /// The directives that set a field of a request to an upstream, whose first argument `wanted` accepts; in reading order for
    /// each name of a directive. There are very many, with few names of fields.
    pub fn setters_of<'a>(
        &'a self,
        sources: &'a SourceMap,
        wanted: impl Fn(Directive<'a>) -> bool,
    ) -> impl Iterator<Item = Directive<'a>> {
        let groups = self.setters.get_or_init(|| self.group_setters(sources));
        let alike = groups.iter().filter(|ids| ids.first().is_some_and(|id| wanted(self.directive(sources, *id))));
        let mut ids: Vec<DirectiveId> = alike.flatten().copied().collect();
        ids.sort_by_key(|id| (SETTERS.iter().position(|name| *name == self.name(*id)), *id));
        ids.into_iter().map(|id| self.directive(sources, id))
    }

    fn group_setters(&self, sources: &SourceMap) -> Vec<Vec<DirectiveId>> {
        let mut groups: Vec<Vec<DirectiveId>> = Vec::new();
        let mut known: HashMap<(Name, Cow<str>), usize, FixedState> = HashMap::default();
        for directive in SETTERS.iter().flat_map(|name| self.all(sources, *name)) {
            let index = *known.entry((directive.name(), directive.arg(0))).or_insert(groups.len());
            match groups.get_mut(index) {
                Some(group) => group.push(directive.id),
                None => groups.push(vec![directive.id]),
            }
        }
        groups
    }

    /// How many directives of a name there are.
    pub fn count(&self, name: Name) -> usize {
        self.by_name.get(name as usize).map_or(0, Vec::len)
    }

    /// The direct children of a block, or the top level for [`TOP`], in reading order.
    pub fn children<'a>(&'a self, sources: &'a SourceMap, parent: DirectiveId) -> impl Iterator<Item = Directive<'a>> {
        self.placed_children(parent).map(|(id, placed)| self.placed_directive(sources, id, placed))
    }

    /// The same without their texts: enough for who looks for some of them by name.
    pub fn placed_children(&self, parent: DirectiveId) -> impl Iterator<Item = (DirectiveId, &Placed)> {
        let (mut next, end) = match self.placed.get(parent as usize) {
            Some(placed) => (parent + 1, placed.subtree_end),
            None => (0, self.placed.len() as u32),
        };
        std::iter::from_fn(move || {
            let placed = (next < end).then(|| self.placed.get(next as usize)).flatten()?;
            let id = next;
            next = placed.subtree_end.max(id + 1);
            Some((id, placed))
        })
    }

    /// Which directive it is.
    #[inline]
    pub fn name(&self, id: DirectiveId) -> Name {
        self.placed.get(id as usize).map_or(Name::Unknown, |placed| placed.name)
    }
}

/// A directive in force, with its text. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Directive<'a> {
    config: &'a Config,
    sources: &'a SourceMap,
    placed: &'a Placed,
    tree: &'a Tree,
    node: &'a Node,
    /// Its number.
    pub id: DirectiveId,
}

impl std::fmt::Debug for Directive<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} #{}", self.text(), self.id)
    }
}

impl<'a> Directive<'a> {
    #[inline]
    fn source(&self) -> &'a str {
        self.sources.file(self.placed.file).text()
    }

    /// Which directive it is.
    #[inline]
    pub fn name(&self) -> Name {
        self.placed.name
    }

    /// Its name as written, quotes and escapes resolved.
    pub fn name_text(&self) -> Cow<'a, str> {
        self.words().first().map_or(Cow::Borrowed(""), |w| w.value(self.source()))
    }

    /// Its words, the name first.
    #[inline]
    pub fn words(&self) -> &'a [Word] {
        self.tree.words(self.node)
    }

    /// Its arguments as words.
    #[inline]
    pub fn arg_words(&self) -> &'a [Word] {
        self.words().get(1..).unwrap_or_default()
    }

    /// How many arguments it has.
    #[inline]
    pub fn arg_count(&self) -> usize {
        self.node.word_count as usize - 1
    }

    /// The value of an argument, the first is 0; empty if there is none.
    #[inline]
    pub fn arg(&self, index: usize) -> Cow<'a, str> {
        let count = self.node.word_count as usize;
        let word = if index + 1 < count { self.tree.words.get(self.node.first_word as usize + 1 + index) } else { None };
        word.map_or(Cow::Borrowed(""), |w| w.value(self.source()))
    }

    /// The values of all arguments.
    pub fn args(&self) -> impl Iterator<Item = Cow<'a, str>> {
        let source = self.source();
        self.arg_words().iter().map(move |w| w.value(source))
    }

    /// The span of an argument, quotes included; the head if there is none.
    #[inline]
    pub fn arg_span(&self, index: usize) -> Span {
        self.arg_words().get(index).map_or(self.span(), |w| self.tree.word_span(w))
    }

    /// The span of its name.
    pub fn name_span(&self) -> Span {
        self.words().first().map_or(self.span(), |w| self.tree.word_span(w))
    }

    /// Whether a template hole stands in one of its arguments.
    #[inline]
    pub fn has_hole(&self) -> bool {
        self.arg_words().iter().any(|w| w.hole())
    }

    /// From its name to its last argument.
    #[inline]
    pub fn span(&self) -> Span {
        self.tree.head_span(self.node)
    }

    /// With its body, `;` or `}` included.
    pub fn full_span(&self) -> Span {
        self.tree.full_span(self.node)
    }

    /// What follows its words.
    #[inline]
    pub fn body(&self) -> Body {
        self.node.body()
    }

    /// Name and arguments as written, white space folded.
    pub fn text(&self) -> String {
        let span = self.span();
        let mut text = String::with_capacity((span.end - span.start) as usize);
        self.write_text(&mut text);
        text
    }

    /// Writes it behind another text.
    pub fn write_text(&self, out: &mut String) {
        for (index, word) in self.words().iter().enumerate() {
            if index > 0 {
                out.push(' ');
            }
            out.push_str(self.sources.text(self.tree.word_span(word)));
        }
    }

    /// The block it stands in.
    #[inline]
    pub fn parent(&self) -> Option<Directive<'a>> {
        let parent = self.placed.parent;
        (parent != TOP).then(|| self.config.directive(self.sources, parent))
    }

    /// The blocks it stands in, innermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = Directive<'a>> {
        std::iter::successors(self.parent(), Directive::parent)
    }

    /// Its direct children.
    pub fn children(&self) -> impl Iterator<Item = Directive<'a>> {
        self.config.children(self.sources, self.id)
    }

    /// Those of its direct children that have one of these names.
    pub fn children_named(&self, names: &'a [Name]) -> impl Iterator<Item = Directive<'a>> + use<'a> {
        let Directive { config, sources, .. } = *self;
        let wanted = config.placed_children(self.id).filter(move |(_, placed)| names.contains(&placed.name));
        wanted.map(move |(id, placed)| config.placed_directive(sources, id, placed))
    }

    /// The `include` directives through which it came, innermost first.
    pub fn includes(&self) -> impl Iterator<Item = Span> {
        let chains = &self.config.chains;
        let first = chains.get(self.placed.chain as usize);
        std::iter::successors(first, move |c| c.include.and_then(|_| chains.get(c.parent as usize))).filter_map(|c| c.include)
    }
}
