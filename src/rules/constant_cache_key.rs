//! `constant-cache-key`: requests for different things share one copy.

use super::Cx;
use super::caches::{self, CacheNames};
use super::support::finding;
use crate::finding::{Applicability, Confidence, Edit};
use crate::model::from::nginx::Server;
use crate::model::{Request, RouteId, Site};
use crate::project::nginx::Directive;
use crate::source::{SourceMap, Span};
use crate::syntax::nginx::Name;

/// The id.
pub(super) const ID: &str = "constant-cache-key";

/// Variables that are the same for all URLs of a site.
const SITE: &[&str] = &["scheme", "https", "server_port", "server_addr", "hostname", "request_method", "server_protocol"];

/// Variables that tell sites apart.
const HOST: &[&str] = &["host", "http_host", "server_name", "proxy_host", "http_x_forwarded_host"];

/// Variables that a front controller makes the same for all pages.
const SCRIPT: &[&str] = &["uri", "document_uri", "fastcgi_script_name", "request_filename"];

/// Variables that tell URLs apart.
const URL: &[&str] = &["request_uri", "request", "args", "query_string", "is_args"];

/// How many other uses of a zone are looked at.
const MOST: usize = 100;

/// Looks at the key of each cache.
pub(super) fn check(server: &Server, cx: &mut Cx) {
    let site: &dyn Site = server;
    let mut reported: Vec<Span> = Vec::new();
    for (id, _) in (0..).zip(site.routes()).filter(|(_, r)| caches::caches(r)) {
        let Some((names, pass, cache)) = caches::cache_of(server, id) else { continue };
        if reported.contains(&cache.span()) {
            continue;
        }
        let key = server.effective(id, names.key);
        let fault = match key {
            None if names.default_key.is_none() && shows_zone(server, names, cache, cx) => {
                Some(format!("this cache has no key ({} is not set)", key_name(names)))
            }
            None => None,
            Some(key) if key.has_hole() || has_capture(&key.arg(0)) => None,
            Some(key) => fault(server, id, names, (pass, cache, key), cx),
        };
        let Some(fault) = fault else { continue };
        reported.push(cache.span());
        report(site, id, (cache, key), key_name(names), &fault, cx);
    }
}

/// Whether the place where the zone is made is in view: a key for it stands there or below. A file of one site alone shows neither.
fn shows_zone(server: &Server, names: &CacheNames, cache: Directive, cx: &Cx) -> bool {
    let config = server.config();
    let zone = format!("keys_zone={}:", cache.arg(0));
    !config.incomplete && config.all(cx.sources, names.path).any(|d| d.args().any(|a| a.starts_with(&zone)))
}

/// Adds what is missing to the key, inside of its quotes: the host in front, the URL behind.
fn completed(key: &Directive, missing: &'static str, sources: &SourceMap) -> Edit {
    let span = key.arg_span(0);
    let quote = u32::from(sources.text(span).starts_with(['"', '\'']));
    let at = if missing == HOST_VARIABLE { span.start + quote } else { span.end - quote };
    Edit::insert(span.file, at, missing)
}

/// Tells sites apart.
const HOST_VARIABLE: &str = "$host";

fn report(site: &dyn Site, id: RouteId, (cache, key): (Directive, Option<Directive>), key_name: &str, fault: &str, cx: &mut Cx) {
    let request = site.landmark(id).unwrap_or_else(|| site.request("/some/page"));
    let message = format!("{} gets the copy made for another request: {fault}", request.describe());
    let mut found = finding(ID, site, id, cache.span(), message, request)
        .help("use a key with host and URL: $scheme$request_method$host$request_uri");
    let (title, edit) = if let Some(key) = key {
        let missing = if fault.contains("host") { HOST_VARIABLE } else { "$request_uri" };
        found = found.related(key.span(), "the key");
        (format!("add {missing} to the key"), completed(&key, missing, cx.sources))
    } else {
        let line = format!("{key_name} $scheme$request_method$host$request_uri;");
        ("give it a key with host and URL".to_owned(), Edit::insert_before(cx.sources, cache.span(), &[&line]))
    };
    found = found.fix(Applicability::Unsafe, title, vec![edit]);
    if fault.contains("host") {
        found = found.confidence(Confidence::Medium);
    }
    cx.report(found);
}

