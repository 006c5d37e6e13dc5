//! Messages between the API and the workers. Each carries plain data; [`VERSION`] rises when a meaning changes, and
//! fields are only ever added with a default, so that one release older or newer still understands.

mod describe;
mod recording;
mod webrtc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::facts::Block;
use crate::id::{ApplicationName, SessionId, StreamId, SubscriberId, VodId, WorkerId};
use crate::policy::{DenyReason, StreamGrant};
use crate::request::{ClientBinding, Operation, Peer, Protocol, SecurityMode, StreamRequest};
use crate::ticket::TicketKey;
use crate::time::UnixTime;

pub use describe::{About, DescribeCall, Description, MOST_DESCRIBED, MOST_MEMBERS, RoomMember, SubtrackFilter};
pub use recording::{MOST_RECORDINGS, RecordingOrder, RecordingReport, RecordingRules, RecordingWish};
pub use webrtc::{DataDistribution, WebrtcRules};

/// The meaning of the messages below.
pub const VERSION: u32 = 1;

/// True for a version that can be worked with: one release older or newer, so that a cluster can be updated part by part.
pub const fn understands(version: u32) -> bool {
    version.abs_diff(VERSION) <= 1
}

/// Worker → API, answered: may this start?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthorizeCall {
    pub request: StreamRequest,
    /// The caller gives up then; an answer that would come later is not worth making.
    pub deadline: UnixTime,
}

/// API → worker: the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum AuthorizeReply {
    Allow { grant: Box<StreamGrant> },
    Deny { reason: DenyReason },
}

/// Worker → API, answered: I am here, and this is what I carry. Sent on every (re)connection and after a gap in the
/// revisions, before anybody is admitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    pub version: u32,
    pub worker: WorkerId,
    /// For people: host and process.
    pub name: String,
    /// The newest [`Control`] revision that the worker has applied; 0 at its start.
    pub last_revision: u64,
    pub sessions: Vec<SessionReport>,
    pub streams: Vec<StreamReport>,
    /// Where other workers reach this one's relay, `host:port`; `None` when it offers none.
    #[serde(default)]
    pub relay: Option<String>,
}

/// API → worker: the state that a worker enforces, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    pub version: u32,
    /// The state below includes every [`Control`] up to this one.
    pub revision: u64,
    pub applications: Vec<WorkerSettings>,
    /// Every block that has not ended.
    pub blocks: Vec<Block>,
    /// The newest first.
    pub ticket_keys: Vec<TicketKey>,
    /// Sessions of the Hello that have no right to go on.
    pub end_sessions: Vec<(SessionId, EndReason)>,
    /// Sessions and deleted things whose tickets are dead before their time.
    #[serde(default)]
    pub revocations: Vec<Revocation>,
}

/// A ticket, or many, that must not be honoured any more, whichever worker it is shown to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    pub of: Revoked,
    /// When the last ticket that it kills would have expired anyway.
    pub until: UnixTime,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Revoked {
    Session {
        session: SessionId,
    },
    /// Every session of a stream, or of an application, that began before `before`.
    Scope {
        application: ApplicationName,
        stream_id: Option<StreamId>,
        before: UnixTime,
        /// Sessions that go on now and showed a credential may: only their tickets are dead.
        spares_admitted: bool,
    },
    /// Of a kind that this release does not know.
    #[serde(other)]
    Unknown,
}

/// Worker → API, answered: which worker carries this stream?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocateCall {
    pub worker: WorkerId,
    pub application: ApplicationName,
    pub stream_id: StreamId,
}

/// API → worker: the stream is live there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub worker: WorkerId,
    /// Its relay, `host:port`.
    pub relay: String,
    /// The session that publishes the stream.
    pub publisher: SessionId,
}

