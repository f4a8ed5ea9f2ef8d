//! The places where the stages meet: each function calls one stage.

use std::collections::BTreeMap;
use std::path::Path;

use crate::discover::{self, Dialect, Root};
use crate::files::{Files, Memory};
use crate::finding::Finding;
use crate::model::from::apache::Host;
use crate::model::from::edge::EdgeSite;
use crate::model::from::nginx::Server;
use crate::model::from::{self, Lookup};
use crate::model::{Paths, Request, Site};
use crate::project::{apache, edge, nginx};
use crate::settings::Settings;
use crate::source::{FileId, SourceMap, Span};
use crate::suppress::{self, Commented, Ignore};
use crate::syntax;

/// A loaded configuration.
pub enum Config {
    /// Of nginx.
    Nginx(nginx::Config),
    /// Of Apache, or a tree of `.htaccess` files.
    Apache(apache::Config),
    /// The YAML of a CDN, a gateway or an ingress.
    Edge(edge::Config),
}

/// The sites of a configuration.
pub enum Sites<'a> {
    /// The servers of nginx.
    Nginx(Vec<Server<'a>>),
    /// The virtual hosts of Apache.
    Apache(Vec<Host<'a>>),
    /// The distributions, routes or ingresses of a file.
    Edge(Vec<EdgeSite>),
}

impl Config {
    /// The main file.
    pub fn main(&self) -> FileId {
        match self {
            Self::Nginx(config) => config.main,
            Self::Apache(config) => config.main,
            Self::Edge(config) => config.main,
        }
    }

    /// What it is.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Nginx(_) => Dialect::Nginx,
            Self::Apache(config) if config.server_end == 0 && !config.htaccess.is_empty() => Dialect::Htaccess,
            Self::Apache(_) => Dialect::Apache,
            Self::Edge(_) => Dialect::Edge(None),
        }
    }

    /// The languages of a file of edge rules: the dialects of its documents, and nginx where it stands in it.
    pub fn languages(&self) -> Vec<&'static str> {
        let Self::Edge(config) = self else { return Vec::new() };
        let inside = (!config.nginx.is_empty()).then_some("nginx");
        config.dialects().into_iter().map(discover::edge::Dialect::id).chain(inside).collect()
    }

    /// Whether a file is one that comes with the server and is not in the tree.
    pub fn is_shipped(&self, file: FileId) -> bool {
        match self {
            Self::Nginx(config) => config.shipped.contains(&file),
            Self::Apache(config) => config.shipped.contains(&file),
            Self::Edge(_) => false,
        }
    }

    /// The `.htaccess` files that were taken in.
    pub fn htaccess(&self) -> impl Iterator<Item = FileId> {
        let files = match self {
            Self::Nginx(_) | Self::Edge(_) => &[][..],
            Self::Apache(config) => &config.htaccess,
        };
        files.iter().map(|htaccess| htaccess.file)
    }

    /// The directive that brought each file that was included, the first one of several.
    pub fn includes(&self) -> BTreeMap<FileId, Span> {
        match self {
            // The main file alone.
            Self::Nginx(config) if config.chains.len() < 2 => BTreeMap::new(),
            Self::Nginx(config) => first_includes(config.placed.iter().map(|placed| {
                let chain = config.chains.get(placed.chain as usize);
                (placed.file, chain.and_then(|chain| chain.include))
            })),
            Self::Apache(config) => first_includes(config.placed.iter().map(|placed| {
                let chain = config.chains.get(placed.chain as usize);
                (placed.file, chain.and_then(|chain| chain.include))
            })),
            Self::Edge(_) => BTreeMap::new(),
        }
    }
}

/// The comments of a configuration that accept findings, with what each governs.
pub fn ignores(config: &Config, sources: &SourceMap) -> Vec<Ignore> {
    let mut found = Vec::new();
    for (id, file) in sources.iter() {
        if !suppress::is_mentioned(file.text()) {
            continue;
        }
        // Heads and whole directives, in the order of the text.
        let (comments, directives): (&[Span], Vec<(Span, Span)>) = match config {
            Config::Nginx(config) => {
                let Some(Some(tree)) = config.trees.get(id.0 as usize) else { continue };
                (&tree.comments, tree.nodes.iter().map(|node| (tree.head_span(node), tree.full_span(node))).collect())
            }
            Config::Apache(config) => {
                let Some(Some(tree)) = config.trees.get(id.0 as usize) else { continue };
                let behind = tree.nodes.iter().filter_map(|node| Some((tree.behind(file.text(), node)?, tree.head_span(node))));
                found.extend(suppress::collect_misplaced(sources, behind));
                (&tree.comments, tree.nodes.iter().map(|node| (tree.head_span(node), tree.full_span(node))).collect())
            }
            Config::Edge(config) if config.main == id => (&config.tree.comments, by_line(config.tree.entries(), file.text())),
            Config::Edge(_) => continue,
        };
        let commented = comments.iter().map(|comment| {
            let at = directives.partition_point(|(head, _)| head.start < comment.start);
            let before = at.checked_sub(1).and_then(|last| directives.get(last));
            let line = |offset: u32| file.text().get(offset as usize..comment.start as usize).is_some_and(|t| !t.contains('\n'));
            Commented {
                comment: *comment,
                behind: before.map(|(head, _)| *head).filter(|head| line(head.end)),
                next: directives.get(at).copied(),
                after_directives: at > 0,
            }
        });
        found.extend(suppress::collect(sources, commented));
    }
    found
}

