//! `RequestAuthentication` and `AuthorizationPolicy`.
//!
//! From the reference of both: a token that was verified is not passed on unless `forwardOriginalToken` says so (`JWTRule`); a
//! request without a token passes a `RequestAuthentication`. Of policies `CUSTOM` and `DENY` go before `ALLOW`; where there is an
//! `ALLOW` at all, what none of its rules takes is refused with 403. Without a selector they hold for their namespace.

use crate::discover::edge::Dialect;
use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::edge_site::{Draft, Order};
use crate::model::from::edge::pattern::Pattern;
use crate::model::from::edge::read::{application, gate, kind_head, namespace, object_name, texts};
use crate::model::from::edge::says::{Answer, Behaviour};
use crate::model::{GateKind, Place};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// The status of what a policy refuses.
const FORBIDDEN: u16 = 403;

/// What a policy does to some requests.
enum Effect {
    /// Asks for something that the request may have.
    Asks(GateKind),
    /// Refuses.
    Refuses,
}

/// Whether a policy certainly acts on what a service is asked: its own namespace as a whole, or the gateway through which visitors
/// come. Which workloads other labels mean is said elsewhere.
pub(super) fn acts_on(policy: Yaml, service: Yaml) -> bool {
    match policy.at_path(&["spec", "selector", "matchLabels"]).map(Yaml::entries) {
        None if policy.at_path(&["spec", "targetRefs"]).is_some() || policy.at_path(&["spec", "targetRef"]).is_some() => false,
        None => namespace(policy) == namespace(service),
        Some(labels) => {
            let gateways = texts(service.at_path(&["spec", "gateways"]));
            let ingress = |entry: &Entry| entry.key.raw() == Some("istio") && entry.value.as_str() == Some("ingressgateway");
            gateways.iter().any(|gateway| gateway != "mesh") && labels.iter().all(ingress)
        }
    }
}

/// Adds what a policy does to what a service says.
pub(super) fn apply(policy: Yaml, draft: &mut Draft) {
    if let Some(span) = keeps_token(policy) {
        draft.behaviours.iter_mut().for_each(|behaviour| behaviour.says.takes_token = Some(span));
    }
    for (when, effect, span, name) in effects(policy) {
        let behaviours = std::mem::take(&mut draft.behaviours);
        for behaviour in behaviours {
            let mut closed = behaviour.clone();
            closed.when = closed.when.and(when.clone());
            if matches!(when, Condition::Always) {
                act(&effect, span, &name, &mut closed);
                draft.behaviours.push(closed);
                continue;
            }
            act(&effect, span, &name, &mut closed);
            draft.behaviours.extend([closed, behaviour]);
        }
    }
}

/// The policies of a file without a service that they act on, by the workloads that they are for.
pub(super) fn alone(documents: &[Yaml], policies: &[Yaml]) -> Vec<Draft> {
    let acts = |policy: &Yaml| {
        documents.iter().any(|d| d.get("kind").and_then(Yaml::as_str) == Some("VirtualService") && acts_on(*policy, *d))
    };
    let mut known: Vec<(String, Draft)> = Vec::new();
    for policy in policies.iter().filter(|policy| !acts(policy)) {
        let labels = policy.at_path(&["spec", "selector", "matchLabels"]).map(Yaml::entries).unwrap_or_default();
        let text = |node: Yaml| node.raw().unwrap_or_default().to_owned();
        let mut labels: Vec<String> = labels.iter().map(|label| format!("{}={}", text(label.key), text(label.value))).collect();
        labels.sort();
        let key = format!("{} {}", namespace(*policy), labels.join(","));
        let at = known.iter().position(|(of, _)| *of == key).unwrap_or_else(|| {
            known.push((key, workload(*policy, labels.first().map(String::as_str))));
            known.len() - 1
        });
        if let Some((_, draft)) = known.get_mut(at) {
            apply(*policy, draft);
        }
    }
    known.into_iter().map(|(_, draft)| draft).collect()
}

/// What is behind policies that name it by its labels.
fn workload(policy: Yaml, label: Option<&str>) -> Draft {
    let span = kind_head(policy);
    let mut every = Behaviour::new(span, "every path", Condition::Always);
    every.says.origin = Some(application(label.and_then(|label| label.split('=').nth(1)), span));
    let default = every.clone();
    let place = Place { span, text: format!("workload of {}", object_name(policy)) };
    let (hosts, order) = (Vec::new(), Order::Alone);
    Draft { dialect: Dialect::Istio, place, hosts, order, default, behaviours: vec![every], tls: false }
}

