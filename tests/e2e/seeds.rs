//! The published samples, as people paste them into a shell: every line word for word, one test a page. Only host,
//! application and ids are filled in, by [`filled`].

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Server, output};

/// The line with the placeholders of its page filled in. Longer ones come first: some begin with others.
fn filled(server: &Server, line: &str) -> String {
    let plain = server.http.to_string();
    let encrypted = https(server);
    let fillings = [
        ("https://test.antmedia.io:5443/Sandbox", format!("{encrypted}/LiveApp")),
        ("https://IP-address-or-domain:5443", encrypted.clone()),
        // The plain port with the other scheme: a slip that only the scheme can mend.
        ("https://IP-address-or-domain:5080", format!("http://{plain}")),
        ("localhost:5080", plain.clone()),
        ("IP-adddress-or-domain:5080", plain.clone()),
        ("IP-address-or-domain:5080", plain.clone()),
        ("Ip-address-or-domain:5080", plain.clone()),
        ("[IP_Address]:5080", plain.clone()),
        ("<Application_Name>", "LiveApp".to_owned()),
        ("Application_Name", "LiveApp".to_owned()),
        ("<Stream_Id>", "stream1".to_owned()),
        ("/streamId/", "/stream1/".to_owned()),
        ("<Expire_Date>", "4102444800".to_owned()),
        ("=Expire_Date", "=4102444800".to_owned()),
        ("subscribers/SubscriberId", "subscribers/publisherA".to_owned()),
        ("subscribers/subscriberId", "subscribers/publisherA".to_owned()),
    ];
    fillings.into_iter().fold(line.to_owned(), |line, (placeholder, value)| line.replace(placeholder, &value))
}

/// Where the lines for port 5443 go: a test server has no certificate, so its plain port takes them.
fn https(server: &Server) -> String {
    format!("http://{}", server.http)
}

/// Runs one line in a shell and returns what it printed.
async fn paste(server: &Server, line: &str) -> String {
    let line = filled(server, line).replacen("curl ", "curl -sS ", 1);
    let mut command = Command::new("bash");
    command.arg("-c").arg(&line);
    String::from_utf8_lossy(&output(command).await.stdout).into_owned()
}

/// The JSON in what a line printed; headers before it (`curl -i`) are left out.
fn body(text: &str) -> Value {
    let start = text.find("\r\n\r\n").map_or(0, |at| at + 4);
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
    values.next().and_then(Result::ok).unwrap_or_else(|| panic!("no JSON in {text:?}"))
}

/// Runs a line whose answer is a `Result`, and returns it whole.
async fn result(server: &Server, line: &str) -> Value {
    let answer = body(&paste(server, line).await);
    let mut names: Vec<_> = answer.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["dataId", "errorId", "message", "success"], "{line}");
    answer
}

async fn succeeds(server: &Server, line: &str) {
    let answer = result(server, line).await;
    assert_eq!(answer, json!({"success": true, "message": "", "dataId": "", "errorId": 0}), "{line}");
}

async fn fails(server: &Server, line: &str) {
    let answer = result(server, line).await;
    assert_eq!(answer["success"], false, "{line}: {answer}");
}

/// A list of subscribers, and no secret in it.
#[track_caller]
fn subscribers(answer: &Value) -> Vec<&str> {
    let all = answer.as_array().expect("a list");
    for one in all {
        for field in ["subscriberName", "streamId", "type", "connected", "currentConcurrentConnections", "blockedType"]
        {
            assert!(one.get(field).is_some(), "{field} in {one}");
        }
        assert!(one["avgVideoBitrate"].is_i64() && one["avgAudioBitrate"].is_i64(), "{one}");
        assert_eq!(one.get("b32Secret"), None, "secrets are never told");
    }
    all.iter().map(|one| one["subscriberId"].as_str().expect("an id")).collect()
}

/// A list of what subscribers did.
#[track_caller]
fn statistics(answer: &Value) -> Vec<&str> {
    let all = answer.as_array().expect("a list");
    for one in all {
        assert!(one["avgVideoBitrate"].is_i64() && one["avgAudioBitrate"].is_i64(), "{one}");
        assert!(one["connectionEvents"].is_array(), "{one}");
    }
    all.iter().map(|one| one["subscriberId"].as_str().expect("an id")).collect()
}

/// A token for `stream1`.
#[track_caller]
fn token(answer: &Value, kind: &str) -> String {
    assert_eq!((&answer["streamId"], &answer["type"]), (&json!("stream1"), &json!(kind)), "{answer}");
    assert_eq!((&answer["expireDate"], &answer["roomId"]), (&json!(4_102_444_800_i64), &Value::Null), "{answer}");
    answer["tokenId"].as_str().expect("an id").to_owned()
}

