//! Any worker serves any stream: a worker whose viewers want a stream that another one carries becomes its *edge* and
//! is fed by that one, its *origin*.
//!
//! ```text
//! origin: hub ──► origin (what an edge subscribed to) ──► channel ══ TCP, sealed ══► channel ──► follow ──► edges ──► reach
//!                    listener ◄──────────────── handshake ────────────────────────────────────────┘           egress ◄─┘
//! ```
//!
//! There is one connection per stream and [`Supply`], whatever the number of viewers, from the first of them until some
//! seconds after the last. Objects fill a replica of the origin's package, so that every worker serves the same bytes
//! under the same names; units fill a ring, from which players read as if the publisher were here. What an edge has is
//! no live stream of its worker: it is not reported, not told as started or ended, and not relayed any further; a
//! publisher who comes to the edge itself takes precedence.
//!
//! The relay decides nothing. Each viewer is let in by the gate, or by its ticket, on the worker that it came to.

mod channel;
mod edges;
mod follow;
mod handshake;
mod listener;
mod message;
mod origin;
mod reach;
mod record;

use std::net::SocketAddr;

pub(crate) use edges::Edges;
pub(crate) use listener::RelayListener;
pub(crate) use reach::{Reach, Seat};

/// How a worker takes part in relaying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayConfig {
    /// Where other workers' relays are accepted; port 0 for any free one.
    pub addr: SocketAddr,
    /// What others are told to connect to, `host:port`; port 0 stands for the one that was bound.
    pub public: String,
}

#[cfg(test)]
mod tests;
