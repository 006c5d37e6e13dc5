//! Runs the halves of Sluice that this process is made of, and stops them in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use sluice_api::config::{FirstAdministrator, LogControl, SecretKeySource};
use sluice_api::{Api, ApiConfig};
use sluice_worker::ingest::rtmp::Rtmps;
use sluice_worker::{Limits, RecordingConfig, RelayConfig, WebrtcConfig, Worker, WorkerConfig};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::bus::Bus;
use crate::config::Config;
use crate::http::{self, Door};
use crate::listening::{Addresses, ListeningFile};
use crate::running::Running;
use crate::tls::{self, Certificate};
use crate::tools;

/// The halves that run in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `sluice serve`
    Both,
    /// `sluice api`: one of any number, on one database.
    Api,
    /// `sluice worker`: one of any number, without a database.
    Worker,
}

/// Runs until SIGTERM or SIGINT, then stops in order: first the media, then what records it. A worker that is to
/// drain takes nobody new meanwhile; a second signal ends the wait.
pub async fn serve(config: Config, logs: LogControl, role: Role) -> anyhow::Result<()> {
    fits(&config, role)?;
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot make the data folder {}", config.data_dir.display()))?;
    ListeningFile::clear(&config.data_dir);
    let running = Running::begin(&config.data_dir)
        .with_context(|| format!("cannot write to the data folder {}", config.data_dir.display()))?;
    let served = serve_until_told(config, logs, role, running.follows_a_kill).await;
    // Who could not even say that the process before was killed leaves it to the next one.
    if served.is_ok() || !running.follows_a_kill {
        running.stopped();
    }
    served
}

async fn serve_until_told(config: Config, logs: LogControl, role: Role, follows_a_kill: bool) -> anyhow::Result<()> {
    // The worker stops before the API, which records what its sessions came to.
    let (media, management) = (CancellationToken::new(), CancellationToken::new());
    let mut signals = watch_signals()?;
    let doors = Doors::open(&config)?;
    let bus = Bus::connect(&config, role).await?;
    let api = match bus.api() {
        None => None,
        Some(link) => {
            let settings = ApiConfig { log_control: Some(logs), follows_a_kill, ..api_config(&config) };
            let started = Api::start(settings, link, Arc::new(tools::clock), management.clone()).await;
            Some(started.context("the API cannot start")?)
        }
    };
    let worker = match bus.worker() {
        None => None,
        Some(link) => {
            let settings = WorkerConfig { rtmps: doors.rtmps.clone(), ..worker_config(&config) };
            let started = Worker::start(settings, link, tools::clock, media.clone()).await;
            Some(started.context("the worker cannot start")?)
        }
    };
    if role == Role::Both
        && let Some(worker) = &worker
    {
        worker.ready().await;
    }
    let listener = TcpListener::bind(config.http_addr)
        .await
        .with_context(|| format!("cannot listen for HTTP on {}", config.http_addr))?;
    let https = match &doors.https {
        None => None,
        Some((acceptor, addr)) => {
            let listener =
                TcpListener::bind(addr).await.with_context(|| format!("cannot listen for HTTPS on {addr}"))?;
            Some((listener, acceptor.clone()))
        }
    };
    if let Some(certificate) = &doors.certificate {
        certificate.watch(media.clone())?;
    }
    let addresses = Addresses {
        http: Some(listener.local_addr()?),
        https: https.as_ref().map(|(listener, _)| listener.local_addr()).transpose()?,
        rtmp: worker.as_ref().map(Worker::rtmp_addr),
        rtmps: worker.as_ref().and_then(Worker::rtmps_addr),
        srt: None,
        webrtc: worker.as_ref().and_then(Worker::webrtc_addr),
        relay: worker.as_ref().and_then(Worker::relay_addr),
    };
    let router = router(api.as_ref(), worker.as_ref());
    let mut servers = JoinSet::new();
    servers.spawn(http::serve(listener, Door::Plain, router.clone(), media.clone()));
    if let Some((listener, acceptor)) = https {
        servers.spawn(http::serve(listener, Door::Tls(acceptor), router, media.clone()));
    }
    let file = ListeningFile::write(&config.data_dir, &addresses).context("cannot write listening.json")?;
    info!(
        http = ?addresses.http, https = ?addresses.https, rtmp = ?addresses.rtmp, rtmps = ?addresses.rtmps,
        webrtc = ?addresses.webrtc, relay = ?addresses.relay, "listening"
    );

    heard(&mut signals, 1).await;
    if let Some(worker) = worker.as_ref().filter(|_| !config.drain.is_zero()) {
        info!(seconds = config.drain.as_secs(), "draining");
        worker.drain();
        tokio::select! {
            () = worker.emptied() => {}
            () = tokio::time::sleep(config.drain) => info!("not everybody has left"),
            () = heard(&mut signals, 2) => {}
        }
    }
    info!("stopping");
    drop(file);
    let stopped = async {
        media.cancel();
        if let Some(worker) = &worker {
            worker.stopped().await;
        }
        servers.join_all().await;
        bus.settled().await;
        management.cancel();
        if let Some(api) = &api {
            api.stopped().await;
        }
        bus.close().await;
    };
    if tokio::time::timeout(STOP, stopped).await.is_err() {
        warn!("not everything stopped in time");
    }
    Ok(())
}

