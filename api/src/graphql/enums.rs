//! Words with a fixed set of values, in capitals.

use async_graphql::{Enum, resolver_utils::EnumType};

use crate::manage;

/// What a peer does, or asks to do, with a broadcast.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "sluice_contract::Operation")]
pub enum Operation {
    /// Send media in.
    Publish,
    /// Receive media.
    Play,
}

/// What a block forbids.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq, Default)]
#[graphql(remote = "manage::BlockOperations", name = "BlockOperation")]
pub enum BlockOperations {
    /// Publishing alone.
    Publish,
    /// Playing alone.
    Play,
    /// Publishing and playing.
    #[default]
    #[graphql(name = "PUBLISH_PLAY")]
    Both,
}

/// How a session reaches the server.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "sluice_contract::Protocol")]
pub enum Protocol {
    /// RTMP, from encoders such as OBS and ffmpeg.
    Rtmp,
    /// SRT.
    Srt,
    /// WebRTC with signaling over WebSocket.
    #[graphql(name = "WEBRTC")]
    WebRtc,
    /// WebRTC publishing over HTTP (RFC 9725).
    Whip,
    /// WebRTC playback over HTTP.
    Whep,
    /// HTTP Live Streaming.
    Hls,
    /// MPEG-DASH.
    Dash,
    /// Recorded media over HTTP.
    Vod,
}

/// A way to be let in.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "sluice_contract::SecurityMode")]
pub enum SecurityMode {
    /// A token that admits once.
    OneTimeToken,
    /// A signed JSON Web Token.
    Jwt,
    /// A hash of stream, operation and the application's secret.
    Hash,
    /// A time-based one-time code of a subscriber.
    Totp,
    /// The application's authorization webhook said yes.
    Webhook,
}

/// Whether a session carries media now.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "sluice_contract::message::SessionState")]
pub enum SessionState {
    /// It carries media.
    Active,
    /// It is admitted but blocked for now: not a byte of media passes.
    Suspended,
    /// It is over.
    Ended,
}

/// Why a session or a stream ended.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "sluice_contract::message::EndReason")]
pub enum EndReason {
    /// The peer left.
    Closed,
    /// The peer fell silent, or an HTTP player stopped asking.
    Idle,
    /// A block forbids it.
    Blocked,
    /// The credential that admitted it expired.
    Expired,
    /// Somebody who manages the server ended it.
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
    /// The server's media pipeline failed.
    PipelineError,
    /// The worker stopped.
    Shutdown,
    /// The worker vanished.
    WorkerLost,
}

/// Where a broadcast stands.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::BroadcastStatus")]
pub enum BroadcastStatus {
    /// It was never live.
    Created,
    /// It is being started.
    Preparing,
    /// It is live.
    Broadcasting,
    /// It was live and ended in order.
    Finished,
    /// Something went wrong.
    Error,
    /// It could not be started.
    Failed,
    /// It was live and its publisher was lost.
    TerminatedUnexpectedly,
}

/// Where the media of a broadcast comes from.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::BroadcastType")]
pub enum BroadcastType {
    /// A publisher sends it.
    LiveStream,
    /// An IP camera, which the server pulls from.
    IpCamera,
    /// Another address that the server pulls from.
    StreamSource,
    /// A recording.
    Vod,
    /// Several recordings, one after the other.
    Playlist,
}

/// What broadcasts are ordered by.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq, Default)]
#[graphql(remote = "manage::OrderKey")]
pub enum BroadcastOrderKey {
    /// When they were created.
    #[default]
    CreatedAt,
    /// Their names.
    Name,
    /// Their status.
    Status,
}

/// Whether a subscriber came or went.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::ConnectionEventKind")]
pub enum ConnectionEventKind {
    /// A session began.
    Connected,
    /// A session ended.
    Disconnected,
}

/// What happened to a session.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::SessionEventKind")]
pub enum SessionEventKind {
    /// It began.
    Started,
    /// A block stopped its media.
    Suspended,
    /// The block ended, and media flows again.
    Resumed,
    /// It is over.
    Ended,
}

/// What happened to a broadcast.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::BroadcastEventKind")]
pub enum BroadcastEventKind {
    /// Its record was created.
    Created,
    /// Its record was changed.
    Updated,
    /// Its record was deleted.
    Deleted,
    /// It went live.
    Started,
    /// It went off air.
    Ended,
}

