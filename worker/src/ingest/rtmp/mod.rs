//! RTMP ingest: our own chunk reader, AMF0 reader and server session, sans-IO, and the listener around them.
//!
//! ```text
//! listener ──► connection ──► handshake ──► session ──► chunk (messages)
//! (sockets,    (deadlines,                     │ ──────► command ──► amf0
//!  caps)        gate, hub)                     │ ──────► address (who, and with which credentials)
//!                   └──────► flv (audio and video messages to access units) ──► hub
//! ```
//!
//! Only [`listener`] and [`connection`](RtmpListener) touch sockets and clocks. Everything below them takes bytes from
//! strangers and has a fuzz target.

pub mod address;
pub mod amf0;
pub mod chunk;
pub mod command;
mod connection;
pub mod flv;
pub mod handshake;
mod listener;
pub mod session;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use listener::{RtmpConfig, RtmpListener};