/// The part of an application's settings that a worker acts on. The one secret in it is what clients are told to log in
/// to the TURN server with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerSettings {
    pub application: ApplicationName,
    /// Some play mode is on: players need a ticket.
    pub play_protected: bool,
    pub hls_enabled: bool,
    pub dash_enabled: bool,
    pub segment_duration_ms: u32,
    /// Segments in a live playlist.
    pub playlist_segments: u32,
    pub rtmp_playback_enabled: bool,
    /// How long the gate may take: 2 s, or 7 s with an authorization webhook.
    pub authorize_deadline_ms: u32,
    /// Sent as `Content-Security-Policy` with every answer, when not empty.
    pub content_security_policy: String,
    pub cors: CorsSettings,
    #[serde(default)]
    pub webrtc: WebrtcRules,
    #[serde(default)]
    pub recording: RecordingRules,
}

/// Who may read answers from a page of another origin (`stream-security` §15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorsSettings {
    /// Exact origins, or the one entry `*`.
    pub allowed_origins: Vec<String>,
    pub allow_credentials: bool,
}

impl Default for CorsSettings {
    fn default() -> Self {
        Self { allowed_origins: vec!["*".to_owned()], allow_credentials: false }
    }
}

/// API → all workers: a change to apply at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// Named by the acknowledgements.
    pub id: Uuid,
    /// Rises by one with every command that changes lasting state; a worker that misses one says [`Hello`] again.
    /// Commands without lasting state carry the revision of the last that had.
    pub revision: u64,
    pub command: Command,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Command {
    /// Lasting: the block holds until its time. One that lies in the past lifts it.
    Block { block: Block },
    /// Lasting: these settings replace the application's.
    Settings { settings: WorkerSettings },
    /// Lasting: the application is gone, and everything in it ends.
    RemoveApplication { application: ApplicationName },
    /// Lasting: sign with the first of these from now on.
    TicketKeys { keys: Vec<TicketKey> },
    /// End one session; its ticket is dead.
    EndSession { session: SessionId, reason: EndReason },
    /// End the publisher of a stream, and with it the stream.
    EndStream { application: ApplicationName, stream_id: StreamId, reason: EndReason },
    /// One worker takes no new publishers and says that it is not ready, until it stops or `on` is false.
    Drain { worker: WorkerId, on: bool },
    /// Send a text to everybody who has a data channel with the stream, its publisher included.
    Data { application: ApplicationName, stream_id: StreamId, message: String },
    /// One worker was thought to be lost, and what it carries was written off: it says [`Hello`] again.
    Rejoin { worker: WorkerId },
    /// Begin to record a live stream, or end its recording when there is no order.
    Record { application: ApplicationName, stream_id: StreamId, order: Option<RecordingOrder> },
    /// Remove the files of recordings; whoever has one of them does. At most [`MOST_RECORDINGS`].
    RemoveRecordings { application: ApplicationName, recordings: Vec<(VodId, String)> },
    /// Of a kind that this release does not know. If it was lasting, the worker cannot enforce it.
    #[serde(other)]
    Unknown,
}

impl Command {
    /// True when a worker that missed the command would enforce something else than the others.
    pub const fn is_lasting(&self) -> bool {
        !matches!(
            self,
            Self::EndSession { .. }
                | Self::EndStream { .. }
                | Self::Drain { .. }
                | Self::Data { .. }
                | Self::Rejoin { .. }
                | Self::Record { .. }
                | Self::RemoveRecordings { .. }
        )
    }
}

/// Worker → API: applied. What follows it on the wire was decided with the change in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlAck {
    pub control: Uuid,
    pub worker: WorkerId,
    pub revision: u64,
    pub sessions_stopped: u32,
    pub sessions_suspended: u32,
    pub sessions_resumed: u32,
    /// Those that were sent a message.
    #[serde(default)]
    pub sessions_reached: u32,
    /// Recordings that began, ended or were removed.
    #[serde(default)]
    pub recordings: Vec<VodId>,
}

/// The longest text of a [`Command::Data`], in bytes.
pub const MOST_DATA_BYTES: usize = 64 << 10;

