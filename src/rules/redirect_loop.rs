//! `redirect-loop`: a browser that follows the redirects comes back to where it was.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::Cx;
use super::support::{finding, routes_with};
use crate::finding::{Confidence, Finding};
use crate::model::{Known, Outcome, Request, Scheme, Site, Traits};
use crate::source::Span;

/// The id.
pub(super) const ID: &str = "redirect-loop";

/// Browsers give up after about twenty; configurations need few.
const HOPS: usize = 6;

/// How proxies say that the visitor came over TLS.
const SAY_HTTPS: &[(&str, &str)] = &[
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Protocol", "https"),
    ("X-Forwarded-Scheme", "https"),
    ("X-Forwarded-Ssl", "on"),
    ("X-Forwarded-Port", "443"),
    ("X-Scheme", "https"),
    ("X-Url-Scheme", "https"),
    ("Front-End-Https", "on"),
    ("CloudFront-Forwarded-Proto", "https"),
    ("CF-Visitor", "{\"scheme\":\"https\"}"),
];

/// Sites by their literal names.
type ByHost<'s> = HashMap<&'s str, Vec<&'s dyn Site>, FixedState>;

/// One redirect of a chain.
struct Hop {
    request: Request,
    by: Span,
    /// Whether the server adds the slash by itself: no directive says so.
    by_itself: bool,
    context: String,
}

/// Follows the redirects of each site, from site to site.
pub(super) fn check(sites: &[&dyn Site], cx: &mut Cx) {
    let redirects = |site: &&&dyn Site| routes_with(**site, Traits::REWRITES).next().is_some();
    if !sites.iter().any(|site| redirects(&site)) {
        return;
    }
    let mut by_host = ByHost::with_capacity_and_hasher(sites.len(), FixedState::default());
    for site in sites {
        for host in site.hosts() {
            by_host.entry(host).or_default().push(*site);
        }
        if site.hosts().is_empty() {
            for host in site.redirected_hosts() {
                by_host.entry(host).or_default().push(*site);
            }
        }
    }
    let mut reported: HashSet<Span> = HashSet::new();
    for site in sites.iter().filter(redirects) {
        for start in starts(*site) {
            // A name that two servers claim tells nothing.
            let Some(first) = serving(&by_host, &start) else { continue };
            if let Some(found) = follow(first, start, &by_host).filter(|f| reported.insert(f.primary)) {
                cx.report(found);
            }
        }
        if let Some(found) = forced_https(*site, &by_host).filter(|f| reported.insert(f.primary)) {
            cx.report(found);
        }
    }
}

/// How many locations without redirects are asked for what the server around them redirects.
const SLASHES: usize = 8;

/// The requests worth following: one for each route that redirects, for each of the first names where it is for all of them; and
/// where redirects stand before all locations, the applications behind a path with a slash: nginx adds the slash where it is missing.
fn starts(site: &dyn Site) -> Vec<Request> {
    let mut starts = Vec::new();
    for (id, route) in routes_with(site, Traits::REWRITES) {
        let Some(request) = site.landmark(id).or_else(|| (id == 0).then(|| site.request("/some/page"))) else { continue };
        if route.traits.has(Traits::INTERNAL) {
            continue;
        }
        let named = site.hosts().first().is_none_or(|first| !request.host.is_empty() && *first != request.host);
        if id != 0 && named {
            starts.push(request);
            continue;
        }
        let hosts = if id == 0 { 4 } else { 1 };
        starts.extend(site.hosts().iter().take(hosts).map(|host| Request { host: host.to_string(), ..request.clone() }));
    }
    if site.routes().first().is_some_and(|first| first.traits.has(Traits::REWRITES)) {
        let upstream = routes_with(site, Traits::UPSTREAM).filter(|(_, route)| !route.traits.has(Traits::INTERNAL));
        let with_slash = upstream.filter_map(|(id, _)| site.landmark(id)).filter(|l| l.path.len() > 1 && l.path.ends_with('/'));
        starts.extend(with_slash.take(SLASHES));
    }
    starts
}

fn follow(first: &dyn Site, start: Request, by_host: &ByHost) -> Option<Finding> {
    let mut hops: Vec<Hop> = Vec::new();
    let (mut site, mut request) = (first, start);
    let mut certain = true;
    for _ in 0..HOPS {
        let outcome = site.resolve(&request.clone().past_gates());
        let (target, by) = redirect(&outcome)?;
        let by_itself = outcome.handler.span.is_none();
        certain &= outcome.unknown.is_empty();
        hops.push(Hop { context: context_of(site, &outcome), by, by_itself, request: request.clone() });
        let next = next_request(&request, &target)?;
        if let Some(from) = hops.iter().position(|h| same_place(&h.request, &next)) {
            let cycle = hops.get(from..)?;
            return Some(report(site, cycle, certain));
        }
        site = serving(by_host, &next)?;
        request = next;
    }
    None
}

