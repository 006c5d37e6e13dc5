//! The REST face from outside: requests as clients write them, against the whole API on a database of its own.

mod broadcasts;
mod conventions;
mod live;
mod management;
mod openapi;
mod relay;
mod rooms;
mod seeds;
mod server;
mod settings;
mod subscribers;
mod tokens;
mod unsupported;
mod viewers;
mod webrtc;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::ApiConfig;
use crate::tests::{START, TestApi};

/// Noon of these tests, at which the codes of the reference pages hold.
const NOW_SECS: i64 = START.as_secs();

struct Server {
    test: TestApi,
    router: Router,
}

impl Server {
    async fn start() -> Self {
        Self::configured(|_| {}).await
    }

    async fn configured(configure: impl FnOnce(&mut ApiConfig)) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        Self::over(TestApi::over(folder, configure).await.expect("started"))
    }

    fn over(test: TestApi) -> Self {
        let router = test.api.http_router();
        Self { test, router }
    }

    fn pass(&self, seconds: i64) {
        self.test.pass(seconds);
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
