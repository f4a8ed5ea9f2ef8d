//! `broad-trusted-proxy`: everybody is taken for the proxy whose word about the client's address counts.

mod apache;
pub(super) mod edge;

use std::net::IpAddr;

use super::Cx;
use crate::finding::{Confidence, Finding};
use crate::project::nginx::{Config, Directive};
use crate::syntax::nginx::Name;

pub(super) use apache::check as check_apache;

/// The id.
pub(super) const ID: &str = "broad-trusted-proxy";

/// A network with more addresses than this many leading bits leave is nobody's own.
const SHORTEST: u8 = 8;

/// Looks at every `set_real_ip_from` of the http servers, and at `proxy` in `geo`.
pub(super) fn check(config: &Config, cx: &mut Cx) {
    for directive in config.all(cx.sources, Name::SetRealIpFrom) {
        let network = directive.arg(0);
        if !is_broad(&network) || directive.ancestors().any(|a| matches!(a.name(), Name::Stream | Name::Mail)) {
            continue;
        }
        let header = in_force(config, cx, &directive, Name::RealIpHeader);
        let name = header.map_or("X-Real-IP".into(), |h| h.arg(0));
        if name.eq_ignore_ascii_case("proxy_protocol") || name.contains('$') || !reachable(config, cx, &directive) {
            continue;
        }
        let recursive = in_force(config, cx, &directive, Name::RealIpRecursive).is_some_and(|d| d.arg(0) == "on");
        let message = format!("a request from any client that sends {name} counts as coming from the address it names there");
        let mut found = Finding::new(ID, directive.span(), message)
            .help("name only the addresses of your own proxies")
            // Who can reach this port is not in the files; but with all addresses trusted, the first one of a list wins even behind a proxy.
            .confidence(if recursive { Confidence::High } else { Confidence::Medium });
        if let Some(header) = header {
            found = found.related(header.span(), "the address is taken from here");
        }
        found.context = context(&directive);
        cx.report(found);
    }
    for geo in config.all(cx.sources, Name::Geo) {
        for entry in geo.children().filter(|e| e.name_text() == "proxy" && is_broad(&e.arg(0))) {
            let message = "a request from any client that sends X-Forwarded-For is sorted by the address it names there";
            let mut found = Finding::new(ID, entry.span(), message)
                .help("name only the addresses of your own proxies")
                .confidence(Confidence::Medium);
            found.context = context(&entry);
            cx.report(found);
        }
    }
}

fn context(directive: &Directive) -> String {
    let mut blocks: Vec<String> = directive.ancestors().map(|a| a.text()).collect();
    blocks.reverse();
    blocks.join(" > ")
}

fn is_broad(network: &str) -> bool {
    let Some((address, length)) = network.split_once('/') else { return false };
    let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u8>()) else { return false };
    length < SHORTEST && !is_unique_local(address, length)
}

/// Whether a network lies in `fc00::/7`, the addresses of IPv6 that are nobody's on the internet (RFC 4193).
fn is_unique_local(address: IpAddr, length: u8) -> bool {
    length >= 7 && matches!(address, IpAddr::V6(address) if address.is_unique_local())
}

/// The directive of that name in force beside this one: in its block, in one around it, else the only kind there is.
fn in_force<'a>(config: &'a Config, cx: &Cx<'a>, beside: &Directive<'a>, name: Name) -> Option<Directive<'a>> {
    let mut all = config.all(cx.sources, name).peekable();
    all.peek()?;
    let mut blocks: Vec<Option<u32>> = beside.ancestors().map(|a| Some(a.id)).collect();
    blocks.push(None);
    let all: Vec<Directive> = all.collect();
    let near = blocks.iter().find_map(|b| all.iter().find(|d| d.parent().map(|p| p.id) == *b));
    near.or(all.first()).copied()
}

/// Whether a server that the directive acts on listens on an address that others reach.
fn reachable(config: &Config, cx: &Cx, directive: &Directive) -> bool {
    let server = directive.ancestors().find(|a| a.name() == Name::Server);
    let mut listens = config
        .all(cx.sources, Name::Listen)
        .filter(|l| server.is_none_or(|s| l.parent().is_some_and(|p| p.id == s.id)))
        .peekable();
    listens.peek().is_none() || listens.any(|l| !is_private(&l.arg(0)))
}

fn is_private(listen: &str) -> bool {
    ["127.", "localhost:", "[::1]", "unix:"].iter().any(|p| listen.starts_with(p))
}
