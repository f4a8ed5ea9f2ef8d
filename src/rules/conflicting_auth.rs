//! `conflicting-auth`: checks that exclude each other.

pub(super) mod apache;

use super::Cx;
use super::basic_gate::{BasicGate, refused_by, uses};
use super::support::finding;
use crate::finding::Confidence;
use crate::model::from::nginx::Server;
use crate::model::{Site, Traits};
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "conflicting-auth";

/// `auth_basic` beside `auth_request` or `auth_jwt` where both must pass.
pub(super) fn check(server: &Server, gates: &[BasicGate], cx: &mut Cx) {
    let others = [Name::AuthRequest, Name::AuthJwt];
    if !others.iter().any(|o| uses(server, *o)) {
        return;
    }
    let mut seen = Vec::new();
    for gate in gates {
        let route = gate.route;
        let other = others.iter().find_map(|name| server.effective(route, *name).filter(|d| d.arg(0) != "off"));
        let Some(other) = other else { continue };
        if server.effective(route, Name::Satisfy).is_some_and(|d| d.arg(0) == "any") || seen.contains(&(gate.realm.id, other.id))
        {
            continue;
        }
        // `token=$cookie_x`: the token does not travel in Authorization.
        if other.args().any(|a| a.starts_with("token=")) {
            continue;
        }
        let route_is_internal = server.routes().get(route as usize).is_some_and(|r| r.traits.has(Traits::INTERNAL));
        let Some(request) = server.landmark(route).filter(|_| !route_is_internal) else { continue };
        let request = request.header("Authorization", "Bearer token-of-the-client");
        if !server.resolve(&request).always(|o| refused_by(o).is_some_and(|g| g.span == gate.realm.span())) {
            continue;
        }
        seen.push((gate.realm.id, other.id));
        let (earlier, later) = if gate.realm.id < other.id { (gate.realm, other) } else { (other, gate.realm) };
        let message = format!(
            "{} gets 401 before {} is asked: both checks must pass, and one Authorization header cannot serve both",
            request.describe(),
            other.name_text()
        );
        let found = finding(ID, server, route, later.span(), message, request)
            .confidence(Confidence::Medium)
            .related(earlier.span(), "the other check")
            .help("let one of them be enough (satisfy any;), or remove one");
        cx.report(found);
    }
}
