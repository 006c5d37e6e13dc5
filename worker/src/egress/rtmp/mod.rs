//! Broadcasts as RTMP: access units as messages, cut into chunks, each player at its own pace.
//!
//! ```text
//! hub ring ──► feed (socket, gate, deadlines) ──► player (what this one gets, and when) ──► outgoing (chunks, vectored)
//!                                                   │ ──► timeline (its own clock)
//!                                                   └ ──► tag, metadata (FLV)
//! ```
//!
//! Connections come from [`ingest::rtmp`](crate::ingest::rtmp), where players and publishers share a port and a
//! session. Payload is never copied: a message is a short head of the player's own in front of the access unit that
//! all readers share. What a player holds is bounded by [`outgoing`]; what it cannot take, the ring skips.

mod feed;
mod metadata;
mod outgoing;
mod player;
mod tag;
mod timeline;

#[cfg(test)]
mod tests;

pub(crate) use feed::feed;
