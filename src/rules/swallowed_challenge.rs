//! `swallowed-challenge`: a 401 loses its challenge or its status on the way to the client.

pub(super) mod apache;
pub(super) mod edge;

use super::Cx;
use super::basic_gate::gate_of;
use super::support::{
    allows_authorization, finding, first_known, is_for_programs, request_for, routes_with, typical_request,
};
use crate::finding::Confidence;
use crate::model::from::nginx::Server;
use crate::model::{GateKind, Known, Outcome, PathKind, Request, RouteId, Site, Traits};
use crate::project::nginx::Directive;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "swallowed-challenge";

const KINDS: &[PathKind] = &[PathKind::Api, PathKind::Token];

/// Looks at challenges that are hidden, and at error pages for 401 on paths of programs.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let mut edits = Traits::UPSTREAM;
    edits.add(Traits::EDITS_RESPONSE);
    for (id, _) in routes_with(server, edits) {
        hidden(server, id, cx);
    }
    for (id, route) in routes_with(server, Traits::ERROR_PAGES) {
        if route.traits.has(Traits::GATE) || route.traits.has(Traits::UPSTREAM) {
            replaced(server, id, cx);
        }
    }
}

fn is_challenge(name: &str) -> bool {
    name.eq_ignore_ascii_case("WWW-Authenticate")
}

fn hidden(server: &Server, id: RouteId, cx: &mut Cx) {
    const HIDING: [Name; 6] = [
        Name::ProxyHideHeader,
        Name::FastcgiHideHeader,
        Name::UwsgiHideHeader,
        Name::ScgiHideHeader,
        Name::GrpcHideHeader,
        Name::MoreClearHeaders,
    ];
    let hides = |name: &Name| server.effective_all(id, *name).find(|d| d.args().any(|a| is_challenge(&a)));
    if HIDING.iter().find_map(hides).is_none() {
        return;
    }
    if server.effective_all(id, Name::AddHeader).any(|h| is_challenge(&h.arg(0))) {
        return;
    }
    let Some(route) = server.routes().get(id as usize) else { return };
    let Some(request) = typical_request(server, id, route, cx.paths, &[PathKind::Api, PathKind::Login]) else { return };
    let request = request.past_gates();
    let outcome = server.resolve(&request);
    let loses = |o: &Outcome| {
        // Who sends credentials of its own, or asks for a password here, hides the challenge of the upstream with reason.
        let own = o.gates.iter().any(|g| g.kind == GateKind::Basic);
        let sends = o.upstream.as_ref().is_some_and(|u| u.sent.iter().any(|s| s.name.eq_ignore_ascii_case("authorization")));
        o.handler.kind.is_upstream() && !own && !sends && o.response.hidden.iter().any(|(name, _)| is_challenge(name))
    };
    if !outcome.always(loses) {
        return;
    }
    let Some((_, primary)) = outcome.response.hidden.iter().find(|(name, _)| is_challenge(name)) else { return };
    let message =
        format!("when the application answers {} with 401, the client gets the 401 without WWW-Authenticate", request.describe());
    let mut found = finding(ID, server, id, *primary, message, request)
        .confidence(Confidence::Medium)
        .help("let the challenge through: browsers and programs take from it which credentials to send");
    if let Some(handler) = outcome.handler.span {
        found = found.related(handler, "the application is here");
    }
    cx.report(found);
}

fn replaced(server: &Server, id: RouteId, cx: &mut Cx) {
    let Some(page) = server.effective_all(id, Name::ErrorPage).find(|p| p.args().any(|a| a == "401")) else { return };
    let Some(route) = server.routes().get(id as usize) else { return };
    let cors = allows_authorization(server, id);
    let block = server.route_block(id).filter(|b| b.name() == Name::Location);
    let programs = block.is_some_and(|b| is_for_programs(&b.text()));
    if !programs && (cors.is_none() || !route.traits.has(Traits::UPSTREAM)) {
        password_not_asked(server, id, &page, cx);
        return;
    }
    let request = match first_known(route, cx.paths, KINDS) {
        Some(known) => request_for(server, known),
        None => match server.landmark(id) {
            Some(request) => request,
            None => return,
        },
    };
    let outcome = server.resolve(&request);
    let status = status_of_gate(&outcome, &page);
    let (status, of, confidence) = match status {
        Some(status) => (status, "the gate", Confidence::High),
        None if route.traits.has(Traits::GATE) && !intercepts(server, id) => return,
        None => match status_of_page(server, &page) {
            Some(status) if intercepts(server, id) && outcome.possibly(|o| o.upstream.is_some()) => {
                (status, "the application", Confidence::Medium)
            }
            _ => return,
        },
    };
    report(server, id, &page, &request, (status, of, confidence), cx);
}

