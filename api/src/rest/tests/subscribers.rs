//! Subscribers, codes and blocks (`rest-v2` §5, `stream-security` §10, §11).

use serde_json::{Value, json};

use super::{NOW_SECS, Server, done};

const STREAM: &str = "/LiveApp/rest/v2/broadcasts/stream1";

async fn put(server: &Server, body: Value) -> super::Reply {
    server.post(&format!("{STREAM}/subscribers")).json(&body).send().await
}

async fn list(server: &Server) -> Value {
    server.get(&format!("{STREAM}/subscribers/list/0/50")).send().await.json()
}

#[tokio::test]
async fn a_subscriber_is_shown_without_its_secret() {
    let server = Server::start().await;
    let body = json!({
        "subscriberId": "publisherA", "subscriberName": "A", "streamId": "another", "b32Secret": "mysecret",
        "type": "publish", "concurrentConnectionsLimit": 3, "totpExpiryPeriodSeconds": 30, "connected": true,
        "currentConcurrentConnections": 7, "blockedType": "publish", "blockedUntilUnitTimeStampMs": 9,
    });
    assert_eq!(put(&server, body).await.json(), done());
    let expected = json!([{
        "subscriberId": "publisherA", "subscriberName": "A", "streamId": "stream1", "type": "publish",
        "connected": false, "currentConcurrentConnections": 0, "concurrentConnectionsLimit": 3,
        "blockedType": null, "blockedUntilUnitTimeStampMs": 0, "registeredNodeIp": null, "avgVideoBitrate": 0,
        "avgAudioBitrate": 0, "totpExpiryPeriodSeconds": 30,
    }]);
    let shown = server.get(&format!("{STREAM}/subscribers/list/0/50")).send().await.text();
    assert_eq!(shown, expected.to_string());
    assert!(!shown.contains("mysecret"));
}

#[tokio::test]
async fn what_cannot_be_registered_is_told_with_status_200() {
    let server = Server::start().await;
    for (body, beginning) in [
        (json!({}), "Missing parameter:"),
        (json!({"subscriberId": null}), "Missing parameter:"),
        (json!({"subscriberId": "   "}), "Missing parameter:"),
        (json!({"subscriberId": "abc"}), "Missing parameter:"),
        (json!({"subscriberId": "abcd", "b32Secret": "abc"}), "Secret code is not multiple of 8 bytes length"),
        (json!({"subscriberId": "abcd", "b32Secret": "1secret!"}), "Secret code is not multiple of 8 bytes length"),
        (
            json!({"subscriberId": "abcd", "b32Secret": "mysecret", "totpExpiryPeriodSeconds": 9}),
            "Custom TOTP expiry period must be between 10 and 2147483647",
        ),
        (
            json!({"subscriberId": "abcd", "totpExpiryPeriodSeconds": 2_147_483_648_i64}),
            "Custom TOTP expiry period must be between 10 and 2147483647",
        ),
    ] {
        let message = put(&server, body.clone()).await.result(false);
        assert!(message.starts_with(beginning), "{body}: {message}");
    }
    let bodyless = server.post(&format!("{STREAM}/subscribers")).send().await.result(false);
    assert!(bodyless.starts_with("Missing parameter:"), "{bodyless}");
    assert_eq!(list(&server).await, json!([]));
}

#[tokio::test]
async fn a_second_registration_replaces_the_first() {
    let server = Server::start().await;
    put(&server, json!({"subscriberId": "someone", "subscriberName": "N", "type": "publish"})).await.result(true);
    put(&server, json!({"subscriberId": "someone", "b32Secret": " ", "type": "nonsense"})).await.result(true);
    let shown = list(&server).await;
    assert_eq!(shown.as_array().map(Vec::len), Some(1));
    assert_eq!((&shown[0]["subscriberName"], &shown[0]["type"]), (&json!(null), &json!(null)));
    assert_eq!(shown[0]["totpExpiryPeriodSeconds"], 60);
    assert_eq!(shown[0]["concurrentConnectionsLimit"], 1);
}

#[tokio::test]
async fn a_registered_secret_makes_its_own_codes_whatever_the_type() {
    let server = Server::start().await;
    put(&server, json!({"subscriberId": "publisherA", "b32Secret": "mysecret", "type": "publish"})).await.result(true);
    let fast = json!({"subscriberId": "fast", "b32Secret": "mysecret", "totpExpiryPeriodSeconds": 30});
    put(&server, fast).await.result(true);
    for (call, code) in [
        ("publisherA/totp?type=publish", "806136"),
        ("publisherA/totp?type=play", "806136"),
        ("publisherA/totp", "806136"),
        ("publisherA/totp?type=publish-H", "806136"),
        ("publisherA/totp?type=nonsense", "806136"),
        ("fast/totp?type=play", "109463"),
    ] {
        let answer = server.get(&format!("{STREAM}/subscribers/{call}")).send().await;
        assert_eq!(answer.json(), json!({"success": true, "message": "", "dataId": code, "errorId": 0}), "{call}");
    }
    server.pass(60);
    let next = server.get(&format!("{STREAM}/subscribers/publisherA/totp")).send().await.json();
    assert_eq!(next["dataId"], "365938");
}

