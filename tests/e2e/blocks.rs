//! Blocks: off the air everywhere at once, and back when the block ends.

use serde_json::json;

use crate::harness::{Publisher, Server, code, eventually, within_step};

const SECRET: &str = "mysecret";

const BLOCK: &str = "mutation Block($input: BlockSubscriberInput!) { blockSubscriber(input: $input) {
    blocks { operation until } sessionsStopped sessionsSuspended workersAcknowledged workersPending { id } problems { code message } } }";

#[tokio::test]
async fn a_blocked_publisher_is_off_the_air_before_the_call_returns() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"enableTimeTokenForPublish": true})).await;
    rest.subscriber("LiveApp", "s", "publisherA", SECRET, "publish").await;
    within_step(60, 30).await;
    let url = || server.rtmp_url(&format!("/LiveApp/s?subscriberId=publisherA&subscriberCode={}", code(SECRET, 60, 0)));
    let publisher = Publisher::start(&url());
    server.live("LiveApp", "s").await;

    rest.block("LiveApp", "s", "publisherA", 120, "publish").await;
    assert_eq!(rest.status("/LiveApp/streams/s.m3u8").await, 404, "gone when the call has returned");
    publisher.complaint().await;

    Publisher::start(&url()).complaint().await;
    assert_eq!(rest.status("/LiveApp/streams/s.m3u8").await, 404, "and cannot come back");
    let listed = rest.json("/LiveApp/rest/v2/broadcasts/s/subscribers/list/0/5").await;
    assert_eq!(listed[0]["blockedType"], "publish", "{listed:#}");

    rest.block("LiveApp", "s", "publisherA", 0, "publish").await;
    let _publisher = Publisher::start(&url());
    server.live("LiveApp", "s").await;
}

#[tokio::test]
async fn a_block_over_graphql_tells_what_it_did() {
    let server = Server::start().await;
    let rest = server.rest();
    let publisher = Publisher::start(&server.rtmp_url("/LiveApp/s?subscriberId=alice"));
    server.live("LiveApp", "s").await;
    let input = json!({"application": "LiveApp", "streamId": "s", "subscriberId": "alice", "operation": "PUBLISH", "seconds": 120});
    let data = rest.graphql(BLOCK, json!({"input": input})).await;
    let answer = &data["blockSubscriber"];
    assert_eq!(answer["sessionsStopped"], 1, "{answer:#}");
    assert_eq!(answer["workersAcknowledged"], server.workers.len().max(1), "every worker");
    assert_eq!(answer["problems"], json!([]));
    assert_eq!(rest.status("/LiveApp/streams/s.m3u8").await, 404);
    publisher.complaint().await;
}

#[tokio::test]
async fn a_blocked_viewer_gets_401_whatever_it_drops_and_resumes_by_itself() {
    let server = Server::start().await;
    let rest = server.rest();
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    rest.set("LiveApp", json!({"enableTimeTokenForPlay": true})).await;
    rest.subscriber("LiveApp", "s", "playerB", SECRET, "play").await;
    rest.subscriber("LiveApp", "s", "playerC", SECRET, "play").await;
    within_step(60, 15).await;
    let with_code = |path: &str, who: &str| format!("{path}?subscriberId={who}&subscriberCode={}", code(SECRET, 60, 0));

    let cookies = server.rest_from([127, 0, 0, 50].into()).with_cookies();
    let manifest = cookies.text(&with_code("/LiveApp/streams/s.m3u8", "playerB")).await;
    let ticketed =
        manifest.lines().find(|line| line.starts_with("s/video.m3u8?")).expect("a ticket in the playlist").to_owned();
    let ticket_path = format!("/LiveApp/streams/{ticketed}");
    let ticket = ticketed.split_once('?').unwrap().1.to_owned();
    let bystander = server.rest_from([127, 0, 0, 51].into()).with_cookies();
    assert_eq!(bystander.status(&with_code("/LiveApp/streams/s.m3u8", "playerC")).await, 200);
    let media = bystander.text("/LiveApp/streams/s/video.m3u8").await;
    let segment = media.lines().rfind(|line| line.contains(".m4s")).unwrap().split('?').next().unwrap().to_owned();

    rest.block("LiveApp", "s", "playerB", 120, "play").await;
    let plain = server.rest_from([127, 0, 0, 50].into());
    for path in [
        "/LiveApp/streams/s.m3u8".to_owned(),
        "/LiveApp/streams/s/video.m3u8".to_owned(),
        "/LiveApp/streams/s/audio.m3u8".to_owned(),
        "/LiveApp/streams/s/s.mpd".to_owned(),
        "/LiveApp/streams/s/v-init-1.mp4".to_owned(),
        format!("/LiveApp/streams/s/{segment}"),
    ] {
        let answer = cookies.get(&path).await;
        assert_eq!(answer.status(), 401, "cookie only: {path}");
        assert_eq!(answer.text().await.unwrap(), "Subscriber is blocked");
        assert_eq!(cookies.head(&path).await.status(), 401, "HEAD: {path}");
        assert_eq!(plain.status(&format!("{path}?{ticket}")).await, 401, "ticket only: {path}");
    }
    assert_eq!(plain.status(&with_code("/LiveApp/streams/s.m3u8", "playerB")).await, 401, "a new code");
    let elsewhere = server.rest_from([127, 0, 0, 52].into());
    assert_eq!(elsewhere.status(&ticket_path).await, 401, "a new address");
    assert_eq!(bystander.status("/LiveApp/streams/s.m3u8").await, 200, "others watch on");

    rest.block("LiveApp", "s", "playerB", 0, "play").await;
    assert_eq!(plain.status(&ticket_path).await, 200, "the same address plays on");
    assert_eq!(cookies.status("/LiveApp/streams/s/s.mpd").await, 200);
}

#[tokio::test]
async fn a_block_ends_by_itself() {
    let server = Server::start().await;
    let rest = server.rest();
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    let path = "/LiveApp/streams/s.m3u8?subscriberId=bob";
    assert_eq!(rest.status(path).await, 200);
    rest.block("LiveApp", "s", "bob", 2, "publish_play").await;
    assert_eq!(rest.status(path).await, 401);
    eventually("the block has ended", || async { (rest.status(path).await == 200).then_some(()) }).await;
}

#[tokio::test]
async fn a_block_survives_deletion_and_re_creation_of_the_subscriber() {
    let server = Server::start().await;
    let rest = server.rest();
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    rest.subscriber("LiveApp", "s", "carol", SECRET, "play").await;
    // Thirty days: beyond what 32-bit milliseconds hold.
    rest.block("LiveApp", "s", "carol", 2_592_000, "play").await;
    let path = "/LiveApp/streams/s.m3u8?subscriberId=carol";
    assert_eq!(rest.status(path).await, 401);
    assert_eq!(rest.delete("/LiveApp/rest/v2/broadcasts/s/subscribers/carol").await["success"], true);
    assert_eq!(rest.status(path).await, 401);
    rest.subscriber("LiveApp", "s", "carol", SECRET, "play").await;
    assert_eq!(rest.status(path).await, 401);
    let wrong = rest.put("/LiveApp/rest/v2/broadcasts/s/subscribers/carol/block/10/everything").await;
    assert_eq!(wrong["success"], false);
}
