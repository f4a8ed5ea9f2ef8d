//! `broad-basic-auth`: a password also in front of what must stay open.

pub(super) mod apache;
pub(super) mod edge;

use std::borrow::Cow;

use super::Cx;
use super::basic_gate::{BasicGate, is_off, is_open, is_own, pattern_of, refused_by};
use super::support::{finding, first_known, is_asset, known_paths, may_be_exempted, request_for, routes_with};
use crate::finding::Confidence;
use crate::model::from::nginx::Server;
use crate::model::{Outcome, PathKind, Request, Route, RouteId, Scheme, Site, Traits, WellKnown};
use crate::project::nginx::Directive;
use crate::settings::Profile;
use crate::source::Span;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "broad-basic-auth";

/// A request that a gate stops and should not.
struct Caught {
    gate: Span,
    route: RouteId,
    request: Request,
    /// Who sends it.
    who: &'static str,
}

/// A route behind a gate.
struct Gated<'s, 'a> {
    id: RouteId,
    route: &'s Route,
    block: Option<Directive<'a>>,
    /// Whether the gate is written in the block itself.
    own: bool,
    /// Modifier and pattern, if it is a location.
    pattern: Option<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'s, 'a> Gated<'s, 'a> {
    fn of(server: &'s Server<'a>, gate: &BasicGate) -> Option<Self> {
        let id = gate.route;
        let block = server.route_block(id);
        let pattern = block.as_ref().and_then(pattern_of);
        Some(Self { id, route: server.routes().get(id as usize)?, block, own: is_own(server, id, &gate.realm), pattern })
    }
}

/// Asks for what must stay open wherever a gate is in force.
pub(super) fn check(server: &Server, gates: &[BasicGate], cx: &mut Cx) {
    let gates = gates.iter().filter(|gate| !may_be_exempted(server, cx.sources, gate.route));
    let mut stopping = gates.filter_map(|gate| Gated::of(server, gate)).peekable();
    if stopping.peek().is_none() {
        return;
    }
    let mut public = None;
    let mut caught: Vec<Caught> = Vec::new();
    for (id, route) in routes_with(server, Traits::GATE) {
        caught.extend(exempted_in_vain(server, id, route, cx));
    }
    for gated in stopping {
        let mut ask = |request: Request, who| {
            let mut gate = None;
            let stopped = |o: &Outcome| refused_by(o).is_some();
            let outcome = server.resolve(&request);
            if outcome.always(stopped) {
                gate = refused_by(&outcome).map(|g| g.span);
            }
            if let Some(gate) = gate {
                caught.push(Caught { gate, route: gated.id, request, who });
            }
        };
        if let Some(request) = acme(server, gated.route, cx) {
            ask(request, "a certificate authority");
        }
        if let Some(request) = preflight(server, gated.id) {
            ask(request, "preflight of a cross-origin call");
        }
        if let Some(request) = health(server, &gated, cx) {
            ask(request, "health check");
        }
        if let Some(request) = visitors_call(server, &gated, cx).filter(|_| is_public(server, &mut public)) {
            ask(request, "sent by visitors of the open pages");
        }
        if let Some(request) = asset(server, &gated, cx) {
            if is_public(server, &mut public) {
                ask(request, "loaded by the open pages");
            } else if cx.settings.profile >= Profile::Strict {
                ask(request, "loaded by the pages");
            }
        }
    }
    while let Some(first) = caught.first() {
        let gate = first.gate;
        let (these, others): (Vec<Caught>, Vec<Caught>) = caught.into_iter().partition(|c| c.gate == gate);
        caught = others;
        report(server, these, cx);
    }
}

/// A location with `auth_basic off` whose requests end in another one that asks for the password.
fn exempted_in_vain(server: &Server, id: RouteId, route: &Route, cx: &Cx) -> Option<Caught> {
    const KINDS: &[PathKind] = &[PathKind::Api, PathKind::Token, PathKind::Callback, PathKind::Login, PathKind::Health];
    let off = server.effective(id, Name::AuthBasic).filter(|d| is_off(d) && is_own(server, id, d))?;
    let own = route.span;
    // Files are served where they are found; what the application makes goes on to another block.
    let request = request_for(server, known_paths(route, cx.paths, KINDS).into_iter().find(|k| !k.file)?);
    let outcome = server.resolve(&request);
    let moved = |o: &Outcome| refused_by(o).is_some() && o.served_by.span != own && o.steps.iter().any(|s| s.span == own);
    if !outcome.always(moved) || off.has_hole() {
        return None;
    }
    let gate = refused_by(&outcome)?.span;
    Some(Caught { gate, route: id, request, who: "exempted, but served by a block that asks" })
}

/// Whether the pages of the site are open; worked out once, and only if it matters.
fn is_public(server: &Server, known: &mut Option<bool>) -> bool {
    *known.get_or_insert_with(|| {
        let outcome = server.resolve(&server.request("/"));
        let refused = |o: &Outcome| matches!(o.status.known(), Some(Some(400..=599)));
        outcome.always(is_open) && !outcome.always(refused)
    })
}

/// The challenge of a certificate authority: always over plain HTTP, on port 80, at a public name.
fn acme(server: &Server, route: &Route, cx: &Cx) -> Option<Request> {
    let known = first_known(route, cx.paths, &[PathKind::Acme])?;
    let host = server.hosts().iter().find(|h| is_public_name(h))?;
    let block = server.route_block(0);
    let children = block.as_ref().map_or_else(Vec::new, |b| b.children().filter(|c| c.name() == Name::Listen).collect());
    if !children.is_empty() && !children.iter().any(takes_plain_http) {
        return None;
    }
    let mut request = Request { scheme: Scheme::Http, port: 80, ..Request::get(host.clone(), known.path.clone()) };
    request.assume.file_exists = Some(true);
    Some(request)
}

/// Whether a certificate authority of the internet can ask at a name.
fn is_public_name(host: &str) -> bool {
    const PRIVATE: &[&str] =
        &["local", "internal", "lan", "test", "localhost", "home", "corp", "intranet", "localdomain", "arpa"];
    host.rsplit_once('.').is_some_and(|(_, end)| !PRIVATE.contains(&end) && !end.is_empty())
}

/// Whether a `listen` means port 80 without TLS.
fn takes_plain_http(listen: &Directive) -> bool {
    let first = listen.arg(0);
    let no_port = first.parse::<u16>().is_err() && !first.starts_with("unix:") && (!first.contains(':') || first.ends_with(']'));
    let on_80 = first == "80" || first.ends_with(":80") || no_port;
    on_80 && !listen.has_hole() && !listen.args().any(|a| a == "ssl")
}

/// `OPTIONS` where the configuration answers cross-origin calls itself.
fn preflight(server: &Server, id: RouteId) -> Option<Request> {
    let answers = |d: &Directive| {
        let name = d.arg(0);
        name.eq_ignore_ascii_case("access-control-allow-headers") || name.eq_ignore_ascii_case("access-control-allow-methods")
    };
    server.effective_all(id, Name::AddHeader).find(answers)?;
    let request = server.landmark(id)?.method("OPTIONS");
    let request = request.header("Origin", "https://app.example.net").header("Access-Control-Request-Method", "GET");
    Some(request.header("Access-Control-Request-Headers", "authorization"))
}

/// A health check that has a location of its own, without a gate of its own.
fn health(server: &Server, gated: &Gated, cx: &Cx) -> Option<Request> {
    let (modifier, pattern) = gated.pattern.as_ref().filter(|_| !gated.own)?;
    // `/status` is as often a page of the server itself that is closed on purpose.
    let known = known_paths(gated.route, cx.paths, &[PathKind::Health]).into_iter().find(|k| {
        k.path != "/status" && !modifier.starts_with('~') && k.path.trim_end_matches('/') == pattern.trim_end_matches('/')
    })?;
    Some(request_for(server, known))
}

/// What the browser of every visitor of a WordPress site calls.
fn visitors_call(server: &Server, gated: &Gated, cx: &Cx) -> Option<Request> {
    let names_wordpress = |(_, pattern): &(Cow<str>, Cow<str>)| pattern.contains("wp-");
    let around = || gated.block?.ancestors().find(|a| pattern_of(a).as_ref().is_some_and(names_wordpress));
    if !gated.pattern.as_ref().is_some_and(names_wordpress) && around().is_none() {
        return None;
    }
    let ajax = known_paths(gated.route, cx.paths, &[PathKind::PublicAjax]).into_iter().next();
    let api = || known_paths(gated.route, cx.paths, &[PathKind::Api]).into_iter().find(|k| k.path == "/wp-json/");
    ajax.or_else(api).map(|known| request_for(server, known))
}

/// A style sheet or script of the open pages.
fn asset(server: &Server, gated: &Gated, cx: &Cx) -> Option<Request> {
    if gated.own && gated.block.is_none() {
        return None;
    }
    if let Some((modifier, pattern)) = gated.pattern.as_ref().filter(|_| gated.own) {
        // A folder with a gate of its own is closed on purpose, unless it is one that pages load from.
        let whole_folder = is_style_folder(pattern.trim_matches('/'), cx);
        let by_ending = modifier.starts_with('~') && pattern.contains("css") && !pattern.contains('/');
        if !whole_folder && !by_ending && pattern != "/" {
            return None;
        }
    }
    let candidates = known_paths(gated.route, cx.paths, &[PathKind::Asset]).into_iter();
    let mut styles = candidates.filter(|known| is_style(known));
    styles.next().map(|known| request_for(server, known))
}

/// Whether pages load what lies in a folder of this name, as is usual or as the settings say.
fn is_style_folder(name: &str, cx: &Cx) -> bool {
    const FOLDERS: &[&str] =
        &["assets", "static", "css", "js", "build", "dist", "wp-content", "wp-includes", "public", "styles", "scripts"];
    FOLDERS.contains(&name) || cx.settings.assets.iter().any(|named| named.trim_matches('/') == name)
}

/// Whether open pages load it, as far as is known: a style sheet or a script, or what the settings name.
fn is_style(known: &WellKnown) -> bool {
    let style = || is_asset(&known.path) && [".css", ".js"].iter().any(|end| known.path.ends_with(end));
    known.product == WellKnown::USERS || matches!(known.product.as_str(), "generic" | "wordpress") && style()
}

fn report(server: &Server, caught: Vec<Caught>, cx: &mut Cx) {
    let Some((message, only_certificates)) = message_of(&caught) else { return };
    let Some(first) = caught.into_iter().next() else { return };
    let help = "exempt these paths: a location of their own with auth_basic off;";
    let mut found = finding(ID, server, first.route, first.gate, message, first.request).help(help);
    if only_certificates {
        // Certificates may come another way (DNS, a hook that writes a location).
        found = found.confidence(Confidence::Medium);
    }
    cx.report(found);
}

/// What to say of the requests that one gate catches, and whether all of them are those of certificate authorities.
fn message_of(caught: &[Caught]) -> Option<(String, bool)> {
    if caught.is_empty() {
        return None;
    }
    let mut parts: Vec<String> = Vec::new();
    for one in caught {
        let part = format!("{} ({})", method_and_target(&one.request), one.who);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let verb = if parts.len() == 1 { "gets" } else { "get" };
    let message = format!("{} {verb} 401: this password covers more than it should", parts.join(" and "));
    Some((message, caught.iter().all(|c| c.who == "a certificate authority")))
}

fn method_and_target(request: &Request) -> String {
    format!("{} {}", request.method, request.target())
}
