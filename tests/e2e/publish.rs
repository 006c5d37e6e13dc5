//! Publishing over RTMP, and what becomes of the broadcast record.

use std::process::Command;

use serde_json::json;

use crate::harness::{Player, Process, Publisher, Server, eventually};

#[tokio::test]
async fn a_published_stream_plays_as_hls_and_dash() {
    let server = Server::start().await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/stream1"));
    server.live("LiveApp", "stream1").await;
    for path in [
        "/LiveApp/streams/stream1.m3u8",
        "/LiveApp/streams/stream1_adaptive.m3u8",
        "/LiveApp/streams/stream1/stream1.mpd",
    ] {
        assert_eq!(Player::play(&server.url(path), 4).await, "", "{path} decodes without an error");
    }
}

#[tokio::test]
async fn an_undefined_stream_has_a_record_while_it_is_live() {
    let server = Server::start().await;
    let rest = server.rest();
    assert_eq!(rest.status("/LiveApp/rest/v2/broadcasts/fleeting").await, 404);
    let publisher = Publisher::start(&server.rtmp_url("/LiveApp/fleeting"));
    server.live("LiveApp", "fleeting").await;
    let record = rest.json("/LiveApp/rest/v2/broadcasts/fleeting").await;
    assert_eq!((&record["status"], &record["zombi"]), (&json!("broadcasting"), &json!(true)), "{record:#}");
    assert_eq!(record["publishType"], "RTMP");
    publisher.finish().await;
    eventually("the record is deleted", || async {
        (rest.status("/LiveApp/rest/v2/broadcasts/fleeting").await == 404).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_created_broadcast_stays_and_is_finished() {
    let server = Server::start().await;
    let rest = server.rest();
    let created = rest.post("/LiveApp/rest/v2/broadcasts/create", json!({"streamId": "kept", "name": "Kept"})).await;
    assert_eq!(created["status"], "created");
    let publisher = Publisher::start(&server.rtmp_url("/LiveApp/kept"));
    server.live("LiveApp", "kept").await;
    assert_eq!(rest.json("/LiveApp/rest/v2/broadcasts/kept").await["status"], "broadcasting");
    publisher.finish().await;
    eventually("the broadcast is finished", || async {
        (rest.json("/LiveApp/rest/v2/broadcasts/kept").await["status"] == "finished").then_some(())
    })
    .await;
}

#[tokio::test]
async fn undefined_streams_can_be_refused() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"acceptOnlyStreamsInDataStore": true})).await;
    let complaint = Publisher::start(&server.rtmp_url("/LiveApp/x")).complaint().await;
    assert!(
        complaint.contains("NetStream.Publish.BadName")
            || complaint.contains("Input/output error")
            || !complaint.is_empty()
    );
    rest.post("/LiveApp/rest/v2/broadcasts/create", json!({"streamId": "x"})).await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/x"));
    server.live("LiveApp", "x").await;
}

#[tokio::test]
async fn a_live_stream_cannot_be_taken_over() {
    let server = Server::start().await;
    let mut first = Publisher::start(&server.rtmp_url("/LiveApp/mine"));
    server.live("LiveApp", "mine").await;
    Publisher::start(&server.rtmp_url("/LiveApp/mine")).complaint().await;
    assert!(first.is_running(), "the first publisher does not notice");
    server.live("LiveApp", "mine").await;
}

#[tokio::test]
async fn only_allowed_networks_publish() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"allowedPublisherCIDR": "10.20.30.40/24"})).await;
    Publisher::start(&server.rtmp_url("/LiveApp/cidr")).complaint().await;
    rest.set("LiveApp", json!({"allowedPublisherCIDR": "10.20.30.40/24,127.0.0.1/32"})).await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/cidr"));
    server.live("LiveApp", "cidr").await;
}

#[tokio::test]
async fn gstreamer_publishes_too() {
    let server = Server::start().await;
    let location = format!("location={}", server.rtmp_url("/LiveApp/gst"));
    let mut command = Command::new("gst-launch-1.0");
    command
        .args(["-q", "flvmux", "name=mux", "streamable=true", "!", "rtmp2sink"])
        .arg(&location)
        .args(["videotestsrc", "is-live=true", "!", "video/x-raw,format=I420,width=320,height=180,framerate=25/1", "!"])
        .args([
            "x264enc",
            "tune=zerolatency",
            "key-int-max=25",
            "speed-preset=ultrafast",
            "!",
            "h264parse",
            "!",
            "mux.",
        ])
        .args(["audiotestsrc", "is-live=true", "!", "avenc_aac", "!", "aacparse", "!", "mux."]);
    let _pipeline = Process::start(&mut command);
    server.live("LiveApp", "gst").await;
    assert_eq!(Player::play(&server.url("/LiveApp/streams/gst.m3u8"), 3).await, "");
}
