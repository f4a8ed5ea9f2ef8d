//! The same for gateways: forwarded addresses or schemes are believed whoever sends them.

use super::ID;
use crate::finding::{Confidence, Severity};
use crate::model::{RouteId, Site};
use crate::model::from::edge::EdgeSite;
use crate::rules::Cx;
use crate::rules::support::finding;
use crate::source::Span;

/// A check that believes forwarded fields: what of them arrives is decided by the entry point, which takes away those of strangers
/// unless it is told otherwise.
fn believed(site: &EdgeSite, id: RouteId, reported: &mut Vec<Span>, cx: &mut Cx) {
    let Some(span) = site.believes_forwarded(id).filter(|span| !reported.contains(span)) else { return };
    let Some(request) = site.landmark(id) else { return };
    reported.push(span);
    let request = request.header("X-Forwarded-For", "192.0.2.1");
    let message =
        format!("if the entry point believes everyone, {} shows the check an address that the client chose", request.describe());
    let found = finding(ID, site, id, span, message, request).severity(Severity::Info).confidence(Confidence::Low);
    cx.report(found.help("see that forwardedHeaders of the entry point names the proxies in front and is not insecure"));
}

/// Looks at what each route believes.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for id in 0..site.routes().len() as u32 {
        believed(site, id, &mut reported, cx);
        let Some(span) = site.trusts_everyone(id).filter(|span| !reported.contains(span)) else { continue };
        let Some(request) = site.landmark(id) else { continue };
        reported.push(span);
        let request = request.header("X-Forwarded-For", "192.0.2.1");
        let message = format!("{} is believed whoever sends it: the check sees an address that the client chose", request.describe());
        cx.report(finding(ID, site, id, span, message, request).help("believe these fields only from proxies of your own"));
    }
}
