//! JWT and hash: tokens that prove themselves.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::scenario::*;
use crate::facts::BroadcastFacts;
use crate::policy::{DenyReason, hash, jwt};
use crate::request::{Operation, SecurityMode};
use crate::secret::Secret;
use crate::time::UnixTime;

const JWT_SECRET: &str = "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq";
const WORKED_EXAMPLE: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJzdHJlYW1JZCI6InN0cmVhbTEiLCJ0eXBlIjoicGxheSIsImV4cCI6NDEwMjQ0NDgwMH0.\
    fUpoA0ke9-NhWE2VTty_52ebrSX92ZLmFSVqRVtSSBk";

fn jwt_policy() -> Policy {
    policy().with(|s| {
        s.publish_jwt_control_enabled = true;
        s.play_jwt_control_enabled = true;
        s.jwt_stream_secret_key = JWT_SECRET.into();
    })
}

fn signed(header: &Header, claims: &Value) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(JWT_SECRET.as_bytes())).expect("a JWT")
}

fn with_claims(claims: Value) -> String {
    signed(&Header::new(Algorithm::HS256), &claims)
}

#[test]
fn the_worked_example_opens_its_stream_for_its_role() {
    let policy = jwt_policy();
    let (grant, _) = allowed(decide(&policy, &play("stream1").token(WORKED_EXAMPLE), NOW));
    assert_eq!(grant.admitted_by, [SecurityMode::Jwt]);
    assert_eq!(grant.expires_at, Some(UnixTime::from_secs(4_102_444_800)));
    assert_eq!(denied(decide(&policy, &play("stream2").token(WORKED_EXAMPLE), NOW)), DenyReason::JwtInvalid);
    assert_eq!(denied(decide(&policy, &publish("stream1").token(WORKED_EXAMPLE), NOW)), DenyReason::JwtInvalid);
}

#[test]
fn a_signed_jwt_is_the_worked_example_and_needs_a_long_secret() {
    let until = UnixTime::from_secs(4_102_444_800);
    let sign = |secret: &str| jwt::sign(&stream("stream1"), Operation::Play, until, None, &Secret::from(secret));
    let made = sign(JWT_SECRET).expect("the secret is long enough");
    let claims = |token: &str| {
        let payload = token.split('.').nth(1).expect("three parts").to_owned();
        let bytes = BASE64URL_NOPAD.decode(payload.as_bytes()).expect("Base64url");
        serde_json::from_slice::<Value>(&bytes).expect("JSON")
    };
    assert_eq!(claims(made.expose()), claims(WORKED_EXAMPLE));
    allowed(decide(&jwt_policy(), &play("stream1").token(made.expose()), NOW));
    assert_eq!(sign(&JWT_SECRET[1..]), Err(jwt::SignError::SecretTooShort));
}

#[test]
fn times_are_compared_without_leeway() {
    let policy = jwt_policy();
    let at = NOW.plus_secs(10);
    let token = with_claims(json!({"exp": at.as_secs()}));
    allowed(decide(&policy, &play("stream1").token(&token), at.plus_millis(-1)));
    let refusal = denied(decide(&policy, &play("stream1").token(&token), at));
    assert_eq!(refusal, DenyReason::JwtExpired { at });
    let not_yet = with_claims(json!({"nbf": at.as_secs()}));
    assert_eq!(denied(decide(&policy, &play("s").token(&not_yet), at.plus_millis(-1))), DenyReason::JwtInvalid);
    allowed(decide(&policy, &play("s").token(&not_yet), at));
}

#[test]
fn any_payload_will_do_unless_the_scope_is_required() {
    let policy = jwt_policy();
    for claims in [json!({}), json!({"sub": "token", "iat": 1}), json!({"aud": "somebody", "iss": "x"})] {
        allowed(decide(&policy, &publish("any").token(&with_claims(claims)), NOW));
    }
    let strict = policy.with(|s| s.jwt_require_scope = true);
    let full = json!({"streamId": "any", "type": "publish"});
    allowed(decide(&strict, &publish("any").token(&with_claims(full)), NOW));
    for missing in [json!({}), json!({"streamId": "any"}), json!({"type": "publish"})] {
        let request = publish("any").token(&with_claims(missing));
        assert_eq!(denied(decide(&strict, &request, NOW)), DenyReason::JwtInvalid);
    }
}

