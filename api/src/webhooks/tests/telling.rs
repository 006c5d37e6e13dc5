//! Events from what happened to their receiver.

use serde_json::json;
use sluice_contract::message::{DataMessage, EndReason, EventKind, SessionReport, StatsReport};
use sluice_contract::{Operation, UnixTime};
use uuid::Uuid;

use super::*;
use crate::manage::{
    BlockOperations, BlockRequest, BroadcastChanges, DeliveryState, NewBroadcast, Page, WebhookDelivery,
};
use crate::store::webhooks;
use crate::tests::{START, TestWorker, stream, stream_of, subscriber};
use crate::webhooks::{outbox, upkeep};

const SOON: Duration = Duration::from_secs(20);

pub(super) async fn publish(worker: &TestWorker, name: &str, query: &str) -> SessionReport {
    let session = worker.admitted(worker.request(Operation::Publish, name, query)).await;
    worker.tell(EventKind::SessionStarted { session: session.clone() }).await;
    worker.tell(EventKind::StreamStarted { stream: stream_of(&session) }).await;
    session
}

pub(super) async fn end(worker: &TestWorker, session: SessionReport) {
    let (stream, reason) = (stream_of(&session), EndReason::Closed);
    worker.tell(EventKind::StreamEnded { stream, reason, detail: None }).await;
    worker.tell(EventKind::SessionEnded { session, reason, detail: None }).await;
}

async fn deliveries(test: &TestApi) -> Vec<WebhookDelivery> {
    let application = test.live_app().await;
    test.api.webhook_deliveries(&application, Page::first()).await.expect("read").into_nodes()
}

/// Waits until the newest delivery looks so.
async fn until(test: &TestApi, what: &str, is_so: impl Fn(&WebhookDelivery) -> bool) -> WebhookDelivery {
    let seen = async {
        loop {
            if let Some(newest) = deliveries(test).await.into_iter().next().filter(&is_so) {
                return newest;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, seen).await.unwrap_or_else(|_| panic!("never happened: {what}"))
}

#[tokio::test]
async fn a_stream_is_told_from_its_start_to_its_end() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    let application = test.set(json!({"listenerHookURL": receiver.url("/app")})).await;
    let fields = BroadcastChanges { name: Some("Stage".to_owned()), ..Default::default() };
    let new = NewBroadcast { stream_id: Some("s".to_owned()), fields, ..Default::default() };
    test.api.create_broadcast(&application, new).await.expect("created");
    let worker = test.worker().await;
    let session = publish(&worker, "s", "subscriberId=alice&subscriberCode=123456&token=T&tag=x&id=forged").await;
    let started = receiver.next().await;
    let expected = json!({
        "id": "s", "action": "liveStreamStarted", "streamName": "Stage", "subscriberId": "alice", "app": "LiveApp",
        "timestamp": START.plus_secs(1).as_millis().to_string(), "tag": "x",
    });
    assert_eq!(started.json(), expected);
    assert!(started.headers.contains_key("x-sluice-signature"));

    end(&worker, session).await;
    let ended = receiver.next().await;
    assert_eq!(ended.json()["action"], "liveStreamEnded");
    assert_eq!(ended.json()["tag"], "x");
    assert_ne!(started.header("x-sluice-event"), ended.header("x-sluice-event"));
    let newest = until(&test, "delivered", |delivery| delivery.state == DeliveryState::Delivered).await;
    assert_eq!((newest.action.as_str(), newest.attempts), ("liveStreamEnded", 1));
    assert_eq!(newest.last_outcome.as_deref(), Some("200"));
    assert_eq!(newest.target, receiver.url(""));
}

#[tokio::test]
async fn a_streams_own_webhook_comes_before_the_applications() {
    let test = open_api().await;
    let (mut own, mut apps) = (Receiver::start().await, Receiver::start().await);
    let application = test.set(json!({"listenerHookURL": apps.url("/")})).await;
    let other = [("listenerHookURL".to_owned(), Value::from(own.url("/")))].into_iter().collect();
    let fields = BroadcastChanges { other, ..Default::default() };
    let new = NewBroadcast { stream_id: Some("s".to_owned()), fields, ..Default::default() };
    test.api.create_broadcast(&application, new).await.expect("created");
    let worker = test.worker().await;
    publish(&worker, "s", "").await;
    publish(&worker, "t", "").await;
    assert_eq!(own.next().await.json()["id"], "s");
    assert_eq!(apps.next().await.json()["id"], "t");
    // Deleting a live stream ends it, whatever the worker reports later.
    test.api.delete_broadcast(&test.live_app().await, "s", false).await.expect("deleted");
    assert_eq!(own.next().await.json()["action"], "liveStreamEnded");
}

#[tokio::test]
async fn players_and_silent_publishers_are_told() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"listenerHookURL": receiver.url("/")})).await;
    let worker = test.worker().await;
    let player = worker.admitted(worker.request(Operation::Play, "s", "subscriberId=bob")).await;
    worker.tell(EventKind::SessionStarted { session: player.clone() }).await;
    let told = receiver.next().await.json();
    assert_eq!((&told["action"], &told["subscriberId"]), (&json!("playStarted"), &json!("bob")));
    worker.tell(EventKind::SessionEnded { session: player, reason: EndReason::Idle, detail: None }).await;
    assert_eq!(receiver.next().await.json()["action"], "playStopped");

    let silent = worker.admitted(worker.request(Operation::Publish, "s", "subscriberId=alice")).await;
    worker.tell(EventKind::SessionStarted { session: silent.clone() }).await;
    worker.tell(EventKind::SessionEnded { session: silent, reason: EndReason::Idle, detail: None }).await;
    let told = receiver.next().await.json();
    assert_eq!(told["action"], "publishTimeoutError");
    assert_eq!(told["metadata"], json!({"subscriberId": "alice"}));
}

