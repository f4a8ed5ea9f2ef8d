//! The same for CDNs: an answer is kept with its Set-Cookie.

use super::ID;
use crate::finding::Confidence;
use crate::model::from::edge::EdgeSite;
use crate::model::{PathKind, Site, Stores};
use crate::rules::Cx;
use crate::rules::caches;
use crate::rules::support::finding;
use crate::source::Span;

/// Asks for login pages where the edge keeps answers with their cookies.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for start in caches::starts(site, caches::caches) {
        for candidate in caches::candidates(site, start, cx.paths, &[PathKind::Login]) {
            let outcome = site.resolve(&candidate.request);
            let stored = caches::stored(&outcome) == Some(Stores::Yes);
            if !stored || !outcome.always(|o| o.cache.stores_set_cookie && !caches::keyed(&o.cache)) || !site.keeps_pages(candidate.route) {
                continue;
            }
            // Where no form can be sent, nobody gets a session.
            let posted = site.resolve(&candidate.request.clone().method("POST"));
            let Some(primary) = outcome.cache.stores.because.first().copied().filter(|p| !reported.contains(p)) else { continue };
            if !posted.possibly(|o| o.handler.kind.is_upstream()) {
                continue;
            }
            reported.push(primary);
            let request = candidate.request;
            let message = format!("a cookie set by the answer to {} is kept with it and set again for every visitor", request.describe());
            let found = finding(ID, site, candidate.route, primary, message, request)
                .help("keep nothing where cookies are set, or put them into the key")
                .confidence(if outcome.cache.ignores_cache_control { Confidence::High } else { Confidence::Medium })
                .related(outcome.served_by.span, "the request is served here");
            cx.report(found);
        }
    }
}