/// Refuses settings that cannot work in this role, before anything is touched.
fn fits(config: &Config, role: Role) -> anyhow::Result<()> {
    if role != Role::Both && config.bus_url.is_none() {
        bail!("`bus_url` is not set: API and workers in processes of their own need a broker to meet at");
    }
    if role == Role::Api && config.secret_key.is_none() && config.secret_key_file.is_none() {
        bail!("`secret_key` is not set: every API must have the same one, such as `openssl rand -base64 32` makes");
    }
    if role == Role::Api && config.database_url.as_ref().is_none_or(|url| url.expose().starts_with("sqlite:")) {
        bail!("`database_url` is not set to PostgreSQL, which several APIs share; `sluice serve` runs on SQLite");
    }
    Ok(())
}

fn router(api: Option<&Api>, worker: Option<&Worker>) -> Router {
    match (api, worker) {
        (Some(api), Some(worker)) => api.http_router().merge(worker.http_router()),
        (Some(api), None) => api.http_router(),
        (None, Some(worker)) => worker.http_router().merge(worker.health_router()),
        (None, None) => Router::new(),
    }
}

/// The encrypted listeners that the settings ask for.
struct Doors {
    certificate: Option<Arc<Certificate>>,
    https: Option<(TlsAcceptor, SocketAddr)>,
    rtmps: Option<Rtmps>,
}

impl Doors {
    fn open(config: &Config) -> anyhow::Result<Self> {
        let certificate = config.tls.clone().map(Certificate::load).transpose()?;
        let https = match (&certificate, config.https_addr) {
            (Some(certificate), Some(addr)) => Some((certificate.acceptor(&[b"http/1.1"])?, addr)),
            _ => None,
        };
        let rtmps = match (&certificate, config.rtmps_addr) {
            (Some(certificate), Some(addr)) => Some(Rtmps { addr, encryption: tls::rtmps(certificate.acceptor(&[])?) }),
            _ => None,
        };
        Ok(Self { certificate, https, rtmps })
    }
}

/// Brings the database to this version's schema.
///
/// # Errors
/// When the database cannot be reached or the schema not be changed.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.data_dir)?;
    sluice_api::migrate(&api_config(config)).await.context("the database cannot be migrated")
}

/// Counts the signals that ask this process to stop.
fn watch_signals() -> anyhow::Result<watch::Receiver<u32>> {
    let (count, signals) = watch::channel(0);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            count.send_modify(|count| *count += 1);
        }
    });
    Ok(signals)
}

/// Waits for the `nth` signal.
async fn heard(signals: &mut watch::Receiver<u32>, nth: u32) {
    // The task that counts runs as long as the process.
    let _ = signals.wait_for(|count| *count >= nth).await;
}

fn api_config(config: &Config) -> ApiConfig {
    let secret_key = match (&config.secret_key, &config.secret_key_file) {
        (Some(key), _) => SecretKeySource::Value(key.clone()),
        (None, Some(file)) => SecretKeySource::File(file.clone()),
        (None, None) => SecretKeySource::DataDir,
    };
    let first_administrator = match (&config.admin_email, &config.admin_password) {
        (Some(email), Some(password)) => Some(FirstAdministrator { email: email.clone(), password: password.clone() }),
        _ => None,
    };
    ApiConfig {
        database_url: config.database_url.clone(),
        secret_key,
        first_administrator,
        applications: config.applications.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        outbound_allowed: config.outbound_allowed_cidr.clone(),
        // Port 0 is chosen later: addresses then name the usual port.
        http_port: Some(config.http_addr.port()).filter(|port| *port != 0),
        rtmp_port: Some(config.rtmp_addr.port()).filter(|port| *port != 0),
        exclusive: config.bus_url.is_none(),
        replicated: config.bus_url.is_some(),
        retention_days: config.retention_days,
        audit_records: config.audit_records,
        high_usage_percent: config.high_usage_percent,
        ..ApiConfig::new(&config.data_dir)
    }
}

fn worker_config(config: &Config) -> WorkerConfig {
    let defaults = WorkerConfig::default();
    WorkerConfig {
        name: config.worker_name.clone().unwrap_or_else(tools::process_name),
        limits: Limits { load: config.load_limit, ..defaults.limits },
        rtmp_addr: config.rtmp_addr,
        rtmp_merge: config.rtmp_merge,
        webrtc: config.webrtc_addr.map(|addr| WebrtcConfig {
            addr,
            public: config.webrtc_public_ip.clone(),
            tcp: config.webrtc_tcp,
        }),
        trusted_proxies: config.trusted_proxies.iter().map(ToString::to_string).collect(),
        recording: Some(RecordingConfig {
            folder: config.recordings_dir.clone().unwrap_or_else(|| config.data_dir.join("recordings")),
            min_free_bytes: config.recordings_min_free_bytes,
        }),
        relay: config.relay_addr.map(|addr| RelayConfig { addr, public: relay_public(config, addr) }),
        ..defaults
    }
}

/// What other workers are told of the relay: unless set, this host's name, or the one address that it listens on.
fn relay_public(config: &Config, addr: SocketAddr) -> String {
    let by_default = || {
        if addr.ip().is_unspecified() { format!("{}:{}", tools::host_name(), addr.port()) } else { addr.to_string() }
    };
    config.relay_public.clone().unwrap_or_else(by_default)
}

/// A clean stop takes no longer.
const STOP: Duration = Duration::from_secs(9);
