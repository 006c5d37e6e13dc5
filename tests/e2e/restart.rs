//! Stops and crashes: nothing is lost that was promised to hold.

use serde_json::json;

use crate::harness::{Publisher, Server};

#[tokio::test]
async fn after_kill_9_the_database_is_sound_blocks_hold_and_ghosts_are_gone() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.post("/LiveApp/rest/v2/broadcasts/create", json!({"streamId": "kept"})).await;
    let kept = Publisher::start(&server.rtmp_url("/LiveApp/kept?subscriberId=alice"));
    let fleeting = Publisher::start(&server.rtmp_url("/LiveApp/fleeting"));
    server.live("LiveApp", "kept").await;
    server.live("LiveApp", "fleeting").await;
    rest.block("LiveApp", "kept", "mallory", 3_600, "publish_play").await;
    let data = server.kill();
    drop((kept, fleeting));

    let server = Server::start_in(data).await;
    let rest = server.rest();
    let record = rest.json("/LiveApp/rest/v2/broadcasts/kept").await;
    assert!(record["status"] != "broadcasting", "no ghost: {}", record["status"]);
    assert_eq!(rest.status("/LiveApp/rest/v2/broadcasts/fleeting").await, 404, "the undefined stream's record is gone");
    assert_eq!(rest.json("/LiveApp/rest/v2/broadcasts/active-live-stream-count").await["number"], 0);
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/kept"));
    server.live("LiveApp", "kept").await;
    assert_eq!(rest.status("/LiveApp/streams/kept.m3u8?subscriberId=mallory").await, 401, "the block holds");
    let another = Publisher::start(&server.rtmp_url("/LiveApp/another?subscriberId=alice"));
    server.live("LiveApp", "another").await;
    another.finish().await;
}

#[tokio::test]
async fn a_clean_stop_ends_sessions_and_leaves_no_listening_file() {
    let server = Server::start().await;
    let publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    let (status, data) = server.stop().await;
    assert!(status.success(), "{status}");
    assert!(!data.path().join("listening.json").exists());
    publisher.complaint().await;
}

#[tokio::test]
async fn settings_survive_a_restart() {
    let server = Server::start().await;
    server
        .rest()
        .set("LiveApp", json!({"acceptOnlyStreamsInDataStore": true, "tokenHashSecret": "this_is_secret"}))
        .await;
    let (_, data) = server.stop().await;
    let database = std::fs::read(data.path().join("sluice.db")).expect("the database");
    assert!(!database.windows(14).any(|window| window == b"this_is_secret"), "secrets are not readable at rest");
    let server = Server::start_in(data).await;
    let settings = server.rest().json("/rest/v2/applications/settings/LiveApp").await;
    assert_eq!(settings["acceptOnlyStreamsInDataStore"], true);
    assert_eq!(settings["tokenHashSecret"], "this_is_secret");
}
