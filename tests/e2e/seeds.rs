//! The published curl samples for time-based codes and blocks, as people paste them: only host, application and ids are filled in.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Server, output};

/// Runs one sample line in a shell and returns what it printed.
async fn paste(server: &Server, line: &str) -> String {
    let line = line
        .replace("https://", "http://")
        .replace("localhost:5080", &server.http.to_string())
        .replace("IP-address-or-domain:5080", &server.http.to_string())
        .replace("IP-adddress-or-domain:5080", &server.http.to_string())
        .replace("Ip-address-or-domain:5080", &server.http.to_string())
        .replace("test.antmedia.io:5443/Sandbox", &format!("{}/LiveApp", server.http))
        .replace("Application_Name", "LiveApp")
        .replace("/streamId/", "/stream1/")
        .replace("/streamId'", "/stream1'")
        .replace("SubscriberId", "publisherA")
        .replace("subscribers/subscriberId", "subscribers/publisherA");
    let line = line.replacen("curl ", "curl -sS ", 1);
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

fn success(text: &str) -> bool {
    body(text)["success"].as_bool().unwrap_or_else(|| panic!("no result in {text:?}"))
}

#[tokio::test]
async fn the_samples_of_the_first_page_work() {
    let server = Server::start().await;
    let create = r#"curl -X POST -H "Accept: Application/json" -H "Content-Type: application/json" http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers -d '{"subscriberId":"publisherA", "b32Secret":"mysecret", "type":"publish"}'"#;
    let created = paste(&server, create).await;
    assert_eq!(body(&created), json!({"success": true, "message": "", "dataId": "", "errorId": 0}));
    let player = r#"curl -X POST -H "Accept: Application/json" -H "Content-Type: application/json" http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers -d '{"subscriberId":"playerB", "b32Secret":"mysecret", "type":"play"}'"#;
    assert!(success(&paste(&server, player).await));

    let list = r#"curl -i -H "Accept: Application/json" -X GET "http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers/list/0/5""#;
    let listed = paste(&server, list).await;
    assert!(listed.starts_with("HTTP/1.1 200"), "{listed}");
    let ids: Vec<_> = body(&listed).as_array().unwrap().iter().map(|s| s["subscriberId"].clone()).collect();
    assert_eq!(ids.len(), 2, "{listed}");
    assert!(!listed.contains("mysecret"), "the secret is write-only");

    let stats = r#"curl -i -H "Accept: Application/json" -X GET "http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscriber-stats/list/0/5""#;
    let stats = body(&paste(&server, stats).await);
    assert_eq!(stats[0]["connectionEvents"], json!([]), "{stats}");
    assert!(stats[0]["avgVideoBitrate"].is_i64() && stats[0]["avgAudioBitrate"].is_i64(), "{stats}");

    let delete = r#"curl -X DELETE -H "Accept: Application/json" -H "Content-Type: application/json" http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers/publisherA"#;
    assert!(success(&paste(&server, delete).await));
    let delete_all = r#"curl -X DELETE -H "Accept: Application/json" -H "Content-Type: application/json" http://localhost:5080/WebRTCAppEE/rest/v2/broadcasts/stream1/subscribers"#;
    assert!(success(&paste(&server, delete_all).await));
    assert!(!success(&paste(&server, delete_all).await), "nothing is left to delete");
}

#[tokio::test]
async fn the_samples_of_the_block_page_work() {
    let server = Server::start().await;
    let placeholder = r#"curl -X POST -H "Accept: Application/json" -H "Content-Type: application/json" 'http://Ip-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers' -d '{"subscriberId":"publisherA", "b32Secret":"SecretKey", "type":"publish"}'"#;
    assert!(!success(&paste(&server, placeholder).await), "the placeholder has nine characters");
    assert!(success(&paste(&server, &placeholder.replace("\"SecretKey\"", "\"mysecret\"")).await));

    let swapped = r#"curl -X 'GET' 'http://IP-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscriber-stats/list/0/10' -H 'accept: application/json'"#;
    assert_eq!(body(&paste(&server, swapped).await)[0]["subscriberId"], "publisherA");
    let statistics = r#"curl -X 'GET' 'https://test.antmedia.io:5443/Sandbox/rest/v2/broadcasts/stream1/subscribers/list/0/10' -H 'accept: application/json'"#;
    let statistics = body(&paste(&server, statistics).await);
    assert_eq!(statistics[0]["connected"], false, "{statistics}");

    // As published, without the blank before -H: the shell joins the two, and curl takes the rest as a second address.
    let slip = r#"curl -X 'GET' 'http://IP-adddress-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers/SubscriberId/totp?type=publish'-H 'accept: application/json'"#;
    let code = body(&paste(&server, slip).await);
    assert_eq!(code["success"], true, "{code}");
    assert!(
        code["dataId"].as_str().is_some_and(|code| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())),
        "{code}"
    );
    let play = slip.replace("type=publish'-H", "type=play' -H");
    assert_eq!(body(&paste(&server, &play).await)["success"], true);

    for (seconds, operation) in [(120, "publish"), (0, "publish"), (120, "play"), (0, "play")] {
        let block = format!(
            "curl -X 'PUT' 'http://IP-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers/subscriberId/block/{seconds}/{operation}' -H 'accept: application/json'"
        );
        assert!(success(&paste(&server, &block).await), "{seconds} {operation}");
    }
    let delete_all = r#"curl -X 'DELETE' 'https://IP-address-or-domain:5080/Application_Name/rest/v2/broadcasts/streamId/subscribers' -H 'accept: application/json'"#;
    assert!(success(&paste(&server, delete_all).await));
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
