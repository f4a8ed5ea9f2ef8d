//! A distribution, a set of routes or an ingress: what the rules ask.

use std::borrow::Cow;

use super::condition::Example;
use super::index::Index;
use super::moves::Moved;
use super::pattern::host_matches;
use super::says::{Behaviour, Behind, Cookie, FieldPart, Forward, Keeps, Limit, Rescoped, Says, Verdicts};
use crate::discover::edge::Dialect;
use crate::model::{Gate, Outcome, PathSet, Paths, Place, Request, Route, RouteId, Scheme, Site, Traits, Value};
use crate::source::Span;

/// Which of several entries that fit a request counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The first one, and nothing else.
    Alone,
    /// The first one, and what is said for all requests where it says nothing.
    First,
    /// All of them, up to the first one that answers: of two that say something about the same, the later one.
    Merge,
}

impl Order {
    /// Whether nothing is looked at any more once an entry applies.
    pub(super) fn ends_with(self, says: &Says) -> bool {
        self != Self::Merge || says.answer.is_some() || says.moves.is_some()
    }

    /// What holds where one entry applies after another.
    pub(super) fn over<'s>(self, earlier: &Says, later: &'s Says) -> Cow<'s, Says> {
        if self == Self::Alone { Cow::Borrowed(later) } else { Cow::Owned(earlier.clone().and(later)) }
    }
}

/// What the entries of one document, or one distribution of it, do to requests.
#[derive(Debug)]
pub struct EdgeSite {
    dialect: Dialect,
    pub(super) place: Place,
    pub(super) hosts: Vec<Cow<'static, str>>,
    pub(super) order: Order,
    /// What holds where no entry says otherwise; its head stands for requests that no entry takes.
    pub(super) default: Behaviour,
    pub(super) behaviours: Vec<Behaviour>,
    index: Index,
    routes: Vec<Route>,
    tls: bool,
    /// A host that it answers to; empty where none is written out.
    host: String,
}

/// What a dialect knows of a site before it is put together.
pub(super) struct Draft {
    pub(super) dialect: Dialect,
    pub(super) place: Place,
    /// The names it answers to; empty: any.
    pub(super) hosts: Vec<String>,
    pub(super) order: Order,
    pub(super) default: Behaviour,
    pub(super) behaviours: Vec<Behaviour>,
    /// Whether visitors come over TLS.
    pub(super) tls: bool,
}

impl EdgeSite {
    pub(super) fn new(draft: Draft, paths: &Paths) -> Self {
        let Draft { dialect, place, hosts, order, default, behaviours, tls } = draft;
        let mut taken = PathSet::default();
        let mut routes = Vec::with_capacity(behaviours.len() + 1);
        for behaviour in &behaviours {
            let mut serves = behaviour.when.well_known(paths);
            if order != Order::Merge {
                serves &= !taken;
            }
            if behaviour.when.is_of_paths() {
                taken |= serves;
            }
            let traits = traits(&order.over(&default.says, &behaviour.says));
            routes.push(Route { span: behaviour.head, traits, serves: serves.into() });
        }
        let rest = Route { span: default.head, traits: traits(&default.says), serves: (paths.everything & !taken).into() };
        routes.insert(0, rest);
        let own = hosts.iter().map(String::as_str);
        // Entries may name hosts where the site as a whole does not.
        let named = behaviours.iter().flat_map(|behaviour| behaviour.when.hosts());
        let host = own.chain(named).find(|host| !host.contains(['*', '{', '$'])).unwrap_or_default().to_owned();
        let index = Index::new(&behaviours);
        let hosts = hosts.into_iter().map(Cow::Owned).collect();
        Self { dialect, place, hosts, order, default, behaviours, index, routes, tls, host }
    }

