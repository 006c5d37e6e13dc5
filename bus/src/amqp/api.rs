//! An API's end: answers, commands, listens.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation, Connection};
use sluice_contract::UnixTime;
use sluice_contract::message::{Control, ControlAck, Notice, StatsReport};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;
use uuid::Uuid;

use super::answers::{self, Question};
use super::calls::Confirm;
use super::codec;
use super::commands::SEQUENCE_HEADER;
use super::dial::Broker;
use super::error::{ConnectError, Context};
use super::link::{End, Link, Live, Lost};
use super::{events, listen, rights, topology};
use crate::{ApiLink, Authority, BusError, EventDelivery};

/// An API's link to RabbitMQ.
pub struct AmqpApi {
    shared: Arc<Shared>,
    sender: String,
    /// The number of the last command. The lock keeps commands in the order of their numbers.
    sequence: tokio::sync::Mutex<u64>,
    consuming: TaskTracker,
}

/// What the consuming tasks need.
pub(super) struct Shared {
    pub link: Link<Session>,
    pub clock: fn() -> UnixTime,
    /// Set when nothing more may be taken from the broker.
    pub stopping: CancellationToken,
}

/// Why a consumer ended.
pub(super) enum Ended {
    /// The session is over, or the broker ended the consumer: start again.
    Lost,
    /// Nobody listens any more, or the API stops.
    Left,
}

/// A consumer at work.
pub(super) type Consuming = BoxFuture<'static, Ended>;

/// Starts a consumer on a session.
type Attach = Box<dyn Fn(Arc<Live<Session>>) -> BoxFuture<'static, Result<Consuming, ConnectError>> + Send + Sync>;

impl AmqpApi {
    /// Connects as an API, declares what APIs and workers share, and stays connected. `clock` tells deadlines.
    ///
    /// # Errors
    /// [`ConnectError`] when something must be corrected first, or when no broker answers within 8 seconds.
    pub async fn connect(broker: Broker, clock: fn() -> UnixTime) -> Result<Self, ConnectError> {
        let context = Context { url: broker.url.clone(), rights: rights::API };
        let name: String = broker.name.chars().take(NAME_CHARS).collect();
        let link = Link::connect(ApiEnd, broker, context).await?;
        Ok(Self {
            shared: Arc::new(Shared { link, clock, stopping: CancellationToken::new() }),
            // Unique: workers count the commands of each API.
            sender: format!("{name}.{}", Uuid::new_v4()),
            sequence: tokio::sync::Mutex::new(0),
            consuming: TaskTracker::new(),
        })
    }

    /// Takes nothing more, finishes what is in hand, and ends the connection in order. Events in hand that are not done
    /// within 5 seconds go back, as do calls.
    pub async fn close(&self) {
        self.shared.stopping.cancel();
        self.consuming.close();
        let _ = timeout(CLOSE_PATIENCE, self.consuming.wait()).await;
        self.shared.link.close().await;
    }

    /// Begins to consume on the session of the moment.
    ///
    /// # Errors
    /// [`BusError`] when there is none, or it does not let us.
    async fn begin(&self, what: &'static str, attach: &Attach) -> Result<Consuming, BusError> {
        let live = self.shared.link.now()?;
        match timeout(ATTACH_PATIENCE, attach(live)).await {
            Ok(Ok(consuming)) => Ok(consuming),
            Ok(Err(reason)) => {
                warn!(%reason, what, "the bus cannot be consumed from");
                Err(BusError::Unreachable)
            }
            Err(_) => Err(BusError::TimedOut),
        }
    }

    /// Goes on with what was begun, and begins again on every session that follows.
    fn keep(&self, what: &'static str, first: Option<Consuming>, attach: Attach) {
        let shared = Arc::clone(&self.shared);
        self.consuming.spawn(async move {
            let mut consuming = first;
            loop {
                if let Some(consuming) = consuming.take()
                    && matches!(consuming.await, Ended::Left)
                {
                    return;
                }
                let attached = tokio::select! {
                    () = shared.stopping.cancelled() => return,
                    live = shared.link.next() => match live {
                        Some(live) => timeout(ATTACH_PATIENCE, attach(live)).await,
                        None => return,
                    },
                };
                match attached {
                    Ok(Ok(begun)) => consuming = Some(begun),
                    Ok(Err(reason)) => {
                        warn!(%reason, what, "the bus cannot be consumed from; trying again");
                        sleep(ATTACH_PAUSE).await;
                    }
                    Err(_) => warn!(what, "the bus does not answer; trying again"),
                }
            }
        });
    }

    /// Consumes from now on, or as soon as there is a link.
    async fn receive(&self, what: &'static str, attach: Attach) {
        let first = self.begin(what, &attach).await.ok();
        self.keep(what, first, attach);
    }

