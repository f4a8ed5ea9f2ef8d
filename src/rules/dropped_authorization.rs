//! `dropped-authorization`: the client's Authorization header does not reach the application.

pub(super) mod apache;
pub(super) mod edge;

use super::Cx;
use super::support::{finding, is_asset, known_paths, request_for, routes_with, typical_request};
use crate::finding::{Applicability, Confidence, Edit, Finding};
use crate::model::from::nginx::Server;
use crate::model::{GateKind, HeaderFate, Outcome, PathKind, Request, Route, RouteId, Site, Traits};
use crate::project::nginx::Directive;
use crate::source::Span;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "dropped-authorization";

/// What a program sends.
const CREDENTIALS: &str = "Bearer token-of-the-client";

const KINDS: &[PathKind] = &[PathKind::Api, PathKind::Token, PathKind::Login, PathKind::Account, PathKind::Admin];

/// Where files are kept: nobody signs in there, and a bucket refuses credentials that it does not know.
const STORES: &[&str] = &[
    "amazonaws.com",
    "storage.googleapis.com",
    "blob.core.windows.net",
    "digitaloceanspaces.com",
    "r2.cloudflarestorage.com",
    "backblazeb2.com",
    "wasabisys.com",
    "aliyuncs.com",
    "cloudfront.net",
    "github.io",
    "githubusercontent.com",
    "bucket",
    "minio",
    "//s3",
    "_s3",
    "-s3",
    "s3-",
    "s3_",
    "$s3",
];

/// Directories of files.
const FILES: &[&str] = &[
    "static", "assets", "media", "images", "img", "fonts", "css", "js", "dist", "public", "uploads", "cdn", "build", "_next",
    "_nuxt", "packs", "bundles",
];

/// Follows a request with credentials through each route that touches Authorization.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let mut wanted = Traits::UPSTREAM;
    wanted.add(Traits::TOUCHES_AUTHORIZATION);
    for (id, route) in routes_with(server, wanted) {
        if holds_files(server, id) || is_gated(server, id) || takes_it_elsewhere(server, id) {
            continue;
        }
        if let Some(found) = requests(server, id, route, cx).into_iter().find_map(|r| dropped(server, id, r, cx)) {
            cx.report(found);
        }
    }
}

/// The requests worth following: one, or several where the value depends on the request.
fn requests(server: &Server, id: RouteId, route: &Route, cx: &Cx) -> Vec<Request> {
    let block = server.route_block(id);
    if let Some(name) = block.map(|b| b.arg(0)).filter(|n| n.starts_with('@')) {
        return through(server, &name, cx);
    }
    let mut requests: Vec<Request> = typical_request(server, id, route, cx.paths, KINDS).into_iter().collect();
    requests.extend(server.landmark(id));
    if setters(server, id).any(|s| s.arg(1).contains('$')) {
        const PROGRAMS: &[PathKind] = &[PathKind::Api, PathKind::Token, PathKind::Account];
        requests.extend(known_paths(route, cx.paths, PROGRAMS).into_iter().take(6).map(|k| request_for(server, k)));
        let posts: Vec<Request> = requests.iter().take(1).map(|r| r.clone().method("POST")).collect();
        requests.extend(posts);
    }
    requests.retain(|r| !is_asset(&r.path));
    requests
}

/// Requests that reach a named location through `try_files` or `error_page`.
fn through(server: &Server, name: &str, cx: &Cx) -> Vec<Request> {
    let ways = [Name::TryFiles, Name::ErrorPage];
    let leads = |d: Directive| ways.contains(&d.name()) && d.arg(d.arg_count().saturating_sub(1)) == name;
    let from =
        routes_with(server, Traits::default()).find(|(id, _)| server.route_block(*id).is_some_and(|b| b.children().any(leads)));
    let Some((id, route)) = from else { return Vec::new() };
    let mut requests: Vec<Request> = typical_request(server, id, route, cx.paths, KINDS).into_iter().collect();
    requests.extend(server.landmark(id));
    for request in &mut requests {
        request.assume.file_exists = Some(false);
    }
    requests
}

/// The directives in force at a route that set Authorization.
fn setters<'a>(server: &Server<'a>, id: RouteId) -> impl Iterator<Item = Directive<'a>> {
    const SETTERS: [Name; 5] = [Name::ProxySetHeader, Name::GrpcSetHeader, Name::FastcgiParam, Name::UwsgiParam, Name::ScgiParam];
    let all = SETTERS.into_iter().flat_map(move |n| server.effective_all(id, n).collect::<Vec<_>>());
    all.filter(|d| {
        let name = d.arg(0);
        name.strip_prefix("HTTP_").unwrap_or(&name).eq_ignore_ascii_case("authorization")
    })
}

