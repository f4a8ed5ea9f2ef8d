//! What the rules on caches share about `mod_cache`: the requests of a host that meet it.

use super::Cx;
use super::apache_headers::{Edit, edits, uses, written};
use super::caches::{self, Candidate};
use crate::model::from::apache::Host;
use crate::model::{Outcome, PathKind, Request, RouteId, Site};
use crate::source::Span;
use crate::syntax::apache::Name;
use crate::syntax::apache::header::Action;

/// How many routes of one host are looked at, and how many well-known paths of each.
const MAX_ROUTES: usize = 64;
const MAX_PATHS: usize = 6;

/// An answer of an application that `mod_cache` may store.
pub(super) struct Cached<'p, 'a> {
    /// The request of a visitor without credentials.
    pub(super) candidate: Candidate<'p>,
    /// What becomes of it.
    pub(super) outcome: Outcome,
    /// `CacheEnable`.
    pub(super) enable: Span,
    /// The `Header` directives in force.
    pub(super) edits: Vec<Edit<'a>>,
}

/// Follows requests to the applications of a host that have a cache in front: well-known paths of these kinds, and what the prefixes of
/// `CacheEnable` name. Assets and sites of others are left out, and so is what `Header` keeps out of the store.
pub(super) fn cached<'p, 'a>(host: &Host<'a>, cx: &Cx<'p>, kinds: &[PathKind]) -> Vec<Cached<'p, 'a>> {
    let mut found = Vec::new();
    if !uses(host, Name::CacheEnable) || host.hosts().first().is_some_and(|name| caches::is_asset_host(name)) {
        return found;
    }
    for start in caches::starts(host, caches::caches).into_iter().take(MAX_ROUTES) {
        let mut candidates = caches::candidates(host, start, cx.paths, kinds);
        candidates.retain(|c| c.request.method == "GET");
        candidates.truncate(MAX_PATHS);
        candidates.extend(caches::scripts(host, start, cx.paths, kinds));
        candidates.extend(caches::made_up(host, start));
        candidates.extend(prefixes(host, start.0));
        if candidates.is_empty() {
            continue;
        }
        let edits = || edits(host, start.0, Name::Header);
        for candidate in candidates {
            let outcome = host.resolve(&candidate.request);
            if caches::stored(&outcome).is_none() || caches::is_foreign(&candidate.request, &outcome) {
                continue;
            }
            let Some(enable) = outcome.cache.stores.because.first().copied() else { continue };
            let edits = edits();
            if keeps_out(&edits) {
                break;
            }
            found.push(Cached { candidate, outcome, enable, edits });
        }
    }
    found
}

/// Requests for the prefixes that `CacheEnable` names.
fn prefixes<'p>(host: &Host, route: RouteId) -> Vec<Candidate<'p>> {
    let enabled = host.effective_all(route, Name::CacheEnable).into_iter();
    let paths = enabled.map(|d| d.arg(1).into_owned()).filter(|p| p.starts_with('/') && p.len() > 1 && !caches::looks_static(p));
    let request = |path: String| {
        let mut request = host.request(&path).past_gates();
        request.assume.file_exists = Some(true);
        Candidate { route, known: None, request }
    };
    paths.take(MAX_PATHS).map(request).collect()
}

/// Whether a line about `Cache-Control` may keep answers out of the store.
fn keeps_out(edits: &[Edit]) -> bool {
    let cache_control = |e: &&Edit| e.is_of("cache-control") && e.edit.action != Action::Unset;
    edits.iter().any(|e| cache_control(&e)) && !written(edits, "cache-control").is_some_and(|w| lasts(&w.value))
}

/// Whether a `Cache-Control` lets a shared cache keep an answer for a time.
pub(super) fn lasts(value: &str) -> bool {
    super::cached_login::lasting(value)
}

/// Whether one of the edits takes `Set-Cookie` away.
pub(super) fn drops_cookies(edits: &[Edit]) -> bool {
    edits.iter().any(|e| e.is_of("set-cookie") && e.edit.action == Action::Unset)
}

/// The same request of somebody who is signed in by a cookie.
pub(super) fn signed_in(request: &Request) -> Request {
    request.clone().header("Cookie", "session=of-the-client")
}

/// Whether `CacheQuickHandler off` lets the phases of access come before the store.
pub(super) fn is_quick(host: &Host) -> bool {
    host.effective(0, Name::CacheQuickHandler).is_none_or(|d| !d.arg(0).eq_ignore_ascii_case("off"))
}
