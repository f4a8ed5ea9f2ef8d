//! `exposed-password-file`: whoever asks for the password file gets it.

pub(super) mod apache;

use std::cell::LazyCell;

use super::Cx;
use super::basic_gate::{BasicGate, first_with_each, pattern_of, route_ids};
use super::support::finding;
use crate::model::from::nginx::Server;
use crate::model::{HandlerKind, RouteId, Site};
use crate::project::nginx::Directive;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "exposed-password-file";

/// Looks for password files below the roots of their server.
pub(super) fn check(server: &Server, gates: &[BasicGate], cx: &mut Cx) {
    let fixed = |file: &Directive| {
        let path = file.arg(0);
        path.starts_with('/') && !path.contains('$') && !file.has_hole()
    };
    let files = first_with_each(gates, |gate| gate.file.id).map(|gate| gate.file).filter(fixed);
    let roots = LazyCell::new(|| roots(server));
    for file in files {
        roots.iter().any(|(route, root)| report(server, *route, root, &file, cx));
    }
}

/// The document roots of a server, with the first route of each.
fn roots<'a>(server: &Server<'a>) -> Vec<(RouteId, Directive<'a>)> {
    let mut roots: Vec<(RouteId, Directive)> = Vec::new();
    for route in route_ids(server) {
        let root = [Name::Root, Name::Alias].into_iter().find_map(|name| server.effective(route, name));
        if let Some(root) = root
            && !roots.iter().any(|(_, r)| r.id == root.id)
        {
            roots.push((route, root));
        }
    }
    roots
}

/// Asks for the file by its URL below one root.
fn report(server: &Server, route: RouteId, root: &Directive, file: &Directive, cx: &mut Cx) -> bool {
    let Some(url) = url_of(server, route, root, &file.arg(0)) else { return false };
    let mut request = server.request(&url);
    request.assume.file_exists = Some(true);
    let outcome = server.resolve(&request);
    // The location that serves the URL may have another root than the one the URL was made for.
    let given_away = outcome
        .always(|o| o.status.is(&Some(200)) && o.handler.kind == HandlerKind::Static && o.handler.span == Some(root.span()));
    if !given_away {
        return false;
    }
    let message =
        format!("{} downloads this password file: it lies below a document root, and nothing guards it", request.describe());
    let found = finding(ID, server, route, file.span(), message, request)
        .related(root.span(), "the document root")
        .related(outcome.served_by.span, "the request is served here")
        .help("keep the file outside every document root, or add: location ~ /\\.ht { deny all; }");
    cx.report(found);
    true
}

/// The path of the URL under which a file is served from a root; `None`: it does not lie below it.
fn url_of(server: &Server, route: RouteId, root: &Directive, file: &str) -> Option<String> {
    let folder = root.arg(0);
    let is_root = root.name() == Name::Root;
    let below = file.strip_prefix(if is_root { folder.trim_end_matches('/') } else { folder.as_ref() })?;
    // A relative root starts from another folder (the prefix) than a relative password file (the configuration).
    if root.has_hole() || folder.contains('$') || !folder.starts_with('/') || file.contains("/../") {
        return None;
    }
    if is_root {
        return below.starts_with('/').then(|| below.to_owned());
    }
    let (modifier, prefix) = pattern_of(&server.route_block(route)?)?;
    (!modifier.starts_with('~')).then(|| format!("{prefix}{below}"))
}
