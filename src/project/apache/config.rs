//! The expanded configuration: every directive at every place where it is in force.

use std::borrow::Cow;
use std::sync::Arc;

use crate::source::{FileId, SourceMap, Span};
use crate::syntax::apache::{Body, Name, Node, NodeId, Tree, Word};

/// Number of a [`Placed`] directive in [`Config::placed`].
pub type DirectiveId = u32;

/// Number of a [`Chain`]; 0 is the main file itself.
pub type ChainId = u32;

/// Number of a [`Condition`] in [`Config::conditions`].
pub type ConditionId = u32;

/// Stands for "no parent": the directive is at the top level.
pub const TOP: DirectiveId = u32::MAX;

/// Stands for "no condition": the directive is certainly in force.
pub const CERTAIN: ConditionId = u32::MAX;

/// Stands for "the words of the tree are the words".
pub const AS_WRITTEN: u32 = u32::MAX;

/// A directive at a place of inclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The file it is written in.
    pub file: FileId,
    /// Its node in the tree of that file.
    pub node: NodeId,
    /// Which directive it is.
    pub name: Name,
    /// The section it stands in, or [`TOP`]. `Include`, `Use` and the conditions (`<IfModule>`, `<IfDefine>`, `<IfVersion>`,
    /// `<IfFile>`, `<IfDirective>`, `<IfSection>`) are no sections: they are placed without children, and what they bring
    /// stands behind them in the section around them.
    pub parent: DirectiveId,
    /// One past the last directive of its subtree.
    pub subtree_end: DirectiveId,
    /// Through which includes and macros it came.
    pub chain: ChainId,
    /// The innermost condition around it that the files do not decide, or [`CERTAIN`]. Directives under a condition that does
    /// certainly not hold are not placed.
    pub condition: ConditionId,
    /// Its arguments in [`Config::expanded`] where `${VAR}` or parameters of a macro were put in, or [`AS_WRITTEN`].
    pub expanded: u32,
}

/// Arguments after `${VAR}` and the parameters of macros were put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The arguments, the name left out.
    pub args: Vec<String>,
    /// All arguments as one raw text.
    pub raw: String,
    /// Whether one of them holds a `${VAR}` that is not defined in the files: its value is unknown.
    pub unknown: bool,
}

/// What a condition asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConditionKind {
    /// `<IfModule>`: whether a module is loaded; its name in the form `mod_rewrite`, in lower case.
    Module(String),
    /// `<IfDefine>`: whether a name is defined.
    Define(String),
    /// `<IfVersion>`: the text of its arguments.
    Version(String),
    /// `<IfFile>`: whether a path exists.
    File(String),
    /// `<IfDirective>`: whether a directive is known.
    Directive(String),
    /// `<IfSection>`: whether a section is known.
    Section(String),
}

/// A condition that the files do not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it asks.
    pub kind: ConditionKind,
    /// Whether it holds if the answer is no (`<IfModule !mod_x.c>`).
    pub negated: bool,
    /// The undecided condition around it, or [`CERTAIN`]: both must hold.
    pub parent: ConditionId,
    /// The head of its section.
    pub span: Span,
}

/// The values of a macro's parameters, `$name` or `%name` or `@name` → text.
pub type Bindings = Vec<(String, String)>;

/// One step of inclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The `Include` or `Use` directive; `None` for the main file and for a `.htaccess`.
    pub include: Option<Span>,
    /// How the file with that directive was reached.
    pub parent: ChainId,
}

/// A `.htaccess` file: a range of [`Config::placed`] with [`TOP`] as parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Htaccess {
    /// The file.
    pub file: FileId,
    /// The folder that it governs as the server names it, without a slash at the end: `/var/www/site/wp-admin`. Where no virtual
    /// host names the tree, [`DOCUMENT_ROOT`] stands for the topmost folder.
    pub folder: String,
    /// Its directives: first, and one past the last.
    pub first: DirectiveId,
    /// One past the last directive.
    pub end: DirectiveId,
}

/// Stands for the document root of a `.htaccess` tree that no virtual host names.
pub const DOCUMENT_ROOT: &str = "/document-root";

/// A loaded configuration: the server's own files and the `.htaccess` files below the folders it serves, or a tree of `.htaccess`
/// files alone. Directives stand in the order in which the server reads them, each before its children.
#[derive(Debug)]
pub struct Config {
    /// The main file; of a tree of `.htaccess` files the topmost one.
    pub main: FileId,
    /// The trees of all files that take part, by file number.
    pub trees: Vec<Option<Arc<Tree>>>,
    /// All directives: those of the server first (`0 .. server_end`), then those of each `.htaccess`.
    pub placed: Vec<Placed>,
    /// One past the last directive of the server's own files; 0 for a tree of `.htaccess` files alone.
    pub server_end: DirectiveId,
    /// The `.htaccess` files, sorted by folder: an outer folder stands before the inner ones.
    pub htaccess: Vec<Htaccess>,
    /// All inclusions; number 0 is the main file.
    pub chains: Vec<Chain>,
    /// The conditions that are not decided.
    pub conditions: Vec<Condition>,
    /// Arguments into which something was put.
    pub expanded: Vec<Expanded>,
    /// The directives of each name, ascending: index it with `Name as usize`.
    pub by_name: Vec<Vec<DirectiveId>>,
    /// The modules that are certainly loaded (`mod_rewrite`), sorted; and whether no other can be.
    pub modules: Vec<String>,
    /// Whether every module that is loaded is in `modules`.
    pub modules_complete: bool,
    /// `ServerRoot` as the server names it, if the files tell it.
    pub server_root: Option<String>,
    /// The files that come with a package and are not in the tree.
    pub shipped: Vec<FileId>,
    /// Whether something may be in force that is not in `placed`: an include could not be read, or a limit was reached.
    pub incomplete: bool,
    /// Whether the main file is a part of a configuration (a lone virtual host): server-wide directives may stand elsewhere.
    pub partial: bool,
}

