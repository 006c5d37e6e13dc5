//! The REST v2 face: the paths, shapes, statuses and quirks that existing clients rely on (`docs/reference`), over the
//! functions of [`manage`](crate::manage). It translates, and holds no rule.
//!
//! A request passes, in this order: CORS ([`http::cors`](crate::http::cors)), which also answers preflights; the route;
//! the right to be there ([`access`]); the body. Whatever is refused on the way has CORS headers too.

mod access;
mod answer;
mod app_jwt;
mod broadcast;
mod describe;
mod document;
mod extract;
mod lenient;
mod management;
mod relay;
mod room;
mod statistics;
mod subscriber;
mod token;
mod unsupported;
mod version;
mod vod;
mod webrtc;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{ALLOW, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderValue, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use sluice_contract::ApplicationSettings;
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;

use self::answer::{Failure, UNKNOWN_ADDRESS};
use self::relay::Relay;
use crate::Api;
use crate::http::OverTls;
use crate::http::cors::{CorsScope, answer_alone, judge, with_permissions};

pub(crate) use describe::describe;
pub use document::openapi;

/// Serves `/{app}/rest/v2`, `/rest/v2`, `/openapi.json` and `/docs`.
pub fn router(api: Api) -> Router {
    let (routes, document) = documented_routes().split_for_parts();
    let routes = routes.fallback(unknown_address).with_state(api.clone());
    let face = Face { api, routes };
    Router::new()
        .route("/rest", any(serve))
        .route("/rest/", any(serve))
        .route("/rest/{*rest}", any(serve))
        .route("/{app}/rest", any(serve))
        .route("/{app}/rest/", any(serve))
        .route("/{app}/rest/{*rest}", any(serve))
        .with_state(face)
        .merge(document::router(document))
}

/// Every route with its description: one literal serves both.
fn documented_routes() -> OpenApiRouter<Api> {
    let of_application = OpenApiRouter::new()
        .merge(broadcast::routes())
        .merge(subscriber::routes())
        .merge(token::routes())
        .merge(room::routes())
        .merge(statistics::routes())
        .merge(webrtc::routes())
        .merge(vod::routes())
        .merge(version::application_routes())
        .merge(unsupported::application_routes());
    let of_management = management::routes()
        .merge(version::management_routes())
        .merge(relay::routes())
        .merge(unsupported::management_routes());
    OpenApiRouter::with_openapi(document::description())
        .nest("/{app}/rest/v2", of_application)
        .nest("/rest/v2", of_management)
}

/// The REST routes behind one door.
#[derive(Clone)]
struct Face {
    api: Api,
    routes: Router,
}

/// Answers CORS, or passes the request on to its route without a slash at the end.
async fn serve(State(face): State<Face>, request: Request) -> Response {
    let application = application_in(request.uri().path());
    let (scope, settings) = match application {
        None => (CorsScope::Root, None),
        // Without the database the route itself answers that it is away.
        Some(name) => (CorsScope::Application, face.api.settings_of(name).await.ok().flatten()),
    };
    let origins = settings.as_ref().map(|settings| settings.cors()).unwrap_or_default();
    let verdict = judge(&origins, scope, request.method(), request.headers());
    let asks_methods = request.method() == Method::OPTIONS;
    if let Some(mut response) = answer_alone(&verdict, scope, request.method()) {
        if asks_methods && response.headers().contains_key(ALLOW) {
            name_methods(&face, inner_request(request), &mut response).await;
        }
        return response;
    }
    let mut request = inner_request(request);
    request.extensions_mut().insert(Relay(face.routes.clone()));
    let response = match face.routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    with_permissions(with_content_policy(response, settings), &verdict)
}

/// Puts into an answer to `OPTIONS` what this very address takes, as its route says; one that does not exist leaves it.
async fn name_methods(face: &Face, request: Request, response: &mut Response) {
    let Ok(refusal) = face.routes.clone().oneshot(request).await;
    let methods = refusal.headers().get(ALLOW).and_then(|methods| methods.to_str().ok());
    if let Some(methods) = methods.and_then(|methods| HeaderValue::from_str(&format!("{methods},OPTIONS")).ok()) {
        response.headers_mut().insert(ALLOW, methods);
    }
}

/// The first segment of the path, unless it is management's.
fn application_in(path: &str) -> Option<&str> {
    path.trim_start_matches('/').split('/').next().filter(|first| *first != "rest")
}

/// The same request for the inner router: no slash at the end of the path, of the marks only those of the transport,
/// and one spelling of the address that relays.
fn inner_request(request: Request) -> Request {
    let (parts, body) = request.into_parts();
    let mut inner = Request::new(body);
    let uri = without_trailing_slash(&parts.uri).unwrap_or(parts.uri);
    *inner.uri_mut() = relay::canonical(&uri).unwrap_or(uri);
    *inner.method_mut() = parts.method;
    *inner.version_mut() = parts.version;
    *inner.headers_mut() = parts.headers;
    if let Some(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
        inner.extensions_mut().insert(*peer);
    }
    if let Some(encrypted) = parts.extensions.get::<OverTls>() {
        inner.extensions_mut().insert(*encrypted);
    }
    inner
}

/// `None` when there is nothing to change.
fn without_trailing_slash(uri: &Uri) -> Option<Uri> {
    let trimmed = uri.path().trim_end_matches('/');
    if trimmed.len() == uri.path().len() {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{trimmed}{query}").parse().ok()
}

/// Adds the application's own `Content-Security-Policy`.
fn with_content_policy(mut response: Response<Body>, settings: Option<Arc<ApplicationSettings>>) -> Response {
    let policy = settings.map(|settings| settings.content_security_policy_header_value.clone()).unwrap_or_default();
    if let Some(policy) = HeaderValue::from_str(&policy).ok().filter(|policy| !policy.is_empty()) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

async fn unknown_address() -> Response {
    Failure::NotFound(UNKNOWN_ADDRESS).into_response()
}
