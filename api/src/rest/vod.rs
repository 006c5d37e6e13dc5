//! Recordings (`rest-v2` §8). Nothing is recorded by this server, so there are none: lists are empty, and a recording
//! that is asked for is the empty object that existing clients expect.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::InApplication;
use super::answer::{Answer, Rest, SimpleStat};
use super::extract::{JsonBody, Paging, Parameters, PathOf, Search, Stream};
use crate::Api;
use crate::manage::{Application, Role};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(read_vod, delete_vod))
        .routes(routes!(delete_vods))
        .routes(routes!(delete_vods_of_body))
        .routes(routes!(list_vods))
        .routes(routes!(count_vods))
        .routes(routes!(count_matching_vods))
}

/// A recording.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = VoD)]
#[serde(rename_all = "camelCase")]
struct VodObject {
    vod_id: Option<String>,
    vod_name: Option<String>,
    stream_name: Option<String>,
    stream_id: Option<String>,
    /// Unix time in milliseconds.
    creation_date: i64,
    start_time: i64,
    /// Milliseconds.
    duration: i64,
    /// Bytes.
    file_size: i64,
    file_path: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    preview_file_path: Option<String>,
    process_status: Option<String>,
    process_start_time: i64,
    process_end_time: i64,
    description: Option<String>,
    metadata: Option<String>,
    latitude: Option<String>,
    longitude: Option<String>,
    altitude: Option<String>,
}

/// Read a recording
///
/// An unknown one is an empty object.
#[utoipa::path(
    get, path = "/vods/{id}", tag = "vods",
    responses((status = 200, body = VodObject)),
)]
async fn read_vod(_caller: InApplication, _path: PathOf<Stream>) -> Rest<Json<VodObject>> {
    Ok(Json(VodObject::default()))
}

/// List recordings
#[utoipa::path(
    get, path = "/vods/list/{offset}/{size}", tag = "vods",
    params(
        ("sort_by" = Option<String>, Query, description = "`name` or `date`"),
        ("order_by" = Option<String>, Query, description = "`asc` or `desc`"),
        ("streamId" = Option<String>, Query, description = "Only of this stream"),
        ("search" = Option<String>, Query, description = "Part of a name, of a stream, or of a description"),
    ),
    responses((status = 200, body = Vec<VodObject>)),
)]
async fn list_vods(_caller: InApplication, _path: PathOf<Paging>) -> Rest<Json<Vec<VodObject>>> {
    Ok(Json(Vec::new()))
}

/// Count recordings
#[utoipa::path(
    get, path = "/vods/count", tag = "vods",
    responses((status = 200, body = SimpleStat)),
)]
async fn count_vods(_caller: InApplication) -> Rest<Json<SimpleStat>> {
    Ok(Json(SimpleStat { number: 0 }))
}

/// Count recordings whose name contains a text
#[utoipa::path(
    get, path = "/vods/count/{search}", tag = "vods",
    responses((status = 200, body = SimpleStat)),
)]
async fn count_matching_vods(_caller: InApplication, _path: PathOf<Search>) -> Rest<Json<SimpleStat>> {
    Ok(Json(SimpleStat { number: 0 }))
}

/// Delete a recording
///
/// `success:false` when it is unknown.
#[utoipa::path(delete, path = "/vods/{id}", tag = "vods", responses((status = 200, body = Answer)))]
async fn delete_vod(InApplication(application): InApplication, PathOf(path): PathOf<Stream>) -> Rest<Answer> {
    delete_many(&application, &[path.id])
}

/// Delete several recordings
#[utoipa::path(
    delete, path = "/vods", tag = "vods",
    params(("ids" = Option<String>, Query, description = "VoD ids with commas between them")),
    responses((status = 200, body = Answer)),
)]
async fn delete_vods(InApplication(application): InApplication, parameters: Parameters) -> Rest<Answer> {
    let ids: Vec<String> = parameters.filled("ids").unwrap_or_default().split(',').map(str::to_owned).collect();
    delete_many(&application, &ids)
}

/// Delete several recordings named in the body
#[utoipa::path(
    delete, path = "/vods/bulk", tag = "vods",
    request_body(content = Vec<String>, content_type = "application/json"),
    responses((status = 200, body = Answer)),
)]
async fn delete_vods_of_body(
    InApplication(application): InApplication,
    JsonBody(ids): JsonBody<Vec<String>>,
) -> Rest<Answer> {
    delete_many(&application, &ids.unwrap_or_default())
}

/// There are none, so the first that is named is unknown.
fn delete_many(application: &Application, ids: &[String]) -> Rest<Answer> {
    application.require(Role::Operator)?;
    Ok(match ids.iter().map(|id| id.trim()).find(|id| !id.is_empty()) {
        Some(id) => Answer::failure(format!("There is no VoD {id}")),
        None => Answer::failure("ids parameter is blank"),
    })
}
