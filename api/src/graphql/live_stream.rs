//! What is on air, and the addresses to publish and play it.

use async_graphql::{Context, Object, SimpleObject};
use sluice_contract::{StreamId, message};

use super::caller::{Caller, Origin};
use super::enums::Protocol;
use super::failure::Answer;
use super::scalar::{DateTime, Long, int};
use super::server::{ViewerCounts, Worker};
use super::session::Session;
use crate::manage;

/// A stream on air.
pub struct LiveStream {
    pub application: manage::Application,
    pub record: manage::LiveStream,
}

/// A stream on air.
#[Object]
impl LiveStream {
    /// When it went live.
    async fn since(&self) -> DateTime {
        self.record.since.into()
    }

    /// How it is published.
    async fn protocol(&self) -> Protocol {
        self.record.protocol.into()
    }

    /// The publisher's session; null in the moment when it ends.
    async fn publisher(&self, ctx: &Context<'_>) -> Option<Answer<Session>> {
        let find = async {
            let caller = Caller::of(ctx)?;
            Ok(caller.api().session(&caller.viewer(), self.record.publisher).await?)
        };
        let record = find.await.transpose()?;
        Some(record.map(|record| Session { application: self.application.clone(), record }))
    }

    /// The id of the worker that carries it, a UUID.
    async fn worker_id(&self) -> String {
        self.record.worker.to_string()
    }

    /// That worker; null when it is not yours to see.
    async fn worker(&self, ctx: &Context<'_>) -> Option<Answer<Worker>> {
        Worker::find(ctx, self.record.worker)
    }

    /// Its video; null if it has none.
    async fn video(&self) -> Option<VideoTrack> {
        self.record.video.clone().map(Into::into)
    }

    /// Its audio; null if it has none.
    async fn audio(&self) -> Option<AudioTrack> {
        self.record.audio.clone().map(Into::into)
    }

    /// Media received since it went live, bytes.
    async fn received_bytes(&self) -> Long {
        self.record.received_bytes.into()
    }

    /// Media received over the last second, bits per second.
    async fn bitrate(&self) -> Long {
        self.record.bitrate_bps.into()
    }

    /// Media time received per second of time. About 1 when the publisher keeps up, less when it does not.
    async fn speed(&self) -> f64 {
        self.record.speed.into()
    }

    /// Who watches now.
    async fn viewers(&self) -> ViewerCounts {
        ViewerCounts(self.record.viewers.clone())
    }
}

/// The video of a live stream.
#[derive(SimpleObject)]
pub struct VideoTrack {
    /// The codec as RFC 6381 writes it, for example `avc1.64001F`.
    codec: String,
    /// Pixels.
    width: i32,
    /// Pixels.
    height: i32,
}

impl From<message::VideoInfo> for VideoTrack {
    fn from(video: message::VideoInfo) -> Self {
        Self { codec: video.codec, width: int(video.width), height: int(video.height) }
    }
}

/// The audio of a live stream.
#[derive(SimpleObject)]
pub struct AudioTrack {
    /// The codec as RFC 6381 writes it, for example `mp4a.40.2`.
    codec: String,
    /// Samples per second.
    sample_rate_hz: i32,
    /// Channels.
    channels: i32,
}

impl From<message::AudioInfo> for AudioTrack {
    fn from(audio: message::AudioInfo) -> Self {
        Self { codec: audio.codec, sample_rate_hz: int(audio.sample_rate_hz), channels: int(audio.channels) }
    }
}

/// Addresses of a broadcast on the host by which you reached the server. Credentials are added as a query
/// (`?token=…` or `?subscriberId=…&subscriberCode=…`).
#[derive(SimpleObject)]
pub struct BroadcastUrls {
    /// Where to publish with RTMP.
    rtmp_publish: String,
    /// What to play with RTMP; null while the application does not allow that.
    rtmp_play: Option<String>,
    /// The HLS multivariant playlist; null while HLS is off.
    hls: Option<String>,
    /// The DASH manifest; null while DASH is off.
    dash: Option<String>,
    /// The page that publishes camera and microphone; null while WebRTC is off.
    publish_page: Option<String>,
    /// Where to publish with WHIP (RFC 9725); null while WebRTC is off.
    whip: Option<String>,
    /// What to play with WHEP; null while WebRTC is off.
    whep: Option<String>,
    /// What the JavaScript SDK connects to, for all streams of the application; null while WebRTC is off.
    web_socket: Option<String>,
    /// The player page.
    player: String,
}

impl BroadcastUrls {
    pub fn of(
        origin: &Origin,
        rtmp_port: Option<u16>,
        application: &manage::Application,
        stream_id: &StreamId,
    ) -> Self {
        let base = format!("{}/{}", origin.base(), application.name);
        let port = rtmp_port.filter(|port| *port != RTMP_PORT).map_or_else(String::new, |port| format!(":{port}"));
        let rtmp = format!("rtmp://{}{port}/{}/{stream_id}", origin.host(), application.name);
        let settings = &application.settings;
        let over_webrtc = |address: String| settings.web_rtc_enabled.then_some(address);
        Self {
            publish_page: over_webrtc(format!("{base}/?id={stream_id}")),
            whip: over_webrtc(format!("{base}/whip/{stream_id}")),
            whep: over_webrtc(format!("{base}/whep/{stream_id}")),
            // As HTTP becomes HTTPS, WebSocket does.
            web_socket: over_webrtc(format!("{}/websocket", base.replacen("http", "ws", 1))),
            rtmp_play: settings.rtmp_playback_enabled.then(|| rtmp.clone()),
            rtmp_publish: rtmp,
            hls: settings.hls_muxing_enabled.then(|| format!("{base}/streams/{stream_id}.m3u8")),
            dash: settings.dash_muxing_enabled.then(|| format!("{base}/streams/{stream_id}/{stream_id}.mpd")),
            player: format!("{base}/play.html?id={stream_id}"),
        }
    }
}

/// What `rtmp` addresses mean that name no port.
const RTMP_PORT: u16 = 1935;
