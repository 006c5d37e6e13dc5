//! Blocks: in force when the call returns, and for as long as they say.

use sluice_contract::{DenyReason, Operation};

use super::*;
use crate::manage::{BlockFilter, BlockOperations, BlockRequest, ManageError, Page, ProblemCode, Role};

fn block(operations: BlockOperations, seconds: i64) -> BlockRequest {
    BlockRequest { stream_id: stream("stream1"), subscriber_id: subscriber("publisherA"), operations, seconds }
}

const NAMED: &str = "subscriberId=publisherA";

#[tokio::test]
async fn a_block_returns_once_every_worker_enforces_it() {
    let test = TestApi::new().await;
    let mut worker = test.worker().await;
    worker.suspends.store(3, Ordering::SeqCst);
    let application = test.live_app().await;
    let mut events = test.api.block_events();
    let outcome = test.api.block(&application, block(BlockOperations::Play, 120)).await.expect("blocked");
    assert_eq!((outcome.sessions_suspended, outcome.workers_acknowledged), (3, 1));
    assert!(outcome.workers_pending.is_empty());
    let sent = worker.commands.recv().await.expect("sent");
    assert!(matches!(sent, Command::Block { block } if block.until == START.plus_secs(120)));
    assert_eq!(events.recv().await.expect("told").block.operation, Operation::Play);
    let refusal = worker.refusal(worker.request(Operation::Play, "stream1", NAMED)).await;
    assert_eq!(refusal, DenyReason::Blocked { until: START.plus_secs(120) });
    worker.admitted(worker.request(Operation::Publish, "stream1", NAMED)).await;
}

#[tokio::test]
async fn the_stream_of_a_blocked_publisher_is_free_when_the_call_returns() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let application = test.live_app().await;
    worker.admitted(worker.request(Operation::Publish, "stream1", NAMED)).await;
    let other = || worker.request(Operation::Publish, "stream1", "subscriberId=publisherB");
    assert_eq!(worker.refusal(other()).await, DenyReason::StreamInUse);
    test.api.block(&application, block(BlockOperations::Play, 60)).await.expect("blocked");
    assert_eq!(worker.refusal(other()).await, DenyReason::StreamInUse, "only its viewing was blocked");
    test.api.block(&application, block(BlockOperations::Publish, 60)).await.expect("blocked");
    worker.admitted(other()).await;
}

#[tokio::test]
async fn a_worker_that_does_not_confirm_is_named() {
    let test = TestApi::new().await;
    let silent = TestWorker::join(&test, Vec::new(), Vec::new(), false).await;
    let _other = test.worker().await;
    let outcome = test.api.block(&test.live_app().await, block(BlockOperations::Both, 60)).await.expect("blocked");
    assert_eq!(outcome.workers_acknowledged, 1);
    assert_eq!(outcome.workers_pending.iter().map(|worker| worker.id).collect::<Vec<_>>(), [silent.id]);
    silent.confirm();
    assert_eq!(outcome.blocks.len(), 2);
}

#[tokio::test]
async fn a_block_ends_by_time_or_by_hand_and_each_operation_for_itself() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let application = test.live_app().await;
    test.api.block(&application, block(BlockOperations::Both, 60)).await.expect("blocked");
    test.api.block(&application, block(BlockOperations::Publish, 0)).await.expect("lifted");
    worker.admitted(worker.request(Operation::Publish, "stream1", NAMED)).await;
    let play = || worker.request(Operation::Play, "stream1", NAMED);
    assert!(matches!(worker.refusal(play()).await, DenyReason::Blocked { .. }));
    test.pass(60);
    worker.admitted(play()).await;
    let active = BlockFilter { active: true, ..BlockFilter::default() };
    assert_eq!(test.api.count_blocks(&application, active).await.expect("counted"), 0);
}

#[tokio::test]
async fn a_block_of_thousands_of_years_is_one_of_ten() {
    let test = TestApi::new().await;
    let request = block(BlockOperations::Play, i64::MAX);
    let outcome = test.api.block(&test.live_app().await, request).await.expect("blocked");
    assert_eq!(outcome.blocks[0].until, START.plus_secs(10 * 366 * 86_400));
}

#[tokio::test]
async fn a_block_outlives_its_subscriber_and_the_server() {
    let test = TestApi::new().await;
    let application = test.live_app().await;
    let put = || crate::manage::PutSubscriber {
        subscriber_id: Some("publisherA".to_owned()),
        ..crate::manage::PutSubscriber::default()
    };
    let here = stream("stream1");
    test.api.put_subscriber(&application, &here, put()).await.expect("stored");
    test.api.block(&application, block(BlockOperations::Publish, 3_600)).await.expect("blocked");
    assert!(test.api.delete_subscriber(&application, &here, &subscriber("publisherA")).await.expect("deleted"));
    let test = test.restarted().await;
    let worker = test.worker().await;
    assert_eq!(worker.welcome.blocks.len(), 1);
    let request = || worker.request(Operation::Publish, "stream1", NAMED);
    assert!(matches!(worker.refusal(request()).await, DenyReason::Blocked { .. }));
    let again = test.api.put_subscriber(&test.live_app().await, &here, put()).await.expect("stored");
    assert_eq!(again.publish_blocked_until, Some(START.plus_secs(3_600)));
    assert!(matches!(worker.refusal(request()).await, DenyReason::Blocked { .. }));
}

#[tokio::test]
async fn a_block_registers_nobody() {
    let test = TestApi::new().await;
    let application = test.live_app().await;
    test.api.block(&application, block(BlockOperations::Play, 60)).await.expect("blocked");
    let found = test.api.subscriber(&application, &stream("stream1"), &subscriber("publisherA")).await;
    assert!(found.expect("read").is_none());
    let listed = test.api.blocks(&application, BlockFilter::default(), Page::first()).await.expect("read");
    assert_eq!(listed.entries.len(), 1);
}

#[tokio::test]
async fn a_viewer_may_not_block() {
    let test = TestApi::new().await;
    let application = Application { role: Role::Viewer, ..test.live_app().await };
    let refused = test.api.block(&application, block(BlockOperations::Play, 60)).await;
    assert!(matches!(refused, Err(ManageError::Problem(problem)) if problem.code == ProblemCode::Forbidden));
}
