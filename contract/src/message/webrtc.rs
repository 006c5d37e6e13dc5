//! What a worker needs to know of an application's WebRTC settings.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// How WebRTC works in an application. A field that is missing says what an application without settings has, so that
/// a worker of this release works with an API of the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebrtcRules {
    /// Off: nobody publishes or plays over WebSocket signaling, WHIP or WHEP.
    pub enabled: bool,
    /// Codecs that may be agreed on for video, in the order in which they are preferred.
    pub h264: bool,
    pub vp8: bool,
    pub vp9: bool,
    pub av1: bool,
    /// What clients are told to ask for their own address, and to be relayed by: `stun:` or `turn:` (RFC 7064,
    /// RFC 7065). Empty for nothing.
    pub stun_server_uri: String,
    pub turn_server_username: String,
    /// Told to clients with the user name.
    pub turn_server_credential: Secret<String>,
    /// Without media for so long after it was answered, a publisher is turned out.
    pub client_start_timeout_ms: u32,
    /// Whether messages go over data channels at all.
    pub data_channel_enabled: bool,
    /// Where the messages of players go. Those of publishers, and of the back end, go to everybody.
    pub data_channel_distribution: DataDistribution,
    /// Whether the API is told every message ([`EventKind::Said`](super::EventKind::Said)).
    pub data_channel_reported: bool,
    /// A second `play` of a stream on the same socket is refused.
    pub play_once_for_each_session: bool,
    /// Clients are told TCP candidates (RFC 6544) where the worker has them.
    pub tcp_candidates: bool,
    /// Video may be transcoded for those who cannot take it as it comes. Audio always is.
    pub transcoding_allowed: bool,
}

impl Default for WebrtcRules {
    fn default() -> Self {
        Self {
            enabled: true,
            h264: true,
            vp8: false,
            vp9: true,
            av1: false,
            stun_server_uri: String::new(),
            turn_server_username: String::new(),
            turn_server_credential: Secret::default(),
            client_start_timeout_ms: 10_000,
            data_channel_enabled: true,
            data_channel_distribution: DataDistribution::All,
            data_channel_reported: false,
            play_once_for_each_session: true,
            tcp_candidates: false,
            transcoding_allowed: false,
        }
    }
}

impl WebrtcRules {
    /// True when no codec for video may be agreed on: then nobody can publish or play pictures.
    pub const fn has_no_codec(&self) -> bool {
        !(self.h264 || self.vp8 || self.vp9 || self.av1)
    }
}

/// Whom the messages of a player reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataDistribution {
    /// The publisher and all other players.
    All,
    /// The publisher alone.
    Publisher,
    /// Nobody. A word of a later release reads as this one.
    #[serde(other)]
    None,
}

impl DataDistribution {
    pub const ALL: [Self; 3] = [Self::All, Self::Publisher, Self::None];

    /// The word of the setting `dataChannelPlayerDistribution`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Publisher => "publisher",
            Self::None => "none",
        }
    }

    /// Reads the setting's word, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_another_release_are_read_as_far_as_they_go() {
        let read: WebrtcRules = serde_json::from_str("{}").expect("read");
        assert_eq!(read, WebrtcRules::default());
        let newer = r#"{"vp8": true, "data_channel_distribution": "friends", "quantum": 7}"#;
        let read: WebrtcRules = serde_json::from_str(newer).expect("read");
        assert_eq!((read.vp8, read.h264, read.data_channel_distribution), (true, true, DataDistribution::None));
    }

    #[test]
    fn a_credential_travels_and_is_not_printed() {
        let rules = WebrtcRules { turn_server_credential: Secret::from("hunter2"), ..WebrtcRules::default() };
        assert!(!format!("{rules:?}").contains("hunter2"));
        let text = serde_json::to_string(&rules).expect("written");
        let read: WebrtcRules = serde_json::from_str(&text).expect("read");
        assert!(read.turn_server_credential.matches("hunter2"));
    }
}
