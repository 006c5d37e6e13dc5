//! Playing over RTMP: with real players, behind every mode, under blocks.

use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Player, Publisher, Rtmp, Said, Server, code, eventually, output, sha256_hex, within_step};

const SECRET: &str = "mysecret";

/// A server on which `s` is live and may be played over RTMP.
async fn live_server() -> (Server, Publisher) {
    let server = Server::start().await;
    server.rest().set("LiveApp", json!({"rtmpPlaybackEnabled": true})).await;
    let publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    (server, publisher)
}

/// A new person each time: 127.0.0.x.
fn person(number: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, number])
}

async fn connect(server: &Server, from: u8) -> Rtmp {
    Rtmp::connect(server.rtmp_players, person(from), "LiveApp").await.expect("a connection")
}

/// A player that was let in.
async fn playing(server: &Server, from: u8, key: &str) -> Rtmp {
    let mut player = connect(server, from).await;
    assert_eq!(player.play(key).await, Said::Yes, "{key}");
    player
}

/// What a request is answered with: nothing, or code and description of the refusal.
async fn refusal(server: &Server, from: u8, key: &str) -> Option<(String, String)> {
    match connect(server, from).await.play(key).await {
        Said::Yes => None,
        Said::No(status) => Some((status.code, status.description)),
        Said::HungUp => panic!("{key}: closed without a word"),
    }
}

/// The code that a request is answered with.
async fn answer(server: &Server, from: u8, key: &str) -> String {
    refusal(server, from, key).await.map_or_else(|| STARTED.to_owned(), |(code, _)| code)
}

const STARTED: &str = "it plays";
const UNAUTHORISED: &str = "NetStream.Publish.BadName";
const ABSENT: &str = "NetStream.Play.StreamNotFound";

#[tokio::test]
async fn ffmpeg_and_gstreamer_play() {
    let (server, publisher) = live_server().await;
    assert_eq!(Player::play(&server.rtmp_play_url("/LiveApp/s"), 3).await, "", "every frame decodes");
    for source in ["rtmp2src location=", "rtmpsrc location="] {
        let mut command = Command::new("gst-launch-1.0");
        command.args(["-q"]).args(source.split(' ').take(1));
        command.arg(format!("location={}", server.rtmp_play_url("/LiveApp/s")));
        command.args(["!", "flvdemux", "name=d", "d.video", "!", "queue", "!", "h264parse", "!", "avdec_h264"]);
        command.args(["!", "fakesink", "num-buffers=40", "sync=false"]);
        let output = output(command).await;
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && complaint.is_empty(), "{source}: {complaint}");
    }
    // A player that is there is counted and told of the end.
    let rest = server.rest();
    let watchers = async || rest.json("/LiveApp/rest/v2/broadcasts/s").await["rtmpViewerCount"].clone();
    eventually("the earlier ones are gone", || async { (watchers().await == 0).then_some(()) }).await;
    let url = server.rtmp_play_url("/LiveApp/s?subscriberId=watcher");
    let watching = tokio::spawn(async move { Player::play(&url, 3_600).await });
    eventually("the player is counted", || async { (watchers().await == 1).then_some(()) }).await;
    publisher.finish().await;
    let complaint = tokio::time::timeout(Duration::from_secs(30), watching).await.expect("ffmpeg ends by itself");
    assert_eq!(complaint.expect("it ran"), "");
}

#[tokio::test]
async fn rtmp_is_not_played_unless_it_is_switched_on() {
    let (server, _publisher) = live_server().await;
    let rest = server.rest();
    let mut player = playing(&server, 10, "s").await;
    rest.set("LiveApp", json!({"rtmpPlaybackEnabled": false})).await;
    while player.frame().await.is_some() {}
    let disabled = ("NetStream.Failed".to_owned(), "RTMP playback is disabled.".to_owned());
    assert_eq!(refusal(&server, 10, "s").await, Some(disabled));
    let default = rest.json("/rest/v2/applications/settings/WebRTCAppEE").await;
    assert_eq!(default["rtmpPlaybackEnabled"], false);
}

#[tokio::test]
async fn a_player_needs_the_right_code() {
    let (server, _publisher) = live_server().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"enableTimeTokenForPlay": true})).await;
    rest.subscriber("LiveApp", "s", "playerB", SECRET, "play").await;
    within_step(60, 20).await;
    let right = code(SECRET, 60, 0);
    for (what, key) in [
        ("none", "s".to_owned()),
        ("wrong", "s?subscriberId=playerB&subscriberCode=000000".to_owned()),
        ("expired", format!("s?subscriberId=playerB&subscriberCode={}", code(SECRET, 60, -3))),
        ("nobody", format!("s?subscriberId=nobody&subscriberCode={right}")),
    ] {
        assert_eq!(answer(&server, 11, &key).await, UNAUTHORISED, "{what}");
    }
    assert_eq!(answer(&server, 12, &format!("s?subscriberId=playerB&subscriberCode={right}")).await, STARTED);
    assert_eq!(answer(&server, 12, &format!("s/-/playerB/{right}")).await, STARTED, "by place");
    assert_eq!(answer(&server, 13, &format!("s/-/playerB/{right}")).await, UNAUTHORISED, "copied");
    assert!(!server.log().contains(&right), "no code in the log");
}

