//! Ingresses for the same controller: annotations `nginx.org/*`.
//!
//! What they do is from their reference ("Advanced configuration with annotations") and the controller's template: an Ingress with
//! `basic-auth-secret` asks for a password and passes it on, `proxy-set-headers` adds fields, TLS redirects with 301 unless told
//! otherwise, and a path is a location of nginx as it is written.

use super::{rate, with_named};
use crate::discover::edge::{Dialect, NGINX_INGRESS};
use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::edge_site::{Draft, Order};
use crate::model::from::edge::pattern::Pattern;
use crate::model::from::edge::read::{application, gate, kind_head, object_name, set_to};
use crate::model::from::edge::says::{Behaviour, Limit, OverTls, Says};
use crate::model::{Fact, GateKind, Place, Value};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// The status of what is beyond a limit (`limit-req-reject-code`).
const REJECTED: u16 = 429;

/// The sites of Ingresses: one for each host.
pub(super) fn lower(documents: &[Yaml], policies: &[Yaml]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for document in documents {
        let says = says(*document, policies);
        for rule in document.at_path(&["spec", "rules"]).into_iter().flat_map(Yaml::items) {
            let host = rule.entry("host");
            let name = host.as_ref().and_then(|host| host.value.as_str()).unwrap_or_default().to_ascii_lowercase();
            let hosts: Vec<String> = Some(name).filter(|name| !name.is_empty()).into_iter().collect();
            let paths = rule.at_path(&["http", "paths"]).into_iter().flat_map(Yaml::items);
            let behaviours: Vec<Behaviour> = paths.map(|path| behaviour(*document, path, &says)).collect();
            if let Some(draft) = drafts.iter_mut().find(|draft| draft.hosts == hosts) {
                draft.behaviours.extend(behaviours);
                continue;
            }
            let span = kind_head(*document);
            drafts.push(Draft {
                dialect: Dialect::NginxIngress,
                place: Place { span: host.map_or(span, |host| host.head()), text: format!("ingress {}", object_name(*document)) },
                hosts,
                order: Order::Alone,
                default: Behaviour::not_found(span, "no path"),
                behaviours,
                tls: document.at_path(&["spec", "tls"]).is_some(),
            });
        }
    }
    for draft in &mut drafts {
        draft.behaviours.sort_by_key(|behaviour| std::cmp::Reverse(behaviour.when.length()));
    }
    drafts
}

/// The annotation of this name: its text and its place.
fn annotation<'a>(document: Yaml<'a>, name: &str) -> Option<(&'a str, Span)> {
    let annotations = document.at_path(&["metadata", "annotations"])?;
    let entry = annotations.entry_where(&|key| key.strip_prefix(NGINX_INGRESS) == Some(name))?;
    Some((entry.value.as_str()?.trim(), entry.head()))
}

fn behaviour(document: Yaml, path: Yaml, says: &Says) -> Behaviour {
    let entry = path.entry("path");
    let text = entry.as_ref().and_then(|entry| entry.value.as_str()).unwrap_or("/");
    let pattern = match (annotation(document, "path-regex").map(|(kind, _)| kind), path.get("pathType").and_then(Yaml::as_str)) {
        (Some("case_sensitive"), _) => Pattern::regex(&format!("^{text}")),
        (Some("case_insensitive"), _) => Pattern::regex(&format!("(?i)^{text}")),
        (Some("exact"), _) | (_, Some("Exact")) => Pattern::Exact(text.to_owned()),
        _ if text == "/" => Pattern::Any,
        _ => Pattern::Prefix(text.to_owned()),
    };
    let head = entry.as_ref().map_or(path.span(), Entry::head);
    let mut behaviour = Behaviour::new(head, format!("path {text}"), Condition::Path(pattern));
    *behaviour.says = says.clone();
    let service = path.at_path(&["backend", "service", "name"]).and_then(Yaml::as_str);
    behaviour.says.origin = Some(application(service, head));
    behaviour
}

fn says(document: Yaml, policies: &[Yaml]) -> Says {
    let text = |name: &str| annotation(document, name);
    let list =
        |name: &str| text(name).into_iter().flat_map(|(names, _)| names.split(',').map(str::trim).filter(|n| !n.is_empty()));
    let mut says = with_named(list("policies"), policies, Says::default());
    if let Some((secret, head)) = text("basic-auth-secret") {
        let mut basic = gate(GateKind::Basic, head);
        basic.realm = text("basic-auth-realm").map(|(realm, _)| Value::Known(realm.to_owned()));
        basic.source = Some(Fact::is(secret.to_owned(), [head]));
        says.gates.push(basic);
    }
    if let Some((_, head)) = text("proxy-set-headers") {
        for header in list("proxy-set-headers") {
            // A field without a value is passed on as it comes.
            let (name, value) = header.split_once(':').map_or((header, None), |(name, value)| (name, Some(value.trim())));
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                says.request_field(name.trim(), set_to(value, head));
            }
        }
    }
    if let Some((_, head)) = text("proxy-hide-headers") {
        says.response.hidden.extend(list("proxy-hide-headers").map(|name| (name.to_owned(), head)));
    }
    let snippets = ["location-snippets", "server-snippets"].iter().filter_map(|name| text(name));
    for (snippet, head) in snippets {
        if snippet.to_ascii_lowercase().contains("authorization") {
            says.authorization = Some(Fact::unknown("a snippet sets it", [head]));
        }
    }
    let forced = text("redirect-to-https").filter(|(text, _)| *text == "true").map(|(_, head)| head);
    let tls = document.get("spec").and_then(|spec| spec.entry("tls")).map(|tls| tls.head());
    let kept_plain = text("ssl-redirect").is_some_and(|(text, _)| text == "false");
    let code = text("http-redirect-code").and_then(|(code, _)| code.parse().ok()).unwrap_or(301);
    says.over_tls = forced.or(tls.filter(|_| !kept_plain)).map(|span| OverTls { status: code, span });
    let per_minute = text("limit-req-rate").and_then(|(text, head)| Some((rate(text)?, head)));
    if let Some((per_minute, span)) = per_minute {
        let burst = text("limit-req-burst").and_then(|(burst, _)| burst.parse().ok()).unwrap_or(0.0);
        let status = text("limit-req-reject-code").and_then(|(code, _)| code.parse().ok()).unwrap_or(REJECTED);
        says.limit = Some(Limit { per_minute, burst, status, span });
    }
    says
}
