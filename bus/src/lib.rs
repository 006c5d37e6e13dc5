//! Carries contract messages between the API and the workers.
//!
//! [`WorkerLink`] is a worker's end, [`ApiLink`] an API's. Both are traits, because the promises below must hold over
//! channels inside one process ([`MemoryBus`]) and over a broker ([`amqp`]) alike; one conformance suite runs on both.
//!
//! | Flow | Kind | Promise |
//! |---|---|---|
//! | authorize, hello, locate, describe | call, answered by any one API | no answer within the deadline is [`BusError`]: nothing is assumed |
//! | control | API → all workers | confirmed when sent; a link that may have missed one ends, and the worker says hello again |
//! | acknowledgements | worker → all APIs | best effort: a missing one shows as a pending worker |
//! | events | worker → one API | at least once, in order per worker while nothing fails; redelivered until done |
//! | reports | worker → all APIs | newest wins |
//! | notices | API → all other APIs | best effort: what they tell is also in the database |
//!
//! How they are kept:
//!
//! | Promise | In one process | Over RabbitMQ |
//! |---|---|---|
//! | no API is [`BusError::Unreachable`] at once | nobody serves | no queue to route to, and the broker says so |
//! | an API that dies answering | cannot be: the process dies | the call goes to another API, with the same request id |
//! | a command is sent when `broadcast` returns | it is in every worker's queue | the broker confirmed it |
//! | a worker that falls behind starts over | its queue is full | its queue is full, or the numbers of the commands have a gap |
//! | an event is kept when `publish` returns | it is in the queue; [`MemoryBus::settled`] before the end | it is on the broker's disk |
//! | an event comes again until done | back into the queue | back into the queue, also when its API dies |

pub mod amqp;
mod memory;

#[cfg(test)]
mod conformance;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sluice_contract::message::{
    AuthorizeCall, AuthorizeReply, Control, ControlAck, DescribeCall, Description, Hello, LocateCall, Notice, Origin,
    StatsReport, Welcome, WorkerEvent,
};
use tokio::sync::mpsc;

pub use memory::MemoryBus;

/// Why a message did not arrive, or its answer did not come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// Nobody is there to answer, or the link is down.
    #[error("no API can be reached")]
    Unreachable,
    /// The deadline passed first.
    #[error("no answer within the deadline")]
    TimedOut,
    /// Too many calls are in flight; this one was not sent.
    #[error("too many calls are in flight")]
    Overloaded,
    /// The other side failed while answering.
    #[error("the answer could not be made")]
    Failed,
}

/// A worker's end of the bus.
#[async_trait]
pub trait WorkerLink: Send + Sync + 'static {
    /// Asks the gate. The answer comes before `call.deadline` or not at all.
    ///
    /// # Errors
    /// Any [`BusError`] means that nobody decided: the request must be refused.
    async fn authorize(&self, call: AuthorizeCall) -> Result<AuthorizeReply, BusError>;

    /// Reports what the worker carries and receives what it must enforce.
    ///
    /// # Errors
    /// [`BusError`] when no API answered; try again.
    async fn hello(&self, hello: Hello) -> Result<Welcome, BusError>;

    /// Asks where a stream is carried; `None` when it is not live, or only on the asking worker.
    ///
    /// # Errors
    /// [`BusError`] when no API answered: nobody knows now.
    async fn locate(&self, call: LocateCall) -> Result<Option<Origin>, BusError>;

    /// Asks what is known of a stream, for people who are connected here; `None` when there is no such stream, or the API
    /// does not know the question.
    ///
    /// # Errors
    /// [`BusError`] when no API answered; one of a release that cannot be asked does not.
    async fn describe(&self, call: DescribeCall) -> Result<Option<Description>, BusError>;

    /// Receives commands from now on. When the receiver ends the link was lost, or fell behind: subscribe again, then
    /// say hello, in this order, so that no command falls between.
    ///
    /// # Errors
    /// [`BusError::Unreachable`] while the link is down; try again.
    async fn subscribe(&self) -> Result<mpsc::Receiver<Control>, BusError>;

    /// Confirms a command that is in force.
    ///
    /// # Errors
    /// [`BusError`] when the link is down; the API counts the worker as pending.
    async fn acknowledge(&self, ack: ControlAck) -> Result<(), BusError>;

    /// Hands over one event. Returns once it cannot be lost any more.
    ///
    /// # Errors
    /// [`BusError`] when it may be lost: keep it and try again (its id makes a repetition harmless).
    async fn publish(&self, event: WorkerEvent) -> Result<(), BusError>;

    /// Sends the second's figures. Dropped when nobody listens.
    async fn report(&self, report: StatsReport);
}

