//! The tracks of a broadcast that are broadcasts themselves (`rest-v2` §7).

use axum::Json;
use axum::extract::State;
use sluice_contract::StreamId;
use sluice_contract::message::SubtrackFilter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shape::{BroadcastObject, LivePicture};
use crate::Api;
use crate::manage::{Application, Broadcast, BroadcastChanges, BroadcastStatus, MAX_PAGE, Role};
use crate::rest::access::InApplication;
use crate::rest::answer::{Answer, Failure, Rest, SimpleStat, existing};
use crate::rest::extract::{Parameters, PathOf, ServerHost, Stream, StreamPage};

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
    add(&api, &application, &main.required()?, parameters.filled("id").unwrap_or_default()).await
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
    remove(&api, &application, &main.required()?, parameters.filled("id").unwrap_or_default()).await
}

/// Makes a stream a track of another.
pub async fn add(api: &Api, application: &Application, main: &StreamId, subtrack: &str) -> Rest<Answer> {
    application.require(Role::Operator)?;
    if api.broadcast(application, main.as_str()).await?.is_none() {
        return Ok(Answer::failure(format!("There is no broadcast {main} to add a subtrack to")));
    }
    put_under(api, application, subtrack, main.to_string()).await
}

/// Makes a track of another stream stand alone.
pub async fn remove(api: &Api, application: &Application, main: &StreamId, subtrack: &str) -> Rest<Answer> {
    application.require(Role::Operator)?;
    let found = api.broadcast(application, subtrack).await?;
    if found.is_none_or(|found| found.main_track.as_ref() != Some(main)) {
        return Ok(Answer::failure(format!("{main} has no subtrack {subtrack}")));
    }
    put_under(api, application, subtrack, String::new()).await
}

/// Writes down whose track a stream is; an empty text for nobody's.
async fn put_under(api: &Api, application: &Application, subtrack: &str, main: String) -> Rest<Answer> {
    let changes = BroadcastChanges { main_track: Some(main), ..BroadcastChanges::default() };
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
    PathOf(page): PathOf<StreamPage>,
    host: ServerHost,
    parameters: Parameters,
) -> Rest<Json<Vec<BroadcastObject>>> {
    list(&api, &application, page, host, filter_of(&parameters, None)).await
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
    PathOf(page): PathOf<StreamPage>,
    host: ServerHost,
    parameters: Parameters,
) -> Rest<Json<Vec<BroadcastObject>>> {
    list(&api, &application, page, host, filter_of(&parameters, Some(BroadcastStatus::Broadcasting))).await
}

/// Count the subtracks of a broadcast that are on air
#[utoipa::path(
    get, path = "/broadcasts/{id}/active-subtracks-count", tag = "broadcasts",
    params(("role" = Option<String>, Query, description = "Only in this role")),
    responses((status = 200, body = SimpleStat)),
)]
async fn count_active_subtracks(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(main): PathOf<Stream>,
    parameters: Parameters,
) -> Rest<Json<SimpleStat>> {
    let filter = filter_of(&parameters, Some(BroadcastStatus::Broadcasting));
    let tracks = under(&api, &application, main.stream_id(), &filter).await?;
    Ok(Json(SimpleStat { number: tracks.len() as u64 }))
}

fn filter_of(parameters: &Parameters, status: Option<BroadcastStatus>) -> SubtrackFilter {
    SubtrackFilter {
        role: parameters.filled("role").map(str::to_owned),
        status: status.map(|status| status.as_str().to_owned()),
    }
}

/// # Errors
/// 404 with a `Result` when there is no such main track.
async fn under(
    api: &Api,
    application: &Application,
    main: Option<StreamId>,
    filter: &SubtrackFilter,
) -> Rest<Vec<Broadcast>> {
    let main = main.ok_or(Failure::NotFound(NO_MAIN_TRACK))?;
    let tracks = api.subtracks(application, &main, filter).await;
    tracks.map_err(|error| Failure::from(error).or_not_found(NO_MAIN_TRACK))
}

async fn list(
    api: &Api,
    application: &Application,
    page: StreamPage,
    host: ServerHost,
    filter: SubtrackFilter,
) -> Rest<Json<Vec<BroadcastObject>>> {
    let tracks = under(api, application, page.stream_id(), &filter).await?;
    let tracks = page.paging().cut(tracks, usize::try_from(MAX_PAGE).unwrap_or(usize::MAX));
    let picture = LivePicture::of(api, application, host.0, None);
    Ok(Json(picture.show_all(api, application, tracks).await?))
}

const NO_MAIN_TRACK: &str = "There is no such main track";
