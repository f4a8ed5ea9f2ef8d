//! Ingresses for ingress-nginx: `nginx.ingress.kubernetes.io/*` annotations, of the object itself or in the values of a Helm chart.
//!
//! What the controller makes of them is from its template (`rootfs/etc/nginx/template/nginx.tmpl`) and the documentation of its
//! annotations and of its `ConfigMap`: `auth-type` adds `auth_basic` and `proxy_set_header Authorization ""`, an annotation holds
//! for every path of its Ingress, all Ingresses of one host make one server, and paths become locations of nginx. Locations whose
//! path begins with one of `no-auth-locations` ask for nothing and pass on everything.

mod controller;
mod snippet;

use controller::Controller;

use super::condition::Condition;
use super::edge_site::{Draft, Order};
use super::pattern::Pattern;
use super::read::{application, dropped, gate, kind_head, object_name, status};
use super::says::{Answer, Behaviour, Cookie, Limit, OverTls, Rescoped, Says, Verdicts};
use crate::discover::edge::{self, Dialect, INGRESS_NGINX};
use crate::model::{Combine, Fact, Gate, GateKind, Place, Value};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// How many requests more than the rate may come at once (`limit-burst-multiplier`).
const BURST: f64 = 5.0;

/// An Ingress, written out or as the values of a chart.
struct Ingress<'a> {
    /// The entry that it is known by.
    head: Span,
    name: String,
    annotations: Option<Yaml<'a>>,
    /// The key that brings certificates.
    tls: Option<Entry<'a>>,
}

/// One path of one host.
struct Path<'a> {
    head: Span,
    text: &'a str,
    kind: Option<&'a str>,
    service: Option<&'a str>,
}

pub(super) fn lower(documents: &[Yaml]) -> Vec<Draft> {
    let controller = Controller::of(documents);
    let mut drafts: Vec<Draft> = Vec::new();
    for document in documents {
        if document.get("kind").is_some() {
            object(*document, &controller, &mut drafts);
        } else {
            for values in edge::values(*document) {
                chart(values, &controller, &mut drafts);
            }
        }
    }
    for draft in &mut drafts {
        // The longest path counts, of two of one length an exact one.
        let exact = |b: &Behaviour| matches!(b.when, Condition::Path(Pattern::Exact(_)));
        draft.behaviours.sort_by_key(|b| (std::cmp::Reverse(b.when.length()), !exact(b)));
    }
    // Without an Ingress at hand the settings hold for Ingresses elsewhere.
    if drafts.is_empty() { controller.draft().into_iter().collect() } else { drafts }
}

fn object(document: Yaml, controller: &Controller, drafts: &mut Vec<Draft>) {
    let ingress = Ingress {
        head: kind_head(document),
        name: object_name(document).to_owned(),
        annotations: document.at_path(&["metadata", "annotations"]),
        tls: document.get("spec").and_then(|spec| spec.entry("tls")),
    };
    for rule in document.at_path(&["spec", "rules"]).into_iter().flat_map(Yaml::items) {
        let paths = rule.at_path(&["http", "paths"]).into_iter().flat_map(Yaml::items).map(|path| {
            let entry = path.entry("path");
            let service = path.at_path(&["backend", "service", "name"]).or_else(|| path.at_path(&["backend", "serviceName"]));
            Path {
                head: entry.as_ref().map_or(path.span(), Entry::head),
                text: entry.and_then(|entry| entry.value.as_str()).unwrap_or("/"),
                kind: path.get("pathType").and_then(Yaml::as_str),
                service: service.and_then(Yaml::as_str),
            }
        });
        let host = rule.entry("host");
        add(&ingress, host.map(|host| (host.value.as_str().unwrap_or_default(), host.head())), paths, controller, drafts);
    }
}