#[tokio::test]
async fn a_one_time_token_opens_once_and_is_not_burnt_by_a_stream_that_is_offline() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"rtmpPlaybackEnabled": true, "playTokenControlEnabled": true})).await;
    rest.post("/LiveApp/rest/v2/broadcasts/create", json!({"streamId": "s"})).await;
    let expires = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 600;
    let made = rest.json(&format!("/LiveApp/rest/v2/broadcasts/s/token?expireDate={expires}&type=play")).await;
    let token = made["tokenId"].as_str().unwrap_or_else(|| panic!("a token: {made}")).to_owned();
    assert_eq!(answer(&server, 14, "s?token=wrong").await, UNAUTHORISED);
    assert_eq!(answer(&server, 14, &format!("s?token={token}")).await, ABSENT, "offline");
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    eventually("the stream is on air", || async {
        (rest.json("/LiveApp/rest/v2/broadcasts/s").await["status"] == "broadcasting").then_some(())
    })
    .await;
    assert_eq!(answer(&server, 14, "s").await, UNAUTHORISED, "none");
    let mut player = playing(&server, 14, &format!("s/{token}")).await;
    assert!(player.frame().await.is_some());
    assert_eq!(answer(&server, 14, &format!("s?token={token}")).await, UNAUTHORISED, "spent");
    assert_eq!(answer(&server, 15, &format!("s?token={token}")).await, UNAUTHORISED, "spent elsewhere");
    assert!(!server.log().contains(&token), "no token in the log");
}

#[tokio::test]
async fn hashes_and_jwts_open_for_players_too() {
    let (server, _publisher) = live_server().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"hashControlPlayEnabled": true, "tokenHashSecret": "this_is_secret"})).await;
    let hash = |operation: &str| sha256_hex(&format!("s{operation}this_is_secret"));
    let (play, publish) = (hash("play"), hash("publish"));
    assert_eq!(answer(&server, 16, &format!("s?token={play}")).await, STARTED);
    assert_eq!(answer(&server, 16, &format!("s?token={publish}")).await, UNAUTHORISED);
    let jwt = json!({
        "hashControlPlayEnabled": false, "playJwtControlEnabled": true, "jwtStreamSecretKey": "stream-secret-of-32-characters!!",
    });
    rest.set("LiveApp", jwt).await;
    let expires = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 600;
    let made: Value =
        rest.json(&format!("/LiveApp/rest/v2/broadcasts/s/jwt-token?expireDate={expires}&type=play")).await;
    let token = made["tokenId"].as_str().unwrap_or_else(|| panic!("a JWT: {made}"));
    assert_eq!(answer(&server, 17, &format!("s?token={token}")).await, STARTED);
    assert_eq!(answer(&server, 17, &format!("s?token={}x", &token[..token.len() - 2])).await, UNAUTHORISED);
    assert_eq!(answer(&server, 17, "s").await, UNAUTHORISED);
}

#[tokio::test]
async fn a_blocked_player_gets_not_one_byte_and_goes_on_at_a_key_frame() {
    let (server, _publisher) = live_server().await;
    let rest = server.rest();
    let mut player = playing(&server, 20, "s?subscriberId=alice").await;
    let mut bystander = playing(&server, 21, "s?subscriberId=bob").await;
    assert!(player.frame().await.is_some_and(|frame| frame.is_key_frame), "a player begins with a key frame");
    rest.block("LiveApp", "s", "alice", 3_600, "play").await;
    // What was on its way before the call returned.
    player.bytes_within(Duration::from_millis(100)).await;
    assert_eq!(player.bytes_within(Duration::from_secs(1)).await, 0, "not one byte");
    assert!(bystander.bytes_within(Duration::from_secs(1)).await > 10_000, "others watch on");
    let blocked = ("NetStream.Failed".to_owned(), "Subscriber alice is blocked.".to_owned());
    assert_eq!(refusal(&server, 22, "s?subscriberId=alice").await, Some(blocked), "a new play");

    rest.block("LiveApp", "s", "alice", 0, "play").await;
    // What came before the block, then the configuration anew, then a key frame.
    while !player.media().await.expect("it goes on").is_config {}
    let resumed = player.frame().await.expect("it goes on");
    assert!(resumed.is_key_frame, "{resumed:?}");
    rest.block("LiveApp", "s", "alice", 1, "publish_play").await;
    player.bytes_within(Duration::from_millis(200)).await;
    assert!(player.frame().await.is_some(), "it ends by itself");
}

#[tokio::test]
async fn a_disconnected_subscriber_and_a_deleted_stream_are_gone() {
    let (server, _publisher) = live_server().await;
    let rest = server.rest();
    let mut player = playing(&server, 23, "s?subscriberId=alice").await;
    rest.delete("/LiveApp/rest/v2/broadcasts/s").await;
    while player.frame().await.is_some() {}
    assert_eq!(answer(&server, 23, "s").await, ABSENT);
}

#[tokio::test]
async fn players_that_never_read_hold_nobody_up() {
    let (server, _publisher) = live_server().await;
    let before = server.resident_bytes();
    let mut stalled = Vec::new();
    for number in 0..100 {
        stalled.push(playing(&server, 30 + number, "s").await);
    }
    let mut healthy = playing(&server, 29, "s").await;
    let mut last = 0;
    while last < 4_000 {
        last = healthy.frame().await.expect("it goes on").timestamp;
    }
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 32 << 20, "memory grew by {grown} bytes");
}

#[tokio::test]
async fn a_publisher_that_returns_at_once_keeps_its_players() {
    let (server, publisher) = live_server().await;
    let mut player = playing(&server, 28, "s").await;
    assert!(player.frame().await.is_some());
    publisher.finish().await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    while !player.media().await.expect("the connection stays").is_config {}
    while !player.frame().await.expect("it goes on").is_key_frame {}
}
