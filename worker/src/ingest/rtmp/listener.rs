//! Accepts RTMP connections, within limits, and keeps them apart: what happens in one ends no other.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use super::connection::{Connection, Shared};
use super::proxy::read_header;
use super::session::SessionLimits;
use super::transport::Encryption;
use crate::admission::Admission;
use crate::egress::http::TrustedProxies;
use crate::egress::tune;
use crate::hub::Hub;

/// Where to listen, and what a connection may take.
#[derive(Debug, Clone)]
pub struct RtmpConfig {
    pub addr: SocketAddr,
    pub max_connections: usize,
    /// From one address; from one /64 network of IPv6, which one subscriber line has.
    pub max_connections_per_address: usize,
    /// From the connection to the end of the handshake.
    pub handshake_timeout: Duration,
    /// From there, or from the end of a publication, to a publish command.
    pub publish_timeout: Duration,
    /// From an accepted publish to the first media.
    pub first_media_timeout: Duration,
    /// Between media of a publisher.
    pub idle_timeout: Duration,
    /// For a peer to take the few bytes that we send.
    pub write_timeout: Duration,
    /// For a player to take any of the media that waits for it.
    pub stall_timeout: Duration,
    /// Media is held for this long and written together; zero sends every frame when it comes.
    pub merge: Duration,
    /// After a refusal or an end: for a peer to read it and leave. What it still sends is dropped.
    pub linger_timeout: Duration,
    /// Balancers that may say, in a PROXY protocol header, whom they speak for.
    pub proxies: TrustedProxies,
    pub session: SessionLimits,
}

impl Default for RtmpConfig {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([0, 0, 0, 0], 1935)),
            max_connections: 4_096,
            max_connections_per_address: 1_024,
            // Whoever connects and says nothing is gone within ten seconds.
            handshake_timeout: Duration::from_secs(9),
            publish_timeout: Duration::from_secs(9),
            first_media_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(15),
            merge: Duration::ZERO,
            linger_timeout: Duration::from_secs(1),
            proxies: TrustedProxies::default(),
            session: SessionLimits::default(),
        }
    }
}

/// RTMP over TLS, beside the plain port.
#[derive(Clone)]
pub struct Rtmps {
    pub addr: SocketAddr,
    pub encryption: Encryption,
}

impl fmt::Debug for Rtmps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rtmps").field("addr", &self.addr).finish_non_exhaustive()
    }
}

/// A bound RTMP port.
pub struct RtmpListener {
    socket: TcpListener,
    local_addr: SocketAddr,
    /// `None` on a plain port.
    encryption: Option<Encryption>,
    shared: Arc<Shared>,
}

impl RtmpListener {
    /// Binds the port. Connections wait until [`run`](Self::run).
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(config: RtmpConfig, admission: Arc<Admission>, hub: Arc<Hub>) -> io::Result<Self> {
        let socket = TcpListener::bind(config.addr).await?;
        let local_addr = socket.local_addr()?;
        Ok(Self { socket, local_addr, encryption: None, shared: Arc::new(Shared { config, admission, hub }) })
    }

    /// Takes encrypted connections only.
    #[must_use]
    pub fn encrypted(self, encryption: Encryption) -> Self {
        Self { encryption: Some(encryption), ..self }
    }

    /// The bound address, with the port that was chosen for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Accepts until `shutdown`, then ends every connection with a word to its encoder, and returns when they are
    /// gone: within the write and linger timeouts.
    pub async fn run(self, shutdown: CancellationToken) {
        let connections = TaskTracker::new();
        let places = Arc::new(Places::new(&self.shared.config));
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((socket, address)) => match self.place(&places, address.ip().to_canonical()) {
                    Some(place) => {
                        let address = address.ip().to_canonical();
                        let peer = Newcomer { socket, address, shared: Arc::clone(&self.shared) };
                        let encryption = self.encryption.clone();
                        connections.spawn(serve(peer, encryption, place, shutdown.clone()));
                    }
                    None => debug!(peer.address = %address.ip(), "connection closed: too many are open"),
                },
                // The peer gave up, or we are out of descriptors. Neither is a reason to stop accepting.
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.socket);
        connections.close();
        info!(connections = connections.len(), "rtmp stops");
        connections.wait().await;
    }
}

impl RtmpListener {
    /// A place for a connection. One of a trusted proxy counts for its client, who is known a little later.
    fn place(&self, places: &Arc<Places>, address: IpAddr) -> Option<Place> {
        if self.shared.config.proxies.contains(address) { places.take_unnamed() } else { places.take(address) }
    }
}

/// How long to wait before accepting again when it failed: descriptors come back when connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A socket that was just accepted.
struct Newcomer {
    socket: TcpStream,
    address: IpAddr,
    shared: Arc<Shared>,
}

