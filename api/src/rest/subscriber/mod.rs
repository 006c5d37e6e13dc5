//! Subscribers, their codes and their blocks (`rest-v2` §5). None of these calls needs the broadcast to exist.

pub mod shape;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sluice_contract::SubscriberId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::shape::{ConnectionEventObject, SubscriberInput, SubscriberObject, SubscriberStats};
use super::access::InApplication;
use super::answer::{Answer, Rest};
use super::extract::{JsonBody, Parameters, PathOf, ServerHost, Stream, StreamPage, SubscriberPath};
use crate::Api;
use crate::manage::{BlockOperations, BlockOutcome, BlockRequest, ConnectionEventFilter, Page, SubscriberFilter};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(put_subscriber, delete_all_subscribers))
        .routes(routes!(list_subscribers))
        .routes(routes!(list_subscriber_stats))
        .routes(routes!(list_connection_events))
        .routes(routes!(generate_totp))
        .routes(routes!(delete_subscriber))
        .routes(routes!(block_subscriber))
}

/// Register a subscriber
///
/// A subscriber of the same id is replaced. Blocks are not touched.
#[utoipa::path(
    post, path = "/broadcasts/{id}/subscribers", tag = "subscribers",
    request_body(content = SubscriberInput, content_type = "application/json"),
    responses((status = 200, body = Answer)),
)]
async fn put_subscriber(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
    JsonBody(input): JsonBody<SubscriberInput>,
) -> Rest<Answer> {
    api.put_subscriber(&application, &stream.required()?, input.unwrap_or_default().into_put()).await?;
    Ok(Answer::success())
}

/// List the subscribers of a stream
#[utoipa::path(
    get, path = "/broadcasts/{id}/subscribers/list/{offset}/{size}", tag = "subscribers",
    responses((status = 200, body = Vec<SubscriberObject>)),
)]
async fn list_subscribers(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(page): PathOf<StreamPage>,
) -> Rest<Json<Vec<SubscriberObject>>> {
    let Some((stream_id, page)) = page.within() else { return Ok(Json(Vec::new())) };
    let slice = api.subscribers(&application, &stream_id, SubscriberFilter::default(), page).await?;
    Ok(Json(slice.into_nodes().into_iter().map(SubscriberObject::from).collect()))
}

/// List what the subscribers of a stream did
#[utoipa::path(
    get, path = "/broadcasts/{id}/subscriber-stats/list/{offset}/{size}", tag = "subscribers",
    responses((status = 200, body = Vec<SubscriberStats>)),
)]
async fn list_subscriber_stats(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(page): PathOf<StreamPage>,
    ServerHost(host): ServerHost,
) -> Rest<Json<Vec<SubscriberStats>>> {
    let Some((stream_id, page)) = page.within() else { return Ok(Json(Vec::new())) };
    let slice = api.subscribers(&application, &stream_id, SubscriberFilter::default(), page).await?;
    let mut stats = Vec::new();
    for subscriber in slice.into_nodes() {
        let filter = ConnectionEventFilter {
            stream_id: Some(stream_id.clone()),
            subscriber_id: Some(subscriber.subscriber_id.clone()),
            ..ConnectionEventFilter::default()
        };
        let newest = Page::Offset { offset: 0, size: EVENTS_PER_SUBSCRIBER };
        let mut events = api.connection_events(&application, filter, newest).await?.into_nodes();
        events.reverse();
        stats.push(SubscriberStats {
            subscriber_id: subscriber.subscriber_id.to_string(),
            stream_id: stream_id.to_string(),
            connection_events: events.into_iter().map(|event| ConnectionEventObject::of(event, &host)).collect(),
            avg_video_bitrate: subscriber.average_video_bitrate_bps,
            avg_audio_bitrate: subscriber.average_audio_bitrate_bps,
        });
    }
    Ok(Json(stats))
}

