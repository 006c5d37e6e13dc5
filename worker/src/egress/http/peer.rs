//! Who sent a request: the socket's peer, or the client that a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::{HeaderMap, ORIGIN, USER_AGENT};
use axum::http::{Extensions, HeaderName};
use ipnet::IpNet;
use sluice_contract::Peer;

/// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: loopback and the configured networks. From
/// everybody else these headers mean nothing.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

/// A text that names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address and no network")]
pub struct InvalidNetwork(String);

/// The sender of one request, and how it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sender {
    pub peer: Peer,
    /// The client's own connection was encrypted.
    pub secure: bool,
}

/// Put into the extensions of every request that came over TLS by the listener that ended it.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;

impl TrustedProxies {
    /// # Errors
    /// [`InvalidNetwork`] with the first entry that is neither `address` nor `address/bits`.
    pub fn parse(networks: &[String]) -> Result<Self, InvalidNetwork> {
        let network = |text: &String| {
            let text = text.trim();
            text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| InvalidNetwork(text.into()))
        };
        networks.iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// True for loopback and the configured networks.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.0.iter().any(|network| network.contains(&address))
    }

    /// The sender of a request; `None` when the listener did not say whose it is.
    pub(crate) fn sender(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<Sender> {
        let ConnectInfo(socket) = extensions.get::<ConnectInfo<SocketAddr>>()?;
        let socket = socket.ip().to_canonical();
        let (mut address, mut secure) = (socket, extensions.get::<OverTls>().is_some());
        if self.contains(socket) {
            address = self.forwarded(headers, socket);
            secure |= last(headers, &FORWARDED_PROTO).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        }
        let text = |name| {
            let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
            value.map(|value| cut(&value).to_owned())
        };
        Some(Sender { peer: Peer::new(address, text(USER_AGENT)).on_page(text(ORIGIN)), secure })
    }

    /// Every proxy appends the address it was called from, so the list is believed from its end, as far as trusted
    /// proxies wrote it.
    fn forwarded(&self, headers: &HeaderMap, socket: IpAddr) -> IpAddr {
        let lines = headers.get_all(&FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
        let hops: Vec<_> = lines.flat_map(|line| line.split(',')).map(address_of).collect();
        let mut client = socket;
        for hop in hops.into_iter().rev() {
            let Some(hop) = hop else { break };
            client = hop;
            if !self.contains(hop) {
                break;
            }
        }
        client
    }
}

/// `address`, `address:port`, `[address]` or `[address]:port`.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip())).ok()?;
    Some(address.to_canonical())
}

fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

fn cut(agent: &str) -> &str {
    let mut end = agent.len().min(MAX_AGENT_BYTES);
    while !agent.is_char_boundary(end) {
        end -= 1;
    }
    &agent[..end]
}

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// See [`Peer::user_agent`].
const MAX_AGENT_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(proxies: &[&str], socket: &str, headers: &[(&str, &str)]) -> Sender {
        let networks: Vec<_> = proxies.iter().map(|text| (*text).to_owned()).collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(socket.parse::<SocketAddr>().unwrap()));
        TrustedProxies::parse(&networks).unwrap().sender(&map, &extensions).unwrap()
    }

    fn address(proxies: &[&str], socket: &str, forwarded: &str) -> String {
        sender(proxies, socket, &[("x-forwarded-for", forwarded)]).peer.address.to_string()
    }

    #[test]
    fn strangers_cannot_choose_their_address() {
        for name in ["x-forwarded-for", "x-real-ip", "forwarded", "client-ip"] {
            let sender = sender(&[], "192.0.2.1:5", &[(name, "10.0.0.1"), ("x-forwarded-proto", "https")]);
            assert_eq!(sender.peer.address.to_string(), "192.0.2.1", "{name}");
            assert!(!sender.secure);
        }
    }

    #[test]
    fn a_trusted_proxy_names_the_last_hop_that_is_none() {
        assert_eq!(address(&[], "127.0.0.1:5", "1.1.1.1, 192.0.2.7"), "192.0.2.7", "what a client wrote itself");
        assert_eq!(address(&["10.0.0.0/8"], "10.1.1.1:5", "1.1.1.1, 192.0.2.7, 10.2.2.2"), "192.0.2.7");
        assert_eq!(address(&["10.0.0.9"], "10.0.0.9:5", "192.0.2.7:8080"), "192.0.2.7");
        assert_eq!(address(&[], "[::1]:5", "[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(address(&[], "127.0.0.1:5", "192.0.2.7, nonsense"), "127.0.0.1");
        assert_eq!(address(&[], "[::ffff:192.0.2.3]:5", "1.1.1.1"), "192.0.2.3");
        assert!(sender(&[], "127.0.0.1:5", &[("x-forwarded-proto", "https")]).secure);
    }

    #[test]
    fn a_long_user_agent_is_cut_at_a_character() {
        let agent = "ä".repeat(1_000);
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, axum::http::HeaderValue::from_bytes(agent.as_bytes()).unwrap());
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo("192.0.2.1:5".parse::<SocketAddr>().unwrap()));
        let sender = TrustedProxies::default().sender(&headers, &extensions).unwrap();
        assert_eq!(sender.peer.user_agent.map(|agent| agent.len()), Some(MAX_AGENT_BYTES));
    }

    #[test]
    fn a_proxy_that_is_no_network_is_refused() {
        assert!(TrustedProxies::parse(&["10.0.0.0/8".into(), "proxy.example".into()]).is_err());
    }
}
