//! What is told of rooms, of streams that nobody watches, and of the server itself.

use serde_json::json;
use sluice_contract::Operation;
use sluice_contract::message::{EndReason, EventKind, WorkerEvent};

use super::telling::{end, publish};
use super::*;
use crate::manage::{BroadcastChanges, NewBroadcast, Page, Viewer};
use crate::tests::{START, stream_of};
use crate::webhooks::status;

async fn create(test: &TestApi, stream_id: &str, max_idle_time: i64) {
    let other = [("maxIdleTime".to_owned(), Value::from(max_idle_time))].into_iter().collect();
    let fields = BroadcastChanges { other, ..Default::default() };
    let new = NewBroadcast { stream_id: Some(stream_id.to_owned()), fields, ..Default::default() };
    test.api.create_broadcast(&test.live_app().await, new).await.expect("created");
}

/// The actions that were written down, the oldest first.
async fn written(test: &TestApi) -> Vec<String> {
    let deliveries = test.api.webhook_deliveries(&test.live_app().await, Page::first()).await.expect("read");
    deliveries.into_nodes().into_iter().rev().map(|delivery| delivery.action).collect()
}

#[tokio::test]
async fn a_room_is_told_from_its_first_member_to_its_last() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"listenerHookURL": receiver.url("/")})).await;
    let worker = test.worker().await;
    let first = publish(&worker, "a", "mainTrack=room").await;
    let told = receiver.some(3).await;
    let of = |action: &str| told.iter().find(|fields| fields["action"] == action).expect("told");
    assert_eq!(of("liveStreamStarted")["mainTrackId"], "room");
    let added = of("subtrackAddedInTheMainTrack");
    assert_eq!((&added["id"], &added["mainTrackId"], &added["roomId"]), (&json!("a"), &json!("room"), &json!("room")));
    let active = of("firstActiveTrackAddedInMainTrack");
    assert_eq!((&active["id"], &active["mainTrackId"]), (&json!("a"), &json!("room")));

    let second = publish(&worker, "b", "mainTrack=room").await;
    end(&worker, first).await;
    // Somebody who was let in and sends nothing is no member yet, and none who is left.
    let silent = worker.admitted(worker.request(Operation::Publish, "c", "mainTrack=room")).await;
    worker.tell(EventKind::SessionStarted { session: silent.clone() }).await;
    end(&worker, second).await;
    let told = receiver.some(7).await;
    let (came, went) =
        (["liveStreamStarted", "subtrackAddedInTheMainTrack"], ["liveStreamEnded", "subtrackLeftTheMainTrack"]);
    let (first, last) = (["firstActiveTrackAddedInMainTrack"], ["noActiveSubtracksLeftInMainTrack"]);
    assert_eq!(written(&test).await, [&came[..], &first, &came, &went, &went, &last].concat());
    let empty = told.iter().find(|fields| fields["action"] == "noActiveSubtracksLeftInMainTrack").expect("told");
    assert_eq!((&empty["id"], &empty["mainTrackId"]), (&json!("room"), &Value::Null));
}

#[tokio::test]
async fn a_live_stream_that_moves_leaves_one_room_and_enters_another() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"listenerHookURL": receiver.url("/")})).await;
    create(&test, "s", 0).await;
    let worker = test.worker().await;
    publish(&worker, "s", "mainTrack=one").await;
    receiver.some(3).await;
    let changes = BroadcastChanges { main_track: Some("two".to_owned()), ..Default::default() };
    test.api.update_broadcast(&test.live_app().await, "s", changes).await.expect("moved");
    let told = receiver.some(4).await;
    let of = |action: &str| told.iter().find(|fields| fields["action"] == action).expect("told");
    assert_eq!(of("subtrackLeftTheMainTrack")["mainTrackId"], "one");
    assert_eq!(of("noActiveSubtracksLeftInMainTrack")["id"], "one");
    assert_eq!(of("subtrackAddedInTheMainTrack")["mainTrackId"], "two");
    assert_eq!(of("firstActiveTrackAddedInMainTrack")["mainTrackId"], "two");
}

