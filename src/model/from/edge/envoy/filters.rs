//! HTTP filters that ask for credentials, in the order of their list, before the route does anything. What is not known here may do
//! anything.
//!
//! Measured with Envoy 1.40: `basic_auth` passes Authorization on. `jwt_authn` takes a token away that it verified, unless the provider
//! says `forward: true`; the first of its rules that fits counts, and what no rule fits is let through with its token.

use super::{matching, place};
use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::pattern::Pattern;
use crate::model::from::edge::read::gate;
use crate::model::from::edge::says::{Behaviour, Says};
use crate::model::{Fact, Gate, GateKind};
use crate::source::Span;
use crate::syntax::yaml::Yaml;

/// How many parts the rules of filters may make of one route.
const MAX_PARTS: usize = 64;

/// Filters that leave credentials, Host and the forwarded fields as they are, and ask for none.
const HARMLESS: &[&str] = &[
    "adaptive_concurrency",
    "admission_control",
    "alternate_protocols_cache",
    "bandwidth_limit",
    "buffer",
    "compressor",
    "connect_grpc_bridge",
    "cors",
    "csrf",
    "decompressor",
    "dynamic_forward_proxy",
    "fault",
    "file_system_buffer",
    "grpc_http1_bridge",
    "grpc_json_transcoder",
    "grpc_stats",
    "grpc_web",
    "gzip",
    "health_check",
    "ip_tagging",
    "kill_request",
    "local_ratelimit",
    "on_demand",
    "ratelimit",
    "router",
    "set_filter_state",
    "set_metadata",
    "stateful_session",
    "tap",
];

/// What a filter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Basic,
    Jwt,
    ExternalAuthorization,
    Rbac,
    /// A login of its own.
    OAuth2,
    /// Something that is not read here.
    Unread,
}

/// A filter of the list.
#[derive(Clone, Copy)]
pub(super) struct Filter<'y> {
    kind: Kind,
    name: &'y str,
    config: Option<Yaml<'y>>,
    /// Whether it works only where a route says so.
    disabled: bool,
    span: Span,
}

/// What the places around a request say of filters, the nearest first.
pub(super) struct Overrides<'y>(Vec<Yaml<'y>>);

/// What a filter does to some requests.
#[derive(Clone, Debug, Default)]
struct Effect {
    gate: Option<Gate>,
    takes_token: Option<Span>,
    unread: bool,
}

