//! Time-based codes (`stream-security` §10): RFC 6238 with HMAC-SHA-1 and six digits.
//!
//! A subscriber's code comes from its registered secret, or from one that is derived from the application's secret,
//! the subscriber, the stream and the operation. A code is good for the rest of its step and the whole next one.

use data_encoding::BASE32;
use totp_rs::{Algorithm, Builder, Totp};

use crate::facts::SubscriberFacts;
use crate::id::{StreamId, SubscriberId};
use crate::request::{Operation, SecurityMode};
use crate::secret::Secret;
use crate::settings::ApplicationSettings;
use crate::time::UnixTime;

use super::case::{Answer, Case, Draft};
use super::decision::{DenyReason, Effect};

/// Why a text is no secret (`stream-security` §10.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Base32Error {
    #[error("the secret is empty")]
    Empty,
    #[error("the secret's length is not a multiple of 8 characters")]
    Length,
    #[error("the secret has a character outside A-Z and 2-7")]
    Character,
    #[error("the secret ends in a padding or in bits that Base32 does not allow")]
    Ending,
}

/// Why no code can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Without a registered secret a code belongs to one operation.
    #[error("the type must be publish or play")]
    OperationMissing,
    #[error("the secret for {0} codes is not set")]
    SecretNotConfigured(Operation),
}

/// Reads a registered secret: Base32 (RFC 4648 §6) of either case, with padding, nothing left over.
///
/// # Errors
/// [`Base32Error`] says what is wrong with `text`.
pub fn decode_base32(text: &str) -> Result<Secret<Vec<u8>>, Base32Error> {
    if text.is_empty() {
        return Err(Base32Error::Empty);
    }
    let digits = text.trim_end_matches('=');
    if let Some(wrong) = digits.chars().find(|c| !matches!(c, 'A'..='Z' | 'a'..='z' | '2'..='7')) {
        return Err(if wrong == '=' { Base32Error::Ending } else { Base32Error::Character });
    }
    if !text.len().is_multiple_of(8) {
        return Err(Base32Error::Length);
    }
    let bytes = BASE32.decode(text.to_ascii_uppercase().as_bytes()).map_err(|_| Base32Error::Ending)?;
    if bytes.is_empty() { Err(Base32Error::Ending) } else { Ok(Secret::new(bytes)) }
}

/// The code of the step that `now` lies in, six digits. `period` is the step in seconds; 0 counts as 1.
pub fn code_at(secret: &Secret<Vec<u8>>, period: u32, now: UnixTime) -> String {
    generator(secret).generate(counter_at(period, now)).to_string()
}

/// The key of a subscriber without a registered secret; `None` when the application has no secret for `operation`.
///
/// The Base32 form of these bytes is what an external generator is given.
pub fn derived_secret(
    settings: &ApplicationSettings,
    operation: Operation,
    subscriber: &SubscriberId,
    stream_id: &StreamId,
) -> Option<Secret<Vec<u8>>> {
    let base = match operation {
        Operation::Publish => settings.time_token_secret_for_publish.as_ref(),
        Operation::Play => settings.time_token_secret_for_play.as_ref(),
    }?;
    if base.expose().trim().is_empty() {
        return None;
    }
    let mut text = format!("{}{subscriber}{stream_id}{operation}", base.expose());
    // Generators that clients have count in UTF-16 units.
    while !text.encode_utf16().count().is_multiple_of(8) {
        text.push('X');
    }
    Some(Secret::new(text.into_bytes()))
}

/// The code that `subscriber` may use now, for the code generators of REST and GraphQL.
///
/// `record` is the subscriber's record; with a secret of its own, `operation` does not matter.
///
/// # Errors
/// [`CodeError`] when the code would be derived and something it derives from is missing.
pub fn generated_code(
    settings: &ApplicationSettings,
    record: Option<&SubscriberFacts>,
    subscriber: &SubscriberId,
    stream_id: &StreamId,
    operation: Option<Operation>,
    now: UnixTime,
) -> Result<String, CodeError> {
    if let Some((secret, period)) = record.and_then(|record| registered(settings, record)) {
        return Ok(code_at(secret, period, now));
    }
    let operation = operation.ok_or(CodeError::OperationMissing)?;
    let secret =
        derived_secret(settings, operation, subscriber, stream_id).ok_or(CodeError::SecretNotConfigured(operation))?;
    Ok(code_at(&secret, settings.time_token_period, now))
}

pub(super) fn rule(case: &Case<'_>, draft: &mut Draft) -> Answer {
    if !case.settings.totp_on(case.operation()) {
        return Answer::Skip("time-based codes are off");
    }
    let (Some(subscriber), Some(code)) = (case.subscriber.subscriber(), &case.request.credentials.subscriber_code)
    else {
        return Answer::deny(DenyReason::CodeMissing);
    };
    let counter = match accepted_counter(case, subscriber, code) {
        Ok(counter) => counter,
        Err(DenyReason::CodeInvalid) => {
            return Answer::Deny { reason: DenyReason::CodeInvalid, effects: vec![Effect::CountFailure] };
        }
        Err(reason) => return Answer::deny(reason),
    };
    if case.settings.time_token_replay_protection {
        match use_of(case, counter) {
            Use::First => {
                draft.effects.push(Effect::MarkTotpStep { counter, client: case.request.lasting_client() });
            }
            Use::Again => {}
            Use::Replay => return Answer::deny(DenyReason::CodeReplayed),
        }
    }
    draft.admitted_by.push(SecurityMode::Totp);
    Answer::Pass
}

