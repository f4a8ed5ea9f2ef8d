//! The same for CDNs and gateways: error pages that turn a refusal into a page, and answers without their challenge.

use super::ID;
use crate::finding::Confidence;
use crate::model::from::edge::EdgeSite;
use crate::model::{Outcome, PathKind, Request, Route, RouteId, Site, Traits};
use crate::rules::Cx;
use crate::rules::caches;
use crate::rules::support::{finding, first_known, has_api_name, request_for, routes_with};
use crate::source::Span;

/// What says how to sign in.
const CHALLENGE: &str = "www-authenticate";

/// Looks at what becomes of refusals where programs ask.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut routes = (0..).zip(site.routes());
    if !routes.any(|(id, route)| route.traits.has(Traits::ERROR_PAGES) || site.hides(id, CHALLENGE)) {
        return;
    }
    let mut reported: Vec<Span> = Vec::new();
    for (id, route) in routes_with(site, Traits::UPSTREAM) {
        let Some((request, outcome)) = asked(site, id, route, cx) else { continue };
        let what = request.describe();
        for (status, becomes, span) in site.error_pages(id) {
            let Some(becomes) = becomes.filter(|becomes| *becomes < 400 && matches!(status, 401 | 403)) else { continue };
            let message = format!("a {status} to {what} becomes a {becomes} with a page: the client takes it for an answer");
            let help = "keep the status of the application, or serve the interface and the pages with a distribution each";
            report(site, id, (span, message, help), request.clone(), &mut reported, cx);
        }
        if let Some((_, span)) = outcome.response.hidden.iter().find(|(name, _)| name.eq_ignore_ascii_case(CHALLENGE)) {
            let message = format!("a 401 to {what} comes without WWW-Authenticate: clients cannot tell what to send");
            report(site, id, (*span, message, "leave the field in"), request, &mut reported, cx);
        }
    }
}

/// A request of a program, if this entry is for some, as far as its name, its address or that of what is behind tells.
fn asked(site: &EdgeSite, id: RouteId, route: &Route, cx: &Cx) -> Option<(Request, Outcome)> {
    let known = first_known(route, cx.paths, &[PathKind::Api, PathKind::Token]).map(|known| request_for(site, known));
    let request = known.or_else(|| site.landmark(id))?.past_gates();
    let outcome = site.resolve(&request);
    let target = outcome.handler.target.as_ref().and_then(|target| target.known()).unwrap_or_default();
    let named = has_api_name(target) || has_api_name(&request.host) || has_api_name(&outcome.served_by.text);
    let serves = outcome.always(|o| o.served_by.span == route.span && o.handler.kind.is_upstream());
    (named && serves && !caches::looks_static(&request.path)).then_some((request, outcome))
}

fn report(site: &EdgeSite, id: RouteId, (span, message, help): (Span, String, &'static str), request: Request, reported: &mut Vec<Span>, cx: &mut Cx) {
    if reported.contains(&span) {
        return;
    }
    reported.push(span);
    cx.report(finding(ID, site, id, span, message, request).help(help).confidence(Confidence::Medium));
}
