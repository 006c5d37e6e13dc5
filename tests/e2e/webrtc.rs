//! WebRTC: publishers and viewers over WebSocket, WHIP and WHEP, between all protocols, behind the gate and under blocks.

use std::net::IpAddr;

use reqwest::header::{ETAG, LINK, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Begins, Live, Player, Publisher, Server, Signaling, WebRtc, code, eventually, now, within_step};

const SECRET: &str = "mysecret";

/// A new person each time: 127.0.0.x.
pub fn person(number: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, number])
}

pub async fn post(server: &Server, from: IpAddr, path: &str, offer: &str) -> Response {
    server.rest_from(from).send_with(Method::POST, path, &[("Content-Type", "application/sdp")], offer).await
}

/// Publishes the clip over WHIP; returns the peer and the path of its session.
pub async fn whip(server: &Server, from: IpAddr, path: &str) -> (WebRtc, String) {
    let (peer, offer) = WebRtc::publisher(from).await;
    let answer = post(server, from, path, &offer).await;
    assert_eq!(answer.status(), StatusCode::CREATED, "{path}");
    let session = answer.headers()[LOCATION].to_str().unwrap().to_owned();
    peer.accept(&answer.text().await.unwrap()).await;
    (peer, session)
}

/// Plays over WHEP; returns the viewer and the path of its session.
pub async fn whep(server: &Server, from: IpAddr, path: &str) -> (WebRtc, String) {
    let (peer, offer) = WebRtc::viewer(from).await;
    let answer = post(server, from, path, &offer).await;
    assert_eq!(answer.status(), StatusCode::CREATED, "{path}");
    let session = answer.headers()[LOCATION].to_str().unwrap().to_owned();
    peer.accept(&answer.text().await.unwrap()).await;
    (peer, session)
}

/// Plays over a WebSocket that is open.
pub async fn play(socket: &mut Signaling, from: IpAddr, message: &Value) -> WebRtc {
    socket.say(message).await;
    let offer = socket.hear_of("takeConfiguration").await;
    assert_eq!(offer["type"], "offer");
    assert!(offer["idMapping"].as_object().is_some_and(|mapping| mapping.len() == 2), "{offer}");
    let (peer, answer) = WebRtc::answering(from, offer["sdp"].as_str().unwrap()).await;
    socket
        .say(&json!({"command": "takeConfiguration", "streamId": message["streamId"], "type": "answer", "sdp": answer}))
        .await;
    peer
}

/// Publishes over a WebSocket that is open.
pub async fn publish(socket: &mut Signaling, from: IpAddr, message: &Value) -> WebRtc {
    socket.say(message).await;
    assert_eq!(socket.hear().await["command"], "start");
    let (peer, offer) = WebRtc::publisher(from).await;
    let stream = &message["streamId"];
    socket.say(&json!({"command": "takeConfiguration", "streamId": stream, "type": "offer", "sdp": offer})).await;
    let answer = socket.hear_of("takeConfiguration").await;
    assert_eq!((&answer["type"], &answer["streamId"]), (&json!("answer"), stream));
    peer.accept(answer["sdp"].as_str().unwrap()).await;
    peer
}

#[tokio::test]
async fn what_is_published_over_whip_plays_everywhere() {
    let server = Server::start().await;
    server.rest().set("LiveApp", json!({"rtmpPlaybackEnabled": true})).await;
    let (_publisher, _) = whip(&server, person(10), "/LiveApp/whip/s").await;
    server.live("LiveApp", "s").await;
    let (viewer, _) = whep(&server, person(11), "/LiveApp/whep/s").await;
    viewer.plays().await;
    let mut socket = Signaling::connect(&server, person(12), "LiveApp").await;
    let other = play(&mut socket, person(12), &json!({"command": "play", "streamId": "s"})).await;
    socket.hear_of("play_started").await;
    other.plays().await;
    assert_eq!(Player::play(&server.url("/LiveApp/streams/s.m3u8"), 3).await, "", "HLS");
    assert_eq!(Player::play(&server.rtmp_play_url("/LiveApp/s"), 3).await, "", "RTMP");
    let stream = server.rest().json("/LiveApp/rest/v2/broadcasts/s").await;
    assert_eq!((&stream["publishType"], &stream["webRTCViewerCount"]), (&json!("WebRTC"), &json!(2)), "{stream:#}");
}

