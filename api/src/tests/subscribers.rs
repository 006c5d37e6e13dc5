//! Subscribers and their codes, and where their secrets are not.

use serde_json::json;
use sluice_contract::Secret;

use super::*;
use crate::StartError;
use crate::config::SecretKeySource;
use crate::manage::{ManageError, NewSubscriber, NewSubscriberSecret, ProblemCode, PutSubscriber};
use crate::secrets::SecretKeyError;
use crate::store::testing;

fn put(id: &str, secret: &str) -> PutSubscriber {
    PutSubscriber {
        subscriber_id: Some(id.to_owned()),
        b32_secret: Some(Secret::from(secret)),
        ..PutSubscriber::default()
    }
}

fn code_of<T: std::fmt::Debug>(outcome: Result<T, ManageError>) -> ProblemCode {
    match outcome {
        Err(ManageError::Problem(problem)) => problem.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_worked_examples_of_both_kinds_of_codes() {
    let test = TestApi::new().await;
    let secrets = json!({"timeTokenSecretForPublish": "pubSecret1", "timeTokenSecretForPlay": "playSecret"});
    let application = test.set(secrets).await;
    let here = stream("stream1");
    test.api.put_subscriber(&application, &here, put("registered", "mysecret")).await.expect("stored");
    for (id, operation, expected) in [
        ("registered", None, "806136"),
        ("registered", Some("junk"), "806136"),
        ("publisherA", Some("publish"), "438910"),
        ("publisherA", Some("publish-H"), "438910"),
        ("playerB", Some("play"), "319287"),
    ] {
        let code = test.api.generate_code(&application, &here, &subscriber(id), operation).await.expect("a code");
        assert_eq!(code.code.expose(), expected, "{id} {operation:?}");
        assert_eq!(code.step_ends_at, START.plus_secs(40));
    }
    let stranger = subscriber("stranger");
    let code = |operation| test.api.generate_code(&application, &here, &stranger, operation);
    assert_eq!(code_of(code(None).await), ProblemCode::Missing);
    assert_eq!(code_of(code(Some("publish-X")).await), ProblemCode::Invalid);
    let application = test.set(json!({"timeTokenSecretForPlay": null})).await;
    let unset = test.api.generate_code(&application, &here, &stranger, Some("play")).await;
    assert_eq!(code_of(unset), ProblemCode::SecretNotConfigured);
}

#[tokio::test]
async fn a_record_is_checked_before_it_is_stored() {
    let test = TestApi::new().await;
    let application = test.live_app().await;
    let here = stream("stream1");
    for (record, expected) in [
        (put("abc", "mysecret"), ProblemCode::Missing),
        (PutSubscriber::default(), ProblemCode::Missing),
        (put("abcd", "SecretKey"), ProblemCode::Invalid),
        (PutSubscriber { totp_period_seconds: Some(9), ..put("abcd", "mysecret") }, ProblemCode::Invalid),
    ] {
        assert_eq!(code_of(test.api.put_subscriber(&application, &here, record).await), expected);
    }
    let stored = test.api.put_subscriber(&application, &here, put("abcd", "")).await.expect("stored");
    assert!(!stored.has_secret);
    assert_eq!(stored.totp_period_seconds, 60);
}

#[tokio::test]
async fn a_generated_secret_is_shown_once() {
    let test = TestApi::new().await;
    let application = test.live_app().await;
    let here = stream("stream1");
    let new = NewSubscriber {
        subscriber_id: "viewer1".to_owned(),
        secret: NewSubscriberSecret::Generate,
        ..NewSubscriber::default()
    };
    let (stored, shown) = test.api.create_subscriber(&application, &here, new.clone()).await.expect("created");
    assert!(stored.has_secret);
    assert_eq!(shown.map(|shown| shown.base32.expose().len()), Some(32));
    let again = test.api.create_subscriber(&application, &here, new).await;
    assert_eq!(code_of(again), ProblemCode::AlreadyExists);
}

#[tokio::test]
async fn no_secret_can_be_read_in_the_database_file() {
    let test = TestApi::new().await;
    let jwt_secret = "a-very-long-and-known-jwt-secret-key";
    let application = test.set(json!({"jwtStreamSecretKey": jwt_secret, "s3SecretKey": "known-s3-secret"})).await;
    let base32 = "NNXG653OFVRGC43FGMZC243FMNZGK5BB";
    test.api.put_subscriber(&application, &stream("stream1"), put("publisherA", base32)).await.expect("stored");
    let new = crate::manage::NewToken {
        stream_id: stream("stream1"),
        operation: Operation::Play,
        expires_at: START.plus_secs(60),
        room_id: None,
    };
    let token = test.api.create_token(&application, new).await.expect("created").token.expose().clone();
    let dir = Arc::clone(&test.dir);
    test.stop().await;
    let decoded = data_encoding::BASE32.decode(base32.as_bytes()).expect("Base32");
    let known = [jwt_secret.as_bytes(), b"known-s3-secret", base32.as_bytes(), &decoded, token.as_bytes()];
    if let Some(url) = testing::of_folder(&dir).await {
        let text = testing::dump(&url).await;
        assert!(text.contains("publisherA"), "the test looks where the data is");
        for secret in known {
            let plain = String::from_utf8_lossy(secret).into_owned();
            assert!(!text.contains(&plain) && !text.contains(&data_encoding::HEXLOWER.encode(secret)));
        }
        return;
    }
    let mut seen = false;
    for file in std::fs::read_dir(dir.path()).expect("a folder") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("readable");
        seen |= bytes.windows(10).any(|window| window == b"publisherA");
        for secret in known {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
        }
    }
    assert!(seen, "the test looks where the data is");
}

#[tokio::test]
async fn a_wrong_key_is_told_at_start() {
    let test = TestApi::new().await;
    let dir = Arc::clone(&test.dir);
    test.stop().await;
    let other = Secret::new(data_encoding::BASE64.encode(&[9; 32]));
    let started = TestApi::over(dir, |config| config.secret_key = SecretKeySource::Value(other)).await;
    assert!(matches!(started.err(), Some(StartError::SecretKey(SecretKeyError::Wrong))));
}