fn fault(
    server: &Server,
    id: RouteId,
    names: &CacheNames,
    (pass, cache, key): (Directive, Directive, Directive),
    cx: &Cx,
) -> Option<String> {
    let variables = caches::variables(server, &key.arg(0));
    let all_in = |lists: &[&[&str]]| variables.iter().all(|v| lists.iter().any(|l| l.contains(&v.as_str())));
    let has = |list: &[&str]| variables.iter().any(|v| list.contains(&v.as_str()));
    let block = server.route_block(id)?;
    let one_url = block.name() == Name::Location && block.arg(0) == "=" || block.arg(0).starts_with('=');
    if all_in(&[SITE, HOST]) {
        let verdict = server.effective(id, Name::Internal).is_some() || pass.arg(0).contains('$');
        return (!one_url && !verdict).then(|| "the key is the same for all URLs".to_owned());
    }
    if has(SCRIPT) && all_in(&[SITE, HOST, SCRIPT]) && is_front_controlled(server, id) {
        return Some("the key is the script, which is the same for all pages".to_owned());
    }
    if !all_in(&[SITE, SCRIPT, URL]) {
        return None;
    }
    if serves_any_host(server) && sees_host(server, id, names) {
        return Some("the key does not hold the host, and this server has many".to_owned());
    }
    let other = other_site(server, id, names, (pass, cache, key), cx)?;
    Some(format!("the key does not hold the host, and server {other} uses the same zone"))
}

/// Whether pages reach this block as one script: a path without a file of its own ends here.
fn is_front_controlled(server: &Server, id: RouteId) -> bool {
    let Some(route) = server.routes().get(id as usize) else { return false };
    let mut request: Request = server.request("/some/page");
    request.assume.file_exists = Some(false);
    let outcome = server.resolve(&request.past_gates());
    let named = server.route_block(id).is_some_and(|b| b.arg(0).starts_with('@'));
    let moved = |o: &crate::model::Outcome| {
        o.served_by.span == route.span
            && o.handler.kind.is_upstream()
            && o.steps.iter().any(|s| s.what.starts_with("try_files falls back to /"))
    };
    !named && outcome.always(moved)
}

/// Whether this server answers to a wildcard or a regex.
fn serves_any_host(server: &Server) -> bool {
    let block = server.route_block(0);
    let names = block.into_iter().flat_map(|b| b.children().collect::<Vec<_>>()).filter(|d| d.name() == Name::ServerName);
    names.flat_map(|d| d.args().map(|a| a.starts_with("*.") || a.starts_with('~')).collect::<Vec<_>>()).any(|wild| wild)
}

/// Whether the application gets the host that the visitor asked for.
fn sees_host(server: &Server, id: RouteId, names: &CacheNames) -> bool {
    if names.pass != Name::ProxyPass {
        return true;
    }
    let mut headers = server.effective_all(id, Name::ProxySetHeader);
    headers.any(|d| d.arg(0).eq_ignore_ascii_case("host") && matches!(d.arg(1).as_ref(), "$host" | "$http_host"))
}

/// The name of another site that keeps other things in the same zone under the same key.
fn other_site(
    server: &Server,
    id: RouteId,
    names: &CacheNames,
    (pass, cache, key): (Directive, Directive, Directive),
    cx: &Cx,
) -> Option<String> {
    let own = server.hosts().first().map(|h| bare(h).to_owned())?;
    let mut uses = server.config().all(cx.sources, names.cache).filter(|d| d.arg(0) == cache.arg(0)).take(MOST);
    uses.find_map(|other| {
        let blocks: Vec<Directive> = std::iter::once(other).chain(other.ancestors()).collect();
        let block = blocks.iter().find(|b| b.name() == Name::Server)?;
        let name = child(block, Name::ServerName)?.arg(0).to_ascii_lowercase();
        // A key outside of all blocks holds for all of them.
        let outer = key.parent().is_none().then_some(key);
        let other_key = blocks.iter().find_map(|b| child(b, names.key)).or(outer)?;
        let other_pass = child(blocks.get(1)?, names.pass)?;
        let differs = other_pass.arg(0) != pass.arg(0) || sees_host(server, id, names);
        (name.contains('.') && bare(&name) != own && other_key.arg(0) == key.arg(0) && differs).then_some(name)
    })
}

fn child<'a>(of: &Directive<'a>, name: Name) -> Option<Directive<'a>> {
    of.children().find(|d| d.name() == name)
}

fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// Whether a text uses a group of the last regex.
fn has_capture(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| matches!(pair, [b'$', b'0'..=b'9']))
}

fn key_name(names: &CacheNames) -> &'static str {
    match names.pass {
        Name::FastcgiPass => "fastcgi_cache_key",
        Name::UwsgiPass => "uwsgi_cache_key",
        Name::ScgiPass => "scgi_cache_key",
        _ => "proxy_cache_key",
    }
}
