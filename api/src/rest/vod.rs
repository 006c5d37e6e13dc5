//! Recordings (`rest-v2` §8).

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::InApplication;
use super::answer::{Answer, Rest, SimpleStat, existing};
use super::extract::{JsonBody, Paging, Parameters, PathOf, Search, Stream};
use crate::Api;
use crate::manage::{Application, Recording, RecordingFilter, RecordingOrder, RecordingOrderKey, Role};

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

impl From<Recording> for VodObject {
    fn from(recording: Recording) -> Self {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        Self {
            vod_id: Some(recording.vod_id.to_string()),
            file_path: Some(recording.path()),
            vod_name: Some(recording.file_name),
            stream_name: recording.stream_name,
            stream_id: Some(recording.stream_id.to_string()),
            creation_date: recording.created_at.as_millis(),
            start_time: recording.started_at.as_millis(),
            duration: number(recording.duration_ms),
            file_size: number(recording.bytes),
            kind: Some("streamVod".to_owned()),
            ..Self::default()
        }
    }
}

/// Read a recording
///
/// An unknown one is an empty object.
#[utoipa::path(
    get, path = "/vods/{id}", tag = "vods",
    responses((status = 200, body = VodObject)),
)]
async fn read_vod(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<Stream>,
) -> Rest<Json<VodObject>> {
    let found = api.recording(&application, &path.id).await?;
    Ok(Json(found.map(VodObject::from).unwrap_or_default()))
}

/// List recordings
///
/// In the order in which they ended unless `sort_by` and `order_by` are both given.
#[utoipa::path(
    get, path = "/vods/list/{offset}/{size}", tag = "vods",
    params(
        ("sort_by" = Option<String>, Query, description = "`name` or `date`"),
        ("order_by" = Option<String>, Query, description = "`asc` or `desc`"),
        ("streamId" = Option<String>, Query, description = "Only of this stream"),
        ("search" = Option<String>, Query, description = "Part of a name, of a stream, or of an id"),
    ),
    responses((status = 200, body = Vec<VodObject>)),
)]
async fn list_vods(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(paging): PathOf<Paging>,
    parameters: Parameters,
) -> Rest<Json<Vec<VodObject>>> {
    let Some(page) = paging.page() else { return Ok(Json(Vec::new())) };
    let stream_id = parameters.filled("streamId").map(str::to_owned);
    let filter = RecordingFilter { stream_id, search: search_of(parameters.filled("search")) };
    let slice = api.recordings(&application, filter, order_of(&parameters), page).await?;
    Ok(Json(slice.into_nodes().into_iter().map(VodObject::from).collect()))
}

/// Both words are needed; one alone, or an unknown one, leaves the order in which they ended.
fn order_of(parameters: &Parameters) -> RecordingOrder {
    let key = match parameters.filled("sort_by") {
        Some("name") => RecordingOrderKey::Name,
        Some("date") => RecordingOrderKey::CreatedAt,
        _ => return RecordingOrder::default(),
    };
    match parameters.filled("order_by") {
        Some(order) if order.eq_ignore_ascii_case("asc") => RecordingOrder { key, descending: false },
        Some(order) if order.eq_ignore_ascii_case("desc") => RecordingOrder { key, descending: true },
        _ => RecordingOrder::default(),
    }
}

fn search_of(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Count recordings
#[utoipa::path(
    get, path = "/vods/count", tag = "vods",
    responses((status = 200, body = SimpleStat)),
)]
async fn count_vods(State(api): State<Api>, InApplication(application): InApplication) -> Rest<Json<SimpleStat>> {
    Ok(Json(SimpleStat { number: api.count_recordings(&application, RecordingFilter::default()).await? }))
}

/// Count recordings whose name, stream or id contains a text
#[utoipa::path(
    get, path = "/vods/count/{search}", tag = "vods",
    responses((status = 200, body = SimpleStat)),
)]
async fn count_matching_vods(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<Search>,
) -> Rest<Json<SimpleStat>> {
    let filter = RecordingFilter { search: search_of(Some(&path.search)), ..RecordingFilter::default() };
    Ok(Json(SimpleStat { number: api.count_recordings(&application, filter).await? }))
}

/// Delete a recording with its file
///
/// `success:false` when it is unknown.
#[utoipa::path(delete, path = "/vods/{id}", tag = "vods", responses((status = 200, body = Answer)))]
async fn delete_vod(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<Stream>,
) -> Rest<Answer> {
    delete_many(&api, &application, &[path.id]).await
}

/// Delete several recordings
///
/// Stops at the first that is unknown, and names it.
#[utoipa::path(
    delete, path = "/vods", tag = "vods",
    params(("ids" = Option<String>, Query, description = "VoD ids with commas between them")),
    responses((status = 200, body = Answer)),
)]
async fn delete_vods(
    State(api): State<Api>,
    InApplication(application): InApplication,
    parameters: Parameters,
) -> Rest<Answer> {
    let ids: Vec<String> = parameters.filled("ids").unwrap_or_default().split(',').map(str::to_owned).collect();
    delete_many(&api, &application, &ids).await
}

/// Delete several recordings named in the body
#[utoipa::path(
    delete, path = "/vods/bulk", tag = "vods",
    request_body(content = Vec<String>, content_type = "application/json"),
    responses((status = 200, body = Answer)),
)]
async fn delete_vods_of_body(
    State(api): State<Api>,
    InApplication(application): InApplication,
    JsonBody(ids): JsonBody<Vec<String>>,
) -> Rest<Answer> {
    delete_many(&api, &application, &ids.unwrap_or_default()).await
}

async fn delete_many(api: &Api, application: &Application, ids: &[String]) -> Rest<Answer> {
    application.require(Role::Operator)?;
    let mut deleted = 0;
    for id in ids.iter().map(|id| id.trim()).filter(|id| !id.is_empty()) {
        if existing(api.delete_recording(application, id).await)?.is_none() {
            return Ok(Answer::failure(format!("There is no VoD {id}")));
        }
        deleted += 1;
    }
    Ok(if deleted == 0 { Answer::failure("ids parameter is blank") } else { Answer::success_with("vod deleted") })
}