/// The time step that `code` belongs to, if the subscriber may do this and the code is right and in time.
fn accepted_counter(case: &Case<'_>, subscriber: &SubscriberId, code: &Secret<String>) -> Result<u64, DenyReason> {
    let record = case.facts.subscriber.as_ref();
    if record.is_some_and(|record| !may(record, case.operation())) {
        return Err(DenyReason::SubscriberTypeMismatch);
    }
    if let Some((secret, period)) = record.and_then(|record| registered(case.settings, record)) {
        return matching_counter(secret, period, code, case.now).ok_or(DenyReason::CodeInvalid);
    }
    let both_registered = record.is_some() && case.facts.broadcast.is_some();
    if case.settings.accept_only_streams_in_data_store && !both_registered {
        return Err(DenyReason::SubscriberUnknown);
    }
    // Who may publish may play: its publish code opens both.
    let operations: &[Operation] = match case.operation() {
        Operation::Publish => &[Operation::Publish],
        Operation::Play => &[Operation::Play, Operation::Publish],
    };
    let mut refusal = DenyReason::SecretNotConfigured { mode: SecurityMode::Totp };
    for operation in operations {
        let Some(secret) = derived_secret(case.settings, *operation, subscriber, &case.stream_id) else { continue };
        if let Some(counter) = matching_counter(&secret, case.settings.time_token_period, code, case.now) {
            return Ok(counter);
        }
        refusal = DenyReason::CodeInvalid;
    }
    Err(refusal)
}

/// What a record allows. One with a secret and without a type is a player's.
fn may(record: &SubscriberFacts, operation: Operation) -> bool {
    match (operation, record.operation) {
        (Operation::Play, _) | (Operation::Publish, Some(Operation::Publish)) => true,
        (Operation::Publish, Some(Operation::Play)) => false,
        (Operation::Publish, None) => !has_secret(record),
    }
}

fn has_secret(record: &SubscriberFacts) -> bool {
    record.secret.as_ref().is_some_and(|secret| !secret.is_empty())
}

/// A record's own secret and step.
fn registered<'a>(settings: &ApplicationSettings, record: &'a SubscriberFacts) -> Option<(&'a Secret<Vec<u8>>, u32)> {
    let secret = record.secret.as_ref().filter(|secret| !secret.is_empty())?;
    let period = match record.totp_period_seconds {
        0 => settings.time_token_period,
        own => own,
    };
    Some((secret, period))
}

/// The current step, the one before, and the next one shortly before it begins.
fn matching_counter(secret: &Secret<Vec<u8>>, period: u32, code: &Secret<String>, now: UnixTime) -> Option<u64> {
    let code = six_digits(code)?;
    let current = counter_at(period, now);
    let next = counter_at(period, now.plus_secs(SKEW_SECS));
    let generator = generator(secret);
    // With a step of 1 the library's time is the counter; its comparison takes the same time for every wrong code.
    let candidates = [Some(current), current.checked_sub(1), (next > current).then_some(current + 1)];
    candidates.into_iter().flatten().find(|counter| generator.check(code.expose(), *counter).is_some())
}

/// Codes are six digits; a client that sends a number loses the zeros in front.
fn six_digits(code: &Secret<String>) -> Option<Secret<String>> {
    let digits = code.expose().trim();
    let is_number = (1..=DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Secret::new(format!("{digits:0>DIGITS$}")))
}

fn counter_at(period: u32, now: UnixTime) -> u64 {
    let step_ms = i64::from(period.max(1)) * 1_000;
    u64::try_from(now.as_millis() / step_ms).unwrap_or(0)
}

fn generator(secret: &Secret<Vec<u8>>) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS as u8)
        .with_skew(0)
        .with_step_duration(1)
        .with_secret(secret.expose().as_slice())
        // The documented secrets may be shorter than the 128 bits that the checking form asks for.
        .build_noncompliant()
}

enum Use {
    First,
    /// The client that used the code first shows it again.
    Again,
    Replay,
}

/// A code that was accepted, and every older one, admits only the client that used it.
fn use_of(case: &Case<'_>, counter: u64) -> Use {
    let client = case.request.lasting_client();
    let mut seen = Use::First;
    for mark in case.facts.totp_marks.iter().filter(|mark| mark.operation == case.operation()) {
        let same_client = mark.client == client;
        if same_client && mark.counter == counter {
            return Use::Again;
        }
        if !same_client && mark.counter >= counter {
            seen = Use::Replay;
        }
    }
    seen
}

const DIGITS: usize = 6;
/// A clock that runs ahead by this much is forgiven.
const SKEW_SECS: i64 = 5;
