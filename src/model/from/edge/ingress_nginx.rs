//! Ingresses for ingress-nginx: `nginx.ingress.kubernetes.io/*` annotations.
//!
//! What the controller makes of them is from its template (`rootfs/etc/nginx/template/nginx.tmpl`) and the documentation of its
//! annotations: `auth-type` adds `auth_basic` and `proxy_set_header Authorization ""`, an annotation holds for every path of its
//! Ingress, all Ingresses of one host make one server, and paths become locations of nginx.

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::pattern::Pattern;
use super::read::{application, dropped, gate, kind_head, object_name, status};
use super::says::{Answer, Behaviour, Limit, OverTls, Says, Verdicts};
use crate::discover::edge::Dialect;
use crate::model::{Combine, Fact, GateKind, Place, Value};
use crate::syntax::yaml::{Entry, Yaml};

const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// How many requests more than the rate may come at once (`limit-burst-multiplier`).
const BURST: f64 = 5.0;

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for document in documents {
        let says = says(*document);
        for rule in document.at_path(&["spec", "rules"]).into_iter().flat_map(Yaml::items) {
            let host = rule.entry("host");
            let name = host.as_ref().and_then(|host| host.value.as_str()).unwrap_or_default().to_ascii_lowercase();
            let behaviours: Vec<Behaviour> = rule
                .at_path(&["http", "paths"])
                .into_iter()
                .flat_map(Yaml::items)
                .map(|path| behaviour(*document, path, &says))
                .collect();
            let hosts: Vec<String> = Some(name).filter(|name| !name.is_empty()).into_iter().collect();
            match drafts.iter_mut().find(|draft| draft.hosts == hosts) {
                Some(draft) => draft.behaviours.extend(behaviours),
                None => drafts.push(draft(*document, host.as_ref(), hosts, behaviours)),
            }
        }
    }
    for draft in &mut drafts {
        // The longest path counts, of two of one length an exact one.
        let exact = |b: &Behaviour| matches!(b.when, Condition::Path(Pattern::Exact(_)));
        draft.behaviours.sort_by_key(|b| (std::cmp::Reverse(b.when.length()), !exact(b)));
    }
    drafts
}

fn draft(document: Yaml, host: Option<&Entry>, hosts: Vec<String>, behaviours: Vec<Behaviour>) -> Draft {
    let span = host.map_or_else(|| kind_head(document), Entry::head);
    let mut default = Behaviour::new(kind_head(document), "the default backend", Condition::Always);
    default.says.answer = Some(Answer { status: 404, location: None, span: kind_head(document) });
    let tls = document.at_path(&["spec", "tls"]).is_some();
    let text = format!("ingress {}", object_name(document));
    Draft { dialect: Dialect::IngressNginx, place: Place { span, text }, hosts, order: Order::Alone, default, behaviours, tls }
}

fn behaviour(document: Yaml, path: Yaml, says: &Says) -> Behaviour {
    let entry = path.entry("path");
    let text = entry.as_ref().and_then(|entry| entry.value.as_str()).unwrap_or("/");
    let is_regex = annotation(document, "use-regex").is_some_and(|a| a.value.as_bool() == Some(true));
    let pattern = match path.get("pathType").and_then(Yaml::as_str) {
        _ if is_regex => Pattern::regex(&format!("(?i)^{text}")),
        Some("Exact") => Pattern::Exact(text.to_owned()),
        Some("Prefix") => Pattern::below(text),
        _ if text == "/" => Pattern::Any,
        _ => Pattern::Prefix(text.to_owned()),
    };
    let head = entry.as_ref().map_or(path.span(), Entry::head);
    let mut behaviour = Behaviour::new(head, format!("path {text}"), Condition::Path(pattern));
    behaviour.says = says.clone();
    let service = path.at_path(&["backend", "service", "name"]).or_else(|| path.at_path(&["backend", "serviceName"]));
    behaviour.says.origin = Some(application(service.and_then(Yaml::as_str), head));
    behaviour
}

/// The annotation of this name.
fn annotation<'a>(document: Yaml<'a>, name: &str) -> Option<Entry<'a>> {
    let annotations = document.at_path(&["metadata", "annotations"])?;
    annotations.entry_where(&|key| key.strip_prefix(PREFIX) == Some(name))
}

fn says(document: Yaml) -> Says {
    let mut says = Says::default();
    let text = |name: &str| annotation(document, name).and_then(|a| Some((a.value.as_str()?.trim(), a.head())));
    if let Some((kind, head)) = text("auth-type") {
        let mut basic = gate(if kind == "digest" { GateKind::Digest } else { GateKind::Basic }, head);
        basic.realm = text("auth-realm").map(|(realm, _)| Value::Known(realm.to_owned()));
        basic.source = text("auth-secret").map(|(secret, at)| Fact::is(secret.to_owned(), [at]));
        says.gates.push(basic);
        says.authorization = Some(dropped(head));
    }
    if let Some((url, head)) = text("auth-url") {
        let mut asked = gate(GateKind::Subrequest, head);
        asked.source = Some(Fact::is(url.to_owned(), [head]));
        says.gates.push(asked);
    }
    for name in ["whitelist-source-range", "denylist-source-range"] {
        says.gates.extend(text(name).map(|(_, head)| gate(GateKind::Address, head)));
    }
    if text("satisfy").is_some_and(|(satisfy, _)| satisfy == "any") {
        says.gates.iter_mut().for_each(|gate| gate.combine = Combine::Any);
    }
    // A snippet may set what the template cleared.
    let undone = ["configuration-snippet", "auth-snippet"]
        .iter()
        .find_map(|name| text(name).filter(|(snippet, _)| snippet.to_ascii_lowercase().contains("authorization")));
    if let Some((_, head)) = undone {
        says.authorization = Some(Fact::unknown("a snippet sets it", [head]));
    }
    if let Some(key) = annotation(document, "auth-cache-key") {
        let duration = annotation(document, "auth-cache-duration");
        says.verdicts = Some(Verdicts {
            key: key.value.as_str().unwrap_or_default().to_owned(),
            durations: duration.as_ref().and_then(|d| d.value.as_str()).unwrap_or("200 202 401 5m").to_owned(),
            span: key.head(),
            durations_span: duration.map(|duration| duration.head()),
        });
    }
    for (name, code) in [("permanent-redirect", 301), ("temporal-redirect", 302)] {
        if let Some((to, head)) = text(name) {
            let written = annotation(document, &format!("{name}-code")).and_then(|code| status(code.value));
            says.answer =
                Some(Answer { status: written.unwrap_or(code), location: Some(Value::Known(to.to_owned())), span: head });
        }
    }
    let tls = document.at_path(&["spec", "tls"]);
    let is = |name: &str, value: &str| text(name).filter(|(text, _)| *text == value).map(|(_, head)| head);
    let forced = is("force-ssl-redirect", "true");
    let by_default =
        document.at_path(&["spec"]).and_then(|spec| spec.entry("tls")).filter(|_| tls.is_some()).map(|tls| tls.head());
    if let Some(span) = forced.or(by_default.filter(|_| is("ssl-redirect", "false").is_none())) {
        says.over_tls = Some(OverTls { status: 308, span });
    }
    says.limit = [("limit-rps", 60.0), ("limit-rpm", 1.0)].iter().find_map(|(name, factor)| {
        let (text, span) = text(name)?;
        let rate: f64 = text.parse().ok()?;
        let multiplier = annotation(document, "limit-burst-multiplier").and_then(|m| m.value.as_number()).unwrap_or(BURST);
        Some(Limit { per_minute: rate * factor, burst: rate * multiplier, status: 503, span })
    });
    says
}
