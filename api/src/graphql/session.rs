//! Sessions and connection events: who is or was connected, and how one session is ended.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use sluice_contract::{StreamId, message};

use super::application::Application;
use super::block::PendingWorker;
use super::broadcast::Broadcast;
use super::caller::Caller;
use super::connection::connection;
use super::enums::{ConnectionEventKind, EndReason, Operation, Protocol, SecurityMode, SessionState};
use super::failure::{Answer, Problem, parse_at, payload, settle};
use super::id::GlobalId;
use super::scalar::{DateTime, Long, int};
use super::server::Worker;
use super::subscriber::Subscriber;
use crate::manage::{self, ManageError, ProblemCode};

/// One admitted connection of one peer on one worker, open or ended.
pub struct Session {
    pub application: manage::Application,
    pub record: manage::Session,
}

/// One admitted connection of one peer on one worker, open or ended.
#[Object]
impl Session {
    /// The global id, for caches and `node`.
    pub async fn id(&self) -> ID {
        GlobalId::Session(self.record.id).encode()
    }

    /// The session's own id, a UUID, as logs and the audit name it.
    async fn session_id(&self) -> String {
        self.record.id.to_string()
    }

    /// The application of the stream.
    async fn application(&self) -> Application {
        Application(self.application.clone())
    }

    /// The stream, as people name it.
    async fn stream_id(&self) -> &str {
        self.record.stream_id.as_str()
    }

    /// The stream's record; null if there is none any more.
    async fn broadcast(&self, ctx: &Context<'_>) -> Option<Answer<Broadcast>> {
        Broadcast::load(ctx, &self.record.application, &self.record.stream_id).await
    }

    /// Whom the peer said to be; null for peers that named nobody.
    async fn subscriber_id(&self) -> Option<&str> {
        self.record.subscriber.as_ref().map(|id| id.as_str())
    }

    /// The record of that subscriber; null if there is none.
    async fn subscriber(&self, ctx: &Context<'_>) -> Option<Answer<Subscriber>> {
        let subscriber = self.record.subscriber.as_ref()?;
        Subscriber::load(ctx, &self.record.application, &self.record.stream_id, subscriber).await
    }

    /// Whether it publishes or plays.
    async fn operation(&self) -> Operation {
        self.record.operation.into()
    }

    /// How it is connected.
    async fn protocol(&self) -> Protocol {
        self.record.protocol.into()
    }

    /// Whether it carries media.
    async fn state(&self) -> SessionState {
        self.record.state.into()
    }

    /// The peer's IP address.
    async fn address(&self) -> String {
        self.record.peer.address.to_string()
    }

    /// What the peer's software calls itself; null if it does not say.
    async fn user_agent(&self) -> Option<&str> {
        self.record.peer.user_agent.as_deref()
    }

    /// The id of the worker that carries or carried it, a UUID.
    async fn worker_id(&self) -> String {
        self.record.worker.to_string()
    }

    /// That worker; null when it is gone, or not yours to see.
    async fn worker(&self, ctx: &Context<'_>) -> Option<Answer<Worker>> {
        Worker::find(ctx, self.record.worker)
    }

    /// When it began.
    async fn since(&self) -> DateTime {
        self.record.since.into()
    }

    /// When it ended; null while it is open.
    async fn ended_at(&self) -> Option<DateTime> {
        self.record.ended_at.map(Into::into)
    }

    /// Why it ended; null while it is open.
    async fn end_reason(&self) -> Option<EndReason> {
        self.record.end_reason.map(Into::into)
    }

    /// The security modes that it passed; empty for an open stream.
    async fn admitted_by(&self) -> Vec<SecurityMode> {
        self.record.admitted_by.iter().copied().map(Into::into).collect()
    }

    /// Its newest figures, about once a second.
    async fn stats(&self) -> SessionStats {
        self.record.stats.into()
    }
}

connection! {
    /// One page of sessions, the newest first.
    SessionConnection,
    /// A session with its place in the list.
    SessionEdge,
    Session
}

