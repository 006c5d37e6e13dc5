//! The OpenAPI document, made of the very routes, and the page to read it with.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
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
    document.to_pretty_json().unwrap_or_default()
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
