//! The face as its clients meet it: requests in, JSON out, over a real database and the in-process bus.

mod explain;
mod graph;
mod limits;
mod live;
mod schema;
mod secrets;
mod server;
mod socket;
mod tokens;
mod transport;
mod webrtc;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::http::router;
use crate::tests::TestApi;

/// Somebody who asks.
#[derive(Clone)]
struct Client {
    router: Router,
    peer: IpAddr,
    token: Option<String>,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Client {
    /// On the machine itself, and so its administrator.
    fn local(test: &TestApi) -> Self {
        Self { router: router(test.api.clone(), CHECK), peer: IpAddr::V4(Ipv4Addr::LOCALHOST), token: None }
    }

    /// Elsewhere, and so nobody without a login.
    fn remote(test: &TestApi) -> Self {
        Self { peer: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)), ..Self::local(test) }
    }

    fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    async fn send(&self, request: axum::http::request::Builder, body: Body) -> Reply {
        let mut request = request.header(HOST, "sluice.test:5080").body(body).expect("a request");
        if self.peer.is_loopback() {
            request.headers_mut().insert(HOST, "127.0.0.1:5080".parse().expect("a host"));
        }
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse().expect("a token"));
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(self.peer, 40_000)));
        let response = self.router.clone().oneshot(request).await.expect("answered");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        Reply { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    async fn post(&self, body: Value) -> Reply {
        let request = Request::post("/graphql").header(CONTENT_TYPE, "application/json");
        self.send(request, Body::from(body.to_string())).await
    }

    /// The whole answer.
    async fn ask(&self, query: &str) -> Value {
        self.post(json!({ "query": query })).await.body
    }

    /// The data of an answer without errors.
    async fn data(&self, query: &str) -> Value {
        let mut answer = self.ask(query).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        answer["data"].take()
    }

    /// The code of the only error.
    async fn error_code(&self, query: &str) -> String {
        code_of(&self.ask(query).await)
    }

    /// Creates an account with one role and logs in with it.
    async fn with_account(&self, email: &str, grant: &str) -> Self {
        let local = Self { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), token: None, ..self.clone() };
        let create = format!(
            r#"mutation {{ createAdministrator(input: {{ email: "{email}", password: "{PASSWORD}", grants: [{grant}] }})
               {{ problems {{ code message }} }} }}"#
        );
        assert_eq!(local.data(&create).await["createAdministrator"]["problems"], json!([]));
        let login = self.data(&login(email, PASSWORD)).await;
        self.with_token(login["login"]["accessToken"].as_str().expect("a token"))
    }
}

fn login(email: &str, password: &str) -> String {
    format!(
        r#"mutation {{ login(input: {{ email: "{email}", password: "{password}" }})
           {{ accessToken expiresAt administrator {{ email }} problems {{ code path }} }} }}"#
    )
}

fn code_of(answer: &Value) -> String {
    let errors = answer["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1, "{answer}");
    errors[0]["extensions"]["code"].as_str().expect("a code").to_owned()
}

const PASSWORD: &str = "correct horse battery";
/// Logins of sockets are checked this often.
const CHECK: Duration = Duration::from_millis(20);
