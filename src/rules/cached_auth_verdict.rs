//! `cached-auth-verdict`: what `auth_request` was told about one client is kept for others.

pub(super) mod edge;

use super::Cx;
use super::caches::{self, CacheNames};
use super::support::{finding, location_of, typical_request};
use crate::finding::{Confidence, Severity};
use crate::model::from::nginx::Server;
use crate::model::{PathKind, Request, RouteId, Site, Traits};
use crate::project::nginx::Directive;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "cached-auth-verdict";

const KINDS: &[PathKind] = &[PathKind::Api, PathKind::Account, PathKind::Admin];

/// Variables that say what is asked for, not who asks. Any other one may hold a credential.
const PLAIN: &[&str] = &[
    "scheme",
    "https",
    "host",
    "http_host",
    "proxy_host",
    "proxy_port",
    "server_name",
    "server_port",
    "server_addr",
    "hostname",
    "server_protocol",
    "uri",
    "document_uri",
    "request_uri",
    "request",
    "args",
    "query_string",
    "is_args",
    "request_method",
    "request_filename",
    "document_root",
    "fastcgi_script_name",
    "http_x_original_uri",
    "http_x_original_method",
    "http_x_forwarded_host",
    "http_x_forwarded_proto",
    "http_x_forwarded_uri",
    "http_user_agent",
    "http_accept",
    "http_origin",
    "http_accept_encoding",
    "http_accept_language",
    "http_referer",
];

/// What is kept of the verdicts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Permissions.
    Good,
    /// Refusals, and perhaps permissions.
    Bad,
    /// What the service marks.
    Marked,
    /// Nothing.
    Nothing,
}

/// Looks at the location that answers each `auth_request`.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let site: &dyn Site = server;
    if server.config().all(cx.sources, Name::AuthRequest).next().is_none() || !site.routes().iter().any(caches::caches) {
        return;
    }
    let mut asked: Vec<Directive> = Vec::new();
    for (id, _) in (0..).zip(site.routes()) {
        if let Some(gate) = server.effective(id, Name::AuthRequest)
            && gate.arg(0).starts_with('/')
            && !asked.iter().any(|g| g.arg(0) == gate.arg(0))
        {
            asked.push(gate);
        }
    }
    for gate in asked {
        let Some(verdict) = location_of(server, gate.arg(0).split('?').next().unwrap_or_default()) else { continue };
        if let Some((names, _, cache)) = caches::cache_of(server, verdict) {
            check_verdict(server, verdict, names, cache, gate, cx);
        }
    }
}

/// A request that has to pass this gate.
fn guarded(server: &Server, gate: Directive, cx: &Cx) -> Option<Request> {
    let uri = gate.arg(0);
    let behind = |id: RouteId| server.effective(id, Name::AuthRequest).is_some_and(|g| g.arg(0) == uri);
    let routes = (0..).zip(server.routes()).filter(|(id, r)| !r.traits.has(Traits::INTERNAL) && behind(*id));
    routes.into_iter().find_map(|(id, route)| typical_request(server, id, route, cx.paths, KINDS))
}

fn check_verdict(server: &Server, verdict: RouteId, names: &CacheNames, cache: Directive, gate: Directive, cx: &mut Cx) {
    let key = server.effective(verdict, names.key);
    let text = key.map_or(names.default_key.unwrap_or_default().to_owned(), |k| k.arg(0).into_owned());
    let tells = |text: &str| server.depends_on(text, &|v| !PLAIN.contains(&v));
    if server.effective_all(verdict, names.no_cache).any(|d| d.args().any(|a| tells(&a))) {
        return;
    }
    let (kept, valid) = kept(server, verdict, names);
    let keyed = tells(&text) || key.is_some_and(|k| k.has_hole());
    if kept == Kept::Nothing || keyed && kept != Kept::Bad {
        return;
    }
    let site: &dyn Site = server;
    let Some(request) = guarded(server, gate, cx) else { return };
    let request =
        if keyed || kept == Kept::Bad { request.header("Authorization", "Bearer token-of-the-client") } else { request };
    let asked = request.describe();
    let message = match (keyed, kept) {
        (true, _) => {
            format!("{asked} is refused for as long as a refusal of the same credentials is kept, although they are good now")
        }
        (false, Kept::Bad) => {
            format!("{asked} gets the verdict kept for another client, a refusal too: the key holds no credentials")
        }
        (false, _) => format!("{asked} passes with the verdict kept for another client: the key holds no credentials"),
    };
    let help = if keyed {
        "keep permissions only: take 401, 403 and any out of *_cache_valid"
    } else {
        "put what the service looks at into the key: $http_authorization, the session cookie"
    };
    let mut found = finding(ID, site, verdict, cache.span(), message, request).help(help);
    found = found.related(gate.span(), "the verdict is asked for here");
    if let Some(key) = key {
        found = found.related(key.span(), "the key");
    }
    if let Some(valid) = valid {
        found = found.related(valid.span(), "kept for this time");
    }
    if keyed || kept == Kept::Marked {
        found = found.severity(Severity::Warning).confidence(Confidence::Medium);
    } else if text.contains("request_uri") || text.contains("args") {
        // A token in the query would be in the key.
        found = found.confidence(Confidence::Medium);
    }
    cx.report(found);
}

/// What the `*_cache_valid` lines keep, and the line that does: for each status the first that names it counts.
fn kept<'a>(server: &Server<'a>, route: RouteId, names: &CacheNames) -> (Kept, Option<Directive<'a>>) {
    let lines: Vec<Directive> = server.effective_all(route, names.valid).collect();
    if lines.is_empty() {
        return (Kept::Marked, None);
    }
    let keeps = |statuses: &[&str]| {
        statuses.iter().find_map(|status| {
            let line = lines.iter().find(|d| {
                let codes = d.arg_count().saturating_sub(1);
                codes == 0 && *status == "200" || d.args().take(codes).any(|c| c == *status || c == "any")
            })?;
            let time = line.arg(line.arg_count().saturating_sub(1));
            time.chars().any(|c| matches!(c, '1'..='9')).then_some(*line)
        })
    };
    match (keeps(&["401", "403"]), keeps(&["200", "201", "202", "204"])) {
        (Some(line), _) => (Kept::Bad, Some(line)),
        (None, Some(line)) => (Kept::Good, Some(line)),
        (None, None) => (Kept::Nothing, None),
    }
}
