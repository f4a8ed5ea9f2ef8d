//! Sections as routes: what each class of well-known paths has to do with credentials.
//!
//! Paths that the same sections are for make one route. Nothing is resolved for that: a path prefix is a range of the sorted list, a
//! regex meets the same paths everywhere, and folders are found by the mapping of their URL.

use std::collections::HashMap;

use super::chain::{Group, Layer};
use super::host::{Host, Shared};
use super::locations::location_takes;
use super::section::{Matcher, SectionId, pattern_text};
use super::traits::traits;
use super::translate::{ALIASES, PASSES};
use crate::model::{PathSet, Paths, Route, RouteId, SharedSets, Traits};
use crate::project::apache::DirectiveId;
use crate::project::apache::config::DOCUMENT_ROOT;
use crate::syntax::apache::Name;

/// How many classes of paths one host has at most; those beyond share the last one.
const MAX_CLASSES: usize = 256;

/// The sections that are for each route.
#[derive(Clone, Debug, Default)]
pub(super) struct RouteLayers {
    starts: Vec<u32>,
    layers: Vec<Layer>,
}

impl RouteLayers {
    /// The sections that are for a route, in the order of merging.
    pub(super) fn of(&self, route: RouteId) -> &[Layer] {
        let start = self.starts.get(route as usize).copied().unwrap_or(0) as usize;
        let end = self.starts.get(route as usize + 1).map_or(self.layers.len(), |e| *e as usize);
        if route as usize >= self.starts.len() { &[] } else { self.layers.get(start..end).unwrap_or_default() }
    }

    /// Nothing yet; there is room for these, and no more.
    fn with_room_for<'l>(all: impl Iterator<Item = &'l Vec<Layer>>) -> Self {
        let (routes, layers) = all.fold((0, 0), |(routes, layers), of_route| (routes + 1, layers + of_route.len()));
        Self { starts: Vec::with_capacity(routes), layers: Vec::with_capacity(layers) }
    }

    fn push(&mut self, layers: &[Layer]) {
        self.starts.push(self.layers.len() as u32);
        self.layers.extend_from_slice(layers);
    }
}

/// What is the same for all hosts: which well-known paths the sections outside of virtual hosts are for, and the names of files.
pub(super) struct Base {
    /// Well-known paths by the name of their file.
    by_file: HashMap<String, PathSet, foldhash::fast::FixedState>,
    locations: Vec<(SectionId, PathSet)>,
}

impl Base {
    pub(super) fn of(shared: &Shared, paths: &Paths) -> Self {
        let mut by_file: HashMap<String, PathSet, foldhash::fast::FixedState> = HashMap::default();
        for (index, known) in paths.list.iter().enumerate() {
            let file = known.path.rsplit('/').next().unwrap_or_default();
            if !file.is_empty() {
                by_file.entry(file.to_owned()).or_default().insert(index);
            }
        }
        let mut base = Self { by_file, locations: Vec::new() };
        base.locations = shared.outer.locations.iter().map(|id| (*id, location_paths(shared, *id, paths))).collect();
        base
    }

    /// The paths whose file a `<Files>` section is for.
    fn files(&self, shared: &Shared, id: SectionId, paths: &Paths) -> PathSet {
        let section = shared.sections.get(id);
        let text = pattern_text(&shared.directive(section.directive)).into_owned();
        match section.matcher {
            Matcher::Literal => self.by_file.get(&text).copied().unwrap_or_default(),
            Matcher::Glob => self.matching(paths, |file| super::glob::matches(&text, file, true)),
            Matcher::Regex(regex) => shared.regexes.well_known_files(regex, paths),
            Matcher::All => paths.everything,
            Matcher::Unknown => PathSet::default(),
        }
    }

    fn matching(&self, _paths: &Paths, matches: impl Fn(&str) -> bool) -> PathSet {
        self.by_file.iter().filter(|(file, _)| matches(file)).fold(PathSet::default(), |all, (_, set)| all | *set)
    }
}

