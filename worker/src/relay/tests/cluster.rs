//! Workers, an API that follows their events, a wire between them that can be cut, and programs that publish and play.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command as Program, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use parking_lot::Mutex;
use sluice_bus::{ApiLink, Authority, MemoryBus};
use sluice_contract::message::{
    AuthorizeCall, AuthorizeReply, Command, Control, EventKind, Hello, LocateCall, Origin, StatsReport, VERSION,
    Welcome, WorkerSettings,
};
use sluice_contract::policy::TokenUse;
use sluice_contract::{
    DenyReason, Intent, Operation, Secret, SecurityMode, StreamGrant, TicketKey, UnixTime, WorkerId,
};
use tokio::io::copy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use crate::relay::RelayConfig;
use crate::testing::settings;
use crate::{StreamKey, Worker, WorkerConfig};

/// Several workers and their API.
pub(super) struct Cluster {
    pub bus: MemoryBus,
    pub api: Arc<Api>,
    revision: u64,
}

/// One worker behind its wire.
pub(super) struct Member {
    pub worker: Worker,
    pub id: WorkerId,
    pub wire: Arc<Wire>,
    pub shutdown: CancellationToken,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Everybody may publish. Players need a name or a token where they need anything; a stream is where its publisher came
/// last.
pub(super) struct Api {
    is_protected: bool,
    /// What players asked with.
    pub intents: Mutex<Vec<Intent>>,
    hellos: Mutex<Vec<Hello>>,
    carried: Mutex<HashMap<StreamKey, Vec<Origin>>>,
    reports: Mutex<HashMap<WorkerId, StatsReport>>,
    pub located: AtomicUsize,
    /// Says nothing of where a stream is while held.
    pub silence: tokio::sync::Mutex<()>,
}

pub(super) const KEY: [u8; 32] = [7; 32];

#[async_trait]
impl Authority for Api {
    async fn authorize(&self, call: AuthorizeCall) -> AuthorizeReply {
        let request = call.request;
        let is_player = request.operation == Operation::Play;
        let has_token = request.credentials.token.is_some();
        if is_player {
            self.intents.lock().push(request.intent);
            if self.is_protected && request.credentials.subscriber_id.is_none() && !has_token {
                return AuthorizeReply::Deny { reason: DenyReason::CodeMissing };
            }
        }
        let token = match request.intent {
            _ if !has_token => TokenUse::None,
            Intent::Probe => TokenUse::Reserved,
            Intent::Start => TokenUse::Spent,
        };
        let starts = request.intent == Intent::Start;
        let grant = StreamGrant {
            session: request.session,
            application: request.application.parse().unwrap(),
            stream_id: request.stream_id.parse().unwrap(),
            main_track: None,
            operation: request.operation,
            protocol: request.protocol,
            subscriber: request.credentials.subscriber_id.map(|name| name.parse().unwrap()),
            admitted_by: vec![SecurityMode::Totp],
            expires_at: None,
            // As the policy has it: who only looks gets no ticket.
            ticket_until: (starts && is_player && self.is_protected).then(|| now().plus_secs(3_600)),
            token,
            rejoin: starts,
            origin: None,
            recording: Default::default(),
        };
        AuthorizeReply::Allow { grant: Box::new(grant) }
    }

    async fn hello(&self, hello: Hello) -> Option<Welcome> {
        self.hellos.lock().push(hello);
        Some(Welcome {
            version: VERSION,
            revision: 1,
            applications: vec![WorkerSettings {
                segment_duration_ms: 1_000,
                playlist_segments: 5,
                ..settings(self.is_protected)
            }],
            blocks: Vec::new(),
            ticket_keys: vec![TicketKey { id: 1, secret: Secret::new(KEY.to_vec()) }],
            end_sessions: Vec::new(),
            revocations: Vec::new(),
        })
    }

    async fn locate(&self, call: LocateCall) -> Option<Origin> {
        self.located.fetch_add(1, Ordering::Relaxed);
        let _talks = self.silence.lock().await;
        let key = StreamKey { application: call.application, stream_id: call.stream_id };
        let carried = self.carried.lock();
        carried.get(&key)?.iter().rev().find(|origin| origin.worker != call.worker).cloned()
    }
}

impl Api {
    /// Streams that a worker says it carries.
    pub fn streams_of(&self, worker: WorkerId) -> usize {
        self.reports.lock().get(&worker).map_or(0, |report| report.streams.len())
    }

    pub fn last_report(&self, worker: WorkerId) -> Option<StatsReport> {
        self.reports.lock().get(&worker).cloned()
    }

