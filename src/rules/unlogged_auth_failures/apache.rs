//! The same for Apache: logs that go to `/dev/null`, and `CustomLog … env=` that leaves the login out.

use super::ID;
use crate::model::from::apache::Host;
use crate::model::{GateKind, PathKind, Site, Traits};
use crate::project::apache::Directive;
use crate::rules::Cx;
use crate::rules::apache_headers::uses;
use crate::rules::support::{finding, known_paths, request_for};
use crate::source::Span;
use crate::syntax::apache::Name;

const LOGS: [Name; 2] = [Name::CustomLog, Name::TransferLog];

/// Looks at the logs of a host that serves a login or checks a password.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    if !LOGS.iter().chain(&[Name::ErrorLog]).any(|name| uses(host, *name)) {
        return;
    }
    // The logs of a virtual host take the place of those outside.
    let own = |d: &Directive| d.parent().map(|p| p.id) == host.directive().map(|v| v.id);
    let all: Vec<Directive> = LOGS.iter().flat_map(|name| host.effective_all(0, *name)).collect();
    let mut logs: Vec<Directive> = all.iter().filter(|d| own(d)).copied().collect();
    if logs.is_empty() {
        logs = all;
    }
    let to_nowhere = |d: &Directive| d.arg(0) == "/dev/null";
    let access = logs.first().filter(|_| logs.iter().all(to_nowhere)).copied();
    let error = host.effective(0, Name::ErrorLog).filter(to_nowhere);
    if access.is_none() && error.is_none() {
        return;
    }
    let mut told: Vec<Span> = Vec::new();
    for (id, route) in (0..).zip(host.routes().iter().take(64)) {
        let gate = route.traits.has(Traits::GATE);
        if !gate && (!route.traits.has(Traits::UPSTREAM) || access.is_none()) {
            continue;
        }
        let known = known_paths(route, cx.paths, &[PathKind::Login, PathKind::Token]);
        let request = known.first().map(|k| request_for(host, k)).or_else(|| host.landmark(id).filter(|_| gate));
        let Some(request) = request else { continue };
        let outcome = host.resolve(&request);
        let checked = outcome.always(|o| o.gates.iter().any(|g| g.kind == GateKind::Basic));
        let signs_in = !known.is_empty() && outcome.always(|o| o.handler.kind.is_upstream());
        let what = request.describe();
        if let Some(access) = access.filter(|d| (checked || signs_in) && !told.contains(&d.span())) {
            told.push(access.span());
            let message = format!("{what} leaves no line in the access log, nor does a refused password");
            let found = finding(ID, host, id, access.span(), message, request.clone());
            cx.report(found.help("log these requests: tools that ban attackers read the access log"));
        }
        if let Some(error) = error.filter(|d| checked && !told.contains(&d.span())) {
            told.push(error.span());
            let message = format!("{what} with a wrong password leaves no line in the error log");
            let found = finding(ID, host, id, error.span(), message, request);
            cx.report(found.help("Apache writes the name and the reason of a refused password to the error log only"));
        }
    }
}