#[tokio::test]
async fn refusals_and_blocks_are_told_where_they_are_asked_for() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    let url = receiver.url("/");
    test.set(json!({"listenerHookURL": url, "allowedPublisherCIDR": "10.0.0.0/8"})).await;
    let worker = test.worker().await;
    worker.refusal(worker.request(Operation::Publish, "quiet", "")).await;
    let events = json!(["publishRefused", "subscriberBlocked", "subscriberUnblocked"]);
    let application = test.set(json!({"webhookEvents": events})).await;
    worker.refusal(worker.request(Operation::Publish, "s", "subscriberId=mallory&token=T")).await;
    let told = receiver.next().await.json();
    let expected = json!({
        "id": "s", "action": "publishRefused", "subscriberId": "mallory", "app": "LiveApp",
        "timestamp": START.as_millis().to_string(), "reason": "address-not-allowed", "protocol": "rtmp",
        "remoteIp": "127.0.0.2",
    });
    assert_eq!(told, expected);
    for (seconds, action) in [(60, "subscriberBlocked"), (0, "subscriberUnblocked")] {
        let request = BlockRequest {
            stream_id: stream("s"),
            subscriber_id: subscriber("mallory"),
            operations: BlockOperations::Both,
            seconds,
        };
        test.api.block(&application, request).await.expect("blocked");
        let told = receiver.next().await.json();
        assert_eq!((&told["action"], &told["blockedType"]), (&json!(action), &json!("publish_play")));
    }
    let wrong = json!({"webhookEvents": "everything"});
    let Value::Object(wrong) = wrong else { return };
    test.api.patch_settings(&application, wrong).await.expect_err("refused");
}

#[tokio::test]
async fn figures_are_told_once_a_period() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    let settings = json!({"listenerHookURL": receiver.url("/"), "webhookStreamStatusUpdatePeriodMs": 5_000});
    test.set(settings).await;
    let worker = test.worker().await;
    let session = publish(&worker, "s", "").await;
    assert_eq!(receiver.next().await.json()["action"], "liveStreamStarted");
    let streams = vec![stream_of(&session)];
    let mut ticks = test.api.stats_ticks();
    let report = StatsReport { revision: 1, sessions: vec![session], streams, ..StatsReport::of(worker.id, START) };
    worker.link.report(report).await;
    ticks.recv().await.expect("told");
    crate::webhooks::tell_figures(&test.api).await.expect("looked");
    test.pass(6);
    for _ in 0..3 {
        crate::webhooks::tell_figures(&test.api).await.expect("told");
    }
    let told = receiver.next().await.json();
    assert_eq!(told["action"], "liveStreamStatus");
    assert_eq!(told["timestamp"], START.plus_secs(5).as_millis());
    assert_eq!((&told["totalByteReceived"], &told["speed"]), (&json!(1_000), &json!(1.0)));
    until(&test, "delivered", |delivery| delivery.state == DeliveryState::Delivered).await;
    assert_eq!(receiver.asked(), 0);
}

