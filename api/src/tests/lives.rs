//! Sessions and streams from their start to their end, whatever ends them.

use sluice_contract::Operation;
use sluice_contract::message::{EndReason, StatsReport};

use super::*;
use crate::jobs;
use crate::manage::{
    BroadcastEventKind, BroadcastStatus, ConnectionEventFilter, Page, PutSubscriber, SessionEventKind, SessionFilter,
};

const NAMED: &str = "subscriberId=publisherA";

/// A subscriber on air, with its events handled.
async fn on_air(test: &TestApi, worker: &TestWorker) -> SessionReport {
    let session = worker.admitted(worker.request(Operation::Publish, "stream1", NAMED)).await;
    let mut broadcasts = test.api.broadcast_events();
    worker.tell(EventKind::SessionStarted { session: session.clone() }).await;
    worker.tell(EventKind::StreamStarted { stream: stream_of(&session) }).await;
    let event = broadcasts.recv().await.expect("told");
    assert_eq!(event.kind, BroadcastEventKind::Started);
    session
}

async fn events_of(test: &TestApi) -> Vec<&'static str> {
    let all = test
        .api
        .connection_events(&test.live_app().await, ConnectionEventFilter::default(), Page::first())
        .await
        .expect("read");
    all.into_nodes().iter().map(|event| event.kind.as_str()).collect()
}

#[tokio::test]
async fn a_publisher_comes_and_goes() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let application = test.live_app().await;
    let here = stream("stream1");
    let put = PutSubscriber { subscriber_id: Some("publisherA".to_owned()), ..PutSubscriber::default() };
    test.api.put_subscriber(&application, &here, put).await.expect("stored");
    let session = on_air(&test, &worker).await;
    let broadcast = test.api.broadcast(&application, "stream1").await.expect("read").expect("there");
    assert_eq!(broadcast.status, BroadcastStatus::Broadcasting);
    assert_eq!(test.api.live_stream(&application, &here).expect("live").viewers.of(Protocol::Hls), 2);
    let whom = subscriber("publisherA");
    let read = test.api.subscriber(&application, &here, &whom).await.expect("read").expect("there");
    assert!(read.is_connected());

    let mut sessions = test.api.session_events();
    test.pass(2);
    let reason = EndReason::Closed;
    worker.tell(EventKind::StreamEnded { stream: stream_of(&session), reason, detail: None }).await;
    worker.tell(EventKind::SessionEnded { session, reason, detail: None }).await;
    let ended = sessions.recv().await.expect("told");
    assert_eq!((ended.kind, ended.session.end_reason), (SessionEventKind::Ended, Some(reason)));
    assert!(test.api.broadcast(&application, "stream1").await.expect("read").is_none(), "it was made by publishing");
    assert_eq!(events_of(&test).await, ["disconnected", "connected"]);
    let read = test.api.subscriber(&application, &here, &whom).await.expect("read").expect("there");
    assert!(!read.is_connected());
    assert_eq!(read.average_video_bitrate_bps, 2_000_000);
}

#[tokio::test]
async fn an_event_that_comes_twice_counts_once() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let session = worker.admitted(worker.request(Operation::Play, "stream1", NAMED)).await;
    let event = worker.event(EventKind::SessionStarted { session: session.clone() });
    let mut sessions = test.api.session_events();
    worker.link.publish(event.clone()).await.expect("sent");
    worker.link.publish(event).await.expect("sent");
    worker.tell(EventKind::SessionEnded { session, reason: EndReason::Closed, detail: None }).await;
    assert_eq!(sessions.recv().await.expect("told").kind, SessionEventKind::Started);
    assert_eq!(sessions.recv().await.expect("told").kind, SessionEventKind::Ended);
    assert_eq!(events_of(&test).await.len(), 2);
}

#[tokio::test]
async fn a_lost_worker_leaves_no_ghosts() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    on_air(&test, &worker).await;
    let application = test.live_app().await;
    let open = SessionFilter { open: Some(true), ..SessionFilter::default() };
    assert_eq!(test.api.count_sessions(&application, open.clone()).await.expect("counted"), 1);
    test.pass(11);
    jobs::watch_workers(&test.api).await.expect("watched");
    assert_eq!(test.api.count_sessions(&application, open).await.expect("counted"), 0);
    assert!(test.api.workers(&Viewer::local()).is_empty());
    let again = test.worker().await;
    again.admitted(from(again.request(Operation::Publish, "stream1", NAMED), 9)).await;
}

#[tokio::test]
async fn a_restart_finds_no_ghosts_and_keeps_what_was_registered() {
    let test = TestApi::new().await;
    let application = test.live_app().await;
    let new =
        crate::manage::NewBroadcast { stream_id: Some("stream1".to_owned()), ..crate::manage::NewBroadcast::default() };
    test.api.create_broadcast(&application, new).await.expect("created");
    let worker = test.worker().await;
    on_air(&test, &worker).await;
    let test = test.restarted().await;
    let application = test.live_app().await;
    let broadcast = test.api.broadcast(&application, "stream1").await.expect("read").expect("kept");
    assert_eq!(broadcast.status, BroadcastStatus::TerminatedUnexpectedly);
    let open = SessionFilter { open: Some(true), ..SessionFilter::default() };
    assert_eq!(test.api.count_sessions(&application, open).await.expect("counted"), 0);
}

