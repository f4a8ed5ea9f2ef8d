//! `cached-login`: a page to sign in, or a page of an account, is kept for everybody.

mod apache;
mod edge;

use std::cell::LazyCell;

use super::Cx;
use super::caches::{self, Candidate};
use super::support::{finding, known_paths, names_login};
use crate::finding::{Confidence, Severity};
use crate::model::from::nginx::Server;
use crate::model::{Outcome, PathKind, Route, RouteId, Site, Stores, Traits, Value, WellKnown};
use crate::source::Span;
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "cached-login";

pub(super) use apache::check as check_apache;
pub(super) use edge::check as check_edge;

const KINDS: &[PathKind] = &[PathKind::Login, PathKind::Account, PathKind::Admin, PathKind::Token];

const HELP: &str =
    "keep login and account pages and signed-in visitors out with *_cache_bypass and *_no_cache, on the path and the session cookie";

/// A login page that is kept.
struct Hit<'p> {
    candidate: Candidate<'p>,
    primary: Span,
    outcome: Outcome,
    stores: Stores,
}

/// Asks for login pages where a cache of this server may keep them.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let site: &dyn Site = server;
    headers(server, cx);
    let starts = caches::starts(site, caches::caches);
    if starts.is_empty() || site.hosts().first().is_some_and(|host| caches::is_asset_host(host)) {
        return;
    }
    let session = LazyCell::new(|| caches::session(server, cx.sources));
    let mut excluded: Vec<&str> = Vec::new();
    let mut hits: Vec<Hit> = Vec::new();
    for start in starts {
        // What a whole interface answers is the matter of `cached-private-response`.
        let interface = !(*start.1.serves & cx.paths.exactly("/api/")).is_empty();
        for candidate in caches::candidates(site, start, cx.paths, KINDS) {
            if interface && candidate.request.path.starts_with("/api/") {
                continue;
            }
            let outcome = site.resolve(&candidate.request);
            if caches::kept_out(&outcome) {
                excluded.extend(login_product(&candidate));
                continue;
            }
            let Some(stores) = caches::stored(&outcome).filter(|_| !caches::keyed(&outcome.cache)) else { continue };
            let signed_in = site.resolve(&candidate.request.clone().header("Cookie", &session));
            // Conditions on the session keep personal pages out whatever their path.
            if caches::stored(&signed_in).is_none()
                || !caches::credentials_arrive(&signed_in)
                || caches::is_foreign(&candidate.request, &outcome)
            {
                break;
            }
            let Some(primary) = outcome.cache.stores.because.first().copied() else { continue };
            // Who names other statuses only leaves the pages to the application on purpose.
            if stores == Stores::Origin && caches::names_statuses(server, &outcome) {
                break;
            }
            hits.push(Hit { candidate, primary, outcome, stores });
        }
    }
    if hits.is_empty() {
        return;
    }
    excluded.extend(login_products_without_cache(site, cx));
    forgotten(&mut hits, &excluded);
    each_once(hits, |hit| report(site, hit, HELP, cx));
}

/// Leaves the pages that are certain to be there and were forgotten. Who keeps a login page out has thought of the pages to keep
/// out: only those of the same product are certain then, those that the settings name, and those of a block that is named for them.
fn forgotten(hits: &mut Vec<Hit>, excluded: &[&str]) {
    hits.retain(|h| {
        let sure = |known: &WellKnown| match known.product.as_str() {
            WellKnown::USERS => true,
            // The paths of this product tell it.
            product => product == "wordpress" && excluded.contains(&product),
        };
        excluded.is_empty() || h.candidate.known.is_some_and(sure) || names_login(&h.outcome.served_by.text)
    });
}

/// Reports one hit for each directive or key that decides.
fn each_once<'p>(hits: impl IntoIterator<Item = Hit<'p>>, mut report: impl FnMut(Hit<'p>)) {
    let mut reported: Vec<Span> = Vec::new();
    for hit in hits {
        if !reported.contains(&hit.primary) {
            reported.push(hit.primary);
            report(hit);
        }
    }
}

fn report(site: &dyn Site, hit: Hit, help: &'static str, cx: &mut Cx) {
    let Hit { candidate, primary, outcome, stores } = hit;
    let request = candidate.request.describe();
    let message = match (stores, outcome.cache.ttl) {
        (Stores::Yes, Some(ttl)) => {
            format!("the answer to {request} is kept for {} and given to every visitor", duration(ttl))
        }
        _ => format!("the answer to {request} is kept and given to every visitor as soon as the application marks it cacheable"),
    };
    let mut found = finding(ID, site, candidate.route, primary, message, candidate.request)
        .help(help)
        .related(outcome.served_by.span, "the request is served here");
    if let Some(valid) = outcome.cache.stores.because.get(1) {
        found = found.related(*valid, "kept for this time");
    }
    let certain = stores == Stores::Yes && outcome.cache.ignores_cache_control;
    found = found.confidence(if certain { Confidence::High } else { Confidence::Medium });
    if stores == Stores::Origin {
        found = found.severity(Severity::Warning).confidence(Confidence::Low);
    }
    cx.report(found);
}

