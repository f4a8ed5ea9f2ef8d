//! `wrong-forwarded-host`: the application sees the name of the upstream in place of the visitor's.

mod apache;
pub(super) mod edge;

use super::Cx;
use super::basic_gate::pattern_of;
use super::support::{finding, is_asset, may_set_more, names_login, own_application, reaching, routes_with};
use crate::finding::{Confidence, Finding, Severity};
use crate::model::from::nginx::Server;
use crate::model::{HandlerKind, HeaderFate, Outcome, PathKind, Site, Traits};
use crate::settings::Profile;

pub(super) use apache::check as check_apache;

/// The id.
pub(super) const ID: &str = "wrong-forwarded-host";

const KINDS: &[PathKind] = &[PathKind::Login, PathKind::Callback, PathKind::Account, PathKind::Admin];

/// Other header fields that tell an application the host.
const TELL_HOST: &[&str] = &["forwarded", "x-forwarded-server", "x-host", "x-original-host", "x-real-host"];

/// Asks for each proxied route which host the application sees. One finding for a server.
pub(super) fn check(site: &Server, cx: &mut Cx) {
    let public = site.hosts().iter().any(|h| is_public(h));
    let strict = cx.settings.profile >= Profile::Strict;
    if !public && !strict {
        return;
    }
    let login = cx.paths.of_any(&[PathKind::Login, PathKind::Callback]);
    let mut first: Option<Finding> = None;
    for (id, route) in routes_with(site, Traits::UPSTREAM).filter(|(_, route)| !route.traits.has(Traits::SETS_HOST)) {
        let known = *route.serves & login;
        // Programs that sign in at an interface are not sent anywhere.
        let pages = || cx.paths.entries(&known).any(|known| !known.path.starts_with("/api/"));
        let named = || site.route_block(id).and_then(|block| pattern_of(&block)).is_some_and(|(_, pattern)| names_login(&pattern));
        let takes_logins = public && (route.traits.has(Traits::INTERNAL) || !known.is_empty());
        let signs_in = takes_logins && (route.traits.has(Traits::INTERNAL) || pages() || named());
        if !takes_logins && !strict {
            continue;
        }
        let Some(request) = reaching(site, id, route, cx.paths, KINDS) else { continue };
        if is_asset(&request.path) {
            continue;
        }
        let request = request.past_gates();
        let outcome = site.resolve(&request);
        if !outcome.always(|o| o.served_by.span == route.span && host_is_lost(o)) {
            continue;
        }
        let Some(primary) = outcome.handler.span.filter(|_| !may_set_more(site, cx.sources, id)) else { continue };
        if let Some(found) = &mut first {
            *found = found.clone().related(primary, "the same here");
            if signs_in {
                *found = found.clone().severity(Severity::Warning);
            }
            continue;
        }
        let host = outcome.upstream.as_ref().and_then(|u| u.host.value.known()).and_then(|v| v.known());
        let sees = host.map_or("the name of the upstream".to_owned(), |h| format!("Host: {h}"));
        let message = format!("{} for {} reaches the application with {sees}", request.describe(), request.host);
        let mut found = finding(ID, site, id, primary, message, request)
            .help("add proxy_set_header Host $host beside the other proxy_set_header lines")
            .confidence(Confidence::Medium);
        if !signs_in {
            found = found.severity(Severity::Info);
        }
        first = Some(found);
    }
    if let Some(found) = first {
        cx.report(found);
    }
}

/// Whether a name is one that visitors use.
fn is_public(host: &str) -> bool {
    let private = [".local", ".localhost", ".internal", ".lan", ".localdomain"];
    // An address with a dot in it ends in a digit.
    let is_address = || host.ends_with(|last: char| last.is_ascii_digit()) && host.parse::<std::net::IpAddr>().is_ok();
    host.contains('.') && !is_address() && !private.iter().any(|p| host.ends_with(p))
}

/// Whether the application of one's own sees nginx's default Host and no other header with the visitor's.
fn host_is_lost(outcome: &Outcome) -> bool {
    let Some(upstream) = &outcome.upstream else { return false };
    let told = |name: &str| name.eq_ignore_ascii_case("host") || TELL_HOST.iter().any(|t| t.eq_ignore_ascii_case(name));
    outcome.handler.kind == HandlerKind::Proxy
        && own_application(outcome)
        && upstream.forwarded_host.value.is(&HeaderFate::Absent)
        && !upstream.sent.iter().any(|s| told(&s.name))
        && !upstream.lost.iter().any(|l| told(&l.name))
}
