//! Which version answers (`rest-v2` §9).

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::{InApplication, Manager};
use super::answer::Rest;
use crate::Api;

/// Below an application's base.
pub fn application_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(application_version))
}

/// Below the management base.
pub fn management_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(server_version))
}

/// The version of the server.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    #[schema(example = "0.1.0")]
    version_name: &'static str,
    /// The level of features that clients branch on: always `Enterprise Edition`.
    version_type: &'static str,
    /// `yyyyMMdd_HHmm`.
    #[schema(min_length = 13, max_length = 13, example = "20260101_0000")]
    build_number: &'static str,
}

pub const VERSION: Version = Version {
    version_name: env!("CARGO_PKG_VERSION"),
    version_type: "Enterprise Edition",
    build_number: match option_env!("SLUICE_BUILD_NUMBER") {
        Some(number) if number.len() == 13 => number,
        _ => "20251122_0000",
    },
};

/// Read the version
#[utoipa::path(
    get, path = "/version", tag = "server",
    responses((status = 200, body = Version)),
)]
async fn application_version(_caller: InApplication) -> Rest<Json<Version>> {
    Ok(Json(VERSION))
}

/// Read the version of the server
#[utoipa::path(get, path = "/version", tag = "server", responses((status = 200, body = Version)))]
async fn server_version(_caller: Manager) -> Rest<Json<Version>> {
    Ok(Json(VERSION))
}
