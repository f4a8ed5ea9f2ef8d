//! Rulesets of Cloudflare, as the API has them, in JSON or YAML, with keys in `snake_case` or `camelCase`.
//!
//! What actions do is from the documentation of the cache rules, of status code TTLs, of redirect and transform rules, of custom
//! and rate limiting rules. Each rule that fits acts, up to a redirect or a block, which are terminating actions ("Actions reference");
//! of two cache settings the later one counts ("Order and priority").

mod expression;
mod target;

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::moves::{Moved, Moves, Piece};
use super::read::{dropped, is_filled_in_later, set_to, status, texts, unknown_address};
use super::says::{Answer, Behaviour, Caching, Keeps, Limit, Says};
use crate::discover::edge::Dialect;
use crate::model::{Fact, Place, Stores};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    documents.iter().flat_map(|document| rulesets(*document)).collect()
}

/// The rulesets of a document: itself, or those below a key (`spec`, `rulesets`) of a resource that wraps them.
fn rulesets(document: Yaml) -> Vec<Draft> {
    let lists = ["rulesets", "result"].iter().filter_map(|key| document.get(key)).flat_map(Yaml::items);
    let all = [Some(document), document.get("spec"), document.get("result")].into_iter().flatten().chain(lists);
    all.filter(|node| key(*node, "phase").is_some() && node.get("rules").is_some()).map(ruleset).collect()
}

fn ruleset(node: Yaml) -> Draft {
    let phase = key(node, "phase");
    let span = phase.as_ref().map_or(node.span(), Entry::head);
    let phase = phase.and_then(|phase| phase.value.as_str()).unwrap_or_default();
    let rules = node.get("rules").into_iter().flat_map(Yaml::items);
    let enabled = rules.filter(|rule| rule.get("enabled").and_then(Yaml::as_bool) != Some(false));
    Draft {
        dialect: Dialect::Cloudflare,
        place: Place { span, text: format!("ruleset {phase}") },
        hosts: Vec::new(),
        order: Order::Merge,
        default: Behaviour::new(span, "no rule", Condition::Always),
        behaviours: enabled.map(|rule| behaviour(rule, phase)).collect(),
        tls: true,
    }
}

/// The entry of a key in either spelling.
fn key<'a>(node: Yaml<'a>, name: &str) -> Option<Entry<'a>> {
    node.entry_where(&|key| key == name || is_same(key, name))
}

/// Whether two spellings are those of one key: `edge_ttl` and `edgeTtl`.
fn is_same(key: &str, name: &str) -> bool {
    let letters = |text: &'_ str| text.bytes().filter(|b| *b != b'_').map(|b| b.to_ascii_lowercase()).collect::<Vec<u8>>();
    letters(key) == letters(name)
}

fn value<'a>(node: Yaml<'a>, names: &[&str]) -> Option<Yaml<'a>> {
    names.iter().try_fold(node, |node, name| Some(key(node, name)?.value))
}

fn behaviour(rule: Yaml, phase: &str) -> Behaviour {
    let expression = rule.entry("expression");
    let text = expression.as_ref().and_then(|expression| expression.value.as_str()).unwrap_or_default();
    let when = expression::parse(text).unwrap_or_else(|| Condition::Open("its expression is not followed".to_owned()));
    let head = expression.as_ref().map_or(rule.span(), Entry::head);
    let name =
        rule.get("description").and_then(Yaml::as_str).map_or_else(|| "rule".to_owned(), |text| format!("rule \"{text}\""));
    let mut behaviour = Behaviour::new(head, name, when);
    let says = &mut behaviour.says;
    let action = rule.entry("action");
    let span = action.as_ref().map_or(head, Entry::head);
    let parameters = key(rule, "action_parameters").map(|parameters| parameters.value);
    match (action.and_then(|action| action.value.as_str()), parameters) {
        (Some("set_cache_settings"), Some(parameters)) => cache_settings(parameters, says),
        (Some("redirect"), Some(parameters)) => redirect(parameters, span, says),
        (Some("rewrite"), Some(parameters)) => rewrite(parameters, phase, says),
        (Some("block"), parameters) if phase != "http_ratelimit" => {
            let code = parameters.and_then(|p| value(p, &["response", "status_code"])).and_then(status).unwrap_or(403);
            says.answer = Some(Answer { status: code, location: None, span });
        }
        _ => {}
    }
    if let Some(limit) = rule.entry("ratelimit") {
        let number = |name: &str| value(limit.value, &[name]).and_then(Yaml::as_number);
        if let (Some(requests), Some(period)) = (number("requests_per_period"), number("period").filter(|period| *period > 0.0)) {
            let answered = parameters.and_then(|p| value(p, &["response", "status_code"])).and_then(status).unwrap_or(429);
            says.limit =
                Some(Limit { per_minute: requests * 60.0 / period, burst: requests, status: answered, span: limit.head() });
        }
    }
    behaviour
}

