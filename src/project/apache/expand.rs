//! Places every directive where it is in force: includes, macros, variables and conditions.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::conditions::{self, Asked};
use super::config::{
    AS_WRITTEN, Bindings, CERTAIN, Chain, ChainId, Condition, ConditionId, Config, DirectiveId, Expanded, Placed, TOP,
};
use super::defines::{Defines, Value};
use super::include::{Resolver, Target};
use super::load::Loader;
use super::macros::{self, Macros};
use super::modules::Modules;
use crate::finding::Finding;
use crate::source::{FileId, SourceMap};
use crate::syntax::apache::directives;
use crate::syntax::apache::tree::joined;
use crate::syntax::apache::{Body, Name, Node, NodeId, Tree, parse};

/// How long a line may become when variables and parameters are put into it: no more is put in then. httpd has 8 KiB for a line
/// of a macro.
pub(super) const MAX_LINE: usize = 64 << 10;

/// How much text all lines together may have into which something was put.
pub(super) const MAX_EXPANDED: usize = 64 << 20;

/// A text that is placed: a file, or the text of a macro in it.
#[derive(Clone)]
pub(super) struct Origin {
    /// The tree of its file.
    pub(super) tree: Arc<Tree>,
    /// Whether `${` occurs in the file.
    pub(super) variables: bool,
    /// What the macros around put into it, the outermost first.
    pub(super) bindings: Arc<Vec<Bindings>>,
    /// Through which includes and macros it came.
    pub(super) chain: ChainId,
}

/// One configuration while it grows.
pub(super) struct Expansion<'l, 'a, 's> {
    pub(super) loader: &'l mut Loader<'a>,
    pub(super) sources: &'s mut SourceMap,
    pub(super) resolver: Resolver<'a>,
    pub(super) config: Config,
    pub(super) findings: Vec<Finding>,
    pub(super) modules: Modules,
    pub(super) defines: Defines,
    pub(super) macros: Macros,
    /// The innermost condition around that is not decided.
    pub(super) condition: ConditionId,
    /// Whether a directive was met that only the main file of a server has.
    pub(super) is_main: bool,
    /// Whether a `.htaccess` is being placed: what acts while it is read does not act there.
    pub(super) in_htaccess: bool,
    /// How many directives were placed from texts that had been placed before.
    pub(super) repeated: usize,
    pub(super) expanded_bytes: usize,
    /// The files that are being placed, outermost first.
    pub(super) open: Vec<FileId>,
    /// The macros that are being placed, outermost first.
    pub(super) open_macros: Vec<String>,
    /// What each spelling of an include argument stands for, below each `ServerRoot`.
    pub(super) resolved: HashMap<(String, Option<String>), Arc<Vec<Target>>, FixedState>,
    pub(super) limit_told: bool,
}

/// A section or a condition that is open: where it ends, and what was around it.
struct Frame {
    end: NodeId,
    section: Option<DirectiveId>,
    parent: DirectiveId,
    condition: ConditionId,
}

/// What each condition of a tree says, by its node: only where errors of syntax hang on it.
pub(super) type Verdicts = HashMap<NodeId, Option<bool>, FixedState>;

impl<'l, 'a, 's> Expansion<'l, 'a, 's> {
    pub(super) fn new(loader: &'l mut Loader<'a>, sources: &'s mut SourceMap, main: &Path, tree: &Tree) -> Self {
        let resolver = Resolver::new(loader.files, main, &loader.base, loader.settings);
        Self {
            loader,
            sources,
            resolver,
            config: Config::new(tree.file, tree.nodes.len()),
            findings: Vec::new(),
            modules: Modules::default(),
            defines: Defines::default(),
            macros: Macros::default(),
            condition: CERTAIN,
            is_main: false,
            in_htaccess: false,
            repeated: 0,
            expanded_bytes: 0,
            open: Vec::new(),
            open_macros: Vec::new(),
            resolved: HashMap::default(),
            limit_told: false,
        }
    }

    /// Whether every line that may load a module was read so far.
    pub(super) fn is_closed(&self) -> bool {
        !self.config.incomplete
    }

