//! `bypassed-auth`: a gate that does not gate.

mod addresses;
pub(super) mod apache;
mod elsewhere;
mod spellings;

use super::Cx;
use super::basic_gate::{has_pattern, is_off, is_open, is_own, lone_half, pattern_of, request_of, route_ids, uses};
use super::support::{finding, is_asset, routes_with};
use crate::finding::Confidence;
use crate::model::from::nginx::Server;
use crate::model::{GateKind, HandlerKind, Outcome, PathKind, Request, RouteId, Site, Traits};
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
    let routes = routes_with(server, Traits::GATE);
    let mut gates = routes.filter_map(|(route, _)| Some((route, own_gate(server, route)?))).peekable();
    if gates.peek().is_none() {
        return;
    }
    let winners: Vec<RouteId> = route_ids(server).filter(|r| may_win(server, *r)).collect();
    for (route, gate) in gates {
        let _ = addresses::check(server, route, &gate, cx)
            || before_access(server, route, &gate, cx)
            || regex_wins(server, route, &gate, &winners, cx)
            || spellings::check(server, route, &gate, &winners, cx);
    }
}

/// The check that is switched on in the block of a route itself, of those that have one in force.
fn own_gate<'a>(server: &Server<'a>, route: RouteId) -> Option<Directive<'a>> {
    let checks = CHECKS.iter().filter_map(|name| server.effective(route, *name));
    let gate = checks.filter(|d| !is_off(d) && is_own(server, route, d)).min_by_key(|d| d.id)?;
    // Without a file there is no check: reported as that.
    let whole = gate.name() != Name::AuthBasic || server.effective(route, Name::AuthBasicUserFile).is_some();
    whole.then_some(gate)
}

/// Whether a location can take a request away from a prefix that is as long: a regex, or a prefix that no regex is asked after.
fn may_win(server: &Server, route: RouteId) -> bool {
    let Some(block) = server.route_block(route).filter(has_pattern) else { return false };
    let first = block.arg(0);
    first.starts_with('~') || if block.arg_count() > 1 { first == "^~" } else { first.starts_with("^~") }
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
        let message = format!("{} needs no password: without auth_basic_user_file nginx ignores this line", request.describe());
        let mut found = finding(ID, server, route, realm.span(), message, request)
            .help("add auth_basic_user_file with the path of the password file");
        if !server.config().guessed_context.is_empty() {
            found = found.confidence(Confidence::Medium);
        }
        cx.report(found);
    }
}

