//! The link to the API: says hello on every connection, applies commands before acknowledging them, sends events and
//! the second's figures.

mod apply;
mod load;
mod outbox;
mod rules;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use sluice_bus::{BusError, WorkerLink};
use sluice_contract::message::{
    Command, Control as Message, ControlAck, EndReason, Hello, RecordingOrder, SessionReport, StatsReport,
    StreamReport, VERSION, WorkerLoad, understands,
};
use sluice_contract::{ApplicationName, Operation, Protocol, SessionId, StreamId, UnixTime, VodId, WorkerId};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::session::{Changes, Gate, Session, Sessions};
use crate::{Clock, StreamKey};

pub(crate) use load::Meter;
pub(crate) use outbox::Outbox;
pub use rules::Rules;

/// What control needs of the broadcasts: to end them, and to tell of them.
pub(crate) trait OnAir: Send + Sync + 'static {
    /// See [`Hub::end`].
    fn end(&self, key: &StreamKey, publisher: SessionId, reason: EndReason);

    /// See [`Hub::reports`].
    fn reports(&self, now: UnixTime) -> Vec<StreamReport>;

    /// Drops what is here of other workers' streams: of one, or of a whole application.
    fn forget(&self, _: &ApplicationName, _: Option<&StreamId>) {}

    /// The blocks in force have changed.
    fn blocks_changed(&self) {}

    /// The API knows this worker, (again).
    fn linked(&self) {}

    /// Begins to record a stream, or ends that. Says which recording it is, if it does.
    fn record(&self, _: ApplicationName, _: StreamId, _: Option<RecordingOrder>) -> BoxFuture<'static, Vec<VodId>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    /// Removes the files of recordings. Says which were here.
    fn remove_recordings(&self, _: ApplicationName, _: Vec<(VodId, String)>) -> BoxFuture<'static, Vec<VodId>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    /// Ready when everything that was on its way to a peer has left, or never will: what its gate holds back now is held
    /// back to the last packet.
    fn settled(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Sends a text to everybody here who has a data channel with the stream. Returns how many they are.
    fn data(&self, _: &ApplicationName, _: &StreamId, _text: &str) -> u32 {
        0
    }
}

/// Keeps this worker in line with the API.
pub(crate) struct Control {
    pub worker: WorkerId,
    /// For people: host and process.
    pub name: String,
    /// Where other workers reach this one's relay, `host:port`.
    pub relay: Option<String>,
    pub link: Arc<dyn WorkerLink>,
    pub rules: Arc<Rules>,
    pub sessions: Arc<Sessions>,
    pub on_air: Arc<dyn OnAir>,
    pub clock: Clock,
    /// The newest revision in force here.
    pub revision: AtomicU64,
    pub meter: Meter,
    /// Share of the processor, 0 to 1, from which on no new publishers are taken; `None` takes all.
    pub load_limit: Option<f32>,
    pub last_report: ArcSwap<StatsReport>,
}

impl Control {
    /// Follows the API until `shutdown`, over as many connections as that takes.
    pub async fn run(&self, shutdown: &CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = tokio::select! {
                () = shutdown.cancelled() => break,
                error = self.follow(&mut pause) => error,
            };
            self.rules.link_lost();
            warn!(%error, "the link to the API is down; nobody is admitted until it returns");
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.rules.link_lost();
    }

