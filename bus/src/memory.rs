//! The bus inside one process: bounded channels, no broker.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sluice_contract::UnixTime;
use sluice_contract::message::{
    AuthorizeCall, AuthorizeReply, Control, ControlAck, DescribeCall, Description, Hello, LocateCall, Notice, Origin,
    StatsReport, Welcome, WorkerEvent,
};
use tokio::sync::{Semaphore, broadcast, mpsc, watch};
use tokio::time::timeout;

use crate::{
    ApiLink, Authority, BusError, CALLS_IN_FLIGHT, CONTROL_QUEUE, DESCRIBE_DEADLINE, EventDelivery, HELLO_DEADLINE,
    LOCATE_DEADLINE, Settlement, WorkerLink,
};

/// Joins one or more APIs and workers of one process. Clones are ends of the same bus.
#[derive(Clone)]
pub struct MemoryBus(Arc<Shared>);

struct Shared {
    clock: fn() -> UnixTime,
    calls: Semaphore,
    descriptions: Semaphore,
    wiring: Mutex<Wiring>,
    events: mpsc::Sender<WorkerEvent>,
    /// The one queue that all APIs take events from.
    event_queue: tokio::sync::Mutex<mpsc::Receiver<WorkerEvent>>,
    /// Events that were published and not yet done.
    unsettled: watch::Sender<usize>,
    reports: broadcast::Sender<StatsReport>,
    notices: broadcast::Sender<Notice>,
}

/// Who listens. The lock is held for a moment, never across an await.
#[derive(Default)]
struct Wiring {
    authorities: Vec<Arc<dyn Authority>>,
    next_authority: usize,
    workers: Vec<mpsc::Sender<Control>>,
    acknowledgements: Vec<mpsc::Sender<ControlAck>>,
}

impl MemoryBus {
    /// A bus without ends. `clock` tells deadlines.
    pub fn new(clock: fn() -> UnixTime) -> Self {
        let (events, event_queue) = mpsc::channel(EVENT_QUEUE);
        let (reports, _) = broadcast::channel(REPORT_QUEUE);
        let (notices, _) = broadcast::channel(NOTICE_QUEUE);
        Self(Arc::new(Shared {
            clock,
            calls: Semaphore::new(CALLS_IN_FLIGHT),
            descriptions: Semaphore::new(CALLS_IN_FLIGHT),
            wiring: Mutex::default(),
            events,
            event_queue: tokio::sync::Mutex::new(event_queue),
            unsettled: watch::Sender::new(0),
            reports,
            notices,
        }))
    }

    /// Waits until every published event was handled: the moment at which an API may stop without losing one.
    pub async fn settled(&self) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.0.unsettled.subscribe().wait_for(|count| *count == 0).await;
    }

    fn wiring(&self) -> MutexGuard<'_, Wiring> {
        // Nothing between lock and unlock can leave the lists half changed.
        self.0.wiring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next API in turn.
    fn authority(&self) -> Result<Arc<dyn Authority>, BusError> {
        let mut wiring = self.wiring();
        if wiring.authorities.is_empty() {
            return Err(BusError::Unreachable);
        }
        wiring.next_authority = (wiring.next_authority + 1) % wiring.authorities.len();
        Ok(Arc::clone(&wiring.authorities[wiring.next_authority]))
    }

    /// Runs `call` in a task of its own: a caller that gives up must not cut a transaction in half, and a panic in the
    /// answer must not reach the caller.
    async fn answer<T: Send + 'static>(
        &self,
        within: Duration,
        call: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, BusError> {
        match timeout(within, tokio::spawn(call)).await {
            Err(_) => Err(BusError::TimedOut),
            Ok(Err(_)) => Err(BusError::Failed),
            Ok(Ok(answer)) => Ok(answer),
        }
    }
}

#[async_trait]
impl WorkerLink for MemoryBus {
    async fn authorize(&self, call: AuthorizeCall) -> Result<AuthorizeReply, BusError> {
        let left = call.deadline.millis_since((self.0.clock)());
        let within = Duration::from_millis(u64::try_from(left).map_err(|_| BusError::TimedOut)?);
        let _in_flight = self.0.calls.try_acquire().map_err(|_| BusError::Overloaded)?;
        let authority = self.authority()?;
        self.answer(within, async move { authority.authorize(call).await }).await
    }

    async fn hello(&self, hello: Hello) -> Result<Welcome, BusError> {
        let authority = self.authority()?;
        self.answer(HELLO_DEADLINE, async move { authority.hello(hello).await }).await?.ok_or(BusError::Failed)
    }

    async fn locate(&self, call: LocateCall) -> Result<Option<Origin>, BusError> {
        let authority = self.authority()?;
        self.answer(LOCATE_DEADLINE, async move { authority.locate(call).await }).await
    }

