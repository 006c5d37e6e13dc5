//! Subscriptions over a real WebSocket.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::StatusCode;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{CHECK, Client, router};
use crate::graphql::limits::{MESSAGE_BYTES, OPEN_SOCKETS};
use crate::manage::{BlockOperations, BlockRequest, Grant, NewApiKey, Role, Scope, Viewer};
use crate::tests::{TestApi, stream, subscriber};

/// Serves until the test ends.
pub(super) async fn serve(test: &TestApi) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let service = router(test.api.clone(), CHECK).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// A server where being on the machine is no login.
pub(super) async fn strict() -> TestApi {
    let dir = Arc::new(tempfile::tempdir().expect("a folder"));
    TestApi::over(dir, |config| config.local_management = false).await.expect("started")
}

pub(super) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn connect(address: SocketAddr, origin: Option<&str>, protocol: &str) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/graphql").into_client_request().expect("an address");
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().expect("a header"));
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().expect("a header"));
        }
        connect_async(request).await.map(|(socket, _)| Self(socket))
    }

    pub(super) async fn open(address: SocketAddr) -> Self {
        Self::connect(address, None, "graphql-transport-ws").await.expect("connected")
    }

    /// Connected and logged in by being local.
    pub(super) async fn ready(address: SocketAddr) -> Self {
        let mut socket = Self::open(address).await;
        socket.send(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
        socket
    }

    pub(super) async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("sent");
    }

    pub(super) async fn subscribe(&mut self, id: &str, query: &str) {
        self.send(json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
    }

    /// The next message of the protocol.
    pub(super) async fn next(&mut self) -> Value {
        loop {
            match self.0.next().await.expect("open").expect("read") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// The code with which the server closes, whatever comes before.
    pub(super) async fn closed(&mut self) -> u16 {
        self.farewell().await.0
    }

    /// The same with its reason.
    async fn farewell(&mut self) -> (u16, String) {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Ok(_)) => {}
                other => panic!("ended without a code: {other:?}"),
            }
        }
    }
}

