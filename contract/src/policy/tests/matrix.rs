//! Every combination of the five modes on both sides, against every way of showing a credential.

use super::scenario::*;
use crate::facts::{TokenState, WebhookFact};
use crate::policy::{Decision, Effect, hash, jwt, totp};
use crate::request::{Operation, SecurityMode};
use crate::secret::Secret;

const SECRET: &str = "a secret of thirty-two characters";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shown {
    Nothing,
    Wrong,
    Right,
    Expired,
    OfOtherStream,
    OfOtherRole,
    Blocked,
    Replayed,
}

const SHOWN: [Shown; 8] = [
    Shown::Nothing,
    Shown::Wrong,
    Shown::Right,
    Shown::Expired,
    Shown::OfOtherStream,
    Shown::OfOtherRole,
    Shown::Blocked,
    Shown::Replayed,
];

/// What the one parameter `token` holds: three modes read it.
const TOKEN_KINDS: [SecurityMode; 3] = [SecurityMode::OneTimeToken, SecurityMode::Jwt, SecurityMode::Hash];

const MODES: [SecurityMode; 5] =
    [SecurityMode::Hash, SecurityMode::Jwt, SecurityMode::Totp, SecurityMode::Webhook, SecurityMode::OneTimeToken];

#[test]
fn all_modes_that_are_on_must_pass_and_nothing_else_matters() {
    for operation in [Operation::Publish, Operation::Play] {
        for bits in 0..1_u32 << MODES.len() {
            let on: Vec<_> = (0..).zip(MODES).filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, mode)| mode).collect();
            for kind in TOKEN_KINDS {
                for shown in SHOWN {
                    check(operation, &on, kind, shown);
                }
            }
        }
    }
}

fn check(operation: Operation, on: &[SecurityMode], kind: SecurityMode, shown: Shown) {
    let (policy, request) = scene(operation, on, kind, shown);
    let decision = decide(&policy, &request, NOW);
    let case = format!("{operation} {on:?} {kind:?} {shown:?}");
    let expected = shown != Shown::Blocked && on.iter().all(|mode| passes(*mode, operation, kind, shown));
    match decision {
        Decision::Allow { grant, ask_webhook, .. } => {
            assert!(expected, "{case} was allowed");
            assert_eq!(grant.admitted_by, on, "{case}");
            assert_eq!(ask_webhook, None, "{case}");
        }
        Decision::Deny { reason, effects } => {
            assert!(!expected, "{case} was denied: {reason}");
            assert!(effects.iter().all(|effect| *effect == Effect::CountFailure), "{case} spent {effects:?}");
        }
    }
}

/// The expectation, written apart from the rules.
fn passes(mode: SecurityMode, operation: Operation, kind: SecurityMode, shown: Shown) -> bool {
    match mode {
        SecurityMode::Webhook => true,
        // A publish code plays too.
        SecurityMode::Totp => {
            matches!((shown, operation), (Shown::Right, _) | (Shown::OfOtherRole, Operation::Play))
        }
        _ if mode != kind => false,
        SecurityMode::OneTimeToken => shown == Shown::Right,
        // Signed tokens last: nobody can tell their second use from the first.
        SecurityMode::Jwt => matches!(shown, Shown::Right | Shown::Replayed),
        SecurityMode::Hash => matches!(shown, Shown::Right | Shown::Replayed | Shown::Expired),
    }
}

fn scene(operation: Operation, on: &[SecurityMode], kind: SecurityMode, shown: Shown) -> (Policy, Ask) {
    let is_on = |mode| on.contains(&mode);
    let mut policy = policy().with(|s| {
        s.token_hash_secret = SECRET.into();
        s.jwt_stream_secret_key = SECRET.into();
        s.time_token_secret_for_publish = Some("pubSecret1".into());
        s.time_token_secret_for_play = Some("playSecret".into());
        let (hash, jwt, totp, webhook, one_time) = match operation {
            Operation::Publish => (
                &mut s.hash_control_publish_enabled,
                &mut s.publish_jwt_control_enabled,
                &mut s.enable_time_token_for_publish,
                &mut s.webhook_authenticate_url,
                &mut s.publish_token_control_enabled,
            ),
            Operation::Play => (
                &mut s.hash_control_play_enabled,
                &mut s.play_jwt_control_enabled,
                &mut s.enable_time_token_for_play,
                &mut s.webhook_play_auth_url,
                &mut s.play_token_control_enabled,
            ),
        };
        *hash = is_on(SecurityMode::Hash);
        *jwt = is_on(SecurityMode::Jwt);
        *totp = is_on(SecurityMode::Totp);
        *one_time = is_on(SecurityMode::OneTimeToken);
        if is_on(SecurityMode::Webhook) {
            *webhook = "https://example.org".into();
        }
    });
    policy.facts.webhook = WebhookFact::Allowed;

    let mut request = match operation {
        Operation::Publish => publish("stream1"),
        Operation::Play => play("stream1"),
    };
    if shown == Shown::Nothing {
        return (policy, request);
    }
    let other_role = match operation {
        Operation::Publish => Operation::Play,
        Operation::Play => Operation::Publish,
    };
    let stream_id = stream(if shown == Shown::OfOtherStream { "stream2" } else { "stream1" });
    let role = if shown == Shown::OfOtherRole { other_role } else { operation };
    let ends = if shown == Shown::Expired { NOW } else { NOW.plus_secs(60) };

    if shown == Shown::Blocked {
        policy = policy.with_block("alice", operation, NOW.plus_secs(1));
    }
    let token = match kind {
        SecurityMode::Jwt => jwt::sign(&stream_id, role, ends, None, &Secret::from(SECRET)).expect("a long secret"),
        SecurityMode::Hash => hash::token(&stream_id, role, &Secret::from(SECRET)),
        _ => {
            let mut token = one_time(role);
            token.stream_id = stream_id.clone();
            token.expires_at = ends;
            if shown == Shown::Replayed {
                token.state = TokenState::Spent;
            }
            if shown != Shown::Wrong {
                policy = policy.with_token(token);
            }
            Secret::from("T")
        }
    };
    request = request.token(if shown == Shown::Wrong { "wrong" } else { token.expose() });

    let settings = &policy.facts.application.as_ref().expect("an application").settings;
    let made_at = if shown == Shown::Expired { NOW.plus_secs(-180) } else { NOW };
    let code = totp::generated_code(settings, None, &id("alice"), &stream_id, Some(role), made_at).expect("a code");
    let code = if shown == Shown::Wrong { "000000" } else { &code };
    request = request.by("alice").code(code);
    if shown == Shown::Replayed {
        policy = policy.with_mark(operation, 28_333_333, "another client");
    }
    (policy, request)
}
