//! Somebody's back end, as far as it answers webhooks.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

type Judge = Arc<dyn Fn(&Value) -> u16 + Send + Sync>;

/// A listener on the loopback. Dropping it closes it.
pub struct BackEnd {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl BackEnd {
    /// Answers every question with the status that `judge` gives it.
    pub async fn start(judge: impl Fn(&Value) -> u16 + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let judge: Judge = Arc::new(judge);
        let router = Router::new().route("/hook", post(answer)).with_state(judge);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        Self { address, serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }
}

impl Drop for BackEnd {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(judge): State<Judge>, Json(question): Json<Value>) -> StatusCode {
    StatusCode::from_u16(judge(&question)).expect("a status")
}
