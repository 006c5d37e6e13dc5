//! The Broadcast object of REST (`rest-v2` §2.2): what comes in, what goes out.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sluice_contract::{Operation, Protocol, StreamId, UnixTime};
use utoipa::ToSchema;

use crate::Api;
use crate::manage::{
    Application, Broadcast, BroadcastChanges, BroadcastType, LiveStream, NewBroadcast, Outcome, Session, SessionFilter,
};
use crate::rest::lenient;

/// A broadcast to create or change. Absent and `null` fields are not set, or keep their value; unknown and read-only
/// ones are ignored.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct BroadcastInput {
    /// On creation only. One is made when it is empty.
    #[serde(deserialize_with = "lenient::text")]
    #[schema(example = "stream1")]
    stream_id: Option<String>,
    /// On creation only: `liveStream`, `ipCamera`, `streamSource`, `VoD` or `playlist`.
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    kind: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    description: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    meta_data: Option<String>,
    /// Unix time in seconds; 0 for none. Publishing is limited to the planned time only when both ends are set.
    #[serde(deserialize_with = "lenient::integer")]
    planned_start_date: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    planned_end_date: Option<i64>,
    /// On creation only: publishing is allowed this long, in milliseconds; 0 for ever.
    #[serde(rename = "expireDurationMS", deserialize_with = "lenient::integer")]
    expire_duration_ms: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    main_track_stream_id: Option<String>,
    /// -1 for no limit.
    #[serde(rename = "webRTCViewerLimit", deserialize_with = "lenient::integer")]
    webrtc_viewer_limit: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    hls_viewer_limit: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    dash_viewer_limit: Option<i64>,
    #[serde(flatten)]
    carried: CarriedInput,
    #[serde(flatten)]
    carried_on_creation: CarriedOnCreation,
}

/// Fields that are stored and returned.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
struct CarriedInput {
    #[serde(skip_serializing_if = "Option::is_none")]
    end_point_list: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    play_list_item_list: Option<Vec<Value>>,
    /// On updates an empty text keeps the value.
    #[serde(rename = "listenerHookURL", deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    listener_hook_url: Option<String>,
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    ip_addr: Option<String>,
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    stream_url: Option<String>,
    #[serde(deserialize_with = "lenient::integer", skip_serializing_if = "Option::is_none")]
    seek_time_in_ms: Option<i64>,
    #[serde(deserialize_with = "lenient::integer", skip_serializing_if = "Option::is_none")]
    subtracks_limit: Option<i64>,
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    latitude: Option<String>,
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    longitude: Option<String>,
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    altitude: Option<String>,
    /// Must not contain `..`.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    sub_folder: Option<String>,
    #[serde(deserialize_with = "lenient::integer", skip_serializing_if = "Option::is_none")]
    current_play_index: Option<i64>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    playlist_loop_enabled: Option<bool>,
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    auto_start_stop_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoder_settings_list: Option<Vec<Value>>,
}

/// Fields that are stored on creation only.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
struct CarriedOnCreation {
    #[serde(deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    publish: Option<bool>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    public_stream: Option<bool>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    is360: Option<bool>,
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(deserialize_with = "lenient::integer", skip_serializing_if = "Option::is_none")]
    mp4_enabled: Option<i64>,
    #[serde(rename = "webMEnabled", deserialize_with = "lenient::integer", skip_serializing_if = "Option::is_none")]
    webm_enabled: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hls_parameters: Option<Map<String, Value>>,
    #[serde(deserialize_with = "lenient::integer", skip_serializing_if = "Option::is_none")]
    max_idle_time: Option<i64>,
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    conference_mode: Option<String>,
}

impl BroadcastInput {
    pub fn into_new(self) -> Result<NewBroadcast, UnknownType> {
        let kind = match self.kind.as_deref().map(str::trim).filter(|kind| !kind.is_empty()) {
            None => None,
            Some(word) => Some(BroadcastType::parse(word).ok_or(UnknownType)?),
        };
        let on_creation = object(&self.carried_on_creation);
        let stream_id = self.stream_id.clone();
        let expire_duration_ms = self.expire_duration_ms.unwrap_or(0).max(0);
        let mut fields = self.fields();
        fields.other.extend(on_creation);
        Ok(NewBroadcast { stream_id, kind, expire_duration_ms, room: false, fields })
    }

    pub fn into_changes(self) -> BroadcastChanges {
        let mut changes = self.fields();
        // An empty hook address keeps the one that is there.
        if changes.other.get("listenerHookURL").is_some_and(|url| url == "") {
            changes.other.remove("listenerHookURL");
        }
        changes
    }

