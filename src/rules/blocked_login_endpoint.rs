//! `blocked-login-endpoint`: a rule against attackers also refuses what visitors and their programs need.

mod apache;
pub(super) mod edge;

use std::net::{IpAddr, Ipv4Addr};

use super::Cx;
use super::support::{finding, first_known, known_paths, names_login, request_for};
use crate::finding::{Confidence, Severity};
use crate::model::from::nginx::Server;
use crate::model::{GateKind, HandlerKind, Outcome, PathKind, Request, Route, RouteId, Site, Traits, Verdict, WellKnown};
use crate::source::Span;
use crate::syntax::nginx::Name;

pub(super) use apache::check as check_apache;

/// The id.
const ID: &str = "blocked-login-endpoint";

/// What a refused path is to the site.
struct Loss {
    /// Who is hit, in a few words.
    who: &'static str,
    help: &'static str,
    severity: Severity,
    confidence: Confidence,
}

const AJAX: Loss = Loss {
    who: "which pages call for every visitor",
    help: "let it through: `location = /wp-admin/admin-ajax.php` with the PHP handler and without the rule",
    severity: Severity::Warning,
    confidence: Confidence::High,
};
const REST: Loss = Loss {
    who: "which the block editor, forms and programs of visitors need",
    help: "refuse single routes instead (such as /wp-json/wp/v2/users), or ask for a login in WordPress",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
};
const LEGACY: Loss = Loss {
    who: "which Jetpack and some mobile applications use",
    help: "nothing to do if nobody uses it",
    severity: Severity::Info,
    confidence: Confidence::High,
};
const TOKEN: Loss = Loss {
    who: "so that no client gets a token",
    help: "let the token endpoint through before the rule, or narrow the rule",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
};

/// Looks at routes that refuse addresses, or answer by themselves.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let mut told: Vec<Span> = Vec::new();
    // What the server block does comes before every location.
    let all = server.routes().first().is_some_and(|r| r.traits.has(Traits::REWRITES));
    for (id, route) in (0..).zip(server.routes()) {
        let touched = all || route.traits.has(Traits::ADDRESSES) || route.traits.has(Traits::REWRITES);
        if route.traits.has(Traits::INTERNAL) || !touched {
            continue;
        }
        for (known, loss) in endpoints(route, cx) {
            let request = request_for(server, known);
            let outcome = server.resolve(&request);
            let Some((status, primary, exempts)) = refusal(server, id, &outcome) else { continue };
            // A list of clients at a token endpoint is meant: the clients are servers.
            let meant = exempts && loss.severity == TOKEN.severity && loss.who == TOKEN.who;
            if meant || told.contains(&primary) || !in_use(server, id, known, &loss, cx) {
                continue;
            }
            told.push(primary);
            let message = format!("{} is answered {status} here, {}", request.describe(), loss.who);
            let found = finding(ID, server, id, primary, message, request).severity(loss.severity).confidence(loss.confidence);
            cx.report(found.help(loss.help).related(outcome.served_by.span, "the request is taken by this block"));
        }
        own_address(server, id, route, &mut told, cx);
    }
}

/// The paths of a route that must be open, the graver loss first.
fn endpoints<'p>(route: &Route, cx: &Cx<'p>) -> Vec<(&'p WellKnown, Loss)> {
    let mut out: Vec<(&WellKnown, Loss)> = Vec::new();
    out.extend(known_paths(route, cx.paths, &[PathKind::PublicAjax]).into_iter().map(|k| (k, AJAX)));
    let api = known_paths(route, cx.paths, &[PathKind::Api]);
    out.extend(api.into_iter().filter(|k| k.path == "/wp-json/").map(|k| (k, REST)));
    let tokens = known_paths(route, cx.paths, &[PathKind::Token]);
    out.extend(tokens.into_iter().find(|k| issues_tokens(&k.path)).map(|k| (k, TOKEN)));
    out.extend(known_paths(route, cx.paths, &[PathKind::Legacy]).into_iter().map(|k| (k, LEGACY)));
    out.retain(|(known, _)| known.product == "wordpress" || !known.path.starts_with("/wp-"));
    out
}

/// Keycloak's master realm and the endpoints between servers are closed to the public on purpose.
fn issues_tokens(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    !path.contains("/master/") && !path.starts_with("/wp-json") && ["/token", "/access_token", "/login_check"].iter().any(|e| path.ends_with(e))
}

