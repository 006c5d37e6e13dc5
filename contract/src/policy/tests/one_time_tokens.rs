use super::scenario::*;
use crate::facts::{BroadcastFacts, TokenState};
use crate::policy::token::RESERVATION_SECS;
use crate::policy::{DenyReason, Effect, TokenUse};
use crate::request::{ClientBinding, Operation, Protocol, SecurityMode};

fn closed() -> Policy {
    policy().with(|s| {
        s.publish_token_control_enabled = true;
        s.play_token_control_enabled = true;
    })
}

#[test]
fn a_token_admits_once() {
    let mut policy = closed().with_token(one_time(Operation::Publish));
    let request = publish("stream1").token("T");
    let decision = decide(&policy, &request, NOW);
    let (grant, effects) = allowed(decision.clone());
    assert_eq!(grant.token, TokenUse::Spent);
    assert_eq!(grant.admitted_by, [SecurityMode::OneTimeToken]);
    assert!(effects.contains(&Effect::SpendToken));
    policy.apply(&request.request, &decision);
    assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::TokenSpent);
    assert_eq!(denied(decide(&policy, &request.from("10.0.0.2"), NOW)), DenyReason::TokenSpent);
}

#[test]
fn a_wrong_token_is_refused_and_survives() {
    let policy = closed();
    assert_eq!(denied(decide(&policy, &publish("stream1"), NOW)), DenyReason::TokenMissing);
    assert_eq!(denied(decide(&policy, &publish("stream1").token("unknown"), NOW)), DenyReason::TokenInvalid);
    let play_token = policy.clone().with_token(one_time(Operation::Play));
    assert_eq!(denied(decide(&play_token, &publish("stream1").token("T"), NOW)), DenyReason::TokenInvalid);
    let of_stream1 = policy.with_token(one_time(Operation::Publish));
    assert_eq!(denied(decide(&of_stream1, &publish("stream2").token("T"), NOW)), DenyReason::TokenInvalid);
}

#[test]
fn a_token_ends_in_the_second_it_names() {
    let token = one_time(Operation::Publish);
    let at = token.expires_at;
    let policy = closed().with_token(token);
    let request = publish("stream1").token("T");
    allowed(decide(&policy, &request, at.plus_millis(-1)));
    assert_eq!(denied(decide(&policy, &request, at)), DenyReason::TokenExpired { at });
}

#[test]
fn a_page_that_webrtc_cannot_serve_goes_on_to_hls_with_the_token_that_it_holds() {
    let mut policy = closed().with_token(one_time(Operation::Play)).live_since(NOW, None);
    let over = |protocol, agent: &str| {
        let mut ask = play("stream1").token("T").over(protocol);
        ask.request.peer.user_agent = Some(agent.to_owned());
        ask.request.client = match protocol {
            Protocol::WebRtc => ClientBinding::new("ws-1"),
            _ => ClientBinding::of_peer(protocol, &ask.request.peer),
        };
        ask
    };
    let probe = over(Protocol::WebRtc, "Firefox").probing();
    let decision = decide(&policy, &probe, NOW);
    policy.apply(&probe.request, &decision);
    assert_eq!(denied(decide(&policy, &over(Protocol::Hls, "curl"), NOW)), DenyReason::TokenSpent);
    let (grant, _) = allowed(decide(&policy, &over(Protocol::Hls, "Firefox"), NOW));
    assert_eq!(grant.token, TokenUse::Spent);
}

#[test]
fn a_probe_reserves_for_its_client_and_burns_nothing() {
    let mut policy = closed().with_token(one_time(Operation::Play));
    let probe = play("stream1").token("T").probing();
    let decision = decide(&policy, &probe, NOW);
    let (grant, effects) = allowed(decision.clone());
    assert_eq!(grant.token, TokenUse::Reserved);
    assert_eq!((grant.ticket_until, grant.rejoin), (None, false));
    let until = NOW.plus_secs(RESERVATION_SECS);
    assert_eq!(effects, [Effect::ReserveToken { client: client("10.0.0.1"), until }]);
    policy.apply(&probe.request, &decision);

    let other = play("stream1").token("T").from("10.0.0.2");
    assert_eq!(denied(decide(&policy, &other, NOW)), DenyReason::TokenSpent);
    assert_eq!(denied(decide(&policy, &other.clone().probing(), NOW)), DenyReason::TokenSpent);
    let (grant, _) = allowed(decide(&policy, &play("stream1").token("T"), NOW));
    assert_eq!(grant.token, TokenUse::Spent);
    assert!(grant.ticket_until.is_some() && !grant.rejoin);
    // A client that never comes back does not keep the token for ever.
    allowed(decide(&policy, &other, until));
}

#[test]
fn a_stream_that_is_not_there_does_not_burn_a_token() {
    let policy = closed().with_token(one_time(Operation::Play));
    let request = play("stream1").over(Protocol::WebRtc).token("T");
    assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::StreamAbsent);
}

#[test]
fn a_room_token_opens_every_member_of_its_room_again_and_again() {
    let mut token = one_time(Operation::Play);
    token.stream_id = stream("host");
    token.room_id = Some("room1".into());
    let member = BroadcastFacts { main_track: Some(stream("room1")), ..Default::default() };
    let policy = closed().with_token(token).with_broadcast(member);
    let (grant, effects) = allowed(decide(&policy, &play("stream1").token("T").room("room1"), NOW));
    assert_eq!((grant.token, grant.rejoin), (TokenUse::None, false));
    assert_eq!(effects, []);
    allowed(decide(&policy, &play("room1").token("T").room("room1"), NOW));
    // Naming any room is no pass for every stream.
    let elsewhere = policy.clone().with_broadcast(BroadcastFacts::default());
    for (policy, request) in [
        (&policy, play("stream1").token("T").room("anything")),
        (&policy, play("stream1").token("T")),
        (&elsewhere, play("stream1").token("T").room("room1")),
    ] {
        assert_eq!(denied(decide(policy, &request, NOW)), DenyReason::TokenInvalid);
    }
}

#[test]
fn naming_a_room_does_not_make_a_plain_token_last() {
    for room_id in [None, Some(String::new())] {
        let mut token = one_time(Operation::Play);
        token.room_id = room_id;
        let policy = closed().with_token(token);
        let (grant, effects) = allowed(decide(&policy, &play("stream1").token("T").room("stream1"), NOW));
        assert_eq!(grant.token, TokenUse::Spent);
        assert_eq!(effects, [Effect::SpendToken]);
    }
}

#[test]
fn a_spent_room_token_opens_no_room() {
    let mut token = one_time(Operation::Play);
    token.room_id = Some("stream1".into());
    token.state = TokenState::Spent;
    let policy = closed().with_token(token);
    assert_eq!(denied(decide(&policy, &play("stream1").token("T").room("stream1"), NOW)), DenyReason::TokenSpent);
}
