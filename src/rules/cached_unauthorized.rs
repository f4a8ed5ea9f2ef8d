//! `cached-unauthorized`: a 401 is kept and given to clients with good credentials.

mod apache;

use std::cell::LazyCell;

use super::Cx;
use super::caches::{self, Candidate};
use super::support::finding;
use crate::finding::Confidence;
use crate::model::from::nginx::Server;
use crate::model::{Outcome, PathKind, Site, Stores};
use crate::source::Span;

pub(super) use apache::check as check_apache;

/// The id.
pub(super) const ID: &str = "cached-unauthorized";

const KINDS: &[PathKind] = &[PathKind::Api, PathKind::Account, PathKind::Admin, PathKind::Login, PathKind::Token];

/// How many paths of a location are tried.
const MOST: usize = 6;

/// Asks where a cache of this server keeps a 401.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let site: &dyn Site = server;
    let starts = caches::starts(site, caches::caches);
    if starts.is_empty() {
        return;
    }
    let session = LazyCell::new(|| caches::session(server, cx.sources));
    let asset_host = site.hosts().first().is_some_and(|host| caches::is_asset_host(host));
    let mut reported: Vec<Span> = Vec::new();
    for start in starts {
        let mut candidates = caches::candidates(site, start, cx.paths, KINDS);
        candidates.truncate(MOST);
        candidates.extend(caches::made_up(site, start));
        for candidate in candidates {
            let anonymous = site.resolve(&candidate.request);
            if anonymous.always(|o| o.cache.stores_401.value.is(&Stores::Origin)) {
                break;
            }
            let Some(valid) = anonymous.cache.stores_401.because.get(1).copied() else { continue };
            if reported.contains(&valid) || caches::keyed(&anonymous.cache) || !keeps_401(&anonymous) {
                continue;
            }
            let named = cx.sources.text(valid).split_whitespace().any(|word| word == "401");
            let foreign = caches::is_foreign(&candidate.request, &anonymous);
            if !named && (asset_host || foreign || candidate.known.is_none() && caches::looks_static(&candidate.request.path)) {
                continue;
            }
            let bearer = candidate.request.clone().header("Authorization", "Bearer token-of-the-client");
            let signed_in = candidate.request.clone().header("Cookie", &session);
            let refused = |request| {
                let outcome = site.resolve(request);
                caches::from_store(&outcome) && caches::credentials_arrive(&outcome)
            };
            let witness = if refused(&bearer) {
                bearer
            } else if named && refused(&signed_in) {
                candidate.request.clone().header("Cookie", "session=of-the-client")
            } else {
                continue;
            };
            reported.push(valid);
            report(site, &candidate, &anonymous, valid, witness, named, cx);
        }
    }
}

fn keeps_401(outcome: &Outcome) -> bool {
    outcome.always(|o| o.handler.kind.is_upstream() && o.cache.stores_401.value.is(&Stores::Yes))
}

fn report(
    site: &dyn Site,
    candidate: &Candidate,
    outcome: &Outcome,
    valid: Span,
    witness: crate::model::Request,
    named: bool,
    cx: &mut Cx,
) {
    let message = format!("{} gets the 401 that this line keeps of a client without good credentials", witness.describe());
    let help = if named {
        "take 401 out of the list"
    } else {
        "name the statuses to keep instead of any, or put a line with 401 403 0 before it"
    };
    let mut found = finding(ID, site, candidate.route, valid, message, witness).help(help);
    if let Some(cache) = outcome.cache.stores_401.because.first() {
        found = found.related(*cache, "the cache is switched on here");
    }
    found = found.related(outcome.served_by.span, "the request is served here");
    cx.report(found.confidence(if named { Confidence::High } else { Confidence::Medium }));
}