/// The paths that a `<Location>` is for.
fn location_paths(shared: &Shared, id: SectionId, paths: &Paths) -> PathSet {
    let section = shared.sections.get(id);
    let text = pattern_text(&shared.directive(section.directive));
    match section.matcher {
        Matcher::Literal => prefix_paths(&text, paths),
        Matcher::Glob => filtered(paths, |path| super::glob::matches(&text, path, true)),
        Matcher::Regex(regex) => shared.regexes.well_known(regex, paths),
        Matcher::All => paths.everything,
        Matcher::Unknown => PathSet::default(),
    }
}

/// The paths at or below a prefix, whole segments only.
fn prefix_paths(prefix: &str, paths: &Paths) -> PathSet {
    if prefix.ends_with('/') || prefix.is_empty() {
        return paths.with_prefix(prefix);
    }
    let mut set = PathSet::default();
    for index in paths.with_prefix(prefix).iter() {
        if paths.list.get(index).is_some_and(|known| location_takes(prefix, &known.path)) {
            set.insert(index);
        }
    }
    set
}

fn filtered(paths: &Paths, holds: impl Fn(&str) -> bool) -> PathSet {
    let mut set = PathSet::default();
    for (index, known) in paths.list.iter().enumerate() {
        if holds(&known.path) {
            set.insert(index);
        }
    }
    set
}

/// Where URLs below a prefix lie: `None` for those that a proxy takes.
struct Mapping {
    prefix: String,
    folder: Option<String>,
    set: PathSet,
}

/// The routes of a host, what no section is for first, and the sections of each.
pub(super) fn of_host(host: &Host, base: &Base, paths: &Paths, sets: &mut SharedSets) -> (Vec<Route>, RouteLayers) {
    Routing { host, base, paths, sets, classes: Vec::new() }.run()
}

struct Class {
    set: PathSet,
    layers: Vec<Layer>,
}

struct Routing<'r, 'a> {
    host: &'r Host<'a>,
    base: &'r Base,
    paths: &'r Paths,
    sets: &'r mut SharedSets,
    classes: Vec<Class>,
}

impl Routing<'_, '_> {
    fn run(mut self) -> (Vec<Route>, RouteLayers) {
        let host = self.host;
        let shared = &host.shared;
        let group = |id| if Some(id) == shared.main { Group::Main } else { Group::Host };
        let servers: Vec<Layer> = host.servers().map(|section| Layer { section, group: group(section) }).collect();
        self.classes.push(Class { set: self.paths.everything, layers: servers.clone() });
        let mappings = self.mappings();
        let mut alone: Vec<Vec<Layer>> = Vec::new();
        let mut add = |routing: &mut Self, id: SectionId, group: Group, set: PathSet| {
            let layer = Layer { section: id, group };
            if !routing.split(set, layer) {
                let mut layers = servers.clone();
                layers.push(layer);
                alone.push(layers);
            }
        };
        for id in shared.outer.directories.iter().chain(&host.outer.directories) {
            let set = self.directory_paths(*id, &mappings);
            add(&mut self, *id, Group::Directory, set);
        }
        for (index, htaccess) in shared.config.htaccess.iter().enumerate() {
            let Some(id) = shared.htaccess.get(index) else { continue };
            let set = self.below(&htaccess.folder, &mappings);
            if shared.is_tree() || !set.is_empty() || is_served(&htaccess.folder, &mappings) {
                add(&mut self, *id, Group::Directory, set);
            }
        }
        self.add_files(&mut alone);
        for (id, set) in &base_locations(self.base) {
            if !self.split(*set, Layer { section: *id, group: Group::Location }) {
                let mut layers = servers.clone();
                layers.push(Layer { section: *id, group: Group::Location });
                alone.push(layers);
            }
        }
        for id in &host.outer.locations {
            let set = location_paths(shared, *id, self.paths);
            if !self.split(set, Layer { section: *id, group: Group::Location }) {
                let mut layers = servers.clone();
                layers.push(Layer { section: *id, group: Group::Location });
                alone.push(layers);
            }
        }
        self.finish(&mappings, alone)
    }

