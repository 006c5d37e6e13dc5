//! Streams that are on air: one publisher at a time (`stream-security` §6.3), and nothing to play without one.

use crate::facts::{LIVE_FOR_MS, LiveFacts};
use crate::request::{Intent, Operation, Protocol};
use crate::time::UnixTime;

use super::case::{Answer, Case, Draft};
use super::decision::{DenyReason, Effect};

impl LiveFacts {
    /// False when the worker that carries the stream has fallen silent: its publisher is gone.
    pub fn is_fresh(&self, now: UnixTime) -> bool {
        now.millis_since(self.last_seen) < LIVE_FOR_MS
    }
}

/// The stream id is free, or its publisher makes room.
///
/// A publisher whose worker fell silent is replaced. A live one is replaced only where the settings allow a takeover,
/// by the same subscriber, and only if time-based codes prove that it is the same.
pub(super) fn already_live(case: &Case<'_>, draft: &mut Draft) -> Answer {
    let Some(live) = &case.facts.live else { return Answer::Skip("the stream is off air") };
    if live.session == case.request.session {
        return Answer::Pass;
    }
    if live.is_fresh(case.now) && !may_take_over(case, live) {
        return Answer::deny(DenyReason::StreamInUse);
    }
    if case.request.intent == Intent::Start {
        draft.effects.push(Effect::Replace { session: live.session });
    }
    draft.publishers_replaced = 1;
    Answer::Pass
}

/// The stream is on air, or is a room. Players over HTTP are admitted before it is: they ask again until it starts.
///
/// This comes after all credentials, so that a stranger cannot find out which streams exist.
pub(super) fn on_air(case: &Case<'_>, draft: &mut Draft) -> Answer {
    if case.request.protocol.is_http() {
        return Answer::Skip("HTTP players may wait for the stream");
    }
    if draft.ask_webhook.is_some() {
        return Answer::Skip("the webhook is asked first");
    }
    if case.is_live() || is_room(case) { Answer::Pass } else { Answer::deny(DenyReason::StreamAbsent) }
}

/// What is played is tracks of other publishers, which come and go: known as that, or named as a room by a player who
/// waits in it for the first. Only one protocol can say that there are others than before.
fn is_room(case: &Case<'_>) -> bool {
    if case.request.protocol != Protocol::WebRtc {
        return false;
    }
    let names_room = case.request.credentials.room_id.as_deref() == Some(case.stream_id.as_str());
    match &case.facts.broadcast {
        Some(broadcast) => broadcast.has_tracks || names_room,
        None => names_room && !case.settings.accept_only_rooms_in_data_store,
    }
}

fn may_take_over(case: &Case<'_>, live: &LiveFacts) -> bool {
    case.settings.allow_publish_takeover
        && case.settings.totp_on(Operation::Publish)
        && live.subscriber.is_some()
        && live.subscriber.as_ref() == case.subscriber.subscriber()
}
