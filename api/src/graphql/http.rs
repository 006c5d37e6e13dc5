//! GraphQL over HTTP: POST with JSON, and nothing that a page of another site could send without asking first.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_graphql::{BatchRequest, BatchResponse, Request, Response as Answered, Value};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY, UPGRADE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::uri::Scheme;
use axum::http::{self, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::join_all;
use tokio::time::timeout;

use super::caller::{Caller, Origin};
use super::failure::Failure;
use super::limits::{self, refusal};
use super::open::OpenCounts;
use super::{Schema, schema, socket};
use crate::Api;
use crate::http::pages;
use crate::manage::Viewer;

/// What both transports share.
#[derive(Clone)]
pub struct Graph {
    pub api: Api,
    pub schema: Schema,
    pub open: Arc<OpenCounts>,
    /// How often the login of a socket is checked: so long one that has ended may still receive entries.
    pub check_every: Duration,
}

pub fn router(api: Api, check_every: Duration) -> Router {
    let graph = Graph { api, schema: schema(), open: Arc::default(), check_every };
    Router::new().route("/graphql", get(look).post(ask)).with_state(graph)
}

/// GET: a browser gets the console, a WebSocket is opened. Requests come with POST alone, so that no link and no
/// picture of another page can make one.
async fn look(State(graph): State<Graph>, mut parts: Parts) -> Response {
    let wants = |name, what: &str| {
        let values = parts.headers.get_all(name).iter().filter_map(|value: &HeaderValue| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|value| value.split(';').next().is_some_and(|value| value.trim().eq_ignore_ascii_case(what)))
    };
    if wants(UPGRADE, "websocket") {
        let (peer, over_tls) = (peer_of(&parts), came_over_tls(&parts));
        return match WebSocketUpgrade::from_request_parts(&mut parts, &graph).await {
            Ok(upgrade) => socket::open(graph, upgrade, peer, over_tls, parts.headers),
            Err(rejection) => rejection.into_response(),
        };
    }
    if wants(ACCEPT, "text/html") {
        return pages::graphiql();
    }
    let failure = Failure::new("METHOD_NOT_ALLOWED", "send requests with POST, and subscriptions over a WebSocket");
    let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, failure);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

/// POST: one request, or a batch.
async fn ask(State(graph): State<Graph>, request: http::Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        let failure = Failure::new("UNSUPPORTED_MEDIA_TYPE", "send requests as `application/json`");
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, failure);
    }
    let Ok(Ok(body)) = timeout(BODY_WITHIN, to_bytes(body, limits::REQUEST_BYTES)).await else {
        let text = format!("the body cannot be read whole; the limit is {} bytes", limits::REQUEST_BYTES);
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, Failure::new("LIMIT_REQUEST_BYTES", text));
    };
    let requests = match read(&body) {
        Ok(requests) => requests,
        Err(failure) => return refuse(StatusCode::BAD_REQUEST, failure),
    };
    let peer = peer_of(&parts);
    let Ok(viewer) = graph.api.viewer(peer, &parts.headers).await else {
        let failure = Failure::new("UNAVAILABLE", "the login cannot be checked now; try again later");
        return refuse(StatusCode::SERVICE_UNAVAILABLE, failure);
    };
    let origin = origin_of(&graph.api, peer, came_over_tls(&parts), &parts.headers);
    let caller = Arc::new(Caller::new(graph.api.clone(), Arc::new(ArcSwap::from_pointee(viewer)), origin));
    let answers = match timeout(ANSWER_WITHIN, execute(&graph.schema, requests, &caller)).await {
        Ok(answers) => answers,
        Err(_) => {
            let text = format!("no answer within {} seconds", ANSWER_WITHIN.as_secs());
            return refuse(StatusCode::GATEWAY_TIMEOUT, Failure::new("TIMEOUT", text));
        }
    };
    respond(&parts.headers, answers)
}

fn read(body: &[u8]) -> Result<BatchRequest, Failure> {
    let requests = serde_json::from_slice::<BatchRequest>(body)
        .map_err(|_| Failure::new("BAD_REQUEST", "the body is not a GraphQL request in JSON"))?;
    match &requests {
        BatchRequest::Batch(batch) if batch.len() > limits::BATCH => {
            Err(refusal("batch size", batch.len(), limits::BATCH))
        }
        _ => Ok(requests),
    }
}

async fn execute(schema: &Schema, requests: BatchRequest, caller: &Arc<Caller>) -> BatchResponse {
    let run = |request: Request| schema.execute(request.data(Arc::clone(caller)));
    match requests {
        BatchRequest::Single(request) => BatchResponse::Single(run(request).await),
        BatchRequest::Batch(batch) => BatchResponse::Batch(join_all(batch.into_iter().map(run)).await),
    }
}

/// GraphQL over HTTP: with `application/graphql-response+json` the status says whether the request was understood;
/// with `application/json` it is 200, as older clients expect.
fn respond(headers: &HeaderMap, answers: BatchResponse) -> Response {
    let accepted = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let newer = accepted.contains(GRAPHQL_RESPONSE);
    let refused = match &answers {
        BatchResponse::Single(answer) => is_refused(answer),
        BatchResponse::Batch(_) => false,
    };
    let status = if newer && refused { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let kind = if newer { GRAPHQL_RESPONSE } else { "application/json" };
    let mut response = json(status, kind, serde_json::to_vec(&answers).unwrap_or_default());
    for (name, value) in answers.http_headers_iter() {
        response.headers_mut().append(name, value);
    }
    response
}

/// Whether nothing of a request was executed.
pub fn is_refused(answer: &Answered) -> bool {
    answer.data == Value::Null && !answer.errors.is_empty() && answer.errors.iter().all(|error| error.path.is_empty())
}

/// An answer to what is not even a GraphQL request, in the form of one.
fn refuse(status: StatusCode, failure: Failure) -> Response {
    let error = serde_json::json!({ "message": failure.message, "extensions": { "code": failure.code } });
    let body = serde_json::json!({ "errors": [error] });
    json(status, "application/json", body.to_string().into_bytes())
}

fn json(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    (status, headers, body).into_response()
}

/// A browser sends this type to another site only after asking (`http::cors`), and then without cookies. Forms cannot
/// send it at all.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn peer_of(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical())
}

/// The listener that ends TLS writes the scheme into the address, which requests do not have by themselves.
fn came_over_tls(parts: &Parts) -> bool {
    parts.uri.scheme() == Some(&Scheme::HTTPS)
}

/// The server's address as the client wrote it.
pub fn origin_of(api: &Api, peer: Option<IpAddr>, over_tls: bool, headers: &HeaderMap) -> Origin {
    let trusted = peer.is_some_and(|peer| api.config().trusted_proxies.iter().any(|network| network.contains(&peer)));
    let forwarded = trusted && headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let is_https = over_tls || forwarded;
    let authority = headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| is_authority(host));
    Origin { is_https, authority: authority.map(str::to_owned) }
}

fn is_authority(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    !text.is_empty() && text.len() <= 255 && text.bytes().all(is_part)
}

/// Whose open subscriptions count together: those of a login or key, otherwise those of an address.
pub fn counted_as(viewer: &Viewer) -> String {
    use crate::manage::Identity;
    match viewer.identity() {
        Identity::Administrator { id, .. } | Identity::ApiKey { id, .. } => id.to_string(),
        Identity::Anonymous | Identity::Local | Identity::ApplicationFilter => viewer.address().to_string(),
    }
}

const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";
/// A client that takes longer to send its request is not waited for.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// Longer than any answer takes: a block waits a second for the workers.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