    /// Adds `<Files>` sections to the classes whose sections hold them.
    fn add_files(&mut self, alone: &mut Vec<Vec<Layer>>) {
        let shared = &self.host.shared;
        let mut holders: Vec<SectionId> = Vec::new();
        for class in &self.classes {
            for layer in &class.layers {
                if !shared.sections.files(layer.section).is_empty() && !holders.contains(&layer.section) {
                    holders.push(layer.section);
                }
            }
        }
        for layers in alone.clone() {
            for layer in &layers {
                if !shared.sections.files(layer.section).is_empty() && !holders.contains(&layer.section) {
                    holders.push(layer.section);
                }
            }
        }
        for holder in holders {
            let held: PathSet = self
                .classes
                .iter()
                .filter(|c| c.layers.iter().any(|l| l.section == holder))
                .fold(PathSet::default(), |all, c| all | c.set);
            for id in shared.sections.files(holder) {
                let set = self.base.files(shared, *id, self.paths) & held;
                let layer = Layer { section: *id, group: Group::Files };
                if !self.split(set, layer) {
                    let with_holder = self.classes.iter().find(|c| c.layers.iter().any(|l| l.section == holder));
                    let around = with_holder.map(|c| c.layers.clone());
                    let around = around.or_else(|| alone.iter().find(|l| l.iter().any(|l| l.section == holder)).cloned());
                    let mut layers = around.unwrap_or_default();
                    layers.retain(|l| l.group != Group::Files);
                    layers.push(layer);
                    alone.push(layers);
                }
            }
        }
    }

    /// Adds a section to the classes of paths that it is for; `false` if there are none.
    fn split(&mut self, set: PathSet, layer: Layer) -> bool {
        if set.is_empty() {
            return false;
        }
        let mut new = Vec::new();
        let full = self.classes.len() >= MAX_CLASSES;
        for class in &mut self.classes {
            let inside = class.set & set;
            if inside.is_empty() {
                continue;
            }
            if inside == class.set || full {
                class.layers.push(layer);
                continue;
            }
            let mut layers = Vec::with_capacity(class.layers.len() + 2);
            layers.extend_from_slice(&class.layers);
            layers.push(layer);
            class.set &= !inside;
            new.push(Class { set: inside, layers });
        }
        self.classes.append(&mut new);
        true
    }

    /// Where the URLs of the host lie: proxies, aliases, then the document root.
    fn mappings(&self) -> Vec<Mapping> {
        let host = self.host;
        let shared = &host.shared;
        let mut usually = |id: DirectiveId| shared.usually(id);
        let mut rest = self.paths.everything;
        let mut mappings = Vec::new();
        let mut take = |prefix: &str, folder: Option<String>| {
            let set = prefix_paths(prefix, self.paths) & rest;
            rest &= !set;
            mappings.push(Mapping { prefix: prefix.to_owned(), folder, set });
        };
        for id in host.server_list(PASSES, &mut usually) {
            let pass = shared.directive(id);
            if pass.name() == Name::ProxyPass && pass.arg(0) != "~" && pass.arg(1) != "!" {
                take(&pass.arg(0), None);
            }
        }
        for id in host.server_list(ALIASES, &mut usually) {
            let alias = shared.directive(id);
            if matches!(alias.name(), Name::Alias | Name::ScriptAlias) && alias.arg_count() > 1 && !alias.is_unknown() {
                take(&alias.arg(0), Some(shared.absolute(alias.arg(1)).into_owned()));
            }
        }
        let root = host.document_root(&mut usually);
        let root = root.map_or_else(|| DOCUMENT_ROOT.to_owned(), std::borrow::Cow::into_owned);
        take("/", Some(root));
        mappings
    }

