//! One-time tokens (`stream-security` §7): each admits one client, once.
//!
//! A request that carries no media yet (HEAD, a stream that is not live) only reserves its token, so that a probe does
//! not burn it; the request that starts media spends it. That two workers cannot spend one token at the same moment is
//! the promise of whoever performs [`Effect::SpendToken`].

use crate::facts::{TokenFacts, TokenState};
use crate::request::{Intent, SecurityMode};

use super::case::{Answer, Case, Draft};
use super::decision::{DenyReason, Effect, TokenUse};

/// A reservation holds this long after the last probe: as long as a live player may fall silent.
pub const RESERVATION_SECS: i64 = 60;

pub(super) fn rule(case: &Case<'_>, draft: &mut Draft) -> Answer {
    if !case.settings.one_time_token_on(case.operation()) {
        return Answer::Skip("one-time tokens are off");
    }
    match admit(case) {
        Ok(Pass::Once) => {
            let (token, effect) = match case.request.intent {
                Intent::Start => (TokenUse::Spent, Effect::SpendToken),
                Intent::Probe => (
                    TokenUse::Reserved,
                    Effect::ReserveToken {
                        client: case.request.lasting_client(),
                        until: case.now.plus_secs(RESERVATION_SECS),
                    },
                ),
            };
            draft.token = Some(token);
            draft.effects.push(effect);
        }
        Ok(Pass::Room) => {}
        Err(reason) => return Answer::deny(reason),
    }
    draft.admitted_by.push(SecurityMode::OneTimeToken);
    Answer::Pass
}

enum Pass {
    Once,
    /// The token was made for a room: it opens every member and is not spent.
    Room,
}

fn admit(case: &Case<'_>) -> Result<Pass, DenyReason> {
    case.token().ok_or(DenyReason::TokenMissing)?;
    let token = case.facts.token.as_ref().ok_or(DenyReason::TokenInvalid)?;
    if token.operation != case.operation() {
        return Err(DenyReason::TokenInvalid);
    }
    if case.now >= token.expires_at {
        return Err(DenyReason::TokenExpired { at: token.expires_at });
    }
    let pass = if opens_room(case, token) {
        Pass::Room
    } else if token.stream_id == case.stream_id {
        Pass::Once
    } else {
        return Err(DenyReason::TokenInvalid);
    };
    match &token.state {
        TokenState::Unused => Ok(pass),
        TokenState::Reserved { client, until } if case.now < *until && *client != case.request.lasting_client() => {
            Err(DenyReason::TokenSpent)
        }
        TokenState::Reserved { .. } => Ok(pass),
        TokenState::Spent => Err(DenyReason::TokenSpent),
    }
}

/// The request names the room that the token was made for, and the stream is that room or a member of it.
fn opens_room(case: &Case<'_>, token: &TokenFacts) -> bool {
    match (case.room_named(), token.room_id.as_deref()) {
        (Some(asked), Some(made_for)) => !made_for.is_empty() && asked == made_for && case.is_in_room(made_for),
        _ => false,
    }
}