    /// The dialect it is written in.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn behaviour(&self, route: RouteId) -> &Behaviour {
        (route as usize).checked_sub(1).and_then(|index| self.behaviours.get(index)).unwrap_or(&self.default)
    }

    /// The entries that may be for a request, in their order.
    pub(super) fn candidates(&self, request: &Request) -> impl Iterator<Item = &Behaviour> {
        self.index.candidates(request).into_iter().filter_map(|number| self.behaviours.get(number as usize))
    }

    /// What holds at a route, whatever else may apply there.
    pub(super) fn says(&self, route: RouteId) -> Cow<'_, Says> {
        match (route as usize).checked_sub(1).and_then(|index| self.behaviours.get(index)) {
            Some(behaviour) => self.order.over(&self.default.says, &behaviour.says),
            None => Cow::Borrowed(&self.default.says),
        }
    }

    /// The access checks of a route.
    pub fn gates(&self, route: RouteId) -> Vec<Gate> {
        self.says(route).gates.clone()
    }

    /// What an interface behind the edge asks for at a route.
    pub fn authorizer(&self, route: RouteId) -> Option<Gate> {
        self.says(route).authorizer.clone()
    }

    /// The value that a route gives Authorization, and the key that says so.
    pub fn sets_authorization(&self, route: RouteId) -> Option<(String, Span)> {
        let says = self.says(route);
        let fact = says.authorization.as_ref()?;
        let value = match fact.value.known()? {
            Forward::Replaced(Value::Known(value)) => value,
            // Where the client sends none.
            Forward::Made { absent, .. } => match absent.as_slice() {
                [FieldPart::Text(value)] => value,
                _ => return None,
            },
            _ => return None,
        };
        Some((value.clone(), *fact.because.first()?))
    }

    /// The cookies that the edge sets at a route.
    pub fn cookies(&self, route: RouteId) -> Vec<Cookie> {
        self.says(route).cookies.clone()
    }

    /// The paths and domains of the application's cookies that become others at a route.
    pub fn rescoped(&self, route: RouteId) -> Vec<Rescoped> {
        self.says(route).rescoped.clone()
    }

    /// Where it is said that what is behind a route is asked without TLS.
    pub fn plain_origin(&self, route: RouteId) -> Option<Span> {
        self.says(route).origin.as_ref()?.plain
    }

    /// Whether an entry says what becomes of X-Forwarded-Proto.
    pub fn speaks_of_scheme(&self) -> bool {
        self.all().any(|behaviour| behaviour.says.forwarded_proto.is_some())
    }

    /// Whether an entry says that a 401 of the origin is kept, or may be.
    pub fn keeps_refusals(&self) -> bool {
        self.all().any(|behaviour| behaviour.says.keeps_401.is_some())
    }

    /// How the verdicts of a subrequest are kept at a route.
    pub fn verdicts(&self, route: RouteId) -> Option<Verdicts> {
        self.says(route).verdicts.clone()
    }

    /// Where forwarded addresses or schemes are taken from everyone at a route.
    pub fn trusts_everyone(&self, route: RouteId) -> Option<Span> {
        self.says(route).trusts_everyone
    }

    /// The key because of which a token that was verified at a route is not passed on.
    pub fn takes_token(&self, route: RouteId) -> Option<Span> {
        self.says(route).takes_token
    }

    /// Where a check of a route believes forwarded fields, whoever is let through with them before it.
    pub fn believes_forwarded(&self, route: RouteId) -> Option<Span> {
        self.says(route).believes_forwarded
    }

    /// Whether addresses decide which requests a route is for.
    pub fn asks_for_address(&self, route: RouteId) -> bool {
        self.behaviour(route).when.asks_for_address()
    }

    /// Whether a route leads to an interface of programs (API Gateway, a function).
    pub fn is_interface(&self, route: RouteId) -> bool {
        self.says(route).interface
    }

    /// Whether something takes part at a route that is not in view.
    pub fn is_unread(&self, route: RouteId) -> bool {
        self.says(route).unread
    }

    /// The statuses that are answered with something else at a route: status, what the client gets, and the key.
    pub fn error_pages(&self, route: RouteId) -> Vec<(u16, Option<u16>, Span)> {
        self.says(route).errors.iter().map(|page| (page.status, page.becomes, page.span)).collect()
    }

    /// Whether a field of responses is taken away at a route.
    pub fn hides(&self, route: RouteId, field: &str) -> bool {
        self.says(route).response.hidden.iter().any(|(name, _)| name.eq_ignore_ascii_case(field))
    }

    /// Whether pages are kept where a cache is in force at a route.
    pub fn keeps_pages(&self, route: RouteId) -> bool {
        self.says(route).caching.as_ref().is_some_and(|caching| caching.pages)
    }

    /// The limit on requests at a route: requests in a minute, how many may come at once, the status of the rest, and the key.
    pub fn limit(&self, route: RouteId) -> Option<(f64, f64, u16, Span)> {
        self.says(route).limit.as_ref().map(|Limit { per_minute, burst, status, span }| (*per_minute, *burst, *status, *span))
    }

    /// The names of what it is made of: its hosts, its own name, the addresses of what is behind.
    pub fn names(&self) -> Vec<&str> {
        let own = self.place.text.split_once(' ').map(|(_, name)| name);
        let hosts = self.hosts.iter().map(AsRef::as_ref).chain(self.all().flat_map(|behaviour| behaviour.when.hosts()));
        let targets = self.all().filter_map(|behaviour| behaviour.says.origin.as_ref()?.target.as_ref()?.known());
        own.into_iter().chain(hosts).chain(targets).collect()
    }

    /// The paths that its entries speak of.
    pub fn named_paths(&self) -> Vec<&str> {
        self.all().flat_map(|behaviour| behaviour.when.paths()).collect()
    }

    /// Whether it names the methods that change something among those that it lets through.
    pub fn lets_write(&self) -> bool {
        let writes = |behaviour: &Behaviour| {
            let application = behaviour.says.origin.as_ref().is_some_and(|origin| origin.behind == Behind::Application);
            let allowed = behaviour.says.allowed.as_ref();
            application && allowed.is_some_and(|allowed| allowed.methods.iter().any(|method| method == "POST"))
        };
        self.all().any(writes)
    }

    /// Whether an entry has to do with credentials: asks for some, passes them on by name, keeps answers apart by them, or binds
    /// visitors to the server that knows their session.
    pub fn speaks_of_credentials(&self) -> bool {
        let kept = |fact: &Option<crate::model::Fact<Forward>>| fact.as_ref().is_some_and(|fact| fact.value.is(&Forward::Kept));
        self.all().any(|behaviour| {
            let says = &behaviour.says;
            let keyed = says.caching.as_ref().is_some_and(|caching| caching.by_cookie || caching.by_authorization == Some(true));
            let asks = says.authorizer.is_some() || says.gates.iter().any(|gate| gate.kind != crate::model::GateKind::Address);
            let binds = says.cookies.iter().any(|cookie| cookie.binds);
            asks || keyed || binds || kept(&says.authorization) || kept(&says.cookie)
        })
    }

    fn all(&self) -> impl Iterator<Item = &Behaviour> {
        std::iter::once(&self.default).chain(&self.behaviours)
    }

    /// Whether a request is for this site.
    pub(super) fn answers_to(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|name| host_matches(name, host))
    }
}

