//! The OpenAPI document, made of the very routes, and the page to read it with.
//!
//! What a handler's own description says is what only it does. What holds for every call of a kind (the parts of its
//! path, the refusals of its door and of its body) is added here, once.

use std::collections::BTreeSet;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Map, Value, json};
use utoipa::Modify;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::http::LOGIN_COOKIE;

/// The REST API as an OpenAPI 3.1 document in JSON, the same in every run.
pub fn openapi() -> String {
    text(&super::documented_routes().into_openapi())
}

/// `/openapi.json`, and `/docs` from our own files, without a request to anybody else.
pub(super) fn router(document: Document) -> Router {
    let json = text(&document);
    let serve = move || async move {
        ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], json.clone()).into_response()
    };
    let page = SwaggerUi::new("/docs").config(Config::from("/openapi.json"));
    Router::new().route("/openapi.json", get(serve)).merge(page)
}

/// What the document says about itself; the routes add the rest.
pub(super) fn description() -> Document {
    let mut document = Description::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document
}

fn text(document: &Document) -> String {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        let mut names = BTreeSet::new();
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                let Some(operation) = operation.as_object_mut() else { continue };
                let name = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
                if !names.insert(name.clone()) {
                    // One function answers several methods.
                    operation.insert("operationId".to_owned(), format!("{name}_{method}").into());
                }
                complete(path, operation);
            }
        }
    }
    // A value without foreign types is always written.
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

/// Adds to the description of one call what its path and its door imply.
fn complete(path: &str, operation: &mut Map<String, Value>) {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = names.map(path_parameter).collect();
    let in_path = !parameters.is_empty();
    if let Some(Value::Array(own)) = operation.remove("parameters") {
        parameters.extend(own);
    }
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), Value::Array(parameters));
    }
    let has_body = operation.contains_key("requestBody");
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    let result = |text: &str| {
        let schema = json!({"$ref": "#/components/schemas/Result"});
        json!({"description": text, "content": {"application/json": {"schema": schema}}})
    };
    let refusal = json!({
        "description": "Not from this address, not without a login, or not in this role",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    });
    let mut common = vec![("403", refusal), ("503", result("The database or a worker does not answer; try again"))];
    if in_path {
        common.push(("404", result("The application is unknown, or a part of the path is not what it must be")));
    }
    if has_body {
        common.push(("400", result("The body cannot be read")));
        common.push(("413", result("The body is too large")));
        common.push(("415", result("The body is not `application/json`")));
    }
    for (status, response) in common {
        responses.entry(status).or_insert(response);
    }
}

/// One name means the same in every path.
fn path_parameter(name: &str) -> Value {
    let (kind, description) = match name {
        "app" => ("string", "Application"),
        "id" => ("string", "Stream id, or the id of what the call is about"),
        "sid" => ("string", "Subscriber id"),
        "offset" => ("integer", "Entries to leave out; below 0 as 0"),
        "size" => ("integer", "Most entries; at most 250 are given, and none for 0 and less"),
        "search" => ("string", "Part of an id or a name, in either case"),
        "name" => ("string", "Name of an application: letters, digits, `_` and `-`"),
        "mail" => ("string", "E-mail"),
        "seconds" => ("integer", "From now on; 0 and less lift the block; at most ten years hold"),
        "milliseconds" | "characters" => ("integer", "How many"),
        "on" => ("boolean", "Whether to start"),
        "type" => ("string", "One of the words that the call names"),
        _ => ("string", "A name"),
    };
    let schema = match kind {
        "integer" => json!({"type": "integer", "format": "int64"}),
        "boolean" => json!({"type": "boolean"}),
        kind => json!({"type": kind, "minLength": 1}),
    };
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema})
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sluice REST v2",
        description = "Streams, subscribers, tokens and blocks of an application, and management of the server.\n\n\
            Calls that change something answer 200 with a `Result`, also when nothing was done: `success` tells. \
            From this machine itself no login is needed. From elsewhere: an application's `remoteAllowedCIDR` and JWT \
            filter, a login, or an API key. Unknown fields of a body are ignored, and a text is read where a number \
            belongs, and the other way round, when nothing is lost.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "broadcasts", description = "Streams of an application"),
        (name = "subscribers", description = "Named publishers and players, their codes and blocks"),
        (name = "tokens", description = "One-time tokens and JWTs"),
        (name = "statistics", description = "Viewers"),
        (name = "vods", description = "Recordings"),
        (name = "applications", description = "Applications and their settings"),
        (name = "accounts", description = "Administrators and their logins"),
        (name = "server", description = "The server itself"),
        (name = "rooms", description = "Rooms, which gather streams"),
        (name = "relay", description = "An application's calls through the management base"),
    ),
    modifiers(&Security),
    security((), ("bearer" = []), ("login" = [])),
)]
struct Description;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An access token, an API key, or a JWT of the application's own filter"))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(LOGIN_COOKIE, "Set by `POST /rest/v2/users/authenticate`");
        components.add_security_scheme("login", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}
