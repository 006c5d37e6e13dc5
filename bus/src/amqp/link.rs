//! Keeps one connection to the broker for as long as the process lives.
//!
//! Every connection is a session of its own, made whole: dial, declare, consume. When anything of it fails, all of it is
//! given up, what waits on it learns that at once, and the next session begins with nothing of the last. (The library's
//! own recovery carries on silently instead, and loses messages where names or exclusive queues stand in its way.)

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt;
use lapin::{Connection, Event};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use super::dial::Broker;
use super::error::{ConnectError, Context};
use crate::BusError;

/// What one side does with a fresh connection.
pub(super) trait End: Send + Sync + 'static {
    type Session: Send + Sync + 'static;

    /// Prepares everything that the session needs. Whatever fails later calls [`Lost::fail`].
    fn open(
        &self,
        connection: &Connection,
        context: &Context,
        lost: &Lost,
    ) -> impl Future<Output = Result<Self::Session, ConnectError>> + Send;
}

/// Tells once that a session is over, and why.
#[derive(Clone, Default)]
pub(super) struct Lost(Arc<LostInner>);

#[derive(Default)]
struct LostInner {
    token: CancellationToken,
    reason: OnceLock<String>,
}

impl Lost {
    /// Ends the session; the first reason counts.
    pub fn fail(&self, reason: impl fmt::Display) {
        let _ = self.0.reason.set(reason.to_string());
        self.0.token.cancel();
    }

    /// Returns once the session is over.
    pub async fn wait(&self) {
        self.0.token.cancelled().await;
    }

    fn is_over(&self) -> bool {
        self.0.token.is_cancelled()
    }

    fn reason(&self) -> &str {
        self.0.reason.get().map_or("", String::as_str)
    }
}

/// A session in use.
pub(super) struct Live<S> {
    session: S,
    pub connection: Connection,
    pub lost: Lost,
}

impl<S> Deref for Live<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.session
    }
}

/// One end's link: a supervisor, and the session of the moment.
pub(super) struct Link<S> {
    current: watch::Receiver<Option<Arc<Live<S>>>>,
    stop: CancellationToken,
    supervisor: Mutex<Option<JoinHandle<()>>>,
    pub context: Context,
}

impl<S: Send + Sync + 'static> Link<S> {
    /// Connects, and keeps connecting from then on.
    ///
    /// # Errors
    /// A permanent [`ConnectError`] at once; [`ConnectError::Unreachable`] when the broker stays away for
    /// [`START_PATIENCE`]. A worker whose broker no API has prepared yet is linked later.
    pub async fn connect<E: End<Session = S>>(end: E, broker: Broker, context: Context) -> Result<Self, ConnectError> {
        let until = Instant::now() + START_PATIENCE;
        let first = loop {
            match open(&end, &broker, &context).await {
                Ok(live) => break Some(live),
                Err(error @ ConnectError::NotPrepared { .. }) => {
                    info!(reason = %error, broker = %broker.url, "waiting for the bus");
                    break None;
                }
                Err(error) if error.is_permanent() || Instant::now() >= until => return Err(error),
                Err(error) => {
                    debug!(reason = %error, broker = %broker.url, "the bus does not answer yet");
                    sleep(FIRST_PAUSE).await;
                }
            }
        };
        let (sessions, current) = watch::channel(first.clone());
        let stop = CancellationToken::new();
        let supervisor = tokio::spawn(supervise(end, broker, context.clone(), first, sessions, stop.clone()));
        Ok(Self { current, stop, supervisor: Mutex::new(Some(supervisor)), context })
    }

    /// The session of the moment.
    ///
    /// # Errors
    /// [`BusError::Unreachable`] while there is none.
    pub fn now(&self) -> Result<Arc<Live<S>>, BusError> {
        let current = self.current.borrow();
        current.as_ref().filter(|live| !live.lost.is_over()).cloned().ok_or(BusError::Unreachable)
    }

    /// Waits for a session; `None` when the link was closed.
    pub async fn next(&self) -> Option<Arc<Live<S>>> {
        let mut current = self.current.clone();
        let live = current.wait_for(|live| live.as_ref().is_some_and(|live| !live.lost.is_over())).await.ok()?;
        live.clone()
    }

    /// Ends the connection in order.
    pub async fn close(&self) {
        self.stop.cancel();
        let supervisor = self.supervisor.lock().take();
        if let Some(supervisor) = supervisor {
            let _ = supervisor.await;
        }
    }
}

