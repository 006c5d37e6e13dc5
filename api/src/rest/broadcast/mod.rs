//! Broadcasts (`rest-v2` §3).

mod data;
mod recording;
pub mod shape;
pub mod subtrack;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::shape::{BroadcastInput, BroadcastObject, LivePicture};
use super::access::InApplication;
use super::answer::{Answer, Failure, Rest, SimpleStat, existing};
use super::extract::{JsonBody, Paging, Parameters, PathOf, Search, ServerHost, Stream};
use crate::Api;
use crate::manage::{
    Application, BroadcastFilter, BroadcastOrder, BroadcastStatus, BroadcastType, Deleted, OrderKey, Role,
};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create_broadcast))
        .routes(routes!(read_broadcast, update_broadcast, delete_broadcast))
        .routes(routes!(list_broadcasts))
        .routes(routes!(filter_broadcasts))
        .routes(routes!(delete_broadcasts))
        .routes(routes!(delete_broadcasts_of_body))
        .routes(routes!(count_broadcasts))
        .routes(routes!(count_matching_broadcasts))
        .routes(routes!(count_live_broadcasts))
        .routes(routes!(stop_broadcast))
        .routes(routes!(start_broadcast))
        .merge(subtrack::routes())
        .merge(data::routes())
        .merge(recording::routes())
}

/// What a creation answers.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Created {
    Broadcast(Box<BroadcastObject>),
    /// With `autoStart`.
    Result(Answer),
}

/// Create a broadcast
///
/// Without a body, or without a `streamId`, an id is made.
#[utoipa::path(
    post, path = "/broadcasts/create", tag = "broadcasts",
    params(("autoStart" = Option<bool>, Query, description = "Start pulling at once; not available")),
    request_body(content = Option<BroadcastInput>, content_type = "application/json"),
    responses(
        (status = 200, description = "The broadcast, or with `autoStart` a result", body = Created),
        (status = 400, description = "The id is taken or not valid, or an address or folder is not valid", body = Answer),
    ),
)]
async fn create_broadcast(
    State(api): State<Api>,
    InApplication(application): InApplication,
    host: ServerHost,
    parameters: Parameters,
    JsonBody(input): JsonBody<BroadcastInput>,
) -> Rest<Json<Created>> {
    let new = input.unwrap_or_default().into_new();
    let new = new.map_err(|shape::UnknownType| Failure::BadRequest("Broadcast type is not valid.".to_owned()))?;
    if parameters.flag("autoStart", false) {
        let pulled = matches!(new.kind, Some(kind) if kind != BroadcastType::LiveStream);
        let text = if pulled { NOT_PULLED } else { "Only a stream source can be started" };
        return Ok(Json(Created::Result(Answer::failure(text))));
    }
    let created = api.create_broadcast(&application, new).await.map_err(|error| Failure::from(error).bad_request())?;
    let picture = LivePicture::of(&api, &application, host.0, Some(&created.stream_id));
    Ok(Json(Created::Broadcast(Box::new(picture.show(&api, &application, created).await?))))
}

/// Read a broadcast
#[utoipa::path(
    get, path = "/broadcasts/{id}", tag = "broadcasts",
    responses((status = 200, body = BroadcastObject), (status = 404, description = "Unknown; the body is empty")),
)]
async fn read_broadcast(
    State(api): State<Api>,
    InApplication(application): InApplication,
    host: ServerHost,
    PathOf(stream): PathOf<Stream>,
) -> Rest<Json<BroadcastObject>> {
    let found = api.broadcast(&application, &stream.id).await?.ok_or(Failure::Absent)?;
    let picture = LivePicture::of(&api, &application, host.0, Some(&found.stream_id));
    Ok(Json(picture.show(&api, &application, found).await?))
}

/// Change a broadcast
///
/// Absent and `null` fields keep their value.
#[utoipa::path(
    put, path = "/broadcasts/{id}", tag = "broadcasts",
    request_body(content = BroadcastInput, content_type = "application/json"),
    responses((status = 200, body = Answer)),
)]
async fn update_broadcast(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
    JsonBody(input): JsonBody<BroadcastInput>,
) -> Rest<Answer> {
    let Some(input) = input else { return Ok(Answer::failure("There is nothing to change")) };
    match existing(api.update_broadcast(&application, &stream.id, input.into_changes()).await)? {
        Some(_) => Ok(Answer::success()),
        None => Ok(Answer::failure(format!("Broadcast with streamId: {} does not exist", stream.id))),
    }
}

