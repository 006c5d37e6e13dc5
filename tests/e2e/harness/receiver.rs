//! A server of somebody else's, which webhooks are sent to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::PATIENCE;

/// Notes what it is sent and answers as it is told. Dropping it takes it down.
pub struct Receiver {
    pub address: SocketAddr,
    requests: mpsc::UnboundedReceiver<Received>,
    answers: Answers,
    task: JoinHandle<()>,
}

/// One request.
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Clone)]
struct Answers {
    status: Arc<AtomicU16>,
    hangs: watch::Sender<bool>,
    requests: mpsc::UnboundedSender<Received>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// On an address that was somebody's before.
    pub async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (sender, requests) = mpsc::unbounded_channel();
        let answers =
            Answers { status: Arc::new(AtomicU16::new(200)), hangs: watch::Sender::new(false), requests: sender };
        let router = Router::new().fallback(receive).with_state(answers.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { address, requests, answers, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn answer(&self, status: u16) {
        self.answers.status.store(status, Ordering::SeqCst);
    }

    /// Takes requests and says nothing, until told otherwise.
    pub fn hang(&self, hangs: bool) {
        self.answers.hangs.send_replace(hangs);
    }

    pub async fn next(&mut self) -> Received {
        let received = timeout(PATIENCE, self.requests.recv()).await.expect("a webhook arrives");
        received.expect("the receiver runs")
    }

    /// The next event of this name; others are passed over.
    pub async fn next_of(&mut self, action: &str) -> Received {
        loop {
            let received = self.next().await;
            if received.json()["action"] == action {
                return received;
            }
        }
    }

    /// How many came since it was last asked for one.
    pub fn count(&mut self) -> usize {
        let mut count = 0;
        while self.requests.try_recv().is_ok() {
            count += 1;
        }
        count
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}")).to_str().expect("a text")
    }
}

async fn receive(
    State(answers): State<Answers>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    let _ = answers.requests.send(Received { path: uri.path().to_owned(), headers, body });
    let mut hangs = answers.hangs.subscribe();
    // Somebody who holds on to the request for longer than anybody waits.
    let _ = timeout(Duration::from_secs(120), hangs.wait_for(|hangs| !hangs)).await;
    let status = StatusCode::from_u16(answers.status.load(Ordering::SeqCst)).unwrap_or_default();
    (status, [("location", "/elsewhere")])
}