fn refusal_of(result: Result<Socket, Error>) -> StatusCode {
    match result {
        Err(Error::Http(response)) => response.status(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
}

async fn block(test: &TestApi, seconds: i64) {
    let request = BlockRequest {
        stream_id: stream("stream1"),
        subscriber_id: subscriber("playerB"),
        operations: BlockOperations::Play,
        seconds,
    };
    test.api.block(&test.live_app().await, request).await.expect("blocked");
}

#[tokio::test]
async fn a_block_is_told_while_it_is_set() {
    let test = TestApi::new().await;
    let mut socket = Socket::ready(serve(&test).await).await;
    socket.subscribe("1", "subscription { blockEvents { actor block { subscriberId operation active until } } }").await;
    // Answered in order: the subscription stands when this is.
    socket.subscribe("2", "{ viewer { kind } }").await;
    let query = socket.next().await;
    assert_eq!(query, json!({ "type": "next", "id": "2", "payload": { "data": { "viewer": { "kind": "LOCAL" } } } }));
    assert_eq!(socket.next().await, json!({ "type": "complete", "id": "2" }));
    block(&test, 120).await;
    let event = socket.next().await;
    let block = json!({
        "subscriberId": "playerB", "operation": "PLAY", "active": true, "until": "2023-11-14T22:15:20.000000Z",
    });
    assert_eq!(event["id"], "1");
    assert_eq!(event["payload"]["data"]["blockEvents"], json!({ "actor": "local", "block": block }));
}

#[tokio::test]
async fn an_operation_ends_when_the_client_says_so() {
    let test = TestApi::new().await;
    let mut socket = Socket::ready(serve(&test).await).await;
    socket.subscribe("1", "subscription { blockEvents { at } }").await;
    socket.send(json!({ "type": "complete", "id": "1" })).await;
    socket.subscribe("1", "{ __typename }").await;
    assert_eq!(socket.next().await["payload"]["data"]["__typename"], "Query");
    assert_eq!(socket.next().await["type"], "complete");
    socket.subscribe("2", "subscription { blockEvents { at } }").await;
    socket.subscribe("2", "subscription { blockEvents { at } }").await;
    assert_eq!(socket.closed().await, 4409);
}

#[tokio::test]
async fn a_viewer_of_one_application_hears_of_no_other() {
    let test = TestApi::new().await;
    let address = serve(&test).await;
    let account =
        Client::remote(&test).with_account("v@x.org", r#"{ application: "WebRTCAppEE", role: VIEWER }"#).await;
    let mut socket = Socket::open(address).await;
    let bearer = format!("Bearer {}", account.token.expect("a token"));
    socket.send(json!({ "type": "connection_init", "payload": { "Authorization": bearer } })).await;
    assert_eq!(socket.next().await["type"], "connection_ack");
    socket.subscribe("all", "subscription { broadcastEvents { application streamId } }").await;
    socket.subscribe("theirs", r#"subscription { broadcastEvents(application: "LiveApp") { streamId } }"#).await;
    let refused = socket.next().await;
    assert_eq!(refused["id"], "theirs");
    assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], "NOT_FOUND");
    assert_eq!(socket.next().await, json!({ "type": "complete", "id": "theirs" }));
    let local = Client::local(&test);
    for application in ["LiveApp", "WebRTCAppEE"] {
        let create = format!(
            r#"mutation {{ createBroadcast(input: {{ application: "{application}", streamId: "s" }})
               {{ problems {{ code }} }} }}"#
        );
        local.data(&create).await;
    }
    let event = socket.next().await;
    assert_eq!(event["payload"]["data"]["broadcastEvents"], json!({ "application": "WebRTCAppEE", "streamId": "s" }));
    socket.subscribe("server", "subscription { serverStats { workers } }").await;
    assert_eq!(socket.next().await["payload"]["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn a_socket_ends_with_its_login() {
    let test = strict().await;
    let address = serve(&test).await;
    let mut stranger = Socket::open(address).await;
    stranger.send(json!({ "type": "connection_init", "payload": { "Authorization": "Bearer wrong" } })).await;
    assert_eq!(stranger.closed().await, 4401);
    let mut hasty = Socket::open(address).await;
    hasty.subscribe("1", "{ __typename }").await;
    assert_eq!(hasty.closed().await, 4401);

    let grants = vec![Grant { scope: Scope::System, role: Role::Viewer }];
    let new = NewApiKey { name: "watch".to_owned(), grants, expires_at: None };
    let key = test.api.create_api_key(&Viewer::local(), new).await.expect("created");
    let mut socket = Socket::open(address).await;
    let bearer = format!("Bearer {}", key.secret.expose());
    socket.send(json!({ "type": "connection_init", "payload": { "authorization": bearer } })).await;
    assert_eq!(socket.next().await["type"], "connection_ack");
    socket.subscribe("1", "subscription { blockEvents { at } }").await;
    test.api.revoke_api_key(&Viewer::local(), key.key.id).await.expect("revoked");
    assert_eq!(socket.closed().await, 4401);
}

#[tokio::test]
async fn pages_of_other_sites_open_nothing() {
    let test = TestApi::new().await;
    let address = serve(&test).await;
    let foreign = Socket::connect(address, Some("https://evil.example"), "graphql-transport-ws").await;
    assert_eq!(refusal_of(foreign), StatusCode::FORBIDDEN);
    assert_eq!(refusal_of(Socket::connect(address, None, "graphql-ws").await), StatusCode::BAD_REQUEST);
    let own = Socket::connect(address, Some(&format!("http://{address}")), "graphql-transport-ws").await;
    assert!(own.is_ok());
}

#[tokio::test]
async fn open_subscriptions_and_messages_are_limited() {
    let test = TestApi::new().await;
    let address = serve(&test).await;
    let mut socket = Socket::ready(address).await;
    for id in 0..50 {
        socket.subscribe(&id.to_string(), "subscription { blockEvents { at } }").await;
    }
    socket.subscribe("one more", "subscription { blockEvents { at } }").await;
    let refused = socket.next().await;
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("one more")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "LIMIT_OPEN_SUBSCRIPTIONS");
    assert_eq!(refused["payload"][0]["message"], "open subscriptions: the limit is 50");
    // They are the login's, not the socket's.
    let mut other = Socket::ready(address).await;
    other.subscribe("1", "subscription { blockEvents { at } }").await;
    assert_eq!(other.next().await["type"], "error");
    socket.send(json!({ "type": "complete", "id": "7" })).await;
    socket.subscribe("seven again", "{ __typename }").await;
    assert_eq!(socket.next().await["type"], "next");

    let mut large = Socket::ready(address).await;
    large.subscribe("1", &format!("{{ __typename }} #{}", "x".repeat(70_000))).await;
    let (code, reason) = large.farewell().await;
    assert_eq!(code, 1009);
    assert!(reason.ends_with(&format!("the limit is {MESSAGE_BYTES}")), "{reason}");
    let mut garbage = Socket::ready(address).await;
    garbage.send(json!({ "type": "nonsense" })).await;
    assert_eq!(garbage.closed().await, 4400);
}

#[tokio::test]
async fn open_sockets_of_a_login_are_limited() {
    let test = TestApi::new().await;
    let address = serve(&test).await;
    let mut sockets = Vec::new();
    for _ in 0..OPEN_SOCKETS {
        sockets.push(Socket::ready(address).await);
    }
    let mut one_more = Socket::open(address).await;
    one_more.send(json!({ "type": "connection_init" })).await;
    assert_eq!(one_more.farewell().await, (4429, format!("open sockets: the limit is {OPEN_SOCKETS}")));
}

#[tokio::test]
async fn limits_hold_over_a_socket_too() {
    let test = TestApi::new().await;
    let mut socket = Socket::ready(serve(&test).await).await;
    socket.subscribe("1", &format!("{{ node(id: {} }}", "[".repeat(20_000))).await;
    let refused = socket.next().await;
    assert_eq!(refused["type"], "error");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "LIMIT_NESTING");
}