    /// Publishes a message, confirmed by the broker.
    async fn confirmed(&self, control: &Control) -> Result<(), BusError> {
        let body = codec::encode(&codec::CONTROL, control)?;
        let live = self.shared.link.now()?;
        let now = (self.shared.clock)();
        let publishing = async {
            let mut sequence = self.sequence.lock().await;
            *sequence += 1;
            let properties = codec::properties(&codec::CONTROL, &self.sender, control.id, now);
            let properties = codec::with_number(properties, SEQUENCE_HEADER, *sequence);
            let options = BasicPublishOptions::default();
            let confirm =
                live.commands.basic_publish(topology::CONTROL.into(), "".into(), options, &body, properties).await;
            drop(sequence);
            Confirm(Some(confirm?)).settled().await
        };
        let confirmation = tokio::select! {
            confirmation = timeout(CONFIRM_PATIENCE, publishing) => confirmation.map_err(|_| BusError::TimedOut)?,
            () = live.lost.wait() => return Err(BusError::Unreachable),
        };
        match confirmation {
            Ok(Confirmation::Ack(_)) => Ok(()),
            Ok(_) => Err(BusError::Overloaded),
            Err(error) => {
                live.lost.fail(error);
                Err(BusError::Unreachable)
            }
        }
    }
}

#[async_trait]
impl ApiLink for AmqpApi {
    async fn serve(&self, authority: Arc<dyn Authority>) -> Result<(), BusError> {
        let mut begun = Vec::new();
        for question in Question::ALL {
            let (shared, authority) = (Arc::clone(&self.shared), Arc::clone(&authority));
            let attach: Attach = Box::new(move |live| {
                answers::attach(Arc::clone(&shared), live, question, Arc::clone(&authority)).boxed()
            });
            let what = question.kinds().0.name;
            begun.push((what, self.begin(what, &attach).await?, attach));
        }
        // All of them or none: a caller may try again.
        for (what, consuming, attach) in begun {
            self.keep(what, Some(consuming), attach);
        }
        Ok(())
    }

    async fn broadcast(&self, control: Control) -> Result<(), BusError> {
        self.confirmed(&control).await
    }

    async fn acknowledgements(&self) -> mpsc::Receiver<ControlAck> {
        self.listen(&listen::ACKS).await
    }

    async fn events(&self) -> mpsc::Receiver<EventDelivery> {
        let (sender, receiver) = mpsc::channel(1);
        let shared = Arc::clone(&self.shared);
        let attach: Attach = Box::new(move |live| events::attach(Arc::clone(&shared), live, sender.clone()).boxed());
        self.receive(codec::EVENT.name, attach).await;
        receiver
    }

    async fn reports(&self) -> mpsc::Receiver<StatsReport> {
        self.listen(&listen::REPORTS).await
    }

    async fn notify(&self, notice: Notice) {
        let Ok(body) = codec::encode(&codec::NOTICE, &notice) else { return };
        let Ok(live) = self.shared.link.now() else { return };
        let properties = codec::properties(&codec::NOTICE, &self.sender, Uuid::new_v4(), (self.shared.clock)());
        let options = BasicPublishOptions::default();
        let telling = live.telling.basic_publish(topology::NOTICES.into(), "".into(), options, &body, properties);
        if let Ok(Err(error)) = timeout(CONFIRM_PATIENCE, telling).await {
            live.lost.fail(error);
        }
    }

    async fn notices(&self) -> mpsc::Receiver<Notice> {
        self.listen(&listen::NOTICES).await
    }
}

impl AmqpApi {
    async fn listen<T: serde::de::DeserializeOwned + Send + 'static>(
        &self,
        feed: &'static listen::Feed,
    ) -> mpsc::Receiver<T> {
        let (sender, receiver) = mpsc::channel(1);
        let shared = Arc::clone(&self.shared);
        let attach: Attach =
            Box::new(move |live| listen::attach(Arc::clone(&shared), live, feed, sender.clone()).boxed());
        self.receive(feed.kind.name, attach).await;
        receiver
    }
}

impl Drop for AmqpApi {
    fn drop(&mut self) {
        self.shared.stopping.cancel();
    }
}

/// What an API holds of one connection, beside its consumers.
pub(super) struct Session {
    commands: Channel,
    telling: Channel,
}

struct ApiEnd;

impl End for ApiEnd {
    type Session = Session;

    async fn open(&self, connection: &Connection, context: &Context, _lost: &Lost) -> Result<Session, ConnectError> {
        topology::prepare_as_api(connection, context).await?;
        Ok(Session {
            commands: topology::confirming_channel(connection, context).await?,
            telling: topology::channel(connection, context).await?,
        })
    }
}

/// For a command to be with the broker.
const CONFIRM_PATIENCE: Duration = Duration::from_secs(5);
const ATTACH_PATIENCE: Duration = Duration::from_secs(5);
const ATTACH_PAUSE: Duration = Duration::from_secs(1);
const CLOSE_PATIENCE: Duration = Duration::from_secs(6);
/// Names are at most this long among 255 bytes that also hold a unique part.
const NAME_CHARS: usize = 50;
