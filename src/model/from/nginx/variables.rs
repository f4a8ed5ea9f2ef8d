//! The value of a variable for one request.

use super::nginx_site::Server;
use super::slots::{List, Single};
use super::value::{Piece, pieces};
use super::walk::{Walk, concat, unknown_value};
use crate::model::{Scheme, Value};
use crate::source::lower_case;

/// Whether a text is the name of a variable, and nothing else.
fn is_plain_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl Walk<'_, '_> {
    /// Evaluates a text with variables.
    pub(super) fn value(&mut self, text: &str) -> Value {
        if !text.contains('$') {
            return Value::Known(text.to_owned());
        }
        // Most texts are one variable.
        if let Some(name) = text.strip_prefix('$').filter(|n| is_plain_name(n)) {
            let value = self.variable(name);
            return match value {
                Value::Unknown { prefix, nonempty, why } => {
                    Value::Unknown { nonempty: nonempty || !prefix.is_empty(), prefix, why }
                }
                known @ Value::Known(_) => known,
            };
        }
        let parts: Vec<Value> = pieces(text)
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => Value::Known(text.to_owned()),
                Piece::Capture(number) => Value::Known(self.captures.get(number).cloned().flatten().unwrap_or_default()),
                Piece::Variable(name) => self.variable(name),
            })
            .collect();
        concat(parts)
    }

    /// The value of a variable, without its `$`. Names are compared without regard to case, as nginx does.
    pub(super) fn variable(&mut self, name: &str) -> Value {
        let lower = lower_case(name);
        let name = lower.as_ref();
        if let Some(value) = self.variables.get(name) {
            return value.clone();
        }
        if let Some(value) = self.builtin(name) {
            return value;
        }
        if let Some(header) = name.strip_prefix("http_") {
            let edited = self.edited(&header.replace('_', "-"));
            return edited.unwrap_or_else(|| Value::Known(self.header_variable(header)));
        }
        if let Some(cookie) = name.strip_prefix("cookie_") {
            return Value::Known(self.cookie(cookie));
        }
        if let Some(argument) = name.strip_prefix("arg_") {
            return match &self.args {
                Value::Known(args) => Value::Known(argument_of(args, argument)),
                Value::Unknown { .. } => unknown_value("arguments"),
            };
        }
        if self.server.shared.maps.contains_key(name) {
            return self.mapped(name);
        }
        if self.server.shared.set_variables.contains(name) || self.server.shared.regexes.names_group(name) {
            return Value::Known(String::new());
        }
        let nonempty = matches!(
            name,
            "request_id"
                | "msec"
                | "time_local"
                | "time_iso8601"
                | "hostname"
                | "pid"
                | "nginx_version"
                | "connection"
                | "remote_port"
                | "server_addr"
        );
        Value::Unknown { prefix: String::new(), nonempty, why: format!("variable ${name}") }
    }

    fn builtin(&mut self, name: &str) -> Option<Value> {
        let known = |text: &str| Some(Value::Known(text.to_owned()));
        let request = self.request;
        match name {
            "uri" | "document_uri" => Some(self.uri.clone().map_or_else(|| unknown_value("rewritten path"), Value::Known)),
            "args" | "query_string" => Some(self.args.clone()),
            "is_args" => Some(match self.args.is_empty() {
                Some(true) => Value::Known(String::new()),
                Some(false) => Value::Known("?".to_owned()),
                None => unknown_value("arguments"),
            }),
            "request_uri" => Some(Value::Known(request.target())),
            "request_method" => Some(Value::Known(if self.subrequest { request.method.clone() } else { self.method.clone() })),
            "request" => Some(Value::Known(format!("{} {} HTTP/1.1", request.method, request.target()))),
            "server_protocol" => known("HTTP/1.1"),
            "scheme" => known(request.scheme.as_str()),
            "https" => known(if request.scheme == Scheme::Https { "on" } else { "" }),
            "ssl_protocol" | "ssl_cipher" if request.scheme == Scheme::Http => known(""),
            "host" => {
                if request.host.is_empty() {
                    return self.builtin("server_name");
                }
                known(request.host.trim_end_matches('.'))
            }
            "http_host" => Some(self.edited("host").unwrap_or_else(|| Value::Known(Server::host_header(request)))),
            "server_name" => Some(self.server.first_name()),
            "server_port" => Some(Value::Known(request.port.to_string())),
            "remote_addr" => Some(self.client.map_or_else(|| unknown_value("client address"), |a| Value::Known(a.to_string()))),
            "realip_remote_addr" => Some(Value::Known(request.client.to_string())),
            "remote_user" => Some(Value::Known(
                request
                    .header_value("authorization")
                    .and_then(crate::model::from::password::credentials)
                    .map(|(user, _)| user)
                    .unwrap_or_default(),
            )),
            "content_type" => known(request.header_value("content-type").unwrap_or_default()),
            "content_length" => known(request.header_value("content-length").unwrap_or_default()),
            "proxy_add_x_forwarded_for" => {
                let address = self.builtin("remote_addr")?;
                Some(match request.header_value("x-forwarded-for") {
                    Some(before) => concat([Value::Known(format!("{before}, ")), address]),
                    None => address,
                })
            }
            "document_root" => Some(self.root_value()),
            "request_filename" => Some(self.filename()),
            "realpath_root" => {
                Some(Value::Unknown { prefix: String::new(), nonempty: true, why: "links on the server".to_owned() })
            }
            "fastcgi_script_name" => Some(self.fastcgi_split().0),
            "fastcgi_path_info" => Some(self.fastcgi_split().1),
            "proxy_host" | "proxy_port" => Some(self.proxy_variable(name)),
            _ => None,
        }
    }

    /// `$http_name`: the header field whose name, in lower case with `_` for `-`, is `name`.
    fn header_variable(&self, name: &str) -> String {
        if name == "host" {
            return Server::host_header(self.request);
        }
        let fits = |field: &str| {
            field.len() == name.len()
                && field.bytes().zip(name.bytes()).all(|(a, b)| a.to_ascii_lowercase() == b || a == b'-' && b == b'_')
        };
        let accepted = |field: &str| !field.contains('_') || self.accepts_underscores();
        let values: Vec<&str> =
            self.request.headers.iter().filter(|(n, _)| fits(n) && accepted(n)).map(|(_, v)| v.as_str()).collect();
        values.join(if name == "cookie" { "; " } else { ", " })
    }

    /// Whether header fields with an underscore in their name are read at all.
    pub(super) fn accepts_underscores(&self) -> bool {
        let settled = self.server.shared.scopes.settled(self.server.scope);
        let is = |slot, word| settled.single(slot).is_some_and(|id| self.directive(id).arg(0) == word);
        is(Single::UnderscoresInHeaders, "on") || is(Single::IgnoreInvalidHeaders, "off")
    }

    fn cookie(&self, name: &str) -> String {
        let cookies = self.request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("cookie"));
        cookies
            .flat_map(|(_, line)| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    }

    fn fastcgi_split(&mut self) -> (Value, Value) {
        let Some(uri) = self.uri.clone() else { return (unknown_value("rewritten path"), unknown_value("rewritten path")) };
        if let Some(split) = self.single(Single::FastcgiSplitPathInfo)
            && let Some(regex) = self.server.shared.regexes.find(&split.arg(0), false)
            && let Some(Some(captures)) = self.server.shared.regexes.captures(regex, &uri)
        {
            let group = |i| Value::Known(captures.get(i).unwrap_or_default().to_owned());
            return (group(1), group(2));
        }
        let index = if uri.ends_with('/') { self.single(Single::FastcgiIndex).map(|d| d.arg(0).into_owned()) } else { None };
        (Value::Known(format!("{uri}{}", index.unwrap_or_default())), Value::Known(String::new()))
    }

    pub(super) fn root_value(&mut self) -> Value {
        match self.single(Single::Root) {
            Some(root) if root.has_hole() => unknown_value("template hole"),
            Some(root) => {
                let text = root.arg(0).into_owned();
                self.value(&text)
            }
            None => Value::Known("html".to_owned()),
        }
    }

    /// The file that the current URI means (`root` + URI, or `alias` + what follows the location's prefix).
    pub(super) fn filename(&mut self) -> Value {
        let uri = self.uri.clone();
        self.filename_of(uri.map_or_else(|| unknown_value("rewritten path"), Value::Known))
    }

    /// The file that a URI means in the current block.
    pub(super) fn filename_of(&mut self, uri: Value) -> Value {
        let root = self.root_value();
        let is_alias = self.single(Single::Root).is_some_and(|d| d.name() == crate::syntax::nginx::Name::Alias);
        if !is_alias {
            return concat([root, uri]);
        }
        match self.alias_prefix() {
            // In a regex location `alias` gives the whole name, unless `try_files` found one behind it.
            None if self.adds_uri_to_alias => concat([root, uri]),
            None => root,
            Some(prefix) => match uri {
                Value::Known(uri) => {
                    let rest = uri.get(prefix.len()..).unwrap_or_default().to_owned();
                    concat([root, Value::Known(rest)])
                }
                unknown @ Value::Unknown { .. } => concat([root, unknown]),
            },
        }
    }

    /// The prefix that `alias` replaces; `None` in a regex location.
    pub(super) fn alias_prefix(&self) -> Option<String> {
        let alias = self.single(Single::Root)?;
        let location = alias.ancestors().find(|a| a.name() == crate::syntax::nginx::Name::Location)?;
        let (first, second) = (location.arg(0), location.arg(1));
        match (first.as_ref(), location.arg_count()) {
            ("=" | "^~", 2) => Some(second.into_owned()),
            (text, 1) if text.starts_with('/') => Some(text.to_owned()),
            _ => None,
        }
    }

    /// The client's address, after `set_real_ip_from`; `None`: not known.
    pub(super) fn real_client(&mut self) -> Option<std::net::IpAddr> {
        let peer = self.request.client;
        let trusted = self.list(List::SetRealIpFrom).to_vec();
        if !trusted.iter().any(|id| super::access::address_matches(&self.directive(*id).arg(0), peer) == Some(true)) {
            return Some(peer);
        }
        let header = self.single(Single::RealIpHeader).map_or("X-Real-IP".to_owned(), |d| d.arg(0).into_owned());
        if header.eq_ignore_ascii_case("proxy_protocol") {
            return None;
        }
        let Some(value) = self.request.header_value(&header) else { return Some(peer) };
        let mut addresses = value.split(',').rev().map(|a| a.trim().parse::<std::net::IpAddr>().ok());
        if !self.is_on(Single::RealIpRecursive) {
            return addresses.next().flatten().or(Some(peer));
        }
        let mut last = peer;
        for address in addresses {
            let Some(address) = address else { break };
            last = address;
            if !trusted.iter().any(|id| super::access::address_matches(&self.directive(*id).arg(0), address) == Some(true)) {
                break;
            }
        }
        Some(last)
    }
}

fn argument_of(args: &str, name: &str) -> String {
    args.split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_owned())
        .unwrap_or_default()
}
