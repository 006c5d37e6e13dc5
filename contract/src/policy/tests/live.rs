use super::scenario::*;
use crate::facts::BroadcastFacts;
use crate::policy::{DenyReason, Effect};
use crate::request::{Operation, Protocol};
use crate::time::UnixTime;

#[test]
fn an_undefined_stream_is_registered_on_the_fly_unless_streams_must_be_registered() {
    let (grant, effects) = allowed(decide(&policy(), &publish("x"), NOW));
    assert_eq!(effects, [Effect::CreateBroadcast]);
    assert!(grant.admitted_by.is_empty());
    let strict = policy().with(|s| s.accept_only_streams_in_data_store = true);
    assert_eq!(denied(decide(&strict, &publish("x"), NOW)), DenyReason::UnregisteredStream);
    let created = strict.with_broadcast(BroadcastFacts::default());
    assert_eq!(allowed(decide(&created, &publish("x"), NOW)).1, []);
}

#[test]
fn the_gate_needs_an_application_and_a_name() {
    let mut nowhere = policy();
    nowhere.facts.application = None;
    assert_eq!(denied(decide(&nowhere, &publish("x"), NOW)), DenyReason::UnknownApplication);
    assert_eq!(denied(decide(&policy(), &publish(" "), NOW)), DenyReason::StreamIdMissing);
    for wrong in ["a/b", "..", "ä", "a b"] {
        assert_eq!(denied(decide(&policy(), &publish(wrong), NOW)), DenyReason::StreamIdInvalid);
    }
}

#[test]
fn a_live_stream_keeps_its_publisher_for_twenty_seconds_of_silence() {
    let request = publish("stream1");
    let heard = |age_ms: i64| policy().live_since(NOW.plus_millis(-age_ms), None);
    assert_eq!(denied(decide(&heard(0), &request, NOW)), DenyReason::StreamInUse);
    assert_eq!(denied(decide(&heard(19_999), &request, NOW)), DenyReason::StreamInUse);
    // The clock of another machine may run ahead.
    assert_eq!(denied(decide(&heard(-5_000), &request, NOW)), DenyReason::StreamInUse);
    let (_, effects) = allowed(decide(&heard(20_000), &request, NOW));
    assert!(effects.contains(&Effect::Replace { session: session(900) }));
}

#[test]
fn a_takeover_needs_the_setting_the_same_subscriber_and_a_code() {
    let live = policy().with_totp(Some(Operation::Publish)).live_since(NOW, Some("alice"));
    let by_alice = publish("stream1").by("alice").code(CODE);
    assert_eq!(denied(decide(&live, &by_alice, NOW)), DenyReason::StreamInUse);

    let takeover =
        live.with(|s| s.allow_publish_takeover = true).with_session(900, Operation::Publish, "10.9.9.9", true);
    let (_, effects) = allowed(decide(&takeover, &by_alice, NOW));
    assert!(effects.contains(&Effect::Replace { session: session(900) }));
    assert_eq!(denied(decide(&takeover, &publish("stream1").by("bob").code(CODE), NOW)), DenyReason::StreamInUse);
    assert_eq!(denied(decide(&takeover, &publish("stream1").by("alice").code("1"), NOW)), DenyReason::CodeInvalid);

    let unproven = takeover.with(|s| s.time_token_subscriber_only = false);
    assert_eq!(denied(decide(&unproven, &publish("stream1").by("alice"), NOW)), DenyReason::StreamInUse);
}

#[test]
fn a_publisher_that_is_replaced_gives_its_place_free() {
    let full = policy().with(|s| s.ingesting_stream_limit = 1).live_since(NOW.plus_secs(-30), None);
    let mut full = full;
    full.facts.counts.application_publishers = 1;
    allowed(decide(&full, &publish("stream1"), NOW));
    full.facts.live = None;
    assert_eq!(denied(decide(&full, &publish("stream1"), NOW)), DenyReason::PublisherLimit);
}

#[test]
fn a_broadcast_expires_its_time_after_creation() {
    let created = NOW.plus_secs(-2);
    let with = |expire_duration_ms| {
        policy().with_broadcast(BroadcastFacts { created_at: created, expire_duration_ms, ..Default::default() })
    };
    assert_eq!(denied(decide(&with(1_000), &publish("s"), NOW)), DenyReason::StreamNotActive);
    assert_eq!(denied(decide(&with(2_000), &publish("s"), NOW)), DenyReason::StreamNotActive);
    allowed(decide(&with(2_001), &publish("s"), NOW));
    allowed(decide(&with(0), &publish("s"), NOW));
    // The end is a publisher's: who watches may go on.
    allowed(decide(&with(1_000), &play("s"), NOW));
}

