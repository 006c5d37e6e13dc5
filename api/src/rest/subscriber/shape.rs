//! The Subscriber object of REST (`rest-v2` §2.4, §2.5): what comes in, what goes out.

use serde::{Deserialize, Serialize};
use sluice_contract::{Operation, Secret, UnixTime};
use utoipa::ToSchema;

use crate::manage::{BlockOperations, ConnectionEvent, PutSubscriber, Subscriber};
use crate::rest::lenient;

/// A subscriber to register. Unknown fields are ignored, and so is everything that the server itself knows.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct SubscriberInput {
    /// At least four characters.
    #[serde(deserialize_with = "lenient::text")]
    #[schema(example = "publisherA")]
    subscriber_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    subscriber_name: Option<String>,
    /// Base32, a multiple of eight characters. Never told again. Without it, codes derive from the application's
    /// secrets.
    #[serde(deserialize_with = "lenient::text")]
    #[schema(example = "mysecret")]
    b32_secret: Option<String>,
    /// `publish` or `play`; publishers may also play.
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    #[schema(example = "publish")]
    kind: Option<String>,
    /// Most connections at a time; 1 unless set.
    #[serde(deserialize_with = "lenient::integer")]
    concurrent_connections_limit: Option<i64>,
    /// Length of a code's step, 10 to 2147483647; the application's unless set.
    #[serde(deserialize_with = "lenient::integer")]
    totp_expiry_period_seconds: Option<i64>,
}

impl SubscriberInput {
    pub fn into_put(self) -> PutSubscriber {
        PutSubscriber {
            subscriber_id: self.subscriber_id,
            name: self.subscriber_name,
            b32_secret: self.b32_secret.map(Secret::new),
            operation: self.kind,
            totp_period_seconds: self.totp_expiry_period_seconds,
            concurrent_connections_limit: self.concurrent_connections_limit,
        }
    }
}

/// A subscriber as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscriber)]
#[serde(rename_all = "camelCase")]
pub struct SubscriberObject {
    subscriber_id: String,
    subscriber_name: Option<String>,
    stream_id: String,
    /// `publish`, `play`, or `null` when not restricted.
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    connected: bool,
    current_concurrent_connections: u32,
    concurrent_connections_limit: u32,
    /// `publish`, `play` or `publish_play`: what is blocked, or was blocked last.
    blocked_type: Option<&'static str>,
    /// Unix time in milliseconds; it may lie in the past.
    blocked_until_unit_time_stamp_ms: i64,
    registered_node_ip: Option<String>,
    /// Bits per second.
    avg_video_bitrate: i64,
    avg_audio_bitrate: i64,
    totp_expiry_period_seconds: u32,
}

impl From<Subscriber> for SubscriberObject {
    fn from(subscriber: Subscriber) -> Self {
        let block = shown_block(&subscriber);
        Self {
            connected: subscriber.is_connected(),
            subscriber_id: subscriber.subscriber_id.to_string(),
            subscriber_name: subscriber.name,
            stream_id: subscriber.stream_id.to_string(),
            kind: subscriber.operation.map(Operation::as_str),
            current_concurrent_connections: subscriber.current_connections,
            concurrent_connections_limit: subscriber.concurrent_connections_limit,
            blocked_type: block.map(|(operations, _)| operations.as_str()),
            blocked_until_unit_time_stamp_ms: block.map_or(0, |(_, until)| until.as_millis()),
            registered_node_ip: None,
            avg_video_bitrate: subscriber.average_video_bitrate_bps,
            avg_audio_bitrate: subscriber.average_audio_bitrate_bps,
            totp_expiry_period_seconds: subscriber.totp_period_seconds,
        }
    }
}

impl SubscriberObject {
    /// The same for others who watch the stream: who there is, not what they may do and did.
    pub fn for_viewers(self) -> Self {
        Self {
            current_concurrent_connections: 0,
            concurrent_connections_limit: 0,
            blocked_type: None,
            blocked_until_unit_time_stamp_ms: 0,
            registered_node_ip: None,
            avg_video_bitrate: 0,
            avg_audio_bitrate: 0,
            totp_expiry_period_seconds: 0,
            ..self
        }
    }
}

/// REST has one place for two blocks: both when both hold, until the later one; else the one that holds; else the last.
fn shown_block(subscriber: &Subscriber) -> Option<(BlockOperations, UnixTime)> {
    match (subscriber.publish_blocked_until, subscriber.play_blocked_until) {
        (Some(publish), Some(play)) => Some((BlockOperations::Both, publish.max(play))),
        (Some(publish), None) => Some((BlockOperations::Publish, publish)),
        (None, Some(play)) => Some((BlockOperations::Play, play)),
        (None, None) => subscriber.last_block,
    }
}

/// What one subscriber did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriberStats {
    pub subscriber_id: String,
    pub stream_id: String,
    /// In order of time, at most the newest fifty.
    pub connection_events: Vec<ConnectionEventObject>,
    /// Bits per second.
    pub avg_video_bitrate: i64,
    pub avg_audio_bitrate: i64,
}

/// A subscriber came or went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionEvent)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionEventObject {
    /// Unix time in milliseconds.
    timestamp: i64,
    /// `connected` or `disconnected`.
    event_type: &'static str,
    /// The server under the name by which the caller reached it.
    #[serde(rename = "instanceIP")]
    instance_ip: String,
    /// `publish` or `play`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `rtmp`, `srt`, `webrtc`, `whip`, `whep`, `hls`, `dash` or `vod`.
    event_protocol: &'static str,
    stream_id: String,
    subscriber_id: String,
}

impl ConnectionEventObject {
    pub fn of(event: ConnectionEvent, host: &str) -> Self {
        Self {
            timestamp: event.at.as_millis(),
            event_type: event.kind.as_str(),
            instance_ip: host.to_owned(),
            kind: event.operation.as_str(),
            event_protocol: event.protocol.as_str(),
            stream_id: event.stream_id.to_string(),
            subscriber_id: event.subscriber_id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_blocks_are_shown_in_the_one_place_that_clients_know() {
        let at = UnixTime::from_secs;
        let subscriber = |publish, play, last| Subscriber {
            id: uuid::Uuid::nil(),
            application: "LiveApp".parse().expect("a name"),
            stream_id: "stream1".parse().expect("a name"),
            subscriber_id: "playerB".parse().expect("a name"),
            name: None,
            operation: None,
            has_secret: false,
            totp_period_seconds: 60,
            concurrent_connections_limit: 1,
            created_at: UnixTime::EPOCH,
            current_connections: 0,
            publish_blocked_until: publish,
            play_blocked_until: play,
            last_block: last,
            average_video_bitrate_bps: 0,
            average_audio_bitrate_bps: 0,
        };
        for (publish, play, last, shown) in [
            (None, None, None, None),
            (Some(at(5)), Some(at(9)), None, Some((BlockOperations::Both, at(9)))),
            (Some(at(5)), None, Some((BlockOperations::Play, at(1))), Some((BlockOperations::Publish, at(5)))),
            (None, Some(at(7)), None, Some((BlockOperations::Play, at(7)))),
            (None, None, Some((BlockOperations::Both, at(2))), Some((BlockOperations::Both, at(2)))),
        ] {
            assert_eq!(shown_block(&subscriber(publish, play, last)), shown);
        }
    }
}
