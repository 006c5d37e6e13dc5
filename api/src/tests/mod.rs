//! Scenarios over a real database (see `store::testing`) and the in-process bus, with a scripted worker and a clock that
//! stands still.

mod blocks;
mod decisions;
mod lives;
mod management;
mod outage;
mod recordings;
mod replicas;
mod rooms;
mod subscribers;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use sluice_bus::{MemoryBus, WorkerLink};
use sluice_contract::message::{
    AuthorizeCall, AuthorizeReply, Command, Control, ControlAck, EventKind, Hello, SessionReport, SessionState,
    SessionStats, StreamReport, Welcome, WorkerEvent,
};
use sluice_contract::{
    ClientBinding, Credentials, DenyReason, Intent, Operation, Peer, Protocol, RequestId, SessionId, StreamId,
    StreamRequest, SubscriberId, UnixTime, WorkerId,
};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::manage::{Application, Viewer};
use crate::store::testing;
use crate::{Api, ApiConfig, StartError};

/// The time of the worked examples of the code tables: 20 s into a step of 60.
pub const START: UnixTime = UnixTime::from_secs(1_700_000_000);

/// An API over a folder that outlives it, so that it can be started again.
pub struct TestApi {
    pub api: Api,
    pub bus: MemoryBus,
    pub time: Arc<AtomicI64>,
    pub dir: Arc<TempDir>,
    shutdown: CancellationToken,
}

impl TestApi {
    pub async fn new() -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a folder"));
        Self::over(dir, |_| {}).await.expect("started")
    }

    pub async fn over(dir: Arc<TempDir>, configure: impl FnOnce(&mut ApiConfig)) -> Result<Self, StartError> {
        let mut config = ApiConfig::new(dir.path());
        config.database_url = testing::of_folder(&dir).await;
        configure(&mut config);
        let bus = MemoryBus::new(|| START);
        let time = Arc::new(AtomicI64::new(START.as_millis()));
        Self::joined(dir, config, bus, time).await
    }

    /// One more API on `bus`, with `time` in common.
    pub async fn joined(
        dir: Arc<TempDir>,
        config: ApiConfig,
        bus: MemoryBus,
        time: Arc<AtomicI64>,
    ) -> Result<Self, StartError> {
        let shown = Arc::clone(&time);
        let clock: crate::Clock = Arc::new(move || UnixTime::from_millis(shown.load(Ordering::SeqCst)));
        let shutdown = CancellationToken::new();
        let api = Api::start(config, Arc::new(bus.clone()), clock, shutdown.clone()).await?;
        Ok(Self { api, bus, time, dir, shutdown })
    }

    /// Ends this process's life and begins another on the same folder.
    pub async fn restarted(self) -> Self {
        let dir = Arc::clone(&self.dir);
        self.stop().await;
        Self::over(dir, |_| {}).await.expect("started again")
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.api.stopped().await;
    }

    pub fn pass(&self, seconds: i64) {
        self.time.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    pub async fn live_app(&self) -> Application {
        self.api.application(&Viewer::local(), "LiveApp").await.expect("created at first start")
    }

    pub async fn set(&self, settings: serde_json::Value) -> Application {
        let serde_json::Value::Object(patch) = settings else { panic!("an object") };
        self.api.patch_settings(&self.live_app().await, patch).await.expect("stored")
    }

    pub async fn worker(&self) -> TestWorker {
        TestWorker::join(self, Vec::new(), Vec::new(), true).await
    }
}

/// A worker that asks, confirms and reports as it is told.
pub struct TestWorker {
    pub id: WorkerId,
    pub link: Arc<dyn WorkerLink>,
    pub welcome: Welcome,
    /// Commands that it was sent.
    pub commands: mpsc::Receiver<Command>,
    /// What each confirmation says was suspended.
    pub suspends: Arc<AtomicU32>,
    confirms: watch::Sender<bool>,
}

