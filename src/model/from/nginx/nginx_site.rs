//! The servers of one nginx, and the choice between them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::location::{self, Locations, Pattern};
use super::routes;
use super::scope::{NONE, ScopeId, ScopeKind, Scopes};
use super::server::{Listens, TakenNames};
use super::slots::slot;
use super::upstream::{kind_of, protocol_of};
use super::value;
use super::walk::{End, Walk};
use crate::model::from::choices::{self, Choices};
use crate::model::from::lookup::Lookup;
use crate::model::from::regexes::{RegexId, Regexes};
use crate::model::{
    Handler, HandlerKind, Known, Outcome, Paths, Place, Request, Route, RouteId, Scheme, SharedSets, Site, Value,
};
use crate::project::nginx::config::TOP;
use crate::project::nginx::{Config, Directive, DirectiveId};
use crate::source::{SourceMap, Span};
use crate::syntax::nginx::Name;

type FixedState = foldhash::fast::FixedState;

/// Address and port of a `listen`.
type Socket<'a> = (Option<Cow<'a, str>>, Option<u16>);

/// What all servers of one nginx share.
pub(super) struct Shared<'a> {
    pub(super) config: &'a Config,
    pub(super) sources: &'a SourceMap,
    pub(super) lookup: Option<Lookup<'a>>,
    pub(super) scopes: Scopes,
    pub(super) regexes: Regexes,
    /// `map`, `geo`, `split_clients` by variable, in lower case without `$`; of two the last counts.
    pub(super) maps: HashMap<String, DirectiveId, FixedState>,
    /// Variables that some `set` defines: empty until it runs.
    pub(super) set_variables: HashSet<String, FixedState>,
    set_values: HashMap<String, Vec<DirectiveId>, FixedState>,
    /// The default server of each address and port.
    defaults: HashMap<Socket<'a>, ScopeId, FixedState>,
    /// Addresses and ports of more than one server.
    crowded: HashSet<Socket<'a>, FixedState>,
}

/// One `server` block.
pub struct Server<'a> {
    pub(super) shared: Arc<Shared<'a>>,
    pub(super) scope: ScopeId,
    pub(super) locations: Locations<'a>,
    listens: Listens<'a>,
    order: u32,
    routes: Vec<Route>,
    route_scopes: Vec<ScopeId>,
}

impl<'a> Shared<'a> {
    /// A directive of the configuration.
    pub(super) fn directive(&self, id: DirectiveId) -> Directive<'a> {
        self.config.directive(self.sources, id)
    }

    /// Its head; `None` for what only stands around a lone snippet.
    pub(super) fn span(&self, id: DirectiveId) -> Option<Span> {
        (id != TOP).then(|| self.directive(id).span())
    }

    /// The texts that a variable is made of: the source of its `map`, the values of its `set`.
    pub(super) fn definitions(&self, name: &str) -> impl Iterator<Item = String> {
        let map = self.maps.get(name).map(|id| self.directive(*id).arg(0).into_owned());
        let sets = self.set_values.get(name).map_or(&[][..], Vec::as_slice);
        map.into_iter().chain(sets.iter().map(|id| self.directive(*id).arg(1).into_owned()))
    }

    /// Whether a text depends on a variable that `wanted` accepts, also through `map` and `set`.
    pub(super) fn mentions(&self, text: &str, depth: u8, wanted: &dyn Fn(&str) -> bool) -> bool {
        value::variables(text).any(|name| {
            let name = lower_case(name);
            wanted(&name) || depth < 4 && self.definitions(&name).any(|definition| self.mentions(&definition, depth + 1, wanted))
        })
    }

    fn intern_regexes(&mut self) {
        let (config, sources) = (self.config, self.sources);
        for rewrite in config.all(sources, Name::Rewrite) {
            self.regexes.intern(&rewrite.arg(0), false);
        }
        for split in config.all(sources, Name::FastcgiSplitPathInfo) {
            self.regexes.intern(&split.arg(0), false);
        }
        for condition in config.all(sources, Name::If) {
            let words: Vec<_> = condition.args().collect();
            for (i, word) in words.iter().enumerate().filter(|(_, w)| matches!(w.as_ref(), "~" | "~*" | "!~" | "!~*")) {
                let Some(text) = words.get(i + 1) else { continue };
                let text = if i + 2 == words.len() { text.strip_suffix(')').unwrap_or(text) } else { text };
                self.regexes.intern(text, word.ends_with('*'));
            }
        }
        for map in config.all(sources, Name::Map) {
            self.maps.insert(variable_name(&map.arg(map.arg_count().saturating_sub(1))), map.id);
            for entry in map.children() {
                if let Some(pattern) = entry.name_text().strip_prefix('~') {
                    let (pattern, ignore_case) = pattern.strip_prefix('*').map_or((pattern, false), |p| (p, true));
                    self.regexes.intern(pattern, ignore_case);
                }
            }
        }
        for name in [Name::Geo, Name::SplitClients] {
            for table in config.all(sources, name) {
                self.maps.insert(variable_name(&table.arg(table.arg_count().saturating_sub(1))), table.id);
            }
        }
        for set in config.all(sources, Name::Set) {
            let name = variable_name(&set.arg(0));
            self.set_variables.insert(name.clone());
            self.set_values.entry(name).or_default().push(set.id);
        }
    }
}

fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) }
}

fn variable_name(text: &str) -> String {
    text.strip_prefix('$').unwrap_or(text).to_ascii_lowercase()
}

/// Lowers the http servers of a configuration.
pub fn lower<'a>(config: &'a Config, sources: &'a SourceMap, paths: &Paths, lookup: Option<Lookup<'a>>) -> Vec<Server<'a>> {
    let mut shared = Shared {
        config,
        sources,
        lookup,
        scopes: Scopes::with_room_for(config),
        regexes: Regexes::default(),
        maps: HashMap::default(),
        set_variables: HashSet::default(),
        set_values: HashMap::default(),
        defaults: HashMap::default(),
        crowded: HashSet::default(),
    };
    shared.intern_regexes();
    let mut found: Vec<(DirectiveId, ScopeId)> = Vec::new();
    for (http, http_scope) in http_blocks(config, sources, &mut shared.scopes) {
        if config.guessed_context.contains(&Name::Server) && http == TOP {
            let scope = shared.scopes.lower(config, sources, ScopeKind::Server, TOP, http_scope);
            found.push((TOP, scope));
            continue;
        }
        // A `server` that is included a second time with the same text never gets a request: the first one has its names.
        let mut known = HashSet::<Span, FixedState>::default();
        known.reserve(config.count(Name::Server));
        for server in config.children(sources, http).filter(|d| d.name() == Name::Server && known.insert(d.full_span())) {
            let scope = shared.scopes.lower(config, sources, ScopeKind::Server, server.id, http_scope);
            found.push((server.id, scope));
        }
    }
    let mut parts = Vec::with_capacity(found.len());
    for (order, (directive, scope)) in found.into_iter().enumerate() {
        let locations = Locations::of_server(scope, &shared.scopes, config, sources, &mut shared.regexes);
        let listens = Listens::of(config, sources, directive, &mut shared.regexes);
        for listen in &listens.all {
            let key = (listen.address.clone(), listen.port);
            if shared.defaults.contains_key(&key) {
                shared.crowded.insert(key.clone());
            }
            if listen.default_server {
                shared.defaults.insert(key, scope);
            } else {
                shared.defaults.entry(key).or_insert(scope);
            }
        }
        parts.push((order as u32, scope, locations, listens));
    }
    let shared = Arc::new(shared);
    let mut sets = SharedSets::default();
    let servers = parts.into_iter().map(|(order, scope, locations, listens)| {
        let (routes, route_scopes) = routes::of_server(&shared, scope, &locations, paths, &mut sets);
        Server { shared: Arc::clone(&shared), scope, locations, listens, order, routes, route_scopes }
    });
    servers.collect()
}

/// The `http` blocks with their scopes; [`TOP`] for the one that stands around a lone snippet.
fn http_blocks(config: &Config, sources: &SourceMap, scopes: &mut Scopes) -> Vec<(DirectiveId, ScopeId)> {
    if config.guessed_context.contains(&Name::Stream) || config.guessed_context.contains(&Name::Mail) {
        return Vec::new();
    }
    if config.guessed_context.contains(&Name::Http) {
        let kind = ScopeKind::Http;
        let inside_server = config.guessed_context.contains(&Name::Server);
        let scope = if inside_server { scopes.push_empty(kind, NONE) } else { scopes.lower(config, sources, kind, TOP, NONE) };
        return vec![(TOP, scope)];
    }
    let blocks: Vec<DirectiveId> = config.children(sources, TOP).filter(|d| d.name() == Name::Http).map(|d| d.id).collect();
    blocks.into_iter().map(|id| (id, scopes.lower(config, sources, ScopeKind::Http, id, NONE))).collect()
}

