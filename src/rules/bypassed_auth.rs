//! `bypassed-auth`: a gate that does not gate.

use super::Cx;
use super::basic_gate::{is_off, is_open, is_own, lone_half, pattern_of, request_of, route_ids, uses};
use super::support::finding;
use crate::finding::Confidence;
use crate::model::from::nginx::Server;
use crate::model::{Combine, GateKind, HandlerKind, Outcome, PathKind, Request, RouteId, Site, Traits, Verdict};
use crate::project::nginx::Directive;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "bypassed-auth";

/// The directives that switch a check on.
const CHECKS: [Name; 3] = [Name::AuthBasic, Name::AuthRequest, Name::AuthJwt];

/// Gates without a password file, and gates that requests get around.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    if !CHECKS.iter().any(|name| uses(server, *name)) {
        return;
    }
    without_file(server, cx);
    limited_methods(server, cx);
    let routes = route_ids(server);
    let regexes: Vec<RouteId> = routes.clone().filter(|r| is_regex(server, *r)).collect();
    for route in routes {
        let Some(gate) = own_gate(server, route) else { continue };
        let _ = everyone_allowed(server, route, &gate, cx)
            || before_access(server, route, &gate, cx)
            || regex_wins(server, route, &gate, &regexes, cx);
    }
}

/// The check that is switched on in the block of a route itself.
fn own_gate<'a>(server: &Server<'a>, route: RouteId) -> Option<Directive<'a>> {
    if !server.routes().get(route as usize)?.traits.has(Traits::GATE) {
        return None;
    }
    let checks = CHECKS.iter().filter_map(|name| server.effective(route, *name));
    let gate = checks.filter(|d| !is_off(d) && is_own(server, route, d)).min_by_key(|d| d.id)?;
    // Without a file there is no check: reported as that.
    let whole = gate.name() != Name::AuthBasic || server.effective(route, Name::AuthBasicUserFile).is_some();
    whole.then_some(gate)
}

fn is_regex(server: &Server, route: RouteId) -> bool {
    server.route_block(route).and_then(|b| pattern_of(&b)).is_some_and(|(modifier, _)| modifier.starts_with('~'))
}

/// What stands for the thing that is asked for: a password or another check.
fn asked_for(gate: &Directive) -> &'static str {
    if gate.name() == Name::AuthBasic { "a password" } else { "the check" }
}

/// `auth_basic` that nowhere meets an `auth_basic_user_file`.
fn without_file(server: &Server, cx: &mut Cx) {
    for (route, realm) in lone_half(server, Name::AuthBasic, Name::AuthBasicUserFile) {
        let Some(path) = server.landmark(route).map(|r| r.path).filter(|_| !is_off(&realm)) else { continue };
        let request = request_of(server, &path);
        // Another module may do the checking (PAM, LDAP, Lua).
        if !server.resolve(&request).always(|o| o.gates.iter().all(|g| g.kind == GateKind::Address)) {
            continue;
        }
        let message =
            format!("{} needs no password: without auth_basic_user_file nginx ignores this line", request.describe());
        let mut found = finding(ID, server, route, realm.span(), message, request)
            .help("add auth_basic_user_file with the path of the password file");
        if !server.config().guessed_context.is_empty() {
            found = found.confidence(Confidence::Medium);
        }
        cx.report(found);
    }
}

/// `limit_except GET POST { auth_basic … }` asks everybody for a password but those who send GET or POST.
fn limited_methods(server: &Server, cx: &mut Cx) {
    if !uses(server, Name::LimitExcept) {
        return;
    }
    for route in route_ids(server) {
        let Some(block) = server.route_block(route) else { continue };
        let Some(limit) = block.children().find(|c| c.name() == Name::LimitExcept) else { continue };
        let Some(gate) = limit.children().find(|c| CHECKS.contains(&c.name()) && !is_off(c)) else { continue };
        let allows = |method: &str| limit.args().any(|a| a == method);
        if !(allows("GET") && allows("POST")) {
            continue;
        }
        let Some(request) = server.landmark(route).map(|r| request_of(server, &r.path).method("POST")) else { continue };
        if !server.resolve(&request).always(|o| is_open(o) && o.served_by.span == block.span()) {
            continue;
        }
        let message = format!(
            "{} needs no password: limit_except asks for one only with methods that are not in its list",
            request.describe()
        );
        let found = finding(ID, server, route, limit.span(), message, request)
            .related(gate.span(), "asked only with other methods")
            .help("to ask always, take the gate out of limit_except; to let only reading be open, list GET alone");
        cx.report(found);
    }
}

