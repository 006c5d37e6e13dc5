//! Time-based codes on RTMP publish, HLS and DASH.

use std::net::IpAddr;

use serde_json::json;

use crate::harness::{Player, Publisher, Server, code, code_of, eventually, within_step};

const SECRET: &str = "mysecret";
const OTHER_SECRET: &str = "6qsp6qhndryqs56zjmvs37i6gqtjsdvc";

/// The manifest addresses of a stream; both protocols must answer alike.
fn manifests(stream: &str) -> [String; 2] {
    [format!("/LiveApp/streams/{stream}.m3u8"), format!("/LiveApp/streams/{stream}/{stream}.mpd")]
}

/// A new person each time: 127.0.0.x.
fn person(number: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, number])
}

#[tokio::test]
async fn publishing_needs_the_right_code() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"enableTimeTokenForPublish": true})).await;
    rest.subscriber("LiveApp", "s", "publisherA", SECRET, "publish").await;
    rest.subscriber("LiveApp", "s", "playerB", SECRET, "play").await;
    rest.subscriber("LiveApp", "other", "publisherA", OTHER_SECRET, "publish").await;
    within_step(60, 25).await;
    let refused = [
        ("missing", "/LiveApp/s".to_owned()),
        ("wrong", "/LiveApp/s?subscriberId=publisherA&subscriberCode=000000".to_owned()),
        ("expired", format!("/LiveApp/s?subscriberId=publisherA&subscriberCode={}", code(SECRET, 60, -3))),
        ("future", format!("/LiveApp/s?subscriberId=publisherA&subscriberCode={}", code(SECRET, 60, 2))),
        ("other stream's", format!("/LiveApp/s?subscriberId=publisherA&subscriberCode={}", code(OTHER_SECRET, 60, 0))),
        ("wrong type", format!("/LiveApp/s?subscriberId=playerB&subscriberCode={}", code(SECRET, 60, 0))),
        ("unknown subscriber", format!("/LiveApp/s?subscriberId=nobody&subscriberCode={}", code(SECRET, 60, 0))),
    ];
    for (what, path) in refused {
        Publisher::start(&server.rtmp_url(&path)).complaint().await;
        assert_eq!(rest.status("/LiveApp/streams/s.m3u8").await, 404, "{what}: nothing went on the air");
    }
    let right = code(SECRET, 60, 0);
    let query = format!("/LiveApp/s?subscriberId=publisherA&subscriberCode={right}");
    let publisher = Publisher::start(&server.rtmp_url(&query));
    server.live("LiveApp", "s").await;
    publisher.finish().await;
    // The path form, with the same code from the same client while it is valid.
    eventually("the stream ended", || async {
        (rest.status("/LiveApp/rest/v2/broadcasts/s").await == 404).then_some(())
    })
    .await;
    let _publisher = Publisher::start(&server.rtmp_url(&format!("/LiveApp/s/-/publisherA/{}", code(SECRET, 60, 0))));
    server.live("LiveApp", "s").await;
    assert!(!server.log().contains(&right), "no code in the log");
}