impl TestWorker {
    pub async fn join(
        test: &TestApi,
        sessions: Vec<SessionReport>,
        streams: Vec<StreamReport>,
        confirms: bool,
    ) -> Self {
        let id = WorkerId::new(Uuid::now_v7());
        let link: Arc<dyn WorkerLink> = Arc::new(test.bus.clone());
        let mut controls = link.subscribe().await.expect("linked");
        let hello =
            Hello { version: 1, worker: id, name: "test".to_owned(), last_revision: 0, sessions, streams, relay: None };
        let welcome = link.hello(hello).await.expect("welcomed");
        let (sender, commands) = mpsc::channel(64);
        let suspends = Arc::new(AtomicU32::new(0));
        let (confirming, mut may_confirm) = watch::channel(confirms);
        let acking = Arc::clone(&link);
        let suspended = Arc::clone(&suspends);
        tokio::spawn(async move {
            while let Some(Control { id: control, revision, command }) = controls.recv().await {
                if sender.send(command).await.is_err() || may_confirm.wait_for(|confirms| *confirms).await.is_err() {
                    return;
                }
                let ack = ControlAck {
                    control,
                    worker: id,
                    revision,
                    sessions_stopped: 0,
                    sessions_suspended: suspended.load(Ordering::SeqCst),
                    sessions_resumed: 0,
                    sessions_reached: 1,
                    recordings: Vec::new(),
                };
                acking.acknowledge(ack).await.expect("acknowledged");
            }
        });
        Self { id, link, welcome, commands, suspends, confirms: confirming }
    }

    /// Confirms from now on, also what came before.
    pub fn confirm(&self) {
        self.confirms.send_replace(true);
    }

    pub async fn ask(&self, request: StreamRequest) -> AuthorizeReply {
        let deadline = START.plus_secs(86_400);
        self.link.authorize(AuthorizeCall { request, deadline }).await.expect("answered")
    }

    pub async fn refusal(&self, request: StreamRequest) -> DenyReason {
        match self.ask(request).await {
            AuthorizeReply::Deny { reason } => reason,
            AuthorizeReply::Allow { .. } => panic!("it was admitted"),
        }
    }

    pub async fn admitted(&self, request: StreamRequest) -> SessionReport {
        let report = report_of(&request);
        match self.ask(request).await {
            AuthorizeReply::Allow { .. } => report,
            AuthorizeReply::Deny { reason } => panic!("{reason}"),
        }
    }

    pub fn request(&self, operation: Operation, stream: &str, query: &str) -> StreamRequest {
        let protocol = match operation {
            Operation::Publish => Protocol::Rtmp,
            Operation::Play => Protocol::Hls,
        };
        let peer = Peer::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), None);
        StreamRequest {
            id: RequestId::new(Uuid::now_v7()),
            session: SessionId::new(Uuid::now_v7()),
            worker: self.id,
            application: "LiveApp".to_owned(),
            stream_id: stream.to_owned(),
            operation,
            protocol,
            credentials: Credentials::from_query(query),
            client: ClientBinding::of_peer(protocol, &peer),
            peer,
            intent: Intent::Start,
            publish_mode: None,
        }
    }

    pub fn event(&self, kind: EventKind) -> WorkerEvent {
        WorkerEvent { id: Uuid::now_v7(), worker: self.id, at: START.plus_secs(1), kind }
    }

    pub async fn tell(&self, kind: EventKind) {
        self.link.publish(self.event(kind)).await.expect("sent");
    }
}

/// From another address than the one before.
pub fn from(mut request: StreamRequest, last: u8) -> StreamRequest {
    request.peer = Peer::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), None);
    request.client = ClientBinding::of_peer(request.protocol, &request.peer);
    request
}

pub fn report_of(request: &StreamRequest) -> SessionReport {
    SessionReport {
        session: request.session,
        application: request.application.parse().expect("a name"),
        stream_id: request.stream_id.parse().expect("a name"),
        operation: request.operation,
        protocol: request.protocol,
        subscriber: request.credentials.subscriber_id.as_deref().map(|id| id.parse().expect("a name")),
        peer: request.peer.clone(),
        client: request.client.clone(),
        admitted_by: Vec::new(),
        state: SessionState::Active,
        since: START,
        stats: SessionStats { average_video_bitrate_bps: 2_000_000, ..SessionStats::default() },
    }
}

pub fn stream_of(session: &SessionReport) -> StreamReport {
    StreamReport {
        application: session.application.clone(),
        stream_id: session.stream_id.clone(),
        publisher: session.session,
        protocol: session.protocol,
        since: START,
        video: None,
        audio: None,
        bytes: 1_000,
        bitrate_bps: 2_000_000,
        speed: 1.0,
        viewers: vec![(Protocol::Hls, 2)],
    }
}

pub fn stream(text: &str) -> StreamId {
    text.parse().expect("a name")
}

pub fn subscriber(text: &str) -> SubscriberId {
    text.parse().expect("a name")
}
