//! The pages that the binary carries: the admin, the publisher, the player, and GraphiQL. All of them are public files; what they can
//! do is decided where they ask.

use std::borrow::Cow;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use crate::Api;

/// The frontend as `make frontend` builds it.
#[derive(RustEmbed)]
#[folder = "../frontend/dist"]
#[exclude = ".*"]
struct Files;

/// `/`, `/admin/…`, `/assets/…` and each application's own pages.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::to("/admin/") }))
        .route("/admin", get(|| async { Redirect::to("/admin/") }))
        .route("/admin/", get(|| async { page("admin/index.html", &MANAGEMENT) }))
        .route("/admin/{*path}", get(|| async { page("admin/index.html", &MANAGEMENT) }))
        .route("/assets/{*path}", get(asset))
        .route("/{app}", get(application_root))
        .route("/{app}/", get(publisher))
        .route("/{app}/index.html", get(publisher))
        .route("/{app}/play.html", get(player))
        .route("/{app}/player.html", get(player))
        .route("/{app}/samples/publish_webrtc.html", get(to_publisher))
        .route("/{app}/samples/play_webrtc.html", get(to_player))
        .with_state(api)
}

/// The GraphQL console.
pub fn graphiql() -> Response {
    page("graphiql.html", &MANAGEMENT)
}

async fn asset(Path(path): Path<String>) -> Response {
    // Names hold a hash of the content.
    file(&format!("assets/{path}"), "public, max-age=31536000, immutable")
}

/// `/{app}` → `/{app}/`, with the query: published samples leave the slash out.
async fn application_root(State(api): State<Api>, Path(app): Path<String>, RawQuery(query): RawQuery) -> Response {
    redirect(&api, &app, "/", query).await
}

async fn publisher(State(api): State<Api>, Path(app): Path<String>) -> Response {
    if exists(&api, &app).await { page("publish.html", &PUBLISHER) } else { StatusCode::NOT_FOUND.into_response() }
}

async fn player(State(api): State<Api>, Path(app): Path<String>) -> Response {
    if exists(&api, &app).await { page("play.html", &PLAYER) } else { StatusCode::NOT_FOUND.into_response() }
}

/// Names under which published samples have the page.
async fn to_publisher(State(api): State<Api>, Path(app): Path<String>, RawQuery(query): RawQuery) -> Response {
    redirect(&api, &app, "/", query).await
}

/// As [`to_publisher`].
async fn to_player(State(api): State<Api>, Path(app): Path<String>, RawQuery(query): RawQuery) -> Response {
    redirect(&api, &app, "/play.html", query).await
}

async fn redirect(api: &Api, app: &str, to: &str, query: Option<String>) -> Response {
    if !exists(api, app).await {
        return StatusCode::NOT_FOUND.into_response();
    }
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    Redirect::to(&format!("/{app}{to}{query}")).into_response()
}

async fn exists(api: &Api, app: &str) -> bool {
    matches!(api.settings_of(app).await, Ok(Some(_)))
}

/// What a page may do in the browser.
struct Rules {
    content: &'static str,
    /// Permissions Policy (W3C): which devices the page, and who frames it, may open.
    devices: &'static str,
}

fn page(name: &str, rules: &Rules) -> Response {
    let mut response = file(name, "no-cache");
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(rules.content));
    headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static(rules.devices));
    // Addresses of pages may hold a code; it must not travel on.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn file(name: &str, caching: &'static str) -> Response {
    let Some(file) = Files::get(name) else { return StatusCode::NOT_FOUND.into_response() };
    let body = match file.data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(file.metadata.mimetype()) {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Nothing from elsewhere; inline styles are the component library's, blobs are the players' media and workers.
macro_rules! policy {
    ($frames:literal) => {
        concat!(
            "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; ",
            "font-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' ws: wss:; ",
            "object-src 'none'; base-uri 'self'; frame-ancestors ",
            $frames
        )
    };
}

/// What can change something must not be drawn over by a stranger's page.
const MANAGEMENT: Rules = Rules { content: policy!("'self'"), devices: NO_DEVICES };
/// Has the camera on, and must not be drawn over either.
const PUBLISHER: Rules = Rules {
    content: policy!("'self'"),
    devices: "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
};
/// The player is made to be embedded.
const PLAYER: Rules = Rules { content: policy!("*"), devices: NO_DEVICES };

const NO_DEVICES: &str = "camera=(), microphone=(), display-capture=(), geolocation=()";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_for_the_publisher_alone() {
        let devices = |rules| page("publish.html", rules).headers().get(PERMISSIONS_POLICY).cloned();
        assert!(devices(&PUBLISHER).is_some_and(|policy| policy.as_bytes().starts_with(b"camera=(self)")));
        for rules in [&MANAGEMENT, &PLAYER] {
            assert!(devices(rules).is_some_and(|policy| policy.as_bytes().starts_with(b"camera=()")));
        }
    }

    #[test]
    fn a_file_that_is_not_carried_is_not_found() {
        for name in ["assets/../Cargo.toml", "assets/nothing.js", ".gitkeep", ".built", ""] {
            assert_eq!(file(name, "no-cache").status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
}
