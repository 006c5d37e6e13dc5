//! `/healthz`: the process answers. `/readyz`: it can decide.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::Api;

pub fn health_router(api: Api) -> Router {
    Router::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready)).with_state(api)
}

async fn ready(State(api): State<Api>) -> (StatusCode, &'static str) {
    if api.is_ready().await {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
    }
}
