//! Rooms by the paths of older clients (`rest-v2` §7). A room is a broadcast that only gathers others, its subtracks.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sluice_contract::UnixTime;
use sluice_contract::message::SubtrackFilter;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::InApplication;
use super::answer::{Answer, Failure, Rest, existing};
use super::broadcast::subtrack;
use super::extract::{JsonBody, Paging, Parameters, PathOf, ServerHost, Stream};
use super::lenient;
use crate::Api;
use crate::manage::{
    Application, Broadcast, BroadcastChanges, BroadcastFilter, BroadcastOrder, NewBroadcast, OrderKey, Role,
};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create_room))
        .routes(routes!(read_room, update_room, delete_room))
        .routes(routes!(list_rooms))
        .routes(routes!(read_members))
        .routes(routes!(add_member, remove_member))
}

/// A room to create or change. Absent and `null` fields are not set, or keep their value.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
struct RoomInput {
    /// On creation only. One is made when it is empty.
    #[serde(deserialize_with = "lenient::text")]
    room_id: Option<String>,
    /// Unix time in seconds; 0 for none.
    #[serde(deserialize_with = "lenient::integer")]
    start_date: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    end_date: Option<i64>,
    /// A word of the client's own.
    #[serde(deserialize_with = "lenient::text")]
    mode: Option<String>,
}

/// A room as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConferenceRoom)]
#[serde(rename_all = "camelCase")]
struct RoomObject {
    room_id: String,
    /// Unix time in seconds; 0 for none.
    start_date: i64,
    end_date: i64,
    /// Stream ids of its members.
    room_stream_list: Vec<String>,
    mode: String,
    /// Made by its first member.
    zombi: bool,
    origin_adress: String,
}

/// Who is in a room.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RoomInfo {
    /// `null` when there is no such room.
    room_id: Option<String>,
    /// The members' names by their stream ids.
    stream_details_map: Map<String, Value>,
    start_date: i64,
    end_date: i64,
}

#[derive(Deserialize)]
struct RoomPath {
    #[serde(rename = "roomId")]
    room_id: String,
}

#[derive(Deserialize)]
struct MemberPath {
    #[serde(rename = "roomId")]
    room_id: String,
    #[serde(rename = "streamId")]
    stream_id: String,
}

impl RoomInput {
    fn into_changes(self) -> BroadcastChanges {
        let time = |seconds: Option<i64>| seconds.map(|at| (at > 0).then(|| UnixTime::from_secs(at)));
        let mode = self.mode.map(|mode| ("conferenceMode".to_owned(), Value::from(mode)));
        BroadcastChanges {
            planned_start: time(self.start_date),
            planned_end: time(self.end_date),
            other: mode.into_iter().collect(),
            ..BroadcastChanges::default()
        }
    }
}

/// Create a room
#[utoipa::path(
    post, path = "/broadcasts/conference-rooms", tag = "rooms",
    request_body(content = RoomInput, content_type = "application/json"),
    responses(
        (status = 200, body = RoomObject),
        (status = 400, description = "The id is taken or not valid", body = Answer),
    ),
)]
async fn create_room(
    State(api): State<Api>,
    InApplication(application): InApplication,
    host: ServerHost,
    JsonBody(input): JsonBody<RoomInput>,
) -> Rest<Json<RoomObject>> {
    let mut input = input.unwrap_or_default();
    let stream_id = input.room_id.take();
    let new = NewBroadcast { stream_id, room: true, fields: input.into_changes(), ..NewBroadcast::default() };
    let created = api.create_broadcast(&application, new).await.map_err(|error| Failure::from(error).bad_request())?;
    Ok(Json(one(&api, &application, created, host).await?))
}

/// Read a room
#[utoipa::path(
    get, path = "/broadcasts/conference-rooms/{roomId}", tag = "rooms",
    responses((status = 200, body = RoomObject), (status = 404, description = "Unknown; the body is empty")),
)]
async fn read_room(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<RoomPath>,
    host: ServerHost,
) -> Rest<Json<RoomObject>> {
    let found = room(&api, &application, &path.room_id).await?.ok_or(Failure::Absent)?;
    Ok(Json(one(&api, &application, found, host).await?))
}

/// Change a room
#[utoipa::path(
    put, path = "/broadcasts/conference-rooms/{roomId}", tag = "rooms",
    request_body(content = RoomInput, content_type = "application/json"),
    responses((status = 200, body = RoomObject), (status = 400, description = "Unknown", body = Answer)),
)]
async fn update_room(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<RoomPath>,
    host: ServerHost,
    JsonBody(input): JsonBody<RoomInput>,
) -> Rest<Json<RoomObject>> {
    let unknown = || Failure::BadRequest(NO_ROOM.to_owned());
    let found = room(&api, &application, &path.room_id).await?.ok_or_else(unknown)?;
    let changes = input.unwrap_or_default().into_changes();
    let changed = existing(api.update_broadcast(&application, found.stream_id.as_str(), changes).await)?;
    Ok(Json(one(&api, &application, changed.ok_or_else(unknown)?, host).await?))
}

/// Delete a room
///
/// Its members stay what they are.
#[utoipa::path(
    delete, path = "/broadcasts/conference-rooms/{roomId}", tag = "rooms",
    responses((status = 200, body = Answer)),
)]
async fn delete_room(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<RoomPath>,
) -> Rest<Answer> {
    application.require(Role::Operator)?;
    let Some(found) = room(&api, &application, &path.room_id).await? else { return Ok(Answer::failure(NO_ROOM)) };
    let deleted = existing(api.delete_broadcast(&application, found.stream_id.as_str(), false).await)?;
    Ok(Answer::of(deleted.is_some()))
}