/// Reads `http_filters`; what does not matter is left out.
pub(super) fn read(filters: Yaml<'_>) -> Vec<Filter<'_>> {
    filters.items().filter_map(filter).collect()
}

/// What is asked for where no route is: the places around it say nothing then.
pub(super) fn gates(filters: &[Filter], says: &mut Says) {
    let places = Overrides(Vec::new());
    for filter in filters.iter().filter(|filter| filter.kind != Kind::Jwt) {
        if let Ok(own) = places.of(filter) {
            filter.effect(own).apply(says);
        }
    }
}

fn filter(node: Yaml<'_>) -> Option<Filter<'_>> {
    let name = node.get("name").and_then(Yaml::as_str).unwrap_or_default();
    let config = node.get("typed_config").or_else(|| node.get("config"));
    // The type decides; the name is one that the author chose.
    let of_type = config.and_then(|config| config.get("@type")).and_then(Yaml::as_str);
    let known = of_type.and_then(|of_type| of_type.split("filters.http.").nth(1)).and_then(|rest| rest.split('.').next());
    let known = known.or_else(|| name.strip_prefix("envoy.filters.http.")).or_else(|| name.strip_prefix("envoy."));
    let kind = match known {
        Some("basic_auth") => Kind::Basic,
        Some("jwt_authn") => Kind::Jwt,
        Some("ext_authz") => Kind::ExternalAuthorization,
        Some("rbac") => Kind::Rbac,
        Some("oauth2") => Kind::OAuth2,
        Some(other) if HARMLESS.contains(&other) => return None,
        _ => Kind::Unread,
    };
    let disabled = node.get("disabled").and_then(Yaml::as_bool) == Some(true);
    Some(Filter { kind, name, config, disabled, span: place(node) })
}

impl<'y> Overrides<'y> {
    /// Of these places, the nearest first.
    pub(super) fn new(places: impl Iterator<Item = Yaml<'y>>) -> Self {
        Self(places.filter_map(|place| place.get("typed_per_filter_config")).collect())
    }

    /// What the nearest place that speaks of a filter says, by its name, and where; `Err`: it is off there.
    fn of(&self, filter: &Filter) -> Result<Option<(Yaml<'y>, Span)>, ()> {
        let Some(entry) = self.0.iter().find_map(|configs| configs.entry(filter.name)) else {
            return if filter.disabled { Err(()) } else { Ok(None) };
        };
        if entry.value.get("disabled").and_then(Yaml::as_bool) == Some(true) {
            return Err(());
        }
        let wraps = entry.value.get("@type").and_then(Yaml::as_str).is_some_and(|kind| kind.ends_with("route.v3.FilterConfig"));
        let config = if wraps { entry.value.get("config") } else { Some(entry.value) };
        Ok(config.map(|config| (config, entry.head())))
    }

    /// A route with what the filters do there: in parts, where they do something else for some of its requests.
    pub(super) fn split(&self, filters: &[Filter], route: Behaviour) -> Vec<Behaviour> {
        let mut parts = vec![route];
        for filter in filters {
            let Ok(own) = self.of(filter) else { continue };
            let rules = match filter.kind {
                Kind::Jwt => filter.rules(own.map(|(config, _)| config)),
                _ => vec![(Condition::Always, filter.effect(own))],
            };
            let divided: Vec<Behaviour> = parts.iter().flat_map(|part| divided(part, &rules)).collect();
            if divided.len() <= MAX_PARTS {
                parts = divided;
                continue;
            }
            for part in &mut parts {
                Effect { unread: true, ..Effect::gate(gate(GateKind::Opaque, filter.span)) }.apply(&mut part.says);
            }
        }
        parts
    }
}

/// A part of a route for each rule that may be for some of its requests; the first rule that fits counts.
fn divided(part: &Behaviour, rules: &[(Condition, Effect)]) -> Vec<Behaviour> {
    let mut out = Vec::new();
    for (when, effect) in rules {
        if are_apart(&part.when, when) {
            continue;
        }
        let mut taken = part.clone();
        effect.apply(&mut taken.says);
        if covers(when, &part.when) {
            out.push(taken);
            return out;
        }
        taken.when = taken.when.and(when.clone());
        out.push(taken);
    }
    out.push(part.clone());
    out
}

/// The path of a condition that asks for nothing else, or besides other things.
fn path(condition: &Condition) -> Option<&Pattern> {
    match condition {
        Condition::Path(pattern) => Some(pattern),
        Condition::All(all) => all.iter().find_map(path),
        _ => None,
    }
}

/// Whether no request meets both.
fn are_apart(one: &Condition, other: &Condition) -> bool {
    let (Some(one), Some(other)) = (path(one), path(other)) else { return false };
    match (one, other) {
        (Pattern::Exact(text), pattern) | (pattern, Pattern::Exact(text)) => pattern.matches(text) == Some(false),
        (Pattern::Prefix(one), Pattern::Prefix(other)) => !one.starts_with(other.as_str()) && !other.starts_with(one.as_str()),
        _ => false,
    }
}

/// Whether a rule is for each request of a route.
fn covers(rule: &Condition, route: &Condition) -> bool {
    match (rule, path(route)) {
        (Condition::Always | Condition::Path(Pattern::Any), _) => true,
        (Condition::Path(Pattern::Prefix(prefix)), Some(Pattern::Prefix(text) | Pattern::Exact(text) | Pattern::Below(text))) => {
            text.starts_with(prefix.as_str())
        }
        _ => false,
    }
}

impl Effect {
    fn gate(gate: Gate) -> Self {
        Self { gate: Some(gate), ..Self::default() }
    }

    fn apply(&self, says: &mut Says) {
        says.gates.extend(self.gate.clone());
        says.takes_token = self.takes_token.or(says.takes_token);
        says.unread |= self.unread;
    }
}

impl<'y> Filter<'y> {
    /// What it does whatever the path is; `own` is what a nearer place says, and where.
    fn effect(&self, own: Option<(Yaml, Span)>) -> Effect {
        let flag = |key: &str| self.config.and_then(|config| config.get(key)).and_then(Yaml::as_bool) == Some(true);
        let has = |key: &str| self.config.is_some_and(|config| config.get(key).is_some());
        match self.kind {
            Kind::Basic => {
                let header = self.config.and_then(|config| config.get("authentication_header")).and_then(Yaml::as_str);
                let elsewhere = header.is_some_and(|header| !header.is_empty() && !header.eq_ignore_ascii_case("authorization"));
                let kind = if elsewhere || flag("allow_missing") { GateKind::Opaque } else { GateKind::Basic };
                let (users, span) = match own {
                    Some((own, span)) => (own.get("users"), span),
                    None => (self.config.and_then(|config| config.get("users")), self.span),
                };
                let file = users.and_then(|users| users.entry("filename"));
                let source = file.and_then(|file| Some(Fact::is(file.value.as_str()?.to_owned(), [file.head()])));
                Effect::gate(Gate { source, ..gate(kind, span) })
            }
            Kind::ExternalAuthorization => {
                // Whoever is asked over gRPC may change any field; over HTTP those that are listed.
                let changes = !has("http_service")
                    || self.config.and_then(|c| c.at_path(&["http_service", "authorization_response"])).is_some();
                Effect { unread: changes, ..Effect::gate(gate(GateKind::Subrequest, self.span)) }
            }
            Kind::Rbac if own.is_some() || has("rules") || has("matcher") => Effect::gate(gate(GateKind::Condition, self.span)),
            Kind::Rbac => Effect::default(),
            Kind::OAuth2 => Effect { unread: true, ..Effect::gate(gate(GateKind::Opaque, self.span)) },
            Kind::Jwt | Kind::Unread => Effect { unread: true, ..Effect::default() },
        }
    }

    /// What `jwt_authn` asks of which requests. A route may name a requirement of its own, which is for all of them.
    fn rules(&self, own: Option<Yaml>) -> Vec<(Condition, Effect)> {
        let named = own.and_then(|own| own.get("requirement_name")).and_then(Yaml::as_str);
        if let Some(name) = named {
            return vec![(Condition::Always, self.named(name))];
        }
        let Some(config) = self.config else { return Vec::new() };
        let rule = |rule: Yaml| {
            let effect = match (rule.get("requires"), rule.get("requirement_name").and_then(Yaml::as_str)) {
                (Some(requires), _) => self.requirement(requires),
                (None, Some(name)) => self.named(name),
                (None, None) => Effect::default(),
            };
            (matching::condition(rule.get("match")), effect)
        };
        let mut rules: Vec<(Condition, Effect)> = config.get("rules").into_iter().flat_map(Yaml::items).map(rule).collect();
        if config.get("filter_state_rules").is_some() {
            let unread = Effect { unread: true, ..Effect::gate(gate(GateKind::Opaque, self.span)) };
            rules.push((Condition::Always, unread));
        }
        rules
    }

    fn named(&self, name: &str) -> Effect {
        let known = self.config.and_then(|config| config.at_path(&["requirement_map", name]));
        known.map_or_else(|| Effect { unread: true, ..Effect::default() }, |requires| self.requirement(requires))
    }

    /// A `JwtRequirement`.
    fn requirement(&self, requires: Yaml) -> Effect {
        let text = |key: &str| requires.get(key).and_then(Yaml::as_str);
        let audiences = requires.at_path(&["provider_and_audiences", "provider_name"]).and_then(Yaml::as_str);
        if let Some(name) = text("provider_name").or(audiences) {
            return self.provider(name);
        }
        let list = |key: &str| requires.at_path(&[key, "requirements"]).map(|list| list.items().collect::<Vec<_>>());
        if requires.get("allow_missing").is_some() || requires.get("allow_missing_or_failed").is_some() {
            // A token of any provider is verified, and taken if all of them take theirs.
            let names: Vec<&str> = self.providers().iter().filter_map(|entry| entry.key.raw()).collect();
            let takes = takes_all(&names.iter().map(|name| self.provider(name)).collect::<Vec<_>>());
            return Effect { takes_token: takes, ..Effect::default() };
        }
        if let Some(any) = list("requires_any") {
            let effects: Vec<Effect> = any.into_iter().map(|one| self.requirement(one)).collect();
            let asks = effects.iter().all(|effect| effect.gate.is_some());
            let gate = effects.iter().find_map(|effect| effect.gate.clone()).filter(|_| asks);
            return Effect { gate, takes_token: takes_all(&effects), unread: effects.iter().any(|effect| effect.unread) };
        }
        if let Some(all) = list("requires_all") {
            let effects: Vec<Effect> = all.into_iter().map(|one| self.requirement(one)).collect();
            return Effect {
                gate: effects.iter().find_map(|effect| effect.gate.clone()),
                takes_token: effects.iter().find_map(|effect| effect.takes_token),
                unread: effects.iter().any(|effect| effect.unread),
            };
        }
        Effect::default()
    }

    fn providers(&self) -> Vec<crate::syntax::yaml::Entry<'y>> {
        self.config.and_then(|config| config.get("providers")).map(Yaml::entries).unwrap_or_default()
    }

    /// What a provider asks for: a token in Authorization, unless it names other places.
    fn provider(&self, name: &str) -> Effect {
        let Some(provider) = self.providers().into_iter().find(|entry| entry.key.raw() == Some(name)).map(|entry| entry.value)
        else {
            return Effect { unread: true, ..Effect::default() };
        };
        let headers: Vec<Yaml> = provider.get("from_headers").into_iter().flat_map(Yaml::items).collect();
        let elsewhere = ["from_params", "from_cookies"].iter().any(|key| provider.get(key).is_some());
        let is_authorization = |header: &Yaml| {
            header.get("name").and_then(Yaml::as_str).is_some_and(|name| name.eq_ignore_ascii_case("authorization"))
        };
        let only = !elsewhere && headers.iter().all(is_authorization);
        let forward = provider.entry("forward");
        let forwarded = forward.as_ref().is_some_and(|forward| forward.value.as_bool() != Some(false));
        let head = forward.or_else(|| provider.entry("issuer")).map_or(provider.span(), |entry| entry.head());
        let kind = if only { GateKind::Jwt } else { GateKind::Opaque };
        Effect { takes_token: (only && !forwarded).then_some(head), ..Effect::gate(gate(kind, self.span)) }
    }
}

/// Where one of several takes the token, if each that verifies one does.
fn takes_all(effects: &[Effect]) -> Option<Span> {
    let verify: Vec<&Effect> = effects.iter().filter(|effect| effect.gate.is_some() || effect.takes_token.is_some()).collect();
    let all = verify.iter().all(|effect| effect.takes_token.is_some());
    verify.iter().find_map(|effect| effect.takes_token).filter(|_| all)
}