fn login_product<'p>(candidate: &Candidate<'p>) -> Option<&'p str> {
    let known = candidate.known?;
    (known.kinds.contains(&PathKind::Login) && !known.kinds.contains(&PathKind::Api)).then_some(known.product.as_str())
}

/// Products of which a login page has a location without cache.
pub(super) fn login_products_without_cache<'p>(site: &dyn Site, cx: &Cx<'p>) -> Vec<&'p str> {
    let apart = site.routes().iter().filter(|r| r.traits.has(Traits::UPSTREAM) && !r.traits.has(Traits::CACHE));
    let known = apart.flat_map(|r| known_paths(r, cx.paths, &[PathKind::Login]));
    known.filter(|k| !k.kinds.contains(&PathKind::Api) && k.product != "oauth").map(|k| k.product.as_str()).collect()
}

/// `expires` and `Cache-Control` over login pages of an application.
fn headers(server: &Server, cx: &mut Cx) {
    let site: &dyn Site = server;
    let starts = caches::starts(site, |r| r.traits.has(Traits::UPSTREAM) && r.traits.has(Traits::EDITS_RESPONSE));
    let marks = |(id, route): &(RouteId, &Route)| !route.traits.has(Traits::UPSTREAM) || marks_cacheable(server, *id);
    if !starts.iter().any(|s| s.1.traits.has(Traits::UPSTREAM) && marks(s)) {
        return;
    }
    if site.hosts().first().is_some_and(|host| caches::is_asset_host(host)) {
        return;
    }
    let mut reported: Vec<Span> = Vec::new();
    for start in starts.into_iter().filter(marks) {
        for candidate in caches::candidates(site, start, cx.paths, &[PathKind::Login, PathKind::Account]).into_iter().take(3) {
            let outcome = site.resolve(&candidate.request);
            let Some((value, primary)) = outcome.response.cache_control.clone() else { continue };
            let marked = |o: &Outcome| {
                o.handler.kind.is_upstream() && o.response.cache_control.as_ref().is_some_and(|(v, s)| *s == primary && lasts(v))
            };
            if !outcome.always(marked) || reported.contains(&primary) || caches::is_foreign(&candidate.request, &outcome) {
                continue;
            }
            reported.push(primary);
            let value = if value.known().is_some() { value.prefix().to_owned() } else { format!("{}…", value.prefix()) };
            let request = candidate.request.describe();
            let replaced = cx.sources.text(primary).starts_with("expires");
            let message = format!("the answer to {request} gets Cache-Control: {value}, so that browsers and proxies keep it");
            let mut found = finding(ID, site, candidate.route, primary, message, candidate.request)
                .help("set it only in locations of files that are the same for everybody")
                .confidence(Confidence::Medium)
                .related(outcome.served_by.span, "the request is served here");
            let hidden = outcome.response.hidden.iter().any(|(name, _)| name.eq_ignore_ascii_case("cache-control"));
            if !replaced && !hidden {
                found = found.severity(Severity::Warning);
            }
            cx.report(found);
            break;
        }
    }
}

/// Whether a block says that answers may be kept.
fn marks_cacheable(server: &Server, route: RouteId) -> bool {
    let expires = server.effective(route, Name::Expires).is_some_and(|d| {
        let time = d.arg(d.arg_count().saturating_sub(1));
        time != "off" && time != "epoch" && !time.starts_with('-')
    });
    expires || server.effective_all(route, Name::AddHeader).any(|d| d.arg(0).eq_ignore_ascii_case("cache-control"))
}

/// Whether a Cache-Control lets others keep the answer for a time.
fn lasts(value: &Value) -> bool {
    match value {
        Value::Known(text) => lasting(text),
        // A time of the day: how long it is until then is not known, but it is some time.
        Value::Unknown { prefix, .. } => lasting(&format!("{prefix}1")),
    }
}

/// Whether a Cache-Control as text lets others keep the answer for a time.
pub(super) fn lasting(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let refused = ["no-store", "no-cache", "private"].iter().any(|word| text.contains(word));
    let age = |name: &str| text.split([',', ' ']).find_map(|part| part.trim().strip_prefix(name)).is_some_and(|n| n != "0");
    !refused && (age("max-age=") || age("s-maxage="))
}

/// Seconds as nginx writes them.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        s if s % 86_400 == 0 => format!("{}d", s / 86_400),
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
