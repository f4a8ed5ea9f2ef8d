//! The same for Apache: sections with a password, and requests that must get through.

use super::super::Cx;
use super::super::apache_gate::{asks_nobody, is_asked, taken_to_be_there, uses};
use super::super::support::{finding, request_for};
use super::{Caught, is_public_name, is_style, is_style_folder, message_of};
use crate::finding::Confidence;
use crate::model::from::apache::{Guard, Host, Reach};
use crate::model::{Outcome, PathKind, PathSet, Request, Scheme, Site, WellKnown};
use crate::project::apache::Directive;
use crate::settings::Profile;
use crate::source::Span;
use crate::syntax::apache::Name;

/// Asks for what must stay open wherever a section asks for a password.
pub(in super::super) fn check(host: &Host, cx: &mut Cx) {
    if !uses(host, Name::AuthType) || !uses(host, Name::Require) {
        return;
    }
    let mut public = None;
    for guard in host.guards().iter().filter(|guard| guard.asks().is_some()) {
        let (Some(first), Some(place)) = (guard.first(), guard.last(Name::AuthType)) else { continue };
        let mut caught: Vec<Caught> = Vec::new();
        let mut ask = |request: Request, who| {
            if host.resolve(&request).always(|o| is_asked_by(o, place.span())) {
                caught.push(Caught { gate: first.span(), route: guard.route, request, who });
            }
        };
        let serves = host.routes_of(guard).into_iter().filter_map(|r| host.routes().get(r as usize));
        let serves = serves.fold(PathSet::default(), |all, route| all | *route.serves);
        if let Some(request) = acme(host, &serves, cx) {
            ask(request, "a certificate authority");
        }
        if let Some(request) = preflight(host, guard) {
            ask(request, "preflight of a cross-origin call");
        }
        if let Some(known) = visitors_call(guard, &serves, cx).filter(|_| is_public(host, &mut public)) {
            ask(request_for(host, known), "sent by visitors of the open pages");
        }
        if let Some(request) = asset(host, guard, &serves, cx) {
            if is_public(host, &mut public) {
                ask(request, "loaded by the open pages");
            } else if cx.settings.profile >= Profile::Strict {
                ask(request, "loaded by the pages");
            }
        }
        report(host, caught, cx);
    }
}

fn is_asked_by(outcome: &Outcome, auth_type: Span) -> bool {
    is_asked(outcome) && outcome.gates.iter().any(|g| g.span == auth_type)
}

/// Whether the pages of the site are open; worked out once, and only if it matters.
fn is_public(host: &Host, known: &mut Option<bool>) -> bool {
    *known.get_or_insert_with(|| {
        let outcome = host.resolve(&taken_to_be_there(host.request("/")));
        outcome.always(asks_nobody) && !outcome.always(|o| matches!(o.status.known(), Some(Some(400..=599))))
    })
}

/// The challenge of a certificate authority: always over plain HTTP, on port 80, at a public name.
fn acme(host: &Host, serves: &PathSet, cx: &Cx) -> Option<Request> {
    let known = cx.paths.first(&(*serves & cx.paths.of_any(&[PathKind::Acme])))?;
    let name = host.hosts().iter().find(|h| is_public_name(h))?;
    // mod_md answers it before anybody is asked.
    if uses(host, Name::MDomain) || !host.directive().is_none_or(|block| block.args().any(|a| takes_plain_http(&a))) {
        return None;
    }
    let request = Request { scheme: Scheme::Http, port: 80, ..Request::get(name.clone(), known.path.clone()) };
    Some(taken_to_be_there(request))
}

/// Whether an address of a `<VirtualHost>` takes port 80.
fn takes_plain_http(address: &str) -> bool {
    let port = address.rsplit_once(':').map(|(_, port)| port).filter(|_| !address.ends_with(']'));
    port.is_none_or(|port| port == "80" || port == "*")
}

/// `OPTIONS` where the configuration answers cross-origin calls itself.
fn preflight(host: &Host, guard: &Guard) -> Option<Request> {
    if !uses(host, Name::Header) {
        return None;
    }
    let answers = |d: &Directive| {
        let names = ["access-control-allow-headers", "access-control-allow-methods"];
        d.args().any(|a| names.iter().any(|n| a.eq_ignore_ascii_case(n))) && !d.args().any(|a| a.eq_ignore_ascii_case("unset"))
    };
    host.effective_all(guard.route, Name::Header).iter().find(|d| answers(d))?;
    let request = taken_to_be_there(host.landmark_of(guard)?.method("OPTIONS"));
    let request = request.header("Origin", "https://app.example.net").header("Access-Control-Request-Method", "GET");
    Some(request.header("Access-Control-Request-Headers", "authorization"))
}

/// The last part of what a section is for: of a folder or a URL.
fn last_part(guard: &Guard) -> Option<String> {
    let text = match (guard.htaccess, guard.block) {
        (Some(htaccess), _) => htaccess.folder.clone(),
        (None, Some(block)) => block.arg(block.arg_count().saturating_sub(1)).into_owned(),
        (None, None) => return None,
    };
    let last = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    Some(last.to_owned())
}

/// What the browser of every visitor of a WordPress site calls.
fn visitors_call<'p>(guard: &Guard, serves: &PathSet, cx: &'p Cx) -> Option<&'p WellKnown> {
    last_part(guard).filter(|part| part.contains("wp-"))?;
    let ajax = cx.paths.first(&(*serves & cx.paths.of_any(&[PathKind::PublicAjax])));
    let api = || cx.paths.ranked(&(*serves & cx.paths.of_any(&[PathKind::Api]))).into_iter().find(|k| k.path == "/wp-json/");
    ajax.or_else(api)
}

/// A style sheet or script of the open pages: a folder with a password of its own is closed on purpose, unless it is one that pages
/// load from.
fn asset(host: &Host, guard: &Guard, serves: &PathSet, cx: &Cx) -> Option<Request> {
    let part = last_part(guard)?;
    let landmark = host.landmark_of(guard)?;
    if guard.reach != Reach::Names && landmark.path != "/" {
        let name = || format!("{}/app.css", landmark.path.trim_end_matches('/'));
        return is_style_folder(&part, cx).then(|| taken_to_be_there(host.request(&name())));
    }
    if guard.reach == Reach::Names && !part.contains("css") {
        return None;
    }
    let styles = cx.paths.ranked(&(*serves & cx.paths.of_any(&[PathKind::Asset])));
    let known = styles.into_iter().find(|known| is_style(known))?;
    Some(request_for(host, known))
}

fn report(host: &Host, caught: Vec<Caught>, cx: &mut Cx) {
    let Some((message, only_certificates)) = message_of(&caught) else { return };
    let Some(first) = caught.into_iter().next() else { return };
    let help = "exempt these paths: <Files> or <Location> with Require all granted; preflights with <LimitExcept OPTIONS>";
    let mut found = finding(super::ID, host, first.route, first.gate, message, first.request).help(help);
    if only_certificates {
        // Certificates may come another way (DNS, a client that changes the configuration for the time being).
        found = found.confidence(Confidence::Medium);
    }
    cx.report(found);
}
