//! What follows from the settings: which modes are on, what stands open, and what a worker needs to know.

use crate::id::ApplicationName;
use crate::message::{CorsSettings, DataDistribution, RecordingRules, WebrtcRules, WorkerSettings};
use crate::policy::cidr::CidrList;
use crate::request::{Operation, SecurityMode};
use crate::time::UnixTime;

use super::ApplicationSettings;

/// Something that anyone may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenDoor {
    /// Stable, in kebab-case: `publish`, `undefined-streams`, `play` or `rest`.
    pub code: &'static str,
    /// For people.
    pub description: &'static str,
    /// Wire names of the settings of which any one closes the door.
    pub closed_by: &'static [&'static str],
}

impl ApplicationSettings {
    pub fn one_time_token_on(&self, operation: Operation) -> bool {
        match operation {
            Operation::Publish => self.publish_token_control_enabled,
            Operation::Play => self.play_token_control_enabled,
        }
    }

    pub fn jwt_on(&self, operation: Operation) -> bool {
        match operation {
            Operation::Publish => self.publish_jwt_control_enabled,
            Operation::Play => self.play_jwt_control_enabled,
        }
    }

    pub fn hash_on(&self, operation: Operation) -> bool {
        match operation {
            Operation::Publish => self.hash_control_publish_enabled,
            Operation::Play => self.hash_control_play_enabled,
        }
    }

    /// Time-based codes, by the side's own switch or the older one for both.
    pub fn totp_on(&self, operation: Operation) -> bool {
        self.time_token_subscriber_only
            || match operation {
                Operation::Publish => self.enable_time_token_for_publish,
                Operation::Play => self.enable_time_token_for_play,
            }
    }

    /// The address to ask before `operation` is allowed; `None` when nobody is to be asked.
    pub fn authorization_webhook(&self, operation: Operation) -> Option<&str> {
        let address = match operation {
            Operation::Publish => &self.webhook_authenticate_url,
            Operation::Play => &self.webhook_play_auth_url,
        };
        Some(address.trim()).filter(|address| !address.is_empty())
    }

    /// The events that the event webhook is told of beyond the usual ones.
    pub fn opt_in_events(&self) -> impl Iterator<Item = &str> {
        self.webhook_events.split(',').map(str::trim).filter(|event| !event.is_empty())
    }

    /// The modes that are on for `operation`; all of them must pass.
    pub fn modes(&self, operation: Operation) -> Vec<SecurityMode> {
        [
            (self.hash_on(operation), SecurityMode::Hash),
            (self.jwt_on(operation), SecurityMode::Jwt),
            (self.totp_on(operation), SecurityMode::Totp),
            (self.authorization_webhook(operation).is_some(), SecurityMode::Webhook),
            (self.one_time_token_on(operation), SecurityMode::OneTimeToken),
        ]
        .into_iter()
        .filter_map(|(is_on, mode)| is_on.then_some(mode))
        .collect()
    }

    /// True when some mode is on for `operation`.
    pub fn is_protected(&self, operation: Operation) -> bool {
        self.hash_on(operation)
            || self.jwt_on(operation)
            || self.totp_on(operation)
            || self.one_time_token_on(operation)
            || self.authorization_webhook(operation).is_some()
    }

    /// Segment duration, from one second to a minute.
    pub fn segment_duration_ms(&self) -> u32 {
        let seconds = self.hls_time.trim().parse::<f64>().unwrap_or(2.0);
        (seconds.clamp(1.0, LONGEST_SEGMENT_SECS) * 1_000.0) as u32
    }

    /// Segments in a live playlist.
    pub fn playlist_segments(&self) -> u32 {
        let segments = self.hls_list_size.trim().parse::<f64>().unwrap_or(15.0);
        segments.clamp(5.0, MOST_PLAYLIST_SEGMENTS) as u32
    }

    pub fn cors(&self) -> CorsSettings {
        let origins = self.cors_allowed_origins.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        CorsSettings {
            allowed_origins: origins.map(str::to_owned).collect(),
            allow_credentials: self.cors_allow_credentials,
        }
    }

    /// How long the gate may take to answer a worker.
    pub fn authorize_deadline_ms(&self) -> u32 {
        let asks_webhook = self.authorization_webhook(Operation::Publish).is_some()
            || self.authorization_webhook(Operation::Play).is_some();
        if asks_webhook { DEADLINE_WITH_WEBHOOK_MS } else { DEADLINE_MS }
    }

