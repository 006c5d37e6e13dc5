//! Answers without media: refusals and "not found". Plain text, never cached, never a word of the request in them.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::response::Response;
use sluice_contract::DenyReason;
use sluice_contract::policy::Refusal;

/// Why a request gets no media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum No {
    /// There is no such file, and there will be none.
    NotFound,
    /// The stream is not live, or has no segment yet: ask again.
    NotYet,
    /// The path names no stream.
    StreamUnnamed,
    /// The session of the ticket was ended for good.
    SessionEnded,
    /// The gate's word.
    Denied(DenyReason),
}

impl No {
    pub fn into_response(self) -> Response {
        match self {
            Self::NotFound => text(StatusCode::NOT_FOUND, "Not found"),
            Self::NotYet | Self::Denied(DenyReason::StreamAbsent) => {
                after(text(StatusCode::NOT_FOUND, "The stream is not live"), "2")
            }
            // The wording is documented.
            Self::StreamUnnamed => text(StatusCode::FORBIDDEN, "Cannot specified the stream id from the url"),
            Self::SessionEnded => text(StatusCode::FORBIDDEN, "The session was ended"),
            Self::Denied(reason) => {
                let refusal = Refusal::of(&reason);
                let status = StatusCode::from_u16(refusal.http_status).unwrap_or(StatusCode::FORBIDDEN);
                let response = text(status, refusal.http_body);
                if status == StatusCode::SERVICE_UNAVAILABLE { after(response, "1") } else { response }
            }
        }
    }
}

pub(super) fn text(status: StatusCode, text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Says when to ask again, in seconds.
fn after(mut response: Response, seconds: &'static str) -> Response {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(seconds));
    response
}
