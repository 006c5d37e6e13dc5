use super::scenario::*;
use crate::policy::DenyReason;
use crate::request::{Operation, Protocol};

const LATER: crate::UnixTime = NOW.plus_secs(120);

#[test]
fn a_block_outranks_a_valid_code_until_it_lifts() {
    let policy = policy().with_totp(Some(Operation::Publish)).with_block("alice", Operation::Publish, LATER);
    let request = publish("stream1").by("alice").code(CODE);
    assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::Blocked { until: LATER });
    let code = crate::policy::totp::code_at(&secret("mysecret"), 60, LATER);
    allowed(decide(&policy, &publish("stream1").by("alice").code(&code), LATER));
}

#[test]
fn a_blocked_publisher_hears_of_its_block_and_not_of_the_session_that_the_block_ended() {
    let policy = policy().with_block("alice", Operation::Publish, LATER).live_since(NOW, Some("alice"));
    let refusal = denied(decide(&policy, &publish("stream1").by("alice"), NOW));
    assert_eq!(refusal, DenyReason::Blocked { until: LATER });
    assert_eq!(denied(decide(&policy, &publish("stream1").by("bob"), NOW)), DenyReason::StreamInUse);
}

#[test]
fn a_block_holds_for_whoever_names_the_subscriber_with_every_mode_off() {
    let policy = policy().with_block("alice", Operation::Play, LATER);
    for protocol in Protocol::ALL {
        let policy = policy.clone().with(|s| s.rtmp_playback_enabled = true).live_since(NOW, None);
        let request = play("stream1").by(" alice ").over(protocol);
        assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::Blocked { until: LATER }, "{protocol}");
    }
    allowed(decide(&policy, &play("stream1").by("bob"), NOW));
    allowed(decide(&policy, &play("stream1"), NOW));
}

#[test]
fn publish_and_play_have_deadlines_of_their_own_and_the_longest_counts() {
    let policy = policy()
        .with_block("alice", Operation::Publish, NOW.plus_secs(60))
        .with_block("alice", Operation::Play, NOW.plus_secs(-1))
        .with_block("alice", Operation::Publish, LATER);
    allowed(decide(&policy, &play("stream1").by("alice"), NOW));
    let refusal = denied(decide(&policy, &publish("stream1").by("alice"), NOW));
    assert_eq!(refusal, DenyReason::Blocked { until: LATER });
    allowed(decide(&policy, &publish("stream1").by("alice"), LATER));
}

#[test]
fn a_block_of_somebody_else_does_not_count() {
    let policy = policy().with_block("bob", Operation::Publish, LATER);
    allowed(decide(&policy, &publish("stream1").by("alice"), NOW));
}

#[test]
fn a_name_that_cannot_be_looked_up_is_no_way_around_a_block() {
    for name in ["ali\0ce", "a\u{7f}", &"x".repeat(256)] {
        let request = publish("stream1").by(name);
        assert_eq!(denied(decide(&policy(), &request, NOW)), DenyReason::CodeInvalid);
        let with_codes = policy().with_totp(Some(Operation::Publish));
        assert_eq!(denied(decide(&with_codes, &request.code(CODE), NOW)), DenyReason::SubscriberUnknown);
    }
}

#[test]
fn blanks_name_nobody() {
    allowed(decide(&policy(), &publish("stream1").by("  "), NOW));
}
