//! The tracks of a broadcast that are broadcasts themselves (`rest-v2` §7).

use axum::Json;
use axum::extract::State;
use sluice_contract::StreamId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shape::{BroadcastObject, LivePicture};
use crate::Api;
use crate::manage::{Application, BroadcastChanges, BroadcastFilter, BroadcastOrder, BroadcastStatus, Role};
use crate::rest::access::InApplication;
use crate::rest::answer::{Answer, Failure, Rest, SimpleStat, existing};
use crate::rest::extract::{Paging, Parameters, PathOf, ServerHost, Stream};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(add_subtrack, remove_subtrack))
        .routes(routes!(list_subtracks))
        .routes(routes!(list_active_subtracks))
        .routes(routes!(count_active_subtracks))
}

/// Add a subtrack
///
/// Both are broadcasts already.
#[utoipa::path(
    post, path = "/broadcasts/{id}/subtrack", tag = "broadcasts",
    params(("id" = Option<String>, Query, description = "Stream id of the subtrack")),
    responses((status = 200, body = Answer)),
)]
async fn add_subtrack(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(main): PathOf<Stream>,
    parameters: Parameters,
) -> Rest<Answer> {
    application.require(Role::Operator)?;
    let main = main.required()?;
    if api.broadcast(&application, main.as_str()).await?.is_none() {
        return Ok(Answer::failure(unknown_main(&main)));
    }
    put_under(&api, &application, parameters.filled("id"), main.to_string()).await
}

/// Remove a subtrack
///
/// It stays a broadcast of its own.
#[utoipa::path(
    delete, path = "/broadcasts/{id}/subtrack", tag = "broadcasts",
    params(("id" = Option<String>, Query, description = "Stream id of the subtrack")),
    responses((status = 200, body = Answer)),
)]
async fn remove_subtrack(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(main): PathOf<Stream>,
    parameters: Parameters,
) -> Rest<Answer> {
    application.require(Role::Operator)?;
    let (main, subtrack) = (main.required()?, parameters.filled("id").unwrap_or_default());
    let found = api.broadcast(&application, subtrack).await?;
    if found.is_none_or(|found| found.main_track.as_ref() != Some(&main)) {
        return Ok(Answer::failure(format!("{main} has no subtrack {subtrack}")));
    }
    put_under(&api, &application, Some(subtrack), String::new()).await
}

/// Writes down whose track a stream is; an empty text for nobody's.
async fn put_under(api: &Api, application: &Application, subtrack: Option<&str>, main: String) -> Rest<Answer> {
    let changes = BroadcastChanges { main_track: Some(main), ..BroadcastChanges::default() };
    let subtrack = subtrack.unwrap_or_default();
    match existing(api.update_broadcast(application, subtrack, changes).await)? {
        Some(_) => Ok(Answer::success()),
        None => Ok(Answer::failure(format!("Broadcast with streamId: {subtrack} does not exist"))),
    }
}

/// List the subtracks of a broadcast
#[utoipa::path(
    get, path = "/broadcasts/{id}/subtracks/{offset}/{size}", tag = "broadcasts",
    params(("role" = Option<String>, Query, description = "Only in this role")),
    responses((status = 200, body = Vec<BroadcastObject>)),
)]
async fn list_subtracks(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(main): PathOf<Stream>,
    PathOf(paging): PathOf<Paging>,
    host: ServerHost,
    parameters: Parameters,
) -> Rest<Json<Vec<BroadcastObject>>> {
    let filter = under(&api, &application, &main).await?;
    list(&api, &application, filter, paging, host, &parameters).await
}

/// List the subtracks of a broadcast that are on air
#[utoipa::path(
    get, path = "/broadcasts/{id}/active-subtracks/{offset}/{size}", tag = "broadcasts",
    params(("role" = Option<String>, Query, description = "Only in this role")),
    responses((status = 200, body = Vec<BroadcastObject>)),
)]
async fn list_active_subtracks(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(main): PathOf<Stream>,
    PathOf(paging): PathOf<Paging>,
    host: ServerHost,
    parameters: Parameters,
) -> Rest<Json<Vec<BroadcastObject>>> {
    let filter = under(&api, &application, &main).await?;
    let filter = BroadcastFilter { status: Some(BroadcastStatus::Broadcasting), ..filter };
    list(&api, &application, filter, paging, host, &parameters).await
}

/// Count the subtracks of a broadcast that are on air
#[utoipa::path(
    get, path = "/broadcasts/{id}/active-subtracks-count", tag = "broadcasts",
    responses((status = 200, body = SimpleStat)),
)]
async fn count_active_subtracks(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(main): PathOf<Stream>,
) -> Rest<Json<SimpleStat>> {
    let filter = under(&api, &application, &main).await?;
    let filter = BroadcastFilter { status: Some(BroadcastStatus::Broadcasting), ..filter };
    Ok(Json(SimpleStat { number: api.count_broadcasts(&application, filter).await? }))
}

/// # Errors
/// 404 with a `Result` when there is no such main track.
async fn under(api: &Api, application: &Application, main: &Stream) -> Rest<BroadcastFilter> {
    let unknown = Failure::NotFound("There is no such main track");
    let Some(main_track) = main.stream_id() else { return Err(unknown) };
    match api.broadcast(application, main_track.as_str()).await? {
        Some(_) => Ok(BroadcastFilter { main_track: Some(main_track), ..BroadcastFilter::default() }),
        None => Err(unknown),
    }
}

async fn list(
    api: &Api,
    application: &Application,
    filter: BroadcastFilter,
    paging: Paging,
    host: ServerHost,
    parameters: &Parameters,
) -> Rest<Json<Vec<BroadcastObject>>> {
    let Some(page) = paging.page() else { return Ok(Json(Vec::new())) };
    let slice = api.broadcasts(application, filter, BroadcastOrder::default(), page).await?;
    let role = parameters.filled("role");
    let picture = LivePicture::of(api, application, host.0, None);
    let found = slice.into_nodes().into_iter();
    let in_role = found.filter(|found| role.is_none() || found.other.get("role").and_then(|r| r.as_str()) == role);
    Ok(Json(in_role.map(|broadcast| picture.show(api, application, broadcast)).collect()))
}

fn unknown_main(main: &StreamId) -> String {
    format!("There is no broadcast {main} to add a subtrack to")
}