/// The server that takes a request: by port, then by name, else the default server of that port.
/// If no server listens on the port (a port that is mapped elsewhere), all servers are asked by name.
pub fn choose<'s, 'a>(servers: &'s [Server<'a>], request: &Request) -> Option<&'s Server<'a>> {
    let on_port: Vec<&Server> = servers.iter().filter(|s| s.listens.listen_for(request).is_some()).collect();
    let candidates: Vec<&Server> = if on_port.is_empty() { servers.iter().collect() } else { on_port };
    // An address of its own beats a wildcard one.
    let specific = |s: &Server| s.listens.listen_for(request).is_some_and(|l| l.address.is_some());
    let most_specific: Vec<&Server> = candidates.iter().copied().filter(|s| specific(s)).collect();
    let names_address = request.host == "localhost" || request.host.parse::<std::net::IpAddr>().is_ok();
    let candidates = if names_address && !most_specific.is_empty() { most_specific } else { candidates };
    let host = request.host.trim_end_matches('.');
    let mut taken = TakenNames::default();
    let by_name = candidates
        .iter()
        .filter_map(|s| Some((s.listens.matches(host, s.order, &s.shared.regexes, &mut taken)?, *s)))
        .min_by(|a, b| a.0.cmp(&b.0).then(a.1.order.cmp(&b.1.order)));
    if let Some((_, server)) = by_name {
        return Some(server);
    }
    let default = candidates.iter().find(|s| s.listens.listen_for(request).is_some_and(|l| l.default_server));
    default.or(candidates.first()).copied()
}

impl<'a> Server<'a> {
    /// The Host header of a request.
    pub(super) fn host_header(request: &Request) -> String {
        if let Some(field) = &request.host_field {
            return field.clone();
        }
        if request.port == request.scheme.default_port() || request.host.is_empty() {
            return request.host.clone();
        }
        format!("{}:{}", request.host, request.port)
    }

    /// The default server of the address that a request comes to: its settings count until the Host header is read.
    pub(super) fn default_scope(&self, request: &Request) -> ScopeId {
        let listen = self.listens.listen_for(request);
        listen.and_then(|l| self.shared.defaults.get(&(l.address.clone(), l.port))).copied().unwrap_or(self.scope)
    }

    /// The regex of the `server_name` by which a host was found: its groups are variables.
    ///
    /// Where it is the only server of its address, nginx compares names only for the sake of groups, and looks for those in the last
    /// regex alone (measured).
    pub(super) fn name_regexes(&self, request: &Request, host: &str) -> Vec<RegexId> {
        let listen = self.listens.listen_for(request);
        let is_alone = listen.is_some_and(|l| !self.shared.crowded.contains(&(l.address.clone(), l.port)));
        let has_groups = |last: RegexId| self.shared.regexes.group_count(last) > 0;
        if is_alone && !self.listens.last_regex().is_some_and(has_groups) {
            return Vec::new();
        }
        self.listens.regexes_for(host)
    }

    /// The address that takes a request, if the configuration names it.
    pub(super) fn local_address(&self, request: &Request) -> Option<&str> {
        self.listens.listen_for(request)?.address.as_deref()
    }

    /// `$server_name`: the first name as written.
    pub(super) fn first_name(&self) -> Value {
        let mut children = self.shared.config.children(self.shared.sources, self.server_directive());
        let first = children.find(|c| c.name() == Name::ServerName).map(|n| n.arg(0).to_ascii_lowercase());
        if first.as_deref() == Some("$hostname") {
            return Value::Unknown { prefix: String::new(), nonempty: true, why: "name of the server's machine".to_owned() };
        }
        // A name `.example.com` is shown without its dot.
        Value::Known(first.map(|f| f.strip_prefix('.').unwrap_or(&f).to_owned()).unwrap_or_default())
    }

    /// The `server` directive, or [`TOP`].
    pub(super) fn server_directive(&self) -> DirectiveId {
        self.shared.scopes.get(self.scope).directive
    }

    /// The directive of a route's block, or [`TOP`].
    pub fn route_directive(&self, route: RouteId) -> DirectiveId {
        self.route_scopes.get(route as usize).map_or(TOP, |s| self.shared.scopes.get(*s).directive)
    }

