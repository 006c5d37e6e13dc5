//! Sessions: who was admitted, what they have moved, and whether they still may.
//!
//! [`Sessions`] is the registry that [`control`](crate::control) acts on. Each session's [`Gate`] is one atomic read for
//! the code that moves media: a publisher checks it before every access unit, a player before every write, so that
//! nothing passes once a command has been acknowledged.

use std::sync::Arc;

use sluice_contract::message::{EndReason, SessionReport};
use sluice_contract::{Block, SessionId, StreamGrant, UnixTime};

/// Whether a session may move media now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    Open,
    /// Blocked player: not a byte, but the transport stays.
    Suspended,
    Closed(EndReason),
}

/// One admitted connection of one peer.
pub struct Session {}

impl Session {
    pub fn id(&self) -> SessionId {
        unreachable!("skeleton")
    }

    pub fn grant(&self) -> &StreamGrant {
        unreachable!("skeleton")
    }

    /// The gate now: one atomic load.
    pub fn gate(&self) -> Gate {
        Gate::Open
    }

    /// Waits until the gate is something else than `seen`.
    pub async fn gate_changed(&self, _seen: Gate) -> Gate {
        Gate::Open
    }

    pub fn count_video(&self, _bytes: usize) {}
    pub fn count_audio(&self, _bytes: usize) {}
    pub fn count_dropped(&self, _frames: u64) {}

    /// Ends the session for a reason that its event names; later ends change nothing.
    pub fn close(&self, _reason: EndReason, _detail: Option<String>) {}

    pub fn report(&self, _now: UnixTime) -> SessionReport {
        unreachable!("skeleton")
    }
}

/// Every session of this worker, and the blocks it enforces.
pub struct Sessions {}

impl Sessions {
    pub fn find(&self, _id: SessionId) -> Option<Arc<Session>> {
        None
    }

    /// The active block that names this session's subscriber, if any.
    pub fn block_of(&self, _session: &Session, _now: UnixTime) -> Option<Block> {
        None
    }
}
