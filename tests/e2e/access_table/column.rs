//! The columns: one protocol each, in one direction. A new protocol joins with a variant, its title and its way to try.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Operation, Rtmp, Said, Server, Signaling, WebRtc};

/// One way to reach a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    RtmpPublish,
    RtmpPlay,
    Hls,
    Dash,
    WebSocketPublish,
    WebSocketPlay,
    Whip,
    Whep,
}

/// What somebody brings to the gate.
#[derive(Debug, Clone)]
pub struct Shown {
    pub stream: String,
    /// Name and value, in the order in which they are written.
    pub credentials: Vec<(&'static str, String)>,
    pub from: IpAddr,
}

/// What the client sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Admitted,
    /// The code of the protocol's answer.
    Refused(String),
}

impl Column {
    pub const ALL: [Self; 8] = [
        Self::RtmpPublish,
        Self::RtmpPlay,
        Self::Hls,
        Self::Dash,
        Self::WebSocketPublish,
        Self::WebSocketPlay,
        Self::Whip,
        Self::Whep,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::RtmpPublish => "RTMP publish",
            Self::RtmpPlay => "RTMP play",
            Self::Hls => "HLS",
            Self::Dash => "DASH",
            Self::WebSocketPublish => "WebSocket publish",
            Self::WebSocketPlay => "WebSocket play",
            Self::Whip => "WHIP",
            Self::Whep => "WHEP",
        }
    }

    pub fn operation(self) -> Operation {
        match self {
            Self::RtmpPublish | Self::WebSocketPublish | Self::Whip => Operation::Publish,
            Self::RtmpPlay | Self::Hls | Self::Dash | Self::WebSocketPlay | Self::Whep => Operation::Play,
        }
    }

    /// Asks once, and leaves.
    pub async fn attempt(self, server: &Server, application: &str, shown: &Shown) -> Seen {
        let query: Vec<_> = shown.credentials.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (stream, query) = (&shown.stream, query.join("&"));
        match self {
            Self::RtmpPublish => {
                let mut peer = Rtmp::connect(server.rtmp, shown.from, application).await.expect("a connection");
                rtmp_said(peer.publish(&format!("{stream}?{query}")).await)
            }
            Self::RtmpPlay => {
                let mut peer = Rtmp::connect(server.rtmp_players, shown.from, application).await.expect("a connection");
                rtmp_said(peer.watch(&format!("{stream}?{query}")).await)
            }
            Self::Hls => over_http(server, shown.from, &format!("/{application}/streams/{stream}.m3u8?{query}")).await,
            Self::Dash => {
                over_http(server, shown.from, &format!("/{application}/streams/{stream}/{stream}.mpd?{query}")).await
            }
            Self::WebSocketPublish => over_socket(server, application, "publish", shown).await,
            Self::WebSocketPlay => over_socket(server, application, "play", shown).await,
            Self::Whip | Self::Whep => {
                let (endpoint, (_peer, offer)) = match self {
                    Self::Whip => ("whip", WebRtc::publisher(shown.from).await),
                    _ => ("whep", WebRtc::viewer(shown.from).await),
                };
                over_whip(server, shown.from, &format!("/{application}/{endpoint}/{stream}?{query}"), &offer).await
            }
        }
    }

    /// How the refusal for `reason` looks on this protocol: written down here a second time, so that a change of the
    /// server's own table is noticed.
    pub fn refusal(self, is_bare: bool, reason: &str) -> &'static str {
        match (self, reason) {
            (Self::RtmpPublish | Self::RtmpPlay, "blocked") => "NetStream.Failed",
            (Self::RtmpPublish | Self::RtmpPlay, _) => "NetStream.Publish.BadName",
            (Self::Hls | Self::Dash, "blocked") => "401",
            (Self::Hls | Self::Dash, _) => "403",
            (Self::WebSocketPublish | Self::WebSocketPlay, "blocked") => "user_blocked",
            (Self::WebSocketPublish | Self::WebSocketPlay, "unregistered-stream") => "not_allowed_unregistered_streams",
            (Self::WebSocketPublish | Self::WebSocketPlay, _) => "unauthorized_access",
            (Self::Whip | Self::Whep, "unregistered-stream" | "address-not-allowed") => "403",
            // Whoever showed nothing may show something (RFC 9110 §15.5.2).
            (Self::Whip | Self::Whep, _) if is_bare => "401",
            (Self::Whip | Self::Whep, _) => "403",
        }
    }
}

fn rtmp_said(said: Said) -> Seen {
    match said {
        Said::Yes => Seen::Admitted,
        Said::No(status) => Seen::Refused(status.code),
        Said::HungUp => Seen::Refused("closed without a word".to_owned()),
    }
}

/// Says the command, and reads until the server answers it.
async fn over_socket(server: &Server, application: &str, command: &str, shown: &Shown) -> Seen {
    let mut socket = Signaling::connect(server, shown.from, application).await;
    let mut message = json!({"command": command, "streamId": shown.stream});
    for (name, value) in &shown.credentials {
        message[*name] = json!(value);
    }
    socket.say(&message).await;
    loop {
        let heard = socket.hear().await;
        match heard["command"].as_str() {
            Some("start" | "takeConfiguration") => return Seen::Admitted,
            Some("error") => return Seen::Refused(heard["definition"].as_str().unwrap_or_default().to_owned()),
            _ => {}
        }
    }
}

/// Shows an offer, and hangs up when it was answered.
async fn over_whip(server: &Server, from: IpAddr, path: &str, offer: &str) -> Seen {
    let client = server.rest_from(from);
    let answer = client.send_with(Method::POST, path, &[("Content-Type", "application/sdp")], offer).await;
    if answer.status() != StatusCode::CREATED {
        return Seen::Refused(answer.status().as_u16().to_string());
    }
    let session = answer.headers()[LOCATION].to_str().expect("a path").to_owned();
    assert_eq!(client.send_with(Method::DELETE, &session, &[], "").await.status(), StatusCode::OK, "{session}");
    Seen::Admitted
}

/// A worker that does not carry the stream may have to be asked again on a busy machine: 404 is nobody's refusal.
async fn over_http(server: &Server, from: IpAddr, path: &str) -> Seen {
    let rest = server.rest_from(from);
    let mut status = rest.status(path).await;
    for _ in 0..10 {
        if status != 404 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        status = rest.status(path).await;
    }
    if status == 200 { Seen::Admitted } else { Seen::Refused(status.to_string()) }
}
