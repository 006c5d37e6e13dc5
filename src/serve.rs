//! `sluice serve`: the API and one worker in one process, joined by the in-process bus.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sluice_api::config::{FirstAdministrator, LogControl, SecretKeySource};
use sluice_api::{Api, ApiConfig};
use sluice_bus::MemoryBus;
use sluice_worker::ingest::rtmp::Rtmps;
use sluice_worker::{Worker, WorkerConfig};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::http::{self, Door};
use crate::listening::{Addresses, ListeningFile};
use crate::tls::{self, Certificate};
use crate::tools;

/// Runs until SIGTERM or SIGINT, then stops cleanly within ten seconds.
///
/// # Errors
/// When something cannot start; nothing is left running then.
pub async fn serve(config: Config, logs: LogControl) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot make the data folder {}", config.data_dir.display()))?;
    ListeningFile::clear(&config.data_dir);
    // The worker stops before the API, which records what its sessions came to.
    let (media, management) = (CancellationToken::new(), CancellationToken::new());
    let stop = watch_signals()?;
    let certificate = config.tls.clone().map(Certificate::load).transpose()?;
    let https = match (&certificate, config.https_addr) {
        (Some(certificate), Some(addr)) => Some(Https { acceptor: certificate.acceptor(&[b"http/1.1"])?, addr }),
        _ => None,
    };
    let rtmps = match (&certificate, config.rtmps_addr) {
        (Some(certificate), Some(addr)) => Some(Rtmps { addr, encryption: tls::rtmps(certificate.acceptor(&[])?) }),
        _ => None,
    };
    let bus = MemoryBus::new(tools::clock);
    let settings = ApiConfig { log_control: Some(logs), ..api_config(&config) };
    let api = Api::start(settings, Arc::new(bus.clone()), Arc::new(tools::clock), management.clone())
        .await
        .context("the API cannot start")?;
    let worker_config = WorkerConfig { rtmps, ..worker_config(&config) };
    let worker = Worker::start(worker_config, Arc::new(bus.clone()), tools::clock, media.clone())
        .await
        .context("the worker cannot start")?;
    worker.ready().await;
    let listener = TcpListener::bind(config.http_addr)
        .await
        .with_context(|| format!("cannot listen for HTTP on {}", config.http_addr))?;
    let https = match https {
        None => None,
        Some(Https { acceptor, addr }) => {
            let listener =
                TcpListener::bind(addr).await.with_context(|| format!("cannot listen for HTTPS on {addr}"))?;
            Some((listener, acceptor))
        }
    };
    if let Some(certificate) = &certificate {
        certificate.watch(media.clone())?;
    }
    let addresses = Addresses {
        http: Some(listener.local_addr()?),
        https: https.as_ref().map(|(listener, _)| listener.local_addr()).transpose()?,
        rtmp: Some(worker.rtmp_addr()),
        rtmps: worker.rtmps_addr(),
        srt: None,
        webrtc: None,
    };
    let router = api.http_router().merge(worker.http_router());
    let mut servers = JoinSet::new();
    servers.spawn(http::serve(listener, Door::Plain, router.clone(), media.clone()));
    if let Some((listener, acceptor)) = https {
        servers.spawn(http::serve(listener, Door::Tls(acceptor), router, media.clone()));
    }
    let file = ListeningFile::write(&config.data_dir, &addresses).context("cannot write listening.json")?;
    info!(
        http = ?addresses.http, https = ?addresses.https, rtmp = ?addresses.rtmp, rtmps = ?addresses.rtmps, "listening"
    );

    stop.cancelled().await;
    info!("stopping");
    drop(file);
    let stopped = async {
        media.cancel();
        worker.stopped().await;
        servers.join_all().await;
        bus.settled().await;
        management.cancel();
        api.stopped().await;
    };
    if tokio::time::timeout(STOP, stopped).await.is_err() {
        warn!("not everything stopped in time");
    }
    Ok(())
}

/// Where HTTPS is to be served, and how.
struct Https {
    acceptor: TlsAcceptor,
    addr: SocketAddr,
}

/// Brings the database to this version's schema.
///
/// # Errors
/// When the database cannot be reached or the schema not be changed.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.data_dir)?;
    sluice_api::migrate(&api_config(config)).await.context("the database cannot be migrated")
}

fn watch_signals() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        token.cancel();
    });
    Ok(stop)
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
        exclusive: true,
        retention_days: config.retention_days,
        audit_records: config.audit_records,
        ..ApiConfig::new(&config.data_dir)
    }
}

fn worker_config(config: &Config) -> WorkerConfig {
    WorkerConfig {
        rtmp_addr: config.rtmp_addr,
        rtmp_merge: config.rtmp_merge,
        trusted_proxies: config.trusted_proxies.iter().map(ToString::to_string).collect(),
        ..WorkerConfig::default()
    }
}

/// A clean stop takes no longer.
const STOP: Duration = Duration::from_secs(9);