#[tokio::test]
async fn a_worker_that_was_only_cut_off_keeps_its_stream() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let session = on_air(&test, &worker).await;
    test.pass(11);
    jobs::watch_workers(&test.api).await.expect("watched");
    let streams = vec![stream_of(&session)];
    let back = TestWorker::join(&test, vec![session], streams, true).await;
    assert!(back.welcome.end_sessions.is_empty());
    let broadcast = test.api.broadcast(&test.live_app().await, "stream1").await.expect("read").expect("there");
    assert_eq!(broadcast.status, BroadcastStatus::Broadcasting);
}

#[tokio::test]
async fn a_worker_that_was_given_up_and_reports_again_is_asked_what_it_carries() {
    let test = TestApi::new().await;
    let mut worker = test.worker().await;
    let session = on_air(&test, &worker).await;
    test.pass(11);
    jobs::watch_workers(&test.api).await.expect("watched");
    for _ in 0..2 {
        let (sessions, streams) = (vec![session.clone()], vec![stream_of(&session)]);
        worker.link.report(StatsReport { sessions, streams, ..StatsReport::of(worker.id, START) }).await;
    }
    assert_eq!(worker.commands.recv().await, Some(Command::Rejoin { worker: worker.id }));
    // Once: what follows is another matter.
    test.api.drain_worker(&Viewer::local(), worker.id, true).await.expect("known again");
    assert_eq!(worker.commands.recv().await, Some(Command::Drain { worker: worker.id, on: true }));
}

#[tokio::test]
async fn a_report_is_the_newest_picture() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let session = on_air(&test, &worker).await;
    let mut ticks = test.api.stats_ticks();
    let streams = vec![StreamReport { bitrate_bps: 7, ..stream_of(&session) }];
    let report = StatsReport { revision: 1, sessions: vec![session], streams, ..StatsReport::of(worker.id, START) };
    worker.link.report(report).await;
    ticks.recv().await.expect("told");
    let live = test.api.live_stream(&test.live_app().await, &stream("stream1")).expect("live");
    assert_eq!(live.bitrate_bps, 7);
    assert_eq!(test.api.server_stats().publishers, 1);
}

#[tokio::test]
async fn viewers_of_one_stream_are_counted_on_every_worker() {
    let test = TestApi::new().await;
    let (origin, edge) = (test.worker().await, test.worker().await);
    let (application, here) = (test.live_app().await, stream("stream1"));
    let session = on_air(&test, &origin).await;
    let viewer = |last| report_of(&from(edge.request(Operation::Play, "stream1", ""), last));
    let (picture, now) = (&test.api.fleet().picture, test.api.now());
    let at_origin = |streams| StatsReport { streams, ..StatsReport::of(origin.id, now) };
    let at_edge = StatsReport { sessions: vec![viewer(1), viewer(2), viewer(3)], ..StatsReport::of(edge.id, now) };
    picture.report(&at_origin(vec![stream_of(&session)]), now);
    picture.report(&at_edge, now);
    let protocol = viewer(1).protocol;
    let of_origin =
        stream_of(&session).viewers.iter().find(|(of, _)| *of == protocol).map_or(0, |(_, viewers)| *viewers);
    assert_eq!(picture.viewers(&application.name, Some(&here)).of(protocol), of_origin + 3);
    assert_eq!(picture.viewers(&application.name, None).of(protocol), of_origin + 3);
    assert_eq!(test.api.live_stream(&application, &here).expect("live").viewers.of(protocol), of_origin + 3);
    picture.report(&at_origin(Vec::new()), now);
    assert_eq!(picture.viewers(&application.name, None).of(protocol), 0, "a stream that nobody carries has none");
}

#[tokio::test]
async fn a_stream_is_found_where_its_publisher_came_last() {
    let test = TestApi::new().await;
    let (left, newest, asking) = (test.worker().await, test.worker().await, test.worker().await);
    let (application, here) = (test.live_app().await, stream("stream1"));
    let session = on_air(&test, &left).await;
    let (picture, now) = (&test.api.fleet().picture, test.api.now());
    let carries = |worker: &TestWorker, since| {
        let streams = vec![StreamReport { since, ..stream_of(&session) }];
        let relay = Some(format!("{}:5090", worker.id));
        picture.report(&StatsReport { streams, relay, ..StatsReport::of(worker.id, now) }, now);
    };
    let find =
        |asking: &TestWorker| picture.origin(asking.id, &application.name, &here, now).map(|origin| origin.worker);
    carries(&left, now);
    assert_eq!((find(&asking), find(&left)), (Some(left.id), None));
    carries(&newest, now.plus_secs(3));
    assert_eq!((find(&asking), find(&left)), (Some(newest.id), Some(newest.id)));
}