#[tokio::test]
async fn an_event_outlasts_a_receiver_that_is_down_and_a_restart() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    receiver.answer(503);
    test.set(json!({"listenerHookURL": receiver.url("/")})).await;
    let worker = test.worker().await;
    publish(&worker, "s", "").await;
    let first = receiver.next().await;
    let failed = until(&test, "the first try failed", |delivery| delivery.attempts == 1).await;
    assert_eq!((failed.state, failed.next_at), (DeliveryState::Waiting, Some(START.plus_secs(1))));
    assert_eq!(failed.last_outcome.as_deref(), Some("it answered 503"));
    test.pass(1);
    let second = receiver.next().await;
    assert_eq!((second.header("x-sluice-event"), &second.body), (first.header("x-sluice-event"), &first.body));
    until(&test, "the second try failed", |delivery| delivery.attempts == 2).await;

    let dir = Arc::clone(&test.dir);
    test.stop().await;
    receiver.answer(200);
    let test = over(dir).await;
    // The clock of these tests begins anew with every start.
    test.pass(3);
    let mut told: Vec<_> = [receiver.next().await.json(), receiver.next().await.json()].into();
    told.sort_by_key(|told| told["action"].to_string());
    assert_eq!((&told[0]["action"], &told[1]["action"]), (&json!("liveStreamEnded"), &json!("liveStreamStarted")));
}

#[tokio::test]
async fn a_count_of_tries_is_kept_and_what_is_lost_is_in_the_audit() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    receiver.answer(500);
    let settings = json!({"listenerHookURL": receiver.url("/"), "webhookRetryCount": 1, "webhookRetryDelay": 1_000});
    test.set(settings).await;
    let worker = test.worker().await;
    publish(&worker, "s", "").await;
    receiver.next().await;
    until(&test, "the first try failed", |delivery| delivery.attempts == 1).await;
    test.pass(1);
    receiver.next().await;
    until(&test, "it was given up", |delivery| delivery.state == DeliveryState::Dropped).await;
    let filter = crate::manage::AuditFilter { code: Some("webhook-dropped".to_owned()), ..Default::default() };
    let seen = timeout(SOON, async {
        while test.api.count_audit(&crate::manage::Viewer::local(), filter.clone()).await.expect("read") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    seen.await.expect("it is in the audit");
}

#[tokio::test]
async fn a_form_is_sent_where_it_is_asked_for() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    let form = "application/x-www-form-urlencoded";
    test.set(json!({"listenerHookURL": receiver.url("/"), "webhookContentType": form})).await;
    publish(&test.worker().await, "s", "").await;
    let told = receiver.next().await;
    assert_eq!(told.header("content-type"), form);
    assert!(told.body.starts_with(b"id=s&action=liveStreamStarted&"), "{:?}", told.body);
}

#[tokio::test]
async fn a_try_tells_how_the_receiver_took_it() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    receiver.answer(418);
    assert!(test.api.test_webhook(&test.live_app().await).await.is_err(), "no address is set");
    let application = test.set(json!({"listenerHookURL": receiver.url("/")})).await;
    let trial = test.api.test_webhook(&application).await.expect("tried");
    assert_eq!((trial.status, trial.target), (Some(418), receiver.url("")));
    let told = receiver.next().await;
    assert_eq!(told.json()["action"], "webhookTest");
    assert_eq!(told.header("x-sluice-event"), trial.id.to_string());
}

/// An event that nobody delivers by itself: it is due in a year.
fn kept(test: &TestApi, application: &crate::directory::Entry, at: UnixTime) -> webhooks::Model {
    let happening = super::super::Happening {
        action: super::super::Action::LiveStreamEnded,
        stream_id: "s",
        broadcast: None,
        subscriber_id: None,
        at,
        fields: serde_json::Map::new(),
        parameters: None,
    };
    let row = outbox::row(application, &happening, Uuid::now_v7(), at, at.plus_secs(2 * 366 * 86_400)).expect("wanted");
    let due = test.api.now().plus_secs(366 * 86_400);
    webhooks::Model { next_at: Some(due.as_millis()), ..row }
}

#[tokio::test]
async fn a_lease_holds_until_it_runs_out() {
    let test = open_api().await;
    test.set(json!({"listenerHookURL": "http://127.0.0.1:9/"})).await;
    let application = test.api.directory().find("LiveApp").expect("there");
    let row = kept(&test, &application, START);
    let (db, due) = (test.api.store().writer(), row.next_at.expect("waiting"));
    webhooks::insert(db, vec![row.clone()]).await.expect("kept");
    webhooks::insert(db, vec![row.clone()]).await.expect("the same event is kept once");
    let (dead, alive) = (Uuid::now_v7(), Uuid::now_v7());
    let claim = |lease, now, until| webhooks::claim(db, &row.address, lease, now, until, 10);
    assert_eq!(claim(dead, due, due + 30).await.expect("claimed").len(), 1);
    assert!(claim(alive, due + 29, due + 60).await.expect("looked").is_empty(), "held");
    assert_eq!(claim(alive, due + 30, due + 60).await.expect("claimed").len(), 1, "its holder died");
    let tried = || webhooks::Tried { at: due, outcome: "200".to_owned(), delivered: true, next_at: None };
    assert!(!webhooks::tried(db, row.id, dead, 1, tried()).await.expect("written"), "too late");
    assert!(webhooks::tried(db, row.id, alive, 1, tried()).await.expect("written"));
    assert!(claim(dead, due + 90, due + 99).await.expect("looked").is_empty());
}

