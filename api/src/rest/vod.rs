//! Recordings (`rest-v2` §8). Nothing is recorded by this server, so there are none: lists are empty, and a recording
//! that is asked for is the empty object that existing clients expect.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::InApplication;
use super::answer::{Rest, SimpleStat};
use super::extract::{Paging, PathOf, Search, Stream};
use crate::Api;

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(read_vod))
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
    params(("app" = String, Path, description = "Application"), ("id" = String, Path, description = "VoD id")),
    responses((status = 200, body = VodObject)),
)]
async fn read_vod(_caller: InApplication, _path: PathOf<Stream>) -> Rest<Json<VodObject>> {
    Ok(Json(VodObject::default()))
}

/// List recordings
#[utoipa::path(
    get, path = "/vods/list/{offset}/{size}", tag = "vods",
    params(
        ("app" = String, Path, description = "Application"),
        ("offset" = i64, Path, description = "Entries to leave out"),
        ("size" = i64, Path, description = "Most entries; at most 250 are given"),
    ),
    responses((status = 200, body = Vec<VodObject>)),
)]
async fn list_vods(_caller: InApplication, _path: PathOf<Paging>) -> Rest<Json<Vec<VodObject>>> {
    Ok(Json(Vec::new()))
}

/// Count recordings
#[utoipa::path(
    get, path = "/vods/count", tag = "vods",
    params(("app" = String, Path, description = "Application")),
    responses((status = 200, body = SimpleStat)),
)]
async fn count_vods(_caller: InApplication) -> Rest<Json<SimpleStat>> {
    Ok(Json(SimpleStat { number: 0 }))
}

/// Count recordings whose name contains a text
#[utoipa::path(
    get, path = "/vods/count/{search}", tag = "vods",
    params(("app" = String, Path, description = "Application"), ("search" = String, Path, description = "The text")),
    responses((status = 200, body = SimpleStat)),
)]
async fn count_matching_vods(_caller: InApplication, _path: PathOf<Search>) -> Rest<Json<SimpleStat>> {
    Ok(Json(SimpleStat { number: 0 }))
}
