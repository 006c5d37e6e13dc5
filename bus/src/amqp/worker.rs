//! A worker's end: asks, obeys, tells.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Confirmation, Connection};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sluice_contract::UnixTime;
use sluice_contract::message::{
    AuthorizeCall, AuthorizeReply, Control, ControlAck, DescribeCall, Description, Hello, LocateCall, Origin,
    StatsReport, Welcome, WorkerEvent,
};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tracing::warn;
use uuid::Uuid;

use super::calls::{Calls, Confirm};
use super::codec::{self, Kind};
use super::commands;
use super::dial::Broker;
use super::error::{ConnectError, Context};
use super::link::{End, Link, Live, Lost};
use super::{rights, topology};
use crate::{BusError, CALLS_IN_FLIGHT, DESCRIBE_DEADLINE, HELLO_DEADLINE, LOCATE_DEADLINE, WorkerLink};

/// A worker's link to RabbitMQ.
pub struct AmqpWorker {
    link: Link<Session>,
    clock: fn() -> UnixTime,
    sender: String,
    authorizing: Semaphore,
    locating: Semaphore,
    describing: Semaphore,
}

impl AmqpWorker {
    /// Connects as a worker, and stays connected. `clock` tells deadlines.
    ///
    /// Returns without a link when no API has prepared the broker yet; the link comes with the first API.
    ///
    /// # Errors
    /// [`ConnectError`] when something must be corrected first, or when no broker answers within 8 seconds.
    pub async fn connect(broker: Broker, clock: fn() -> UnixTime) -> Result<Self, ConnectError> {
        let context = Context { url: broker.url.clone(), rights: rights::WORKER };
        let sender = broker.name.clone();
        let link = Link::connect(WorkerEnd, broker, context).await?;
        let calls = || Semaphore::new(CALLS_IN_FLIGHT);
        Ok(Self { link, clock, sender, authorizing: calls(), locating: calls(), describing: calls() })
    }

    /// Ends the connection in order. Calls that wait fail, receivers of commands end.
    pub async fn close(&self) {
        self.link.close().await;
    }

    /// One question and its answer, both within `within`.
    async fn call<Q: Serialize, A: DeserializeOwned>(
        &self,
        kinds: (&Kind, &Kind),
        question: &Q,
        within: Duration,
    ) -> Result<A, BusError> {
        let (asked, answered) = kinds;
        let body = codec::encode(asked, question)?;
        let live = self.link.now()?;
        let call = live.calls.open()?;
        // Rounded up: a question that expires before its deadline could have been answered.
        let left_ms = within.as_millis() + 1;
        let properties = codec::properties(asked, &self.sender, Uuid::new_v4(), (self.clock)())
            .with_reply_to(topology::REPLY_TO.into())
            .with_correlation_id(call.correlation())
            .with_expiration(left_ms.to_string().into());
        let mandatory = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let asking = async {
            let published =
                live.asking.basic_publish(topology::RPC.into(), asked.name.into(), mandatory, &body, properties).await;
            match published {
                Ok(confirm) => call.answer(confirm).await,
                Err(error) => Err(broken(&live, &error)),
            }
        };
        let answer = tokio::select! {
            answer = timeout(within, asking) => answer.map_err(|_| BusError::TimedOut)??,
            () = live.lost.wait() => return Err(BusError::Unreachable),
        };
        codec::decode(answered, &answer.properties, &answer.body).map_err(|skipped| {
            if answer.properties.kind().as_ref().is_none_or(|kind| kind.as_str() != codec::FAILED.name) {
                skipped.log(answered, &answer.properties);
            }
            BusError::Failed
        })
    }

    /// Sends without waiting for a confirm.
    async fn send(&self, exchange: &str, kind: &Kind, body: &[u8]) -> Result<(), BusError> {
        let live = self.link.now()?;
        let properties = codec::properties(kind, &self.sender, Uuid::new_v4(), (self.clock)());
        let sending =
            live.telling.basic_publish(exchange.into(), "".into(), BasicPublishOptions::default(), body, properties);
        match timeout(SEND_PATIENCE, sending).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(broken(&live, &error)),
            Err(_) => Err(BusError::TimedOut),
        }
    }
}

#[async_trait]
impl WorkerLink for AmqpWorker {
    async fn authorize(&self, call: AuthorizeCall) -> Result<AuthorizeReply, BusError> {
        let left = call.deadline.millis_since((self.clock)());
        let within = Duration::from_millis(u64::try_from(left).map_err(|_| BusError::TimedOut)?);
        let _in_flight = self.authorizing.try_acquire().map_err(|_| BusError::Overloaded)?;
        self.call((&codec::AUTHORIZE, &codec::AUTHORIZE_REPLY), &call, within).await
    }

