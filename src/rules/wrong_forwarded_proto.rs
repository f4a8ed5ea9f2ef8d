//! `wrong-forwarded-proto`: the application does not learn that visitors came over TLS.

mod apache;
pub(super) mod edge;

use super::Cx;
use super::support::{finding, is_asset, may_set_more, own_application, reaching, routes_with, verdict_routes};
use crate::finding::{Confidence, Finding};
use crate::model::from::nginx::Server;
use crate::model::{Known, HeaderFate, HandlerKind, Outcome, PathKind, Request, RouteId, Scheme, Site, Traits, Value};
use crate::source::Span;
use crate::syntax::nginx::Name;

pub(super) use apache::check as check_apache;

/// The id.
pub(super) const ID: &str = "wrong-forwarded-proto";

const KINDS: &[PathKind] = &[PathKind::Login, PathKind::Token, PathKind::Account, PathKind::Admin, PathKind::Api];

/// Other header fields that tell an application the scheme.
const TELL_SCHEME: &[&str] = &[
    "forwarded", "x-forwarded-ssl", "x-forwarded-scheme", "x-forwarded-protocol", "x-scheme", "x-url-scheme", "front-end-https",
    "x-forwarded-port", "https", "x-https", "x-forwarded-https", "x-original-proto", "x-client-scheme",
];

/// Asks for each proxied route what the application gets of the scheme. One missing header is one finding for a server.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let tls = server.is_tls();
    if !tls && !asks_layer_before(server) {
        return;
    }
    let mut missing: Option<Finding> = None;
    let mut seen: Vec<Span> = Vec::new();
    let verdicts = verdict_routes(server);
    for (id, route) in routes_with(server, Traits::UPSTREAM) {
        // A service that only gives verdicts redirects nobody.
        if verdicts.contains(&id) {
            continue;
        }
        let Some(request) = reaching(server, id, route, cx.paths, KINDS).map(Request::past_gates) else { continue };
        let request = if tls { request } else { request.header("X-Forwarded-Proto", "https") };
        if is_asset(&request.path) || of_oauth2_proxy(server, &verdicts, &request) || tls && request.scheme != Scheme::Https {
            continue;
        }
        let outcome = server.resolve(&request);
        if !outcome.always(|o| o.served_by.span == route.span && to_application(o)) {
            continue;
        }
        let Some(fact) = outcome.upstream.as_ref().map(|u| &u.forwarded_proto) else { continue };
        if outcome.always(|o| fate_is(o, says_http)) {
            let Some(primary) = fact.because.first().copied().filter(|p| !seen.contains(p)) else { continue };
            seen.push(primary);
            cx.report(wrong(server, id, primary, request, tls));
        } else if tls && outcome.always(|o| fate_is(o, |f| *f == HeaderFate::Absent) && !told_otherwise(o)) {
            let behind = server.effective(id, Name::SetRealIpFrom).is_some() || !cx.settings.trusted_proxies.is_empty();
            let Some(handler) = outcome.handler.span else { continue };
            let primary = fact.because.first().copied().unwrap_or(handler);
            if behind || seen.contains(&primary) || may_set_more(server, cx.sources, id) {
                continue;
            }
            seen.push(primary);
            match &mut missing {
                None => missing = Some(absent(server, id, primary, primary != handler, request)),
                Some(found) => *found = found.clone().related(primary, "the same here"),
            }
        }
    }
    if let Some(found) = missing {
        cx.report(found);
    }
}

/// Whether a request is for oauth2-proxy, which gives the verdicts of this server: it names `https` in its addresses by itself as long
/// as its cookies are `Secure`, which is its default (`getOAuthRedirectURI` in `oauthproxy.go`).
fn of_oauth2_proxy(server: &Server, verdicts: &[RouteId], request: &Request) -> bool {
    let gives = |route: &RouteId| server.landmark(*route).is_some_and(|landmark| landmark.path == "/oauth2/auth");
    request.path.starts_with("/oauth2/") && verdicts.iter().any(gives)
}

/// Whether a plain server decides by the scheme that the layer before it names: visitors reach that layer over TLS.
fn asks_layer_before(server: &Server) -> bool {
    server.route_block(0).is_some()
        && server.inside(Name::If).any(|d| d.args().any(|a| server.depends_on(&a, &|v| v == "http_x_forwarded_proto")))
}

/// A proxied application of one's own that was not told to be elsewhere, and not by a block that lost the header (another rule).
fn to_application(outcome: &Outcome) -> bool {
    let Some(upstream) = &outcome.upstream else { return false };
    outcome.handler.kind == HandlerKind::Proxy
        && own_application(outcome)
        && !upstream.lost.iter().any(|l| l.name.eq_ignore_ascii_case("x-forwarded-proto") || tells_scheme(&l.name))
        && !upstream.sent.iter().any(|s| s.name.eq_ignore_ascii_case("host") && !s.written.contains('$') && s.written.contains('.'))
}

fn fate_is(outcome: &Outcome, wanted: impl Fn(&HeaderFate) -> bool) -> bool {
    matches!(outcome.upstream.as_ref().map(|u| &u.forwarded_proto.value), Some(Known::Is(fate)) if wanted(fate))
}

fn says_http(fate: &HeaderFate) -> bool {
    matches!(fate, HeaderFate::Replaced(Value::Known(text)) if text.eq_ignore_ascii_case("http"))
}

fn tells_scheme(name: &str) -> bool {
    TELL_SCHEME.iter().any(|t| t.eq_ignore_ascii_case(name))
}

fn told_otherwise(outcome: &Outcome) -> bool {
    let tells = |s: &crate::model::Sent| tells_scheme(&s.name) || s.written.contains("$scheme");
    outcome.upstream.as_ref().is_some_and(|u| u.sent.iter().any(tells))
}

fn wrong(server: &Server, id: RouteId, primary: Span, request: Request, tls: bool) -> Finding {
    let (message, help) = if tls {
        ("reaches the application over TLS with X-Forwarded-Proto: http", "write $scheme as the value")
    } else {
        (
            "reaches the application with X-Forwarded-Proto: http in place of the https that the proxy in front sent",
            "pass on what the proxy in front says: $http_x_forwarded_proto",
        )
    };
    let message = format!("{} {message}", Request { headers: Vec::new(), ..request.clone() }.describe());
    finding(ID, server, id, primary, message, request).help(help)
}

fn absent(server: &Server, id: RouteId, primary: Span, from_client: bool, request: Request) -> Finding {
    let why = if from_client { ": this line takes it from the client, who does not send it" } else { "" };
    let message = format!("{} comes over TLS and reaches the application without X-Forwarded-Proto{why}", request.describe());
    finding(ID, server, id, primary, message, request)
        .help("add proxy_set_header X-Forwarded-Proto $scheme beside the other proxy_set_header lines")
        .confidence(Confidence::Medium)
}
