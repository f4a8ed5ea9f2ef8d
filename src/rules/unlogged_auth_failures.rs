//! `unlogged-auth-failures`: nobody can see that passwords are being tried.

mod apache;

use super::Cx;
use super::basic_gate::uses;
use super::support::{finding, known_paths, request_for};
use crate::model::from::nginx::Server;
use crate::model::{GateKind, PathKind, Site, Traits};
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
        let known = known_paths(route, cx.paths, &[PathKind::Login, PathKind::Token]);
        let request = match known.first() {
            Some(known) => request_for(server, known),
            None if gate => match server.landmark(id) {
                Some(request) => request,
                None => continue,
            },
            None => continue,
        };
        let outcome = server.resolve(&request);
        let checked = outcome.always(|o| o.gates.iter().any(|g| g.kind == GateKind::Basic));
        let signs_in = !known.is_empty() && outcome.always(|o| o.handler.kind.is_upstream());
        let what = request.describe();
        if let Some(access) = access.filter(|d| (checked || signs_in) && !told.contains(&d.span())) {
            told.push(access.span());
            let message = format!("{what} leaves no line in the access log, nor does a refused password");
            let found = finding(ID, server, id, access.span(), message, request.clone());
            cx.report(found.help("log these requests: tools that ban attackers read the access log"));
        }
        if let Some(error) = error.filter(|d| checked && !told.contains(&d.span())) {
            told.push(error.span());
            let message = format!("{what} with a wrong password leaves no line in the error log");
            let found = finding(ID, server, id, error.span(), message, request);
            cx.report(found.help("nginx writes the name and the reason of a refused password to the error log only"));
        }
    }
}
