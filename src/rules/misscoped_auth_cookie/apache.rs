//! The same for Apache: `ProxyPassReverseCookiePath` and `ProxyPassReverseCookieDomain`.

use std::borrow::Cow;

use super::{ID, is_sent};
use crate::finding::Finding;
use crate::model::from::apache::Host;
use crate::model::{RouteId, Site, Traits};
use crate::project::apache::Directive;
use crate::rules::Cx;
use crate::rules::apache_headers::uses;
use crate::rules::support::{finding, routes_with};
use crate::source::Span;
use crate::syntax::apache::Name;

/// Compares what cookies are rewritten to with the addresses that are proxied and the names of the host.
pub(in crate::rules) fn check(host: &Host, cx: &mut Cx) {
    if !uses(host, Name::ProxyPassReverseCookiePath) && !uses(host, Name::ProxyPassReverseCookieDomain) {
        return;
    }
    let mut seen: Vec<Span> = Vec::new();
    for (id, _) in routes_with(host, Traits::COOKIES).take(64) {
        let paths = host.effective_all(id, Name::ProxyPassReverseCookiePath).into_iter().filter_map(|d| wrong_path(host, id, &d));
        let domains = host.effective_all(id, Name::ProxyPassReverseCookieDomain).into_iter().filter_map(|d| wrong_domain(host, id, &d));
        let found: Vec<Finding> = paths.chain(domains).collect();
        for finding in found {
            if !seen.contains(&finding.primary) {
                seen.push(finding.primary);
                cx.report(finding);
            }
        }
    }
}

/// The prefixes of URLs that the host proxies, with the paths they have at the application; `None` if some are not plain.
fn prefixes(host: &Host) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    for id in 0..host.routes().len().min(64) as RouteId {
        let rewrites = host.effective_all(id, Name::RewriteRule).iter().any(|r| r.raw_args().contains("://"));
        if rewrites || host.effective(id, Name::ProxyPassMatch).is_some() || host.effective(id, Name::SetHandler).is_some() {
            return None;
        }
        for pass in host.effective_all(id, Name::ProxyPass) {
            let section = pass.parent().filter(|p| p.name() != Name::VirtualHost);
            let (prefix, url) = match section {
                Some(section) => (section.arg(0).into_owned(), pass.arg(0)),
                None => (pass.arg(0).into_owned(), pass.arg(1)),
            };
            if !prefix.starts_with('/') || pass.is_unknown() || url.contains('$') || prefix.contains(['*', '(', '[']) {
                return None;
            }
            let Some((_, rest)) = url.split_once("://") else { continue };
            let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/").to_owned();
            found.push((prefix, path));
        }
    }
    (!found.is_empty()).then_some(found)
}

fn wrong_path(host: &Host, id: RouteId, directive: &Directive) -> Option<Finding> {
    let (from, to) = (directive.arg(0), directive.arg(1));
    if directive.is_unknown() || directive.arg_count() != 2 || to.contains('$') || !to.starts_with('/') {
        return None;
    }
    let prefixes = prefixes(host)?;
    // What a cookie of the application is rewritten from; a path that it cannot have is no fault of this rule.
    let matches = from == "/" || prefixes.iter().any(|(_, path)| path.starts_with(from.as_ref()));
    if !matches || prefixes.iter().any(|(prefix, _)| is_sent(&to, prefix)) {
        return None;
    }
    let prefix = prefixes.first().map(|(prefix, _)| prefix.as_str()).unwrap_or_default();
    let witness = host.request(&format!("{}/", prefix.trim_end_matches('/')));
    let message = format!("browsers do not send the application's cookie to {prefix}: it is rewritten to the path {to}");
    Some(finding(ID, host, id, directive.span(), message, witness).help("rewrite the path to the one that is proxied"))
}

fn wrong_domain(host: &Host, id: RouteId, directive: &Directive) -> Option<Finding> {
    let domain = directive.arg(1).trim_start_matches('.').to_ascii_lowercase();
    let names = host.hosts();
    let open = host.effective_all(0, Name::ServerAlias).iter().any(|d| d.is_unknown() || d.args().any(|a| a.contains(['*', '?'])));
    if directive.is_unknown() || directive.arg_count() != 2 || domain.contains('$') || names.is_empty() || open {
        return None;
    }
    let belongs = |name: &Cow<str>| *name == domain || name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'));
    if names.iter().any(belongs) {
        return None;
    }
    let witness = host.landmark(id).unwrap_or_else(|| host.request("/"));
    let message = format!("browsers at {} refuse the application's cookie: it is rewritten to the domain {domain}", witness.host);
    Some(finding(ID, host, id, directive.span(), message, witness).help("rewrite the domain to the name that visitors use"))
}
