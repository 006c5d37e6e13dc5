//! Blocks (`stream-security` §11): they outrank every credential and hold for whoever merely names the subscriber.

use crate::facts::Block;

use super::case::{Answer, Case, Draft, Named};
use super::decision::DenyReason;

pub(super) fn blocked(case: &Case<'_>, _draft: &mut Draft) -> Answer {
    let subscriber = match &case.subscriber {
        Named::Subscriber(id) => id,
        Named::Nobody => return Answer::Skip("nobody is named"),
        // A name that cannot be looked up cannot be shown to be free of blocks.
        Named::Unreadable if case.settings.totp_on(case.operation()) => {
            return Answer::deny(DenyReason::SubscriberUnknown);
        }
        Named::Unreadable => return Answer::deny(DenyReason::CodeInvalid),
    };
    let holds = |block: &&Block| {
        block.operation == case.operation() && block.subscriber == *subscriber && block.is_active(case.now)
    };
    match case.facts.blocks.iter().filter(holds).map(|block| block.until).max() {
        Some(until) => Answer::deny(DenyReason::Blocked { until }),
        None => Answer::Pass,
    }
}
