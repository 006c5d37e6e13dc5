//! Asking somebody else (`stream-security` §17). The decision does no IO: it names the address to ask, the caller asks
//! and decides again with the answer among the facts.

use crate::facts::WebhookFact;
use crate::request::SecurityMode;

use super::case::{Answer, Case, Draft};
use super::decision::DenyReason;

pub(super) fn authorized(case: &Case<'_>, draft: &mut Draft) -> Answer {
    let Some(address) = case.settings.authorization_webhook(case.operation()) else {
        return Answer::Skip("no authorization webhook is set");
    };
    match case.facts.webhook {
        WebhookFact::NotAsked => {
            draft.ask_webhook = Some(address.to_owned());
            Answer::Skip("the webhook is asked once every other rule has passed")
        }
        WebhookFact::Allowed => {
            draft.admitted_by.push(SecurityMode::Webhook);
            Answer::Pass
        }
        WebhookFact::Refused => Answer::deny(DenyReason::WebhookRefused),
        WebhookFact::Unreachable => Answer::deny(DenyReason::WebhookUnreachable),
    }
}
