//! All settings of a process: `sluice.toml`, then `SLUICE_*` environment variables, then flags.
//!
//! One flat namespace, so that a setting has one name everywhere: `http_addr` in the file is `SLUICE_HTTP_ADDR` in the
//! environment and `--http-addr` on the command line. Unknown names are refused with the nearest known one. What an
//! application does (security, packaging) is not here: that changes while the server runs, over the API.

mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use sluice_contract::{ApplicationName, Secret};

pub use self::settings::SETTINGS;
use crate::tls::TlsFiles;

/// What is settled before anything starts.
#[derive(Debug, Clone)]
pub struct Config {
    pub data_dir: PathBuf,
    pub database_url: Option<Secret<String>>,
    /// `None` joins API and worker inside this process.
    pub bus_url: Option<Secret<String>>,
    /// Certificates that the broker's may be signed by, in PEM form, beside the public ones.
    pub bus_ca: Option<PathBuf>,
    /// What people read as the worker's name; `None` for host and process.
    pub worker_name: Option<String>,
    /// Where other workers fetch streams; `None` offers them none.
    pub relay_addr: Option<SocketAddr>,
    /// Host and port that they are told; `None` for this host's name and the port of `relay_addr`.
    pub relay_public: Option<String>,
    /// How long a worker that is told to stop waits for its publishers and players to leave.
    pub drain: Duration,
    /// Share of the processor, 0 to 1, from which on a worker takes no new publishers.
    pub load_limit: Option<f32>,
    pub http_addr: SocketAddr,
    pub rtmp_addr: SocketAddr,
    /// `None` serves neither HTTPS nor RTMPS.
    pub tls: Option<TlsFiles>,
    /// `None` without a certificate, or when switched off.
    pub https_addr: Option<SocketAddr>,
    /// As `https_addr`.
    pub rtmps_addr: Option<SocketAddr>,
    /// Where WebRTC media comes and goes; `None` serves no WebRTC.
    pub webrtc_addr: Option<SocketAddr>,
    /// Addresses that clients are told instead of the machine's own.
    pub webrtc_public_ip: Vec<IpAddr>,
    /// Serves WebRTC media over TCP too, on the same port.
    pub webrtc_tcp: bool,
    /// How long media for RTMP players is held to be written together.
    pub rtmp_merge: Duration,
    /// Where recordings are kept; `None` for `<data>/recordings`.
    pub recordings_dir: Option<PathBuf>,
    /// With less than this free there, nothing is recorded.
    pub recordings_min_free_bytes: u64,
    /// Base64 of 32 bytes; `None` reads or makes `<data>/secret.key`.
    pub secret_key: Option<Secret<String>>,
    pub secret_key_file: Option<PathBuf>,
    pub admin_email: Option<String>,
    pub admin_password: Option<Secret<String>>,
    pub applications: Vec<ApplicationName>,
    /// Proxies whose `X-Forwarded-For` is believed, as networks; loopback is always among them.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks that webhooks and key sets may be in although they are not public.
    pub outbound_allowed_cidr: Vec<IpNet>,
    /// Days that audit records, connection events and ended sessions are kept.
    pub retention_days: u32,
    /// Audit records at most; the oldest give way.
    pub audit_records: u64,
    /// Percent of processor, memory or disk from which on the status webhook is told; 0 for never.
    pub high_usage_percent: u8,
    pub log: String,
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Why the settings cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {reason}")]
    File { path: String, reason: String },
    #[error("{origin}: unknown setting `{name}`{}", nearest(name))]
    Unknown { origin: String, name: String },
    #[error("{origin}: `{name}` {reason}")]
    Value { origin: String, name: &'static str, reason: String },
}

impl Config {
    /// Merges the sources: `file` (TOML text and its path), the environment, flags. Later ones win.
    ///
    /// # Errors
    /// [`ConfigError`] names the source and the setting at fault.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut values = Values::default();
        if let Some(path) = file {
            let origin = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|error| ConfigError::File { path: origin.clone(), reason: error.to_string() })?;
            let table: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::File {
                path: origin.clone(),
                reason: error.message().to_owned(),
            })?;
            for (name, value) in table {
                let text = match value {
                    toml::Value::String(text) => text,
                    toml::Value::Array(items) => items
                        .iter()
                        .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                        .collect::<Vec<_>>()
                        .join(","),
                    other => other.to_string(),
                };
                values.set(&origin, &name, text)?;
            }
        }
        for (name, value) in environment {
            // Tests point at the binary, and at servers of theirs, with names of their own.
            let Some(setting) = name.strip_prefix("SLUICE_").filter(|name| !is_for_tests(name)) else { continue };
            let setting = setting.to_ascii_lowercase();
            match setting.strip_suffix("_file").filter(|_| !is_known(&setting)) {
                // Secrets that are mounted as files stay out of the environment.
                Some(setting) if is_known(setting) => {
                    let text = std::fs::read_to_string(&value)
                        .map_err(|error| ConfigError::File { path: value.clone(), reason: error.to_string() })?;
                    values.set(&value, setting, text.trim_end().to_owned())?;
                }
                _ => values.set("environment", &setting, value)?,
            }
        }
        for (name, value) in flags {
            values.set("command line", &name, value)?;
        }
        values.into_config()
    }

    /// The example file: every setting with its default and its meaning.
    pub fn example() -> String {
        let mut text = String::from(
            "# Every setting of Sluice with its default. `sluice check-config` tells whether a file is right.\n\
             # A setting NAME is also read from the environment as SLUICE_NAME and from the command line as --name;\n\
             # SLUICE_NAME_FILE names a file that holds the value.\n",
        );
        for setting in SETTINGS {
            text.push_str(&format!("\n# {}\n# {} = \"{}\"\n", setting.help, setting.name, setting.default));
        }
        text
    }
}

