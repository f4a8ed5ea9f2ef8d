//! Traefik: dynamic files (`http:` with `routers` and `middlewares`), `IngressRoute` and `Middleware` of Kubernetes, and labels of
//! compose files. What a middleware does is from the documentation of each ("HTTP middlewares"): `removeHeader` and an empty
//! `customRequestHeaders` entry take Authorization away.

mod entry_points;
mod labels;
mod middleware;
mod rule;

use std::collections::HashMap;

use foldhash::fast::FixedState;
use labels::{Labels, routers as labelled};
use middleware::{Options, apply};

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::read::{application, hosts_of, kind_head, object_name};
use super::says::{Behaviour, Behind, Cookie, Says};
use crate::discover::edge::Dialect;
use crate::model::Place;
use crate::source::Span;
use crate::syntax::yaml::Yaml;

/// Nodes by the name they go by.
type ByName<'a> = HashMap<&'a str, Yaml<'a>, FixedState>;

/// A router: when, with what priority, through which middlewares, to which service.
struct Router<'a> {
    name: String,
    head: Span,
    rule: &'a str,
    priority: Option<f64>,
    middlewares: Vec<String>,
    service: Option<&'a str>,
    tls: bool,
    /// The cookie that binds a visitor to a server of the service.
    cookie: Option<Cookie>,
}

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for document in documents {
        drafts.extend(entry_points::lower(*document));
        if let Some(http) = document.get("http").filter(|http| http.is_mapping()) {
            drafts.extend(dynamic(*document, http));
        }
        if document.get("services").is_some() && document.get("kind").is_none() {
            drafts.extend(compose(*document));
        }
    }
    drafts.extend(kubernetes(documents));
    drafts
}

fn dynamic(document: Yaml, http: Yaml) -> Option<Draft> {
    let middlewares = by_key(http.get("middlewares"));
    let services = by_key(http.get("services"));
    let routers = http.get("routers").map(Yaml::entries).unwrap_or_default();
    let routers: Vec<Router> = routers
        .iter()
        .filter_map(|entry| {
            let router = entry.value;
            Some(Router {
                name: entry.key.raw()?.to_owned(),
                head: entry.key.span(),
                rule: router.get("rule")?.as_str()?,
                priority: router.get("priority").and_then(Yaml::as_number),
                middlewares: super::read::texts(router.get("middlewares")),
                service: router.get("service").and_then(Yaml::as_str),
                tls: router.get("tls").is_some(),
                cookie: sticky_of(&services, router),
            })
        })
        .collect();
    let find = |name: &str| {
        let name = name.split('@').next().unwrap_or(name);
        middlewares.get(name).copied().map(Options::Node)
    };
    let span = document.entry("http").map_or(document.span(), |http| http.head());
    draft(span, "dynamic configuration".to_owned(), &routers, &find)
}

/// What stands below each key of a mapping.
fn by_key(mapping: Option<Yaml<'_>>) -> ByName<'_> {
    let entries = mapping.map(Yaml::entries).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.key.raw()?, entry.value))).collect()
}

/// `IngressRoute`s with the `Middleware`s of the same file.
fn kubernetes(documents: &[Yaml]) -> Vec<Draft> {
    let is = |document: &Yaml, kind: &str| document.get("kind").and_then(Yaml::as_str) == Some(kind);
    let mut middlewares = ByName::default();
    for middleware in documents.iter().filter(|document| is(document, "Middleware")) {
        middlewares.entry(object_name(*middleware)).or_insert(*middleware);
    }
    let find = |name: &str| middlewares.get(name).and_then(|middleware| middleware.get("spec")).map(Options::Node);
    let drafts = documents.iter().filter(|document| is(document, "IngressRoute")).filter_map(|document| {
        let written = document.at_path(&["spec", "routes"]).into_iter().flat_map(Yaml::items);
        let routers: Vec<Router> = written
            .filter_map(|route| {
                let named = route.get("middlewares").into_iter().flat_map(Yaml::items);
                let rule = route.entry("match")?;
                Some(Router {
                    name: rule.value.as_str()?.to_owned(),
                    head: rule.head(),
                    rule: rule.value.as_str()?,
                    priority: route.get("priority").and_then(Yaml::as_number),
                    middlewares: named.filter_map(|m| m.get("name")?.as_str().map(str::to_owned)).collect(),
                    service: route
                        .get("services")
                        .and_then(|s| s.items().next())
                        .and_then(|s| s.get("name"))
                        .and_then(Yaml::as_str),
                    tls: document.at_path(&["spec", "tls"]).is_some(),
                    cookie: route.get("services").and_then(|s| sticky(s.items().next()?.at_path(&["sticky", "cookie"])?)),
                })
            })
            .collect();
        draft(kind_head(*document), format!("ingress route {}", object_name(*document)), &routers, &find)
    });
    drafts.collect()
}

