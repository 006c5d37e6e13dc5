//! `/healthz`: the process answers. `/readyz`: it can decide. `/metrics`: what all workers carry, in Prometheus' text
//! format (version 0.0.4), for those who may see the whole server.

use std::fmt::Write;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::Api;
use crate::manage::{ServerStats, Viewer};

pub fn health_router(api: Api) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(api)
}

async fn ready(State(api): State<Api>) -> (StatusCode, &'static str) {
    if api.is_ready().await {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
    }
}

async fn metrics(State(api): State<Api>, viewer: Viewer) -> Response {
    if viewer.system_role().is_none() {
        return (StatusCode::UNAUTHORIZED, "send an API key with a role over the server").into_response();
    }
    let ready = api.is_ready().await;
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text(&api.server_stats(), ready)).into_response()
}

/// The names are those of the workers' own `/metrics` with the prefix of the whole.
fn text(stats: &ServerStats, ready: bool) -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, samples: &[(String, u64)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP sluice_server_{name} {help}\n# TYPE sluice_server_{name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(text, "sluice_server_{name}{labels} {value}");
        }
    };
    let one = |value: u64| vec![(String::new(), value)];
    let viewers: Vec<_> = stats
        .viewers
        .0
        .iter()
        .map(|(protocol, count)| (format!("{{protocol=\"{protocol}\"}}"), u64::from(*count)))
        .collect();
    gauge("workers", "Workers that are alive.", &one(stats.workers.into()));
    gauge("streams", "Streams on air.", &one(stats.live_streams.into()));
    gauge("publishers", "Publishing sessions.", &one(stats.publishers.into()));
    gauge("viewers", "Playing sessions.", &viewers);
    gauge("received_bits_per_second", "Media received from publishers.", &one(stats.received_bps));
    gauge("ready", "1 while this API can decide.", &one(ready.into()));
    text
}
