//! What publishers say about their streams, rooms that gather them, and what workers ask about both.

use serde_json::{Value, json};
use sluice_contract::message::{About, DescribeCall, Description, EndReason, StatsReport, SubtrackFilter};

use super::*;
use crate::jobs;
use crate::manage::{Broadcast, BroadcastStatus, NewBroadcast, PutSubscriber};

const ALICE: &str = "streamName=Alice&metaData=%7B%22a%22%3A1%7D&role=host&mainTrack=room1";

async fn publish(test: &TestApi, worker: &TestWorker, stream: &str, query: &str) -> SessionReport {
    let mut request = worker.request(Operation::Publish, stream, query);
    request.protocol = Protocol::WebRtc;
    let session = worker.admitted(request).await;
    let mut broadcasts = test.api.broadcast_events();
    worker.tell(EventKind::SessionStarted { session: session.clone() }).await;
    worker.tell(EventKind::StreamStarted { stream: stream_of(&session) }).await;
    broadcasts.recv().await.expect("told");
    session
}

async fn end(test: &TestApi, worker: &TestWorker, session: SessionReport) {
    let mut sessions = test.api.session_events();
    worker.tell(EventKind::SessionEnded { session, reason: EndReason::Closed, detail: None }).await;
    sessions.recv().await.expect("told");
}

async fn find(test: &TestApi, stream: &str) -> Option<Broadcast> {
    test.api.broadcast(&test.live_app().await, stream).await.expect("read")
}

async fn create(test: &TestApi, stream: &str, room: bool) {
    let new = NewBroadcast { stream_id: Some(stream.to_owned()), room, ..NewBroadcast::default() };
    test.api.create_broadcast(&test.live_app().await, new).await.expect("created");
}

async fn tracks(test: &TestApi, main: &str) -> Vec<String> {
    let filter = SubtrackFilter::default();
    let tracks = test.api.subtracks(&test.live_app().await, &stream(main), &filter).await.expect("read");
    tracks.iter().map(|track| track.stream_id.to_string()).collect()
}

#[tokio::test]
async fn a_publisher_says_what_its_stream_is_called() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    publish(&test, &worker, "alice1", ALICE).await;
    let alice = find(&test, "alice1").await.expect("there");
    assert_eq!((alice.name.as_deref(), alice.metadata.as_deref()), (Some("Alice"), Some(r#"{"a":1}"#)));
    assert_eq!((alice.role(), alice.main_track.clone()), (Some("host"), Some(stream("room1"))));
    assert_eq!((alice.ephemeral, alice.room, alice.publish_protocol), (true, false, Some(Protocol::WebRtc)));
}

#[tokio::test]
async fn what_a_record_says_outranks_the_publisher() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let application = test.live_app().await;
    create(&test, "alice1", false).await;
    let changes = crate::manage::BroadcastChanges {
        name: Some("Registered".to_owned()),
        metadata: Some("old".to_owned()),
        main_track: Some("room2".to_owned()),
        other: json!({"role": "guest"}).as_object().cloned().expect("an object"),
        ..crate::manage::BroadcastChanges::default()
    };
    test.api.update_broadcast(&application, "alice1", changes).await.expect("stored");
    let session = publish(&test, &worker, "alice1", ALICE).await;
    let alice = find(&test, "alice1").await.expect("there");
    assert_eq!((alice.name.as_deref(), alice.role()), (Some("Registered"), Some("guest")));
    assert_eq!((alice.metadata.as_deref(), alice.main_track), (Some(r#"{"a":1}"#), Some(stream("room2"))));
    assert!(find(&test, "room1").await.is_none() && find(&test, "room2").await.is_some());
    end(&test, &worker, session).await;
    assert_eq!(find(&test, "alice1").await.expect("kept").main_track, Some(stream("room2")), "as it was registered");
}

#[tokio::test]
async fn a_room_lives_as_long_as_its_last_member() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let application = test.live_app().await;
    let alice = publish(&test, &worker, "alice1", ALICE).await;
    let bob = publish(&test, &worker, "bob1", "mainTrack=room1").await;
    let room = find(&test, "room1").await.expect("made");
    assert_eq!((room.room, room.ephemeral, room.status), (true, true, BroadcastStatus::Broadcasting));
    assert_eq!(tracks(&test, "room1").await, ["alice1", "bob1"]);
    end(&test, &worker, alice).await;
    assert_eq!(tracks(&test, "room1").await, ["bob1"]);
    // Somebody moves the last member elsewhere.
    let elsewhere = |main: &str| crate::manage::BroadcastChanges {
        main_track: Some(main.to_owned()),
        ..crate::manage::BroadcastChanges::default()
    };
    test.api.update_broadcast(&application, "bob1", elsewhere("room2")).await.expect("stored");
    assert!(find(&test, "room1").await.is_none());
    assert_eq!(tracks(&test, "room2").await, ["bob1"]);
    end(&test, &worker, bob).await;
    assert!(find(&test, "room2").await.is_none() && find(&test, "bob1").await.is_none());
}

#[tokio::test]
async fn registered_streams_and_rooms_stay_and_part() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    create(&test, "room1", true).await;
    create(&test, "alice1", false).await;
    let session = publish(&test, &worker, "alice1", "mainTrack=room1").await;
    assert_eq!(find(&test, "room1").await.expect("there").status, BroadcastStatus::Broadcasting);
    end(&test, &worker, session).await;
    let (room, alice) = (find(&test, "room1").await.expect("kept"), find(&test, "alice1").await.expect("kept"));
    assert_eq!((room.status, alice.main_track), (BroadcastStatus::Finished, None));
    assert_eq!(tracks(&test, "room1").await, [""; 0]);
}

#[tokio::test]
async fn a_stream_of_its_own_may_have_tracks_too() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let main = publish(&test, &worker, "stage", "").await;
    let german = publish(&test, &worker, "german", "mainTrack=stage").await;
    end(&test, &worker, german).await;
    let stage = find(&test, "stage").await.expect("still there");
    assert_eq!((stage.room, stage.status), (false, BroadcastStatus::Broadcasting));
    let german = publish(&test, &worker, "german", "mainTrack=stage").await;
    end(&test, &worker, main).await;
    assert!(find(&test, "stage").await.is_none());
    end(&test, &worker, german).await;
}

#[tokio::test]
async fn rooms_that_nobody_registered_can_be_refused_and_blocks_hold_for_members() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let member = || worker.request(Operation::Publish, "alice1", "subscriberId=alice&mainTrack=room1");
    let application = test.set(json!({"acceptOnlyRoomsInDataStore": true})).await;
    assert_eq!(worker.refusal(member()).await, DenyReason::UnregisteredStream);
    create(&test, "room1", true).await;
    let block = crate::manage::BlockRequest {
        stream_id: stream("room1"),
        subscriber_id: subscriber("alice"),
        operations: crate::manage::BlockOperations::Publish,
        seconds: 60,
    };
    test.api.block(&application, block.clone()).await.expect("blocked");
    assert!(matches!(worker.refusal(member()).await, DenyReason::Blocked { .. }), "a block on the room");
    test.api.block(&application, crate::manage::BlockRequest { seconds: 0, ..block }).await.expect("lifted");
    worker.admitted(member()).await;
}

