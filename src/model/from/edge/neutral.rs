//! The neutral schema, `schema: edge-rules/v1`: for CDNs whose configuration is no YAML. What it leaves unsaid is unknown.

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::pattern::Pattern;
use super::read::{is_filled_in_later, status, texts};
use super::says::{Answer, Behaviour, Behind, Caching, Forward, Keeps, Limit, Origin, Says};
use crate::discover::edge::Dialect;
use crate::model::{Combine, Fact, Gate, GateKind, Place, Stores, Value, Verdict};
use crate::project::edge::seconds;
use crate::syntax::yaml::{Entry, Yaml};

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    documents.iter().filter_map(|document| rules(*document)).collect()
}

fn rules(document: Yaml) -> Option<Draft> {
    let schema = document.entry("schema")?;
    let cdn = document.get("cdn").and_then(Yaml::as_str).unwrap_or("CDN");
    let mut default = Behaviour::new(schema.head(), "defaults", Condition::Always);
    *default.says = unsaid(&schema);
    if let Some(defaults) = document.entry("defaults") {
        default.head = defaults.head();
        *default.says = default.says.and(&says(defaults.value));
    }
    let rules = document.get("rules").into_iter().flat_map(Yaml::items);
    let mut behaviours: Vec<Behaviour> = rules.flat_map(behaviours_of).collect();
    match document.get("match").and_then(Yaml::as_str) {
        Some("last") => behaviours.reverse(),
        Some("longest-prefix") => behaviours.sort_by_key(|b| std::cmp::Reverse(b.when.length())),
        _ => {}
    }
    Some(Draft {
        dialect: Dialect::Neutral,
        place: Place { span: schema.head(), text: format!("edge rules of {cdn}") },
        hosts: texts(document.get("hosts")),
        order: Order::First,
        default,
        behaviours,
        tls: true,
    })
}

/// What holds where neither the rules nor the defaults say anything.
fn unsaid(schema: &Entry) -> Says {
    let open = |what: &str| Some(Fact::unknown(format!("the file does not say whether {what} is passed on"), [schema.head()]));
    Says { authorization: open("Authorization"), cookie: open("Cookie"), host: open("Host"), ..Says::default() }
}

/// The entries of one rule: one for each of its paths, so that each has its own length.
fn behaviours_of(rule: Yaml) -> Vec<Behaviour> {
    let paths = match rule.get("path") {
        Some(path) if path.is_sequence() => path.items().collect(),
        Some(path) => vec![path],
        None => Vec::new(),
    };
    let head = rule.entries().first().map_or(rule.span(), Entry::head);
    let says = says(rule);
    let others = Condition::of_hosts(texts(rule.get("host"))).and(Condition::of_methods(texts(rule.get("methods"))));
    let behaviour = |pattern: Pattern, name: String| Behaviour {
        says: Box::new(says.clone()),
        ..Behaviour::new(head, name, others.clone().and(Condition::Path(pattern)))
    };
    if paths.is_empty() {
        return vec![behaviour(Pattern::Any, "rule without path".to_owned())];
    }
    let patterns = paths.into_iter().map(|path| match path.as_str() {
        Some(text) if !is_filled_in_later(text) => (Pattern::wildcard(text), format!("rule {text}")),
        _ => (Pattern::Unknown("its path is filled in later".to_owned()), "rule with a path that is not known".to_owned()),
    });
    patterns.map(|(pattern, name)| behaviour(pattern, name)).collect()
}

