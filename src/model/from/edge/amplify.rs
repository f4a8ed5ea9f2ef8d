//! `customHttp.yml` of Amplify: fields that are set in answers, by pattern of path; the CDN in front heeds them ("Setting custom
//! headers"). In a pattern `**` stands for any folders, `*` for a part of a name.

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::pattern::Pattern;
use super::says::{Behaviour, Caching, Keeps};
use crate::discover::edge::Dialect;
use crate::model::{Place, Value};
use crate::syntax::yaml::Yaml;

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    documents.iter().filter_map(|document| headers(*document)).collect()
}

fn headers(document: Yaml) -> Option<Draft> {
    let span = document.entry("customHeaders")?.head();
    let entries = document.get("customHeaders").into_iter().flat_map(Yaml::items);
    let behaviours: Vec<Behaviour> = entries.filter_map(behaviour).collect();
    let default = Behaviour::new(span, "no pattern", Condition::Always);
    let place = Place { span, text: "custom headers".to_owned() };
    Some(Draft { dialect: Dialect::Amplify, place, hosts: Vec::new(), order: Order::Merge, default, behaviours, tls: true })
}

fn behaviour(entry: Yaml) -> Option<Behaviour> {
    let pattern = entry.entry("pattern")?;
    let text = pattern.value.as_str()?;
    let mut behaviour = Behaviour::new(pattern.head(), format!("pattern {text}"), Condition::Path(of_glob(text)));
    for header in entry.get("headers").into_iter().flat_map(Yaml::items) {
        let name = header.get("key").and_then(Yaml::as_str).unwrap_or_default();
        let Some(value) = header.entry("value") else { continue };
        let text = value.value.as_str().unwrap_or_default();
        if name.eq_ignore_ascii_case("cache-control") {
            behaviour.says.response.cache_control = Some((Value::Known(text.to_owned()), value.head()));
            behaviour.says.caching = Some(caching(text, value.head()));
        }
        behaviour.says.response_field(name, text, value.head());
    }
    Some(behaviour)
}

/// What the CDN makes of a Cache-Control that replaces the application's.
fn caching(text: &str, span: crate::source::Span) -> Caching {
    let text = text.to_ascii_lowercase();
    let age = |name: &str| text.split(',').find_map(|part| part.trim().strip_prefix(name)?.parse::<u64>().ok());
    let refused = ["no-store", "no-cache", "private"].iter().any(|word| text.contains(word));
    match age("s-maxage=").or_else(|| age("max-age=")).filter(|age| *age > 0 && !refused) {
        Some(age) => Caching { keeps: Keeps::Always(age), key: "address".to_owned(), ..Caching::never(span) },
        None => Caching::never(span),
    }
}

/// A pattern: `**/*` is everything below a folder.
fn of_glob(text: &str) -> Pattern {
    let text = if text.starts_with('/') { text.to_owned() } else { format!("/{text}") };
    Pattern::wildcard(&text.replace("**/*", "*").replace("**/", "*").replace("**", "*"))
}