#[tokio::test]
async fn playing_needs_the_right_code_on_hls_and_dash() {
    let server = Server::start().await;
    let rest = server.rest();
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    rest.set("LiveApp", json!({"enableTimeTokenForPlay": true})).await;
    rest.subscriber("LiveApp", "s", "playerB", SECRET, "play").await;
    rest.subscriber("LiveApp", "s", "publisherA", OTHER_SECRET, "publish").await;
    within_step(60, 20).await;
    let viewer = server.rest_from(person(10));
    for manifest in manifests("s") {
        let ask = |query: String| {
            let (viewer, path) = (viewer.clone(), format!("{manifest}{query}"));
            async move { viewer.status(&path).await }
        };
        assert_eq!(ask(String::new()).await, 403, "missing");
        assert_eq!(ask("?subscriberId=playerB".to_owned()).await, 403, "no code");
        assert_eq!(ask("?subscriberId=playerB&subscriberCode=000000".to_owned()).await, 403, "wrong");
        assert_eq!(ask(format!("?subscriberId=playerB&subscriberCode={}", code(SECRET, 60, -3))).await, 403, "expired");
        assert_eq!(
            ask(format!("?subscriberId=playerB&subscriberCode={}", code(OTHER_SECRET, 60, 0))).await,
            403,
            "other's"
        );
        let publishers = format!("?subscriberId=publisherA&subscriberCode={}", code(OTHER_SECRET, 60, 0));
        assert_eq!(ask(publishers).await, 200, "who may publish may play");
    }
    let denied = rest.get_from_page("/LiveApp/streams/s.m3u8", "https://customer.example").await;
    let allowed = &denied.headers()["access-control-allow-origin"];
    assert_eq!(allowed, "https://customer.example", "a page can read the refusal");
    assert_eq!(denied.text().await.unwrap(), "Time Based subscriber id or code is invalid");
    for manifest in manifests("s") {
        let fresh = code(SECRET, 60, 0);
        let url = server.url(&format!("{manifest}?subscriberId=playerB&subscriberCode=%20{fresh}"));
        assert_eq!(Player::play(&url, 3).await, "", "{manifest} plays with a right code");
    }
}

#[tokio::test]
async fn a_copied_code_is_worth_nothing_elsewhere() {
    let server = Server::start().await;
    let rest = server.rest();
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    rest.set("LiveApp", json!({"enableTimeTokenForPlay": true})).await;
    rest.subscriber("LiveApp", "s", "playerB", SECRET, "play").await;
    within_step(60, 15).await;
    let path = format!("/LiveApp/streams/s.m3u8?subscriberId=playerB&subscriberCode={}", code(SECRET, 60, 0));
    let (owner, thief) = (server.rest_from(person(20)), server.rest_from(person(21)));
    assert_eq!(owner.status(&path).await, 200);
    assert_eq!(thief.status(&path).await, 403, "replayed from another address");
    assert_eq!(owner.status(&path).await, 200, "a refresh of the page");
}

#[tokio::test]
async fn derived_codes_work_without_registration() {
    let server = Server::start().await;
    let rest = server.rest();
    let settings = json!({
        "enableTimeTokenForPublish": true, "timeTokenSecretForPublish": "pubSecret1",
        "enableTimeTokenForPlay": true, "timeTokenSecretForPlay": "playSecret",
    });
    rest.set("LiveApp", settings).await;
    within_step(60, 20).await;
    let fetched = rest.json("/LiveApp/rest/v2/broadcasts/stream1/subscribers/publisherA/totp?type=publish").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(fetched["dataId"], code_of(b"pubSecret1publisherAstream1publishXXXXXX", 60, now), "{fetched}");
    let code = fetched["dataId"].as_str().unwrap();
    let query = format!("/LiveApp/stream1?subscriberId=publisherA&subscriberCode={code}");
    let _publisher = Publisher::start(&server.rtmp_url(&query));
    let play = rest.json("/LiveApp/rest/v2/broadcasts/stream1/subscribers/playerB/totp?type=play").await;
    let path = format!(
        "/LiveApp/streams/stream1.m3u8?subscriberId=playerB&subscriberCode={}",
        play["dataId"].as_str().unwrap()
    );
    eventually("the viewer with a derived code plays", || async { (rest.status(&path).await == 200).then_some(()) })
        .await;
    let junk = rest.json("/LiveApp/rest/v2/broadcasts/stream1/subscribers/playerB/totp?type=junk").await;
    assert_eq!(junk["success"], false);
    // Without undefined streams only registered subscribers are admitted.
    let mut strict = rest.json("/rest/v2/applications/settings/LiveApp").await;
    strict["acceptOnlyStreamsInDataStore"] = json!(true);
    rest.post("/rest/v2/applications/settings/LiveApp", strict).await;
    let stranger = server.rest_from(person(30));
    let another = rest.json("/LiveApp/rest/v2/broadcasts/stream1/subscribers/playerC/totp?type=play").await;
    let path = format!(
        "/LiveApp/streams/stream1.m3u8?subscriberId=playerC&subscriberCode={}",
        another["dataId"].as_str().unwrap_or("000000")
    );
    assert_eq!(stranger.status(&path).await, 403);
}
