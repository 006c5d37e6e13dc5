//! A worker without media and without an API: a scripted gate on the in-process bus, invented segments, and a clock
//! that tests move.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::{pending, ready};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use sluice_bus::{ApiLink, Authority, MemoryBus};
use sluice_contract::message::{
    AuthorizeCall, AuthorizeReply, Command, Control as Message, ControlAck, CorsSettings, DescribeCall, Description,
    EndReason, EventKind, Hello, LocateCall, Origin, StatsReport, StreamReport, Welcome, WorkerSettings,
};
use sluice_contract::policy::TokenUse;
use sluice_contract::{
    ApplicationName, Block, ClientBinding, DenyReason, Operation, Peer, Protocol, Secret, SecurityMode, SessionId,
    StreamGrant, StreamRequest, TicketKey, UnixTime, WorkerId,
};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use crate::StreamKey;
use crate::admission::{Admission, Ask};
use crate::control::{Control, Meter, OnAir, Outbox, Rules};
use crate::egress::http::shelf::{Files, Shelf};
use crate::egress::http::{Http, TrustedProxies, router};
use crate::package::Object;
use crate::session::Sessions;

thread_local! {
    /// Each test runs on a thread of its own, with all its tasks.
    static NOW: Cell<i64> = const { Cell::new(1_700_000_000_000) };
}

pub(crate) fn clock() -> UnixTime {
    UnixTime::from_millis(NOW.get())
}

pub(crate) fn key(stream: &str) -> StreamKey {
    StreamKey { application: app(), stream_id: stream.parse().unwrap() }
}

pub(crate) fn app() -> ApplicationName {
    "LiveApp".parse().unwrap()
}

pub(crate) fn settings(play_protected: bool) -> WorkerSettings {
    WorkerSettings {
        application: app(),
        play_protected,
        hls_enabled: true,
        dash_enabled: true,
        segment_duration_ms: 2_000,
        playlist_segments: 5,
        rtmp_playback_enabled: true,
        authorize_deadline_ms: 2_000,
        content_security_policy: String::new(),
        cors: CorsSettings::default(),
        webrtc: Default::default(),
        recording: Default::default(),
    }
}

pub(crate) fn block(stream: &str, subscriber: &str, operation: Operation, seconds: i64) -> Block {
    Block {
        application: app(),
        stream_id: stream.parse().unwrap(),
        subscriber: subscriber.parse().unwrap(),
        operation,
        until: clock().plus_secs(seconds),
    }
}

/// What the gate says to a request.
pub(crate) type Script = Box<dyn Fn(&StreamRequest) -> AuthorizeReply + Send + Sync>;

/// The other end of the bus.
pub(crate) struct Gate {
    pub script: Mutex<Script>,
    pub asked: Mutex<Vec<StreamRequest>>,
    pub hellos: Mutex<Vec<Hello>>,
    pub welcome: Mutex<Welcome>,
    /// What it knows of every stream.
    pub described: Mutex<Option<Description>>,
    /// Answers nothing while held.
    pub silence: tokio::sync::Mutex<()>,
}

#[async_trait]
impl Authority for Gate {
    async fn authorize(&self, call: AuthorizeCall) -> AuthorizeReply {
        self.asked.lock().push(call.request.clone());
        let _talks = self.silence.lock().await;
        (self.script.lock())(&call.request)
    }

    async fn hello(&self, hello: Hello) -> Option<Welcome> {
        self.hellos.lock().push(hello);
        Some(self.welcome.lock().clone())
    }

    async fn locate(&self, _: LocateCall) -> Option<Origin> {
        None
    }

    async fn describe(&self, _: DescribeCall) -> Option<Description> {
        self.described.lock().clone()
    }
}

/// Allows what a request asks for, as a player or publisher whom a mode let in.
pub(crate) fn grant(request: &StreamRequest) -> StreamGrant {
    let protected = request.credentials.subscriber_id.is_some() || request.credentials.token.is_some();
    StreamGrant {
        session: request.session,
        application: request.application.parse().unwrap(),
        stream_id: request.stream_id.parse().unwrap(),
        main_track: None,
        operation: request.operation,
        protocol: request.protocol,
        subscriber: request.credentials.subscriber_id.as_ref().map(|name| name.parse().unwrap()),
        admitted_by: if protected { vec![SecurityMode::Totp] } else { Vec::new() },
        expires_at: None,
        ticket_until: protected.then(|| clock().plus_secs(86_400)),
        token: TokenUse::None,
        rejoin: true,
        origin: None,
        recording: Default::default(),
    }
}