    /// Places a whole file.
    pub(super) fn place_file(&mut self, tree: &Arc<Tree>, parent: DirectiveId, chain: ChainId) {
        let again = !self.register(tree);
        let variables = self.sources.file(tree.file).text().contains("${");
        let origin = Origin { tree: Arc::clone(tree), variables, bindings: Arc::default(), chain };
        self.open.push(tree.file);
        let mut verdicts = Verdicts::default();
        let judged = (!tree.errors.is_empty()).then_some(&mut verdicts);
        self.place(&origin, 0..tree.nodes.len() as NodeId, parent, again, judged);
        self.open.pop();
        self.report_syntax(tree, &verdicts);
    }

    /// Places some nodes of a text.
    pub(super) fn place(
        &mut self,
        origin: &Origin,
        nodes: Range<NodeId>,
        parent: DirectiveId,
        again: bool,
        mut judged: Option<&mut Verdicts>,
    ) {
        let tree = &origin.tree;
        let mut open: Vec<Frame> = Vec::new();
        let mut parent = parent;
        let mut next = nodes.start;
        while next < nodes.end {
            let node_id = next;
            while let Some(frame) = open.pop_if(|frame| frame.end <= node_id) {
                parent = self.leave(&frame);
            }
            let Some(node) = tree.nodes.get(node_id as usize) else { break };
            next += 1;
            self.repeated += usize::from(again);
            if self.is_full(tree.head_span(node)) {
                break;
            }
            let Some((name, expanded)) = self.read(origin, node) else {
                next = node.subtree_end.max(next);
                continue;
            };
            let id = self.config.placed.len() as DirectiveId;
            self.config.placed.push(Placed {
                file: tree.file,
                node: node_id,
                name,
                parent,
                subtree_end: id + 1,
                chain: origin.chain,
                condition: self.condition,
                expanded,
            });
            if conditions::is_condition(name) {
                let outer = self.condition;
                let verdict = self.judge(tree, node, name, expanded);
                if let Some(judged) = &mut judged {
                    judged.insert(node_id, verdict);
                }
                if verdict == Some(false) {
                    self.condition = outer;
                    next = node.subtree_end.max(next);
                } else {
                    open.push(Frame { end: node.subtree_end, section: None, parent, condition: outer });
                }
            } else if name == Name::Macro {
                self.define_macro(origin, node_id, id);
                next = node.subtree_end.max(next);
            } else if matches!(node.body, Body::Section { .. }) {
                open.push(Frame { end: node.subtree_end, section: Some(id), parent, condition: self.condition });
                parent = id;
            } else {
                self.is_main |= parent == TOP && directives::is_of_main(name, &self.arg(id, 0));
                self.act(origin, name, id, parent);
            }
        }
        while let Some(frame) = open.pop() {
            self.leave(&frame);
        }
    }

    /// Closes a frame; the section around it.
    fn leave(&mut self, frame: &Frame) -> DirectiveId {
        let end = self.config.placed.len() as DirectiveId;
        if let Some(placed) = frame.section.and_then(|section| self.config.placed.get_mut(section as usize)) {
            placed.subtree_end = end;
        }
        if std::mem::replace(&mut self.condition, frame.condition) != frame.condition {
            self.defines.leave();
        }
        frame.parent
    }

    /// What a condition says; one that is not decided becomes the innermost around what follows.
    fn judge(&mut self, tree: &Tree, node: &Node, name: Name, expanded: u32) -> Option<bool> {
        let text = self.sources.file(tree.file).text();
        let asked = if let Some(line) = self.config.expanded.get(expanded as usize) {
            self.ask(name, &line.raw, &line.args, line.unknown)
        } else {
            let raw = text.get(node.args_start as usize..node.args_end as usize).unwrap_or_default();
            let words = tree.words(node).get(1..).unwrap_or_default();
            let args: Vec<String> = words.iter().map(|word| word.value(text).into_owned()).collect();
            self.ask(name, &joined(raw), &args, words.iter().any(|word| word.hole))
        };
        let Asked { kind, negated, holds } = asked;
        if holds.is_none() {
            let id = self.config.conditions.len() as ConditionId;
            self.config.conditions.push(Condition { kind, negated, parent: self.condition, span: tree.head_span(node) });
            self.condition = id;
            self.defines.enter();
        }
        holds
    }

