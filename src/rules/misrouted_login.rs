//! `misrouted-login`: a request for an existing administration or API reaches another script, or loses its query.

pub(super) mod apache;

use super::Cx;
use super::support::{finding, first_known, known_paths, names_login, request_for, runs_wordpress};
use crate::finding::{Confidence, Finding};
use crate::model::from::nginx::Server;
use crate::model::{HandlerKind, Outcome, PathKind, Request, Route, RouteId, Site, Traits};
use crate::project::nginx::Directive;
use crate::source::Span;
use crate::syntax::nginx::Name;

/// The id.
const ID: &str = "misrouted-login";

/// What an identity provider sends back.
const QUERY: &str = "code=abc&state=xyz";

/// Looks at what `try_files`, `rewrite` and `proxy_pass` make of a request.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let mut told: Vec<Span> = Vec::new();
    for (id, route) in (0..).zip(server.routes()) {
        if route.traits.has(Traits::INTERNAL) {
            continue;
        }
        let fallback = server.effective(id, Name::TryFiles);
        let mut tell = |found: Option<Finding>, cx: &mut Cx| {
            if let Some(found) = found.filter(|found| !told.contains(&found.primary)) {
                told.push(found.primary);
                cx.report(found);
            }
        };
        if let Some(fallback) = &fallback {
            tell(lost_query(server, id, route, fallback, cx), cx);
        }
        if rewrites(server, route) {
            tell(query_cut_off(server, id, route, cx), cx);
        }
        tell(lost_proxied_query(server, id, route, cx), cx);
        if fallback.is_some() || rewrites(server, route) {
            tell(wrong_script(server, id, route, cx), cx);
        }
    }
}

/// `try_files … /index.php`: the script gets an empty query.
fn lost_query(server: &Server, id: RouteId, route: &Route, fallback: &Directive, cx: &Cx) -> Option<Finding> {
    let last = fallback.arg(fallback.arg_count().saturating_sub(1));
    let joint = if last.contains('?') { '&' } else { '?' };
    let found = without_query(server, id, route, &last, fallback.span(), cx)?;
    Some(found.help(format!("hand the query over: `{last}{joint}$args`")))
}

/// `rewrite … /index.php?q=$1?`: the question mark at the end cuts the query of the request off.
fn query_cut_off(server: &Server, id: RouteId, route: &Route, cx: &Cx) -> Option<Finding> {
    let block = server.route_block(id)?;
    let of_block = |d: &Directive| d.ancestors().find(|a| a.name() != Name::If).is_some_and(|a| a.id == block.id);
    let cuts = |d: &Directive| d.arg(1).ends_with('?') && !matches!(d.arg(2).as_ref(), "redirect" | "permanent");
    let rewrite = server.inside(Name::Rewrite).find(|d| cuts(d) && of_block(d))?;
    let found = without_query(server, id, route, &rewrite.arg(1), rewrite.span(), cx)?;
    Some(found.help("leave the question mark at the end of the new address out: nginx adds the query then"))
}

/// A request of which a front controller does not get the query, because of what `by` makes of it.
fn without_query(server: &Server, id: RouteId, route: &Route, target: &str, by: Span, cx: &Cx) -> Option<Finding> {
    let script = target.split('?').next().unwrap_or_default();
    if !script.starts_with('/') || !script.ends_with("/index.php") {
        return None;
    }
    let kinds = [PathKind::Callback, PathKind::Login, PathKind::Api];
    let known = kinds.iter().find_map(|kind| known_paths(route, cx.paths, &[*kind]).into_iter().find(|k| !k.file))?;
    let mut request = request_for(server, known).past_gates();
    request.query = Some(QUERY.to_owned());
    let empty = |o: &Outcome| {
        let query = o.upstream.as_ref().and_then(|u| u.sent.iter().rev().find(|s| s.name == "QUERY_STRING"));
        query.is_some_and(|q| q.value.known().is_some_and(|q| !q.contains("code=abc")))
    };
    let runs = server.resolve(&request);
    if !runs.possibly(empty) || runs.possibly(|o| o.upstream.is_some() && !empty(o)) {
        return None;
    }
    let message = format!("{} reaches {script} without its query string", request.describe());
    Some(finding(ID, server, id, by, message, request).confidence(Confidence::Medium))
}

