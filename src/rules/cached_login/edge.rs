//! The same for CDNs: behaviours, rules and routes that keep pages to sign in.

use super::{Hit, ID, KINDS, duration, login_product, specific};
use crate::finding::{Confidence, Severity};
use crate::model::from::edge::EdgeSite;
use crate::model::{PathKind, Request, Site, Stores, Traits};
use crate::rules::Cx;
use crate::rules::caches;
use crate::rules::support::{finding, known_paths, request_for};
use crate::source::Span;

const HELP: &str = "give login, account and administration pages an entry of their own, before this one, that keeps nothing";

/// Asks for login pages where the edge may keep them.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let starts = caches::starts(site, caches::caches);
    if starts.is_empty() || site.hosts().first().is_some_and(|host| caches::is_asset_host(host)) {
        return;
    }
    let mut excluded: Vec<&str> = products_without_cache(site, cx);
    let mut hits: Vec<Hit> = Vec::new();
    for start in starts {
        for candidate in caches::candidates(site, start, cx.paths, KINDS) {
            if !site.keeps_pages(candidate.route) {
                continue;
            }
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

/// Products of which a login page goes past every cache: an entry that keeps nothing takes it.
fn products_without_cache<'p>(site: &EdgeSite, cx: &Cx<'p>) -> Vec<&'p str> {
    let apart = site.routes().iter().filter(|r| r.traits.has(Traits::UPSTREAM) && !r.traits.has(Traits::CACHE));
    let known = apart.flat_map(|route| known_paths(route, cx.paths, &[PathKind::Login]));
    let pages = known.filter(|k| !k.kinds.contains(&PathKind::Api) && k.product != "oauth");
    let past = |request: &Request| site.resolve(request).always(|o| o.handler.kind.is_upstream() && o.cache.key.is_none());
    pages.filter(|known| past(&request_for(site, known).method("GET"))).map(|known| known.product.as_str()).collect()
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
