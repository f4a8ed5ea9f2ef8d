//! What several rules need: requests worth following, and words for messages.

use crate::finding::Finding;
use crate::model::{PathKind, PathSet, Paths, Request, Route, RouteId, Site, Traits, WellKnown};

/// The routes of a site that have all of `traits`, with their numbers.
pub(super) fn routes_with(site: &dyn Site, traits: Traits) -> impl Iterator<Item = (RouteId, &Route)> {
    site.routes().iter().enumerate().filter(move |(_, r)| r.traits.has(traits)).map(|(i, r)| (i as RouteId, r))
}

/// The request of a client of a well-known path, at a site. What the product keeps as a file is taken to be there.
pub(super) fn request_for(site: &dyn Site, known: &WellKnown) -> Request {
    let mut request = site.request(&known.path).method(&known.method);
    request.assume.file_exists = Some(known.file);
    request
}

/// The well-known paths of these kinds that a route serves, those of no special product first.
pub(super) fn known_paths<'p>(route: &Route, paths: &'p Paths, kinds: &[PathKind]) -> Vec<&'p WellKnown> {
    let set: PathSet = route.serves & paths.of_any(kinds);
    let mut known: Vec<&WellKnown> = set.iter().filter_map(|i| paths.list.get(i)).collect();
    known.sort_by_key(|k| (k.product != "generic", k.path.len()));
    known
}

/// A request that a route serves: a well-known path of the first of `kinds` that it serves, else one made up from its pattern.
pub(super) fn typical_request(site: &dyn Site, id: RouteId, route: &Route, paths: &Paths, kinds: &[PathKind]) -> Option<Request> {
    let by_kind = kinds.iter().find_map(|kind| known_paths(route, paths, &[*kind]).first().copied());
    if let Some(known) = by_kind {
        return Some(request_for(site, known));
    }
    let mut request = site.landmark(id)?;
    let last = request.path.rsplit('/').next().unwrap_or_default();
    if last.contains('.') {
        request.assume.file_exists = Some(true);
    }
    Some(request)
}

/// Whether a path looks like a static asset by its ending.
pub(super) fn is_asset(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "css", "js", "mjs", "map", "png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico", "woff", "woff2", "ttf", "otf",
        "eot", "mp4", "webm", "mp3", "pdf", "zip", "gz", "txt", "xml",
    ];
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.iter().any(|e| e.eq_ignore_ascii_case(ending)))
}

/// A finding about a route: with the place in the configuration and the witness.
pub(super) fn finding(
    rule: &'static str,
    site: &dyn Site,
    route: RouteId,
    primary: crate::source::Span,
    message: String,
    witness: Request,
) -> Finding {
    let mut finding = Finding::new(rule, primary, message).witness(witness);
    finding.context = site.context(route);
    finding
}

/// A request that a route serves, also one that is only reached by `try_files … @name`.
pub(super) fn reaching(site: &dyn Site, id: RouteId, route: &Route, paths: &Paths, kinds: &[PathKind]) -> Option<Request> {
    if !route.traits.has(Traits::INTERNAL) {
        return typical_request(site, id, route, paths, kinds);
    }
    let mut request = site.request("/login");
    request.assume.file_exists = Some(false);
    Some(request)
}

/// Whether the handler is a proxy to an application of one's own: by address, socket, group or local name and without TLS, not a
/// service of somebody else that goes by its own public name.
pub(super) fn own_application(outcome: &crate::model::Outcome) -> bool {
    let Some(target) = outcome.handler.target.as_ref().and_then(|t| t.known()) else { return false };
    let Some(rest) = target.strip_prefix("http://") else { return false };
    if rest.starts_with("unix:") {
        return true;
    }
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    let local = [".local", ".internal", ".lan", ".localdomain"];
    host.parse::<std::net::IpAddr>().is_ok() || !host.contains('.') || local.iter().any(|l| host.ends_with(l))
}
