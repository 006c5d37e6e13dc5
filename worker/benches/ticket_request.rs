//! What a ticket costs: requests of a protected stream, which carry a ticket and pass the block check, beside the same
//! requests of an open one. No stream is live, so that both end in the same "not yet" and the rest is the gate.
//!
//! `cargo bench -p sluice-worker --bench ticket_request`

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use sluice_bus::{ApiLink, Authority, MemoryBus};
use sluice_contract::message::{
    AuthorizeCall, AuthorizeReply, CorsSettings, Hello, LocateCall, Origin, VERSION, Welcome, WorkerSettings,
};
use sluice_contract::policy::TokenUse;
use sluice_contract::{
    ApplicationName, Block, Operation, Secret, StreamGrant, StreamId, TicketKey, TicketKeys, UnixTime,
};
use sluice_worker::{Worker, WorkerConfig};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let bus = MemoryBus::new(clock);
    bus.serve(Arc::new(Gate)).await?;
    let shutdown = CancellationToken::new();
    let config = WorkerConfig { rtmp_addr: ([127, 0, 0, 1], 0).into(), ..WorkerConfig::default() };
    let worker = Worker::start(config, Arc::new(bus), clock, shutdown.clone()).await?;
    worker.ready().await;
    let router = worker.http_router();

    let answer = send(&router, "/Safe/streams/s.m3u8?subscriberId=alice").await?;
    let cookie = answer.headers().get("set-cookie").ok_or("no ticket")?.to_str()?;
    let ticket = cookie.split(['=', ';']).nth(1).ok_or("no ticket")?.to_owned();

    let application: ApplicationName = "Safe".parse()?;
    let stream: StreamId = "s".parse()?;
    let keys = TicketKeys::new(&[key()]).ok_or("no key")?;
    let verify = best(|| {
        let now = clock();
        let start = Instant::now();
        for _ in 0..REQUESTS {
            black_box(keys.verify(&application, &stream, black_box(&ticket), now)).ok();
        }
        start.elapsed()
    });
    let with_ticket = format!("/Safe/streams/s/v-1.m4s?st={ticket}");
    let (mut protected, mut open) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        open = open.min(time(&router, "/Open/streams/s/v-1.m4s").await?);
        protected = protected.min(time(&router, &with_ticket).await?);
    }
    let blocks = 10_000;
    println!("signature alone                 {:>6} ns", each(verify));
    println!("open request                    {:>6} ns", each(open));
    println!("protected request               {:>6} ns", each(protected));
    println!(
        "ticket, session and block check {:>6} ns ({blocks} blocks in force)",
        each(protected.saturating_sub(open))
    );
    shutdown.cancel();
    worker.stopped().await;
    Ok(())
}

async fn time(router: &Router, path: &str) -> Outcome<Duration> {
    let start = Instant::now();
    for _ in 0..REQUESTS {
        black_box(send(router, path).await?);
    }
    Ok(start.elapsed())
}

async fn send(router: &Router, path: &str) -> Outcome<axum::http::Response<Body>> {
    let mut request = Request::get(path).header("user-agent", "bench").body(Body::empty())?;
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4_000))));
    let response = router.clone().oneshot(request).await?;
    if response.status() == 404 { Ok(response) } else { Err(format!("{path}: {}", response.status()).into()) }
}

fn best(mut round: impl FnMut() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}

fn each(total: Duration) -> u128 {
    total.as_nanos() / u128::from(REQUESTS)
}

/// Allows everybody who names a subscriber, and blocks ten thousand others.
struct Gate;

#[async_trait]
impl Authority for Gate {
    async fn authorize(&self, call: AuthorizeCall) -> AuthorizeReply {
        let request = call.request;
        let grant = || {
            Some(StreamGrant {
                session: request.session,
                application: request.application.parse().ok()?,
                stream_id: request.stream_id.parse().ok()?,
                main_track: None,
                operation: request.operation,
                protocol: request.protocol,
                subscriber: request.credentials.subscriber_id.as_ref().and_then(|name| name.parse().ok()),
                admitted_by: vec![sluice_contract::SecurityMode::Totp],
                expires_at: None,
                ticket_until: Some(clock().plus_secs(3_600)),
                token: TokenUse::None,
                rejoin: true,
                origin: None,
                recording: Default::default(),
            })
        };
        match grant() {
            Some(grant) => AuthorizeReply::Allow { grant: Box::new(grant) },
            None => AuthorizeReply::Deny { reason: sluice_contract::DenyReason::StreamIdInvalid },
        }
    }

    async fn hello(&self, _: Hello) -> Option<Welcome> {
        let blocks = (0..10_000).filter_map(|n| {
            Some(Block {
                application: "Safe".parse().ok()?,
                stream_id: "s".parse().ok()?,
                subscriber: format!("blocked{n}").parse().ok()?,
                operation: Operation::Play,
                until: clock().plus_secs(3_600),
            })
        });
        Some(Welcome {
            version: VERSION,
            revision: 1,
            applications: vec![settings("Safe", true)?, settings("Open", false)?],
            blocks: blocks.collect(),
            ticket_keys: vec![key()],
            end_sessions: Vec::new(),
            revocations: Vec::new(),
        })
    }

    async fn locate(&self, _: LocateCall) -> Option<Origin> {
        None
    }
}

fn settings(name: &str, play_protected: bool) -> Option<WorkerSettings> {
    Some(WorkerSettings {
        application: name.parse().ok()?,
        play_protected,
        hls_enabled: true,
        dash_enabled: true,
        segment_duration_ms: 2_000,
        playlist_segments: 15,
        rtmp_playback_enabled: false,
        authorize_deadline_ms: 2_000,
        content_security_policy: String::new(),
        cors: CorsSettings::default(),
        webrtc: Default::default(),
        recording: Default::default(),
    })
}

fn key() -> TicketKey {
    TicketKey { id: 1, secret: Secret::new(vec![7; 32]) }
}

fn clock() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

const REQUESTS: u32 = 100_000;
const ROUNDS: u32 = 5;
