//! The settings of one application: the flat object that clients read, modify and write back.
//!
//! Field names on the wire are those of `stream-security` §2 and `rest-v2` §11; every name is also accepted with the
//! older prefix `settings.`. Keys that are not known here are kept and returned unchanged. Reading and writing is in
//! `json`, what may be written in `rules`, what follows from the settings in `views`.

mod documented;
mod json;
mod rules;
#[cfg(test)]
mod tests;
mod views;

pub use json::{MASK, SECRET_FIELDS};
pub use rules::{OPT_IN_EVENTS, SettingsError};
pub use views::OpenDoor;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::message::DataDistribution;
use crate::secret::Secret;

/// One application's settings. Missing fields take their defaults: a written object replaces the old one.
///
/// `Serialize` and `Deserialize` are [`to_json`](Self::to_json) and [`from_json`](Self::from_json). The derived forms
/// (`remote`) serve these two only: they know neither the other spellings nor the fields without a Rust field.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub struct ApplicationSettings {
    /// Refuse to publish stream ids that have no broadcast record.
    pub accept_only_streams_in_data_store: bool,
    pub accept_only_rooms_in_data_store: bool,
    pub publish_token_control_enabled: bool,
    pub play_token_control_enabled: bool,
    pub hash_control_publish_enabled: bool,
    pub hash_control_play_enabled: bool,
    pub token_hash_secret: Secret<String>,
    pub publish_jwt_control_enabled: bool,
    pub play_jwt_control_enabled: bool,
    pub jwt_stream_secret_key: Secret<String>,
    pub enable_time_token_for_publish: bool,
    pub enable_time_token_for_play: bool,
    /// The older switch: time-based codes on both sides.
    pub time_token_subscriber_only: bool,
    /// Length of a time-based code's step in seconds, for subscribers without a period of their own.
    pub time_token_period: u32,
    pub time_token_secret_for_publish: Option<Secret<String>>,
    pub time_token_secret_for_play: Option<Secret<String>>,
    /// Comma-separated networks that may publish; empty lets every address.
    #[serde(rename = "allowedPublisherCIDR")]
    pub allowed_publisher_cidr: String,
    pub ip_filter_enabled: bool,
    /// Comma-separated networks that may call this application's REST API without a login.
    #[serde(rename = "remoteAllowedCIDR")]
    pub remote_allowed_cidr: String,
    pub jwt_control_enabled: bool,
    pub jwt_secret_key: Secret<String>,
    #[serde(rename = "jwksURL")]
    pub jwks_url: String,
    #[serde(rename = "webhookAuthenticateURL")]
    pub webhook_authenticate_url: String,
    pub webhook_play_auth_url: String,
    pub write_stats_to_datastore: bool,
    pub write_subscriber_events_to_datastore: bool,
    pub rtmp_playback_enabled: bool,
    /// Most WebRTC viewers of the application; -1 for no limit.
    #[serde(rename = "webRTCViewerLimit")]
    pub web_rtc_viewer_limit: i64,
    /// Most publishers of the application; -1 for no limit.
    pub ingesting_stream_limit: i64,
    pub cluster_communication_key: Secret<String>,
    pub subscriber_authentication_key: Secret<String>,
    pub content_security_policy_header_value: String,

    // Sluice's own (`decisions`).
    /// A time-based code admits again only the client that used it first.
    pub time_token_replay_protection: bool,
    /// A stream JWT must name its stream and its operation.
    pub jwt_require_scope: bool,
    /// A session ends when the credential that admitted it expires.
    pub end_session_at_expiry: bool,
    /// The same subscriber may replace its own live publisher.
    pub allow_publish_takeover: bool,
    /// Longest life of an HTTP player's ticket in seconds.
    pub ticket_max_life_seconds: u32,
    /// Key of the HMAC that webhook bodies are signed with. The server makes one where none is given.
    pub webhook_signing_secret: Secret<String>,
    /// Comma-separated names of [`OPT_IN_EVENTS`] that the event webhook is told of too.
    pub webhook_events: String,
    /// Comma-separated origins whose pages may read answers, or `*` (`stream-security` §15).
    pub cors_allowed_origins: String,
    pub cors_allow_credentials: bool,

    // Webhooks.
    #[serde(rename = "listenerHookURL")]
    pub listener_hook_url: String,
    /// How often an event is tried again; 0 tries ever more slowly for a day.
    pub webhook_retry_count: u32,
    /// Milliseconds between two tries; with no count, before the first repetition.
    pub webhook_retry_delay: u32,
    /// `application/json` or `application/x-www-form-urlencoded`.
    pub webhook_content_type: String,
    /// Milliseconds between two reports of a live stream; -1 for none.
    pub webhook_stream_status_update_period_ms: i64,

    // Ingest.
    /// Most frames a second, pixels in height and bits a second of a published stream; 0 for any.
    pub max_fps_accept: u32,
    pub max_resolution_accept: u32,
    pub max_bitrate_accept: u32,
    pub rtmp_ingest_buffer_time_ms: u32,
    pub srt_receive_latency_in_ms: u32,

    // WebRTC.
    /// Off: nobody publishes or plays over WebSocket signaling, WHIP or WHEP.
    #[serde(rename = "webRTCEnabled")]
    pub web_rtc_enabled: bool,
    /// Codecs that may be agreed on for video.
    pub h264_enabled: bool,
    pub vp8_enabled: bool,
    pub vp9_enabled: bool,
    pub av1_enabled: bool,
    /// One address, `stun:` or `turn:` (with `turnServerUsername`), that clients are told; empty for none.
    #[serde(rename = "stunServerURI")]
    pub stun_server_uri: String,
    pub turn_server_username: String,
    pub turn_server_credential: Secret<String>,
    /// Without media for so long after it was answered, a publisher is turned out; from one second to a minute.
    #[serde(rename = "webRTCClientStartTimeoutMs")]
    pub web_rtc_client_start_timeout_ms: u32,
    /// Clients are told TCP candidates where the worker has them.
    #[serde(rename = "webRTCTcpCandidatesEnabled")]
    pub web_rtc_tcp_candidates_enabled: bool,
    /// A second `play` of a stream on the same socket is refused.
    #[serde(rename = "playWebRTCStreamOnceForEachSession")]
    pub play_web_rtc_stream_once_for_each_session: bool,
    pub data_channel_enabled: bool,
    /// Whom the messages of players reach: `all`, `publisher` or `none`.
    pub data_channel_player_distribution: String,
    /// The webhook that is sent every message of a data channel; empty for none.
    #[serde(rename = "dataChannelWebHookURL")]
    pub data_channel_web_hook_url: String,
    /// Sluice's own: video may be transcoded for those who cannot take it as it comes (B-frames for WebRTC viewers, VP8
    /// for HLS players, other codecs than H.264 for RTMP players). It takes a good part of a core per stream, so it is off unless somebody wants it; audio
    /// is transcoded whenever somebody needs it, which takes next to nothing.
    #[serde(rename = "webRTCTranscodingAllowed")]
    pub web_rtc_transcoding_allowed: bool,

    // Packaging.
    pub hls_muxing_enabled: bool,
    /// Segment duration in seconds, as text (clients send texts); it rules HLS and DASH.
    pub hls_time: String,
    /// Segments in a playlist, as text.
    pub hls_list_size: String,
    /// Empty for a live window, `event` to keep every segment.
    pub hls_play_list_type: String,
    pub hls_segment_type: String,
    pub dash_muxing_enabled: bool,
    /// Seconds, as text. Accepted and kept; segments follow `hlsTime`.
    pub dash_seg_duration: String,
    pub dash_fragment_duration: String,
    pub dash_target_latency: String,

    // Recording.
    /// Every stream is recorded to an MP4 file, unless its broadcast says otherwise.
    #[serde(rename = "mp4MuxingEnabled")]
    pub mp4_muxing_enabled: bool,
    /// Files of recordings are named after the time too.
    #[serde(rename = "addDateTimeToMp4FileName")]
    pub add_date_time_to_mp4_file_name: bool,

    /// All other keys, kept as they came, unless they say the documented default.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for ApplicationSettings {
    fn default() -> Self {
        Self {
            accept_only_streams_in_data_store: false,
            accept_only_rooms_in_data_store: false,
            publish_token_control_enabled: false,
            play_token_control_enabled: false,
            hash_control_publish_enabled: false,
            hash_control_play_enabled: false,
            token_hash_secret: Secret::default(),
            publish_jwt_control_enabled: false,
            play_jwt_control_enabled: false,
            jwt_stream_secret_key: Secret::default(),
            enable_time_token_for_publish: false,
            enable_time_token_for_play: false,
            time_token_subscriber_only: false,
            time_token_period: 60,
            time_token_secret_for_publish: None,
            time_token_secret_for_play: None,
            allowed_publisher_cidr: String::new(),
            ip_filter_enabled: true,
            remote_allowed_cidr: "127.0.0.1".to_owned(),
            jwt_control_enabled: false,
            jwt_secret_key: Secret::default(),
            jwks_url: String::new(),
            webhook_authenticate_url: String::new(),
            webhook_play_auth_url: String::new(),
            write_stats_to_datastore: true,
            write_subscriber_events_to_datastore: true,
            rtmp_playback_enabled: false,
            web_rtc_viewer_limit: -1,
            ingesting_stream_limit: -1,
            cluster_communication_key: Secret::default(),
            subscriber_authentication_key: Secret::default(),
            content_security_policy_header_value: String::new(),
            time_token_replay_protection: true,
            jwt_require_scope: false,
            end_session_at_expiry: true,
            allow_publish_takeover: false,
            ticket_max_life_seconds: 86_400,
            webhook_signing_secret: Secret::default(),
            webhook_events: String::new(),
            cors_allowed_origins: "*".to_owned(),
            cors_allow_credentials: false,
            listener_hook_url: String::new(),
            webhook_retry_count: 0,
            webhook_retry_delay: 1_000,
            webhook_content_type: "application/json".to_owned(),
            webhook_stream_status_update_period_ms: -1,
            max_fps_accept: 0,
            max_resolution_accept: 0,
            max_bitrate_accept: 0,
            rtmp_ingest_buffer_time_ms: 0,
            srt_receive_latency_in_ms: 150,
            web_rtc_enabled: true,
            h264_enabled: true,
            vp8_enabled: false,
            vp9_enabled: true,
            av1_enabled: false,
            stun_server_uri: "stun:stun1.l.google.com:19302".to_owned(),
            turn_server_username: String::new(),
            turn_server_credential: Secret::default(),
            web_rtc_client_start_timeout_ms: 10_000,
            web_rtc_tcp_candidates_enabled: false,
            play_web_rtc_stream_once_for_each_session: true,
            data_channel_enabled: true,
            data_channel_player_distribution: DataDistribution::All.as_str().to_owned(),
            data_channel_web_hook_url: String::new(),
            web_rtc_transcoding_allowed: false,
            hls_muxing_enabled: true,
            hls_time: "2".to_owned(),
            hls_list_size: "15".to_owned(),
            hls_play_list_type: String::new(),
            hls_segment_type: "fmp4".to_owned(),
            dash_muxing_enabled: true,
            dash_seg_duration: "6".to_owned(),
            dash_fragment_duration: "0.5".to_owned(),
            dash_target_latency: "3.5".to_owned(),
            mp4_muxing_enabled: false,
            add_date_time_to_mp4_file_name: false,
            other: Map::new(),
        }
    }
}
