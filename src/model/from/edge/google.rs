//! Cloud CDN: `BackendConfig` of GKE, `ComputeBackendService` of Config Connector, exports of gcloud.
//!
//! What the modes do is from the reference of `cdnPolicy`: `FORCE_CACHE_ALL` keeps everything, whatever the answer says;
//! `CACHE_ALL_STATIC`, the default, keeps files and no pages; `bypassCacheOnRequestHeaders` lets requests past. Which paths reach a
//! backend is said elsewhere.

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::read::{kind_head, object_name};
use super::says::{Behaviour, Caching, Keeps};
use crate::discover::edge::Dialect;
use crate::model::Place;
use crate::syntax::yaml::Yaml;

/// Seconds that answers are kept where nothing is said (`defaultTtl`).
const DEFAULT_TTL: u64 = 3600;

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    documents.iter().filter_map(|document| backend(*document)).collect()
}

fn backend(document: Yaml) -> Option<Draft> {
    let spec = document.get("spec").unwrap_or(document);
    let policy = spec.get("cdn").or_else(|| spec.get("cdnPolicy"))?;
    let enabled = ["enableCdn", "enableCDN"].iter().find_map(|key| spec.get(key)).or_else(|| policy.get("enabled"));
    let span = kind_head(document);
    let mut default = Behaviour::new(span, "all paths", Condition::Always);
    if enabled.and_then(Yaml::as_bool) != Some(false) {
        default.says.caching = caching(policy);
    }
    let name = document.get("name").and_then(Yaml::as_str).unwrap_or_else(|| object_name(document));
    let place = Place { span, text: format!("backend {name}") };
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
