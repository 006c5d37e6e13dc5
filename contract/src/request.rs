//! What somebody asks of the gate.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::credentials::Credentials;
use crate::id::{InvalidName, RequestId, SessionId, StreamId, WorkerId};

/// What a peer wants to do with a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    Publish,
    Play,
}

impl Operation {
    /// The literal that clients, hashes and derived secrets use. Case-sensitive.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Play => "play",
        }
    }

    /// Reads the literal exactly; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "publish" => Some(Self::Publish),
            "play" => Some(Self::Play),
            _ => None,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a session reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Rtmp,
    Srt,
    WebRtc,
    Whip,
    Whep,
    Hls,
    Dash,
    Vod,
}

impl Protocol {
    /// The lowercase word of connection events, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Srt => "srt",
            Self::WebRtc => "webrtc",
            Self::Whip => "whip",
            Self::Whep => "whep",
            Self::Hls => "hls",
            Self::Dash => "dash",
            Self::Vod => "vod",
        }
    }

    pub const ALL: [Self; 8] =
        [Self::Rtmp, Self::Srt, Self::WebRtc, Self::Whip, Self::Whep, Self::Hls, Self::Dash, Self::Vod];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == text)
    }

    /// True for publishers and players whose media travels over WebRTC, however they found us.
    pub const fn is_webrtc(self) -> bool {
        matches!(self, Self::WebRtc | Self::Whip | Self::Whep)
    }

    /// True for players that ask anew for every playlist and segment and therefore carry a ticket.
    pub const fn is_http(self) -> bool {
        matches!(self, Self::Hls | Self::Dash | Self::Vod)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The ways of `stream-security` to be let in; a grant names those that were asked and passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityMode {
    OneTimeToken,
    Jwt,
    Hash,
    Totp,
    Webhook,
}

impl SecurityMode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneTimeToken => "one-time-token",
            Self::Jwt => "jwt",
            Self::Hash => "hash",
            Self::Totp => "totp",
            Self::Webhook => "webhook",
        }
    }
}

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Peer {
    /// The transport's peer, or the forwarded client behind a trusted proxy. IPv4-mapped IPv6 is stored as IPv4.
    pub address: IpAddr,
    /// `User-Agent` of HTTP, `flashVer` of RTMP; at most 256 bytes.
    pub user_agent: Option<String>,
    /// The page that made a browser ask (RFC 6454), as it came; at most 256 bytes. `None` outside of browsers.
    #[serde(default)]
    pub origin: Option<String>,
}

impl Peer {
    pub fn new(address: IpAddr, user_agent: Option<String>) -> Self {
        Self { address: address.to_canonical(), user_agent, origin: None }
    }

    /// The same peer, asking on behalf of a page.
    #[must_use]
    pub fn on_page(self, origin: Option<String>) -> Self {
        Self { origin, ..self }
    }
}

/// What makes two requests "the same client" where no ticket or cookie says so: address and user agent for HTTP, WHIP
/// and WHEP, address for RTMP and SRT, the socket for WebSocket. It decides reservations, replay and replacement only,
/// the former two without the socket: see [`StreamRequest::lasting_client`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientBinding(String);

impl ClientBinding {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The binding of a peer on `protocol` without a socket of its own.
    pub fn of_peer(protocol: Protocol, peer: &Peer) -> Self {
        match &peer.user_agent {
            Some(agent) if protocol.is_http() || protocol.is_webrtc() => Self(format!("{}|{agent}", peer.address)),
            _ => Self(peer.address.to_string()),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the answer will carry media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// HEAD, or the stream is not live yet: what could be spent is only reserved for this client.
    Probe,
    /// Media follows: what is to be spent is spent.
    Start,
}

/// Somebody asks to publish or play, with the credentials they brought.
///
/// Application and stream id are the peer's own words; that they name something is the first rule of the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamRequest {
    pub id: RequestId,
    /// The session that will exist if the answer is yes.
    pub session: SessionId,
    pub worker: WorkerId,
    pub application: String,
    pub stream_id: String,
    pub operation: Operation,
    pub protocol: Protocol,
    pub credentials: Credentials,
    pub peer: Peer,
    pub client: ClientBinding,
    pub intent: Intent,
    /// RTMP's publishing type (`live`, `record`, `append`), for webhooks.
    pub publish_mode: Option<String>,
}

/// What a publisher says about its stream, beside who it is. It comes with the further parameters of every protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PublishAbout<'a> {
    /// For people: `streamName`.
    pub name: Option<&'a str>,
    /// A text of the application's own: `metaData`.
    pub meta_data: Option<&'a str>,
    /// Its part in a room, a word of the application's own: `role`.
    pub role: Option<&'a str>,
    /// The stream, or room, that it is to be a track of, in the publisher's words: `mainTrack`.
    pub main_track: Option<&'a str>,
}

impl<'a> PublishAbout<'a> {
    /// Picks it out of further parameters.
    pub fn of(extra: &'a BTreeMap<String, String>) -> Self {
        let said = |name: &str| extra.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        Self {
            name: said("streamName"),
            meta_data: said("metaData"),
            role: said("role"),
            main_track: said("mainTrack"),
        }
    }

    /// The stream that `stream_id` is a track of: what its record says, or else the publisher. `None` when it stands
    /// alone.
    ///
    /// # Errors
    /// When the publisher names what can be no stream.
    pub fn room_of(&self, stream_id: &str, recorded: Option<&StreamId>) -> Result<Option<StreamId>, InvalidName> {
        if let Some(recorded) = recorded {
            return Ok(Some(recorded.clone()));
        }
        let Some(said) = self.main_track else { return Ok(None) };
        let main: StreamId = said.parse()?;
        Ok(Some(main).filter(|main| main.as_str() != stream_id.trim()))
    }
}

impl StreamRequest {
    /// The client as it is known when its socket is gone: a page that is loaded again, or that falls back from WebRTC to
    /// HLS, may show once more what nobody else may.
    pub fn lasting_client(&self) -> ClientBinding {
        if self.protocol.is_webrtc() { ClientBinding::of_peer(self.protocol, &self.peer) } else { self.client.clone() }
    }

    /// What the publisher says about its stream; nothing of a player.
    pub fn about(&self) -> PublishAbout<'_> {
        match self.operation {
            Operation::Publish => PublishAbout::of(&self.credentials.extra),
            Operation::Play => PublishAbout::default(),
        }
    }

    /// The stream that this one is a track of, or becomes one of by being published: see [`PublishAbout::room_of`].
    ///
    /// # Errors
    /// When the publisher names what can be no stream.
    pub fn main_track(&self, recorded: Option<&StreamId>) -> Result<Option<StreamId>, InvalidName> {
        self.about().room_of(&self.stream_id, recorded)
    }
}
