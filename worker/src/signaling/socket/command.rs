//! What clients send: one JSON object a message, read leniently. Numbers and truth come as texts too, `null`, `""` and
//! absent are the same, and what has another shape than expected counts as absent. Nothing is kept of what we do not
//! know.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use sluice_contract::Credentials;

use super::selection::Selection;

/// A message: what it is about, and what is wanted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    /// In the client's words; empty when it names none.
    pub stream_id: String,
    pub command: Command,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Command {
    Ping,
    IceServers,
    Publish {
        credentials: Credentials,
        video: bool,
        audio: bool,
        main_track: String,
    },
    Play {
        credentials: Credentials,
        selection: Selection,
    },
    Stop,
    Offer(String),
    Answer(String),
    Candidate,
    /// A question that is answered with a message.
    Ask {
        question: Question,
        credentials: Credentials,
    },
    /// Goes on with, or stops, sending kinds of media to a viewer: of one track, or of all.
    Enable {
        track: Option<String>,
        video: bool,
        audio: bool,
        enabled: bool,
    },
    LeaveRoom {
        room: String,
    },
}

/// What a client asks about a stream or room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    StreamInfo,
    Broadcast,
    SubscriberCount,
    Subscribers {
        offset: u64,
        size: u64,
    },
    TrackList,
    Subtracks {
        offset: u64,
        size: u64,
        role: Option<String>,
    },
    SubtrackCount {
        role: Option<String>,
        status: Option<String>,
    },
    VideoTracks,
    Debug,
    /// `joinRoom`: who is there.
    JoinRoom {
        room: String,
    },
    /// `getRoomInfo`.
    RoomInfo {
        room: String,
    },
}

impl Question {
    /// Its answer tells who is in a room, and nothing else of a stream.
    pub const fn is_about_room(&self) -> bool {
        match self {
            Self::TrackList
            | Self::Subtracks { .. }
            | Self::SubtrackCount { .. }
            | Self::VideoTracks
            | Self::JoinRoom { .. }
            | Self::RoomInfo { .. } => true,
            Self::StreamInfo | Self::Broadcast | Self::SubscriberCount | Self::Subscribers { .. } | Self::Debug => {
                false
            }
        }
    }
}

/// Reads a message; `None` for what is no JSON object, and for commands that we do not know.
pub(super) fn read(text: &str) -> Option<Message> {
    let mut wire: Wire = serde_json::from_str(text).ok()?;
    let stream_id = wire.stream_id.text();
    let page = |wire: &Wire| (wire.offset.count().unwrap_or(0), wire.size.count().unwrap_or(DEFAULT_PAGE));
    let ask = |wire: &Wire, question| Command::Ask { question, credentials: wire.identity() };
    let command = match wire.command.text().as_str() {
        "ping" => Command::Ping,
        "getIceServerConfig" => Command::IceServers,
        "publish" => Command::Publish {
            video: wire.video.flag().or(wire.enablevideo.flag()).unwrap_or(true),
            audio: wire.audio.flag().or(wire.enableaudio.flag()).unwrap_or(true),
            main_track: wire.main_track.text(),
            credentials: wire.publisher(),
        },
        "play" => {
            let (credentials, names_subscriber) = wire.viewer();
            // Then what stands in place of tracks is something else.
            let tracks = if names_subscriber { Vec::new() } else { wire.tracks() };
            let none_by_default = wire.disable_tracks_by_default.flag().unwrap_or(false);
            let selection = Selection::new(&tracks, none_by_default, wire.user_publish_id.some());
            Command::Play { credentials, selection }
        }
        "stop" => Command::Stop,
        "takeConfiguration" => {
            let sdp = std::mem::take(&mut wire.sdp).into_text();
            match wire.kind.text().as_str() {
                "offer" => Command::Offer(sdp),
                "answer" => Command::Answer(sdp),
                _ => return None,
            }
        }
        "takeCandidate" => Command::Candidate,
        "getStreamInfo" => ask(&wire, Question::StreamInfo),
        "getBroadcastObject" => ask(&wire, Question::Broadcast),
        "getSubscriberCount" => ask(&wire, Question::SubscriberCount),
        "getSubscribers" => {
            let (offset, size) = page(&wire);
            ask(&wire, Question::Subscribers { offset, size })
        }
        "getTrackList" => ask(&wire, Question::TrackList),
        "getSubtracks" => {
            let (offset, size) = page(&wire);
            ask(&wire, Question::Subtracks { offset, size, role: wire.role.some() })
        }
        "getSubtracksCount" => {
            ask(&wire, Question::SubtrackCount { role: wire.role.some(), status: wire.status.some() })
        }
        "getVideoTrackAssignmentsCommand" => ask(&wire, Question::VideoTracks),
        "getDebugInfo" => ask(&wire, Question::Debug),
        "joinRoom" => ask(&wire, Question::JoinRoom { room: wire.named_room() }),
        "getRoomInfo" => ask(&wire, Question::RoomInfo { room: wire.named_room() }),
        "leaveFromRoom" => Command::LeaveRoom { room: wire.named_room() },
        "enableTrack" => wire.enable(true, true),
        "toggleVideo" => wire.enable(true, false),
        "toggleAudio" => wire.enable(false, true),
        _ => return None,
    };
    Some(Message { stream_id, command })
}

