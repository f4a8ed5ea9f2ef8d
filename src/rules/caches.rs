//! What the rules on caches share: requests worth following, cookies of a signed-in visitor, and what cannot be personal.

use std::cell::RefCell;

use super::support::{is_asset, request_for};
use crate::model::from::nginx::Server;
use crate::model::{Cache, HeaderFate, Outcome, PathKind, Paths, Request, Route, RouteId, Site, Stores, Traits, WellKnown};
use crate::project::nginx::Directive;
use crate::source::SourceMap;
use crate::syntax::nginx::Name;

/// A request that may end at a cache, and the route it starts at.
pub(super) struct Candidate<'p> {
    /// The route.
    pub(super) route: RouteId,
    /// What the path is known for; `None` for one made up from the location's pattern.
    pub(super) known: Option<&'p WellKnown>,
    /// The request of an anonymous visitor.
    pub(super) request: Request,
}

/// How many well-known paths of a route are tried.
const MOST: usize = 12;

/// Cookies under which common products keep a session.
const SESSIONS: &[&str] = &[
    "session",
    "sessionid",
    "session_id",
    "sid",
    "PHPSESSID",
    "JSESSIONID",
    "connect.sid",
    "laravel_session",
    "_session",
    "_session_id",
    "ci_session",
    "ASP.NET_SessionId",
    ".ASPXAUTH",
    ".AspNetCore.Cookies",
    "SESS0a1b2c3d",
    "SSESS0a1b2c3d",
    "wordpress_logged_in_0a1b",
    "wordpress_sec_0a1b",
    "wp-postpass_0a1b",
    "comment_author_0a1b",
    "wp_woocommerce_session_0a1b",
    "woocommerce_items_in_cart",
    "woocommerce_cart_hash",
    "joomla_user_state",
    "frontend",
    "X-Magento-Vary",
    "xf_user",
    "_gitlab_session",
    "grafana_session",
    "auth",
    "auth_token",
    "access_token",
    "token",
    "jwt",
    "user",
    "user_id",
    "uid",
    "username",
    "login",
    "logged_in",
    "is_logged_in",
    "loggedin",
    "remember",
    "remember_me",
    "remember_token",
    "authenticated",
];

/// Words of cookies that say how a page looks or that it shall be fresh, not who asks.
const NO_SESSIONS: &[&str] = &[
    "cache", "bypass", "refresh", "purge", "debug", "lang", "locale", "theme", "device", "mobile", "consent", "currency",
    "country",
];

/// Whether a response that this route makes may come from a cache.
pub(super) fn caches(route: &Route) -> bool {
    route.traits.has(Traits::CACHE) && route.traits.has(Traits::UPSTREAM)
}

/// The routes where a request may start that ends at a route of the wanted kind: those routes themselves, and those without an
/// application of their own (`try_files`).
pub(super) fn starts(site: &dyn Site, wanted: impl Fn(&Route) -> bool) -> Vec<(RouteId, &Route)> {
    if !site.routes().iter().any(&wanted) {
        return Vec::new();
    }
    let outside = |route: &Route| !route.traits.has(Traits::INTERNAL);
    let numbered = site.routes().iter().enumerate().map(|(i, route)| (i as RouteId, route));
    numbered.filter(|(_, r)| outside(r) && (wanted(r) || !r.traits.has(Traits::UPSTREAM) && !r.serves.is_empty())).collect()
}

