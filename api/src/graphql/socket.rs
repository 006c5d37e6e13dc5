//! GraphQL over WebSocket: the `graphql-transport-ws` protocol.
//!
//! One task carries one socket: it reads messages, and polls the socket's operations in turn. A peer that reads slowly
//! stops the polling; the channels behind the operations then drop their oldest entries, so nothing piles up. The login
//! is checked again and again, and the socket ends with it.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_graphql::{Request, Response as Answered};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tokio_stream::StreamMap;

use super::caller::Caller;
use super::failure::Failure;
use super::http::{Graph, counted_as, is_refused, origin_of};
use super::limits::{MESSAGE_BYTES, OPEN_SOCKETS, OPEN_SUBSCRIPTIONS};
use super::open::Open;
use crate::http::client_address;
use crate::http::cors::is_foreign_origin;
use crate::manage::Viewer;

/// Takes the WebSocket, unless a page of another site opens it, which would act with the visitor's own login.
pub fn open(
    graph: Graph,
    upgrade: WebSocketUpgrade,
    peer: Option<IpAddr>,
    over_tls: bool,
    headers: HeaderMap,
) -> Response {
    if is_foreign_origin(&headers) {
        return (StatusCode::FORBIDDEN, "subscriptions are for pages of this server").into_response();
    }
    let upgrade = upgrade.protocols([PROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return (StatusCode::BAD_REQUEST, format!("the WebSocket protocol is {PROTOCOL}")).into_response();
    }
    let address = peer.map(|peer| client_address(&graph.api, peer, &headers).to_string()).unwrap_or_default();
    let Some(place) = graph.open.open(&format!("sockets from {address}"), SOCKETS) else {
        let text = format!("open sockets of one address: the limit is {SOCKETS}");
        return (StatusCode::TOO_MANY_REQUESTS, text).into_response();
    };
    upgrade
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES)
        .on_upgrade(move |socket| async move {
            let _place = place;
            let mut connection = Connection { socket, heard: Instant::now() };
            if let Err(End::Because(code, reason)) = serve(&mut connection, graph, peer, over_tls, headers).await {
                connection.close(code, reason).await;
            }
        })
        .into_response()
}

async fn serve(
    connection: &mut Connection,
    graph: Graph,
    peer: Option<IpAddr>,
    over_tls: bool,
    headers: HeaderMap,
) -> Result<(), End> {
    let payload = timeout(INIT_WITHIN, connection.init()).await.map_err(|_| End::Because(4408, INIT_TIMEOUT))??;
    let headers = with_authorization(headers, payload.as_ref());
    let login = Login::check(&graph, peer, headers).await?;
    let counted = format!("sockets of {}", counted_as(&login.viewer.load()));
    let _place = graph.open.open(&counted, OPEN_SOCKETS).ok_or(End::Because(4429, TOO_MANY_SOCKETS))?;
    let caller = Caller::new(graph.api.clone(), login.viewer(), origin_of(&graph.api, peer, over_tls, &login.headers));
    connection.send(&ServerMessage::ConnectionAck).await?;
    Session { graph, login, caller: Arc::new(caller), operations: StreamMap::new() }.run(connection).await
}

/// A socket after its login.
struct Session {
    graph: Graph,
    login: Login,
    caller: Arc<Caller>,
    operations: StreamMap<String, Operation>,
}

/// The answers of one operation, and `None` at its end. Holds the operation's place among the open ones.
type Operation = Pin<Box<dyn Stream<Item = Option<Answered>> + Send>>;

