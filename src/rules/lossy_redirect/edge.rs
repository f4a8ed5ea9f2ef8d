//! The same for CDNs and gateways.

use super::{ID, KINDS, Redirect, message, target};
use crate::model::from::edge::EdgeSite;
use crate::model::{HandlerKind, Known, Outcome, Request, Site, Traits};
use crate::rules::Cx;
use crate::rules::support::{finding, known_paths, request_for, routes_with};
use crate::source::Span;

/// Follows requests of programs where an entry redirects.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for (id, route) in routes_with(site, Traits::REWRITES) {
        let mut known = known_paths(route, cx.paths, KINDS);
        known.sort_by_key(|known| known.method != "POST");
        for request in known.into_iter().take(2).map(|known| request_for(site, known)) {
            let Some(redirect) = redirect(site, &request).filter(|redirect| !reported.contains(&redirect.at)) else { continue };
            reported.push(redirect.at);
            let help = "pass the request on to what is behind the other address, or give programs the final one";
            cx.report(finding(ID, site, id, redirect.at, message(&request, &redirect), request).help(help));
        }
    }
}

fn redirect(site: &EdgeSite, request: &Request) -> Option<Redirect> {
    let redirects = |o: &Outcome| o.handler.kind == HandlerKind::Redirect;
    let outcome = site.resolve(&request.clone().header("Authorization", "Bearer token-of-the-client").past_gates());
    let Known::Is(Some(status)) = outcome.status else { return None };
    let at = outcome.handler.span.filter(|_| outcome.always(redirects))?;
    // A redirect of the home page as well is one of the whole site: nothing is asked here but by mistake.
    let home = site.resolve(&Request { path: "/".to_owned(), method: "GET".to_owned(), ..request.clone() });
    if home.possibly(redirects) {
        return None;
    }
    let (host, scheme) = target(outcome.location.as_ref()?, request)?;
    let other = host != request.host && !request.host.is_empty();
    if !other && scheme != request.scheme {
        return None;
    }
    let loses_body = request.method == "POST" && matches!(status, 301..=303);
    // Where the name of this site is not written out, the body is lost all the same.
    if request.host.is_empty() && !host.is_empty() {
        return loses_body.then_some(Redirect { at, status, host: None, loses_body });
    }
    (other || loses_body && host == request.host).then_some(Redirect { at, status, host: other.then_some(host), loses_body })
}
