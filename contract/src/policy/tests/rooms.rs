//! Streams that are tracks of another one, by their record or by their publisher's word.

use super::scenario::*;
use crate::facts::{BroadcastFacts, RoomFacts};
use crate::policy::{DenyReason, TokenUse};
use crate::request::{Operation, Protocol};

#[test]
fn a_publisher_takes_its_stream_into_a_room() {
    let request = publish("alice1").saying("mainTrack", "room1");
    let (grant, _) = allowed(decide(&policy(), &request, NOW));
    assert_eq!(grant.main_track, Some(stream("room1")));
    let (grant, _) = allowed(decide(&policy(), &publish("room1").saying("mainTrack", "room1"), NOW));
    assert_eq!(grant.main_track, None, "no stream is a track of itself");
    let (grant, _) =
        allowed(decide(&policy().live_since(NOW, None), &play("alice1").saying("mainTrack", "room1"), NOW));
    assert_eq!(grant.main_track, None, "a player says nothing about the stream");
    let recorded = BroadcastFacts { main_track: Some(stream("room2")), ..BroadcastFacts::default() };
    let (grant, _) = allowed(decide(&policy().with_broadcast(recorded), &request, NOW));
    assert_eq!(grant.main_track, Some(stream("room2")), "the record outranks the publisher");
}

#[test]
fn a_room_must_have_a_name_and_where_asked_a_record() {
    let request = publish("alice1").saying("mainTrack", "../room1");
    assert_eq!(denied(decide(&policy(), &request, NOW)), DenyReason::StreamIdInvalid);
    let request = publish("alice1").saying("mainTrack", "room1");
    let mut strict = policy().with(|s| s.accept_only_rooms_in_data_store = true);
    assert_eq!(denied(decide(&strict, &request, NOW)), DenyReason::UnregisteredStream);
    allowed(decide(&strict, &publish("alice1"), NOW));
    strict.facts.room = Some(RoomFacts::default());
    allowed(decide(&strict, &request, NOW));
}

#[test]
fn a_room_is_played_over_a_websocket_while_it_is_off_air_itself() {
    let request = |protocol| play("room1").over(protocol);
    let room = BroadcastFacts { has_tracks: true, ..BroadcastFacts::default() };
    let known = policy().with_broadcast(room);
    allowed(decide(&known, &request(Protocol::WebRtc), NOW));
    assert_eq!(denied(decide(&known, &request(Protocol::Whep), NOW)), DenyReason::StreamAbsent);
    assert_eq!(denied(decide(&policy(), &request(Protocol::WebRtc), NOW)), DenyReason::StreamAbsent);
    let waiting = request(Protocol::WebRtc).room("room1");
    allowed(decide(&policy(), &waiting, NOW));
    let strict = policy().with(|s| s.accept_only_rooms_in_data_store = true);
    assert_eq!(denied(decide(&strict, &waiting, NOW)), DenyReason::StreamAbsent);
    let elsewhere = request(Protocol::WebRtc).room("another");
    assert_eq!(denied(decide(&policy(), &elsewhere, NOW)), DenyReason::StreamAbsent);
}

#[test]
fn a_full_room_takes_no_more() {
    let request = publish("alice1").saying("mainTrack", "room1");
    let mut policy = policy();
    for (members, limit, is_full) in [(2, Some(3), false), (3, Some(3), true), (0, Some(0), true), (900, None, false)] {
        policy.facts.room = Some(RoomFacts { members, limit });
        match is_full {
            true => assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::RoomFull),
            false => drop(allowed(decide(&policy, &request, NOW))),
        }
        allowed(decide(&policy, &publish("alice1"), NOW));
    }
}

#[test]
fn a_block_on_a_room_holds_for_whoever_would_publish_into_it() {
    // The gate loads the blocks of the room that the publisher names.
    let policy = policy().with_block("alice", Operation::Publish, NOW.plus_secs(60));
    let request = publish("alice1").by("alice").saying("mainTrack", "stream1");
    let until = NOW.plus_secs(60);
    assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::Blocked { until });
}

#[test]
fn a_room_token_publishes_a_stream_of_ones_own_and_no_registered_one() {
    let mut token = one_time(Operation::Publish);
    token.stream_id = stream("host");
    token.room_id = Some("room1".into());
    let policy = policy().with(|s| s.publish_token_control_enabled = true).with_token(token);
    let own = publish("alice1").token("T").saying("mainTrack", "room1");
    let (grant, _) = allowed(decide(&policy, &own, NOW));
    assert_eq!(grant.token, TokenUse::None);
    let elsewhere = publish("alice1").token("T").saying("mainTrack", "room2");
    assert_eq!(denied(decide(&policy, &elsewhere, NOW)), DenyReason::TokenInvalid);
    let registered = policy.with_broadcast(BroadcastFacts::default());
    assert_eq!(denied(decide(&registered, &own, NOW)), DenyReason::TokenInvalid);
}
