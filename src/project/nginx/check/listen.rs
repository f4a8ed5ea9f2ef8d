//! `listen`: addresses, options, and what two of them may not say of one address.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::Ipv6Addr;

use foldhash::fast::FixedState;

use super::{Checker, cut};
use crate::finding::Finding;
use crate::project::nginx::config::{Directive, DirectiveId, TOP};
use crate::source::lower_case;
use crate::syntax::nginx::Name;

/// What has been said of the addresses of all servers.
#[derive(Default)]
pub(super) struct Listens<'a> {
    /// By their keys, those of QUIC (`true`) apart.
    by_key: HashMap<(Cow<'a, str>, bool), Address, FixedState>,
    /// Names that cannot be put into a table, which an address has only if it has several servers.
    bad_names: Vec<(Directive<'a>, usize)>,
}

/// What has been said of one address. Directives are kept by number: there may be thousands of addresses.
struct Address {
    /// How many servers listen on it.
    servers: u32,
    /// The last server that does, and its `listen`.
    latest: (DirectiveId, DirectiveId),
    default: Option<DirectiveId>,
    options: Option<DirectiveId>,
}

impl<'a> Listens<'a> {
    pub(super) fn note_name(&mut self, directive: Directive<'a>, index: usize) {
        self.bad_names.push((directive, index));
    }
}

/// Reports the names that the server cannot put into a table.
pub(super) fn finish(checker: &mut Checker<'_>) {
    for (directive, index) in std::mem::take(&mut checker.listens.bad_names) {
        let Some(server) = directive.parent() else { continue };
        let listens = server.children().filter(|child| child.name() == Name::Listen);
        let mut keys = listens.filter_map(|listen| address_key(listen.arg(0)));
        if keys.any(|key| checker.listens.by_key.get(&(key, false)).is_some_and(|address| address.servers > 1)) {
            let message = format!("invalid server name or wildcard \"{}\"", directive.arg(index));
            let help = "\"*\" stands for whole labels at the beginning or at the end: \"*.example.com\", \"www.example.*\"";
            checker.report(Finding::new("syntax-error", directive.arg_span(index), message).help(help));
        }
    }
}

/// Options of `listen` in `http` besides [`SOCKET_OPTIONS`], without their values.
const OPTIONS: &[&str] = &[
    "default_server",
    "default",
    "ssl",
    "http2",
    "quic",
    "proxy_protocol",
    "multipath",
    "mptcp",
    // of Angie, freenginx, Tengine and BoringSSL builds
    "http3",
    "https_allow_http",
];

/// Options that belong to the socket: only one `listen` of an address may give them.
const SOCKET_OPTIONS: &[&str] = &[
    "bind",
    "setfib",
    "fastopen",
    "backlog",
    "rcvbuf",
    "sndbuf",
    "accept_filter",
    "deferred",
    "ipv6only",
    "reuseport",
    "so_keepalive",
];

/// Checks a `listen` of `http`.
pub(super) fn check<'a>(checker: &mut Checker<'a>, directive: Directive<'a>) {
    let address = directive.arg(0);
    let Some(key) = address_key(address.clone()) else {
        let message = format!("invalid port in \"{address}\" of \"listen\"");
        checker.error(directive.arg_span(0), message);
        return;
    };
    let args: Vec<_> = directive.args().skip(1).collect();
    let options: Vec<&str> = args.iter().map(|arg| arg.split('=').next().unwrap_or_default()).collect();
    if let Some(bad) = options.iter().position(|option| !OPTIONS.contains(option) && !SOCKET_OPTIONS.contains(option)) {
        let span = directive.arg_span(bad + 1);
        let mut finding =
            Finding::new("syntax-error", span, format!("invalid parameter \"{}\" of \"listen\"", directive.arg(bad + 1)));
        if checker.sources.text(directive.span()).contains('\n') {
            finding = finding.help("is a \";\" missing before it?");
        }
        checker.report(finding);
        return;
    }
    let server = directive.parent().map_or(TOP, |server| server.id);
    let fresh = Address { servers: 0, latest: (TOP, directive.id), default: None, options: None };
    let said = checker.listens.by_key.entry((key, options.contains(&"quic"))).or_insert(fresh);
    let (latest, first) = std::mem::replace(&mut said.latest, (server, directive.id));
    if latest == server && said.servers > 0 {
        twice(checker, directive, first, format!("this server listens on {address} twice"));
        return;
    }
    said.servers += 1;
    if options.contains(&"default_server") || options.contains(&"default") {
        if let Some(first) = said.default {
            twice(checker, directive, first, format!("a second default server for {address}"));
            return;
        }
        said.default = Some(directive.id);
    }
    if options.iter().any(|option| SOCKET_OPTIONS.contains(option)) {
        if let Some(first) = said.options {
            twice(checker, directive, first, format!("socket options for {address} are given a second time"));
            return;
        }
        said.options = Some(directive.id);
    }
}