fn is_known(name: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.name == name)
}

fn is_for_tests(name: &str) -> bool {
    name == "BINARY" || name == "E2E" || name.starts_with("TEST_")
}

#[derive(Default)]
struct Values(BTreeMap<&'static str, (String, String)>);

impl Values {
    fn set(&mut self, origin: &str, name: &str, value: String) -> Result<(), ConfigError> {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            return Err(ConfigError::Unknown { origin: origin.to_owned(), name: name.to_owned() });
        };
        self.0.insert(setting.name, (origin.to_owned(), value));
        Ok(())
    }

    fn text(&self, name: &'static str) -> (String, String) {
        let default = || {
            let setting = SETTINGS.iter().find(|setting| setting.name == name);
            ("default".to_owned(), setting.map_or_else(String::new, |setting| setting.default.to_owned()))
        };
        self.0.get(name).cloned().unwrap_or_else(default)
    }

    fn optional(&self, name: &'static str) -> Option<String> {
        Some(self.text(name).1.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn parsed<T>(&self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, ConfigError> {
        let (origin, text) = self.text(name);
        parse(text.trim()).map_err(|reason| ConfigError::Value { origin, name, reason })
    }

    fn into_config(self) -> Result<Config, ConfigError> {
        let address = |text: &str| {
            text.parse::<SocketAddr>().map_err(|_| "is not an address such as 0.0.0.0:5080 or [::]:5080".to_owned())
        };
        let list = |text: &str| -> Vec<String> {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let tls = match (self.optional("tls_cert"), self.optional("tls_key")) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate: certificate.into(), key: key.into() }),
            (None, None) => None,
            (given, _) => {
                let name = if given.is_some() { "tls_cert" } else { "tls_key" };
                let reason = "needs the other of `tls_cert` and `tls_key`".to_owned();
                return Err(ConfigError::Value { origin: self.text(name).0, name, reason });
            }
        };
        let over_tls = |name: &'static str, port: u16| {
            self.parsed(name, |text| match (text, &tls) {
                ("off", _) | ("", None) => Ok(None),
                ("", Some(_)) => Ok(Some(SocketAddr::from(([0, 0, 0, 0], port)))),
                (_, None) => Err("needs `tls_cert` and `tls_key`".to_owned()),
                (text, Some(_)) => address(text).map(Some),
            })
        };
        let bus_url = self.optional("bus_url").map(Secret::new);
        let (https_addr, rtmps_addr) = (over_tls("https_addr", 5443)?, over_tls("rtmps_addr", 1936)?);
        let config = Config {
            tls,
            https_addr,
            rtmps_addr,
            rtmp_merge: self.parsed("rtmp_merge_ms", |text| match text.parse() {
                Ok(millis @ 0..=2_000) => Ok(Duration::from_millis(millis)),
                _ => Err("is not a number of milliseconds from 0 to 2000".to_owned()),
            })?,
            data_dir: self.parsed("data_dir", |text| Ok(PathBuf::from(text)))?,
            database_url: self.optional("database_url").map(Secret::new),
            relay_addr: self.parsed("relay_addr", |text| match (text, &bus_url) {
                ("off", _) | ("", None) => Ok(None),
                ("", Some(_)) => Ok(Some(SocketAddr::from(([0, 0, 0, 0], 5090)))),
                (_, None) => Err("needs `bus_url`".to_owned()),
                (text, Some(_)) => address(text).map(Some),
            })?,
            bus_url,
            bus_ca: self.optional("bus_ca").map(PathBuf::from),
            worker_name: self.optional("worker_name"),
            relay_public: self.optional("relay_public"),
            drain: self.parsed("drain_seconds", |text| match text.parse() {
                Ok(seconds @ 0..=86_400) => Ok(Duration::from_secs(seconds)),
                _ => Err("is not a number of seconds from 0 to 86400".to_owned()),
            })?,
            load_limit: self.parsed("load_limit_percent", |text| match text.parse::<u8>() {
                Ok(0) => Ok(None),
                Ok(percent @ 1..=100) => Ok(Some(f32::from(percent) / 100.0)),
                _ => Err("is not a number of percent from 0 to 100".to_owned()),
            })?,
            http_addr: self.parsed("http_addr", address)?,
            rtmp_addr: self.parsed("rtmp_addr", address)?,
            webrtc_addr: self.parsed("webrtc_addr", |text| match text {
                "off" => Ok(None),
                text => address(text).map(Some),
            })?,
            webrtc_public_ip: self.parsed("webrtc_public_ip", |text| {
                let parsed = |item: &String| {
                    let own = item.parse::<IpAddr>().ok().filter(|ip| !ip.is_unspecified());
                    own.ok_or_else(|| format!("has `{item}`, which is no address such as 203.0.113.7"))
                };
                list(text).iter().map(parsed).collect()
            })?,
            webrtc_tcp: self.parsed("webrtc_tcp", |text| match text {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err("is neither `true` nor `false`".to_owned()),
            })?,
            recordings_dir: self.optional("recordings_dir").map(PathBuf::from),
            recordings_min_free_bytes: self.parsed("recordings_min_free_mb", |text| {
                let bytes = text.parse::<u64>().ok().and_then(|megabytes| megabytes.checked_mul(1_000_000));
                bytes.ok_or_else(|| "is not a number of megabytes".to_owned())
            })?,
            secret_key: self.optional("secret_key").map(Secret::new),
            secret_key_file: self.optional("secret_key_file").map(PathBuf::from),
            admin_email: self.optional("admin_email"),
            admin_password: self.optional("admin_password").map(Secret::new),
            applications: self.parsed("applications", |text| {
                list(text)
                    .into_iter()
                    .map(|name| name.parse().map_err(|error| format!("has the application `{name}`: {error}")))
                    .collect()
            })?,
            trusted_proxies: self
                .parsed("trusted_proxies", |text| list(text).iter().map(|item| network(item)).collect())?,
            outbound_allowed_cidr: self
                .parsed("outbound_allowed_cidr", |text| list(text).iter().map(|item| network(item)).collect())?,
            retention_days: self.parsed("retention_days", |text| at_least_one(text, "days"))?,
            audit_records: self.parsed("audit_records", |text| at_least_one(text, "records"))?,
            high_usage_percent: self.parsed("high_usage_percent", |text| match text.parse() {
                Ok(percent @ 0..=100) => Ok(percent),
                _ => Err("is not a number of percent from 0 to 100".to_owned()),
            })?,
            log: self.parsed("log", |text| Ok(text.to_owned()))?,
            log_format: self.parsed("log_format", |text| match text {
                "text" => Ok(LogFormat::Text),
                "json" => Ok(LogFormat::Json),
                _ => Err("is neither `text` nor `json`".to_owned()),
            })?,
        };
        if config.admin_email.is_some() != config.admin_password.is_some() {
            return Err(ConfigError::Value {
                origin: "settings".to_owned(),
                name: "admin_email",
                reason: "and `admin_password` go together".to_owned(),
            });
        }
        Ok(config)
    }
}

fn at_least_one<T: std::str::FromStr + Default + PartialOrd>(text: &str, what: &str) -> Result<T, String> {
    let number = text.parse::<T>().ok().filter(|number| *number > T::default());
    number.ok_or_else(|| format!("is not a number of {what}, 1 or more"))
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).map_err(|_| format!("has `{text}`, which is no network such as 10.0.0.0/8"))
}

fn nearest(name: &str) -> String {
    SETTINGS
        .iter()
        .map(|setting| (strsim::jaro_winkler(name, setting.name), setting.name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, name)| format!(", did you mean `{name}`?"))
}
