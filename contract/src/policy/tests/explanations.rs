use super::scenario::*;
use crate::policy::{DenyReason, Effect, Explanation, Outcome, StepState, Verdict, explain};
use crate::request::Operation;

fn explained(policy: &Policy, ask: &Ask) -> Explanation {
    explain(&policy.facts, &ask.request, NOW)
}

fn names(explanation: &Explanation) -> Vec<&'static str> {
    explanation.steps.iter().map(|step| step.rule).collect()
}

fn step<'a>(explanation: &'a Explanation, name: &str) -> &'a crate::policy::Step {
    explanation.steps.iter().find(|step| step.rule == name).expect("the rule")
}

#[test]
fn every_rule_is_named_in_its_order_whatever_the_outcome() {
    let publishing = [
        "application",
        "stream-id",
        "webrtc",
        "block",
        "registered-stream",
        "room",
        "already-live",
        "publish-window",
        "publisher-address",
        "publisher-limit",
        "hash",
        "jwt",
        "guessing",
        "totp",
        "concurrency",
        "webhook",
        "one-time-token",
    ];
    assert_eq!(names(&explained(&policy(), &publish("s"))), publishing);
    assert_eq!(names(&explained(&policy(), &publish(""))), publishing);
    let playing = [
        "application",
        "stream-id",
        "rtmp-playback",
        "webrtc",
        "block",
        "viewer-limit",
        "hash",
        "jwt",
        "guessing",
        "totp",
        "concurrency",
        "webhook",
        "one-time-token",
        "on-air",
    ];
    let mut nowhere = policy();
    nowhere.facts.application = None;
    for policy in [policy(), nowhere] {
        assert_eq!(names(&explained(&policy, &play("s"))), playing);
    }
}

#[test]
fn a_refusal_names_its_rule_and_what_was_not_reached() {
    let policy = policy().with_totp(Some(Operation::Publish)).with_block("alice", Operation::Publish, NOW.plus_secs(1));
    let explanation = explained(&policy, &publish("stream1").by("alice").code(CODE));
    let reason = DenyReason::Blocked { until: NOW.plus_secs(1) };
    assert_eq!((explanation.outcome, &explanation.reason), (Outcome::Denied, &Some(reason.clone())));
    assert_eq!(step(&explanation, "stream-id").verdict, Verdict::NoObjection);
    assert_eq!(step(&explanation, "block").verdict, Verdict::Refused(reason));
    assert_eq!(step(&explanation, "totp").verdict, Verdict::NotReached);
}

#[test]
fn a_rule_that_does_not_apply_says_why() {
    let explanation = explained(&policy(), &publish("stream1"));
    assert_eq!(step(&explanation, "publisher-address").state, StepState::Skipped("every address may publish"));
}

#[test]
fn an_explanation_says_what_would_be_spent() {
    let policy = policy().with(|s| s.play_token_control_enabled = true).with_token(one_time(Operation::Play));
    let explanation = explained(&policy, &play("stream1").token("T"));
    assert_eq!((explanation.outcome, explanation.would_spend), (Outcome::Allowed, vec![Effect::SpendToken]));
}

#[test]
fn a_wrong_code_in_an_explanation_counts_nowhere() {
    let explanation = explained(&policy().with_totp(None), &play("stream1").by("alice").code("000000"));
    assert_eq!((explanation.reason, explanation.would_spend), (Some(DenyReason::CodeInvalid), vec![]));
}