#[tokio::test]
async fn a_stream_that_nobody_watches_is_told_once() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"listenerHookURL": receiver.url("/")})).await;
    create(&test, "s", 60).await;
    let worker = test.worker().await;
    let tell = async |kind: EventKind| {
        let event = WorkerEvent { at: test.api.now(), ..worker.event(kind) };
        worker.link.publish(event).await.expect("sent");
    };
    let session = publish(&worker, "s", "").await;
    receiver.next().await;
    let player = worker.admitted(worker.request(Operation::Play, "s", "")).await;
    tell(EventKind::SessionStarted { session: player.clone() }).await;
    receiver.next().await;
    assert_eq!(written(&test).await, ["liveStreamStarted", "playStarted"], "somebody watches");
    test.pass(600);
    tell(EventKind::SessionEnded { session: player, reason: EndReason::Closed, detail: None }).await;
    receiver.next().await;
    assert_eq!(written(&test).await.last().map(String::as_str), Some("idleTimeIsExpired"), "written down ahead");
    assert_eq!(receiver.asked(), 0, "and not due");
    test.pass(61);
    let told = receiver.next().await.json();
    assert_eq!((&told["action"], &told["id"]), (&json!("idleTimeIsExpired"), &json!("s")));
    assert_eq!(told["timestamp"], START.plus_secs(660).as_millis().to_string());

    // Off air its time runs once more, until the record is gone.
    let (stream, reason) = (stream_of(&session), EndReason::Closed);
    tell(EventKind::StreamEnded { stream, reason, detail: None }).await;
    assert_eq!(receiver.next().await.json()["action"], "liveStreamEnded");
    let times = async || written(&test).await.iter().filter(|action| *action == "idleTimeIsExpired").count();
    assert_eq!((times().await, receiver.asked()), (2, 0), "one was told, one is planned");
    test.api.delete_broadcast(&test.live_app().await, "s", false).await.expect("deleted");
    assert_eq!(times().await, 1, "nothing is told of what is gone");
}

#[tokio::test]
async fn a_time_that_is_changed_counts_from_then() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"listenerHookURL": receiver.url("/")})).await;
    create(&test, "s", 3_600).await;
    let worker = test.worker().await;
    publish(&worker, "s", "").await;
    receiver.next().await;
    let change = |seconds: i64| BroadcastChanges {
        other: [("maxIdleTime".to_owned(), Value::from(seconds))].into_iter().collect(),
        ..Default::default()
    };
    let application = test.live_app().await;
    test.api.update_broadcast(&application, "s", change(0)).await.expect("changed");
    assert_eq!(written(&test).await, ["liveStreamStarted"]);
    test.api.update_broadcast(&application, "s", change(5)).await.expect("changed");
    test.pass(6);
    assert_eq!(receiver.next().await.json()["action"], "idleTimeIsExpired");
}

#[tokio::test]
async fn the_server_tells_of_a_worker_that_is_lost_and_signs_if_it_can() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    let set = async |fields: Value| {
        let Value::Object(fields) = fields else { panic!("an object") };
        test.api.change_server_settings(&Viewer::local(), fields).await.expect("set");
    };
    set(json!({"serverStatusWebHookURL": receiver.url("/status"), "serverName": "live.example.org"})).await;
    let _worker = test.worker().await;
    test.pass(11);
    crate::jobs::watch_workers(&test.api).await.expect("watched");
    let told = receiver.next().await;
    assert!(!told.headers.contains_key("x-sluice-signature"));
    let fields = told.json();
    assert_eq!(fields["action"], "unexpectedServerShutdown");
    assert_eq!((&fields["host"], &fields["worker"]), (&json!("live.example.org"), &json!("test")));

    set(json!({"serverStatusWebHookSecret": "s3cret"})).await;
    receiver.answer(500);
    status::tell_of_a_kill(&test.api).await.expect("kept");
    let first = receiver.next().await;
    assert!(first.headers.contains_key("x-sluice-signature"));
    receiver.answer(200);
    // Until the outcome of the first is written down there is nothing to try again.
    let second = loop {
        test.pass(2);
        if let Ok(second) = timeout(Duration::from_millis(50), receiver.requests.recv()).await {
            break second.expect("the receiver runs");
        }
    };
    assert_eq!(first.header("x-sluice-event"), second.header("x-sluice-event"));
}
