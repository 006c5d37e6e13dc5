//! Applications (`rest-v2` §10.3).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::rest::access::Manager;
use crate::rest::answer::{Answer, Failure, Rest, UNKNOWN_APPLICATION};
use crate::rest::extract::{Parameters, PathOf};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_applications))
        .routes(routes!(list_applications_info))
        .routes(routes!(list_live_streams))
        .routes(routes!(create_application, delete_application))
}

/// Names of applications.
#[derive(Debug, Serialize, ToSchema)]
struct Applications {
    applications: Vec<String>,
}

/// An application at a glance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ApplicationInfo {
    name: String,
    live_stream_count: usize,
    vod_count: u64,
    /// Bytes of recordings.
    storage: u64,
}

/// A stream on air.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LiveStreamInfo {
    name: String,
    watcher_count: u32,
}

#[derive(Deserialize)]
pub struct NamePath {
    pub name: String,
}

/// List the applications that the caller may read
#[utoipa::path(get, path = "/applications", tag = "applications", responses((status = 200, body = Applications)))]
async fn list_applications(State(api): State<Api>, Manager(viewer): Manager) -> Rest<Json<Applications>> {
    let found = api.applications(&viewer).await?;
    Ok(Json(Applications { applications: found.iter().map(|application| application.name.to_string()).collect() }))
}

/// List the applications with their streams
#[utoipa::path(
    get, path = "/applications-info", tag = "applications", responses((status = 200, body = Vec<ApplicationInfo>)),
)]
async fn list_applications_info(State(api): State<Api>, Manager(viewer): Manager) -> Rest<Json<Vec<ApplicationInfo>>> {
    let found = api.applications(&viewer).await?;
    let mut shown = Vec::with_capacity(found.len());
    for application in &found {
        let recordings = api.recording_totals(application).await?;
        shown.push(ApplicationInfo {
            name: application.name.to_string(),
            live_stream_count: api.live_streams(application).len(),
            vod_count: recordings.count,
            storage: recordings.bytes,
        });
    }
    Ok(Json(shown))
}

/// List the streams of an application that are on air
#[utoipa::path(
    get, path = "/applications/live-streams/{name}", tag = "applications",
    responses((status = 200, body = Vec<LiveStreamInfo>)),
)]
async fn list_live_streams(
    State(api): State<Api>,
    Manager(viewer): Manager,
    PathOf(path): PathOf<NamePath>,
) -> Rest<Json<Vec<LiveStreamInfo>>> {
    let application = api.application(&viewer, &path.name).await;
    let application = application.map_err(|error| Failure::from(error).or_not_found(UNKNOWN_APPLICATION))?;
    let streams = api.live_streams(&application).into_iter();
    let shown =
        streams.map(|live| LiveStreamInfo { name: live.stream_id.to_string(), watcher_count: live.viewers.total() });
    Ok(Json(shown.collect()))
}

/// Create an application
#[utoipa::path(
    post, path = "/applications/{name}", tag = "applications",
    responses((status = 200, body = Answer)),
)]
async fn create_application(
    State(api): State<Api>,
    Manager(viewer): Manager,
    PathOf(path): PathOf<NamePath>,
) -> Rest<Answer> {
    api.create_application(&viewer, &path.name).await?;
    Ok(Answer::success())
}

/// Delete an application
///
/// With `deleteDB` everything in it goes too. Without, its records are kept aside, and an application that is created
/// with the same name has them again, with default settings.
#[utoipa::path(
    delete, path = "/applications/{name}", tag = "applications",
    params(
        ("deleteDB" = Option<bool>, Query, description = "Also its records; false unless set"),
    ),
    responses((status = 200, body = Answer)),
)]
async fn delete_application(
    State(api): State<Api>,
    Manager(viewer): Manager,
    PathOf(path): PathOf<NamePath>,
    parameters: Parameters,
) -> Rest<Answer> {
    if parameters.flag("deleteDB", false) {
        api.delete_application(&viewer, &path.name).await?;
    } else {
        api.retire_application(&viewer, &path.name).await?;
    }
    Ok(Answer::success())
}
