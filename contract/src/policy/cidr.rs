//! Lists of networks, as settings hold them (`stream-security` §13): comma-separated, IPv4 and IPv6 alike.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::case::{Answer, Case, Draft};
use super::decision::DenyReason;

/// A comma-separated list of networks and single addresses.
///
/// A bare address is a network of one; bits behind the prefix are ignored; an IPv4-mapped IPv6 network is the IPv4
/// network; `0.0.0.0/0` means everybody, IPv6 included. Entries that cannot be read admit nobody and are
/// [kept aside](Self::invalid) for a log line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CidrList {
    networks: Vec<IpNet>,
    invalid: Vec<String>,
}

impl CidrList {
    pub fn parse(text: &str) -> Self {
        let mut list = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            match parse_entry(entry) {
                Some(network) => list.networks.push(network),
                None => list.invalid.push(entry.to_owned()),
            }
        }
        list
    }

    /// True when no entry could be read, because there was none or all were invalid: the list admits nobody.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }

    /// Entries that are no network.
    pub fn invalid(&self) -> &[String] {
        &self.invalid
    }

    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address) || is_everybody(network))
    }

    /// True when no address is left out.
    pub fn allows_everybody(&self) -> bool {
        self.networks.iter().any(is_everybody)
    }
}

/// `allowedPublisherCIDR`: who may publish, by address.
pub(super) fn publisher(case: &Case<'_>, _draft: &mut Draft) -> Answer {
    let allowed = case.settings.allowed_publisher_cidr.trim();
    if allowed.is_empty() {
        return Answer::Skip("every address may publish");
    }
    if CidrList::parse(allowed).allows(case.request.peer.address) {
        Answer::Pass
    } else {
        Answer::deny(DenyReason::AddressNotAllowed)
    }
}

fn parse_entry(entry: &str) -> Option<IpNet> {
    let network = match entry.parse::<IpNet>() {
        Ok(network) => network,
        Err(_) => IpNet::from(entry.parse::<IpAddr>().ok()?),
    };
    Some(unmapped(network).trunc())
}

/// `::ffff:10.0.0.0/104` as `10.0.0.0/8`, the form that addresses are compared in.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else { return network };
    let (Some(address), Some(prefix)) = (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(MAPPED_PREFIX)) else {
        return network;
    };
    Ipv4Net::new(address, prefix).map_or(network, IpNet::V4)
}

fn is_everybody(network: &IpNet) -> bool {
    // An IPv6 default route is taken for everybody too: whoever writes it does not mean to leave out IPv4.
    *network == IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0))
        || *network == IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0))
}

/// IPv4-mapped addresses are `::ffff:0:0/96` (RFC 4291 §2.5.5.2).
const MAPPED_PREFIX: u8 = 96;