    /// The paths whose file a `<Directory>` is for.
    fn directory_paths(&self, id: SectionId, mappings: &[Mapping]) -> PathSet {
        let shared = &self.host.shared;
        let section = shared.sections.get(id);
        let directive = shared.directive(section.directive);
        let text = pattern_text(&directive);
        match section.matcher {
            Matcher::Literal => self.below(text.trim_end_matches('/'), mappings),
            Matcher::Glob => {
                let depth = super::section::components(&text);
                self.by_path(mappings, |path| {
                    super::layers::directory_takes(Matcher::Glob, &text, super::layers::folder_of(path, depth))
                })
            }
            Matcher::Regex(regex) => self.by_path(mappings, |path| shared.regexes.is_match(regex, path) == Some(true)),
            Matcher::All => self.paths.everything,
            Matcher::Unknown => PathSet::default(),
        }
    }

    /// The paths whose file lies below a folder.
    fn below(&self, folder: &str, mappings: &[Mapping]) -> PathSet {
        let mut set = PathSet::default();
        for mapping in mappings.iter().filter(|m| !m.set.is_empty()) {
            let Some(root) = &mapping.folder else { continue };
            let root = root.trim_end_matches('/');
            if let Some(inner) = folder.strip_prefix(root).filter(|r| r.is_empty() || r.starts_with('/')) {
                // The folder lies in the mapped one: its own part of the URLs.
                let prefix = format!("{}{inner}", mapping.prefix.trim_end_matches('/'));
                set |= if inner.is_empty() { mapping.set } else { self.folder_paths(&prefix) & mapping.set };
            } else if root.strip_prefix(folder).is_some_and(|r| r.is_empty() || r.starts_with('/')) {
                set |= mapping.set;
            }
        }
        set
    }

    /// The paths below a URL folder: `/wp-admin` itself is no file in it.
    fn folder_paths(&self, prefix: &str) -> PathSet {
        self.paths.with_prefix(&format!("{prefix}/"))
    }

    fn by_path(&self, mappings: &[Mapping], holds: impl Fn(&str) -> bool) -> PathSet {
        let mut set = PathSet::default();
        for mapping in mappings {
            let Some(root) = &mapping.folder else { continue };
            for index in mapping.set.iter() {
                let Some(known) = self.paths.list.get(index) else { continue };
                let rest = known.path.get(mapping.prefix.trim_end_matches('/').len()..).unwrap_or_default();
                if holds(&format!("{}{rest}", root.trim_end_matches('/'))) {
                    set.insert(index);
                }
            }
        }
        set
    }

    fn finish(self, mappings: &[Mapping], alone: Vec<Vec<Layer>>) -> (Vec<Route>, RouteLayers) {
        let host = self.host;
        let shared = &host.shared;
        let proxied = mappings.iter().filter(|m| m.folder.is_none()).fold(PathSet::default(), |all, m| all | m.set);
        let (mut classes, sets) = (self.classes, self.sets);
        // The class that only the server's own settings are for stays first, even where no path is left for it.
        let rest = classes.split_off(1);
        let mut routes = Vec::with_capacity(rest.len() + alone.len() + 1);
        let mut layers = RouteLayers::with_room_for(classes.iter().chain(&rest).map(|class| &class.layers).chain(&alone));
        let mut add = |mut own: Vec<Layer>, serves: PathSet| {
            own.sort_by_key(|l| l.group);
            let inner = own.last().map_or(host.section, |l| Some(l.section));
            let span = inner.map_or(crate::source::Span::new(shared.config.main, 0, 0), |id| shared.section_span(id));
            let mut traits = traits(host, &own);
            if !(serves & proxied).is_empty() {
                traits.add(Traits::UPSTREAM);
            }
            layers.push(&own);
            routes.push(Route { span, traits, serves: sets.share(serves) });
        };
        for class in classes.into_iter().chain(rest) {
            add(class.layers, class.set);
        }
        for own in alone {
            add(own, PathSet::default());
        }
        (routes, layers)
    }
}

fn base_locations(base: &Base) -> Vec<(SectionId, PathSet)> {
    base.locations.clone()
}

/// Whether a folder lies in one that URLs are mapped to.
fn is_served(folder: &str, mappings: &[Mapping]) -> bool {
    mappings
        .iter()
        .filter_map(|m| m.folder.as_deref())
        .any(|root| folder.strip_prefix(root.trim_end_matches('/')).is_some_and(|r| r.is_empty() || r.starts_with('/')))
}
