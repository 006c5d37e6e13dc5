//! What a webhook is told: the actions, and the fields of each.

use serde_json::{Map, Value, json};
use sluice_contract::{ApplicationSettings, UnixTime};

use crate::directory::is_secret;
use crate::store::broadcasts;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    LiveStreamStarted,
    LiveStreamEnded,
    /// The figures of a live stream, every so often.
    LiveStreamStatus,
    /// A recording is complete.
    VodReady,
    PlayStarted,
    PlayStopped,
    /// A publisher was let in and sent no media.
    PublishTimeoutError,
    /// A stream of a room came or went, and with it perhaps the first or the last one.
    SubtrackAdded,
    SubtrackLeft,
    FirstActiveTrackAdded,
    NoActiveSubtracksLeft,
    /// Nobody watched a stream for as long as its record says.
    IdleTimeIsExpired,
    PublishRefused,
    PlayRefused,
    SubscriberBlocked,
    SubscriberUnblocked,
    /// Somebody wrote to a data channel. Goes to a webhook of its own.
    DataChannelMessage,
    /// Somebody tries the webhook out.
    Test,
}

impl Action {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LiveStreamStarted => "liveStreamStarted",
            Self::LiveStreamEnded => "liveStreamEnded",
            Self::LiveStreamStatus => "liveStreamStatus",
            Self::VodReady => "vodReady",
            Self::PlayStarted => "playStarted",
            Self::PlayStopped => "playStopped",
            Self::PublishTimeoutError => "publishTimeoutError",
            Self::SubtrackAdded => "subtrackAddedInTheMainTrack",
            Self::SubtrackLeft => "subtrackLeftTheMainTrack",
            Self::FirstActiveTrackAdded => "firstActiveTrackAddedInMainTrack",
            Self::NoActiveSubtracksLeft => "noActiveSubtracksLeftInMainTrack",
            Self::IdleTimeIsExpired => "idleTimeIsExpired",
            Self::PublishRefused => "publishRefused",
            Self::PlayRefused => "playRefused",
            Self::SubscriberBlocked => "subscriberBlocked",
            Self::SubscriberUnblocked => "subscriberUnblocked",
            Self::DataChannelMessage => "dataChannelMessage",
            Self::Test => "webhookTest",
        }
    }

    /// True unless it is one that must be asked for, and is not.
    pub fn is_wanted(self, settings: &ApplicationSettings) -> bool {
        match self {
            Self::PublishRefused | Self::PlayRefused | Self::SubscriberBlocked | Self::SubscriberUnblocked => {
                settings.opt_in_events().any(|event| event == self.as_str())
            }
            _ => true,
        }
    }

    /// Followed by so many others that what was delivered, or lost, is not written down one by one.
    pub fn is_fleeting(word: &str) -> bool {
        [Self::LiveStreamStatus, Self::DataChannelMessage].iter().any(|action| action.as_str() == word)
    }

    /// Viewers and strangers cause these, in any number.
    pub const fn is_minor(self) -> bool {
        matches!(
            self,
            Self::LiveStreamStatus
                | Self::PlayStarted
                | Self::PlayStopped
                | Self::PublishRefused
                | Self::PlayRefused
                | Self::IdleTimeIsExpired
                | Self::DataChannelMessage
        )
    }
}

/// Something that happened to a stream.
pub struct Happening<'a> {
    pub action: Action,
    pub stream_id: &'a str,
    /// Its record, while there is one.
    pub broadcast: Option<&'a broadcasts::Model>,
    /// Who publishes or plays.
    pub subscriber_id: Option<&'a str>,
    pub at: UnixTime,
    /// What belongs to this action alone.
    pub fields: Map<String, Value>,
    /// Further parameters of the publisher's address.
    pub parameters: Option<&'a str>,
}

