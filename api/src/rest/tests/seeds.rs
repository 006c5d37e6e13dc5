//! The published curl samples, word for word: method, headers, body, and the shape of the answer.

use axum::http::StatusCode;
use serde_json::json;

use super::{Call, Server, done};

const SUBSCRIBERS: &str = "/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers";

/// `-H "Accept: Application/json" -H "Content-Type: application/json"`
fn headed(call: Call<'_>) -> Call<'_> {
    let mut call = call;
    call.request.headers_mut().expect("headers").remove("accept");
    call.header("accept", "Application/json").header("content-type", "application/json")
}

#[tokio::test]
async fn subscribers_are_created_listed_and_deleted() {
    let server = Server::start().await;
    for body in [
        r#"{"subscriberId":"publisherA", "b32Secret":"mysecret", "type":"publish"}"#,
        r#"{"subscriberId":"playerB", "b32Secret":"mysecret", "type":"play"}"#,
    ] {
        let answer = headed(server.post(SUBSCRIBERS)).raw(body).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json(), done());
        assert_eq!(answer.text(), r#"{"success":true,"message":"","dataId":"","errorId":0}"#);
    }

    let list = server.get("/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers/list/0/5").send().await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    assert_eq!(list[0]["subscriberId"], "publisherA");
    assert_eq!(list[1]["type"], "play");

    let one = "/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers/publisherA";
    assert_eq!(headed(server.delete(one)).send().await.json(), done());
    assert_eq!(headed(server.delete(SUBSCRIBERS)).send().await.json(), done());
    headed(server.delete(SUBSCRIBERS)).send().await.result(false);
}

#[tokio::test]
async fn the_placeholder_secret_is_no_secret() {
    let server = Server::start().await;
    let body = r#"{"subscriberId":"publisherA", "b32Secret":"SecretKey", "type":"publish"}"#;
    let message = headed(server.post(SUBSCRIBERS)).raw(body).send().await.result(false);
    assert!(message.starts_with("Secret code is not multiple of 8 bytes length"), "{message}");
}

#[tokio::test]
async fn the_two_lists_that_the_pages_mix_up_keep_their_own_shapes() {
    let server = Server::start().await;
    let body = json!({"subscriberId": "publisherA", "b32Secret": "mysecret", "type": "publish"});
    server.post(SUBSCRIBERS).json(&body).send().await.result(true);

    let stats = "/WebRTCAppEE/rest/v2/broadcasts/stream1/subscriber-stats/list/0/10";
    assert_eq!(
        server.get(stats).send().await.json(),
        json!([{
            "subscriberId": "publisherA",
            "streamId": "stream1",
            "connectionEvents": [],
            "avgVideoBitrate": 0,
            "avgAudioBitrate": 0,
        }])
    );
    let list = server.get("/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers/list/0/10").send().await.json();
    for field in ["avgVideoBitrate", "avgAudioBitrate", "connected"] {
        assert!(list[0].get(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn codes_are_fetched_with_the_slip_of_the_sample_and_without() {
    let server = Server::start().await;
    let secrets = json!({"timeTokenSecretForPublish": "pubSecret1", "timeTokenSecretForPlay": "playSecret"});
    server.set("WebRTCAppEE", secrets).await;
    for (call, code) in [
        ("publisherA/totp?type=publish", "438910"),
        // `…totp?type=publish'-H 'accept: application/json'` lacks a blank.
        ("publisherA/totp?type=publish-H", "438910"),
        ("playerB/totp?type=play", "319287"),
        ("playerB/totp?type=play-H", "319287"),
    ] {
        let answer = server.get(&format!("{SUBSCRIBERS}/{call}")).header("accept", "application/json").send().await;
        assert_eq!(answer.json(), json!({"success": true, "message": "", "dataId": code, "errorId": 0}), "{call}");
    }
}

#[tokio::test]
async fn blocks_are_set_and_lifted() {
    let server = Server::start().await;
    for path in ["block/120/publish", "block/0/publish", "block/120/play", "block/0/play"] {
        let answer = server.put(&format!("{SUBSCRIBERS}/lastpeony/{path}")).send().await;
        assert_eq!(answer.json(), done(), "{path}");
    }
}

#[tokio::test]
async fn one_time_tokens_are_issued_for_both_sides() {
    let server = Server::start().await;
    for kind in ["publish", "play"] {
        let path = format!("/WebRTCAppEE/rest/v2/broadcasts/stream1/token?expireDate=1800000000&type={kind}");
        let token = server.get(&path).send().await.json();
        assert_eq!(token["streamId"], "stream1");
        assert_eq!(token["type"], kind);
        assert_eq!(token["expireDate"], 1_800_000_000);
        assert_eq!(token["roomId"], json!(null));
        assert!(token["tokenId"].as_str().is_some_and(|id| id.len() >= 22), "{token}");
    }
}

#[tokio::test]
async fn jwts_need_a_secret_of_32_characters() {
    let server = Server::start().await;
    let path = "/WebRTCAppEE/rest/v2/broadcasts/stream1/jwt-token?expireDate=4102444800&type=play";
    let refused = server.get(path).send().await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let message = refused.json()["message"].as_str().map(str::to_owned).expect("a message");
    assert!(message.starts_with("Cannot create JWT token."), "{message}");

    server.set("WebRTCAppEE", json!({"jwtStreamSecretKey": "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq"})).await;
    let token = server.get(path).send().await.json();
    let jwt = token["tokenId"].as_str().expect("a text");
    // {"streamId":"stream1","type":"play","exp":4102444800}
    assert_eq!(jwt.split('.').nth(1), Some("eyJzdHJlYW1JZCI6InN0cmVhbTEiLCJ0eXBlIjoicGxheSIsImV4cCI6NDEwMjQ0NDgwMH0"));
}
