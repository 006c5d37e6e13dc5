//! The shapes of answers: the success idiom, and what an error looks like to an existing client.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::manage::{ManageError, Outcome, Problem, ProblemCode};

/// What a handler answers.
pub type Rest<T> = Result<T, Failure>;

/// The outcome of a call that changes something. Status 200 also when nothing was done: `success` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Result)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Whether it was done.
    pub success: bool,
    /// Why not, or what exactly.
    pub message: Option<String>,
    /// An identifier or value that the call produced.
    pub data_id: Option<String>,
    /// 0 unless a call documents others.
    pub error_id: i32,
}

/// A number on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct SimpleStat {
    pub number: u64,
}

impl Answer {
    pub fn success() -> Self {
        Self { success: true, message: Some(String::new()), data_id: Some(String::new()), error_id: 0 }
    }

    pub fn success_with(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::success() }
    }

    pub fn data(data_id: impl Into<String>) -> Self {
        Self { data_id: Some(data_id.into()), ..Self::success() }
    }

    pub fn failure(message: impl Into<String>) -> Self {
        Self { success: false, ..Self::success_with(message) }
    }

    /// Whether it was done, without a word.
    pub fn of(success: bool) -> Self {
        Self { success, ..Self::success() }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// Why a handler does not answer with its object. One variant per shape.
#[derive(Debug)]
pub enum Failure {
    /// The caller should mend something: 200 with `success:false`.
    Refused(Problem),
    /// The same where the reference wants 400.
    BadRequest(String),
    /// 404 with an empty body: the object is not there.
    Absent,
    /// 404 with a `Result`: the application, or the address, is not there.
    NotFound(&'static str),
    /// 403 with this text.
    Forbidden(&'static str),
    /// 413.
    TooLarge,
    /// 415.
    MediaType,
    /// 503: somebody the API depends on is away. The cause is for the log.
    Unavailable(String),
}

pub const NOT_ALLOWED_IP: &str = "Not allowed IP";
pub const NOT_AUTHENTICATED: &str = "Not authenticated user";
pub const NOT_ALLOWED_ROLE: &str = "Not allowed to access this resource. Contact system admin";
pub const UNKNOWN_APPLICATION: &str = "Application does not exist";
pub const UNKNOWN_ADDRESS: &str = "There is nothing at this address";

impl From<ManageError> for Failure {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::Problem(problem) => match problem.code {
                ProblemCode::Forbidden => Self::Forbidden(NOT_ALLOWED_ROLE),
                ProblemCode::Unauthenticated => Self::Forbidden(NOT_AUTHENTICATED),
                _ => Self::Refused(problem),
            },
            ManageError::Unavailable(cause) => Self::Unavailable(cause),
            error @ ManageError::Contended => Self::Unavailable(error.to_string()),
        }
    }
}

impl Failure {
    /// Turns what the caller should mend into status 400.
    pub fn bad_request(self) -> Self {
        match self {
            Self::Refused(problem) => Self::BadRequest(problem.message),
            other => other,
        }
    }

    /// Turns "it is not there" into status 404 with a `Result`.
    pub fn or_not_found(self, text: &'static str) -> Self {
        match self {
            Self::Refused(problem) if problem.code == ProblemCode::NotFound => Self::NotFound(text),
            other => other,
        }
    }
}

/// `None` when the object that the call names is not there.
pub fn existing<T>(outcome: Outcome<T>) -> Rest<Option<T>> {
    match outcome.map_err(Failure::from) {
        Ok(value) => Ok(Some(value)),
        Err(Failure::Refused(problem)) if problem.code == ProblemCode::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(problem) => Answer::failure(problem.message).into_response(),
            Self::BadRequest(text) => (StatusCode::BAD_REQUEST, Answer::failure(text)).into_response(),
            Self::Absent => StatusCode::NOT_FOUND.into_response(),
            Self::NotFound(text) => (StatusCode::NOT_FOUND, Answer::failure(text)).into_response(),
            Self::Forbidden(text) => (StatusCode::FORBIDDEN, text).into_response(),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Answer::failure("The body is too large")).into_response(),
            Self::MediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, Answer::failure("The body must be application/json"))
                    .into_response()
            }
            Self::Unavailable(cause) => {
                tracing::error!(cause, "a REST call could not be answered");
                let answer = Answer::failure("Not available now, try again");
                let mut response = (StatusCode::SERVICE_UNAVAILABLE, answer).into_response();
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
                response
            }
        }
    }
}
