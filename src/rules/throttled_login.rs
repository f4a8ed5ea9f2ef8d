//! `throttled-login`: a limit on a login route that ordinary use hits.

pub(super) mod edge;

use super::Cx;
use super::support::{finding, known_paths, names_login, request_for, routes_with};
use crate::finding::Confidence;
use crate::model::from::nginx::Server;
use crate::model::{PathKind, Request, Route, RouteId, Site, Traits};
use crate::project::nginx::Directive;
use crate::source::Span;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "throttled-login";

/// A rate up to which two requests in a row of one person (a page and its form, a redirect) come too fast without a burst.
const SLOW_WITHOUT_BURST: u64 = 10 * 60;

/// The same where the route serves much more than the login, and where only some requests count.
const VERY_SLOW_WITHOUT_BURST: u64 = 60;

/// Requests a minute below which a mistyped password is enough.
const FEW_A_MINUTE: u64 = 5;

/// Requests a minute that all visitors together need.
const FEW_FOR_ALL: u64 = 60;

/// Below that rate, a burst of this size that is not delayed leaves room for ordinary use.
const ROOMY_BURST: u64 = 10;

/// Whose requests a key without the client counts.
const ALL_VISITORS: &str = "all visitors together";

/// Looks at the limits of the routes that serve a login.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let mut told: Vec<Span> = Vec::new();
    for (id, route) in routes_with(server, Traits::LIMITS) {
        let Some((request, specific)) = login_request(server, id, route, cx) else { continue };
        let mut faults: Vec<(Directive, String, bool, Option<Span>)> = Vec::new();
        if !is_on(server, id, Name::LimitReqDryRun) {
            for limit in server.effective_all(id, Name::LimitReq) {
                if let Some((text, sure, zone)) = too_tight(server, id, &limit, &request, specific, cx) {
                    faults.push((limit, text, sure, Some(zone)));
                }
            }
        }
        for (limit, status, dry_run) in [
            (Name::LimitReq, Name::LimitReqStatus, Name::LimitReqDryRun),
            (Name::LimitConn, Name::LimitConnStatus, Name::LimitConnDryRun),
        ] {
            let limited = server.effective(id, limit);
            let Some(status) = server.effective(id, status).filter(|s| matches!(s.arg(0).as_ref(), "401" | "403")) else { continue };
            if let Some(limited) = limited.filter(|_| !is_on(server, id, dry_run)) {
                let text = format!("{} is answered {} when the limit is reached, as if the credentials were wrong", request.describe(), status.arg(0));
                faults.push((status, text, true, Some(limited.span())));
            }
        }
        faults.retain(|(directive, ..)| !told.contains(&directive.span()));
        if faults.is_empty() || !server.resolve(&request).always(|o| o.handler.kind.is_upstream()) {
            continue;
        }
        for (directive, text, sure, other) in faults {
            told.push(directive.span());
            let mut found = finding(ID, server, id, directive.span(), text, request.clone())
                .help("give the limit a burst and `nodelay`, at least five requests a minute, and the status 429");
            if let Some(other) = other {
                found = found.related(other, if directive.name() == Name::LimitReq { "the rate is set here" } else { "the limit" });
            }
            if !sure {
                found = found.confidence(Confidence::Medium);
            }
            cx.report(found);
        }
    }
}

/// The request of somebody who signs in here, and whether the route is there for signing in.
fn login_request(server: &Server, id: RouteId, route: &Route, cx: &Cx) -> Option<(Request, bool)> {
    let named = server.route_block(id).is_some_and(|b| b.name() == Name::Location && names_login(&b.text()));
    let known = known_paths(route, cx.paths, &[PathKind::Login, PathKind::Token]);
    match known.first() {
        Some(known) => Some((request_for(server, known).past_gates(), named)),
        None if named => server.landmark(id).map(|r| (r.past_gates(), true)),
        None => None,
    }
}

fn is_on(server: &Server, id: RouteId, name: Name) -> bool {
    server.effective(id, name).is_some_and(|d| d.arg(0).eq_ignore_ascii_case("on"))
}

/// What an ordinary visitor meets at a `limit_req`, whether that is sure, and where the rate is set.
fn too_tight(server: &Server, id: RouteId, limit: &Directive, request: &Request, specific: bool, cx: &Cx) -> Option<(String, bool, Span)> {
    let parameter = |name: &str| limit.args().find_map(|a| a.strip_prefix(name).map(str::to_owned));
    let zone = parameter("zone=")?;
    let burst: u64 = parameter("burst=").map_or(Some(0), |b| b.parse().ok())?;
    let delayed = !limit.args().any(|a| a == "nodelay");
    let named = |d: &Directive| d.args().any(|a| a.strip_prefix("zone=").and_then(|z| z.split(':').next()) == Some(zone.as_str()));
    let place = server.config().all(cx.sources, Name::LimitReqZone).find(named)?;
    let rate = place.args().find_map(|a| a.strip_prefix("rate=").and_then(rate))?;
    let (counted, conditional) = key_of(server, &place.arg(0), cx)?;
    let slow = if specific && !conditional { SLOW_WITHOUT_BURST } else { VERY_SLOW_WITHOUT_BURST };
    let few = if counted == ALL_VISITORS { FEW_FOR_ALL } else { FEW_A_MINUTE };
    let status = server.effective(id, Name::LimitReqStatus).map_or_else(|| "503".to_owned(), |s| s.arg(0).into_owned());
    let what = request.describe();
    let each = 60_000 / rate.max(1);
    let apart = if each >= 1000 { format!("{} s", each / 1000) } else { format!("{each} ms") };
    let text = if burst == 0 && rate <= slow {
        format!("a second {what} of {counted} within {apart} is answered {status}: the limit has no burst")
    } else if rate < few && (burst < ROOMY_BURST || delayed) {
        let then = if burst == 0 || !delayed { format!("more is answered {status}") } else { format!("the next one waits up to {apart}") };
        format!("{rate} {what} a minute are let through for {counted}: {then}")
    } else {
        return None;
    };
    Some((text, rate <= VERY_SLOW_WITHOUT_BURST && specific && !conditional, place.span()))
}

/// Whose requests a key counts together, and whether some clients or methods are exempt; `None` for other keys (a session, a user).
fn key_of(server: &Server, key: &str, cx: &Cx) -> Option<(&'static str, bool)> {
    let is_address = |name: &str| {
        matches!(
            name,
            "binary_remote_addr" | "remote_addr" | "http_x_forwarded_for" | "http_cf_connecting_ip" | "http_x_real_ip"
        )
    };
    if server.depends_on(key, &is_address) {
        // A map in between exempts some.
        return Some(("one client", !key.contains("remote_addr") && !key.contains("$http_")));
    }
    if matches!(key, "$server_name" | "$host" | "$http_host" | "$uri") {
        return Some((ALL_VISITORS, false));
    }
    let map = server.config().all(cx.sources, Name::Map).find(|m| m.arg(1) == key)?;
    let gives_address = map.children().any(|entry| entry.arg(0).contains("remote_addr"));
    gives_address.then_some(("one client", true))
}

/// Requests a minute.
fn rate(text: &str) -> Option<u64> {
    let (number, factor) = text.strip_suffix("r/s").map(|n| (n, 60)).or_else(|| text.strip_suffix("r/m").map(|n| (n, 1)))?;
    number.parse::<u64>().ok()?.checked_mul(factor)
}
