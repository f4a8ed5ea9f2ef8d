//! `cached-session-cookie`: a stored answer is replayed with its Set-Cookie.

mod apache;
pub(super) mod edge;

use super::Cx;
use super::caches;
use super::support::finding;
use crate::finding::{Confidence, Severity};
use crate::model::from::nginx::Server;
use crate::model::{Outcome, PathKind, Site, Stores};
use crate::source::Span;
use crate::syntax::nginx::Name;

pub(super) use apache::check as check_apache;

/// The id.
pub(super) const ID: &str = "cached-session-cookie";

const KINDS: &[PathKind] = &[PathKind::Login, PathKind::FrontController, PathKind::Account, PathKind::Api];

/// How many paths of a location are tried.
const MOST: usize = 4;

/// Cookies that only a signed-in visitor of WordPress has. To others it sends none.
const WORDPRESS: &str = "wordpress_logged_in_0a1b=1";

const IGNORED: &[Name] =
    &[Name::ProxyIgnoreHeaders, Name::FastcgiIgnoreHeaders, Name::UwsgiIgnoreHeaders, Name::ScgiIgnoreHeaders];

/// Asks for a page where Set-Cookie is no reason not to store.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let site: &dyn Site = server;
    if !IGNORED.iter().any(|name| server.config().all(cx.sources, *name).next().is_some()) {
        return;
    }
    if site.hosts().first().is_some_and(|host| caches::is_asset_host(host)) {
        return;
    }
    let mut reported: Vec<Span> = Vec::new();
    for start in caches::starts(site, caches::caches) {
        let mut candidates = caches::candidates(site, start, cx.paths, KINDS);
        candidates.retain(|c| c.request.method == "GET");
        candidates.truncate(MOST);
        candidates.extend(caches::made_up(site, start));
        for candidate in candidates {
            let outcome = site.resolve(&candidate.request);
            let Some(primary) = outcome.cache.stores.because.first().copied() else { continue };
            if reported.contains(&primary) || !outcome.always(replays) || caches::is_foreign(&candidate.request, &outcome) {
                continue;
            }
            let Some(stores) = caches::stored(&outcome) else { continue };
            let known_visitor = site.resolve(&candidate.request.clone().header("Cookie", WORDPRESS));
            if caches::kept_out(&known_visitor) && caches::past_store(&known_visitor) {
                break;
            }
            reported.push(primary);
            let request = candidate.request.describe();
            let message = format!("a cookie set by the answer to {request} is stored with it and set again for every visitor");
            let mut found = finding(ID, site, candidate.route, primary, message, candidate.request)
                .help("do not ignore Set-Cookie, or hide it as well (*_hide_header Set-Cookie) where no visitor needs it")
                .related(outcome.served_by.span, "the request is served here");
            let route = (0..).zip(site.routes()).find(|(_, r)| r.span == outcome.served_by.span);
            if let Some((route, _)) = route {
                let ignoring = IGNORED.iter().flat_map(|name| server.effective_all(route, *name));
                let ignoring = ignoring.filter(|d| d.args().any(|a| a.eq_ignore_ascii_case("set-cookie")));
                for directive in ignoring.take(1) {
                    found = found.related(directive.span(), "Set-Cookie is ignored here");
                }
            }
            if stores == Stores::Origin {
                found = found.severity(Severity::Warning).confidence(Confidence::Medium);
            }
            cx.report(found);
        }
    }
}

/// Whether the stored copy has its cookies and gives them to the client.
fn replays(outcome: &Outcome) -> bool {
    outcome.cache.stores_set_cookie && !outcome.response.hidden.iter().any(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
}
