//! Events on their way to the API: kept in order, tried again until the bus has them, bounded.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sluice_bus::WorkerLink;
use sluice_contract::WorkerId;
use sluice_contract::message::{EventKind, WorkerEvent};
use tokio::sync::Notify;
use tracing::warn;
use uuid::Uuid;

use crate::Clock;
use crate::hub::EventSink;

/// The queue of events of one worker. Anybody may emit and never waits; one task sends.
pub(crate) struct Outbox {
    worker: WorkerId,
    clock: Clock,
    queue: Mutex<Queue>,
    moved: Notify,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<WorkerEvent>,
    /// Bytes of what people said, which is told only while nothing else has to wait for it.
    said: usize,
    /// Events that found no place since the last warning.
    lost: u64,
}

impl Outbox {
    pub fn new(worker: WorkerId, clock: Clock) -> Arc<Self> {
        Arc::new(Self { worker, clock, queue: Mutex::default(), moved: Notify::new() })
    }

    /// Queues an event. When the bus has been away for so long that the queue is full, the event is counted as lost:
    /// the next hello and the second's figures still tell the API what is live.
    pub fn emit(&self, kind: EventKind) {
        let event = WorkerEvent { id: Uuid::now_v7(), worker: self.worker, at: (self.clock)(), kind };
        {
            let mut queue = self.queue.lock();
            let said = said_bytes(&event.kind);
            let is_full = said > 0 && (queue.events.len() >= MAX_AHEAD_OF_SAID || queue.said + said > MAX_SAID_BYTES);
            if is_full || queue.events.len() >= MAX_EVENTS {
                queue.lost += 1;
                return;
            }
            queue.said += said;
            queue.events.push_back(event);
        }
        self.moved.notify_waiters();
    }

    /// Sends what is queued, in order, for ever.
    pub async fn send(&self, link: &dyn WorkerLink) {
        let mut pause = FIRST_PAUSE;
        loop {
            let event = self.next().await;
            match link.publish(event).await {
                Ok(()) => {
                    let mut queue = self.queue.lock();
                    if let Some(sent) = queue.events.pop_front() {
                        queue.said -= said_bytes(&sent.kind);
                    }
                    drop(queue);
                    self.moved.notify_waiters();
                    pause = FIRST_PAUSE;
                }
                Err(error) => {
                    warn!(%error, "an event could not be sent; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Waits until everything has been sent.
    pub async fn flushed(&self) {
        self.until(|queue| queue.events.is_empty().then_some(())).await;
    }

    /// The oldest event, which stays queued until it was sent.
    async fn next(&self) -> WorkerEvent {
        self.until(|queue| {
            let event = queue.events.front()?.clone();
            let lost = std::mem::take(&mut queue.lost);
            if lost > 0 {
                warn!(lost, "events were lost: the bus was away for too long, or more was said than it carries");
            }
            Some(event)
        })
        .await
    }

    async fn until<T>(&self, mut look: impl FnMut(&mut Queue) -> Option<T>) -> T {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if let Some(found) = look(&mut self.queue.lock()) {
                return found;
            }
            moved.await;
        }
    }
}

impl EventSink for Outbox {
    fn emit(&self, kind: EventKind) {
        Self::emit(self, kind);
    }
}

fn said_bytes(kind: &EventKind) -> usize {
    match kind {
        EventKind::Said { message, .. } => message.len().max(1),
        _ => 0,
    }
}

/// Messages of data channels are told behind at most so many events, and so many bytes of them.
const MAX_AHEAD_OF_SAID: usize = 1_000;
const MAX_SAID_BYTES: usize = 4 * 1024 * 1024;
/// Events kept while the bus is away: about 64 MiB at worst.
const MAX_EVENTS: usize = 65_536;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