fn cache_settings(parameters: Yaml, says: &mut Says) {
    let cache = key(parameters, "cache");
    if let Some(off) = cache.as_ref().filter(|cache| cache.value.as_bool() == Some(false)) {
        says.caching = Some(Caching::never(off.head()));
        return;
    }
    let ttl = value(parameters, &["edge_ttl"]);
    if let Some(list) = ttl.and_then(|ttl| value(ttl, &["status_code_ttl"])) {
        says.keeps_401 = statuses(list);
    }
    let mode = ttl.and_then(|ttl| key(ttl, "mode"));
    let seconds = ttl.and_then(|ttl| value(ttl, &["default"])).and_then(|seconds| seconds.as_str()?.trim().parse().ok());
    let keeps = match (mode.as_ref().and_then(|mode| mode.value.as_str()), seconds) {
        (Some("override_origin"), Some(0)) => Keeps::Never,
        (Some("override_origin"), Some(seconds)) => Keeps::Always(seconds),
        (Some("override_origin"), None) => Keeps::Unknown("the time is not known".to_owned()),
        _ if cache.as_ref().is_some_and(|cache| cache.value.as_bool() == Some(true)) => Keeps::AsTold,
        _ => return,
    };
    let Some(because) = mode.filter(|_| keeps != Keeps::AsTold).or(cache) else { return };
    let custom = value(parameters, &["cache_key", "custom_key"]);
    let header = custom.map(|custom| texts(value(custom, &["header", "include"]))).unwrap_or_default();
    let cookie = custom.map(|custom| texts(value(custom, &["cookie", "include"]))).unwrap_or_default();
    says.caching = Some(Caching {
        keeps,
        because: vec![because.head()],
        key: "address, and what cache_key names".to_owned(),
        by_authorization: Some(header.iter().any(|name| name.eq_ignore_ascii_case("authorization"))),
        by_cookie: !cookie.is_empty(),
        with_set_cookie: false,
        pages: true,
    });
}

/// Whether a 401 is kept, by the time that is given for it; 0 and less are "do not keep".
fn statuses(list: Yaml) -> Option<Fact<Stores>> {
    let mut kept = None;
    for item in list.items() {
        let number = |names: &[&str]| value(item, names).and_then(Yaml::as_number);
        let one = number(&["status_code"]);
        let range = value(item, &["status_code_range"]).map(|_| {
            let (from, to) = (number(&["status_code_range", "from"]), number(&["status_code_range", "to"]));
            (from.unwrap_or(0.0), to.unwrap_or(f64::MAX))
        });
        let fits = one == Some(401.0) || range.is_some_and(|(from, to)| (from..=to).contains(&401.0));
        let Some(time) = value(item, &["value"]).and_then(Yaml::as_number).filter(|_| fits) else { continue };
        let place = item.entries().first().map_or(item.span(), Entry::head);
        kept = Some(Fact::is(if time > 0.0 { Stores::Yes } else { Stores::No }, [place]));
    }
    kept
}

fn redirect(parameters: Yaml, span: Span, says: &mut Says) {
    let Some(from) = value(parameters, &["from_value"]) else { return };
    let status = value(from, &["status_code"]).and_then(status).unwrap_or(301);
    let target = |key: &str| value(from, &["target_url", key]).and_then(Yaml::as_str);
    let fixed = target("value").filter(|text| !is_filled_in_later(text)).map(|text| vec![Piece::Text(text.to_owned())]);
    match fixed.or_else(|| target::parse(target("expression")?)) {
        Some(pieces) => {
            let keeps_query = value(from, &["preserve_query_string"]).and_then(Yaml::as_bool) == Some(true);
            says.moves = Some(Moves { status, to: Moved::Made { pieces, keeps_query }, span });
        }
        None => says.answer = Some(Answer { status, location: Some(unknown_address()), span }),
    }
}

fn rewrite(parameters: Yaml, phase: &str, says: &mut Says) {
    let Some(headers) = value(parameters, &["headers"]) else { return };
    for entry in headers.entries() {
        let name = entry.key.raw().unwrap_or_default();
        let removes = value(entry.value, &["operation"]).and_then(Yaml::as_str) == Some("remove");
        let place = entry.head();
        if phase.contains("response") {
            if removes {
                says.response.hidden.push((name.to_owned(), place));
            }
            says.response_field(name, value(entry.value, &["value"]).and_then(Yaml::as_str).unwrap_or_default(), place);
            continue;
        }
        let fact = match value(entry.value, &["value"]).and_then(Yaml::as_str) {
            _ if removes => dropped(place),
            Some(text) => set_to(text, place),
            None => Fact::unknown("an expression sets it", [place]),
        };
        says.request_field(name, fact);
    }
}
