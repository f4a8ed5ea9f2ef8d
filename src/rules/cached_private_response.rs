//! `cached-private-response`: an answer made for one client is kept for all, or one for all is given to a client with credentials.

mod apache;
pub(super) mod edge;

use std::cell::LazyCell;

use super::Cx;
use super::cached_login::login_products_without_cache;
use super::caches::{self, Candidate};
use super::support::finding;
use crate::finding::{Confidence, Severity};
use crate::model::from::nginx::Server;
use crate::model::{HeaderFate, Outcome, PathKind, Request, Route, RouteId, Site, Stores};
use crate::source::Span;

pub(super) use apache::check as check_apache;

/// The id.
pub(super) const ID: &str = "cached-private-response";

/// Who answers by credentials.
const PERSONAL: &[PathKind] = &[PathKind::Api, PathKind::Account, PathKind::Admin];

/// How many paths of a location are tried.
const MOST: usize = 6;

/// What goes wrong.
enum Fault {
    /// Answers to credentials get into the store; they are not taken from it.
    Stored,
    /// Requests with credentials are answered from the store; their answers do not get into it.
    Answered,
    /// Nothing tells credentials apart.
    Shared,
}

/// Sends each path with and without credentials.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let site: &dyn Site = server;
    let starts = caches::starts(site, caches::caches);
    if starts.is_empty() || site.hosts().first().is_some_and(|host| caches::is_asset_host(host)) {
        return;
    }
    let session = LazyCell::new(|| caches::session(server, cx.sources));
    let mut reported: Vec<Span> = Vec::new();
    for start in starts {
        check_start(site, start, &session, &mut reported, cx);
    }
}

fn check_start(site: &dyn Site, start: (RouteId, &Route), session: &str, reported: &mut Vec<Span>, cx: &mut Cx) {
    let mut candidates = caches::candidates(site, start, cx.paths, PERSONAL);
    candidates.retain(|c| c.request.method == "GET");
    candidates.truncate(MOST);
    candidates.extend(caches::made_up(site, start));
    // Answers to POST are stored only where the configuration says so; an API may know nothing else.
    let posted = caches::posted(site, start, cx.paths, PathKind::Api);
    candidates.extend(posted.into_iter().filter(|c| caches::stored(&site.resolve(&c.request)).is_some()));
    let login_pages = caches::candidates(site, start, cx.paths, &[PathKind::Login]);
    let mut login_pages = login_pages.iter().filter(|c| !c.request.path.starts_with("/api/")).peekable();
    // Who keeps pages to sign in out has thought of what depends on the visitor.
    let thought_of = login_pages.peek().is_some()
        && (!login_products_without_cache(site, cx).is_empty()
            || login_pages.any(|c| caches::stored(&site.resolve(&c.request)) != Some(Stores::Yes)));
    for candidate in candidates {
        let anonymous = site.resolve(&candidate.request);
        let Some(primary) = anonymous.cache.stores.because.first().copied().filter(|_| !caches::keyed(&anonymous.cache)) else {
            continue;
        };
        if reported.contains(&primary) || caches::is_foreign(&candidate.request, &anonymous) {
            continue;
        }
        let bearer = candidate.request.clone().header("Authorization", "Bearer token-of-the-client");
        let signed_in = candidate.request.clone().header("Cookie", session);
        let asked: Vec<(Request, Outcome)> = [bearer, signed_in].into_iter().map(|r| (r.clone(), site.resolve(&r))).collect();
        let apart = |o: &Outcome| caches::kept_out(o) && caches::past_store(o);
        if caches::from_store(&anonymous) && asked.iter().all(|(_, o)| apart(o)) {
            break;
        }
        let one_sided = asked.iter().find_map(|(r, o)| Some((r, o, one_sided(&anonymous, o)?)));
        let shared = || {
            let (first, outcome) = asked.first()?;
            let open = asked.iter().all(|(_, o)| caches::stored(o) == Some(Stores::Yes) && caches::from_store(o));
            let known = candidate.known.is_some() && (anonymous.cache.ignores_cache_control || !thought_of);
            let wanted = caches::credentials_arrive(outcome) && (known || names_visitor(outcome));
            (open && wanted).then_some((first, outcome, Fault::Shared))
        };
        let Some((request, outcome, fault)) = one_sided.or_else(shared) else { continue };
        reported.push(primary);
        report(site, &candidate, request, outcome, &fault, primary, cx);
    }
}

/// Whether a condition on credentials holds in one direction only.
fn one_sided(anonymous: &Outcome, with: &Outcome) -> Option<Fault> {
    if !caches::credentials_arrive(with) || caches::stored(anonymous).is_none() || !caches::from_store(anonymous) {
        return None;
    }
    if caches::stored(with).is_some() && caches::past_store(with) {
        return Some(Fault::Stored);
    }
    (caches::kept_out(with) && caches::from_store(with)).then_some(Fault::Answered)
}

/// Whether the application is told who asks: the configuration itself sends Authorization or the name of the visitor.
fn names_visitor(outcome: &Outcome) -> bool {
    let key = outcome.cache.key.as_ref().and_then(|k| k.value.known()).cloned().unwrap_or_default();
    let Some(upstream) = &outcome.upstream else { return false };
    let tells = |name: &str| {
        let name = name.to_ascii_lowercase().replace('_', "-");
        name == "authorization"
            || matches!(
                name.as_str(),
                "remote-user" | "x-remote-user" | "x-user" | "x-user-id" | "x-auth-request-user" | "x-forwarded-user"
            )
    };
    upstream.sent.iter().any(|s| tells(&s.name) && s.written.starts_with('$') && !key.contains(&s.written))
        && !upstream.authorization.value.is(&HeaderFate::Dropped)
}

fn report(
    site: &dyn Site,
    candidate: &Candidate,
    request: &Request,
    outcome: &Outcome,
    fault: &Fault,
    primary: Span,
    cx: &mut Cx,
) {
    let mut witness = request.clone();
    // The made-up Cookie header holds every name there is; one is enough to read.
    if let Some((_, value)) = witness.headers.iter_mut().find(|(name, _)| name == "Cookie") {
        value.truncate(value.find(';').unwrap_or(value.len()));
    }
    let asked = request.describe();
    let message = match fault {
        Fault::Stored => format!(
            "the answer to {asked} is stored and given to everybody: credentials go past the store, but their answers get into it"
        ),
        Fault::Answered => format!("{asked} is answered from the copy made for somebody else: no_cache without bypass"),
        Fault::Shared => format!("the answer to {asked} is stored and given to everybody: the key does not hold the credentials"),
    };
    let help = match fault {
        Fault::Stored => "give *_no_cache the same conditions as *_cache_bypass",
        Fault::Answered => "give *_cache_bypass the same conditions as *_no_cache",
        Fault::Shared => {
            "keep requests with credentials out: *_cache_bypass and *_no_cache with $http_authorization and the session cookie"
        }
    };
    let mut found = finding(ID, site, candidate.route, primary, message, witness).help(help);
    let condition = match fault {
        Fault::Stored => outcome.cache.answers_from_store.because.first(),
        Fault::Answered => outcome.cache.stores.because.get(1),
        Fault::Shared => None,
    };
    if let Some(condition) = condition {
        found = found.related(*condition, "this holds in one direction only");
    }
    found = found.related(outcome.served_by.span, "the request is served here");
    if let Fault::Shared = fault
        && !outcome.cache.ignores_cache_control
    {
        found = found.confidence(Confidence::Medium);
    }
    if caches::stored(outcome) == Some(Stores::Origin) {
        found = found.severity(Severity::Warning);
    }
    cx.report(found);
}
