//! What is live, as REST shows and ends it: a scripted worker carries it.

use serde_json::{Value, json};
use sluice_contract::Operation;
use sluice_contract::message::{Command, EndReason, EventKind, SessionReport, StatsReport, StreamReport, VideoInfo};

use super::{NOW_SECS, Server, done};
use crate::tests::{START, TestWorker, stream_of};

const STREAM: &str = "/LiveApp/rest/v2/broadcasts/stream1";

/// `publisherA` is on air, watched by two over HLS.
async fn on_air(server: &Server, worker: &TestWorker) -> SessionReport {
    let session = worker.admitted(worker.request(Operation::Publish, "stream1", "subscriberId=publisherA")).await;
    let mut broadcasts = server.test.api.broadcast_events();
    worker.tell(EventKind::SessionStarted { session: session.clone() }).await;
    worker.tell(EventKind::StreamStarted { stream: stream_of(&session) }).await;
    broadcasts.recv().await.expect("told");

    let mut ticks = server.test.api.stats_ticks();
    let video = VideoInfo { codec: "avc1.64001F".to_owned(), width: 1280, height: 720 };
    let streams = vec![StreamReport { video: Some(video), ..stream_of(&session) }];
    let sessions = vec![session.clone()];
    worker.link.report(StatsReport { revision: 1, sessions, streams, ..StatsReport::of(worker.id, START) }).await;
    ticks.recv().await.expect("told");
    session
}

async fn register(server: &Server) {
    server.post("/LiveApp/rest/v2/broadcasts/create").json(&json!({"streamId": "stream1"})).send().await;
    let subscriber = json!({"subscriberId": "publisherA"});
    server.post(&format!("{STREAM}/subscribers")).json(&subscriber).send().await.result(true);
}

/// The next command that reaches the worker.
async fn command(worker: &mut TestWorker) -> Command {
    worker.commands.recv().await.expect("a command")
}

#[tokio::test]
async fn a_live_broadcast_is_shown_with_its_figures() {
    let server = Server::start().await;
    let worker = server.test.worker().await;
    register(&server).await;
    on_air(&server, &worker).await;
    server.pass(5);
    let one = server.get(STREAM).send().await.json();
    for (field, value) in [
        ("status", json!("broadcasting")),
        ("publishType", json!("RTMP")),
        ("bitrate", json!(2_000_000)),
        ("speed", json!(1.0)),
        ("width", json!(1280)),
        ("height", json!(720)),
        ("receivedBytes", json!(1_000)),
        ("hlsViewerCount", json!(2)),
        ("dashViewerCount", json!(0)),
        ("anyoneWatching", json!(true)),
        ("duration", json!(5_000)),
        ("remoteIp", json!("127.0.0.2")),
        ("zombi", json!(false)),
    ] {
        assert_eq!(one[field], value, "{field}");
    }
    assert_eq!(server.get("/LiveApp/rest/v2/broadcasts/list/0/5").send().await.json(), json!([one]));
    let count = server.get("/LiveApp/rest/v2/broadcasts/active-live-stream-count").send().await.json();
    assert_eq!(count, json!({"number": 1}));
    let clients = server.get("/rest/v2/live-clients-size").send().await.json();
    assert_eq!(clients, json!({"totalConnectionSize": 1, "totalLiveStreamSize": 1}));
    assert_eq!(server.get("/rest/v2/applications-info").send().await.json()[0]["liveStreamCount"], 1);

    let mut watchers = json!({
        "totalRTMPWatchersCount": 0, "totalHLSWatchersCount": 2, "totalWebRTCWatchersCount": 0,
        "totalDASHWatchersCount": 0,
    });
    assert_eq!(server.get(&format!("{STREAM}/broadcast-statistics")).send().await.json(), watchers);
    watchers["totalRTMPWatchersCount"] = json!(-1);
    watchers["activeLiveStreamCount"] = json!(1);
    let total = "/LiveApp/rest/v2/broadcasts/total-broadcast-statistics";
    assert_eq!(server.get(total).send().await.json(), watchers);
}

#[tokio::test]
async fn a_publisher_that_falls_silent_is_shown_as_lost() {
    let server = Server::start().await;
    let worker = server.test.worker().await;
    register(&server).await;
    on_air(&server, &worker).await;
    server.pass(21);
    assert_eq!(server.get(STREAM).send().await.json()["status"], "terminated_unexpectedly");
    let count = server.get("/LiveApp/rest/v2/broadcasts/active-live-stream-count").send().await.json();
    assert_eq!(count, json!({"number": 0}));
}

