//! Challenges that Apache takes away, and error documents that do not do what they are for.

use super::{ID, is_challenge};
use crate::finding::{Confidence, Finding};
use crate::model::from::apache::Host;
use crate::model::{GateKind, HandlerKind, Known, Outcome, PathKind, Request, RouteId, Site, Traits, Verdict};
use crate::project::apache::{Config, Directive};
use crate::rules::Cx;
use crate::rules::apache_settings::request_at;
use crate::rules::support::{finding, routes_with, typical_request};
use crate::source::Span;
use crate::syntax::apache::Name;
use crate::syntax::apache::expr::Context;
use crate::syntax::apache::header::{Action, HeaderEdit, Table, When};

/// `ErrorDocument 401` with a URL: httpd says so in its log and takes no notice.
pub(in crate::rules) fn ignored(config: &Config, cx: &mut Cx) {
    for page in config.all(cx.sources, Name::ErrorDocument).filter(|d| d.arg(0) == "401" && !d.is_unknown()) {
        let target = page.arg(1).to_ascii_lowercase();
        if !target.starts_with("http://") && !target.starts_with("https://") {
            continue;
        }
        let message = "httpd takes no notice of this line: who is refused with 401 gets the plain 401, not the page elsewhere";
        let found = Finding::new(ID, page.span(), message)
            .witness(request_at(&page))
            .help("name a page of this server: `ErrorDocument 401 /401.html`; a redirect in the place of a 401 would keep browsers from asking");
        cx.report(found);
    }
}

/// Looks at challenges that `Header` takes away, and at applications that answer for a 401.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let mut told: Vec<Span> = Vec::new();
    for (id, _) in routes_with(host, Traits::EDITS_RESPONSE) {
        let Some((by, table)) = taken_away(host, id).filter(|(by, _)| !told.contains(&by.span())) else { continue };
        let found = own_gate(host, id, &by, table).or_else(|| of_application(host, id, &by, table, cx));
        if let Some(found) = found {
            told.push(found.primary);
            cx.report(found);
        }
    }
    let mut gated = Traits::ERROR_PAGES;
    gated.add(Traits::GATE);
    for (id, _) in routes_with(host, gated) {
        if let Some(found) = answered(host, id).filter(|found| !told.contains(&found.primary)) {
            told.push(found.primary);
            cx.report(found);
        }
    }
}

/// The `Header … unset WWW-Authenticate` in force in a route, if the challenge is not set again.
fn taken_away<'a>(host: &Host<'a>, id: RouteId) -> Option<(Directive<'a>, Table)> {
    let mut found = None;
    for directive in host.effective_all(id, Name::Header) {
        if directive.is_unknown() || !directive.args().any(|a| is_challenge(a.trim_end_matches(':'))) {
            continue;
        }
        let context = if directive.htaccess().is_some() { Context::Htaccess } else { Context::Server };
        let args: Vec<_> = directive.args().collect();
        let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
        let Ok(edit) = HeaderEdit::parse(false, &args, context) else { continue };
        if !is_challenge(&edit.name) {
            continue;
        }
        match (edit.action, edit.when) {
            (Action::Unset, When::Always) => found = Some((directive, edit.table)),
            (Action::Unset | Action::Echo(_) | Action::Note(_), _) => {}
            // With another challenge in its place, clients know what to do.
            _ => return None,
        }
    }
    found
}

