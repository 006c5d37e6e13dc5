//! Under which addresses peers may reach us: host candidates alone, as ICE-lite has no others (RFC 8445 §5.1.1).

use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::webrtc::engine::{Candidate, Transport};

/// The candidates of a socket that is bound to `local`: the `public` addresses if any are given, otherwise its own, which
/// are those of our interfaces if it is bound to all of them.
pub(super) fn gather(local: SocketAddr, public: &[IpAddr], tcp: bool) -> io::Result<Vec<Candidate>> {
    let addresses = if !public.is_empty() {
        // Addresses of the inside are nobody's business, and each costs a peer that cannot reach it checks.
        public.to_vec()
    } else if local.ip().is_unspecified() {
        let interfaces = rtc_shared::ifaces::ifaces()?;
        let ours = interfaces.iter().filter_map(|interface| interface.addr).map(|address| address.ip());
        of_interfaces(local.ip(), ours)
    } else {
        vec![local.ip()]
    };
    Ok(candidates(&addresses, local.port(), tcp))
}

/// Those of `ours` that a socket on the wildcard address `bound` serves: an IPv6 socket both families. Loopback is left
/// out unless there is nothing else, and so is what means something on one link alone.
fn of_interfaces(bound: IpAddr, ours: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let served: Vec<IpAddr> = ours
        .filter(|ip| bound.is_ipv6() || ip.is_ipv4())
        .filter(|ip| match ip {
            IpAddr::V4(ip) => !ip.is_link_local(),
            IpAddr::V6(ip) => !ip.is_unicast_link_local(),
        })
        .collect();
    let reachable: Vec<IpAddr> = served.iter().copied().filter(|ip| !ip.is_loopback()).collect();
    if reachable.is_empty() { served } else { reachable }
}

fn candidates(addresses: &[IpAddr], port: u16, tcp: bool) -> Vec<Candidate> {
    let mut seen: Vec<IpAddr> = Vec::new();
    for ip in addresses.iter().map(IpAddr::to_canonical) {
        if !seen.contains(&ip) && seen.len() < MAX_ADDRESSES {
            seen.push(ip);
        }
    }
    let transports: &[Transport] = if tcp { &[Transport::Udp, Transport::Tcp] } else { &[Transport::Udp] };
    let of = |transport: Transport| {
        seen.iter().zip(0_u32..).map(move |(ip, rank)| Candidate {
            transport,
            address: SocketAddr::new(*ip, port),
            priority: priority(transport, rank),
        })
    };
    transports.iter().flat_map(|transport| of(*transport)).collect()
}

/// RFC 8445 §5.1.2.1, for TCP RFC 6544 §4.2: any UDP before any TCP, the first address before the others.
fn priority(transport: Transport, rank: u32) -> u32 {
    let (kind, local) = match transport {
        Transport::Udp => (126, 65_535 - rank),
        Transport::Tcp => (90, (PASSIVE << 13) + 8_191 - rank),
    };
    (kind << 24) | (local << 8) | (256 - COMPONENT)
}

/// RTP, which RTCP shares a port with.
const COMPONENT: u32 = 1;

/// The direction preference of a passive candidate.
const PASSIVE: u32 = 4;

/// A description with more is of no use to anybody.
const MAX_ADDRESSES: usize = 16;

#[cfg(test)]
mod tests;