    /// The directive of that name that is in force in a route's block, inherited or its own. For lists (`proxy_set_header`,
    /// `add_header` …) the first one.
    pub fn effective(&self, route: RouteId, name: Name) -> Option<Directive<'a>> {
        let id = self.in_force(route, name).iter().find(|id| self.shared.config.name(**id) == name)?;
        Some(self.shared.directive(*id))
    }

    /// The directives of that name that are in force in a route's block, inherited or its own, in order.
    pub fn effective_all(&self, route: RouteId, name: Name) -> impl Iterator<Item = Directive<'a>> {
        let of_name = self.in_force(route, name).iter().filter(move |id| self.shared.config.name(**id) == name);
        of_name.map(|id| self.shared.directive(*id))
    }

    /// What is in force in a route's block of that directive and those that stand for the same setting.
    #[inline]
    fn in_force(&self, route: RouteId, name: Name) -> &[DirectiveId] {
        // Most of what rules ask for stands nowhere.
        if self.shared.config.count(name) == 0 {
            return &[];
        }
        let scope = self.route_scopes.get(route as usize);
        scope.map_or(&[], |scope| self.shared.scopes.settled(*scope).of_slot(slot(name)))
    }

    /// The block of a route; `None` for a server that only stands around a lone snippet.
    pub fn route_block(&self, route: RouteId) -> Option<Directive<'a>> {
        let id = self.route_directive(route);
        (id != TOP).then(|| self.shared.directive(id))
    }

    /// Paths made up from the pattern of a route, whichever route the server then chooses for them.
    pub fn paths_like(&self, route: RouteId) -> Vec<String> {
        self.route_scopes.get(route as usize).map_or_else(Vec::new, |scope| super::example::candidates(&self.shared, *scope))
    }

    /// Whether the pattern of a route's location, taken alone, matches a path.
    pub fn pattern_matches(&self, route: RouteId, path: &str) -> bool {
        let Some(block) = self.route_block(route).filter(|b| b.name() == Name::Location) else { return false };
        let regexes = &self.shared.regexes;
        match location::pattern(&block) {
            Pattern::Exact(text) => text == path,
            Pattern::Prefix { text, .. } => path.starts_with(text.as_ref()),
            Pattern::Regex { text, ignore_case } => {
                regexes.find(&text, ignore_case).and_then(|id| regexes.is_match(id, path)) == Some(true)
            }
            Pattern::Named(_) | Pattern::Unknown => false,
        }
    }

    /// The route of a block: a location, or the server itself.
    pub fn route_of(&self, block: DirectiveId) -> Option<RouteId> {
        let found = self.route_scopes.iter().position(|s| self.shared.scopes.get(*s).directive == block);
        found.map(|i| i as RouteId)
    }

    /// Whether a text depends on a variable that `wanted` accepts (its name in lower case, without `$`), also through `map` and `set`.
    pub fn depends_on(&self, text: &str, wanted: &dyn Fn(&str) -> bool) -> bool {
        self.shared.mentions(text, 0, wanted)
    }

    /// The files that the configuration names, as far as they are in reach.
    pub fn lookup(&self) -> Option<&Lookup<'a>> {
        self.shared.lookup.as_ref()
    }

    /// The directives of that name that are written in this server, at whatever depth, in order.
    pub fn inside(&self, name: Name) -> impl Iterator<Item = Directive<'a>> {
        let config = self.shared.config;
        let all = config.by_name.get(name as usize).map_or(&[][..], Vec::as_slice);
        let block = self.server_directive();
        let own = match config.placed.get(block as usize) {
            Some(placed) => {
                let from = all.partition_point(|id| *id < block);
                let count = all.get(from..).unwrap_or_default().partition_point(|id| *id < placed.subtree_end);
                all.get(from..from + count).unwrap_or_default()
            }
            None => all,
        };
        own.iter().map(|id| self.shared.directive(*id))
    }

    /// The directives of the configuration that this server belongs to.
    pub fn config(&self) -> &'a Config {
        self.shared.config
    }

    fn place_of(&self, directive: DirectiveId) -> Place {
        match self.shared.span(directive) {
            Some(span) => Place { span, text: self.shared.directive(directive).text() },
            None => Place { span: Span::new(self.shared.config.main, 0, 0), text: "server".to_owned() },
        }
    }

    fn follow(&self, request: &Request, choices: &mut Choices) -> Outcome {
        let mut walk = Walk::new(self, request, choices);
        if request.scheme == Scheme::Http && self.listens.listen_for(request).is_some_and(|l| l.tls) {
            walk.end = Some(End::Status(Known::Is(400), None));
        } else {
            walk.run();
        }
        self.outcome(walk)
    }

    fn outcome(&self, mut walk: Walk<'_, 'a>) -> Outcome {
        let (status, by) = match walk.end.clone() {
            Some(End::Status(Known::Is(status), by)) => (Known::Is(Some(status)), by),
            Some(End::Status(Known::Unknown(why), by)) => (Known::Unknown(why), by),
            Some(End::Upstream) => (Known::Is(None), None),
            None => (Known::Unknown("the request was not followed to its end".to_owned()), None),
        };
        let upstream = if walk.returned() { None } else { walk.upstream() };
        let handler = self.handler(&mut walk, &status, by);
        let served = walk.serving_scope();
        Outcome {
            site: self.place_of(self.server_directive()),
            served_by: self.place_of(self.shared.scopes.get(served).directive),
            cache: if upstream.is_some() { walk.cache(walk.reached) } else { crate::model::Cache::none() },
            response: walk.response(),
            steps: std::mem::take(&mut walk.steps),
            gates: std::mem::take(&mut walk.gates),
            location: walk.location.take(),
            unknown: std::mem::take(&mut walk.unknown),
            status,
            handler,
            upstream,
            runs: Vec::new(),
        }
    }

    fn handler(&self, walk: &mut Walk<'_, 'a>, status: &Known<Option<u16>>, by: Option<DirectiveId>) -> Handler {
        let span = by.and_then(|id| self.shared.span(id));
        if walk.returned() {
            let redirect = matches!(status, Known::Is(Some(301..=308))) && walk.location.is_some();
            let kind = if redirect { HandlerKind::Redirect } else { HandlerKind::Return };
            return Handler { kind, span, target: walk.location.clone() };
        }
        let Some(handler) = walk.handler else {
            let root = walk.settled().single(super::slots::Single::Root).and_then(|id| self.shared.span(id));
            return Handler { kind: HandlerKind::Static, span: root, target: None };
        };
        let directive = self.shared.directive(handler);
        match protocol_of(directive.name()) {
            Some(protocol) => {
                let target = walk.value(&directive.arg(0));
                Handler { kind: kind_of(protocol), span: Some(directive.span()), target: Some(target) }
            }
            None if matches!(directive.name(), Name::StubStatus | Name::EmptyGif | Name::Api | Name::Status) => {
                Handler { kind: HandlerKind::Internal, span: Some(directive.span()), target: None }
            }
            None => Handler { kind: HandlerKind::Unknown, span: Some(directive.span()), target: None },
        }
    }
}

