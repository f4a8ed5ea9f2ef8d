//! Envoy: a route configuration has virtual hosts, which have routes; the first route that fits counts. All three levels edit
//! fields, the route first and the configuration last, unless `most_specific_header_mutations_wins` turns that round (reference of
//! `config.route.v3`; measured with Envoy 1.40: what a route adds is gone where its virtual host removes it).

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::pattern::Pattern;
use super::read::{application, asks_more, scheme, set_to, status, texts, unknown_address};
use super::says::{Answer, Behaviour, Moved, Moves, Says};
use crate::discover::edge::Dialect;
use crate::model::{Fact, Place, Scheme};
use crate::syntax::yaml::Yaml;

/// How many nodes of a document are looked at in search of route configurations.
const MAX_NODES: usize = 20_000;

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    documents.iter().flat_map(|document| configurations(*document)).flat_map(virtual_hosts).collect()
}

/// The mappings with `virtual_hosts`, wherever they stand.
fn configurations(document: Yaml) -> Vec<Yaml> {
    let mut found = Vec::new();
    let mut pending = vec![document];
    for _ in 0..MAX_NODES {
        let Some(node) = pending.pop() else { break };
        if node.get("virtual_hosts").is_some() {
            found.push(node);
            continue;
        }
        pending.extend(node.items());
        pending.extend(node.entries().into_iter().map(|entry| entry.value));
    }
    found.sort_by_key(|node| node.span());
    found
}

fn virtual_hosts(configuration: Yaml) -> Vec<Draft> {
    let hosts = configuration.get("virtual_hosts").into_iter().flat_map(Yaml::items);
    let draft = |host: Yaml| {
        let span = host.entry("name").map_or(host.span(), |name| name.head());
        let (whole, of_host) = (edited(configuration), edited(host));
        let inner_wins = configuration.get("most_specific_header_mutations_wins").and_then(Yaml::as_bool) == Some(true);
        let edits = |route: Yaml| {
            let own = edited(route);
            if inner_wins { whole.clone().and(&of_host).and(&own) } else { own.and(&of_host).and(&whole) }
        };
        let default = Behaviour::not_found(span, "no route");
        let behaviours =
            host.get("routes").into_iter().flat_map(Yaml::items).map(|route| behaviour(route, edits(route))).collect();
        let name = host.get("name").and_then(Yaml::as_str).unwrap_or("without name");
        let domains = texts(host.get("domains")).into_iter().filter(|domain| domain != "*");
        Draft {
            dialect: Dialect::Envoy,
            place: Place { span, text: format!("virtual host {name}") },
            hosts: domains.map(|domain| domain.to_ascii_lowercase()).collect(),
            order: Order::Alone,
            default,
            behaviours,
            tls: false,
        }
    };
    hosts.map(draft).collect()
}

/// What one level does to fields: first it takes away, then it adds (measured with Envoy 1.40).
fn edited(node: Yaml) -> Says {
    let mut says = Says::default();
    if let Some(remove) = node.entry("request_headers_to_remove") {
        says.without(remove.value, remove.head());
    }
    if let Some(remove) = node.entry("response_headers_to_remove") {
        says.hides(remove.value, remove.head());
    }
    for add in node.get("request_headers_to_add").into_iter().flat_map(Yaml::items) {
        let header = add.get("header");
        let text = |key: &str| header.and_then(|header| header.get(key)).and_then(Yaml::as_str);
        let (Some(name), Some(value)) = (text("key"), text("value")) else { continue };
        let fate = if value.contains('%') {
            Fact::unknown("its value is filled in for each request", [add.span()])
        } else {
            set_to(value, add.span())
        };
        says.request_field(name, fate);
    }
    for add in node.get("response_headers_to_add").into_iter().flat_map(Yaml::items) {
        let text = |key: &str| add.at_path(&["header", key]).and_then(Yaml::as_str).unwrap_or_default();
        says.response_field(text("key"), text("value"), add.span());
    }
    says
}

/// A route; `says` are the edits of fields that hold there.
fn behaviour(route: Yaml, mut says: Says) -> Behaviour {
    let asked = route.get("match");
    let text = |key: &str| asked.and_then(|asked| asked.get(key)).and_then(Yaml::as_str);
    let regex = asked.and_then(|asked| asked.at_path(&["safe_regex", "regex"])).and_then(Yaml::as_str);
    let separated = text("path_separated_prefix");
    let pattern = match (text("path"), text("prefix"), separated, regex) {
        (Some(path), ..) => Pattern::Exact(path.to_owned()),
        (_, Some("/"), ..) => Pattern::Any,
        (_, Some(prefix), ..) => Pattern::Prefix(prefix.to_owned()),
        (_, _, Some(prefix), _) => Pattern::below(prefix),
        (.., Some(regex)) => Pattern::full_regex(regex),
        _ => Pattern::Unknown("its match is not known".to_owned()),
    };
    let open = asks_more(asked, &["headers", "query_parameters", "runtime_fraction"]);
    let head = route.entry("match").map_or(route.span(), |entry| entry.head());
    let name = text("prefix").or_else(|| text("path")).map_or_else(|| "route".to_owned(), |path| format!("route {path}"));
    let action = route.get("route");
    if let Some(rewrite) = action.and_then(|action| action.entry("host_rewrite_literal")) {
        says.request_field("Host", set_to(rewrite.value.as_str().unwrap_or_default(), rewrite.head()));
        let appends = action.and_then(|action| action.get("append_x_forwarded_host")).and_then(Yaml::as_bool);
        if appends == Some(true) {
            says.forwarded_host = Some(Fact::unknown("the host of the visitor", [rewrite.head()]));
        }
    }
    let cluster = action.and_then(|action| action.get("cluster")).and_then(Yaml::as_str);
    says.origin = Some(application(cluster, route.entry("route").map_or(head, |entry| entry.head())));
    if let Some(redirect) = route.entry("redirect") {
        let text = |key: &str| redirect.value.get(key).and_then(Yaml::as_str);
        let code = match redirect.value.get("response_code").and_then(Yaml::as_str) {
            Some("FOUND") => 302,
            Some("SEE_OTHER") => 303,
            Some("TEMPORARY_REDIRECT") => 307,
            Some("PERMANENT_REDIRECT") => 308,
            _ => 301,
        };
        let over_tls = redirect.value.get("https_redirect").and_then(Yaml::as_bool) == Some(true);
        let scheme = if over_tls { Some(Scheme::Https) } else { scheme(text("scheme_redirect")) };
        if ["prefix_rewrite", "regex_rewrite", "port_redirect"].iter().any(|key| redirect.value.get(key).is_some()) {
            says.answer = Some(Answer { status: code, location: Some(unknown_address()), span: redirect.head() });
        } else {
            let (host, path) = (text("host_redirect").map(str::to_ascii_lowercase), text("path_redirect").map(str::to_owned));
            says.moves = Some(Moves { status: code, to: Moved::Parts { scheme, host, path }, span: redirect.head() });
        }
    }
    if let Some(direct) = route.entry("direct_response") {
        let code = direct.value.get("status").and_then(status).unwrap_or(200);
        says.answer = Some(Answer { status: code, location: None, span: direct.head() });
    }
    Behaviour { says: Box::new(says), ..Behaviour::new(head, name, Condition::Path(pattern).and(open)) }
}
