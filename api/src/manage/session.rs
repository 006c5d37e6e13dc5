//! Sessions and live streams: the picture of now, and what is kept of before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_contract::message::{AudioInfo, Command, EndReason, SessionState, SessionStats, VideoInfo, WorkerLoad};
use sluice_contract::{
    ApplicationName, Operation, Peer, Protocol, SecurityMode, SessionId, StreamId, SubscriberId, UnixTime, WorkerId,
};
use uuid::Uuid;

use super::{
    Application, AuditRecord, Cursor, Entry, ManageError, Outcome, Page, PendingWorker, ProblemCode, Role, Slice,
    Viewer,
};
use crate::Api;
use crate::fleet::{Acknowledged, state_word};
use crate::store::{events, sessions};

/// One admitted connection, open or ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
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

    pub fn add(&mut self, others: &Self) {
        for (protocol, viewers) in &others.0 {
            *self.0.entry(*protocol).or_default() += viewers;
        }
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
    pub kind: Option<ConnectionEventKind>,
    pub operation: Option<Operation>,
    pub protocol: Option<Protocol>,
    pub since: Option<UnixTime>,
    pub until: Option<UnixTime>,
}

/// What a command to the workers did.
#[derive(Debug, Clone, Default)]
pub struct ControlOutcome {
    pub sessions_stopped: u32,
    /// Those that were sent a message.
    pub sessions_reached: u32,
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
    /// What it uses of its machine, and whether it is draining.
    pub load: WorkerLoad,
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

impl ControlOutcome {
    /// Both together: a worker that owes one of them is pending.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.sessions_stopped = self.sessions_stopped.saturating_add(other.sessions_stopped);
        self.sessions_reached = self.sessions_reached.saturating_add(other.sessions_reached);
        self.workers_acknowledged = self.workers_acknowledged.min(other.workers_acknowledged);
        for worker in other.workers_pending {
            if !self.workers_pending.contains(&worker) {
                self.workers_pending.push(worker);
            }
        }
        self
    }
}

impl From<Acknowledged> for ControlOutcome {
    fn from(acknowledged: Acknowledged) -> Self {
        Self {
            sessions_stopped: acknowledged.sessions_stopped,
            sessions_reached: acknowledged.sessions_reached,
            workers_acknowledged: acknowledged.worker_count(),
            workers_pending: acknowledged.pending,
        }
    }
}

impl Api {
    /// Open sessions with their newest figures, and ended ones as long as they are kept; the newest first.
    pub async fn sessions(
        &self,
        application: &Application,
        filter: SessionFilter,
        page: Page,
    ) -> Outcome<Slice<Session>> {
        let rows = sessions::list(self.store().reader(), application.id, &filter, &page).await?;
        let entries =
            rows.iter().filter_map(|row| Some(Entry { cursor: Cursor::of(row.id), node: self.session_of_row(row)? }));
        Ok(Slice::of(&page, entries.collect(), |entry| entry))
    }

    pub async fn count_sessions(&self, application: &Application, filter: SessionFilter) -> Outcome<u64> {
        Ok(sessions::count(self.store().reader(), application.id, &filter).await?)
    }

    /// One session of any application that the viewer may read.
    pub async fn session(&self, viewer: &Viewer, id: SessionId) -> Outcome<Option<Session>> {
        let row = sessions::find(self.store().reader(), id.uuid()).await?;
        let session = row.filter(|row| row.started).and_then(|row| self.session_of_row(&row));
        Ok(session.filter(|session| viewer.may_read(&session.application)))
    }

    /// Open sessions from the live picture, without the database; at most `limit`.
    pub fn open_sessions(&self, application: &Application, filter: &SessionFilter, limit: usize) -> Vec<Session> {
        self.fleet().picture.sessions(&application.name, filter, limit)
    }

    pub fn live_stream(&self, application: &Application, stream_id: &StreamId) -> Option<LiveStream> {
        self.fleet().picture.stream(&application.name, stream_id)
    }

    /// How many watch a stream over WebRTC now, on all workers.
    pub fn webrtc_viewers(&self, application: &Application, stream_id: &StreamId) -> u64 {
        let protocols = [Protocol::WebRtc, Protocol::Whep];
        self.fleet().picture.viewers_of(&application.name, stream_id, &protocols).len() as u64
    }

    pub fn live_streams(&self, application: &Application) -> Vec<LiveStream> {
        self.fleet().picture.streams(&application.name)
    }

    pub fn server_stats(&self) -> ServerStats {
        self.fleet().picture.totals(self.now())
    }

    /// The workers that are alive. Needs a role over the system; others see none.
    pub fn workers(&self, viewer: &Viewer) -> Vec<WorkerStatus> {
        if viewer.system_role().is_some() { self.fleet().picture.workers() } else { Vec::new() }
    }

