//! How things go wrong: problems are data in a payload, failures are GraphQL errors with a code.
//!
//! Resolvers return [`Answer`], whose error type carries a code and a text made for callers, so that nothing foreign
//! (a database's message, a path) can reach them.

use async_graphql::{Enum, ErrorExtensionValues, ErrorExtensions, ServerError, SimpleObject};
use tracing::error;

use crate::manage::{self, ManageError, Outcome};

/// The answer of a resolver.
pub type Answer<T> = Result<T, Failure>;

/// A GraphQL error: a missing login, an outage, or a request that cannot be meant.
#[derive(Debug, Clone)]
pub struct Failure {
    /// In capitals, stable.
    pub code: String,
    pub message: String,
}

impl Failure {
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }

    pub fn unauthenticated() -> Self {
        Self::new("UNAUTHENTICATED", "log in first")
    }

    /// An argument that cannot be meant.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ProblemCode::Invalid.name(), message)
    }
}

impl From<ManageError> for Failure {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::Problem(problem) => Self::new(ProblemCode::from(problem.code).name(), problem.message),
            error @ (ManageError::Unavailable(_) | ManageError::Contended) => {
                error!(%error, "a GraphQL request could not be answered");
                Self::new("UNAVAILABLE", "this cannot be answered now; try again later")
            }
        }
    }
}

impl From<manage::Problem> for Failure {
    fn from(problem: manage::Problem) -> Self {
        ManageError::from(problem).into()
    }
}

/// For what is refused before any field is resolved, and so has no place in the document.
impl From<Failure> for ServerError {
    fn from(failure: Failure) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", failure.code);
        Self { extensions: Some(extensions), ..Self::new(failure.message, None) }
    }
}

impl From<Failure> for async_graphql::Error {
    fn from(failure: Failure) -> Self {
        Self::new(failure.message).extend_with(|_, extensions| extensions.set("code", failure.code))
    }
}

/// Something in the input, or in the state of the server, that kept a mutation from happening. Nothing was changed
/// unless the payload says so.
#[derive(Debug, Clone, SimpleObject)]
pub struct Problem {
    /// What kind of problem it is: stable, for programs.
    code: ProblemCode,
    /// What is wrong, in a sentence for people.
    message: String,
    /// The field of the mutation's `input` that is at fault, with dots between levels (`settings.hlsTime`); null when
    /// no single field is.
    path: Option<String>,
}

impl From<manage::Problem> for Problem {
    fn from(problem: manage::Problem) -> Self {
        Self { code: problem.code.into(), message: problem.message, path: problem.path }
    }
}

/// Kinds of problems.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "manage::ProblemCode")]
pub enum ProblemCode {
    /// It is not there, or not yours to see.
    NotFound,
    /// Something of this name is there already.
    AlreadyExists,
    /// A required input is missing.
    Missing,
    /// An input has the wrong form or range.
    Invalid,
    /// Inputs that exclude one another, or a setting that excludes what is asked for.
    Conflict,
    /// You may see it, but not do this to it.
    Forbidden,
    /// Nobody is logged in.
    Unauthenticated,
    /// The e-mail, password or code is wrong.
    WrongCredentials,
    /// There were too many attempts; wait.
    Throttled,
    /// A secret that this needs is not set.
    SecretNotConfigured,
    /// There is nothing live to act on.
    NotLive,
    /// A limit of the server is reached.
    Limit,
}

impl ProblemCode {
    /// As it reads on the wire.
    fn name(self) -> String {
        manage::ProblemCode::from(self).as_str().to_ascii_uppercase().replace('-', "_")
    }
}

/// Turns the outcome of a mutation into its payload: a problem becomes data, an outage or a missing login an error.
pub fn settle<P: From<manage::Problem>>(outcome: Outcome<P>) -> Answer<P> {
    match outcome {
        Err(ManageError::Problem(problem)) if problem.code != manage::ProblemCode::Unauthenticated => {
            Ok(P::from(problem))
        }
        other => other.map_err(Failure::from),
    }
}

/// Lets a payload be made of a problem alone: everything else is null, zero or empty.
macro_rules! payload {
    ($($name:ident),+ $(,)?) => {
        $(impl From<crate::manage::Problem> for $name {
            fn from(problem: crate::manage::Problem) -> Self {
                Self { problems: vec![problem.into()], ..Self::default() }
            }
        })+
    };
}
pub(super) use payload;

/// Reads a name of the input, or says which field is at fault.
pub fn parse_at<T: std::str::FromStr<Err: std::fmt::Display>>(path: &str, text: &str) -> Outcome<T> {
    text.parse()
        .map_err(|reason: T::Err| ManageError::problem_at(manage::ProblemCode::Invalid, path, reason.to_string()))
}
