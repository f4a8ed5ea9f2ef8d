//! Istio: `VirtualService` decides by the first rule that fits, `headers.request.remove` takes fields away (reference of the fields of
//! VirtualService, `HTTPRoute` and `Headers`). `rewrite.authority` makes Host another one, and so does `headers.request.set` with `host`
//! or `:authority`, over which it wins; the visitor's goes into no other field. `RequestAuthentication` and `AuthorizationPolicy` act on what it leads to.

mod security;

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::moves::{Moved, Moves, NewPath};
use super::read::{application, asks_more, kind_head, object_name, path_match, scheme, set_to, status, texts, unknown_address};
use super::says::{Answer, Behaviour, Says};
use crate::discover::edge::Dialect;
use crate::model::Place;
use crate::syntax::yaml::{Entry, Yaml};

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    let is_service = |document: &&Yaml| document.get("kind").and_then(Yaml::as_str) == Some("VirtualService");
    let (services, policies): (Vec<&Yaml>, Vec<&Yaml>) = documents.iter().partition(is_service);
    let policies: Vec<Yaml> = policies.into_iter().copied().collect();
    let drafts = services.into_iter().map(|service| {
        let mut draft = virtual_service(*service);
        policies
            .iter()
            .filter(|policy| security::acts_on(**policy, *service))
            .for_each(|policy| security::apply(*policy, &mut draft));
        draft
    });
    let mut drafts: Vec<Draft> = drafts.collect();
    drafts.extend(security::alone(documents, &policies));
    drafts
}

fn virtual_service(document: Yaml) -> Draft {
    let span = kind_head(document);
    let default = Behaviour::not_found(span, "no rule");
    let rules = document.at_path(&["spec", "http"]).into_iter().flat_map(Yaml::items);
    Draft {
        dialect: Dialect::Istio,
        place: Place { span, text: format!("virtual service {}", object_name(document)) },
        hosts: texts(document.at_path(&["spec", "hosts"])).into_iter().map(|host| host.to_ascii_lowercase()).collect(),
        order: Order::Alone,
        default,
        behaviours: rules.map(behaviour).collect(),
        tls: false,
    }
}

fn behaviour(rule: Yaml) -> Behaviour {
    let matches = rule.get("match").into_iter().flat_map(Yaml::items).map(|one| {
        let path = one.get("uri").and_then(path_match).unwrap_or(Condition::Always);
        let method = one.at_path(&["method", "exact"]).and_then(Yaml::as_str).map(|method| Condition::Method(method.to_owned()));
        let open = asks_more(Some(one), &["headers", "queryParams", "withoutHeaders", "sourceLabels"]);
        // `authority` is the host, with the port where it is not the usual one.
        let host = one.get("authority").map_or(Condition::Always, |authority| {
            let text = |key: &str| authority.get(key).and_then(Yaml::as_str).map(str::to_ascii_lowercase);
            match (text("exact"), text("prefix")) {
                (Some(host), _) => Condition::Host(host),
                (_, Some(host)) => Condition::Host(format!("{host}*")),
                _ => Condition::Open("it asks for the host with a regular expression".to_owned()),
            }
        });
        path.and(method.unwrap_or(Condition::Always)).and(host).and(open)
    });
    let when = Condition::any(matches.collect());
    let head = rule.entries().first().map_or(rule.span(), Entry::head);
    let name = rule.get("name").and_then(Yaml::as_str).map_or_else(|| "rule".to_owned(), |name| format!("rule {name}"));
    Behaviour { says: Box::new(says(rule)), ..Behaviour::new(head, name, when) }
}

fn says(rule: Yaml) -> Says {
    let mut says = Says::default();
    let target = rule.get("route").and_then(|routes| routes.items().next());
    let host = target.and_then(|target| target.at_path(&["destination", "host"])).and_then(Yaml::as_str);
    says.origin = Some(application(host, rule.entry("route").map_or(rule.span(), |route| route.head())));
    let edits = [Some(rule), target].into_iter().flatten().filter_map(|node| node.at_path(&["headers", "request"]));
    for edit in edits {
        if let Some(remove) = edit.entry("remove") {
            says.without(remove.value, remove.head());
        }
        for set in edit.get("set").into_iter().flat_map(Yaml::entries) {
            let name = set.key.raw().unwrap_or_default();
            let name = if name == ":authority" { "Host" } else { name };
            says.request_field(name, set_to(set.value.as_str().unwrap_or_default(), set.head()));
        }
    }
    if let Some(rewrite) = rule.get("rewrite").and_then(|rewrite| rewrite.entry("authority")) {
        says.request_field("Host", set_to(rewrite.value.as_str().unwrap_or_default(), rewrite.head()));
    }
    for edit in [Some(rule), target].into_iter().flatten().filter_map(|node| node.at_path(&["headers", "response"])) {
        if let Some(remove) = edit.entry("remove") {
            says.hides(remove.value, remove.head());
        }
        for set in ["set", "add"].iter().filter_map(|key| edit.get(key)).flat_map(Yaml::entries) {
            says.response_field(set.key.raw().unwrap_or_default(), set.value.as_str().unwrap_or_default(), set.head());
        }
    }
    if let Some(redirect) = rule.entry("redirect") {
        let text = |key: &str| redirect.value.get(key).and_then(Yaml::as_str);
        let code = redirect.value.get("redirectCode").and_then(status).unwrap_or(301);
        let (host, path) = (text("authority").map(str::to_ascii_lowercase), text("uri").map(str::to_owned));
        if path.as_ref().is_some_and(|path| path.contains('%')) || redirect.value.get("port").is_some() {
            says.answer = Some(Answer { status: code, location: Some(unknown_address()), span: redirect.head() });
        } else {
            let path = path.map_or(NewPath::Same, NewPath::Whole);
            let to = Moved::Parts { scheme: scheme(text("scheme")), host, port: None, path, query: true };
            says.moves = Some(Moves { status: code, to, span: redirect.head() });
        }
    }
    says
}
