//! Viewers by protocol, and what is known of live media (`rest-v2` §6).

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sluice_contract::{Operation, Protocol};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::InApplication;
use super::answer::Rest;
use super::extract::{PathOf, Stream};
use crate::Api;
use crate::manage::{LiveStream, SessionFilter};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(broadcast_statistics))
        .routes(routes!(total_broadcast_statistics))
        .routes(routes!(stream_info))
}

/// Viewers of a stream; -1 where it is not known.
#[derive(Debug, Serialize, ToSchema)]
struct BroadcastStatistics {
    /// -1 unless the stream is live over RTMP.
    #[serde(rename = "totalRTMPWatchersCount")]
    rtmp: i64,
    #[serde(rename = "totalHLSWatchersCount")]
    hls: i64,
    #[serde(rename = "totalWebRTCWatchersCount")]
    webrtc: i64,
    #[serde(rename = "totalDASHWatchersCount")]
    dash: i64,
}

/// Viewers of all streams of an application.
#[derive(Debug, Serialize, ToSchema)]
struct AppBroadcastStatistics {
    /// Always -1.
    #[serde(rename = "totalRTMPWatchersCount")]
    rtmp: i64,
    #[serde(rename = "totalHLSWatchersCount")]
    hls: i64,
    #[serde(rename = "totalWebRTCWatchersCount")]
    webrtc: i64,
    #[serde(rename = "totalDASHWatchersCount")]
    dash: i64,
    #[serde(rename = "activeLiveStreamCount")]
    live_streams: usize,
}

/// The media of a live stream.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BasicStreamInfo {
    video_height: u32,
    video_width: u32,
    /// Bits per second, over the last second.
    video_bitrate: u64,
    audio_bitrate: u64,
    /// `H264`, `H265`, `VP8`, `VP9`, `AV1`, or `NOVIDEO`.
    video_codec: &'static str,
}

/// Count the viewers of a stream
///
/// An unknown stream has -1 everywhere.
#[utoipa::path(
    get, path = "/broadcasts/{id}/broadcast-statistics", tag = "statistics",
    responses((status = 200, body = BroadcastStatistics)),
)]
async fn broadcast_statistics(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
) -> Rest<Json<BroadcastStatistics>> {
    let live = stream.stream_id().and_then(|stream_id| api.live_stream(&application, &stream_id));
    let statistics = match live {
        Some(live) => BroadcastStatistics {
            rtmp: if live.protocol == Protocol::Rtmp { viewers(&live, &[Protocol::Rtmp]) } else { -1 },
            hls: viewers(&live, &[Protocol::Hls]),
            webrtc: viewers(&live, &WEBRTC),
            dash: viewers(&live, &[Protocol::Dash]),
        },
        None if api.broadcast(&application, &stream.id).await?.is_some() => {
            BroadcastStatistics { rtmp: -1, hls: 0, webrtc: 0, dash: 0 }
        }
        None => BroadcastStatistics { rtmp: -1, hls: -1, webrtc: -1, dash: -1 },
    };
    Ok(Json(statistics))
}

/// Count the viewers of an application
#[utoipa::path(
    get, path = "/broadcasts/total-broadcast-statistics", tag = "statistics",
    responses((status = 200, body = AppBroadcastStatistics)),
)]
async fn total_broadcast_statistics(
    State(api): State<Api>,
    InApplication(application): InApplication,
) -> Rest<Json<AppBroadcastStatistics>> {
    let streams = api.live_streams(&application);
    let total = |protocols: &[Protocol]| streams.iter().map(|stream| viewers(stream, protocols)).sum();
    Ok(Json(AppBroadcastStatistics {
        rtmp: -1,
        hls: total(&[Protocol::Hls]),
        webrtc: total(&WEBRTC),
        dash: total(&[Protocol::Dash]),
        live_streams: streams.len(),
    }))
}

/// Read the media of a live stream
///
/// Empty while it is not live.
#[utoipa::path(
    get, path = "/broadcasts/{id}/stream-info", tag = "statistics",
    responses((status = 200, body = Vec<BasicStreamInfo>)),
)]
async fn stream_info(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
) -> Rest<Json<Vec<BasicStreamInfo>>> {
    let live = stream.stream_id().and_then(|stream_id| api.live_stream(&application, &stream_id));
    let Some(live) = live else { return Ok(Json(Vec::new())) };
    let filter = SessionFilter {
        stream_id: Some(live.stream_id.clone()),
        operation: Some(Operation::Publish),
        open: Some(true),
        ..SessionFilter::default()
    };
    let publisher = api.open_sessions(&application, &filter, 1).into_iter().next();
    let stats = publisher.map(|publisher| publisher.stats).unwrap_or_default();
    Ok(Json(vec![BasicStreamInfo {
        video_height: live.video.as_ref().map_or(0, |video| video.height),
        video_width: live.video.as_ref().map_or(0, |video| video.width),
        video_bitrate: stats.video_bitrate_bps,
        audio_bitrate: stats.audio_bitrate_bps,
        video_codec: live.video.as_ref().map_or("NOVIDEO", |video| codec_name(&video.codec)),
    }]))
}

/// The name that existing clients know a codec (RFC 6381) by.
fn codec_name(codec: &str) -> &'static str {
    match codec.split('.').next().unwrap_or_default() {
        "avc1" | "avc3" => "H264",
        "hvc1" | "hev1" => "H265",
        "vp08" | "vp8" => "VP8",
        "vp09" | "vp9" => "VP9",
        "av01" => "AV1",
        _ => "NOVIDEO",
    }
}

fn viewers(stream: &LiveStream, protocols: &[Protocol]) -> i64 {
    protocols.iter().map(|protocol| i64::from(stream.viewers.of(*protocol))).sum()
}

const WEBRTC: [Protocol; 2] = [Protocol::WebRtc, Protocol::Whep];