/// Answers the calls of workers.
#[async_trait]
pub trait Authority: Send + Sync + 'static {
    async fn authorize(&self, call: AuthorizeCall) -> AuthorizeReply;

    /// `None` when the state cannot be read now: the worker tries again.
    async fn hello(&self, hello: Hello) -> Option<Welcome>;

    /// `None` when the stream is not live elsewhere.
    async fn locate(&self, call: LocateCall) -> Option<Origin>;

    /// `None` when there is nothing to tell; an authority that only decides has nothing.
    async fn describe(&self, _call: DescribeCall) -> Option<Description> {
        None
    }
}

/// An API's end of the bus.
#[async_trait]
pub trait ApiLink: Send + Sync + 'static {
    /// Answers calls with `authority` from now on, beside other APIs.
    ///
    /// # Errors
    /// [`BusError::Unreachable`] when the link is down.
    async fn serve(&self, authority: Arc<dyn Authority>) -> Result<(), BusError>;

    /// Sends a command to every worker. Returns once it is on its way to all that are connected.
    ///
    /// # Errors
    /// [`BusError`] when it may not have been sent. Lasting commands reach the workers with their next hello.
    async fn broadcast(&self, control: Control) -> Result<(), BusError>;

    /// Acknowledgements of all workers, also of commands that other APIs sent.
    async fn acknowledgements(&self) -> mpsc::Receiver<ControlAck>;

    /// Events, shared with the other APIs: each goes to one of them.
    async fn events(&self) -> mpsc::Receiver<EventDelivery>;

    /// The figures of all workers. A slow receiver misses old ones, never the newest.
    async fn reports(&self) -> mpsc::Receiver<StatsReport>;

    /// Tells the other APIs. Dropped when nobody listens.
    async fn notify(&self, notice: Notice);

    /// What APIs tell one another, the own notices included. A slow receiver misses old ones.
    async fn notices(&self) -> mpsc::Receiver<Notice>;
}

/// One event to handle. Dropped without [`done`](Self::done), it comes again.
pub struct EventDelivery {
    pub event: WorkerEvent,
    settle: Option<Box<dyn FnOnce(Settlement) + Send>>,
}

enum Settlement {
    Done,
    Again,
}

impl EventDelivery {
    fn new(event: WorkerEvent, settle: impl FnOnce(Settlement) + Send + 'static) -> Self {
        Self { event, settle: Some(Box::new(settle)) }
    }

    /// The event is recorded; it will not come again.
    pub fn done(mut self) {
        if let Some(settle) = self.settle.take() {
            settle(Settlement::Done);
        }
    }
}

impl Drop for EventDelivery {
    fn drop(&mut self) {
        if let Some(settle) = self.settle.take() {
            settle(Settlement::Again);
        }
    }
}

/// Questions of one worker on their way to an API. More are refused at once: a flood must not become a backlog.
const CALLS_IN_FLIGHT: usize = 512;
/// Commands that a worker may be behind before it must resynchronise.
const CONTROL_QUEUE: usize = 1_024;
const LOCATE_DEADLINE: Duration = Duration::from_secs(2);
/// A client waits for the answer, but nothing stands still meanwhile.
const DESCRIBE_DEADLINE: Duration = Duration::from_secs(5);
const HELLO_DEADLINE: Duration = Duration::from_secs(10);