impl<S> Drop for Link<S> {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Follows session after session until `stop`.
async fn supervise<E: End>(
    end: E,
    broker: Broker,
    context: Context,
    first: Option<Arc<Live<E::Session>>>,
    sessions: watch::Sender<Option<Arc<Live<E::Session>>>>,
    stop: CancellationToken,
) {
    let mut next = first;
    loop {
        let live = match next.take() {
            Some(live) => live,
            None => {
                let live = tokio::select! {
                    () = stop.cancelled() => return,
                    live = open_at_last(&end, &broker, &context) => live,
                };
                sessions.send_replace(Some(Arc::clone(&live)));
                live
            }
        };
        info!(broker = %broker.url, "linked to the bus");
        tokio::select! {
            () = stop.cancelled() => live.lost.fail("closed by us"),
            () = watch_over(&live) => warn!(reason = live.lost.reason(), broker = %broker.url, "the bus was lost"),
        }
        sessions.send_replace(None);
        // The library must not be left with a connection when the runtime goes.
        let _ = timeout(CLOSE_PATIENCE, live.connection.close(200, "done".into())).await;
        drop(live);
        if stop.is_cancelled() {
            return;
        }
        sleep(FIRST_PAUSE).await;
    }
}

/// Tries for ever.
async fn open_at_last<E: End>(end: &E, broker: &Broker, context: &Context) -> Arc<Live<E::Session>> {
    let mut pause = FIRST_PAUSE;
    let mut said = None;
    loop {
        match open(end, broker, context).await {
            Ok(live) => return live,
            Err(reason) => {
                // The same reason is said once.
                if said.as_ref() != Some(&reason) {
                    match reason.is_permanent() {
                        true => error!(%reason, broker = %broker.url, "the bus refuses; trying again"),
                        false => warn!(%reason, broker = %broker.url, "the bus does not answer; trying again"),
                    }
                    said = Some(reason);
                }
            }
        }
        sleep(pause + jitter(pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One connection, whole or not at all.
async fn open<E: End>(end: &E, broker: &Broker, context: &Context) -> Result<Arc<Live<E::Session>>, ConnectError> {
    let connection = broker.dial(context).await?;
    let lost = Lost::default();
    let session = match timeout(OPEN_PATIENCE, end.open(&connection, context, &lost)).await {
        Ok(session) => session,
        Err(_) => Err(context.unreachable("the broker stopped answering")),
    };
    match session {
        Ok(session) => Ok(Arc::new(Live { session, connection, lost })),
        Err(error) => {
            lost.fail(&error);
            let _ = timeout(CLOSE_PATIENCE, connection.close(200, "done".into())).await;
            Err(error)
        }
    }
}

/// Returns when the session is over.
async fn watch_over<S>(live: &Live<S>) {
    let mut events = Box::pin(live.connection.events_listener());
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            () = live.lost.wait() => return,
            event = events.next() => match event {
                Some(Event::Error(error)) => return live.lost.fail(error),
                Some(Event::ConnectionBlocked(reason)) => {
                    warn!(%reason, "the broker takes no messages: it is short of memory or disk");
                }
                Some(Event::ConnectionUnblocked) => info!("the broker takes messages again"),
                Some(_) => {}
                None => return live.lost.fail("the connection ended"),
            },
            _ = look.tick() => {
                if !live.connection.status().connected() {
                    return live.lost.fail("the connection ended");
                }
            }
        }
    }
}

/// Up to half of `pause` more, so that all workers do not come back in the same moment.
fn jitter(pause: Duration) -> Duration {
    let share = u32::from(Uuid::new_v4().as_bytes()[0]);
    pause * share / 512
}

/// How long a broker may be away when a process starts.
pub(super) const START_PATIENCE: Duration = Duration::from_secs(8);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// For declaring and checking everything.
const OPEN_PATIENCE: Duration = Duration::from_secs(10);
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);
/// A connection that ended without an event is seen after this.
const LOOK_EVERY: Duration = Duration::from_secs(1);