#[tokio::test]
async fn a_full_room_takes_its_members_back_and_nobody_else() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    create(&test, "room1", true).await;
    let limit = crate::manage::BroadcastChanges {
        other: json!({"subtracksLimit": 1}).as_object().cloned().expect("an object"),
        ..crate::manage::BroadcastChanges::default()
    };
    test.api.update_broadcast(&test.live_app().await, "room1", limit).await.expect("stored");
    let alice = publish(&test, &worker, "alice1", "mainTrack=room1").await;
    let bob = || worker.request(Operation::Publish, "bob1", "mainTrack=room1");
    assert_eq!(worker.refusal(bob()).await, DenyReason::RoomFull);
    end(&test, &worker, alice).await;
    worker.admitted(bob()).await;
}

#[tokio::test]
async fn a_member_whose_worker_was_only_cut_off_is_in_its_room_again() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let session = publish(&test, &worker, "alice1", ALICE).await;
    test.pass(11);
    jobs::watch_workers(&test.api).await.expect("watched");
    assert!(find(&test, "room1").await.is_none());
    let streams = vec![stream_of(&session)];
    let back = TestWorker::join(&test, vec![session], streams, true).await;
    assert!(back.welcome.end_sessions.is_empty());
    assert_eq!(tracks(&test, "room1").await, ["alice1"]);
}

#[tokio::test]
async fn stopping_a_room_stops_its_members() {
    let test = TestApi::new().await;
    let mut worker = test.worker().await;
    publish(&test, &worker, "alice1", ALICE).await;
    let application = test.live_app().await;
    test.api.stop_broadcast(&application, "room1", true).await.expect("stopped");
    let mut stopped = Vec::new();
    while let Ok(Command::EndStream { stream_id, .. }) = worker.commands.try_recv() {
        stopped.push(stream_id.to_string());
    }
    assert_eq!(stopped, ["room1", "alice1"]);
}

/// Everything that could be asked about a stream.
async fn ask(worker: &TestWorker, of: &str, about: About) -> Option<Description> {
    let application = "LiveApp".parse().expect("a name");
    let call = DescribeCall { worker: worker.id, application, stream_id: stream(of), about };
    worker.link.describe(call).await.expect("answered")
}

fn objects(description: Option<Description>) -> Vec<Value> {
    let texts = match description {
        Some(Description::Text { text }) => vec![text],
        Some(Description::Texts { texts }) => texts,
        other => panic!("{other:?}"),
    };
    texts.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect()
}

