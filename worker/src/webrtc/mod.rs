//! WebRTC: publishers and viewers over ICE, DTLS-SRTP and SCTP, all on one UDP port.
//!
//! ```text
//!              ┌ sdp ┐                       ┌ packets ◄ hub
//! signaling ──►│     ├─► engine (trait) ──► driver
//!              └─────┘      │                └ receive ► hub
//!                        endpoint: socket, peers (stun, dtls, srtp, channel)
//! ```
//!
//! [`engine`] is the seam: what a WebRTC stack does for us, and what it tells us. Behind it stands [`endpoint`], put
//! together from the sans-IO parts of webrtc-rs (`rtc-dtls`, `rtc-srtp`, `rtc-sctp`, `rtc-stun`); before it stand
//! [`publish`] and [`play`], which know streams and sessions and nothing of sockets. A stream is cut into RTP packets
//! once ([`packets`]), however many viewers it has; for each of them a header is written and the packet is encrypted
//! into the datagram that leaves.

mod batch;
pub(crate) mod calls;
mod channel;
mod dtls;
pub(crate) mod endpoint;
pub(crate) mod engine;
mod ice;
pub(crate) mod packets;
mod peer;
mod play;
mod post;
mod publish;
pub(crate) mod receive;
pub(crate) mod rtcp;
pub(crate) mod rtp;
pub(crate) mod sdp;
pub(crate) mod send;
pub(crate) mod service;
mod srtp;
mod stage;
mod streams;
mod stun;
#[cfg(test)]
mod testing;
pub mod untrusted;
mod wrap;

use std::net::{IpAddr, SocketAddr};

/// Where WebRTC media comes and goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebrtcConfig {
    /// One UDP port for all peers; port 0 for any free one.
    pub addr: SocketAddr,
    /// Addresses that clients are told with that port; none for the machine's own.
    pub public: Vec<IpAddr>,
    /// TCP is accepted too, on the same port.
    pub tcp: bool,
}