/// Delete a broadcast
///
/// A live stream is stopped first. Subscribers, blocks and tokens of the stream stay.
#[utoipa::path(
    delete, path = "/broadcasts/{id}", tag = "broadcasts",
    params(
        ("deleteSubtracks" = Option<bool>, Query, description = "Also its subtracks; true unless set"),
    ),
    responses((status = 200, body = Answer)),
)]
async fn delete_broadcast(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
    parameters: Parameters,
) -> Rest<Answer> {
    let with_subtracks = parameters.flag("deleteSubtracks", true);
    let deleted = existing(api.delete_broadcast(&application, &stream.id, with_subtracks).await)?;
    Ok(match deleted {
        Some(Deleted { was_live: true }) => Answer::success_with("broadcast is deleted and stopped successfully"),
        // The blank at the end is part of the documented text.
        Some(Deleted { was_live: false }) => Answer::success_with("broadcast is deleted but could not stopped "),
        None => Answer::of(false),
    })
}

/// List broadcasts
///
/// In order of creation unless `sort_by` and `order_by` are both given.
#[utoipa::path(
    get, path = "/broadcasts/list/{offset}/{size}", tag = "broadcasts",
    params(
        ("type_by" = Option<String>, Query, description = "Only of this type"),
        ("sort_by" = Option<String>, Query, description = "`name`, `date` or `status`"),
        ("order_by" = Option<String>, Query, description = "`asc` or `desc`"),
        ("search" = Option<String>, Query, description = "Part of the stream id or name"),
    ),
    responses((status = 200, body = Vec<BroadcastObject>)),
)]
async fn list_broadcasts(
    State(api): State<Api>,
    InApplication(application): InApplication,
    host: ServerHost,
    PathOf(paging): PathOf<Paging>,
    parameters: Parameters,
) -> Rest<Json<Vec<BroadcastObject>>> {
    let kind = parameters.filled("type_by").map(str::to_owned);
    list(&api, &application, host, paging, kind.as_deref(), &parameters).await
}

/// List broadcasts of one type
#[utoipa::path(
    get, path = "/broadcasts/filter-list/{offset}/{size}/{type}", tag = "broadcasts",
    params(
        ("sort_by" = Option<String>, Query, description = "`name`, `date` or `status`"),
        ("order_by" = Option<String>, Query, description = "`asc` or `desc`"),
    ),
    responses((status = 200, body = Vec<BroadcastObject>)),
)]
async fn filter_broadcasts(
    State(api): State<Api>,
    InApplication(application): InApplication,
    host: ServerHost,
    PathOf(paging): PathOf<Paging>,
    PathOf(path): PathOf<TypePath>,
    parameters: Parameters,
) -> Rest<Json<Vec<BroadcastObject>>> {
    list(&api, &application, host, paging, Some(&path.kind), &parameters).await
}

#[derive(Deserialize)]
struct TypePath {
    #[serde(rename = "type")]
    kind: String,
}

async fn list(
    api: &Api,
    application: &Application,
    host: ServerHost,
    paging: Paging,
    kind: Option<&str>,
    parameters: &Parameters,
) -> Rest<Json<Vec<BroadcastObject>>> {
    let Some(page) = paging.page() else { return Ok(Json(Vec::new())) };
    let kind = match kind.map(BroadcastType::parse) {
        None => None,
        Some(Some(kind)) => Some(kind),
        // Nothing is of a type that does not exist.
        Some(None) => return Ok(Json(Vec::new())),
    };
    let filter = BroadcastFilter { search: search_of(parameters.filled("search")), kind, ..BroadcastFilter::default() };
    let slice = api.broadcasts(application, filter, order_of(parameters), page).await?;
    let picture = LivePicture::of(api, application, host.0, None);
    Ok(Json(picture.show_all(api, application, slice.into_nodes()).await?))
}

/// Both words are needed; one alone, or an unknown one, leaves the order of creation.
fn order_of(parameters: &Parameters) -> BroadcastOrder {
    let key = match parameters.filled("sort_by") {
        Some("name") => OrderKey::Name,
        Some("date") => OrderKey::CreatedAt,
        Some("status") => OrderKey::Status,
        _ => return BroadcastOrder::default(),
    };
    match parameters.filled("order_by") {
        Some(order) if order.eq_ignore_ascii_case("asc") => BroadcastOrder { key, descending: false },
        Some(order) if order.eq_ignore_ascii_case("desc") => BroadcastOrder { key, descending: true },
        _ => BroadcastOrder::default(),
    }
}

