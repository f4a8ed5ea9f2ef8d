//! What middlewares do to a request.

use super::labels::Labels;
use crate::model::from::edge::moves::{Moved, Moves, Substitution};
use crate::model::from::edge::read::{dropped, entry_of_header, gate, set_to, texts};
use crate::model::from::edge::says::{Limit, OverTls, Says};
use crate::model::{Fact, Gate, GateKind, Value};
use crate::source::Span;
use crate::syntax::yaml::Yaml;

/// How deep chains of middlewares are followed.
const MAX_CHAIN: usize = 8;

/// The options of one middleware, as a mapping or as labels.
pub(super) enum Options<'a> {
    /// `basicAuth: {…}`
    Node(Yaml<'a>),
    /// `traefik.http.middlewares.NAME.basicauth.…`
    Labels(&'a Labels<'a>, String),
}

/// One option: its text and where it stands.
struct Setting<'a> {
    text: &'a str,
    span: Span,
}

impl<'a> Options<'a> {
    /// The option at a path of keys; case does not count, as labels are written in lower case.
    fn get(&self, path: &[&str]) -> Option<Setting<'a>> {
        match self {
            Self::Node(node) => {
                let (last, folders) = path.split_last()?;
                let folder = folders.iter().try_fold(*node, |node, key| Some(entry_of_header(node, key)?.value))?;
                let entry = entry_of_header(folder, last)?;
                Some(Setting { text: entry.value.as_str()?, span: entry.head() })
            }
            Self::Labels(labels, name) => {
                let (text, span) = labels.get(name, path)?;
                Some(Setting { text, span })
            }
        }
    }

    /// Whether it is a middleware of this kind, and where that is said.
    fn is(&self, kind: &str) -> Option<Span> {
        match self {
            Self::Node(node) => Some(entry_of_header(*node, kind)?.key.span()),
            Self::Labels(labels, name) => labels.kind(name, kind),
        }
    }

    /// The texts of an option that is a list.
    fn list(&self, path: &[&str]) -> Vec<String> {
        match self {
            Self::Node(node) => texts(path.iter().try_fold(*node, |node, key| Some(entry_of_header(node, key)?.value))),
            Self::Labels(..) => {
                self.get(path).map(|s| s.text.split(',').map(|text| text.trim().to_owned()).collect()).unwrap_or_default()
            }
        }
    }

    fn chain(&self) -> Vec<String> {
        match self {
            Self::Node(node) => {
                let list = entry_of_header(*node, "chain").and_then(|chain| chain.value.get("middlewares"));
                let named =
                    list.into_iter().flat_map(Yaml::items).filter_map(|item| item.get("name")?.as_str().map(str::to_owned));
                named.chain(texts(list)).collect()
            }
            Self::Labels(..) => self
                .get(&["chain", "middlewares"])
                .map(|s| s.text.split(',').map(|n| n.trim().to_owned()).collect())
                .unwrap_or_default(),
        }
    }
}

/// Adds what a middleware does.
pub(super) fn apply<'a>(options: &Options<'a>, find: &dyn Fn(&str) -> Option<Options<'a>>, says: &mut Says, depth: usize) {
    for (kind, gate_kind) in [("basicAuth", GateKind::Basic), ("digestAuth", GateKind::Digest)] {
        let Some(span) = options.is(kind) else { continue };
        let mut asked = gate(gate_kind, span);
        asked.realm = options.get(&[kind, "realm"]).map(|realm| Value::Known(realm.text.to_owned()));
        says.gates.push(asked);
        if let Some(remove) = options.get(&[kind, "removeHeader"]).filter(|remove| remove.text.eq_ignore_ascii_case("true")) {
            says.authorization = Some(dropped(remove.span));
        }
    }
    if let Some(span) = options.is("forwardAuth") {
        says.gates.push(gate(GateKind::Subrequest, span));
        if let Some(trust) = options.get(&["forwardAuth", "trustForwardHeader"]).filter(|trust| trust.text == "true") {
            says.believes_forwarded.get_or_insert(trust.span);
        }
    }
    for kind in ["ipAllowList", "ipWhiteList"] {
        says.gates.extend(options.is(kind).map(|span| Gate {
            source: Some(Fact::is(options.list(&[kind, "sourceRange"]).join(","), [span])),
            ..gate(GateKind::Address, span)
        }));
    }
    for name in ["Authorization", "Cookie", "X-Forwarded-Proto", "X-Forwarded-Host"] {
        if let Some(set) = options.get(&["headers", "customRequestHeaders", name]) {
            says.request_field(name, set_to(set.text, set.span));
        }
    }
    for name in ["WWW-Authenticate", "Set-Cookie"] {
        if let Some(set) = options.get(&["headers", "customResponseHeaders", name]).filter(|set| set.text.is_empty()) {
            says.response.hidden.push((name.to_owned(), set.span));
        }
    }
    if let Some(set) = options.get(&["headers", "customResponseHeaders", "Set-Cookie"]) {
        says.response_field("Set-Cookie", set.text, set.span);
    }
    if let Some(span) = options.is("redirectScheme") {
        let permanent = options.get(&["redirectScheme", "permanent"]).is_some_and(|p| p.text == "true");
        if options.get(&["redirectScheme", "scheme"]).is_some_and(|scheme| scheme.text == "https") {
            says.over_tls = Some(OverTls { status: if permanent { 301 } else { 302 }, span });
        }
    }
    if let Some(span) = options.is("redirectRegex") {
        let permanent = options.get(&["redirectRegex", "permanent"]).is_some_and(|p| p.text == "true");
        // In a compose file a dollar is written twice.
        let text = |key: &str| options.get(&["redirectRegex", key]).map(|setting| setting.text.replace("$$", "$"));
        let substitution = text("regex").zip(text("replacement")).and_then(|(regex, by)| Substitution::new(&regex, by));
        match substitution {
            Some(substitution) => {
                let to = Moved::Matching(substitution);
                says.moves = Some(Moves { status: if permanent { 301 } else { 302 }, to, span });
            }
            None => says.unread = true,
        }
    }
    if let Some(span) = options.is("rateLimit") {
        let number = |key: &str| options.get(&["rateLimit", key]).and_then(|n| n.text.parse::<f64>().ok());
        let seconds = options.get(&["rateLimit", "period"]).map_or(Some(1.0), |period| seconds(period.text));
        if let (Some(average), Some(seconds)) = (number("average").filter(|average| *average > 0.0), seconds) {
            let burst = number("burst").unwrap_or(1.0);
            says.limit = Some(Limit { per_minute: average * 60.0 / seconds, burst, status: 429, span });
        }
    }
    if options.is("plugin").is_some() || options.is("errors").is_some() {
        says.unread = true;
    }
    if depth < MAX_CHAIN {
        for name in options.chain() {
            match find(&name) {
                Some(inner) => apply(&inner, find, says, depth + 1),
                None => says.unread = true,
            }
        }
    }
}

/// A duration as Go writes it, of one unit; a number alone is seconds.
fn seconds(text: &str) -> Option<f64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()));
    let factor = match unit {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor).filter(|seconds| *seconds > 0.0)
}