#[tokio::test]
async fn a_worker_is_told_of_a_stream_what_viewers_may_know() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let application = test.live_app().await;
    assert_eq!(ask(&worker, "stream1", About::Broadcast).await, None);
    let other = json!({
        "streamUrl": "rtsp://user:hunter2@camera", "username": "hunter2", "ipAddr": "10.0.0.9",
        "listenerHookURL": "https://hooks.example.org/hunter2",
        "endPointList": [{"endpointUrl": "rtmp://elsewhere/hunter2"}],
    });
    let fields = crate::manage::BroadcastChanges {
        name: Some("Stage".to_owned()),
        other: other.as_object().cloned().expect("an object"),
        ..crate::manage::BroadcastChanges::default()
    };
    let new = NewBroadcast { stream_id: Some("stream1".to_owned()), fields, ..NewBroadcast::default() };
    test.api.create_broadcast(&application, new).await.expect("created");
    let publisher = publish(&test, &worker, "stream1", "").await;
    let told = objects(ask(&worker, "stream1", About::Broadcast).await).remove(0);
    assert_eq!((&told["name"], &told["status"]), (&json!("Stage"), &json!("broadcasting")));
    let text = told.to_string();
    assert!(!text.contains("hunter2") && !text.contains("127.0.0.2") && !text.contains("10.0.0.9"), "{text}");

    let put = |id: &str| PutSubscriber {
        subscriber_id: Some(id.to_owned()),
        b32_secret: Some(sluice_contract::Secret::from("MYSECRET")),
        ..PutSubscriber::default()
    };
    for id in ["playerA", "playerB", "playerC"] {
        test.api.put_subscriber(&application, &stream("stream1"), put(id)).await.expect("stored");
    }
    let page = About::Subscribers { offset: 1, size: 1 };
    let told = objects(ask(&worker, "stream1", page).await);
    assert_eq!((told.len(), &told[0]["subscriberId"], &told[0]["connected"]), (1, &json!("playerB"), &json!(false)));
    assert!(!told[0].to_string().contains("MYSECRET"));

    let viewer = |protocol, last| {
        let mut request = from(worker.request(Operation::Play, "stream1", ""), last);
        request.protocol = protocol;
        report_of(&request)
    };
    let sessions =
        vec![publisher.clone(), viewer(Protocol::WebRtc, 3), viewer(Protocol::Whep, 4), viewer(Protocol::Hls, 5)];
    let report = StatsReport { sessions, streams: vec![stream_of(&publisher)], ..StatsReport::of(worker.id, START) };
    test.api.fleet().picture.report(&report, test.api.now());
    assert_eq!(ask(&worker, "stream1", About::SubscriberCount).await, Some(Description::Count { count: 2 }));
    assert_eq!(ask(&worker, "stream1", About::Unknown).await, None);
}

#[tokio::test]
async fn a_worker_is_told_who_is_in_a_room() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    assert_eq!(ask(&worker, "room1", About::Room).await, None, "there is no such room");
    publish(&test, &worker, "alice1", ALICE).await;
    publish(&test, &worker, "bob1", "mainTrack=room1&role=guest").await;
    worker.admitted(worker.request(Operation::Publish, "carol1", "mainTrack=room1")).await;
    let Some(Description::Room { members }) = ask(&worker, "room1", About::Room).await else { panic!("a room") };
    let names: Vec<_> = members.iter().map(|member| member.stream_id.as_str()).collect();
    assert_eq!(names, ["alice1", "bob1"], "carol sends nothing yet");
    assert_eq!((members[0].name.as_deref(), members[0].role.as_deref()), (Some("Alice"), Some("host")));
    assert_eq!(members[0].meta_data.as_deref(), Some(r#"{"a":1}"#));

    let all = SubtrackFilter::default();
    let guests = SubtrackFilter { role: Some("guest".to_owned()), status: None };
    let live = SubtrackFilter { role: None, status: Some("broadcasting".to_owned()) };
    let ids =
        |told: Vec<Value>| told.iter().filter_map(|t| t["streamId"].as_str().map(str::to_owned)).collect::<Vec<_>>();
    let page = |filter: &SubtrackFilter, offset| About::Subtracks { offset, size: 50, filter: filter.clone() };
    assert_eq!(ids(objects(ask(&worker, "room1", page(&all, 0)).await)), ["alice1", "bob1", "carol1"]);
    assert_eq!(ids(objects(ask(&worker, "room1", page(&all, 2)).await)), ["carol1"]);
    assert_eq!(ids(objects(ask(&worker, "room1", page(&guests, 0)).await)), ["bob1"]);
    for (filter, count) in [(all, 3), (guests, 1), (live, 2)] {
        let told = ask(&worker, "room1", About::SubtrackCount { filter }).await;
        assert_eq!(told, Some(Description::Count { count }));
    }
}
