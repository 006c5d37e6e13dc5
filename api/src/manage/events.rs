//! What happens, as it happens: bounded channels. A receiver that falls behind misses the oldest, never stalls anybody.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sluice_contract::message::EndReason;
use sluice_contract::{ApplicationName, Block, StreamId, UnixTime, WorkerId};
use tokio::sync::broadcast::Receiver;

use super::{AuditRecord, Session};
use crate::Api;
use crate::fleet::Told;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionEventKind {
    Started,
    Suspended,
    Resumed,
    Ended,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionEvent {
    pub kind: SessionEventKind,
    pub at: UnixTime,
    pub session: Session,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BlockEvent {
    pub at: UnixTime,
    /// Lifted when it ends in the past.
    pub block: Block,
    pub actor: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BroadcastEventKind {
    Created,
    Updated,
    Deleted,
    /// Went live.
    Started,
    /// Went off air.
    Ended,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
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

/// All of the server, whichever of its APIs it happened at: filter with [`Viewer::may_read`](super::Viewer::may_read).
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
        let receiver = self.0.events.decisions.subscribe();
        // The others tell of theirs from now on.
        self.beat();
        receiver
    }

    /// About once a second per worker.
    pub fn stats_ticks(&self) -> Receiver<StatsTick> {
        self.0.events.stats.subscribe()
    }

    // Nobody listening is no fault.

    pub(crate) fn emit_session(&self, event: SessionEvent) {
        if self.store().is_shared() {
            self.fleet().notices.tell(Told::Session { event: Box::new(event.clone()) });
        }
        self.heard_session(event);
    }

    pub(crate) fn emit_block(&self, event: BlockEvent) {
        if self.store().is_shared() {
            self.fleet().notices.tell(Told::Block { event: event.clone() });
        }
        self.heard_block(event);
    }

    pub(crate) fn emit_broadcast(&self, event: BroadcastEvent) {
        if self.store().is_shared() {
            self.fleet().notices.tell(Told::Broadcast { event: event.clone() });
        }
        self.heard_broadcast(event);
    }

    pub(crate) fn emit_decision(&self, record: Arc<AuditRecord>) {
        if self.store().is_shared() {
            self.fleet().notices.tell_decision(&record);
        }
        self.heard_decision(record);
    }

    // What happened at another API is told here as well.

    pub(crate) fn heard_session(&self, event: SessionEvent) {
        if event.kind == SessionEventKind::Ended {
            self.fleet().picture.session_ended(event.session.id);
        }
        let _ = self.0.events.sessions.send(event);
    }

    pub(crate) fn heard_block(&self, event: BlockEvent) {
        let _ = self.0.events.blocks.send(event);
    }

    pub(crate) fn heard_broadcast(&self, event: BroadcastEvent) {
        let _ = self.0.events.broadcasts.send(event);
    }

    pub(crate) fn heard_decision(&self, record: Arc<AuditRecord>) {
        let _ = self.0.events.decisions.send(record);
    }

    /// Says that this API is there, and what its people watch.
    pub(crate) fn beat(&self) {
        let decisions = self.0.events.decisions.receiver_count() > 0;
        self.fleet().notices.tell(Told::Beat { decisions });
    }

    pub(crate) fn emit_stats(&self, tick: StatsTick) {
        let _ = self.0.events.stats.send(tick);
    }
}
