//! The ingress controller of NGINX (F5): `VirtualServer` and Ingresses with the `Policy` objects of the same file.
//!
//! What policies do is from their reference ("Policy resources"): `basicAuth`, `jwt`, `cache` with `allowedCodes`, and of
//! `requestHeaders` `pass: false`, which forwards none of the client's fields.

mod ingress;

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::moves::Moves;
use super::pattern::Pattern;
use super::read::{application, dropped, gate, kind_head, object_name, same_path, set_to, status, texts};
use super::says::{Answer, Behaviour, Caching, Cookie, Keeps, Limit, OverTls, Says};
use crate::discover::edge::Dialect;
use crate::model::{Fact, GateKind, Place, Stores, Value};
use crate::project::edge::seconds;
use crate::syntax::yaml::{Entry, Yaml};

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    let is = |document: &&Yaml, kind: &str| document.get("kind").and_then(Yaml::as_str) == Some(kind);
    let policies: Vec<Yaml> = documents.iter().filter(|document| is(document, "Policy")).copied().collect();
    let servers = documents.iter().filter(|document| is(document, "VirtualServer") || is(document, "VirtualServerRoute"));
    let mut drafts: Vec<Draft> = servers.map(|server| virtual_server(*server, &policies)).collect();
    let ingresses: Vec<Yaml> = documents.iter().filter(|document| is(document, "Ingress")).copied().collect();
    drafts.extend(ingress::lower(&ingresses, &policies));
    drafts
}

fn virtual_server(document: Yaml, policies: &[Yaml]) -> Draft {
    let span = kind_head(document);
    let spec = document.get("spec");
    let get = |key: &str| spec.and_then(|spec| spec.get(key));
    let default = Behaviour::not_found(span, "no route");
    let mut whole = with_policies(get("policies"), policies, Says::default());
    if get("tls").and_then(|tls| tls.at_path(&["redirect", "enable"])).and_then(Yaml::as_bool) == Some(true) {
        whole.over_tls = Some(OverTls { status: 301, span });
    }
    let routes = ["routes", "subroutes"].iter().filter_map(|key| get(key)).flat_map(Yaml::items);
    let mut behaviours: Vec<Behaviour> =
        routes.map(|route| behaviour(route, spec.unwrap_or(document), policies, &whole)).collect();
    behaviours.sort_by_key(|behaviour| std::cmp::Reverse(behaviour.when.length()));
    Draft {
        dialect: Dialect::NginxIngress,
        place: Place { span, text: format!("virtual server {}", object_name(document)) },
        hosts: texts(get("host")).into_iter().map(|host| host.to_ascii_lowercase()).collect(),
        order: Order::Alone,
        default,
        behaviours,
        tls: get("tls").is_some(),
    }
}

fn behaviour(route: Yaml, server: Yaml, policies: &[Yaml], whole: &Says) -> Behaviour {
    let entry = route.entry("path");
    let text = entry.as_ref().and_then(|entry| entry.value.as_str()).unwrap_or("/");
    let pattern = match text.strip_prefix('~') {
        Some(regex) => Pattern::regex(&format!("(?i){}", regex.trim_start_matches('*').trim())),
        None if text == "/" => Pattern::Any,
        None => text
            .strip_prefix('=')
            .map_or_else(|| Pattern::Prefix(text.to_owned()), |exact| Pattern::Exact(exact.trim().to_owned())),
    };
    let head = entry.map_or(route.span(), |entry| entry.head());
    let mut behaviour = Behaviour::new(head, format!("route {text}"), Condition::Path(pattern));
    *behaviour.says = with_policies(route.get("policies"), policies, whole.clone());
    let says = &mut behaviour.says;
    let action = route.get("action");
    let proxied = action.and_then(|action| action.get("proxy"));
    let upstream = action.and_then(|action| action.get("pass")).or_else(|| proxied.and_then(|proxy| proxy.get("upstream")));
    says.origin = Some(application(upstream.and_then(Yaml::as_str), route.entry("action").map_or(head, |entry| entry.head())));
    if let Some(headers) = proxied.and_then(|proxy| proxy.get("requestHeaders")) {
        if let Some(pass) = headers.entry("pass").filter(|pass| pass.value.as_bool() == Some(false)) {
            says.authorization = Some(dropped(pass.head()));
            says.cookie = Some(dropped(pass.head()));
        }
        for set in headers.get("set").into_iter().flat_map(Yaml::items) {
            let name = set.get("name").and_then(Yaml::as_str).unwrap_or_default();
            let value = set.entry("value");
            let place = value.as_ref().map_or(set.span(), Entry::head);
            let text = value.and_then(|value| value.value.as_str()).unwrap_or_default();
            let own = format!("http_{}", name.to_ascii_lowercase().replace('-', "_"));
            if !text.contains(own.as_str()) {
                says.request_field(name, set_to(text, place));
            }
        }
    }
    for set in proxied.and_then(|proxy| proxy.at_path(&["responseHeaders", "add"])).into_iter().flat_map(Yaml::items) {
        let text = |key: &str| set.get(key).and_then(Yaml::as_str).unwrap_or_default();
        says.response_field(text("name"), text("value"), set.entry("value").map_or(set.span(), |value| value.head()));
    }
    says.cookies.extend(upstream.and_then(Yaml::as_str).and_then(|name| affinity(server, name)));
    if let Some(hide) = proxied.and_then(|proxy| proxy.at_path(&["responseHeaders", "hide"])) {
        says.response.hidden.extend(hide.items().filter_map(|name| Some((name.as_str()?.to_owned(), name.span()))));
    }
    if let Some(redirect) = action.and_then(|action| action.entry("redirect")) {
        let url = redirect.value.get("url").and_then(Yaml::as_str);
        let code = redirect.value.get("code").and_then(status).unwrap_or(301);
        let span = redirect.head();
        if let Some(to) = url.and_then(|url| same_path(url.strip_suffix("${request_uri}")?)) {
            says.moves = Some(Moves { status: code, to, span });
        } else {
            let location = url.filter(|url| !url.contains('$')).map(|url| Value::Known(url.to_owned()));
            says.answer = Some(Answer { status: code, location, span });
        }
    }
    behaviour
}

