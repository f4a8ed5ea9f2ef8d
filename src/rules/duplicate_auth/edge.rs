//! The same for gateways: one route through two checks that read the same header.

use super::ID;
use crate::finding::Severity;
use crate::model::from::edge::EdgeSite;
use crate::model::{Combine, GateKind, Site, Traits};
use crate::rules::Cx;
use crate::rules::support::{finding, routes_with};
use crate::source::Span;

/// Looks at routes with two passwords.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for (id, _) in routes_with(site, Traits::GATE) {
        let gates = site.gates(id);
        let mut asks = gates.iter().filter(|g| matches!(g.kind, GateKind::Basic | GateKind::Digest) && g.combine == Combine::All);
        let Some(first) = asks.next() else { continue };
        let Some(second) = asks.find(|gate| gate.span != first.span).filter(|gate| !reported.contains(&gate.span)) else { continue };
        let Some(request) = site.landmark(id) else { continue };
        reported.push(second.span);
        let message = format!("{} must pass two passwords, and a request carries only one", request.describe());
        let found = finding(ID, site, id, second.span, message, request)
            .severity(Severity::Warning)
            .help("leave one of the two")
            .related(first.span, "the first one");
        cx.report(found);
    }
}
