//! One-time tokens and JWTs (`rest-v2` §4, `stream-security` §7).

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Server;

const STREAM: &str = "/LiveApp/rest/v2/broadcasts/stream1";

async fn issue(server: &Server, query: &str) -> Value {
    server.get(&format!("{STREAM}/token?{query}")).send().await.json()
}

async fn validate(server: &Server, body: &Value) -> bool {
    let answer = server.post("/LiveApp/rest/v2/broadcasts/validate-token").json(body).send().await.json();
    answer["success"].as_bool().expect("a truth value")
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_400_with_the_documented_text() {
    let server = Server::start().await;
    let missing = "Define Stream ID, Token Type and Expire Date (unix time)";
    let wrong = "Invalid token type. Supported types are 'play' and 'publish'";
    for call in ["token", "jwt-token"] {
        for (query, message) in [
            ("", missing),
            ("type=play", missing),
            ("expireDate=1800000000", missing),
            ("expireDate=0&type=play", missing),
            ("expireDate=-5&type=play", missing),
            ("expireDate=1800000000&type=", missing),
            ("expireDate=1800000000&type=watch", wrong),
            ("expireDate=1800000000&type=Play", wrong),
        ] {
            let answer = server.get(&format!("{STREAM}/{call}?{query}")).send().await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{call} {query}");
            assert_eq!(answer.json()["message"], message, "{call} {query}");
        }
    }
}

#[tokio::test]
async fn tokens_are_listed_until_they_are_revoked() {
    let server = Server::start().await;
    let play = issue(&server, "expireDate=1800000000&type=play").await;
    // Expired, but not for as long as it takes to be forgotten.
    let past = issue(&server, "expireDate=1699996400&type=publish&roomId=room1").await;
    assert_eq!(past["roomId"], "room1");
    let listed = server.get(&format!("{STREAM}/tokens/list/0/10")).send().await.json();
    assert_eq!(listed, json!([play, past]));
    server.delete(&format!("{STREAM}/tokens")).send().await.result(true);
    server.delete(&format!("{STREAM}/tokens")).send().await.result(false);
    assert_eq!(server.get(&format!("{STREAM}/tokens/list/0/10")).send().await.json(), json!([]));
}

#[tokio::test]
async fn a_token_is_spent_by_the_first_check_that_it_passes() {
    let server = Server::start().await;
    let token = issue(&server, "expireDate=1800000000&type=play").await;
    for (field, value) in [("streamId", "another"), ("type", "publish"), ("tokenId", "unknown")] {
        let mut wrong = token.clone();
        wrong[field] = json!(value);
        assert!(!validate(&server, &wrong).await, "{field}");
    }
    for incomplete in [json!({}), json!({"tokenId": null, "streamId": "stream1", "type": "play"})] {
        assert!(!validate(&server, &incomplete).await, "{incomplete}");
    }
    assert!(validate(&server, &token).await);
    assert!(!validate(&server, &token).await);
    assert_eq!(server.get(&format!("{STREAM}/tokens/list/0/10")).send().await.json(), json!([]));
}

#[tokio::test]
async fn a_token_ends_at_its_time() {
    let server = Server::start().await;
    let token = issue(&server, "expireDate=1700000010&type=play").await;
    server.pass(10);
    assert!(!validate(&server, &token).await);
}

#[tokio::test]
async fn a_room_token_opens_its_room_alone_and_stays() {
    let server = Server::start().await;
    let member = json!({"streamId": "member1", "mainTrackStreamId": "room1"});
    server.post("/LiveApp/rest/v2/broadcasts/create").json(&member).send().await;
    let token = issue(&server, "expireDate=1800000000&type=play&roomId=room1").await;
    let with = |stream: &str, room: &str| {
        let mut presented = token.clone();
        presented["streamId"] = json!(stream);
        presented["roomId"] = json!(room);
        presented
    };
    assert!(!validate(&server, &with("stranger", "room1")).await);
    assert!(!validate(&server, &with("stranger", "anything")).await);
    assert!(validate(&server, &with("member1", "room1")).await);
    assert!(validate(&server, &with("room1", "room1")).await);
    assert!(validate(&server, &with("stream1", "anything")).await, "as if no room had been named");
    assert!(!validate(&server, &with("member1", "room1")).await, "spent by the one before");
}

#[tokio::test]
async fn a_jwt_is_no_stored_token() {
    let server = Server::start().await;
    server.set("LiveApp", json!({"jwtStreamSecretKey": "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq"})).await;
    let path = format!("{STREAM}/jwt-token?expireDate=1600000000&type=publish&roomId=room1");
    let token = server.get(&path).send().await.json();
    assert_eq!((&token["streamId"], &token["type"]), (&json!("stream1"), &json!("publish")));
    assert_eq!(token["tokenId"].as_str().map(|jwt| jwt.split('.').count()), Some(3));
    assert_eq!(server.get(&format!("{STREAM}/tokens/list/0/10")).send().await.json(), json!([]));
}
