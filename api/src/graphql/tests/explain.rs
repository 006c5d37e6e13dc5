//! Why somebody is or is not let in, told without letting anybody in.

use serde_json::{Value, json};
use sluice_contract::message::EventKind;
use sluice_contract::{Operation, UnixTime};

use super::Client;
use crate::manage::NewToken;
use crate::tests::{START, TestApi, TestWorker, stream, stream_of};

async fn explain(client: &Client, input: &str) -> Value {
    let query = format!(
        r#"{{ explainAccess(input: {{ application: "LiveApp", streamId: "stream1" {input} }}) {{
             outcome reason message asksWebhook wouldSpend {{ kind }}
             steps {{ rule applied skipped verdict reason message }} }} }}"#
    );
    client.data(&query).await["explainAccess"].take()
}

/// The names of the rules that gave `verdict`.
fn rules<'a>(explained: &'a Value, verdict: &str) -> Vec<&'a str> {
    let steps = explained["steps"].as_array().expect("steps").iter();
    steps.filter(|step| step["verdict"] == verdict).filter_map(|step| step["rule"].as_str()).collect()
}

async fn on_air(test: &TestApi) -> TestWorker {
    let worker = test.worker().await;
    let publisher = worker.admitted(worker.request(Operation::Publish, "stream1", "")).await;
    worker.tell(EventKind::StreamStarted { stream: stream_of(&publisher) }).await;
    worker
}

#[tokio::test]
async fn a_token_is_explained_and_not_spent() {
    let test = TestApi::new().await;
    let worker = on_air(&test).await;
    let application = test.set(json!({ "playTokenControlEnabled": true })).await;
    let new = NewToken {
        stream_id: stream("stream1"),
        operation: Operation::Play,
        expires_at: UnixTime::from_secs(1_800_000_000),
        room_id: None,
    };
    let token = test.api.create_token(&application, new).await.expect("made").token.expose().clone();
    let local = Client::local(&test);
    let credentials = format!(r#", operation: PLAY, credentials: {{ token: "{token}" }}"#);
    for _ in 0..3 {
        let explained = explain(&local, &credentials).await;
        assert_eq!((&explained["outcome"], &explained["reason"]), (&json!("ALLOWED"), &Value::Null));
        assert_eq!(explained["wouldSpend"], json!([{ "kind": "SPEND_TOKEN" }]));
        assert!(!explained.to_string().contains(&token));
    }
    let probe = explain(&local, &format!("{credentials}, probe: true")).await;
    assert_eq!(probe["wouldSpend"], json!([{ "kind": "RESERVE_TOKEN" }]));
    worker.admitted(worker.request(Operation::Play, "stream1", &format!("token={token}"))).await;
    assert_eq!(explain(&local, &credentials).await["reason"], "TOKEN_SPENT");
}

#[tokio::test]
async fn every_credential_of_every_mode_is_taken() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    let _worker = on_air(&test).await;
    let key = "0123456789abcdef0123456789abcdef";
    for (settings, credentials, reason) in [
        (json!({ "playJwtControlEnabled": true, "jwtStreamSecretKey": key }), "", "JWT_MISSING"),
        (json!({}), r#"token: "a.b.c""#, "JWT_INVALID"),
        (
            json!({ "playJwtControlEnabled": false, "hashControlPlayEnabled": true, "tokenHashSecret": "s" }),
            r#"token: "00""#,
            "HASH_INVALID",
        ),
        (
            json!({ "hashControlPlayEnabled": false, "enableTimeTokenForPlay": true, "timeTokenSecretForPlay": "playSecret1" }),
            r#"subscriberId: "playerB""#,
            "CODE_MISSING",
        ),
        (json!({}), r#"subscriberId: "playerB", subscriberCode: "000000""#, "CODE_INVALID"),
    ] {
        test.set(settings).await;
        let explained = explain(&local, &format!(", operation: PLAY, credentials: {{ {credentials} }}")).await;
        assert_eq!(explained["reason"], reason, "{credentials}");
        assert_eq!(rules(&explained, "REFUSED").len(), 1);
    }
    let code = r#"mutation { generateCode(input: { application: "LiveApp", streamId: "stream1", subscriberId: "playerB",
        operation: PLAY }) { code problems { code } } }"#;
    let code = local.data(code).await["generateCode"]["code"].as_str().expect("a code").to_owned();
    let credentials =
        format!(r#", operation: PLAY, credentials: {{ subscriberId: "playerB", subscriberCode: "{code}" }}"#);
    let explained = explain(&local, &credentials).await;
    assert_eq!(
        (&explained["outcome"], &explained["wouldSpend"]),
        (&json!("ALLOWED"), &json!([{ "kind": "MARK_TOTP_STEP" }]))
    );
}

