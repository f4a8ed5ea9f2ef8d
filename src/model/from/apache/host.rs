//! The virtual hosts of one Apache, and the choice between them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::condition;
use super::edits::{self, Edits};
use super::eval::context_of;
use super::expr::Expr;
use super::guards::Remembered;
use super::rewriting;
use super::routes::{self, RouteLayers};
use super::section::{self, Kind, Matcher, Outer, SectionId, Sections};
use super::translate;
use super::vhost::{self, Names};
use crate::model::from::lookup::Lookup;
use crate::model::from::regexes::Regexes;
use crate::model::{Paths, Request, Route, SharedSets};
use crate::project::apache::config::DOCUMENT_ROOT;
use crate::project::apache::{Config, Directive, DirectiveId, TOP};
use crate::source::{SourceMap, Span};
use crate::syntax::apache::Name;
use crate::syntax::apache::expr::Condition;

type FixedState = foldhash::fast::FixedState;

/// What all virtual hosts of one Apache share.
pub(super) struct Shared<'a> {
    pub(super) config: &'a Config,
    pub(super) sources: &'a SourceMap,
    pub(super) lookup: Option<Lookup<'a>>,
    pub(super) sections: Sections,
    pub(super) regexes: Regexes,
    /// What stands outside of all sections; `None` for a tree of `.htaccess` files alone.
    pub(super) main: Option<SectionId>,
    /// The sections that stand outside of virtual hosts: they are for every one of them.
    pub(super) outer: Outer,
    /// The section of each `.htaccess`, in the order of [`Config::htaccess`].
    pub(super) htaccess: Vec<SectionId>,
    /// The conditions of `<If>`, `<ElseIf>` and `Require expr`.
    pub(super) exprs: HashMap<DirectiveId, Expr, FixedState>,
    /// The rules and conditions of `mod_rewrite`.
    pub(super) rewrites: rewriting::Steps,
    /// `SetEnvIf` and header edits.
    pub(super) edits: Edits,
    /// Modules that are certainly loaded.
    pub(super) loaded: HashSet<String, FixedState>,
    /// Whether `SetEnv` counts before the redirects of sections: `mod_env` is loaded before `mod_alias`. Where the files do not tell, the
    /// modules are loaded by name, as distributions do.
    pub(super) env_before_alias: bool,
    /// `<AuthnProviderAlias>` by the name it gives.
    pub(super) authn_aliases: HashMap<String, DirectiveId, FixedState>,
    pub(super) remembered: Remembered<'a>,
}

/// A virtual host, the server itself where none is for the request, or a tree of `.htaccess` files alone.
pub struct Host<'a> {
    pub(super) shared: Arc<Shared<'a>>,
    /// Its section; that of the server itself if it is no virtual host.
    pub(super) section: Option<SectionId>,
    pub(super) outer: Outer,
    pub(super) names: Names,
    /// `ServerName` without scheme and port.
    pub(super) server_name: Option<String>,
    pub(super) routes: Vec<Route>,
    pub(super) route_layers: RouteLayers,
}

impl<'a> Shared<'a> {
    /// A directive of the configuration.
    pub(super) fn directive(&self, id: DirectiveId) -> Directive<'a> {
        self.config.directive(self.sources, id)
    }

    /// The head of a section, or the beginning of its file where it has no directive.
    pub(super) fn section_span(&self, id: SectionId) -> Span {
        let section = self.sections.get(id);
        if section.directive != TOP {
            return self.directive(section.directive).span();
        }
        let htaccess = self.htaccess.iter().position(|s| *s == id).and_then(|i| self.config.htaccess.get(i));
        Span::new(htaccess.map_or(self.config.main, |h| h.file), 0, 0)
    }

    /// Whether only `.htaccess` files are known.
    pub(super) fn is_tree(&self) -> bool {
        self.main.is_none()
    }

    /// Whether a directive is in force if all open questions are answered in the usual way.
    pub(super) fn usually(&self, id: DirectiveId) -> bool {
        let placed = self.config.placed.get(id as usize).map_or(0, |p| p.condition);
        condition::holds(self.config, placed, &mut |_, c| self.answer(&c.kind).unwrap_or_else(|| condition::usual(&c.kind)))
    }

    /// What the files say about a condition after all.
    pub(super) fn answer(&self, kind: &crate::project::apache::ConditionKind) -> Option<bool> {
        match kind {
            crate::project::apache::ConditionKind::Module(name) if self.loaded.contains(name) => Some(true),
            _ => None,
        }
    }
}

