//! `dropped-authorization`: the client's Authorization header does not reach the application.

use super::Cx;
use super::support::{finding, is_asset, routes_with, typical_request};
use crate::finding::{Applicability, Confidence, Edit};
use crate::model::{GateKind, HeaderFate, Outcome, PathKind, Site, Traits};

/// The id.
pub(super) const ID: &str = "dropped-authorization";

/// What a program sends.
const CREDENTIALS: &str = "Bearer token-of-the-client";

const KINDS: &[PathKind] = &[PathKind::Api, PathKind::Token, PathKind::Login, PathKind::Account, PathKind::Admin];

/// Follows a request with credentials through each route that touches Authorization.
pub(super) fn check(site: &dyn Site, cx: &mut Cx) {
    let mut wanted = Traits::UPSTREAM;
    wanted.add(Traits::TOUCHES_AUTHORIZATION);
    for (id, route) in routes_with(site, wanted) {
        let Some(request) = typical_request(site, id, route, cx.paths, KINDS) else { continue };
        if is_asset(&request.path) {
            continue;
        }
        let request = request.header("Authorization", CREDENTIALS).past_gates();
        let outcome = site.resolve(&request);
        if !outcome.always(is_dropped) || outcome.always(consumed_here) {
            continue;
        }
        let Some(fact) = outcome.upstream.as_ref().map(|u| &u.authorization) else { continue };
        let Some(primary) = fact.because.first().copied() else { continue };
        let message = format!("{} reaches the application without its Authorization header: this line drops it", request.describe());
        let mut found = finding(ID, site, id, primary, message, request)
            .help("remove the line: nginx passes Authorization on by itself")
            .related(outcome.served_by.span, "the request is served here");
        if let Some(handler) = outcome.handler.span {
            found = found.related(handler, "and handed over here");
        }
        if !outcome.unknown.is_empty() {
            found = found.confidence(Confidence::Medium);
        }
        let line = cx.sources.text(primary).to_owned();
        if line.contains("_set_header") || line.contains("_param") {
            let end = cx.sources.file(primary.file).text().get(primary.end as usize..).unwrap_or_default();
            let semicolon = u32::from(end.starts_with(';'));
            let span = crate::source::Span::new(primary.file, primary.start, primary.end + semicolon);
            found = found.fix(Applicability::Unsafe, "remove the line", vec![Edit { span, text: String::new() }]);
        }
        cx.report(found);
    }
}

fn is_dropped(outcome: &Outcome) -> bool {
    outcome.upstream.as_ref().is_some_and(|u| u.authorization.value.is(&HeaderFate::Dropped))
}

/// Whether the gate in front takes the header for itself: it was meant for this server, not for the application.
fn consumed_here(outcome: &Outcome) -> bool {
    outcome.gates.iter().any(|g| g.kind != GateKind::Address)
}
