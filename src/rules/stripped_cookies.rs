//! `stripped-cookies`: a login whose cookie never reaches the browser, or never comes back.

mod apache;
pub(super) mod edge;

use std::borrow::Cow;

use super::Cx;
use super::support::{finding, is_asset, reaching, routes_with};
use crate::finding::{Confidence, Finding};
use crate::model::from::nginx::Server;
use crate::model::{HandlerKind, HeaderFate, Outcome, PathKind, Request, Route, RouteId, Site, Traits};
use crate::source::Span;

pub(super) use apache::check as check_apache;

/// The id.
pub(super) const ID: &str = "stripped-cookies";

const KINDS: &[PathKind] = &[PathKind::Login, PathKind::Account, PathKind::Admin];

/// First labels of hosts that serve files to everybody.
const FILE_HOSTS: &[&str] = &["static", "cdn", "assets", "img", "images", "media", "files", "fonts", "download", "downloads", "mirror"];

/// Follows a login request with a session cookie where cookies or response headers are touched.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let site: &dyn Site = server;
    let file_host = |host: &Cow<str>| FILE_HOSTS.iter().any(|f| host.split('.').next().is_some_and(|l| l.trim_end_matches(char::is_numeric) == *f));
    let touches = |r: &Route| r.traits.has(Traits::UPSTREAM) && (r.traits.has(Traits::COOKIES) || r.traits.has(Traits::EDITS_RESPONSE));
    if !site.routes().iter().any(touches) || site.hosts().iter().any(file_host) {
        return;
    }
    let mut seen: Vec<Span> = Vec::new();
    for (id, route) in routes_with(site, Traits::UPSTREAM) {
        if !route.traits.has(Traits::COOKIES) && !route.traits.has(Traits::EDITS_RESPONSE) {
            continue;
        }
        if (*route.serves & cx.paths.of_any(KINDS)).is_empty() && !route.traits.has(Traits::INTERNAL) {
            continue;
        }
        let Some(request) = reaching(site, id, route, cx.paths, KINDS) else { continue };
        if is_asset(&request.path) {
            continue;
        }
        let request = request.header("Cookie", "session=of-the-visitor").past_gates();
        let outcome = site.resolve(&request);
        if !outcome.always(|o| o.served_by.span == route.span && is_own(o)) {
            continue;
        }
        for found in faults(site, id, route, &outcome, &request) {
            // `more_clear_headers -s 404 …`: only for some answers.
            let limited = cx.sources.text(found.primary).split_ascii_whitespace().any(|w| w == "-s" || w == "-t");
            if !limited && !seen.contains(&found.primary) {
                seen.push(found.primary);
                cx.report(found);
            }
        }
    }
}

/// An application of one's own; a script always is.
fn is_own(outcome: &Outcome) -> bool {
    outcome.handler.kind.is_upstream() && (outcome.handler.kind != HandlerKind::Proxy || super::support::own_application(outcome))
}

fn faults(site: &dyn Site, id: RouteId, route: &Route, outcome: &Outcome, request: &Request) -> Vec<Finding> {
    let mut faults: Vec<(Span, String, &str)> = Vec::new();
    let plain = format!("{} {}", request.method, request.target());
    let dropped = |o: &Outcome| o.upstream.as_ref().is_some_and(|u| u.cookie.value.is(&HeaderFate::Dropped));
    // Client headers switched off altogether are `dropped-authorization`'s.
    let by_line = |s: Span| outcome.upstream.as_ref().is_some_and(|u| u.sent.iter().any(|h| h.span == s));
    let cookie_line = outcome.upstream.as_ref().and_then(|u| u.cookie.because.first().copied()).filter(|s| by_line(*s));
    if outcome.always(dropped)
        && let Some(line) = cookie_line
    {
        let message = format!("{plain} reaches the application without its Cookie header: this line drops it");
        faults.push((line, message, "remove the line: nginx passes Cookie on by itself"));
    }
    let is_set_cookie = |name: &str| name.eq_ignore_ascii_case("set-cookie");
    if let Some((_, line)) = outcome.response.hidden.iter().find(|(name, _)| is_set_cookie(name))
        && outcome.always(|o| o.response.hidden.iter().any(|(n, _)| is_set_cookie(n)))
    {
        let message = format!("the answer to {plain} loses the application's Set-Cookie: no session begins here");
        faults.push((*line, message, "hide Set-Cookie only where no one signs in"));
    }
    // A place that takes everything may belong to a site where nobody signs in.
    let catch_all = site.routes().first().is_some_and(|r| r.span == route.span) || site.landmark(id).is_some_and(|r| r.path == "/");
    let certain = !catch_all && outcome.unknown.is_empty();
    let confidence = if certain { Confidence::High } else { Confidence::Medium };
    let found = faults.into_iter().map(|(line, message, help)| {
        finding(ID, site, id, line, message, request.clone())
            .help(help)
            .related(route.span, "the request is served here")
            .confidence(confidence)
    });
    found.collect()
}
