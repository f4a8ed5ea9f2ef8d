//! Reads the main file and what it includes, and places every directive where it is in force.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use foldhash::fast::FixedState;

use super::config::{Chain, ChainId, Config, DirectiveId, Placed, TOP};
use super::context;
use super::include::{Resolver, Target};
use super::shipped;
use crate::files::{Files, display, normalize};
use crate::finding::{Applicability, Edit, Finding, Severity};
use crate::project::glob::is_pattern;
use crate::project::reading::{self, Unreadable};
use crate::settings::Settings;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::nginx::{Name, NodeId, Tree, parse, parse_part};

/// How deep includes may nest. nginx itself ends when it runs out of file descriptors.
const MAX_DEPTH: usize = 64;

/// How many directives one configuration may have, each place of inclusion counted.
const MAX_PLACED: usize = 2_000_000;

/// How many of them may come from files that were included before. Thousands of servers that share their snippets stay far below.
const MAX_REPEATED: usize = 1_000_000;

/// How files end that are rendered before the server reads them, where the text itself may not show it.
const TEMPLATES: &[&str] = &["template", "tmpl", "tpl", "envsubst"];

/// A configuration and what was wrong while it was read.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Syntax errors, includes that cannot be read, limits; in reading order.
    pub findings: Vec<Finding>,
}

/// Loads one configuration. `base` is the root of the checked tree: paths are shown relative to it, and files outside it are
/// read only where the settings say that this machine is the one the configuration runs on.
pub fn load(files: &dyn Files, sources: &mut SourceMap, main: &Path, base: &Path, settings: &Settings) -> Loaded {
    Loader::new(files, base, settings).load(sources, main)
}

/// Loads configurations of one tree. A file that several of them (or several places of one) include is read and parsed once,
/// and its syntax errors are reported once.
pub struct Loader<'a> {
    files: &'a dyn Files,
    base: PathBuf,
    settings: &'a Settings,
    cache: HashMap<PathBuf, Result<Arc<Tree>, Unreadable>, FixedState>,
    reported: HashSet<(Span, &'static str), FixedState>,
    max_placed: usize,
}

impl<'a> Loader<'a> {
    /// A loader that has read nothing yet.
    pub fn new(files: &'a dyn Files, base: &Path, settings: &'a Settings) -> Self {
        Self {
            files,
            base: normalize(base),
            settings,
            cache: HashMap::default(),
            reported: HashSet::default(),
            max_placed: MAX_PLACED,
        }
    }

    /// Loads the configuration that starts at a file.
    pub fn load(&mut self, sources: &mut SourceMap, main: &Path) -> Loaded {
        let main = normalize(main);
        match self.tree(sources, &main) {
            Ok(tree) => self.expand(sources, &main, &tree),
            Err(why) => {
                let file = sources.add(display(&main, &self.base), Vec::new());
                let mut loaded = self.expand(sources, &main, &Arc::new(Tree::new(file)));
                let (rule, reason) = why.rule_and_reason();
                loaded.config.incomplete = true;
                loaded.findings.push(Finding::new(rule, Span::new(file, 0, 0), format!("this file {reason}")));
                loaded
            }
        }
    }

    /// Loads the configuration that starts at a file whose text is at hand: standard input, an unsaved buffer.
    pub fn load_text(&mut self, sources: &mut SourceMap, main: &Path, bytes: Vec<u8>) -> Loaded {
        let main = normalize(main);
        let parsed = self.parse(sources, &main, bytes);
        self.cache.insert(main.clone(), parsed);
        self.load(sources, &main)
    }

    /// Loads a configuration that stands inside of a file of another language.
    pub fn load_within(&mut self, sources: &mut SourceMap, main: &Path, part: Span) -> Loaded {
        let file = sources.file(part.file);
        let tree = parse_part(file.text(), part, file.position(part.start).line as usize);
        self.expand(sources, &normalize(main), &Arc::new(tree))
    }