impl Walk<'_, '_> {
    /// Whether the walk ended with `return`, a redirect, or an error that the rewrite phase made.
    pub(super) fn returned(&self) -> bool {
        !self.refused
            && (self.location.is_some()
                || self.ended_by.is_some_and(|id| {
                    id != TOP
                        && matches!(self.directive(id).name(), Name::Return | Name::Rewrite | Name::Internal | Name::TryFiles)
                }))
    }
}

impl Site for Server<'_> {
    fn place(&self) -> Place {
        self.place_of(self.server_directive())
    }

    fn hosts(&self) -> &[String] {
        &self.listens.literal
    }

    fn routes(&self) -> &[Route] {
        &self.routes
    }

    fn resolve(&self, request: &Request) -> Outcome {
        choices::explore(|choices| self.follow(request, choices))
    }

    fn request(&self, path: &str) -> Request {
        self.listens.request(path)
    }

    fn landmark(&self, route: RouteId) -> Option<Request> {
        let scope = *self.route_scopes.get(route as usize)?;
        let path = super::example::path_for(&self.shared, &self.locations, self.scope, scope)?;
        Some(self.request(&path))
    }

    fn context(&self, route: RouteId) -> String {
        let directive = self.route_directive(route);
        if directive == TOP {
            return "server".to_owned();
        }
        let directive = self.shared.directive(directive);
        let mut blocks: Vec<Directive> = std::iter::once(directive).chain(directive.ancestors()).collect();
        let mut text = String::with_capacity(64);
        while let Some(block) = blocks.pop() {
            if !text.is_empty() {
                text.push_str(" > ");
            }
            self.write_label(&block, &mut text);
        }
        text
    }

    fn is_whole(&self) -> bool {
        !self.shared.config.incomplete && self.shared.config.guessed_context.is_empty()
    }

    fn is_tls(&self) -> bool {
        self.listens.is_tls()
    }
}

impl Server<'_> {
    fn write_label(&self, directive: &Directive, text: &mut String) {
        match self.listens.literal.first() {
            Some(name) if directive.name() == Name::Server => {
                text.push_str("server ");
                text.push_str(name);
            }
            _ => directive.write_text(text),
        }
    }
}
