//! Routes of platform.sh and Upsun: each key is an address, the longest one that a request begins with counts.
//!
//! The cache is from its documentation ("HTTP cache"): only GET and HEAD, nothing with Set-Cookie or `Cache-Control: private`; any
//! cookie bypasses it unless `cookies` lists some, `[]` ignores all; answers that say nothing are kept for `default_ttl`.
//!
//! What of an application is files is from the reference of `web.locations`, which stand beside the routes in `.upsun/config.yaml`:
//! a location without `passthru` hands nothing to the application, unless it is PHP and runs scripts there; `expires` holds for
//! files alone; `allow: false` without `passthru` refuses what no rule allows.

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::pattern::Pattern;
use super::read::{application, status};
use super::says::{Answer, Behaviour, Behind, Caching, Keeps, Origin, Says};
use crate::discover::edge::Dialect;
use crate::model::{Place, Value};
use crate::syntax::yaml::{Entry, Yaml};

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    documents
        .iter()
        .flat_map(|document| {
            let applications = document.get("applications").filter(|_| document.get("routes").is_some());
            routes(document.get("routes").filter(|routes| routes.is_mapping()).unwrap_or(*document), applications)
        })
        .collect()
}

fn routes(routes: Yaml, applications: Option<Yaml>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for entry in routes.entries() {
        let Some((host, path)) = entry.key.raw().and_then(split) else { continue };
        let behaviour = behaviour(&entry, path);
        let locations = locations(entry.value, path, &behaviour, applications);
        let at = drafts.iter().position(|draft| draft.hosts == [host.as_str()]);
        let at = at.unwrap_or_else(|| {
            drafts.push(draft(&entry, host));
            drafts.len() - 1
        });
        if let Some(draft) = drafts.get_mut(at) {
            draft.behaviours.push(behaviour);
            draft.behaviours.extend(locations);
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

fn draft(entry: &Entry, host: String) -> Draft {
    let span = entry.key.span();
    let default = Behaviour::not_found(span, "no route");
    let text = format!("route {}", entry.key.raw().unwrap_or_default());
    Draft {
        dialect: Dialect::PlatformSh,
        place: Place { span, text },
        hosts: vec![host],
        order: Order::Alone,
        default,
        behaviours: Vec::new(),
        tls: true,
    }
}

/// The locations of the application behind a route that hold files: entries of their own below it.
fn locations(route: Yaml, path: &str, whole: &Behaviour, applications: Option<Yaml>) -> Vec<Behaviour> {
    let name = route.get("upstream").and_then(Yaml::as_str).and_then(|upstream| upstream.split(':').next());
    let Some(application) = applications.zip(name).and_then(|(applications, name)| applications.get(name)) else {
        return Vec::new();
    };
    let php = application.get("type").and_then(Yaml::as_str).is_none_or(|kind| kind.starts_with("php"));
    let entries = application.at_path(&["web", "locations"]).map(Yaml::entries).unwrap_or_default();
    // One with rules by pattern hands out what they say.
    let files = entries.iter().filter(|entry| {
        let is = |key: &str| entry.value.get(key).and_then(Yaml::as_bool);
        let to_page = |text: &str| text.rsplit_once('.').is_some_and(|(_, end)| end == "html");
        let passes = entry.value.get("passthru").is_some_and(|p| p.as_bool() != Some(false) && !p.as_str().is_some_and(to_page));
        let runs = php && is("scripts") != Some(false);
        !passes
            && !runs
            && entry.value.get("rules").is_none()
            && entry.key.raw().is_some_and(|key| key.starts_with('/') && key != "/")
    });
    let below = |entry: &Entry| {
        let text = format!("{}{}", path.trim_end_matches('/'), entry.key.raw().unwrap_or_default());
        let when = Condition::Path(Pattern::below(&text));
        let head = entry.key.span();
        let mut behaviour = Behaviour { says: whole.says.clone(), ..Behaviour::new(head, format!("location {text}"), when) };
        behaviour.says.origin = Some(Origin { behind: Behind::Files, span: head, target: None, plain: None });
        let expires = entry.value.entry("expires").and_then(|expires| Some((seconds(expires.value.as_str()?)?, expires.head())));
        if let Some((age, span)) = expires {
            behaviour.says.response.cache_control = Some((Value::Known(format!("max-age={age}")), span));
        }
        behaviour
    };
    files.map(below).collect()
}

/// The seconds of a time as `expires` has them: a number, or one with a unit; `None`: no caching, or not known.
fn seconds(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim() {
        "" | "s" => 1,
        "ms" => return Some(number / 1000),
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        "M" => 2_592_000,
        "y" => 31_536_000,
        _ => return None,
    };
    number.checked_mul(factor).filter(|seconds| *seconds > 0)
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
