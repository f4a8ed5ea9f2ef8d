//! The same for CDNs: behaviours, rules and routes that keep pages to sign in.

use super::{Hit, ID, KINDS, duration, each_once, forgotten, login_product};
use crate::finding::{Confidence, Severity};
use crate::model::from::edge::EdgeSite;
use crate::model::{Outcome, PathKind, Request, Site, Stores, Traits};
use crate::rules::Cx;
use crate::rules::caches;
use crate::rules::edge_application::{Shown, shown};
use crate::rules::support::{finding, has_api_name, known_paths, request_for};

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
            let stores = caches::stored(&outcome).filter(|stores| *stores == Stores::Yes && !is_apart(&outcome));
            let Some(stores) = stores.filter(|_| takes_credentials(site, &candidate.request)) else { continue };
            let Some(primary) = outcome.cache.stores.because.first().copied() else { continue };
            hits.push(Hit { candidate, primary, outcome, stores });
        }
    }
    forgotten(&mut hits, &excluded);
    if hits.is_empty() {
        return;
    }
    let behind = shown(site, cx);
    each_once(hits.into_iter().filter(|_| behind != Shown::Files), |hit| report(site, hit, behind, cx));
}

/// Whether each visitor has a copy of one's own. A page to sign in is asked for without Authorization: a key that holds nothing else
/// helps only where every request must have it.
fn is_apart(outcome: &Outcome) -> bool {
    let cache = &outcome.cache;
    let by_token = cache.key_has_authorization == Some(true);
    cache.key_has_cookie || by_token && (!cache.ignores_cache_control || !outcome.gates.is_empty())
}

/// Products of which a login page goes past every cache: an entry that keeps nothing takes it.
fn products_without_cache<'p>(site: &EdgeSite, cx: &Cx<'p>) -> Vec<&'p str> {
    let apart = site.routes().iter().filter(|r| r.traits.has(Traits::UPSTREAM) && !r.traits.has(Traits::CACHE));
    let known = apart.flat_map(|route| known_paths(route, cx.paths, &[PathKind::Login]));
    // Who keeps an interface out has not thought of pages yet.
    let pages = known.filter(|k| !k.kinds.contains(&PathKind::Api) && k.product != "oauth" && !has_api_name(&k.path));
    let past = |request: &Request| site.resolve(request).always(|o| o.handler.kind.is_upstream() && o.cache.key.is_none());
    pages.filter(|known| past(&request_for(site, known).method("GET"))).map(|known| known.product.as_str()).collect()
}

/// Whether a form can be sent to this path: where only reading is let through, nobody signs in.
fn takes_credentials(site: &EdgeSite, request: &Request) -> bool {
    site.resolve(&request.clone().method("POST")).possibly(|o| o.handler.kind.is_upstream())
}

fn report(site: &EdgeSite, hit: Hit, behind: Shown, cx: &mut Cx) {
    let Hit { candidate, primary, outcome, .. } = hit;
    let request = candidate.request.describe();
    let kept = outcome.cache.ttl.map_or_else(|| "some time".to_owned(), duration);
    let whatever = outcome.cache.ignores_cache_control;
    let unless = if whatever { "whatever the application says" } else { "unless the application forbids it" };
    let unsure = if behind == Shown::Application { "" } else { "if an application is behind, " };
    let message = format!("{unsure}the answer to {request} is kept for {kept} {unless}, and given to every visitor");
    let mut found = finding(ID, site, candidate.route, primary, message, candidate.request)
        .help(HELP)
        .confidence(if whatever { Confidence::High } else { Confidence::Medium });
    if outcome.served_by.span != primary {
        found = found.related(outcome.served_by.span, "the request is served here");
    }
    if behind != Shown::Application {
        found = found.severity(Severity::Info).confidence(Confidence::Low);
    } else if !whatever {
        found = found.severity(Severity::Warning);
    }
    cx.report(found);
}