/// What a one-time token is good for now.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::TokenStatus")]
pub enum TokenStatus {
    /// It admits the first who shows it.
    Unused,
    /// It is held for one client, which has not received media yet.
    Reserved,
    /// It admitted somebody, and nobody any more.
    Spent,
    /// Its time passed before anybody spent it.
    Expired,
}

/// Whether an event arrived at a webhook.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::DeliveryState")]
pub enum DeliveryState {
    /// It will be tried, or tried again.
    Waiting,
    /// It arrived.
    Delivered,
    /// It was given up.
    Dropped,
}

/// How much is logged. Each level includes those before it.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::LogLevel")]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What somebody should look at.
    Error,
    /// What may become a fault.
    Warn,
    /// What happens in general.
    Info,
    /// What happens in detail.
    Debug,
    /// Everything.
    Trace,
}

/// In which order audit records are listed.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq, Default)]
#[graphql(remote = "manage::AuditOrder")]
pub enum AuditOrder {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}

/// What an audit record is about.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::AuditKind")]
pub enum AuditKind {
    /// The gate decided whether somebody may publish or play.
    Decision,
    /// Somebody managed something.
    Action,
    /// Somebody logged in or out, or failed to.
    Login,
}

/// Yes or no.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::AuditOutcome", name = "Outcome")]
pub enum AuditOutcome {
    /// It was allowed.
    Allowed,
    /// It was refused.
    Denied,
}

/// What somebody may do within a scope. Each role includes those before it.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::Role")]
pub enum Role {
    /// Read.
    Viewer,
    /// Also manage streams, subscribers and blocks.
    Operator,
    /// Also manage settings, applications and other people.
    Admin,
}

/// Why the gate refused. The same words, in kebab-case, stand in logs, metrics and the REST API.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub enum ReasonCode {
    /// No application of this name exists.
    UnknownApplication,
    /// The stream id is missing.
    StreamIdMissing,
    /// The stream id is not valid.
    StreamIdInvalid,
    /// The stream is not registered, and undefined streams are refused.
    UnregisteredStream,
    /// The stream is published by somebody else.
    StreamInUse,
    /// The stream has expired or is outside its planned window.
    StreamNotActive,
    /// The address is not among the allowed publishers.
    AddressNotAllowed,
    /// The subscriber is blocked.
    Blocked,
    /// The limit of publishers is reached.
    PublisherLimit,
    /// The room has as many members as it may have.
    RoomFull,
    /// The limit of viewers is reached.
    ViewerLimit,
    /// The subscriber has as many connections as it may have.
    ConcurrencyLimit,
    /// A token is required.
    TokenMissing,
    /// The token is not valid for this stream and operation.
    TokenInvalid,
    /// The token expired.
    TokenExpired,
    /// The token was used before.
    TokenSpent,
    /// The hash is missing or wrong.
    HashInvalid,
    /// The JWT is missing.
    JwtMissing,
    /// The JWT is not valid for this stream and operation.
    JwtInvalid,
    /// The JWT expired.
    JwtExpired,
    /// The subscriber id or code is missing.
    CodeMissing,
    /// The subscriber is not registered for this stream.
    SubscriberUnknown,
    /// The subscriber may not do this.
    SubscriberTypeMismatch,
    /// The code is wrong or expired.
    CodeInvalid,
    /// The code was used before by another client.
    CodeReplayed,
    /// There were too many wrong codes.
    TooManyGuesses,
    /// A secret that this mode needs is not set.
    SecretNotConfigured,
    /// The authorization webhook refused.
    WebhookRefused,
    /// The authorization webhook did not answer.
    WebhookUnreachable,
    /// The stream does not exist or is not live.
    StreamAbsent,
    /// Playback over RTMP is switched off.
    PlaybackDisabled,
    /// WebRTC is switched off.
    WebrtcDisabled,
    /// The server is at its limit.
    ResourceLimit,
    /// Nobody could decide in time.
    AuthorityUnreachable,
}

impl ReasonCode {
    /// From the stable kebab-case word; `None` for words that are no reason.
    pub fn of(code: &str) -> Option<Self> {
        let name = code.to_ascii_uppercase().replace('-', "_");
        Self::items().iter().find(|item| item.name == name).map(|item| item.value)
    }

    /// The kebab-case word.
    pub fn code(self) -> String {
        let name = Self::items().iter().find(|item| item.value == self).map_or("", |item| item.name);
        name.to_ascii_lowercase().replace('_', "-")
    }
}