/// The challenge of the server's own 401: no `Header` is for it, unless a page of the server is sent for it.
fn own_gate(host: &Host, id: RouteId, by: &Directive, table: Table) -> Option<Finding> {
    let gated = host.routes().get(id as usize).is_some_and(|r| r.traits.has(Traits::GATE));
    let page = host.effective_all(id, Name::ErrorDocument).into_iter().rfind(|d| d.arg(0) == "401")?;
    if !gated || table != Table::Always || !page.arg(1).starts_with('/') || page.is_unknown() {
        return None;
    }
    let mut request = host.landmark(id)?;
    request.assume.file_exists = Some(true);
    let outcome = host.resolve(&request);
    let sends_page = |o: &Outcome| {
        let asks = o.gates.iter().any(|g| g.kind == GateKind::Basic && g.verdict == Verdict::Refuses(401));
        asks && o.status == Known::Is(Some(401)) && o.steps.iter().any(|s| s.span == page.span())
    };
    if !outcome.always(sends_page) {
        return None;
    }
    let message = format!("{} gets a 401 without WWW-Authenticate: a browser does not ask for the password", request.describe());
    let mut found = finding(ID, host, id, by.span(), message, request).help("leave the challenge: without it nobody is asked to sign in");
    if let Some(gate) = outcome.gates.first() {
        found = found.related(gate.span, "the password is asked for here");
    }
    Some(found.related(page.span(), "this page is sent, with the fields that `Header always` leaves"))
}

/// The application's challenge: that of a proxied server is among the plain fields, that of a script among those of `Header always`.
fn of_application(host: &Host, id: RouteId, by: &Directive, table: Table, cx: &Cx) -> Option<Finding> {
    let route = host.routes().get(id as usize)?;
    if route.traits.has(Traits::GATE) {
        return None;
    }
    let request = typical_request(host, id, route, cx.paths, &[PathKind::Api, PathKind::Login])?.past_gates();
    let outcome = host.resolve(&request);
    let loses = |o: &Outcome| {
        let sees = match o.handler.kind {
            HandlerKind::Proxy | HandlerKind::Module => table == Table::Success,
            HandlerKind::Fastcgi | HandlerKind::Cgi | HandlerKind::Scgi => table == Table::Always,
            _ => false,
        };
        // Who sends credentials of its own hides the challenge of the application with reason.
        let sends = o.upstream.as_ref().is_some_and(|u| u.sent.iter().any(|s| s.name.eq_ignore_ascii_case("authorization")));
        sees && !sends && !o.gates.iter().any(|g| g.kind == GateKind::Basic)
    };
    if !outcome.always(loses) {
        return None;
    }
    let message =
        format!("when the application answers {} with 401, the client gets the 401 without WWW-Authenticate", request.describe());
    let mut found = finding(ID, host, id, by.span(), message, request)
        .confidence(Confidence::Medium)
        .help("let the challenge through: browsers and programs take from it which credentials to send");
    if let Some(handler) = outcome.handler.span {
        found = found.related(handler, "the application is here");
    }
    Some(found)
}

/// An application that answers for a 401 of this server: what it says is the status, 200 if it says nothing.
fn answered(host: &Host, id: RouteId) -> Option<Finding> {
    let page = host.effective_all(id, Name::ErrorDocument).into_iter().rfind(|d| d.arg(0) == "401")?;
    if !page.arg(1).starts_with('/') || page.is_unknown() {
        return None;
    }
    let mut request: Request = host.landmark(id)?;
    request.assume.file_exists = Some(true);
    let outcome = host.resolve(&request);
    let replaced = |o: &Outcome| {
        let answers = matches!(o.handler.kind, HandlerKind::Proxy | HandlerKind::Cgi | HandlerKind::Fastcgi) && o.handler.span.is_some();
        answers && o.status == Known::Is(None) && o.steps.iter().any(|s| s.span == page.span())
    };
    if !outcome.always(replaced) {
        return None;
    }
    let message = format!(
        "{} without credentials gets the status of the application at {} instead of the 401: 200 unless it says otherwise",
        request.describe(),
        page.arg(1)
    );
    let mut found = finding(ID, host, id, page.span(), message, request)
        .confidence(Confidence::Medium)
        .help("name a page that is a file, whose 401 stays, or make the application answer 401");
    if let Some(gate) = outcome.gates.first() {
        found = found.related(gate.span, "the password is asked for here");
    }
    if let Some(handler) = outcome.handler.span {
        found = found.related(handler, "the application is here");
    }
    Some(found)
}