impl Happening<'_> {
    /// The fields of the body. What is blank is left out, and a publisher's own parameters never take the place of ours.
    pub fn fields(&self, application: &str) -> Map<String, Value> {
        let mut all = Map::new();
        put(&mut all, "id", self.stream_id);
        put(&mut all, "action", self.action.as_str());
        if let Some(broadcast) = self.broadcast {
            put(&mut all, "streamName", broadcast.name.as_deref().unwrap_or_default());
            put(&mut all, "category", broadcast.other.get("category").and_then(Value::as_str).unwrap_or_default());
            for name in ["mainTrackId", "roomId"] {
                put(&mut all, name, broadcast.main_track.as_deref().unwrap_or_default());
            }
            if let Some(text) = broadcast.metadata.as_deref().filter(|text| !text.trim().is_empty()) {
                let read = serde_json::from_str(text).ok().filter(Value::is_object);
                all.insert("metadata".to_owned(), read.unwrap_or_else(|| Value::from(text)));
            }
        }
        put(&mut all, "subscriberId", self.subscriber_id.unwrap_or_default());
        put(&mut all, "app", application);
        let timestamp = match self.action {
            Action::LiveStreamStatus => json!(self.at.as_millis()),
            _ => json!(self.at.as_millis().to_string()),
        };
        all.insert("timestamp".to_owned(), timestamp);
        all.extend(self.fields.clone());
        let read = self.parameters.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
        for (name, value) in read.unwrap_or_default() {
            if !RESERVED.contains(&name.as_str()) {
                all.entry(name).or_insert(value);
            }
        }
        all
    }
}

/// The further parameters of a publisher's address that may be told to others: no credentials, and not more than
/// [`PARAMETERS_BYTES`]. `None` when nothing is left.
pub fn parameters<'a>(extra: impl IntoIterator<Item = (&'a String, &'a String)>) -> Option<String> {
    let mut kept = Map::new();
    let mut bytes = 0;
    for (name, value) in extra {
        bytes += name.len() + value.len();
        if bytes > PARAMETERS_BYTES {
            break;
        }
        if !is_credential(name) && !RESERVED.contains(&name.as_str()) {
            kept.insert(name.clone(), Value::from(value.as_str()));
        }
    }
    (!kept.is_empty()).then(|| Value::Object(kept).to_string())
}

fn put(all: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.trim().is_empty() {
        all.insert(name.to_owned(), Value::from(text));
    }
}

/// By its name: whoever sends a secret under another name has named it otherwise.
fn is_credential(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_secret(name)
        || ["token", "jwt", "signature", "apikey", "api_key", "authoriz", "authentic"]
            .iter()
            .any(|word| lower.contains(word))
        || ["code", "hash", "auth", "key", "sig", "pin"].iter().any(|word| lower.ends_with(word))
}

/// What was written to a data channel: a text, or bytes in base64.
pub const DATA: &str = "data";
pub const BINARY_DATA: &str = "binaryData";
/// Fields with a meaning of their own.
const RESERVED: [&str; 16] = [
    "id",
    "action",
    "streamName",
    "category",
    "mainTrackId",
    "roomId",
    "subscriberId",
    "app",
    "metadata",
    "timestamp",
    "vodName",
    "vodId",
    "duration",
    "reason",
    "protocol",
    "remoteIp",
];

/// A stream's tags and ids; more is a stranger filling the database.
const PARAMETERS_BYTES: usize = 4_096;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn extra(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn parameters_hold_no_credential() {
        let given = extra(&[
            ("streamTag", "a"),
            ("accessToken", "T"),
            ("subscriberCode", "123456"),
            ("jwt", "J"),
            ("my_secret", "S"),
            ("password", "P"),
            ("streamKey", "K"),
            ("action", "liveStreamEnded"),
        ]);
        assert_eq!(parameters(&given).as_deref(), Some(r#"{"streamTag":"a"}"#));
        assert_eq!(parameters(&extra(&[("token", "T")])), None);
        let long = "x".repeat(5_000);
        assert_eq!(parameters(&extra(&[("a", &long)])), None);
    }

    #[test]
    fn a_publisher_cannot_write_our_fields() {
        let happening = Happening {
            action: Action::LiveStreamStarted,
            stream_id: "s",
            broadcast: None,
            subscriber_id: None,
            at: UnixTime::from_millis(1_700_000_000_123),
            fields: Map::new(),
            parameters: Some(r#"{"app":"Other","subscriberId":"admin","tag":"t"}"#),
        };
        let expected = json!({
            "id": "s", "action": "liveStreamStarted", "app": "LiveApp", "timestamp": "1700000000123", "tag": "t",
        });
        assert_eq!(Value::Object(happening.fields("LiveApp")), expected);
    }
}
