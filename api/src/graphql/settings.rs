//! The settings of an application, one line each: what reads them, what changes them, and their descriptions.
//!
//! They have the names of the REST object, so that manuals, open doors and problems name a setting alike everywhere.

use async_graphql::{InputObject, Json, MaybeUndefined, SimpleObject};
use serde_json::{Map, Value};
use sluice_contract::{self as contract, Secret};

use super::scalar::int;
use crate::manage;

/// Declares what is shown and the patch that changes it. `numerals` are numbers that the REST object keeps as text.
macro_rules! settings {
    (
        flags { $($(#[$flag_doc:meta])* $flag:ident $flag_name:tt;)+ }
        numbers { $($(#[$number_doc:meta])* $number:ident $number_name:tt;)+ }
        numerals { $($(#[$numeral_doc:meta])* $numeral:ident $numeral_name:tt: $numeral_type:ty;)+ }
        texts { $($(#[$text_doc:meta])* $text:ident $text_name:tt;)+ }
        secrets { $($(#[$has_doc:meta])* $has:ident, $(#[$secret_doc:meta])* $secret:ident $secret_name:tt;)+ }
    ) => {
        /// The settings of an application that rule who may do what, and how streams are packaged. A secret cannot be
        /// read here, only whether it is set.
        #[derive(SimpleObject)]
        pub struct ApplicationSettings {
            $($(#[$flag_doc])* #[graphql(name = $flag_name)] $flag: bool,)+
            $($(#[$number_doc])* #[graphql(name = $number_name)] $number: i32,)+
            $($(#[$numeral_doc])* #[graphql(name = $numeral_name)] $numeral: $numeral_type,)+
            $($(#[$text_doc])* #[graphql(name = $text_name)] $text: String,)+
            $($(#[$has_doc])* $has: bool,)+
            /// Settings that the server only keeps for other software, in order of their names.
            other: Vec<OtherSetting>,
        }

        impl ApplicationSettings {
            /// `all` are the settings without secrets, of which those are picked that have no field here.
            pub fn of(settings: &contract::ApplicationSettings, all: Vec<manage::OpenSetting>) -> Self {
                Self {
                    $($flag: settings.$flag,)+
                    $($number: int(settings.$number),)+
                    $($numeral: settings.$numeral.trim().parse().unwrap_or_default(),)+
                    $($text: settings.$text.clone(),)+
                    $($has: settings.$secret.is_set(),)+
                    other: others(all, &[$($flag_name,)+ $($number_name,)+ $($numeral_name,)+ $($text_name,)+ $($secret_name,)+]),
                }
            }
        }

        /// Changes to settings. What is left out stays as it is; null resets a setting to its default.
        #[derive(InputObject)]
        pub struct ApplicationSettingsPatch {
            $($(#[$flag_doc])* #[graphql(name = $flag_name)] $flag: MaybeUndefined<bool>,)+
            $($(#[$number_doc])* #[graphql(name = $number_name)] $number: MaybeUndefined<i32>,)+
            $($(#[$numeral_doc])* #[graphql(name = $numeral_name)] $numeral: MaybeUndefined<$numeral_type>,)+
            $($(#[$text_doc])* #[graphql(name = $text_name)] $text: MaybeUndefined<String>,)+
            $($(#[$secret_doc])* #[graphql(name = $secret_name, secret)] $secret: MaybeUndefined<String>,)+
            /// Any setting by a name that REST knows, older spellings too. A field above wins over one here.
            #[graphql(secret, validator(max_items = 250))]
            other: Option<Vec<OtherSettingInput>>,
        }

        impl ApplicationSettingsPatch {
            /// The patch under the names of the REST object.
            pub fn into_object(self) -> Map<String, Value> {
                let named = self.other.into_iter().flatten();
                let mut object: Map<_, _> = named.map(|setting| (setting.name, setting.value.0)).collect();
                $(put(&mut object, $flag_name, self.$flag);)+
                $(put(&mut object, $number_name, self.$number);)+
                $(put(&mut object, $numeral_name, self.$numeral.map_value(|number| number.to_string()));)+
                $(put(&mut object, $text_name, self.$text);)+
                $(put(&mut object, $secret_name, self.$secret);)+
                object
            }
        }
    };
}

settings! {
    flags {
        /// Refuse to publish streams that have no record.
        accept_only_streams_in_data_store "acceptOnlyStreamsInDataStore";
        /// Refuse to join conference rooms that have no record.
        accept_only_rooms_in_data_store "acceptOnlyRoomsInDataStore";
        /// Publishing needs a one-time token.
        publish_token_control_enabled "publishTokenControlEnabled";
        /// Playing needs a one-time token.
        play_token_control_enabled "playTokenControlEnabled";
        /// Publishing needs a hash of `tokenHashSecret`.
        hash_control_publish_enabled "hashControlPublishEnabled";
        /// Playing needs a hash of `tokenHashSecret`.
        hash_control_play_enabled "hashControlPlayEnabled";
        /// Publishing needs a JWT signed with `jwtStreamSecretKey`.
        publish_jwt_control_enabled "publishJwtControlEnabled";
        /// Playing needs a JWT signed with `jwtStreamSecretKey`.
        play_jwt_control_enabled "playJwtControlEnabled";
        /// Publishing needs a subscriber id and its time-based code.
        enable_time_token_for_publish "enableTimeTokenForPublish";
        /// Playing needs a subscriber id and its time-based code.
        enable_time_token_for_play "enableTimeTokenForPlay";
        /// The older switch: publishing and playing need a time-based code.
        time_token_subscriber_only "timeTokenSubscriberOnly";
        /// A time-based code admits again only the client that used it first.
        time_token_replay_protection "timeTokenReplayProtection";
        /// A stream JWT must name its stream and its operation.
        jwt_require_scope "jwtRequireScope";
        /// A session ends when the credential that admitted it expires.
        end_session_at_expiry "endSessionAtExpiry";
        /// A subscriber may replace its own live publisher.
        allow_publish_takeover "allowPublishTakeover";
        /// Only the networks of `remoteAllowedCIDR` may call the REST API without a login.
        ip_filter_enabled "ipFilterEnabled";
        /// The REST API can be called with a JWT signed with `jwtSecretKey`.
        jwt_control_enabled "jwtControlEnabled";
        /// Keep statistics of streams.
        write_stats_to_datastore "writeStatsToDatastore";
        /// Keep connection events of subscribers.
        write_subscriber_events_to_datastore "writeSubscriberEventsToDatastore";
        /// Pages of the origins of `corsAllowedOrigins` may send credentials.
        cors_allow_credentials "corsAllowCredentials";
        /// Streams can be played with RTMP.
        rtmp_playback_enabled "rtmpPlaybackEnabled";
        /// Streams can be played with HLS.
        hls_muxing_enabled "hlsMuxingEnabled";
        /// Streams can be played with DASH.
        dash_muxing_enabled "dashMuxingEnabled";
        /// Every stream is recorded to an MP4 file, unless its broadcast says otherwise.
        mp4_muxing_enabled "mp4MuxingEnabled";
        /// The names of those files have the date and the time in them.
        add_date_time_to_mp4_file_name "addDateTimeToMp4FileName";
        /// Streams can be published and played with WebRTC.
        web_rtc_enabled "webRTCEnabled";
        /// WebRTC may use H.264.
        h264_enabled "h264Enabled";
        /// WebRTC may use VP8.
        vp8_enabled "vp8Enabled";
        /// WebRTC may use VP9.
        vp9_enabled "vp9Enabled";
        /// WebRTC may use AV1.
        av1_enabled "av1Enabled";
        /// WebRTC clients are told TCP addresses where workers have them.
        web_rtc_tcp_candidates_enabled "webRTCTcpCandidatesEnabled";
        /// A stream is played once for each WebSocket.
        play_web_rtc_stream_once_for_each_session "playWebRTCStreamOnceForEachSession";
        /// Messages can be sent over WebRTC's data channels.
        data_channel_enabled "dataChannelEnabled";
        /// Video may be transcoded between WebRTC and other protocols, at the cost of much processor time. Audio always is.
        web_rtc_transcoding_allowed "webRTCTranscodingAllowed";
    }
    numbers {
        /// Length of a step of time-based codes for subscribers without a period of their own, seconds.
        time_token_period "timeTokenPeriod";
        /// Longest life of an HTTP player's ticket, seconds.
        ticket_max_life_seconds "ticketMaxLifeSeconds";
        /// Most WebRTC viewers of the application; -1 for no limit.
        web_rtc_viewer_limit "webRTCViewerLimit";
        /// Most publishers of the application; -1 for no limit.
        ingesting_stream_limit "ingestingStreamLimit";
        /// Most pictures per second of a published stream; 0 for any.
        max_fps_accept "maxFpsAccept";
        /// Most pixels in height of a published stream; 0 for any.
        max_resolution_accept "maxResolutionAccept";
        /// Most bits per second of a published stream; 0 for any.
        max_bitrate_accept "maxBitrateAccept";
        /// How often a webhook is told again that did not answer.
        webhook_retry_count "webhookRetryCount";
        /// Between two tries of a webhook, milliseconds.
        webhook_retry_delay "webhookRetryDelay";
        /// Between two reports of a live stream to the webhook, milliseconds; -1 for none.
        webhook_stream_status_update_period_ms "webhookStreamStatusUpdatePeriodMs";
        /// How long RTMP media is held back to smooth its arrival, milliseconds.
        rtmp_ingest_buffer_time_ms "rtmpIngestBufferTimeMs";
        /// How long SRT media is held back for lost packets, milliseconds.
        srt_receive_latency_in_ms "srtReceiveLatencyInMs";
        /// How long a WebRTC publisher may send nothing after it was let in, milliseconds.
        web_rtc_client_start_timeout_ms "webRTCClientStartTimeoutMs";
    }
    numerals {
        /// Length of a segment of HLS and DASH, seconds.
        hls_time "hlsTime": f64;
        /// Segments in a live playlist.
        hls_list_size "hlsListSize": i32;
    }
    texts {
        /// Networks that may publish, with commas between; empty lets every address.
        allowed_publisher_cidr "allowedPublisherCIDR";
        /// Networks that may call the REST API without a login, with commas between.
        remote_allowed_cidr "remoteAllowedCIDR";
        /// Where the public keys of stream JWTs are; empty for none.
        jwks_url "jwksURL";
        /// The webhook that is asked before anybody publishes; empty for none.
        webhook_authenticate_url "webhookAuthenticateURL";
        /// The webhook that is asked before anybody plays; empty for none.
        webhook_play_auth_url "webhookPlayAuthUrl";
        /// The webhook that is told what happens; empty for none.
        listener_hook_url "listenerHookURL";
        /// Origins whose pages may read answers, with commas between; `*` for all.
        cors_allowed_origins "corsAllowedOrigins";
        /// The STUN or TURN server that WebRTC clients are told; empty for none.
        stun_server_uri "stunServerURI";
        /// The name by which WebRTC clients log in to the TURN server.
        turn_server_username "turnServerUsername";
        /// Whom the messages of WebRTC players reach: `all`, `publisher` or `none`.
        data_channel_player_distribution "dataChannelPlayerDistribution";
        /// The webhook that is sent every message of a data channel; empty for none.
        data_channel_web_hook_url "dataChannelWebHookURL";
        /// Empty for a live window, `event` to keep every segment in the playlist.
        hls_play_list_type "hlsPlayListType";
        /// The form of HLS segments: `fmp4`.
        hls_segment_type "hlsSegmentType";
        /// Kept for other software, seconds; DASH segments follow `hlsTime`.
        dash_seg_duration "dashSegDuration";
        /// Kept for other software, seconds.
        dash_fragment_duration "dashFragmentDuration";
        /// How far behind the publisher DASH players are asked to stay, seconds.
        dash_target_latency "dashTargetLatency";
        /// The media type of what webhooks are sent.
        webhook_content_type "webhookContentType";
        /// Sent as `Content-Security-Policy` with the application's pages, when not empty.
        content_security_policy_header_value "contentSecurityPolicyHeaderValue";
    }
    secrets {
        /// Whether `tokenHashSecret` is set.
        has_token_hash_secret,
        /// The secret of hash credentials. Write only.
        token_hash_secret "tokenHashSecret";
        /// Whether `jwtStreamSecretKey` is set.
        has_jwt_stream_secret_key,
        /// The key of stream JWTs. Write only.
        jwt_stream_secret_key "jwtStreamSecretKey";
        /// Whether `timeTokenSecretForPublish` is set.
        has_time_token_secret_for_publish,
        /// What publishing codes of subscribers without a secret of their own derive from. Write only.
        time_token_secret_for_publish "timeTokenSecretForPublish";
        /// Whether `timeTokenSecretForPlay` is set.
        has_time_token_secret_for_play,
        /// What playing codes of subscribers without a secret of their own derive from. Write only.
        time_token_secret_for_play "timeTokenSecretForPlay";
        /// Whether `jwtSecretKey` is set.
        has_jwt_secret_key,
        /// The key of JWTs that the REST API takes. Write only.
        jwt_secret_key "jwtSecretKey";
        /// Whether `clusterCommunicationKey` is set.
        has_cluster_communication_key,
        /// The key of requests between servers. Write only.
        cluster_communication_key "clusterCommunicationKey";
        /// Whether `subscriberAuthenticationKey` is set.
        has_subscriber_authentication_key,
        /// The key with which subscribers prove who they are. Write only.
        subscriber_authentication_key "subscriberAuthenticationKey";
        /// Whether `webhookSigningSecret` is set.
        has_webhook_signing_secret,
        /// The key that webhook bodies are signed with. Write only.
        webhook_signing_secret "webhookSigningSecret";
        /// Whether `turnServerCredential` is set.
        has_turn_server_credential,
        /// The password that goes with `turnServerUsername`; WebRTC clients are told it. Write only here.
        turn_server_credential "turnServerCredential";
    }
}

/// A setting that the server only keeps, under the name that REST has for it.
#[derive(SimpleObject)]
pub struct OtherSetting {
    /// The setting's name.
    name: String,
    /// Its value; null when it is not set, and for secrets.
    value: Option<Json<Value>>,
    /// Whether it has a value, secret or not.
    is_set: bool,
}

/// A setting by its name.
#[derive(InputObject)]
pub struct OtherSettingInput {
    /// The setting's name.
    name: String,
    /// Its new value; null resets it to its default.
    value: Json<Value>,
}

fn others(all: Vec<manage::OpenSetting>, shown: &[&str]) -> Vec<OtherSetting> {
    let mut others: Vec<_> = all.into_iter().filter(|setting| !shown.contains(&setting.name.as_str())).collect();
    others.sort_by(|a, b| a.name.cmp(&b.name));
    let show = |setting: manage::OpenSetting| OtherSetting {
        name: setting.name,
        value: setting.value.filter(|value| !value.is_null()).map(Json),
        is_set: setting.is_set,
    };
    others.into_iter().map(show).collect()
}

/// A secret setting in clear.
#[derive(SimpleObject)]
pub struct RevealedSetting {
    /// The setting's name.
    name: String,
    /// The secret itself.
    value: String,
}

impl From<(String, Secret<String>)> for RevealedSetting {
    fn from((name, value): (String, Secret<String>)) -> Self {
        Self { name, value: value.expose().clone() }
    }
}

/// Whether a secret has a value.
trait IsSet {
    fn is_set(&self) -> bool;
}

impl IsSet for Secret<String> {
    fn is_set(&self) -> bool {
        !self.expose().is_empty()
    }
}

impl IsSet for Option<Secret<String>> {
    fn is_set(&self) -> bool {
        self.as_ref().is_some_and(IsSet::is_set)
    }
}

/// Takes one field of a patch into the object that REST would send.
pub fn put(object: &mut Map<String, Value>, name: &str, value: MaybeUndefined<impl Into<Value>>) {
    match value {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => {
            object.insert(name.to_owned(), Value::Null);
        }
        MaybeUndefined::Value(value) => {
            object.insert(name.to_owned(), value.into());
        }
    }
}
