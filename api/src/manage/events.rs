//! What happens, as it happens: bounded channels. A receiver that falls behind misses the oldest, never stalls anybody.

use std::sync::Arc;

use sluice_contract::message::EndReason;
use sluice_contract::{ApplicationName, Block, StreamId, UnixTime, WorkerId};
use tokio::sync::broadcast::Receiver;

use super::{AuditRecord, Session};
use crate::Api;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEventKind {
    Started,
    Suspended,
    Resumed,
    Ended,
}

#[derive(Debug, Clone)]
pub struct SessionEvent {
    pub kind: SessionEventKind,
    pub at: UnixTime,
    pub session: Session,
}

#[derive(Debug, Clone)]
pub struct BlockEvent {
    pub at: UnixTime,
    /// Lifted when it ends in the past.
    pub block: Block,
    pub actor: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BroadcastEventKind {
    Created,
    Updated,
    Deleted,
    /// Went live.
    Started,
    /// Went off air.
    Ended,
}

#[derive(Debug, Clone)]
pub struct BroadcastEvent {
    pub kind: BroadcastEventKind,
    pub at: UnixTime,
    pub application: ApplicationName,
    pub stream_id: StreamId,
    /// Why it went off air.
    pub reason: Option<EndReason>,
}

/// The live picture has new figures of one worker: read what is needed from it.
#[derive(Debug, Clone, Copy)]
pub struct StatsTick {
    pub at: UnixTime,
    pub worker: WorkerId,
}

pub(crate) struct Events {
    pub sessions: tokio::sync::broadcast::Sender<SessionEvent>,
    pub blocks: tokio::sync::broadcast::Sender<BlockEvent>,
    pub broadcasts: tokio::sync::broadcast::Sender<BroadcastEvent>,
    pub decisions: tokio::sync::broadcast::Sender<Arc<AuditRecord>>,
    pub stats: tokio::sync::broadcast::Sender<StatsTick>,
}

impl Events {
    pub fn new() -> Self {
        Self {
            sessions: tokio::sync::broadcast::channel(QUEUE).0,
            blocks: tokio::sync::broadcast::channel(QUEUE).0,
            broadcasts: tokio::sync::broadcast::channel(QUEUE).0,
            decisions: tokio::sync::broadcast::channel(QUEUE).0,
            stats: tokio::sync::broadcast::channel(16).0,
        }
    }
}

/// Events that a subscriber may be behind.
const QUEUE: usize = 1_024;

/// All of the server: filter with [`Viewer::may_read`](super::Viewer::may_read).
impl Api {
    pub fn session_events(&self) -> Receiver<SessionEvent> {
        self.0.events.sessions.subscribe()
    }

    pub fn block_events(&self) -> Receiver<BlockEvent> {
        self.0.events.blocks.subscribe()
    }

    pub fn broadcast_events(&self) -> Receiver<BroadcastEvent> {
        self.0.events.broadcasts.subscribe()
    }

    /// Records of kind [`Decision`](super::AuditKind::Decision), as they are made.
    pub fn decisions(&self) -> Receiver<Arc<AuditRecord>> {
        self.0.events.decisions.subscribe()
    }

    /// About once a second per worker.
    pub fn stats_ticks(&self) -> Receiver<StatsTick> {
        self.0.events.stats.subscribe()
    }

    // Nobody listening is no fault.

    pub(crate) fn emit_session(&self, event: SessionEvent) {
        let _ = self.0.events.sessions.send(event);
    }

    pub(crate) fn emit_block(&self, event: BlockEvent) {
        let _ = self.0.events.blocks.send(event);
    }

    pub(crate) fn emit_broadcast(&self, event: BroadcastEvent) {
        let _ = self.0.events.broadcasts.send(event);
    }

    pub(crate) fn emit_decision(&self, record: Arc<AuditRecord>) {
        let _ = self.0.events.decisions.send(record);
    }

    pub(crate) fn emit_stats(&self, tick: StatsTick) {
        let _ = self.0.events.stats.send(tick);
    }
}