    /// Makes a worker take no new publishers, or take them again. It says so itself with its next report. Needs the
    /// system's admin role.
    ///
    /// # Errors
    /// `not-found` unless it is alive, `forbidden`.
    pub async fn drain_worker(&self, viewer: &Viewer, id: WorkerId, on: bool) -> Outcome<WorkerStatus> {
        self.require_system_admin(viewer)?;
        let alive = || self.fleet().picture.workers().into_iter().find(|worker| worker.id == id);
        let no_worker = || ManageError::problem_at(ProblemCode::NotFound, "workerId", "no such worker is alive");
        let name = alive().ok_or_else(no_worker)?.name;
        self.fleet().send(Command::Drain { worker: id, on }).await.acknowledged().await;
        let code = if on { "drain-worker" } else { "undrain-worker" };
        let record = AuditRecord::action(self, code, viewer.name(), None);
        self.record(AuditRecord { address: Some(viewer.address()), detail: Some(name), ..record });
        self.fleet().picture.drains(id, on);
        alive().ok_or_else(no_worker)
    }

    /// The newest first.
    pub async fn connection_events(
        &self,
        application: &Application,
        filter: ConnectionEventFilter,
        page: Page,
    ) -> Outcome<Slice<ConnectionEvent>> {
        let rows = events::list(self.store().reader(), application.id, &filter, &page).await?;
        let entries = rows
            .iter()
            .filter_map(|row| Some(Entry { cursor: Cursor::of(row.id), node: connection_event_of_row(row)? }));
        Ok(Slice::of(&page, entries.collect(), |entry| entry))
    }

    pub async fn connection_event_by_id(
        &self,
        application: &Application,
        id: Uuid,
    ) -> Outcome<Option<ConnectionEvent>> {
        let row = events::find(self.store().reader(), application.id, id).await?;
        Ok(row.as_ref().and_then(connection_event_of_row))
    }

    pub async fn count_connection_events(
        &self,
        application: &Application,
        filter: ConnectionEventFilter,
    ) -> Outcome<u64> {
        Ok(events::count(self.store().reader(), application.id, &filter).await?)
    }

    /// Ends one session. It may come back: disconnecting is no block.
    ///
    /// # Errors
    /// `not-found` unless it is open, `forbidden`.
    pub async fn disconnect_session(&self, application: &Application, id: SessionId) -> Outcome<ControlOutcome> {
        application.require(Role::Operator)?;
        let row = sessions::find(self.store().reader(), id.uuid()).await?;
        let row = row
            .filter(|row| row.application_id == application.id && row.ended_at.is_none())
            .ok_or_else(|| ManageError::problem(ProblemCode::NotFound, "no such session is open"))?;
        let outcome = self.end_session(id, EndReason::Stopped).await?;
        if let Ok(stream_id) = row.stream_id.parse() {
            let mut record = AuditRecord::action_on(self, "disconnect-session", application, &stream_id);
            record.subscriber_id = row.subscriber_id;
            record.session = Some(id);
            self.record(record);
        }
        Ok(outcome)
    }

    /// A stored session, with the newest figures while it is open. `None` when its names are not valid, which nothing
    /// here writes, or its application is gone.
    pub(crate) fn session_of_row(&self, row: &sessions::Model) -> Option<Session> {
        let id = SessionId::new(row.id);
        let live = if row.ended_at.is_none() { self.fleet().picture.session(id) } else { None };
        let stored_state = [SessionState::Active, SessionState::Suspended, SessionState::Ended]
            .into_iter()
            .find(|state| state_word(*state) == row.state);
        Some(Session {
            id,
            application: self.directory().find_by_id(row.application_id)?.name,
            stream_id: row.stream_id.parse().ok()?,
            operation: Operation::parse(&row.operation)?,
            protocol: Protocol::parse(&row.protocol)?,
            subscriber: row.subscriber_id.as_deref().and_then(|text| text.parse().ok()),
            peer: Peer::new(row.address.parse().ok()?, row.user_agent.clone()),
            admitted_by: serde_json::from_value(row.admitted_by.clone()).ok()?,
            state: live.as_ref().map_or(stored_state?, |(_, report)| report.state),
            worker: live.as_ref().map_or(WorkerId::new(row.worker), |(worker, _)| *worker),
            since: UnixTime::from_millis(row.since),
            ended_at: row.ended_at.map(UnixTime::from_millis),
            end_reason: row.end_reason.clone().and_then(|text| serde_json::from_value(text.into()).ok()),
            stats: live
                .map(|(_, report)| report.stats)
                .or_else(|| serde_json::from_value(row.stats.clone()).ok())
                .unwrap_or_default(),
        })
    }
}

fn connection_event_of_row(row: &events::Model) -> Option<ConnectionEvent> {
    Some(ConnectionEvent {
        id: row.id,
        at: UnixTime::from_millis(row.at),
        kind: [ConnectionEventKind::Connected, ConnectionEventKind::Disconnected]
            .into_iter()
            .find(|kind| kind.as_str() == row.kind)?,
        stream_id: row.stream_id.parse().ok()?,
        subscriber_id: row.subscriber_id.parse().ok()?,
        operation: Operation::parse(&row.operation)?,
        protocol: Protocol::parse(&row.protocol)?,
        session: SessionId::new(row.session),
        worker: WorkerId::new(row.worker),
        address: row.address.clone(),
    })
}
