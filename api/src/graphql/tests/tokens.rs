//! One-time tokens and JWTs: shown once, listed without themselves, checked without being spent, revoked.

use serde_json::{Value, json};
use sluice_contract::Operation;

use super::Client;
use crate::tests::TestApi;

const CREATE: &str = r#"mutation { createToken(input: {
    application: "LiveApp", streamId: "stream1", operation: PLAY, expiresAt: "2023-11-14T23:00:00Z"
  }) { secret token { id hint status createdBy expiresAt operation } problems { code message path } } }"#;

const LIST: &str = r#"{ broadcast(application: "LiveApp", streamId: "stream1") {
    tokens { totalCount nodes { id hint status spentAt client reservedUntil createdBy } } } }"#;

/// A server where playing needs a one-time token, and the broadcast has a record.
async fn guarded() -> (TestApi, Client) {
    let test = TestApi::new().await;
    test.set(json!({ "playTokenControlEnabled": true })).await;
    let local = Client::local(&test);
    local
        .data(r#"mutation { createBroadcast(input: { application: "LiveApp", streamId: "stream1" }) { problems { code } } }"#)
        .await;
    (test, local)
}

async fn create(client: &Client) -> (String, String) {
    let created = client.data(CREATE).await["createToken"].take();
    assert_eq!(created["problems"], json!([]));
    let secret = created["secret"].as_str().expect("shown").to_owned();
    let id = created["token"]["id"].as_str().expect("an id").to_owned();
    assert!(secret.ends_with(created["token"]["hint"].as_str().expect("a hint")));
    assert_eq!(created["token"]["status"], "UNUSED");
    (secret, id)
}

async fn validate(client: &Client, token: &str, more: &str) -> Value {
    let query = format!(
        r#"mutation {{ validateToken(input: {{ application: "LiveApp", streamId: "stream1", operation: PLAY,
             token: "{token}" {more} }}) {{ valid spent reason token {{ status }} problems {{ code }} }} }}"#
    );
    client.data(&query).await["validateToken"].take()
}

