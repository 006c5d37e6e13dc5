//! What a refusal looks like on each protocol (`stream-security` §5, §12.4): one table, so that no two transports
//! disagree.
//!
//! Strangers learn the class of a refusal, never which of a mode's checks failed: a wrong, an expired and a spent token
//! read the same, and so do a wrong code, a paused guesser and an unknown subscriber.

use std::borrow::Cow;

use crate::credentials::Credentials;
use crate::id::StreamId;
use crate::request::{Operation, SecurityMode};

use super::decision::DenyReason;

/// RTMP's answer: an `onStatus` of level `error`, after which the connection is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtmpStatus {
    /// For example `NetStream.Publish.BadName`.
    pub code: &'static str,
    pub description: Cow<'static, str>,
}

/// SRT's rejection code (libsrt `SRT_REJX_*`: 1000 + an HTTP-like status, plus 400).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SrtReject(pub u16);

/// The wording of one refusal for every transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The `definition` of a WebSocket error, also the body of WHIP and WHEP.
    pub definition: &'static str,
    pub rtmp: RtmpStatus,
    pub srt: SrtReject,
    /// WHIP and WHEP. 401 asks for a credential and goes out with `WWW-Authenticate: Bearer`.
    pub whip_status: u16,
    /// HLS, DASH and VoD.
    pub http_status: u16,
    /// Plain text; never a stranger's words unless they are a valid stream id.
    pub http_body: Cow<'static, str>,
    /// `Retry-After` in seconds, for refusals that end by themselves.
    pub retry_after_secs: Option<u32>,
}

impl Refusal {
    /// The refusal for `reason`, without the names that only the request knows: see [`about`](Self::about).
    pub fn of(reason: &DenyReason) -> Self {
        Class::of(reason).refusal(http_text(reason))
    }

    /// The refusal of one request: names its stream or subscriber where the protocol's answer does, and asks for a
    /// credential where none was brought.
    pub fn about(reason: &DenyReason, operation: Operation, stream_id: &str, credentials: &Credentials) -> Self {
        let mut refusal = Self::of(reason);
        let stream_id = stream_id.trim().parse::<StreamId>().ok();
        let class = Class::of(reason);
        match class {
            Class::InUse => {
                if let Some(stream_id) = &stream_id {
                    refusal.rtmp.description = stream_id.to_string().into();
                }
            }
            Class::Blocked => {
                if let Some(subscriber) = credentials.subscriber_id.as_deref() {
                    refusal.rtmp.description = format!("Subscriber {} is blocked.", subscriber.trim()).into();
                }
            }
            Class::Unauthorized => {
                refusal.rtmp.description = not_allowed(operation).into();
                if credentials.is_anonymous() && asks_for_credential(reason) {
                    refusal.srt = SrtReject(1401);
                    refusal.whip_status = 401;
                }
            }
            _ => {}
        }
        if mode(reason) == Some(SecurityMode::OneTimeToken)
            && let Some(stream_id) = stream_id
        {
            refusal.http_body = format!("{TOKEN_TEXT} for streamId:{stream_id}").into();
        }
        refusal
    }
}

/// What strangers may tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    NoApplication,
    NameMissing,
    NameInvalid,
    Unregistered,
    InUse,
    NotActive,
    Unauthorized,
    Blocked,
    RoomFull,
    ViewerLimit,
    Resource,
    Absent,
    PlaybackDisabled,
    WebrtcDisabled,
    Undecided,
}

impl Class {
    const fn of(reason: &DenyReason) -> Self {
        match reason {
            DenyReason::UnknownApplication => Self::NoApplication,
            DenyReason::StreamIdMissing => Self::NameMissing,
            DenyReason::StreamIdInvalid => Self::NameInvalid,
            DenyReason::UnregisteredStream => Self::Unregistered,
            DenyReason::StreamInUse => Self::InUse,
            DenyReason::StreamNotActive => Self::NotActive,
            DenyReason::Blocked { .. } => Self::Blocked,
            DenyReason::RoomFull => Self::RoomFull,
            DenyReason::ViewerLimit => Self::ViewerLimit,
            DenyReason::PublisherLimit | DenyReason::ResourceLimit => Self::Resource,
            DenyReason::StreamAbsent => Self::Absent,
            DenyReason::PlaybackDisabled => Self::PlaybackDisabled,
            DenyReason::WebrtcDisabled => Self::WebrtcDisabled,
            DenyReason::AuthorityUnreachable => Self::Undecided,
            DenyReason::AddressNotAllowed
            | DenyReason::ConcurrencyLimit
            | DenyReason::TokenMissing
            | DenyReason::TokenInvalid
            | DenyReason::TokenExpired { .. }
            | DenyReason::TokenSpent
            | DenyReason::HashInvalid
            | DenyReason::JwtMissing
            | DenyReason::JwtInvalid
            | DenyReason::JwtExpired { .. }
            | DenyReason::CodeMissing
            | DenyReason::SubscriberUnknown
            | DenyReason::SubscriberTypeMismatch
            | DenyReason::CodeInvalid
            | DenyReason::CodeReplayed
            | DenyReason::TooManyGuesses { .. }
            | DenyReason::SecretNotConfigured { .. }
            | DenyReason::WebhookRefused
            | DenyReason::WebhookUnreachable => Self::Unauthorized,
        }
    }