pub(crate) fn allow(grant: StreamGrant) -> AuthorizeReply {
    AuthorizeReply::Allow { grant: Box::new(grant) }
}

pub(crate) fn deny(reason: DenyReason) -> AuthorizeReply {
    AuthorizeReply::Deny { reason }
}

/// Streams that are said to be live.
#[derive(Default)]
pub(crate) struct Streams {
    live: Mutex<HashMap<StreamKey, Arc<dyn Files>>>,
    pub ended: Mutex<Vec<(StreamKey, EndReason)>>,
    pub reports: Mutex<Vec<StreamReport>>,
    /// What is on its way to peers never leaves.
    pub is_stuck: AtomicBool,
}

pub(crate) struct Segments;

/// A stream that went live a moment ago: nothing is cut yet.
struct NoSegments;

/// A stream whose MPD is too short for the next so many looks.
struct FewSegments(AtomicUsize);

impl Streams {
    pub fn start(&self, stream: &str) {
        self.live.lock().insert(key(stream), Arc::new(Segments));
    }

    pub fn begin(&self, stream: &str) {
        self.live.lock().insert(key(stream), Arc::new(NoSegments));
    }

    pub fn start_short(&self, stream: &str, looks: usize) {
        self.live.lock().insert(key(stream), Arc::new(FewSegments(AtomicUsize::new(looks))));
    }
}

impl Files for NoSegments {
    fn hls_multivariant(&self, _: &str, _: &str) -> Option<String> {
        None
    }

    fn hls_media(&self, _: &str, _: &str) -> Option<String> {
        None
    }

    fn dash(&self, _: Option<&str>, _: &str) -> Option<String> {
        None
    }

    fn object(&self, _: &str) -> Option<Object> {
        None
    }
}

impl Files for FewSegments {
    fn hls_multivariant(&self, folder: &str, query: &str) -> Option<String> {
        Segments.hls_multivariant(folder, query)
    }

    fn hls_media(&self, name: &str, query: &str) -> Option<String> {
        Segments.hls_media(name, query)
    }

    fn dash(&self, location: Option<&str>, query: &str) -> Option<String> {
        let left = self.0.load(Ordering::SeqCst);
        Segments.dash(location, query).map(|mpd| format!("{mpd}<!-- {left} -->"))
    }

    fn dash_is_short(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    fn object(&self, name: &str) -> Option<Object> {
        Segments.object(name)
    }
}

impl Shelf for Streams {
    fn find(&self, key: &StreamKey) -> Option<Arc<dyn Files>> {
        self.live.lock().get(key).map(Arc::clone)
    }
}

impl OnAir for Streams {
    fn end(&self, key: &StreamKey, _: SessionId, reason: EndReason) {
        self.live.lock().remove(key);
        self.ended.lock().push((key.clone(), reason));
    }

    fn reports(&self, _: UnixTime) -> Vec<StreamReport> {
        self.reports.lock().clone()
    }

    fn settled(&self) -> BoxFuture<'static, ()> {
        if self.is_stuck.load(Ordering::Relaxed) { Box::pin(pending()) } else { Box::pin(ready(())) }
    }
}

fn with(query: &str) -> String {
    if query.is_empty() { String::new() } else { format!("?{query}") }
}

impl Files for Segments {
    fn hls_multivariant(&self, folder: &str, query: &str) -> Option<String> {
        Some(format!("#EXTM3U\n{folder}/video.m3u8{}\n", with(query)))
    }

    fn hls_media(&self, _: &str, query: &str) -> Option<String> {
        Some(format!("#EXTM3U\nv-1.m4s{}\n", with(query)))
    }

    fn dash(&self, location: Option<&str>, query: &str) -> Option<String> {
        Some(format!("<MPD><Location>{}</Location>v-1.m4s{}</MPD>", location.unwrap_or(""), with(query)))
    }

