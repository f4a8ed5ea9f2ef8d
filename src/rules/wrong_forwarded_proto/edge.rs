//! The same for CDNs and gateways: what they tell an application of the scheme.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::{ID, KINDS, fate_is, says_http, told_otherwise};
use crate::finding::Confidence;
use crate::model::from::edge::EdgeSite;
use crate::model::{HeaderFate, Outcome, Request, RouteId, Scheme, Site, Traits};
use crate::rules::Cx;
use crate::rules::edge_application::{Shown, shown};
use crate::rules::support::{finding, first_known, has_api_name, is_asset, request_for, routes_with};
use crate::source::Span;

/// Asks for each route what the application gets of the scheme, where visitors come over TLS.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    if !site.is_tls() || !site.speaks_of_scheme() {
        return;
    }
    let mut reported: HashSet<Span, FixedState> = HashSet::default();
    let application = shown(site, cx) == Shown::Application;
    for (id, route) in routes_with(site, Traits::UPSTREAM) {
        let known = KINDS.iter().find_map(|kind| first_known(route, cx.paths, &[*kind])).map(|known| request_for(site, known));
        let Some(request) = known.or_else(|| site.landmark(id)).map(Request::past_gates) else { continue };
        if is_asset(&request.path) {
            continue;
        }
        let request = Request { scheme: Scheme::Https, port: 443, ..request };
        let outcome = site.resolve(&request);
        let served = |o: &Outcome| o.served_by.span == route.span && o.handler.kind.is_upstream();
        if !outcome.always(served) {
            continue;
        }
        let because = outcome.upstream.as_ref().and_then(|upstream| upstream.forwarded_proto.because.first().copied());
        let Some(primary) = because.filter(|span| !reported.contains(span)) else { continue };
        let (what, help, confidence) = if outcome.always(|o| fate_is(o, says_http)) {
            ("reaches the application over TLS with X-Forwarded-Proto: http", "leave the field to the gateway", Confidence::High)
        } else if outcome.always(|o| fate_is(o, |fate| *fate == HeaderFate::Absent) && !told_otherwise(o)) && comes_over_tls(site, id, &request) && builds_addresses(site, &request) && application {
            let help = match site.plain_origin(id) {
                Some(_) => "ask the origin over TLS (https-only), or pass CloudFront-Forwarded-Proto on in the origin request policy and let the application heed it",
                None => "leave the field to the gateway",
            };
            ("comes over TLS and reaches the application without X-Forwarded-Proto: it takes it for plain HTTP", help, Confidence::Medium)
        } else {
            continue;
        };
        reported.insert(primary);
        let message = format!("{} {what}", request.describe());
        let mut found = finding(ID, site, id, primary, message, request).help(help).confidence(confidence);
        if outcome.served_by.span != primary {
            found = found.related(outcome.served_by.span, "the request is served here");
        }
        cx.report(found);
    }
}

/// Whether visitors cannot come without TLS, where the edge leaves them the choice.
fn comes_over_tls(site: &EdgeSite, id: RouteId, request: &Request) -> bool {
    let plain = Request { scheme: Scheme::Http, port: 80, ..request.clone() };
    site.plain_origin(id).is_none() || site.resolve(&plain).always(|o| !o.handler.kind.is_upstream())
}

/// Whether what is behind makes addresses and cookies of its own: an application with pages, not one that answers programs.
fn builds_addresses(site: &EdgeSite, request: &Request) -> bool {
    let outcome = site.resolve(request);
    let target = outcome.handler.target.as_ref().and_then(|target| target.known()).unwrap_or_default();
    let programs = has_api_name(target) || has_api_name(&request.host) || has_api_name(&outcome.served_by.text);
    let writes = site.resolve(&request.clone().method("POST")).possibly(|o| o.handler.kind.is_upstream());
    !programs && writes
}