    /// What the server reads in a line: its directive, and its number in [`Config::expanded`] if something was put into it.
    /// `None` if nothing is left of it.
    fn read(&mut self, origin: &Origin, node: &Node) -> Option<(Name, u32)> {
        let as_written = Some((node.name, AS_WRITTEN));
        if !origin.variables && origin.bindings.is_empty() {
            return as_written;
        }
        let tree = &origin.tree;
        let raw = self.sources.text(tree.head_span(node));
        if origin.bindings.is_empty() && !raw.contains("${") {
            return as_written;
        }
        let written = raw.len();
        self.expanded_bytes += written;
        let bound = macros::bind(joined(raw), &origin.bindings);
        let filled = self.defines.fill(bound);
        if filled.text == raw && !filled.unknown {
            return as_written;
        }
        let (mut line, mut unknown) = (filled.text.into_owned(), filled.unknown);
        if line.len() > MAX_LINE {
            (line, unknown) = (raw.to_owned(), true);
            let message =
                format!("this line is longer than {} KiB with what is put into it: its arguments are unknown", MAX_LINE >> 10);
            self.report(Finding::new("limit-reached", tree.head_span(node), message));
        }
        self.expanded_bytes += line.len().saturating_sub(written);
        if matches!(node.body, Body::Section { .. }) {
            line.push('>');
        }
        let cut = parse(tree.file, &line);
        let first = cut.nodes.first()?;
        let args = cut.words(first).iter().skip(1).map(|word| word.value(&line).into_owned()).collect();
        let raw = line.get(first.args_start as usize..first.args_end as usize).unwrap_or_default().to_owned();
        let number = self.config.expanded.len() as u32;
        self.config.expanded.push(Expanded { args, raw, unknown });
        Some((first.name, number))
    }

    /// What acts while it is read.
    fn act(&mut self, origin: &Origin, name: Name, id: DirectiveId, parent: DirectiveId) {
        match name {
            Name::Use => self.use_macro(origin, id, parent),
            Name::UndefMacro => self.undefine_macro(id),
            // In a `.htaccess` these are refused.
            _ if self.in_htaccess => {}
            Name::Include => self.include(origin, id, parent, false),
            Name::IncludeOptional => self.include(origin, id, parent, true),
            Name::Define => {
                let (name, text) = (self.arg(id, 0).into_owned(), self.arg(id, 1).into_owned());
                let has_value = self.config.directive(self.sources, id).arg_count() > 1;
                let value = has_value.then(|| Value { text, unknown: self.is_unknown(id) });
                self.defines.define(&name, value);
            }
            Name::UnDefine => {
                let name = self.arg(id, 0).into_owned();
                self.defines.undefine(&name);
            }
            Name::LoadModule => {
                let identifier = self.arg(id, 0).into_owned();
                self.modules.load(&identifier, self.condition == CERTAIN);
            }
            Name::ServerRoot if !self.is_unknown(id) => {
                self.config.server_root = Some(self.arg(id, 0).into_owned());
            }
            _ => {}
        }
    }

    /// The value of an argument of a placed directive.
    pub(super) fn arg(&self, id: DirectiveId, index: usize) -> Cow<'_, str> {
        self.config.directive(self.sources, id).arg(index)
    }

    /// Whether the arguments of a placed directive are not known.
    pub(super) fn is_unknown(&self, id: DirectiveId) -> bool {
        self.config.directive(self.sources, id).is_unknown()
    }

    /// A step of inclusion by a placed directive.
    pub(super) fn step(&mut self, id: DirectiveId, chain: ChainId) -> ChainId {
        let inner = self.config.chains.len() as ChainId;
        let include = Some(self.config.directive(self.sources, id).span());
        self.config.chains.push(Chain { include, parent: chain });
        inner
    }

    /// Gives the configuration away.
    pub(super) fn finish(mut self, partial: bool) -> (Config, Vec<Finding>) {
        let closed = self.is_closed();
        (self.config.modules, self.config.modules_complete) = self.modules.finish(closed);
        self.config.partial = partial;
        self.config.index();
        (self.config, self.findings)
    }

    /// Whether one of these directives was placed.
    pub(super) fn has_any(&self, names: &[Name]) -> bool {
        self.config.placed.iter().any(|placed| names.contains(&placed.name))
    }
}