fn report(server: &Server, id: RouteId, page: &Directive, request: &Request, what: (u16, &str, Confidence), cx: &mut Cx) {
    let (status, of, confidence) = what;
    let message = format!(
        "{} without credentials gets {status} instead of the 401 of {of}: a program does not learn that it must sign in",
        request.describe()
    );
    let mut found = finding(ID, server, id, page.span(), message, request.clone())
        .confidence(confidence)
        .help("leave the 401 as it is for paths of programs, and redirect to a login page only where browsers go");
    if let Some(block) = server.route_block(id) {
        found = found.related(block.span(), "requests of programs are served here");
    }
    cx.report(found);
}

/// Browsers ask for a password only on a 401: behind a redirect or a page in its place nobody can sign in.
fn password_not_asked(server: &Server, id: RouteId, page: &Directive, cx: &mut Cx) {
    let Some(gate) = gate_of(server, id).filter(|g| !g.realm.arg(0).contains('$')) else { return };
    let Some(request) = server.landmark(id) else { return };
    let outcome = server.resolve(&request);
    if !outcome.always(|o| o.gates.len() == 1 && o.gates.iter().all(|g| g.span == gate.realm.span())) {
        return;
    }
    let Some(status) = status_of_gate(&outcome, page).filter(|s| (200..400).contains(s)) else { return };
    let message = format!(
        "{} without credentials gets {status} instead of the 401 of the gate: a browser does not ask for the password",
        request.describe()
    );
    let found = finding(ID, server, id, page.span(), message, request)
        .help("leave the status as it is: error_page 401 /page.html; without =, and with a page of this server")
        .related(gate.realm.span(), "the password is asked for here");
    cx.report(found);
}

/// The status that replaces the 401 of nginx itself, where every refusal ends with another one.
fn status_of_gate(outcome: &Outcome, page: &Directive) -> Option<u16> {
    let taken = |o: &Outcome| o.steps.iter().any(|s| s.span == page.span() && s.what.contains("401"));
    let runs = if outcome.runs.is_empty() { std::slice::from_ref(outcome) } else { outcome.runs.as_slice() };
    let mut statuses = runs.iter().filter(|o| taken(o)).map(|o| match o.status {
        Known::Is(Some(status)) if status != 401 => Some(status),
        _ => None,
    });
    let first = statuses.next()??;
    statuses.all(|s| s.is_some()).then_some(first)
}

/// The status that an error page itself decides.
fn status_of_page(server: &Server, page: &Directive) -> Option<u16> {
    let target = page.arg(page.arg_count().saturating_sub(1));
    let code = page.args().find_map(|a| a.strip_prefix('=').map(str::to_owned));
    if target.starts_with("http://") || target.starts_with("https://") {
        return Some(code.and_then(|c| c.parse().ok()).filter(|c| (301..=308).contains(c)).unwrap_or(302));
    }
    let code = code?;
    if let Ok(status) = code.parse::<u16>() {
        return (status != 401).then_some(status);
    }
    let named = (0..server.routes().len()).find_map(|i| server.route_block(i as RouteId).filter(|b| b.arg(0) == target))?;
    let returns = named.children().find(|d| d.name() == Name::Return)?;
    let first = returns.arg(0);
    if first.starts_with("http") {
        return Some(302);
    }
    first.parse().ok().filter(|s| *s != 401)
}

fn intercepts(server: &Server, id: RouteId) -> bool {
    const SWITCHES: [(Name, Name); 5] = [
        (Name::ProxyPass, Name::ProxyInterceptErrors),
        (Name::FastcgiPass, Name::FastcgiInterceptErrors),
        (Name::UwsgiPass, Name::UwsgiInterceptErrors),
        (Name::ScgiPass, Name::ScgiInterceptErrors),
        (Name::GrpcPass, Name::GrpcInterceptErrors),
    ];
    let Some(block) = server.route_block(id) else { return false };
    let pass = block.children().find_map(|d| SWITCHES.iter().find(|(p, _)| *p == d.name()));
    pass.is_some_and(|(_, switch)| server.effective(id, *switch).is_some_and(|d| d.arg(0) == "on"))
}
