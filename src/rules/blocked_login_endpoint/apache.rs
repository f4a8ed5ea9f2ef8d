//! The same for Apache: `Require`, `Deny from`, and rules that answer with 403.

use super::{ID, Loss, TOKEN, endpoints};
use crate::model::from::apache::Host;
use crate::model::{GateKind, HandlerKind, Outcome, PathKind, RouteId, Site, Traits, Verdict, WellKnown};
use crate::project::apache::Directive;
use crate::rules::Cx;
use crate::rules::apache_headers::is_open;
use crate::rules::support::{finding, names_login, request_for};
use crate::source::Span;
use crate::syntax::apache::Name;

const AJAX_HELP: &str = "let it through: <Files admin-ajax.php> with Require all granted, in the same place";

/// How many routes of one host are looked at.
const MAX_ROUTES: usize = 64;

/// Looks at routes that refuse addresses, or answer by themselves.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    let mut told: Vec<Span> = Vec::new();
    let all = [PathKind::PublicAjax, PathKind::Api, PathKind::Token, PathKind::Legacy];
    for (id, route) in (0..).zip(host.routes().iter().take(MAX_ROUTES)) {
        let touched = route.traits.has(Traits::ADDRESSES) || route.traits.has(Traits::REWRITES);
        if !touched || (*route.serves & cx.paths.of_any(&all)).is_empty() {
            continue;
        }
        for (known, loss) in endpoints(route, cx) {
            let request = request_for(host, known);
            let outcome = host.resolve(&request);
            let Some((status, primary, exempts)) = refusal(host, id, &outcome) else { continue };
            // A list of clients at a token endpoint is meant: the clients are servers.
            let meant = exempts && loss.who == TOKEN.who;
            if meant || told.contains(&primary) || !in_use(host, id, known, &loss, cx) {
                continue;
            }
            told.push(primary);
            let message = format!("{} is answered {status} here, {}", request.describe(), loss.who);
            let help = if known.kinds.contains(&PathKind::PublicAjax) { AJAX_HELP } else { loss.help };
            let found = finding(ID, host, id, primary, message, request).severity(loss.severity).confidence(loss.confidence);
            cx.report(found.help(help));
        }
    }
}

/// The status, the directive that refuses everyone from outside, and whether it exempts a list of addresses.
fn refusal(host: &Host, id: RouteId, outcome: &Outcome) -> Option<(u16, Span, bool)> {
    let refused = |o: &Outcome| matches!(o.status.known(), Some(Some(403 | 404 | 410)));
    if !outcome.always(refused) {
        return None;
    }
    let status = outcome.status.known().copied().flatten()?;
    let gate_of = |o: &Outcome| o.gates.iter().find(|g| matches!(g.verdict, Verdict::Refuses(403))).map(|g| (g.kind, g.span));
    if let Some((kind, span)) = gate_of(outcome).filter(|found| outcome.always(|o| gate_of(o).is_some_and(|f| f == *found))) {
        let directive = gates(host, id).into_iter().find(|d| d.span() == span)?;
        let exempts = kind == GateKind::Address && !directive.args().any(|a| a.eq_ignore_ascii_case("denied"));
        return (kind == GateKind::Address && !is_open(host, &directive)).then_some((status, span, exempts));
    }
    let span = outcome.steps.last()?.span;
    let rules = [Name::RewriteRule, Name::RedirectMatch, Name::Redirect].into_iter().flat_map(|name| host.effective_all(id, name));
    let rules: Vec<Directive> = rules.collect();
    let rule = rules.iter().find(|d| d.span() == span)?;
    let names = ["wp-json", "xmlrpc", "token", "wp-admin", "admin-ajax"].iter().any(|word| rule.raw_args().contains(word));
    ((names || status == 403) && asks_target_only(host, id, rule)).then_some((status, span, false))
}

/// The directives that may refuse addresses in a route.
fn gates<'a>(host: &Host<'a>, id: RouteId) -> Vec<Directive<'a>> {
    [Name::Require, Name::Deny, Name::Order, Name::Allow].into_iter().flat_map(|name| host.effective_all(id, name)).collect()
}

/// Whether the conditions of a rewrite rule look at nothing that a client of good will could send otherwise (an agent, a referrer).
fn asks_target_only(host: &Host, id: RouteId, rule: &Directive) -> bool {
    let before = |d: &&Directive| d.id < rule.id;
    let rules = host.effective_all(id, Name::RewriteRule);
    let last = rules.iter().filter(before).map(|d| d.id).max().unwrap_or(0);
    let conditions = host.effective_all(id, Name::RewriteCond);
    let mut own = conditions.iter().filter(before).filter(|d| d.id > last);
    own.all(|c| {
        let asked = c.arg(0);
        ["REQUEST_URI", "REQUEST_METHOD", "REQUEST_FILENAME", "THE_REQUEST"].iter().any(|v| asked.contains(v))
    })
}

/// Whether the site has what is refused, and is otherwise open: bots ask every site for WordPress, and refusing them is right.
fn in_use(host: &Host, id: RouteId, known: &WellKnown, loss: &Loss, cx: &Cx) -> bool {
    let refused = |o: &Outcome| {
        let address = |g: &crate::model::Gate| g.kind == GateKind::Address && g.verdict != Verdict::Passes;
        matches!(o.status.known(), Some(Some(400..))) || o.gates.iter().any(address)
    };
    let script = |path: &str| {
        let mut request = host.request(path);
        request.assume.file_exists = Some(true);
        host.resolve(&request)
    };
    if loss.who == TOKEN.who {
        let named = (0..).zip(host.routes()).any(|(other, route): (RouteId, _)| {
            other != id && route.traits.has(Traits::UPSTREAM) && names_login(host.context(other).split(" > ").nth(1).unwrap_or_default())
        });
        return (named || !cx.settings.login_paths.is_empty()) && host.resolve(&host.request("/")).possibly(|o| !refused(o));
    }
    if known.product != "wordpress" || !script("/index.php").always(|o| !refused(o)) {
        return false;
    }
    // The login of the same product goes to PHP, if need be from the office only.
    let mut login = host.request("/wp-login.php").past_gates();
    login.assume.file_exists = Some(true);
    let by_php = |o: &Outcome| {
        o.handler.kind.is_upstream() && o.handler.kind != HandlerKind::Proxy && !matches!(o.status.known(), Some(Some(400..)))
    };
    host.resolve(&login).always(by_php)
}
