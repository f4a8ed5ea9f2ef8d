//! The same for CDNs, gateways and ingresses.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::{CREDENTIALS, ID, KINDS, is_dropped, is_file_folder};
use crate::discover::edge::Dialect;
use crate::finding::{Confidence, Severity};
use crate::model::from::edge::EdgeSite;
use crate::model::{Gate, Outcome, Request, Route, RouteId, Site, Traits, Verdict};
use crate::rules::Cx;
use crate::rules::support::{finding, has_api_name, is_asset, known_paths, request_for, routes_with};
use crate::rules::caches;
use crate::source::Span;

/// Follows requests with credentials through each entry that may drop them.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut wanted = Traits::UPSTREAM;
    wanted.add(Traits::TOUCHES_AUTHORIZATION);
    if site.hosts().first().is_some_and(|host| caches::is_asset_host(host)) {
        return;
    }
    let mut reported: HashSet<Span, FixedState> = HashSet::default();
    let mut routes: Vec<(RouteId, &Route)> = routes_with(site, wanted).collect();
    // What is certain goes before what is likely.
    if site.dialect() == Dialect::CloudFormation {
        routes.sort_by_cached_key(|(id, _)| site.authorizer(*id).is_none());
    }
    for (id, route) in routes {
        for request in requests(site, id, route, cx) {
            let request = request.header("Authorization", CREDENTIALS).past_gates();
            let outcome = site.resolve(&request);
            let foreign = site.dialect() != Dialect::CloudFormation && caches::is_foreign(&request, &outcome);
            if foreign || !outcome.always(is_dropped) || !is_for_programs(site, id, &request, &outcome) {
                continue;
            }
            let because = outcome.upstream.as_ref().map(|u| u.authorization.because.clone()).unwrap_or_default();
            let Some(primary) = because.first().copied().filter(|primary| !reported.contains(primary)) else { continue };
            reported.insert(primary);
            report(site, id, request, &outcome, primary, cx);
            break;
        }
    }
}

fn requests(site: &EdgeSite, id: RouteId, route: &Route, cx: &Cx) -> Vec<Request> {
    let known = known_paths(route, cx.paths, KINDS).into_iter().take(4);
    let mut requests: Vec<Request> = known.map(|known| request_for(site, known)).collect();
    requests.extend(site.landmark(id));
    let first = |path: &str| path.split('/').nth(1).is_some_and(|first| is_file_folder(&first.to_ascii_lowercase()));
    requests.retain(|r| !is_asset(&r.path) && !first(&r.path) && !caches::looks_static(&r.path));
    let reading: Vec<Request> = requests.iter().filter(|r| r.method != "GET").map(|r| r.clone().method("GET")).collect();
    requests.extend(reading);
    requests
}

/// Whether what is behind reads credentials, as far as the file shows: it takes requests that change something, or it is called an
/// interface of programs. Where a password is asked for here, the header was meant for this check, unless the name says otherwise.
fn is_for_programs(site: &EdgeSite, id: RouteId, request: &Request, outcome: &Outcome) -> bool {
    let target = outcome.handler.target.as_ref().and_then(|target| target.known()).unwrap_or_default();
    if has_api_name(target) || has_api_name(&request.host) || has_api_name(&outcome.served_by.text) {
        return true;
    }
    if asked_behind(site, id, outcome).is_some() {
        return true;
    }
    let consumed = outcome.gates.iter().any(|gate| gate.kind.reads_authorization());
    !consumed && site.resolve(&request.clone().method("POST")).possibly(|o| o.handler.kind.is_upstream())
}

/// What an interface behind the edge asks of this request, where it reads Authorization and there is none.
fn asked_behind(site: &EdgeSite, id: RouteId, outcome: &Outcome) -> Option<Gate> {
    let authorizer = site.authorizer(id)?;
    let refuses = |gate: &Gate| gate.span == authorizer.span && gate.verdict == Verdict::Refuses(401);
    outcome.always(|o| o.gates.iter().any(refuses)).then_some(authorizer)
}

fn report(site: &EdgeSite, id: RouteId, request: Request, outcome: &Outcome, primary: Span, cx: &mut Cx) {
    // What ingress-nginx drops beside a password is its default; a line of nginx in a snippet is somebody's own.
    let written = site.dialect() == Dialect::IngressNginx && !outcome.gates.iter().any(|gate| gate.span == primary);
    let default = site.dialect().drops_by_default() && !written;
    let verified = site.takes_token(id) == Some(primary);
    let authorizer = asked_behind(site, id, outcome);
    let reaches = if authorizer.is_some() { "the authorizer of the interface, which answers 401," } else { "the application" };
    let message = format!("{} reaches {reaches} without its Authorization header: this key does not pass it on", request.describe());
    let mut found = finding(ID, site, id, primary, message, request).help(if written {
        "remove this line: nginx passes the header on by itself"
    } else {
        site.dialect().how_to_pass_on()
    });
    if outcome.served_by.span != primary {
        found = found.related(outcome.served_by.span, "the request is served here");
    }
    if let Some(handler) = outcome.handler.span.filter(|span| *span != primary) {
        found = found.related(handler, "and handed over here");
    }
    if let Some(authorizer) = authorizer {
        cx.report(found.related(authorizer.span, "this authorizer takes the token from Authorization"));
        return;
    }
    if verified {
        // It is the default, and an application that trusts the gateway needs no token.
        let key = if site.dialect() == Dialect::Envoy { "forward" } else { "forwardOriginalToken" };
        let help = format!("the token is verified here and taken away: `{key}: true` passes it on to an application that reads it");
        found = found.severity(Severity::Info).confidence(Confidence::Medium).help(help);
    } else if default {
        found = found.severity(Severity::Warning).confidence(Confidence::Medium);
    }
    cx.report(found);
}