    fn object(&self, name: &str) -> Option<Object> {
        let (len, content_type) = match name {
            "v-init-1.mp4" => (700, "video/mp4"),
            "v-1.m4s" => (SEGMENT_BYTES, "video/iso.segment"),
            "a-1.m4s" => (4_000, "video/iso.segment"),
            _ => return None,
        };
        Some(Object { data: Bytes::from(vec![7; len]), content_type })
    }
}

pub(crate) const SEGMENT_BYTES: usize = 500_000;

/// A worker with a scripted gate.
pub(crate) struct House {
    pub bus: MemoryBus,
    pub gate: Arc<Gate>,
    pub streams: Arc<Streams>,
    pub control: Arc<Control>,
    pub rules: Arc<Rules>,
    pub sessions: Arc<Sessions>,
    pub admission: Arc<Admission>,
    router: Router,
    events: mpsc::Receiver<sluice_bus::EventDelivery>,
    acks: mpsc::Receiver<ControlAck>,
    revision: u64,
    shutdown: CancellationToken,
}

impl Drop for House {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl House {
    /// One application, `LiveApp`, and the stream `s` live. The gate allows whoever names a subscriber or shows a
    /// token, and everybody when nothing is protected.
    pub async fn open(play_protected: bool) -> Self {
        let house = Self::unconnected(play_protected).await;
        house.connect().await;
        house
    }

    pub async fn unconnected(play_protected: bool) -> Self {
        let bus = MemoryBus::new(clock);
        let gate = Arc::new(Gate {
            script: Mutex::new(Box::new(move |request| {
                let grant = grant(request);
                let open = request.operation == Operation::Publish || !play_protected;
                if open || grant.ticket_until.is_some() { allow(grant) } else { deny(DenyReason::CodeMissing) }
            })),
            asked: Mutex::default(),
            hellos: Mutex::default(),
            welcome: Mutex::new(Welcome {
                version: sluice_contract::message::VERSION,
                revision: 1,
                applications: vec![settings(play_protected)],
                blocks: Vec::new(),
                ticket_keys: vec![TicketKey { id: 1, secret: Secret::new(vec![1; 32]) }],
                end_sessions: Vec::new(),
                revocations: Vec::new(),
            }),
            described: Mutex::default(),
            silence: tokio::sync::Mutex::default(),
        });
        Self::beside(bus, gate).await
    }

    /// Another worker on the same bus.
    pub async fn beside(bus: MemoryBus, gate: Arc<Gate>) -> Self {
        let link = Arc::new(bus.clone());
        let worker = WorkerId::new(Uuid::now_v7());
        let outbox = Outbox::new(worker, clock);
        let rules = Rules::new();
        let sessions = Sessions::new(clock, Arc::clone(&outbox), 1_000);
        let admission =
            Arc::new(Admission::new(worker, link.clone(), Arc::clone(&rules), Arc::clone(&sessions), clock, 64));
        let streams = Arc::new(Streams::default());
        streams.start("s");
        let control = Arc::new(Control {
            worker,
            name: "test".to_owned(),
            relay: None,
            link: link.clone(),
            rules: Arc::clone(&rules),
            sessions: Arc::clone(&sessions),
            on_air: Arc::clone(&streams) as _,
            clock,
            revision: AtomicU64::new(0),
            meter: Meter::default(),
            load_limit: None,
            last_report: ArcSwap::from_pointee(StatsReport::of(worker, clock())),
        });
        let http = Http::new(
            Arc::clone(&rules),
            Arc::clone(&sessions),
            Arc::clone(&admission),
            Arc::clone(&streams) as _,
            None,
            TrustedProxies::default(),
            clock,
        )
        .unwrap();
        let events = bus.events().await;
        let acks = bus.acknowledgements().await;
        tokio::spawn(async move { outbox.send(link.as_ref()).await });
        Self {
            bus,
            gate,
            streams,
            control,
            rules,
            sessions,
            admission,
            router: router(http),
            events,
            acks,
            revision: 1,
            shutdown: CancellationToken::new(),
        }
    }

    /// Lets the worker say hello.
    pub async fn connect(&self) {
        self.bus.serve(Arc::clone(&self.gate) as _).await.unwrap();
        self.run_control();
        soon("the link is in order", self.rules.in_order()).await;
    }

    pub fn run_control(&self) {
        let (control, shutdown) = (Arc::clone(&self.control), self.shutdown.clone());
        tokio::spawn(async move { control.run(&shutdown).await });
    }