    fn heard(&self, worker: WorkerId, kind: &EventKind) {
        let name = |stream: &sluice_contract::message::StreamReport| StreamKey {
            application: stream.application.clone(),
            stream_id: stream.stream_id.clone(),
        };
        match kind {
            EventKind::StreamStarted { stream } => {
                let hellos = self.hellos.lock();
                let relay = hellos.iter().rev().find(|hello| hello.worker == worker).and_then(|h| h.relay.clone());
                let origin = Origin { worker, relay: relay.expect("a relay"), publisher: stream.publisher };
                self.carried.lock().entry(name(stream)).or_default().push(origin);
            }
            EventKind::StreamEnded { stream, .. } => {
                let mut carried = self.carried.lock();
                carried.entry(name(stream)).or_default().retain(|origin| origin.publisher != stream.publisher);
            }
            _ => {}
        }
    }
}

impl Cluster {
    pub async fn open() -> Self {
        Self::with(false).await
    }

    pub async fn protected() -> Self {
        Self::with(true).await
    }

    async fn with(is_protected: bool) -> Self {
        let bus = MemoryBus::new(now);
        let api = Arc::new(Api {
            is_protected,
            intents: Mutex::default(),
            hellos: Mutex::default(),
            carried: Mutex::default(),
            reports: Mutex::default(),
            located: AtomicUsize::new(0),
            silence: tokio::sync::Mutex::default(),
        });
        bus.serve(Arc::clone(&api) as _).await.unwrap();
        let (mut events, listening) = (bus.events().await, Arc::clone(&api));
        tokio::spawn(async move {
            while let Some(delivery) = events.recv().await {
                listening.heard(delivery.event.worker, &delivery.event.kind);
                delivery.done();
            }
        });
        let (mut reports, listening) = (bus.reports().await, Arc::clone(&api));
        tokio::spawn(async move {
            while let Some(report) = reports.recv().await {
                listening.reports.lock().insert(report.worker, report);
            }
        });
        Self { bus, api, revision: 1 }
    }

    pub async fn join(&self) -> Member {
        let wire = Wire::lay().await;
        let shutdown = CancellationToken::new();
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = WorkerConfig {
            rtmp_addr: local,
            relay: Some(RelayConfig { addr: local, public: wire.address.to_string() }),
            ..WorkerConfig::default()
        };
        let worker = Worker::start(config, Arc::new(self.bus.clone()), now, shutdown.clone()).await.unwrap();
        wire.lead_to(worker.relay_addr().unwrap());
        worker.ready().await;
        let id = self.api.hellos.lock().last().unwrap().worker;
        Member { worker, id, wire, shutdown }
    }

    /// Sends a command, and waits until so many workers have it in force.
    pub async fn command(&mut self, command: Command, workers: usize) {
        self.revision += u64::from(command.is_lasting());
        let message = Control { id: Uuid::now_v7(), revision: self.revision, command };
        let (id, mut acks) = (message.id, self.bus.acknowledgements().await);
        self.bus.broadcast(message).await.unwrap();
        let mut missing = workers;
        while missing > 0 {
            let ack = timeout(PATIENCE, acks.recv()).await.expect("an acknowledgement").unwrap();
            missing -= usize::from(ack.control == id);
        }
    }

