//! The server itself (`rest-v2` §10.4).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::rest::access::{Manager, SystemManager};
use crate::rest::answer::{Answer, Rest};
use crate::rest::extract::ServerHost;

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(liveness))
        .routes(routes!(enterprise_edition))
        .routes(routes!(cluster_mode_status))
        .routes(routes!(live_clients_size))
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

/// What of the server's settings is known here. They are set in its configuration file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ServerSettings {
    server_name: String,
    node_group: &'static str,
    /// Networks that may manage, with commas between them.
    #[serde(rename = "allowedDashboardCIDR")]
    allowed_dashboard_cidr: String,
    jwt_server_control_enabled: bool,
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

/// Read the server's settings
#[utoipa::path(get, path = "/server-settings", tag = "server", responses((status = 200, body = ServerSettings)))]
async fn read_server_settings(
    State(api): State<Api>,
    _caller: SystemManager,
    ServerHost(server_name): ServerHost,
) -> Rest<Json<ServerSettings>> {
    let networks = &api.config().management_networks;
    let allowed_dashboard_cidr = if networks.is_empty() {
        "0.0.0.0/0".to_owned()
    } else {
        networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    };
    Ok(Json(ServerSettings {
        server_name,
        node_group: "default",
        allowed_dashboard_cidr,
        jwt_server_control_enabled: api.config().server_jwt.is_some(),
    }))
}

/// Change the server's settings: refused
///
/// They are set in the server's configuration file.
#[utoipa::path(post, path = "/server-settings", tag = "server", responses((status = 200, body = Answer)))]
async fn write_server_settings(_caller: SystemManager) -> Rest<Answer> {
    Ok(Answer::failure("The server's settings are set in its configuration file"))
}
