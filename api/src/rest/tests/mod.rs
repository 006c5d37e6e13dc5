//! The REST face from outside: requests as clients write them, against the whole API on a database of its own.

mod broadcasts;
mod conventions;
mod management;
mod openapi;
mod seeds;
mod settings;
mod subscribers;
mod tokens;
mod viewers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sluice_bus::MemoryBus;
use sluice_contract::UnixTime;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;

use crate::{Api, ApiConfig};

/// Noon of these tests, at which the codes of the reference pages hold.
const NOW_SECS: i64 = 1_700_000_000;

struct Server {
    router: Router,
    clock: Arc<AtomicI64>,
    _data: tempfile::TempDir,
    _shutdown: DropGuard,
}

impl Server {
    async fn start() -> Self {
        Self::configured(|_| {}).await
    }

    async fn configured(change: impl FnOnce(&mut ApiConfig)) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let mut config = ApiConfig::new(data.path());
        change(&mut config);
        let clock = Arc::new(AtomicI64::new(NOW_SECS * 1_000));
        let tells = Arc::clone(&clock);
        let shutdown = CancellationToken::new();
        let api = Api::start(
            config,
            Arc::new(MemoryBus::new(wall_clock)),
            Arc::new(move || UnixTime::from_millis(tells.load(Ordering::SeqCst))),
            shutdown.clone(),
        )
        .await
        .expect("the API starts");
        Self { router: super::router(api), clock, _data: data, _shutdown: shutdown.drop_guard() }
    }

    fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    /// A request as curl on this machine sends it.
    fn call(&self, method: Method, path: &str) -> Call<'_> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost:5080")
            .header("user-agent", "curl/7.88.1")
            .header("accept", "*/*");
        Call { server: self, request, peer: "127.0.0.1:50000".parse().expect("an address"), body: Body::empty() }
    }

    fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    fn put(&self, path: &str) -> Call<'_> {
        self.call(Method::PUT, path)
    }

    fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    /// Changes named settings the way clients do: read, change, write back.
    async fn set(&self, application: &str, changes: Value) {
        let path = format!("/rest/v2/applications/settings/{application}");
        let mut settings = self.get(&path).send().await.json();
        let whole = settings.as_object_mut().expect("an object");
        whole.extend(changes.as_object().expect("an object").clone());
        let answer = self.post(&path).json(&settings).send().await;
        assert_eq!(answer.json()["success"], json!(true), "{}", answer.text());
    }
}

struct Call<'a> {
    server: &'a Server,
    request: axum::http::request::Builder,
    peer: SocketAddr,
    body: Body,
}

impl Call<'_> {
    fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sent from another address.
    fn from(mut self, address: &str) -> Self {
        self.peer = SocketAddr::new(address.parse().expect("an address"), 50_000);
        self
    }

    fn json(self, body: &Value) -> Self {
        self.body("application/json", &body.to_string())
    }

    fn body(mut self, media_type: &str, body: &str) -> Self {
        self.body = Body::from(body.to_owned());
        self.header("content-type", media_type)
    }

    fn raw(mut self, body: &str) -> Self {
        self.body = Body::from(body.to_owned());
        self
    }

    async fn send(self) -> Reply {
        let mut request = self.request.body(self.body).expect("a request");
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let response = self.server.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Reply { status: parts.status, headers: parts.headers, body: body.to_vec() }
    }
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.text()))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// Status 200 and a `Result` with this outcome; returns the message.
    #[track_caller]
    fn result(&self, success: bool) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        let answer = self.json();
        assert_eq!(answer["success"], json!(success), "{answer}");
        answer["message"].as_str().expect("a message").to_owned()
    }
}

/// The whole `Result` of a call that did it and has nothing to say.
fn done() -> Value {
    json!({"success": true, "message": "", "dataId": "", "errorId": 0})
}

fn wall_clock() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    UnixTime::from_millis(since.as_millis() as i64)
}
