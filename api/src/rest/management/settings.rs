//! The settings of an application (`rest-v2` §11, `stream-security` §2): one flat object, read, changed and written
//! back whole.

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value};
use sluice_contract::ApplicationSettings;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::application::NamePath;
use crate::Api;
use crate::rest::access::Manager;
use crate::rest::answer::{Answer, Failure, Rest, UNKNOWN_APPLICATION};
use crate::rest::extract::{JsonBody, PathOf};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(read_settings, replace_settings))
}

/// The schema of the settings object, made of the defaults, so that it cannot fall behind them.
struct Settings;

impl PartialSchema for Settings {
    fn schema() -> RefOr<Schema> {
        let defaults = match ApplicationSettings::default().to_json() {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        let object = defaults.into_iter().fold(ObjectBuilder::new(), |object, (name, default)| {
            let kind = match &default {
                Value::Bool(_) => SchemaType::Type(Type::Boolean),
                Value::Number(_) => SchemaType::Type(Type::Integer),
                Value::String(_) => SchemaType::Type(Type::String),
                _ => SchemaType::Array(vec![Type::String, Type::Null]),
            };
            object.property(name, ObjectBuilder::new().schema_type(kind).default(Some(default)))
        });
        object
            .description(Some(
                "Keys that are not listed are kept and returned unchanged. Every name is also read with the older \
                 prefix `settings.`.",
            ))
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .into()
    }
}

impl ToSchema for Settings {
    fn name() -> std::borrow::Cow<'static, str> {
        "Settings".into()
    }
}

/// Read the settings of an application
///
/// Secrets are shown to admins of the application, and empty for others.
#[utoipa::path(
    get, path = "/applications/settings/{name}", tag = "applications",
    responses((status = 200, body = Settings), (status = 404, description = "Unknown application", body = Answer)),
)]
async fn read_settings(
    State(api): State<Api>,
    Manager(viewer): Manager,
    PathOf(path): PathOf<NamePath>,
) -> Rest<Json<Map<String, Value>>> {
    let application = api.application(&viewer, &path.name).await.map_err(unknown)?;
    Ok(Json(api.settings_object(&application)))
}

/// Replace the settings of an application
///
/// Fields that are missing take their defaults: read, change, write back. In force on every worker when the call
/// returns. Settings that contradict one another are refused whole.
#[utoipa::path(
    post, path = "/applications/settings/{name}", tag = "applications",
    request_body(content = Settings, content_type = "application/json"),
    responses((status = 200, body = Answer), (status = 404, description = "Unknown application", body = Answer)),
)]
async fn replace_settings(
    State(api): State<Api>,
    Manager(viewer): Manager,
    PathOf(path): PathOf<NamePath>,
    JsonBody(settings): JsonBody<Map<String, Value>>,
) -> Rest<Answer> {
    let application = api.application(&viewer, &path.name).await.map_err(unknown)?;
    // An empty call must not reset everything.
    let Some(settings) = settings else { return Ok(Answer::failure("There are no settings in the body")) };
    api.replace_settings(&application, settings).await?;
    Ok(Answer::success())
}

fn unknown(error: crate::manage::ManageError) -> Failure {
    Failure::from(error).or_not_found(UNKNOWN_APPLICATION)
}
