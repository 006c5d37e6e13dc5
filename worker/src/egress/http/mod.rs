//! HLS, DASH and their segments behind the gate: tickets, cookies, CORS, and the address map of `urls-and-files`.
//!
//! A request goes through [`path`] (what is meant), [`entry`] (may this client have it), and [`files`] (the bytes), in
//! this order; [`cors`] stands around all of them, so that pages can read refusals too.

mod answer;
mod body;
mod carrier;
pub mod cors;
mod entry;
mod files;
mod names;
pub mod path;
mod peer;
mod recorded;
mod rejoin;
pub(crate) mod shelf;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CONTENT_SECURITY_POLICY, HeaderMap,
    HeaderName, HeaderValue, ORIGIN,
};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::any;
use sluice_contract::ApplicationName;
use sluice_contract::message::{CorsSettings, WorkerSettings};
use tracing::error;

use crate::Clock;
use crate::admission::Admission;
use crate::control::Rules;
use crate::record::Recordings;
use crate::session::Sessions;
use answer::No;
use cors::{CorsRequest, Header, Route, Verdict};
use entry::Asked;
use path::Target;
use rejoin::Rejoin;

pub(crate) use answer::text;
pub use peer::{InvalidNetwork, OverTls, TrustedProxies};
pub use rejoin::NoRandomness;
use shelf::Shelf;

/// Everything that a request for media needs.
pub(crate) struct Http {
    pub rules: Arc<Rules>,
    pub sessions: Arc<Sessions>,
    pub admission: Arc<Admission>,
    pub shelf: Arc<dyn Shelf>,
    pub recordings: Option<Arc<Recordings>>,
    pub proxies: TrustedProxies,
    pub clock: Clock,
    rejoin: Rejoin,
}

impl Http {
    /// # Errors
    /// When the system has no randomness.
    pub fn new(
        rules: Arc<Rules>,
        sessions: Arc<Sessions>,
        admission: Arc<Admission>,
        shelf: Arc<dyn Shelf>,
        recordings: Option<Arc<Recordings>>,
        proxies: TrustedProxies,
        clock: Clock,
    ) -> Result<Arc<Self>, NoRandomness> {
        Ok(Arc::new(Self { rules, sessions, admission, shelf, recordings, proxies, clock, rejoin: Rejoin::new()? }))
    }
}

/// The routes of media. Serve them with `ConnectInfo<SocketAddr>`, and mark requests that came encrypted with
/// [`OverTls`].
pub(crate) fn router(http: Arc<Http>) -> Router {
    Router::new().route("/{app}/streams/{*path}", any(serve)).with_state(http)
}

async fn serve(State(http): State<Arc<Http>>, request: Request) -> Response {
    // The path as it came: extractors would decode it, and a path that was decoded twice leads anywhere.
    let (request, _) = request.into_parts();
    let path = request.uri.path();
    let (application, tail) = path.trim_start_matches('/').split_once("/streams/").unwrap_or_default();
    let name = application.parse::<ApplicationName>().ok();
    let settings = name.as_ref().and_then(|name| http.rules.application(name));
    let settings = settings.as_deref();
    governed(settings, Route::Media, &request, http.answer(&request, settings, tail)).await
}

/// Answers as an application wants all its answers to be: under its CORS rules, with its content security policy.
/// `answer` is not begun for a request that these rules answer themselves.
pub(crate) async fn governed(
    settings: Option<&WorkerSettings>,
    route: Route,
    request: &Parts,
    answer: impl Future<Output = Response>,
) -> Response {
    let default_cors = CorsSettings::default();
    let cors = settings.map_or(&default_cors, |settings| &settings.cors);
    let text = |name: HeaderName| request.headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let asked = CorsRequest {
        method: request.method.as_str(),
        origin: text(ORIGIN),
        requested_method: text(ACCESS_CONTROL_REQUEST_METHOD),
        requested_headers: text(ACCESS_CONTROL_REQUEST_HEADERS),
    };
    let (headers, mut response) = match cors::judge(cors, route, asked) {
        Verdict::Refuse => (Vec::new(), answer::text(StatusCode::FORBIDDEN, "")),
        Verdict::Preflight(headers) => (headers, answer::text(StatusCode::OK, "")),
        Verdict::Pass(headers) => (headers, answer.await),
    };
    add(response.headers_mut(), headers);
    if let Some(settings) = settings
        && !settings.content_security_policy.is_empty()
        && let Ok(policy) = HeaderValue::from_str(&settings.content_security_policy)
    {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

impl Http {
    async fn answer(&self, request: &Parts, settings: Option<&WorkerSettings>, tail: &str) -> Response {
        let is_head = match request.method {
            Method::GET => false,
            Method::HEAD => true,
            Method::OPTIONS => {
                let mut response = answer::text(StatusCode::OK, "");
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
                return response;
            }
            _ => return answer::text(StatusCode::FORBIDDEN, "Invalid Request Type"),
        };
        let Ok(mut targets) = path::resolve(tail) else { return No::NotFound.into_response() };
        let Some(settings) = settings else { return No::NotFound.into_response() };
        let Some(sender) = self.proxies.sender(&request.headers, &request.extensions) else {
            error!("the listener did not say who sends a request");
            return answer::text(StatusCode::INTERNAL_SERVER_ERROR, "");
        };
        // A file of ours says itself which stream it is of; its name may say another.
        let recording = match (path::recording(tail), &self.recordings) {
            (Some(name), Some(recordings)) => recordings.find(&settings.application, name).await,
            _ => None,
        };
        let named = targets.first().map(|target| target.stream().clone()).filter(|_| recording.is_some());
        if let Some(found) = &recording {
            targets = vec![Target::recording(found.report.stream_id.clone())];
        }
        let asked = Asked {
            settings,
            targets,
            named,
            query: request.uri.query().unwrap_or(""),
            headers: &request.headers,
            sender,
            is_head,
            now: (self.clock)(),
        };
        let pass = match self.enter(&asked).await {
            Ok(pass) => pass,
            Err(no) => return no.into_response(),
        };
        if let Some(recording) = recording {
            return self.recorded(&asked, &pass, recording);
        }
        self.bridge(&asked, &pass).await;
        self.settle(&asked, &pass).await;
        self.file(&asked, &pass)
    }
}

fn add(headers: &mut HeaderMap, more: Vec<Header>) {
    for (name, value) in more {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.append(HeaderName::from_static(lowercase(name)), value);
        }
    }
}

/// The names that [`cors`] uses, as this HTTP library wants them.
fn lowercase(name: &'static str) -> &'static str {
    match name {
        "Vary" => "vary",
        "Access-Control-Allow-Origin" => "access-control-allow-origin",
        "Access-Control-Allow-Credentials" => "access-control-allow-credentials",
        "Access-Control-Allow-Methods" => "access-control-allow-methods",
        "Access-Control-Allow-Headers" => "access-control-allow-headers",
        "Access-Control-Expose-Headers" => "access-control-expose-headers",
        _ => "access-control-max-age",
    }
}

#[cfg(test)]
mod tests;
