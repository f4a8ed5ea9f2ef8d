//! Cloud CDN: `BackendConfig` of GKE, `ComputeBackendService` and `ComputeURLMap` of Config Connector, exports of gcloud.
//!
//! What the modes do is from the reference of `cdnPolicy`: `FORCE_CACHE_ALL` keeps everything, whatever the answer says;
//! `CACHE_ALL_STATIC`, the default, keeps files and no pages; `bypassCacheOnRequestHeaders` lets requests past. Which paths reach a
//! backend is said by a map of URLs ([`url_map`]) or an Ingress ([`ingress`]). Without one in the same file a backend stands for
//! itself.

mod ingress;
mod url_map;

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::read::{gate, kind_head, object_name, set_to};
use super::says::{Behaviour, Behind, Caching, Cookie, Keeps, Origin, Says};
use crate::discover::edge::Dialect;
use crate::model::{GateKind, Place, Value};
use crate::source::Span;
use crate::syntax::yaml::Yaml;

/// Seconds that answers are kept where nothing is said (`defaultTtl`).
const DEFAULT_TTL: u64 = 3600;

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    let backends: Vec<(&str, Yaml)> =
        documents.iter().filter(|d| !url_map::is_one(**d) && !ingress::is_one(**d)).map(|d| (name(*d), *d)).collect();
    let mut named = Vec::new();
    let maps = documents.iter().filter(|document| url_map::is_one(**document));
    let mut drafts: Vec<Draft> = maps.flat_map(|map| url_map::lower(*map, &backends, &mut named)).collect();
    drafts.extend(ingress::lower(documents, &backends, &mut named));
    // What a map leads to is only asked for what the map leads there.
    let alone = backends.iter().filter(|(name, _)| !named.iter().any(|known: &String| known == name));
    drafts.extend(alone.filter_map(|(_, document)| backend(*document)));
    drafts
}

/// The name of a backend, as maps of URLs and services know it.
fn name(document: Yaml<'_>) -> &str {
    document.get("name").and_then(Yaml::as_str).unwrap_or_else(|| object_name(document))
}

fn backend(document: Yaml) -> Option<Draft> {
    let spec = document.get("spec").unwrap_or(document);
    spec.get("cdn").or_else(|| spec.get("cdnPolicy"))?;
    let span = kind_head(document);
    let mut default = Behaviour::new(span, "all paths", Condition::Always);
    *default.says = says(document);
    let place = Place { span, text: format!("backend {}", name(document)) };
    Some(Draft {
        dialect: Dialect::Google,
        place,
        hosts: Vec::new(),
        order: Order::Alone,
        default,
        behaviours: Vec::new(),
        tls: true,
    })
}

/// What a backend says about every request that reaches it.
fn says(document: Yaml) -> Says {
    let spec = document.get("spec").unwrap_or(document);
    let mut says = Says::default();
    let policy = spec.get("cdn").or_else(|| spec.get("cdnPolicy"));
    let enabled = ["enableCdn", "enableCDN"].iter().find_map(|key| spec.get(key)).or_else(|| policy?.get("enabled"));
    if enabled.and_then(Yaml::as_bool) != Some(false) {
        says.caching = policy.and_then(caching);
    }
    if let Some(iap) = spec.entry("iap").filter(|iap| iap.value.get("enabled").and_then(Yaml::as_bool) == Some(true)) {
        says.gates.push(gate(GateKind::Form, iap.head()));
    }
    let affinity = spec.at_path(&["sessionAffinity", "affinityType"]).or_else(|| spec.get("sessionAffinity"));
    if let Some(affinity) = affinity.filter(|kind| kind.as_str().is_some_and(|kind| kind.contains("COOKIE"))) {
        says.cookies.push(Cookie::described("GCLB", false, &[], affinity.span()).binding());
    }
    let headers = spec.get("customRequestHeaders").map(|headers| headers.get("headers").unwrap_or(headers));
    for header in headers.into_iter().flat_map(Yaml::items) {
        let Some((name, value)) = header.as_str().and_then(|text| text.split_once(':')) else { continue };
        says.request_field(name.trim(), set_to(value.trim(), header.span()));
    }
    says
}

/// Where requests for a backend go.
fn origin(name: &str, is_bucket: bool, span: Span) -> Origin {
    let behind = if is_bucket { Behind::Files } else { Behind::Application };
    Origin { behind, span, target: Some(Value::Known(name.to_owned())), plain: None }
}

fn caching(policy: Yaml) -> Option<Caching> {
    let mode = policy.entry("cacheMode")?;
    let ttl = policy.get("defaultTtl").map_or(Some(DEFAULT_TTL), |ttl| ttl.as_str()?.trim_end_matches('s').parse().ok());
    let (keeps, pages) = match (mode.value.as_str()?, ttl) {
        ("FORCE_CACHE_ALL", Some(ttl)) => (Keeps::Always(ttl), true),
        ("FORCE_CACHE_ALL", None) => (Keeps::Unknown("the time is not known".to_owned()), true),
        ("USE_ORIGIN_HEADERS", _) => (Keeps::AsTold, true),
        ("CACHE_ALL_STATIC", Some(ttl)) => (Keeps::Unless(ttl), false),
        _ => return None,
    };
    let bypass = |name: &str| {
        let list = policy.get("bypassCacheOnRequestHeaders").into_iter().flat_map(Yaml::items);
        list.filter_map(|item| item.get("headerName")?.as_str()).any(|header| header.eq_ignore_ascii_case(name))
    };
    let keyed = ["cacheKeyPolicy", "cachePolicy"].iter().find_map(|key| policy.get(key));
    let named = |key: &str, name: &str| keyed.and_then(|keyed| keyed.get(key)).is_some_and(|list| super::read::names(list, name));
    let cookies = keyed.and_then(|keyed| keyed.get("includeNamedCookies")).is_some_and(|list| list.items().next().is_some());
    Some(Caching {
        keeps,
        because: vec![mode.head()],
        key: "address, and what the key policy names".to_owned(),
        by_authorization: Some(bypass("authorization") || named("includeHttpHeaders", "authorization")),
        by_cookie: bypass("cookie") || cookies,
        with_set_cookie: false,
        pages,
    })
}
