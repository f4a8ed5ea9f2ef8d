//! `lost-proxy-headers`: a block's own header directives replace the inherited ones.

use std::collections::HashSet;

use super::Cx;
use super::support::{finding, is_asset, reaching, routes_with};
use crate::finding::{Applicability, Confidence, Edit, Finding, Severity};
use crate::model::from::nginx::Server;
use crate::model::{HandlerKind, Outcome, PathKind, RouteId, Sent, Site, Traits};
use crate::source::{SourceMap, Span};
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "lost-proxy-headers";

const KINDS: &[PathKind] = &[PathKind::Login, PathKind::Token, PathKind::Api, PathKind::Account, PathKind::Admin];

/// What an application reads off a proxied request, besides `X-Forwarded-*`.
const HEADERS: &[&str] = &["host", "x-real-ip", "forwarded", "x-scheme", "x-url-scheme", "remote-user", "x-remote-user"];

/// What a script cannot do without.
const PARAMETERS: &[&str] =
    &["HTTPS", "REQUEST_METHOD", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "REQUEST_URI", "REMOTE_ADDR", "REMOTE_USER"];

/// Follows a request into each block that sets headers and compares with the block around it.
pub(super) fn check(site: &Server, cx: &mut Cx) {
    let mut wanted = Traits::UPSTREAM;
    wanted.add(Traits::LOSES_HEADERS);
    let mut seen: HashSet<Span> = HashSet::new();
    for (id, route) in routes_with(site, wanted) {
        let Some(request) = reaching(site, id, route, cx.paths, KINDS) else { continue };
        if is_asset(&request.path) {
            continue;
        }
        let request = request.past_gates();
        let outcome = site.resolve(&request);
        if !outcome.always(|o| o.served_by.span == route.span && o.upstream.as_ref().is_some_and(|u| !u.lost.is_empty())) {
            continue;
        }
        let Some(upstream) = outcome.upstream.as_ref() else { continue };
        let lost: Vec<&Sent> = upstream.lost.iter().filter(|l| matters(l, &outcome)).collect();
        let (Some(primary), Some(first)) = (upstream.sent.first().map(|s| s.span), lost.first()) else { continue };
        if foreign(&outcome, &upstream.sent) || !seen.insert(primary) {
            continue;
        }
        let only_clears = lost.iter().all(|l| is_credential(&l.name));
        let own_set = primary;
        let Some(primary) = in_reach(site, id, own_set) else { continue };
        let directive = cx.sources.text(own_set).split_ascii_whitespace().next().unwrap_or("proxy_set_header").to_owned();
        let names = names_of(&lost);
        let message = if only_clears {
            format!("{} reaches the application as the client sent its {names}: this block's own {directive} replaces the outer ones", request.describe())
        } else {
            format!("{} reaches the application without the {names} set in the outer block: this block's own {directive} replaces them all", request.describe())
        };
        let mut found = finding(ID, site, id, primary, message, request)
            .help(format!("repeat the outer {directive} lines in this block, or put them into a file that both blocks include"))
            .related(first.span, "not in force in the inner block");
        for other in lost.iter().skip(1).take(3) {
            found = found.related(other.span, "nor is this");
        }
        found = repeated(found, &lost, cx.sources);
        if only_clears {
            found = found.severity(Severity::Info).confidence(Confidence::Medium);
        } else if !outcome.unknown.is_empty() {
            found = found.confidence(Confidence::Medium);
        }
        cx.report(found);
    }
}

/// The outer lines once more, before the block's own first one.
fn repeated(found: Finding, lost: &[&Sent], sources: &SourceMap) -> Finding {
    let mut lines: Vec<String> = lost.iter().map(|sent| format!("{};", sources.text(sent.span))).collect();
    lines.dedup();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let edit = Edit::insert_before(sources, found.primary, &lines);
    found.fix(Applicability::Unsafe, "repeat the outer lines", vec![edit])
}

/// The line, or where it comes with nginx (`proxy_params`), the include that brings it.
fn in_reach(server: &Server, id: RouteId, line: Span) -> Option<Span> {
    let shipped = &server.config().shipped;
    if !shipped.contains(&line.file) {
        return Some(line);
    }
    let names = [Name::ProxySetHeader, Name::GrpcSetHeader, Name::FastcgiParam, Name::UwsgiParam, Name::ScgiParam];
    let mut all = names.into_iter().flat_map(|name| server.effective_all(id, name));
    let directive = all.find(|d| d.span() == line)?;
    directive.includes().find(|i| !shipped.contains(&i.file))
}

fn is_credential(name: &str) -> bool {
    name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("cookie")
}

/// Whether it makes a difference that this line is not in force.
fn matters(lost: &Sent, outcome: &Outcome) -> bool {
    let name = lost.name.to_ascii_lowercase();
    let same_as_client = format!("$http_{}", name.replace('-', "_"));
    let parameters = matches!(outcome.handler.kind, HandlerKind::Fastcgi | HandlerKind::Uwsgi | HandlerKind::Scgi);
    if name == "host" {
        return !parameters && lost.written != "$proxy_host";
    }
    if lost.written.eq_ignore_ascii_case(&same_as_client) {
        return false;
    }
    if is_credential(&name) {
        return true;
    }
    // What an application takes for granted when nobody tells it.
    if matches!(lost.value.known(), Some("http" | "80")) {
        return false;
    }
    if parameters && PARAMETERS.contains(&lost.name.as_str()) {
        return true;
    }
    lost.value.is_empty() != Some(true) && (name.starts_with("x-forwarded-") || HEADERS.contains(&name.as_str()))
}

/// Whether the block talks to a service of somebody else, which wants headers of its own.
fn foreign(outcome: &Outcome, sent: &[Sent]) -> bool {
    if outcome.handler.kind != HandlerKind::Proxy {
        return false;
    }
    let own_host = sent.iter().any(|s| s.name.eq_ignore_ascii_case("host") && !s.written.contains('$'));
    own_host || !super::support::own_application(outcome)
}

fn names_of(lost: &[&Sent]) -> String {
    let mut names: Vec<&str> = lost.iter().map(|l| l.name.as_str()).collect();
    names.dedup();
    match names.split_last() {
        Some((name, [])) => (*name).to_owned(),
        Some((name, rest)) => format!("{} and {name}", rest.join(", ")),
        None => String::new(),
    }
}
