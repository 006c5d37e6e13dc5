//! The engine: one UDP port (and the TCP port of the same number) for all peers, which live on shards, one for each core.
//!
//! ```text
//! socket ─► udp ─┐ by address, else by       ┌─► shard 0: inbox ─► peers ─► batch ─┐
//!                ├─► user name fragment ─────┤                                     ├─► socket
//!   tcp ─────────┘       (routes)            └─► shard n                           ┘
//! ```
//!
//! What nobody waits for is dropped by the reader. An inbox is bounded, and what does not fit is lost, as on any network.

mod candidates;
mod control;
mod group;
mod inbox;
mod routes;
mod shard;
mod tcp;
mod udp;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use ring::rand::{SecureRandom, SystemRandom};
use sluice_contract::Secret;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::dtls::Identity;
use super::engine::{Candidate, Driver, Engine, LocalTransport, PeerHandle, RemoteTransport, TooManyPeers, WakeGroup};
use control::Control;
use group::Group;
use inbox::{Call, Inbox, NewPeer};
use routes::{Routes, Target};
use shard::Shard;
use tcp::Tcp;
use udp::Udp;

/// Where peers reach us, and how many may.
#[derive(Debug, Clone)]
pub(crate) struct EndpointConfig {
    /// With port 0, one that is free.
    pub udp: SocketAddr,
    /// What others call us, where the addresses of our interfaces do not reach.
    pub public: Vec<IpAddr>,
    /// Whether peers may connect by TCP to the same port, for networks that let nothing else through.
    pub tcp: bool,
    pub max_peers: usize,
}

/// An [`Engine`] with its socket and its threads, which end with it.
pub(crate) struct Endpoint {
    shared: Arc<Shared>,
    local_addr: SocketAddr,
    candidates: Arc<[Candidate]>,
    random: SystemRandom,
    max_peers: usize,
    next_peer: AtomicU64,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What the reader, the shards and the handles of peers share.
struct Shared {
    identity: Arc<Identity>,
    udp: Udp,
    tcp: Tcp,
    routes: Routes,
    inboxes: Box<[Arc<Inbox>]>,
    peers: AtomicUsize,
    stop: CancellationToken,
}

impl Endpoint {
    /// Binds the ports and begins to serve. Needs a tokio runtime, whose tasks read.
    ///
    /// # Errors
    /// When the address cannot be bound, or there are no interfaces, threads or random numbers.
    pub fn bind(config: EndpointConfig) -> io::Result<Arc<Self>> {
        let (udp, listener) = bind_both(&config)?;
        let local_addr = udp.local_addr()?;
        let candidates = candidates::gather(local_addr, &config.public, listener.is_some())?;
        let shards = std::thread::available_parallelism().map_or(1, usize::from);
        let shared = Arc::new(Shared {
            identity: Arc::new(Identity::generate().map_err(io::Error::other)?),
            udp,
            tcp: Tcp::default(),
            routes: Routes::default(),
            inboxes: (0..shards).map(|_| Arc::new(Inbox::default())).collect(),
            peers: AtomicUsize::new(0),
            stop: CancellationToken::new(),
        });
        let endpoint = Arc::new(Self {
            shared: Arc::clone(&shared),
            local_addr,
            candidates: candidates.into(),
            random: SystemRandom::new(),
            max_peers: config.max_peers,
            next_peer: AtomicU64::new(0),
            threads: Mutex::default(),
        });
        for (index, inbox) in shared.inboxes.iter().enumerate() {
            let shard = Shard::new(Arc::clone(&shared), Arc::clone(inbox), index);
            let thread = std::thread::Builder::new().name(format!("webrtc-{index}")).spawn(move || shard.run())?;
            endpoint.threads.lock().push(thread);
        }
        let reader = Arc::clone(&shared);
        tokio::spawn(async move { udp::read(&reader).await });
        if let Some(listener) = listener {
            tokio::spawn(async move { tcp::accept(shared, listener).await });
        }
        Ok(endpoint)
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    pub fn peer_count(&self) -> usize {
        self.shared.peers.load(Ordering::Relaxed)
    }

    /// Datagrams that were lost because a shard was behind.
    pub fn dropped_datagrams(&self) -> u64 {
        self.shared.inboxes.iter().map(|inbox| inbox.dropped()).sum()
    }

    /// Says goodbye to every peer and ends all threads. Takes as long as it takes to write one datagram for each peer.
    pub fn stop(&self) {
        for inbox in &self.shared.inboxes {
            inbox.close();
        }
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            // A driver may hold the last reference to us: its own thread ends by itself.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
        self.shared.stop.cancel();
    }

    fn random_text<const LEN: usize>(&self) -> String {
        let mut bytes = [0; LEN];
        self.random.fill(&mut bytes).expect("the system had random numbers for our certificate");
        bytes.iter().map(|byte| char::from(ICE_CHARS[usize::from(byte % 64)])).collect()
    }
}

impl Engine for Endpoint {
    fn prepare(&self) -> LocalTransport {
        LocalTransport {
            ufrag: self.random_text::<UFRAG_CHARS>(),
            pwd: Secret::new(self.random_text::<PWD_CHARS>()),
            fingerprint: self.shared.identity.fingerprint,
            candidates: Arc::clone(&self.candidates),
        }
    }

