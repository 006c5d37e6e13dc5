//! Sessions and live streams: the picture of now, and what is kept of before.

use std::collections::BTreeMap;

use sluice_contract::message::{AudioInfo, EndReason, SessionState, SessionStats, VideoInfo};
use sluice_contract::{
    ApplicationName, Operation, Peer, Protocol, SecurityMode, SessionId, StreamId, SubscriberId, UnixTime, WorkerId,
};
use uuid::Uuid;

use super::problem::provisional;
use super::{Application, Outcome, Page, PendingWorker, Slice, Viewer};
use crate::Api;

/// One admitted connection, open or ended.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub application: ApplicationName,
    pub stream_id: StreamId,
    pub operation: Operation,
    pub protocol: Protocol,
    pub subscriber: Option<SubscriberId>,
    pub peer: Peer,
    pub admitted_by: Vec<SecurityMode>,
    pub state: SessionState,
    pub worker: WorkerId,
    pub since: UnixTime,
    pub ended_at: Option<UnixTime>,
    pub end_reason: Option<EndReason>,
    /// The newest known.
    pub stats: SessionStats,
}

#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    pub stream_id: Option<StreamId>,
    pub subscriber_id: Option<SubscriberId>,
    pub operation: Option<Operation>,
    pub protocol: Option<Protocol>,
    /// `Some(true)` for those that are open, `Some(false)` for ended ones.
    pub open: Option<bool>,
}

/// A stream on air.
#[derive(Debug, Clone)]
pub struct LiveStream {
    pub application: ApplicationName,
    pub stream_id: StreamId,
    pub worker: WorkerId,
    pub publisher: SessionId,
    pub protocol: Protocol,
    pub since: UnixTime,
    pub video: Option<VideoInfo>,
    pub audio: Option<AudioInfo>,
    pub received_bytes: u64,
    pub bitrate_bps: u64,
    /// About 1.0 when healthy.
    pub speed: f32,
    pub viewers: ViewerCounts,
}

/// Viewers by protocol; absent ones have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ViewerCounts(pub BTreeMap<Protocol, u32>);

impl ViewerCounts {
    pub fn of(&self, protocol: Protocol) -> u32 {
        self.0.get(&protocol).copied().unwrap_or(0)
    }

    pub fn total(&self) -> u32 {
        self.0.values().sum()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionEventKind {
    Connected,
    Disconnected,
}

impl ConnectionEventKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
        }
    }
}

/// A subscriber came or went.
#[derive(Debug, Clone)]
pub struct ConnectionEvent {
    pub id: Uuid,
    pub at: UnixTime,
    pub kind: ConnectionEventKind,
    pub stream_id: StreamId,
    pub subscriber_id: SubscriberId,
    pub operation: Operation,
    pub protocol: Protocol,
    pub session: SessionId,
    pub worker: WorkerId,
    pub address: String,
}

#[derive(Debug, Clone, Default)]
pub struct ConnectionEventFilter {
    pub stream_id: Option<StreamId>,
    pub subscriber_id: Option<SubscriberId>,
}

/// What a command to the workers did.
#[derive(Debug, Clone, Default)]
pub struct ControlOutcome {
    pub sessions_stopped: u32,
    pub workers_acknowledged: u32,
    pub workers_pending: Vec<PendingWorker>,
}

#[derive(Debug, Clone)]
pub struct WorkerStatus {
    pub id: WorkerId,
    pub name: String,
    pub last_seen: UnixTime,
    /// The newest change that it enforces.
    pub revision: u64,
    pub sessions: u32,
    pub streams: u32,
}

/// The whole server at a moment.
#[derive(Debug, Clone, Default)]
pub struct ServerStats {
    pub at: UnixTime,
    pub live_streams: u32,
    pub publishers: u32,
    pub viewers: ViewerCounts,
    pub workers: u32,
    /// Received from publishers, bits per second.
    pub received_bps: u64,
}

impl Api {
    /// Open sessions with their newest figures, and ended ones as long as they are kept; the newest first.
    pub async fn sessions(
        &self,
        _application: &Application,
        _filter: SessionFilter,
        _page: Page,
    ) -> Outcome<Slice<Session>> {
        provisional()
    }

    pub async fn count_sessions(&self, _application: &Application, _filter: SessionFilter) -> Outcome<u64> {
        provisional()
    }

    /// One session of any application that the viewer may read.
    pub async fn session(&self, _viewer: &Viewer, _id: SessionId) -> Outcome<Option<Session>> {
        provisional()
    }

    /// Open sessions from the live picture, without the database; at most `limit`.
    pub fn open_sessions(&self, _application: &Application, _filter: &SessionFilter, _limit: usize) -> Vec<Session> {
        Vec::new()
    }

    pub fn live_stream(&self, _application: &Application, _stream_id: &StreamId) -> Option<LiveStream> {
        None
    }

    pub fn live_streams(&self, _application: &Application) -> Vec<LiveStream> {
        Vec::new()
    }

    pub fn server_stats(&self) -> ServerStats {
        ServerStats::default()
    }

    /// The workers that are alive. Needs a role over the system; others see none.
    pub fn workers(&self, _viewer: &Viewer) -> Vec<WorkerStatus> {
        Vec::new()
    }

    /// The newest first.
    pub async fn connection_events(
        &self,
        _application: &Application,
        _filter: ConnectionEventFilter,
        _page: Page,
    ) -> Outcome<Slice<ConnectionEvent>> {
        provisional()
    }

    pub async fn count_connection_events(
        &self,
        _application: &Application,
        _filter: ConnectionEventFilter,
    ) -> Outcome<u64> {
        provisional()
    }

    /// Ends one session. It may come back: disconnecting is no block.
    ///
    /// # Errors
    /// `not-found` unless it is open, `forbidden`.
    pub async fn disconnect_session(&self, _application: &Application, _id: SessionId) -> Outcome<ControlOutcome> {
        provisional()
    }
}
