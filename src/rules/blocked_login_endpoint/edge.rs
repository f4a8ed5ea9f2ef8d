//! The same for CDNs: a rule that blocks what visitors and their programs need.

use super::{AJAX, ID, Loss, REST, TOKEN};
use crate::finding::Confidence;
use crate::model::from::edge::EdgeSite;
use crate::model::{Combine, Gate, GateKind, HandlerKind, Known, Outcome, PathKind, Site, Traits, Verdict};
use crate::rules::Cx;
use crate::rules::support::{finding, known_paths, request_for, routes_with};
use crate::source::Span;

/// Scripts that open pages call, where only some addresses are let in.
fn by_address(site: &EdgeSite, reported: &mut Vec<Span>, cx: &mut Cx) {
    let closed = |o: &Outcome| o.gates.iter().any(only_some);
    let home = site.resolve(&site.request("/"));
    if home.possibly(closed) || !home.possibly(|o| o.handler.kind.is_upstream()) {
        return;
    }
    for (id, route) in routes_with(site, Traits::GATE) {
        for known in known_paths(route, cx.paths, &[PathKind::PublicAjax]) {
            let request = request_for(site, known);
            let outcome = site.resolve(&request);
            let gate = outcome.gates.iter().find(|gate| only_some(gate)).map(|gate| gate.span);
            let Some(gate) = gate.filter(|gate| outcome.always(closed) && !reported.contains(gate)) else { continue };
            reported.push(gate);
            let message = format!("{} is let in from some addresses alone, {}", request.describe(), AJAX.who);
            let found = finding(ID, site, id, gate, message, request).severity(AJAX.severity).confidence(Confidence::Medium);
            cx.report(found.help("give this path a route of its own without the list"));
        }
    }
}

/// Whether a list of addresses keeps this visitor out.
fn only_some(gate: &Gate) -> bool {
    gate.kind == GateKind::Address && gate.combine == Combine::All && matches!(gate.verdict, Verdict::Refuses(_))
}

/// Looks at rules that answer by themselves.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let refused = |o: &Outcome| o.handler.kind == HandlerKind::Return && matches!(o.status, Known::Is(Some(401 | 403 | 444)));
    if !site.routes().iter().any(|route| route.traits.has(Traits::GATE) || route.traits.has(Traits::REWRITES)) {
        return;
    }
    // What is closed as a whole is closed on purpose.
    if site.resolve(&site.request("/").past_gates()).possibly(refused) {
        return;
    }
    let mut reported: Vec<Span> = Vec::new();
    by_address(site, &mut reported, cx);
    for (id, route) in routes_with(site, Traits::REWRITES) {
        let of = |kind: PathKind, loss: &'static Loss| known_paths(route, cx.paths, &[kind]).into_iter().map(move |known| (known, loss));
        let wordpress = *route.serves & cx.paths.exactly("/wp-json/");
        let rest = cx.paths.entries(&wordpress).map(|known| (known, &REST));
        let endpoints: Vec<_> = of(PathKind::PublicAjax, &AJAX).chain(rest).chain(of(PathKind::Token, &TOKEN)).collect();
        for (known, loss) in endpoints {
            let request = request_for(site, known).past_gates();
            let outcome = site.resolve(&request);
            // A list of clients at a token endpoint is meant: the clients are servers.
            if loss.who == TOKEN.who && site.asks_for_address(id) {
                continue;
            }
            let primary = outcome.handler.span.filter(|_| outcome.always(refused) && outcome.served_by.span == route.span);
            let Some(primary) = primary.filter(|primary| !reported.contains(primary)) else { continue };
            reported.push(primary);
            let status = outcome.status.known().copied().flatten().unwrap_or(403);
            let message = format!("{} is answered {status} here, {}", request.describe(), loss.who);
            let found = finding(ID, site, id, primary, message, request).severity(loss.severity).confidence(loss.confidence);
            cx.report(found.help("let this path through before the rule, or narrow the rule"));
        }
    }
}