    async fn hello(&self, hello: Hello) -> Result<Welcome, BusError> {
        self.call((&codec::HELLO, &codec::HELLO_REPLY), &hello, HELLO_DEADLINE).await
    }

    async fn locate(&self, call: LocateCall) -> Result<Option<Origin>, BusError> {
        let _in_flight = self.locating.try_acquire().map_err(|_| BusError::Overloaded)?;
        self.call((&codec::LOCATE, &codec::LOCATE_REPLY), &call, LOCATE_DEADLINE).await
    }

    async fn describe(&self, call: DescribeCall) -> Result<Option<Description>, BusError> {
        let _in_flight = self.describing.try_acquire().map_err(|_| BusError::Overloaded)?;
        self.call((&codec::DESCRIBE, &codec::DESCRIBE_REPLY), &call, DESCRIBE_DEADLINE).await
    }

    async fn subscribe(&self) -> Result<mpsc::Receiver<Control>, BusError> {
        let live = self.link.now()?;
        match timeout(SEND_PATIENCE, commands::subscribe(&live, &self.link.context)).await {
            Ok(Ok(receiver)) => Ok(receiver),
            Ok(Err(error)) => {
                warn!(reason = %error, "commands cannot be received");
                live.lost.fail(error);
                Err(BusError::Unreachable)
            }
            Err(_) => Err(BusError::TimedOut),
        }
    }

    async fn acknowledge(&self, ack: ControlAck) -> Result<(), BusError> {
        self.send(topology::ACKS, &codec::ACK, &codec::encode(&codec::ACK, &ack)?).await
    }

    async fn publish(&self, event: WorkerEvent) -> Result<(), BusError> {
        let body = codec::encode(&codec::EVENT, &event)?;
        let live = self.link.now()?;
        let properties = codec::properties(&codec::EVENT, &self.sender, event.id, (self.clock)())
            .with_delivery_mode(codec::PERSISTENT);
        let mandatory = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let publishing = async {
            // One at a time: they keep their order, and a returned one is not taken for another.
            let _turn = live.events_turn.lock().await;
            let confirm = live.events.basic_publish(topology::EVENTS.into(), "".into(), mandatory, &body, properties);
            Confirm(Some(confirm.await?)).settled().await
        };
        let confirmation = tokio::select! {
            confirmation = timeout(CONFIRM_PATIENCE, publishing) => confirmation.map_err(|_| BusError::TimedOut)?,
            () = live.lost.wait() => return Err(BusError::Unreachable),
        };
        match confirmation {
            Ok(Confirmation::Ack(None)) => Ok(()),
            Ok(Confirmation::Nack(_)) => Err(BusError::Overloaded),
            // Returned: its queue is gone, and comes back with an API.
            Ok(_) => Err(BusError::Unreachable),
            Err(error) => Err(broken(&live, &error)),
        }
    }

    async fn report(&self, report: StatsReport) {
        let Ok(body) = codec::encode(&codec::REPORT, &report) else { return };
        // Figures are worth nothing later.
        let _ = self.send(topology::REPORTS, &codec::REPORT, &body).await;
    }
}

/// A channel that failed takes the session with it.
fn broken(live: &Live<Session>, error: &lapin::Error) -> BusError {
    live.lost.fail(error);
    BusError::Unreachable
}

/// What a worker holds of one connection.
pub(super) struct Session {
    calls: Arc<Calls>,
    /// Questions, and the answers to them: direct reply-to binds both to one channel.
    asking: Channel,
    events: Channel,
    events_turn: tokio::sync::Mutex<()>,
    telling: Channel,
}

struct WorkerEnd;

impl End for WorkerEnd {
    type Session = Session;

    async fn open(&self, connection: &Connection, context: &Context, lost: &Lost) -> Result<Session, ConnectError> {
        topology::prepare_as_worker(connection, context).await?;
        let asking = topology::confirming_channel(connection, context).await?;
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let mut answers = asking
            .basic_consume(topology::REPLY_TO.into(), "".into(), options, FieldTable::default())
            .await
            .map_err(|error| context.unreachable(error.to_string()))?;
        let calls = Arc::new(Calls::new());
        let (waiting, lost) = (Arc::clone(&calls), lost.clone());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = lost.wait() => break,
                    answer = topology::next(&mut answers) => match answer {
                        Some(answer) => waiting.answered(answer),
                        None => {
                            lost.fail("answers stopped coming");
                            break;
                        }
                    }
                }
            }
            waiting.end();
        });
        Ok(Session {
            calls,
            asking,
            events: topology::confirming_channel(connection, context).await?,
            events_turn: tokio::sync::Mutex::default(),
            telling: topology::channel(connection, context).await?,
        })
    }
}

/// For handing a message to the socket.
const SEND_PATIENCE: Duration = Duration::from_secs(5);
/// For an event to be on the broker's disk.
const CONFIRM_PATIENCE: Duration = Duration::from_secs(10);