/// The status, the directive that refuses everyone from outside, and whether it exempts a list of addresses.
fn refusal(server: &Server, id: RouteId, outcome: &Outcome) -> Option<(u16, Span, bool)> {
    let refused = |o: &Outcome| matches!(o.status.known(), Some(Some(403 | 404 | 405 | 410 | 444)));
    if !outcome.always(refused) {
        return None;
    }
    let status = outcome.status.known().copied().flatten()?;
    let by_address = outcome.always(|o| o.gates.iter().any(|g| g.kind == GateKind::Address && matches!(g.verdict, Verdict::Refuses(_))));
    if by_address {
        let gate = outcome.gates.iter().find(|g| g.kind == GateKind::Address)?;
        let deny = server.effective_all(id, Name::Deny).find(|d| d.arg(0) == "all");
        let exempts = server.effective_all(id, Name::Allow).next().is_some();
        return Some((status, deny.map_or(gate.span, |d| d.span()), exempts));
    }
    let returned = outcome.always(|o| o.handler.kind == HandlerKind::Return);
    let span = outcome.handler.span.filter(|_| returned)?;
    let directive = server.inside(Name::Return).find(|d| d.span() == span)?;
    let condition = directive.parent().filter(|p| p.name() == Name::If).map(|p| p.text());
    if condition.is_some_and(|text| !asks_target_only(&text)) {
        return None;
    }
    // "Not here" is said by every last location; it blocks something only where the block names it.
    let names = |text: &str| ["wp-json", "xmlrpc", "token", "wp-admin", "admin-ajax"].iter().any(|word| text.contains(word));
    let by_name = || directive.ancestors().any(|block| names(&block.text()));
    (status == 403 || status == 444 || by_name()).then_some((status, span, false))
}

/// Whether a condition looks at nothing that a client of good will could send otherwise (an API key, a referrer).
fn asks_target_only(condition: &str) -> bool {
    let mut names = condition.split('$').skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    });
    names.all(|name| matches!(name, "" | "request_method" | "uri" | "request_uri" | "document_uri"))
}

/// Whether the site has what is refused, and is otherwise open: bots ask every site for WordPress, and refusing them is right.
fn in_use(server: &Server, id: RouteId, known: &WellKnown, loss: &Loss, cx: &Cx) -> bool {
    let open = |request: &Request| {
        server.resolve(request).possibly(|o| {
            !matches!(o.status.known(), Some(Some(400..))) && !o.gates.iter().any(|g| g.kind == GateKind::Address && g.verdict != Verdict::Passes)
        })
    };
    if !open(&server.request("/")) {
        return false;
    }
    if loss.who == TOKEN.who {
        let named = |other: RouteId, route: &Route| {
            other != id
                && route.traits.has(Traits::UPSTREAM)
                && !route.traits.has(Traits::INTERNAL)
                && server.route_block(other).is_some_and(|b| b.name() == Name::Location && names_login(&b.text()))
        };
        return !cx.settings.login_paths.is_empty() || (0..).zip(server.routes()).any(|(other, route)| named(other, route));
    }
    // The login of the same product goes to an application, if need be from the office only.
    let mut login = server.request("/wp-login.php").past_gates();
    login.assume.file_exists = Some(true);
    let reaches = server.resolve(&login).always(|o| o.handler.kind.is_upstream() && !matches!(o.status.known(), Some(Some(400..))));
    let by_php = server.resolve(&login).always(|o| o.handler.kind == HandlerKind::Fastcgi);
    known.product == "wordpress" && reaches && (by_php || super::support::runs_wordpress(server))
}

/// `deny 127.0.0.1`: the site's own calls to itself are refused.
fn own_address(server: &Server, id: RouteId, route: &Route, told: &mut Vec<Span>, cx: &mut Cx) {
    if !route.traits.has(Traits::ADDRESSES) || !route.traits.has(Traits::UPSTREAM) {
        return;
    }
    let Some(deny) = server.effective_all(id, Name::Deny).find(|d| matches!(d.arg(0).as_ref(), "127.0.0.1" | "127.0.0.0/8")) else {
        return;
    };
    let kinds = [PathKind::PublicAjax, PathKind::Api, PathKind::Token, PathKind::Login];
    let Some(known) = first_known(route, cx.paths, &kinds) else { return };
    if told.contains(&deny.span()) {
        return;
    }
    let mut own = request_for(server, known);
    let public = server.resolve(&own);
    own.client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let refuses = |o: &Outcome| o.gates.iter().any(|g| g.kind == GateKind::Address && matches!(g.verdict, Verdict::Refuses(_)));
    if !server.resolve(&own).always(refuses) || !public.always(|o| !refuses(o) && o.handler.kind.is_upstream()) {
        return;
    }
    told.push(deny.span());
    let message = format!("{} of the machine itself is refused with 403, while everybody else may send it", own.describe());
    cx.report(finding(ID, server, id, deny.span(), message, own).help("let 127.0.0.1 in: applications call themselves (cron jobs, health checks)"));
}
