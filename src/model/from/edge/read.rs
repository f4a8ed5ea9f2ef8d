//! What several dialects read alike.

use super::condition::Condition;
use super::moves::{Moved, NewPath};
use super::pattern::Pattern;
use super::says::{Behaviour, Behind, Forward, Origin};
use crate::model::{Combine, Fact, Gate, GateKind, Scheme, Value, Verdict};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// The texts of a list, or the one text that stands instead of a list.
pub(super) fn texts(value: Option<Yaml>) -> Vec<String> {
    let Some(value) = value else { return Vec::new() };
    let one = |item: Yaml| item.as_str().map(str::to_owned);
    if value.is_sequence() { value.items().filter_map(one).collect() } else { one(value).into_iter().collect() }
}

/// Whether a list names this header field; case does not count.
pub(super) fn names(list: Yaml, header: &str) -> bool {
    list.items().filter_map(Yaml::as_str).any(|name| name.eq_ignore_ascii_case(header))
}

/// The entry of a mapping with this key; case does not count.
pub(super) fn entry_of_header<'a>(mapping: Yaml<'a>, header: &str) -> Option<Entry<'a>> {
    mapping.entry_where(&|name| name.eq_ignore_ascii_case(header))
}

/// A status as it is written.
pub(super) fn status(value: Yaml) -> Option<u16> {
    value.as_str()?.trim().parse().ok()
}

/// It does not arrive, because of this key.
pub(super) fn dropped(by: Span) -> Fact<Forward> {
    Fact::is(Forward::Dropped, [by])
}

/// What an upstream gets instead; nothing if the text is empty.
pub(super) fn set_to(text: &str, by: Span) -> Fact<Forward> {
    match text {
        "" => dropped(by),
        text if is_filled_in_later(text) => Fact::unknown("the value is filled in later", [by]),
        text => Fact::is(Forward::Replaced(Value::Known(text.to_owned())), [by]),
    }
}

/// Whether a text has a character without which no mark of a template stands in it. Most texts have none.
pub(super) fn may_have_mark(text: &str) -> bool {
    memchr::memchr2(b'{', b'%', text.as_bytes()).is_some()
}

/// Whether a text holds a place that something else fills in.
pub(super) fn is_filled_in_later(text: &str) -> bool {
    may_have_mark(text) && ["{{", "${", "%{", "<%", "%("].iter().any(|mark| text.contains(mark))
}

/// A check that asks for what the request does not show.
pub(super) fn gate(kind: GateKind, span: Span) -> Gate {
    Gate { kind, realm: None, span, source: None, combine: Combine::All, verdict: Verdict::Unknown }
}

/// An application behind a name.
pub(super) fn application(name: Option<&str>, span: Span) -> Origin {
    let target = name.filter(|name| !is_filled_in_later(name)).map(|name| Value::Known(name.to_owned()));
    Origin { behind: Behind::Application, span, target, plain: None }
}

/// The name of an object of Kubernetes.
pub(super) fn object_name(document: Yaml<'_>) -> &str {
    document.at_path(&["metadata", "name"]).and_then(Yaml::as_str).unwrap_or("without name")
}

/// The namespace of an object of Kubernetes; empty where none is written.
pub(super) fn namespace(document: Yaml<'_>) -> &str {
    document.at_path(&["metadata", "namespace"]).and_then(Yaml::as_str).unwrap_or_default()
}

/// The entry that says what a document is.
pub(super) fn kind_head(document: Yaml) -> Span {
    document.entry("kind").map_or(document.span(), |kind| kind.head())
}

/// `http` or `https`.
pub(super) fn scheme(text: Option<&str>) -> Option<Scheme> {
    match text?.to_ascii_lowercase().as_str() {
        "http" => Some(Scheme::Http),
        "https" => Some(Scheme::Https),
        _ => None,
    }
}

/// An address of which nothing is known.
pub(super) fn unknown_address() -> Value {
    Value::Unknown { prefix: String::new(), nonempty: true, why: "what it is made of is not followed".to_owned() }
}

/// Why an entry is open that asks for something which is not read here.
pub(super) const MORE: &str = "it asks for more than host, path and method";

/// Open where an entry asks for more than host, path and method, by these keys.
pub(super) fn asks_more(node: Option<Yaml>, keys: &[&str]) -> Condition {
    let more = node.is_some_and(|node| keys.iter().any(|key| node.get(key).is_some()));
    if more { Condition::Open(MORE.to_owned()) } else { Condition::Always }
}

/// The hosts that entries name; none where one of them is for any host.
pub(super) fn hosts_of(behaviours: &[Behaviour]) -> Vec<String> {
    if behaviours.iter().any(|behaviour| behaviour.when.hosts().is_empty()) {
        return Vec::new();
    }
    let mut hosts: Vec<String> = behaviours.iter().flat_map(|behaviour| behaviour.when.hosts()).map(str::to_owned).collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// `{exact: …}`, `{prefix: …}` or `{regex: …}` about a path.
pub(super) fn path_match(value: Yaml) -> Option<Condition> {
    let text = |key: &str| value.get(key).and_then(Yaml::as_str);
    let pattern = match (text("exact"), text("prefix"), text("regex")) {
        (Some(exact), ..) => Pattern::Exact(exact.to_owned()),
        (_, Some(prefix), _) => Pattern::Prefix(prefix.to_owned()),
        (.., Some(regex)) => Pattern::full_regex(regex),
        _ => return None,
    };
    Some(Condition::Path(pattern))
}

/// A redirect to the same path and query of the address that a text names: `https://www.example.com`, `${scheme}://${host}`.
pub(super) fn same_path(address: &str) -> Option<Moved> {
    let (scheme, host) = address.split_once("://")?;
    let scheme = match scheme {
        "http" => Some(Scheme::Http),
        "https" => Some(Scheme::Https),
        "${scheme}" => None,
        _ => return None,
    };
    let host = match host {
        "${host}" => None,
        name if !name.is_empty() && !name.contains(['/', '$', '?', '{']) => Some(name.to_ascii_lowercase()),
        _ => return None,
    };
    Some(Moved::Parts { scheme, host, port: None, path: NewPath::Same, query: true })
}