    fn expand(&mut self, sources: &mut SourceMap, main: &Path, tree: &Arc<Tree>) -> Loaded {
        let config = Config {
            main: tree.file,
            trees: Vec::new(),
            placed: Vec::with_capacity(tree.nodes.len()),
            chains: vec![Chain { include: None, parent: 0 }],
            by_name: Vec::new(),
            guessed_context: Vec::new(),
            incomplete: false,
            shipped: Vec::new(),
            setters: OnceLock::new(),
        };
        let settings = self.settings;
        let resolver = Resolver::new(self.files, main, &self.base, settings);
        let mut expansion = Expansion {
            loader: self,
            sources,
            resolver,
            config,
            findings: Vec::new(),
            repeated: 0,
            open: Vec::new(),
            resolved: HashMap::default(),
            limit_told: false,
        };
        expansion.place_tree(tree, TOP, 0);
        let Expansion { mut config, findings, .. } = expansion;
        config.by_name = by_name(&config.placed);
        let around = settings.hint(main).and_then(|hint| hint.around);
        config.guessed_context =
            around.map_or_else(|| context::guess(&config, sources), |around| context::blocks(around).to_vec());
        Loaded { config, findings }
    }

    /// The tree of a file, read and parsed at the first call.
    fn tree(&mut self, sources: &mut SourceMap, path: &Path) -> Result<Arc<Tree>, Unreadable> {
        if let Some(known) = self.cache.get(path) {
            return known.clone();
        }
        let parsed = reading::read(self.files, path).and_then(|bytes| self.parse(sources, path, bytes));
        self.cache.insert(path.to_owned(), parsed.clone());
        parsed
    }

    fn parse(&self, sources: &mut SourceMap, path: &Path, bytes: Vec<u8>) -> Result<Arc<Tree>, Unreadable> {
        reading::check_size(&bytes)?;
        let file = sources.add(display(path, &self.base), bytes);
        let text = sources.file(file).text();
        let mut tree = parse(file, text);
        if self.takes_environment(path) {
            tree.take_environment(text);
        }
        Ok(Arc::new(tree))
    }

    /// Whether `envsubst` renders a file, by what the user or its name says: nginx's own image does so with `*.template`.
    fn takes_environment(&self, path: &Path) -> bool {
        let by_name = path.extension().is_some_and(|end| TEMPLATES.iter().any(|template| end == *template));
        by_name || self.settings.hint(path).is_some_and(|hint| hint.envsubst)
    }

    /// The tree of a file that comes with nginx.
    fn shipped_tree(&mut self, sources: &mut SourceMap, name: &'static str, text: &str) -> Arc<Tree> {
        let path = PathBuf::from(format!("<nginx>/{name}"));
        if let Some(Ok(known)) = self.cache.get(&path) {
            return Arc::clone(known);
        }
        let file = sources.add(format!("<nginx>/{name}"), text.as_bytes().to_vec());
        let tree = Arc::new(parse(file, text));
        self.cache.insert(path, Ok(Arc::clone(&tree)));
        tree
    }
}

/// The directives of each name, ascending.
fn by_name(placed: &[Placed]) -> Vec<Vec<DirectiveId>> {
    let mut counts = vec![0usize; Name::COUNT];
    for directive in placed {
        counts[directive.name as usize] += 1;
    }
    let mut ids: Vec<Vec<DirectiveId>> = counts.into_iter().map(Vec::with_capacity).collect();
    for (id, directive) in placed.iter().enumerate() {
        ids[directive.name as usize].push(id as DirectiveId);
    }
    ids
}

/// One configuration while it grows.
struct Expansion<'l, 'a, 's> {
    loader: &'l mut Loader<'a>,
    sources: &'s mut SourceMap,
    resolver: Resolver<'a>,
    config: Config,
    findings: Vec<Finding>,
    /// How many directives were placed from files that had been placed before.
    repeated: usize,
    /// The files that are being placed, outermost first.
    open: Vec<FileId>,
    /// What each spelling of an include argument stands for.
    resolved: HashMap<String, Arc<Vec<Target>>, FixedState>,
    limit_told: bool,
}

