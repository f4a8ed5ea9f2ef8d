//! The same for gateways that set cookies: fields of answers, plugins that keep sessions, cookies that bind a visitor to a server.

use super::{Attributes, ID, is_auth_cookie, literal};
use crate::finding::Confidence;
use crate::model::from::edge::{Cookie, EdgeSite};
use crate::model::{Site, Traits};
use crate::rules::Cx;
use crate::rules::support::{finding, routes_with};
use crate::source::Span;

/// Looks at the cookies that each route sets.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for (id, _) in routes_with(site, Traits::COOKIES) {
        for cookie in site.cookies(id) {
            if reported.contains(&cookie.span) {
                continue;
            }
            let Some((message, confidence)) = fault(&cookie, site.is_tls()) else { continue };
            reported.push(cookie.span);
            let witness = site.landmark(id).unwrap_or_else(|| site.request("/"));
            let found = finding(ID, site, id, cookie.span, message, witness).help("set the cookie with Secure").confidence(confidence);
            cx.report(found);
        }
    }
}

fn fault(cookie: &Cookie, tls: bool) -> Option<(String, Confidence)> {
    if !cookie.binds {
        return literal(&cookie.text, tls);
    }
    let (pair, attributes) = cookie.text.split_once(';')?;
    let name = pair.split('=').next().unwrap_or_default().trim();
    let attributes = Attributes::of(attributes)?;
    if attributes.secure || !attributes.same_site_none {
        return None;
    }
    let harm = if is_auth_cookie(name) { "" } else { ", and each request may reach another server, which knows nothing of the session" };
    Some((format!("browsers refuse the cookie {name}: SameSite=None without Secure{harm}"), Confidence::High))
}
