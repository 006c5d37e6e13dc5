//! What we say to clients: one JSON object a message, in the words that the published SDK understands.

use serde_json::{Map, Value, json};
use sluice_contract::UnixTime;
use sluice_contract::message::{RoomMember, WebrtcRules};

use super::super::ice::{self, Trust};

/// One message to a client.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message(Value);

impl Message {
    /// As it goes over the wire.
    pub fn text(&self) -> String {
        self.0.to_string()
    }

    #[cfg(test)]
    pub const fn json(&self) -> &Value {
        &self.0
    }

    pub fn pong() -> Self {
        Self(json!({ "command": "pong" }))
    }

    /// The client makes its offer when it reads this, not before.
    pub fn start(stream_id: &str, subscriber: &str) -> Self {
        Self(json!({ "command": "start", "streamId": stream_id, "subscriberId": subscriber }))
    }

    pub fn answer(stream_id: &str, subscriber: &str, sdp: &str) -> Self {
        Self(json!({
            "command": "takeConfiguration", "streamId": stream_id, "type": "answer", "sdp": sdp,
            "subscriberId": subscriber,
        }))
    }

    /// `tracks`: every media section's mid and the track that it carries. The SDK cannot do without.
    pub fn offer(stream_id: &str, subscriber: &str, sdp: &str, tracks: &[(String, String)]) -> Self {
        let mapping = tracks.iter().map(|(mid, track)| (mid.clone(), Value::from(track.as_str())));
        Self(json!({
            "command": "takeConfiguration", "streamId": stream_id, "type": "offer", "sdp": sdp,
            "idMapping": mapping.collect::<Map<_, _>>(), "subscriberId": subscriber,
        }))
    }

    /// An empty address leaves the client with its defaults.
    pub fn ice_servers(rules: &WebrtcRules, trust: Trust) -> Self {
        let (uri, login) = ice::server(rules, trust).unwrap_or_default();
        let (username, credential) = login.unwrap_or_default();
        Self(json!({
            "command": "iceServerConfig", "stunServerUri": uri, "turnServerUsername": username,
            "turnServerCredential": credential,
        }))
    }

    pub fn error(definition: &str, stream_id: &str) -> Self {
        Self(json!({ "command": "error", "definition": definition, "streamId": stream_id }))
    }

    /// An error with a word more than its definition.
    pub fn error_because(definition: &str, stream_id: &str, information: &str) -> Self {
        Self(json!({
            "command": "error", "definition": definition, "streamId": stream_id, "information": information,
        }))
    }

    /// The stream may be played, but is not live: the player waits for `streaming_started`.
    pub fn not_live(stream_id: &str) -> Self {
        Self(json!({
            "command": "error", "definition": "no_stream_exist", "streamId": stream_id, "error_code": "404",
            "information": "stream_not_exist_or_not_streaming",
        }))
    }

    pub fn publish_started(stream_id: &str, subscriber: &str, main_track: &str) -> Self {
        Self::notification("publish_started", stream_id)
            .with("subscriberId", subscriber)
            .with("ATTR_ROOM_NAME", main_track)
            .with("room", main_track)
    }

    /// `publish_finished`, `play_started`, `play_finished`.
    pub fn about_session(definition: &str, stream_id: &str, subscriber: &str) -> Self {
        Self::notification(definition, stream_id).with("subscriberId", subscriber)
    }

    pub fn blocked(stream_id: &str, subscriber: &str, until: Option<UnixTime>) -> Self {
        let message = Self::about_session("subscriber_blocked", stream_id, subscriber);
        match until {
            Some(until) => message.with("blockedUntil", until.as_millis()),
            None => message,
        }
    }

    pub fn bitrate(stream_id: &str, target: u64, video: u64, audio: u64) -> Self {
        Self::notification("bitrateMeasurement", stream_id)
            .with("targetBitrate", target)
            .with("videoBitrate", video)
            .with("audioBitrate", audio)
    }

    pub fn server_will_stop() -> Self {
        Self(json!({ "command": "notification", "definition": "server_will_stop" }))
    }

