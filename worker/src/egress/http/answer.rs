//! Answers without media: refusals and "not found". Plain text, never cached, no word of the request in
//! them but a valid stream id.

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
    Denied(Box<Refusal>),
}

impl No {
    /// For a reason that says everything: the answer names neither stream nor subscriber.
    pub fn denied(reason: &DenyReason) -> Self {
        Self::Denied(Box::new(Refusal::of(reason)))
    }

    pub fn into_response(self) -> Response {
        match self {
            Self::NotFound => text(StatusCode::NOT_FOUND, "Not found"),
            Self::NotYet => refused(Refusal::of(&DenyReason::StreamAbsent)),
            // The wording is documented.
            Self::StreamUnnamed => text(StatusCode::FORBIDDEN, "Cannot specified the stream id from the url"),
            Self::SessionEnded => text(StatusCode::FORBIDDEN, "The session was ended"),
            Self::Denied(refusal) => refused(*refusal),
        }
    }
}

fn refused(refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.http_status).unwrap_or(StatusCode::FORBIDDEN);
    let mut response = text(status, refusal.http_body);
    if let Some(seconds) = refusal.retry_after_secs {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

pub(crate) fn text(status: StatusCode, text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
