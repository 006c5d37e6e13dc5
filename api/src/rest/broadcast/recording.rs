//! Recording a stream, or no longer (`rest-v2` §7).

use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::manage::{RecordingChange, Role};
use crate::rest::access::InApplication;
use crate::rest::answer::{Answer, Rest, existing};
use crate::rest::extract::{Parameters, PathOf};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(set_recording))
}

#[derive(Deserialize)]
struct RecordingPath {
    id: String,
    on: bool,
}

/// Start or stop recording
///
/// Of a live stream the recording begins or ends with the next segment; `dataId` is its VoD id, and `message` when that
/// was asked for, in milliseconds. Of any other the wish is kept for when it is live.
#[utoipa::path(
    put, path = "/broadcasts/{id}/recording/{on}", tag = "broadcasts",
    params(
        ("recordType" = Option<String>, Query, description = "`mp4`, which is the only one"),
        ("resolutionHeight" = Option<i64>, Query, description = "0, which is the stream as it comes"),
        ("fileName" = Option<String>, Query, description = "What the file is to be called; the stream's id unless set"),
    ),
    responses((status = 200, body = Answer)),
)]
async fn set_recording(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(path): PathOf<RecordingPath>,
    parameters: Parameters,
) -> Rest<Answer> {
    application.require(Role::Operator)?;
    let kind = parameters.filled("recordType").unwrap_or("mp4");
    let is_mp4 = kind.eq_ignore_ascii_case("mp4");
    if !is_mp4 || parameters.integer("resolutionHeight")?.is_some_and(|height| height != 0) {
        let kind = if is_mp4 { "mp4" } else { "webm" };
        return Ok(Answer::failure(format!("{kind} recording couldn't be started/stopped")));
    }
    let file_name = parameters.filled("fileName").map(str::to_owned);
    let changed = api.set_recording(&application, &path.id, path.on, file_name).await;
    Ok(match existing(changed)? {
        None => Answer::failure("mp4 recording couldn't be started/stopped"),
        Some(RecordingChange::Kept) => Answer::success(),
        Some(RecordingChange::Made { vod_id, at }) => {
            let data_id = Some(vod_id.to_string());
            Answer { data_id, ..Answer::success_with(at.as_millis().to_string()) }
        }
    })
}