#[tokio::test]
async fn derived_codes_need_the_secret_of_their_side_and_a_type() {
    let server = Server::start().await;
    let ask = |call: &'static str| server.get(&format!("{STREAM}/subscribers/{call}")).send();
    let refused = ask("playerB/totp?type=play").await.json();
    assert_eq!((&refused["success"], &refused["dataId"]), (&json!(false), &json!("")));

    server.set("LiveApp", json!({"timeTokenSecretForPlay": "playSecret"})).await;
    assert_eq!(ask("playerB/totp?type=play").await.json()["dataId"], "319287");
    ask("playerB/totp?type=publish").await.result(false);
    for call in ["playerB/totp", "playerB/totp?type=", "playerB/totp?type=nonsense", "playerB/totp?type=play-H-H"] {
        assert!(!ask(call).await.result(false).is_empty(), "{call}");
    }
    assert_eq!(ask("%20/totp?type=play").await.result(false), "streamId or subscriberId is blank");
}

#[tokio::test]
async fn deletions_tell_whether_there_was_anybody() {
    let server = Server::start().await;
    for id in ["aaaa", "bbbb"] {
        put(&server, json!({ "subscriberId": id })).await.result(true);
    }
    server.delete(&format!("{STREAM}/subscribers/aaaa")).send().await.result(true);
    server.delete(&format!("{STREAM}/subscribers/aaaa")).send().await.result(false);
    server.delete(&format!("{STREAM}/subscribers")).send().await.result(true);
    server.delete(&format!("{STREAM}/subscribers")).send().await.result(false);
    assert_eq!(list(&server).await, json!([]));
}

#[tokio::test]
async fn a_block_is_shown_and_lifted() {
    let server = Server::start().await;
    put(&server, json!({"subscriberId": "someone"})).await.result(true);
    let block = |path: &str| server.put(&format!("{STREAM}/subscribers/someone/block/{path}")).send();
    let until = |seconds: i64| (NOW_SECS + seconds) * 1_000;
    for (path, kind, shown) in [
        ("120/publish", "publish", until(120)),
        ("60/play", "publish_play", until(120)),
        ("0/publish", "play", until(60)),
        ("-5/play", "play", until(0)),
        ("300/publish_play", "publish_play", until(300)),
    ] {
        assert_eq!(block(path).await.json(), done(), "{path}");
        let subscriber = list(&server).await[0].clone();
        assert_eq!(subscriber["blockedType"], kind, "{path}");
        let at = subscriber["blockedUntilUnitTimeStampMs"].as_i64().expect("a number");
        assert!(if path.starts_with('-') { at <= shown } else { at == shown }, "{path}: {at}");
    }
    for path in ["5/", "5/watch", "5/PLAY"] {
        let answer = block(path).await;
        if path == "5/" {
            assert_eq!(answer.status.as_u16(), 404);
            continue;
        }
        let message = answer.result(false);
        for word in ["publish", "play", "publish_play"] {
            assert!(message.contains(word), "{message}");
        }
    }
}

#[tokio::test]
async fn a_block_holds_longer_than_32_bits_of_milliseconds_and_no_longer_than_ten_years() {
    let server = Server::start().await;
    for (seconds, holds) in [(2_147_484_i64, 2_147_484), (i64::MAX, 10 * 366 * 86_400)] {
        let path = format!("{STREAM}/subscribers/someone/block/{seconds}/play");
        assert_eq!(server.put(&path).send().await.json(), done());
        put(&server, json!({"subscriberId": "someone"})).await.result(true);
        let shown = list(&server).await;
        assert_eq!(shown[0]["blockedUntilUnitTimeStampMs"], (NOW_SECS + holds) * 1_000);
    }
}

#[tokio::test]
async fn a_block_survives_deletion_and_registration_of_the_subscriber() {
    let server = Server::start().await;
    put(&server, json!({"subscriberId": "someone"})).await.result(true);
    server.put(&format!("{STREAM}/subscribers/someone/block/120/play")).send().await.result(true);
    server.delete(&format!("{STREAM}/subscribers")).send().await.result(true);
    put(&server, json!({"subscriberId": "someone", "b32Secret": "mysecret"})).await.result(true);
    assert_eq!(list(&server).await[0]["blockedType"], "play");
}

#[tokio::test]
async fn nothing_here_fails_on_a_stream_that_cannot_be() {
    let server = Server::start().await;
    let stream = "/LiveApp/rest/v2/broadcasts/not%20valid";
    server.post(&format!("{stream}/subscribers")).json(&json!({"subscriberId": "abcd"})).send().await.result(false);
    server.delete(&format!("{stream}/subscribers")).send().await.result(false);
    server.put(&format!("{stream}/subscribers/abcd/block/5/play")).send().await.result(false);
    for list in ["subscribers/list/0/5", "subscriber-stats/list/0/5", "connection-events/0/5", "tokens/list/0/5"] {
        assert_eq!(server.get(&format!("{stream}/{list}")).send().await.json(), json!([]), "{list}");
    }
    let events = server.get(&format!("{STREAM}/connection-events/0/5?subscriberId=nobody")).send().await;
    assert_eq!(events.json(), json!([]));
}