    /// Any notification about a stream.
    pub fn notification(definition: &str, stream_id: &str) -> Self {
        Self(json!({ "command": "notification", "definition": definition, "streamId": stream_id }))
    }

    /// `broadcast`: the record as JSON text.
    pub fn broadcast(stream_id: &str, broadcast: &str) -> Self {
        Self::notification("broadcastObject", stream_id).with("broadcast", broadcast)
    }

    /// `subscriberCount`, `subtrackCount`.
    pub fn count(definition: &str, stream_id: &str, count: u64) -> Self {
        Self::notification(definition, stream_id).with("count", count)
    }

    /// `subscriberList`, `subtrackList`: one JSON text each, under the definition's own name.
    pub fn list(definition: &str, stream_id: &str, texts: Vec<String>) -> Self {
        Self::notification(definition, stream_id).with(definition, texts)
    }

    /// Width and height in pixels, bitrates in bits per second.
    pub fn stream_information(stream_id: &str, size: (u32, u32), bitrate_bps: u64, codec: &str) -> Self {
        let (width, height) = size;
        Self(json!({
            "command": "streamInformation", "streamId": stream_id,
            "streamInfo": [{
                "streamWidth": width, "streamHeight": height, "videoBitrate": bitrate_bps, "audioBitrate": 0,
                "videoCodec": codec,
            }],
        }))
    }

    /// What is known of a stream, as one text for people.
    pub fn debug(stream_id: &str, known: &Self) -> Self {
        let text = known.0.get("streamInfo").map(Value::to_string).unwrap_or_default();
        Self::notification("debugInfo", stream_id).with("debugInfo", text)
    }

    pub fn track_list(stream_id: &str, tracks: &[String]) -> Self {
        Self(json!({ "command": "trackList", "streamId": stream_id, "trackList": tracks }))
    }

    pub fn video_tracks(stream_id: &str, tracks: &[String]) -> Self {
        let one = |track: &String| json!({ "videoLabel": track, "trackId": track });
        Self::notification("videoTrackAssignmentList", stream_id)
            .with("payload", tracks.iter().map(one).collect::<Vec<_>>())
    }

    /// `subtrackAdded`, `subtrackRemoved`.
    pub fn subtrack(definition: &str, main: &str, track: &str) -> Self {
        Self::notification(definition, main).with("trackId", track)
    }

    /// What the same people hear over their data channels.
    pub fn track_list_updated(main: &str) -> Self {
        Self(json!({ "command": "event", "eventType": "TRACK_LIST_UPDATED", "streamId": main }))
    }

    pub fn joined(room: &str, stream_id: &str, members: &[RoomMember]) -> Self {
        Self::notification("joinedTheRoom", stream_id)
            .with("ATTR_ROOM_NAME", room)
            .with("room", room)
            .with("streams", names(members))
            .with("streamList", people(members))
            .with("maxTrackCount", -1)
    }

    pub fn left(room: &str) -> Self {
        Self(json!({
            "command": "notification", "definition": "leavedFromRoom", "ATTR_ROOM_NAME": room, "room": room,
        }))
    }

    pub fn room(room: &str, stream_id: &str, members: &[RoomMember]) -> Self {
        Self(json!({
            "command": "roomInformation", "streamId": stream_id, "room": room, "ATTR_ROOM_NAME": room,
            "streams": names(members), "streamList": people(members),
        }))
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Value::Object(fields) = &mut self.0 {
            fields.insert(name.to_owned(), value.into());
        }
        self
    }
}

fn names(members: &[RoomMember]) -> Vec<&str> {
    members.iter().map(|member| member.stream_id.as_str()).collect()
}

fn people(members: &[RoomMember]) -> Vec<Value> {
    let one = |member: &RoomMember| {
        json!({
            "streamId": member.stream_id.as_str(),
            "streamName": member.name.as_deref().unwrap_or_default(),
            "metaData": member.meta_data.as_deref().unwrap_or_default(),
            "role": member.role.as_deref().unwrap_or_default(),
        })
    };
    members.iter().map(one).collect()
}
