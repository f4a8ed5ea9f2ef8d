//! Entry points of the static configuration, in a file of its own or as arguments of a container: whose forwarded fields they believe.
//! Of everyone else they take these fields away and write their own ("Forwarded Headers").

use crate::discover::edge::Dialect;
use crate::model::Place;
use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::edge_site::{Draft, Order};
use crate::model::from::edge::says::{Behaviour, Behind, Origin};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// The keys because of which entry points believe everyone, each with the name of its entry point.
pub(super) fn lower(document: Yaml) -> Vec<Draft> {
    let written = document.get("entryPoints").map(Yaml::entries).unwrap_or_default();
    let mut found: Vec<(String, Span)> = written
        .iter()
        .filter_map(|point| Some((point.key.raw()?.to_owned(), believes_all(point.value.get("forwardedHeaders")?)?)))
        .collect();
    for service in document.get("services").map(Yaml::entries).unwrap_or_default() {
        found.extend(service.value.get("command").into_iter().flat_map(Yaml::items).filter_map(argument));
    }
    found.into_iter().map(|(name, span)| draft(&name, span)).collect()
}

fn believes_all(fields: Yaml) -> Option<Span> {
    let insecure = fields.entry("insecure").filter(|insecure| insecure.value.as_bool() == Some(true));
    let trusted = || fields.entry("trustedIPs").filter(|list| list.value.items().filter_map(Yaml::as_str).any(is_everyone));
    insecure.or_else(trusted).map(|entry: Entry| entry.head())
}

fn is_everyone(network: &str) -> bool {
    matches!(network.trim(), "0.0.0.0/0" | "::/0")
}

/// `--entrypoints.web.forwardedheaders.insecure=true`
fn argument(item: Yaml) -> Option<(String, Span)> {
    let text = item.as_str()?.to_ascii_lowercase();
    let (key, value) = text.split_once('=').unwrap_or((&text, "true"));
    let (name, option) = key.strip_prefix("--entrypoints.")?.split_once('.')?;
    let believes = match option {
        "forwardedheaders.insecure" => value == "true",
        "forwardedheaders.trustedips" => value.split(',').any(is_everyone),
        _ => false,
    };
    believes.then(|| (name.to_owned(), item.span()))
}

/// Which routers are behind an entry point is said elsewhere.
fn draft(name: &str, span: Span) -> Draft {
    let mut default = Behaviour::new(span, format!("entry point {name}"), Condition::Always);
    default.says.origin = Some(Origin { behind: Behind::Unknown, span, target: None, plain: None });
    default.says.trusts_everyone = Some(span);
    default.says.unread = true;
    let place = Place { span, text: "static configuration".to_owned() };
    let (order, hosts) = (Order::Alone, Vec::new());
    Draft { dialect: Dialect::Traefik, place, hosts, order, default, behaviours: Vec::new(), tls: false }
}