/// The Ingress that the values of a chart make: `hosts` with `paths` as in the chart of `helm create`, texts instead of mappings in
/// older ones, or one `hostname` with its `path`.
fn chart(values: Yaml, controller: &Controller, drafts: &mut Vec<Draft>) {
    if values.get("enabled").and_then(Yaml::as_bool) == Some(false) {
        return;
    }
    let Some(annotations) = values.entry("annotations") else { return };
    let head = annotations.key.span();
    let tls = values.entry("tls").filter(|tls| tls.value.items().next().is_some() || tls.value.as_bool() == Some(true));
    let ingress = Ingress { head, name: "of the values of a chart".to_owned(), annotations: Some(annotations.value), tls };
    let whole =
        |head: Span| Path { head, text: values.get("path").and_then(Yaml::as_str).unwrap_or("/"), kind: None, service: None };
    let one = |name: &Entry| (name.value.as_str().unwrap_or_default().to_owned(), name.head());
    for host in values.get("hosts").into_iter().flat_map(Yaml::items) {
        if let Some(name) = host.as_str() {
            add(&ingress, Some((name, host.span())), std::iter::once(whole(host.span())), controller, drafts);
            continue;
        }
        let paths: Vec<Path> = host.get("paths").into_iter().flat_map(Yaml::items).map(path_of_chart).collect();
        let name = ["host", "name"].iter().find_map(|key| host.entry(key)).map(|name| one(&name));
        let name = name.as_ref().map(|(name, head)| (name.as_str(), *head));
        let paths = if paths.is_empty() { vec![whole(name.map_or(host.span(), |(_, head)| head))] } else { paths };
        add(&ingress, name, paths.into_iter(), controller, drafts);
    }
    if values.get("hosts").is_none() {
        let name = ["hostname", "host"].iter().find_map(|key| values.entry(key)).map(|name| one(&name));
        let at = name.as_ref().map_or(head, |(_, head)| *head);
        let name = name.as_ref().map(|(name, head)| (name.as_str(), *head));
        add(&ingress, name, std::iter::once(whole(at)), controller, drafts);
    }
}

/// A path of a chart: a text, or a mapping.
fn path_of_chart(path: Yaml<'_>) -> Path<'_> {
    let entry = path.entry("path");
    Path {
        head: entry.as_ref().map_or(path.span(), Entry::head),
        text: entry.map_or(path.as_str(), |entry| entry.value.as_str()).unwrap_or("/"),
        kind: path.get("pathType").and_then(Yaml::as_str),
        service: None,
    }
}

/// Adds paths of one host to the server of that host.
fn add<'a>(
    ingress: &Ingress,
    host: Option<(&str, Span)>,
    paths: impl Iterator<Item = Path<'a>>,
    controller: &Controller,
    drafts: &mut Vec<Draft>,
) {
    let says = says(ingress);
    let behaviours: Vec<Behaviour> = paths.map(|path| behaviour(ingress, &path, &says, controller)).collect();
    let name = host.map(|(name, _)| name.to_ascii_lowercase()).filter(|name| !name.is_empty());
    let hosts: Vec<String> = name.into_iter().collect();
    match drafts.iter_mut().find(|draft| draft.hosts == hosts) {
        Some(draft) => draft.behaviours.extend(behaviours),
        None => drafts.push(draft(ingress, host.map(|(_, head)| head), hosts, behaviours)),
    }
}

fn draft(ingress: &Ingress, host: Option<Span>, hosts: Vec<String>, behaviours: Vec<Behaviour>) -> Draft {
    let span = host.unwrap_or(ingress.head);
    let default = Behaviour::not_found(ingress.head, "the default backend");
    let tls = ingress.tls.is_some();
    let place = Place { span, text: format!("ingress {}", ingress.name) };
    Draft { dialect: Dialect::IngressNginx, place, hosts, order: Order::Alone, default, behaviours, tls }
}

fn behaviour(ingress: &Ingress, path: &Path, says: &Says, controller: &Controller) -> Behaviour {
    let Path { text, head, .. } = *path;
    let is_regex = ingress.annotation("use-regex").is_some_and(|a| a.value.as_bool() == Some(true));
    let pattern = match path.kind {
        _ if is_regex => Pattern::regex(&format!("(?i)^{text}")),
        Some("Exact") => Pattern::Exact(text.to_owned()),
        Some("Prefix") => Pattern::below(text),
        _ if text == "/" => Pattern::Any,
        _ => Pattern::Prefix(text.to_owned()),
    };
    let mut behaviour = Behaviour::new(head, format!("path {text}"), Condition::Path(pattern));
    *behaviour.says = says.clone();
    controller.apply(ingress, text, &mut behaviour.says);
    behaviour.says.origin = Some(application(path.service, head));
    behaviour
}

impl<'a> Ingress<'a> {
    /// The annotation of this name.
    fn annotation(&self, name: &str) -> Option<Entry<'a>> {
        self.annotations?.entry_where(&|key| key.strip_prefix(INGRESS_NGINX) == Some(name))
    }

    /// Its text and its place.
    fn text(&self, name: &str) -> Option<(&'a str, Span)> {
        let annotation = self.annotation(name)?;
        Some((annotation.value.as_str()?.trim(), annotation.head()))
    }
}

