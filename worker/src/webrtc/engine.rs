//! The seam between streams and a WebRTC stack: [`Engine`] opens peers, a [`Driver`] is what a peer is there for.
//!
//! A peer lives on one of the engine's shards. All calls to its driver come from there, one after the other, and none
//! may wait: what a driver does between two calls is what all other peers of the shard wait for.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use sluice_contract::Secret;

/// A WebRTC stack, with all of its sockets.
pub(crate) trait Engine: Send + Sync {
    /// Makes our side of one connection, before anything is known of the other.
    fn prepare(&self) -> LocalTransport;

    /// Expects the peer that `local` was made for and `remote` describes. Its driver hears of everything that follows;
    /// when the last [`PeerHandle`] is dropped the peer is closed.
    ///
    /// # Errors
    /// [`TooManyPeers`] when the engine carries as many as it may.
    fn open(
        &self,
        local: LocalTransport,
        remote: RemoteTransport,
        driver: Box<dyn Driver>,
    ) -> Result<PeerHandle, TooManyPeers>;

    /// Ready when every call that was under way has ended, and what it left has been sent. Media that waits for a peer
    /// somewhere is thrown away then, if its driver says so ([`Driver::fence`]).
    fn fence(&self) -> BoxFuture<'static, ()>;

    /// Makes a group without members, for [`Outlet::join`].
    fn group(&self) -> Arc<dyn WakeGroup>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many peers")]
pub(crate) struct TooManyPeers;

/// Our side of ICE (RFC 8445 §5.3) and DTLS (RFC 8122) for one peer.
#[derive(Debug, Clone)]
pub(crate) struct LocalTransport {
    pub ufrag: String,
    pub pwd: Secret<String>,
    /// SHA-256 of our certificate.
    pub fingerprint: [u8; 32],
    pub candidates: Arc<[Candidate]>,
}

/// Where we can be reached; host candidates, as an ICE-lite agent has no others (RFC 8445 §2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub transport: Transport,
    pub address: SocketAddr,
    pub priority: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Transport {
    Udp,
    /// Passive: the peer connects (RFC 6544 §4.1), messages are framed (RFC 4571).
    Tcp,
}

/// The peer's side, out of its description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteTransport {
    pub ufrag: String,
    pub pwd: Secret<String>,
    /// SHA-256 of the certificate that it will show.
    pub fingerprint: [u8; 32],
    /// Which role it takes in DTLS (RFC 5763 §5).
    pub role: DtlsRole,
    /// It takes data channels (RFC 8841). To one that does not no packet of theirs is sent: some stop at what they do
    /// not know.
    pub has_channels: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DtlsRole {
    /// Sends the ClientHello: `setup:active`.
    Client,
    /// Waits for it: `setup:passive`.
    Server,
}

/// Keeps a peer open, and reaches it from anywhere.
pub(crate) struct PeerHandle {
    control: Arc<dyn PeerControl>,
}

/// An engine's side of a [`PeerHandle`]. None of these waits.
pub(crate) trait PeerControl: Send + Sync {
    /// Has [`Driver::wake`] called soon, once for any number of calls before it.
    fn wake(&self);
    /// Replaces the peer's ICE side: an ICE restart (RFC 8445 §9). Media goes on over the old path meanwhile.
    fn restart(&self, local: LocalTransport, remote: RemoteTransport);
    /// Says goodbye and forgets the peer; its driver hears [`Driver::closed`] last.
    fn close(&self);
}

impl PeerHandle {
    pub fn new(control: Arc<dyn PeerControl>) -> Self {
        Self { control }
    }

    pub fn wake(&self) {
        self.control.wake();
    }

    pub fn restart(&self, local: LocalTransport, remote: RemoteTransport) {
        self.control.restart(local, remote);
    }
}

impl Drop for PeerHandle {
    fn drop(&mut self) {
        self.control.close();
    }
}

/// What a peer is there for.
pub(crate) trait Driver: Send {
    /// ICE and DTLS are up: media may leave from now on.
    fn connected(&mut self, outlet: &mut dyn Outlet);

