//! The servers of one nginx, and the choice between them.

use std::borrow::Cow;
use std::sync::Arc;

use super::location::{self, Pattern};
use super::lower::Lowered;
use super::run::Run;
use super::scope::ScopeId;
use super::server::{Listens, ListensOf, TakenNames};
use super::shared::Shared;
use super::slots::slot;
use super::upstream::{kind_of, protocol_of};
use super::walk::{End, Walk};
use crate::model::from::choices::{self, Choices};
use crate::model::from::lookup::Lookup;
use crate::model::from::regexes::RegexId;
use crate::model::{Handler, HandlerKind, Known, Outcome, Place, Request, Route, RouteId, Scheme, Site, Value};
use crate::project::nginx::config::TOP;
use crate::project::nginx::{Config, Directive, DirectiveId};
use crate::source::Span;
use crate::syntax::nginx::Name;

/// One `server` block.
pub struct Server<'a> {
    pub(super) shared: Arc<Shared<'a>>,
    pub(super) scope: ScopeId,
    order: u32,
    listens: ListensOf,
    /// In [`Shared::routes`].
    routes: Run,
}

/// The server that takes a request: by port, then by name, else the default server of that port.
/// If no server listens on the port (a port that is mapped elsewhere), all servers are asked by name.
pub fn choose<'s, 'a>(servers: &'s [Server<'a>], request: &Request) -> Option<&'s Server<'a>> {
    let on_port: Vec<&Server> = servers.iter().filter(|s| s.listens().listen_for(request).is_some()).collect();
    let candidates: Vec<&Server> = if on_port.is_empty() { servers.iter().collect() } else { on_port };
    // An address of its own beats a wildcard one.
    let specific = |s: &Server| s.listens().listen_for(request).is_some_and(|l| l.address.is_some());
    let most_specific: Vec<&Server> = candidates.iter().copied().filter(|s| specific(s)).collect();
    let names_address = request.host == "localhost" || request.host.parse::<std::net::IpAddr>().is_ok();
    let candidates = if names_address && !most_specific.is_empty() { most_specific } else { candidates };
    let host = request.host.trim_end_matches('.');
    let mut taken = TakenNames::default();
    let by_name = candidates
        .iter()
        .filter_map(|s| Some((s.listens().matches(host, s.order, &s.shared.regexes, &mut taken)?, *s)))
        .min_by(|a, b| a.0.cmp(&b.0).then(a.1.order.cmp(&b.1.order)));
    if let Some((_, server)) = by_name {
        return Some(server);
    }
    let default = candidates.iter().find(|s| s.listens().listen_for(request).is_some_and(|l| l.default_server));
    default.or(candidates.first()).copied()
}

impl<'a> Server<'a> {
    /// A server that was lowered; `order` is its place among all.
    pub(super) fn new(shared: Arc<Shared<'a>>, order: u32, lowered: Lowered) -> Self {
        let Lowered { scope, listens, routes } = lowered;
        Self { shared, scope, order, listens, routes }
    }

    #[inline]
    fn listens(&self) -> Listens<'_, 'a> {
        self.shared.listens.of(self.listens)
    }

    #[inline]
    fn route_scope(&self, route: RouteId) -> Option<ScopeId> {
        self.shared.routes.scopes_of(self.routes).get(route as usize).copied()
    }

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
        let listen = self.listens().listen_for(request);
        listen.and_then(|listen| self.shared.doors.default_server(listen)).unwrap_or(self.scope)
    }

    /// The regex of the `server_name` by which a host was found: its groups are variables.
    ///
    /// Where it is the only server of its address, nginx compares names only for the sake of groups, and looks for those in the last
    /// regex alone (measured).
    pub(super) fn name_regexes(&self, request: &Request, host: &str) -> Vec<RegexId> {
        let listen = self.listens().listen_for(request);
        let is_alone = listen.is_some_and(|listen| !self.shared.doors.is_crowded(listen));
        let has_groups = |last: RegexId| self.shared.regexes.group_count(last) > 0;
        if is_alone && !self.listens().last_regex().is_some_and(has_groups) {
            return Vec::new();
        }
        self.listens().regexes_for(host)
    }

    /// The address that takes a request, if the configuration names it.
    pub(super) fn local_address(&self, request: &Request) -> Option<&str> {
        self.listens().listen_for(request)?.address.as_deref()
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
        self.route_scope(route).map_or(TOP, |scope| self.shared.scopes.get(scope).directive)
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
        self.route_scope(route).map_or(&[], |scope| self.shared.scopes.settled(scope).of_slot(slot(name)))
    }

    /// The block of a route; `None` for a server that only stands around a lone snippet.
    pub fn route_block(&self, route: RouteId) -> Option<Directive<'a>> {
        let id = self.route_directive(route);
        (id != TOP).then(|| self.shared.directive(id))
    }

    /// Paths made up from the pattern of a route, whichever route the server then chooses for them.
    pub fn paths_like(&self, route: RouteId) -> Vec<String> {
        self.route_scope(route).map_or_else(Vec::new, |scope| super::example::candidates(&self.shared, scope))
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
        let mut scopes = self.shared.routes.scopes_of(self.routes).iter();
        let found = scopes.position(|scope| self.shared.scopes.get(*scope).directive == block);
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
        if request.scheme == Scheme::Http && self.listens().listen_for(request).is_some_and(|l| l.tls) {
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

    fn hosts(&self) -> &[Cow<'_, str>] {
        self.listens().literal
    }

    fn routes(&self) -> &[Route] {
        self.shared.routes.of(self.routes)
    }

    fn resolve(&self, request: &Request) -> Outcome {
        choices::explore(|choices| self.follow(request, choices))
    }

    fn request(&self, path: &str) -> Request {
        self.listens().request(path)
    }

    fn landmark(&self, route: RouteId) -> Option<Request> {
        let path = super::example::path_for(&self.shared, self.scope, self.route_scope(route)?)?;
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
        self.listens().is_tls()
    }
}

impl Server<'_> {
    fn write_label(&self, directive: &Directive, text: &mut String) {
        match self.listens().literal.first() {
            Some(name) if directive.name() == Name::Server => {
                text.push_str("server ");
                text.push_str(name);
            }
            _ => directive.write_text(text),
        }
    }
}