#[tokio::test]
async fn wrong_codes_that_are_explained_do_not_count() {
    let test = TestApi::new().await;
    test.set(json!({ "enableTimeTokenForPlay": true, "timeTokenSecretForPlay": "playSecret1" })).await;
    let local = Client::local(&test);
    for code in 0..30 {
        let credentials =
            format!(r#", operation: PLAY, credentials: {{ subscriberId: "playerB", subscriberCode: "{code:06}" }}"#);
        assert_eq!(explain(&local, &credentials).await["reason"], "CODE_INVALID");
    }
    let audit = local.data("{ audit(filter: { kind: DECISION }) { totalCount } }").await;
    assert_eq!(audit["audit"]["totalCount"], 0);
}

#[tokio::test]
async fn rtmp_play_has_a_rule_of_its_own() {
    let test = TestApi::new().await;
    let _worker = on_air(&test).await;
    let local = Client::local(&test);
    let refused = explain(&local, ", operation: PLAY, protocol: RTMP").await;
    assert_eq!(refused["reason"], "PLAYBACK_DISABLED");
    assert_eq!(rules(&refused, "REFUSED"), ["rtmp-playback"]);
    assert!(rules(&refused, "NOT_REACHED").contains(&"block"));
    test.set(json!({ "rtmpPlaybackEnabled": true })).await;
    assert_eq!(explain(&local, ", operation: PLAY, protocol: RTMP").await["outcome"], "ALLOWED");
}

#[tokio::test]
async fn a_block_an_address_and_a_webhook_are_told() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    test.set(json!({ "allowedPublisherCIDR": "10.0.0.0/8", "webhookAuthenticateURL": "https://hook.example/" })).await;
    let outside = explain(&local, r#", operation: PUBLISH, address: "192.0.2.1""#).await;
    assert_eq!(outside["reason"], "ADDRESS_NOT_ALLOWED");
    let inside = explain(&local, r#", operation: PUBLISH, address: "10.1.2.3", credentials: { extra: "a=b" }"#).await;
    assert_eq!((&inside["outcome"], &inside["asksWebhook"]), (&json!("ALLOWED"), &json!(true)));
    local
        .data(
            r#"mutation { blockSubscriber(input: { application: "LiveApp", streamId: "stream1", subscriberId: "playerB",
                 operation: PUBLISH, seconds: 60 }) { problems { code } } }"#,
        )
        .await;
    let blocked = r#", operation: PUBLISH, address: "10.1.2.3", credentials: { subscriberId: "playerB" }"#;
    let explained = explain(&local, blocked).await;
    assert_eq!(explained["reason"], "BLOCKED");
    assert_eq!(rules(&explained, "REFUSED"), ["block"]);
    assert_eq!(START, test.api.now());
}

#[tokio::test]
async fn whoever_only_reads_is_told_nothing() {
    let test = TestApi::new().await;
    let viewer = Client::remote(&test).with_account("v@x.org", r#"{ application: "LiveApp", role: VIEWER }"#).await;
    let query = r#"{ explainAccess(input: { application: "APP", streamId: "s", operation: PLAY }) { outcome } }"#;
    assert_eq!(viewer.error_code(&query.replace("APP", "LiveApp")).await, "FORBIDDEN");
    assert_eq!(viewer.error_code(&query.replace("APP", "WebRTCAppEE")).await, "NOT_FOUND");
}