/// `limit_except GET POST { auth_basic … }` asks everybody for a password but those who send GET or POST. To let only reading be
/// open is a usual wish, but not for an administration.
fn limited_methods(server: &Server, cx: &mut Cx) {
    if !uses(server, Name::LimitExcept) {
        return;
    }
    for route in route_ids(server) {
        let Some(block) = server.route_block(route) else { continue };
        let Some(limit) = block.children().find(|c| c.name() == Name::LimitExcept) else { continue };
        let Some(gate) = limit.children().find(|c| CHECKS.contains(&c.name()) && !is_off(c)) else { continue };
        let allows = |method: &str| limit.args().any(|a| a == method);
        let open = match (allows("GET"), allows("POST")) {
            (true, true) => "POST",
            (true, false) if is_administration(&block) => "GET",
            (false, true) if is_administration(&block) => "POST",
            _ => continue,
        };
        let Some(request) = server.landmark(route).map(|r| request_of(server, &r.path).method(open)) else { continue };
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

/// Whether a location is named for what only a few may see.
fn is_administration(block: &Directive) -> bool {
    const WORDS: &[&str] = &["admin", "private", "secret", "secure", "internal", "manage", "dashboard", "account", "phpmyadmin"];
    let named = pattern_of(block).map(|(_, pattern)| pattern.to_ascii_lowercase());
    named.is_some_and(|pattern| WORDS.iter().any(|word| pattern.contains(word)))
}

/// `return`, or `rewrite` to a block without a gate: the rewrite phase comes before the access phase.
fn before_access(server: &Server, route: RouteId, gate: &Directive, cx: &mut Cx) -> bool {
    let rewrites = server.routes().iter().any(|r| r.traits.has(Traits::REWRITES));
    if !rewrites {
        return false;
    }
    let place = server.route_block(route).map(|b| b.span());
    // All paths of a server may belong to its locations; a `return` of the server itself answers them nevertheless.
    let path = server.landmark(route).map(|l| l.path).or((route == 0).then(|| "/".to_owned()));
    let Some(request) = path.map(|p| request_of(server, &p)) else { return false };
    let outcome = server.resolve(&request);
    if route == 0 && place != Some(outcome.served_by.span) {
        return false;
    }
    let answered =
        |o: &Outcome| is_open(o) && o.upstream.is_some() || is_open(o) && matches!(o.status.known(), Some(Some(200..=299)));
    if !outcome.always(answered) || outcome.steps.is_empty() {
        return false;
    }
    let by = outcome.handler.span;
    let returned = outcome.handler.kind == HandlerKind::Return;
    let moved = place.is_some_and(|p| p != outcome.served_by.span)
        && outcome.steps.iter().any(|s| cx.sources.text(s.span).starts_with("rewrite"));
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
fn regex_wins(server: &Server, route: RouteId, gate: &Directive, winners: &[RouteId], cx: &mut Cx) -> bool {
    let Some(block) = server.route_block(route) else { return false };
    let Some((modifier, pattern)) = pattern_of(&block) else { return false };
    if matches!(modifier.as_ref(), "=" | "^~") || pattern.starts_with('@') || winners.is_empty() {
        return false;
    }
    let is_regex = modifier.starts_with('~');
    // A prefix with `^~` is mostly an exemption on purpose. If it leaves nothing to the regex with the gate, it is none.
    let never_chosen = is_regex && server.landmark(route).is_none();
    for other in winners.iter().filter(|r| **r != route) {
        let Some(winner) = server.route_block(*other) else { continue };
        let Some((by, _)) = pattern_of(&winner).filter(|(by, _)| by != "^~" || never_chosen) else { continue };
        let inside = winner.ancestors().any(|a| a.id == block.id);
        if inside || !is_sibling(&block, &winner) || is_gated(server, *other) {
            continue;
        }
        if by != "^~" && is_meant(&modifier, &pattern, &winner) && !takes_all_scripts(server, &modifier, &pattern, *other) {
            continue;
        }
        for request in candidates(server, route, &modifier, &pattern, *other, cx) {
            let outcome = server.resolve(&request);
            let escapes =
                |o: &Outcome| is_open(o) && o.served_by.span == winner.span() && shows_the_same(server, route, *other, o);
            if !outcome.always(escapes) {
                continue;
            }
            let message = format!("{} is served by {} without {}", request.describe(), winner.text(), asked_for(gate));
            let found = finding(ID, server, route, gate.span(), message, request)
                .related(block.span(), "the block with the gate")
                .related(
                    winner.span(),
                    if by == "^~" { "this prefix wins over it" } else { "this regular expression wins over it" },
                )
                .help(if is_regex {
                    "put the gate into the block that wins, or move the regular expression with the gate before the other one"
                } else {
                    "use location ^~ for the protected prefix and repeat the handler inside it, so that no regex outside is asked"
                });
            cx.report(found);
            return true;
        }
    }
    false
}

/// Whether a block has a check of its own.
fn is_gated(server: &Server, route: RouteId) -> bool {
    server.routes().get(route as usize).is_some_and(|r| r.traits.has(Traits::GATE)) && own_gate(server, route).is_some()
}

/// Whether two locations compete: the winner stands in a block around the protected one.
fn is_sibling(protected: &Directive, winner: &Directive) -> bool {
    let parent = |d: &Directive| d.parent().map(|p| p.id);
    let around = parent(winner);
    parent(protected) == around || protected.ancestors().any(|a| parent(&a) == around)
}

/// Whether a regex names the protected place or another place: then it is an exemption on purpose.
fn is_meant(modifier: &str, pattern: &str, winner: &Directive) -> bool {
    /// Words that name a kind of file, not a place.
    const KINDS: [&str; 10] = ["php", "php5", "php7", "php8", "phtml", "html", "htm", "index", "cgi", "jsp"];
    let Some((_, regex)) = pattern_of(winner) else { return true };
    let plain = regex.replace('\\', "");
    let segment = pattern.split('/').rfind(|s| s.len() > 2);
    if !modifier.starts_with('~') && segment.is_some_and(|s| plain.contains(s)) {
        return true;
    }
    if names_endings(&regex) {
        return false;
    }
    let Some(rest) = plain.strip_prefix("^/") else {
        let mut words = plain.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').filter(|w| w.len() > 2);
        return words.any(|w| !KINDS.contains(&w) && !is_asset(&format!("x.{w}")));
    };
    let names = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '(' | '_' | '@'));
    // `^/index.php`, `^/(index|app).php`: the script that makes all pages.
    let first = match rest.split_once(')') {
        Some((inner, after)) if inner.starts_with('(') => after,
        _ => rest,
    };
    names && !first.split('/').next().is_some_and(|s| s.contains(".php"))
}

/// Whether a regex that names the protected folder takes whatever script lies in it (`^/phpmyadmin/(.+\.php)$`): that exempts
/// nothing in particular. Who switches the check off there means it.
fn takes_all_scripts(server: &Server, modifier: &str, pattern: &str, other: RouteId) -> bool {
    let base = pattern.trim_end_matches('/');
    let off = server.effective(other, Name::AuthBasic).is_some_and(|d| is_off(&d) && is_own(server, other, &d));
    // Names that nobody lists in a pattern, and the one that is in most folders.
    let all = ["/index.php", "/q.php", "/zz-17.php"].iter().all(|name| server.pattern_matches(other, &format!("{base}{name}")));
    !modifier.starts_with('~') && !base.is_empty() && !off && all
}

/// Whether a regex tells files by their endings alone, wherever they are: `\.(php|phar)(/.*)?$`.
fn names_endings(regex: &str) -> bool {
    let has_word = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w.len() > 2);
    let Some((before, after)) = regex.split_once("\\.") else { return false };
    !before.ends_with('/') && !has_word(before) && !after.split('/').skip(1).any(has_word)
}

