//! What the rules on proxied applications share about Apache: requests that are handed over to one by HTTP.

use super::Cx;
use super::apache_headers::uses;
use super::support::{is_asset, own_application, typical_request};
use crate::model::from::apache::Host;
use crate::model::{HandlerKind, Outcome, PathKind, Request, RouteId, Site, Traits};
use crate::project::apache::Directive;
use crate::syntax::apache::Name;

/// How many routes of one host are looked at, and how many prefixes of each.
const MAX_ROUTES: usize = 32;
const MAX_PREFIXES: usize = 8;

/// What hands requests over.
const PASSES: [Name; 4] = [Name::ProxyPass, Name::ProxyPassMatch, Name::RewriteRule, Name::SetHandler];

/// A request that an application of one's own gets by HTTP.
pub(super) struct Proxied {
    /// The route it starts at.
    pub(super) route: RouteId,
    /// The request, past all gates.
    pub(super) request: Request,
    /// What becomes of it.
    pub(super) outcome: Outcome,
}

/// Whether a directive names an application that is reached by plain HTTP.
fn speaks_http(directive: &Directive) -> bool {
    directive.args().any(|a| a.contains("http://") || a.contains("balancer://"))
}

/// The requests of a host that go to applications of one's own by HTTP: of each route a well-known path of the first of `kinds`, and one
/// for each prefix of `ProxyPass`.
pub(super) fn proxied(host: &Host, cx: &Cx, kinds: &[PathKind]) -> Vec<Proxied> {
    let mut found: Vec<Proxied> = Vec::new();
    if !PASSES.iter().any(|name| uses(host, *name)) {
        return found;
    }
    let routes = (0..).zip(host.routes()).filter(|(_, r)| r.traits.has(Traits::UPSTREAM)).take(MAX_ROUTES);
    for (id, route) in routes {
        let passes: Vec<Directive> = PASSES.iter().flat_map(|name| host.effective_all(id, *name)).collect();
        if !passes.iter().any(speaks_http) {
            continue;
        }
        let prefix = |pass: &Directive| {
            let prefix = pass.arg(0).into_owned();
            let plain = pass.name() == Name::ProxyPass && prefix.starts_with('/') && prefix.len() > 1 && speaks_http(pass);
            plain.then(|| host.request(&format!("{}/", prefix.trim_end_matches('/'))))
        };
        let mut requests: Vec<Request> = typical_request(host, id, route, cx.paths, kinds).into_iter().collect();
        requests.extend(passes.iter().filter_map(prefix).take(MAX_PREFIXES));
        for request in requests.into_iter().map(Request::past_gates) {
            if is_asset(&request.path) || found.iter().any(|f| f.route == id && f.request == request) {
                continue;
            }
            let outcome = host.resolve(&request);
            if outcome.always(|o| o.handler.kind == HandlerKind::Proxy && own_application(o)) {
                found.push(Proxied { route: id, request, outcome });
            }
        }
    }
    found
}
