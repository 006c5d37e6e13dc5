//! RTMP: our own chunk reader, AMF0 reader and server session, sans-IO, and the listener around them. Publishers and
//! players come in here; how players are fed is `egress/rtmp`.
//!
//! ```text
//! listener ──► connection ──► handshake ──► session ──► chunk (messages)
//! (sockets,    (deadlines,                     │ ──────► command ──► amf0
//!  caps)        gate, hub)                     │ ──────► address (who, and with which credentials)
//!                   ├──► egress/rtmp (access units to players)
//!                   └──────► flv (audio and video messages to access units) ──► hub
//! ```
//!
//! Only [`listener`], [`connection`](RtmpListener) and [`transport`](Transport) touch sockets and clocks. Everything below them takes bytes from
//! strangers and has a fuzz target.

pub mod address;
pub mod amf0;
pub mod chunk;
pub mod command;
pub(crate) mod connection;
pub mod flv;
pub mod handshake;
mod listener;
mod proxy;
pub mod session;
pub(crate) mod transport;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod tests;

pub use listener::{RtmpConfig, RtmpListener, Rtmps};
pub use transport::{Encrypting, Encryption, Transport};
