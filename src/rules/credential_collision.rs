//! `credential-collision`: a password at the proxy in front of an application that reads Authorization itself.

pub(super) mod apache;
pub(super) mod edge;

use std::cell::OnceCell;

use super::Cx;
use super::basic_gate::{BasicGate, first_with_each, gate_of};
use super::support::{allows_authorization, finding, is_for_programs, known_paths, request_for, routes_with};
use crate::finding::{Confidence, Finding};
use crate::model::from::nginx::Server;
use crate::model::{Combine, GateKind, HeaderFate, Known, Outcome, PathKind, Request, RouteId, Site, Traits, Verdict};
use crate::project::nginx::{Config, Directive};
use crate::source::Span;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "credential-collision";

const KINDS: &[PathKind] = &[PathKind::Api, PathKind::Token];

/// Applications that have no login of their own, or take Basic for themselves: a password in front of them is how they are run.
const OPEN_APPLICATIONS: &[&str] = &[
    "prometheus",
    "alertmanager",
    "netdata",
    "kibana",
    "elastic",
    "registry",
    "phpmyadmin",
    "adminer",
    "munin",
    "nagios",
    "icinga",
    "flower",
    "mailhog",
    "mailpit",
    "exporter",
    "cadvisor",
    "jaeger",
    "zipkin",
    "glances",
    "goaccess",
    ":9090",
    ":9093",
    ":9100",
    ":9200",
    ":5601",
    ":19999",
    ":5555",
];

/// A route behind a gate, and why its application reads Authorization.
struct Candidate {
    route: RouteId,
    confidence: Confidence,
    sign: Option<Span>,
}

/// Sends a bearer token through each password check of a server.
pub(super) fn check(server: &Server, gates: &[BasicGate], cx: &mut Cx) {
    let known = OnceCell::new();
    for BasicGate { realm: gate, .. } in first_with_each(gates, |gate| gate.realm.id) {
        let exempted = || *known.get_or_init(|| is_exempted(server, cx));
        let routes = gates.iter().filter(|other| other.realm.id == gate.id).map(|other| other.route);
        let mut candidates: Vec<Candidate> = routes.filter_map(|id| candidate(server, id, gate, &exempted, cx)).collect();
        candidates.sort_by_key(|c| std::cmp::Reverse(c.confidence));
        if let Some(found) = candidates.iter().take(6).find_map(|c| collision(server, gate, c, cx)) {
            cx.report(found);
        }
    }
}

/// Whether the site lets programs past its gates already: by a location of theirs without a gate, or by a realm that is `off` there.
fn is_exempted(server: &Server, cx: &Cx) -> bool {
    routes_with(server, Traits::default()).any(|(id, route)| {
        let named = server.route_block(id).is_some_and(|b| b.name() == Name::Location && is_for_programs(&b.text()));
        let gate = gate_of(server, id);
        let by_location = named && gate.is_none() && !route.traits.has(Traits::INTERNAL);
        let by_realm = gate.is_some_and(|g| g.realm.arg(0).contains('$'));
        if !by_location && !by_realm {
            return false;
        }
        let count = if by_realm { usize::MAX } else { 1 };
        known_paths(route, cx.paths, KINDS).iter().take(count).any(|known| {
            let request = bearer(request_for(server, known));
            server.resolve(&request).possibly(|o| o.upstream.is_some() && !is_refused(o))
        })
    })
}

fn candidate(server: &Server, id: RouteId, gate: &Directive, exempted: &dyn Fn() -> bool, cx: &Cx) -> Option<Candidate> {
    let route = server.routes().get(id as usize)?;
    let of = |confidence, sign| Some(Candidate { route: id, confidence, sign });
    if let Some(sign) = sign(server, id) {
        return of(Confidence::High, Some(sign));
    }
    if (*route.serves & cx.paths.of_any(KINDS)).is_empty() {
        return None;
    }
    let block = server.route_block(id).filter(|b| b.name() == Name::Location);
    if block.is_some_and(|b| is_for_programs(&b.text())) {
        return of(Confidence::Medium, None);
    }
    let wide = gate.parent().is_none_or(|p| match p.name() {
        Name::Location => p.arg(0) == "/" || p.arg(1) == "/",
        Name::Server | Name::Http => true,
        _ => false,
    });
    if wide && !exempted() { of(Confidence::Low, None) } else { None }
}

/// What shows that credentials other than the password arrive here.
fn sign(server: &Server, id: RouteId) -> Option<Span> {
    let checked =
        [Name::AuthRequest, Name::AuthJwt].into_iter().find_map(|n| server.effective(id, n).filter(|d| d.arg(0) != "off"));
    let passed = server.effective_all(id, Name::ProxyPassHeader).find(|h| h.arg(0).eq_ignore_ascii_case("authorization"));
    let cors = allows_authorization(server, id);
    if let Some(sign) = checked.or(passed).or(cors) {
        return Some(sign.span());
    }
    let bearer = |name: &str| name == "http_authorization";
    let blocks = [server.route_block(id), server.route_block(0)];
    let mut inside = blocks.iter().flatten().flat_map(|block| block.children_named(&[Name::If, Name::ProxySetHeader]));
    let read = inside.find(|d| match d.name() {
        Name::If => d.args().next().is_some_and(|a| server.depends_on(&a, &bearer)),
        Name::ProxySetHeader => !d.arg(0).eq_ignore_ascii_case("authorization") && server.depends_on(&d.arg(1), &bearer),
        _ => false,
    });
    read.map(|d| d.span())
}