fn says(node: Yaml) -> Says {
    let mut says = Says::default();
    if let Some(cache) = node.entry("cache") {
        caching(&cache, &mut says);
    }
    if let Some(forward) = node.get("forward") {
        let kept = |entry: &Entry| {
            let fate = entry.value.as_bool().map(|kept| if kept { Forward::Kept } else { Forward::Dropped });
            fate.map_or_else(|| Fact::unknown("the value is not known", [entry.head()]), |fate| Fact::is(fate, [entry.head()]))
        };
        says.authorization = forward.entry("authorization").as_ref().map(kept);
        says.host = forward.entry("host").as_ref().map(kept);
        says.cookie = forward.entry("cookies").map(|entry| match entry.value.as_str() {
            Some("all") => Fact::is(Forward::Kept, [entry.head()]),
            Some("none") => Fact::is(Forward::Dropped, [entry.head()]),
            _ => Fact::unknown("only some cookies are passed on", [entry.head()]),
        });
    }
    if let Some(auth) = node.entry("auth") {
        gate(&auth, &mut says);
    }
    if let Some(redirect) = node.entry("redirect") {
        let to = if redirect.value.is_scalar() { Some(redirect.value) } else { redirect.value.get("to") };
        let code = redirect.value.get("code").and_then(status).unwrap_or(301);
        let location = to.and_then(Yaml::as_str).map(|to| Value::Known(to.to_owned()));
        says.answer = Some(Answer { status: code, location, span: redirect.head() });
    }
    if let Some(limit) = node.entry("rate_limit") {
        let requests = limit.value.get("requests").and_then(Yaml::as_number);
        let per = limit.value.get("per").and_then(Yaml::as_str).map_or(Some(60), seconds);
        let refused = limit.value.get("status").and_then(status).unwrap_or(429);
        let per = per.and_then(|per| u32::try_from(per).ok()).filter(|per| *per > 0);
        if let (Some(requests), Some(per)) = (requests, per) {
            let per_minute = requests * 60.0 / f64::from(per);
            says.limit = Some(Limit { per_minute, burst: requests, status: refused, span: limit.head() });
        }
    }
    if let Some(waf) = node.entry("waf").filter(|waf| waf.value.get("action").and_then(Yaml::as_str) == Some("block")) {
        says.answer = Some(Answer { status: 403, location: None, span: waf.head() });
    }
    says.origin = node.entry("origin").and_then(|origin| {
        let behind = match origin.value.as_str()? {
            "files" => Behind::Files,
            "application" => Behind::Application,
            _ => Behind::Unknown,
        };
        Some(Origin { behind, span: origin.head(), target: None, plain: None })
    });
    if let Some(remove) = node.at_path(&["response", "remove"]) {
        let names = if remove.is_sequence() { remove.items().collect() } else { vec![remove] };
        says.response.hidden = names.iter().filter_map(|name| Some((name.as_str()?.to_owned(), name.span()))).collect();
    }
    says
}

fn caching(cache: &Entry, says: &mut Says) {
    let head = cache.head();
    let value = cache.value;
    if value.as_bool() == Some(false) || value.as_str() == Some("off") {
        says.caching = Some(Caching::never(head));
        return;
    }
    let ttl = value.get("ttl").map(|ttl| ttl.as_str().and_then(seconds));
    let keeps = match (value.as_str(), ttl) {
        (Some("origin"), _) => Keeps::AsTold,
        (_, Some(Some(0))) => Keeps::Never,
        (_, Some(Some(ttl))) if value.get("ignore_origin").and_then(Yaml::as_bool) == Some(true) => Keeps::Always(ttl),
        (_, Some(Some(ttl))) => Keeps::Unless(ttl),
        _ => Keeps::Unknown("how long is not known".to_owned()),
    };
    let key = texts(value.get("key"));
    if let Some(statuses) = value.entry("statuses") {
        let kept = statuses.value.items().any(|item| status(item) == Some(401));
        let stores = if kept && !matches!(keeps, Keeps::Never) { Stores::Yes } else { Stores::No };
        says.keeps_401 = Some(Fact::is(stores, [statuses.head()]));
    }
    says.caching = Some(Caching {
        keeps,
        because: vec![head],
        by_authorization: Some(key.iter().any(|part| part.eq_ignore_ascii_case("authorization"))),
        by_cookie: key.iter().any(|part| part.starts_with("cookie")),
        key: ["host".to_owned(), "path".to_owned()].into_iter().chain(key).collect::<Vec<_>>().join(", "),
        with_set_cookie: false,
        pages: true,
    });
}

fn gate(auth: &Entry, says: &mut Says) {
    let kind = match auth.value.get("type").and_then(Yaml::as_str) {
        Some("basic") => GateKind::Basic,
        Some("digest") => GateKind::Digest,
        Some("jwt") => GateKind::Jwt,
        Some("external") => GateKind::Subrequest,
        _ => GateKind::Opaque,
    };
    let text = |key: &str| auth.value.get(key).and_then(Yaml::as_str).map(str::to_owned);
    says.gates.push(Gate {
        kind,
        realm: text("realm").map(Value::Known),
        span: auth.head(),
        source: auth.value.entry("file").and_then(|file| Some(Fact::is(file.value.as_str()?.to_owned(), [file.head()]))),
        combine: Combine::All,
        verdict: Verdict::Unknown,
    });
    if let Some(strip) = auth.value.entry("strip").filter(|strip| strip.value.as_bool() == Some(true)) {
        says.authorization = Some(Fact::is(Forward::Dropped, [strip.head()]));
    }
}