fn twice<'a>(checker: &mut Checker<'a>, directive: Directive<'a>, first: DirectiveId, message: String) {
    let first = checker.config.directive(checker.sources, first);
    let mut finding = Finding::new("syntax-error", directive.span(), message).help("nginx refuses it as a duplicate");
    if first.span() != directive.span() {
        finding = finding.related(first.span(), "here for the first time");
    }
    checker.report(finding);
}

/// Whether a text is the number of a port, or a range of them.
pub(super) fn is_port(text: &str) -> bool {
    let is_number = |text: &str| !text.starts_with('+') && text.parse::<u16>().is_ok_and(|port| port > 0);
    is_number(text) || cut(text, b'-').is_some_and(|(from, to)| is_number(from) && is_number(to))
}

/// The address and port in one spelling, so that two of them can be compared. `None` for a port that is none.
fn address_key(address: Cow<'_, str>) -> Option<Cow<'_, str>> {
    if address.starts_with("unix:") {
        return Some(address);
    }
    if address.bytes().all(|b| b.is_ascii_digit()) {
        return is_port(&address).then(|| format!("{ANY}:{}", address.trim_start_matches('0')).into());
    }
    let (host, port): (Cow<str>, &str) = if let Some(rest) = address.strip_prefix('[') {
        let (host, tail) = rest.split_once(']')?;
        let host = host.parse::<Ipv6Addr>().map_or_else(|_| host.to_owned(), |ip| ip.to_string());
        (format!("[{host}]").into(), tail.strip_prefix(':').unwrap_or("80"))
    } else {
        let (host, port) = cut(&address, b':').unwrap_or((&address, "80"));
        (if host == "*" { ANY.into() } else { lower_case(host) }, port)
    };
    let valid = is_port(port);
    // Mostly it is written so.
    let as_written = matches!(host, Cow::Borrowed(host) if host.len() + 1 + port.len() == address.len());
    let key = if as_written { None } else { Some(format!("{host}:{port}")) };
    valid.then(|| key.map_or(address, Cow::Owned))
}

/// Every address.
const ANY: &str = "0.0.0.0";

#[cfg(test)]
mod tests {
    use super::address_key;

    #[test]
    fn one_address_has_one_key() {
        let key = |address: &str| address_key(address.into()).map(String::from);
        for address in ["80", "080", "*:80", "0.0.0.0:80", "*", "0.0.0.0"] {
            assert_eq!(key(address).as_deref(), Some("0.0.0.0:80"), "{address}");
        }
        for address in ["localhost", "localhost:80", "LocalHost:80"] {
            assert_eq!(key(address).as_deref(), Some("localhost:80"), "{address}");
        }
        assert_eq!(key("[::]:443"), key("[0:0::0]:443"));
        assert_eq!(key("localhost:8000-8010").as_deref(), Some("localhost:8000-8010"));
        for address in ["0", "70000", "1.2.3.4:", "host:x", "[::]:99999"] {
            assert_eq!(key(address), None, "{address}");
        }
    }
}
