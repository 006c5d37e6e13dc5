//! The people on WebRTC, and messages to them (`rest-v2` §6, §7): a scripted worker carries them.

use axum::http::StatusCode;
use serde_json::{Value, json};
use sluice_contract::message::{Command, EventKind, SessionReport, SessionStats, StatsReport};
use sluice_contract::{Operation, Protocol, StreamRequest};

use super::{Server, done};
use crate::tests::{START, TestWorker, from, report_of, stream_of};

const APP: &str = "/LiveApp/rest/v2/broadcasts";

fn over(protocol: Protocol, mut request: StreamRequest) -> StreamRequest {
    request.protocol = protocol;
    request
}

fn stats() -> SessionStats {
    SessionStats {
        video_bitrate_bps: 800_000,
        audio_bitrate_bps: 64_000,
        video_bytes: 1_000_000,
        audio_bytes: 80_000,
        video_packets: 900,
        audio_packets: 500,
        video_frames: 300,
        packets_lost: 14,
        nacks: 3,
        key_frame_requests: 2,
        jitter_ms: 7.5,
        available_bitrate_bps: 2_000_000,
        ..SessionStats::default()
    }
}

/// One publisher and two viewers over WebRTC, one over HLS; ten seconds in.
async fn on_air(server: &Server, worker: &TestWorker) -> [SessionReport; 4] {
    let publisher = worker.admitted(over(Protocol::Whip, worker.request(Operation::Publish, "stream1", ""))).await;
    let mut broadcasts = server.test.api.broadcast_events();
    worker.tell(EventKind::SessionStarted { session: publisher.clone() }).await;
    worker.tell(EventKind::StreamStarted { stream: stream_of(&publisher) }).await;
    broadcasts.recv().await.expect("told");
    server.pass(10);
    let play = |protocol, last| report_of(&over(protocol, from(worker.request(Operation::Play, "stream1", ""), last)));
    let sessions = [publisher, play(Protocol::WebRtc, 2), play(Protocol::Whep, 3), play(Protocol::Hls, 4)]
        .map(|session| SessionReport { stats: stats(), ..session });
    let mut ticks = server.test.api.stats_ticks();
    let streams = vec![stream_of(&sessions[0])];
    let report = StatsReport { sessions: sessions.to_vec(), streams, ..StatsReport::of(worker.id, START) };
    worker.link.report(report).await;
    ticks.recv().await.expect("told");
    sessions
}

async fn get(server: &Server, path: &str) -> Value {
    server.get(&format!("{APP}/{path}")).send().await.json()
}

#[tokio::test]
async fn each_viewer_has_figures_of_its_own() {
    let server = Server::start().await;
    let worker = server.test.worker().await;
    on_air(&server, &worker).await;
    let all = get(&server, "stream1/webrtc-client-stats/0/50").await;
    assert_eq!(all.as_array().map(Vec::len), Some(2), "{all}");
    let viewer = all[1].clone();
    let expected = json!({
        "measuredBitrate": 2_000_000, "sendBitrate": 864_000, "videoPacketCount": 900, "audioPacketCount": 500,
        "clientIp": "127.0.0.2", "clientInfo": "", "audioFrameSendPeriod": 20.0,
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&viewer[name], value, "{name}");
    }
    assert_eq!(viewer["videoSentStats"]["videoPacketsSentPerSecond"], 90);
    assert_eq!(viewer["videoSentStats"]["videoBytesSentPerSecond"], 100_000);
    assert_eq!(viewer["audioSentStats"]["audioBytesSent"], 80_000);
    assert_ne!(viewer["clientId"], all[0]["clientId"]);
    assert_eq!(get(&server, "stream1/webrtc-client-stats/1/50").await, json!([viewer]));
    assert_eq!(get(&server, "stream1/webrtc-client-stats/0/0").await, json!([]));
    assert_eq!(get(&server, "other/webrtc-client-stats/0/50").await, json!([]));
    let wrong = server.get(&format!("{APP}/stream1/webrtc-client-stats/a/5")).send().await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn sums_are_of_webrtc_alone() {
    let server = Server::start().await;
    let worker = server.test.worker().await;
    on_air(&server, &worker).await;
    let sent = get(&server, "webrtc-send-low-level-stats").await;
    assert_eq!(sent["videoSendStats"]["videoPacketsSent"], 1_800);
    assert_eq!(sent["videoSendStats"]["videoNackCount"], 6);
    let received = get(&server, "webrtc-receive-low-level-stats").await;
    let video = &received["videoReceiveStats"];
    assert_eq!((&video["videoPacketsLost"], &video["videoFractionLost"]), (&json!(14), &json!(0.01)));
    assert_eq!(video["jitter"], 0.0075);
    let broadcast = get(&server, "stream1").await;
    assert_eq!((&broadcast["publishType"], &broadcast["packetLostRatio"]), (&json!("WebRTC"), &json!(0.01)));
}

#[tokio::test]
async fn viewers_are_listed_and_stopped() {
    let server = Server::start().await;
    let mut worker = server.test.worker().await;
    let [publisher, viewer, ..] = on_air(&server, &worker).await;
    worker.tell(EventKind::SessionStarted { session: viewer.clone() }).await;
    let listed = get(&server, "webrtc-viewers/list/0/5").await;
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    let expected = json!({"viewerId": viewer.session, "streamId": "stream1", "edgeAddress": "localhost"});
    assert!(listed.as_array().expect("a list").contains(&expected), "{listed}");
    let stop = |id: String| server.post(&format!("{APP}/webrtc-viewers/{id}/stop")).send();
    for nobody in ["1".to_owned(), publisher.session.to_string()] {
        assert_eq!(stop(nobody).await.result(false), "There is no such WebRTC viewer");
    }
    let mut told = server.test.api.session_events();
    worker.tell(EventKind::SessionResumed { session: viewer.clone() }).await;
    told.recv().await.expect("told");
    assert_eq!(stop(viewer.session.to_string()).await.json(), done());
    let sent = worker.commands.try_recv().expect("sent before the answer");
    assert!(matches!(sent, Command::EndSession { session, .. } if session == viewer.session), "{sent:?}");
}

#[tokio::test]
async fn a_message_goes_to_everybody_who_is_there() {
    let server = Server::start().await;
    let mut worker = server.test.worker().await;
    let send = |text: String| server.post(&format!("{APP}/stream1/data")).body("application/json", &text).send();
    assert_eq!(send("hello".to_owned()).await.result(false), "Requested WebRTC stream does not exist");
    on_air(&server, &worker).await;
    // Any text, whatever its media type says.
    assert_eq!(send("<b>hello".to_owned()).await.json(), done());
    match worker.commands.try_recv().expect("sent before the answer") {
        Command::Data { stream_id, message, .. } => {
            assert_eq!((stream_id.as_str(), message.as_str()), ("stream1", "<b>hello"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(send("x".repeat(64 << 10)).await.json(), done());
    assert_eq!(send("x".repeat((64 << 10) + 1)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    server.set("LiveApp", json!({"dataChannelEnabled": false})).await;
    assert_eq!(send("hello".to_owned()).await.result(false), "Data channels are not enabled");
    server.set("LiveApp", json!({"dataChannelEnabled": true, "webRTCEnabled": false})).await;
    assert_eq!(send("hello".to_owned()).await.result(false), "Requested WebRTC stream does not exist");
}
