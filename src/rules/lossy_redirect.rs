//! `lossy-redirect`: a redirect on which a client loses its credentials or its body.

pub(super) mod apache;
pub(super) mod edge;

use std::borrow::Cow;

use super::Cx;
use super::support::{finding, is_for_programs, request_for};
use crate::finding::{Applicability, Edit};
use crate::model::from::nginx::Server;
use crate::model::{HandlerKind, Known, Outcome, PathKind, Request, Route, RouteId, Scheme, Site, Traits, Value};
use crate::project::nginx::Directive;
use crate::source::Span;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "lossy-redirect";

const KINDS: &[PathKind] = &[PathKind::Token, PathKind::Api];

/// Words of locations that hold pages about an API.
const PAGES: &[&str] =
    &["doc", "swagger", "redoc", "explorer", "console", "reference", "health", "status", "ui", "authorize", "callback", "login"];

/// Follows requests of programs where a server redirects.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let rewrites = server.routes().first().is_some_and(|r| r.traits.has(Traits::REWRITES));
    if rewrites && server.route_block(0).is_some_and(|b| b.children().any(|d| d.name() == Name::Return)) {
        // The whole site is somewhere else; nothing is asked here but by mistake.
        return;
    }
    let mut seen: Vec<Span> = Vec::new();
    for (index, route) in server.routes().iter().enumerate() {
        let id = index as RouteId;
        for request in requests(server, id, route, cx) {
            if let Some(redirect) = redirect(server, id, &request)
                && !seen.contains(&redirect.at)
            {
                seen.push(redirect.at);
                report(server, id, request, &redirect, cx);
            }
        }
    }
}

/// The requests worth following at a route.
fn requests(server: &Server, id: RouteId, route: &Route, cx: &Cx) -> Vec<Request> {
    let mut requests = Vec::new();
    if route.traits.has(Traits::REWRITES) {
        // What stands in the server itself is done to all requests.
        let paths = if id == 0 { cx.paths.everything } else { *route.serves };
        let mut known = cx.paths.ranked(&(paths & cx.paths.of_any(KINDS)));
        known.sort_by_key(|k| k.method != "POST");
        let (slash, plain): (Vec<_>, Vec<_>) = known.into_iter().partition(|k| k.path.ends_with('/'));
        requests.extend(slash.into_iter().take(2).chain(plain.into_iter().take(2)).map(|k| request_for(server, k)));
        let block = server.route_block(id).filter(|b| b.name() == Name::Location);
        let text = block.map(|b| b.text()).unwrap_or_default();
        let exact = block.is_some_and(|b| b.arg(0) == "=");
        if id != 0 && !exact && !is_for_programs(&text) {
            // A prefix like `/login` is one of pages, whatever else begins with it.
            return Vec::new();
        }
        if requests.is_empty() && is_for_programs(&text) && !PAGES.iter().any(|p| text.contains(p)) {
            requests.extend(server.landmark(id));
        }
    } else if route.traits.has(Traits::UPSTREAM)
        && let Some(prefix) = server.route_block(id).and_then(|b| prefix_of(&b))
        && let Some(path) = prefix.strip_suffix('/').filter(|path| !path.is_empty())
    {
        let set = cx.paths.exactly(path) & cx.paths.of_any(KINDS);
        requests.extend(cx.paths.entries(&set).filter(|k| k.method == "POST").map(|k| request_for(server, k)));
    }
    requests
}

fn prefix_of<'a>(block: &Directive<'a>) -> Option<Cow<'a, str>> {
    let index = match (block.name(), block.arg_count()) {
        (Name::Location, 1) => 0,
        (Name::Location, 2) if block.arg(0) == "^~" => 1,
        _ => return None,
    };
    Some(block.arg(index))
}

struct Redirect {
    at: Span,
    status: u16,
    /// The other host, where it is one.
    host: Option<String>,
    /// Whether the method changes to GET.
    loses_body: bool,
}

