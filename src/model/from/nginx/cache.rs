//! What `proxy_cache` and its likes do with the response to a request.

use super::slots::{PerProtocol, PerProtocolList, Protocol};
use super::walk::Walk;
use crate::model::{Cache, Fact, Known, Stores, Value};
use crate::project::nginx::DirectiveId;
use crate::source::Span;

impl Walk<'_, '_> {
    /// The cache in force for the current handler; `reached`: whether the request gets as far as the upstream.
    pub(super) fn cache(&mut self, reached: bool) -> Cache {
        let Some(protocol) = self.handler_name().and_then(super::upstream::protocol_of) else { return Cache::none() };
        let Some(zone) = self.settled().of(protocol, PerProtocol::Cache).map(|id| self.directive(id)) else {
            return Cache::none();
        };
        // A zone whose name is empty for a request is none (`ngx_http_upstream_cache_get`).
        let zone_name = self.value(&zone.arg(0));
        if matches!(zone_name.known(), Some("off" | "")) {
            return Cache::none();
        }
        // An answer that is not buffered goes past the store.
        let buffering = self.settled().of(protocol, PerProtocol::Buffering).map(|id| self.directive(id));
        let buffered = buffering.is_none_or(|d| d.arg(0) != "off");
        let by = zone.span();
        let key = self.cache_key(protocol);
        let key_text = key.value.known().cloned().unwrap_or_default();
        let (bypassed, bypass_by) = self.predicates(protocol, PerProtocolList::CacheBypass);
        let (refused, refused_by) = self.predicates(protocol, PerProtocolList::NoCache);
        let methods = self.settled().of(protocol, PerProtocol::CacheMethods).map(|id| self.directive(id));
        let cacheable =
            matches!(self.method.as_str(), "GET" | "HEAD") || methods.is_some_and(|m| m.args().any(|a| a == self.method));
        let ok = self.valid(protocol, 200);
        let stores = |valid: Option<(u64, DirectiveId)>| -> Fact<Stores> {
            let decided = |stores, also: Option<Span>| Fact::is(stores, std::iter::once(by).chain(also));
            if !reached || !cacheable || !buffered {
                return decided(Stores::No, None);
            }
            match refused {
                Some(true) => return decided(Stores::No, refused_by),
                None => return decided(Stores::Unknown, refused_by),
                Some(false) => {}
            }
            match valid {
                // A time of 0 is the same as none: what the origin says counts alone.
                Some((0, id)) => decided(Stores::Origin, Some(self.directive(id).span())),
                Some((_, id)) => decided(Stores::Yes, Some(self.directive(id).span())),
                None => decided(Stores::Origin, None),
            }
        };
        let stores_401 = stores(self.valid(protocol, 401));
        let mut stores_ok = stores(ok);
        if zone_name.known().is_none() {
            stores_ok.value = Known::Is(Stores::Unknown);
        }
        let answers_from_store = match bypassed {
            _ if !cacheable => Fact::is(false, [by]),
            Some(bypassed) => Fact::is(!bypassed, bypass_by),
            None => Fact::unknown("a bypass condition", bypass_by),
        };
        let ignored = |name: &str| self.names_in(protocol, PerProtocolList::IgnoreHeaders, name);
        let hidden = self.names_in(protocol, PerProtocolList::HideHeader, "set-cookie");
        let has_authorization = self.server.shared.mentions(&key_text, 0, &|v| v == "http_authorization" || v == "remote_user");
        let key_has_cookie = self.server.shared.mentions(&key_text, 0, &|v| v == "http_cookie" || v.starts_with("cookie_"));
        Cache {
            stores: stores_ok,
            stores_401,
            min_uses: self
                .settled()
                .of(protocol, PerProtocol::CacheMinUses)
                .and_then(|id| self.directive(id).arg(0).parse().ok())
                .unwrap_or(1),
            ttl: ok.map(|(seconds, _)| seconds),
            answers_from_store,
            key_has_authorization: Some(has_authorization),
            key_has_cookie,
            key: Some(key),
            stores_set_cookie: ignored("set-cookie") && !hidden,
            drops_set_cookie: ignored("set-cookie") && hidden,
            stores_private: ignored("cache-control"),
            answers_before_gates: false,
            ignores_cache_control: ignored("cache-control"),
        }
    }

    fn cache_key(&mut self, protocol: Protocol) -> Fact<String> {
        match self.settled().of(protocol, PerProtocol::CacheKey).map(|id| self.directive(id)) {
            Some(key) => Fact::is(key.arg(0).into_owned(), [key.span()]),
            None if protocol == Protocol::Proxy => Fact::is("$scheme$proxy_host$request_uri".to_owned(), []),
            None => Fact::is(String::new(), []),
        }
    }

    /// Whether any of the conditions holds (not empty, not `0`), and the directive that decides.
    fn predicates(&mut self, protocol: Protocol, list: PerProtocolList) -> (Option<bool>, Option<Span>) {
        let ids = self.server.shared.scopes.run(self.settled().run_of(protocol, list)).to_vec();
        let mut open = None;
        for id in ids {
            let directive = self.directive(id);
            for arg in directive.args() {
                match self.value(&arg) {
                    Value::Known(text) if text.is_empty() || text == "0" => {}
                    Value::Known(_) => return (Some(true), Some(directive.span())),
                    Value::Unknown { .. } => open = Some(directive.span()),
                }
            }
        }
        if open.is_some() { (None, open) } else { (Some(false), None) }
    }

    /// How long a status is kept, in seconds, by the first `*_cache_valid` that names it.
    pub(super) fn valid(&self, protocol: Protocol, status: u16) -> Option<(u64, DirectiveId)> {
        let text = status.to_string();
        for id in self.server.shared.scopes.run(self.settled().run_of(protocol, PerProtocolList::CacheValid)) {
            let directive = self.directive(*id);
            let count = directive.arg_count();
            let codes: Vec<_> = directive.args().take(count.saturating_sub(1)).collect();
            let named =
                if codes.is_empty() { matches!(status, 200 | 301 | 302) } else { codes.iter().any(|c| *c == text || c == "any") };
            if named {
                return Some((seconds(&directive.arg(count.saturating_sub(1)))?, *id));
            }
        }
        None
    }

    fn names_in(&self, protocol: Protocol, list: PerProtocolList, name: &str) -> bool {
        let ids = self.server.shared.scopes.run(self.settled().run_of(protocol, list));
        ids.iter().any(|id| self.directive(*id).args().any(|a| a.eq_ignore_ascii_case(name)))
    }
}

/// A time of nginx in seconds: `10m`, `1h 30m`, `1d`, plain seconds.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let mut total = 0u64;
    let mut number = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        if c == ' ' {
            continue;
        }
        let millis = c == 'm' && chars.next_if_eq(&'s').is_some();
        let factor = match c {
            _ if millis => 0,
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            'M' => 2_592_000,
            'y' => 31_536_000,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        number.clear();
    }
    if !number.is_empty() {
        total = total.checked_add(number.parse().ok()?)?;
    }
    Some(total)
}
