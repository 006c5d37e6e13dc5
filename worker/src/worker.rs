//! One streaming worker, put together: what runs, and the order in which it stops.

use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use futures_util::future::BoxFuture;
use sluice_bus::WorkerLink;
use sluice_contract::message::{EndReason, RecordingOrder, StatsReport, StreamReport};
use sluice_contract::{ApplicationName, SessionId, StreamId, UnixTime, VodId, WorkerId};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;
use uuid::Uuid;

use crate::admission::Admission;
use crate::control::{Control, Meter, OnAir, Outbox, Rules};
use crate::egress::http::{Http, InvalidNetwork, NoRandomness, TrustedProxies, router};
use crate::health::{self, Watched};
use crate::hub::Hub;
use crate::ingest::rtmp::{RtmpConfig, RtmpListener, Rtmps};
use crate::package::{PackagerUnavailable, PackagingConfig, PackagingSettings};
use crate::record::{RecordingConfig, Recordings};
use crate::relay::{Edges, Reach, RelayConfig, RelayListener};
use crate::session::Sessions;
use crate::signaling::{self, Signaling};
use crate::webrtc::WebrtcConfig;
use crate::webrtc::endpoint::{Endpoint, EndpointConfig};
use crate::webrtc::engine::Engine;
use crate::webrtc::service::Service;
use crate::{Clock, StreamKey};

/// How a worker is set up. The defaults suit one machine.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// For people: host and process.
    pub name: String,
    /// Where RTMP is accepted; port 0 for any free one.
    pub rtmp_addr: SocketAddr,
    /// Where RTMP over TLS is accepted; `None` for nowhere.
    pub rtmps: Option<Rtmps>,
    /// How long media for RTMP players is held to be written together; zero sends every frame when it comes.
    pub rtmp_merge: Duration,
    /// Where WebRTC media comes and goes; `None` for a worker without WebRTC.
    pub webrtc: Option<WebrtcConfig>,
    /// Networks whose `X-Forwarded-For` is believed; loopback always is.
    pub trusted_proxies: Vec<String>,
    /// How streams go from worker to worker; `None` for a worker that is alone.
    pub relay: Option<RelayConfig>,
    /// Where recordings are kept; `None` for a worker that records nothing.
    pub recording: Option<RecordingConfig>,
    pub limits: Limits,
}

/// What a worker takes on at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Sessions at a time, of all protocols; about 2 KiB each.
    pub sessions: usize,
    /// Questions to the gate at a time; more wait within their deadline.
    pub authorizations: usize,
    /// Share of the processor in use, 0 to 1, from which on no new publishers are taken; `None` takes all.
    pub load: Option<f32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sessions: 100_000, authorizations: 256, load: None }
    }
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            name: format!("worker {}", std::process::id()),
            rtmp_addr: (Ipv4Addr::UNSPECIFIED, 1935).into(),
            rtmps: None,
            rtmp_merge: Duration::ZERO,
            webrtc: None,
            trusted_proxies: Vec::new(),
            relay: None,
            recording: None,
            limits: Limits::default(),
        }
    }
}