fn traits(says: &Says) -> Traits {
    let mut traits = Traits::default();
    let mut add = |holds: bool, what: Traits| {
        if holds {
            traits.add(what);
        }
    };
    let files = says.origin.as_ref().is_some_and(|origin| origin.behind == Behind::Files);
    let moved = says.moves.as_ref().is_some_and(|moves| !matches!(moves.to, Moved::Matching(_)));
    add(says.answer.is_none() && !moved && !files, Traits::UPSTREAM);
    add(!says.gates.is_empty(), Traits::GATE);
    add(says.caching.as_ref().is_some_and(|c| c.keeps != Keeps::Never), Traits::CACHE);
    let touched = |fact: &Option<crate::model::Fact<Forward>>| fact.as_ref().is_some_and(|f| !f.value.is(&Forward::Kept));
    add(touched(&says.authorization) || says.takes_token.is_some(), Traits::TOUCHES_AUTHORIZATION);
    add(touched(&says.cookie), Traits::COOKIES);
    add(!says.sent.is_empty(), Traits::SETS_HEADERS);
    add(!says.cookies.is_empty() || !says.rescoped.is_empty(), Traits::COOKIES);
    let response = &says.response;
    let edits = !response.added.is_empty() || !response.hidden.is_empty() || response.cache_control.is_some();
    add(edits, Traits::EDITS_RESPONSE);
    add(says.answer.is_some() || says.moves.is_some(), Traits::REWRITES);
    add(!says.errors.is_empty(), Traits::ERROR_PAGES);
    add(says.limit.is_some(), Traits::LIMITS);
    traits
}

impl Site for EdgeSite {
    fn place(&self) -> Place {
        self.place.clone()
    }

    fn hosts(&self) -> &[Cow<'_, str>] {
        &self.hosts
    }

    fn routes(&self) -> &[Route] {
        &self.routes
    }

    fn resolve(&self, request: &Request) -> Outcome {
        super::follow::resolve(self, request)
    }

    fn request(&self, path: &str) -> Request {
        let mut request = Request::get(self.host.as_str(), path);
        if self.tls {
            (request.scheme, request.port) = (Scheme::Https, 443);
        }
        request
    }

    fn landmark(&self, route: RouteId) -> Option<Request> {
        let behaviour = self.behaviour(route);
        let Example { path, host, method, query, headers } = behaviour.when.example();
        let mut request = self.request(path.as_deref().unwrap_or("/"));
        request.host = host.unwrap_or(request.host);
        request.method = method.unwrap_or(request.method);
        request.query = query;
        request.headers.extend(headers);
        let served = self.resolve(&request).served_by.span;
        (served == behaviour.head).then_some(request)
    }

    fn context(&self, route: RouteId) -> String {
        let behaviour = self.behaviour(route);
        if behaviour.name.is_empty() { self.place.text.clone() } else { format!("{} > {}", self.place.text, behaviour.name) }
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn redirected_hosts(&self) -> Vec<&str> {
        let redirects =
            |says: &Says| says.moves.is_some() || says.answer.as_ref().is_some_and(|answer| answer.location.is_some());
        let redirecting = self.behaviours.iter().filter(|behaviour| redirects(&behaviour.says));
        let mut hosts: Vec<&str> = redirecting
            .flat_map(|behaviour| {
                let hosts = behaviour.when.hosts();
                if hosts.is_empty() { vec![""] } else { hosts }
            })
            .collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }

    fn takes(&self, scheme: Scheme, port: u16) -> bool {
        // A zone and a distribution take both; what they do with plain requests is in their rules.
        let both = matches!(self.dialect, Dialect::Cloudflare | Dialect::CloudFormation);
        both && port == scheme.default_port() || self.own_door() == (scheme, port)
    }

    fn is_tls(&self) -> bool {
        self.tls
    }
}