/// Whether an address or a place names one of those applications.
fn is_open_application(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    OPEN_APPLICATIONS.iter().any(|name| text.contains(name))
}

fn bearer(request: Request) -> Request {
    request.header("Authorization", "Bearer token-of-the-application")
}

fn is_refused(outcome: &Outcome) -> bool {
    let basic = outcome.gates.iter().any(|g| g.kind == GateKind::Basic && g.verdict == Verdict::Refuses(401));
    let choice = outcome.gates.len() > 1 && outcome.gates.iter().any(|g| g.combine == Combine::Any);
    basic && !choice && outcome.status == Known::Is(Some(401))
}

fn collision(server: &Server, gate: &Directive, candidate: &Candidate, cx: &Cx) -> Option<Finding> {
    let id = candidate.route;
    let route = server.routes().get(id as usize)?;
    let mut known = known_paths(route, cx.paths, KINDS);
    if candidate.confidence == Confidence::Low {
        // That scripts are run by their name does not show an API.
        known.retain(|k| !k.path.contains(".php"));
    }
    let product = if looks_like_wordpress(server, id) { "wordpress" } else { "generic" };
    let known = known.iter().find(|k| k.product == product).or(known.first());
    let request = match known {
        Some(known) => request_for(server, known),
        None if candidate.sign.is_some() && route.traits.has(Traits::UPSTREAM) => server.landmark(id)?,
        None => return None,
    };
    let request = bearer(request);
    let refused = server.resolve(&request);
    // The same gate must be the one that refuses.
    let here = |o: &Outcome| is_refused(o) && o.gates.iter().any(|g| g.span == gate.span());
    if !refused.always(here) || has_choice(server, id) {
        return None;
    }
    // Behind the gate: whether scripts are there only the file system knows, and a front controller is.
    let mut behind = request.clone().past_gates();
    behind.assume.file_exists = None;
    let past = server.resolve(&behind);
    let read_here =
        candidate.sign.is_some() && [Name::AuthRequest, Name::AuthJwt].iter().any(|n| server.effective(id, *n).is_some());
    let keeps = |o: &Outcome| {
        o.upstream.as_ref().is_some_and(|u| read_here || matches!(u.authorization.value.known(), Some(HeaderFate::Kept)))
    };
    let past = if past.runs.is_empty() { Some(&past) } else { past.runs.iter().find(|o| keeps(o)) };
    let past = past.filter(|o| keeps(o))?;
    if candidate.sign.is_none() && is_for_the_gate(past, server.config()) {
        return None;
    }
    let target = past.handler.target.as_ref().map_or("", |t| t.prefix());
    if candidate.sign.is_none() && (is_open_application(target) || is_open_application(&server.context(id))) {
        return None;
    }
    let message = format!(
        "{}: Bearer gets 401 from this password check before the application sees its token: one header cannot carry both",
        request.describe()
    );
    let mut found = finding(ID, server, id, gate.span(), message, request)
        .confidence(candidate.confidence)
        .help("let requests with a token past the gate (a `map` on $http_authorization that gives `off`), or lock by address, cookie or path");
    if let Some(sign) = candidate.sign {
        found = found.related(sign, "credentials of another kind are expected here");
    }
    if let Some(handler) = past.handler.span {
        found = found.related(handler, "the application is here");
    }
    Some(found)
}

/// Whether `satisfy any` offers another way in.
fn has_choice(server: &Server, id: RouteId) -> bool {
    let any = server.effective(id, Name::Satisfy).is_some_and(|s| s.arg(0) == "any");
    let others = [Name::Allow, Name::AuthRequest, Name::AuthJwt];
    any && others.iter().any(|n| server.effective(id, *n).is_some_and(|d| d.arg(0) != "off"))
}

/// Whether the application learns the user from the gate.
fn is_for_the_gate(outcome: &Outcome, config: &Config) -> bool {
    let sent = outcome.upstream.iter().flat_map(|u| &u.sent);
    sent.into_iter().any(|s| s.written.contains("$remote_user") && !config.shipped.contains(&s.span.file))
}

fn looks_like_wordpress(server: &Server, id: RouteId) -> bool {
    let has = |text: &str| text.contains("wordpress") || text.contains("/wp") || text.starts_with("wp");
    server.effective(id, Name::Root).is_some_and(|r| has(&r.arg(0)))
        || server.hosts().first().is_some_and(|h| has(h))
        || server.routes().len() > 1
            && (1..server.routes().len().min(40))
                .any(|i| server.route_block(i as RouteId).is_some_and(|b| has(&b.arg(b.arg_count().saturating_sub(1)))))
}
