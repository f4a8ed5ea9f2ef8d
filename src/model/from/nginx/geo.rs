//! The table of `geo`: the longest network that holds the address.

use std::net::IpAddr;

use ipnet::IpNet;

/// The value for an address; the empty text if nothing fits and there is no `default`.
pub(super) fn find(entries: impl Iterator<Item = (String, String)>, address: IpAddr) -> String {
    let mut best: Option<(u8, String)> = None;
    let mut default = String::new();
    for (key, value) in entries {
        if key == "default" {
            default = value;
        } else if let Some(net) = network(&key)
            && net.contains(&address)
            && best.as_ref().is_none_or(|(length, _)| net.prefix_len() >= *length)
        {
            best = Some((net.prefix_len(), value));
        }
    }
    best.map_or(default, |(_, value)| value)
}

/// A network or a single address.
pub(super) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
