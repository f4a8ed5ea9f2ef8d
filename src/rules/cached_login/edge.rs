//! The same for CDNs: behaviours, rules and routes that keep pages to sign in.

use super::{Hit, ID, KINDS, duration, login_product, login_products_without_cache, specific};
use crate::finding::{Confidence, Severity};
use crate::model::from::edge::EdgeSite;
use crate::model::{Request, Site, Stores};
use crate::rules::Cx;
use crate::rules::caches;
use crate::rules::support::finding;
use crate::source::Span;

const HELP: &str = "give login, account and administration pages an entry of their own, before this one, that keeps nothing";

/// Asks for login pages where the edge may keep them.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let starts = caches::starts(site, caches::caches);
    if starts.is_empty() || site.hosts().first().is_some_and(|host| caches::is_asset_host(host)) {
        return;
    }
    let mut excluded: Vec<&str> = login_products_without_cache(site, cx);
    let mut hits: Vec<Hit> = Vec::new();
    for start in starts {
        for candidate in caches::candidates(site, start, cx.paths, KINDS) {
            let outcome = site.resolve(&candidate.request);
            if caches::kept_out(&outcome) {
                excluded.extend(login_product(&candidate));
                continue;
            }
            // What is kept only where the application asks for it is as the application wants it.
            let stores = caches::stored(&outcome).filter(|stores| *stores == Stores::Yes && !caches::keyed(&outcome.cache));
            let Some(stores) = stores.filter(|_| takes_credentials(site, &candidate.request)) else { continue };
            let Some(primary) = outcome.cache.stores.because.first().copied() else { continue };
            hits.push(Hit { candidate, primary, outcome, stores });
        }
    }
    // Who keeps a login page out has thought of the pages to keep out: only those of the same product are certain to be there.
    hits.retain(|h| {
        excluded.is_empty() || h.candidate.known.is_some_and(|k| specific(&k.product) && excluded.contains(&k.product.as_str()))
    });
    let mut reported: Vec<Span> = Vec::new();
    for hit in hits {
        if !reported.contains(&hit.primary) {
            reported.push(hit.primary);
            report(site, hit, cx);
        }
    }
}

/// Whether a form can be sent to this path: where only reading is let through, nobody signs in.
fn takes_credentials(site: &EdgeSite, request: &Request) -> bool {
    site.resolve(&request.clone().method("POST")).possibly(|o| o.handler.kind.is_upstream())
}

fn report(site: &EdgeSite, hit: Hit, cx: &mut Cx) {
    let Hit { candidate, primary, outcome, .. } = hit;
    let request = candidate.request.describe();
    let kept = outcome.cache.ttl.map_or_else(|| "some time".to_owned(), duration);
    let whatever = outcome.cache.ignores_cache_control;
    let unless = if whatever { "whatever the application says" } else { "unless the application forbids it" };
    let message = format!("the answer to {request} is kept for {kept} {unless}, and given to every visitor");
    let mut found = finding(ID, site, candidate.route, primary, message, candidate.request)
        .help(HELP)
        .confidence(if whatever { Confidence::High } else { Confidence::Medium });
    if outcome.served_by.span != primary {
        found = found.related(outcome.served_by.span, "the request is served here");
    }
    if !whatever {
        found = found.severity(Severity::Warning);
    }
    cx.report(found);
}
