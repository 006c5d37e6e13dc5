//! The people on WebRTC one by one, and what their connections carry (`rest-v2` §6).

mod shape;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sluice_contract::{Operation, SessionId, StreamId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use self::shape::{ClientStats, ReceiveStats, SendStats};
use super::access::InApplication;
use super::answer::{Answer, Rest, existing};
use super::extract::{Paging, PathOf, ServerHost, StreamPage};
use crate::Api;
use crate::manage::{Application, MAX_PAGE, Role, Session, SessionFilter};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_client_stats))
        .routes(routes!(list_viewers))
        .routes(routes!(stop_viewer))
        .routes(routes!(send_stats))
        .routes(routes!(receive_stats))
}

/// Somebody who plays a stream.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebRTCViewer)]
#[serde(rename_all = "camelCase")]
struct ViewerObject {
    viewer_id: String,
    stream_id: String,
    /// The server under the name by which the caller reached it.
    edge_address: String,
}

/// List what WebRTC viewers of a stream receive
///
/// The newest viewer first, at most 50.
#[utoipa::path(
    get, path = "/broadcasts/{id}/webrtc-client-stats/{offset}/{size}", tag = "statistics",
    responses((status = 200, body = Vec<ClientStats>)),
)]
async fn list_client_stats(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(page): PathOf<StreamPage>,
) -> Rest<Json<Vec<ClientStats>>> {
    let Some(stream_id) = page.stream_id() else { return Ok(Json(Vec::new())) };
    let viewers = page.paging().cut(people(&api, &application, Operation::Play, Some(stream_id)), MOST_CLIENTS);
    Ok(Json(viewers.iter().map(|viewer| ClientStats::of(viewer, api.now())).collect()))
}

/// List WebRTC viewers
///
/// The newest first.
#[utoipa::path(
    get, path = "/broadcasts/webrtc-viewers/list/{offset}/{size}", tag = "statistics",
    responses((status = 200, body = Vec<ViewerObject>)),
)]
async fn list_viewers(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(paging): PathOf<Paging>,
    ServerHost(host): ServerHost,
) -> Rest<Json<Vec<ViewerObject>>> {
    let most = usize::try_from(MAX_PAGE).unwrap_or(usize::MAX);
    let viewers = paging.cut(people(&api, &application, Operation::Play, None), most);
    let object = |viewer: Session| ViewerObject {
        viewer_id: viewer.id.to_string(),
        stream_id: viewer.stream_id.to_string(),
        edge_address: host.clone(),
    };
    Ok(Json(viewers.into_iter().map(object).collect()))
}

#[derive(Deserialize)]
struct ViewerPath {
    id: String,
}

/// End a WebRTC viewer
///
/// It may come back: stopping is no block.
#[utoipa::path(
    post, path = "/broadcasts/webrtc-viewers/{id}/stop", tag = "statistics",
    responses((status = 200, body = Answer)),
)]
async fn stop_viewer(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<ViewerPath>,
) -> Rest<Answer> {
    application.require(Role::Operator)?;
    let id = path.id.trim().parse::<Uuid>().ok().map(SessionId::new);
    let watches =
        |id: &SessionId| people(&api, &application, Operation::Play, None).iter().any(|viewer| viewer.id == *id);
    let ended = match id.filter(watches) {
        Some(id) => existing(api.disconnect_session(&application, id).await)?,
        None => None,
    };
    Ok(match ended {
        Some(_) => Answer::success(),
        None => Answer::failure("There is no such WebRTC viewer"),
    })
}

/// Read what all WebRTC viewers are sent
#[utoipa::path(
    get, path = "/broadcasts/webrtc-send-low-level-stats", tag = "statistics",
    responses((status = 200, body = SendStats)),
)]
async fn send_stats(State(api): State<Api>, InApplication(application): InApplication) -> Rest<Json<SendStats>> {
    let viewers = people(&api, &application, Operation::Play, None);
    Ok(Json(SendStats::of(&viewers, api.now())))
}

/// Read what all WebRTC publishers send
#[utoipa::path(
    get, path = "/broadcasts/webrtc-receive-low-level-stats", tag = "statistics",
    responses((status = 200, body = ReceiveStats)),
)]
async fn receive_stats(State(api): State<Api>, InApplication(application): InApplication) -> Rest<Json<ReceiveStats>> {
    let publishers = people(&api, &application, Operation::Publish, None);
    Ok(Json(ReceiveStats::of(&publishers, api.now())))
}

/// Everybody on WebRTC who does this, the newest first.
fn people(api: &Api, application: &Application, operation: Operation, stream_id: Option<StreamId>) -> Vec<Session> {
    let filter = SessionFilter { stream_id, operation: Some(operation), open: Some(true), ..SessionFilter::default() };
    let mut people = api.open_sessions(application, &filter, usize::MAX);
    people.retain(|session| session.protocol.is_webrtc());
    people
}

/// Clients in one answer.
const MOST_CLIENTS: usize = 50;
