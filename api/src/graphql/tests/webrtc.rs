//! WebRTC in the graph: its settings, messages to those who watch, rooms.

use serde_json::{Value, json};
use sluice_contract::Operation;
use sluice_contract::message::{Command, EventKind};

use super::Client;
use crate::tests::{TestApi, TestWorker, stream_of};

async fn on_air(test: &TestApi, worker: &TestWorker, stream: &str, query: &str) {
    let session = worker.admitted(worker.request(Operation::Publish, stream, query)).await;
    let mut broadcasts = test.api.broadcast_events();
    worker.tell(EventKind::SessionStarted { session: session.clone() }).await;
    worker.tell(EventKind::StreamStarted { stream: stream_of(&session) }).await;
    broadcasts.recv().await.expect("told");
}

#[tokio::test]
async fn the_settings_of_webrtc_are_read_and_written() {
    let test = TestApi::new().await;
    let mut worker = test.worker().await;
    let local = Client::local(&test);
    let patch = r#"mutation { updateApplicationSettings(input: { application: "LiveApp", settings: {
        vp8Enabled: true, stunServerURI: "turn:turn.example.org", turnServerUsername: "u", turnServerCredential: "hunter2",
        webRTCClientStartTimeoutMs: 5000, dataChannelPlayerDistribution: "publisher", webRTCTranscodingAllowed: true
      } }) { application { settings {
        webRTCEnabled vp8Enabled stunServerURI turnServerUsername hasTurnServerCredential webRTCClientStartTimeoutMs
        dataChannelPlayerDistribution webRTCTranscodingAllowed other { name }
      } } problems { code path message } } }"#;
    let changed = local.data(patch).await["updateApplicationSettings"].take();
    assert_eq!(changed["problems"], json!([]), "{changed}");
    let mut settings = changed["application"]["settings"].clone();
    let other = settings["other"].take().to_string();
    assert!(!other.contains("stunServerURI") && other.contains("h265Enabled"), "{other}");
    let expected = json!({
        "webRTCEnabled": true, "vp8Enabled": true, "stunServerURI": "turn:turn.example.org", "turnServerUsername": "u",
        "hasTurnServerCredential": true, "webRTCClientStartTimeoutMs": 5000, "dataChannelPlayerDistribution": "publisher",
        "webRTCTranscodingAllowed": true, "other": null,
    });
    assert_eq!(settings, expected);
    let Ok(Command::Settings { settings }) = worker.commands.try_recv() else { panic!("workers are told") };
    assert!(settings.webrtc.vp8 && settings.webrtc.turn_server_credential.matches("hunter2"));

    let wrong = r#"mutation { updateApplicationSettings(input: { application: "LiveApp",
        settings: { stunServerURI: "http://x" } }) { problems { code } } }"#;
    assert_eq!(local.data(wrong).await["updateApplicationSettings"]["problems"][0]["code"], "INVALID");
}

#[tokio::test]
async fn a_message_is_sent_to_those_who_are_there() {
    let test = TestApi::new().await;
    let mut worker = test.worker().await;
    let local = Client::local(&test);
    let send = r#"mutation { sendData(input: { application: "LiveApp", streamId: "stream1", message: "hello" })
        { sessionsReached workersAcknowledged workersPending { name } problems { code message } } }"#;
    let refused = local.data(send).await["sendData"].take();
    assert_eq!(refused["problems"][0]["code"], "NOT_LIVE");
    on_air(&test, &worker, "stream1", "").await;
    let sent = local.data(send).await["sendData"].take();
    let expected = json!({ "sessionsReached": 1, "workersAcknowledged": 1, "workersPending": [], "problems": [] });
    assert_eq!(sent, expected);
    let told = worker.commands.try_recv();
    assert!(matches!(&told, Ok(Command::Data { message, .. }) if message == "hello"), "{told:?}");

    let long = format!(
        r#"mutation {{ sendData(input: {{ application: "LiveApp", streamId: "stream1", message: "{}" }})
        {{ problems {{ code path }} }} }}"#,
        "x".repeat((64 << 10) + 1)
    );
    let refused = local.data(&long).await["sendData"].take();
    assert_eq!(refused["problems"], json!([{ "code": "LIMIT", "path": "message" }]));
}

#[tokio::test]
async fn a_room_is_made_and_shown_with_its_members() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let local = Client::local(&test);
    let create = r#"mutation { createBroadcast(input: { application: "LiveApp", streamId: "room1", room: true })
        { broadcast { room status } problems { code } } }"#;
    let created = local.data(create).await["createBroadcast"].take();
    assert_eq!(created["broadcast"], json!({ "room": true, "status": "CREATED" }));
    on_air(&test, &worker, "alice1", "mainTrack=room1&role=host").await;
    let rooms = r#"{ application(name: "LiveApp") {
        rooms: broadcasts(filter: { room: true }) { nodes { streamId status } }
        members: broadcasts(filter: { mainTrack: "room1" }) { nodes { streamId role room } }
    } }"#;
    let shown: Value = local.data(rooms).await["application"].take();
    assert_eq!(shown["rooms"]["nodes"], json!([{ "streamId": "room1", "status": "BROADCASTING" }]));
    assert_eq!(shown["members"]["nodes"], json!([{ "streamId": "alice1", "role": "host", "room": false }]));
}
