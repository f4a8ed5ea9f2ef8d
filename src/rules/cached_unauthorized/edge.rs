//! The same for CDNs and gateways, and for verdicts of an external check.

use super::ID;
use crate::finding::Confidence;
use crate::model::from::edge::EdgeSite;
use crate::model::{Outcome, PathKind, RouteId, Site, Stores, Traits};
use crate::rules::Cx;
use crate::rules::caches;
use crate::rules::support::{finding, routes_with, typical_request};
use crate::source::Span;

const KINDS: &[PathKind] = &[PathKind::Api, PathKind::Login, PathKind::Account, PathKind::Admin];

/// Asks for what needs credentials, without any.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    let keeps_refusals = site.keeps_refusals();
    for (id, route) in routes_with(site, Traits::UPSTREAM) {
        verdicts(site, id, &mut reported, cx);
        if !keeps_refusals || !route.traits.has(Traits::CACHE) {
            continue;
        }
        let Some(request) = typical_request(site, id, route, cx.paths, KINDS) else { continue };
        if caches::looks_static(&request.path) {
            continue;
        }
        let request = request.method("GET").past_gates();
        let outcome = site.resolve(&request);
        let kept = |o: &Outcome| o.handler.kind.is_upstream() && o.cache.stores_401.value.is(&Stores::Yes);
        if !outcome.always(kept) {
            continue;
        }
        let Some(primary) = outcome.cache.stores_401.because.first().copied().filter(|span| !reported.contains(span)) else { continue };
        reported.push(primary);
        let message = format!("a 401 to {} is kept and answered to those who have credentials, too", request.describe());
        let found = finding(ID, site, id, primary, message, request)
            .help("keep no answers of status 401 and 403")
            .confidence(Confidence::Medium)
            .related(outcome.served_by.span, "the request is served here");
        cx.report(found);
    }
}

/// Verdicts of an external check that are kept although they refuse.
fn verdicts(site: &EdgeSite, id: RouteId, reported: &mut Vec<Span>, cx: &mut Cx) {
    let Some(verdicts) = site.verdicts(id) else { return };
    let primary = verdicts.durations_span.unwrap_or(verdicts.span);
    if reported.contains(&primary) || !verdicts.durations.split([' ', ',']).any(|word| word == "401" || word == "any") {
        return;
    }
    let Some(request) = site.landmark(id) else { return };
    reported.push(primary);
    let default = if verdicts.durations_span.is_none() { " (200 202 401 5m is the default)" } else { "" };
    let message = format!("a refusal of the check for {} is kept: who has signed in since stays locked out{default}", request.describe());
    let found = finding(ID, site, id, primary, message, request).help("write auth-cache-duration without 401: 200 202 5m");
    cx.report(found);
}
