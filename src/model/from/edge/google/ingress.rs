//! Ingresses of GKE: their paths lead to Services, which name a `BackendConfig` in an annotation ("Configuring Ingress features through
//! BackendConfig"). A path ends with `/*` where it is for everything below; without a type and without a star it is for itself alone.

use super::says;
use crate::discover::edge::Dialect;
use crate::model::Place;
use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::edge_site::{Draft, Order};
use crate::model::from::edge::pattern::Pattern;
use crate::model::from::edge::read::{application, kind_head, object_name};
use crate::model::from::edge::says::{Behaviour, Says};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// Annotations that name a `BackendConfig`, in JSON: one for all ports, or one for each.
const BACKEND_CONFIG: &[&str] = &["cloud.google.com/backend-config", "beta.cloud.google.com/backend-config"];

fn is_of(document: Yaml, kind: &str) -> bool {
    document.get("kind").and_then(Yaml::as_str) == Some(kind)
}

/// Whether a document plays a part here: an Ingress or a Service.
pub(super) fn is_one(document: Yaml) -> bool {
    is_of(document, "Ingress") || is_of(document, "Service")
}

/// The sites of the Ingresses of a file. The backends that they lead to are added to `named`.
pub(super) fn lower<'a>(documents: &[Yaml<'a>], backends: &[(&'a str, Yaml<'a>)], named: &mut Vec<String>) -> Vec<Draft> {
    let services: Vec<Yaml> = documents.iter().copied().filter(|document| is_of(*document, "Service")).collect();
    let mut drafts = Vec::new();
    for ingress in documents.iter().copied().filter(|document| is_of(*document, "Ingress")) {
        for rule in ingress.at_path(&["spec", "rules"]).into_iter().flat_map(Yaml::items) {
            let mut behaviours: Vec<Behaviour> = Vec::new();
            for path in rule.at_path(&["http", "paths"]).into_iter().flat_map(Yaml::items) {
                let entry = path.entry("path");
                let text = entry.as_ref().and_then(|entry| entry.value.as_str()).unwrap_or("/*");
                let head = entry.as_ref().map_or(path.span(), Entry::head);
                let pattern = match path.get("pathType").and_then(Yaml::as_str) {
                    Some("Prefix") => Pattern::below(text),
                    Some("Exact") => Pattern::Exact(text.to_owned()),
                    _ => Pattern::wildcard(text),
                };
                let service = path.at_path(&["backend", "service", "name"]).or_else(|| path.at_path(&["backend", "serviceName"]));
                let mut behaviour = Behaviour::new(head, format!("path {text}"), Condition::Path(pattern));
                *behaviour.says = of_service(service.and_then(Yaml::as_str), head, &services, backends, named);
                behaviours.push(behaviour);
            }
            behaviours.sort_by_key(|behaviour| std::cmp::Reverse(behaviour.when.length()));
            let host = rule.entry("host");
            let name = host.as_ref().and_then(|host| host.value.as_str()).map(str::to_ascii_lowercase);
            let span = host.map_or_else(|| kind_head(ingress), |host| host.head());
            let mut default = Behaviour::not_found(kind_head(ingress), "the default backend");
            let written = ingress.at_path(&["spec", "defaultBackend", "service"]).and_then(|service| service.entry("name"));
            if let Some(service) = written {
                default = Behaviour::new(service.head(), "the default backend", Condition::Always);
                *default.says = of_service(service.value.as_str(), service.head(), &services, backends, named);
            }
            drafts.push(Draft {
                dialect: Dialect::Google,
                place: Place { span, text: format!("ingress {}", object_name(ingress)) },
                hosts: name.into_iter().filter(|name| !name.is_empty()).collect(),
                order: Order::Alone,
                default,
                behaviours,
                tls: ingress.at_path(&["spec", "tls"]).is_some(),
            });
        }
    }
    drafts
}

/// What the backend of a Service says.
fn of_service<'a>(
    service: Option<&str>,
    head: Span,
    services: &[Yaml<'a>],
    backends: &[(&'a str, Yaml<'a>)],
    named: &mut Vec<String>,
) -> Says {
    let object = services.iter().find(|object| service == Some(object_name(**object)));
    let annotation = object.and_then(|object| {
        let annotations = object.at_path(&["metadata", "annotations"])?;
        BACKEND_CONFIG.iter().find_map(|key| annotations.get(key)?.as_str())
    });
    let backend = annotation.and_then(|text| {
        let quoted = |name: &str| text.contains(&format!("\"{name}\""));
        backends.iter().find(|(name, _)| quoted(name))
    });
    let mut found = Says::default();
    if let Some((name, document)) = backend {
        named.push((*name).to_owned());
        found = says(*document);
    }
    found.origin = Some(application(service, head));
    found
}
