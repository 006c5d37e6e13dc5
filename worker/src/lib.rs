//! The streaming worker: takes streams in, asks the gate, and hands them out again.
//!
//! ```text
//! ingest/rtmp ──► hub (one publisher, many readers, GOP cache) ──► package (CMAF by GStreamer) ──► egress/http (HLS, DASH)
//!      │                  └──► transcode (other codings of a stream, on demand) ──► its readers         │
//!      └────────────► admission ──► bus: authorize ──► API          session, control ◄───────────────┘
//! ```
//!
//! A worker never sees the database and decides nothing: [`admission`] asks, [`session`] remembers who was admitted,
//! and [`control`] applies what the API says later (blocks, settings, ends) before it acknowledges.

pub mod admission;
pub mod control;
pub mod egress;
mod health;
pub mod hub;
pub mod ingest;
pub mod media;
pub mod package;
mod record;
mod relay;
pub mod session;
mod signaling;
mod transcode;
pub mod webrtc;
mod worker;

use std::fmt;

use sluice_contract::{ApplicationName, StreamId, UnixTime};

pub use record::RecordingConfig;
pub use relay::RelayConfig;
pub use webrtc::WebrtcConfig;
pub use worker::{Limits, Worker, WorkerConfig, WorkerError};

/// Tells the time. Tests hand in one that they move.
pub type Clock = fn() -> UnixTime;

/// A broadcast's full name: blocks, tickets and lookups never use a stream id alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamKey {
    pub application: ApplicationName,
    pub stream_id: StreamId,
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.application, self.stream_id)
    }
}

#[cfg(test)]
mod testing;
