//! Locations as routes: what each has to do with credentials, and which well-known paths reach it.
//!
//! Thousands of servers times hundreds of paths need no search for each pair: a prefix is a range of the sorted list, a regex text
//! meets the same paths everywhere, and the choice between locations is the same set arithmetic for all paths at once.

use super::location::Kind;
use super::run::Run;
use super::scope::{NONE, ScopeId, ScriptStep};
use super::shared::Shared;
use super::slots::{List, PerProtocol, PerProtocolList, Protocol, Single, SlotSet, slots};
use super::upstream::protocol_of;
use crate::model::{PathSet, Paths, Route, SharedSets, Traits};
use crate::project::nginx::Config;
use crate::project::nginx::config::TOP;
use crate::source::Span;
use crate::syntax::nginx::Name;

/// The routes of all servers, and their blocks.
#[derive(Debug, Default)]
pub(super) struct Routes {
    all: Vec<Route>,
    scopes: Vec<ScopeId>,
    /// While a server is added: the paths that its blocks take.
    taken: Vec<(ScopeId, PathSet)>,
    /// While a block is: the paths that its prefixes take unless a regex does.
    fallbacks: Vec<(ScopeId, PathSet)>,
}

impl Routes {
    /// None yet; there is room for all of a configuration.
    pub(super) fn with_room_for(config: &Config) -> Self {
        let count = config.count(Name::Server) + config.count(Name::Location);
        Self { all: Vec::with_capacity(count), scopes: Vec::with_capacity(count), ..Self::default() }
    }

    /// Adds those of a server, the server itself first.
    pub(super) fn add(&mut self, shared: &Shared, server: ScopeId, paths: &Paths, sets: &mut SharedSets) -> Run {
        let first = self.scopes.len();
        self.scopes.push(server);
        let mut next = first;
        while let Some(scope) = self.scopes.get(next).copied() {
            self.scopes.extend(shared.scopes.locations(scope));
            next += 1;
        }
        let own = Run::since(first, &self.scopes);
        let scopes = own.of(&self.scopes);
        self.taken.clear();
        let mut spreading = Spreading { shared, paths, taken: &mut self.taken, fallbacks: &mut self.fallbacks };
        let rest = spreading.spread(server, paths.everything);
        spreading.give(server, rest);
        self.all.extend(scopes.iter().map(|id| {
            let scope = shared.scopes.get(*id);
            let reached = self.taken.iter().filter(|(s, _)| s == id).fold(PathSet::default(), |all, (_, set)| all | *set);
            let span = shared.span(scope.directive).unwrap_or(Span::new(shared.config.main, 0, 0));
            Route { span, traits: traits(shared, *id), serves: sets.share(reached) }
        }));
        own
    }

    /// The routes of a run.
    #[inline]
    pub(super) fn of(&self, own: Run) -> &[Route] {
        own.of(&self.all)
    }

    /// Their blocks.
    #[inline]
    pub(super) fn scopes_of(&self, own: Run) -> &[ScopeId] {
        own.of(&self.scopes)
    }
}

struct Spreading<'w, 'a> {
    shared: &'w Shared<'a>,
    paths: &'w Paths,
    taken: &'w mut Vec<(ScopeId, PathSet)>,
    fallbacks: &'w mut Vec<(ScopeId, PathSet)>,
}

impl Spreading<'_, '_> {
    /// Gives the paths of `set` to the locations inside `block`, and returns those that none of them takes.
    fn spread(&mut self, block: ScopeId, set: PathSet) -> PathSet {
        if set.is_empty() {
            return set;
        }
        let shared = self.shared;
        let level = shared.locations.level(&shared.scopes, block);
        let mut rest = set;
        for exact in level.exact {
            let taken = self.paths.exactly(&exact.text) & rest;
            self.give(exact.scope, taken);
            rest &= !taken;
        }
        // Prefixes come longest first: each takes what no longer one took.
        let first = self.fallbacks.len();
        let mut open = rest;
        let mut closed = PathSet::default();
        for prefix in level.prefixes {
            let taken = self.paths.with_prefix(&prefix.text) & open;
            open &= !taken;
            let left = self.spread(prefix.scope, taken);
            rest &= !(taken & !left);
            if prefix.kind == (Kind::Prefix { no_regex: true }) {
                closed |= left;
            }
            self.fallbacks.push((prefix.scope, left));
        }
        let mut asked = rest & !closed;
        for location in level.regexes {
            let Kind::Regex(regex) = location.kind else { continue };
            if asked.is_empty() {
                break;
            }
            let taken = shared.regexes.well_known(regex, self.paths) & asked;
            asked &= !taken;
            rest &= !taken;
            let left = self.spread(location.scope, taken);
            self.give(location.scope, left);
        }
        for index in first..self.fallbacks.len() {
            let Some((scope, left)) = self.fallbacks.get(index).copied() else { break };
            let taken = left & rest;
            self.give(scope, taken);
            rest &= !taken;
        }
        self.fallbacks.truncate(first);
        rest
    }