impl Expansion<'_, '_, '_> {
    fn place_tree(&mut self, tree: &Arc<Tree>, parent: DirectiveId, chain: ChainId) {
        let again = !self.register(tree);
        self.open.push(tree.file);
        // Blocks of this tree that are still open: one past their last node, and their number.
        let mut blocks: Vec<(NodeId, DirectiveId)> = Vec::new();
        let outer_is_data = self.holds_data(parent);
        for (node_id, node) in tree.nodes.iter().enumerate() {
            let node_id = node_id as NodeId;
            while let Some((_, block)) = blocks.pop_if(|(end, _)| *end <= node_id) {
                self.close(block);
            }
            self.repeated += usize::from(again);
            if self.config.placed.len() >= self.loader.max_placed || self.repeated > MAX_REPEATED {
                self.report_limit(tree.head_span(node));
                break;
            }
            let id = self.config.placed.len() as DirectiveId;
            let parent = blocks.last().map_or(parent, |(_, block)| *block);
            // The parser cannot know that a file is included in the body of a `map`: there its words are data.
            let name = if outer_is_data && blocks.is_empty() && node.name != Name::Include { Name::Entry } else { node.name };
            self.config.placed.push(Placed { file: tree.file, node: node_id, name, parent, subtree_end: id + 1, chain });
            if node.subtree_end > node_id + 1 {
                blocks.push((node.subtree_end, id));
            }
            if name == Name::Include {
                self.include(tree, node_id, parent, chain);
            }
        }
        while let Some((_, block)) = blocks.pop() {
            self.close(block);
        }
        self.open.pop();
    }

    fn close(&mut self, block: DirectiveId) {
        let end = self.config.placed.len() as DirectiveId;
        if let Some(placed) = self.config.placed.get_mut(block as usize) {
            placed.subtree_end = end;
        }
    }

    fn holds_data(&self, parent: DirectiveId) -> bool {
        self.config.placed.get(parent as usize).is_some_and(|p| {
            matches!(p.name, Name::Map | Name::Geo | Name::Geoip2 | Name::Types | Name::SplitClients | Name::CharsetMap)
        })
    }

    /// Stores a tree and reports, once, what is wrong in it. Whether the tree is new here.
    fn register(&mut self, tree: &Arc<Tree>) -> bool {
        if !reading::keep(&mut self.config.trees, tree.file, tree) {
            return false;
        }
        for error in &tree.errors {
            let mut finding = Finding::new("syntax-error", error.span, error.message.clone());
            finding.help = error.help.clone().map(Into::into);
            if let Some(at) = error.semicolon {
                let edit = Edit::insert(error.span.file, at, ";");
                finding = finding.fix(Applicability::Unsafe, "end the directive", vec![edit]);
            }
            self.report(finding);
        }
        let among_words = || tree.words.iter().find(|w| w.hole()).map(|w| tree.word_span(w));
        if let Some(hole) = tree.holes.first().copied().or_else(|| tree.templated.then(among_words).flatten()) {
            self.report_template(hole, tree.file);
        }
        true
    }

    fn report_template(&mut self, hole: Span, file: FileId) {
        // Once for each file, whatever the number of holes.
        if self.loader.reported.insert((Span::new(file, 0, 0), "templated-file")) {
            self.findings.push(reading::template(hole));
        }
    }

    /// Reports a finding unless the same rule has already spoken at this place (a file may be included many times).
    fn report(&mut self, finding: Finding) {
        if self.loader.reported.insert((finding.primary, finding.rule)) {
            self.findings.push(finding);
        }
    }

    fn report_limit(&mut self, at: Span) {
        self.config.incomplete = true;
        // Every file that is still open meets the limit as well.
        if std::mem::replace(&mut self.limit_told, true) {
            return;
        }
        let most = if self.repeated > MAX_REPEATED { MAX_REPEATED } else { self.loader.max_placed };
        let message = format!("more than {most} directives, each place of inclusion counted: the rest is not read");
        self.report(Finding::new("limit-reached", at, message));
    }

    fn include(&mut self, tree: &Arc<Tree>, node: NodeId, parent: DirectiveId, chain: ChainId) {
        let Some(node) = tree.nodes.get(node as usize) else { return };
        let span = tree.head_span(node);
        // A wrong number of arguments is reported by the check of arguments.
        let Some(word) = tree.words(node).get(1) else { return };
        if word.hole() {
            self.config.incomplete = true;
            self.report_template(tree.word_span(word), tree.file);
            return;
        }
        if self.open.len() > MAX_DEPTH {
            self.config.incomplete = true;
            self.report(Finding::new(
                "limit-reached",
                span,
                format!("includes nest deeper than {MAX_DEPTH}: this one is not read"),
            ));
            return;
        }
        let argument = word.value(self.sources.file(tree.file).text()).into_owned();
        let targets = if let Some(known) = self.resolved.get(&argument) {
            Arc::clone(known)
        } else {
            let targets = Arc::new(self.resolver.resolve(&argument));
            self.resolved.insert(argument.clone(), Arc::clone(&targets));
            targets
        };
        if targets.is_empty() {
            return;
        }
        let inner = self.config.chains.len() as ChainId;
        self.config.chains.push(Chain { include: Some(span), parent: chain });
        for target in targets.iter() {
            self.include_target(target, &argument, span, parent, inner);
        }
    }

    fn include_target(&mut self, target: &Target, argument: &str, span: Span, parent: DirectiveId, chain: ChainId) {
        match target {
            Target::File(path) => match self.loader.tree(self.sources, path) {
                Ok(included) if self.open.contains(&included.file) => {
                    self.config.incomplete = true;
                    let shown = &self.sources.file(included.file).path;
                    let message = format!("`{shown}` is included while it is itself being read: an endless circle");
                    self.report(
                        Finding::new("limit-reached", span, message).help("nginx ends with \"Too many open files\" here"),
                    );
                }
                Ok(included) => self.place_tree(&included, parent, chain),
                Err(why) => {
                    self.config.incomplete = true;
                    let (rule, reason) = why.rule_and_reason();
                    let shown = display(path, &self.loader.base);
                    self.report(Finding::new(rule, span, format!("included file `{shown}` {reason}")));
                }
            },
            Target::Shipped(name) => {
                let Some(text) = shipped::text(name) else { return };
                let included = self.loader.shipped_tree(self.sources, name, text);
                if !self.config.shipped.contains(&included.file) {
                    self.config.shipped.push(included.file);
                }
                if !self.open.contains(&included.file) {
                    self.place_tree(&included, parent, chain);
                }
            }
            Target::Missing { looked_for, outside } => {
                self.config.incomplete = true;
                let shown = display(looked_for, &self.loader.base);
                let finding = if *outside {
                    let message = format!("include of `{argument}` lies outside the checked tree and is not read");
                    Finding::new("unresolved-include", span, message)
                        .help("map the path with `include-map`, or pass `--host` if the configuration runs on this machine")
                } else if is_pattern(argument) {
                    // nginx takes a pattern that matches nothing for granted, and folders for additions are often not in the tree.
                    Finding::new("unresolved-include", span, format!("no folder for `include {argument}`: looked for `{shown}`"))
                        .severity(Severity::Info)
                        .help("what it brings on the server is unknown; map the path with `include-map` if it is elsewhere in the tree")
                } else {
                    Finding::new("unresolved-include", span, format!("included file not found: looked for `{shown}`"))
                        .help("paths start from the folder of the main file; where that is elsewhere in the tree, say so in lint401.toml: [include-map] \"/etc/nginx/\" = \"…\"")
                };
                self.report(finding);
            }
        }
    }
}

#[cfg(test)]
mod tests;