#[tokio::test]
async fn stopping_and_deleting_end_the_publisher() {
    let server = Server::start().await;
    let mut worker = server.test.worker().await;
    register(&server).await;
    on_air(&server, &worker).await;
    assert_eq!(server.post(&format!("{STREAM}/stop")).send().await.json(), done());
    let stopped = command(&mut worker).await;
    assert!(matches!(stopped, Command::EndStream { reason: EndReason::Stopped, .. }), "{stopped:?}");
    let message = server.delete(STREAM).send().await.result(true);
    assert_eq!(message, "broadcast is deleted and stopped successfully");
    let deleted = command(&mut worker).await;
    assert!(matches!(deleted, Command::EndStream { reason: EndReason::Deleted, .. }), "{deleted:?}");
}

#[tokio::test]
async fn connections_are_told_in_all_three_lists() {
    let server = Server::start().await;
    let worker = server.test.worker().await;
    register(&server).await;
    let session = on_air(&server, &worker).await;
    server.pass(10);
    let list = server.get(&format!("{STREAM}/subscribers/list/0/5")).send().await.json();
    assert_eq!(list[0]["avgVideoBitrate"], 2_000_000, "also while it is connected");
    let info = server.get(&format!("{STREAM}/stream-info")).send().await.json();
    assert_eq!((&info[0]["videoCodec"], &info[0]["videoHeight"]), (&json!("H264"), &json!(720)));
    let live = server.get("/rest/v2/applications/live-streams/LiveApp").send().await.json();
    assert_eq!(live, json!([{"name": "stream1", "watcherCount": 2}]));
    assert_eq!((&list[0]["connected"], &list[0]["currentConcurrentConnections"]), (&json!(true), &json!(1)));

    let mut sessions = server.test.api.session_events();
    let reason = EndReason::Closed;
    worker.tell(EventKind::StreamEnded { stream: stream_of(&session), reason, detail: None }).await;
    worker.tell(EventKind::SessionEnded { session, reason, detail: None }).await;
    sessions.recv().await.expect("told");

    let kinds = |events: &Value| -> Vec<String> {
        let all = events.as_array().expect("a list");
        all.iter().filter_map(|event| event["eventType"].as_str().map(str::to_owned)).collect()
    };
    let stats = server.get(&format!("{STREAM}/subscriber-stats/list/0/5")).send().await.json();
    assert_eq!(kinds(&stats[0]["connectionEvents"]), ["connected", "disconnected"]);
    assert_eq!(stats[0]["avgVideoBitrate"], 2_000_000);
    assert_eq!(
        stats[0]["connectionEvents"][0],
        json!({
            "timestamp": NOW_SECS * 1_000 + 1_000, "eventType": "connected", "instanceIP": "localhost",
            "type": "publish", "eventProtocol": "rtmp", "streamId": "stream1", "subscriberId": "publisherA",
        })
    );
    let path = format!("{STREAM}/connection-events/0/5");
    assert_eq!(kinds(&server.get(&path).send().await.json()).len(), 2);
    let of = |id: &str| server.get(&format!("{path}?subscriberId={id}")).send();
    assert_eq!(kinds(&of("publisherA").await.json()).len(), 2);
    assert_eq!(of("someoneElse").await.json(), json!([]));
    server.delete(&format!("{STREAM}/subscribers")).send().await.result(true);
    assert_eq!(server.get(&path).send().await.json(), json!([]));
}

#[tokio::test]
async fn a_block_is_in_force_when_the_call_returns() {
    let server = Server::start().await;
    let mut worker = server.test.worker().await;
    let path = format!("{STREAM}/subscribers/publisherA/block/120/publish");
    assert_eq!(server.put(&path).send().await.json(), done());
    let sent = worker.commands.try_recv().expect("sent before the answer");
    assert!(matches!(sent, Command::Block { .. }), "{sent:?}");
    let request = worker.request(Operation::Publish, "stream1", "subscriberId=publisherA");
    assert_eq!(worker.refusal(request).await.code(), "blocked");
}

#[tokio::test]
async fn a_worker_that_does_not_confirm_a_block_is_named() {
    let server = Server::start().await;
    let _silent = TestWorker::join(&server.test, Vec::new(), Vec::new(), false).await;
    let path = format!("{STREAM}/subscribers/publisherA/block/120/publish");
    let message = server.put(&path).send().await.result(true);
    assert_eq!(message, "Stored, but not yet confirmed by: test");
}
