//! Kong: declarative files (`_format_version`), and objects of Kubernetes. A plugin holds for its route, its service or everything; of
//! two of one name the nearer one counts. What plugins do is from their reference: `hide_credentials` clears Authorization, `proxy-cache` keeps what its
//! `response_code` lists and looks at Cache-Control and Authorization only with `cache_control: true`.

mod objects;

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::pattern::Pattern;
use super::read::{application, asks_more, dropped, gate, hosts_of, set_to, status, texts};
use super::says::{Behaviour, Caching, Cookie, Keeps, Limit, Says};
use crate::discover::edge::Dialect;
use crate::model::{Combine, Fact, Gate, GateKind, Place, Stores};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// Seconds that `proxy-cache` keeps answers (`cache_ttl`).
const CACHE_TTL: u64 = 300;

/// What `proxy-cache` keeps (`content_type`).
const CONTENT_TYPES: &[&str] = &["text/plain", "application/json"];

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    let (objects, declared): (Vec<Yaml>, Vec<Yaml>) = documents.iter().partition(|document| document.get("kind").is_some());
    declared.into_iter().filter_map(declarative).chain(objects::lower(&objects)).collect()
}

/// A plugin where it is set up.
#[derive(Clone, Copy)]
struct Plugin<'a> {
    name: &'a str,
    /// The entry that names it.
    head: Span,
    config: Option<Yaml<'a>>,
    enabled: bool,
}

impl<'a> Plugin<'a> {
    /// A plugin of a declarative file.
    fn declared(node: Yaml<'a>) -> Self {
        Self {
            name: node.get("name").and_then(Yaml::as_str).unwrap_or_default(),
            head: node.entry("name").map_or(node.span(), |name| name.head()),
            config: node.get("config"),
            enabled: node.get("enabled").and_then(Yaml::as_bool) != Some(false),
        }
    }

    fn option(&self, key: &str) -> Option<Entry<'a>> {
        self.config?.entry(key)
    }
}

fn declarative(document: Yaml) -> Option<Draft> {
    let span = document.entry("_format_version").map_or(document.span(), |version| version.head());
    let default = Behaviour::not_found(span, "no route");
    let everywhere = plugins(document);
    let mut behaviours = Vec::new();
    let mut tls = true;
    let mut add = |route: Yaml, service: Option<Yaml>, plugins: &[Plugin]| {
        // Without a list a route is for both.
        let protocols = texts(route.get("protocols"));
        tls &= !protocols.is_empty() && !protocols.iter().any(|protocol| protocol == "http");
        behaviours.push(behaviour(route, service, plugins));
    };
    for service in document.get("services").into_iter().flat_map(Yaml::items) {
        let of_service = nearer(&plugins(service), &everywhere);
        for route in service.get("routes").into_iter().flat_map(Yaml::items) {
            add(route, Some(service), &nearer(&plugins(route), &of_service));
        }
    }
    for route in document.get("routes").into_iter().flat_map(Yaml::items) {
        add(route, None, &nearer(&plugins(route), &everywhere));
    }
    behaviours.sort_by_key(|behaviour| std::cmp::Reverse(behaviour.when.length()));
    let hosts = hosts_of(&behaviours);
    let place = Place { span, text: "kong".to_owned() };
    (!behaviours.is_empty()).then_some(Draft {
        dialect: Dialect::Kong,
        place,
        hosts,
        order: Order::Alone,
        default,
        behaviours,
        tls,
    })
}

