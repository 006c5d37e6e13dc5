//! All that a decision may depend on, as plain data.
//!
//! The gate loads these in one transaction and hands them to [`decide`](crate::policy::decide) together with the
//! request and the time; nothing else can influence the answer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationName, SessionId, StreamId, SubscriberId};
use crate::message::RecordingWish;
use crate::request::{ClientBinding, Operation};
use crate::secret::Secret;
use crate::settings::ApplicationSettings;
use crate::time::UnixTime;

/// The state of the world that bears on one [`StreamRequest`](crate::StreamRequest).
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `None` when no application of that name exists.
    pub application: Option<ApplicationFacts>,
    /// The broadcast record; `None` for an undefined stream.
    pub broadcast: Option<BroadcastFacts>,
    /// The main track that a published stream is a track of, or is to become one of; `None` when that has no record, or
    /// the stream stands alone.
    pub room: Option<RoomFacts>,
    /// Who publishes the stream now; `None` when it is off air.
    pub live: Option<LiveFacts>,
    /// The record of the subscriber that the request names; `None` if unknown or nobody is named.
    pub subscriber: Option<SubscriberFacts>,
    /// Blocks of the named subscriber on the stream or its main track, ended ones allowed.
    pub blocks: Vec<Block>,
    /// Open sessions of the named subscriber on this stream, over all workers.
    pub sessions: Vec<OpenSession>,
    /// The one-time token that the request's `token` names; `None` if there is none.
    pub token: Option<TokenFacts>,
    /// The newest time steps of which a code of the named subscriber was accepted on this stream.
    pub totp_marks: Vec<TotpMark>,
    pub guessing: GuessFacts,
    pub counts: Counts,
    pub webhook: WebhookFact,
}

#[derive(Debug, Clone)]
pub struct ApplicationFacts {
    pub name: ApplicationName,
    pub settings: Arc<ApplicationSettings>,
}

#[derive(Debug, Clone, Default)]
pub struct BroadcastFacts {
    pub created_at: UnixTime,
    /// Publishing is allowed this long after creation; 0 for ever.
    pub expire_duration_ms: i64,
    /// The planned window counts only when both ends are set.
    pub planned_start: Option<UnixTime>,
    pub planned_end: Option<UnixTime>,
    /// A block on the main track (a conference room) counts for its subtracks.
    pub main_track: Option<StreamId>,
    /// It is a room, or has tracks that are on air: there is something to play even while it is off air itself.
    pub has_tracks: bool,
    pub recording: RecordingWish,
    /// Most viewers of one kind; `None` for no limit.
    pub webrtc_viewer_limit: Option<u32>,
    pub hls_viewer_limit: Option<u32>,
    pub dash_viewer_limit: Option<u32>,
}

#[derive(Debug, Clone, Default)]
pub struct RoomFacts {
    /// Other tracks of it that are on air.
    pub members: u32,
    /// Most tracks on air; `None` for no limit.
    pub limit: Option<u32>,
}

#[derive(Debug, Clone)]
pub struct LiveFacts {
    pub session: SessionId,
    pub subscriber: Option<SubscriberId>,
    pub client: ClientBinding,
    /// When the worker that carries the stream was last heard; older than [`LIVE_FOR_MS`] means that it died.
    pub last_seen: UnixTime,
}

/// A publisher not heard of for this long is gone: twice the ten seconds between statistics records.
pub const LIVE_FOR_MS: i64 = 20_000;

#[derive(Debug, Clone)]
pub struct SubscriberFacts {
    /// The decoded Base32 secret; `None` for a record whose codes derive from the application's secrets.
    pub secret: Option<Secret<Vec<u8>>>,
    /// What the record allows. `None` with a secret counts as play; without one there is no restriction.
    pub operation: Option<Operation>,
    /// The subscriber's own TOTP step in seconds, used with its own secret only; 0 for the application's.
    pub totp_period_seconds: u32,
    /// Most open sessions at a time on this stream.
    pub concurrent_connections_limit: u32,
}

/// Forbids a subscriber an operation on a broadcast until a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Block {
    pub application: ApplicationName,
    pub stream_id: StreamId,
    pub subscriber: SubscriberId,
    pub operation: Operation,
    /// Holds while `now < until`.
    pub until: UnixTime,
}

impl Block {
    pub fn is_active(&self, now: UnixTime) -> bool {
        now < self.until
    }
}

#[derive(Debug, Clone)]
pub struct OpenSession {
    pub id: SessionId,
    pub operation: Operation,
    pub client: ClientBinding,
    /// False when the transport is known to be dead: such a session holds no place.
    pub alive: bool,
}

#[derive(Debug, Clone)]
pub struct TokenFacts {
    pub stream_id: StreamId,
    pub operation: Operation,
    pub room_id: Option<String>,
    /// Valid while `now < expires_at`.
    pub expires_at: UnixTime,
    pub state: TokenState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenState {
    Unused,
    /// Held for one client until a time; after that it is unused again.
    Reserved {
        client: ClientBinding,
        until: UnixTime,
    },
    Spent,
}

/// A time step of which a code was accepted, and from whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpMark {
    pub operation: Operation,
    /// The RFC 6238 counter T.
    pub counter: u64,
    pub client: ClientBinding,
}

/// Wrong codes of the named subscriber within the last hour, distinct ones only: an SDK that repeats one stale code
/// is one failure.
#[derive(Debug, Clone, Default)]
pub struct GuessFacts {
    /// From the request's address.
    pub own_failures: u32,
    pub own_last_failure: Option<UnixTime>,
    /// From all addresses together.
    pub all_failures: u32,
    pub all_last_failure: Option<UnixTime>,
    /// The subscriber was admitted from the request's address within the last 30 days: a stranger's failures elsewhere
    /// do not hold it.
    pub address_is_known: bool,
}

/// How many sessions there are now, for limits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Publishers of the application.
    pub application_publishers: u32,
    /// WebRTC viewers of the application.
    pub application_webrtc_viewers: u32,
    /// Viewers of this stream.
    pub webrtc_viewers: u32,
    pub hls_viewers: u32,
    pub dash_viewers: u32,
}

/// What the authorization webhook said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WebhookFact {
    /// Not asked yet. A decision that would allow names the address to ask; decide again with the answer.
    #[default]
    NotAsked,
    Allowed,
    Refused,
    /// No answer within the deadline, or none that could be read: counts as a refusal.
    Unreachable,
}