#[tokio::test]
async fn what_is_published_over_rtmp_plays_over_webrtc() {
    let server = Server::start().await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    let (viewer, _) = whep(&server, person(10), "/LiveApp/whep/s").await;
    viewer.plays().await;
}

#[tokio::test]
async fn sound_that_begins_later_reaches_who_watches_over_whep() {
    let server = Server::start().await;
    let publisher = Live::begin(server.rtmp, person(1), "LiveApp", "s", Begins::Pictures).await.unwrap();
    server.live("LiveApp", "s").await;
    let (viewer, _) = whep(&server, person(10), "/LiveApp/whep/s").await;
    viewer.until("pictures come", |seen| seen.video_packets > 0).await;
    assert_eq!(viewer.seen().audio_packets, 0);
    publisher.complete();
    viewer.plays().await;
}

#[tokio::test]
async fn pictures_out_of_order_are_refused_by_name_or_put_in_order() {
    let server = Server::start().await;
    let _publisher = Publisher::with_b_frames(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    let (_peer, offer) = WebRtc::viewer(person(10)).await;
    let refused = post(&server, person(10), "/LiveApp/whep/s", &offer).await;
    assert_eq!(refused.status(), StatusCode::NOT_ACCEPTABLE);
    let why = refused.text().await.unwrap();
    assert!(why.contains("bframes=0"), "the setting of the encoder is named: {why}");
    let mut socket = Signaling::connect(&server, person(11), "LiveApp").await;
    socket.say(&json!({"command": "play", "streamId": "s"})).await;
    let refused = socket.hear_of("error").await;
    assert_eq!(refused["definition"], "notSetRemoteDescription", "on which the published player goes on to HLS");
    assert!(refused["information"].as_str().is_some_and(|text| text.contains("bframes=0")), "{refused}");

    server.rest().set("LiveApp", json!({"webRTCTranscodingAllowed": true})).await;
    let (viewer, _) = whep(&server, person(12), "/LiveApp/whep/s").await;
    viewer.plays().await;
}

#[tokio::test]
async fn who_cannot_watch_over_webrtc_goes_on_to_hls_with_the_same_credential() {
    let server = Server::start().await;
    let rest = server.rest();
    let _publisher = Publisher::with_b_frames(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    let try_both = async |query: &str| {
        let (_peer, offer) = WebRtc::viewer(person(10)).await;
        let headers = [("Content-Type", "application/sdp"), ("User-Agent", "Firefox")];
        let viewer = server.rest_from(person(10));
        let refused = viewer.send_with(Method::POST, &format!("/LiveApp/whep/s?{query}"), &headers, &offer).await;
        assert_eq!(refused.status(), StatusCode::NOT_ACCEPTABLE, "{query}");
        let playlist = format!("/LiveApp/streams/s.m3u8?{query}");
        let copied = server.rest_from(person(11)).get_with(&playlist, &[("User-Agent", "Firefox")]).await;
        assert_eq!(copied.status(), StatusCode::FORBIDDEN, "{query}, from elsewhere");
        let plays = viewer.get_with(&playlist, &[("User-Agent", "Firefox")]).await;
        assert_eq!(plays.status(), StatusCode::OK, "{query}");
    };

    rest.set("LiveApp", json!({"playTokenControlEnabled": true})).await;
    let token = rest.json(&format!("/LiveApp/rest/v2/broadcasts/s/token?expireDate={}&type=play", now() + 600)).await;
    try_both(&format!("token={}", token["tokenId"].as_str().expect("a token"))).await;

    rest.set("LiveApp", json!({"playTokenControlEnabled": false, "enableTimeTokenForPlay": true})).await;
    rest.subscriber("LiveApp", "s", "alice", SECRET, "play").await;
    try_both(&format!("subscriberId=alice&subscriberCode={}", code(SECRET, 60, 0))).await;
}

#[tokio::test]
async fn a_socket_publishes_and_plays_in_the_order_that_the_sdk_expects() {
    let server = Server::start().await;
    let mut socket = Signaling::connect(&server, person(10), "LiveApp").await;
    socket.say(&json!({"command": "ping"})).await;
    assert_eq!(socket.hear().await["command"], "pong");
    let mut viewers = Signaling::connect(&server, person(11), "LiveApp").await;
    viewers.say(&json!({"command": "play", "streamId": "s"})).await;
    let waits = viewers.hear().await;
    assert_eq!((&waits["definition"], &waits["error_code"]), (&json!("no_stream_exist"), &json!("404")));

    let publisher = publish(&mut socket, person(10), &json!({"command": "publish", "streamId": "s"})).await;
    let started = socket.hear_of("publish_started").await;
    assert_eq!(started["streamId"], "s");
    assert_eq!(viewers.hear_of("streaming_started").await["streamId"], "s", "whoever waited is told");
    let viewer = play(&mut viewers, person(11), &json!({"command": "play", "streamId": "s"})).await;
    viewers.hear_of("play_started").await;
    viewer.plays().await;
    viewers.say(&json!({"command": "play", "streamId": "s"})).await;
    assert_eq!(viewers.hear_of("error").await["definition"], "already_playing");

    socket.say(&json!({"command": "stop", "streamId": "s"})).await;
    assert_eq!(socket.hear_of("publish_finished").await["streamId"], "s");
    assert_eq!(viewers.hear_of("play_finished").await["streamId"], "s");
    drop(publisher);
    // The SDK says stop before it tries again: at once, and of what is not there.
    socket.say(&json!({"command": "stop", "streamId": "s"})).await;
    let _publisher = publish(&mut socket, person(10), &json!({"command": "publish", "streamId": "s"})).await;
    socket.hear_of("publish_started").await;
}

#[tokio::test]
async fn a_blocked_viewer_gets_not_a_packet_until_the_block_ends() {
    let server = Server::start().await;
    let rest = server.rest();
    let _publisher = Live::publish(server.rtmp, person(1), "LiveApp", "s").await.unwrap();
    server.live("LiveApp", "s").await;
    let mut socket = Signaling::connect(&server, person(10), "LiveApp").await;
    let message = json!({"command": "play", "streamId": "s", "subscriberId": "alice"});
    let viewer = play(&mut socket, person(10), &message).await;
    let (whep_viewer, _) = whep(&server, person(11), "/LiveApp/whep/s?subscriberId=alice2").await;
    viewer.plays().await;
    whep_viewer.plays().await;

    for who in ["alice", "alice2"] {
        rest.block("LiveApp", "s", who, 120, "play").await;
    }
    let notified = socket.hear_of("subscriber_blocked").await;
    assert_eq!((&notified["streamId"], &notified["subscriberId"]), (&json!("s"), &json!("alice")));
    assert!(notified["blockedUntil"].is_number(), "{notified}");
    // What was on its way has arrived with the next second's silence.
    let settled = eventually("nothing comes any more", || async {
        let before = (viewer.seen(), whep_viewer.seen());
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        (before == (viewer.seen(), whep_viewer.seen())).then_some(before)
    })
    .await;
    let mut other = Signaling::connect(&server, person(10), "LiveApp").await;
    other.say(&message).await;
    assert_eq!(other.hear().await["definition"], "user_blocked");
    let (_refused, offer) = WebRtc::viewer(person(11)).await;
    let refusal = post(&server, person(11), "/LiveApp/whep/s?subscriberId=alice2", &offer).await;
    assert_eq!((refusal.status(), refusal.text().await.unwrap().as_str()), (StatusCode::FORBIDDEN, "user_blocked"));
    assert_eq!((viewer.seen(), whep_viewer.seen()), settled);

    for who in ["alice", "alice2"] {
        rest.block("LiveApp", "s", who, 0, "play").await;
    }
    socket.hear_of("subscriber_unblocked").await;
    for (viewer, before) in [(&viewer, settled.0), (&whep_viewer, settled.1)] {
        viewer.until("it plays again by itself", |seen| seen.video_packets > before.video_packets + 10).await;
    }
}

#[tokio::test]
async fn a_blocked_publisher_is_closed_and_comes_back_when_it_may() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"enableTimeTokenForPublish": true})).await;
    rest.subscriber("LiveApp", "s", "alice", SECRET, "publish").await;
    within_step(60, 30).await;
    let message = || json!({"command": "publish", "streamId": "s", "subscriberId": "alice", "subscriberCode": code(SECRET, 60, 0)});
    let mut socket = Signaling::connect(&server, person(10), "LiveApp").await;
    let _publisher = publish(&mut socket, person(10), &message()).await;
    socket.hear_of("publish_started").await;
    server.live("LiveApp", "s").await;

    rest.block("LiveApp", "s", "alice", 120, "publish").await;
    assert_eq!(rest.status("/LiveApp/streams/s.m3u8").await, 404, "gone when the call has returned");
    assert_eq!(socket.hear_of("publish_finished").await["streamId"], "s");
    socket.say(&message()).await;
    assert_eq!(socket.hear().await["definition"], "user_blocked");

    rest.block("LiveApp", "s", "alice", 0, "publish").await;
    let _publisher = publish(&mut socket, person(10), &message()).await;
    socket.hear_of("publish_started").await;
}

