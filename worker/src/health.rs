//! What whoever runs a worker asks it: does it live, may it get work, what does it carry. Never for the public.
//!
//! `/readyz` tells a balancer whether to send somebody new; sessions that are here go on either way. `/metrics` is the
//! Prometheus text format, version 0.0.4.

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sluice_contract::message::StatsReport;
use sluice_contract::{Operation, Protocol};

use crate::control::Control;
use crate::webrtc::endpoint::Endpoint;

/// What is watched.
#[derive(Clone)]
pub(crate) struct Watched {
    pub control: Arc<Control>,
    /// `None` without WebRTC.
    pub endpoint: Option<Arc<Endpoint>>,
}

pub(crate) fn router(watched: Watched) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(watched)
}

async fn ready(State(Watched { control, .. }): State<Watched>) -> (StatusCode, &'static str) {
    if control.rules.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else if !control.rules.link().in_order {
        (StatusCode::SERVICE_UNAVAILABLE, "no API can be reached")
    } else {
        (StatusCode::OK, "ready")
    }
}

async fn metrics(State(Watched { control, endpoint }): State<Watched>) -> Response {
    let mut text = text(&control.last_report());
    if let Some(endpoint) = endpoint {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "# HELP sluice_webrtc_peers WebRTC connections, those that are being set up included.\n\
             # TYPE sluice_webrtc_peers gauge\nsluice_webrtc_peers {}\n\
             # HELP sluice_webrtc_datagrams_dropped_total Datagrams of peers that came faster than they were read.\n\
             # TYPE sluice_webrtc_datagrams_dropped_total counter\nsluice_webrtc_datagrams_dropped_total {}\n",
            endpoint.peer_count(),
            endpoint.dropped_datagrams()
        );
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// The last second's figures. Names of streams and people are not labels: they are many, and not everybody's business.
fn text(report: &StatsReport) -> String {
    let mut sessions = std::collections::BTreeMap::<(Operation, Protocol), u64>::new();
    for session in &report.sessions {
        *sessions.entry((session.operation, session.protocol)).or_default() += 1;
    }
    let mut text = String::new();
    let mut family = |name: &str, help: &str, samples: &[(String, f64)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let one = |value: f64| vec![(String::new(), value)];
    let by_kind: Vec<_> = sessions
        .iter()
        .map(|((operation, protocol), count)| {
            (format!("{{operation=\"{operation}\",protocol=\"{protocol}\"}}"), *count as f64)
        })
        .collect();
    family("sluice_sessions", "Sessions that are open.", &by_kind);
    family("sluice_streams", "Streams whose publisher is here.", &one(report.streams.len() as f64));
    family("sluice_cores_used", "Processor time, cores.", &one(report.load.cores.into()));
    family("sluice_cores_available", "Cores that may be used.", &one(report.load.cores_available.into()));
    family("sluice_memory_bytes", "Resident memory.", &one(report.load.memory_bytes as f64));
    family("sluice_sent_bits_per_second", "Media sent.", &one(report.load.sent_bps as f64));
    family("sluice_received_bits_per_second", "Media received.", &one(report.load.received_bps as f64));
    family("sluice_draining", "1 while nobody new is taken.", &one(f64::from(u8::from(report.load.draining))));
    family("sluice_revision", "The newest change in force here.", &one(report.revision as f64));
    text
}

#[cfg(test)]
mod tests {
    use crate::testing::House;

    #[tokio::test]
    async fn a_worker_is_ready_while_it_hears_the_api_and_is_not_about_to_stop() {
        let house = House::unconnected(false).await;
        assert_eq!(house.health("/readyz").await, (503, "no API can be reached".to_owned()));
        assert_eq!(house.health("/healthz").await, (200, "ok".to_owned()));
        house.connect().await;
        assert_eq!(house.health("/readyz").await, (200, "ready".to_owned()));
        house.control.drain(true);
        assert_eq!(house.health("/readyz").await, (503, "draining".to_owned()));
    }

    #[tokio::test]
    async fn the_metrics_count_without_naming_anybody() {
        let house = House::open(false).await;
        let _publisher = house.publisher("alice").await;
        house.control.report_once().await;
        let (status, text) = house.health("/metrics").await;
        assert_eq!(status, 200);
        assert!(text.contains("sluice_sessions{operation=\"publish\",protocol=\"rtmp\"} 1\n"), "{text}");
        assert!(text.contains("# TYPE sluice_memory_bytes gauge\n"), "{text}");
        assert!(!text.contains("alice"), "{text}");
    }
}
