//! Redirects of Apache: `Redirect`, `RedirectMatch` and rules with `R`.

use super::{ID, KINDS, PAGES, Redirect, leads_to_application, message, target};
use crate::finding::{Applicability, Edit};
use crate::model::from::apache::Host;
use crate::model::{HandlerKind, Known, Outcome, Request, Route, RouteId, Site, Traits};
use crate::project::apache::Directive;
use crate::rules::Cx;
use crate::rules::support::{finding, is_for_programs, known_paths, request_for, routes_with};
use crate::source::Span;
use crate::syntax::apache::Name;

/// How many redirects of one route are looked at by their own prefixes.
const MAX_PREFIXES: usize = 8;

const REDIRECTS: [Name; 3] = [Name::Redirect, Name::RedirectPermanent, Name::RedirectTemp];

/// Follows requests of programs where a host redirects.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let mut seen: Vec<Span> = Vec::new();
    for (id, route) in routes_with(host, Traits::REWRITES) {
        for request in requests(host, id, route, cx) {
            if let Some(redirect) = redirect(host, &request)
                && !seen.contains(&redirect.at)
            {
                seen.push(redirect.at);
                report(host, id, request, &redirect, cx);
            }
        }
    }
}

/// The requests worth following at a route.
fn requests(host: &Host, id: RouteId, route: &Route, cx: &Cx) -> Vec<Request> {
    let mut known = known_paths(route, cx.paths, KINDS);
    known.sort_by_key(|k| k.method != "POST");
    let (slash, plain): (Vec<_>, Vec<_>) = known.into_iter().partition(|k| k.path.ends_with('/'));
    let mut requests: Vec<Request> =
        slash.into_iter().take(2).chain(plain.into_iter().take(2)).map(|k| request_for(host, k)).collect();
    let prefixes = REDIRECTS.into_iter().flat_map(|name| host.effective_all(id, name)).filter_map(|d| prefix_of(&d));
    for prefix in prefixes.filter(|p| is_for_programs(p) && !PAGES.iter().any(|page| p.contains(page))).take(MAX_PREFIXES) {
        let set = cx.paths.with_prefix(&prefix) & cx.paths.of_any(KINDS);
        match cx.paths.first(&set) {
            Some(known) => requests.push(request_for(host, known)),
            None => requests.push(missing(host.request(&prefix))),
        }
    }
    requests
}

fn missing(mut request: Request) -> Request {
    request.assume.file_exists = Some(false);
    request
}

/// The path from which a `Redirect` leads away.
fn prefix_of(directive: &Directive) -> Option<String> {
    let path = directive.args().find(|arg| arg.starts_with('/'))?;
    (!directive.is_unknown()).then(|| path.into_owned())
}

fn redirect(host: &Host, request: &Request) -> Option<Redirect> {
    let outcome = host.resolve(&request.clone().header("Authorization", "Bearer token-of-the-client").past_gates());
    if !outcome.always(|o| o.handler.kind == HandlerKind::Redirect) {
        return None;
    }
    let Known::Is(Some(status)) = outcome.status else { return None };
    let at = outcome.handler.span?;
    let location = outcome.location.as_ref()?;
    let (name, scheme) = target(location, request)?;
    let other = name != request.host;
    if !other && scheme != request.scheme || other && host.hosts().is_empty() {
        return None;
    }
    // A redirect of the home page as well is one of the whole site.
    let home = Request { path: "/".to_owned(), method: "GET".to_owned(), ..request.clone() };
    let is_everything = |o: &Outcome| o.handler.kind == HandlerKind::Redirect && o.handler.span == Some(at);
    if host.resolve(&home).possibly(is_everything) {
        return None;
    }
    let loses_body = request.method == "POST" && matches!(status, 301..=303);
    // The slash that front controllers take away is one that the programs of their product do not send.
    let bare = location.known().map(|text| text.split('?').next().unwrap_or_default());
    let tidies = bare.is_some_and(|text| request.path.strip_suffix('/').is_some_and(|path| text.ends_with(path)));
    if !other && (tidies || !leads_to_application(host, location, request)) {
        return None;
    }
    (other || loses_body).then_some(Redirect { at, status, host: other.then_some(name), loses_body })
}

fn report(host: &Host, id: RouteId, request: Request, redirect: &Redirect, cx: &mut Cx) {
    let help = match &redirect.host {
        Some(_) => "pass the request on with ProxyPass, or give programs the final address",
        None => "serve the request here, or answer 308, which keeps method and body",
    };
    let text = message(&request, redirect);
    let mut found = finding(ID, host, id, redirect.at, text, request).help(help);
    if redirect.host.is_none()
        && let Some((title, edit)) = repair(redirect.at, cx)
    {
        found = found.fix(Applicability::Unsafe, title, vec![edit]);
    }
    cx.report(found);
}

/// The status that keeps method and body, in the place of the one that does not.
fn repair(at: Span, cx: &Cx) -> Option<(String, Edit)> {
    const STATUSES: [(&str, &str, &str); 6] = [
        ("Redirect ", "301", "308"),
        ("Redirect ", "302", "307"),
        ("Redirect ", "permanent", "308"),
        ("Redirect ", "temp", "307"),
        ("RewriteRule ", "R=301", "R=308"),
        ("RewriteRule ", "R=302", "R=307"),
    ];
    let text = cx.sources.text(at);
    let (start, from, to) = STATUSES.iter().find_map(|(name, from, to)| {
        let rest = text.strip_prefix(name)?;
        let inside = if name.starts_with("Redirect") { rest.starts_with(from).then_some(0) } else { rest.rfind(from) };
        inside.map(|at| (name.len() + at, *from, *to))
    })?;
    let start = at.start + start as u32;
    let span = Span::new(at.file, start, start + from.len() as u32);
    Some((format!("answer {}", to.trim_start_matches("R=")), Edit { span, text: to.to_owned() }))
}