/// The target of a redirect that happens whatever the files leave open, and the directive, or the location for which the server
/// adds a slash by itself. A redirect that sets a cookie may be one that the cookie ends.
fn redirect(outcome: &Outcome) -> Option<(String, Span)> {
    let target = outcome.location.as_ref()?.known()?.to_owned();
    let by = outcome.handler.span.unwrap_or(outcome.served_by.span);
    let same = |o: &Outcome| {
        matches!(o.status, Known::Is(Some(301 | 302 | 303 | 307 | 308)))
            && o.location.as_ref().and_then(|l| l.known()) == Some(target.as_str())
            && !o.response.added.iter().any(|a| a.name.eq_ignore_ascii_case("set-cookie"))
    };
    outcome.always(same).then_some((target, by))
}

fn next_request(from: &Request, target: &str) -> Option<Request> {
    let target = target.split('#').next().unwrap_or_default();
    if target.starts_with('/') && !target.starts_with("//") {
        let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q.to_owned())));
        return Some(Request { path: path.to_owned(), query, ..from.clone() });
    }
    let (scheme, rest) = match target.split_once("://") {
        Some(("http", rest)) => (Scheme::Http, rest),
        Some(("https", rest)) => (Scheme::Https, rest),
        _ => return None,
    };
    let split = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(split);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, scheme.default_port()),
    };
    let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q.to_owned())));
    let path = if path.is_empty() { "/" } else { path };
    Some(Request { scheme, port, path: path.to_owned(), host: host.to_ascii_lowercase(), query, ..from.clone() })
}

fn same_place(a: &Request, b: &Request) -> bool {
    a.scheme == b.scheme && a.port == b.port && a.host == b.host && a.path == b.path && a.query == b.query
}

/// The one site that certainly takes a request.
fn serving<'s>(by_host: &ByHost<'s>, request: &Request) -> Option<&'s dyn Site> {
    let named = by_host.get(request.host.as_str())?;
    let mut fitting = named.iter().filter(|site| site.takes(request.scheme, request.port));
    let found = fitting.next()?;
    fitting.next().is_none().then_some(*found)
}

fn context_of(site: &dyn Site, outcome: &Outcome) -> String {
    let route = site.routes().iter().position(|r| r.span == outcome.served_by.span);
    site.context(route.unwrap_or_default() as u32)
}

fn report(site: &dyn Site, cycle: &[Hop], certain: bool) -> Finding {
    let first = cycle.iter().min_by_key(|h| (h.by_itself, h.by.file.0, h.by.start));
    let (by, request, context) = first.map_or_else(
        || (site.place().span, site.request("/"), String::new()),
        |h| (h.by, h.request.clone(), h.context.clone()),
    );
    // A rule for any host is shown with none.
    let address = |request: &Request| match request.host.as_str() {
        "" => request.target(),
        host => format!("{}://{host}{}", request.scheme.as_str(), request.target()),
    };
    let what = format!("{} {}", request.method, address(&request));
    let message = if cycle.len() == 1 {
        format!("{what} is redirected to itself")
    } else {
        format!("{what} is redirected in a circle of {}", cycle.len())
    };
    let mut found = Finding::new(ID, by, message).witness(request).help("let one of the redirects go, or exempt the address it leads to");
    found.context = context;
    for hop in cycle.iter().filter(|h| h.by != by) {
        found = found.related(hop.by, format!("{} is redirected here", address(&hop.request)));
    }
    if certain { found } else { found.confidence(Confidence::Medium) }
}

/// A plain site with content that redirects every plain request to https, with nobody to answer there: reached only through a proxy
/// that ends TLS, and then never.
fn forced_https(site: &dyn Site, by_host: &ByHost) -> Option<Finding> {
    if site.is_tls() {
        return None;
    }
    let host = site.hosts().first()?;
    if by_host.get(host.as_ref())?.iter().any(|s| s.is_tls()) {
        return None;
    }
    let before_all = site.routes().first()?.traits.has(Traits::REWRITES);
    let (id, route, request, by) = site.routes().iter().enumerate().find_map(|(id, route)| {
        // Its own redirect, or the one of the server before it, leaves nothing to do for the application of this block.
        let own = route.traits.has(Traits::REWRITES) && id != 0;
        if !route.traits.has(Traits::UPSTREAM) || route.traits.has(Traits::INTERNAL) || !(own || before_all) {
            return None;
        }
        let request = SAY_HTTPS.iter().fold(site.landmark(id as u32)?.past_gates(), |r, (name, value)| r.header(name, value));
        let outcome = site.resolve(&request);
        let (target, by) = redirect(&outcome)?;
        let again = next_request(&request, &target)?;
        let itself = again.scheme == Scheme::Https && again.host == request.host && again.path == request.path;
        // Over TLS something would be served here: it is the scheme that sends the request away.
        let secure = Request { scheme: Scheme::Https, port: 443, ..request.clone() };
        let itself = itself && site.resolve(&secure).possibly(|o| o.upstream.is_some());
        (itself && (own || outcome.served_by.span != route.span)).then_some((id, route, request, by))
    })?;
    let message = format!(
        "GET https://{host}{} that a proxy in front passes on as plain HTTP is redirected to itself: the scheme here is always http",
        request.target()
    );
    let found = finding(ID, site, id as u32, by, message, request)
        .help("ask for X-Forwarded-Proto in place of the scheme ($http_x_forwarded_proto, %{HTTP:X-Forwarded-Proto})")
        .related(route.span, "no request reaches this")
        .confidence(if site.is_whole() { Confidence::Medium } else { Confidence::Low });
    Some(found)
}
