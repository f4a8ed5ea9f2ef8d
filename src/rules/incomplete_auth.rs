//! `incomplete-auth`: a gate that misses a directive it cannot work without.

pub(super) mod apache;

use super::Cx;
use super::basic_gate::{lone_half, request_of};
use super::support::finding;
use crate::finding::Confidence;
use crate::model::from::nginx::Server;
use crate::model::{GateKind, Outcome, Site};
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "incomplete-auth";

/// A password file that no `auth_basic` uses.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    for (route, file) in lone_half(server, Name::AuthBasicUserFile, Name::AuthBasic) {
        let Some(path) = server.landmark(route).map(|r| r.path) else { continue };
        let request = request_of(server, &path);
        if !server.resolve(&request).always(no_password) {
            continue;
        }
        let message = format!("{} needs no password: there is no auth_basic to go with this line", request.describe());
        let mut found = finding(ID, server, route, file.span(), message, request)
            .help("switch the check on beside the file: auth_basic \"Restricted\";");
        if !server.config().guessed_context.is_empty() {
            found = found.confidence(Confidence::Medium);
        }
        cx.report(found);
    }
}

fn no_password(outcome: &Outcome) -> bool {
    outcome.gates.iter().all(|g| g.kind == GateKind::Address)
}
