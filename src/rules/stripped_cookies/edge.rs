//! The same for CDNs and gateways.

use super::ID;
use crate::discover::edge::Dialect;
use crate::finding::Confidence;
use crate::model::from::edge::EdgeSite;
use crate::model::{HeaderFate, Outcome, PathKind, Request, Site, Traits};
use crate::rules::Cx;
use crate::rules::caches;
use crate::rules::support::{finding, first_known, has_api_name, request_for, routes_with};
use crate::source::Span;

const KINDS: &[PathKind] = &[PathKind::Login, PathKind::Account, PathKind::Admin];

/// Follows a login request with a session cookie where cookies are touched.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    if site.hosts().first().is_some_and(|host| caches::is_asset_host(host)) {
        return;
    }
    let mut reported: Vec<Span> = Vec::new();
    for (id, route) in routes_with(site, Traits::UPSTREAM) {
        let Some(known) = KINDS.iter().find_map(|kind| first_known(route, cx.paths, &[*kind])) else { continue };
        let request = request_for(site, known).method("GET").header("Cookie", "session=of-the-visitor").past_gates();
        let outcome = site.resolve(&request);
        if !outcome.always(|o| o.served_by.span == route.span && o.handler.kind.is_upstream()) {
            continue;
        }
        // The service of somebody else, under a name of its own, knows nothing of these cookies.
        if site.dialect() != Dialect::CloudFormation && caches::is_foreign(&request, &outcome) {
            continue;
        }
        let Some((primary, what)) = fault(&outcome).filter(|(primary, _)| !reported.contains(primary)) else { continue };
        if site.is_interface(id) || is_for_programs(site, &request, &outcome) {
            continue;
        }
        reported.push(primary);
        let message = format!("{} {what}: who signs in is a stranger at the next page", request.describe());
        let mut found = finding(ID, site, id, primary, message, request)
            .help("pass cookies on where visitors sign in, both ways")
            .confidence(Confidence::Medium);
        if outcome.served_by.span != primary {
            found = found.related(outcome.served_by.span, "the request is served here");
        }
        cx.report(found);
    }
}

/// Whether nobody signs in here with a browser: only reading is let through, or an interface of programs is behind.
fn is_for_programs(site: &EdgeSite, request: &Request, outcome: &Outcome) -> bool {
    let target = outcome.handler.target.as_ref().and_then(|target| target.known()).unwrap_or_default();
    let writes = site.resolve(&request.clone().method("POST")).possibly(|o| o.handler.kind.is_upstream());
    // Whoever passes Authorization on to an interface has thought of what tells its clients.
    let by_token = || {
        let token = site.resolve(&request.clone().header("Authorization", "Bearer token-of-the-client"));
        token.upstream.is_some_and(|upstream| upstream.authorization.value.is(&HeaderFate::Kept))
    };
    !writes || has_api_name(target) || has_api_name(&request.host) || has_api_name(&outcome.served_by.text) && by_token()
}

fn fault(outcome: &Outcome) -> Option<(Span, &'static str)> {
    let sent = outcome.upstream.as_ref().map(|upstream| &upstream.cookie)?;
    if outcome.always(|o| o.upstream.as_ref().is_some_and(|u| u.cookie.value.is(&HeaderFate::Dropped))) {
        return sent.because.first().map(|span| (*span, "reaches the application without its cookies"));
    }
    let hides = |o: &Outcome| o.response.hidden.iter().any(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let (_, span) = outcome.response.hidden.iter().find(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))?;
    outcome.always(hides).then_some((*span, "is answered without the cookie that the application sets"))
}