    fn open(
        &self,
        local: LocalTransport,
        remote: RemoteTransport,
        driver: Box<dyn Driver>,
    ) -> Result<PeerHandle, TooManyPeers> {
        let seat = Seat::take(&self.shared, self.max_peers).ok_or(TooManyPeers)?;
        let peer = self.next_peer.fetch_add(1, Ordering::Relaxed);
        let shard = usize::try_from(peer % self.shared.inboxes.len() as u64).unwrap_or_default();
        let inbox = self.shared.inboxes.get(shard).ok_or(TooManyPeers)?;
        let target = Target { shard, peer };
        let control = Arc::new(Control::new(Arc::clone(&self.shared), target));
        if !self.shared.routes.claim(&local.ufrag, target) {
            return Err(TooManyPeers);
        }
        let ufrag = local.ufrag.clone();
        let new = NewPeer { at: Instant::now(), control: Arc::clone(&control), local, remote, driver, seat };
        if !inbox.call(Call::Open(Box::new(new))) {
            self.shared.routes.forget(&ufrag, target);
            return Err(TooManyPeers);
        }
        Ok(PeerHandle::new(control))
    }

    fn fence(&self) -> BoxFuture<'static, ()> {
        let fences: Vec<_> = self
            .shared
            .inboxes
            .iter()
            .map(|inbox| {
                let (done, is_done) = oneshot::channel();
                // A shard that has ended sends nothing either; then the channel is closed.
                inbox.call(Call::Fence(done));
                is_done
            })
            .collect();
        Box::pin(async move {
            for fence in fences {
                let _ = fence.await;
            }
        })
    }

    fn group(&self) -> Arc<dyn WakeGroup> {
        Group::new(&self.shared.inboxes)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One of the peers that there may be.
struct Seat(Arc<Shared>);

impl Seat {
    fn take(shared: &Arc<Shared>, max_peers: usize) -> Option<Self> {
        let taken = shared
            .peers
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |peers| (peers < max_peers).then_some(peers + 1));
        taken.ok().map(|_| Self(Arc::clone(shared)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.peers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// UDP and TCP on one port number. With port 0, a number that is free for one may not be for the other: try some.
fn bind_both(config: &EndpointConfig) -> io::Result<(Udp, Option<tokio::net::TcpListener>)> {
    let mut tries = if config.udp.port() == 0 && config.tcp { PORT_TRIES } else { 1 };
    loop {
        tries -= 1;
        let udp = Udp::bind(config.udp)?;
        if !config.tcp {
            return Ok((udp, None));
        }
        match tcp::listen(SocketAddr::new(config.udp.ip(), udp.local_addr()?.port())) {
            Ok(listener) => return Ok((udp, Some(listener))),
            Err(error) if tries == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

/// `ice-char` (RFC 8839 §5.4).
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// 72 bits: no two peers have the same.
const UFRAG_CHARS: usize = 12;

/// 192 bits; RFC 8445 §5.3 asks for 128.
const PWD_CHARS: usize = 32;

const PORT_TRIES: usize = 16;

#[cfg(test)]
mod tests;