/// List rooms
#[utoipa::path(
    get, path = "/broadcasts/conference-rooms/list/{offset}/{size}", tag = "rooms",
    params(
        ("sort_by" = Option<String>, Query, description = "`roomId` leaves the order of creation, as does leaving it out"),
        ("order_by" = Option<String>, Query, description = "`asc` or `desc`"),
        ("search" = Option<String>, Query, description = "Part of the id"),
    ),
    responses((status = 200, body = Vec<RoomObject>)),
)]
async fn list_rooms(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(paging): PathOf<Paging>,
    host: ServerHost,
    parameters: Parameters,
) -> Rest<Json<Vec<RoomObject>>> {
    let Some(page) = paging.page() else { return Ok(Json(Vec::new())) };
    let search = parameters.filled("search").map(str::to_owned);
    let filter = BroadcastFilter { search, room: Some(true), ..BroadcastFilter::default() };
    let descending = parameters.filled("order_by").is_some_and(|order| order.eq_ignore_ascii_case("desc"));
    let order = BroadcastOrder { key: OrderKey::CreatedAt, descending };
    let found = api.broadcasts(&application, filter, order, page).await?.into_nodes();
    Ok(Json(objects(&api, &application, found, &host).await?))
}

/// Read the members of a room
#[utoipa::path(
    get, path = "/broadcasts/conference-rooms/{roomId}/room-info", tag = "rooms",
    params(("streamId" = Option<String>, Query, description = "A member to leave out")),
    responses((status = 200, body = RoomInfo)),
)]
async fn read_members(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<RoomPath>,
    parameters: Parameters,
) -> Rest<Json<RoomInfo>> {
    let Some(found) = room(&api, &application, &path.room_id).await? else { return Ok(Json(RoomInfo::default())) };
    let asking = parameters.filled("streamId");
    let mut members = api.subtracks(&application, &found.stream_id, &SubtrackFilter::default()).await?;
    members.retain(|member| asking != Some(member.stream_id.as_str()));
    let named = members.into_iter().map(|member| (member.stream_id.to_string(), Value::from(member.name)));
    Ok(Json(RoomInfo {
        room_id: Some(found.stream_id.to_string()),
        stream_details_map: named.collect(),
        start_date: found.planned_start.map_or(0, UnixTime::as_secs),
        end_date: found.planned_end.map_or(0, UnixTime::as_secs),
    }))
}

/// Add a stream to a room
///
/// Older clients put `add` or `delete` in place of the stream's id, which is then the parameter `streamId`.
#[utoipa::path(
    put, path = "/broadcasts/conference-rooms/{roomId}/{streamId}", tag = "rooms",
    params(("streamId" = Option<String>, Query, description = "The stream, for `add` and `delete`")),
    responses((status = 200, body = Answer)),
)]
async fn add_member(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<MemberPath>,
    parameters: Parameters,
) -> Rest<Answer> {
    let main = Stream { id: path.room_id }.required()?;
    match (path.stream_id.as_str(), parameters.filled("streamId")) {
        ("delete", Some(named)) => subtrack::remove(&api, &application, &main, named).await,
        ("add", Some(named)) => subtrack::add(&api, &application, &main, named).await,
        (named, _) => subtrack::add(&api, &application, &main, named.trim()).await,
    }
}

/// Take a stream out of a room
#[utoipa::path(
    delete, path = "/broadcasts/conference-rooms/{roomId}/{streamId}", tag = "rooms",
    responses((status = 200, body = Answer)),
)]
async fn remove_member(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<MemberPath>,
) -> Rest<Answer> {
    let main = Stream { id: path.room_id }.required()?;
    subtrack::remove(&api, &application, &main, path.stream_id.trim()).await
}

/// A broadcast by this id, if it is a room.
async fn room(api: &Api, application: &Application, id: &str) -> Rest<Option<Broadcast>> {
    Ok(api.broadcast(application, id.trim()).await?.filter(|found| found.room))
}

async fn one(api: &Api, application: &Application, room: Broadcast, host: ServerHost) -> Rest<RoomObject> {
    let id = room.stream_id.clone();
    let object = objects(api, application, vec![room], &host).await?.pop();
    object.ok_or_else(|| Failure::Unavailable(format!("the room {id} is not shown")))
}

async fn objects(
    api: &Api,
    application: &Application,
    rooms: Vec<Broadcast>,
    host: &ServerHost,
) -> Rest<Vec<RoomObject>> {
    let members = api.subtrack_names(application, &rooms.iter().collect::<Vec<_>>()).await?;
    let object = |room: Broadcast| {
        let of_room = members.iter().filter(|(main, _)| main == room.stream_id.as_str());
        let mode = room.other.get("conferenceMode").and_then(Value::as_str);
        RoomObject {
            room_stream_list: of_room.map(|(_, member)| member.clone()).collect(),
            mode: mode.unwrap_or("legacy").to_owned(),
            room_id: room.stream_id.to_string(),
            start_date: room.planned_start.map_or(0, UnixTime::as_secs),
            end_date: room.planned_end.map_or(0, UnixTime::as_secs),
            zombi: room.ephemeral,
            origin_adress: host.0.clone(),
        }
    };
    Ok(rooms.into_iter().map(object).collect())
}

const NO_ROOM: &str = "There is no such room";
