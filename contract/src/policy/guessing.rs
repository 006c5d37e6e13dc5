//! What makes guessing codes expensive: pauses that double, per address and over all of them.
//!
//! A subscriber's own address is held only by its own failures, so that a stranger cannot lock it out.

use crate::facts::GuessFacts;
use crate::time::UnixTime;

use super::case::{Answer, Case, Draft};
use super::decision::DenyReason;

/// Distinct wrong codes within an hour from one address that bring the first pause.
const OWN_FAILURES: u32 = 5;
/// The same over all addresses together, for addresses that the subscriber has not used.
const ALL_FAILURES: u32 = 20;
/// A pause doubles from one minute up to this.
const LONGEST_PAUSE_MINUTES: i64 = 60;

/// A paused guesser is refused before its code is looked at.
pub(super) fn paused(case: &Case<'_>, _draft: &mut Draft) -> Answer {
    if !case.settings.totp_on(case.operation()) {
        return Answer::Skip("time-based codes are off");
    }
    if case.subscriber.subscriber().is_none() || case.request.credentials.subscriber_code.is_none() {
        return Answer::Skip("no code was given");
    }
    match case.facts.guessing.paused_until(case.now) {
        Some(until) if case.now < until => Answer::deny(DenyReason::TooManyGuesses { until }),
        _ => Answer::Pass,
    }
}

impl GuessFacts {
    /// When the next code may be tried; `None` if at once. `now` stands in for a last failure that is not known.
    fn paused_until(&self, now: UnixTime) -> Option<UnixTime> {
        let own = pause_end(self.own_failures, OWN_FAILURES, self.own_last_failure, now);
        let all = if self.address_is_known {
            None
        } else {
            pause_end(self.all_failures, ALL_FAILURES, self.all_last_failure, now)
        };
        own.max(all)
    }
}

fn pause_end(failures: u32, free: u32, last: Option<UnixTime>, now: UnixTime) -> Option<UnixTime> {
    let doublings = failures.checked_sub(free)?;
    let minutes = (1_i64 << doublings.min(6)).min(LONGEST_PAUSE_MINUTES);
    Some(last.unwrap_or(now).plus_secs(minutes * 60))
}