#[test]
fn the_planned_window_counts_with_both_ends_and_includes_them() {
    let with = |start: Option<i64>, end: Option<i64>| {
        let at = |offset: i64| NOW.plus_secs(offset);
        let broadcast =
            BroadcastFacts { planned_start: start.map(at), planned_end: end.map(at), ..BroadcastFacts::default() };
        decide(&policy().with_broadcast(broadcast), &publish("s"), NOW.plus_millis(500))
    };
    for open in [(None, None), (Some(60), None), (None, Some(-60)), (Some(0), Some(0)), (Some(-60), Some(60))] {
        allowed(with(open.0, open.1));
    }
    for shut in [(Some(1), Some(60)), (Some(-60), Some(-1))] {
        assert_eq!(denied(with(shut.0, shut.1)), DenyReason::StreamNotActive);
    }
    let unset = BroadcastFacts {
        planned_start: Some(UnixTime::EPOCH),
        planned_end: Some(NOW.plus_secs(-9)),
        ..Default::default()
    };
    allowed(decide(&policy().with_broadcast(unset), &publish("s"), NOW));
}

#[test]
fn only_players_over_http_may_wait_for_a_stream() {
    let open = policy().with(|s| s.rtmp_playback_enabled = true);
    for protocol in Protocol::ALL {
        let request = play("s").over(protocol);
        if protocol.is_http() {
            allowed(decide(&open, &request, NOW));
        } else {
            assert_eq!(denied(decide(&open, &request, NOW)), DenyReason::StreamAbsent, "{protocol}");
        }
        allowed(decide(&open.clone().live_since(NOW, None), &request, NOW));
    }
}

#[test]
fn a_stranger_cannot_find_out_which_streams_exist() {
    let closed = policy().with(|s| s.hash_control_play_enabled = true).with(|s| s.token_hash_secret = "x".into());
    let request = play("s").over(Protocol::Whep).token("wrong");
    assert_eq!(denied(decide(&closed, &request, NOW)), DenyReason::HashInvalid);
    assert_eq!(denied(decide(&closed.live_since(NOW, None), &request, NOW)), DenyReason::HashInvalid);
    // Nor past a webhook: it is asked before the answer tells.
    let hooked = policy().with(|s| s.webhook_play_auth_url = "https://example.org/play".into());
    allowed(decide(&hooked, &play("s").over(Protocol::Whep), NOW));
}

#[test]
fn rtmp_is_played_only_where_it_is_switched_on() {
    let live = policy().live_since(NOW, None);
    let request = play("s").over(Protocol::Rtmp);
    assert_eq!(denied(decide(&live, &request, NOW)), DenyReason::PlaybackDisabled);
    allowed(decide(&live.with(|s| s.rtmp_playback_enabled = true), &request, NOW));
}

#[test]
fn webrtc_is_used_only_where_it_is_switched_on() {
    let off = policy().with(|s| s.web_rtc_enabled = false).live_since(NOW, None);
    for protocol in [Protocol::WebRtc, Protocol::Whip, Protocol::Whep] {
        assert_eq!(denied(decide(&off, &publish("x").over(protocol), NOW)), DenyReason::WebrtcDisabled);
        assert_eq!(denied(decide(&off, &play("s").over(protocol), NOW)), DenyReason::WebrtcDisabled);
    }
    allowed(decide(&off, &play("s"), NOW));
    allowed(decide(&policy(), &publish("x").over(Protocol::WebRtc), NOW));
}

#[test]
fn viewers_are_limited_by_application_and_by_broadcast() {
    type Fill = fn(&mut Policy);
    let cases: [(Protocol, Fill); 4] = [
        (Protocol::WebRtc, |p| p.facts.counts.webrtc_viewers = 2),
        (Protocol::Whep, |p| p.facts.counts.webrtc_viewers = 2),
        (Protocol::Hls, |p| p.facts.counts.hls_viewers = 2),
        (Protocol::Dash, |p| p.facts.counts.dash_viewers = 2),
    ];
    for (protocol, fill) in cases {
        let limits = BroadcastFacts {
            webrtc_viewer_limit: Some(2),
            hls_viewer_limit: Some(2),
            dash_viewer_limit: Some(2),
            ..Default::default()
        };
        let mut policy = policy().with_broadcast(limits).live_since(NOW, None);
        allowed(decide(&policy, &play("s").over(protocol), NOW));
        fill(&mut policy);
        assert_eq!(denied(decide(&policy, &play("s").over(protocol), NOW)), DenyReason::ViewerLimit, "{protocol}");
        allowed(decide(&policy, &play("s").over(Protocol::Vod), NOW));
    }
    let mut application = policy().with(|s| s.web_rtc_viewer_limit = 3).live_since(NOW, None);
    application.facts.counts.application_webrtc_viewers = 3;
    assert_eq!(denied(decide(&application, &play("s").over(Protocol::WebRtc), NOW)), DenyReason::ViewerLimit);
    allowed(decide(&application, &play("s"), NOW));
}