/// List when subscribers of a stream came and went
///
/// The newest first.
#[utoipa::path(
    get, path = "/broadcasts/{id}/connection-events/{offset}/{size}", tag = "subscribers",
    params(
        ("subscriberId" = Option<String>, Query, description = "Only of this subscriber"),
    ),
    responses((status = 200, body = Vec<ConnectionEventObject>)),
)]
async fn list_connection_events(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(page): PathOf<StreamPage>,
    ServerHost(host): ServerHost,
    parameters: Parameters,
) -> Rest<Json<Vec<ConnectionEventObject>>> {
    let Some((stream_id, page)) = page.within() else { return Ok(Json(Vec::new())) };
    let subscriber_id = match parameters.filled("subscriberId").map(str::parse::<SubscriberId>) {
        None => None,
        Some(Ok(id)) => Some(id),
        // Nobody has a name that cannot be.
        Some(Err(_)) => return Ok(Json(Vec::new())),
    };
    let filter =
        ConnectionEventFilter { stream_id: Some(stream_id), subscriber_id, ..ConnectionEventFilter::default() };
    let slice = api.connection_events(&application, filter, page).await?;
    Ok(Json(slice.into_nodes().into_iter().map(|event| ConnectionEventObject::of(event, &host)).collect()))
}

/// Generate a time-based one-time password
///
/// The code stands in `dataId`. Subscribers need not be registered: codes then derive from the application's secret
/// for the operation.
#[utoipa::path(
    get, path = "/broadcasts/{id}/subscribers/{sid}/totp", tag = "subscribers",
    params(
        ("type" = Option<String>, Query, description = "`publish` or `play`; of no matter for a registered secret"),
    ),
    responses((status = 200, body = Answer)),
)]
async fn generate_totp(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(subscriber): PathOf<SubscriberPath>,
    parameters: Parameters,
) -> Rest<Answer> {
    let (stream_id, subscriber_id) = subscriber.required()?;
    let operation = parameters.filled("type");
    let generated = api.generate_code(&application, &stream_id, &subscriber_id, operation).await?;
    Ok(Answer::data(generated.code.expose().as_str()))
}

/// Delete a subscriber
#[utoipa::path(
    delete, path = "/broadcasts/{id}/subscribers/{sid}", tag = "subscribers",
    responses((status = 200, body = Answer)),
)]
async fn delete_subscriber(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(subscriber): PathOf<SubscriberPath>,
) -> Rest<Answer> {
    let (stream_id, subscriber_id) = subscriber.required()?;
    Ok(Answer::of(api.delete_subscriber(&application, &stream_id, &subscriber_id).await?))
}

/// Delete all subscribers of a stream, and their events
///
/// Blocks stay.
#[utoipa::path(
    delete, path = "/broadcasts/{id}/subscribers", tag = "subscribers",
    responses((status = 200, body = Answer)),
)]
async fn delete_all_subscribers(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
) -> Rest<Answer> {
    Ok(Answer::of(api.delete_all_subscribers(&application, &stream.required()?).await? > 0))
}

/// Block a subscriber, or lift a block
///
/// In force when the call returns: publishers are off the air, players get nothing more. The subscriber and the stream
/// need not exist. A duration of 0 lifts the block.
#[utoipa::path(
    put, path = "/broadcasts/{id}/subscribers/{sid}/block/{seconds}/{type}", tag = "subscribers",
    responses((status = 200, body = Answer)),
)]
async fn block_subscriber(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(subscriber): PathOf<SubscriberPath>,
    PathOf(block): PathOf<BlockPath>,
) -> Rest<Answer> {
    let (stream_id, subscriber_id) = subscriber.required()?;
    let Some(operations) = BlockOperations::parse(&block.kind) else {
        return Ok(Answer::failure("Block type must be publish, play or publish_play"));
    };
    let request = BlockRequest { stream_id, subscriber_id, operations, seconds: block.seconds };
    let outcome = api.block(&application, request).await?;
    Ok(Answer::success_with(pending_text(&outcome)))
}

#[derive(Deserialize)]
struct BlockPath {
    seconds: i64,
    #[serde(rename = "type")]
    kind: String,
}

/// Empty when the block is in force everywhere.
fn pending_text(outcome: &BlockOutcome) -> String {
    if outcome.workers_pending.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = outcome.workers_pending.iter().map(|worker| worker.name.as_str()).collect();
    format!("Stored, but not yet confirmed by: {}", names.join(", "))
}

/// Newest events shown with each subscriber, so that a page of 250 stays within a few megabytes.
const EVENTS_PER_SUBSCRIBER: u64 = 50;