    /// Moves the clock and lets the worker notice.
    pub fn wait(&self, millis: i64) {
        NOW.set(NOW.get() + millis);
        self.control.beat();
        self.sessions.sample(clock());
    }

    /// Sends a command and waits until the worker has applied it.
    pub async fn command(&mut self, command: Command) -> ControlAck {
        self.revision += u64::from(command.is_lasting());
        self.send(self.revision, command).await
    }

    pub async fn send(&mut self, revision: u64, command: Command) -> ControlAck {
        let id = self.post(revision, command).await;
        loop {
            let ack = self.acknowledgement().await;
            if ack.control == id {
                return ack;
            }
        }
    }

    /// Sends a command without waiting for anything. Returns its id.
    pub async fn post(&self, revision: u64, command: Command) -> Uuid {
        let id = Uuid::now_v7();
        self.bus.broadcast(Message { id, revision, command }).await.unwrap();
        id
    }

    /// The worker's next.
    pub async fn acknowledgement(&mut self) -> ControlAck {
        loop {
            let ack = soon("an acknowledgement", self.acks.recv()).await.unwrap();
            if ack.worker == self.control.worker {
                return ack;
            }
        }
    }

    /// The next event.
    pub async fn event(&mut self) -> EventKind {
        let delivery = soon("an event", self.events.recv()).await.unwrap();
        let kind = delivery.event.kind.clone();
        delivery.done();
        kind
    }

    /// A publisher whom the gate let in.
    pub async fn publisher(&self, subscriber: &str) -> crate::admission::Admitted {
        self.admission.admit(publish("s", subscriber)).await.unwrap()
    }

    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub fn asked(&self) -> usize {
        self.gate.asked.lock().len()
    }

    pub fn get(&self, path: &str) -> Visit<'_> {
        Visit { house: self, request: Request::get(path).body(Body::empty()).unwrap(), from: [192, 0, 2, 1] }
    }

    pub fn head(&self, path: &str) -> Visit<'_> {
        Visit { house: self, request: Request::head(path).body(Body::empty()).unwrap(), from: [192, 0, 2, 1] }
    }

    pub async fn status(&self, path: &str) -> u16 {
        self.get(path).send().await.status
    }

    /// What the worker says about itself: status and text.
    pub async fn health(&self, path: &str) -> (u16, String) {
        let watched = crate::health::Watched { control: Arc::clone(&self.control), endpoint: None };
        let router = crate::health::router(watched);
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

pub(crate) fn publish(stream: &str, subscriber: &str) -> Ask {
    let peer = Peer::new([192, 0, 2, 9].into(), None);
    Ask {
        application: "LiveApp".to_owned(),
        stream_id: stream.to_owned(),
        operation: Operation::Publish,
        protocol: Protocol::Rtmp,
        credentials: sluice_contract::Credentials::from_query(&format!("subscriberId={subscriber}")),
        client: ClientBinding::of_peer(Protocol::Rtmp, &peer),
        peer,
        intent: sluice_contract::Intent::Start,
        publish_mode: None,
    }
}

/// One request of a player.
pub(crate) struct Visit<'a> {
    house: &'a House,
    request: Request<Body>,
    from: [u8; 4],
}

/// The answer, read to its end.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Visit<'_> {
    pub fn from(mut self, address: [u8; 4]) -> Self {
        self.from = address;
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    pub fn method(mut self, method: &str) -> Self {
        *self.request.method_mut() = method.parse().unwrap();
        self
    }

    pub async fn open(mut self) -> Response<Body> {
        let socket = SocketAddr::from((self.from, 4_000));
        self.request.extensions_mut().insert(ConnectInfo(socket));
        self.house.router.clone().oneshot(self.request).await.unwrap()
    }

    pub async fn send(self) -> Answer {
        let response = self.open().await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, headers, text: String::from_utf8_lossy(&body).into_owned() }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The ticket in the answer's addresses, as a query.
    pub fn ticket(&self) -> String {
        let start = self.text.find("st=").unwrap_or_else(|| panic!("no ticket in {}", self.text));
        self.text[start..].split(['\n', '<']).next().unwrap().to_owned()
    }

    /// `name=value` of the cookie that was set.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

/// Waits for something that must happen.
pub(crate) async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), event).await.unwrap_or_else(|_| panic!("{what} did not come"))
}
