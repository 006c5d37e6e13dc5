//! Limits per subscriber, tickets and webhooks: what a yes brings with it.

use super::scenario::*;
use crate::facts::WebhookFact;
use crate::policy::{Decision, DenyReason, Effect};
use crate::request::{Operation, Protocol, SecurityMode};

fn closed() -> Policy {
    policy().with_totp(Some(Operation::Publish))
}

fn alice() -> Ask {
    play("stream1").by("alice").code(CODE)
}

fn replaced(effects: &[Effect]) -> Vec<u128> {
    let session = |effect: &Effect| match effect {
        Effect::Replace { session } => Some(session.uuid().as_u128()),
        _ => None,
    };
    effects.iter().filter_map(session).collect()
}

#[test]
fn a_second_connection_of_another_client_is_refused() {
    let policy = closed().with_session(1, Operation::Play, "10.0.0.9", true);
    assert_eq!(denied(decide(&policy, &alice(), NOW)), DenyReason::ConcurrencyLimit);
    let mut two = policy;
    two.facts.subscriber.as_mut().expect("a record").concurrent_connections_limit = 2;
    assert_eq!(replaced(&allowed(decide(&two, &alice(), NOW)).1), []);
}

#[test]
fn dead_and_own_sessions_make_room_the_oldest_first() {
    let mut policy = closed()
        .with_session(3, Operation::Play, "10.0.0.1", true)
        .with_session(2, Operation::Play, "10.0.0.1", true)
        .with_session(1, Operation::Play, "10.0.0.9", false);
    assert_eq!(replaced(&allowed(decide(&policy, &alice(), NOW)).1), [1, 2, 3]);
    policy.facts.subscriber.as_mut().expect("a record").concurrent_connections_limit = 2;
    assert_eq!(replaced(&allowed(decide(&policy, &alice(), NOW)).1), [1, 2]);
    // A probe opens no session and ends none.
    assert_eq!(replaced(&allowed(decide(&policy, &alice().probing(), NOW)).1), []);
}

#[test]
fn publishing_and_playing_are_counted_apart() {
    let policy = closed().with_session(1, Operation::Publish, "10.0.0.9", true);
    allowed(decide(&policy, &alice(), NOW));
}

#[test]
fn an_unregistered_subscriber_has_one_place() {
    let mut policy = closed().with(|s| s.time_token_secret_for_play = Some("playSecret".into()));
    policy.facts.subscriber = None;
    let request = play("stream1").by("playerB").code("319287");
    allowed(decide(&policy, &request, NOW));
    let taken = policy.with_session(1, Operation::Play, "10.0.0.9", true);
    assert_eq!(denied(decide(&taken, &request, NOW)), DenyReason::ConcurrencyLimit);
}

#[test]
fn nobody_takes_a_place_by_a_name_alone() {
    let open = policy().with_session(1, Operation::Play, "10.0.0.9", true);
    assert_eq!(replaced(&allowed(decide(&open, &play("stream1").by("alice"), NOW)).1), []);
}

#[test]
fn a_limit_of_none_admits_nobody() {
    let mut policy = closed();
    policy.facts.subscriber.as_mut().expect("a record").concurrent_connections_limit = 0;
    assert_eq!(denied(decide(&policy, &alice(), NOW)), DenyReason::ConcurrencyLimit);
}

#[test]
fn http_players_carry_a_ticket_when_a_mode_is_on_or_somebody_is_named() {
    let day = NOW.plus_secs(86_400);
    let ticket = |policy: &Policy, request: &Ask| allowed(decide(policy, request, NOW)).0.ticket_until;
    assert_eq!(ticket(&policy(), &play("stream1")), None);
    assert_eq!(ticket(&policy(), &play("stream1").by("alice")), Some(day));
    for protocol in [Protocol::Hls, Protocol::Dash, Protocol::Vod] {
        assert_eq!(ticket(&closed(), &alice().over(protocol)), Some(day));
    }
    let live = closed().live_since(NOW, None);
    assert_eq!(ticket(&live, &alice().over(Protocol::WebRtc)), None);
    assert_eq!(ticket(&closed(), &publish("stream1").by("alice").code(CODE)), None);
    let short = closed().with(|s| s.ticket_max_life_seconds = 60);
    assert_eq!(ticket(&short, &alice()), Some(NOW.plus_secs(60)));
}

#[test]
fn the_same_player_rejoins_its_session_but_not_with_a_one_time_token() {
    assert!(allowed(decide(&closed(), &alice(), NOW)).0.rejoin);
    assert!(allowed(decide(&policy(), &play("stream1"), NOW)).0.rejoin);
    assert!(!allowed(decide(&policy(), &publish("stream1"), NOW)).0.rejoin);
    let one_time_mode = policy().with(|s| s.play_token_control_enabled = true).with_token(one_time(Operation::Play));
    assert!(!allowed(decide(&one_time_mode, &play("stream1").token("T"), NOW)).0.rejoin);
}

#[test]
fn the_webhook_is_asked_when_everything_else_would_allow() {
    let url = "https://example.org/auth";
    let asked = |decision: Decision| match decision {
        Decision::Allow { ask_webhook, grant, .. } => (ask_webhook, grant.admitted_by),
        Decision::Deny { reason, .. } => panic!("denied: {reason}"),
    };
    for request in [publish("stream1"), play("stream1")] {
        let mut policy = policy().with(|s| {
            s.webhook_authenticate_url = format!(" {url} ");
            s.webhook_play_auth_url = url.into();
        });
        assert_eq!(asked(decide(&policy, &request, NOW)), (Some(url.to_owned()), vec![]));
        policy.facts.webhook = WebhookFact::Allowed;
        assert_eq!(asked(decide(&policy, &request, NOW)), (None, vec![SecurityMode::Webhook]));
        policy.facts.webhook = WebhookFact::Refused;
        assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::WebhookRefused);
        policy.facts.webhook = WebhookFact::Unreachable;
        assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::WebhookUnreachable);
        // Whoever fails elsewhere does not reach the webhook.
        policy.facts.webhook = WebhookFact::NotAsked;
        let policy = policy.with_totp(Some(Operation::Publish));
        assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::CodeMissing);
    }
}
