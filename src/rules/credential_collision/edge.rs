//! The same for gateways: a password here and another credential behind, in one header.

use super::ID;
use crate::finding::Confidence;
use crate::model::from::edge::EdgeSite;
use crate::model::{Combine, GateKind, HeaderFate, PathKind, Site, Traits};
use crate::rules::Cx;
use crate::rules::support::{finding, first_known, has_api_name, request_for, routes_with};
use crate::source::Span;

/// Looks at interfaces of programs behind a password.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for (id, route) in routes_with(site, Traits::GATE) {
        let gates = site.gates(id);
        let asks = |g: &&crate::model::Gate| matches!(g.kind, GateKind::Basic | GateKind::Digest) && g.combine == Combine::All;
        let Some(gate) = gates.iter().find(asks).filter(|gate| !reported.contains(&gate.span)) else { continue };
        let known = first_known(route, cx.paths, &[PathKind::Api, PathKind::Token]).map(|known| request_for(site, known));
        let Some(request) = known.or_else(|| site.landmark(id)) else { continue };
        let request = request.header("Authorization", "Bearer token-of-the-client").past_gates();
        let outcome = site.resolve(&request);
        let target = outcome.handler.target.as_ref().and_then(|target| target.known()).unwrap_or_default();
        let named = has_api_name(&outcome.served_by.text) || has_api_name(&request.host) || has_api_name(target);
        let passed = |o: &crate::model::Outcome| o.upstream.as_ref().is_some_and(|u| u.authorization.value.is(&HeaderFate::Kept));
        if !named || !outcome.always(|o| o.served_by.span == route.span && passed(o)) {
            continue;
        }
        reported.push(gate.span);
        let message = format!("{} is refused here: the password asked for and the token of the application need the same header", request.describe());
        let found = finding(ID, site, id, gate.span, message, request)
            .help("let these paths past the password, or let another header carry one of the two")
            .confidence(Confidence::Medium)
            .related(outcome.served_by.span, "the request is served here");
        cx.report(found);
    }
}