/// Why a session or a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndReason {
    /// The peer left.
    Closed,
    /// The peer fell silent, or an HTTP player stopped asking.
    Idle,
    Blocked,
    /// The credential that admitted it expired.
    Expired,
    /// An administrator ended it.
    Stopped,
    /// The broadcast, its subscriber or its application was deleted.
    Deleted,
    /// A newer session of the same client took its place.
    Replaced,
    /// The stream that it played ended.
    StreamEnded,
    /// The peer broke the protocol.
    ProtocolError,
    /// The peer read too slowly for too long.
    SlowReader,
    /// Our pipeline failed.
    PipelineError,
    /// The worker is stopping.
    Shutdown,
    /// The worker vanished; written by the API.
    WorkerLost,
}

impl EndReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Idle => "idle",
            Self::Blocked => "blocked",
            Self::Expired => "expired",
            Self::Stopped => "stopped",
            Self::Deleted => "deleted",
            Self::Replaced => "replaced",
            Self::StreamEnded => "stream-ended",
            Self::ProtocolError => "protocol-error",
            Self::SlowReader => "slow-reader",
            Self::PipelineError => "pipeline-error",
            Self::Shutdown => "shutdown",
            Self::WorkerLost => "worker-lost",
        }
    }
}

/// Worker → API, at least once: something happened. Consumers deduplicate by `id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerEvent {
    pub id: Uuid,
    pub worker: WorkerId,
    pub at: UnixTime,
    pub kind: EventKind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EventKind {
    /// First media byte (or an accepted publish). Comes again with the same session when an idle player returns.
    SessionStarted {
        session: SessionReport,
    },
    SessionSuspended {
        session: SessionReport,
    },
    SessionResumed {
        session: SessionReport,
    },
    SessionEnded {
        session: SessionReport,
        reason: EndReason,
        detail: Option<String>,
    },
    /// A publisher's first media arrived; codecs are known.
    StreamStarted {
        stream: StreamReport,
    },
    StreamEnded {
        stream: StreamReport,
        reason: EndReason,
        detail: Option<String>,
    },
    /// Somebody wrote to a data channel. Told where the application's rules ask for it, and not when too much is said.
    Said {
        session: SessionId,
        application: ApplicationName,
        stream_id: StreamId,
        subscriber: Option<SubscriberId>,
        message: DataMessage,
    },
    /// Recordings are complete. Told when they become so, and again of all that are there whenever the worker has said
    /// hello: nothing of it is lost for good. At most [`MOST_RECORDINGS`].
    Recorded {
        recordings: Vec<RecordingReport>,
    },
}

/// A message of a data channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataMessage {
    Text(String),
    /// In base64 (RFC 4648 §4).
    Binary(String),
}

impl DataMessage {
    /// Bytes that it takes here.
    pub const fn len(&self) -> usize {
        match self {
            Self::Text(text) | Self::Binary(text) => text.len(),
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    Active,
    /// Admitted, but blocked for now: not a byte of media.
    Suspended,
    Ended,
}

/// A session as its worker sees it: who it is, and its figures up to now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionReport {
    pub session: SessionId,
    pub application: ApplicationName,
    pub stream_id: StreamId,
    pub operation: Operation,
    pub protocol: Protocol,
    pub subscriber: Option<SubscriberId>,
    pub peer: Peer,
    pub client: ClientBinding,
    pub admitted_by: Vec<SecurityMode>,
    pub state: SessionState,
    pub since: UnixTime,
    pub stats: SessionStats,
}

/// Figures of one session. Bytes are media payload: received from a publisher, sent to a player.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionStats {
    pub bytes: u64,
    /// Over the last second, bits per second.
    pub video_bitrate_bps: u64,
    pub audio_bitrate_bps: u64,
    /// Since the session began, bits per second.
    pub average_video_bitrate_bps: u64,
    pub average_audio_bitrate_bps: u64,
    /// Access units dropped for this session because it could not keep up.
    pub dropped_frames: u64,
    /// Packets of the peer that never came, or of ours that the peer says it never got.
    pub packets_lost: u64,
    /// Of the packets' arrival, at whoever receives them (RFC 3550 §6.4.1).
    pub jitter_ms: f32,
    pub round_trip_time_ms: f32,
    /// Media payload since the session began, by kind; both are in `bytes`.
    pub video_bytes: u64,
    pub audio_bytes: u64,
    /// Packets of media, without repetitions; 0 where the protocol has none.
    pub video_packets: u64,
    pub audio_packets: u64,
    /// Pictures.
    pub video_frames: u64,
    /// Packets that were sent again.
    pub retransmissions: u64,
    /// Requests for packets that were missing (RFC 4585 §6.2.1), by whoever receives.
    pub nacks: u64,
    /// Requests for a key frame (PLI and FIR), by whoever receives.
    pub key_frame_requests: u64,
    /// What the way to a player is thought to carry, bits per second; 0 where it is not known.
    pub available_bitrate_bps: u64,
}

