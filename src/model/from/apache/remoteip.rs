//! The address of the client after `mod_remoteip`.

use std::net::IpAddr;

use super::walk::{Field, Walk};
use crate::model::Value;
use crate::project::apache::Directive;
use crate::syntax::apache::Name;
use crate::syntax::apache::subnet::Subnet;

/// A proxy that is trusted, and whether it is an internal one.
enum Trusted {
    Net(Subnet, bool),
    /// A name, or a list in a file.
    Unknown,
}

const PROXIES: &[Name] =
    &[Name::RemoteIPInternalProxy, Name::RemoteIPTrustedProxy, Name::RemoteIPInternalProxyList, Name::RemoteIPTrustedProxyList];

impl Walk<'_, '_> {
    /// Takes the address from the header field that `RemoteIPHeader` names, as far as the peers are trusted
    /// (`remoteip_modify_request`).
    pub(super) fn remote_address(&mut self) {
        if let Some(protocol) = self.server_setting(&[Name::RemoteIPProxyProtocol])
            && protocol.arg(0).eq_ignore_ascii_case("on")
        {
            self.note_unknown("the address that the PROXY protocol tells", protocol.span(), false);
            self.client = None;
            return;
        }
        let Some(setting) = self.server_setting(&[Name::RemoteIPHeader]) else { return };
        let name = setting.arg(0).into_owned();
        let Some(sent) = self.header(&name).and_then(|f| f.value.known().map(str::to_owned)) else { return };
        let trusted = self.trusted();
        let listed = !trusted.is_empty();
        let mut internal = listed;
        let mut current = self.request.client;
        let mut rest = Some(sent.as_str());
        let mut passed: Vec<String> = Vec::new();
        let mut changed = false;
        while let Some(text) = rest {
            if listed {
                match is_trusted(&trusted, current) {
                    None => {
                        self.note_unknown("which proxies are trusted", setting.span(), false);
                        self.client = None;
                        return;
                    }
                    Some(None) => break,
                    Some(Some(own)) => internal = internal && own,
                }
            }
            let (before, last) = match text.rsplit_once(',') {
                Some((before, last)) => (Some(before), last.trim_matches(' ')),
                None => (None, text.trim_matches(' ')),
            };
            let Ok(address) = last.parse::<IpAddr>() else { break };
            let address = address.to_canonical();
            if !internal && is_private(address) {
                break;
            }
            if !internal {
                passed.push(current.to_string());
            }
            current = address;
            changed = true;
            rest = before;
        }
        if !changed {
            return;
        }
        self.client = Some(current);
        let left = rest.map(str::to_owned);
        self.set_header(&name, left, setting.span());
        if let Some(proxies) = self.server_setting(&[Name::RemoteIPProxiesHeader]).filter(|_| !passed.is_empty()) {
            let proxies_name = proxies.arg(0).into_owned();
            self.set_header(&proxies_name, Some(passed.join(", ")), proxies.span());
        }
    }

    fn set_header(&mut self, name: &str, value: Option<String>, by: crate::source::Span) {
        self.headers.retain(|f| !f.name.eq_ignore_ascii_case(name));
        match value {
            Some(value) => self.headers.push(Field { name: name.to_owned(), value: Value::Known(value), by: Some(by) }),
            None => self.cleared.push((name.to_owned(), by)),
        }
    }

    fn trusted(&mut self) -> Vec<Trusted> {
        let mut trusted = Vec::new();
        // A list of a virtual host takes the place of the one outside.
        let servers: Vec<_> = self.host.servers().collect();
        for section in servers.into_iter().rev() {
            let own = self.own(section, PROXIES);
            if own.is_empty() {
                continue;
            }
            for id in own {
                trusted.extend(read(&self.directive(id)));
            }
            break;
        }
        trusted
    }
}

fn read<'d>(directive: &'d Directive) -> Vec<Trusted> {
    let internal = matches!(directive.name(), Name::RemoteIPInternalProxy | Name::RemoteIPInternalProxyList);
    let listed = matches!(directive.name(), Name::RemoteIPInternalProxyList | Name::RemoteIPTrustedProxyList);
    if listed || directive.is_unknown() {
        return vec![Trusted::Unknown];
    }
    let one = |word: std::borrow::Cow<'d, str>| Subnet::parse(&word).map_or(Trusted::Unknown, |net| Trusted::Net(net, internal));
    directive.args().map(one).collect()
}

/// Whether an address is trusted, and as what: `None` if that is not known.
#[expect(clippy::option_option, reason = "unknown, not trusted, trusted")]
fn is_trusted(trusted: &[Trusted], address: IpAddr) -> Option<Option<bool>> {
    let mut known = true;
    for proxy in trusted {
        match proxy {
            Trusted::Net(net, internal) if net.contains(address) => return Some(Some(*internal)),
            Trusted::Net(..) => {}
            Trusted::Unknown => known = false,
        }
    }
    known.then_some(None)
}

/// Addresses that a proxy outside of the own network cannot vouch for.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.segments().first().is_some_and(|first| first & 0xe000 != 0x2000),
    }
}