/// `satisfy any` with an address list of the same block that lets everybody in.
fn everyone_allowed(server: &Server, route: RouteId, gate: &Directive, cx: &mut Cx) -> bool {
    let any = server.effective(route, Name::Satisfy).is_some_and(|d| d.arg(0) == "any");
    let Some(allow) = server.effective_all(route, Name::Allow).find(is_everyone).filter(|_| any) else { return false };
    if !is_own(server, route, &allow) {
        return false;
    }
    let Some(request) = server.landmark(route).map(|r| request_of(server, &r.path)) else { return false };
    let passes = |o: &Outcome| {
        o.gates.iter().any(|g| g.kind == GateKind::Address && g.combine == Combine::Any && g.verdict == Verdict::Passes)
    };
    if !server.resolve(&request).always(passes) {
        return false;
    }
    let message = format!("{} needs no password: with satisfy any this line lets every address in", request.describe());
    let found = finding(ID, server, route, allow.span(), message, request)
        .related(gate.span(), "the check that nobody has to pass")
        .help("allow only the addresses that need no password, then deny all;");
    cx.report(found);
    true
}

fn is_everyone(allow: &Directive) -> bool {
    matches!(allow.arg(0).as_ref(), "all" | "0.0.0.0/0" | "::/0")
}

/// `return`, or `rewrite` to a block without a gate: the rewrite phase comes before the access phase.
fn before_access(server: &Server, route: RouteId, gate: &Directive, cx: &mut Cx) -> bool {
    let rewrites = server.routes().iter().any(|r| r.traits.has(Traits::REWRITES));
    let Some(landmark) = server.landmark(route).filter(|_| rewrites) else { return false };
    let request = request_of(server, &landmark.path);
    let outcome = server.resolve(&request);
    let answered = |o: &Outcome| is_open(o) && o.upstream.is_some() || is_open(o) && matches!(o.status.known(), Some(Some(200..=299)));
    if !outcome.always(answered) || outcome.steps.is_empty() {
        return false;
    }
    let by = outcome.handler.span;
    let returned = outcome.handler.kind == HandlerKind::Return;
    let place = server.route_block(route).map(|b| b.span());
    let moved = place.is_some_and(|p| p != outcome.served_by.span) && outcome.steps.iter().any(|s| cx.sources.text(s.span).starts_with("rewrite"));
    let message = if returned {
        format!("{} needs no password: return answers before the password is asked for", request.describe())
    } else if moved {
        format!("{} needs no password: rewrite leads to a block without it before it is asked for", request.describe())
    } else {
        return false;
    };
    let mut found = finding(ID, server, route, gate.span(), message, request).help(if returned {
        "serve the answer as a file or from an upstream: only then the access phase runs"
    } else {
        "put the gate into the block that the rewrite leads to as well"
    });
    if let Some(by) = by.filter(|_| returned) {
        found = found.related(by, "answers first");
    } else {
        found = found.related(outcome.served_by.span, "the request is served here");
    }
    cx.report(found);
    true
}

/// A regex location that takes requests away from the block with the gate.
fn regex_wins(server: &Server, route: RouteId, gate: &Directive, regexes: &[RouteId], cx: &mut Cx) -> bool {
    let Some(block) = server.route_block(route) else { return false };
    let Some((modifier, pattern)) = pattern_of(&block) else { return false };
    if matches!(modifier.as_str(), "=" | "^~") || pattern.starts_with('@') || regexes.is_empty() {
        return false;
    }
    for other in regexes.iter().filter(|r| **r != route) {
        let Some(winner) = server.route_block(*other) else { continue };
        let inside = winner.ancestors().any(|a| a.id == block.id);
        if inside || !is_sibling(&block, &winner) || is_meant(&modifier, &pattern, &winner) {
            continue;
        }
        if server.routes().get(*other as usize).is_some_and(|r| r.traits.has(Traits::GATE) && own_gate(server, *other).is_some()) {
            continue;
        }
        for request in candidates(server, route, &modifier, &pattern, *other, cx) {
            let outcome = server.resolve(&request);
            let escapes = |o: &Outcome| is_open(o) && o.served_by.span == winner.span() && shows_the_same(server, route, *other, o);
            if !outcome.always(escapes) {
                continue;
            }
            let message = format!("{} is served by {} without {}", request.describe(), winner.text(), asked_for(gate));
            let found = finding(ID, server, route, gate.span(), message, request)
                .related(block.span(), "the block with the gate")
                .related(winner.span(), "this regular expression wins over it")
                .help("use location ^~ for the protected prefix and repeat the handler inside it, so that no regex outside is asked");
            cx.report(found);
            return true;
        }
    }
    false
}