/// Every field of every command.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wire {
    command: Loose,
    stream_id: Loose,
    token: Loose,
    subscriber_id: Loose,
    subscriber_code: Loose,
    subscriber_name: Loose,
    stream_name: Loose,
    main_track: Loose,
    video: Loose,
    audio: Loose,
    /// As some pages of the documentation call them.
    enablevideo: Loose,
    enableaudio: Loose,
    meta_data: Loose,
    role: Loose,
    status: Loose,
    room: Loose,
    track_list: Loose,
    enabled_tracks: Loose,
    disable_tracks_by_default: Loose,
    track_id: Loose,
    viewer_info: Loose,
    user_publish_id: Loose,
    #[serde(rename = "type")]
    kind: Loose,
    sdp: Loose,
    offset: Loose,
    size: Loose,
    enabled: Loose,
}

impl Wire {
    /// Who the client says it is.
    fn identity(&self) -> Credentials {
        let mut credentials = Credentials::default();
        for (name, value) in
            [("token", &self.token), ("subscriberId", &self.subscriber_id), ("subscriberCode", &self.subscriber_code)]
        {
            credentials.insert(name, &value.text());
        }
        credentials
    }

    fn publisher(&self) -> Credentials {
        let mut credentials = self.identity();
        for (name, value) in [
            ("streamName", &self.stream_name),
            ("mainTrack", &self.main_track),
            ("metaData", &self.meta_data),
            ("role", &self.role),
        ] {
            credentials.insert(name, &value.text());
        }
        credentials
    }

    /// Who wants to play, and whether the room and its tracks were meant as subscriber and code.
    fn viewer(&self) -> (Credentials, bool) {
        let mut credentials = self.identity();
        let code = self.track_list.text();
        let is_code = code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit());
        let names_nobody = credentials.subscriber_id.is_none() && credentials.subscriber_code.is_none();
        let names_subscriber = names_nobody && is_code && !self.room.text().is_empty();
        if names_subscriber {
            // Pages call `play(id, token, subscriberId, code)`; the SDK takes the last two for a room and its tracks.
            credentials.insert("subscriberId", &self.room.text());
            credentials.insert("subscriberCode", &code);
        } else {
            credentials.insert("room", &self.room.text());
        }
        for (name, value) in [
            ("viewerInfo", &self.viewer_info),
            // What a page says of its viewer: webhooks know it under the name that the SDK's method has for it.
            ("metaData", &self.meta_data),
            ("metaData", &self.viewer_info),
            ("subscriberName", &self.subscriber_name),
            ("userPublishId", &self.user_publish_id),
            ("role", &self.role),
        ] {
            credentials.insert(name, &value.text());
        }
        (credentials, names_subscriber)
    }

    /// A list of names, or one text with commas between them.
    fn tracks(&self) -> Vec<String> {
        let list = |value: &Loose| match value {
            Loose::List(names) => names.clone(),
            other => other.text().split(',').map(str::to_owned).filter(|name| !name.is_empty()).collect(),
        };
        let tracks = list(&self.track_list);
        if tracks.is_empty() { list(&self.enabled_tracks) } else { tracks }
    }

    fn enable(&self, video: bool, audio: bool) -> Command {
        Command::Enable { track: self.track_id.some(), video, audio, enabled: self.enabled.flag().unwrap_or(true) }
    }

    /// `room`, or `mainTrack` which means the same.
    fn named_room(&self) -> String {
        let room = self.room.text();
        if room.is_empty() { self.main_track.text() } else { room }
    }
}

