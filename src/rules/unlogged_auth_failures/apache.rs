//! The same for Apache: logs that go to `/dev/null`, and `CustomLog … env=` that leaves the login out.

use super::Logs;
use crate::model::from::apache::Host;
use crate::model::{Site, Traits};
use crate::project::apache::Directive;
use crate::rules::Cx;
use crate::rules::apache_headers::uses;
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
    let mut lines: Vec<Directive> = all.iter().filter(|d| own(d)).copied().collect();
    if lines.is_empty() {
        lines = all;
    }
    let to_nowhere = |d: &Directive| d.arg(0) == "/dev/null";
    let access = lines.first().filter(|_| lines.iter().all(to_nowhere)).copied();
    let error = host.effective(0, Name::ErrorLog).filter(to_nowhere);
    if access.is_none() && error.is_none() {
        return;
    }
    let logs = Logs { access: access.map(|d| d.span()), error: error.map(|d| d.span()), server: "Apache" };
    let mut told: Vec<Span> = Vec::new();
    for (id, route) in (0..).zip(host.routes().iter().take(64)) {
        if !route.traits.has(Traits::GATE) && (!route.traits.has(Traits::UPSTREAM) || logs.access.is_none()) {
            continue;
        }
        logs.tell(host, id, route, &mut told, cx);
    }
}