    /// A media packet, authenticated and in the clear. Packets come as they arrive: out of order, twice, or not at all.
    fn rtp(&mut self, packet: &ReceivedRtp<'_>, outlet: &mut dyn Outlet);

    /// A compound RTCP packet (RFC 3550 §6.1), authenticated and in the clear, not parsed.
    fn rtcp(&mut self, compound: &[u8], outlet: &mut dyn Outlet);

    /// A data channel that the peer opened, or that we opened and it accepted.
    fn channel_opened(&mut self, channel: u16, label: &str, outlet: &mut dyn Outlet);

    fn message(&mut self, channel: u16, message: Message, outlet: &mut dyn Outlet);

    /// Somebody called [`PeerControl::wake`], or a [`WakeGroup`] that the driver joined.
    fn wake(&mut self, outlet: &mut dyn Outlet);

    /// True when media that was sent before may not reach the peer any more, where it still waits.
    fn fence(&mut self) -> bool {
        false
    }

    /// When [`time`](Self::time) is to be called next; asked after every other call.
    fn next_time(&self) -> Option<Instant>;

    fn time(&mut self, outlet: &mut dyn Outlet);

    /// The path is lost: no check came for a while (RFC 7675). It may come back, until the engine gives up.
    fn disconnected(&mut self);

    /// The last call.
    fn closed(&mut self, why: PeerEnd);
}

/// Why a peer is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerEnd {
    /// We closed it.
    Local,
    /// It said goodbye (DTLS close_notify).
    Remote,
    /// It never came, or fell silent.
    TimedOut,
    /// Its handshake failed: a wrong fingerprint, no common cipher.
    Handshake,
    /// The engine stops.
    Shutdown,
}

/// A message on a data channel (RFC 8831 §8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Text(Bytes),
    Binary(Bytes),
}

impl Message {
    pub const fn len(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// One RTP packet that came (RFC 3550 §5.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReceivedRtp<'a> {
    pub at: Instant,
    pub payload_type: u8,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub marker: bool,
    /// The one-byte or two-byte header extensions (RFC 8285), without their head; `two_byte` tells which.
    pub extensions: &'a [u8],
    pub two_byte: bool,
    /// Without padding.
    pub payload: &'a [u8],
    /// Bytes of the datagram, for statistics.
    pub wire_bytes: usize,
}

/// One RTP packet that leaves. Its payload is `head` and `body`, which are not put together before they are encrypted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutgoingRtp<'a> {
    pub payload_type: u8,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub marker: bool,
    /// One-byte header extensions (RFC 8285 §4.2), without head and padding; empty for none.
    pub extensions: &'a [u8],
    pub head: &'a [u8],
    pub body: &'a [u8],
}

/// The way out to one peer. What is sent during one call of the driver leaves together.
pub(crate) trait Outlet {
    fn now(&self) -> Instant;

    /// Sends media; dropped while the peer is not connected or its way out is full, which the result tells. A sequence
    /// number of an SSRC leaves once: sent again, it is dropped and told as [`Sent::Full`]. Retransmissions have an SSRC
    /// of their own (RFC 4588).
    fn send_rtp(&mut self, packet: &OutgoingRtp<'_>) -> Sent;

    /// Sends a compound RTCP packet.
    fn send_rtcp(&mut self, compound: &[u8]) -> Sent;

    /// Opens a reliable, ordered data channel; [`Driver::channel_opened`] tells when.
    fn open_channel(&mut self, label: &str);

    fn send_message(&mut self, channel: u16, message: &Message) -> Sent;

    /// Has the driver woken with the group from now on. It must be of this engine.
    fn join(&mut self, group: &Arc<dyn WakeGroup>);

    fn leave(&mut self, group: &Arc<dyn WakeGroup>);

    /// Ends the peer after this call.
    fn close(&mut self);

    /// Round-trip time by the engine's own measures, when it has any.
    fn round_trip(&self) -> Option<std::time::Duration>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    Yes,
    /// Not connected yet, or no more.
    NotConnected,
    /// The socket or the channel takes no more now.
    Full,
}

/// Peers that are woken together: the viewers of one stream. Waking costs one message a shard.
pub(crate) trait WakeGroup: Any + Send + Sync {
    fn wake(&self);
}