/// Requests that the pattern with the gate matches and the other location may take.
fn candidates(server: &Server, route: RouteId, modifier: &str, pattern: &str, other: RouteId, cx: &Cx) -> Vec<Request> {
    /// What folders with a password hold; style sheets and the like are left out: pages without a password need them.
    const NAMES: [&str; 5] = ["/x.php", "/report.pdf", "/backup.zip", "/notes.txt", "/data.json"];
    let mut paths: Vec<String> = Vec::new();
    if modifier.starts_with('~') {
        let kinds = cx.paths.of_any(&[PathKind::Login, PathKind::Admin, PathKind::Token, PathKind::Api]);
        let reached = server.routes().get(other as usize).map(|r| *r.serves & kinds).unwrap_or_default();
        let known = cx.paths.entries(&reached).map(|k| k.path.clone());
        paths.extend(known.chain(server.paths_like(route)).filter(|p| server.pattern_matches(route, p)));
    } else {
        let base = pattern.trim_end_matches('/');
        // Of a whole site `robots.txt` and the like are open on purpose.
        let names = NAMES.iter().filter(|name| !(base.is_empty() && matches!(**name, "/notes.txt" | "/data.json")));
        paths.extend(names.map(|name| format!("{base}{name}")));
        // A name made up from an ending alone (`/.php`) is none that anybody has.
        let plausible = |path: &str| !is_asset(path) && !path.contains("/.");
        if let Some(landmark) = server.landmark(other).filter(|l| plausible(&l.path)) {
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
        (None, None) => {
            outcome.handler.kind == HandlerKind::Static && outcome.status.is(&Some(200)) && root(protected) == root(winner)
        }
        (None, Some(_)) => outcome.upstream.is_some() && root(protected) == root(winner),
        (Some(inner), Some(outer)) => {
            outcome.upstream.is_some()
                && (inner.name() == outer.name() && inner.name() == Name::FastcgiPass || inner.arg(0) == outer.arg(0))
        }
        (Some(_), None) => false,
    }
}
