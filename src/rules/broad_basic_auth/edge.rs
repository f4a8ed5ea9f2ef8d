//! The same for gateways: a password over a part of a site whose pages need what is in it.

use super::ID;
use crate::model::from::edge::EdgeSite;
use crate::model::{GateKind, Outcome, PathKind, Site, Traits, Verdict};
use crate::rules::Cx;
use crate::rules::support::{finding, known_paths, request_for, routes_with};
use crate::source::Span;

/// Asks for scripts that open pages call, below a password.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let refuses = |o: &Outcome| o.gates.iter().any(|g| g.kind == GateKind::Basic && matches!(g.verdict, Verdict::Refuses(_)));
    if routes_with(site, Traits::GATE).next().is_none() {
        return;
    }
    let home = site.resolve(&site.request("/"));
    if home.possibly(refuses) || !home.possibly(|o| o.handler.kind.is_upstream()) {
        return;
    }
    let mut reported: Vec<Span> = Vec::new();
    for (id, route) in routes_with(site, Traits::GATE) {
        for known in known_paths(route, cx.paths, &[PathKind::PublicAjax]) {
            let request = request_for(site, known);
            let outcome = site.resolve(&request);
            let gate = outcome.gates.iter().find(|g| g.kind == GateKind::Basic).map(|g| g.span);
            let Some(gate) = gate.filter(|gate| outcome.always(refuses) && !reported.contains(gate)) else { continue };
            reported.push(gate);
            let message = format!("{} (sent by visitors of the open pages) gets 401: this password covers more than it should", request.describe());
            let found = finding(ID, site, id, gate, message, request)
                .help("give this path a route of its own without the password")
                .related(outcome.served_by.span, "the request is served here");
            cx.report(found);
        }
    }
}