/// The entries of a YAML file that are no part of one that has its line for itself: `forward: {authorization: false}` is no block, and
/// a comment is meant for all of it.
fn by_line(entries: Vec<(Span, Span)>, text: &str) -> Vec<(Span, Span)> {
    let mut kept = Vec::with_capacity(entries.len());
    let mut end = 0;
    for (head, whole) in entries {
        let inside = text.get(whole.start as usize..whole.end as usize).unwrap_or_default();
        if whole.end <= end {
            continue;
        }
        let alone = !inside.trim_end().contains('\n');
        end = if alone { whole.end } else { end };
        kept.push((if alone { whole } else { head }, whole));
    }
    kept
}

/// The heads of all directives of a file, those of the entries of a YAML file too, in the order of the text.
pub fn heads(dialect: Dialect, file: FileId, text: &str) -> Vec<Span> {
    match dialect {
        Dialect::Nginx => {
            let tree = syntax::nginx::parse(file, text);
            tree.nodes.iter().map(|node| tree.head_span(node)).collect()
        }
        Dialect::Apache | Dialect::Htaccess => {
            let tree = syntax::apache::parse(file, text);
            tree.nodes.iter().map(|node| tree.head_span(node)).collect()
        }
        Dialect::Edge(_) => syntax::yaml::parse(file, text).entries().into_iter().map(|(head, _)| head).collect(),
    }
}

fn first_includes(placed: impl Iterator<Item = (FileId, Option<Span>)>) -> BTreeMap<FileId, Span> {
    let mut includes = BTreeMap::new();
    let mut last = None;
    for (file, include) in placed {
        if last.replace(file) == Some(file) {
            continue;
        }
        // A macro may be used in the file that defines it.
        if let Some(include) = include.filter(|include| include.file != file) {
            includes.entry(file).or_insert(include);
        }
    }
    includes
}

impl Sites<'_> {
    /// All of them.
    pub fn all(&self) -> Vec<&dyn Site> {
        match self {
            Self::Nginx(servers) => servers.iter().map(|site| -> &dyn Site { site }).collect(),
            Self::Apache(hosts) => hosts.iter().map(|site| -> &dyn Site { site }).collect(),
            Self::Edge(sites) => sites.iter().map(|site| -> &dyn Site { site }).collect(),
        }
    }

    /// The one that a request reaches, and the name of the language that it is written in.
    pub fn choose(&self, request: &Request) -> Option<(&dyn Site, &'static str)> {
        match self {
            Self::Nginx(servers) => from::nginx::choose(servers, request).map(|site| -> (&dyn Site, _) { (site, "nginx") }),
            Self::Apache(hosts) => from::apache::choose(hosts, request).map(|site| -> (&dyn Site, _) { (site, "apache") }),
            Self::Edge(sites) => from::edge::choose(sites, request).map(|site| -> (&dyn Site, _) { (site, site.dialect().id()) }),
        }
    }
}

/// Reads the main file and what belongs to it.
pub fn load(files: &dyn Files, sources: &mut SourceMap, root: &Root, settings: &Settings) -> (Config, Vec<Finding>) {
    // Below the base the files go by their whole paths, so that includes of absolute paths find them; what is shown is relative
    // all the same. A root outside of the base goes by the path that it was named with.
    let below = root.main.is_relative() && !root.main.starts_with("..");
    if below {
        load_from(files, sources, root.dialect, &root.base.join(&root.main), &root.base, settings)
    } else {
        load_from(files, sources, root.dialect, &root.main, Path::new(""), settings)
    }
}

fn load_from(
    files: &dyn Files,
    sources: &mut SourceMap,
    dialect: Dialect,
    main: &Path,
    base: &Path,
    settings: &Settings,
) -> (Config, Vec<Finding>) {
    let loaded = match dialect {
        Dialect::Nginx => {
            let loaded = nginx::load(files, sources, main, base, settings);
            return (Config::Nginx(loaded.config), loaded.findings);
        }
        Dialect::Edge(said) => {
            let loaded = edge::load(files, sources, main, base, said, settings);
            return (Config::Edge(loaded.config), loaded.findings);
        }
        Dialect::Apache => apache::load(files, sources, main, base, settings),
        Dialect::Htaccess => apache::load_htaccess(files, sources, main, base, settings),
    };
    (Config::Apache(loaded.config), loaded.findings)
}

/// The configuration of a root that could not be read.
pub fn unread(sources: &mut SourceMap, root: &Root) -> Config {
    load_from(&Memory::new(), sources, root.dialect, &root.main, Path::new(""), &Settings::default()).0
}

/// Checks directives: names, contexts, numbers of arguments.
pub fn check(config: &Config, sources: &SourceMap, settings: &Settings) -> Vec<Finding> {
    match config {
        Config::Nginx(config) => nginx::check(config, sources, settings),
        Config::Apache(config) => apache::check(config, sources, settings),
        Config::Edge(config) => edge::check(config, sources, settings),
    }
}

/// The nginx configurations that stand inside of another one, with their sites.
pub fn embedded<'a>(
    config: &'a Config,
    sources: &'a SourceMap,
    paths: &Paths,
    lookup: impl Fn() -> Lookup<'a>,
) -> Vec<(&'a nginx::Config, Sites<'a>)> {
    let Config::Edge(config) = config else { return Vec::new() };
    let lower = |nginx| Sites::Nginx(from::nginx::lower(nginx, sources, paths, Some(lookup())));
    config.nginx.iter().map(|nginx| (nginx, lower(nginx))).collect()
}

/// The sites of a configuration.
pub fn sites<'a>(config: &'a Config, sources: &'a SourceMap, paths: &Paths, lookup: Lookup<'a>) -> Sites<'a> {
    match config {
        Config::Nginx(config) => Sites::Nginx(from::nginx::lower(config, sources, paths, Some(lookup))),
        Config::Apache(config) => Sites::Apache(from::apache::lower(config, sources, paths, Some(lookup))),
        Config::Edge(config) => Sites::Edge(from::edge::lower(config, sources, paths)),
    }
}