/// Whether the credentials of the upstream come from another field of the request, as configured.
fn takes_it_elsewhere(server: &Server, id: RouteId) -> bool {
    let other = |name: &str| {
        let field = name.strip_prefix("http_").filter(|f| *f != "authorization");
        let named = field.is_some_and(|f| f.starts_with("x_") || f.contains("auth") || f.contains("token"));
        named || name.starts_with("cookie_") || name.starts_with("arg_")
    };
    setters(server, id).any(|s| server.depends_on(&s.arg(1), &other))
}

/// Whether a gate takes the header for itself: it was meant for this server, not for the application.
fn is_gated(server: &Server, id: RouteId) -> bool {
    let on = |d: Option<Directive>| d.is_some_and(|d| d.arg(0) != "off");
    let own = [Name::AuthBasic, Name::AuthRequest, Name::AuthJwt].iter().any(|n| on(server.effective(id, *n)));
    let in_methods = server.route_block(id).is_some_and(|b| {
        let limits = b.children().filter(|d| d.name() == Name::LimitExcept);
        limits.flat_map(|l| l.children().collect::<Vec<_>>()).any(|d| matches!(d.name(), Name::AuthBasic | Name::AuthJwt))
    });
    own || in_methods
}

/// Whether files are served there: by the path, or by what is behind.
fn holds_files(server: &Server, id: RouteId) -> bool {
    let Some(block) = server.route_block(id).filter(|b| b.name() == Name::Location) else { return false };
    let path = block.arg(block.arg_count().saturating_sub(1)).to_ascii_lowercase();
    let first = path.trim_start_matches(['^', '/', '(', '?', ':']).split(['/', '|', ')']).next().unwrap_or_default();
    let sent = server.effective_all(id, Name::ProxySetHeader).filter(|h| h.arg(0).eq_ignore_ascii_case("host"));
    let behind: Vec<_> =
        block.children().filter(|d| d.name() == Name::ProxyPass).map(|d| d.arg(0)).chain(sent.map(|h| h.arg(1))).collect();
    is_file_folder(first) || behind.iter().any(|b| is_file_store(b))
}

/// Whether a first segment of paths is a directory of files.
fn is_file_folder(segment: &str) -> bool {
    FILES.contains(&segment)
}

/// Whether an address is one of a service that keeps files.
fn is_file_store(address: &str) -> bool {
    let address = address.to_ascii_lowercase();
    STORES.iter().any(|s| address.contains(s))
}

fn dropped(server: &Server, id: RouteId, request: Request, cx: &Cx) -> Option<Finding> {
    let request = request.header("Authorization", CREDENTIALS).past_gates();
    let outcome = server.resolve(&request);
    if !outcome.always(is_dropped) || outcome.always(consumed_here) {
        return None;
    }
    let named = server.route_block(id).is_some_and(|b| b.arg(0).starts_with('@') && b.span() != outcome.served_by.span);
    if named {
        return None;
    }
    let primary = outcome.upstream.as_ref()?.authorization.because.first().copied()?;
    let message = format!("{} reaches the application without its Authorization header: this line drops it", request.describe());
    let written = cx.sources.text(primary);
    let varies = written.contains('$');
    let help = if varies {
        "leave the line out: nginx passes Authorization on by itself; here its value is empty"
    } else {
        "remove the line: nginx passes Authorization on by itself"
    };
    let mut found = finding(ID, server, id, primary, message, request)
        .help(help)
        .related(outcome.served_by.span, "the request is served here");
    if let Some(handler) = outcome.handler.span {
        found = found.related(handler, "and handed over here");
    }
    if !outcome.unknown.is_empty() {
        found = found.confidence(Confidence::Medium);
    }
    if !varies && (written.contains("_set_header") || written.contains("_param")) {
        let end = cx.sources.file(primary.file).text().get(primary.end as usize..).unwrap_or_default();
        let semicolon = u32::from(end.starts_with(';'));
        let span = Span::new(primary.file, primary.start, primary.end + semicolon);
        found = found.fix(Applicability::Unsafe, "remove the line", vec![Edit::remove(cx.sources, span)]);
    }
    Some(found)
}

fn is_dropped(outcome: &Outcome) -> bool {
    outcome.upstream.as_ref().is_some_and(|u| u.authorization.value.is(&HeaderFate::Dropped))
}

fn consumed_here(outcome: &Outcome) -> bool {
    outcome.gates.iter().any(|g| g.kind != GateKind::Address)
}
