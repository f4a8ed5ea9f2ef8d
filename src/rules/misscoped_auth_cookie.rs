//! `misscoped-auth-cookie`: a rewritten cookie that the browser does not send to the application, or does not take.

mod apache;
pub(super) mod edge;

use super::Cx;
use super::support::finding;
use crate::finding::{Confidence, Finding};
use crate::model::from::nginx::Server;
use crate::model::{RouteId, Site, Traits};
use crate::project::nginx::Directive;
use crate::source::Span;
use crate::syntax::nginx::Name;

pub(super) use apache::check as check_apache;

/// The id.
pub(super) const ID: &str = "misscoped-auth-cookie";

/// Compares what cookies are rewritten to with the addresses that the block and the server have.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let any = |name| server.config().all(cx.sources, name).next().is_some();
    let (paths, domains) = (any(Name::ProxyCookiePath), any(Name::ProxyCookieDomain));
    if !paths && !domains {
        return;
    }
    let mut seen: Vec<Span> = Vec::new();
    for (id, _) in super::support::routes_with(server, Traits::UPSTREAM) {
        let mut found: Vec<Finding> = Vec::new();
        found.extend(server.effective_all(id, Name::ProxyCookiePath).filter_map(|d| wrong_path(server, id, &d)));
        found.extend(server.effective_all(id, Name::ProxyCookieDomain).filter_map(|d| wrong_domain(server, id, &d)));
        for finding in found {
            if !seen.contains(&finding.primary) {
                seen.push(finding.primary);
                cx.report(finding);
            }
        }
    }
}

/// The path of a prefix location; `None` for any other block.
fn prefix_of(location: &Directive) -> Option<String> {
    let text = match location.arg_count() {
        1 => location.arg(0),
        2 if location.arg(0) == "^~" => location.arg(1),
        _ => return None,
    };
    (text.starts_with('/') && !text.contains('$') && !location.has_hole()).then(|| text.into_owned())
}

/// Whether a browser sends a cookie of that path to an address.
fn is_sent(cookie_path: &str, address: &str) -> bool {
    let cookie_path = cookie_path.trim_end_matches('/');
    let Some(rest) = address.trim_end_matches('/').strip_prefix(cookie_path) else { return false };
    rest.is_empty() || rest.starts_with('/')
}

fn wrong_path(server: &Server, id: RouteId, directive: &Directive) -> Option<Finding> {
    let location = prefix_of(&server.route_block(id)?)?;
    let (from, to) = (directive.arg(0), directive.arg(1));
    // What a cookie for the whole application gets; other paths depend on the application.
    let to = match from.strip_prefix('~') {
        Some(pattern) => replaced(pattern, &to)?,
        None if !to.contains('$') && (from == "/" || is_whole(server, id, &location, &from)) => &to,
        None => return None,
    };
    if directive.has_hole() {
        return None;
    }
    let path = to.split(';').next().unwrap_or_default().trim().to_owned();
    if !path.starts_with('/') || is_sent(&path, &location) {
        return None;
    }
    // A cookie for another proxied location of this server is set on purpose.
    let elsewhere = super::support::routes_with(server, Traits::UPSTREAM)
        .filter(|(other, _)| *other != id)
        .filter_map(|(other, _)| prefix_of(&server.route_block(other)?))
        .any(|other| is_sent(&path, &other));
    if elsewhere {
        return None;
    }
    let witness = server.landmark(id)?;
    let message = format!("{} comes without the application's cookie: it is rewritten to the path {path}", witness.describe());
    let found = finding(ID, server, id, directive.span(), message, witness)
        .help(format!("rewrite it to {location}, under which visitors see the application"))
        .related(server.route_block(id)?.span(), "the application's addresses")
        .confidence(if path.starts_with(&location) { Confidence::Medium } else { Confidence::High });
    Some(found)
}

/// Whether a path is the one that the application itself has: that of `proxy_pass`, or without one there that of the location.
fn is_whole(server: &Server, id: RouteId, location: &str, path: &str) -> bool {
    let Some(pass) = server.effective(id, Name::ProxyPass).filter(|pass| !pass.has_hole()) else { return false };
    let target = pass.arg(0);
    let own = target.split_once("://").map_or(target.as_ref(), |(_, rest)| rest);
    let own = own.find('/').and_then(|at| own.get(at..)).unwrap_or(location);
    !target.contains('$') && own.trim_end_matches('/') == path.trim_end_matches('/')
}

/// The fixed start of what a regular expression makes of the path `/`, where it takes that path.
fn replaced<'t>(pattern: &str, to: &'t str) -> Option<&'t str> {
    let pattern = pattern.strip_prefix('*').unwrap_or(pattern);
    let takes = fancy_regex::Regex::new(pattern).ok()?.is_match("/").ok()?;
    let fixed = to.split('$').next().filter(|f| takes && f.len() > 1)?;
    (fixed.len() == to.len() || fixed.ends_with('/')).then_some(fixed)
}

/// Whether a browser at a host takes a cookie of that domain.
fn fits(domain: &str, host: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn wrong_domain(server: &Server, id: RouteId, directive: &Directive) -> Option<Finding> {
    let to = directive.arg(1).to_ascii_lowercase();
    let domain = to.split(';').next().unwrap_or_default().trim().trim_start_matches('.').to_owned();
    if directive.arg_count() != 2 || domain.is_empty() || to.contains('$') || directive.has_hole() {
        return None;
    }
    let server_block = server.route_block(0)?;
    let mut names = server_block.children().filter(|c| c.name() == Name::ServerName).peekable();
    names.peek()?;
    let open = |name: &str| name.is_empty() || name == "_" || name.contains(['*', '~', '$']) || name.starts_with('.');
    for line in names {
        if line.has_hole() || line.args().any(|n| open(&n) || fits(&domain, &n.to_ascii_lowercase())) {
            return None;
        }
    }
    let witness = server.landmark(id).unwrap_or_else(|| server.request("/"));
    let message = format!("browsers at {} refuse the application's cookie: it is rewritten to the domain {domain}", witness.host);
    let found = finding(ID, server, id, directive.span(), message, witness)
        .help("rewrite the domain to the name that visitors use");
    Some(found)
}