    fn fields(self) -> BroadcastChanges {
        let time = |seconds: Option<i64>| seconds.map(|at| (at > 0).then(|| UnixTime::from_secs(at)));
        BroadcastChanges {
            name: self.name,
            description: self.description,
            metadata: self.meta_data,
            planned_start: time(self.planned_start_date),
            planned_end: time(self.planned_end_date),
            main_track: self.main_track_stream_id,
            webrtc_viewer_limit: self.webrtc_viewer_limit,
            hls_viewer_limit: self.hls_viewer_limit,
            dash_viewer_limit: self.dash_viewer_limit,
            other: object(&self.carried),
        }
    }
}

/// The `type` of a broadcast is none of the five.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownType;

fn object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// A broadcast as it stands. Unset fields are `null`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Broadcast)]
#[serde(rename_all = "camelCase")]
pub struct BroadcastObject {
    stream_id: String,
    /// `created`, `preparing`, `broadcasting`, `finished`, `error`, `failed` or `terminated_unexpectedly`.
    status: &'static str,
    play_list_status: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    /// `WebRTC`, `RTMP`, `SRT` or `Pull`.
    publish_type: Option<&'static str>,
    name: Option<String>,
    description: Option<String>,
    publish: bool,
    /// Unix time in milliseconds.
    date: i64,
    /// Unix time in seconds.
    planned_start_date: i64,
    planned_end_date: i64,
    /// Milliseconds on air.
    duration: i64,
    #[schema(value_type = Option<Vec<Object>>)]
    end_point_list: Option<Value>,
    #[schema(value_type = Option<Vec<Object>>)]
    play_list_item_list: Option<Value>,
    public_stream: bool,
    is360: bool,
    #[serde(rename = "listenerHookURL")]
    listener_hook_url: Option<String>,
    category: Option<String>,
    ip_addr: Option<String>,
    username: Option<String>,
    /// Never told.
    password: Option<String>,
    quality: Option<String>,
    /// Media time per wall-clock time; about 1.0 when healthy.
    speed: f64,
    stream_url: Option<String>,
    origin_adress: String,
    mp4_enabled: i64,
    #[serde(rename = "webMEnabled")]
    webm_enabled: i64,
    seek_time_in_ms: i64,
    subtracks_limit: i64,
    #[serde(rename = "expireDurationMS")]
    expire_duration_ms: i64,
    #[serde(rename = "rtmpURL")]
    rtmp_url: String,
    /// Made by publishing an undefined stream.
    zombi: bool,
    pending_packet_size: i64,
    hls_viewer_count: u32,
    dash_viewer_count: u32,
    #[serde(rename = "webRTCViewerCount")]
    webrtc_viewer_count: u32,
    rtmp_viewer_count: u32,
    /// Unix time in milliseconds.
    start_time: i64,
    received_bytes: u64,
    /// Bits per second.
    bitrate: u64,
    width: u32,
    height: u32,
    encoder_queue_size: i64,
    drop_packet_count_in_ingestion: i64,
    drop_frame_count_in_encoding: i64,
    packet_lost_ratio: f64,
    packets_lost: u64,
    jitter_ms: i64,
    rtt_ms: i64,
    user_agent: String,
    remote_ip: Option<String>,
    latitude: Option<String>,
    longitude: Option<String>,
    altitude: Option<String>,
    main_track_stream_id: Option<String>,
    absolute_start_time_ms: i64,
    #[serde(rename = "webRTCViewerLimit")]
    webrtc_viewer_limit: i64,
    hls_viewer_limit: i64,
    dash_viewer_limit: i64,
    sub_folder: Option<String>,
    current_play_index: i64,
    meta_data: Option<String>,
    playlist_loop_enabled: bool,
    /// When the publisher was last heard, Unix time in milliseconds.
    update_time: i64,
    role: Option<String>,
    #[schema(value_type = Option<Object>)]
    hls_parameters: Option<Value>,
    auto_start_stop_enabled: bool,
    #[schema(value_type = Option<Vec<Object>>)]
    encoder_settings_list: Option<Value>,
    #[serde(rename = "virtual")]
    is_virtual: bool,
    max_idle_time: i64,
    anyone_watching: bool,
    sub_track_stream_ids: Vec<String>,
    conference_mode: Option<String>,
}

