//! Maps of URLs: hosts choose a matcher, its rules choose a backend.
//!
//! From the reference of `urlMaps`: of `pathRules` the longest path counts, whatever the order; `routeRules` are tried by their
//! `priority`, lowest number first, and the first one that fits counts. `headerAction` of the rule, the matcher and the map all
//! act. A redirect without a code answers 301. Of the policies for error responses the one of the rule goes before that of the matcher
//! and that before the map's, status by status; in one policy a status goes before a range like `4xx`. Without
//! `overrideResponseCode` the status stays (`CustomErrorResponsePolicy`).

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::{origin, says};
use crate::discover::edge::Dialect;
use crate::model::Place;
use crate::model::Value;
use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::edge_site::{Draft, Order};
use crate::model::from::edge::pattern::Pattern;
use crate::model::from::edge::read::{self, asks_more, kind_head, set_to, texts};
use crate::model::from::edge::says::{Answer, Behaviour, Behind, ErrorPage, Origin, Says};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// The statuses that tell a client to sign in, or that it may not.
const REFUSALS: &[u16] = &[401, 403];

/// Whether a document is a map of URLs.
pub(super) fn is_one(document: Yaml) -> bool {
    let text = |key: &str| document.get(key).and_then(Yaml::as_str);
    matches!(text("kind"), Some("ComputeURLMap" | "compute#urlMap"))
        || ["hostRules", "pathMatchers", "defaultService", "defaultUrlRedirect"].iter().any(|key| document.get(key).is_some())
}

/// What is known around a rule.
struct Map<'a, 'b> {
    spec: Yaml<'a>,
    backends: &'b [(&'a str, Yaml<'a>)],
}

/// The sites of a map, one for each of its host rules and one for other hosts. The backends that it leads to are added to `named`.
pub(super) fn lower<'a>(document: Yaml<'a>, backends: &[(&'a str, Yaml<'a>)], named: &mut Vec<String>) -> Vec<Draft> {
    let spec = document.get("spec").unwrap_or(document);
    let map = Map { spec, backends };
    let title = format!("url map {}", super::name(document));
    let mut matchers: HashMap<&str, Yaml, FixedState> = HashMap::default();
    for matcher in spec.get("pathMatchers").into_iter().flat_map(Yaml::items) {
        if let Some(name) = matcher.get("name").and_then(Yaml::as_str) {
            matchers.entry(name).or_insert(matcher);
        }
    }
    let mut drafts = Vec::new();
    for rule in spec.get("hostRules").into_iter().flat_map(Yaml::items) {
        let hosts = texts(rule.get("hosts"));
        let wanted = rule.get("pathMatcher").and_then(Yaml::as_str);
        let Some(matcher) = wanted.and_then(|name| matchers.get(name)) else { continue };
        let span = rule.entry("hosts").map_or(rule.span(), |hosts| hosts.key.span());
        // `*` alone is every host; a port in it does not matter.
        let hosts: Vec<String> = if hosts.iter().any(|host| host == "*") {
            Vec::new()
        } else {
            hosts.iter().map(|host| host.to_ascii_lowercase()).collect()
        };
        drafts.push(map.draft(*matcher, span, title.clone(), hosts, named));
    }
    if spec.get("defaultService").is_some() || spec.get("defaultUrlRedirect").is_some() {
        drafts.push(map.draft(spec, kind_head(document), title, Vec::new(), named));
    }
    drafts
}

