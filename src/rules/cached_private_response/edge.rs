//! The same for CDNs and gateways: answers to requests with credentials that are kept without them in the key.

use super::ID;
use crate::discover::edge::Dialect;
use crate::finding::Confidence;
use crate::model::from::edge::EdgeSite;
use crate::model::{HeaderFate, Outcome, PathKind, Request, Site, WellKnown};
use crate::rules::Cx;
use crate::rules::caches;
use crate::rules::edge_application::{Shown, shown};
use crate::rules::support::{finding, has_api_name};
use crate::source::Span;

/// Follows requests with credentials into the cache.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    if site.hosts().first().is_some_and(|host| caches::is_asset_host(host)) {
        return;
    }
    let mut reported: Vec<Span> = Vec::new();
    let starts = caches::starts(site, caches::caches);
    if starts.is_empty() || shown(site, cx) != Shown::Application {
        return;
    }
    // Who keeps the interface out has thought of what is to be kept out: which products there are besides is a guess.
    let has_thought = caches::stored(&site.resolve(&site.request("/api/x").past_gates())).is_none();
    for start in starts {
        let for_pages = !(*start.1.serves & cx.paths.exactly("/login")).is_empty();
        let candidates = caches::candidates(site, start, cx.paths, &[PathKind::Api, PathKind::Account]);
        for candidate in candidates {
            let common = candidate.known.is_none_or(|known| matches!(known.product.as_str(), "generic" | "oauth" | WellKnown::USERS));
            if !common && has_thought && for_pages {
                continue;
            }
            let plain = candidate.request.clone().method("GET");
            let cookie = plain.clone().header("Cookie", "session=of-the-visitor");
            let token = plain.header("Authorization", "Bearer token-of-the-client");
            let Some((request, outcome)) = [(token, true), (cookie, false)]
                .into_iter()
                .filter(|(_, token)| *token || site.keeps_pages(candidate.route))
                .find_map(|(request, token)| shared(site, request, token))
            else {
                continue;
            };
            let Some(primary) = outcome.cache.stores.because.first().copied().filter(|p| !reported.contains(p)) else { continue };
            reported.push(primary);
            let message =
                format!("the answer to {} is kept and given to everybody: the key does not hold the credentials", request.describe());
            let mut found = finding(ID, site, candidate.route, primary, message, request)
                .help("keep nothing for these paths, or put the credential into the key")
                .confidence(if outcome.cache.ignores_cache_control { Confidence::High } else { Confidence::Medium });
            if outcome.served_by.span != primary {
                found = found.related(outcome.served_by.span, "the request is served here");
            }
            cx.report(found);
        }
    }
}

/// The request, if its credentials reach the application and the answer is certainly kept for all.
fn shared(site: &EdgeSite, request: Request, token: bool) -> Option<(Request, Outcome)> {
    let outcome = site.resolve(&request);
    let kept = |o: &Outcome| {
        let arrives = o.upstream.as_ref().map(|u| if token { &u.authorization } else { &u.cookie });
        let keyed = if token { o.cache.key_has_authorization != Some(false) } else { o.cache.key_has_cookie };
        arrives.is_some_and(|fate| fate.value.is(&HeaderFate::Kept)) && !keyed
    };
    // Caches that follow the standard keep no answer to a request with Authorization that does not allow it; CloudFront does.
    let regardless = |o: &Outcome| o.cache.ignores_cache_control || token && site.dialect() == Dialect::CloudFormation;
    // An interface is what lies below its name.
    let below = Request { path: format!("{}/x", request.path.trim_end_matches('/')), ..request.clone() };
    if has_api_name(&request.path) && caches::stored(&site.resolve(&below)).is_none() {
        return None;
    }
    // Where only reading is let through and nothing asks for credentials, everybody may get the same answers.
    let writes = || site.resolve(&request.clone().method("POST")).possibly(|o| o.handler.kind.is_upstream());
    if !site.speaks_of_credentials() && !writes() {
        return None;
    }
    let stored = caches::stored(&outcome) == Some(crate::model::Stores::Yes) && caches::from_store(&outcome);
    (stored && outcome.always(kept) && outcome.always(regardless)).then_some((request, outcome))
}