/// The cookie of the service of a router.
fn sticky_of(services: &ByName, router: Yaml) -> Option<Cookie> {
    let name = router.get("service")?.as_str()?;
    let name = name.split('@').next().unwrap_or(name);
    sticky(services.get(name)?.at_path(&["loadBalancer", "sticky", "cookie"])?)
}

/// `sticky.cookie`: without `secure: true` it is set without Secure ("Sticky sessions").
fn sticky(cookie: Yaml) -> Option<Cookie> {
    let text = |key: &str| cookie.get(key).and_then(Yaml::as_str);
    let site = cookie.entry("sameSite")?;
    let secure = cookie.get("secure").map_or(Some(false), Yaml::as_bool)?;
    let attributes = [("Domain", text("domain")), ("Path", text("path")), ("SameSite", site.value.as_str())];
    Some(Cookie::described(text("name").unwrap_or("sticky"), secure, &attributes, site.head()).binding())
}

fn compose(document: Yaml) -> Option<Draft> {
    let labels = Labels::of(document);
    let routers = labelled(&labels);
    let find = |name: &str| {
        let name = name.split('@').next().unwrap_or(name);
        labels.has_middleware(name).then(|| Options::Labels(&labels, name.to_owned()))
    };
    let span = document.entry("services").map_or(document.span(), |services| services.head());
    draft(span, "labels".to_owned(), &routers, &find)
}

fn draft<'a>(span: Span, text: String, routers: &[Router], find: &dyn Fn(&str) -> Option<Options<'a>>) -> Option<Draft> {
    if routers.is_empty() {
        return None;
    }
    let default = Behaviour::not_found(span, "no router");
    // Without a priority the longest rule goes before.
    let length = |router: &Router| {
        router.priority.filter(|p| *p > 0.0).unwrap_or(f64::from(u32::try_from(router.rule.len()).unwrap_or(0)))
    };
    let mut sorted: Vec<&Router> = routers.iter().collect();
    sorted.sort_by(|a, b| length(b).total_cmp(&length(a)));
    let behaviours: Vec<Behaviour> = sorted.into_iter().map(|router| behaviour(router, find)).collect();
    let hosts = hosts_of(&behaviours);
    let tls = routers.iter().any(|router| router.tls);
    Some(Draft { dialect: Dialect::Traefik, place: Place { span, text }, hosts, order: Order::Alone, default, behaviours, tls })
}

fn behaviour<'a>(router: &Router, find: &dyn Fn(&str) -> Option<Options<'a>>) -> Behaviour {
    let when = rule::parse(router.rule).unwrap_or_else(|| Condition::Open("its rule is not followed".to_owned()));
    let mut origin = application(router.service, router.head);
    if router.service.is_some_and(|service| service.ends_with("@internal")) {
        // The dashboard and the interface of Traefik itself look at no credentials.
        origin.behind = Behind::Unknown;
    }
    let mut says = Says { origin: Some(origin), ..Says::default() };
    says.cookies.extend(router.cookie.clone());
    for name in &router.middlewares {
        match find(name) {
            Some(options) => apply(&options, find, &mut says, 0),
            // What another file or provider defines may do anything.
            None => says.unread = true,
        }
    }
    Behaviour { says: Box::new(says), ..Behaviour::new(router.head, format!("router {}", router.name), when) }
}