impl Config {
    /// A configuration without directives yet.
    pub(super) fn new(main: FileId, nodes: usize) -> Self {
        Self {
            main,
            trees: Vec::new(),
            placed: Vec::with_capacity(nodes),
            server_end: 0,
            htaccess: Vec::new(),
            chains: vec![Chain { include: None, parent: 0 }],
            conditions: Vec::new(),
            expanded: Vec::new(),
            by_name: Vec::new(),
            modules: Vec::new(),
            modules_complete: false,
            server_root: None,
            shipped: Vec::new(),
            incomplete: false,
            partial: false,
        }
    }

    /// Fills [`Config::by_name`].
    pub(super) fn index(&mut self) {
        let mut counts = vec![0usize; Name::COUNT];
        for directive in &self.placed {
            counts[directive.name as usize] += 1;
        }
        self.by_name = counts.into_iter().map(Vec::with_capacity).collect();
        for (id, directive) in self.placed.iter().enumerate() {
            self.by_name[directive.name as usize].push(id as DirectiveId);
        }
    }

    /// A directive with what is needed to read it.
    #[inline]
    pub fn directive<'a>(&'a self, sources: &'a SourceMap, id: DirectiveId) -> Directive<'a> {
        Directive { config: self, sources, id }
    }

    /// All directives of a name, in reading order.
    pub fn all<'a>(&'a self, sources: &'a SourceMap, name: Name) -> impl Iterator<Item = Directive<'a>> {
        let ids = self.by_name.get(name as usize).map_or(&[][..], Vec::as_slice);
        ids.iter().map(move |id| self.directive(sources, *id))
    }

    /// The direct children of a section in reading order.
    pub fn children<'a>(&'a self, sources: &'a SourceMap, parent: DirectiveId) -> impl Iterator<Item = Directive<'a>> {
        let (first, end) = self.placed.get(parent as usize).map_or((0, 0), |placed| (parent + 1, placed.subtree_end));
        self.within(sources, first, end)
    }

    /// The top level of the server's own files, in reading order.
    pub fn top<'a>(&'a self, sources: &'a SourceMap) -> impl Iterator<Item = Directive<'a>> {
        self.within(sources, 0, self.server_end)
    }

    /// The top level of a `.htaccess`, in reading order.
    pub fn top_of<'a>(&'a self, sources: &'a SourceMap, htaccess: &Htaccess) -> impl Iterator<Item = Directive<'a>> {
        self.within(sources, htaccess.first, htaccess.end)
    }

    /// The directives of one level: from `first` to `end`, subtrees left out.
    fn within<'a>(&'a self, sources: &'a SourceMap, first: u32, end: u32) -> impl Iterator<Item = Directive<'a>> {
        let mut next = first;
        std::iter::from_fn(move || {
            let placed = (next < end).then(|| self.placed.get(next as usize)).flatten()?;
            let id = next;
            next = placed.subtree_end.max(id + 1);
            Some(self.directive(sources, id))
        })
    }

    /// The `.htaccess` that a directive stands in; `None` for the server's own files.
    pub fn htaccess_of(&self, id: DirectiveId) -> Option<&Htaccess> {
        // Both the files and their directives are sorted.
        let at = self.htaccess.partition_point(|h| h.end <= id);
        self.htaccess.get(at).filter(|h| h.first <= id)
    }
}