#[tokio::test]
async fn a_token_is_listed_without_itself_and_shown_again_only_on_request() {
    let (test, local) = guarded().await;
    let (secret, id) = create(&local).await;
    let viewer = Client::remote(&test).with_account("v@x.org", r#"{ application: "LiveApp", role: VIEWER }"#).await;
    let listed = viewer.data(LIST).await;
    assert!(!listed.to_string().contains(&secret));
    let tokens = &listed["broadcast"]["tokens"];
    assert_eq!((&tokens["totalCount"], &tokens["nodes"][0]["id"]), (&json!(1), &json!(id)));
    assert_eq!(tokens["nodes"][0]["createdBy"], "local");
    assert_eq!(
        local.data(&format!(r#"{{ node(id: "{id}") {{ __typename id }} }}"#)).await["node"]["__typename"],
        "Token"
    );

    let reveal = format!(
        r#"mutation {{ revealToken(input: {{ application: "LiveApp", id: "{id}" }}) {{ secret problems {{ code }} }} }}"#
    );
    assert_eq!(
        viewer.data(&reveal).await["revealToken"],
        json!({ "secret": null, "problems": [{ "code": "FORBIDDEN" }] })
    );
    assert_eq!(local.data(&reveal).await["revealToken"]["secret"], json!(secret));
    let audit = local.data(r#"{ audit { nodes { code detail operation } } }"#).await;
    let codes: Vec<_> = audit["audit"]["nodes"].as_array().expect("records").iter().map(|r| &r["code"]).collect();
    assert!(codes.contains(&&json!("reveal-token")) && codes.contains(&&json!("create-token")));
    assert!(!audit.to_string().contains(&secret));
}

#[tokio::test]
async fn checking_spends_nothing_unless_asked_and_says_why_not() {
    let (test, local) = guarded().await;
    let (secret, _) = create(&local).await;
    for _ in 0..2 {
        let checked = validate(&local, &secret, "").await;
        let valid = json!({
            "valid": true, "spent": false, "reason": null, "token": { "status": "UNUSED" }, "problems": [],
        });
        assert_eq!(checked, valid);
    }
    let spent = validate(&local, &secret, "spend: true").await;
    assert_eq!((&spent["valid"], &spent["spent"]), (&json!(true), &json!(true)));
    assert_eq!(spent["token"]["status"], "SPENT");
    assert_eq!(validate(&local, &secret, "spend: true").await["reason"], "TOKEN_SPENT");
    let unknown = validate(&local, "nonsense", "").await;
    assert_eq!((&unknown["reason"], &unknown["token"]), (&json!("TOKEN_INVALID"), &Value::Null));
    let (late, _) = create(&local).await;
    test.pass(10_000);
    assert_eq!(validate(&local, &late, "").await["reason"], "TOKEN_EXPIRED");
    let listed = local
        .data(
            r#"{ broadcast(application: "LiveApp", streamId: "stream1") {
               spent: tokens(filter: { status: SPENT }) { totalCount }
               expired: tokens(filter: { status: EXPIRED, operation: PLAY }) { totalCount nodes { status } }
               unused: tokens(filter: { status: UNUSED }) { totalCount } } }"#,
        )
        .await["broadcast"]
        .take();
    assert_eq!(listed["spent"]["totalCount"], 1);
    assert_eq!(listed["expired"], json!({ "totalCount": 1, "nodes": [{ "status": "EXPIRED" }] }));
    assert_eq!(listed["unused"]["totalCount"], 0);
}

#[tokio::test]
async fn the_list_tells_who_spent_a_token_at_the_gate() {
    let (test, local) = guarded().await;
    let worker = test.worker().await;
    let publisher = worker.admitted(worker.request(Operation::Publish, "stream1", "")).await;
    worker
        .tell(sluice_contract::message::EventKind::StreamStarted { stream: crate::tests::stream_of(&publisher) })
        .await;
    let (secret, _) = create(&local).await;
    worker.admitted(worker.request(Operation::Play, "stream1", &format!("token={secret}"))).await;
    let node = local.data(LIST).await["broadcast"]["tokens"]["nodes"][0].take();
    assert_eq!((&node["status"], &node["client"]), (&json!("SPENT"), &json!("127.0.0.2")));
    assert_eq!(node["spentAt"], "2023-11-14T22:13:20.000000Z");
}

#[tokio::test]
async fn tokens_are_revoked_one_by_one_or_all_of_a_stream() {
    let (_test, local) = guarded().await;
    let (first, id) = create(&local).await;
    create(&local).await;
    create(&local).await;
    let revoke = async |more: String| {
        let query = format!(
            r#"mutation {{ revokeTokens(input: {{ application: "LiveApp", streamId: "stream1" {more} }})
               {{ revokedCount revokedIds problems {{ code path }} }} }}"#
        );
        local.data(&query).await["revokeTokens"].take()
    };
    let one = revoke(format!(r#"ids: ["{id}", "bm9uZQ"]"#)).await;
    let expected = json!({
        "revokedCount": 1, "revokedIds": [id], "problems": [{ "code": "NOT_FOUND", "path": "ids.1" }],
    });
    assert_eq!(one, expected);
    assert_eq!(validate(&local, &first, "").await["valid"], false);
    assert_eq!(revoke(String::new()).await["revokedCount"], 2);
    assert_eq!(local.data(LIST).await["broadcast"]["tokens"]["totalCount"], 0);
}

#[tokio::test]
async fn a_jwt_is_signed_once_there_is_a_key() {
    let (test, local) = guarded().await;
    let sign = r#"mutation { createStreamJwt(input: { application: "LiveApp", streamId: "stream1", operation: PUBLISH,
        expiresAt: "2023-11-14T23:00:00.999Z" }) { jwt expiresAt problems { code } } }"#;
    assert_eq!(local.data(sign).await["createStreamJwt"]["problems"][0]["code"], "SECRET_NOT_CONFIGURED");
    test.set(json!({ "jwtStreamSecretKey": "0123456789abcdef0123456789abcdef", "publishJwtControlEnabled": true }))
        .await;
    let signed = local.data(sign).await["createStreamJwt"].take();
    assert_eq!(signed["expiresAt"], "2023-11-14T23:00:00.000000Z");
    let worker = test.worker().await;
    let query = format!("token={}", signed["jwt"].as_str().expect("a JWT"));
    worker.admitted(worker.request(Operation::Publish, "stream1", &query)).await;
}

#[tokio::test]
async fn only_operators_hand_out_credentials() {
    let (test, _) = guarded().await;
    let viewer = Client::remote(&test).with_account("v@x.org", r#"{ application: "LiveApp", role: VIEWER }"#).await;
    let refused = viewer.data(CREATE).await["createToken"].take();
    assert_eq!((&refused["secret"], &refused["problems"][0]["code"]), (&Value::Null, &json!("FORBIDDEN")));
    assert_eq!(validate(&viewer, "x", "").await["problems"][0]["code"], "FORBIDDEN");
    let elsewhere = viewer.data(&CREATE.replace("LiveApp", "WebRTCAppEE")).await["createToken"].take();
    assert_eq!(elsewhere["problems"][0]["code"], "NOT_FOUND");
}