#[test]
fn a_claim_that_is_there_must_match_and_be_of_its_type() {
    for claims in [
        json!({"streamId": "other"}),
        json!({"streamId": null}),
        json!({"streamId": ""}),
        json!({"streamId": 1}),
        json!({"streamId": ["stream1"]}),
        json!({"type": "PLAY"}),
        json!({"type": null}),
        json!({"type": "publish"}),
        json!({"exp": null}),
        json!({"exp": "4102444800"}),
        json!({"nbf": "soon"}),
    ] {
        let request = play("stream1").token(&with_claims(claims.clone()));
        assert_eq!(denied(decide(&jwt_policy(), &request, NOW)), DenyReason::JwtInvalid, "{claims}");
    }
    let twice = jsonwebtoken::crypto::sign(
        twice_claimed().as_bytes(),
        &EncodingKey::from_secret(JWT_SECRET.as_bytes()),
        Algorithm::HS256,
    );
    let token = format!("{}.{}", twice_claimed(), twice.expect("a signature"));
    assert_eq!(denied(decide(&jwt_policy(), &play("stream1").token(&token), NOW)), DenyReason::JwtInvalid);
}

/// Header and payload of a JWT that names two streams.
fn twice_claimed() -> String {
    let header = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let payload = BASE64URL_NOPAD.encode(br#"{"streamId":"other","streamId":"stream1"}"#);
    format!("{header}.{payload}")
}

#[test]
fn only_hs256_with_the_right_secret_counts() {
    let policy = jwt_policy();
    let payload = WORKED_EXAMPLE.split('.').nth(1).expect("three parts");
    let none = format!("{}.{payload}.", BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#));
    let hs512 = signed(&Header::new(Algorithm::HS512), &json!({}));
    let mut critical = Header::new(Algorithm::HS256);
    critical.crit = Some(vec!["b64".to_owned()]);
    let critical = signed(&critical, &json!({}));
    let foreign = jsonwebtoken::encode(&Header::default(), &json!({}), &EncodingKey::from_secret(b"other"));
    let swapped = format!("{}x", &WORKED_EXAMPLE[..WORKED_EXAMPLE.len() - 1]);
    for token in [none, hs512, critical, foreign.expect("a JWT"), swapped, "a.b.c".into(), "..".into(), "x".into()] {
        assert_eq!(denied(decide(&policy, &play("stream1").token(&token), NOW)), DenyReason::JwtInvalid, "{token}");
    }
    assert_eq!(denied(decide(&policy, &play("stream1"), NOW)), DenyReason::JwtMissing);
}

#[test]
fn a_header_that_lies_about_its_algorithm_is_refused() {
    let key = EncodingKey::from_secret(JWT_SECRET.as_bytes());
    for (header, is_allowed) in [
        (r#"{"alg":"HS256"}"#, true),
        (r#"{"alg":"HS256","kid":"x","typ":"at+jwt"}"#, true),
        (r#"{"alg":"none"}"#, false),
        (r#"{"alg":"HS512"}"#, false),
        (r#"{"alg":"RS256"}"#, false),
        (r#"{"alg":"hs256"}"#, false),
        (r#"{"alg":"none","alg":"HS256"}"#, false),
        (r#"{"alg":"HS256","crit":null}"#, false),
        (r#"{"alg":"HS256","crit":[]}"#, false),
        ("{}", false),
        ("[]", false),
    ] {
        let message = format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(b"{}"));
        // The signature itself is always a right one.
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).expect("a signature");
        let decision = decide(&jwt_policy(), &play("stream1").token(&format!("{message}.{signature}")), NOW);
        if is_allowed {
            allowed(decision);
        } else {
            assert_eq!(denied(decision), DenyReason::JwtInvalid, "{header}");
        }
    }
}

#[test]
fn an_empty_secret_opens_nothing() {
    let jwt_mode = jwt_policy().with(|s| s.jwt_stream_secret_key = " ".into());
    let empty = jsonwebtoken::encode(&Header::default(), &json!({}), &EncodingKey::from_secret(b"")).expect("a JWT");
    let reason = DenyReason::SecretNotConfigured { mode: SecurityMode::Jwt };
    assert_eq!(denied(decide(&jwt_mode, &play("s").token(&empty), NOW)), reason);

    let hash_mode = policy().with(|s| s.hash_control_play_enabled = true);
    let token = hash::token(&stream("s"), Operation::Play, &Secret::default());
    let reason = DenyReason::SecretNotConfigured { mode: SecurityMode::Hash };
    assert_eq!(denied(decide(&hash_mode, &play("s").token(token.expose()), NOW)), reason);
}

#[test]
fn a_room_jwt_opens_the_members_of_its_room() {
    let member = BroadcastFacts { main_track: Some(stream("room1")), ..Default::default() };
    let inside = jwt_policy().with_broadcast(member);
    let token = with_claims(json!({"streamId": "host", "roomId": "room1", "type": "play"}));
    allowed(decide(&inside, &play("stream1").token(&token).room("room1"), NOW));
    allowed(decide(&inside, &play("stream1").token(&token), NOW));
    for (policy, request) in
        [(&inside, play("stream1").token(&token).room("room2")), (&jwt_policy(), play("stream1").token(&token))]
    {
        assert_eq!(denied(decide(policy, &request, NOW)), DenyReason::JwtInvalid);
    }
}

#[test]
fn a_session_ends_with_its_jwt_if_the_settings_say_so() {
    let at = NOW.plus_secs(600);
    let request = play("stream1").token(&with_claims(json!({"exp": at.as_secs()})));
    let (grant, _) = allowed(decide(&jwt_policy(), &request, NOW));
    assert_eq!((grant.expires_at, grant.ticket_until), (Some(at), Some(at)));
    let lasting = jwt_policy().with(|s| s.end_session_at_expiry = false);
    let (grant, _) = allowed(decide(&lasting, &request, NOW));
    assert_eq!((grant.expires_at, grant.ticket_until), (None, Some(NOW.plus_secs(86_400))));
    let far = play("stream1").token(&with_claims(json!({"exp": 1e300})));
    let (grant, _) = allowed(decide(&jwt_policy(), &far, NOW));
    assert_eq!(grant.ticket_until, Some(NOW.plus_secs(86_400)));
}

#[test]
fn hashes_are_the_documented_ones() {
    for (operation, secret, expected) in [
        (Operation::Publish, "this_is_secret", "f980129315cb9ed4f02b615dc089eb10f9ada6a13228f28c875fcf4969eb2077"),
        (Operation::Play, "this_is_secret", "71c9da1d78906394c7f202772a8d3ecfa865063a80e85864e47dcf3095b9214c"),
        (Operation::Publish, "testtest", "c433279fb6eda928d2a2863dd27503bac9c1b66fe0ccd9f10461214da457db67"),
    ] {
        assert!(hash::token(&stream("stream1"), operation, &Secret::from(secret)).matches(expected));
    }
}

#[test]
fn a_hash_opens_one_stream_for_one_role_in_either_case() {
    let policy = policy().with(|s| {
        s.hash_control_publish_enabled = true;
        s.hash_control_play_enabled = true;
        s.token_hash_secret = "this_is_secret".into();
    });
    let publish_hash = "f980129315cb9ed4f02b615dc089eb10f9ada6a13228f28c875fcf4969eb2077";
    let (grant, _) = allowed(decide(&policy, &publish("stream1").token(publish_hash), NOW));
    assert_eq!((grant.admitted_by, grant.expires_at), (vec![SecurityMode::Hash], None));
    allowed(decide(&policy, &publish("stream1").token(&publish_hash.to_uppercase()), NOW));
    for request in [
        play("stream1").token(publish_hash),
        publish("stream2").token(publish_hash),
        publish("stream1").token(&publish_hash[1..]),
        publish("stream1"),
    ] {
        assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::HashInvalid);
    }
}
