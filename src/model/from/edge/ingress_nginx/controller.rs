//! The `ConfigMap` of ingress-nginx: what holds for every Ingress of a controller.

use super::Ingress;
use crate::discover::edge::Dialect;
use crate::model::from::edge::condition::Condition;
use crate::model::from::edge::edge_site::{Draft, Order};
use crate::model::from::edge::read::{gate, kind_head, object_name};
use crate::model::from::edge::says::{Behaviour, Behind, Origin, Says};
use crate::model::{Fact, GateKind, Place};
use crate::source::Span;
use crate::syntax::yaml::{Entry, Yaml};

/// `proxy-real-ip-cidr` where it is not written: everyone is a proxy whose fields are believed.
const REAL_IP_CIDR: &str = "0.0.0.0/0";

/// `no-auth-locations` where it is not written.
const NO_AUTH_LOCATIONS: &str = "/.well-known/acme-challenge";

/// Settings of the controller, as far as they are in view.
pub(super) struct Controller<'a> {
    map: Option<Yaml<'a>>,
}

impl<'a> Controller<'a> {
    /// The settings among the documents of a file; of several maps the first one counts.
    pub(super) fn of(documents: &[Yaml<'a>]) -> Self {
        let is_map = |document: &&Yaml| document.get("kind").and_then(Yaml::as_str) == Some("ConfigMap");
        Self { map: documents.iter().find(is_map).copied() }
    }

    fn entry(&self, key: &str) -> Option<Entry<'a>> {
        self.map?.get("data")?.entry(key)
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.entry(key)?.value.as_str().map(str::trim)
    }

    /// The key because of which forwarded fields are believed whoever sends them.
    fn trusts_everyone(&self) -> Option<Span> {
        let believed = self.entry("use-forwarded-headers").filter(|entry| entry.value.as_bool() == Some(true))?;
        let from = self.entry("proxy-real-ip-cidr");
        let networks = from.as_ref().map_or(Some(REAL_IP_CIDR), |from| from.value.as_str())?;
        let everyone = networks.split(',').any(|network| matches!(network.trim(), "0.0.0.0/0" | "::/0"));
        everyone.then(|| from.map_or(believed.head(), |from| from.head()))
    }

    /// Adds to what an Ingress says about a path what holds for all of them.
    pub(super) fn apply(&self, ingress: &Ingress, path: &str, says: &mut Says) {
        self.everywhere(says, || {
            let out = ingress.text("enable-global-auth").is_some_and(|(text, _)| text == "false");
            !out && ingress.annotation("auth-url").is_none()
        });
        let exempt = self.text("no-auth-locations").unwrap_or(NO_AUTH_LOCATIONS);
        if exempt.split(',').map(str::trim).any(|prefix| !prefix.is_empty() && path.starts_with(prefix)) {
            says.gates.retain(|gate| gate.kind == GateKind::Address);
            says.authorization = None;
            says.verdicts = None;
        }
    }

    fn everywhere(&self, says: &mut Says, has_global_auth: impl Fn() -> bool) {
        says.trusts_everyone = self.trusts_everyone();
        let asked = self.entry("global-auth-url").filter(|entry| entry.value.as_str().is_some_and(|url| !url.trim().is_empty()));
        if let Some(asked) = asked.filter(|_| has_global_auth()) {
            let mut asks = gate(GateKind::Subrequest, asked.head());
            asks.source = asked.value.as_str().map(|url| Fact::is(url.to_owned(), [asked.head()]));
            says.gates.push(asks);
        }
    }

    /// The settings alone: what they do to every Ingress, wherever it is.
    pub(super) fn draft(&self) -> Option<Draft> {
        let map = self.map?;
        let span = kind_head(map);
        let mut default = Behaviour::new(span, "every path", Condition::Always);
        default.says.origin = Some(Origin { behind: Behind::Unknown, span, target: None, plain: None });
        self.everywhere(&mut default.says, || true);
        // An Ingress elsewhere may be left out of it.
        default.says.unread = true;
        let place = Place { span, text: format!("settings {}", object_name(map)) };
        Some(Draft {
            dialect: Dialect::IngressNginx,
            place,
            hosts: Vec::new(),
            order: Order::Alone,
            default,
            behaviours: Vec::new(),
            tls: false,
        })
    }
}
