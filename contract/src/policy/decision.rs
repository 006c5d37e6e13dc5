//! The answer of the gate, and the reasons for a no.

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationName, SessionId, StreamId, SubscriberId, WorkerId};
use crate::message::RecordingWish;
use crate::request::{ClientBinding, Operation, Protocol, SecurityMode};
use crate::time::UnixTime;

/// Yes with what the session may do, or no with a reason. Either may ask for effects, which the caller performs in one
/// transaction before anybody hears the answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    Allow {
        grant: Box<StreamGrant>,
        effects: Vec<Effect>,
        /// The authorization webhook to ask before this yes counts; decide again with its answer in the facts.
        ask_webhook: Option<String>,
    },
    Deny {
        reason: DenyReason,
        effects: Vec<Effect>,
    },
}

/// What an admitted session may do, and what ends it. This is all that a worker learns of a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamGrant {
    pub session: SessionId,
    pub application: ApplicationName,
    pub stream_id: StreamId,
    /// Blocks on this stream count for the session too.
    pub main_track: Option<StreamId>,
    pub operation: Operation,
    pub protocol: Protocol,
    /// Whom a block must name to end or suspend the session.
    pub subscriber: Option<SubscriberId>,
    /// The modes that were asked and passed; empty for an open stream.
    pub admitted_by: Vec<SecurityMode>,
    /// When the session must end: the credential's own expiry, if the settings say so.
    pub expires_at: Option<UnixTime>,
    /// HTTP players carry a ticket that lives until then; `None` when the stream is open and nobody is named, and for
    /// a probe, which opens no session.
    pub ticket_until: Option<UnixTime>,
    pub token: TokenUse,
    /// The same HTTP player that shows the same credentials again joins this session instead of asking anew. Never
    /// for one-time tokens.
    pub rejoin: bool,
    /// The worker that carries the stream, when it is not the one that asked.
    pub origin: Option<WorkerId>,
    /// Whether what is published is recorded.
    #[serde(default)]
    pub recording: RecordingWish,
}

/// What became of a one-time token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenUse {
    /// There is nothing to spend: the mode is off, or the token is a room's and opens every member of it.
    None,
    /// Held for this client, not spent: ask again with [`Intent::Start`](crate::Intent::Start) before media flows.
    Reserved,
    Spent,
}

/// A change that a decision needs. The decision holds only if all of its effects succeed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Create the record of an undefined stream; it is deleted when publishing ends.
    CreateBroadcast,
    /// Hold the request's one-time token for a client.
    ReserveToken { client: ClientBinding, until: UnixTime },
    /// Spend it. Exactly one request may succeed; the others are refused with [`DenyReason::TokenSpent`].
    SpendToken,
    /// Remember that the code of this time step was used, and by whom.
    MarkTotpStep { counter: u64, client: ClientBinding },
    /// Count one wrong code, if it is not counted already.
    CountFailure,
    /// End a session whose place this one takes.
    Replace { session: SessionId },
}

/// Why a stream did not start. One variant per remedy; [`code`](Self::code) is its stable name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DenyReason {
    #[error("no application of this name exists")]
    UnknownApplication,
    #[error("the stream id is missing")]
    StreamIdMissing,
    #[error("the stream id is not valid")]
    StreamIdInvalid,
    #[error("the stream is not registered, and undefined streams are refused")]
    UnregisteredStream,
    #[error("the stream is published by somebody else")]
    StreamInUse,
    #[error("the stream has expired or is outside its planned window")]
    StreamNotActive,
    #[error("the address is not among the allowed publishers")]
    AddressNotAllowed,
    #[error("the subscriber is blocked until {until}")]
    Blocked { until: UnixTime },
    #[error("the limit of publishers is reached")]
    PublisherLimit,
    #[error("the room has as many members as it may have")]
    RoomFull,
    #[error("the limit of viewers is reached")]
    ViewerLimit,
    #[error("the subscriber has as many connections as it may have")]
    ConcurrencyLimit,
    #[error("a token is required")]
    TokenMissing,
    #[error("the token is not valid for this stream and operation")]
    TokenInvalid,
    #[error("the token expired at {at}")]
    TokenExpired { at: UnixTime },
    #[error("the token was used before")]
    TokenSpent,
    #[error("the hash is missing or wrong")]
    HashInvalid,
    #[error("the JWT is missing")]
    JwtMissing,
    #[error("the JWT is not valid for this stream and operation")]
    JwtInvalid,
    #[error("the JWT expired at {at}")]
    JwtExpired { at: UnixTime },
    #[error("the subscriber id or code is missing")]
    CodeMissing,
    #[error("the subscriber is not registered for this stream")]
    SubscriberUnknown,
    #[error("the subscriber may not do this")]
    SubscriberTypeMismatch,
    #[error("the code is wrong or expired")]
    CodeInvalid,
    #[error("the code was used before by another client")]
    CodeReplayed,
    #[error("too many wrong codes; next try after {until}")]
    TooManyGuesses { until: UnixTime },
    #[error("the secret that {} needs is not set", .mode.as_str())]
    SecretNotConfigured { mode: SecurityMode },
    #[error("the authorization webhook refused")]
    WebhookRefused,
    #[error("the authorization webhook did not answer")]
    WebhookUnreachable,
    #[error("the stream does not exist or is not live")]
    StreamAbsent,
    #[error("playback over RTMP is switched off")]
    PlaybackDisabled,
    #[error("WebRTC is switched off")]
    WebrtcDisabled,
    #[error("the server is at its limit")]
    ResourceLimit,
    #[error("nobody could decide in time")]
    AuthorityUnreachable,
}

impl DenyReason {
    /// The stable name for GraphQL, audit records, metrics and tests, in kebab-case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownApplication => "unknown-application",
            Self::StreamIdMissing => "stream-id-missing",
            Self::StreamIdInvalid => "stream-id-invalid",
            Self::UnregisteredStream => "unregistered-stream",
            Self::StreamInUse => "stream-in-use",
            Self::StreamNotActive => "stream-not-active",
            Self::AddressNotAllowed => "address-not-allowed",
            Self::Blocked { .. } => "blocked",
            Self::PublisherLimit => "publisher-limit",
            Self::RoomFull => "room-full",
            Self::ViewerLimit => "viewer-limit",
            Self::ConcurrencyLimit => "concurrency-limit",
            Self::TokenMissing => "token-missing",
            Self::TokenInvalid => "token-invalid",
            Self::TokenExpired { .. } => "token-expired",
            Self::TokenSpent => "token-spent",
            Self::HashInvalid => "hash-invalid",
            Self::JwtMissing => "jwt-missing",
            Self::JwtInvalid => "jwt-invalid",
            Self::JwtExpired { .. } => "jwt-expired",
            Self::CodeMissing => "code-missing",
            Self::SubscriberUnknown => "subscriber-unknown",
            Self::SubscriberTypeMismatch => "subscriber-type-mismatch",
            Self::CodeInvalid => "code-invalid",
            Self::CodeReplayed => "code-replayed",
            Self::TooManyGuesses { .. } => "too-many-guesses",
            Self::SecretNotConfigured { .. } => "secret-not-configured",
            Self::WebhookRefused => "webhook-refused",
            Self::WebhookUnreachable => "webhook-unreachable",
            Self::StreamAbsent => "stream-absent",
            Self::PlaybackDisabled => "playback-disabled",
            Self::WebrtcDisabled => "webrtc-disabled",
            Self::ResourceLimit => "resource-limit",
            Self::AuthorityUnreachable => "authority-unreachable",
        }
    }
}