#[tokio::test]
async fn whip_and_whep_sessions_belong_to_who_made_them() {
    let server = Server::start().await;
    let (publisher, session) = whip(&server, person(10), "/LiveApp/whip/s?token=secret-token").await;
    assert!(!session.contains("secret-token") && session.starts_with("/LiveApp/whip/s/"), "{session}");
    publisher.until("connected", |seen| seen.is_connected).await;
    let stranger = server.rest_from(person(66));
    for path in ["/LiveApp/whip/s/0000", "/LiveApp/whip/other/0000"] {
        assert_eq!(stranger.send_with(Method::DELETE, path, &[], "").await.status(), StatusCode::NOT_FOUND);
        let patch =
            stranger.send_with(Method::PATCH, path, &[("Content-Type", "application/trickle-ice-sdpfrag")], "").await;
        assert_eq!(patch.status(), StatusCode::NOT_FOUND);
    }
    server.live("LiveApp", "s").await;
    let owner = server.rest_from(person(10));
    assert_eq!(owner.send_with(Method::DELETE, &session, &[], "").await.status(), StatusCode::OK);
    assert_eq!(owner.send_with(Method::DELETE, &session, &[], "").await.status(), StatusCode::NOT_FOUND, "once");
    eventually("the stream has ended, which nobody registered", || async {
        (server.rest().status("/LiveApp/rest/v2/broadcasts/s").await == 404).then_some(())
    })
    .await;
}