impl<'a> Map<'a, '_> {
    /// The site of a matcher, or of the map itself, which has no rules of its own.
    fn draft(&self, matcher: Yaml<'a>, span: Span, title: String, hosts: Vec<String>, named: &mut Vec<String>) -> Draft {
        let levels = [matcher, self.spec];
        let head = ["defaultService", "defaultUrlRedirect", "defaultRouteAction"].iter().find_map(|key| matcher.entry(key));
        let mut default = Behaviour::new(head.map_or(span, |head| head.head()), "defaultService", Condition::Always);
        *default.says = self.says(matcher, ["defaultService", "defaultUrlRedirect", "defaultRouteAction"], &levels, named);
        let mut behaviours: Vec<Behaviour> = Vec::new();
        let mut rules: Vec<Yaml> = matcher.get("routeRules").into_iter().flat_map(Yaml::items).collect();
        let priority = |rule: &Yaml| rule.get("priority").and_then(Yaml::as_number).unwrap_or(0.0);
        rules.sort_by(|a, b| priority(a).total_cmp(&priority(b)));
        for rule in rules {
            let head = rule.entries().first().map_or(rule.span(), Entry::head);
            let when = Condition::any(rule.get("matchRules").into_iter().flat_map(Yaml::items).map(route_match).collect());
            let name = rule.get("priority").and_then(Yaml::raw).map_or("route rule".to_owned(), |p| format!("route rule {p}"));
            let mut behaviour = Behaviour::new(head, name, when);
            *behaviour.says = self.says(rule, ["service", "urlRedirect", "routeAction"], &[rule, matcher, self.spec], named);
            behaviours.push(behaviour);
        }
        let mut by_length: Vec<Behaviour> = Vec::new();
        for rule in matcher.get("pathRules").into_iter().flat_map(Yaml::items) {
            let says = self.says(rule, ["service", "urlRedirect", "routeAction"], &levels, named);
            let head = rule.entry("paths").map_or(rule.span(), |paths| paths.key.span());
            for path in rule.get("paths").into_iter().flat_map(Yaml::items) {
                let text = path.as_str().unwrap_or_default();
                let mut behaviour = Behaviour::new(path.span(), format!("path rule {text}"), Condition::Path(path_rule(text)));
                // Of several paths each is known by its own place.
                behaviour.head = if path.span().start == path.span().end { head } else { path.span() };
                *behaviour.says = says.clone();
                by_length.push(behaviour);
            }
        }
        by_length.sort_by_key(|behaviour| std::cmp::Reverse(behaviour.when.length()));
        behaviours.extend(by_length);
        let place = Place { span, text: title };
        Draft { dialect: Dialect::Google, place, hosts, order: Order::Alone, default, behaviours, tls: true }
    }

    /// What happens to requests that a rule takes: `keys` name its service, its redirect and its action, `levels` are those whose
    /// `headerAction` acts, the innermost first.
    fn says(&self, rule: Yaml<'a>, keys: [&str; 3], levels: &[Yaml<'a>], named: &mut Vec<String>) -> Says {
        let [service, redirect, action] = keys;
        let action = rule.get(action);
        let weighted = action.and_then(|action| action.get("weightedBackendServices")).and_then(|list| list.items().next());
        let entry = rule.entry(service).or_else(|| weighted.and_then(|first| first.entry("backendService")));
        let mut says = Says::default();
        if let Some(entry) = &entry {
            let (name, is_bucket) = reference(entry.value);
            match self.backends.iter().find(|(known, _)| Some(*known) == name) {
                Some((known, document)) => {
                    named.push((*known).to_owned());
                    says = self::says(*document);
                }
                None => says.origin = Some(Origin { behind: Behind::Unknown, span: entry.head(), target: None, plain: None }),
            }
            says.origin = match name {
                Some(name) => Some(origin(name, is_bucket, entry.head())),
                None => Some(Origin { behind: Behind::Unknown, span: entry.head(), target: None, plain: None }),
            };
        }
        for level in levels.iter().rev() {
            if let Some(action) = level.get("headerAction") {
                edit(action, &mut says);
            }
        }
        if let Some(redirect) = rule.entry(redirect) {
            says.answer = Some(answer(&redirect));
        }
        let own = rule.get("customErrorResponsePolicy");
        let around = [levels.first(), levels.get(1), levels.get(2)].into_iter().flatten();
        let policies: Vec<Yaml> =
            own.into_iter().chain(around.filter_map(|level| level.get("defaultCustomErrorResponsePolicy"))).collect();
        says.errors =
            REFUSALS.iter().filter_map(|status| policies.iter().find_map(|policy| error_page(*policy, *status))).collect();
        says
    }
}

