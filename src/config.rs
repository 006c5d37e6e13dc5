//! All settings of a process: `sluice.toml`, then `SLUICE_*` environment variables, then flags.
//!
//! One flat namespace, so that a setting has one name everywhere: `http_addr` in the file is `SLUICE_HTTP_ADDR` in the
//! environment and `--http-addr` on the command line. Unknown names are refused with the nearest known one. What an
//! application does (security, packaging) is not here: that changes while the server runs, over the API.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use sluice_contract::{ApplicationName, Secret};

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
    /// How long media for RTMP players is held to be written together.
    pub rtmp_merge: Duration,
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

/// One setting: its name, its default as text, and what it means.
pub struct Setting {
    pub name: &'static str,
    /// The name on the command line, without the dashes before it.
    pub flag: &'static str,
    pub default: &'static str,
    pub help: &'static str,
}

/// Every setting, in the order of the example file.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "data_dir",
        flag: "data-dir",
        default: "./data",
        help: "Folder of the database, the key and recordings.",
    },
    Setting {
        name: "database_url",
        flag: "database-url",
        default: "",
        help: "Database: postgres://user:password@host/name; empty for SQLite in the data folder \
               (sqlite://<data>/sluice.db).",
    },
    Setting {
        name: "bus_url",
        flag: "bus-url",
        default: "",
        help: "Broker that joins APIs and workers: amqp://user:password@host:5672/%2Fsluice, or amqps:// over TLS; empty \
               joins them inside this process.",
    },
    Setting {
        name: "bus_ca",
        flag: "bus-ca",
        default: "",
        help: "Certificates in PEM form that may sign the broker's, beside the public ones.",
    },
    Setting {
        name: "worker_name",
        flag: "worker-name",
        default: "",
        help: "What people read as the name of this worker; empty for host and process.",
    },
    Setting {
        name: "relay_addr",
        flag: "relay-addr",
        default: "",
        help: "Address where other workers fetch the streams of this one; empty for 0.0.0.0:5090 when there is a broker, \
               `off` for none. Not for the public.",
    },
    Setting {
        name: "relay_public",
        flag: "relay-public",
        default: "",
        help: "Host and port by which other workers reach relay_addr; empty for this host's name and that port.",
    },
    Setting {
        name: "drain_seconds",
        flag: "drain-seconds",
        default: "0",
        help: "Seconds that a worker that is told to stop takes nobody new and waits for who is there to leave.",
    },
    Setting {
        name: "load_limit_percent",
        flag: "load-limit-percent",
        default: "0",
        help: "Processor use, in percent of all cores, from which on a worker takes no new publishers; 0 for no limit.",
    },
    Setting {
        name: "http_addr",
        flag: "http-addr",
        default: "0.0.0.0:5080",
        help: "Address of HTTP and WebSocket; port 0 takes any free port.",
    },
    Setting {
        name: "rtmp_addr",
        flag: "rtmp-addr",
        default: "0.0.0.0:1935",
        help: "Address of RTMP; port 0 takes any free port.",
    },
    Setting {
        name: "tls_cert",
        flag: "tls-cert",
        default: "",
        help: "Certificate chain in PEM form; with it HTTPS and RTMPS are served. Read again on SIGHUP and when it changes.",
    },
    Setting { name: "tls_key", flag: "tls-key", default: "", help: "Private key of the certificate in PEM form." },
    Setting {
        name: "https_addr",
        flag: "https-addr",
        default: "",
        help: "Address of HTTPS; empty for 0.0.0.0:5443 when there is a certificate, `off` for none.",
    },
    Setting {
        name: "rtmps_addr",
        flag: "rtmps-addr",
        default: "",
        help: "Address of RTMP over TLS; empty for 0.0.0.0:1936 when there is a certificate, `off` for none.",
    },
    Setting {
        name: "rtmp_merge_ms",
        flag: "rtmp-merge-ms",
        default: "0",
        help: "Milliseconds for which media for RTMP players is held to be written together: less work, more delay.",
    },
    Setting {
        name: "secret_key",
        flag: "secret-key",
        default: "",
        help: "Key that encrypts secrets at rest, 32 bytes in Base64; empty for <data>/secret.key, made at first start.",
    },
    Setting { name: "secret_key_file", flag: "secret-key-file", default: "", help: "File that holds the key instead." },
    Setting {
        name: "admin_email",
        flag: "admin-email",
        default: "",
        help: "First administrator, created at start while there is none.",
    },
    Setting {
        name: "admin_password",
        flag: "admin-password",
        default: "",
        help: "Password of the first administrator.",
    },
    Setting {
        name: "applications",
        flag: "applications",
        default: "LiveApp,WebRTCAppEE",
        help: "Applications created at first start.",
    },
    Setting {
        name: "trusted_proxies",
        flag: "trusted-proxies",
        default: "",
        help: "Networks whose X-Forwarded-For is believed, comma-separated; loopback always is.",
    },
    Setting {
        name: "outbound_allowed_cidr",
        flag: "outbound-allowed-cidr",
        default: "",
        help: "Networks that webhooks and JWKS addresses may be in although they are not public, comma-separated; for \
               example `127.0.0.1/32,10.0.0.0/8` for a back end of your own. Empty allows public addresses only.",
    },
    Setting {
        name: "retention_days",
        flag: "retention-days",
        default: "90",
        help: "Days that audit records, connection events and ended sessions are kept.",
    },
    Setting {
        name: "audit_records",
        flag: "audit-records",
        default: "5000000",
        help: "Audit records kept at most; the oldest give way.",
    },
    Setting {
        name: "log",
        flag: "log",
        default: "info,sea_orm_migration=warn",
        help: "Log filter, for example `info,sluice_worker=debug`.",
    },
    Setting { name: "log_format", flag: "log-format", default: "text", help: "`text` or `json`." },
];

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

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn load(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sluice.toml");
        std::fs::write(&path, file).unwrap();
        Config::load(Some(&path), pairs(environment), pairs(flags))
    }

    #[test]
    fn later_sources_win() {
        let file = "http_addr = \"127.0.0.1:1\"\nrtmp_addr = \"127.0.0.1:2\"\napplications = [\"a\", \"b\"]";
        let config = load(file, &[("SLUICE_HTTP_ADDR", "127.0.0.1:3")], &[("rtmp_addr", "127.0.0.1:4")]).unwrap();
        assert_eq!(config.http_addr.port(), 3);
        assert_eq!(config.rtmp_addr.port(), 4);
        assert_eq!(config.applications.len(), 2);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest() {
        let error = load("htp_addr = \"x\"", &[], &[]).unwrap_err().to_string();
        assert!(error.ends_with("unknown setting `htp_addr`, did you mean `http_addr`?"), "{error}");
        let error = load("", &[("SLUICE_RTMP_ADR", "x")], &[]).unwrap_err().to_string();
        assert_eq!(error, "environment: unknown setting `rtmp_adr`, did you mean `rtmp_addr`?");
    }

    #[test]
    fn a_wrong_value_names_its_setting() {
        let error = load("", &[("SLUICE_HTTP_ADDR", "5080")], &[]).unwrap_err().to_string();
        assert_eq!(error, "environment: `http_addr` is not an address such as 0.0.0.0:5080 or [::]:5080");
        assert!(load("", &[("SLUICE_ADMIN_EMAIL", "a@b.c")], &[]).is_err());
        assert!(load("outbound_allowed_cidr = \"10.0.0.0/33\"", &[], &[]).is_err());
        assert!(load("applications = \"graphql\"", &[], &[]).is_err());
    }

    #[test]
    fn a_certificate_opens_the_encrypted_ports() {
        let files = [("SLUICE_TLS_CERT", "/c.pem"), ("SLUICE_TLS_KEY", "/k.pem")];
        let ports = |more: &[(&str, &str)], flags: &[(&str, &str)]| {
            load("", more, flags)
                .map(|config| (config.https_addr.map(|a| a.port()), config.rtmps_addr.map(|a| a.port())))
        };
        assert_eq!(ports(&[], &[]), Ok((None, None)));
        assert_eq!(ports(&files, &[]), Ok((Some(5443), Some(1936))));
        assert_eq!(ports(&files, &[("rtmps_addr", "off"), ("https_addr", "[::]:443")]), Ok((Some(443), None)));
        assert!(ports(&files[..1], &[]).is_err() && ports(&files[1..], &[]).is_err());
        let error = ports(&[("SLUICE_HTTPS_ADDR", "0.0.0.0:443")], &[]).unwrap_err().to_string();
        assert_eq!(error, "environment: `https_addr` needs `tls_cert` and `tls_key`");
    }

    #[test]
    fn a_secret_may_stand_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("url");
        std::fs::write(&path, "amqp://u:p@broker/%2Fsluice\n").unwrap();
        let config = load("", &[("SLUICE_BUS_URL_FILE", path.to_str().unwrap())], &[]).unwrap();
        assert_eq!(config.bus_url.unwrap().expose(), "amqp://u:p@broker/%2Fsluice");
        assert_eq!(config.relay_addr.map(|addr| addr.port()), Some(5090));
        let error = load("", &[("SLUICE_BUS_URL_FILE", "/nowhere")], &[]).unwrap_err().to_string();
        assert!(error.starts_with("cannot read /nowhere: "), "{error}");
        let error = load("", &[("SLUICE_BUSURL_FILE", "/nowhere")], &[]).unwrap_err().to_string();
        assert!(error.starts_with("environment: unknown setting `busurl_file`"), "{error}");
        let config = load("", &[("SLUICE_SECRET_KEY_FILE", "/key")], &[]).unwrap();
        assert_eq!(config.secret_key_file, Some("/key".into()), "the setting of that name is meant");
    }

    #[test]
    fn a_relay_needs_a_bus() {
        assert_eq!(load("", &[], &[]).unwrap().relay_addr, None);
        let error = load("relay_addr = \"127.0.0.1:0\"", &[], &[]).unwrap_err().to_string();
        assert!(error.ends_with("`relay_addr` needs `bus_url`"), "{error}");
        assert_eq!(load("bus_url = \"amqp://b\"\nrelay_addr = \"off\"", &[], &[]).unwrap().relay_addr, None);
    }

    #[test]
    fn the_example_file_is_the_defaults() {
        let uncommented: String = Config::example()
            .lines()
            .filter(|line| line.contains(" = "))
            .map(|line| format!("{}\n", line.trim_start_matches("# ")))
            .collect();
        let from_file = load(&uncommented, &[], &[]).unwrap();
        let from_nothing = Config::load(None, [], []).unwrap();
        assert_eq!(format!("{from_file:?}"), format!("{from_nothing:?}"));
    }
}
