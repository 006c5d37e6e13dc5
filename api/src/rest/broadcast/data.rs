//! Messages to the people who watch and publish a stream (`rest-v2` §7).

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::rest::access::InApplication;
use crate::rest::answer::{Answer, Rest};
use crate::rest::extract::{PathOf, Stream, TextBody};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(send_data))
}

/// Send a message to the viewers of a stream
///
/// The body goes as it is, whatever its media type, to everybody who has a WebRTC data channel with the stream, its
/// publisher included.
#[utoipa::path(
    post, path = "/broadcasts/{id}/data", tag = "broadcasts",
    request_body(content = String, content_type = "text/plain", description = "Any text, at most 64 KiB"),
    responses((status = 200, body = Answer)),
)]
async fn send_data(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
    TextBody(message): TextBody,
) -> Rest<Answer> {
    api.send_data(&application, stream.id.trim(), message).await?;
    Ok(Answer::success())
}