    /// One row of the table. `unauthorized` is the HTTP text where the class alone does not say it.
    #[rustfmt::skip]
    fn refusal(self, unauthorized: &'static str) -> Refusal {
        //                       definition, RTMP code, RTMP description, SRT, WHIP, HTTP, HTTP body, Retry-After
        let (definition, code, description, srt, whip_status, http_status, http_body, retry_after_secs) = match self {
            Self::NoApplication => (UNAUTHORIZED, FAILED, "The application does not exist.",
                1404, 404, 404, "Not found", None),
            Self::NameMissing => ("noStreamNameSpecified", FAILED, "No stream name is specified.",
                1400, 400, 403, "Cannot specified the stream id from the url", None),
            Self::NameInvalid => ("invalidStreamName", FAILED, "The stream name is not valid.",
                1400, 400, 404, "Not found", None),
            Self::Unregistered => ("not_allowed_unregistered_streams", BAD_NAME, "The stream is not registered.",
                1404, 403, 403, "not_allowed_unregistered_streams", None),
            Self::InUse => ("streamIdInUse", BAD_NAME, "The stream is in use.",
                1409, 403, 403, "streamIdInUse", None),
            Self::NotActive => ("stream_not_active_or_expired", BAD_NAME, "The stream is not active or has expired.",
                1403, 403, 403, "stream_not_active_or_expired", None),
            Self::Unauthorized => (UNAUTHORIZED, BAD_NAME, "You are not allowed to access the stream.",
                1403, 403, 403, unauthorized, None),
            Self::Blocked => ("user_blocked", FAILED, "Subscriber is blocked.",
                1403, 403, 401, "Subscriber is blocked", None),
            Self::RoomFull => (ROOM_FULL, FAILED, "The room is full.",
                1402, 403, 403, ROOM_FULL, None),
            Self::ViewerLimit => ("viewerLimitReached", FAILED, "The viewer limit is reached.",
                1402, 403, 403, "Viewer Limit Reached", None),
            Self::Resource => ("highResourceUsage", FAILED, "The server is at its limit.",
                1402, 503, 503, "highResourceUsage", Some(LIMIT_RETRY_SECS)),
            Self::Absent => ("no_stream_exist", "NetStream.Play.StreamNotFound", "The stream is not live.",
                1404, 404, 404, "The stream is not live", Some(RETRY_SECS)),
            Self::PlaybackDisabled => (UNAUTHORIZED, FAILED, "RTMP playback is disabled.",
                1403, 403, 403, UNAUTHORIZED, None),
            // What players go on to their next technology for.
            Self::WebrtcDisabled => ("no_stream_exist", FAILED, "WebRTC is disabled.",
                1404, 404, 404, "webrtc_not_enabled", None),
            Self::Undecided => ("data_store_not_available", FAILED, "The server cannot decide now. Try again.",
                1500, 503, 503, "data_store_not_available", Some(RETRY_SECS)),
        };
        Refusal {
            definition,
            rtmp: RtmpStatus { code, description: description.into() },
            srt: SrtReject(srt),
            whip_status,
            http_status,
            http_body: http_body.into(),
            retry_after_secs,
        }
    }
}

/// The mode that a reason speaks of.
const fn mode(reason: &DenyReason) -> Option<SecurityMode> {
    match reason {
        DenyReason::TokenMissing
        | DenyReason::TokenInvalid
        | DenyReason::TokenExpired { .. }
        | DenyReason::TokenSpent => Some(SecurityMode::OneTimeToken),
        DenyReason::HashInvalid => Some(SecurityMode::Hash),
        DenyReason::JwtMissing | DenyReason::JwtInvalid | DenyReason::JwtExpired { .. } => Some(SecurityMode::Jwt),
        DenyReason::CodeMissing
        | DenyReason::SubscriberUnknown
        | DenyReason::SubscriberTypeMismatch
        | DenyReason::CodeInvalid
        | DenyReason::CodeReplayed
        | DenyReason::TooManyGuesses { .. }
        | DenyReason::ConcurrencyLimit => Some(SecurityMode::Totp),
        DenyReason::WebhookRefused | DenyReason::WebhookUnreachable => Some(SecurityMode::Webhook),
        DenyReason::SecretNotConfigured { mode } => Some(*mode),
        _ => None,
    }
}

const fn http_text(reason: &DenyReason) -> &'static str {
    match mode(reason) {
        Some(SecurityMode::OneTimeToken) => TOKEN_TEXT,
        Some(SecurityMode::Hash) => "Invalid Hash",
        Some(SecurityMode::Jwt) => "Invalid JWT Token",
        Some(SecurityMode::Totp) => "Time Based subscriber id or code is invalid",
        Some(SecurityMode::Webhook) | None => UNAUTHORIZED,
    }
}

/// False where no credential would help.
const fn asks_for_credential(reason: &DenyReason) -> bool {
    !matches!(reason, DenyReason::AddressNotAllowed | DenyReason::WebhookUnreachable)
}

const fn not_allowed(operation: Operation) -> &'static str {
    match operation {
        Operation::Publish => "You are not allowed to publish the stream.",
        Operation::Play => "You are not allowed to play the stream.",
    }
}

const ROOM_FULL: &str = "main_track_has_max_subtrack_count__not_allowed_to_add_more_subtracks";
const UNAUTHORIZED: &str = "unauthorized_access";
const TOKEN_TEXT: &str = "Invalid Token";
/// Encoders expect this code for every refusal of a credential, players too.
const BAD_NAME: &str = "NetStream.Publish.BadName";
const FAILED: &str = "NetStream.Failed";
/// Nobody could decide, or the stream is about to start: soon enough to go unnoticed, rare enough not to pile up.
const RETRY_SECS: u32 = 2;
/// Places become free when somebody leaves.
const LIMIT_RETRY_SECS: u32 = 10;
