//! `exposed-password-file`: whoever asks for the password file gets it.

pub(super) mod apache;

use super::Cx;
use super::basic_gate::{gates, pattern_of, route_ids, uses};
use super::support::finding;
use crate::model::from::nginx::Server;
use crate::model::{HandlerKind, RouteId, Site};
use crate::project::nginx::Directive;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "exposed-password-file";

/// Looks for password files below the roots of their server.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    if !uses(server, Name::AuthBasicUserFile) {
        return;
    }
    let mut files: Vec<Directive> = Vec::new();
    for (_, gate) in gates(server) {
        let path = gate.file.arg(0);
        let fixed = !gate.file.has_hole() && !path.contains('$');
        if fixed && path.starts_with('/') && !files.iter().any(|f| f.id == gate.file.id) {
            files.push(gate.file);
        }
    }
    if files.is_empty() {
        return;
    }
    let mut roots: Vec<(RouteId, Directive)> = Vec::new();
    for route in route_ids(server) {
        let root = [Name::Root, Name::Alias].into_iter().find_map(|name| server.effective(route, name));
        if let Some(root) = root
            && !roots.iter().any(|(_, r)| r.id == root.id)
        {
            roots.push((route, root));
        }
    }
    for file in files {
        roots.iter().any(|(route, root)| report(server, *route, root, &file, cx));
    }
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
    // A relative root starts from another folder (the prefix) than a relative password file (the configuration).
    if root.has_hole() || folder.contains('$') || !folder.starts_with('/') || file.contains("/../") {
        return None;
    }
    if root.name() == Name::Root {
        let rest = file.strip_prefix(folder.trim_end_matches('/'))?;
        return rest.starts_with('/').then(|| rest.to_owned());
    }
    let (modifier, prefix) = pattern_of(&server.route_block(route)?)?;
    let rest = file.strip_prefix(folder.as_ref()).filter(|_| !modifier.starts_with('~'))?;
    Some(format!("{prefix}{rest}"))
}
