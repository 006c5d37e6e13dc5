//! Several APIs on one broker.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sluice_contract::message::AuthorizeReply;
use tokio::time::timeout;

use super::broker::Vhost;
use super::{again, api, worker};
use crate::amqp::{AmqpApi, AmqpWorker};
use crate::conformance::{self, Behaviour, Gate, call, control, event, hello};
use crate::{ApiLink, BusError, WorkerLink};

#[tokio::test]
async fn two_apis_share_the_calls() {
    let vhost = Vhost::new().await;
    let (one, two, worker) = (api(&vhost).await, api(&vhost).await, worker(&vhost).await);
    let (first, second) = (Gate::answering(), Gate::answering());
    one.serve(first.clone()).await.expect("serving");
    two.serve(second.clone()).await.expect("serving");
    for _ in 0..20 {
        worker.authorize(call(5_000)).await.expect("answered");
    }
    let asked = [first.asked.load(Ordering::SeqCst), second.asked.load(Ordering::SeqCst)];
    assert_eq!(asked[0] + asked[1], 20, "nobody was asked twice");
    assert!(asked.iter().all(|asked| *asked > 0), "{asked:?}");

    one.close().await;
    for _ in 0..5 {
        worker.authorize(call(5_000)).await.expect("the other answers alone");
    }
    two.close().await;
    assert_eq!(worker.authorize(call(5_000)).await, Err(BusError::Unreachable));
    worker.close().await;
}

#[tokio::test]
async fn a_call_is_answered_by_another_api_when_the_first_dies() {
    let vhost = Vhost::new().await;
    let dying = api(&vhost).await;
    let gate = Gate::new(Behaviour::Hang);
    dying.serve(gate.clone()).await.expect("serving");
    let worker = Arc::new(worker(&vhost).await);
    let asking = Arc::clone(&worker);
    let asking = tokio::spawn(async move { asking.authorize(call(20_000)).await });
    again(async || (gate.asked.load(Ordering::SeqCst) == 1).then_some(())).await;

    let other = AmqpApi::connect(vhost.broker("guest"), conformance::now).await.expect("connected");
    other.serve(Gate::answering()).await.expect("serving");
    cut(&vhost, "sluice-api");
    let answer = timeout(Duration::from_secs(10), asking).await.expect("in time").expect("no panic");
    assert!(matches!(answer, Ok(AuthorizeReply::Deny { .. })), "{answer:?}");
}

#[tokio::test]
async fn one_api_handles_events_in_order_and_another_takes_over_with_the_same_ids() {
    let vhost = Vhost::new().await;
    let (one, two, worker) = (api(&vhost).await, api(&vhost).await, worker(&vhost).await);
    let mut first = one.events().await;
    let mut second = two.events().await;
    for id in 1..=4 {
        worker.publish(event(id)).await.expect("kept");
    }
    let delivery = first.recv().await.expect("an event");
    assert_eq!(delivery.event, event(1));
    delivery.done();
    let held = first.recv().await.expect("an event");
    assert_eq!(held.event, event(2));
    tokio::join!(one.close(), async { drop((held, first)) });
    for id in 2..=4 {
        let delivery = second.recv().await.expect("an event");
        assert_eq!(delivery.event, event(id), "not lost, not renamed, in order");
        delivery.done();
    }
    two.close().await;
    worker.close().await;
}

#[tokio::test]
async fn an_api_in_the_middle_of_an_event_finishes_it_before_it_closes() {
    let vhost = Vhost::new().await;
    let (one, worker) = (api(&vhost).await, worker(&vhost).await);
    let mut events = one.events().await;
    worker.publish(event(1)).await.expect("kept");
    let delivery = events.recv().await.expect("an event");
    tokio::join!(one.close(), async { delivery.done() });
    let two = api(&vhost).await;
    let mut events = two.events().await;
    worker.publish(event(2)).await.expect("kept");
    let delivery = events.recv().await.expect("an event");
    assert_eq!(delivery.event, event(2), "the first was done");
    delivery.done();
    two.close().await;
}

#[tokio::test]
async fn a_lost_connection_ends_the_receiver_of_commands_and_comes_back() {
    let vhost = Vhost::new().await;
    let (api, worker) = (api(&vhost).await, worker(&vhost).await);
    api.serve(Gate::answering()).await.expect("serving");
    let mut acknowledgements = api.acknowledgements().await;
    let mut commands = worker.subscribe().await.expect("linked");
    cut(&vhost, "sluice-worker");
    cut(&vhost, "sluice-api");
    assert_eq!(commands.recv().await, None);
    // Subscribe, then hello: as a worker does.
    let mut commands = again(async || worker.subscribe().await.ok()).await;
    again(async || worker.hello(hello()).await.ok()).await;
    again(async || api.broadcast(control(1)).await.ok()).await;
    assert_eq!(commands.recv().await, Some(control(1)));
    // What the API listened to, it listens to again.
    let ack = conformance::ack();
    let heard = again(async || {
        worker.acknowledge(ack.clone()).await.ok()?;
        timeout(Duration::from_millis(500), acknowledgements.recv()).await.ok()
    });
    assert_eq!(heard.await, Some(ack));
}

#[tokio::test]
async fn a_worker_may_be_there_before_any_api() {
    let vhost = Vhost::new().await;
    let worker: AmqpWorker = worker(&vhost).await;
    assert_eq!(worker.authorize(call(5_000)).await, Err(BusError::Unreachable));
    assert!(worker.subscribe().await.is_err());
    let api = api(&vhost).await;
    api.serve(Gate::answering()).await.expect("serving");
    again(async || worker.authorize(call(5_000)).await.ok()).await;
    worker.close().await;
    assert_eq!(worker.authorize(call(5_000)).await, Err(BusError::Unreachable));
    api.close().await;
}

/// Cuts every connection of a user, as a network does.
fn cut(vhost: &Vhost, user: &str) {
    let name = &vhost.name;
    vhost.server.eval(&format!(
        "[rabbit_networking:close_connection(Pid, \"cut\") || [{{pid, Pid}}, {{vhost, <<\"{name}\">>}}, {{user, \
         <<\"{user}\">>}}] <- rabbit_networking:connection_info_all([pid, vhost, user])]."
    ));
}