/// The entry because of which tokens that were verified are not passed on.
fn keeps_token(policy: Yaml) -> Option<Span> {
    if policy.get("kind").and_then(Yaml::as_str) != Some("RequestAuthentication") {
        return None;
    }
    policy.at_path(&["spec", "jwtRules"])?.items().find_map(|rule| {
        // Tokens from elsewhere leave Authorization as it is.
        let elsewhere = ["fromHeaders", "fromParams", "fromCookies"].iter().any(|key| rule.get(key).is_some());
        let forward = rule.entry("forwardOriginalToken");
        let forwarded = forward.as_ref().is_some_and(|forward| forward.value.as_bool() != Some(false));
        let head = forward.or_else(|| rule.entry("issuer")).map_or(rule.span(), |entry| entry.head());
        (!elsewhere && !forwarded).then_some(head)
    })
}

/// For which requests a policy does what.
fn effects(policy: Yaml) -> Vec<(Condition, Effect, Span, String)> {
    if policy.get("kind").and_then(Yaml::as_str) != Some("AuthorizationPolicy") {
        return Vec::new();
    }
    let Some(spec) = policy.get("spec") else { return Vec::new() };
    let name = format!("policy {}", object_name(policy));
    let head = spec.entry("action").map_or(kind_head(policy), |action| action.head());
    let rules: Vec<Yaml> = spec.get("rules").into_iter().flat_map(Yaml::items).collect();
    let asks_more = |rule: &Yaml| ["from", "when"].iter().any(|key| rule.get(key).is_some());
    let place = |rule: &Yaml| rule.entries().first().map_or(head, Entry::head);
    match spec.get("action").and_then(Yaml::as_str).unwrap_or("ALLOW") {
        "DENY" => {
            let effect = |rule: &Yaml| if asks_more(rule) { Effect::Asks(GateKind::Condition) } else { Effect::Refuses };
            rules.iter().map(|rule| (operations(*rule), effect(rule), place(rule), name.clone())).collect()
        }
        "CUSTOM" => {
            let asks = |rule: &Yaml| (operations(*rule), Effect::Asks(GateKind::Subrequest), place(rule), name.clone());
            rules.iter().map(asks).collect()
        }
        "ALLOW" => {
            let (asking, open): (Vec<&Yaml>, Vec<&Yaml>) = rules.iter().partition(|rule| asks_more(rule));
            let effect = if asking.is_empty() { Effect::Refuses } else { Effect::Asks(GateKind::Condition) };
            let span = asking.first().map_or(head, |rule| place(rule));
            let rest = if open.is_empty() {
                Condition::Always
            } else {
                Condition::Not(Box::new(Condition::any(open.iter().map(|rule| operations(**rule)).collect())))
            };
            vec![(rest, effect, span, name)]
        }
        _ => Vec::new(),
    }
}

fn act(effect: &Effect, span: Span, name: &str, behaviour: &mut Behaviour) {
    match effect {
        Effect::Asks(kind) => behaviour.says.gates.push(gate(*kind, span)),
        Effect::Refuses => {
            behaviour.head = span;
            name.clone_into(&mut behaviour.name);
            behaviour.says.answer = Some(Answer { status: FORBIDDEN, location: None, span });
        }
    }
}

/// What `to` of a rule asks of requests; without it nothing.
fn operations(rule: Yaml) -> Condition {
    let operation = |to: Yaml| {
        let Some(operation) = to.get("operation") else { return Condition::Always };
        let not = |condition: Condition| match condition {
            Condition::Always => Condition::Always,
            condition => Condition::Not(Box::new(condition)),
        };
        let list = |key: &str| texts(operation.get(key));
        let paths = |key: &str| Condition::of_paths(list(key).iter().map(|path| pattern(path)));
        let open = ["ports", "notPorts"].iter().any(|key| operation.get(key).is_some());
        let open = if open { Condition::Open("it asks for a port".to_owned()) } else { Condition::Always };
        paths("paths")
            .and(not(paths("notPaths")))
            .and(Condition::of_methods(list("methods")))
            .and(not(Condition::of_methods(list("notMethods"))))
            .and(Condition::of_hosts(list("hosts")))
            .and(not(Condition::of_hosts(list("notHosts"))))
            .and(open)
    };
    Condition::any(rule.get("to").into_iter().flat_map(Yaml::items).map(operation).collect())
}

/// A path: exact, or with `*` at one end ("exact, prefix, suffix and presence match" of its reference).
fn pattern(text: &str) -> Pattern {
    if text.contains('{') {
        return Pattern::Unknown("a template of a path".to_owned());
    }
    if text == "*" { Pattern::Any } else { Pattern::wildcard(text) }
}
