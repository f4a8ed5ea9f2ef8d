//! The same for Apache: `mod_proxy` adds the client's address and host, but never the scheme.

use super::{ID, KINDS, tells_scheme};
use crate::finding::{Confidence, Finding};
use crate::model::from::apache::Host;
use crate::model::{Request, Scheme, Site};
use crate::rules::Cx;
use crate::rules::apache_headers::{Edit, edits, uses};
use crate::rules::apache_proxies::{Proxied, proxied};
use crate::rules::support::finding;
use crate::source::Span;
use crate::syntax::apache::Name;
use crate::syntax::apache::header::Action;

/// Asks for each application what it gets of the scheme. One missing header is one finding for a host.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let tls = host.is_tls();
    let behind_tls = || uses(host, Name::RequestHeader) && asks_layer_before(host);
    if !tls && !behind_tls() {
        return;
    }
    let mut missing: Option<Finding> = None;
    let mut seen: Vec<Span> = Vec::new();
    for Proxied { route, request, outcome } in proxied(host, cx, KINDS) {
        if tls && request.scheme != Scheme::Https {
            continue;
        }
        let edits = edits(host, route, Name::RequestHeader);
        let told: Vec<&Edit> = edits.iter().filter(|e| e.is_of("x-forwarded-proto") || tells_scheme(&e.edit.name)).collect();
        if let [only] = told.as_slice()
            && let Some(says) = says_http(only)
        {
            if says && !seen.contains(&only.directive.span()) {
                seen.push(only.directive.span());
                cx.report(wrong(host, route, only, request, tls));
            }
            continue;
        }
        let open = host.config().incomplete || behind_proxy(host, cx);
        let Some(handler) = outcome.handler.span.filter(|h| tls && told.is_empty() && !open && !seen.contains(h)) else { continue };
        seen.push(handler);
        match &mut missing {
            None => missing = Some(absent(host, route, handler, request)),
            Some(found) => *found = found.clone().related(handler, "the same here"),
        }
    }
    if let Some(found) = missing {
        cx.report(found);
    }
}

/// Whether the one line about `X-Forwarded-Proto` certainly says `http`; `None` for any other line.
fn says_http(edit: &Edit) -> Option<bool> {
    let sets = matches!(edit.edit.action, Action::Set(_)) && edit.is_of("x-forwarded-proto") && edit.is_certain();
    let value = edit.value().filter(|_| sets)?;
    Some(value.eq_ignore_ascii_case("http"))
}

/// Whether a proxy in front is trusted: it may tell the scheme.
fn behind_proxy(host: &Host, cx: &Cx) -> bool {
    [Name::RemoteIPHeader, Name::RemoteIPProxyProtocol].iter().any(|name| host.effective(0, *name).is_some())
        || !cx.settings.trusted_proxies.is_empty()
}

/// Whether a plain host decides by the scheme that the layer before it names: visitors reach that layer over TLS.
fn asks_layer_before(host: &Host) -> bool {
    let conditions = host.effective_all(0, Name::RewriteCond);
    conditions.iter().any(|c| c.arg(0).to_ascii_lowercase().contains("http:x-forwarded-proto"))
}

fn wrong(host: &Host, route: u32, edit: &Edit, request: Request, tls: bool) -> Finding {
    let message = if tls {
        format!("{} reaches the application over TLS with X-Forwarded-Proto: http", request.describe())
    } else {
        format!(
            "{} reaches the application with X-Forwarded-Proto: http in place of the https that the proxy in front sent",
            request.describe()
        )
    };
    let help = if tls {
        "write RequestHeader set X-Forwarded-Proto \"expr=%{REQUEST_SCHEME}\""
    } else {
        "take the line out: what the proxy in front says is passed on"
    };
    let request = if tls { request } else { request.header("X-Forwarded-Proto", "https") };
    finding(ID, host, route, edit.directive.span(), message, request).help(help)
}

fn absent(host: &Host, route: u32, primary: Span, request: Request) -> Finding {
    let message = format!("{} comes over TLS and reaches the application without X-Forwarded-Proto", request.describe());
    finding(ID, host, route, primary, message, request)
        .help("add RequestHeader set X-Forwarded-Proto \"https\" to this virtual host")
        .confidence(Confidence::Medium)
}
