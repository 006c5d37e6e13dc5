//! Live broadcasts: one publisher, many readers, slow readers dropped to the next key frame.
//!
//! [`Hub::publish`] makes a [`Publisher`]; dropping it ends the broadcast. Everything that comes in passes the
//! timestamp sanitiser first, then the GOP cache, then the readers' bounded queues.

use std::sync::Arc;

use sluice_contract::message::{EndReason, StreamReport};
use sluice_contract::{SessionId, UnixTime};

use crate::StreamKey;
use crate::media::{AccessUnit, TrackConfig};
use crate::package::Package;
use crate::session::Session;

/// All live broadcasts of this worker.
pub struct Hub {}

/// Somebody else publishes the stream on this worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream is live already")]
pub struct AlreadyLive;

impl Hub {
    /// Starts a broadcast for an admitted session and its packaging. The stream counts as started (events) once the first codec
    /// is known.
    ///
    /// # Errors
    /// [`AlreadyLive`] when another session publishes it here.
    pub fn publish(&self, _key: StreamKey, _session: Arc<Session>) -> Result<Publisher, AlreadyLive> {
        Err(AlreadyLive)
    }

    /// The broadcast, while it is live (or its last segments are still served after an end).
    pub fn find(&self, _key: &StreamKey) -> Option<Arc<LiveStream>> {
        None
    }

    /// Takes a stream off the air at once, if `publisher` still publishes it: when this returns no reader receives
    /// another access unit, and its segments are served no more than any ended stream's. The publisher's connection learns of it from its session.
    pub fn end(&self, _key: &StreamKey, _publisher: SessionId, _reason: EndReason) {}

    /// Every live stream, for statistics and the hello.
    pub fn reports(&self, _now: UnixTime) -> Vec<StreamReport> {
        Vec::new()
    }
}

/// The publishing end of a broadcast, held by its ingest. Dropping it ends the broadcast.
pub struct Publisher {}

impl Publisher {
    /// Announces a track or changes its configuration; the same bytes again are no change.
    pub fn configure(&mut self, _track: TrackConfig) {}

    /// Passes one access unit on, if the publisher's session may still publish. Never waits.
    pub fn push(&mut self, _unit: AccessUnit) {}

    /// Ends the broadcast for a reason that its event names.
    pub fn end(self, _reason: EndReason, _detail: Option<String>) {}
}

/// One live broadcast, shared by its readers.
pub struct LiveStream {}

impl LiveStream {
    pub fn key(&self) -> &StreamKey {
        unreachable!("skeleton")
    }

    /// Its segments; empty until the first was cut.
    pub fn package(&self) -> &Package {
        unreachable!("skeleton")
    }

    pub fn is_live(&self) -> bool {
        false
    }

    /// A new reader, which first receives the configuration and the cached GOP.
    pub fn subscribe(&self) -> Reader {
        unreachable!("skeleton")
    }
}

/// One reader's bounded queue.
pub struct Reader {}

/// What a reader receives.
#[derive(Debug, Clone)]
pub enum ReaderItem {
    Config(Arc<TrackConfig>),
    Unit(Arc<AccessUnit>),
    /// This many access units were dropped; the next video unit is a key frame.
    Skipped(u64),
    End(EndReason),
}

impl Reader {
    /// The next item; `None` after the end.
    pub async fn next(&mut self) -> Option<ReaderItem> {
        None
    }
}
