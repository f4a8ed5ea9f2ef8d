//! The same for Apache: `Header` that sets or edits cookies, and the cookie of `mod_session`.

use super::{Attributes, ID, REFUSED, literal};
use crate::finding::{self, Applicability, Confidence};
use crate::model::from::apache::Host;
use crate::model::{HandlerKind, PathKind, Request, RouteId, Site, Traits};
use crate::rules::Cx;
use crate::rules::apache_headers::{Edit, edits, text, uses};
use crate::rules::caches::scripts;
use crate::rules::support::{finding, typical_request};
use crate::source::Span;
use crate::syntax::apache::Name;
use crate::syntax::apache::header::{Action, Table};

const KINDS: &[PathKind] = &[PathKind::Login, PathKind::Account, PathKind::Admin];

const ADD: &str = "add Secure to the cookie";
const BOTH: &str = "write the line twice, with and without `always`";

/// How many routes of one host are looked at.
const MAX_ROUTES: usize = 64;

/// Looks at the directives that set or rewrite cookies, in force in each route.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let mut seen: Vec<Span> = Vec::new();
    let session = uses(host, Name::SessionCookieName);
    if !session && !host.routes().iter().any(|r| r.traits.has(Traits::COOKIES)) {
        return;
    }
    for (id, route) in (0..).zip(host.routes().iter().take(MAX_ROUTES)) {
        if session {
            own_session(host, id, &mut seen, cx);
        }
        if !route.traits.has(Traits::COOKIES) || !route.traits.has(Traits::EDITS_RESPONSE) {
            continue;
        }
        let edits: Vec<Edit> = edits(host, id, Name::Header).into_iter().filter(|e| e.is_of("set-cookie")).collect();
        for edit in &edits {
            let by = edit.directive.span();
            if seen.contains(&by) {
                continue;
            }
            let Some(Fault { message, confidence, help, request }) = fault(host, id, edit, &edits, cx) else { continue };
            seen.push(by);
            let witness = request.or_else(|| host.landmark(id)).unwrap_or_else(|| host.request("/"));
            let mut found = finding(ID, host, id, by, message, witness).help(help).confidence(confidence);
            let mended = if help == BOTH { edit.for_both_tables(cx.sources) } else { edit.with_value_end("; Secure") };
            if let Some(mended) = mended {
                found = found.fix(Applicability::Unsafe, if help == BOTH { BOTH } else { "add Secure" }, vec![mended]);
            }
            cx.report(found);
        }
    }
}

/// What is wrong with an edit.
struct Fault {
    message: String,
    confidence: Confidence,
    help: &'static str,
    /// The request that shows it, if not any will do.
    request: Option<Request>,
}

fn fault(host: &Host, id: RouteId, edit: &Edit, all: &[Edit], cx: &Cx) -> Option<Fault> {
    if let Action::Edit { replacement, .. } = &edit.edit.action {
        let replacement = text(replacement)?;
        let (_, attributes) = replacement.split_once(';')?;
        let attributes = Attributes::of(attributes)?;
        let secured = |e: &Edit| e.directive.raw_args().to_ascii_lowercase().contains("secure");
        if attributes.same_site_none && !attributes.secure && !all.iter().any(secured) {
            return Some(Fault { message: REFUSED.to_owned(), confidence: Confidence::Medium, help: ADD, request: None });
        }
        let elsewhere = all.iter().any(|e| e.edit.table != edit.edit.table && secured(e));
        return (attributes.secure && !elsewhere).then(|| wrong_table(host, id, edit, cx)).flatten();
    }
    let (message, confidence) = literal(&edit.value()?, host.is_tls())?;
    Some(Fault { message, confidence, help: ADD, request: None })
}

/// An edit that gives Secure to fields that the answer of the application is not among: scripts' own stand among those of
/// `Header always`, those of a proxied server among the others.
fn wrong_table(host: &Host, id: RouteId, edit: &Edit, cx: &Cx) -> Option<Fault> {
    let route = host.routes().get(id as usize)?;
    let typical = typical_request(host, id, route, cx.paths, KINDS).map(Request::past_gates);
    let requests = scripts(host, (id, route), cx.paths, KINDS).map(|c| c.request).chain(typical);
    let misses = |kind: HandlerKind| match kind {
        HandlerKind::Cgi | HandlerKind::Fastcgi => edit.edit.table == Table::Success,
        HandlerKind::Proxy => edit.edit.table == Table::Always,
        _ => false,
    };
    let request = requests.map(|r| (host.resolve(&r), r)).find(|(outcome, _)| outcome.always(|o| o.handler.kind.is_upstream()));
    let (outcome, request) = request.filter(|(outcome, _)| outcome.always(|o| misses(o.handler.kind)))?;
    let which = if outcome.handler.kind == HandlerKind::Proxy { "`Header always` leaves" } else { "`Header` without `always` leaves" };
    let message = format!("{which} the cookies of the application as they are: the answer to {} gets no Secure here", request.describe());
    Some(Fault { message, confidence: Confidence::Medium, help: BOTH, request: Some(request) })
}

/// The cookie of `mod_session` on a host with TLS.
fn own_session(host: &Host, id: RouteId, seen: &mut Vec<Span>, cx: &mut Cx) {
    let on = |name| host.effective(id, name).is_some_and(|d| d.arg(0).eq_ignore_ascii_case("on"));
    let Some(cookie) = host.effective(id, Name::SessionCookieName).filter(|d| host.is_tls() && !d.is_unknown()) else { return };
    let args = cookie.raw_args();
    // Without attributes of its own it gets `HttpOnly;Secure;Version=1` (`DEFAULT_ATTRS` of `ap_cookie_write`).
    let Some((_, attributes)) = args.split_once([' ', '\t']) else { return };
    let secure = attributes.split([';', ',']).any(|attribute| attribute.trim().eq_ignore_ascii_case("secure"));
    if seen.contains(&cookie.span()) || !on(Name::Session) || secure {
        return;
    }
    seen.push(cookie.span());
    let witness = host.landmark(id).unwrap_or_else(|| host.request("/"));
    let message = format!("the browser also sends the session cookie {} over plain HTTP: it is set without Secure", cookie.arg(0));
    let end = if attributes.trim_end().ends_with(';') { "Secure" } else { ";Secure" };
    let edit = finding::Edit::insert(cookie.span().file, cookie.span().end, end);
    let found = finding(ID, host, id, cookie.span(), message, witness)
        .help("add Secure: SessionCookieName NAME path=/;HttpOnly;Secure")
        .fix(Applicability::Unsafe, "add Secure", vec![edit]);
    cx.report(found);
}