#[tokio::test]
async fn the_table_stays_bounded_and_the_oldest_go_first() {
    let test = open_api().await;
    test.set(json!({"listenerHookURL": "http://127.0.0.1:9/"})).await;
    let application = test.api.directory().find("LiveApp").expect("there");
    let db = test.api.store().writer();
    let rows: Vec<_> = (0..10).map(|at| kept(&test, &application, START.plus_secs(at))).collect();
    webhooks::insert(db, rows.clone()).await.expect("kept");
    assert_eq!(webhooks::drop_oldest(db, application.id, webhooks::Class::Streams, 4).await.expect("dropped"), 6);
    assert_eq!(
        webhooks::drop_oldest(db, application.id, webhooks::Class::Viewers, 0).await.expect("looked"),
        0,
        "another class"
    );
    let message =
        webhooks::Model { id: Uuid::now_v7(), minor: true, action: "dataChannelMessage".to_owned(), ..rows[0].clone() };
    webhooks::insert(db, vec![message]).await.expect("kept");
    let dropped = async |class| webhooks::drop_oldest(db, application.id, class, 0).await.expect("looked");
    assert_eq!(dropped(webhooks::Class::Viewers).await, 0, "messages are a class of their own");
    assert_eq!(dropped(webhooks::Class::Messages).await, 1);
    let left: Vec<_> = deliveries(&test).await.iter().map(|delivery| delivery.at).collect();
    assert_eq!(left, [9, 8, 7, 6].map(|at| START.plus_secs(at)));

    // Too late: over, and forgotten when it is old.
    let expired = webhooks::Model { id: Uuid::now_v7(), expires_at: START.as_millis(), ..rows[9].clone() };
    webhooks::insert(db, vec![expired.clone()]).await.expect("kept");
    upkeep(&test.api).await.expect("kept up");
    let newest = &deliveries(&test).await[0];
    assert_eq!((newest.id, newest.state), (expired.id, DeliveryState::Dropped));
    assert_eq!(webhooks::purge_beyond(db, 0).await.expect("forgotten"), 1);
    assert_eq!(webhooks::count_waiting(db, application.id, webhooks::Class::Streams).await.expect("counted"), 4);
}

#[tokio::test]
async fn messages_of_data_channels_go_to_a_webhook_of_their_own() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    let application = test.set(json!({"dataChannelWebHookURL": receiver.url("/said")})).await;
    let worker = test.worker().await;
    let session = publish(&worker, "s", "subscriberId=alice&subscriberCode=123456").await;
    let say = |message| {
        worker.tell(EventKind::Said {
            session: session.session,
            application: application.name.clone(),
            stream_id: stream("s"),
            subscriber: Some(subscriber("alice")),
            message,
        })
    };
    say(DataMessage::Text("good evening".to_owned())).await;
    let heard = receiver.next().await;
    let content_type = heard.header("content-type");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect(content_type);
    let body = String::from_utf8(heard.body.to_vec()).expect("a text");
    let timestamp = START.plus_secs(1).as_millis().to_string();
    for (name, content) in [
        ("action", "dataChannelMessage"),
        ("app", "LiveApp"),
        ("data", "good evening"),
        ("id", "s"),
        ("sessionId", &session.session.to_string()),
        ("subscriberId", "alice"),
        ("timestamp", &timestamp),
    ] {
        let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n");
        assert!(body.contains(&part), "{name}: {body}");
    }
    assert!(heard.headers.contains_key("x-sluice-signature"));
    let newest = until(&test, "delivered", |delivery| delivery.state == DeliveryState::Delivered).await;
    assert_eq!(newest.action, "dataChannelMessage");

    // The stream's own start had nobody to tell, and without an address messages have nobody either.
    test.set(json!({"dataChannelWebHookURL": ""})).await;
    let mut broadcasts = test.api.broadcast_events();
    say(DataMessage::Text("into the blue".to_owned())).await;
    // Behind the message.
    end(&worker, session.clone()).await;
    broadcasts.recv().await.expect("told");
    assert_eq!(deliveries(&test).await.len(), 1);
}