    fn give(&mut self, scope: ScopeId, set: PathSet) {
        if !set.is_empty() {
            self.taken.push((scope, set));
        }
    }
}

fn traits(shared: &Shared, id: ScopeId) -> Traits {
    let scope = shared.scopes.get(id);
    let mut traits = Traits::default();
    let mut sets_host = add_traits(shared, id, &mut traits);
    if scope.limit_except != NONE {
        sets_host &= add_traits(shared, scope.limit_except, &mut traits);
    }
    for step in shared.scopes.script(id) {
        traits.add(Traits::REWRITES);
        if let ScriptStep::If(_, inner) = step {
            sets_host &= add_traits(shared, *inner, &mut traits);
            sets_host &= shared.scopes.script(*inner).iter().all(|step| matches!(step, ScriptStep::Plain(_)));
        }
    }
    if sets_host {
        traits.add(Traits::SETS_HOST);
    }
    let named = scope.directive != TOP && shared.directive(scope.directive).arg(0).starts_with('@');
    if shared.scopes.settled(id).internal().is_some() || named {
        traits.add(Traits::INTERNAL);
    }
    traits
}

/// Adds the traits of one block; whether it hands on a Host of its own.
fn add_traits(shared: &Shared, scope: ScopeId, traits: &mut Traits) -> bool {
    const BY_SLOTS: &[(SlotSet, Traits)] = &[
        (slots(&[Single::AuthBasic, Single::AuthRequest, Single::AuthJwt, Single::AccessCode], &[]), Traits::GATE),
        (slots(&[], &[List::Addresses]), Traits::ADDRESSES),
        (slots(&[], &[List::ErrorPages]), Traits::ERROR_PAGES),
        (slots(&[Single::Expires], &[List::MoreSetHeaders]), Traits::EDITS_RESPONSE),
        (slots(&[], &[List::LimitReq, List::LimitConn]), Traits::LIMITS),
        (slots(&[], &[List::ProxyCookieFlags, List::ProxyCookiePath, List::ProxyCookieDomain]), Traits::COOKIES),
        (slots(&[], &[List::MoreSetInputHeaders]), Traits::SETS_HEADERS),
        (slots(&[], &[List::MoreSetInputHeaders]), Traits::TOUCHES_AUTHORIZATION),
    ];
    let settled = shared.scopes.settled(scope);
    for (slots, trait_) in BY_SLOTS {
        if settled.has_any(*slots) {
            traits.add(*trait_);
        }
    }
    // It may have been emptied.
    if !settled.run(List::AddHeader).is_empty() {
        traits.add(Traits::EDITS_RESPONSE);
    }
    let protocol = settled.handler().and_then(|h| protocol_of(shared.config.name(h)));
    if let Some(protocol) = protocol {
        traits.add(Traits::UPSTREAM);
        return add_protocol_traits(shared, scope, protocol, traits);
    }
    false
}

fn add_protocol_traits(shared: &Shared, scope: ScopeId, protocol: Protocol, traits: &mut Traits) -> bool {
    let settled = shared.scopes.settled(scope);
    if settled.of(protocol, PerProtocol::Cache).is_some_and(|id| shared.directive(id).arg(0) != "off") {
        traits.add(Traits::CACHE);
    }
    if settled.of(protocol, PerProtocol::PassRequestHeaders).is_some() {
        traits.add(Traits::TOUCHES_AUTHORIZATION);
        traits.add(Traits::COOKIES);
    }
    if !settled.run_of(protocol, PerProtocolList::HideHeader).is_empty() {
        traits.add(Traits::EDITS_RESPONSE);
    }
    let headers = shared.scopes.run(settled.run_of(protocol, PerProtocolList::Headers));
    if !headers.is_empty() {
        traits.add(Traits::SETS_HEADERS);
    }
    let replaced = settled.replaced(protocol, PerProtocolList::Headers);
    let own = |name: &str| headers.iter().any(|id| shared.directive(*id).arg(0).eq_ignore_ascii_case(name));
    if shared.scopes.run(replaced).iter().any(|id| !own(&shared.directive(*id).arg(0))) {
        traits.add(Traits::LOSES_HEADERS);
    }
    let mut sets_host = false;
    for id in headers {
        let directive = shared.directive(*id);
        if !matches!(
            directive.name(),
            Name::ProxySetHeader | Name::GrpcSetHeader | Name::FastcgiParam | Name::UwsgiParam | Name::ScgiParam
        ) {
            continue;
        }
        let name = directive.arg(0);
        let name = name.strip_prefix("HTTP_").unwrap_or(&name);
        if name.eq_ignore_ascii_case("authorization") {
            traits.add(Traits::TOUCHES_AUTHORIZATION);
        } else if name.eq_ignore_ascii_case("cookie") {
            traits.add(Traits::COOKIES);
        } else if name.eq_ignore_ascii_case("host") {
            sets_host = true;
        }
    }
    sets_host
}
