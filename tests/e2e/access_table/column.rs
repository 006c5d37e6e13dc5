//! The columns: one protocol each, in one direction. A new protocol joins with a variant, its title and its way to try.

use std::net::IpAddr;

use crate::harness::{Operation, Rtmp, Said, Server};

/// One way to reach a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    RtmpPublish,
    RtmpPlay,
    Hls,
    Dash,
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
    pub const ALL: [Self; 4] = [Self::RtmpPublish, Self::RtmpPlay, Self::Hls, Self::Dash];

    pub fn title(self) -> &'static str {
        match self {
            Self::RtmpPublish => "RTMP publish",
            Self::RtmpPlay => "RTMP play",
            Self::Hls => "HLS",
            Self::Dash => "DASH",
        }
    }

    pub fn operation(self) -> Operation {
        match self {
            Self::RtmpPublish => Operation::Publish,
            Self::RtmpPlay | Self::Hls | Self::Dash => Operation::Play,
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
        }
    }

    /// How the refusal for `reason` looks on this protocol: written down here a second time, so that a change of the
    /// server's own table is noticed.
    pub fn refusal(self, reason: &str) -> &'static str {
        match (self, reason) {
            (Self::RtmpPublish | Self::RtmpPlay, "blocked") => "NetStream.Failed",
            (Self::RtmpPublish | Self::RtmpPlay, _) => "NetStream.Publish.BadName",
            (Self::Hls | Self::Dash, "blocked") => "401",
            (Self::Hls | Self::Dash, _) => "403",
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

async fn over_http(server: &Server, from: IpAddr, path: &str) -> Seen {
    match server.rest_from(from).status(path).await {
        200 => Seen::Admitted,
        status => Seen::Refused(status.to_string()),
    }
}