/// A directive in force, with its text. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Directive<'a> {
    config: &'a Config,
    sources: &'a SourceMap,
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
    fn placed(&self) -> &'a Placed {
        &self.config.placed[self.id as usize]
    }

    #[inline]
    fn tree(&self) -> &'a Tree {
        // Every placed directive comes from a tree that the loader stored.
        #[expect(clippy::unwrap_used, reason = "the loader stores the tree before it places its nodes")]
        self.config.trees[self.placed().file.0 as usize].as_deref().unwrap()
    }

    #[inline]
    fn node(&self) -> &'a Node {
        &self.tree().nodes[self.placed().node as usize]
    }

    #[inline]
    fn source(&self) -> &'a str {
        self.sources.file(self.placed().file).text()
    }

    #[inline]
    fn expanded(&self) -> Option<&'a Expanded> {
        self.config.expanded.get(self.placed().expanded as usize)
    }

    /// Which directive it is.
    #[inline]
    pub fn name(&self) -> Name {
        self.placed().name
    }

    /// Its name as written, of a section with `<` in front.
    pub fn name_text(&self) -> Cow<'a, str> {
        self.words().first().map_or(Cow::Borrowed(""), |w| w.value(self.source()))
    }

    /// Its words as written, the name first.
    #[inline]
    pub fn words(&self) -> &'a [Word] {
        self.tree().words(self.node())
    }

    /// How many arguments it has, as `ap_getword_conf` cuts them.
    #[inline]
    pub fn arg_count(&self) -> usize {
        self.expanded().map_or(self.words().len().saturating_sub(1), |e| e.args.len())
    }

    /// The value of an argument, the first is 0; empty if there is none.
    #[inline]
    pub fn arg(&self, index: usize) -> Cow<'a, str> {
        if let Some(expanded) = self.expanded() {
            return expanded.args.get(index).map_or(Cow::Borrowed(""), |a| Cow::Borrowed(a.as_str()));
        }
        let (tree, node) = (self.tree(), self.node());
        let has_it = index + 1 < node.word_count as usize;
        let word = if has_it { tree.words.get(node.first_word as usize + 1 + index) } else { None };
        word.map_or(Cow::Borrowed(""), |w| w.value(self.source()))
    }

    /// The values of all arguments.
    pub fn args(self) -> impl Iterator<Item = Cow<'a, str>> {
        (0..self.arg_count()).map(move |index| self.arg(index))
    }

    /// All arguments as one raw text, quotes and all; continued lines are joined.
    pub fn raw_args(&self) -> Cow<'a, str> {
        if let Some(expanded) = self.expanded() {
            return Cow::Borrowed(expanded.raw.as_str());
        }
        let node = self.node();
        let text = self.source().get(node.args_start as usize..node.args_end as usize).unwrap_or_default();
        if text.contains('\\') {
            return Cow::Owned(text.replace("\\\r\n", "").replace("\\\n", ""));
        }
        Cow::Borrowed(text)
    }

    /// The span of an argument as written, quotes included; the head if there is none.
    #[inline]
    pub fn arg_span(&self, index: usize) -> Span {
        self.words().get(index + 1).map_or(self.span(), |w| self.tree().word_span(w))
    }

    /// The span of its name.
    pub fn name_span(&self) -> Span {
        self.words().first().map_or(self.span(), |w| self.tree().word_span(w))
    }

    /// Whether the value of an argument is not known: a template hole, or a `${VAR}` that the files do not define.
    #[inline]
    pub fn is_unknown(&self) -> bool {
        self.expanded().is_some_and(|e| e.unknown) || self.words().iter().any(|w| w.hole)
    }

    /// From its name to its last argument.
    #[inline]
    pub fn span(&self) -> Span {
        self.tree().head_span(self.node())
    }

    /// With its body, the closing tag included.
    pub fn full_span(&self) -> Span {
        self.tree().full_span(self.node())
    }

    /// Whether the opening line of a section has its `>`. `<Files>` without arguments needs none.
    pub fn is_closed_head(&self) -> bool {
        match self.node().body {
            Body::Section { open, .. } => self.source().as_bytes().get(open as usize) == Some(&b'>'),
            Body::Line => true,
        }
    }

    /// Whether it is a section.
    pub fn is_section(&self) -> bool {
        matches!(self.node().body, Body::Section { .. })
    }

    /// Name and arguments as written, white space folded; a section with its brackets (`<Directory /var/www>`).
    pub fn text(&self) -> String {
        let words = self.words().iter().map(|w| self.sources.text(self.tree().word_span(w)));
        let mut text = words.collect::<Vec<_>>().join(" ");
        if self.is_section() {
            text.push('>');
        }
        text
    }

    /// The innermost condition around it that is not decided, or [`CERTAIN`].
    pub fn condition(&self) -> ConditionId {
        self.placed().condition
    }

    /// The section it stands in.
    #[inline]
    pub fn parent(&self) -> Option<Directive<'a>> {
        let parent = self.placed().parent;
        (parent != TOP).then(|| self.config.directive(self.sources, parent))
    }

    /// The sections it stands in, innermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = Directive<'a>> {
        std::iter::successors(self.parent(), Directive::parent)
    }

    /// Its direct children.
    pub fn children(&self) -> impl Iterator<Item = Directive<'a>> {
        self.config.children(self.sources, self.id)
    }

    /// The `.htaccess` it stands in.
    pub fn htaccess(&self) -> Option<&'a Htaccess> {
        self.config.htaccess_of(self.id)
    }

    /// The `Include` and `Use` directives through which it came, innermost first.
    pub fn includes(&self) -> impl Iterator<Item = Span> {
        let chains = &self.config.chains;
        let first = chains.get(self.placed().chain as usize);
        std::iter::successors(first, move |c| c.include.and_then(|_| chains.get(c.parent as usize))).filter_map(|c| c.include)
    }
}