    async fn describe(&self, call: DescribeCall) -> Result<Option<Description>, BusError> {
        let _in_flight = self.0.descriptions.try_acquire().map_err(|_| BusError::Overloaded)?;
        let authority = self.authority()?;
        self.answer(DESCRIBE_DEADLINE, async move { authority.describe(call).await }).await
    }

    async fn subscribe(&self) -> Result<mpsc::Receiver<Control>, BusError> {
        let (sender, receiver) = mpsc::channel(CONTROL_QUEUE);
        self.wiring().workers.push(sender);
        Ok(receiver)
    }

    async fn acknowledge(&self, ack: ControlAck) -> Result<(), BusError> {
        self.wiring().acknowledgements.retain(|api| {
            // A full queue belongs to an API that no longer waits for anybody.
            !matches!(api.try_send(ack.clone()), Err(mpsc::error::TrySendError::Closed(_)))
        });
        Ok(())
    }

    async fn publish(&self, event: WorkerEvent) -> Result<(), BusError> {
        let place = self.0.events.reserve().await.map_err(|_| BusError::Unreachable)?;
        self.0.unsettled.send_modify(|count| *count += 1);
        place.send(event);
        Ok(())
    }

    async fn report(&self, report: StatsReport) {
        // Nobody listening is no fault: figures are worth nothing later.
        let _ = self.0.reports.send(report);
    }
}

#[async_trait]
impl ApiLink for MemoryBus {
    async fn serve(&self, authority: Arc<dyn Authority>) -> Result<(), BusError> {
        self.wiring().authorities.push(authority);
        Ok(())
    }

    async fn broadcast(&self, control: Control) -> Result<(), BusError> {
        // A worker that fell behind, or left, loses its link: its receiver ends, and it says hello again.
        self.wiring().workers.retain(|worker| worker.try_send(control.clone()).is_ok());
        Ok(())
    }

    async fn acknowledgements(&self) -> mpsc::Receiver<ControlAck> {
        let (sender, receiver) = mpsc::channel(CONTROL_QUEUE);
        self.wiring().acknowledgements.push(sender);
        receiver
    }

    async fn events(&self) -> mpsc::Receiver<EventDelivery> {
        let (sender, receiver) = mpsc::channel(1);
        let bus = self.clone();
        tokio::spawn(async move {
            loop {
                // A place first, then an event: an API that went away must not take one with it.
                let Ok(place) = sender.reserve().await else { return };
                let next = tokio::select! {
                    () = sender.closed() => return,
                    next = async { bus.0.event_queue.lock().await.recv().await } => next,
                };
                let Some(event) = next else { return };
                let (shared, again) = (Arc::clone(&bus.0), event.clone());
                place.send(EventDelivery::new(event, move |settlement| match settlement {
                    Settlement::Done => shared.unsettled.send_modify(|count| *count -= 1),
                    Settlement::Again => redeliver(shared.events.clone(), again),
                }));
            }
        });
        receiver
    }

    async fn reports(&self) -> mpsc::Receiver<StatsReport> {
        newest(self.0.reports.subscribe())
    }

    async fn notify(&self, notice: Notice) {
        // Nobody listening is no fault.
        let _ = self.0.notices.send(notice);
    }

    async fn notices(&self) -> mpsc::Receiver<Notice> {
        newest(self.0.notices.subscribe())
    }
}

/// A receiver that misses old messages when its reader is slow, and ends when that one leaves.
fn newest<T: Clone + Send + 'static>(mut messages: broadcast::Receiver<T>) -> mpsc::Receiver<T> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            match messages.recv().await {
                Ok(message) => {
                    if sender.send(message).await.is_err() {
                        return;
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    });
    receiver
}

/// Puts an unhandled event back, behind those that wait.
fn redeliver(events: mpsc::Sender<WorkerEvent>, event: WorkerEvent) {
    if let Err(mpsc::error::TrySendError::Full(event)) = events.try_send(event)
        && let Ok(runtime) = tokio::runtime::Handle::try_current()
    {
        runtime.spawn(async move { events.send(event).await });
    }
}

/// Events waiting for an API; beyond that, workers wait.
const EVENT_QUEUE: usize = 4_096;
/// Reports kept for a slow API.
const REPORT_QUEUE: usize = 64;
/// Notices kept for a slow API.
const NOTICE_QUEUE: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_bus_is_settled_when_every_event_was_handled() {
        let bus = MemoryBus::new(crate::conformance::now);
        bus.settled().await;
        bus.publish(crate::conformance::event(1)).await.expect("kept");
        let mut events = bus.events().await;
        drop(events.recv().await.expect("the first try"));
        let delivery = events.recv().await.expect("the second try");
        assert!(timeout(Duration::ZERO, bus.settled()).await.is_err());
        delivery.done();
        bus.settled().await;
    }

    crate::conformance::suite!(async || {
        let bus = MemoryBus::new(crate::conformance::now);
        crate::conformance::Ends { api: Arc::new(bus.clone()), worker: Arc::new(bus) }
    });
}
