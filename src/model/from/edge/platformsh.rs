//! Routes of platform.sh and Upsun: each key is an address, the longest one that a request begins with counts.
//!
//! The cache is from its documentation ("HTTP cache"): only GET and HEAD, nothing with Set-Cookie or `Cache-Control: private`; any
//! cookie bypasses it unless `cookies` lists some, `[]` ignores all; answers that say nothing are kept for `default_ttl`.

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::pattern::Pattern;
use super::read::{application, status};
use super::says::{Answer, Behaviour, Caching, Keeps, Says};
use crate::discover::edge::Dialect;
use crate::model::{Place, Value};
use crate::syntax::yaml::{Entry, Yaml};

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    documents
        .iter()
        .flat_map(|document| routes(document.get("routes").filter(|routes| routes.is_mapping()).unwrap_or(*document)))
        .collect()
}

fn routes(routes: Yaml) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for entry in routes.entries() {
        let Some((host, path)) = entry.key.raw().and_then(split) else { continue };
        let behaviour = behaviour(&entry, path);
        match drafts.iter_mut().find(|draft| draft.hosts == [host.as_str()]) {
            Some(draft) => draft.behaviours.push(behaviour),
            None => drafts.push(draft(&entry, host, behaviour)),
        }
    }
    for draft in &mut drafts {
        draft.behaviours.sort_by_key(|behaviour| std::cmp::Reverse(behaviour.when.length()));
    }
    // A host that is written out goes before one that stands for many.
    drafts.sort_by_key(|draft| std::cmp::Reverse(draft.hosts.iter().map(|host| host.trim_matches('*').len()).max()));
    drafts
}

/// Host and path of an address; `{default}` and `{all}` stand for the domains of the project, which the file does not tell.
fn split(address: &str) -> Option<(String, &str)> {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((host.replace("{default}", "*").replace("{all}", "*").to_ascii_lowercase(), path))
}

fn draft(entry: &Entry, host: String, behaviour: Behaviour) -> Draft {
    let span = entry.key.span();
    let mut default = Behaviour::new(span, "no route", Condition::Always);
    default.says.answer = Some(Answer { status: 404, location: None, span });
    let text = format!("route {}", entry.key.raw().unwrap_or_default());
    Draft {
        dialect: Dialect::PlatformSh,
        place: Place { span, text },
        hosts: vec![host],
        order: Order::Alone,
        default,
        behaviours: vec![behaviour],
        tls: true,
    }
}

fn behaviour(entry: &Entry, path: &str) -> Behaviour {
    let route = entry.value;
    let pattern = if path.is_empty() || path == "/" { Pattern::Any } else { Pattern::below(path) };
    let mut behaviour =
        Behaviour::new(entry.key.span(), format!("route {}", entry.key.raw().unwrap_or_default()), Condition::Path(pattern));
    let says = &mut behaviour.says;
    if route.get("type").and_then(Yaml::as_str) == Some("redirect") {
        let to = route.entry("to");
        let known =
            to.as_ref().and_then(|to| to.value.as_str()).filter(|to| !to.contains('{')).map(|to| Value::Known(to.to_owned()));
        says.answer = Some(Answer {
            status: route.get("code").and_then(status).unwrap_or(301),
            location: known.or_else(|| {
                Some(Value::Unknown {
                    prefix: "https://".to_owned(),
                    nonempty: true,
                    why: "the domain of the project".to_owned(),
                })
            }),
            span: to.map_or(entry.key.span(), |to| to.head()),
        });
        return behaviour;
    }
    let upstream = route.entry("upstream");
    let span = upstream.as_ref().map_or(entry.key.span(), Entry::head);
    says.origin = Some(application(upstream.as_ref().and_then(|upstream| upstream.value.as_str()), span));
    caching(route, says);
    behaviour
}

fn caching(route: Yaml, says: &mut Says) {
    let Some(cache) = route.entry("cache") else { return };
    let off = cache.value.as_bool() == Some(false) || cache.value.get("enabled").and_then(Yaml::as_bool) == Some(false);
    if off {
        says.caching = Some(Caching::never(cache.head()));
        return;
    }
    let ttl = cache.value.entry("default_ttl");
    let seconds = ttl.as_ref().map_or(Some(0), |ttl| ttl.value.as_str()?.trim().parse().ok());
    let keeps = match seconds {
        Some(0) => Keeps::AsTold,
        Some(seconds) => Keeps::Unless(seconds),
        None => Keeps::Unknown("the time is not known".to_owned()),
    };
    let cookies = cache.value.entry("cookies");
    let ignores = cookies.as_ref().is_some_and(|cookies| cookies.value.is_sequence() && cookies.value.items().next().is_none());
    let because = cookies.filter(|_| ignores).or(ttl).map_or(cache.head(), |entry| entry.head());
    let by_authorization = cache.value.get("headers").map(|headers| super::read::names(headers, "authorization"));
    says.caching = Some(Caching {
        keeps,
        because: vec![because],
        key: "host, path, and the header fields and cookies that are listed".to_owned(),
        by_authorization: by_authorization.filter(|listed| *listed),
        by_cookie: !ignores,
        with_set_cookie: false,
        pages: true,
    });
}