/// Requests for well-known paths of these kinds that a route serves: of each product the first of each kind, in the order of `kinds`.
pub(super) fn candidates<'p>(
    site: &dyn Site,
    (id, route): (RouteId, &Route),
    paths: &'p Paths,
    kinds: &[PathKind],
) -> Vec<Candidate<'p>> {
    let mut found: Vec<Candidate> = Vec::new();
    for kind in kinds {
        let served: Vec<&WellKnown> = (*route.serves & paths.of(*kind)).iter().filter_map(|i| paths.list.get(i)).collect();
        let first = found.len();
        let common = |known: &WellKnown| matches!(known.product.as_str(), "generic" | WellKnown::USERS);
        let usual = served.iter().filter(|k| common(k)).chain(served.iter().filter(|k| !common(k))).copied();
        for known in usual {
            let page = *kind == PathKind::Login && known.product == WellKnown::USERS;
            if known.method != "GET" && *kind != PathKind::Token && !page || is_asset(&known.path) {
                continue;
            }
            let has = |of: &[Candidate], same: &dyn Fn(&WellKnown) -> bool| of.iter().any(|c| c.known.is_some_and(same));
            let again = has(&found, &|k| k.path == known.path);
            if again || has(found.get(first..).unwrap_or_default(), &|k| k.product == known.product) {
                continue;
            }
            let mut request = request_for(site, known).past_gates();
            if page {
                "GET".clone_into(&mut request.method);
            }
            found.push(Candidate { route: id, known: Some(known), request });
            if found.len() == MOST {
                return found;
            }
        }
    }
    found
}

/// Requests for the scripts among the well-known paths of these kinds that a route serves, those of no special product first: where a
/// host has no front controller, they are all that reaches an application.
pub(super) fn scripts<'p>(
    site: &dyn Site,
    (id, route): (RouteId, &Route),
    paths: &'p Paths,
    kinds: &[PathKind],
) -> impl Iterator<Item = Candidate<'p>> {
    let known = paths.ranked(&(*route.serves & paths.of_any(kinds))).into_iter();
    let scripts = known.filter(|k| k.file && k.path.rsplit_once('.').is_some_and(|(_, ending)| ending == "php")).take(2);
    scripts.map(move |known| Candidate { route: id, known: Some(known), request: request_for(site, known).past_gates() })
}

/// A POST to the first path of this kind that is asked in no other way.
pub(super) fn posted<'p>(
    site: &dyn Site,
    (id, route): (RouteId, &Route),
    paths: &'p Paths,
    kind: PathKind,
) -> Option<Candidate<'p>> {
    let known = (*route.serves & paths.of(kind)).iter().filter_map(|i| paths.list.get(i)).find(|k| k.method == "POST")?;
    Some(Candidate { route: id, known: Some(known), request: request_for(site, known).past_gates() })
}

/// A request made up for a route that caches, if it does not look like one for an asset.
pub(super) fn made_up(site: &dyn Site, (id, route): (RouteId, &Route)) -> Option<Candidate<'static>> {
    if !caches(route) {
        return None;
    }
    let mut request = site.landmark(id)?.past_gates();
    let script = request.path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    request.assume.file_exists = Some(script);
    (!looks_static(&request.path)).then_some(Candidate { route: id, known: None, request })
}

/// Whether a path looks like one of files that are the same for everybody.
pub(super) fn looks_static(path: &str) -> bool {
    is_asset(path) || path.split('/').any(is_folder_of_files)
}

/// Whether a folder, or a part of a name, is called as those are called that hold files which are the same for everybody.
pub(super) fn is_folder_of_files(name: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "static",
        "assets",
        "asset",
        "img",
        "imgs",
        "image",
        "images",
        "media",
        "css",
        "js",
        "fonts",
        "font",
        "files",
        "file",
        "uploads",
        "upload",
        "downloads",
        "download",
        "thumb",
        "thumbs",
        "thumbnails",
        "avatar",
        "avatars",
        "tiles",
        "video",
        "videos",
        "dist",
        "public",
        "icons",
        "pub",
        "cdn",
        "resources",
        "feed",
        "rss",
        "sitemap",
        "packages",
        "repo",
        "mirror",
        "debian",
        "ubuntu",
    ];
    let name = name.trim_start_matches('_');
    FOLDERS.iter().any(|folder| folder.eq_ignore_ascii_case(name))
}

/// Whether a host serves files that are the same for everybody, as far as its name tells.
pub(super) fn is_asset_host(host: &str) -> bool {
    let first = host.split('.').next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit());
    first.split('/').any(is_folder_of_files) || matches!(first, "registry" | "npm" | "pypi" | "apt" | "dl" | "s")
}