/// Why a worker does not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error("a trusted proxy is not valid")]
    TrustedProxies(#[from] InvalidNetwork),
    #[error("cannot listen for RTMP on {addr}")]
    Listen {
        addr: SocketAddr,
        #[source]
        error: std::io::Error,
    },
    #[error("cannot listen for other workers on {addr}")]
    ListenRelay {
        addr: SocketAddr,
        #[source]
        error: std::io::Error,
    },
    #[error("cannot listen for WebRTC on {addr}")]
    ListenWebrtc {
        addr: SocketAddr,
        #[source]
        error: std::io::Error,
    },
    #[error(transparent)]
    Packager(#[from] PackagerUnavailable),
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// A running worker.
pub struct Worker {
    control: Arc<Control>,
    http: Arc<Http>,
    signaling: Option<Arc<Signaling>>,
    endpoint: Option<Arc<Endpoint>>,
    rtmp_addr: SocketAddr,
    rtmps_addr: Option<SocketAddr>,
    relay_addr: Option<SocketAddr>,
    webrtc_addr: Option<SocketAddr>,
    tasks: TaskTracker,
}

impl Worker {
    /// Starts a worker on `link`. It admits nobody until the API has answered its first hello ([`ready`](Self::ready)),
    /// and runs until `shutdown`.
    ///
    /// # Errors
    /// [`WorkerError`]; nothing is left running then.
    pub async fn start(
        config: WorkerConfig,
        link: Arc<dyn WorkerLink>,
        clock: Clock,
        shutdown: CancellationToken,
    ) -> Result<Self, WorkerError> {
        let proxies = TrustedProxies::parse(&config.trusted_proxies)?;
        let worker = WorkerId::new(Uuid::now_v7());
        let outbox = Outbox::new(worker, clock);
        let rules = Rules::new();
        let sessions = Sessions::new(clock, Arc::clone(&outbox), config.limits.sessions);
        let admission = Arc::new(Admission::new(
            worker,
            Arc::clone(&link),
            Arc::clone(&rules),
            Arc::clone(&sessions),
            clock,
            config.limits.authorizations,
        ));
        let wishes = Arc::clone(&rules);
        let hub = Arc::new(Hub::new(
            Arc::clone(&outbox) as _,
            PackagingConfig::default(),
            Arc::new(move |name| {
                wishes.application(name).map_or_else(PackagingSettings::default, |settings| (&*settings).into())
            }),
            Arc::new(clock),
        )?);
        let recordings = config
            .recording
            .as_ref()
            .map(|recording| Recordings::start(recording, Arc::clone(&rules), &hub, Arc::clone(&outbox) as _));
        let relay = match &config.relay {
            None => None,
            Some(RelayConfig { addr, .. }) => {
                let bound = RelayListener::bind(*addr, worker, Arc::clone(&rules), Arc::clone(&hub)).await;
                Some(bound.map_err(|error| WorkerError::ListenRelay { addr: *addr, error })?)
            }
        };
        let edges = relay.is_some().then(|| {
            Edges::new(
                worker,
                Arc::clone(&link),
                Arc::clone(&rules),
                Arc::clone(&sessions),
                Arc::clone(&hub),
                clock,
                shutdown.clone(),
            )
        });
        let reach = Arc::new(Reach::new(Arc::clone(&hub), edges));
        let relay_addr = relay.as_ref().map(RelayListener::local_addr);
        let rtmp_config = RtmpConfig { merge: config.rtmp_merge, proxies: proxies.clone(), ..RtmpConfig::default() };
        let rtmp_at = async |addr| {
            let config = RtmpConfig { addr, ..rtmp_config.clone() };
            let bound = RtmpListener::bind(config, Arc::clone(&admission), Arc::clone(&reach)).await;
            bound.map_err(|error| WorkerError::Listen { addr, error })
        };
        let rtmp = rtmp_at(config.rtmp_addr).await?;
        let rtmps = match config.rtmps {
            None => None,
            Some(Rtmps { addr, encryption }) => Some(rtmp_at(addr).await?.encrypted(encryption)),
        };
        let (rtmp_addr, rtmps_addr) = (rtmp.local_addr(), rtmps.as_ref().map(RtmpListener::local_addr));
        let http = Http::new(
            Arc::clone(&rules),
            Arc::clone(&sessions),
            Arc::clone(&admission),
            Arc::clone(&reach) as _,
            recordings.clone(),
            proxies.clone(),
            clock,
        )?;
        let endpoint = match config.webrtc {
            None => None,
            Some(WebrtcConfig { addr, public, tcp }) => {
                let config = EndpointConfig { udp: addr, public, tcp, max_peers: config.limits.sessions };
                Some(Endpoint::bind(config).map_err(|error| WorkerError::ListenWebrtc { addr, error })?)
            }
        };
        let webrtc_addr = endpoint.as_ref().map(|endpoint| endpoint.local_addr());
        let signaling = endpoint.clone().map(|endpoint| {
            let calls = Service::new(endpoint, Arc::clone(&reach), Arc::clone(&rules), Arc::clone(&sessions), clock);
            Arc::new(Signaling {
                worker,
                link: Arc::clone(&link),
                rules: Arc::clone(&rules),
                admission: Arc::clone(&admission),
                reach: Arc::clone(&reach),
                calls: Arc::new(calls),
                proxies,
                clock,
                shutdown: shutdown.clone(),
                state: signaling::State::new(Arc::clone(&outbox) as _),
            })
        });
        let control = Arc::new(Control {
            worker,
            name: config.name,
            relay: config.relay.zip(relay_addr).map(|(relay, bound)| public_address(&relay.public, bound)),
            link: Arc::clone(&link),
            rules: Arc::clone(&rules),
            sessions,
            on_air: Arc::new(OnAirHere {
                reach,
                signaling: signaling.clone(),
                endpoint: endpoint.clone(),
                recordings: recordings.clone(),
            }),
            clock,
            revision: AtomicU64::new(0),
            meter: Meter::default(),
            load_limit: config.limits.load,
            last_report: ArcSwap::from_pointee(StatsReport::of(worker, clock())),
        });
        let tasks = TaskTracker::new();
        for listener in [Some(rtmp), rtmps].into_iter().flatten() {
            tasks.spawn(listener.run(shutdown.clone()));
        }
        if let Some(relay) = relay {
            tasks.spawn(relay.run(shutdown.clone()));
        }
        tasks.spawn(run(Arc::clone(&control), outbox, link, shutdown, endpoint.clone(), recordings));
        tasks.close();
        Ok(Self { control, http, signaling, endpoint, rtmp_addr, rtmps_addr, relay_addr, webrtc_addr, tasks })
    }

    /// The media routes, to be merged with others. Serve them with `ConnectInfo<SocketAddr>`.
    pub fn http_router(&self) -> Router {
        let media = router(Arc::clone(&self.http));
        match &self.signaling {
            Some(signaling) => media.merge(signaling::router(Arc::clone(signaling))),
            None => media,
        }
    }

    /// Where RTMP is accepted.
    pub fn rtmp_addr(&self) -> SocketAddr {
        self.rtmp_addr
    }

    /// Where RTMP over TLS is accepted.
    pub fn rtmps_addr(&self) -> Option<SocketAddr> {
        self.rtmps_addr
    }

    /// Where other workers' relays are accepted.
    pub fn relay_addr(&self) -> Option<SocketAddr> {
        self.relay_addr
    }

    /// Where WebRTC media comes and goes.
    pub fn webrtc_addr(&self) -> Option<SocketAddr> {
        self.webrtc_addr
    }

    /// Waits until the API has told what to enforce, so that somebody can be admitted.
    pub async fn ready(&self) {
        self.control.rules.in_order().await;
    }

    /// Turns newcomers away from now on, and says so at `/readyz`; who is here stays.
    pub fn drain(&self) {
        self.control.drain(true);
    }

    /// Waits until nobody is here whose connection would break with a stop: publishers, and players that are not HTTP.
    pub async fn emptied(&self) {
        while self.control.sessions.all().iter().any(|session| !session.grant().protocol.is_http()) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// `/healthz`, `/readyz` and `/metrics`, for a process that is a worker alone.
    pub fn health_router(&self) -> Router {
        health::router(Watched { control: Arc::clone(&self.control), endpoint: self.endpoint.clone() })
    }

    /// Waits for the end of a clean stop: every session ended, its event sent (within [`FLUSH`]).
    pub async fn stopped(&self) {
        self.tasks.wait().await;
    }
}

/// What commands of the API are about: the streams here, and those who have a data channel with them.
struct OnAirHere {
    reach: Arc<Reach>,
    signaling: Option<Arc<Signaling>>,
    endpoint: Option<Arc<Endpoint>>,
    recordings: Option<Arc<Recordings>>,
}

impl OnAir for OnAirHere {
    fn settled(&self) -> BoxFuture<'static, ()> {
        self.endpoint.as_ref().map_or_else(|| Box::pin(ready(())) as _, |endpoint| endpoint.fence())
    }

    fn end(&self, key: &StreamKey, publisher: SessionId, reason: EndReason) {
        self.reach.end(key, publisher, reason);
    }

    fn reports(&self, now: UnixTime) -> Vec<StreamReport> {
        self.reach.reports(now)
    }

    fn forget(&self, application: &ApplicationName, stream: Option<&StreamId>) {
        self.reach.forget(application, stream);
    }

    fn blocks_changed(&self) {
        self.reach.blocks_changed();
    }

    fn data(&self, application: &ApplicationName, stream_id: &StreamId, text: &str) -> u32 {
        let Some(signaling) = &self.signaling else { return 0 };
        let key = StreamKey { application: application.clone(), stream_id: stream_id.clone() };
        signaling.tell(&key, text)
    }

    fn linked(&self) {
        if let Some(recordings) = &self.recordings {
            recordings.tell_of_all();
        }
    }

    fn record(
        &self,
        application: ApplicationName,
        stream_id: StreamId,
        order: Option<RecordingOrder>,
    ) -> BoxFuture<'static, Vec<VodId>> {
        let stream = self.reach.hub().find_live(&StreamKey { application, stream_id });
        let recordings = self.recordings.clone();
        Box::pin(async move {
            match (recordings, stream) {
                (Some(recordings), Some(stream)) => recordings.obey(&stream, order).await.into_iter().collect(),
                _ => Vec::new(),
            }
        })
    }

    fn remove_recordings(
        &self,
        application: ApplicationName,
        removed: Vec<(VodId, String)>,
    ) -> BoxFuture<'static, Vec<VodId>> {
        let recordings = self.recordings.clone();
        Box::pin(async move {
            match recordings {
                Some(recordings) => recordings.remove(application, removed).await,
                None => Vec::new(),
            }
        })
    }
}