/// `proxy_pass http://app/$1`: with a variable in it nothing is added, not even the query.
fn lost_proxied_query(server: &Server, id: RouteId, route: &Route, cx: &Cx) -> Option<Finding> {
    if !route.traits.has(Traits::UPSTREAM) {
        return None;
    }
    let pass = server.effective(id, Name::ProxyPass)?;
    if !pass.arg_words().first().is_some_and(|word| word.dollar()) {
        return None;
    }
    let target = pass.arg(0);
    if !target.contains('$') {
        return None;
    }
    let after_scheme = target.split_once("://").map_or(target.as_ref(), |(_, rest)| rest);
    // `proxy_pass $address/…`: the variable is scheme and address.
    let after_scheme = if target.starts_with('$') { after_scheme.trim_start_matches('$') } else { after_scheme };
    let path = after_scheme.find(['/', '$']).and_then(|at| after_scheme.get(at..))?;
    // A variable that is the whole address is followed by the URI of the request.
    let captured = ["$1", "$2", "$3", "$uri", "${1}", "${uri}"].iter().any(|v| path.contains(v));
    let kept = |name: &str| matches!(name, "args" | "query_string" | "request_uri" | "is_args") || name.starts_with("arg_");
    if !captured || path.contains('?') || server.depends_on(&target, &kept) {
        return None;
    }
    let block = server.route_block(id).filter(|b| b.name() == Name::Location)?;
    let pattern = block.text();
    if !(names_login(&pattern) || pattern.contains("api") || pattern.contains("callback") || pattern.contains("graphql")) {
        return None;
    }
    let kinds = [PathKind::Callback, PathKind::Api, PathKind::Login, PathKind::Token];
    let mut request = match kinds.iter().find_map(|kind| first_known(route, cx.paths, &[*kind])) {
        Some(known) => request_for(server, known),
        None => server.landmark(id)?,
    };
    request.query = Some(QUERY.to_owned());
    let request = request.past_gates();
    if !server.resolve(&request).always(|o| o.handler.span == Some(pass.span())) {
        return None;
    }
    let message = format!("{} reaches the application without its query string", request.describe());
    let help = "with a variable in its path `proxy_pass` sends exactly what is written: add `$is_args$args`";
    Some(finding(ID, server, id, pass.span(), message, request).help(help))
}

/// A script or folder that is there, and is not asked for: `try_files $uri /index.php` knows no folders, a bare `rewrite` nothing.
fn wrong_script(server: &Server, id: RouteId, route: &Route, cx: &Cx) -> Option<Finding> {
    let kinds = [PathKind::Admin, PathKind::Login, PathKind::PublicAjax];
    if !runs_wordpress(server) {
        return None;
    }
    let known = known_paths(route, cx.paths, &kinds).into_iter().filter(|k| k.product == "wordpress");
    // One script stands for all; the folder is another matter.
    let (scripts, folders): (Vec<_>, Vec<_>) = known.partition(|k| k.file);
    let folder = folders.into_iter().find(|k| k.path == "/wp-admin/");
    let requests = scripts.into_iter().take(1).map(|known| request_for(server, known));
    let folder = folder.map(|known| {
        let mut request = server.request(&known.path);
        request.assume.file_exists = Some(true);
        request
    });
    requests.chain(folder).find_map(|request| run_by_front_page(server, id, request.past_gates(), cx))
}

fn run_by_front_page(server: &Server, id: RouteId, request: Request, cx: &Cx) -> Option<Finding> {
    let outcome = server.resolve(&request);
    let script = |o: &Outcome| {
        let sent = o.upstream.as_ref()?.sent.iter().rev().find(|s| s.name == "SCRIPT_NAME")?;
        sent.value.known().map(str::to_owned)
    };
    let front = |o: &Outcome| o.handler.kind == HandlerKind::Fastcgi && script(o).is_some_and(|s| s == "/index.php");
    if !outcome.always(front) {
        return None;
    }
    let steps = outcome.runs.first().unwrap_or(&outcome).steps.iter();
    let decides = |span: &Span| ["rewrite", "try_files"].iter().any(|d| cx.sources.text(*span).starts_with(d));
    let primary = steps.map(|s| s.span).find(decides)?;
    let message = format!("{} is run by /index.php, although WordPress has a script of its own for it", request.describe());
    Some(finding(ID, server, id, primary, message, request).help("send only what is not there: `try_files $uri $uri/ /index.php?$args;`"))
}

/// Whether the route, or the server before it, rewrites.
fn rewrites(server: &Server, route: &Route) -> bool {
    route.traits.has(Traits::REWRITES) || server.routes().first().is_some_and(|r| r.traits.has(Traits::REWRITES))
}
