//! `duplicate-auth`: one path behind two password checks.

pub(super) mod apache;
pub(super) mod edge;

use super::Cx;
use super::basic_gate::{BasicGate, gate_of, is_own, request_of};
use super::support::finding;
use crate::finding::Severity;
use crate::model::from::Found;
use crate::model::from::nginx::Server;
use crate::model::{GateKind, Outcome, Request, RouteId, Site};
use crate::project::nginx::Directive;
use crate::source::Span;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "duplicate-auth";

/// Gates inside gates, and gates one after the other.
pub(super) fn check(server: &Server, gates: &[BasicGate], cx: &mut Cx) {
    let Some(first) = gates.first() else { return };
    let several = gates.iter().any(|gate| gate.file.id != first.file.id);
    for gate in gates {
        let Some(own) = first_own(server, gate) else { continue };
        if !nested(server, gate, &own, cx) && several {
            in_turn(server, gate.route, cx);
        }
    }
}

/// The first directive of the gate that is written in the route's own block.
fn first_own<'a>(server: &Server<'a>, gate: &BasicGate<'a>) -> Option<Directive<'a>> {
    let own = [gate.realm, gate.file].into_iter().filter(|d| is_own(server, gate.route, d));
    own.min_by_key(|d| d.id)
}

fn is_fixed(directive: &Directive) -> bool {
    !directive.has_hole() && !directive.arg(0).contains('$')
}

/// A location with a gate that differs from the gate of the block around it.
fn nested(server: &Server, inner: &BasicGate, first: &Directive, cx: &mut Cx) -> bool {
    let route = inner.route;
    let Some(block) = server.route_block(route).filter(|b| b.name() == Name::Location) else { return false };
    let around = block.parent().map_or(Some(0), |p| server.route_of(p.id));
    let Some(outer) = around.and_then(|r| gate_of(server, r)) else { return false };
    if ![outer.realm, outer.file, inner.realm, inner.file].iter().all(is_fixed) {
        return false;
    }
    let other_realm = outer.realm.arg(0) != inner.realm.arg(0);
    let other_file = outer.file.arg(0) != inner.file.arg(0) && !holds_all(server, &outer.file, &inner.file);
    if !other_realm && !other_file {
        return false;
    }
    let Some(request) = server.landmark(route) else { return false };
    if !server.resolve(&request).always(|o| o.gates.iter().any(|g| g.span == inner.realm.span())) {
        return false;
    }
    let realms = format!("realm {:?} instead of {:?}", inner.realm.arg(0), outer.realm.arg(0));
    let message = match (other_realm, other_file) {
        (true, true) => format!(
            "{} asks for another password than the block around it ({realms}): visitors sign in twice",
            request.describe()
        ),
        (true, false) => format!("{} asks again for the same account under another name ({realms})", request.describe()),
        _ => format!(
            "{} refuses the accounts that the block around it accepts: same realm, another password file",
            request.describe()
        ),
    };
    let mut found = finding(ID, server, route, first.span(), message, request)
        .related(outer.realm.span(), "the gate around it")
        .related(outer.file.span(), "and its accounts");
    found = match (other_realm, other_file) {
        (true, true) => {
            found.help("if two sign-ins are wanted, ignore this here; else use one realm and one file, or auth_basic off")
        }
        (true, false) => found.help("remove this line: the gate around it already checks these accounts"),
        _ => found.severity(Severity::Error).help("give the inner gate a realm of its own, or use one file for both"),
    };
    cx.report(found);
    true
}

/// Whether the inner file is known to hold every account of the outer one.
fn holds_all(server: &Server, outer: &Directive, inner: &Directive) -> bool {
    let read = |file: &Directive| server.lookup().map(|l| l.read(&file.arg(0)));
    let (Some(Found::There(outer)), Some(Found::There(inner))) = (read(outer), read(inner)) else { return false };
    holds_all_of(&outer, &inner)
}

/// Whether a password file holds every account of another one.
fn holds_all_of(accounts: &str, file: &str) -> bool {
    accounts.lines().filter(|l| l.contains(':')).all(|account| file.lines().any(|l| l == account))
}

/// A request that passes one gate and meets another one behind an internal redirect.
fn in_turn(server: &Server, route: RouteId, cx: &mut Cx) {
    let Some(landmark) = server.landmark(route) else { return };
    let mut requests: Vec<Request> = vec![request_of(server, &landmark.path)];
    if !landmark.path.ends_with('/') {
        requests.push(request_of(server, &format!("{}/", landmark.path)));
    }
    for request in requests {
        let outcome = server.resolve(&request.clone().past_gates());
        let Some((first, second)) = two_files(&outcome).filter(|_| outcome.always(|o| two_files(o).is_some())) else { continue };
        let message = format!(
            "{} meets two password checks in turn: the password that passes the first is refused by the second",
            request.describe()
        );
        let found = finding(ID, server, route, second, message, request)
            .severity(Severity::Error)
            .related(first, "checked first")
            .related(outcome.served_by.span, "the request ends here")
            .help("use one password file, or switch the second check off where the first one already stands");
        cx.report(found);
        return;
    }
}

/// Two basic checks on the way of one request whose password files differ.
fn two_files(outcome: &Outcome) -> Option<(Span, Span)> {
    let mut basic = outcome.gates.iter().filter(|g| g.kind == GateKind::Basic);
    let first = basic.next()?;
    let file = |g: &crate::model::Gate| g.source.as_ref().and_then(|s| s.value.known().cloned());
    let known = file(first)?;
    let second = basic.find(|g| file(g).is_some_and(|f| f != known))?;
    Some((first.span, second.span))
}