/// What other workers are told, with the port that was bound in place of port 0.
fn public_address(public: &str, bound: SocketAddr) -> String {
    match public.strip_suffix(":0") {
        Some(host) => format!("{host}:{}", bound.port()),
        None => public.to_owned(),
    }
}

/// Runs until `shutdown`, then ends what is live and sends the last events.
async fn run(
    control: Arc<Control>,
    outbox: Arc<Outbox>,
    link: Arc<dyn WorkerLink>,
    shutdown: CancellationToken,
    endpoint: Option<Arc<Endpoint>>,
    recordings: Option<Arc<Recordings>>,
) {
    let mut background = JoinSet::new();
    background.spawn({
        let control = Arc::clone(&control);
        async move { control.keep_time().await }
    });
    let reports = background.spawn({
        let control = Arc::clone(&control);
        async move { control.report().await }
    });
    background.spawn({
        let (outbox, link) = (Arc::clone(&outbox), Arc::clone(&link));
        async move { outbox.send(link.as_ref()).await }
    });
    // From its end on nobody is admitted any more.
    control.run(&shutdown).await;
    control.end_all();
    if let Some(endpoint) = endpoint {
        endpoint.stop();
    }
    if let Some(recordings) = recordings
        && timeout(COMPLETE, recordings.settled()).await.is_err()
    {
        warn!("not every recording could be completed before the stop; it will be at the next start");
    }
    if timeout(FLUSH, outbox.flushed()).await.is_err() {
        warn!("not every event could be sent before the stop");
    }
    // No report may follow the last.
    reports.abort();
    while !reports.is_finished() {
        tokio::task::yield_now().await;
    }
    control.leave().await;
}

/// How often a draining worker looks whether it is empty.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long recordings may take to become complete.
const COMPLETE: Duration = Duration::from_secs(3);
/// How long the last events may take.
pub const FLUSH: Duration = Duration::from_secs(5);
