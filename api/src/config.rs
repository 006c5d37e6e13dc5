//! What the operator chooses about the API. Reading files and the environment is the binary's matter.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use sluice_contract::{ApplicationName, Secret};

use crate::manage::LogLevel;

#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Holds the database and the secret key, unless those are named otherwise.
    pub data_dir: PathBuf,
    /// `sqlite://…` or `postgres://…`; `None` for `<data_dir>/sluice.db`.
    pub database_url: Option<Secret<String>>,
    pub secret_key: SecretKeySource,
    /// Created at start when no administrator exists.
    pub first_administrator: Option<FirstAdministrator>,
    /// Created when the database is new.
    pub applications: Vec<ApplicationName>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, besides those on this machine.
    pub trusted_proxies: Vec<IpNet>,
    /// Requests from this machine itself need no login (`decisions`).
    pub local_management: bool,
    /// Networks that webhooks and key sets may be in although they are not public.
    pub outbound_allowed: Vec<IpNet>,
    /// The port of HTTP, for the settings that are shown; `None` for the usual one, 5080.
    pub http_port: Option<u16>,
    /// The port that RTMP publishers use, for the addresses that are shown; `None` for RTMP's own, 1935.
    pub rtmp_port: Option<u16>,
    /// This is the only API of the database (`sluice serve`): whatever was live before it started is gone.
    pub exclusive: bool,
    /// Workers and other APIs are elsewhere, behind a broker, and may have been there before: this one listens to them
    /// for a moment before it answers.
    pub replicated: bool,
    /// Audit records, connection events and ended sessions are kept this long.
    pub retention_days: u32,
    /// Audit records at most; the oldest give way.
    pub audit_records: u64,
    /// Percent of processor, memory or disk from which on the status webhook is told; 0 for never.
    pub high_usage_percent: u8,
    /// A process before this one, on the same data folder, ended without being told to.
    pub follows_a_kill: bool,
    /// Makes the process log more or less; `None` when nobody can.
    pub log_control: Option<LogControl>,
}

/// Changes how much this process logs, while it runs.
#[derive(Clone)]
pub struct LogControl(Arc<dyn Fn(Option<LogLevel>) + Send + Sync>);

impl LogControl {
    /// `change` is called with the level to log at, or `None` for what the process was started with.
    pub fn new(change: impl Fn(Option<LogLevel>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(change))
    }

    pub fn set(&self, level: Option<LogLevel>) {
        (self.0)(level);
    }
}

impl fmt::Debug for LogControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogControl")
    }
}

/// Where the key comes from that encrypts secrets at rest.
#[derive(Debug, Clone)]
pub enum SecretKeySource {
    /// 32 bytes in Base64.
    Value(Secret<String>),
    File(PathBuf),
    /// `<data_dir>/secret.key`, made at first start.
    DataDir,
}

#[derive(Debug, Clone)]
pub struct FirstAdministrator {
    pub email: String,
    pub password: Secret<String>,
}

impl ApiConfig {
    /// The defaults of `sluice serve` with everything in `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            database_url: None,
            secret_key: SecretKeySource::DataDir,
            first_administrator: None,
            applications: DEFAULT_APPLICATIONS.iter().filter_map(|name| name.parse().ok()).collect(),
            trusted_proxies: Vec::new(),
            local_management: true,
            outbound_allowed: Vec::new(),
            http_port: None,
            rtmp_port: None,
            exclusive: true,
            replicated: false,
            retention_days: 90,
            audit_records: 5_000_000,
            high_usage_percent: 90,
            follows_a_kill: false,
            log_control: None,
        }
    }
}

const DEFAULT_APPLICATIONS: [&str; 2] = ["LiveApp", "WebRTCAppEE"];
