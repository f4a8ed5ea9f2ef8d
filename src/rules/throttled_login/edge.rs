//! The same for CDNs and gateways.

use super::ID;
use crate::finding::Confidence;
use crate::model::from::edge::EdgeSite;
use crate::model::{PathKind, Site, Traits};
use crate::rules::Cx;
use crate::rules::support::{finding, first_known, request_for, routes_with};
use crate::source::Span;

/// Requests a minute below which a mistyped password is enough.
const FEW_A_MINUTE: f64 = 5.0;

/// Below that rate, as many at once leave room for ordinary use.
const ROOMY_BURST: f64 = 10.0;

/// Looks at the limits of the routes that serve a login.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for (id, route) in routes_with(site, Traits::LIMITS) {
        let Some((per_minute, burst, status, span)) = site.limit(id).filter(|limit| !reported.contains(&limit.3)) else { continue };
        let Some(known) = first_known(route, cx.paths, &[PathKind::Login, PathKind::Token]) else { continue };
        let request = request_for(site, known).past_gates();
        let outcome = site.resolve(&request);
        if !outcome.always(|o| o.served_by.span == route.span && o.handler.kind.is_upstream()) {
            continue;
        }
        let few = per_minute < FEW_A_MINUTE && burst < ROOMY_BURST;
        let message = if few {
            format!("{per_minute} {} a minute are let through: more is answered {status}", request.describe())
        } else if matches!(status, 401 | 403) {
            format!("{} is answered {status} when the limit is reached, as if the credentials were wrong", request.describe())
        } else {
            continue;
        };
        reported.push(span);
        let found = finding(ID, site, id, span, message, request)
            .help("let at least five requests a minute through, ten at once, and answer 429")
            .confidence(Confidence::Medium);
        cx.report(found);
    }
}