/// Lowers a configuration to its virtual hosts, in the order of the text; the server itself comes last, where requests can reach it.
pub fn lower<'a>(config: &'a Config, sources: &'a SourceMap, paths: &Paths, lookup: Option<Lookup<'a>>) -> Vec<Host<'a>> {
    let mut sections = Sections::default();
    let mut regexes = Regexes::of_httpd();
    let tree = config.server_end == 0 && !config.htaccess.is_empty();
    let (main, outer, blocks) = if tree {
        (None, Outer::default(), Vec::new())
    } else {
        let (main, outer, blocks) = sections.lower_main(config, sources, &mut regexes);
        (Some(main), outer, blocks)
    };
    let main_names = main.map(|main| server_names(config, sources, &sections, main, Names::default()));
    let main_port = main_names.as_ref().and_then(|(names, _)| names.named_port);
    let parts: Vec<(SectionId, Outer)> =
        blocks.iter().map(|block| sections.lower_host(config, sources, &mut regexes, *block)).collect();
    translate::intern_patterns(config, sources, &mut regexes);
    let htaccess = config.htaccess.iter().map(|h| sections.lower_htaccess(config, sources, &mut regexes, h)).collect();
    let exprs = conditions(config, sources, &mut regexes);
    let rewrites = rewriting::steps(config, sources, &mut regexes);
    let edits = edits::lower(config, sources, &mut regexes);
    let mut shared = Shared {
        config,
        sources,
        lookup,
        sections,
        regexes,
        main,
        outer,
        htaccess,
        exprs,
        rewrites,
        edits,
        loaded: condition::loaded(config),
        env_before_alias: condition::is_loaded_before(config, sources, "env_module", "alias_module"),
        authn_aliases: authn_aliases(config, sources),
        remembered: Remembered::default(),
    };
    shared.sort_directories();
    let shared = Arc::new(shared);
    let base = routes::Base::of(&shared, paths);
    let mut sets = SharedSets::default();
    let mut new = |section, mut outer: Outer, (names, server_name): (Names, Option<String>)| {
        shared.sort(&mut outer.directories);
        let mut host = Host {
            shared: Arc::clone(&shared),
            section,
            outer,
            names,
            server_name,
            routes: Vec::new(),
            route_layers: RouteLayers::default(),
        };
        (host.routes, host.route_layers) = routes::of_host(&host, &base, paths, &mut sets);
        host
    };
    let mut hosts = Vec::with_capacity(parts.len() + 1);
    for (block, (section, outer)) in blocks.iter().zip(parts) {
        let names = Names::of(&config.directive(sources, *block), main_port);
        hosts.push(new(Some(section), outer, server_names(config, sources, &shared.sections, section, names)));
    }
    if tree || main_is_reached(config, sources, &hosts) {
        hosts.push(new(main, Outer::default(), main_names.unwrap_or_default()));
    }
    hosts
}

impl Shared<'_> {
    fn sort_directories(&mut self) {
        let mut directories = std::mem::take(&mut self.outer.directories);
        self.sort(&mut directories);
        self.outer.directories = directories;
    }

    /// Puts `<Directory>` sections in the order of their walk: plain ones by depth, then regular expressions
    /// (`ap_core_reorder_directories`).
    fn sort(&self, directories: &mut [SectionId]) {
        if directories.len() > 1 {
            directories.sort_by_key(|id| self.directory_rank(*id));
        }
    }

    /// The key of that order.
    pub(super) fn directory_rank(&self, id: SectionId) -> (bool, usize) {
        let section = self.sections.get(id);
        let is_regex = matches!(section.matcher, Matcher::Regex(_));
        let pattern = section::pattern_text(&self.directive(section.directive)).into_owned();
        let depth = if is_regex { pattern.matches('/').count() } else { section::components(&pattern) };
        (is_regex, depth)
    }
}

