//! The same for gateways: forwarded addresses or schemes are believed whoever sends them.

use super::ID;
use crate::model::Site;
use crate::model::from::edge::EdgeSite;
use crate::rules::Cx;
use crate::rules::support::finding;
use crate::source::Span;

/// Looks at what each route believes.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for id in 0..site.routes().len() as u32 {
        let Some(span) = site.trusts_everyone(id).filter(|span| !reported.contains(span)) else { continue };
        let Some(request) = site.landmark(id) else { continue };
        reported.push(span);
        let request = request.header("X-Forwarded-For", "192.0.2.1");
        let message = format!("{} is believed whoever sends it: the check sees an address that the client chose", request.describe());
        cx.report(finding(ID, site, id, span, message, request).help("believe these fields only from proxies of your own"));
    }
}