/// Whether two locations compete: the winner stands in a block around the protected one.
fn is_sibling(protected: &Directive, winner: &Directive) -> bool {
    let parent = |d: &Directive| d.parent().map(|p| p.id);
    let around = parent(winner);
    parent(protected) == around || protected.ancestors().any(|a| parent(&a) == around)
}

/// Whether a regex names the protected place or another place: then it is an exemption on purpose.
fn is_meant(modifier: &str, pattern: &str, winner: &Directive) -> bool {
    let Some((_, regex)) = pattern_of(winner) else { return true };
    let plain = regex.replace('\\', "");
    let segment = pattern.split('/').rfind(|s| s.len() > 2);
    if !modifier.starts_with('~') && segment.is_some_and(|s| plain.contains(s)) {
        return true;
    }
    let Some(rest) = plain.strip_prefix("^/") else { return false };
    let names = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '(' | '_' | '@'));
    names && !rest.contains(".php")
}

/// Requests that the pattern with the gate matches and the other location may take.
fn candidates(server: &Server, route: RouteId, modifier: &str, pattern: &str, other: RouteId, cx: &Cx) -> Vec<Request> {
    /// What folders with a password hold; style sheets and the like are left out: pages without a password need them.
    const NAMES: [&str; 5] = ["/x.php", "/report.pdf", "/backup.zip", "/notes.txt", "/data.json"];
    let mut paths: Vec<String> = Vec::new();
    if modifier.starts_with('~') {
        let kinds = cx.paths.of_any(&[PathKind::Login, PathKind::Admin, PathKind::Token, PathKind::Api]);
        let reached = server.routes().get(other as usize).map(|r| r.serves & kinds).unwrap_or_default();
        let known = cx.paths.entries(&reached).map(|k| k.path.clone());
        paths.extend(known.chain(server.paths_like(route)).filter(|p| server.pattern_matches(route, p)));
    } else {
        let base = pattern.trim_end_matches('/');
        paths.extend(NAMES.iter().map(|name| format!("{base}{name}")));
        if let Some(landmark) = server.landmark(other).filter(|l| !super::support::is_asset(&l.path)) {
            paths.push(format!("{base}{}", landmark.path));
        }
        if base.is_empty() {
            paths.push("/index.php".to_owned());
        }
    }
    paths.iter().map(|p| request_of(server, p)).collect()
}

/// Whether what the winner serves is what the gate guards: files of the same folder, run or sent, or the same application.
fn shows_the_same(server: &Server, protected: RouteId, winner: RouteId, outcome: &Outcome) -> bool {
    let handler = |route: RouteId| {
        let names = [Name::ProxyPass, Name::FastcgiPass, Name::UwsgiPass, Name::ScgiPass, Name::GrpcPass];
        names.into_iter().find_map(|name| server.effective(route, name))
    };
    let root = |route: RouteId| -> Option<(Name, String)> {
        let found = [Name::Root, Name::Alias].into_iter().find_map(|name| server.effective(route, name));
        found.map(|d| (d.name(), d.arg(0).trim_end_matches('/').to_owned()))
    };
    match (handler(protected), handler(winner)) {
        (None, None) => outcome.handler.kind == HandlerKind::Static && outcome.status.is(&Some(200)) && root(protected) == root(winner),
        (None, Some(_)) => outcome.upstream.is_some() && root(protected) == root(winner),
        (Some(inner), Some(outer)) => {
            outcome.upstream.is_some()
                && (inner.name() == outer.name() && inner.name() == Name::FastcgiPass || inner.arg(0) == outer.arg(0))
        }
        (Some(_), None) => false,
    }
}