/// Takes the names of a virtual host, or of the server itself, from its directives.
fn server_names(
    config: &Config,
    sources: &SourceMap,
    sections: &Sections,
    section: SectionId,
    mut names: Names,
) -> (Names, Option<String>) {
    let mut server_name = None;
    for (name, id) in sections.own(section) {
        if matches!(name, Name::ServerName | Name::ServerAlias | Name::SSLEngine) {
            names.add(*name, &config.directive(sources, *id), &mut server_name);
        }
    }
    if let Some(name) = &server_name {
        names.literal.insert(0, Cow::Owned(name.clone()));
    }
    (names, server_name)
}

/// Whether requests can reach the server itself: there is no virtual host, or it listens on a port that none of them has.
fn main_is_reached(config: &Config, sources: &SourceMap, hosts: &[Host]) -> bool {
    if hosts.is_empty() {
        return true;
    }
    let is_free = |listen: Directive| {
        let port = vhost::split_port(&listen.arg(0)).1.or_else(|| listen.arg(0).parse().ok());
        port.is_some_and(|port| !hosts.iter().any(|Host { names, .. }| names.elsewhere || names.listens(None, port) > 0))
    };
    config.all(sources, Name::Listen).any(is_free)
}

/// `<AuthnProviderAlias file name>` by name.
fn authn_aliases(config: &Config, sources: &SourceMap) -> HashMap<String, DirectiveId, FixedState> {
    let aliases = config.all(sources, Name::AuthnProviderAlias);
    aliases.map(|alias| (alias.arg(1).to_ascii_lowercase(), alias.id)).collect()
}

/// The conditions that stand in sections and in `Require expr`; those that the server refuses are left out.
fn conditions(config: &Config, sources: &SourceMap, regexes: &mut Regexes) -> HashMap<DirectiveId, Expr, FixedState> {
    let mut found: HashMap<DirectiveId, Expr, FixedState> = HashMap::default();
    for name in [Name::If, Name::ElseIf, Name::Require] {
        for directive in config.all(sources, name) {
            let text = match name {
                Name::Require => match required_expression(&directive) {
                    Some(text) => text,
                    None => continue,
                },
                _ => directive.arg(0).into_owned(),
            };
            if let Ok(condition) = Condition::parse(&text, context_of(&directive)) {
                found.insert(directive.id, Expr::lower(&condition, regexes));
            }
        }
    }
    found
}

/// The expression of a `Require expr`: the rest of the line, quotes around it left out.
pub(super) fn required_expression(directive: &Directive) -> Option<String> {
    let first = directive.arg(0);
    let skip = if first.eq_ignore_ascii_case("not") { 2 } else { 1 };
    if !directive.arg(skip - 1).eq_ignore_ascii_case("expr") {
        return None;
    }
    let raw = directive.raw_args();
    let mut rest = raw.trim_start();
    for _ in 0..skip {
        rest = rest.find(char::is_whitespace).and_then(|at| rest.get(at..)).unwrap_or_default().trim_start();
    }
    let quoted = rest.strip_prefix('"').map(|inner| inner.strip_suffix('"').unwrap_or(inner));
    Some(quoted.unwrap_or(rest).to_owned())
}

/// The host that takes a request: by address and port, then by name, else the first of that address. If none has the port (it is
/// mapped elsewhere), all are asked by name.
pub fn choose<'s, 'a>(hosts: &'s [Host<'a>], request: &Request) -> Option<&'s Host<'a>> {
    let ip = vhost::local_address(request);
    let virtual_hosts = || hosts.iter().filter(|h| h.kind() == Some(Kind::VirtualHost));
    let best = virtual_hosts().map(|h| h.names.listens(ip, request.port)).max().unwrap_or(0);
    // Where the address of the connection is not known, hosts of one address and of all are asked alike.
    let takes = |h: &&Host| {
        let fit = h.names.listens(ip, request.port);
        fit > 0 && (ip.is_none() || fit == best)
    };
    let main = || hosts.iter().find(|h| h.kind() != Some(Kind::VirtualHost));
    let mut candidates: Vec<&Host> = virtual_hosts().filter(takes).collect();
    if candidates.is_empty() {
        if let Some(main) = main() {
            return Some(main);
        }
        candidates = hosts.iter().collect();
    }
    let host = request.host.trim_end_matches('.');
    let by_name = candidates.iter().find(|h| h.names.fits(host));
    let default = candidates.iter().find(|h| h.names.listens(ip, request.port) == 1).or(candidates.first());
    by_name.or(default).copied()
}