fn search_of(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Delete several broadcasts
///
/// Stops at the first that cannot be deleted, and reports that one. Subtracks stay.
#[utoipa::path(
    delete, path = "/broadcasts", tag = "broadcasts",
    params(
        ("ids" = Option<String>, Query, description = "Stream ids with commas between them"),
    ),
    responses((status = 200, body = Answer)),
)]
async fn delete_broadcasts(
    State(api): State<Api>,
    InApplication(application): InApplication,
    parameters: Parameters,
) -> Rest<Answer> {
    let ids = parameters.filled("ids").unwrap_or_default();
    delete_many(&api, &application, ids.split(',').map(str::to_owned).collect()).await
}

/// Delete several broadcasts named in the body
#[utoipa::path(
    delete, path = "/broadcasts/bulk", tag = "broadcasts",
    request_body(content = Vec<String>, content_type = "application/json"),
    responses((status = 200, body = Answer)),
)]
async fn delete_broadcasts_of_body(
    State(api): State<Api>,
    InApplication(application): InApplication,
    JsonBody(ids): JsonBody<Vec<String>>,
) -> Rest<Answer> {
    delete_many(&api, &application, ids.unwrap_or_default()).await
}

async fn delete_many(api: &Api, application: &Application, ids: Vec<String>) -> Rest<Answer> {
    let ids: Vec<String> = ids.iter().map(|id| id.trim()).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if ids.is_empty() {
        return Ok(Answer::failure("ids parameter is blank"));
    }
    api.delete_broadcasts(application, &ids).await?;
    Ok(Answer::success())
}

/// Count broadcasts
#[utoipa::path(
    get, path = "/broadcasts/count", tag = "broadcasts",
    responses((status = 200, body = SimpleStat)),
)]
async fn count_broadcasts(State(api): State<Api>, InApplication(application): InApplication) -> Rest<Json<SimpleStat>> {
    count(&api, &application, BroadcastFilter::default()).await
}

/// Count broadcasts whose stream id or name contains a text
#[utoipa::path(
    get, path = "/broadcasts/count/{search}", tag = "broadcasts",
    responses((status = 200, body = SimpleStat)),
)]
async fn count_matching_broadcasts(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<Search>,
) -> Rest<Json<SimpleStat>> {
    let filter = BroadcastFilter { search: search_of(Some(&path.search)), ..BroadcastFilter::default() };
    count(&api, &application, filter).await
}

/// Count the streams that are on air
#[utoipa::path(
    get, path = "/broadcasts/active-live-stream-count", tag = "broadcasts",
    responses((status = 200, body = SimpleStat)),
)]
async fn count_live_broadcasts(
    State(api): State<Api>,
    InApplication(application): InApplication,
) -> Rest<Json<SimpleStat>> {
    let status = Some(BroadcastStatus::Broadcasting);
    let filter = BroadcastFilter { status, room: Some(false), ..BroadcastFilter::default() };
    count(&api, &application, filter).await
}

async fn count(api: &Api, application: &Application, filter: BroadcastFilter) -> Rest<Json<SimpleStat>> {
    Ok(Json(SimpleStat { number: api.count_broadcasts(application, filter).await? }))
}

/// End the publisher of a stream
///
/// It may come back: stopping is no block.
#[utoipa::path(
    post, path = "/broadcasts/{id}/stop", tag = "broadcasts",
    params(
        ("stopSubtracks" = Option<bool>, Query, description = "Also the publishers of its subtracks; true unless set"),
    ),
    responses((status = 200, body = Answer)),
)]
async fn stop_broadcast(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
    parameters: Parameters,
) -> Rest<Answer> {
    api.stop_broadcast(&application, &stream.id, parameters.flag("stopSubtracks", true)).await?;
    Ok(Answer::success())
}

/// Start pulling a stream: not available
///
/// Sources are kept, but not pulled by this server.
#[utoipa::path(post, path = "/broadcasts/{id}/start", tag = "broadcasts", responses((status = 200, body = Answer)))]
async fn start_broadcast(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
) -> Rest<Answer> {
    application.require(Role::Operator)?;
    Ok(Answer::failure(match api.broadcast(&application, &stream.id).await? {
        Some(_) => NOT_PULLED.to_owned(),
        None => format!("No Stream Exists with id:{}", stream.id),
    }))
}

const NOT_PULLED: &str = "Streams are not pulled by this server";