impl Session {
    async fn run(mut self, connection: &mut Connection) -> Result<(), End> {
        let mut ping = every(PING_EVERY);
        let mut check = every(self.graph.check_every);
        loop {
            tokio::select! {
                message = connection.receive() => match message? {
                    ClientMessage::Subscribe { id, payload } => self.subscribe(connection, id, *payload).await?,
                    ClientMessage::Complete { id } => drop(self.operations.remove(&id)),
                    ClientMessage::Ping {} => connection.send(&ServerMessage::Pong).await?,
                    ClientMessage::Pong {} => {}
                    ClientMessage::ConnectionInit { .. } => {
                        return Err(End::Because(4429, "Too many initialisation requests"));
                    }
                },
                Some((id, answer)) = self.operations.next() => self.answer(connection, &id, answer).await?,
                _ = ping.tick() => {
                    if connection.heard.elapsed() > SILENT_FOR {
                        return Err(End::Because(1001, "no answer to a ping"));
                    }
                    connection.send(&ServerMessage::Ping).await?;
                }
                _ = check.tick() => self.login.check_again(&self.graph).await?,
            }
        }
    }

    async fn subscribe(&mut self, connection: &mut Connection, id: String, request: Request) -> Result<(), End> {
        if id.is_empty() || id.len() > LONGEST_ID {
            return Err(End::Because(4400, "the operation's id is empty or too long"));
        }
        if self.operations.contains_key(&id) {
            return Err(End::Because(4409, "Subscriber for this id already exists"));
        }
        let Some(place) = self.graph.open.open(&counted_as(&self.caller.viewer()), OPEN_SUBSCRIPTIONS) else {
            let text = format!("open subscriptions: the limit is {OPEN_SUBSCRIPTIONS}");
            let error = Failure::new("LIMIT_OPEN_SUBSCRIPTIONS", text).into();
            return connection.send(&ServerMessage::Error { id: &id, payload: &[error] }).await;
        };
        let answers = self.graph.schema.execute_stream(request.data(Arc::clone(&self.caller)));
        self.operations.insert(id, hold(place, answers));
        Ok(())
    }

    async fn answer(&mut self, connection: &mut Connection, id: &str, answer: Option<Answered>) -> Result<(), End> {
        match answer {
            Some(answer) if is_refused(&answer) => {
                self.operations.remove(id);
                connection.send(&ServerMessage::Error { id, payload: &answer.errors }).await
            }
            Some(answer) => connection.send(&ServerMessage::Next { id, payload: &answer }).await,
            None => {
                self.operations.remove(id);
                connection.send(&ServerMessage::Complete { id }).await
            }
        }
    }
}

fn hold(place: Open, answers: impl Stream<Item = Answered> + Send + 'static) -> Operation {
    let answers = answers.map(Some).chain(stream::once(async { None }));
    Box::pin(answers.map(move |answer| {
        let _place = &place;
        answer
    }))
}

/// Who opened the socket, and by what they are recognised again.
struct Login {
    viewer: Arc<ArcSwap<Viewer>>,
    peer: Option<IpAddr>,
    headers: HeaderMap,
}

impl Login {
    async fn check(graph: &Graph, peer: Option<IpAddr>, headers: HeaderMap) -> Result<Self, End> {
        let viewer = graph.api.viewer(peer, &headers).await.map_err(|_| End::Because(1013, "try again later"))?;
        if viewer.is_anonymous() {
            return Err(End::Because(4401, "Unauthorized"));
        }
        Ok(Self { viewer: Arc::new(ArcSwap::from_pointee(viewer)), peer, headers })
    }

    fn viewer(&self) -> Arc<ArcSwap<Viewer>> {
        Arc::clone(&self.viewer)
    }

    /// Ends with the login, or when a role is taken away; takes up new ones. While nobody can tell, what was admitted
    /// goes on.
    async fn check_again(&self, graph: &Graph) -> Result<(), End> {
        let Ok(viewer) = graph.api.viewer(self.peer, &self.headers).await else { return Ok(()) };
        if viewer.identity() != self.viewer.load().identity() {
            return Err(End::Because(4401, "the login has ended"));
        }
        let held = self.viewer.load();
        if !held.grants().iter().all(|grant| viewer.grants().contains(grant)) {
            // Subscriptions were opened with rights that are gone: the peer may open again what it still may.
            return Err(End::Because(4403, "the roles have changed"));
        }
        self.viewer.store(Arc::new(viewer));
        Ok(())
    }
}