impl BroadcastObject {
    /// The same for viewers: without addresses of people, of servers and of what stands behind the stream, which may
    /// hold passwords and stream keys.
    pub fn for_viewers(self) -> Self {
        Self {
            end_point_list: None,
            play_list_item_list: None,
            listener_hook_url: None,
            ip_addr: None,
            username: None,
            password: None,
            stream_url: None,
            origin_adress: String::new(),
            rtmp_url: String::new(),
            user_agent: UNKNOWN_AGENT.to_owned(),
            remote_ip: None,
            ..self
        }
    }
}

/// What is live about the broadcasts of one application, read once for a whole list.
pub struct LivePicture {
    host: String,
    now: UnixTime,
    publishers: HashMap<StreamId, Session>,
}

impl LivePicture {
    /// `host` is the name under which the caller reached us.
    pub fn of(api: &Api, application: &Application, host: String, stream: Option<&StreamId>) -> Self {
        let filter = SessionFilter {
            stream_id: stream.cloned(),
            operation: Some(Operation::Publish),
            open: Some(true),
            ..SessionFilter::default()
        };
        let sessions = api.open_sessions(application, &filter, MAX_PUBLISHERS);
        let publishers = sessions.into_iter().map(|session| (session.stream_id.clone(), session)).collect();
        Self { host, now: api.now(), publishers }
    }

