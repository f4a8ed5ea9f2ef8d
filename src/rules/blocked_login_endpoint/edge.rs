//! The same for CDNs: a rule that blocks what visitors and their programs need.

use super::{AJAX, ID, Loss, REST, TOKEN};
use crate::model::from::edge::EdgeSite;
use crate::model::{HandlerKind, Known, Outcome, PathKind, Site, Traits};
use crate::rules::Cx;
use crate::rules::support::{finding, known_paths, request_for, routes_with};
use crate::source::Span;

/// Looks at rules that answer by themselves.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let refused = |o: &Outcome| o.handler.kind == HandlerKind::Return && matches!(o.status, Known::Is(Some(401 | 403 | 444)));
    // What is closed as a whole is closed on purpose.
    if site.resolve(&site.request("/").past_gates()).possibly(refused) {
        return;
    }
    let mut reported: Vec<Span> = Vec::new();
    for (id, route) in routes_with(site, Traits::REWRITES) {
        let of = |kind: PathKind, loss: &'static Loss| known_paths(route, cx.paths, &[kind]).into_iter().map(move |known| (known, loss));
        let wordpress = *route.serves & cx.paths.exactly("/wp-json/");
        let rest = cx.paths.entries(&wordpress).map(|known| (known, &REST));
        let endpoints: Vec<_> = of(PathKind::PublicAjax, &AJAX).chain(rest).chain(of(PathKind::Token, &TOKEN)).collect();
        for (known, loss) in endpoints {
            let request = request_for(site, known).past_gates();
            let outcome = site.resolve(&request);
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
