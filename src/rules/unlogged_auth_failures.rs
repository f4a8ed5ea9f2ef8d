//! `unlogged-auth-failures`: nobody can see that passwords are being tried.

mod apache;

use super::Cx;
use super::basic_gate::uses;
use super::support::{finding, known_paths, request_for};
use crate::model::from::nginx::Server;
use crate::model::{GateKind, PathKind, Route, RouteId, Site, Traits};
use crate::source::Span;
use crate::syntax::nginx::Name;

pub(super) use apache::check as check_apache;

/// The id.
const ID: &str = "unlogged-auth-failures";

/// Looks at the logs of the routes that serve a login or check a password.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    if !uses(server, Name::AccessLog) && !uses(server, Name::ErrorLog) {
        return;
    }
    let mut told: Vec<Span> = Vec::new();
    for (id, route) in (0..).zip(server.routes()) {
        let gate = route.traits.has(Traits::GATE);
        if !gate && !route.traits.has(Traits::UPSTREAM) || route.traits.has(Traits::INTERNAL) {
            continue;
        }
        let access = server.effective(id, Name::AccessLog).filter(|d| d.arg(0) == "off");
        let error = server.effective(id, Name::ErrorLog).filter(|d| gate && d.arg(0) == "/dev/null");
        if access.is_none() && error.is_none() {
            continue;
        }
        let logs = Logs { access: access.map(|d| d.span()), error: error.map(|d| d.span()), server: "nginx" };
        logs.tell(server, id, route, &mut told, cx);
    }
}

/// Logs of a route that keep nothing: the directives that make it so.
struct Logs {
    access: Option<Span>,
    error: Option<Span>,
    /// The server, for a sentence.
    server: &'static str,
}

impl Logs {
    /// Reports them where the route serves a login or checks a password, each directive once.
    fn tell(&self, site: &dyn Site, id: RouteId, route: &Route, told: &mut Vec<Span>, cx: &mut Cx) {
        let known = known_paths(route, cx.paths, &[PathKind::Login, PathKind::Token]);
        let made_up = || site.landmark(id).filter(|_| route.traits.has(Traits::GATE));
        let Some(request) = known.first().map(|k| request_for(site, k)).or_else(made_up) else { return };
        let outcome = site.resolve(&request);
        let checked = outcome.always(|o| o.gates.iter().any(|g| g.kind == GateKind::Basic));
        let signs_in = !known.is_empty() && outcome.always(|o| o.handler.kind.is_upstream());
        let what = request.describe();
        if let Some(access) = self.access.filter(|at| (checked || signs_in) && !told.contains(at)) {
            told.push(access);
            let message = format!("{what} leaves no line in the access log, nor does a refused password");
            let found = finding(ID, site, id, access, message, request.clone());
            cx.report(found.help("log these requests: tools that ban attackers read the access log"));
        }
        if let Some(error) = self.error.filter(|at| checked && !told.contains(at)) {
            told.push(error);
            let message = format!("{what} with a wrong password leaves no line in the error log");
            let found = finding(ID, site, id, error, message, request);
            let server = self.server;
            cx.report(found.help(format!("{server} writes the name and the reason of a refused password to the error log only")));
        }
    }
}
