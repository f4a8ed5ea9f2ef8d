//! `map`, `geo`, `split_clients`: variables that a table gives.

use std::net::{IpAddr, Ipv4Addr};

use super::geo;
use super::walk::{Walk, unknown_value};
use crate::model::Value;
use crate::project::nginx::Directive;
use crate::syntax::nginx::Name;

impl Walk<'_, '_> {
    /// The value of a variable that a table defines. It is computed once a request, unless the `map` is `volatile`.
    pub(super) fn mapped(&mut self, name: &str) -> Value {
        if let Some(value) = self.maps.get(name) {
            return value.clone();
        }
        if self.depth > 16 {
            return unknown_value("map that refers to itself");
        }
        let Some(id) = self.server.shared.maps.get(name).copied() else { return unknown_value("no such map") };
        let directive = self.directive(id);
        self.depth += 1;
        let value = match directive.name() {
            Name::Map => self.map(directive),
            Name::Geo => self.geo(directive),
            _ => Value::Unknown { prefix: String::new(), nonempty: false, why: format!("{} {name}", directive.name_text()) },
        };
        self.depth -= 1;
        let volatile = directive.children().any(|c| c.name_text() == "volatile" && c.arg_count() == 0);
        if !volatile {
            self.maps.insert(name.to_owned(), value.clone());
        }
        value
    }

    fn map(&mut self, map: Directive<'_>) -> Value {
        let source = self.value(&map.arg(0));
        let hostnames = map.children().any(|c| c.name_text() == "hostnames" && c.arg_count() == 0);
        let result = match &source {
            Value::Known(text) => match self.map_entry(map, text, hostnames) {
                Some(result) => result,
                None => return unknown_value("a regex of the map"),
            },
            Value::Unknown { why, .. } => return self.map_of_unknown(map, why),
        };
        match result {
            None => Value::Known(String::new()),
            Some(entry) if entry.has_hole() => unknown_value("template hole"),
            Some(entry) => {
                let text = entry.arg(0).into_owned();
                self.value(&text)
            }
        }
    }

    /// What the table says if its source is unknown: known only if all its results are the same.
    fn map_of_unknown(&mut self, map: Directive<'_>, why: &str) -> Value {
        let mut results: Vec<Value> = Vec::new();
        let mut has_default = false;
        for entry in map.children().filter(|c| c.name() == Name::Entry && c.arg_count() == 1) {
            has_default |= entry.name_text() == "default";
            let text = entry.arg(0).into_owned();
            results.push(self.value(&text));
        }
        if !has_default {
            results.push(Value::Known(String::new()));
        }
        match results.first() {
            Some(first) if results.iter().all(|r| r == first) => first.clone(),
            _ => {
                let nonempty = results.iter().all(|r| r.is_empty() == Some(false));
                Value::Unknown { prefix: String::new(), nonempty, why: why.to_owned() }
            }
        }
    }

    /// The entry for a value: exact text first, then host names, then regexes in order, then `default`. `None`: unknown.
    #[expect(clippy::option_option, reason = "unknown, no entry, entry")]
    fn map_entry<'d>(&mut self, map: Directive<'d>, value: &str, hostnames: bool) -> Option<Option<Directive<'d>>> {
        let entries: Vec<Directive<'d>> = map.children().filter(|c| c.name() == Name::Entry && c.arg_count() == 1).collect();
        let host = value.trim_end_matches('.');
        let mut default = None;
        let mut wildcard: Option<(usize, Directive<'d>)> = None;
        for entry in &entries {
            let key = entry.name_text();
            let plain = key.strip_prefix('\\').unwrap_or(&key);
            let quoted = entry.words().first().is_some_and(|w| w.hole());
            if quoted {
                return None;
            }
            if key == "default" {
                default = Some(*entry);
            } else if !key.starts_with('~') && plain.eq_ignore_ascii_case(if hostnames { host } else { value }) {
                return Some(Some(*entry));
            } else if hostnames
                && let Some(weight) = wildcard_weight(&key, host)
                && wildcard.as_ref().is_none_or(|(w, _)| weight > *w)
            {
                wildcard = Some((weight, *entry));
            }
        }
        if let Some((_, entry)) = wildcard {
            return Some(Some(entry));
        }
        for entry in &entries {
            let key = entry.name_text();
            let Some(pattern) = key.strip_prefix('~') else { continue };
            let (pattern, ignore_case) = pattern.strip_prefix('*').map_or((pattern, false), |p| (p, true));
            let regex = self.server.shared.regexes.find(pattern, ignore_case)?;
            if self.regex_captures(regex, value)? {
                return Some(Some(*entry));
            }
        }
        Some(default)
    }

    fn geo(&mut self, geo: Directive<'_>) -> Value {
        let address = match geo.arg_count() {
            2 => self.value(&geo.arg(0)),
            _ => self.variable("remote_addr"),
        };
        let entries = geo.children().filter(|c| c.arg_count() == 1).map(|c| (c.name_text().into_owned(), c.arg(0).into_owned()));
        let ranges = geo.children().any(|c| c.name_text() == "ranges");
        let proxied = geo.children().any(|c| c.name_text() == "proxy" || c.name_text() == "delete");
        // What is no address is looked up as 255.255.255.255 (`ngx_http_geo_addr`).
        match address.known().map(|a| a.parse().unwrap_or(IpAddr::V4(Ipv4Addr::BROADCAST))) {
            Some(address) if !ranges && !proxied && !geo.children().any(|c| c.words().iter().any(|w| w.hole())) => {
                Value::Known(geo::find(entries, address))
            }
            _ => unknown_value("geo"),
        }
    }
}

/// How long the wildcard `*.x`, `.x` or `x.*` is if it fits the host; leading ones are asked before trailing ones.
fn wildcard_weight(key: &str, host: &str) -> Option<usize> {
    let key = key.to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    if let Some(suffix) = key.strip_prefix('*') {
        return (suffix.starts_with('.') && host.ends_with(suffix) && host.len() > suffix.len()).then_some(1000 + suffix.len());
    }
    if let Some(bare) = key.strip_prefix('.') {
        return (host == bare || host.ends_with(&key)).then_some(1000 + key.len());
    }
    let prefix = key.strip_suffix(".*")?;
    (host.strip_prefix(prefix)?.starts_with('.')).then_some(prefix.len())
}