    /// The objects that clients get, in the same order.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn show_all(
        &self,
        api: &Api,
        application: &Application,
        broadcasts: Vec<Broadcast>,
    ) -> Outcome<Vec<BroadcastObject>> {
        let mains: Vec<&Broadcast> = broadcasts.iter().collect();
        let mut tracks: HashMap<String, Vec<String>> = HashMap::new();
        for (main, track) in api.subtrack_names(application, &mains).await? {
            tracks.entry(main).or_default().push(track);
        }
        let show = |broadcast: Broadcast| {
            let tracks = tracks.remove(broadcast.stream_id.as_str()).unwrap_or_default();
            self.object(api, application, broadcast, tracks)
        };
        Ok(broadcasts.into_iter().map(show).collect())
    }

    /// The object that clients get.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn show(&self, api: &Api, application: &Application, broadcast: Broadcast) -> Outcome<BroadcastObject> {
        let tracks = api.subtrack_names(application, &[&broadcast]).await?.into_iter().map(|(_, track)| track);
        let tracks = tracks.collect();
        Ok(self.object(api, application, broadcast, tracks))
    }

    fn object(
        &self,
        api: &Api,
        application: &Application,
        broadcast: Broadcast,
        sub_track_stream_ids: Vec<String>,
    ) -> BroadcastObject {
        let live = api.live_stream(application, &broadcast.stream_id);
        let publisher = self.publishers.get(&broadcast.stream_id).filter(|_| live.is_some());
        let carried = Carried(&broadcast.other);
        let viewers = |protocols: &[Protocol]| {
            live.as_ref().map_or(0, |live| protocols.iter().map(|protocol| live.viewers.of(*protocol)).sum::<u32>())
        };
        let video = live.as_ref().and_then(|live| live.video.as_ref());
        let stats = publisher.map(|publisher| publisher.stats).unwrap_or_default();
        BroadcastObject {
            stream_id: broadcast.stream_id.to_string(),
            status: broadcast.status.as_str(),
            play_list_status: carried.text("playListStatus"),
            kind: broadcast.kind.as_str(),
            publish_type: broadcast.publish_protocol.and_then(publish_type),
            publish: carried.flag("publish", true),
            date: broadcast.created_at.as_millis(),
            planned_start_date: broadcast.planned_start.map_or(0, UnixTime::as_secs),
            planned_end_date: broadcast.planned_end.map_or(0, UnixTime::as_secs),
            duration: self.duration(&broadcast, live.as_ref()),
            end_point_list: carried.list("endPointList"),
            play_list_item_list: carried.list("playListItemList"),
            public_stream: carried.flag("publicStream", true),
            is360: carried.flag("is360", false),
            listener_hook_url: carried.text("listenerHookURL"),
            category: carried.text("category"),
            ip_addr: carried.text("ipAddr"),
            username: carried.text("username"),
            password: None,
            quality: None,
            speed: live.as_ref().map_or(0.0, |live| f64::from(live.speed)),
            stream_url: carried.text("streamUrl"),
            origin_adress: self.host.clone(),
            mp4_enabled: carried.integer("mp4Enabled", 0),
            webm_enabled: carried.integer("webMEnabled", 0),
            seek_time_in_ms: carried.integer("seekTimeInMs", 0),
            subtracks_limit: carried.integer("subtracksLimit", -1),
            expire_duration_ms: broadcast.expire_duration_ms,
            rtmp_url: format!("rtmp://{}/{}/{}", self.host, application.name, broadcast.stream_id),
            zombi: broadcast.ephemeral,
            pending_packet_size: 0,
            hls_viewer_count: viewers(&[Protocol::Hls]),
            dash_viewer_count: viewers(&[Protocol::Dash]),
            webrtc_viewer_count: viewers(&[Protocol::WebRtc, Protocol::Whep]),
            rtmp_viewer_count: viewers(&[Protocol::Rtmp]),
            start_time: broadcast.started_at.map_or(0, UnixTime::as_millis),
            received_bytes: live.as_ref().map_or(0, |live| live.received_bytes),
            bitrate: live.as_ref().map_or(0, |live| live.bitrate_bps),
            width: video.map_or(0, |video| video.width),
            height: video.map_or(0, |video| video.height),
            encoder_queue_size: 0,
            drop_packet_count_in_ingestion: 0,
            drop_frame_count_in_encoding: 0,
            packet_lost_ratio: stats.loss_ratio(),
            packets_lost: stats.packets_lost,
            jitter_ms: stats.jitter_ms.round() as i64,
            rtt_ms: stats.round_trip_time_ms.round() as i64,
            user_agent: publisher
                .and_then(|session| session.peer.user_agent.clone())
                .unwrap_or(UNKNOWN_AGENT.to_owned()),
            remote_ip: publisher.map(|session| session.peer.address.to_string()),
            latitude: carried.text("latitude"),
            longitude: carried.text("longitude"),
            altitude: carried.text("altitude"),
            main_track_stream_id: broadcast.main_track.as_ref().map(StreamId::to_string),
            absolute_start_time_ms: 0,
            webrtc_viewer_limit: broadcast.webrtc_viewer_limit,
            hls_viewer_limit: broadcast.hls_viewer_limit,
            dash_viewer_limit: broadcast.dash_viewer_limit,
            sub_folder: carried.text("subFolder"),
            current_play_index: carried.integer("currentPlayIndex", 0),
            playlist_loop_enabled: carried.flag("playlistLoopEnabled", true),
            update_time: broadcast.updated_at.map_or(0, UnixTime::as_millis),
            role: carried.text("role"),
            hls_parameters: carried.map("hlsParameters"),
            auto_start_stop_enabled: carried.flag("autoStartStopEnabled", false),
            encoder_settings_list: carried.list("encoderSettingsList"),
            is_virtual: broadcast.room,
            max_idle_time: carried.integer("maxIdleTime", 0),
            anyone_watching: live.as_ref().is_some_and(|live| live.viewers.total() > 0),
            sub_track_stream_ids,
            conference_mode: carried.text("conferenceMode"),
            name: broadcast.name,
            description: broadcast.description,
            meta_data: broadcast.metadata,
        }
    }

    /// Milliseconds of the current run, or of the last one.
    fn duration(&self, broadcast: &Broadcast, live: Option<&LiveStream>) -> i64 {
        let until = if live.is_some() { Some(self.now) } else { broadcast.ended_at };
        let since = live.map(|live| live.since).or(broadcast.started_at);
        match (since, until) {
            (Some(since), Some(until)) => until.millis_since(since).max(0),
            _ => 0,
        }
    }
}

const UNKNOWN_AGENT: &str = "N/A";
/// More publishers of one application than this have no address and user agent in lists.
const MAX_PUBLISHERS: usize = 10_000;

const fn publish_type(protocol: Protocol) -> Option<&'static str> {
    match protocol {
        Protocol::Rtmp => Some("RTMP"),
        Protocol::Srt => Some("SRT"),
        Protocol::WebRtc | Protocol::Whip => Some("WebRTC"),
        Protocol::Whep | Protocol::Hls | Protocol::Dash | Protocol::Vod => None,
    }
}

/// Reads fields that only pass through; one of another type than documented counts as unset.
struct Carried<'a>(&'a Map<String, Value>);

impl Carried<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().map(str::to_owned)
    }

    fn integer(&self, name: &str, default: i64) -> i64 {
        self.0.get(name).and_then(Value::as_i64).unwrap_or(default)
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(default)
    }

    fn list(&self, name: &str) -> Option<Value> {
        self.0.get(name).filter(|value| value.is_array()).cloned()
    }

    fn map(&self, name: &str) -> Option<Value> {
        self.0.get(name).filter(|value| value.is_object()).cloned()
    }
}