/// The cookie of `affinity: cookie`. Where nothing is said, it has Secure if the request came over TLS (`sticky.lua`).
fn affinity(ingress: &Ingress) -> Option<Cookie> {
    let text = |name: &str| ingress.text(name).map(|(text, _)| text);
    text("affinity").filter(|kind| *kind == "cookie")?;
    let option = |key: &str| ingress.text(&format!("session-cookie-{key}"));
    let secure = option("secure").is_none_or(|(secure, _)| secure != "false");
    let (_, span) = option("samesite").or_else(|| option("domain")).or_else(|| option("path"))?;
    let attribute = |key: &str| option(key).map(|(text, _)| text);
    let attributes = [("Domain", attribute("domain")), ("Path", attribute("path")), ("SameSite", attribute("samesite"))];
    Some(Cookie::described(text("session-cookie-name").unwrap_or("INGRESSCOOKIE"), secure, &attributes, span).binding())
}

fn says(ingress: &Ingress) -> Says {
    let mut says = Says::default();
    let text = |name: &str| ingress.text(name);
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
    for name in ["whitelist-source-range", "allowlist-source-range", "denylist-source-range"] {
        says.gates.extend(text(name).map(|(networks, head)| {
            let source = (name != "denylist-source-range").then(|| Fact::is(networks.to_owned(), [head]));
            Gate { source, ..gate(GateKind::Address, head) }
        }));
    }
    if text("satisfy").is_some_and(|(satisfy, _)| satisfy == "any") {
        says.gates.iter_mut().for_each(|gate| gate.combine = Combine::Any);
    }
    for name in ["configuration-snippet", "auth-snippet"] {
        let Some(text) = ingress.annotation(name) else { continue };
        if name == "configuration-snippet" {
            snippet::apply(&text, &mut says);
        } else if text.value.as_str().is_some_and(|text| text.to_ascii_lowercase().contains("authorization")) {
            says.authorization = Some(Fact::unknown("a snippet sets it", [text.head()]));
        }
    }
    if let Some(key) = ingress.annotation("auth-cache-key") {
        let duration = ingress.annotation("auth-cache-duration");
        says.verdicts = Some(Verdicts {
            key: key.value.as_str().unwrap_or_default().to_owned(),
            durations: duration.as_ref().and_then(|d| d.value.as_str()).unwrap_or("200 202 401 5m").to_owned(),
            span: key.head(),
            durations_span: duration.map(|duration| duration.head()),
        });
    }
    for (name, code) in [("permanent-redirect", 301), ("temporal-redirect", 302)] {
        if let Some((to, head)) = text(name) {
            let written = ingress.annotation(&format!("{name}-code")).and_then(|code| status(code.value));
            says.answer =
                Some(Answer { status: written.unwrap_or(code), location: Some(Value::Known(to.to_owned())), span: head });
        }
    }
    let is = |name: &str, value: &str| text(name).filter(|(text, _)| *text == value).map(|(_, head)| head);
    let forced = is("force-ssl-redirect", "true");
    let by_default = ingress.tls.as_ref().map(Entry::head);
    if let Some(span) = forced.or(by_default.filter(|_| is("ssl-redirect", "false").is_none())) {
        says.over_tls = Some(OverTls { status: 308, span });
    }
    says.cookies.extend(affinity(ingress));
    for (name, domain) in [("proxy-cookie-domain", true), ("proxy-cookie-path", false)] {
        let words = text(name).map(|(words, head)| (words.split_whitespace().collect::<Vec<_>>(), head));
        if let Some(([from, to], span)) = words.as_ref().map(|(words, head)| (words.as_slice(), *head)) {
            says.rescoped.push(Rescoped { domain, from: (*from).to_owned(), to: (*to).to_owned(), span });
        }
    }
    says.limit = [("limit-rps", 60.0), ("limit-rpm", 1.0)].iter().find_map(|(name, factor)| {
        let (text, span) = text(name)?;
        let rate: f64 = text.parse().ok()?;
        let multiplier = ingress.annotation("limit-burst-multiplier").and_then(|m| m.value.as_number()).unwrap_or(BURST);
        Some(Limit { per_minute: rate * factor, burst: rate * multiplier, status: 503, span })
    });
    says
}