/// The cookie that binds a visitor to a server of an upstream (`sessionCookie`).
fn affinity(server: Yaml, name: &str) -> Option<Cookie> {
    let mut upstreams = server.get("upstreams").into_iter().flat_map(Yaml::items);
    let upstream = upstreams.find(|upstream| upstream.get("name").and_then(Yaml::as_str) == Some(name))?;
    let cookie = upstream.get("sessionCookie").filter(|cookie| cookie.get("enable").and_then(Yaml::as_bool) == Some(true))?;
    let text = |key: &str| cookie.get(key).and_then(Yaml::as_str);
    let site = cookie.entry("samesite")?;
    let secure = cookie.get("secure").and_then(Yaml::as_bool) == Some(true);
    let attributes = [("Domain", text("domain")), ("Path", text("path")), ("SameSite", site.value.as_str())];
    Some(Cookie::described(text("name").unwrap_or("srv"), secure, &attributes, site.head()).binding())
}

/// What the named policies add; those of another file may do anything.
fn with_policies(named: Option<Yaml>, policies: &[Yaml], says: Says) -> Says {
    with_named(named.into_iter().flat_map(Yaml::items).filter_map(|item| item.get("name")?.as_str()), policies, says)
}

/// The same for names that are at hand.
fn with_named<'n>(names: impl Iterator<Item = &'n str>, policies: &[Yaml], mut says: Says) -> Says {
    for name in names {
        match policies.iter().find(|policy| object_name(**policy) == name).and_then(|policy| policy.get("spec")) {
            Some(spec) => apply(spec, &mut says),
            None => says.unread = true,
        }
    }
    says
}

fn apply(spec: Yaml, says: &mut Says) {
    for (key, kind) in [
        ("basicAuth", GateKind::Basic),
        ("jwt", GateKind::Jwt),
        ("oidc", GateKind::Form),
        ("apiKey", GateKind::Condition),
        ("externalAuth", GateKind::Subrequest),
        ("accessControl", GateKind::Address),
    ] {
        if let Some(entry) = spec.entry(key) {
            let mut asked = gate(kind, entry.key.span());
            asked.realm = entry.value.get("realm").and_then(Yaml::as_str).map(|realm| Value::Known(realm.to_owned()));
            says.gates.push(asked);
        }
    }
    if let Some(limit) = spec.entry("rateLimit") {
        let number = |key: &str| limit.value.get(key).and_then(Yaml::as_number);
        let rate = limit.value.get("rate").and_then(Yaml::as_str).and_then(rate);
        let refused = limit.value.get("rejectCode").and_then(status).unwrap_or(503);
        if let Some(per_minute) = rate {
            says.limit = Some(Limit { per_minute, burst: number("burst").unwrap_or(0.0), status: refused, span: limit.head() });
        }
    }
    if let Some(cache) = spec.entry("cache") {
        let time = cache.value.get("time").and_then(Yaml::as_str).and_then(seconds);
        let overrides = cache.value.get("overrideUpstreamCache").and_then(Yaml::as_bool) == Some(true);
        let keeps = match time {
            Some(time) if overrides => Keeps::Always(time),
            Some(time) => Keeps::Unless(time),
            None => Keeps::AsTold,
        };
        let key = cache.value.get("cacheKey").and_then(Yaml::as_str).unwrap_or("$scheme$proxy_host$request_uri");
        if let Some(codes) = cache.value.entry("allowedCodes").filter(|_| time.is_some()) {
            let kept = codes.value.items().filter_map(Yaml::as_str).any(|code| code == "any" || code == "401");
            says.keeps_401 = Some(Fact::is(if kept { Stores::Yes } else { Stores::No }, [codes.head()]));
        }
        says.caching = Some(Caching {
            keeps,
            because: vec![cache.key.span()],
            key: key.to_owned(),
            by_authorization: Some(key.contains("http_authorization")),
            by_cookie: key.contains("cookie"),
            with_set_cookie: false,
            pages: true,
        });
    }
}

/// `10r/s` or `30r/m`, in requests a minute.
fn rate(text: &str) -> Option<f64> {
    let (number, unit) = text.split_once("r/")?;
    let factor = match unit.trim() {
        "s" => 60.0,
        "m" => 1.0,
        _ => return None,
    };
    Some(number.trim().parse::<f64>().ok()? * factor)
}