/// Figures of one session. Bytes are media: received from a publisher, sent to a player.
#[derive(SimpleObject)]
pub struct SessionStats {
    /// Media since the session began, bytes.
    bytes: Long,
    /// Video over the last second, bits per second.
    video_bitrate: Long,
    /// Audio over the last second, bits per second.
    audio_bitrate: Long,
    /// Video since the session began, bits per second.
    average_video_bitrate: Long,
    /// Audio since the session began, bits per second.
    average_audio_bitrate: Long,
    /// Pictures and audio frames left out because the peer could not keep up.
    dropped_frames: Long,
    /// Packets that never arrived.
    packets_lost: Long,
    /// Variation of the packets' arrival, milliseconds.
    jitter_ms: f64,
    /// To the peer and back, milliseconds; 0 where the protocol does not tell.
    round_trip_time_ms: f64,
    /// Share of the packets that never arrived, 0 to 1.
    packet_loss_ratio: f64,
    /// Packets that were sent again.
    retransmissions: Long,
    /// Requests for a key frame by whoever receives.
    key_frame_requests: Long,
    /// What the way to a player is thought to carry, bits per second; 0 where it is not known.
    available_bitrate: Long,
}

impl From<message::SessionStats> for SessionStats {
    fn from(stats: message::SessionStats) -> Self {
        Self {
            bytes: stats.bytes.into(),
            video_bitrate: stats.video_bitrate_bps.into(),
            audio_bitrate: stats.audio_bitrate_bps.into(),
            average_video_bitrate: stats.average_video_bitrate_bps.into(),
            average_audio_bitrate: stats.average_audio_bitrate_bps.into(),
            dropped_frames: stats.dropped_frames.into(),
            packets_lost: stats.packets_lost.into(),
            jitter_ms: stats.jitter_ms.into(),
            round_trip_time_ms: stats.round_trip_time_ms.into(),
            packet_loss_ratio: stats.loss_ratio(),
            retransmissions: stats.retransmissions.into(),
            key_frame_requests: stats.key_frame_requests.into(),
            available_bitrate: stats.available_bitrate_bps.into(),
        }
    }
}

/// Which sessions to list.
#[derive(InputObject, Default)]
pub struct SessionFilter {
    /// Of this subscriber alone.
    subscriber_id: Option<String>,
    /// Publishers alone, or players alone.
    operation: Option<Operation>,
    /// Of this protocol alone.
    protocol: Option<Protocol>,
    /// True for open sessions alone, false for ended ones alone.
    open: Option<bool>,
}

impl SessionFilter {
    pub fn read(self) -> manage::Outcome<manage::SessionFilter> {
        Ok(manage::SessionFilter {
            stream_id: None,
            subscriber_id: self.subscriber_id.map(|id| parse_at("filter.subscriberId", &id)).transpose()?,
            operation: self.operation.map(Into::into),
            protocol: self.protocol.map(Into::into),
            open: self.open,
        })
    }
}

/// A subscriber came or went.
pub struct ConnectionEvent {
    pub application: manage::Application,
    pub record: manage::ConnectionEvent,
}

/// A subscriber came or went.
#[Object]
impl ConnectionEvent {
    /// The global id, for caches and `node`.
    pub async fn id(&self) -> ID {
        GlobalId::ConnectionEvent(self.application.name.clone(), self.record.id).encode()
    }

    /// When it happened.
    async fn at(&self) -> DateTime {
        self.record.at.into()
    }

    /// Whether the subscriber came or went.
    async fn kind(&self) -> ConnectionEventKind {
        self.record.kind.into()
    }

    /// The stream, as people name it.
    async fn stream_id(&self) -> &str {
        self.record.stream_id.as_str()
    }

    /// The subscriber, as people name it.
    async fn subscriber_id(&self) -> &str {
        self.record.subscriber_id.as_str()
    }

