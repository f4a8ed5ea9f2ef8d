//! The same for Apache: `ServerName` and `ServerAlias`.

use super::{ID, Names, Pair, goes_to_application, target};
use crate::finding::{Confidence, Severity};
use crate::model::from::apache::Host;
use crate::model::{HandlerKind, Outcome, PathKind, Request, RouteId, Site, Traits};
use crate::project::apache::Directive;
use crate::rules::Cx;
use crate::rules::support::{finding, first_known, names_login, request_for, routes_with};
use crate::syntax::apache::Name;

/// Looks for pairs of names that no redirect joins.
pub(in crate::rules) fn check(hosts: &[Host], cx: &mut Cx) {
    let names = Names::of(hosts);
    for Pair { with, www, without, apex } in names.pairs(hosts) {
        if !asks_host(with) && !asks_host(without) {
            pair(with, www, without, apex, cx);
        }
    }
}

/// Whether a rule depends on the name: it may be the redirect, also where the files do not tell all of it.
fn asks_host(host: &Host) -> bool {
    let names = |text: &str| ["HTTP_HOST", "SERVER_NAME", "HTTP:Host"].iter().any(|v| text.contains(v));
    let ids = 0..host.routes().len().min(64) as RouteId;
    host.config().incomplete
        || ids.into_iter().any(|id| host.effective_all(id, Name::RewriteCond).iter().any(|c| names(&c.arg(0))))
        || [Name::If, Name::ElseIf].iter().any(|n| {
            let found = host.config().by_name.get(*n as usize).into_iter().flatten();
            found.map(|id| host.directive_of(*id)).any(|d| names(&d.raw_args()))
        })
}

fn pair(with: &Host, www: &str, without: &Host, apex: &str, cx: &mut Cx) {
    let Some((id, request)) = login(with, www, cx) else { return };
    let mut other = without.request(&request.path).method(&request.method).past_gates();
    apex.clone_into(&mut other.host);
    other.assume.file_exists = request.assume.file_exists;
    let (here, there) = (with.resolve(&request), without.resolve(&other));
    if !here.always(goes_to_application) || !there.always(goes_to_application) || target(&here) != target(&there) {
        return;
    }
    let (Some(primary), Some(second)) = (named(with, www), named(without, apex)) else { return };
    let message = format!("{} is answered for {www} and for {apex}: who signs in at one is a stranger at the other", request.describe());
    let mut found = finding(ID, with, id, primary.span(), message, request)
        .help("serve one name and redirect the other to it with `Redirect permanent / https://…/` in a virtual host of its own");
    if !std::ptr::addr_eq(with, without) {
        found = found.related(second.span(), "the other name is served here");
    }
    // An application of which the files tell nothing may redirect by itself, or have no login; PHP applications mostly do.
    let proxied = here.always(|o: &Outcome| o.handler.kind == HandlerKind::Proxy);
    found = if proxied && (shows_login(with) || shows_login(without)) {
        found.confidence(Confidence::Medium)
    } else {
        found.confidence(Confidence::Low).severity(Severity::Info)
    };
    cx.report(found);
}

/// A request to sign in, and the route that takes it. Cookies that are given a domain are left alone.
fn login(host: &Host, name: &str, cx: &Cx) -> Option<(RouteId, Request)> {
    let requests = routes_with(host, Traits::UPSTREAM).filter_map(|(id, route)| {
        let known = [PathKind::Login, PathKind::Account].into_iter().find_map(|kind| first_known(route, cx.paths, &[kind]))?;
        if host.effective(id, Name::ProxyPassReverseCookieDomain).is_some() || route.traits.has(Traits::COOKIES) {
            return None;
        }
        let request = request_for(host, known).past_gates();
        Some((id, Request { host: name.to_owned(), ..request }))
    });
    requests.take(4).find(|(_, request)| host.resolve(request).always(goes_to_application))
}

/// Whether a section or what is proxied names a login.
fn shows_login(host: &Host) -> bool {
    (0..host.routes().len().min(64) as RouteId).any(|id| {
        names_login(host.context(id).split(" > ").nth(1).unwrap_or_default())
            || host.effective_all(id, Name::ProxyPass).iter().any(|d| d.arg(0).starts_with('/') && names_login(&d.arg(0)))
    })
}

/// The directive that has a name.
fn named<'a>(host: &Host<'a>, name: &str) -> Option<Directive<'a>> {
    let own = host.effective_all(0, Name::ServerAlias).into_iter().chain(host.effective_all(0, Name::ServerName));
    let written = |a: &str| {
        let rest = a.split_once("://").map_or(a, |(_, rest)| rest);
        rest.split(':').next().is_some_and(|host| host.eq_ignore_ascii_case(name))
    };
    own.into_iter().find(|d| d.args().any(|a| written(&a)))
}
