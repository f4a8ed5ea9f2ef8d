//! For which requests a route is (`config.route.v3.RouteMatch`). Measured with Envoy 1.40: regular expressions match the whole path
//! without its query, `case_sensitive` says nothing about them, and `path_separated_prefix` is for its own path too.

use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::field::{Field, Part, Wanted};
use crate::model::from::edge::pattern::Pattern;
use crate::model::from::edge::read::{MORE, asks_more};
use crate::syntax::yaml::Yaml;

/// What a route asks for besides path, header fields and parameters.
const OTHERS: &[&str] = &["grpc", "tls_context", "dynamic_metadata", "filter_state", "cookies", "connect_matcher"];

/// The requests that a `match` is for.
pub(super) fn condition(asked: Option<Yaml>) -> Condition {
    let Some(asked) = asked else { return Condition::Open("its match is not known".to_owned()) };
    let list = |key: &str| asked.get(key).into_iter().flat_map(Yaml::items).collect::<Vec<_>>();
    let fields = list("headers").into_iter().map(header);
    let parameters = list("query_parameters").into_iter().map(parameter);
    let share = asked.get("runtime_fraction").map_or(Condition::Always, share);
    let parts = fields.chain(parameters).chain([share, asks_more(Some(asked), OTHERS)]);
    parts.fold(Condition::Path(pattern(asked)), Condition::and)
}

/// The paths of a `match`.
pub(super) fn pattern(asked: Yaml) -> Pattern {
    let text = |key: &str| asked.get(key).and_then(Yaml::as_str);
    let folds = asked.get("case_sensitive").and_then(Yaml::as_bool) == Some(false);
    let regex = asked.at_path(&["safe_regex", "regex"]).and_then(Yaml::as_str);
    match (text("path"), text("prefix"), text("path_separated_prefix"), regex) {
        (Some(path), ..) if folds => Pattern::folded(path, ""),
        (_, Some(prefix), ..) if folds && prefix != "/" => Pattern::folded(prefix, ".*"),
        (_, _, Some(prefix), _) if folds => Pattern::folded(prefix, "(?:/.*)?"),
        (Some(path), ..) => Pattern::Exact(path.to_owned()),
        (_, Some("/" | ""), ..) => Pattern::Any,
        (_, Some(prefix), ..) => Pattern::Prefix(prefix.to_owned()),
        (_, _, Some(prefix), _) => Pattern::below(prefix),
        (.., Some(regex)) => Pattern::full_regex(regex),
        _ => Pattern::Unknown("its match is not known".to_owned()),
    }
}

/// How much of the path a `match` names: what `prefix_rewrite` puts another text in place of. `None`: the whole path.
pub(super) fn named(asked: Option<Yaml>) -> Option<usize> {
    let text = |key: &str| asked.and_then(|asked| asked.get(key)).and_then(Yaml::as_str);
    text("prefix").or_else(|| text("path_separated_prefix")).map(str::len)
}

/// A share of the requests.
fn share(fraction: Yaml) -> Condition {
    let default = fraction.get("default_value");
    let number = |key: &str| default.and_then(|default| default.get(key)).and_then(Yaml::as_number);
    let whole = match default.and_then(|default| default.get("denominator")).and_then(Yaml::as_str) {
        Some("TEN_THOUSAND") => 10_000.0,
        Some("MILLION") => 1_000_000.0,
        _ => 100.0,
    };
    let other = fraction.get("runtime_key").and_then(Yaml::as_str).is_some_and(|key| !key.is_empty());
    match number("numerator").unwrap_or(0.0) {
        numerator if !other && numerator >= whole => Condition::Always,
        numerator if !other && numerator <= 0.0 => Condition::Any(Vec::new()),
        _ => Condition::Open("it takes a share of the requests".to_owned()),
    }
}

fn header(matcher: Yaml) -> Condition {
    let name = matcher.get("name").and_then(Yaml::as_str).unwrap_or_default().to_ascii_lowercase();
    let part = match name.as_str() {
        ":method" => Part::Method,
        ":authority" | "host" => Part::Host,
        ":path" => Part::Target,
        // Where the client names none, it is that of the connection.
        ":scheme" | "x-forwarded-proto" => Part::Scheme,
        "x-forwarded-for" | "x-request-id" => return unknown(),
        own if own.starts_with("x-envoy-") || own.starts_with(':') => return unknown(),
        _ => Part::Header(name),
    };
    let flag = |key: &str| matcher.get(key).and_then(Yaml::as_bool) == Some(true);
    let Some((wanted, ignore_case)) = wanted(matcher) else { return unknown() };
    let absent = matcher.get("present_match").and_then(Yaml::as_bool) == Some(false);
    let negated = flag("invert_match") != absent;
    match (&part, &wanted) {
        (Part::Method, Wanted::Exact(method)) if !negated && !ignore_case => return Condition::Method(method.clone()),
        (Part::Host, Wanted::Exact(host)) if !negated && !host.contains([':', '*']) => {
            return Condition::Host(host.to_ascii_lowercase());
        }
        _ => {}
    }
    let missing_is_empty = flag("treat_missing_header_as_empty");
    Condition::Field(Box::new(Field { part, wanted, ignore_case, negated, missing_is_empty }))
}

fn parameter(matcher: Yaml) -> Condition {
    let name = matcher.get("name").and_then(Yaml::as_str).unwrap_or_default().to_owned();
    let Some((wanted, ignore_case)) = wanted(matcher) else { return unknown() };
    let negated = matcher.get("present_match").and_then(Yaml::as_bool) == Some(false);
    let field = Field::new(Part::Parameter(name), wanted);
    Condition::Field(Box::new(Field { ignore_case, negated, ..field }))
}

fn unknown() -> Condition {
    Condition::Open(MORE.to_owned())
}

/// How a value has to be, and whether case does not count; `None`: it is not read here.
fn wanted(matcher: Yaml) -> Option<(Wanted, bool)> {
    let of = |node: Yaml, suffix: &str| {
        let text = |key: &str| node.get(&format!("{key}{suffix}")).and_then(Yaml::as_str).map(str::to_owned);
        let plain = [
            text("exact").map(Wanted::Exact),
            text("prefix").map(Wanted::Prefix),
            text("suffix").map(Wanted::Suffix),
            text("contains").map(Wanted::Contains),
        ];
        let regex = node.get(&format!("safe_regex{suffix}")).and_then(|regex| regex.get("regex")).and_then(Yaml::as_str);
        plain.into_iter().flatten().next().or_else(|| Wanted::regex(regex?))
    };
    if let Some(text) = matcher.get("string_match") {
        let ignore_case = text.get("ignore_case").and_then(Yaml::as_bool) == Some(true);
        return Some((of(text, "")?, ignore_case));
    }
    // The older names.
    if let Some(wanted) = of(matcher, "_match") {
        return Some((wanted, false));
    }
    if let Some(range) = matcher.get("range_match") {
        let end = |key: &str| range.get(key).and_then(Yaml::as_str).map_or(Some(0), |number| number.parse::<i64>().ok());
        return Some((Wanted::Range(end("start")?, end("end")?), false));
    }
    let others = ["safe_regex_match", "string_match", "exact_match"];
    let present = !others.iter().any(|key| matcher.get(key).is_some());
    present.then_some((Wanted::Present, false))
}
