//! The same for Apache: `RequestHeader unset Cookie` and `Header unset Set-Cookie`, where they do what they say.

use std::borrow::Cow;

use super::{FILE_HOSTS, ID, KINDS, is_own};
use crate::finding::Confidence;
use crate::model::from::apache::Host;
use crate::model::{HandlerKind, Outcome, RouteId, Site, Traits};
use crate::rules::Cx;
use crate::rules::apache_headers::{Edit, edits, is_open};
use crate::rules::caches::scripts;
use crate::rules::support::{finding, is_asset, typical_request};
use crate::source::Span;
use crate::syntax::apache::Name;
use crate::syntax::apache::header::{Action, Table};

/// How many routes of one host are looked at.
const MAX_ROUTES: usize = 64;

/// Follows a login request where cookies are touched.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let file_host = |name: &Cow<str>| {
        let label = name.split('.').next().map(|l| l.trim_end_matches(char::is_numeric));
        FILE_HOSTS.iter().any(|f| label == Some(*f))
    };
    if !host.routes().iter().any(|r| r.traits.has(Traits::COOKIES)) || host.hosts().iter().any(file_host) {
        return;
    }
    let mut seen: Vec<Span> = Vec::new();
    for (id, route) in (0..).zip(host.routes().iter().take(MAX_ROUTES)) {
        let touches = route.traits.has(Traits::COOKIES) && route.traits.has(Traits::UPSTREAM);
        if !touches || (*route.serves & cx.paths.of_any(KINDS)).is_empty() {
            continue;
        }
        let lines = lines(host, id);
        if lines.iter().all(|(edit, ..)| seen.contains(&edit.directive.span())) {
            continue;
        }
        let typical = typical_request(host, id, route, cx.paths, KINDS).filter(|r| !is_asset(&r.path));
        let scripts = scripts(host, (id, route), cx.paths, KINDS).map(|c| c.request);
        let signed_in = typical.into_iter().chain(scripts).map(|r| r.header("Cookie", "session=of-the-visitor").past_gates());
        let reached = signed_in.map(|request| (host.resolve(&request), request)).find(|(outcome, _)| outcome.always(is_own));
        let Some((outcome, request)) = reached else { continue };
        let plain = format!("{} {}", request.method, request.target());
        for (edit, to_application) in lines {
            let by = edit.directive.span();
            if seen.contains(&by) || !to_application && !outcome.always(|o| holds(&edit, o)) {
                continue;
            }
            seen.push(by);
            let (message, help) = if to_application {
                (
                    format!("{plain} reaches the application without its Cookie header: this line drops it"),
                    "remove the line: Apache passes Cookie on by itself",
                )
            } else {
                (
                    format!("the answer to {plain} loses the application's Set-Cookie: no session begins here"),
                    "take Set-Cookie away only where no one signs in",
                )
            };
            let everywhere = edit.directive.parent().is_none_or(|p| p.name() == Name::VirtualHost);
            let found = finding(ID, host, id, by, message, request.clone())
                .help(help)
                .related(outcome.served_by.span, "the request is served here")
                .confidence(if everywhere { Confidence::Medium } else { Confidence::High });
            cx.report(found);
        }
    }
}

/// The lines of a route that certainly take cookies away; whether those of the request.
fn lines<'a>(host: &Host<'a>, id: RouteId) -> Vec<(Edit<'a>, bool)> {
    let unset = |edit: &Edit, name: &str| {
        edit.is_of(name) && edit.edit.action == Action::Unset && edit.is_certain() && !is_open(host, &edit.directive)
    };
    let cookie = edits(host, id, Name::RequestHeader).into_iter().filter(|e| unset(e, "cookie")).map(|e| (e, true));
    let set_cookie = edits(host, id, Name::Header).into_iter().filter(|e| unset(e, "set-cookie")).map(|e| (e, false));
    cookie.chain(set_cookie).collect()
}

/// Whether the line is about the fields of such an answer: scripts' own are among those of `Header always`.
fn holds(edit: &Edit, outcome: &Outcome) -> bool {
    match outcome.handler.kind {
        HandlerKind::Proxy | HandlerKind::Module => edit.edit.table == Table::Success,
        HandlerKind::Cgi | HandlerKind::Fastcgi => edit.edit.table == Table::Always,
        _ => false,
    }
}
