//! One whole worker: ffmpeg publishes over RTMP, a player watches over HTTP, a scripted gate decides.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::process::{Child, Command as Program, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use sluice_bus::{ApiLink, Authority, EventDelivery, MemoryBus};
use sluice_contract::message::{
    AuthorizeCall, AuthorizeReply, Command, Control, ControlAck, CorsSettings, EndReason, EventKind, Hello, LocateCall,
    Origin, VERSION, Welcome, WorkerSettings,
};
use sluice_contract::policy::TokenUse;
use sluice_contract::{Block, DenyReason, Operation, Secret, SecurityMode, StreamGrant, TicketKey, UnixTime};
use sluice_worker::{Worker, WorkerConfig};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_published_watched_blocked_and_ended() {
    let bus = MemoryBus::new(clock);
    bus.serve(Arc::new(Gate)).await.unwrap();
    let (mut events, mut acks) = (bus.events().await, bus.acknowledgements().await);
    let shutdown = CancellationToken::new();
    let config = WorkerConfig { rtmp_addr: ([127, 0, 0, 1], 0).into(), ..WorkerConfig::default() };
    let worker = Worker::start(config, Arc::new(bus.clone()), clock, shutdown.clone()).await.unwrap();
    worker.ready().await;
    let player = Player { router: worker.http_router() };

    let _publisher = publish(&worker, "s", "alice");
    let EventKind::SessionStarted { session } = event(&mut events).await else { panic!("no session") };
    assert_eq!(session.subscriber.map(|name| name.as_str().to_owned()), Some("alice".to_owned()));
    let EventKind::StreamStarted { stream } = event(&mut events).await else { panic!("no stream") };
    assert_eq!(stream.video.map(|video| (video.width, video.height)), Some((320, 180)));

    assert_eq!(player.get("/LiveApp/streams/s.m3u8").await.0, 403);
    let multivariant = eventually("the playlist is served", async || {
        let (status, body) = player.get("/LiveApp/streams/s.m3u8?subscriberId=bob").await;
        (status == 200).then(|| String::from_utf8(body).unwrap())
    })
    .await;
    let video = multivariant.lines().find(|line| line.starts_with("s/video.m3u8?st=")).expect("the video playlist");
    let (status, playlist) = player.get(&format!("/LiveApp/streams/{video}")).await;
    assert_eq!(status, 200);
    let playlist = String::from_utf8(playlist).unwrap();
    let segment = playlist.lines().find(|line| line.contains(".m4s?st=")).expect("a segment with a ticket");
    let (status, media) = player.get(&format!("/LiveApp/streams/s/{segment}")).await;
    assert_eq!((status, media.is_empty()), (200, false));
    let EventKind::SessionStarted { session } = event(&mut events).await else { panic!("no viewer") };
    assert_eq!(session.operation, Operation::Play);

    let block = Block {
        application: "LiveApp".parse().unwrap(),
        stream_id: "s".parse().unwrap(),
        subscriber: "alice".parse().unwrap(),
        operation: Operation::Publish,
        until: clock().plus_secs(120),
    };
    let command = Control { id: Uuid::now_v7(), revision: 2, command: Command::Block { block } };
    bus.broadcast(command).await.unwrap();
    let ack: ControlAck = acks.recv().await.unwrap();
    assert_eq!(ack.sessions_stopped, 1);
    assert_eq!(player.get(&format!("/LiveApp/streams/s/{segment}")).await.0, 404, "off the air at once");
    let ended = until(&mut events, |kind| matches!(kind, EventKind::StreamEnded { .. })).await;
    assert!(matches!(ended, EventKind::StreamEnded { reason: EndReason::Blocked, .. }));

    let _other = publish(&worker, "s2", "carol");
    until(&mut events, |kind| matches!(kind, EventKind::StreamStarted { .. })).await;
    shutdown.cancel();
    timeout(Duration::from_secs(10), worker.stopped()).await.expect("it stops in time");
    let mut reasons = Vec::new();
    while let Ok(Some(delivery)) = timeout(Duration::from_millis(100), events.recv()).await {
        if let EventKind::SessionEnded { reason, .. } = &delivery.event.kind {
            reasons.push(*reason);
        }
        delivery.done();
    }
    assert_eq!(reasons, [EndReason::Shutdown; 2], "the publisher and the viewer");
}

struct Player {
    router: Router,
}

impl Player {
    async fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4_000))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        (status, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
    }
}

/// ffmpeg, killed when dropped.
struct Publisher(Child);

impl Drop for Publisher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A moving picture and a tone, in real time.
fn publish(worker: &Worker, stream: &str, subscriber: &str) -> Publisher {
    let url = format!("rtmp://{}/LiveApp/{stream}?subscriberId={subscriber}", worker.rtmp_addr());
    let ffmpeg = Program::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-re"])
        .args(["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"])
        .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "25"])
        .args(["-c:a", "aac", "-f", "flv", &url])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("ffmpeg is installed (make setup)");
    Publisher(ffmpeg)
}

async fn event(events: &mut mpsc::Receiver<EventDelivery>) -> EventKind {
    until(events, |_| true).await
}

async fn until(events: &mut mpsc::Receiver<EventDelivery>, wanted: impl Fn(&EventKind) -> bool) -> EventKind {
    loop {
        let delivery = timeout(PATIENCE, events.recv()).await.expect("an event comes").expect("the bus is there");
        let kind = delivery.event.kind.clone();
        delivery.done();
        if wanted(&kind) {
            return kind;
        }
    }
}

async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
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

/// Lets in whoever names a subscriber.
struct Gate;

#[async_trait]
impl Authority for Gate {
    async fn authorize(&self, call: AuthorizeCall) -> AuthorizeReply {
        let request = call.request;
        let Some(subscriber) = request.credentials.subscriber_id else {
            return AuthorizeReply::Deny { reason: DenyReason::CodeMissing };
        };
        let grant = StreamGrant {
            session: request.session,
            application: request.application.parse().unwrap(),
            stream_id: request.stream_id.parse().unwrap(),
            main_track: None,
            operation: request.operation,
            protocol: request.protocol,
            subscriber: Some(subscriber.parse().unwrap()),
            admitted_by: vec![SecurityMode::Totp],
            expires_at: None,
            ticket_until: (request.operation == Operation::Play).then(|| clock().plus_secs(3_600)),
            token: TokenUse::None,
            rejoin: true,
            origin: None,
            recording: Default::default(),
        };
        AuthorizeReply::Allow { grant: Box::new(grant) }
    }

    async fn hello(&self, _: Hello) -> Option<Welcome> {
        let settings = WorkerSettings {
            application: "LiveApp".parse().unwrap(),
            play_protected: true,
            hls_enabled: true,
            dash_enabled: true,
            segment_duration_ms: 1_000,
            playlist_segments: 15,
            rtmp_playback_enabled: false,
            authorize_deadline_ms: 2_000,
            content_security_policy: String::new(),
            cors: CorsSettings::default(),
            webrtc: Default::default(),
            recording: Default::default(),
        };
        Some(Welcome {
            version: VERSION,
            revision: 1,
            applications: vec![settings],
            blocks: Vec::new(),
            ticket_keys: vec![TicketKey { id: 1, secret: Secret::new(vec![7; 32]) }],
            end_sessions: Vec::new(),
            revocations: Vec::new(),
        })
    }

    async fn locate(&self, _: LocateCall) -> Option<Origin> {
        None
    }
}

fn clock() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap())
}

const PATIENCE: Duration = Duration::from_secs(30);
