//! The same for Apache: with `ProxyAddHeaders Off` nothing tells the visitor's host but `ProxyPreserveHost`.

use super::{ID, KINDS, TELL_HOST, is_public};
use crate::finding::{Confidence, Severity};
use crate::model::from::apache::Host;
use crate::model::{HeaderFate, Outcome, PathKind, Site};
use crate::rules::Cx;
use crate::rules::apache_headers::{edits, uses};
use crate::rules::apache_proxies::{Proxied, proxied};
use crate::rules::support::finding;
use crate::settings::Profile;
use crate::source::Span;
use crate::syntax::apache::Name;

/// Asks for each application which host it sees.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let public = host.hosts().iter().any(|name| is_public(name));
    let strict = cx.settings.profile >= Profile::Strict;
    if !uses(host, Name::ProxyAddHeaders) || !public && !strict {
        return;
    }
    let mut seen: Vec<Span> = Vec::new();
    for Proxied { route, request, outcome } in proxied(host, cx, KINDS) {
        let off = host.effective(route, Name::ProxyAddHeaders).filter(|d| d.arg(0).eq_ignore_ascii_case("off"));
        let Some(off) = off.filter(|d| !seen.contains(&d.span())) else { continue };
        let login = cx.paths.of_any(&[PathKind::Login, PathKind::Callback]);
        let signs_in = public && host.routes().get(route as usize).is_some_and(|r| !(*r.serves & login).is_empty());
        if !signs_in && !strict || !outcome.always(host_is_lost) {
            continue;
        }
        let told = |name: &str| ["host", "x-forwarded-host"].iter().chain(TELL_HOST).any(|t| t.eq_ignore_ascii_case(name));
        if edits(host, route, Name::RequestHeader).iter().any(|e| told(&e.edit.name)) || host.config().incomplete {
            continue;
        }
        seen.push(off.span());
        let address = outcome.upstream.as_ref().and_then(|u| u.host.value.known()).and_then(|v| v.known());
        let shown = address.map_or("the name of the application's server".to_owned(), |h| format!("Host: {h}"));
        let message = format!("{} for {} reaches the application with {shown}", request.describe(), request.host);
        let mut found = finding(ID, host, route, off.span(), message, request)
            .help("add ProxyPreserveHost On, or take ProxyAddHeaders Off out")
            .related(outcome.served_by.span, "the request is handed over here")
            .confidence(Confidence::Medium);
        if !signs_in {
            found = found.severity(Severity::Info);
        }
        cx.report(found);
    }
}

/// Whether the application sees the address of its own server and no field with the visitor's host.
fn host_is_lost(outcome: &Outcome) -> bool {
    let Some(upstream) = &outcome.upstream else { return false };
    let host = outcome.handler.target.as_ref().map_or("", |t| t.prefix());
    let own = upstream.host.value.known().and_then(|v| v.known()).is_some_and(|h| host.contains(h));
    own && upstream.forwarded_host.value.is(&HeaderFate::Absent)
}
