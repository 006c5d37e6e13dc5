//! Viewers by protocol (`rest-v2` §6).

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use sluice_contract::Protocol;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::InApplication;
use super::answer::Rest;
use super::extract::{PathOf, Stream};
use crate::Api;
use crate::manage::LiveStream;

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(broadcast_statistics)).routes(routes!(total_broadcast_statistics))
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

/// Count the viewers of a stream
///
/// An unknown stream has -1 everywhere.
#[utoipa::path(
    get, path = "/broadcasts/{id}/broadcast-statistics", tag = "statistics",
    params(("app" = String, Path, description = "Application"), ("id" = String, Path, description = "Stream id")),
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
    params(("app" = String, Path, description = "Application")),
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

fn viewers(stream: &LiveStream, protocols: &[Protocol]) -> i64 {
    protocols.iter().map(|protocol| i64::from(stream.viewers.of(*protocol))).sum()
}

const WEBRTC: [Protocol; 2] = [Protocol::WebRtc, Protocol::Whep];