/// The socket itself.
struct Connection {
    socket: WebSocket,
    /// When the peer last sent anything.
    heard: Instant,
}

/// Why a socket ends.
enum End {
    /// The peer is gone, or does not read.
    Gone,
    /// Told to the peer: a code of the protocol and its reason.
    Because(u16, &'static str),
}

impl Connection {
    /// Waits for the first message, which brings the login.
    async fn init(&mut self) -> Result<Option<Value>, End> {
        loop {
            match self.receive().await? {
                ClientMessage::ConnectionInit { payload } => return Ok(payload),
                ClientMessage::Ping {} => self.send(&ServerMessage::Pong).await?,
                ClientMessage::Pong {} => {}
                ClientMessage::Subscribe { .. } | ClientMessage::Complete { .. } => {
                    return Err(End::Because(4401, "Unauthorized"));
                }
            }
        }
    }

    async fn receive(&mut self) -> Result<ClientMessage, End> {
        loop {
            let message = match self.socket.recv().await {
                Some(Ok(message)) => message,
                // An oversized message ends here too.
                Some(Err(_)) => return Err(End::Because(1009, UNREADABLE)),
                None => return Err(End::Gone),
            };
            self.heard = Instant::now();
            match message {
                Message::Text(text) => {
                    return serde_json::from_str(&text)
                        .map_err(|_| End::Because(4400, "the message is not one of the protocol"));
                }
                Message::Binary(_) => return Err(End::Because(4400, "messages are texts")),
                Message::Close(_) => return Err(End::Gone),
                Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    }

    async fn send(&mut self, message: &ServerMessage<'_>) -> Result<(), End> {
        let text = serde_json::to_string(message).map_err(|_| End::Because(1011, "the answer cannot be written"))?;
        match timeout(SEND_WITHIN, self.socket.send(Message::text(text))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code, reason: reason.into() };
        // A peer that cannot be told is told nothing.
        let _ = timeout(SEND_WITHIN, self.socket.send(Message::Close(Some(frame)))).await;
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ClientMessage {
    ConnectionInit { payload: Option<Value> },
    Subscribe { id: String, payload: Box<Request> },
    Complete { id: String },
    Ping {},
    Pong {},
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ServerMessage<'a> {
    ConnectionAck,
    Next { id: &'a str, payload: &'a Answered },
    Error { id: &'a str, payload: &'a [async_graphql::ServerError] },
    Complete { id: &'a str },
    Ping,
    Pong,
}

/// The login that `connection_init` brings counts as if it were the header: browsers cannot set one on a WebSocket.
fn with_authorization(mut headers: HeaderMap, payload: Option<&Value>) -> HeaderMap {
    let named = payload.and_then(Value::as_object).into_iter().flatten();
    let given = named.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if let Some(value) = given.and_then(|(_, value)| HeaderValue::from_str(value.as_str()?).ok()) {
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

/// The first tick comes after one period.
fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// What a close says is at most 123 bytes, and names the limit and its value all the same.
const UNREADABLE: &str = "message bytes: the message cannot be read, or has more; the limit is 65536";
const TOO_MANY_SOCKETS: &str = "open sockets: the limit is 50";
const PROTOCOL: &str = "graphql-transport-ws";
/// Sockets that one address may have open at a time, logged in or not.
const SOCKETS: usize = 100;
/// The first message must come within this time.
const INIT_WITHIN: Duration = Duration::from_secs(10);
const INIT_TIMEOUT: &str = "Connection initialisation timeout";
/// A peer that does not take a message within this time is gone.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// Keeps proxies from closing an idle socket, and finds peers that are gone.
const PING_EVERY: Duration = Duration::from_secs(20);
/// A peer that answers two pings in a row with nothing is gone.
const SILENT_FOR: Duration = Duration::from_secs(50);
/// Operation ids are made by clients, as UUIDs mostly.
const LONGEST_ID: usize = 128;
