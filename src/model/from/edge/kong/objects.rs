//! Kong as an ingress controller: `KongPlugin` and `KongClusterPlugin`, which the annotation `konghq.com/plugins` binds to an Ingress,
//! an `HTTPRoute` or a Service ("Annotation reference" and "Custom Resource API Reference" of its documentation). A plugin of the
//! namespace goes before one of the cluster; one of the cluster with the label `global` holds everywhere.

use super::{Plugin, nearer, run};
use crate::discover::edge::Dialect;
use crate::model::Place;
use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::edge_site::{Draft, Order};
use crate::model::from::edge::gateway_api;
use crate::model::from::edge::pattern::Pattern;
use crate::model::from::edge::read::{application, kind_head, namespace, object_name};
use crate::model::from::edge::says::{Behaviour, Says};
use crate::syntax::yaml::{Entry, Yaml};

/// How a path of an Ingress begins that is a regular expression.
const REGEX: &str = "/~";

/// The objects of one file.
struct Objects<'a> {
    /// Namespace (of the cluster: none), name, plugin.
    plugins: Vec<(Option<&'a str>, &'a str, Plugin<'a>)>,
    services: Vec<Yaml<'a>>,
    everywhere: Vec<Plugin<'a>>,
}

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    let of_kind = |kind: &'static str| documents.iter().copied().filter(move |document| kind_of(*document) == kind);
    let of_namespaces =
        of_kind("KongPlugin").map(|document| (Some(namespace(document)), object_name(document), plugin(document)));
    let of_cluster = of_kind("KongClusterPlugin").map(|document| (None, object_name(document), plugin(document)));
    let is_global = |document: &Yaml| document.at_path(&["metadata", "labels", "global"]).and_then(Yaml::as_bool) == Some(true);
    let objects = Objects {
        plugins: of_namespaces.chain(of_cluster).collect(),
        services: of_kind("Service").collect(),
        everywhere: of_kind("KongClusterPlugin").filter(is_global).map(plugin).collect(),
    };
    let mut drafts = Vec::new();
    for document in of_kind("Ingress") {
        ingress(document, &objects, &mut drafts);
    }
    for draft in &mut drafts {
        draft.behaviours.sort_by_key(|behaviour| std::cmp::Reverse(behaviour.when.length()));
    }
    drafts.extend(of_kind("HTTPRoute").map(|document| http_route(document, &objects)));
    drafts
}

fn kind_of(document: Yaml<'_>) -> &str {
    document.get("kind").and_then(Yaml::as_str).unwrap_or_default()
}

fn plugin(document: Yaml<'_>) -> Plugin<'_> {
    Plugin {
        name: document.get("plugin").and_then(Yaml::as_str).unwrap_or_default(),
        head: document.entry("plugin").map_or(kind_head(document), |name| name.head()),
        config: document.get("config"),
        enabled: document.get("disabled").and_then(Yaml::as_bool) != Some(true),
    }
}

fn annotation<'a>(document: Yaml<'a>, name: &str) -> Option<&'a str> {
    document.at_path(&["metadata", "annotations"])?.get(name)?.as_str()
}

impl<'a> Objects<'a> {
    /// The plugins that an object names, and whether all of them are in view.
    fn named(&self, document: Yaml<'a>) -> (Vec<Plugin<'a>>, bool) {
        let names = annotation(document, "konghq.com/plugins").unwrap_or_default().split(',').map(str::trim);
        let find = |name: &str| {
            let here = |of: Option<&str>| of.is_some_and(|of| of == namespace(document));
            let of_name = || self.plugins.iter().filter(move |(_, known, _)| *known == name);
            of_name().find(|(of, ..)| here(*of)).or_else(|| of_name().find(|(of, ..)| of.is_none())).map(|(.., plugin)| *plugin)
        };
        let found: Vec<Option<Plugin>> = names.filter(|name| !name.is_empty()).map(find).collect();
        let all = found.iter().all(Option::is_some);
        (found.into_iter().flatten().collect(), all)
    }

    /// Adds what the plugins of a route and of its service do.
    fn apply(&self, route: Yaml<'a>, service: Option<&str>, says: &mut Says) {
        let same = |of: &&Yaml| namespace(**of) == namespace(route) && service == Some(object_name(**of));
        let behind = self.services.iter().find(same);
        let (outer, all_outer) = behind.map_or((Vec::new(), true), |service| self.named(*service));
        let (own, all) = self.named(route);
        says.unread |= !(all && all_outer);
        run(&nearer(&own, &nearer(&outer, &self.everywhere)), says);
    }
}

fn ingress<'a>(document: Yaml<'a>, objects: &Objects<'a>, drafts: &mut Vec<Draft>) {
    let span = kind_head(document);
    let methods = annotation(document, "konghq.com/methods").unwrap_or_default().split(',').map(str::trim);
    let methods = Condition::of_methods(methods.filter(|method| !method.is_empty()).map(str::to_owned));
    for rule in document.at_path(&["spec", "rules"]).into_iter().flat_map(Yaml::items) {
        let host = rule.entry("host");
        let name = host.as_ref().and_then(|host| host.value.as_str()).map(str::to_ascii_lowercase);
        let hosts: Vec<String> = name.into_iter().filter(|name| !name.is_empty()).collect();
        let paths = rule.at_path(&["http", "paths"]).into_iter().flat_map(Yaml::items);
        let behaviours = paths.map(|path| {
            let entry = path.entry("path");
            let text = entry.as_ref().and_then(|entry| entry.value.as_str()).unwrap_or("/");
            let pattern = match (path.get("pathType").and_then(Yaml::as_str), text.strip_prefix(REGEX)) {
                (Some("Exact"), _) => Pattern::Exact(text.to_owned()),
                (Some("Prefix"), _) => Pattern::below(text),
                (_, Some(regex)) => Pattern::regex(&format!("^{regex}")),
                _ if text == "/" => Pattern::Any,
                _ => Pattern::Prefix(text.to_owned()),
            };
            let head = entry.as_ref().map_or(path.span(), Entry::head);
            let service = path.at_path(&["backend", "service", "name"]).and_then(Yaml::as_str);
            let mut behaviour = Behaviour::new(head, format!("path {text}"), Condition::Path(pattern).and(methods.clone()));
            behaviour.says.origin = Some(application(service, head));
            objects.apply(document, service, &mut behaviour.says);
            behaviour
        });
        let behaviours: Vec<Behaviour> = behaviours.collect();
        if let Some(draft) = drafts.iter_mut().find(|draft| draft.hosts == hosts) {
            draft.behaviours.extend(behaviours);
            continue;
        }
        let default = Behaviour::not_found(span, "no path");
        drafts.push(Draft {
            dialect: Dialect::Kong,
            place: Place { span: host.map_or(span, |host| host.head()), text: format!("ingress {}", object_name(document)) },
            hosts,
            order: Order::Alone,
            default,
            behaviours,
            tls: document.at_path(&["spec", "tls"]).is_some(),
        });
    }
}

fn http_route<'a>(document: Yaml<'a>, objects: &Objects<'a>) -> Draft {
    let mut draft = Draft { dialect: Dialect::Kong, ..gateway_api::route(document) };
    for behaviour in &mut draft.behaviours {
        let target = behaviour.says.origin.as_ref().and_then(|origin| origin.target.as_ref());
        let service = target.and_then(|target| target.known()).map(str::to_owned);
        objects.apply(document, service.as_deref(), &mut behaviour.says);
    }
    draft
}
