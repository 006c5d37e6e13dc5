//! The gate: one pure function that answers every [`StreamRequest`](crate::StreamRequest).

mod decision;
mod refusal;

pub use decision::{Decision, DenyReason, Effect, StreamGrant, TokenUse};
pub use refusal::{Refusal, RtmpStatus, SrtReject};

use crate::facts::Facts;
use crate::request::StreamRequest;
use crate::time::UnixTime;

/// Decides whether `request` may start at `now`, from its arguments alone.
pub fn decide(_facts: &Facts, _request: &StreamRequest, _now: UnixTime) -> Decision {
    Decision::Deny { reason: DenyReason::UnknownApplication, effects: Vec::new() }
}
