//! The same for gateways: cookies that they set or rewrite for a domain or path that their visitors do not have.

use super::{ID, fits, is_sent};
use crate::finding::Confidence;
use crate::model::from::edge::{Cookie, EdgeSite, Rescoped};
use crate::model::{RouteId, Site, Traits};
use crate::rules::Cx;
use crate::rules::support::{finding, routes_with};
use crate::source::Span;

/// Compares domain and path of cookies with the addresses that the site has.
pub(in crate::rules) fn check(site: &EdgeSite, cx: &mut Cx) {
    let mut reported: Vec<Span> = Vec::new();
    for (id, _) in routes_with(site, Traits::COOKIES) {
        let rescoped = site.rescoped(id).into_iter().filter_map(|rescoped| rewritten(site, id, &rescoped));
        let set = site.cookies(id).into_iter().filter_map(|cookie| given(site, &cookie));
        for (span, what, confidence) in rescoped.chain(set).collect::<Vec<_>>() {
            if reported.contains(&span) {
                continue;
            }
            reported.push(span);
            let witness = site.landmark(id).unwrap_or_else(|| site.request("/"));
            let message = format!("{} at {} comes without the cookie: {what}", witness.describe(), witness.host);
            let help = "use the domain and path under which visitors see the application, or leave them out";
            cx.report(finding(ID, site, id, span, message, witness).help(help).confidence(confidence));
        }
    }
}

/// What is wrong with a domain or path that takes the place of the application's.
fn rewritten(site: &EdgeSite, id: RouteId, rescoped: &Rescoped) -> Option<(Span, String, Confidence)> {
    let Rescoped { domain, from, to, span } = rescoped;
    if to.contains('$') {
        return None;
    }
    let to = to.split(';').next().unwrap_or_default().trim();
    if *domain {
        return refused(site, to).then(|| (*span, format!("browsers refuse one that is rewritten to the domain {to}"), Confidence::High));
    }
    // What a cookie for the whole application gets; other paths depend on the application.
    let own = site.landmark(id)?.path;
    let lost = from == "/" && to.starts_with('/') && !is_below(to, &own) && !sent_anywhere(site, to);
    lost.then(|| (*span, format!("it is rewritten to the path {to}"), Confidence::Medium))
}

/// What is wrong with a cookie that is set here.
fn given(site: &EdgeSite, cookie: &Cookie) -> Option<(Span, String, Confidence)> {
    let attribute = |wanted: &str| {
        cookie.text.split(';').skip(1).find_map(|attribute| {
            let (name, value) = attribute.split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    };
    if let Some(domain) = attribute("domain").filter(|domain| refused(site, domain)) {
        return Some((cookie.span, format!("browsers refuse one of the domain {domain}"), Confidence::High));
    }
    let path = attribute("path").filter(|path| path.starts_with('/') && !path.contains(['$', '{']))?;
    let lost = !sent_anywhere(site, path);
    lost.then(|| (cookie.span, format!("it is set for the path {path}"), Confidence::Medium))
}

/// Whether browsers at none of the site's names take a cookie of that domain; no if a name is not known.
fn refused(site: &EdgeSite, domain: &str) -> bool {
    let domain = domain.trim_start_matches('.').to_ascii_lowercase();
    let hosts = site.hosts();
    let open = |host: &str| host.contains(['*', '{', '$', '~']);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    domain.contains('.') && domain.chars().all(plain) && !hosts.is_empty() && !hosts.iter().any(|host| open(host) || fits(&domain, host))
}

/// Whether a cookie of that path is sent with a request for some address of the site.
fn sent_anywhere(site: &EdgeSite, path: &str) -> bool {
    (0..site.routes().len() as RouteId).any(|route| match site.landmark(route) {
        Some(request) => {
            let serves = site.resolve(&request.clone().past_gates()).possibly(|o| o.handler.kind.is_upstream());
            serves && (request.path == "/" || is_below(path, &request.path))
        }
        // Where nothing could be made up, anything may be served.
        None => route != 0,
    })
}

/// Whether a cookie of that path is sent with an address that was made up for an entry, or with one below it, as the entry has them
/// too. Entries may take any spelling.
fn is_below(path: &str, address: &str) -> bool {
    let (path, address) = (path.to_ascii_lowercase(), address.to_ascii_lowercase());
    let entry = address.strip_suffix('x').unwrap_or(&address);
    is_sent(&path, &address) || is_sent(&path, entry) || is_sent(entry, &path)
}
