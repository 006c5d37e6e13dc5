//! The server itself (`rest-v2` §10.4).

use std::borrow::Cow;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::rest::access::{Manager, SystemManager};
use crate::rest::answer::{Answer, Rest};
use crate::rest::extract::{JsonBody, ServerHost};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(liveness))
        .routes(routes!(enterprise_edition))
        .routes(routes!(cluster_mode_status))
        .routes(routes!(live_clients_size))
        .routes(routes!(licence_status))
        .routes(routes!(last_licence_status))
        .routes(routes!(read_server_settings, write_server_settings))
}

/// Whether the server works.
#[derive(Debug, Serialize, ToSchema)]
struct Liveness {
    host: String,
    /// `ok` or `error`.
    status: &'static str,
}

/// How much is going on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LiveClients {
    /// Publishers and viewers.
    total_connection_size: u32,
    total_live_stream_size: u32,
}

/// The schema of the settings object, made of the defaults.
struct ServerSettingsSchema;

impl PartialSchema for ServerSettingsSchema {
    fn schema() -> RefOr<Schema> {
        let texts = ["serverName", "allowedDashboardCIDR", "jwtServerSecretKey", "jwksURL", "serverStatusWebHookURL"];
        let text = || ObjectBuilder::new().schema_type(SchemaType::Array(vec![Type::String, Type::Null]));
        let object = texts.into_iter().fold(ObjectBuilder::new(), |object, name| object.property(name, text()));
        object
            .property("appIngestsSrtStreamsWithoutStreamId", text())
            .property("logLevel", text().description(Some("`OFF`, `ERROR`, `WARN`, `INFO`, `DEBUG`, `TRACE` or `ALL`")))
            .property("jwtServerControlEnabled", ObjectBuilder::new().schema_type(SchemaType::Type(Type::Boolean)))
            .description(Some(
                "Ports, `sslEnabled` and `hostAddress` are told and not read. Keys that are not listed are kept and \
                 returned unchanged.",
            ))
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .into()
    }
}

impl ToSchema for ServerSettingsSchema {
    fn name() -> Cow<'static, str> {
        "ServerSettings".into()
    }
}

/// The licence, of which there is none to check.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Licence {
    licence_id: &'static str,
    start_date: Option<String>,
    end_date: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    licence_count: Option<String>,
    owner: Option<String>,
    /// Always `valid`.
    status: &'static str,
    hour_used: Option<String>,
}

/// Ask whether the server works
#[utoipa::path(
    get, path = "/liveness", tag = "server",
    responses((status = 200, body = Liveness), (status = 500, description = "It does not", body = Liveness)),
)]
async fn liveness(State(api): State<Api>, ServerHost(host): ServerHost) -> Response {
    // The smallest question that needs the database.
    match api.first_administrator_needed().await {
        Ok(_) => Json(Liveness { host, status: "ok" }).into_response(),
        Err(cause) => {
            tracing::error!(%cause, "the server is not alive");
            (StatusCode::INTERNAL_SERVER_ERROR, Json(Liveness { host, status: "error" })).into_response()
        }
    }
}

/// Ask for the feature level
#[utoipa::path(get, path = "/enterprise-edition", tag = "server", responses((status = 200, body = Answer)))]
async fn enterprise_edition(_caller: Manager) -> Rest<Answer> {
    Ok(Answer::success())
}

/// Ask whether several servers share the database
#[utoipa::path(get, path = "/cluster-mode-status", tag = "server", responses((status = 200, body = Answer)))]
async fn cluster_mode_status(State(api): State<Api>, _caller: Manager) -> Rest<Answer> {
    Ok(Answer::of(!api.config().exclusive))
}

/// Count connections and live streams
#[utoipa::path(get, path = "/live-clients-size", tag = "server", responses((status = 200, body = LiveClients)))]
async fn live_clients_size(State(api): State<Api>, _caller: SystemManager) -> Rest<Json<LiveClients>> {
    let stats = api.server_stats();
    Ok(Json(LiveClients {
        total_connection_size: stats.publishers.saturating_add(stats.viewers.total()),
        total_live_stream_size: stats.live_streams,
    }))
}

/// Ask for the licence
///
/// It is always valid, whatever `key` is.
#[utoipa::path(get, path = "/licence-status", tag = "server", responses((status = 200, body = Licence)))]
async fn licence_status(_caller: Manager) -> Rest<Json<Licence>> {
    Ok(Json(LICENCE))
}

/// Ask for the licence as it was last checked
#[utoipa::path(get, path = "/last-licence-status", tag = "server", responses((status = 200, body = Licence)))]
async fn last_licence_status(_caller: Manager) -> Rest<Json<Licence>> {
    Ok(Json(LICENCE))
}

const LICENCE: Licence = Licence {
    licence_id: "",
    start_date: None,
    end_date: None,
    kind: "Apache-2.0",
    licence_count: None,
    owner: None,
    status: "valid",
    hour_used: None,
};

/// Read the server's settings
///
/// Secrets are shown to administrators of the server, and masked for others.
#[utoipa::path(
    get, path = "/server-settings", tag = "server", responses((status = 200, body = ServerSettingsSchema)),
)]
async fn read_server_settings(
    State(api): State<Api>,
    SystemManager(viewer): SystemManager,
    ServerHost(host): ServerHost,
) -> Rest<Json<Map<String, Value>>> {
    let mut settings = api.server_settings_object(&viewer)?;
    settings.insert("hostAddress".to_owned(), host.into());
    Ok(Json(settings))
}

/// Change the server's settings
///
/// Fields that are missing keep their value, `null` resets one. In force when the call returns.
#[utoipa::path(
    post, path = "/server-settings", tag = "server",
    request_body(content = ServerSettingsSchema, content_type = "application/json"),
    responses((status = 200, body = Answer)),
)]
async fn write_server_settings(
    State(api): State<Api>,
    SystemManager(viewer): SystemManager,
    JsonBody(settings): JsonBody<Map<String, Value>>,
) -> Rest<Answer> {
    let Some(settings) = settings else { return Ok(Answer::failure("There are no settings in the body")) };
    api.change_server_settings(&viewer, settings).await?;
    Ok(Answer::success())
}