fn redirect(server: &Server, id: RouteId, request: &Request) -> Option<Redirect> {
    let outcome = server.resolve(&request.clone().header("Authorization", "Bearer token-of-the-client").past_gates());
    if !outcome.always(|o| o.handler.kind == HandlerKind::Redirect) {
        return None;
    }
    let Known::Is(Some(status)) = outcome.status else { return None };
    let written = outcome.handler.span;
    let at = written.or_else(|| server.route_block(id).map(|b| b.span()))?;
    let (host, scheme) = target(outcome.location.as_ref()?, request)?;
    let other = host != request.host;
    if !other && scheme != request.scheme || other && server.hosts().is_empty() {
        return None;
    }
    // A redirect of the home page as well is one of the whole site.
    let home = Request { path: "/".to_owned(), method: "GET".to_owned(), ..request.clone() };
    let is_everything = |o: &Outcome| o.handler.kind == HandlerKind::Redirect && o.handler.span == written;
    if written.is_some() && server.resolve(&home).possibly(is_everything) {
        return None;
    }
    let loses_body = request.method == "POST" && matches!(status, 301..=303);
    if id == 0 && !other && !leads_to_application(server, outcome.location.as_ref()?, request) {
        return None;
    }
    (other || loses_body).then_some(Redirect { at, status, host: other.then_some(host), loses_body })
}

/// Whether a redirect on the same host ends at an application.
fn leads_to_application(site: &dyn Site, location: &Value, request: &Request) -> bool {
    let Some(text) = location.known() else { return false };
    let path = text.split_once("://").map_or(Some(text), |(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    let Some(path) = path.and_then(|p| p.split('?').next()) else { return false };
    let next = Request { path: path.to_owned(), ..request.clone() };
    site.resolve(&next).possibly(|o| o.upstream.is_some())
}

/// Host and scheme of a `Location`; `None`: not known.
fn target(location: &Value, request: &Request) -> Option<(String, Scheme)> {
    let text = location.prefix();
    let (scheme, rest) = match text.split_once("://") {
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(("http", rest)) => (Scheme::Http, rest),
        None if text.starts_with('/') && !text.starts_with("//") => return Some((request.host.clone(), request.scheme)),
        _ => return None,
    };
    let whole = location.known().is_some();
    let end = rest.find(['/', '?']).or(whole.then_some(rest.len()))?;
    let host = rest.get(..end)?.split(':').next().unwrap_or_default();
    (!host.is_empty()).then(|| (host.to_ascii_lowercase(), scheme))
}

/// What happens to the request.
fn message(request: &Request, redirect: &Redirect) -> String {
    let status = redirect.status;
    match &redirect.host {
        Some(host) => {
            let request = request.clone().header("Authorization", "Bearer token-of-the-client");
            let body = if redirect.loses_body { ", and repeat the request as a GET without its body" } else { "" };
            format!("{} gets a {status} to {host}: clients do not send Authorization to another host{body}", request.describe())
        }
        None => format!("{} gets a {status}: clients repeat it as a GET without its body", request.describe()),
    }
}

fn report(server: &Server, id: RouteId, request: Request, redirect: &Redirect, cx: &mut Cx) {
    let help = match &redirect.host {
        Some(_) => "pass the request on with proxy_pass, or give programs the final address",
        None => "serve the request here, or answer 308, which keeps method and body",
    };
    let message = message(&request, redirect);
    let mut found = finding(ID, server, id, redirect.at, message, request).help(help);
    let text = cx.sources.text(redirect.at);
    if redirect.host.is_none()
        && let Some(rest) = text.strip_prefix("return ")
        && let Some((from, to)) = [("301", "308"), ("302", "307")].iter().find(|(from, _)| rest.starts_with(from))
    {
        let start = redirect.at.start + (text.len() - rest.len()) as u32;
        let span = Span::new(redirect.at.file, start, start + from.len() as u32);
        found = found.fix(Applicability::Unsafe, format!("answer {to}"), vec![Edit { span, text: (*to).to_owned() }]);
    }
    cx.report(found);
}
