//! Addresses and networks as `Require ip`, `Allow from`, `-R` and `-ipmatch` write them (`apr_ipsubnet_create`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network. The mask of an IPv4 network need not be contiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subnet {
    /// IPv4.
    V4 {
        /// The address, already masked.
        network: u32,
        /// Which bits count.
        mask: u32,
    },
    /// IPv6.
    V6 {
        /// The address, already masked.
        network: u128,
        /// Which bits count.
        mask: u128,
    },
}

impl Subnet {
    /// Reads `10.1`, `10.1.`, `10.1.2.3`, `10.1.2.3/16`, `10.1.2.3/255.255.0.0`, `2001:db8::/32`. `None`: the server refuses it; a
    /// mask of no bits (`/0`) too.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((address, mask)) = text.split_once('/') else {
            return Self::partial(text).or_else(|| Self::single(text));
        };
        match address.parse().ok()? {
            IpAddr::V4(v4) => {
                let mask =
                    bits(mask, 32).map(|b| u32::MAX << (32 - b)).or_else(|| Some(mask.parse::<Ipv4Addr>().ok()?.into()))?;
                Some(Self::V4 { network: u32::from(v4) & mask, mask })
            }
            IpAddr::V6(v6) => {
                let mask = bits(mask, 128).map(|b| u128::MAX << (128 - b))?;
                Some(Self::V6 { network: u128::from(v6) & mask, mask })
            }
        }
    }

    /// One to four numbers with dots between, perhaps a dot at the end: what is missing is any.
    fn partial(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let (mut network, mut mask) = (0, 0);
        for (index, part) in text.split('.').enumerate() {
            let octet: u8 = part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())??;
            let shift = 24u32.checked_sub(8 * index as u32)?;
            network |= u32::from(octet) << shift;
            mask |= 0xff << shift;
        }
        Some(Self::V4 { network, mask })
    }

    fn single(text: &str) -> Option<Self> {
        let v6: Ipv6Addr = text.parse().ok()?;
        Some(Self::V6 { network: v6.into(), mask: u128::MAX })
    }

    /// Whether an address lies in it. An IPv4 address written as an IPv6 one is taken for the IPv4 address.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self, address.to_canonical()) {
            (Self::V4 { network, mask }, IpAddr::V4(v4)) => u32::from(v4) & mask == network,
            (Self::V6 { network, mask }, IpAddr::V6(v6)) => u128::from(v6) & mask == network,
            _ => false,
        }
    }
}

/// The number of bits of a mask.
fn bits(text: &str, most: u32) -> Option<u32> {
    text.parse().ok().filter(|bits| (1..=most).contains(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let holds = |network: &str, address: &str| Subnet::parse(network).unwrap().contains(address.parse().unwrap());
        assert!(holds("10.1", "10.1.200.3"));
        assert!(holds("10.1.", "10.1.200.3"));
        assert!(!holds("10.1", "10.2.0.1"));
        assert!(holds("10.1.2.3/16", "10.1.200.3"));
        assert!(holds("10.0.2.0/255.0.255.0", "10.77.2.9"));
        assert!(holds("127.0.0.1", "::ffff:127.0.0.1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1"));
        assert!(!holds("2001:db8::/32", "10.0.0.1"));
        for refused in
            ["", "10.1.0.0/0", "10.1/16", "1.2.3.4.5", "256", "10.x", "2001:db8::/129", "::/0", "localhost", "1.2.3.4/x"]
        {
            assert_eq!(Subnet::parse(refused), None, "{refused}");
        }
    }
}