/// Runs one connection. A panic inside it is a defect of ours that costs this connection alone.
async fn serve(mut peer: Newcomer, encryption: Option<Encryption>, mut place: Place, shutdown: CancellationToken) {
    // Answers are small, and an encoder waits for each.
    if let Err(error) = tune(&peer.socket) {
        debug!(%error, "a socket could not be tuned");
    }
    if peer.shared.config.proxies.contains(peer.address) {
        let limit = peer.shared.config.handshake_timeout;
        let named = tokio::select! {
            () = shutdown.cancelled() => return,
            named = timeout(limit, read_header(&mut peer.socket)) => named,
        };
        match named {
            Ok(Ok(client)) => peer.address = client.unwrap_or(peer.address),
            Ok(Err(error)) => return debug!(peer.address = %peer.address, %error, "a proxy's connection was closed"),
            Err(_) => return debug!(peer.address = %peer.address, "a proxy's connection said nothing"),
        }
        if !place.count_for(peer.address) {
            return debug!(peer.address = %peer.address, "connection closed: too many are open");
        }
    }
    let address = peer.address;
    let served = async {
        match encryption {
            None => Connection::new(peer.socket, address, peer.shared, shutdown).serve().await,
            Some(encryption) => {
                let limit = peer.shared.config.handshake_timeout;
                let encrypted = tokio::select! {
                    () = shutdown.cancelled() => return,
                    encrypted = timeout(limit, encryption(peer.socket)) => encrypted,
                };
                match encrypted {
                    Ok(Ok(socket)) => Connection::new(socket, address, peer.shared, shutdown).serve().await,
                    Ok(Err(error)) => debug!(peer.address = %address, %error, "a TLS handshake failed"),
                    Err(_) => debug!(peer.address = %address, "a TLS handshake took too long"),
                }
            }
        }
    };
    if AssertUnwindSafe(served).catch_unwind().await.is_err() {
        error!(peer.address = %address, "an rtmp connection panicked");
    }
    drop(place);
}

/// Counts connections, in all and by address.
struct Places {
    max_total: usize,
    max_per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One connection's place; given back when dropped.
struct Place {
    places: Arc<Places>,
    /// `None` until it is known who came.
    network: Option<IpAddr>,
}

impl Places {
    fn new(config: &RtmpConfig) -> Self {
        Self {
            max_total: config.max_connections,
            max_per_address: config.max_connections_per_address,
            taken: Mutex::default(),
        }
    }

    fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let network = network_of(address);
        let mut taken = self.taken.lock();
        let of_address = taken.by_address.get(&network).copied().unwrap_or(0);
        if taken.total >= self.max_total || of_address >= self.max_per_address {
            return None;
        }
        taken.total += 1;
        taken.by_address.insert(network, of_address + 1);
        Some(Place { places: Arc::clone(self), network: Some(network) })
    }

    /// A place for somebody whose address is not known yet.
    fn take_unnamed(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.taken.lock();
        if taken.total >= self.max_total {
            return None;
        }
        taken.total += 1;
        Some(Place { places: Arc::clone(self), network: None })
    }
}

impl Place {
    /// Counts the place for `address` from now on. False when that one has as many as it may.
    fn count_for(&mut self, address: IpAddr) -> bool {
        let network = network_of(address);
        let mut taken = self.places.taken.lock();
        let of_address = taken.by_address.entry(network).or_default();
        if *of_address >= self.places.max_per_address {
            return false;
        }
        *of_address += 1;
        self.network = Some(network);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        taken.total = taken.total.saturating_sub(1);
        let Some(network) = self.network else { return };
        if let Some(count) = taken.by_address.get_mut(&network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.by_address.remove(&network);
            }
        }
    }
}

/// An IPv4 address, or the /64 network of an IPv6 one.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(max_connections: usize, max_connections_per_address: usize) -> Arc<Places> {
        Arc::new(Places::new(&RtmpConfig { max_connections, max_connections_per_address, ..RtmpConfig::default() }))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn one_address_cannot_take_every_place() {
        let places = places(3, 2);
        let first = places.take(address("192.0.2.1"));
        let second = places.take(address("::ffff:192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(places.take(address("192.0.2.1")).is_none());
        let other = places.take(address("192.0.2.2"));
        assert!(other.is_some());
        assert!(places.take(address("192.0.2.3")).is_none(), "all three are taken");
        drop(first);
        assert!(places.take(address("192.0.2.1")).is_some());
        drop((second, other));
        assert!(places.taken.lock().by_address.is_empty(), "nothing is kept of those who left");
    }

    #[test]
    fn clients_behind_a_proxy_count_for_themselves() {
        let places = places(3, 1);
        let mut first = places.take_unnamed().expect("a place");
        let mut second = places.take_unnamed().expect("a place");
        assert!(first.count_for(address("192.0.2.1")));
        assert!(!second.count_for(address("192.0.2.1")));
        assert!(second.count_for(address("192.0.2.2")));
        let _third = places.take_unnamed().expect("a place");
        assert!(places.take_unnamed().is_none(), "all three are taken");
        drop((first, second));
        assert!(places.taken.lock().by_address.is_empty());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let places = places(9, 1);
        let _first = places.take(address("2001:db8::1"));
        assert!(places.take(address("2001:db8::ffff:1")).is_none());
        assert!(places.take(address("2001:db8:0:1::1")).is_some());
    }
}
