//! Labels of compose files: `traefik.http.routers.NAME.rule=…`, as a mapping or a list.

use std::collections::BTreeMap;

use super::Router;
use crate::model::from::edge::says::Cookie;
use crate::source::Span;
use crate::syntax::yaml::Yaml;

/// One label: its key in lower case, its value, where it stands.
struct Label<'a> {
    key: String,
    value: &'a str,
    span: Span,
}

/// The labels of all services of a file.
pub(super) struct Labels<'a> {
    /// In the order of the text.
    all: Vec<Label<'a>>,
    /// Where the first one with a key stands in it.
    by_key: BTreeMap<String, usize>,
}

impl<'a> Labels<'a> {
    /// Those of a compose file, below `labels` and `deploy.labels`.
    pub(super) fn of(document: Yaml<'a>) -> Self {
        let services = document.get("services").map(Yaml::entries).unwrap_or_default();
        let places =
            services.iter().flat_map(|service| [service.value.get("labels"), service.value.at_path(&["deploy", "labels"])]);
        let mut labels = Vec::new();
        for place in places.flatten() {
            for entry in place.entries() {
                if let (Some(key), Some(value)) = (entry.key.raw(), entry.value.as_str()) {
                    labels.push(Label { key: key.to_ascii_lowercase(), value, span: entry.head() });
                }
            }
            for item in place.items() {
                if let Some((key, value)) = item.as_str().and_then(|text| text.split_once('=')) {
                    labels.push(Label { key: key.trim().to_ascii_lowercase(), value, span: item.span() });
                }
            }
        }
        labels.retain(|label| label.key.starts_with("traefik."));
        let mut by_key = BTreeMap::new();
        for (at, label) in labels.iter().enumerate() {
            by_key.entry(label.key.clone()).or_insert(at);
        }
        Self { all: labels, by_key }
    }

    /// The first label with a key, which is written in lower case.
    fn label(&self, key: &str) -> Option<&Label<'a>> {
        self.all.get(*self.by_key.get(key)?)
    }

    /// The first label of which the key begins so.
    fn first_below(&self, beginning: &str) -> Option<usize> {
        let from = self.by_key.range(beginning.to_owned()..);
        from.take_while(|(key, _)| key.starts_with(beginning)).map(|(_, at)| *at).min()
    }

    /// An option of a middleware.
    pub(super) fn get(&self, middleware: &str, path: &[&str]) -> Option<(&'a str, Span)> {
        let key = format!("traefik.http.middlewares.{middleware}.{}", path.join(".")).to_ascii_lowercase();
        self.label(&key).map(|label| (label.value, label.span))
    }

    /// Where a middleware is said to be of a kind.
    pub(super) fn kind(&self, middleware: &str, kind: &str) -> Option<Span> {
        let key = format!("traefik.http.middlewares.{middleware}.{kind}").to_ascii_lowercase();
        let own = self.by_key.get(&key).copied();
        let first = own.into_iter().chain(self.first_below(&format!("{key}."))).min();
        first.and_then(|at| self.all.get(at)).map(|label| label.span)
    }

    /// Whether there is a middleware of this name.
    pub(super) fn has_middleware(&self, name: &str) -> bool {
        let start = format!("traefik.http.middlewares.{name}.").to_ascii_lowercase();
        self.first_below(&start).is_some()
    }
}

/// The cookie that binds a visitor to a server of a service.
fn sticky(labels: &Labels, service: &str) -> Option<Cookie> {
    let option = |key: &str| {
        let key = format!("traefik.http.services.{service}.loadbalancer.sticky.cookie.{key}").to_ascii_lowercase();
        labels.label(&key)
    };
    let text = |key: &str| option(key).map(|label| label.value);
    let site = option("samesite")?;
    let secure = text("secure").is_some_and(|secure| secure == "true");
    let attributes = [("Domain", text("domain")), ("Path", text("path")), ("SameSite", Some(site.value))];
    Some(Cookie::described(text("name").unwrap_or("sticky"), secure, &attributes, site.span).binding())
}

/// The routers that labels define.
pub(super) fn routers<'a>(labels: &Labels<'a>) -> Vec<Router<'a>> {
    let rules = labels.all.iter().filter_map(|label| {
        let name = label.key.strip_prefix("traefik.http.routers.")?.strip_suffix(".rule")?;
        let option = |key: &str| {
            let key = format!("traefik.http.routers.{name}.{key}");
            labels.label(&key).map(|label| label.value)
        };
        let middlewares = option("middlewares").unwrap_or_default();
        let names = middlewares.split(',').map(str::trim).filter(|name| !name.is_empty());
        Some(Router {
            name: name.to_owned(),
            head: label.span,
            rule: label.value,
            priority: option("priority").and_then(|priority| priority.parse().ok()),
            middlewares: names.map(str::to_owned).collect(),
            service: option("service"),
            tls: option("tls").is_some() || option("tls.certresolver").is_some(),
            cookie: option("service").and_then(|service| sticky(labels, service)),
        })
    });
    rules.collect()
}
