//! Calls of existing clients for what this server does not do (`rest-v2` §7, §8, §12): each gets the answer that such a
//! client understands, not an address that does not exist. The calls change nothing, and nothing is read of their bodies.

use axum::Json;
use axum::extract::RawPathParams;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use serde_json::json;
use utoipa::openapi::path::{HttpMethod, OperationBuilder};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder, Schema};
use utoipa_axum::router::OpenApiRouter;

use super::access::{InApplication, Manager};
use super::answer::{Answer, Failure, Rest, SimpleStat, UNKNOWN_ADDRESS};
use crate::Api;
use crate::manage::Role;

/// What one call is answered.
#[derive(Debug, Clone, Copy)]
enum Reply {
    /// `success:false` with this text.
    No(&'static str),
    /// `success:false` with `errorId`.
    Error(i32),
    /// An empty list.
    Nothing,
    /// Zero of them.
    Zero,
    /// This JSON object.
    Object(&'static str),
}

/// One call: method, path below the base, tag, summary, answer.
type Call = (HttpMethod, &'static str, &'static str, &'static str, Reply);

/// Below an application's base.
pub fn application_routes() -> OpenApiRouter<Api> {
    OF_APPLICATION.iter().fold(OpenApiRouter::new(), |router, call| {
        let (method, path, _, _, reply) = call;
        let (reads, reply) = (*method == HttpMethod::Get, *reply);
        let handler = move |InApplication(application): InApplication, parts: RawPathParams| async move {
            are_of_their_types(&parts)?;
            if !reads {
                application.require(Role::Operator)?;
            }
            Rest::Ok(reply.response())
        };
        described(router, call).route(path, on(filter(method), handler))
    })
}

/// Below the management base.
pub fn management_routes() -> OpenApiRouter<Api> {
    OF_MANAGEMENT.iter().fold(OpenApiRouter::new(), |router, call| {
        let (method, path, _, _, reply) = call;
        let reply = *reply;
        let handler = move |_: Manager, parts: RawPathParams| async move {
            are_of_their_types(&parts)?;
            Rest::Ok(reply.response())
        };
        described(router, call).route(path, on(filter(method), handler))
    })
}

/// Text where a number belongs is an address that does not exist, here as everywhere.
fn are_of_their_types(parts: &RawPathParams) -> Rest<()> {
    let fits = parts.iter().all(|(name, value)| match name {
        "offset" | "size" | "milliseconds" | "characters" => value.parse::<i64>().is_ok(),
        "on" => matches!(value, "true" | "false"),
        _ => true,
    });
    if fits { Ok(()) } else { Err(Failure::NotFound(UNKNOWN_ADDRESS)) }
}

impl Reply {
    fn response(self) -> Response {
        match self {
            Self::No(text) => Answer::failure(text).into_response(),
            Self::Error(id) => Answer { error_id: id, ..Answer::of(false) }.into_response(),
            Self::Nothing => Json(json!([])).into_response(),
            Self::Zero => Json(SimpleStat { number: 0 }).into_response(),
            Self::Object(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        }
    }

    /// The schema of the answer.
    fn shape(self) -> RefOr<Schema> {
        let of = |name: &str| RefOr::Ref(Ref::from_schema_name(name));
        match self {
            Self::No(_) | Self::Error(_) => of("Result"),
            Self::Nothing => ArrayBuilder::new().items(ObjectBuilder::new()).max_items(Some(0)).into(),
            Self::Zero => of("SimpleStat"),
            Self::Object(_) => RefOr::T(ObjectBuilder::new().into()),
        }
    }
}

/// Adds the call to the router's document.
fn described(mut router: OpenApiRouter<Api>, call: &Call) -> OpenApiRouter<Api> {
    let (method, path, tag, summary, reply) = call;
    let response = ResponseBuilder::new()
        .description("The answer of a server without it")
        .content("application/json", ContentBuilder::new().schema(Some(reply.shape())).build());
    let words = path.split(['/', '{', '}', '-']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
    let operation = OperationBuilder::new()
        .operation_id(Some(format!("{}_{words}", name_of(method))))
        .tag(*tag)
        .summary(Some(*summary))
        .description(Some("This server does not do it, and says so."))
        .response("200", response.build())
        .build();
    router.get_openapi_mut().paths.add_path_operation(*path, vec![method.clone()], operation);
    router
}

fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Delete => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    }
}

fn name_of(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Post => "post",
        HttpMethod::Put => "put",
        HttpMethod::Delete => "delete",
        _ => "get",
    }
}

use HttpMethod::{Delete, Get, Post, Put};
use Reply::{Error, No, Nothing, Object, Zero};

const FORWARDING: &str = "Streams are not forwarded by this server";
const CAMERAS: &str = "Cameras are not available on this server";
const FILES: &str = "Files from elsewhere are not available on this server";
const PUSH: &str = "Push notifications are not available on this server";

const OF_APPLICATION: &[Call] = &[
    (Post, "/broadcasts/{id}/endpoint", "broadcasts", "Forward a stream to another server", No(FORWARDING)),
    (Delete, "/broadcasts/{id}/endpoint", "broadcasts", "Stop forwarding a stream", No(FORWARDING)),
    (Post, "/broadcasts/{id}/rtmp-endpoint", "broadcasts", "Forward a stream over RTMP", No(FORWARDING)),
    (Delete, "/broadcasts/{id}/rtmp-endpoint", "broadcasts", "Stop forwarding over RTMP", No(FORWARDING)),
    (
        Post,
        "/broadcasts/playlists/{id}/next",
        "broadcasts",
        "Go on in a playlist",
        No("Playlists are not played by this server"),
    ),
    (
        Put,
        "/broadcasts/{id}/seek-time/{milliseconds}",
        "broadcasts",
        "Seek in a played file",
        No("Files are not played as streams by this server"),
    ),
    (Get, "/broadcasts/duration", "broadcasts", "Measure the duration of a file elsewhere", Error(-1)),
    (Post, "/broadcasts/{id}/id3", "broadcasts", "Add ID3 tags to HLS", No("ID3 tag is not enabled")),
    (
        Post,
        "/broadcasts/{id}/sei",
        "broadcasts",
        "Add SEI data to the video",
        No("SEI data is not added by this server"),
    ),
    (Post, "/broadcasts/{id}/hls-to-mp4", "broadcasts", "Make a file of a stream", No(FILES)),
    (Get, "/broadcasts/onvif-devices", "broadcasts", "Find cameras", Nothing),
    (Get, "/broadcasts/{id}/ip-camera-error", "broadcasts", "Ask what is wrong with a camera", No(CAMERAS)),
    (Get, "/broadcasts/{id}/ip-camera/device-profiles", "broadcasts", "List the profiles of a camera", Nothing),
    (Post, "/broadcasts/{id}/ip-camera/{action}", "broadcasts", "Move a camera", No(CAMERAS)),
    (Get, "/broadcasts/{id}/detections/list/{offset}/{size}", "broadcasts", "List what was seen in a stream", Nothing),
    (Get, "/broadcasts/{id}/detections/{offset}/{size}", "broadcasts", "List what was seen of late", Nothing),
    (Get, "/broadcasts/{id}/detections/count", "broadcasts", "Count what was seen in a stream", Zero),
    (
        Post,
        "/broadcasts/import-to-stalker",
        "broadcasts",
        "Export streams to Stalker",
        No("Stalker is not available on this server"),
    ),
    (Post, "/vods/create", "vods", "Upload a recording", No(FILES)),
    (Post, "/vods/directory", "vods", "Import a folder of recordings", No(FILES)),
    (Delete, "/vods/directory", "vods", "Unlink a folder of recordings", No(FILES)),
    (Post, "/vods/import-to-stalker", "vods", "Export recordings to Stalker", No(FILES)),
    (Post, "/vods/synch-user-vod-list", "vods", "Look for new recordings", No(FILES)),
    (
        Post,
        "/push-notification/subscriber-auth-token",
        "broadcasts",
        "Let somebody register for push notifications",
        No(PUSH),
    ),
    (Get, "/push-notification/subscriber-auth-token", "broadcasts", "The same in older clients", No(PUSH)),
    (Post, "/push-notification/topics/{topic}", "broadcasts", "Push to everybody of a topic", No(PUSH)),
    (Post, "/push-notification/subscribers", "broadcasts", "Push to some", No(PUSH)),
];

const OF_MANAGEMENT: &[Call] = &[
    (
        Put,
        "/applications/{name}",
        "applications",
        "Upload an application",
        No("Applications have no program of their own on this server"),
    ),
    (
        Post,
        "/applications/{name}/reset",
        "applications",
        "Repair the counters of an application",
        No("Nothing needs to be repaired: what is live is counted from what is live"),
    ),
    (Post, "/ssl-settings", "server", "Configure TLS", No("TLS is configured in the server's configuration file")),
    (Get, "/shutdown-properly", "server", "Ask whether applications ended in order", No(STOPPING)),
    (Get, "/shutdown-proper-status", "server", "Say that applications ended in order", No(STOPPING)),
    (Get, "/log-file/{offset}/{characters}", "server", "Read the log", Object(NO_LOG)),
    (Post, "/system/gc", "server", "Collect garbage", No("There is no garbage to collect on this server")),
];

const NO_LOG: &str = concat!(
    r#"{"logs":"The log goes to the standard error of the server, not to a file","#,
    r#""logContent":"","logContentSize":0,"logFileSize":0}"#
);
const STOPPING: &str = "Applications are not stopped one by one on this server";
