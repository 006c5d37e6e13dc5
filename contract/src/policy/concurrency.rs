//! How many sessions one subscriber may have on a stream (`stream-security` §10.6).

use crate::request::Intent;

use super::case::{Answer, Case, Draft};
use super::decision::{DenyReason, Effect};

/// For subscribers without a record, as for records that do not say otherwise.
const DEFAULT_LIMIT: u32 = 1;

/// Publishing and playing are counted apart, so that a conference member can do both. Sessions whose transport is dead
/// hold no place; those of the same client give theirs up, the oldest first.
///
/// It asks for a proven identity: without time-based codes anybody could take a subscriber's places by its name.
pub(super) fn limit(case: &Case<'_>, draft: &mut Draft) -> Answer {
    if !case.settings.totp_on(case.operation()) {
        return Answer::Skip("no code proves who the subscriber is");
    }
    let limit = case.facts.subscriber.as_ref().map_or(DEFAULT_LIMIT, |record| record.concurrent_connections_limit);
    let mut own = Vec::new();
    let mut dead = Vec::new();
    let mut others = 0_u32;
    for session in &case.facts.sessions {
        let counts =
            session.operation == case.operation() && session.id != case.request.session && !draft.replaces(session.id);
        match session {
            _ if !counts => {}
            _ if !session.alive => dead.push(session.id),
            _ if session.client == case.request.client => own.push(session.id),
            _ => others += 1,
        }
    }
    let Some(free) = limit.checked_sub(others).and_then(|places| places.checked_sub(1)) else {
        return Answer::deny(DenyReason::ConcurrencyLimit);
    };
    if case.request.intent == Intent::Start {
        // Session ids are UUIDv7: the smallest is the oldest.
        own.sort_unstable();
        let surplus = own.len().saturating_sub(usize::try_from(free).unwrap_or(usize::MAX));
        let leaving = dead.into_iter().chain(own.into_iter().take(surplus));
        draft.effects.extend(leaving.map(|session| Effect::Replace { session }));
    }
    Answer::Pass
}