/// What a policy for error responses makes of a status; `None`: it does not speak of it.
fn error_page(policy: Yaml, status: u16) -> Option<ErrorPage> {
    let rules = ["errorResponseRules", "errorResponseRule"].iter().filter_map(|key| policy.get(key)).flat_map(Yaml::items);
    let rules: Vec<Yaml> = rules.collect();
    let range = format!("{}xx", status / 100);
    let of = |code: &str| {
        let names = |rule: &&Yaml| texts(rule.get("matchResponseCodes")).iter().any(|known| known.eq_ignore_ascii_case(code));
        rules.iter().find(names)
    };
    let rule = of(&status.to_string()).or_else(|| of(&range))?;
    let overridden = rule.entry("overrideResponseCode");
    let becomes = overridden.as_ref().and_then(|code| read::status(code.value));
    let place = overridden.or_else(|| rule.entry("matchResponseCodes"));
    Some(ErrorPage { status, becomes, span: place.map_or(rule.span(), |place| place.head()) })
}

/// The name that a reference to a backend ends with, and whether it is a bucket: a URL, or a mapping with a reference in it.
fn reference(value: Yaml<'_>) -> (Option<&str>, bool) {
    if let Some(text) = value.as_str() {
        return (text.rsplit('/').next().filter(|name| !name.is_empty()), text.contains("backendBuckets/"));
    }
    let of =
        |key: &str| value.get(key).and_then(|reference| reference.get("name").or_else(|| reference.get("external"))?.as_str());
    let last = |text: &str| text.rfind('/').map_or(0, |at| at + 1);
    match (of("backendServiceRef"), of("backendBucketRef")) {
        (Some(name), _) => (name.get(last(name)..), false),
        (_, Some(name)) => (name.get(last(name)..), true),
        _ => (None, false),
    }
}

/// A path of a path rule: `*` only at its end, behind a slash.
fn path_rule(text: &str) -> Pattern {
    match text.strip_suffix('*') {
        Some("/") => Pattern::Any,
        Some(prefix) => Pattern::Prefix(prefix.to_owned()),
        None => Pattern::Exact(text.to_owned()),
    }
}

fn route_match(one: Yaml) -> Condition {
    let text = |key: &str| one.get(key).and_then(Yaml::as_str);
    let pattern = match (text("fullPathMatch"), text("prefixMatch"), text("regexMatch"), text("pathTemplateMatch")) {
        (Some(exact), ..) => Pattern::Exact(exact.to_owned()),
        (_, Some("/"), ..) | (None, None, None, None) => Pattern::Any,
        (_, Some(prefix), ..) => Pattern::Prefix(prefix.to_owned()),
        (_, _, Some(regex), _) => Pattern::full_regex(regex),
        _ => Pattern::Unknown("a template of a path".to_owned()),
    };
    Condition::Path(pattern).and(asks_more(Some(one), &["headerMatches", "queryParameterMatches", "metadataFilters"]))
}

/// What one `headerAction` does.
fn edit(action: Yaml, says: &mut Says) {
    if let Some(remove) = action.entry("requestHeadersToRemove") {
        says.without(remove.value, remove.head());
    }
    for add in action.get("requestHeadersToAdd").into_iter().flat_map(Yaml::items) {
        let text = |key: &str| add.get(key).and_then(Yaml::as_str).unwrap_or_default();
        let replaces = add.get("replace").and_then(Yaml::as_bool) == Some(true);
        if let Some(value) = add.entry("headerValue") {
            // Beside what the client sends there would be two.
            let fate = if replaces {
                set_to(text("headerValue"), value.head())
            } else {
                crate::model::Fact::unknown("another one is added to it", [value.head()])
            };
            says.request_field(text("headerName"), fate);
        }
    }
    if let Some(remove) = action.entry("responseHeadersToRemove") {
        says.hides(remove.value, remove.head());
    }
}

fn answer(redirect: &Entry) -> Answer {
    let text = |key: &str| redirect.value.get(key).and_then(Yaml::as_str);
    let status = match text("redirectResponseCode") {
        Some("FOUND") => 302,
        Some("SEE_OTHER") => 303,
        Some("TEMPORARY_REDIRECT") => 307,
        Some("PERMANENT_REDIRECT") => 308,
        _ => 301,
    };
    let location =
        text("hostRedirect").map(|host| Value::Known(format!("https://{host}{}", text("pathRedirect").unwrap_or("/"))));
    Answer { status, location, span: redirect.head() }
}
