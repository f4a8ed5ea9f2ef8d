//! Address lists beside a gate under `satisfy any`: who is on the list needs no password.

use std::net::{IpAddr, Ipv4Addr};

use super::super::Cx;
use super::super::basic_gate::{is_own, request_of, uses};
use super::super::support::finding;
use super::ID;
use crate::finding::Severity;
use crate::model::from::nginx::Server;
use crate::model::{Combine, GateKind, Outcome, Request, RouteId, Site, Verdict};
use crate::project::nginx::Directive;
use crate::settings::Profile;
use crate::syntax::nginx::Name;

/// Looks for lists that let everybody in: every address, or the address from which every request comes.
pub(super) fn check(server: &Server, route: RouteId, gate: &Directive, cx: &mut Cx) -> bool {
    if !uses(server, Name::Satisfy) || server.effective(route, Name::Satisfy).is_none_or(|d| d.arg(0) != "any") {
        return false;
    }
    // A list of an inner block is an exemption from the gate around it.
    let own: Vec<Directive> = server.effective_all(route, Name::Allow).filter(|d| is_own(server, route, d)).collect();
    let Some(request) = server.landmark(route).map(|r| request_of(server, &r.path)) else { return false };
    let local = Request { client: IpAddr::V4(Ipv4Addr::LOCALHOST), ..request.clone() };
    let everyone = own.iter().find(|d| matches!(d.arg(0).as_ref(), "all" | "0.0.0.0/0" | "::/0"));
    let loopback = own.iter().find(|d| is_loopback(&d.arg(0)));
    let behind_proxy = || only_local(server) && server.effective(route, Name::RealIpHeader).is_none();
    let (allow, request, message) = if let Some(allow) = everyone {
        (allow, request, "with satisfy any this line lets every address in")
    } else if let Some(allow) = loopback.filter(|_| behind_proxy()) {
        (
            allow,
            local,
            "with satisfy any this line lets local requests in, and this server gets no others: it listens on this machine only",
        )
    } else if let Some(allow) = own.first().filter(|_| cx.settings.profile >= Profile::Strict) {
        let message = format!("whoever comes from {} needs no password: satisfy any", allow.arg(0));
        let found = finding(ID, server, route, gate.span(), message, request);
        cx.report(found.severity(Severity::Info).related(allow.span(), "exempted here"));
        return true;
    } else {
        return false;
    };
    if !server.resolve(&request).always(passes) {
        return false;
    }
    let message = format!("{} needs no password: {message}", request.describe());
    let found = finding(ID, server, route, allow.span(), message, request)
        .related(gate.span(), "the check that nobody has to pass")
        .help("allow only the addresses of those who need no password, then deny all; behind a proxy set_real_ip_from and real_ip_header show them");
    cx.report(found);
    true
}

fn passes(outcome: &Outcome) -> bool {
    let by_address = |g: &crate::model::Gate| g.kind == GateKind::Address && g.combine == Combine::Any;
    outcome.gates.iter().any(|g| by_address(g) && g.verdict == Verdict::Passes)
}

fn is_loopback(text: &str) -> bool {
    matches!(text, "127.0.0.1" | "127.0.0.0/8" | "127.0.0.1/32" | "::1" | "localhost")
}

/// Whether the server takes requests of this machine only: from a proxy in front of it.
fn only_local(server: &Server) -> bool {
    let Some(block) = server.route_block(0) else { return false };
    let mut listens = block.children().filter(|c| c.name() == Name::Listen).peekable();
    let local = |address: &str| address.starts_with("127.") || address.starts_with("localhost");
    listens.peek().is_some() && listens.all(|l| local(&l.arg(0)) && !l.has_hole())
}
