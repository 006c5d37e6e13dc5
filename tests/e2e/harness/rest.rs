//! An HTTP client with an address of its own: tests take 127.0.0.x to be different people.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

/// One client. It follows no redirects; [`with_cookies`](Self::with_cookies) makes one that keeps them.
#[derive(Clone)]
pub struct Rest {
    client: Client,
    server: SocketAddr,
    /// Where management is, if elsewhere: several APIs, asked in turn.
    apis: Arc<Apis>,
    address: Option<IpAddr>,
}

#[derive(Default)]
struct Apis {
    addresses: Vec<SocketAddr>,
    next: AtomicUsize,
}

impl Rest {
    pub fn new(server: SocketAddr, address: Option<IpAddr>) -> Self {
        Self { client: Self::build(address, false), server, apis: Arc::default(), address }
    }

    /// Asks these APIs, one after the other, about everything but media.
    #[must_use]
    pub fn managing_at(self, addresses: Vec<SocketAddr>) -> Self {
        Self { apis: Arc::new(Apis { addresses, next: AtomicUsize::new(0) }), ..self }
    }

    fn url(&self, path: &str) -> String {
        let apis = &self.apis.addresses;
        // What workers serve, below each application.
        let is_media = ["/streams/", "/whip/", "/whep/"].iter().any(|place| path.contains(place));
        let server = if apis.is_empty() || is_media {
            self.server
        } else {
            apis[self.apis.next.fetch_add(1, Ordering::Relaxed) % apis.len()]
        };
        format!("http://{server}{path}")
    }

    /// The same client, but it keeps cookies.
    pub fn with_cookies(&self) -> Self {
        Self { client: Self::build(self.address, true), ..self.clone() }
    }

    fn build(address: Option<IpAddr>, cookies: bool) -> Client {
        // The client has no cryptography of its own. A second installation is refused, and nothing is lost by it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder()
            .local_address(address)
            .cookie_store(cookies)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client")
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self.client.request(method, self.url(path));
        let request = if let Some(body) = body { request.json(&body) } else { request };
        request.send().await.expect("the server answers")
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, None).await
    }

    /// With headers of one's own.
    pub async fn send_with(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut request = self.client.request(method, self.url(path)).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("the server answers")
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.send_with(Method::GET, path, headers, "").await
    }

    /// As a script of a page of `origin` asks.
    pub async fn get_from_page(&self, path: &str, origin: &str) -> Response {
        self.get_with(path, &[("Origin", origin)]).await
    }

    pub async fn head(&self, path: &str) -> Response {
        self.send(Method::HEAD, path, None).await
    }

    pub async fn status(&self, path: &str) -> u16 {
        self.get(path).await.status().as_u16()
    }

    pub async fn text(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "GET {path}");
        response.text().await.expect("a text")
    }

    pub async fn json(&self, path: &str) -> Value {
        self.get(path).await.json().await.expect("a JSON answer")
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.send(Method::POST, path, Some(body)).await.json().await.expect("a JSON answer")
    }

    pub async fn put(&self, path: &str) -> Value {
        self.send(Method::PUT, path, None).await.json().await.expect("a JSON answer")
    }

    pub async fn delete(&self, path: &str) -> Value {
        self.send(Method::DELETE, path, None).await.json().await.expect("a JSON answer")
    }

    /// Reads the application's settings, changes some, and writes the whole object back, as clients do.
    pub async fn set(&self, application: &str, changes: Value) {
        let path = format!("/rest/v2/applications/settings/{application}");
        let mut settings = self.json(&path).await;
        for (name, value) in changes.as_object().expect("an object of changes") {
            settings[name] = value.clone();
        }
        let answer = self.post(&path, settings).await;
        assert_eq!(answer["success"], true, "{answer}");
    }

    /// Registers a subscriber.
    pub async fn subscriber(&self, application: &str, stream: &str, id: &str, secret: &str, operation: &str) {
        let body = json!({"subscriberId": id, "b32Secret": secret, "type": operation});
        let answer = self.post(&format!("/{application}/rest/v2/broadcasts/{stream}/subscribers"), body).await;
        assert_eq!(answer["success"], true, "{answer}");
    }

    /// Blocks for `seconds`; 0 lifts the block.
    pub async fn block(&self, application: &str, stream: &str, subscriber: &str, seconds: i64, operation: &str) {
        let path =
            format!("/{application}/rest/v2/broadcasts/{stream}/subscribers/{subscriber}/block/{seconds}/{operation}");
        let answer = self.put(&path).await;
        assert_eq!(answer["success"], true, "{answer}");
    }
}
