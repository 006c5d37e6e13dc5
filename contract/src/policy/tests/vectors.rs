//! The acceptance vectors of `stream-security` §19 that a pure function can show, by their numbers.

use super::scenario::*;
use crate::credentials::Credentials;
use crate::facts::BroadcastFacts;
use crate::policy::{DenyReason, Effect, Refusal, hash};
use crate::request::{Operation, Protocol};

#[test]
fn v1_everything_is_open_by_default() {
    assert_eq!(allowed(decide(&policy(), &publish("x"), NOW)).1, [Effect::CreateBroadcast]);
}

#[test]
fn v2_an_undefined_stream_is_refused_until_it_is_created() {
    let policy = policy().with(|s| s.accept_only_streams_in_data_store = true);
    assert_eq!(denied(decide(&policy, &publish("x"), NOW)), DenyReason::UnregisteredStream);
    allowed(decide(&policy.with_broadcast(BroadcastFacts::default()), &publish("x"), NOW));
}

#[test]
fn v3_and_v4_a_publish_token_survives_three_mistakes_and_admits_once() {
    let closed = policy().with(|s| s.publish_token_control_enabled = true);
    let mut policy = closed.clone().with_token(one_time(Operation::Publish));
    denied(decide(&policy, &publish("stream1"), NOW));
    denied(decide(&closed.with_token(one_time(Operation::Play)), &publish("stream1").token("P"), NOW));
    denied(decide(&policy, &publish("stream2").token("T"), NOW));
    let request = publish("stream1").token("T");
    let decision = decide(&policy, &request, NOW);
    allowed(decision.clone());
    policy.apply(&request.request, &decision);
    denied(decide(&policy, &request, NOW));
}

#[test]
fn v5_to_v7_a_play_token_gives_one_client_a_ticket() {
    let mut policy = policy().with(|s| s.play_token_control_enabled = true).with_token(one_time(Operation::Play));
    let request = play("stream1").token("T");
    let decision = decide(&policy, &request, NOW);
    assert!(allowed(decision.clone()).0.ticket_until.is_some());
    policy.apply(&request.request, &decision);
    let other = play("stream1").token("T").from("10.0.0.2");
    let reason = denied(decide(&policy, &other, NOW));
    assert_eq!(Refusal::of(&reason).http_status, 403);
    let without = denied(decide(&policy, &play("stream1"), NOW));
    assert_eq!(Refusal::of(&without).http_status, 403);
}

#[test]
fn v9_a_publish_hash_publishes_and_does_not_play() {
    let policy = policy().with(|s| {
        s.hash_control_publish_enabled = true;
        s.token_hash_secret = "this_is_secret".into();
    });
    let publish_hash = "f980129315cb9ed4f02b615dc089eb10f9ada6a13228f28c875fcf4969eb2077";
    allowed(decide(&policy, &publish("stream1").token(publish_hash), NOW));
    let play_hash = hash::token(&stream("stream1"), Operation::Play, &"this_is_secret".into());
    denied(decide(&policy, &publish("stream1").token(play_hash.expose()), NOW));
}

#[test]
fn v10_to_v13_time_based_codes() {
    let publisher = policy().with_totp(Some(Operation::Publish));
    allowed(decide(&publisher, &publish("stream1").by("publisherA").code("806136"), NOW));
    let player = policy().with_totp(Some(Operation::Play));
    denied(decide(&player, &publish("stream1").by("publisherA").code("806136"), NOW));
    allowed(decide(&publisher, &play("stream1").by("publisherA").code("806136"), NOW));
    let derived = policy().with(|s| {
        s.enable_time_token_for_publish = true;
        s.time_token_secret_for_publish = Some("pubSecret1".into());
    });
    let request = publish("stream1").by("publisherA").code("438910");
    allowed(decide(&derived, &request, NOW));
    denied(decide(&derived.with(|s| s.accept_only_streams_in_data_store = true), &request, NOW));
}

#[test]
fn v14_and_v15_blocks_refuse_as_documented() {
    let until = NOW.plus_secs(120);
    let policy = policy()
        .with_totp(Some(Operation::Publish))
        .with_block("publisherA", Operation::Publish, until)
        .with_block("publisherA", Operation::Play, until);
    let publishing = publish("stream1").by("publisherA").code(CODE).over(Protocol::WebRtc);
    let reason = denied(decide(&policy, &publishing, NOW));
    assert_eq!(Refusal::of(&reason).definition, "user_blocked");
    let reason = denied(decide(&policy, &play("stream1").by("publisherA"), NOW));
    assert_eq!(Refusal::of(&reason).http_status, 401);
    let mut lifted = policy;
    lifted.facts.blocks.iter_mut().for_each(|block| block.until = NOW);
    allowed(decide(&lifted, &publishing, NOW));
}

#[test]
fn v17_publishers_come_from_the_listed_networks() {
    let policy = policy().with(|s| s.allowed_publisher_cidr = "10.20.30.40/24,127.0.0.1/32".into());
    allowed(decide(&policy, &publish("s").from("10.20.30.77"), NOW));
    denied(decide(&policy, &publish("s").from("10.20.31.1"), NOW));
}

#[test]
fn v21_a_broadcast_of_one_second_is_over_after_two() {
    let broadcast = BroadcastFacts { created_at: NOW.plus_secs(-2), expire_duration_ms: 1_000, ..Default::default() };
    let reason = denied(decide(&policy().with_broadcast(broadcast), &publish("s"), NOW));
    assert_eq!(Refusal::of(&reason).definition, "stream_not_active_or_expired");
}

#[test]
fn v22_a_block_counts_with_codes_off() {
    let policy = policy().with_block("playerB", Operation::Play, NOW.plus_secs(120)).live_since(NOW, None);
    let request = play("stream1").by("playerB").over(Protocol::WebRtc);
    assert_eq!(Refusal::of(&denied(decide(&policy, &request, NOW))).definition, "user_blocked");
}

#[test]
fn v23_the_blank_before_the_code_is_trimmed() {
    let mut request = publish("stream1").over(Protocol::WebRtc);
    request.request.credentials = Credentials::from_query("subscriberId=publisherA&subscriberCode= 806136");
    allowed(decide(&policy().with_totp(Some(Operation::Publish)), &request, NOW));
}
