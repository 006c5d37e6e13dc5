//! Webhooks from a decision or an event to a receiver of this test, over a real database.

mod deciding;
mod telling;
mod watching;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use crate::tests::TestApi;

/// A server that notes what it is sent.
struct Receiver {
    port: u16,
    requests: mpsc::UnboundedReceiver<Request>,
    answers: Answers,
}

#[derive(Clone)]
struct Answers {
    status: Arc<AtomicU16>,
    /// An answer needs one of these.
    may_answer: Arc<Semaphore>,
    requests: mpsc::UnboundedSender<Request>,
}

struct Request {
    headers: HeaderMap,
    body: Bytes,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (sender, requests) = mpsc::unbounded_channel();
        let answers = Answers {
            status: Arc::new(AtomicU16::new(200)),
            may_answer: Arc::new(Semaphore::new(1_000)),
            requests: sender,
        };
        let router = Router::new().fallback(receive).with_state(answers.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, requests, answers }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn answer(&self, status: u16) {
        self.answers.status.store(status, Ordering::SeqCst);
    }

    /// Keeps every answer back from now on.
    fn hang(&self) {
        let all = self.answers.may_answer.available_permits();
        self.answers.may_answer.forget_permits(all);
    }

    fn go_on(&self) {
        self.answers.may_answer.add_permits(1_000);
    }

    async fn next(&mut self) -> Request {
        timeout(Duration::from_secs(20), self.requests.recv()).await.expect("in time").expect("the receiver runs")
    }

    /// The next events, in whatever order they come.
    async fn some(&mut self, count: usize) -> Vec<Value> {
        let mut told = Vec::new();
        while told.len() < count {
            told.push(self.next().await.json());
        }
        told
    }

    fn asked(&mut self) -> usize {
        let mut count = 0;
        while self.requests.try_recv().is_ok() {
            count += 1;
        }
        count
    }
}

impl Request {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).expect("there").to_str().expect("a text")
    }
}

async fn receive(State(answers): State<Answers>, headers: HeaderMap, body: Bytes) -> Response {
    let _ = answers.requests.send(Request { headers, body });
    let Ok(permit) = answers.may_answer.acquire().await else { return StatusCode::OK.into_response() };
    permit.forget();
    let status = StatusCode::from_u16(answers.status.load(Ordering::SeqCst)).unwrap_or_default();
    (status, [("location", "/elsewhere")]).into_response()
}

/// An API that may call this machine.
async fn open_api() -> TestApi {
    over(Arc::new(tempfile::tempdir().expect("a folder"))).await
}

async fn over(dir: Arc<tempfile::TempDir>) -> TestApi {
    let configure = |config: &mut crate::ApiConfig| {
        config.outbound_allowed = vec!["127.0.0.1/32".parse().expect("a network")];
    };
    TestApi::over(dir, configure).await.expect("started")
}
