//! Recordings that workers tell of, as often as they like.

use serde_json::json;
use sluice_contract::VodId;
use sluice_contract::message::RecordingReport;

use super::*;
use crate::manage::{Page, Recording, RecordingFilter, RecordingOrder};

const VOD: &str = "0123456789abcdef01234567";

fn report(started_at: UnixTime) -> RecordingReport {
    RecordingReport {
        vod: VOD.parse().expect("an id"),
        application: "LiveApp".parse().expect("a name"),
        stream_id: stream("s"),
        file_name: "s_1.mp4".to_owned(),
        bytes: 5_000_000_000,
        duration_ms: 61_234,
        started_at,
        finished_at: started_at.plus_secs(62),
    }
}

async fn tell(test: &TestApi, worker: &TestWorker, report: &RecordingReport) {
    worker.tell(EventKind::Recorded { recordings: vec![report.clone()] }).await;
    test.bus.settled().await;
}

async fn recordings(test: &TestApi) -> Vec<Recording> {
    let (filter, order) = (RecordingFilter::default(), RecordingOrder::default());
    test.api.recordings(&test.live_app().await, filter, order, Page::first()).await.expect("read").into_nodes()
}

#[tokio::test]
async fn a_recording_that_is_told_of_again_is_listed_and_announced_once() {
    let test = TestApi::new().await;
    let application = test.set(json!({"listenerHookURL": "http://127.0.0.1:1/"})).await;
    let worker = test.worker().await;
    let report = report(START.plus_secs(10));
    for _ in 0..2 {
        tell(&test, &worker, &report).await;
    }
    let found = recordings(&test).await;
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((found.vod_id.as_str(), found.file_name.as_str(), found.bytes), (VOD, "s_1.mp4", 5_000_000_000));
    assert_eq!((found.started_at, found.created_at), (report.started_at, report.finished_at));
    let told = test.api.webhook_deliveries(&application, Page::first()).await.expect("read").into_nodes();
    assert_eq!(told.len(), 1);
    let totals = test.api.recording_totals(&application).await.expect("read");
    assert_eq!((totals.count, totals.bytes), (1, 5_000_000_000));
}

#[tokio::test]
async fn a_file_that_outlived_its_recording_is_removed_when_it_is_seen() {
    let test = TestApi::new().await;
    let application = test.live_app().await;
    let mut worker = test.worker().await;
    let report = report(START.plus_secs(10));
    tell(&test, &worker, &report).await;
    // This worker confirms, and has removed nothing.
    test.api.delete_recording(&application, VOD).await.expect("deleted");
    let removal = Command::RemoveRecordings {
        application: application.name.clone(),
        recordings: vec![(VOD.parse::<VodId>().expect("an id"), "s_1.mp4".to_owned())],
    };
    assert_eq!(worker.commands.recv().await, Some(removal.clone()));
    assert!(recordings(&test).await.is_empty());
    assert!(test.api.delete_recording(&application, VOD).await.is_err());
    tell(&test, &worker, &report).await;
    assert_eq!(worker.commands.recv().await, Some(removal));
    assert!(recordings(&test).await.is_empty());
}

#[tokio::test]
async fn a_file_of_an_application_that_was_deleted_is_not_of_its_successor() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    tell(&test, &worker, &report(START.plus_secs(-3_600))).await;
    assert!(recordings(&test).await.is_empty());
}