/// Whether the upstream is another public site under its own name (a mirror, a bucket), not the application of this host.
pub(super) fn is_foreign(request: &Request, outcome: &Outcome) -> bool {
    let host = outcome.upstream.as_ref().and_then(|u| u.host.value.known()).and_then(|h| h.known());
    let Some(host) = host.map(|h| h.split(':').next().unwrap_or_default()) else { return false };
    let domain = |host: &str| host.rsplit('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    let ending = host.rsplit('.').next().unwrap_or_default();
    let private =
        matches!(ending, "local" | "internal" | "lan" | "localhost" | "svc" | "test" | "example" | "invalid" | "corp" | "home");
    let is_name = host.contains('.') && !ending.is_empty() && ending.chars().all(|c| c.is_ascii_alphabetic());
    is_name && !private && host != request.host && domain(host) != domain(&request.host)
}

/// A Cookie header as a signed-in visitor of this server would send it: the names that products use, and those that the conditions
/// of this server ask for.
pub(super) fn session(server: &Server, sources: &SourceMap) -> String {
    let mut names: Vec<String> = SESSIONS.iter().map(|n| (*n).to_owned()).collect();
    let mut add = |text: &str| {
        let tokens = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')));
        for token in tokens.map(|t| t.trim_matches('.')).filter(|t| t.len() > 2 && *t != "http_cookie" && *t != "default") {
            let token = token.strip_prefix("cookie_").unwrap_or(token);
            let lower = token.to_ascii_lowercase();
            if !NO_SESSIONS.iter().any(|word| lower.contains(word)) && !names.iter().any(|n| n == token) {
                names.push(token.to_owned());
                names.push(format!("{token}1"));
            }
        }
    };
    let mut asked: Vec<String> = Vec::new();
    for (index, route) in server.routes().iter().enumerate() {
        let id = index as RouteId;
        if caches(route) {
            for name in CONDITIONS {
                for arg in
                    server.effective_all(id, *name).flat_map(|d| d.args().map(std::borrow::Cow::into_owned).collect::<Vec<_>>())
                {
                    asked.extend(variables(server, &arg));
                }
            }
        }
        for condition in server.route_block(id).into_iter().flat_map(|b| b.children().collect::<Vec<_>>()) {
            if condition.name() == Name::If && condition.args().any(|a| a.contains("cookie_") || a.contains("http_cookie")) {
                condition.args().for_each(|a| add(&a));
            }
        }
    }
    asked.iter().filter(|v| v.starts_with("cookie_")).for_each(|v| add(v));
    for map in server.config().all(sources, Name::Map).filter(|m| m.arg(0).contains("http_cookie")) {
        map.children().for_each(|entry| add(&entry.name_text()));
    }
    names.iter().map(|n| format!("{n}=1")).collect::<Vec<_>>().join("; ")
}

const CONDITIONS: &[Name] = &[
    Name::ProxyNoCache,
    Name::ProxyCacheBypass,
    Name::FastcgiNoCache,
    Name::FastcgiCacheBypass,
    Name::UwsgiNoCache,
    Name::UwsgiCacheBypass,
    Name::ScgiNoCache,
    Name::ScgiCacheBypass,
];

/// Whether a 200 is certainly stored: by the configuration alone, or if the origin marks it.
pub(super) fn stored(outcome: &Outcome) -> Option<Stores> {
    let is = |stores: Stores| outcome.always(|o| o.handler.kind.is_upstream() && o.cache.stores.value.is(&stores));
    [Stores::Yes, Stores::Origin].into_iter().find(|s| is(*s))
}

/// Whether the request is certainly answered from the store if a copy is there.
pub(super) fn from_store(outcome: &Outcome) -> bool {
    outcome.always(|o| o.cache.answers_from_store.value.is(&true))
}

/// Whether the request certainly goes past the store although there is a cache.
pub(super) fn past_store(outcome: &Outcome) -> bool {
    outcome.always(|o| o.cache.key.is_some() && o.cache.answers_from_store.value.is(&false))
}

/// Whether a condition or a time of zero keeps the response to this request out of the cache.
pub(super) fn kept_out(outcome: &Outcome) -> bool {
    outcome.always(|o| o.cache.key.is_some() && o.cache.stores.value.is(&Stores::No) && o.cache.stores.because.len() > 1)
}

/// Whether each credential has its own copy.
pub(super) fn keyed(cache: &Cache) -> bool {
    cache.key_has_authorization == Some(true) || cache.key_has_cookie
}

/// Whether the credentials of this request arrive at the upstream.
pub(super) fn credentials_arrive(outcome: &Outcome) -> bool {
    outcome.always(|o| {
        o.upstream.as_ref().is_some_and(|u| u.authorization.value.is(&HeaderFate::Kept) || u.cookie.value.is(&HeaderFate::Kept))
    })
}

/// The directives of a protocol that make up a cache.
pub(super) struct CacheNames {
    /// `proxy_pass`
    pub(super) pass: Name,
    /// `proxy_cache`
    pub(super) cache: Name,
    /// `proxy_cache_key`
    pub(super) key: Name,
    /// `proxy_cache_path`
    pub(super) path: Name,
    /// `proxy_cache_valid`
    pub(super) valid: Name,
    /// `proxy_no_cache`
    pub(super) no_cache: Name,
    /// The key where none is written.
    pub(super) default_key: Option<&'static str>,
}

const PROTOCOLS: &[CacheNames] = &[
    CacheNames {
        pass: Name::ProxyPass,
        cache: Name::ProxyCache,
        key: Name::ProxyCacheKey,
        path: Name::ProxyCachePath,
        valid: Name::ProxyCacheValid,
        no_cache: Name::ProxyNoCache,
        default_key: Some("$scheme$proxy_host$request_uri"),
    },
    CacheNames {
        pass: Name::FastcgiPass,
        cache: Name::FastcgiCache,
        key: Name::FastcgiCacheKey,
        path: Name::FastcgiCachePath,
        valid: Name::FastcgiCacheValid,
        no_cache: Name::FastcgiNoCache,
        default_key: None,
    },
    CacheNames {
        pass: Name::UwsgiPass,
        cache: Name::UwsgiCache,
        key: Name::UwsgiCacheKey,
        path: Name::UwsgiCachePath,
        valid: Name::UwsgiCacheValid,
        no_cache: Name::UwsgiNoCache,
        default_key: None,
    },
    CacheNames {
        pass: Name::ScgiPass,
        cache: Name::ScgiCache,
        key: Name::ScgiCacheKey,
        path: Name::ScgiCachePath,
        valid: Name::ScgiCacheValid,
        no_cache: Name::ScgiNoCache,
        default_key: None,
    },
];

/// The handler of a route's block with a cache in force: its directives, the handler, the directive that switches the cache on.
pub(super) fn cache_of<'a>(server: &Server<'a>, route: RouteId) -> Option<(&'static CacheNames, Directive<'a>, Directive<'a>)> {
    let (names, pass) = PROTOCOLS.iter().find_map(|p| Some((p, server.effective(route, p.pass)?)))?;
    let cache = server.effective(route, names.cache).filter(|c| c.arg(0) != "off" && !c.arg(0).contains('$') && !c.has_hole())?;
    Some((names, pass, cache))
}

/// Whether `*_cache_valid` lines are in force where a request is served.
pub(super) fn names_statuses(server: &Server, outcome: &Outcome) -> bool {
    let route = (0..).zip(server.routes()).find(|(_, r)| r.span == outcome.served_by.span);
    route.is_some_and(|(id, _)| PROTOCOLS.iter().any(|p| server.effective(id, p.valid).is_some()))
}

/// The variables that a text depends on, in lower case, also those behind `map` and `set`.
pub(super) fn variables(server: &Server, text: &str) -> Vec<String> {
    let found = RefCell::new(Vec::new());
    server.depends_on(text, &|name| {
        found.borrow_mut().push(name.to_owned());
        false
    });
    found.into_inner()
}
