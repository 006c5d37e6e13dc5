//! The names of a request, and streams and rooms that nobody registered (`stream-security` §6.1).

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

/// A room that nobody registered is refused, or made by its first member; one that is full takes no more.
pub(super) fn room(case: &Case<'_>, _draft: &mut Draft) -> Answer {
    match (&case.room, &case.facts.room) {
        (Err(_), _) => Answer::deny(DenyReason::StreamIdInvalid),
        (Ok(None), _) => Answer::Skip("the stream stands alone"),
        (Ok(Some(_)), None) if case.settings.accept_only_rooms_in_data_store => {
            Answer::deny(DenyReason::UnregisteredStream)
        }
        (Ok(Some(_)), Some(room)) if room.limit.is_some_and(|limit| room.members >= limit) => {
            Answer::deny(DenyReason::RoomFull)
        }
        (Ok(Some(_)), _) => Answer::Pass,
    }
}
