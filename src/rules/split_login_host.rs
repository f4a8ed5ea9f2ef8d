//! `split-login-host`: the names with and without `www.` both serve the login.

mod apache;
pub(super) mod edge;

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Cx;
use super::support::{finding, first_known, names_login, request_for, routes_with, runs_wordpress};
use crate::finding::{Confidence, Severity};
use crate::model::from::nginx::Server;
use crate::model::{Outcome, PathKind, Request, Route, RouteId, Site, Traits};
use crate::project::nginx::Directive;
use crate::project::nginx::config::TOP;
use crate::syntax::nginx::Name;

pub(super) use apache::check as check_apache;

/// The id.
const ID: &str = "split-login-host";

/// Looks for pairs of names that no redirect joins.
pub(super) fn check(servers: &[Server], cx: &mut Cx) {
    let names = Names::of(servers);
    for Pair { with, www, without, apex } in names.pairs(servers) {
        pair(with, www, without, apex, cx);
    }
}

/// A site that answers for `www.` and one, perhaps the same, that answers for the name without.
struct Pair<'s, S> {
    with: &'s S,
    www: &'s str,
    without: &'s S,
    apex: &'s str,
}

/// Which site answers for a name.
struct Names<'s, S>(HashMap<&'s str, &'s S, FixedState>);

impl<'s, S: Site> Names<'s, S> {
    /// The names of sites; none where no pair is among them.
    fn of(sites: &'s [S]) -> Self {
        let mut names: HashMap<&str, &S, FixedState> = HashMap::default();
        if !sites.iter().any(|site| site.hosts().iter().any(|host| host.starts_with("www."))) {
            return Self(names);
        }
        names.reserve(sites.iter().map(|site| site.hosts().len()).sum());
        for site in sites {
            for host in site.hosts() {
                // Of several sites with one name, visitors sign in at the one with TLS.
                let known = names.entry(host).or_insert(site);
                if site.is_tls() && !known.is_tls() {
                    *known = site;
                }
            }
        }
        Self(names)
    }

    /// The pairs among these sites, in their order.
    fn pairs(&self, sites: &'s [S]) -> impl Iterator<Item = Pair<'s, S>> {
        sites.iter().flat_map(move |site| site.hosts().iter().filter_map(move |www| self.pair(site, www)))
    }

    /// The pair of a name that a site has, if it is the one that answers for it.
    fn pair(&self, site: &'s S, www: &'s str) -> Option<Pair<'s, S>> {
        let apex = www.strip_prefix("www.").filter(|apex| apex.contains('.') || *apex == "*")?;
        let (with, without) = (*self.0.get(www)?, *self.0.get(apex)?);
        std::ptr::eq(with, site).then_some(Pair { with, www, without, apex })
    }
}

fn pair(with: &Server, www: &str, without: &Server, apex: &str, cx: &mut Cx) {
    let Some(Login { route: id, request, named }) = login(with, www, cx) else { return };
    // Where nothing on the way can depend on the host, the route's own traits say that both names reach its application.
    if !(std::ptr::eq(with, without) && ignores_host(with, id)) {
        let mut other = without.request(&request.path).method(&request.method).past_gates();
        apex.clone_into(&mut other.host);
        other.assume.file_exists = request.assume.file_exists;
        let (here, there) = (with.resolve(&request), without.resolve(&other));
        if !here.always(goes_to_application) || !there.always(goes_to_application) || target(&here) != target(&there) {
            return;
        }
    }
    let (Some(primary), Some(second)) = (server_name(with, www, cx), server_name(without, apex, cx)) else { return };
    let message = format!("{} is answered for {www} and for {apex}: who signs in at one is a stranger at the other", request.describe());
    let mut found = finding(ID, with, id, primary.span(), message, request)
        .help("serve one name and redirect the other to it with `return 301 https://…$request_uri` in a server of its own");
    if !std::ptr::eq(with, without) {
        found = found.related(second.span(), "the other name is served here");
    }
    // A front controller or an application of which the files tell nothing may redirect by itself, or have no login.
    let shown = named || shows_login(with) || !std::ptr::eq(with, without) && shows_login(without);
    found = if shown {
        found.confidence(Confidence::Medium)
    } else {
        found.confidence(Confidence::Low).severity(Severity::Info)
    };
    cx.report(found);
}

/// A request to sign in.
struct Login {
    route: RouteId,
    request: Request,
    /// Whether the location is named for it.
    named: bool,
}

/// A request to sign in, and the route that takes it. Cookies that are given a domain are left alone.
fn login(server: &Server, host: &str, cx: &Cx) -> Option<Login> {
    let kinds = cx.paths.of_any(&[PathKind::Login, PathKind::Account]);
    let takes = |(id, route): &(RouteId, &Route)| {
        !route.traits.has(Traits::INTERNAL)
            && !(*route.serves & kinds).is_empty()
            && server.effective(*id, Name::ProxyCookieDomain).is_none_or(|d| d.arg(0) == "off")
    };
    let mut routes = routes_with(server, Traits::UPSTREAM).filter(takes).map(|found| (found, names_its_login(server, found.0)));
    // A location that is named for the login comes before one that takes it among other paths.
    let first = routes.next()?;
    let ((id, route), named) = if first.1 { first } else { routes.find(|(_, named)| *named).unwrap_or(first) };
    let of_kind = |kind| first_known(route, cx.paths, &[kind]);
    let known = of_kind(PathKind::Login).or_else(|| of_kind(PathKind::Account))?;
    let mut request = request_for(server, known).past_gates();
    host.clone_into(&mut request.host);
    Some(Login { route: id, request, named })
}

fn names_its_login(server: &Server, id: RouteId) -> bool {
    server.route_block(id).is_some_and(|b| b.name() == Name::Location && names_login(&b.arg(b.arg_count().saturating_sub(1))))
}

fn shows_login(server: &Server) -> bool {
    (0..server.routes().len()).any(|id| names_its_login(server, id as RouteId)) || runs_wordpress(server)
}

fn goes_to_application(outcome: &Outcome) -> bool {
    outcome.handler.kind.is_upstream()
}

/// Whether nothing on the way to a route's application can depend on the host of the request.
fn ignores_host(server: &Server, id: RouteId) -> bool {
    const PASSES: [Name; 5] = [Name::ProxyPass, Name::FastcgiPass, Name::UwsgiPass, Name::ScgiPass, Name::GrpcPass];
    let route = |id: RouteId| server.routes().get(id as usize);
    let plain = |id: RouteId| route(id).is_some_and(|r| !r.traits.has(Traits::REWRITES) && !r.traits.has(Traits::ERROR_PAGES));
    let constant = |name: &Name| server.effective(id, *name).is_none_or(|pass| !pass.arg(0).contains('$'));
    plain(0) && plain(id) && server.effective(id, Name::TryFiles).is_none() && PASSES.iter().all(constant)
}

/// Where a request is handed to; two names of one application have the same.
fn target(outcome: &Outcome) -> Option<String> {
    let one = outcome.runs.first().unwrap_or(outcome);
    one.handler.target.as_ref().map(|t| t.prefix().split('?').next().unwrap_or_default().to_owned())
}

/// The `server_name` that has a name.
fn server_name<'a>(server: &Server<'a>, host: &str, cx: &Cx<'a>) -> Option<Directive<'a>> {
    let config = server.config();
    let block = server.route_block(0).map_or(TOP, |block| block.id);
    let names = config.placed_children(block).filter(|(_, placed)| placed.name == Name::ServerName);
    names.map(|(id, _)| config.directive(cx.sources, id)).find(|d| d.args().any(|a| a.eq_ignore_ascii_case(host)))
}