impl SessionStats {
    /// Share of the packets that were lost, 0 to 1.
    pub fn loss_ratio(&self) -> f64 {
        let all = self.video_packets.saturating_add(self.audio_packets).max(self.packets_lost);
        if all == 0 { 0.0 } else { self.packets_lost as f64 / all as f64 }
    }
}

/// A live stream as its worker sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamReport {
    pub application: ApplicationName,
    pub stream_id: StreamId,
    pub publisher: SessionId,
    pub protocol: Protocol,
    pub since: UnixTime,
    pub video: Option<VideoInfo>,
    pub audio: Option<AudioInfo>,
    /// Media received since the start, bytes.
    pub bytes: u64,
    /// Over the last second, bits per second.
    pub bitrate_bps: u64,
    /// Media time received per wall-clock time; about 1.0 when healthy.
    pub speed: f32,
    pub viewers: Vec<(Protocol, u32)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoInfo {
    /// RFC 6381, for example `avc1.64001F`.
    pub codec: String,
    pub width: u32,
    pub height: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioInfo {
    /// RFC 6381, for example `mp4a.40.2`.
    pub codec: String,
    pub sample_rate_hz: u32,
    pub channels: u32,
}

/// Worker → all APIs, once a second, newest wins: everything that is live on one worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatsReport {
    pub worker: WorkerId,
    pub at: UnixTime,
    /// The worker's applied revision, so that a gap shows on the API's side too.
    pub revision: u64,
    pub sessions: Vec<SessionReport>,
    pub streams: Vec<StreamReport>,
    /// As in its [`Hello`], which only one API heard.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub relay: Option<String>,
    #[serde(default)]
    pub load: WorkerLoad,
    /// The last report of a worker that stops in order: nothing more will come.
    #[serde(default)]
    pub leaving: bool,
}

impl StatsReport {
    /// The report of a worker that carries nothing.
    pub fn of(worker: WorkerId, at: UnixTime) -> Self {
        Self {
            worker,
            at,
            revision: 0,
            sessions: Vec::new(),
            streams: Vec::new(),
            name: String::new(),
            relay: None,
            load: WorkerLoad::default(),
            leaving: false,
        }
    }
}

/// What a worker uses of its machine, measured over the last second.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkerLoad {
    /// Processor time of the process; 1.0 is one core busy all the time.
    pub cores: f32,
    /// Cores that the process may use.
    pub cores_available: f32,
    /// Resident memory, bytes.
    pub memory_bytes: u64,
    /// Media sent and received, bits per second.
    pub sent_bps: u64,
    pub received_bps: u64,
    /// It takes no new publishers; see [`Command::Drain`].
    pub draining: bool,
}

/// API → all other APIs, best effort: something that a page may be waiting for, or that memory must be brought up to.
/// What `body` says only APIs know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// The API that sent it, chosen at its start.
    pub from: Uuid,
    pub body: serde_json::Value,
}