/// A value of whatever shape. Of lists only names are kept, and objects are read over.
#[derive(Default)]
enum Loose {
    #[default]
    Nothing,
    Text(String),
    Number(f64),
    Flag(bool),
    List(Vec<String>),
}

impl Loose {
    /// Without blanks around it; empty when there is none.
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.trim().to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Nothing | Self::List(_) => String::new(),
        }
    }

    /// The text as it is, not copied.
    fn into_text(self) -> String {
        if let Self::Text(text) = self { text } else { String::new() }
    }

    fn some(&self) -> Option<String> {
        Some(self.text()).filter(|text| !text.is_empty())
    }

    fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Number(number) => Some(*number != 0.0),
            Self::Text(text) => match text.trim() {
                "1" => Some(true),
                "0" => Some(false),
                word if word.eq_ignore_ascii_case("true") => Some(true),
                word if word.eq_ignore_ascii_case("false") => Some(false),
                _ => None,
            },
            Self::Nothing | Self::List(_) => None,
        }
    }

    fn count(&self) -> Option<u64> {
        match self {
            // Saturates; what is negative or no number is 0.
            Self::Number(number) => Some(*number as u64),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Flag(_) | Self::Nothing | Self::List(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Loose;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Loose, E> {
                Ok(Loose::Flag(flag))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Loose, E> {
                Ok(Loose::Number(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
                Ok(Loose::Number(number as f64))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Loose, E> {
                Ok(Loose::Number(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
                Ok(Loose::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Loose, E> {
                Ok(Loose::Text(text))
            }

            fn visit_unit<E>(self) -> Result<Loose, E> {
                Ok(Loose::Nothing)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Loose, A::Error> {
                let mut names = Vec::new();
                while names.len() < MAX_NAMES
                    && let Some(item) = items.next_element::<Name>()?
                {
                    names.extend(item.0);
                }
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Loose::List(names))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Loose, A::Error> {
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Loose::Nothing)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// An entry of a list: its text, where it has one that can name something.
struct Name(Option<String>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;
        impl<'de> Visitor<'de> for Entry {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Name, E> {
                Ok(Name(None))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Name, E> {
                Ok(Name(Some(number.to_string())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Name, E> {
                Ok(Name(Some(number.to_string())))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Name, E> {
                Ok(Name(None))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name, E> {
                Ok(Name((text.len() <= MAX_NAME_BYTES).then(|| text.to_owned())))
            }

            fn visit_unit<E>(self) -> Result<Name, E> {
                Ok(Name(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Name, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Name(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Name, A::Error> {
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Name(None))
            }
        }
        deserializer.deserialize_any(Entry)
    }
}

/// Names of a list; a room has fewer members.
const MAX_NAMES: usize = 1_000;
const MAX_NAME_BYTES: usize = 256;
/// Entries of a list when the client does not say how many it wants.
const DEFAULT_PAGE: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(text: &str) -> Credentials {
        match read(text).unwrap().command {
            Command::Publish { credentials, .. } | Command::Play { credentials, .. } => credentials,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_sdk_sends_is_read() {
        let text = r#"{"command":"publish","streamId":"stream1","token":null,"subscriberId":"","subscriberCode":" 806136",
            "streamName":"S","mainTrack":"","video":true,"audio":"false","metaData":"","role":"","unknown":[{"a":1}]}"#;
        let Message { stream_id, command } = read(text).unwrap();
        assert_eq!(stream_id, "stream1");
        let Command::Publish { credentials, video, audio, main_track } = command else { panic!("{command:?}") };
        assert_eq!((video, audio, main_track.as_str()), (true, false, ""));
        assert!(credentials.token.is_none() && credentials.subscriber_id.is_none());
        assert!(credentials.subscriber_code.is_some_and(|code| code.matches("806136")));
        assert_eq!(credentials.extra.len(), 1, "{:?}", credentials.extra);
        assert_eq!(credentials.extra.get("streamName").map(String::as_str), Some("S"));
    }

    #[test]
    fn the_published_play_with_subscriber_and_code_is_understood() {
        let slipped = r#"{"command":"play","streamId":"s","room":"lastpeony","trackList":"451222","subscriberId":""}"#;
        let read = credentials(slipped);
        assert_eq!(read.subscriber_id.as_deref(), Some("lastpeony"));
        assert!(read.subscriber_code.is_some_and(|code| code.matches("451222")));
        assert_eq!(read.room_id, None);
        for meant in [
            r#"{"command":"play","streamId":"s","room":"r","trackList":["451222"]}"#,
            r#"{"command":"play","streamId":"s","room":"r","trackList":"45122"}"#,
            r#"{"command":"play","streamId":"s","room":"r","trackList":"451222","subscriberId":"somebody"}"#,
        ] {
            let read = credentials(meant);
            assert_eq!(read.room_id.as_deref(), Some("r"), "{meant}");
            assert!(read.subscriber_code.is_none(), "{meant}");
        }
    }

    #[test]
    fn what_is_said_of_a_viewer_is_its_meta_data() {
        let said = credentials(r#"{"command":"play","streamId":"s","viewerInfo":"{\"seat\":12}"}"#);
        assert_eq!(said.extra.get("metaData").map(String::as_str), Some("{\"seat\":12}"));
    }

    #[test]
    fn tracks_are_named_in_a_list_or_in_one_text() {
        let selection =
            |fields: &str| match read(&format!(r#"{{"command":"play","streamId":"r",{fields}}}"#)).unwrap().command {
                Command::Play { selection, .. } => selection,
                other => panic!("{other:?}"),
            };
        let two = Selection::new(&["anna".to_owned(), "!bert".to_owned()], false, None);
        for fields in [
            r#""trackList":["anna","!bert",{"x":1},null,2.5,true,["y"]]"#,
            r#""trackList":"anna,!bert""#,
            r#""trackList":[],"enabledTracks":["anna","!bert"]"#,
        ] {
            assert_eq!(selection(fields), two, "{fields}");
        }
        let none = Selection::new(&[], true, Some("me".to_owned()));
        assert_eq!(selection(r#""trackList":[],"disableTracksByDefault":"true","userPublishId":"me""#), none);
        let slipped = selection(r#""room":"lastpeony","trackList":"451222""#);
        assert_eq!(slipped, Selection::default(), "a subscriber and a code");
    }

    #[test]
    fn values_of_any_shape_are_taken_or_passed_over() {
        for (text, command) in [
            (r#"{"command":"ping"}"#, Some(Command::Ping)),
            (r#"{"command":"stop","streamId":17}"#, Some(Command::Stop)),
            (
                r#"{"command":"takeConfiguration","type":"offer","sdp":"v=0\r\n"}"#,
                Some(Command::Offer("v=0\r\n".into())),
            ),
            (r#"{"command":"takeConfiguration","type":"offer","sdp":{"x":[1]}}"#, Some(Command::Offer(String::new()))),
            (r#"{"command":"takeConfiguration","type":"rollback"}"#, None),
            (
                r#"{"command":"toggleVideo","enabled":"0"}"#,
                Some(Command::Enable { track: None, video: true, audio: false, enabled: false }),
            ),
            (r#"{"command":["ping"]}"#, None),
            (r#"{"command":"selfDestruct"}"#, None),
            ("[]", None),
            ("null", None),
            ("", None),
            ("{", None),
        ] {
            assert_eq!(read(text).map(|message| message.command), command, "{text}");
        }
        let pages = read(r#"{"command":"getSubscribers","streamId":"s","offset":"20","size":-3.5}"#).unwrap().command;
        let Command::Ask { question, .. } = pages else { panic!("{pages:?}") };
        assert_eq!(question, Question::Subscribers { offset: 20, size: 0 });
        let deep = format!(r#"{{"command":"ping","x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&deep).map(|message| message.command), Some(Command::Ping), "what is unknown is passed over");
    }

    proptest::proptest! {
        #[test]
        fn no_text_ends_the_reader(text in ".{0,200}", value in "[\\[\\]{}\",:a-z0-9.-]{0,40}") {
            read(&text);
            read(&format!("{{\"command\":{value},\"streamId\":{value},\"sdp\":{value}}}"));
        }
    }
}