    /// Waits until the API knows where the stream is.
    pub async fn live_at(&self, stream: &str, member: &Member) {
        let key = crate::testing::key(stream);
        eventually("the stream is live", async || {
            let carried = self.api.carried.lock();
            carried.get(&key).is_some_and(|all| all.last().is_some_and(|o| o.worker == member.id)).then_some(())
        })
        .await;
    }
}

impl Member {
    /// Status and body of a media file, for a viewer with that last byte of address.
    pub async fn get_as(&self, viewer: u8, path: &str) -> (u16, Vec<u8>) {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, viewer], 4_000))));
        let response = self.worker.http_router().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        (status, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
    }

    pub async fn get(&self, path: &str) -> (u16, Vec<u8>) {
        self.get_as(1, path).await
    }

    /// A manifest, once it is there.
    pub async fn text(&self, path: &str) -> String {
        eventually(path, async || {
            let (status, body) = self.get(path).await;
            (status == 200).then(|| String::from_utf8(body).unwrap())
        })
        .await
    }

    /// The newest segment of the video playlist.
    pub async fn newest(&self, stream: &str) -> Option<u64> {
        let (status, body) = self.get(&format!("/LiveApp/streams/{stream}/video.m3u8")).await;
        let playlist = String::from_utf8(body).unwrap();
        let last = playlist.lines().rfind(|line| line.ends_with(".m4s")).filter(|_| status == 200)?;
        last.strip_prefix("v-")?.strip_suffix(".m4s")?.parse().ok()
    }

    /// ffmpeg, sending a moving picture and a tone in real time.
    pub fn publish(&self, stream: &str) -> Running {
        let url = format!("rtmp://{}/LiveApp/{stream}?subscriberId=alice", self.worker.rtmp_addr());
        let ffmpeg = Program::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-re"])
            .args(["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"])
            .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"])
            .args(["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"])
            .args(["-g", "25", "-c:a", "aac", "-f", "flv", &url])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ffmpeg is installed (make setup)");
        Running(ffmpeg)
    }

    /// ffprobe, which writes a line for every packet that it plays.
    pub fn play(&self, stream: &str) -> Player {
        let url = format!("rtmp://{}/LiveApp/{stream}", self.worker.rtmp_addr());
        Self::play_address(&url)
    }

    pub fn play_with(&self, stream: &str, credentials: &str) -> Player {
        Self::play_address(&format!("rtmp://{}/LiveApp/{stream}?{credentials}", self.worker.rtmp_addr()))
    }

    fn play_address(url: &str) -> Player {
        let mut ffprobe = Program::new("ffprobe")
            .args(["-hide_banner", "-loglevel", "error", "-probesize", "32768", "-analyzeduration", "500000"])
            .args(["-show_entries", "packet=codec_type,dts_time,flags", "-of", "csv=p=0", url])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("ffprobe is installed (make setup)");
        let lines = BufReader::new(ffprobe.stdout.take().unwrap()).lines();
        let (said, packets) = mpsc::unbounded_channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| said.send(line)));
        Player { _running: Running(ffprobe), packets }
    }
}

/// A program, killed when dropped.
pub(super) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One line for every packet: kind, decoding time, flags.
pub(super) struct Player {
    _running: Running,
    packets: mpsc::UnboundedReceiver<String>,
}

impl Player {
    /// The next packet; `None` when the player has ended.
    pub async fn packet(&mut self) -> Option<String> {
        timeout(PATIENCE, self.packets.recv()).await.expect("a packet")
    }

    /// Plays until `wanted` packets have come.
    pub async fn plays(&mut self, wanted: usize) {
        for _ in 0..wanted {
            self.packet().await.expect("it goes on");
        }
    }

    /// What has come and was not looked at.
    pub fn forget_past(&mut self) {
        while self.packets.try_recv().is_ok() {}
    }
}

/// The way to one worker's relay.
pub(super) struct Wire {
    pub address: SocketAddr,
    pub connections: AtomicUsize,
    target: watch::Sender<Option<SocketAddr>>,
    epoch: watch::Sender<u64>,
    frozen: watch::Sender<bool>,
}

impl Wire {
    async fn lay() -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let wire = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            connections: AtomicUsize::new(0),
            target: watch::Sender::new(None),
            epoch: watch::Sender::new(0),
            frozen: watch::Sender::new(false),
        });
        let laid = Arc::clone(&wire);
        tokio::spawn(async move {
            let mut all = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                laid.connections.fetch_add(1, Ordering::Relaxed);
                all.spawn(Arc::clone(&laid).carry(socket));
            }
        });
        wire
    }

    fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(Some(target));
    }

    /// Ends every connection.
    pub fn cut(&self) {
        self.epoch.send_modify(|epoch| *epoch += 1);
    }

    /// Nothing passes while it is frozen, and nothing ends.
    pub fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }

    async fn carry(self: Arc<Self>, mut edge: TcpStream) {
        let (mut cut, mut frozen) = (self.epoch.subscribe(), self.frozen.subscribe());
        let Some(target) = *self.target.borrow() else { return };
        let Ok(mut origin) = TcpStream::connect(target).await else { return };
        let (mut from_edge, mut to_edge) = edge.split();
        let (mut from_origin, mut to_origin) = origin.split();
        loop {
            let _ = frozen.wait_for(|frozen| !frozen).await;
            tokio::select! {
                _ = cut.changed() => return,
                _ = copy(&mut from_edge, &mut to_origin) => return,
                _ = copy(&mut from_origin, &mut to_edge) => return,
                _ = frozen.wait_for(|frozen| *frozen) => {}
            }
        }
    }
}

pub(super) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("{what}: never"))
}

pub(super) fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap())
}

pub(super) const PATIENCE: Duration = Duration::from_secs(30);
