//! What a caller can get wrong, apart from what we can.

use std::fmt;

use crate::secrets::SecretKeyError;
use crate::store::{Again, StoreError};

/// The answer of every managing function.
pub type Outcome<T> = Result<T, ManageError>;

/// Why a managing function did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ManageError {
    /// Expected: an answer for the caller, not a fault.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The database or the bus is away: try again later. The text is for the log, not for callers.
    #[error("not available now: {0}")]
    Unavailable(String),
    /// Somebody else changed the same things each time: try again.
    #[error("others changed the same at the same time; try again")]
    Contended,
}

impl Again for ManageError {
    fn is_again(&self) -> bool {
        matches!(self, Self::Contended)
    }
}

/// One thing that the caller should mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    pub code: ProblemCode,
    /// A sentence for a person; for REST clients, the documented text.
    pub message: String,
    /// The input at fault, dotted, below the call's input object (`streamId`, `settings.hlsTime`).
    pub path: Option<String>,
}

/// Stable names of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemCode {
    /// It is not there, or not yours to see.
    NotFound,
    AlreadyExists,
    /// A required input is missing.
    Missing,
    /// An input has the wrong form or range.
    Invalid,
    /// Inputs that exclude one another, for example two token modes on one side; or a setting that excludes the call.
    Conflict,
    /// You may see it, but not do this to it.
    Forbidden,
    /// Nobody is logged in.
    Unauthenticated,
    /// Wrong e-mail, password or code.
    WrongCredentials,
    /// Too many attempts; wait.
    Throttled,
    /// A secret that this needs is not set.
    SecretNotConfigured,
    /// There is nothing live to act on.
    NotLive,
    /// A limit of the server is reached.
    Limit,
}

impl ProblemCode {
    /// Kebab-case, as everywhere; GraphQL shows the same word in capitals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::AlreadyExists => "already-exists",
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::Forbidden => "forbidden",
            Self::Unauthenticated => "unauthenticated",
            Self::WrongCredentials => "wrong-credentials",
            Self::Throttled => "throttled",
            Self::SecretNotConfigured => "secret-not-configured",
            Self::NotLive => "not-live",
            Self::Limit => "limit",
        }
    }
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Problem {
    pub fn new(code: ProblemCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: None }
    }

    /// Names the input at fault.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

impl ManageError {
    pub(crate) fn problem(code: ProblemCode, message: impl Into<String>) -> Self {
        Problem::new(code, message).into()
    }

    pub(crate) fn problem_at(code: ProblemCode, path: &str, message: impl Into<String>) -> Self {
        Problem::new(code, message).at(path).into()
    }
}

impl From<StoreError> for ManageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Retry => Self::Contended,
            StoreError::Unstorable => {
                Self::problem(ProblemCode::Invalid, "a text holds a character that cannot be stored")
            }
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<SecretKeyError> for ManageError {
    fn from(error: SecretKeyError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
