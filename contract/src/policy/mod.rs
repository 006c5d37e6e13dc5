//! The gate: one pure function that answers every [`StreamRequest`].
//!
//! The rules stand below in the order in which they are asked. The first objection wins and silence lets nobody in: an
//! application and a stream must be named, and every mode that is on must pass. Rules that would spend something come
//! after all that do not, and what is to be spent is data in the answer ([`Effect`]), so that a refusal spends nothing.

mod block;
mod case;
pub mod cidr;
mod concurrency;
mod decision;
mod explain;
mod guessing;
pub mod hash;
pub mod jwt;
mod limits;
mod live;
mod refusal;
mod stream;
pub mod token;
pub mod totp;
mod webhook;
mod window;

#[cfg(test)]
mod tests;

pub use decision::{Decision, DenyReason, Effect, StreamGrant, TokenUse};
pub use explain::{Explanation, Outcome, Step, StepState, Verdict, explain};
pub use refusal::{Refusal, RtmpStatus, SrtReject};

use crate::facts::Facts;
use crate::request::{Operation, StreamRequest};
use crate::time::UnixTime;

use case::{Answer, Case, Draft, Named};

/// Decides whether `request` may start at `now`, from its arguments alone.
///
/// # Examples
/// The application and the stream are looked up before anything else:
/// ```
/// use sluice_contract::policy::{Decision, DenyReason, decide};
/// use sluice_contract::{Facts, StreamRequest, UnixTime};
///
/// fn refused_without_an_application(request: &StreamRequest, now: UnixTime) {
///     let refusal = Decision::Deny { reason: DenyReason::UnknownApplication, effects: Vec::new() };
///     assert_eq!(decide(&Facts::default(), request, now), refusal);
/// }
/// ```
pub fn decide(facts: &Facts, request: &StreamRequest, now: UnixTime) -> Decision {
    run(facts, request, now, |_, _| {})
}

/// One rule: its stable name and what it says.
struct Rule {
    name: &'static str,
    ask: fn(&Case<'_>, &mut Draft) -> Answer,
}

const fn rule(name: &'static str, ask: fn(&Case<'_>, &mut Draft) -> Answer) -> Rule {
    Rule { name, ask }
}

/// The two questions without which there is no case to put to the others.
const ENTRANCE: [&str; 2] = ["application", "stream-id"];

static PUBLISH: [Rule; 15] = [
    rule("webrtc", limits::webrtc),
    rule("block", block::blocked),
    rule("registered-stream", stream::registered),
    rule("room", stream::room),
    rule("already-live", live::already_live),
    rule("publish-window", window::publish_window),
    rule("publisher-address", cidr::publisher),
    rule("publisher-limit", limits::publishers),
    rule("hash", hash::rule),
    rule("jwt", jwt::rule),
    rule("guessing", guessing::paused),
    rule("totp", totp::rule),
    rule("concurrency", concurrency::limit),
    rule("webhook", webhook::authorized),
    rule("one-time-token", token::rule),
];

static PLAY: [Rule; 12] = [
    rule("rtmp-playback", limits::rtmp_playback),
    rule("webrtc", limits::webrtc),
    rule("block", block::blocked),
    rule("viewer-limit", limits::viewers),
    rule("hash", hash::rule),
    rule("jwt", jwt::rule),
    rule("guessing", guessing::paused),
    rule("totp", totp::rule),
    rule("concurrency", concurrency::limit),
    rule("webhook", webhook::authorized),
    rule("one-time-token", token::rule),
    rule("on-air", live::on_air),
];

fn rules(operation: Operation) -> &'static [Rule] {
    match operation {
        Operation::Publish => &PUBLISH,
        Operation::Play => &PLAY,
    }
}

/// Asks rule after rule, and tells `observe` what each of them said.
fn run(
    facts: &Facts,
    request: &StreamRequest,
    now: UnixTime,
    mut observe: impl FnMut(&'static str, &Answer),
) -> Decision {
    let [application_rule, stream_rule] = ENTRANCE;
    let application = match entered(stream::application(facts), application_rule, &mut observe) {
        Ok(application) => application,
        Err(refusal) => return refusal,
    };
    let stream_id = match entered(stream::stream_id(request), stream_rule, &mut observe) {
        Ok(stream_id) => stream_id,
        Err(refusal) => return refusal,
    };
    let case = Case {
        facts,
        request,
        now,
        application: &application.name,
        settings: &application.settings,
        stream_id,
        subscriber: Named::of(request),
        room: request.main_track(facts.broadcast.as_ref().and_then(|broadcast| broadcast.main_track.as_ref())),
    };
    let mut draft = Draft::default();
    for rule in rules(request.operation) {
        let answer = (rule.ask)(&case, &mut draft);
        observe(rule.name, &answer);
        if let Answer::Deny { reason, effects } = answer {
            return Decision::Deny { reason, effects };
        }
    }
    draft.into_allow(&case)
}

fn entered<T>(
    found: Result<T, DenyReason>,
    rule: &'static str,
    observe: &mut impl FnMut(&'static str, &Answer),
) -> Result<T, Decision> {
    match found {
        Ok(found) => {
            observe(rule, &Answer::Pass);
            Ok(found)
        }
        Err(reason) => {
            observe(rule, &Answer::deny(reason.clone()));
            Err(Decision::Deny { reason, effects: Vec::new() })
        }
    }
}
