//! Which virtual host answers: addresses, `ServerName` and `ServerAlias`.
//!
//! The server takes the virtual hosts of the connection's address and port, an address of its own before `*`, and among them the
//! first whose name fits, else the first (`vhost.c`).

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use crate::model::{Request, Scheme};
use crate::project::apache::Directive;
use crate::syntax::apache::Name;

/// One address of a `<VirtualHost>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// `None`: every address (`*`, `_default_`).
    pub(super) ip: Option<IpAddr>,
    /// `None`: every port.
    pub(super) port: Option<u16>,
}

/// Addresses and names of a virtual host.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) addresses: Vec<Address>,
    /// Whether an address is a host name or has a hole: where it listens is not known.
    pub(super) elsewhere: bool,
    /// Literal names in lower case, `ServerName` first.
    pub(super) literal: Vec<Cow<'static, str>>,
    /// Names with `*` or `?`, in lower case.
    patterns: Vec<String>,
    /// The scheme that `ServerName` names (`https://example.com`).
    pub(super) named_scheme: Option<Scheme>,
    /// The port that `ServerName` names.
    pub(super) named_port: Option<u16>,
    /// Whether `SSLEngine` is on.
    pub(super) tls: bool,
}

impl Names {
    /// Reads a `<VirtualHost>`.
    pub(super) fn of(host: &Directive, main_port: Option<u16>) -> Self {
        let mut names = Self { addresses: Vec::with_capacity(host.arg_count()), ..Self::default() };
        for word in host.args() {
            if word.contains("${") {
                names.elsewhere = true;
                continue;
            }
            match address(&word, main_port) {
                Some(address) => names.addresses.push(address),
                None => names.elsewhere = true,
            }
        }
        names.elsewhere |= host.is_unknown();
        names
    }

    /// Takes in a directive of the host; of two `ServerName` the last counts.
    pub(super) fn add(&mut self, name: Name, directive: &Directive, server_name: &mut Option<String>) {
        match name {
            Name::ServerName if !directive.is_unknown() => {
                let written = directive.arg(0).to_ascii_lowercase();
                let rest = match written.split_once("://") {
                    Some((scheme, rest)) => {
                        self.named_scheme = Some(if scheme == "https" { Scheme::Https } else { Scheme::Http });
                        rest
                    }
                    None => written.as_str(),
                };
                let (host, port) = split_port(rest);
                self.named_port = port;
                *server_name = Some(host.to_owned());
            }
            Name::ServerAlias if !directive.is_unknown() => {
                for alias in directive.args() {
                    let alias = alias.to_ascii_lowercase();
                    if alias.contains(['*', '?']) {
                        self.patterns.push(alias);
                    } else {
                        self.literal.push(Cow::Owned(alias));
                    }
                }
            }
            // `optional` was dropped in 2.4.
            Name::SSLEngine => self.tls = directive.arg(0).eq_ignore_ascii_case("on"),
            _ => {}
        }
    }

    /// Whether a name of the host fits.
    pub(super) fn fits(&self, host: &str) -> bool {
        self.literal.iter().any(|name| name == host) || self.patterns.iter().any(|p| super::glob::matches(p, host, false))
    }

    /// How well an address of it fits a connection to `ip` (if that is known) and `port`: 2 by an address of its own, 1 by `*`.
    pub(super) fn listens(&self, ip: Option<IpAddr>, port: u16) -> u8 {
        let fits = |address: &Address| {
            if address.port.is_some_and(|p| p != port) {
                return 0;
            }
            match (address.ip, ip) {
                (None, _) => 1,
                (Some(own), Some(asked)) if own != asked => 0,
                (Some(_), _) => 2,
            }
        };
        self.addresses.iter().map(fits).max().unwrap_or(0)
    }

    /// Whether visitors reach it over TLS, as far as the files show.
    pub(super) fn is_tls(&self) -> bool {
        self.tls || self.named_scheme == Some(Scheme::Https) || self.addresses.iter().any(|a| a.port == Some(443))
    }

    /// A `GET` that reaches it.
    pub(super) fn request(&self, path: &str) -> Request {
        let scheme = if self.is_tls() { Scheme::Https } else { Scheme::Http };
        let best = self.addresses.iter().find(|a| a.port.is_some()).or(self.addresses.first());
        let own = || best.and_then(|a| a.ip).map(|ip| ip.to_string());
        let host = self.literal.first().cloned().map(Cow::into_owned).or_else(own).unwrap_or_else(|| "localhost".to_owned());
        let port = best.and_then(|a| a.port).unwrap_or(scheme.default_port());
        Request { scheme, port, ..Request::get(host, path) }
    }
}

/// The local address that a request's host certainly means.
pub(super) fn local_address(request: &Request) -> Option<IpAddr> {
    if request.host == "localhost" {
        return Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    request.host.trim_matches(['[', ']']).parse().ok()
}

/// Splits `host:port`; the colons of an IPv6 address stand in brackets.
pub(super) fn split_port(text: &str) -> (&str, Option<u16>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') && !host.contains(':') | host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    }
}

fn address(word: &str, main_port: Option<u16>) -> Option<Address> {
    let (host, port) = match word.strip_suffix(":*") {
        Some(host) => (host, None),
        None => match split_port(word) {
            (host, Some(port)) => (host, Some(port)),
            (host, None) => (host, main_port),
        },
    };
    if host == "*" || host.eq_ignore_ascii_case("_default_") {
        return Some(Address { ip: None, port });
    }
    let ip = host.trim_matches(['[', ']']).parse().ok()?;
    Some(Address { ip: Some(ip), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let ip = |text: &str| Some(text.parse().unwrap());
        assert_eq!(address("*:80", None), Some(Address { ip: None, port: Some(80) }));
        assert_eq!(address("_default_:*", Some(80)), Some(Address { ip: None, port: None }));
        assert_eq!(address("10.0.0.1", Some(8080)), Some(Address { ip: ip("10.0.0.1"), port: Some(8080) }));
        assert_eq!(address("[::1]:443", None), Some(Address { ip: ip("::1"), port: Some(443) }));
        assert_eq!(address("[::1]", None), Some(Address { ip: ip("::1"), port: None }));
        assert_eq!(address("host.example:80", None), None);
    }
}