    /// What workers are to do about WebRTC.
    pub fn webrtc_rules(&self) -> WebrtcRules {
        let distribution = DataDistribution::parse(&self.data_channel_player_distribution);
        WebrtcRules {
            enabled: self.web_rtc_enabled,
            h264: self.h264_enabled,
            vp8: self.vp8_enabled,
            vp9: self.vp9_enabled,
            av1: self.av1_enabled,
            stun_server_uri: self.stun_server_uri.trim().to_owned(),
            turn_server_username: self.turn_server_username.trim().to_owned(),
            turn_server_credential: self.turn_server_credential.clone(),
            client_start_timeout_ms: self.web_rtc_client_start_timeout_ms.clamp(SHORTEST_START_MS, LONGEST_START_MS),
            data_channel_enabled: self.data_channel_enabled,
            // A word that was stored before it was looked at opens nothing.
            data_channel_distribution: distribution.unwrap_or(DataDistribution::None),
            data_channel_reported: !self.data_channel_web_hook_url.trim().is_empty(),
            play_once_for_each_session: self.play_web_rtc_stream_once_for_each_session,
            tcp_candidates: self.web_rtc_tcp_candidates_enabled,
            transcoding_allowed: self.web_rtc_transcoding_allowed,
        }
    }

    /// The part that a worker acts on, of an application that was created at `since`. No secret leaves the API with it but
    /// the TURN server's, which clients are told.
    pub fn worker_view(&self, application: &ApplicationName, since: UnixTime) -> WorkerSettings {
        WorkerSettings {
            application: application.clone(),
            play_protected: self.is_protected(Operation::Play),
            hls_enabled: self.hls_muxing_enabled,
            dash_enabled: self.dash_muxing_enabled,
            segment_duration_ms: self.segment_duration_ms(),
            playlist_segments: self.playlist_segments(),
            rtmp_playback_enabled: self.rtmp_playback_enabled,
            authorize_deadline_ms: self.authorize_deadline_ms(),
            content_security_policy: self.content_security_policy_header_value.clone(),
            cors: self.cors(),
            webrtc: self.webrtc_rules(),
            recording: RecordingRules {
                enabled: self.mp4_muxing_enabled,
                date_in_name: self.add_date_time_to_mp4_file_name,
                since,
            },
        }
    }

    /// What anyone may do now, and what would close it.
    pub fn open_doors(&self) -> Vec<OpenDoor> {
        let publishers = CidrList::parse(&self.allowed_publisher_cidr);
        let any_publisher = self.allowed_publisher_cidr.trim().is_empty() || publishers.allows_everybody();
        let publish_open = any_publisher && !self.is_protected(Operation::Publish);
        let any_caller = !self.ip_filter_enabled || CidrList::parse(&self.remote_allowed_cidr).allows_everybody();
        [
            (publish_open, PUBLISH_DOOR),
            (publish_open && !self.accept_only_streams_in_data_store, UNDEFINED_STREAMS_DOOR),
            (!self.is_protected(Operation::Play), PLAY_DOOR),
            (any_caller && !self.jwt_control_enabled, REST_DOOR),
        ]
        .into_iter()
        .filter_map(|(is_open, door)| is_open.then_some(door))
        .collect()
    }
}

const PUBLISH_DOOR: OpenDoor = OpenDoor {
    code: "publish",
    description: "anyone may publish a stream",
    closed_by: &[
        "enableTimeTokenForPublish",
        "publishTokenControlEnabled",
        "publishJwtControlEnabled",
        "hashControlPublishEnabled",
        "webhookAuthenticateURL",
        "allowedPublisherCIDR",
    ],
};

const UNDEFINED_STREAMS_DOOR: OpenDoor = OpenDoor {
    code: "undefined-streams",
    description: "anyone may publish under a stream id that nobody registered",
    closed_by: &["acceptOnlyStreamsInDataStore"],
};

const PLAY_DOOR: OpenDoor = OpenDoor {
    code: "play",
    description: "anyone may play every stream",
    closed_by: &[
        "enableTimeTokenForPlay",
        "playTokenControlEnabled",
        "playJwtControlEnabled",
        "hashControlPlayEnabled",
        "webhookPlayAuthUrl",
    ],
};

const REST_DOOR: OpenDoor = OpenDoor {
    code: "rest",
    description: "anyone may call the REST API of the application",
    closed_by: &["ipFilterEnabled", "remoteAllowedCIDR", "jwtControlEnabled"],
};

const DEADLINE_MS: u32 = 2_000;
/// The webhook itself may take five seconds.
const DEADLINE_WITH_WEBHOOK_MS: u32 = 7_000;
/// A segment is held in memory until it is complete, and players wait that long for the first.
const LONGEST_SEGMENT_SECS: f64 = 60.0;
/// Every one of them is kept in memory.
const MOST_PLAYLIST_SEGMENTS: f64 = 300.0;
/// Shorter, and no handshake over a slow network is in time.
const SHORTEST_START_MS: u32 = 1_000;
/// Longer, and whoever sends nothing holds a stream id for nothing.
const LONGEST_START_MS: u32 = 60_000;