#[tokio::test]
async fn whip_and_whep_answer_as_their_standard_says() {
    let server = Server::start().await;
    let (_peer, offer) = WebRtc::publisher(person(10)).await;
    let rest = server.rest_from(person(10));
    let plain = rest.send_with(Method::POST, "/LiveApp/whip/s", &[("Content-Type", "text/plain")], &offer).await;
    assert_eq!(plain.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(post(&server, person(10), "/LiveApp/whip/s", "v=0\r\n").await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(post(&server, person(10), "/Nowhere/whip/s", &offer).await.status(), StatusCode::NOT_FOUND);
    let absent = post(&server, person(10), "/LiveApp/whep/s", &offer).await;
    assert_eq!(absent.status(), StatusCode::NOT_FOUND);
    assert!(absent.headers().contains_key(RETRY_AFTER));
    let made = post(&server, person(10), "/LiveApp/whip/s", &offer).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    assert!(made.headers()[ETAG].to_str().unwrap().starts_with('"'));
    assert!(made.headers().contains_key(LINK) && made.headers()["Content-Type"] == "application/sdp");

    server.rest().set("LiveApp", json!({"publishTokenControlEnabled": true})).await;
    let refused = post(&server, person(10), "/LiveApp/whip/t", &offer).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.headers()[WWW_AUTHENTICATE], "Bearer");
    assert_eq!(post(&server, person(10), "/LiveApp/whip/t?token=wrong", &offer).await.status(), StatusCode::FORBIDDEN);
    let token = server.rest().json("/LiveApp/rest/v2/broadcasts/t/token?type=publish&expireDate=9999999999").await;
    let bearer = format!("bearer {}", token["tokenId"].as_str().unwrap());
    let headers = [("Content-Type", "application/sdp"), ("Authorization", bearer.as_str())];
    assert_eq!(rest.send_with(Method::POST, "/LiveApp/whip/t", &headers, &offer).await.status(), StatusCode::CREATED);
}