/// The lines that the first two pages share, in the order of the pages.
async fn time_based_codes(server: &Server) {
    succeeds(server, r#"curl -X POST -H "Accept: Application/json" -H "Content-Type: application/json" http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers -d '{"subscriberId":"publisherA", "b32Secret":"mysecret", "type":"publish"}'"#).await;
    succeeds(server, r#"curl -X POST -H "Accept: Application/json" -H "Content-Type: application/json" http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers -d '{"subscriberId":"playerB", "b32Secret":"mysecret", "type":"play"}'"#).await;
    let list = r#"curl -i -H "Accept: Application/json" -X GET "http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers/list/0/5""#;
    let listed = paste(server, list).await;
    assert!(listed.starts_with("HTTP/1.1 200"), "{listed}");
    assert_eq!(subscribers(&body(&listed)), ["publisherA", "playerB"]);
    let stats = r#"curl -i -H "Accept: Application/json" -X GET "http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscriber-stats/list/0/5""#;
    let stats = paste(server, stats).await;
    assert!(stats.starts_with("HTTP/1.1 200"), "{stats}");
    assert_eq!(statistics(&body(&stats)), ["publisherA", "playerB"]);

    succeeds(server, r#"curl -X DELETE -H "Accept: Application/json" -H "Content-Type: application/json" http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers/publisherA"#).await;
    let delete_all = r#"curl -X DELETE -H "Accept: Application/json" -H "Content-Type: application/json" http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers"#;
    succeeds(server, delete_all).await;
    fails(server, delete_all).await;
    assert_eq!(subscribers(&body(&paste(server, list).await)), <[&str; 0]>::default());
}

#[tokio::test]
async fn every_line_of_the_two_introductions_to_codes_works() {
    let server = Server::start().await;
    // Both pages print the same lines; the second pass starts from what the first left.
    for _page in 0..2 {
        time_based_codes(&server).await;
    }
}

#[tokio::test]
async fn every_line_of_the_page_about_blocks_works() {
    let server = Server::start().await;
    // The placeholder has nine characters and cannot be a secret: people put their own there.
    let publisher = r#"curl -X POST -H "Accept: Application/json" -H "Content-Type: application/json" 'http://Ip-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers' -d '{"subscriberId":"publisherA", "b32Secret":"SecretKey", "type":"publish"}'"#;
    let player = r#"curl -X POST -H "Accept: Application/json" -H "Content-Type: application/json" 'http://Ip-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers' -d '{"subscriberId":"playerA", "b32Secret":"SecretKey", "type":"play"}'"#;
    for line in [publisher, player] {
        fails(&server, line).await;
        succeeds(&server, &line.replace("SecretKey", "mysecret")).await;
    }

    // The page shows each of the two lists under the other's heading.
    let list = r#"curl -X 'GET' 'http://IP-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscriber-stats/list/0/10' -H 'accept: application/json'"#;
    assert_eq!(statistics(&body(&paste(&server, list).await)), ["publisherA", "playerA"]);
    let stats = r#"curl -X 'GET' 'https://test.antmedia.io:5443/Sandbox/rest/v2/broadcasts/test/subscribers/list/0/10' -H 'accept: application/json'"#;
    assert_eq!(subscribers(&body(&paste(&server, stats).await)), <[&str; 0]>::default());
    let stats = stats.replace("/test/", "/streamId/");
    assert_eq!(subscribers(&body(&paste(&server, &stats).await)), ["publisherA", "playerA"]);

    // Without a blank before -H the shell joins the two, and curl takes the rest for a second address.
    for line in [
        r#"curl -X 'GET' 'http://IP-adddress-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers/SubscriberId/totp?type=publish'-H 'accept: application/json'"#,
        r#"curl -X 'GET' 'http://IP-adddress-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers/SubscriberId/totp?type=play'-H 'accept: application/json'"#,
    ] {
        for line in [line.to_owned(), line.replace("'-H", "' -H")] {
            let answer = result(&server, &line).await;
            assert_eq!(answer["success"], true, "{line}: {answer}");
            let code = answer["dataId"].as_str().expect("a code");
            assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{line}: {answer}");
        }
    }

    for line in [
        r#"curl -X 'PUT' 'http://IP-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers/subscriberId/block/120/publish' -H 'accept: application/json'"#,
        r#"curl -X 'PUT' 'http://IP-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers/subscriberId/block/0/publish' -H 'accept: application/json'"#,
        r#"curl -X 'PUT' 'http://IP-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers/subscriberId/block/120/play' -H 'accept: application/json'"#,
        r#"curl -X 'PUT' 'http://IP-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers/subscriberId/block/0/play' -H 'accept: application/json'"#,
    ] {
        succeeds(&server, line).await;
    }
    succeeds(&server, r#"curl -X 'DELETE' 'https://IP-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers' -H 'accept: application/json'"#).await;
}

#[tokio::test]
async fn every_line_of_the_page_about_stream_security_works() {
    let server = Server::start().await;
    // Printed as addresses, to be opened or fetched.
    for (kind, address) in [
        (
            "publish",
            "http://[IP_Address]:5080/<Application_Name>/rest/v2/broadcasts/<Stream_Id>/token?expireDate=<Expire_Date>&type=publish",
        ),
        (
            "play",
            "http://[IP_Address]:5080/<Application_Name>/rest/v2/broadcasts/<Stream_Id>/token?expireDate=<Expire_Date>&type=play",
        ),
    ] {
        let answer = body(&paste(&server, &format!("curl \"{address}\"")).await);
        let id = token(&answer, kind);
        assert!(id.len() >= 22 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{answer}");
    }
    let jwt = [
        (
            "publish",
            "http://[IP_Address]:5080/<Application_Name>/rest/v2/broadcasts/<Stream_Id>/jwt-token?expireDate=<Expire_Date>&type=publish",
        ),
        (
            "play",
            "http://[IP_Address]:5080/<Application_Name>/rest/v2/broadcasts/<Stream_Id>/jwt-token?expireDate=<Expire_Date>&type=play",
        ),
    ];
    server.rest().set("LiveApp", json!({"jwtStreamSecretKey": "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq"})).await;
    for (kind, address) in jwt {
        let answer = body(&paste(&server, &format!("curl \"{address}\"")).await);
        assert_eq!(token(&answer, kind).split('.').count(), 3, "{answer}");
    }

    succeeds(&server, r#"curl -X POST -H "Accept: Application/json" -H "Content-Type: application/json" http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers -d '{"subscriberId":"publisherA", "b32Secret":"mysecret", "type":"publish"}'"#).await;
    succeeds(&server, r#"curl -X POST -H "Accept: Application/json" -H "Content-Type: application/json" http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers -d '{"subscriberId":"playerB", "b32Secret":"mysecret", "type":"play"}'"#).await;
    let stats = r#"curl -i -H "Accept: Application/json" -X GET "http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscriber-stats/list/0/5""#;
    assert_eq!(statistics(&body(&paste(&server, stats).await)), ["publisherA", "playerB"]);
}

#[tokio::test]
async fn every_line_of_the_page_about_one_time_tokens_works() {
    let server = Server::start().await;
    let publish = r#"curl -X 'GET' 'https://IP-address-or-domain:5443/Application_Name/rest/v2/broadcasts/streamId/token?expireDate=Expire_Date&type=publish' -H 'accept: application/json'"#;
    let id = token(&body(&paste(&server, publish).await), "publish");
    assert!(id.len() >= 22 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");

    // The page fetches a JWT under the heading of one-time tokens. That is what it gets, and only with a key for it.
    let play = r#"curl -X 'GET' 'https://IP-address-or-domain:5443/Application_Name/rest/v2/broadcasts/streamId/jwt-token?expireDate=Expire_Date&type=play' -H 'accept: application/json'"#;
    let refused = result(&server, play).await;
    assert!(refused["message"].as_str().is_some_and(|text| text.starts_with("Cannot create JWT token.")), "{refused}");
    server.rest().set("LiveApp", json!({"jwtStreamSecretKey": "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq"})).await;
    let jwt = token(&body(&paste(&server, play).await), "play");
    assert_eq!(jwt.split('.').count(), 3, "{jwt}");
}

#[tokio::test]
async fn both_generations_of_the_switch_turn_codes_on() {
    let server = Server::start().await;
    let rest = server.rest();
    for settings in [
        json!({"timeTokenSubscriberOnly": true}),
        json!({"settings.timeTokenSubscriberOnly": "true", "settings.timeTokenPeriod": "60"}),
    ] {
        let answer = rest.post("/rest/v2/applications/settings/LiveApp", settings).await;
        assert_eq!(answer["success"], true, "{answer}");
        let stored = rest.json("/rest/v2/applications/settings/LiveApp").await;
        assert_eq!(stored["timeTokenSubscriberOnly"], true);
        assert_eq!(stored["timeTokenPeriod"], 60);
        assert_eq!(rest.status("/LiveApp/streams/stream1.m3u8").await, 403);
    }
}