impl<'a> Host<'a> {
    /// The kind of its section; `None` for a tree of `.htaccess` files alone.
    pub(super) fn kind(&self) -> Option<Kind> {
        self.section.map(|id| self.shared.sections.get(id).kind)
    }

    /// The configuration that this host belongs to.
    pub fn config(&self) -> &'a Config {
        self.shared.config
    }

    /// The `<VirtualHost>`; `None` for the server itself and for a tree of `.htaccess` files.
    pub fn directive(&self) -> Option<Directive<'a>> {
        let id = self.shared.sections.get(self.section?).directive;
        (id != TOP).then(|| self.shared.directive(id))
    }

    /// A directive of the configuration.
    pub fn directive_of(&self, id: DirectiveId) -> Directive<'a> {
        self.shared.directive(id)
    }

    /// The sections with settings of the server itself: outside of all sections, then the virtual host.
    pub(super) fn servers(&self) -> impl DoubleEndedIterator<Item = SectionId> {
        let own = self.section.filter(|own| Some(*own) != self.shared.main);
        self.shared.main.into_iter().chain(own)
    }

    /// The directive of a name that counts for the whole host.
    pub(super) fn server_setting(&self, names: &[Name], in_force: &mut dyn FnMut(DirectiveId) -> bool) -> Option<Directive<'a>> {
        let sections = &self.shared.sections;
        let found = self.servers().rev().find_map(|s| super::chain::last_in(sections, s, names, in_force));
        found.map(|id| self.shared.directive(id))
    }

    /// The directives of these names that count for the whole host: its own before those that stand outside, as most modules
    /// arrange them.
    pub(super) fn server_list(&self, names: &[Name], in_force: &mut dyn FnMut(DirectiveId) -> bool) -> Vec<DirectiveId> {
        let mut found = Vec::new();
        for section in self.servers().rev() {
            super::chain::all_in(&self.shared.sections, section, names, in_force, &mut found);
        }
        found
    }

    /// The document root as the server names it, without a slash at its end; `None`: not known.
    pub(super) fn document_root(&self, in_force: &mut dyn FnMut(DirectiveId) -> bool) -> Option<Cow<'a, str>> {
        if self.shared.is_tree() {
            return Some(DOCUMENT_ROOT.into());
        }
        let root = self.server_setting(&[Name::DocumentRoot], in_force)?;
        if root.is_unknown() {
            return None;
        }
        Some(self.shared.absolute(root.arg(0)))
    }
}

impl<'a> Shared<'a> {
    /// A path as the server makes it absolute: relative ones start at `ServerRoot`. No slash at its end.
    pub(super) fn absolute(&self, path: Cow<'a, str>) -> Cow<'a, str> {
        let trimmed = |path: Cow<'a, str>| match path {
            Cow::Borrowed(path) => Cow::Borrowed(trim(path)),
            Cow::Owned(path) => Cow::Owned(trim(&path).to_owned()),
        };
        if path.starts_with('/') {
            return trimmed(path);
        }
        let root = self.config.server_root.as_deref().unwrap_or_default().trim_end_matches('/');
        trimmed(Cow::Owned(format!("{root}/{path}")))
    }
}

impl<'a> Shared<'a> {
    /// The path of a file that the server opens at run time (`ap_server_root_relative`): relative ones start at `ServerRoot`, which a lone
    /// `.htaccess` does not tell.
    pub(super) fn server_file(&self, path: Cow<'a, str>) -> Option<Cow<'a, str>> {
        (path.starts_with('/') || self.config.server_root.is_some()).then(|| self.absolute(path))
    }
}

/// A path without slashes at its end; `/` stays.
fn trim(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { trimmed }
}