    /// Ends what has expired and lifts blocks that have ended, as time passes.
    pub async fn keep_time(&self) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            self.beat();
        }
    }

    /// Ends what has expired by now and lifts what blocks have ended.
    pub fn beat(&self) {
        self.off_air(&self.sessions.tick((self.clock)()));
    }

    /// Reports everything that is live, once a second.
    pub async fn report(&self) {
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            second.tick().await;
            self.report_once().await;
        }
    }

    /// One report of everything that is live.
    pub async fn report_once(&self) {
        let now = (self.clock)();
        let (sessions, streams) = self.figures(now);
        let sessions: Vec<_> = sessions.iter().map(|session| session.report(now)).collect();
        let load = self.load(&sessions);
        let report = StatsReport {
            revision: self.applied(),
            sessions,
            streams,
            name: self.name.clone(),
            relay: self.relay.clone(),
            load,
            ..StatsReport::of(self.worker, now)
        };
        self.last_report.store(Arc::new(report.clone()));
        if timeout(LINK_PATIENCE, self.link.report(report)).await.is_err() {
            warn!("the second's figures could not be sent in time");
        }
    }

    /// The newest report, for who asks this process itself.
    pub fn last_report(&self) -> Arc<StatsReport> {
        self.last_report.load_full()
    }

    /// What the worker uses, with the traffic of `sessions`. Closes or opens it to publishers by its limit.
    fn load(&self, sessions: &[SessionReport]) -> WorkerLoad {
        let mut load = WorkerLoad { draining: self.rules.is_draining(), ..self.meter.measure() };
        for session in sessions {
            let rate = session.stats.video_bitrate_bps.saturating_add(session.stats.audio_bitrate_bps);
            match session.operation {
                Operation::Publish => load.received_bps = load.received_bps.saturating_add(rate),
                Operation::Play => load.sent_bps = load.sent_bps.saturating_add(rate),
            }
        }
        self.rules.set_at_limit(self.load_limit.is_some_and(|limit| self.meter.steady_share() >= limit));
        load
    }

    /// From now on whoever comes is turned away, until `on` is false again. Who is here stays.
    pub fn drain(&self, on: bool) {
        if self.rules.is_draining() != on {
            info!(on, "draining");
        }
        self.rules.set_draining(on);
    }

    /// Tells the API that nothing more will come from here, so that nobody waits for this worker.
    pub async fn leave(&self) {
        let report = StatsReport {
            revision: self.applied(),
            name: self.name.clone(),
            leaving: true,
            ..StatsReport::of(self.worker, (self.clock)())
        };
        if timeout(LINK_PATIENCE, self.link.report(report)).await.is_err() {
            warn!("the API could not be told of the stop in time");
        }
    }

    /// Ends everything that is live here.
    pub fn end_all(&self) {
        self.off_air(&self.sessions.close_all(EndReason::Shutdown));
    }

    /// One connection: subscribe, hello, then command after command. Returns why it ended.
    async fn follow(&self, pause: &mut Duration) -> BusError {
        let mut commands = match self.link.subscribe().await {
            Ok(commands) => commands,
            Err(error) => return error,
        };
        if let Err(error) = self.hello().await {
            return error;
        }
        *pause = FIRST_PAUSE;
        info!(revision = self.applied(), "the link to the API is in order");
        // Commands are in force at once, and in order. What was under way to peers at the moment leaves in its own time, and
        // nobody who comes in or is to go waits for it.
        let mut confirming = FuturesUnordered::new();
        loop {
            tokio::select! {
                message = commands.recv(), if confirming.len() < MAX_CONFIRMING => {
                    let Some(message) = message else { return BusError::Unreachable };
                    match self.obey(message, &commands).await {
                        Ok(confirmation) => confirming.push(confirmation),
                        Err(error) => return error,
                    }
                }
                Some(confirmed) = confirming.next() => {
                    if let Err(error) = confirmed {
                        return error;
                    }
                }
            }
        }
    }

    /// Tells what is carried here and takes over the whole state.
    async fn hello(&self) -> Result<(), BusError> {
        let now = (self.clock)();
        let sessions = self.sessions.all();
        let hello = Hello {
            version: VERSION,
            worker: self.worker,
            name: self.name.clone(),
            last_revision: self.applied(),
            sessions: sessions.iter().filter(|session| session.is_announced()).map(|s| s.report(now)).collect(),
            streams: self.streams(&sessions, now),
            relay: self.relay.clone(),
        };
        let welcome = self.link.hello(hello).await?;
        if !understands(welcome.version) {
            error!(version = welcome.version, own = VERSION, "the API is too many releases away; update one of us");
            return Err(BusError::Failed);
        }
        self.welcome(welcome);
        self.rules.link_in_order();
        self.on_air.linked();
        Ok(())
    }

    /// Brings a command into force. Returns what acknowledges it: when nothing is on its way to peers any more that left
    /// before.
    async fn obey(
        &self,
        message: Message,
        commands: &mpsc::Receiver<Message>,
    ) -> Result<impl Future<Output = Result<(), BusError>> + use<'_>, BusError> {
        let lasting = message.command.is_lasting();
        let missed_from = self.applied() + u64::from(lasting);
        if message.revision > missed_from {
            warn!(
                revision = message.revision,
                applied = self.applied(),
                waiting = commands.len(),
                "a command was missed; asking for the whole state"
            );
            self.rules.link_lost();
            self.hello().await?;
        } else if matches!(message.command, Command::Rejoin { worker } if worker == self.worker) {
            warn!("the API thought that this worker was lost; telling it what is here");
            self.rules.link_lost();
            self.hello().await?;
        }
        // Also when nobody here is counted: the viewers of another worker's stream may be ours.
        let takes_off = !matches!(
            message.command,
            Command::Data { .. }
                | Command::Drain { .. }
                | Command::Rejoin { .. }
                | Command::Record { .. }
                | Command::RemoveRecordings { .. }
        );
        // They wait for the disk.
        let recordings = match &message.command {
            Command::Record { application, stream_id, order } => {
                Some(self.on_air.record(application.clone(), stream_id.clone(), order.clone()))
            }
            Command::RemoveRecordings { application, recordings } => {
                Some(self.on_air.remove_recordings(application.clone(), recordings.clone()))
            }
            _ => None,
        };
        // A lasting command that the last hello already included says nothing new, and may be older than the state.
        let changes = if lasting && message.revision <= self.applied() {
            Changes::default()
        } else {
            let changes = self.apply(message.command);
            if lasting {
                self.set_applied(message.revision);
            }
            changes
        };
        let mut ack = ControlAck {
            control: message.id,
            worker: self.worker,
            revision: self.applied(),
            sessions_stopped: u32::try_from(changes.stopped.len()).unwrap_or(u32::MAX),
            sessions_suspended: changes.suspended,
            sessions_resumed: changes.resumed,
            sessions_reached: changes.reached,
            recordings: Vec::new(),
        };
        let settled = takes_off.then(|| self.on_air.settled());
        Ok(async move {
            if let Some(settled) = settled
                && timeout(SETTLED_WITHIN, settled).await.is_err()
            {
                // Whoever called hears that it may not be over here.
                warn!("packets to WebRTC peers are stuck; a command is not acknowledged");
                return Ok(());
            }
            if let Some(recordings) = recordings {
                ack.recordings = timeout(DISK_PATIENCE, recordings).await.unwrap_or_default();
            }
            match timeout(LINK_PATIENCE, self.link.acknowledge(ack)).await {
                Ok(acknowledged) => acknowledged,
                Err(_) => Err(BusError::TimedOut),
            }
        })
    }

    /// The sessions that are left after the idle ones ended, and the streams with their viewers.
    fn figures(&self, now: UnixTime) -> (Vec<Arc<Session>>, Vec<StreamReport>) {
        let sessions = self.sessions.sample(now);
        let streams = self.streams(&sessions, now);
        (sessions, streams)
    }

    fn streams(&self, sessions: &[Arc<Session>], now: UnixTime) -> Vec<StreamReport> {
        let mut viewers: HashMap<&StreamKey, HashMap<Protocol, u32>> = HashMap::new();
        for session in sessions {
            if session.grant().operation == Operation::Play && session.is_announced() {
                let of_stream = viewers.entry(session.key()).or_default();
                *of_stream.entry(session.grant().protocol).or_default() += 1;
            }
        }
        let mut streams = self.on_air.reports(now);
        for stream in &mut streams {
            let key = StreamKey { application: stream.application.clone(), stream_id: stream.stream_id.clone() };
            stream.viewers = viewers.get(&key).into_iter().flatten().map(|(protocol, n)| (*protocol, *n)).collect();
            stream.viewers.sort_unstable();
        }
        streams
    }

    /// Takes the streams of ended publishers off the air; players among them have none.
    fn off_air(&self, ended: &[Arc<Session>]) {
        for session in ended.iter().filter(|session| session.grant().operation == Operation::Publish) {
            if let Gate::Closed(reason) = session.gate() {
                self.on_air.end(session.key(), session.id(), reason);
            }
        }
    }

    fn applied(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    fn set_applied(&self, revision: u64) {
        self.revision.store(revision, Ordering::Release);
    }
}

/// How late a session may end after its time, and a viewer be let back in after a block.
const BEAT: Duration = Duration::from_millis(100);
/// How long the bus may take for what nobody waits for.
const LINK_PATIENCE: Duration = Duration::from_secs(1);
/// Commands that are in force and not acknowledged yet.
const MAX_CONFIRMING: usize = 256;
/// How long what is on its way to peers may take to leave: it is there within milliseconds.
const SETTLED_WITHIN: Duration = Duration::from_millis(500);
/// How long a command may wait for the disk: whoever sent it waits for a second.
const DISK_PATIENCE: Duration = Duration::from_millis(800);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