    /// The subscriber's record; null if there is none.
    async fn subscriber(&self, ctx: &Context<'_>) -> Option<Answer<Subscriber>> {
        let event = &self.record;
        Subscriber::load(ctx, &self.application.name, &event.stream_id, &event.subscriber_id).await
    }

    /// Whether it published or played.
    async fn operation(&self) -> Operation {
        self.record.operation.into()
    }

    /// How it was connected.
    async fn protocol(&self) -> Protocol {
        self.record.protocol.into()
    }

    /// The id of the session that began or ended, a UUID.
    async fn session_id(&self) -> String {
        self.record.session.to_string()
    }

    /// The id of the worker that carried it, a UUID.
    async fn worker_id(&self) -> String {
        self.record.worker.to_string()
    }

    /// The peer's IP address.
    async fn address(&self) -> &str {
        &self.record.address
    }
}

connection! {
    /// One page of connection events, the newest first.
    ConnectionEventConnection,
    /// A connection event with its place in the list.
    ConnectionEventEdge,
    ConnectionEvent
}

/// Which connection events to list.
#[derive(InputObject, Default)]
pub struct ConnectionEventFilter {
    /// Of this subscriber alone.
    subscriber_id: Option<String>,
    /// Comings alone, or goings alone.
    kind: Option<ConnectionEventKind>,
    /// Of publishers alone, or of players alone.
    operation: Option<Operation>,
    /// Of this protocol alone.
    protocol: Option<Protocol>,
    /// From this time on.
    since: Option<DateTime>,
    /// Before this time.
    until: Option<DateTime>,
}

impl ConnectionEventFilter {
    /// Of one stream.
    pub fn read(self, stream_id: StreamId) -> manage::Outcome<manage::ConnectionEventFilter> {
        Ok(manage::ConnectionEventFilter {
            stream_id: Some(stream_id),
            subscriber_id: self.subscriber_id.map(|id| parse_at("filter.subscriberId", &id)).transpose()?,
            kind: self.kind.map(Into::into),
            operation: self.operation.map(Into::into),
            protocol: self.protocol.map(Into::into),
            since: self.since.map(|time| time.0),
            until: self.until.map(|time| time.0),
        })
    }
}

/// What `disconnectSession` takes.
#[derive(InputObject)]
pub struct DisconnectSessionInput {
    /// The application's name.
    application: String,
    /// The session: its global id, or its UUID.
    session_id: ID,
}

/// What disconnecting did.
#[derive(Default, SimpleObject)]
pub struct DisconnectSessionPayload {
    /// The session, as it was found; null if nothing was disconnected.
    session: Option<Session>,
    /// Sessions that were closed.
    sessions_stopped: i32,
    /// Workers that confirmed it.
    workers_acknowledged: i32,
    /// Workers that did not confirm it within a second.
    workers_pending: Vec<PendingWorker>,
    /// Why nothing was disconnected; empty if it was.
    problems: Vec<Problem>,
}

payload!(DisconnectSessionPayload);

#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Ends one session. Its peer may come back: disconnecting is no block. Needs the operator role.
    async fn disconnect_session(
        &self,
        ctx: &Context<'_>,
        input: DisconnectSessionInput,
    ) -> Answer<DisconnectSessionPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let id = match GlobalId::decode(&input.session_id) {
                    Some(GlobalId::Session(id)) => Some(id),
                    Some(_) => None,
                    None => input.session_id.parse().ok(),
                };
                let id = id.ok_or_else(|| {
                    ManageError::problem_at(ProblemCode::Invalid, "sessionId", "this is not the id of a session")
                })?;
                let record = caller.api().session(&caller.viewer(), id).await?;
                let outcome = caller.api().disconnect_session(&application, id).await?;
                Ok(DisconnectSessionPayload {
                    session: record.map(|record| Session { application, record }),
                    sessions_stopped: int(outcome.sessions_stopped),
                    workers_acknowledged: int(outcome.workers_acknowledged),
                    workers_pending: outcome.workers_pending.into_iter().map(Into::into).collect(),
                    problems: Vec::new(),
                })
            }
            .await,
        )
    }
}
