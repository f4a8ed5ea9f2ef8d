//! Routes of the Gateway API (`HTTPRoute`). What a filter does is from the specification of its fields; of several matches an exact
//! path goes before the longest prefix, whatever the order ("HTTPRouteRule, matches").

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::moves::{Moved, Moves, NewPath};
use super::pattern::Pattern;
use super::read::{application, asks_more, kind_head, object_name, scheme, set_to, status, texts, unknown_address};
use super::says::{Answer, Behaviour, Says};
use crate::discover::edge::Dialect;
use crate::model::Place;
use crate::syntax::yaml::{Entry, Yaml};

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    documents.iter().map(|document| route(*document)).collect()
}

/// The site of one route.
pub(super) fn route(document: Yaml) -> Draft {
    let span = kind_head(document);
    let default = Behaviour::not_found(span, "no rule");
    let rules = document.at_path(&["spec", "rules"]).into_iter().flat_map(Yaml::items);
    let mut behaviours: Vec<(u8, Behaviour)> = rules.flat_map(entries).collect();
    behaviours.sort_by_key(|(rank, behaviour)| (*rank, std::cmp::Reverse(behaviour.when.length())));
    Draft {
        dialect: Dialect::GatewayApi,
        place: Place { span, text: format!("route {}", object_name(document)) },
        hosts: texts(document.at_path(&["spec", "hostnames"])).into_iter().map(|host| host.to_ascii_lowercase()).collect(),
        order: Order::Alone,
        default,
        behaviours: behaviours.into_iter().map(|(_, behaviour)| behaviour).collect(),
        tls: document
            .at_path(&["spec", "parentRefs"])
            .into_iter()
            .flat_map(Yaml::items)
            .any(|parent| parent.get("sectionName").and_then(Yaml::as_str).is_some_and(is_of_tls)),
    }
}

/// Whether a listener of this name ends TLS: its protocol is written elsewhere, and the one that only redirects to https is plain.
fn is_of_tls(name: &str) -> bool {
    name == "tls" || name.starts_with("https") && !name.contains("redirect")
}

/// An entry for each match of a rule, with its rank: exact, prefix, anything else.
fn entries(rule: Yaml) -> Vec<(u8, Behaviour)> {
    let says = says(rule);
    let head = rule.entries().first().map_or(rule.span(), Entry::head);
    let matches: Vec<Yaml> = rule.get("matches").into_iter().flat_map(Yaml::items).collect();
    let behaviour =
        |when: Condition, name: String| Behaviour { says: Box::new(says.clone()), ..Behaviour::new(head, name, when) };
    if matches.is_empty() {
        return vec![(1, behaviour(Condition::Always, "rule for all paths".to_owned()))];
    }
    let entry = |one: Yaml| {
        let text = one.at_path(&["path", "value"]).and_then(Yaml::as_str).unwrap_or("/");
        let (rank, pattern) = match one.at_path(&["path", "type"]).and_then(Yaml::as_str) {
            Some("Exact") => (0, Pattern::Exact(text.to_owned())),
            Some("RegularExpression") => (2, Pattern::full_regex(text)),
            _ => (1, Pattern::below(text)),
        };
        let methods = Condition::of_methods(texts(one.get("method")));
        let open = asks_more(Some(one), &["headers", "queryParams"]);
        (rank, behaviour(Condition::Path(pattern).and(methods).and(open), format!("rule {text}")))
    };
    matches.into_iter().map(entry).collect()
}

fn says(rule: Yaml) -> Says {
    let mut says = Says::default();
    let service = rule.get("backendRefs").and_then(|backends| backends.items().next()).and_then(|first| first.get("name"));
    let head = rule.entry("backendRefs").map_or(rule.span(), |entry| entry.head());
    says.origin = Some(application(service.and_then(Yaml::as_str), head));
    for filter in rule.get("filters").into_iter().flat_map(Yaml::items) {
        // What another object makes of requests is not in view.
        says.unread |= filter.get("extensionRef").is_some();
        if let Some(edit) = filter.get("requestHeaderModifier") {
            if let Some(remove) = edit.entry("remove") {
                says.without(remove.value, remove.head());
            }
            for set in ["set", "add"].iter().filter_map(|key| edit.get(key)).flat_map(Yaml::items) {
                let name = set.get("name").and_then(Yaml::as_str).unwrap_or_default();
                if let Some(value) = set.entry("value") {
                    says.request_field(name, set_to(value.value.as_str().unwrap_or_default(), value.head()));
                }
            }
        }
        if let Some(edit) = filter.get("responseHeaderModifier") {
            if let Some(remove) = edit.entry("remove") {
                says.hides(remove.value, remove.head());
            }
            for set in ["set", "add"].iter().filter_map(|key| edit.get(key)).flat_map(Yaml::items) {
                let text = |key: &str| set.get(key).and_then(Yaml::as_str).unwrap_or_default();
                says.response_field(text("name"), text("value"), set.entry("value").map_or(set.span(), |value| value.head()));
            }
        }
        if let Some(redirect) = filter.entry("requestRedirect") {
            let text = |key: &str| redirect.value.get(key).and_then(Yaml::as_str);
            let path = redirect.value.get("path");
            let path_of = |key: &str| path.and_then(|path| path.get(key)).and_then(Yaml::as_str);
            let code = redirect.value.get("statusCode").and_then(status).unwrap_or(302);
            let host = text("hostname").map(str::to_ascii_lowercase);
            // A prefix that becomes another one, or another port, is not followed.
            if path_of("replacePrefixMatch").is_some() || redirect.value.get("port").is_some() {
                let location = Some(unknown_address());
                says.answer = Some(Answer { status: code, location, span: redirect.head() });
                continue;
            }
            let path = path_of("replaceFullPath").map(str::to_owned);
            let path = path.map_or(NewPath::Same, NewPath::Whole);
            let to = Moved::Parts { scheme: scheme(text("scheme")), host, port: None, path, query: true };
            says.moves = Some(Moves { status: code, to, span: redirect.head() });
        }
    }
    says
}