fn behaviour(route: Yaml, service: Option<Yaml>, plugins: &[Plugin]) -> Behaviour {
    let paths = texts(route.get("paths")).into_iter().map(|path| match path.strip_prefix('~') {
        Some(regex) => Pattern::regex(&format!("^{regex}")),
        None if path == "/" => Pattern::Any,
        None => Pattern::Prefix(path),
    });
    let hosts = texts(route.get("hosts")).into_iter().map(|host| host.to_ascii_lowercase());
    let when = Condition::of_hosts(hosts)
        .and(Condition::of_paths(paths))
        .and(Condition::of_methods(texts(route.get("methods"))))
        .and(asks_more(Some(route), &["headers", "snis", "sources", "destinations"]));
    let name = route.get("name").and_then(Yaml::as_str).unwrap_or("without name");
    let head = route.entries().first().map_or(route.span(), Entry::head);
    let text = |key: &str| service.and_then(|service| service.get(key)).and_then(Yaml::as_str);
    let mut says = Says {
        origin: Some(application(text("url").or_else(|| text("host")).or_else(|| text("name")), head)),
        ..Says::default()
    };
    run(plugins, &mut says);
    Behaviour { says: Box::new(says), ..Behaviour::new(head, format!("route {name}"), when) }
}

fn plugins(node: Yaml<'_>) -> Vec<Plugin<'_>> {
    node.get("plugins").into_iter().flat_map(Yaml::items).map(Plugin::declared).collect()
}

/// Plugins of a place, with those from outside that it has not itself.
fn nearer<'a>(own: &[Plugin<'a>], outer: &[Plugin<'a>]) -> Vec<Plugin<'a>> {
    let others = outer.iter().filter(|plugin| own.iter().all(|mine| mine.name != plugin.name));
    own.iter().chain(others).copied().collect()
}

/// What plugins do to the requests of one route.
fn run(plugins: &[Plugin], says: &mut Says) {
    let mut plugins: Vec<&Plugin> = plugins.iter().filter(|plugin| plugin.enabled).collect();
    // Gates come before transformations: Kong runs plugins by their own priority.
    plugins.sort_by_key(|plugin| plugin.name.ends_with("transformer"));
    for plugin in plugins {
        apply(plugin, says);
    }
    if !says.gates.is_empty()
        && let Some(caching) = &mut says.caching
    {
        // The consumer is a part of the key.
        caching.by_authorization = Some(true);
    }
}

fn apply(plugin: &Plugin, says: &mut Says) {
    let head = plugin.head;
    let option = |key: &str| plugin.option(key);
    match plugin.name {
        name @ ("basic-auth" | "ldap-auth" | "key-auth" | "jwt" | "oauth2" | "hmac-auth" | "openid-connect") => {
            let kind = match name {
                "basic-auth" | "ldap-auth" => GateKind::Basic,
                "jwt" | "oauth2" | "openid-connect" => GateKind::Jwt,
                _ => GateKind::Condition,
            };
            let mut asked = gate(kind, head);
            if option("anonymous").is_some_and(|anonymous| !anonymous.value.is_null()) {
                asked.combine = Combine::Any;
            }
            says.gates.push(asked);
            says.cookies.extend(session(plugin, "session_cookie_").filter(|_| name == "openid-connect"));
            let hidden = option("hide_credentials").filter(|hide| hide.value.as_bool() == Some(true));
            if let Some(hide) = hidden.filter(|_| name != "key-auth" && name != "jwt") {
                says.authorization = Some(dropped(hide.head()));
            }
        }
        "request-transformer" | "request-transformer-advanced" => transform(plugin, says),
        "response-transformer" | "response-transformer-advanced" => {
            let edits = ["add", "append", "replace"].iter().filter_map(|key| plugin.option(key)?.value.get("headers"));
            for item in edits.flat_map(Yaml::items) {
                let Some((name, value)) = item.as_str().and_then(|text| text.split_once(':')) else { continue };
                says.response_field(name.trim(), value.trim(), item.span());
            }
        }
        "session" => says.cookies.extend(session(plugin, "cookie_")),
        "proxy-cache" | "proxy-cache-advanced" => says.caching = Some(caching(plugin, says)),
        "ip-restriction" => says.gates.push(addresses(plugin, head)),
        "rate-limiting" => {
            let per = [("second", 60.0), ("minute", 1.0), ("hour", 1.0 / 60.0), ("day", 1.0 / 1440.0)];
            let limits = per.iter().filter_map(|(key, factor)| Some((option(key)?, factor)));
            says.limit = limits
                .filter_map(|(entry, factor)| Some((entry.value.as_number()?, *factor, entry.head())))
                .min_by(|a, b| (a.0 * a.1).total_cmp(&(b.0 * b.1)))
                .map(|(requests, factor, span)| Limit {
                    per_minute: requests * factor,
                    burst: requests,
                    status: option("error_code").and_then(|code| status(code.value)).unwrap_or(429),
                    span,
                });
        }
        _ => {}
    }
}

/// The check of `ip-restriction`: with a list of addresses that are let in (`allow`; `whitelist` before Kong 2.1) all others are not.
fn addresses(plugin: &Plugin, head: Span) -> Gate {
    let listed = ["allow", "whitelist"].iter().find_map(|key| plugin.option(key)).filter(|list| list.value.is_sequence());
    let networks: Vec<&str> = listed.iter().flat_map(|list| list.value.items()).filter_map(Yaml::as_str).collect();
    let source = listed.filter(|_| !networks.is_empty()).map(|list| Fact::is(networks.join(","), [list.head()]));
    Gate { source, ..gate(GateKind::Address, head) }
}

/// The cookie of a session that a plugin keeps, if the file says that it is set without Secure, or says a domain or path.
fn session(plugin: &Plugin, prefix: &str) -> Option<Cookie> {
    let option = |key: &str| plugin.option(&format!("{prefix}{key}"));
    let text = |key: &str| option(key)?.value.as_str();
    let secure = option("secure");
    let scope = option("domain").or_else(|| option("path"));
    let insecure = secure.as_ref().is_some_and(|secure| secure.value.as_bool() == Some(false));
    let span = secure.as_ref().filter(|_| insecure).or(scope.as_ref())?.head();
    let site = text("same_site").or_else(|| text("samesite"));
    let attributes = [("Domain", text("domain")), ("Path", text("path")), ("SameSite", site)];
    Some(Cookie::described(text("name").unwrap_or("session"), !insecure, &attributes, span))
}

fn transform(plugin: &Plugin, says: &mut Says) {
    let edit = |key: &str| plugin.option(key).and_then(|edit| edit.value.get("headers"));
    if let Some(headers) = edit("remove") {
        let span = plugin.option("remove").map_or(headers.span(), |remove| remove.head());
        for name in texts(Some(headers)) {
            says.request_field(&name, dropped(span));
        }
    }
    for headers in ["replace", "add"].iter().filter_map(|key| edit(key)) {
        for item in headers.items() {
            let Some((name, value)) = item.as_str().and_then(|text| text.split_once(':')) else { continue };
            says.request_field(name.trim(), set_to(value.trim(), item.span()));
        }
    }
}

fn caching(plugin: &Plugin, says: &mut Says) -> Caching {
    let option = |key: &str| plugin.option(key);
    let ttl = option("cache_ttl").and_then(|ttl| ttl.value.as_str()?.trim().parse().ok()).unwrap_or(CACHE_TTL);
    let heeds = option("cache_control").is_some_and(|heeds| heeds.value.as_bool() == Some(true));
    let vary = option("vary_headers");
    let varies = |name: &str| vary.as_ref().is_some_and(|vary| super::read::names(vary.value, name));
    let types = option("content_type")
        .map_or_else(|| CONTENT_TYPES.iter().map(|t| (*t).to_owned()).collect(), |types| texts(Some(types.value)));
    if let Some(codes) = option("response_code") {
        let kept = codes.value.items().any(|code| status(code) == Some(401));
        says.keeps_401 = Some(Fact::is(if kept { Stores::Yes } else { Stores::No }, [codes.head()]));
    }
    Caching {
        keeps: if heeds { Keeps::Unless(ttl) } else { Keeps::Always(ttl) },
        because: vec![plugin.head],
        key: "consumer, route, method, address and vary_headers".to_owned(),
        // With cache_control, requests with Authorization are not kept.
        by_authorization: Some(heeds || varies("authorization")),
        by_cookie: varies("cookie"),
        with_set_cookie: false,
        pages: types.iter().any(|kind| kind.starts_with("text/html") || kind == "*/*"),
    }
}
