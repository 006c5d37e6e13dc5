//! The names of a request, and streams that nobody registered (`stream-security` §6.1).

use crate::facts::{ApplicationFacts, Facts};
use crate::id::{InvalidName, StreamId};
use crate::request::{Intent, StreamRequest};

use super::case::{Answer, Case, Draft};
use super::decision::{DenyReason, Effect};

/// The application exists.
pub(super) fn application(facts: &Facts) -> Result<&ApplicationFacts, DenyReason> {
    facts.application.as_ref().ok_or(DenyReason::UnknownApplication)
}

/// The stream id is there and can be one.
pub(super) fn stream_id(request: &StreamRequest) -> Result<StreamId, DenyReason> {
    request.stream_id.trim().parse().map_err(|error| match error {
        InvalidName::Empty => DenyReason::StreamIdMissing,
        InvalidName::TooLong | InvalidName::Character | InvalidName::Reserved => DenyReason::StreamIdInvalid,
    })
}

/// An undefined stream is refused, or registered on the fly.
pub(super) fn registered(case: &Case<'_>, draft: &mut Draft) -> Answer {
    if case.facts.broadcast.is_some() {
        return Answer::Pass;
    }
    if case.settings.accept_only_streams_in_data_store {
        return Answer::deny(DenyReason::UnregisteredStream);
    }
    if case.request.intent == Intent::Start {
        draft.effects.push(Effect::CreateBroadcast);
    }
    Answer::Skip("undefined streams are accepted")
}
