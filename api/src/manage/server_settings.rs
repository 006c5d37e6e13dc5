//! The settings of the server itself (`rest-v2` §10.4), beside those of its applications: stored, changed while it
//! runs, and shared by all APIs of a database. What a process must know before it has a database (addresses, the
//! database itself) is in the binary's own configuration.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sluice_contract::policy::cidr::CidrList;
use sluice_contract::settings::MASK;
use sluice_contract::{ApplicationName, Secret};

use super::{AuditRecord, ManageError, Outcome, Problem, ProblemCode, Role, Viewer};
use crate::Api;
use crate::directory::{is_secret, sealed_server_settings};
use crate::outbound::parse_address;
use crate::store::{self, retried, server};

/// Under the names that existing clients use.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServerSettings {
    /// The name or address of the server in the addresses that it shows; empty for the one that each caller used.
    pub server_name: String,
    /// `None` for what the process was started with.
    pub log_level: Option<LogLevel>,
    /// Networks that may manage, with commas between them. This machine itself always may.
    #[serde(rename = "allowedDashboardCIDR")]
    pub allowed_dashboard_cidr: String,
    /// Management also lets in whoever brings a JWT in `ProxyAuthorization`.
    pub jwt_server_control_enabled: bool,
    /// Its shared secret (HS256); with [`jwks_url`](Self::jwks_url) the keys come from there instead.
    pub jwt_server_secret_key: Secret<String>,
    #[serde(rename = "jwksURL")]
    pub jwks_url: String,
    /// The application of SRT callers that name none.
    pub app_ingests_srt_streams_without_stream_id: String,
    /// Told of what happens to the server; empty for nobody.
    #[serde(rename = "serverStatusWebHookURL")]
    pub server_status_web_hook_url: String,
    /// Signs what it is told; without one nothing is signed.
    pub server_status_web_hook_secret: Secret<String>,
    /// Keys that mean nothing here, kept as they came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// The word of existing clients; `ALL` is the most there is.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_uppercase().as_str() {
            "OFF" => Some(Self::Off),
            "ERROR" => Some(Self::Error),
            "WARN" => Some(Self::Warn),
            "INFO" => Some(Self::Info),
            "DEBUG" => Some(Self::Debug),
            "TRACE" | "ALL" => Some(Self::Trace),
            _ => None,
        }
    }

    /// In lowercase, as log filters write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            server_name: String::new(),
            log_level: None,
            allowed_dashboard_cidr: "0.0.0.0/0".to_owned(),
            jwt_server_control_enabled: false,
            jwt_server_secret_key: Secret::default(),
            jwks_url: String::new(),
            app_ingests_srt_streams_without_stream_id: "LiveApp".to_owned(),
            server_status_web_hook_url: String::new(),
            server_status_web_hook_secret: Secret::default(),
            other: Map::new(),
        }
    }
}

impl ServerSettings {
    /// Whether somebody at `address` may manage at all.
    pub fn may_manage_from(&self, address: IpAddr) -> bool {
        // Whoever sits at this machine can mend a list that shuts everybody else out.
        address.to_canonical().is_loopback() || CidrList::parse(&self.allowed_dashboard_cidr).allows(address)
    }

    /// These settings with what `body` names changed. `null` restores a default, [`MASK`] keeps a secret; what the
    /// server alone knows is not read.
    fn changed(&self, body: Map<String, Value>) -> Result<Self, Problem> {
        let mut settings = self.clone();
        let defaults = Self::default();
        for (name, value) in body {
            match name.as_str() {
                "serverName" => settings.server_name = text(&name, value, &defaults.server_name)?,
                "logLevel" => settings.log_level = settings.changed_level(value)?,
                "allowedDashboardCIDR" => {
                    settings.allowed_dashboard_cidr = text(&name, value, &defaults.allowed_dashboard_cidr)?;
                }
                "jwtServerControlEnabled" => settings.jwt_server_control_enabled = flag(&name, &value)?,
                "jwtServerSecretKey" if value == MASK => {}
                "jwtServerSecretKey" => settings.jwt_server_secret_key = Secret::new(text(&name, value, "")?),
                "jwksURL" => settings.jwks_url = text(&name, value, "")?,
                "appIngestsSrtStreamsWithoutStreamId" => {
                    let default = &defaults.app_ingests_srt_streams_without_stream_id;
                    settings.app_ingests_srt_streams_without_stream_id = text(&name, value, default)?;
                }
                "serverStatusWebHookURL" => settings.server_status_web_hook_url = text(&name, value, "")?,
                "serverStatusWebHookSecret" if value == MASK => {}
                "serverStatusWebHookSecret" => {
                    settings.server_status_web_hook_secret = Secret::new(text(&name, value, "")?);
                }
                name if READ_ONLY.contains(&name) => {}
                name if value.is_null() => {
                    settings.other.shift_remove(name);
                }
                name if is_secret(name) && value == MASK => {}
                _ => {
                    settings.other.insert(name, value);
                }
            }
        }
        settings.check()?;
        Ok(settings)
    }

    /// The level that is shown without having been set stays unset when it comes back.
    fn changed_level(&self, value: Value) -> Result<Option<LogLevel>, Problem> {
        let word = text("logLevel", value, "")?;
        if word.is_empty() {
            return Ok(None);
        }
        let level = LogLevel::parse(&word)
            .ok_or_else(|| invalid("logLevel", "the log level must be OFF, ERROR, WARN, INFO, DEBUG, TRACE or ALL"))?;
        Ok(if self.log_level.is_none() && level == SHOWN_LEVEL { None } else { Some(level) })
    }

    fn check(&self) -> Result<(), Problem> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
        if self.server_name.len() > 253 || !self.server_name.bytes().all(plain) {
            return Err(invalid("serverName", "the name of the server must be a host name or an address"));
        }
        let networks = CidrList::parse(&self.allowed_dashboard_cidr);
        if networks.is_empty() || !networks.invalid().is_empty() {
            return Err(invalid("allowedDashboardCIDR", "allowedDashboardCIDR must be a list of networks"));
        }
        for (name, address) in
            [("jwksURL", &self.jwks_url), ("serverStatusWebHookURL", &self.server_status_web_hook_url)]
        {
            if !address.trim().is_empty()
                && let Err(error) = parse_address(address)
            {
                return Err(invalid(name, &format!("{name}: {error}")));
            }
        }
        let application = &self.app_ingests_srt_streams_without_stream_id;
        if !application.is_empty() && application.parse::<ApplicationName>().is_err() {
            let text = "appIngestsSrtStreamsWithoutStreamId must be the name of an application";
            return Err(invalid("appIngestsSrtStreamsWithoutStreamId", text));
        }
        let longest = [&self.allowed_dashboard_cidr, &self.jwks_url, &self.server_status_web_hook_url]
            .into_iter()
            .chain([self.jwt_server_secret_key.expose(), self.server_status_web_hook_secret.expose()])
            .map(String::len)
            .max();
        if longest > Some(MOST_BYTES) || Value::Object(self.other.clone()).to_string().len() > MOST_BYTES {
            return Err(Problem::new(ProblemCode::Limit, "the settings of the server are too long"));
        }
        Ok(())
    }
}

impl Api {
    /// The settings of the server as they are in force.
    pub fn server_settings(&self) -> Arc<ServerSettings> {
        self.directory().server()
    }

    /// The whole object as REST shows it. Secrets are shown to administrators of the server, and masked for others.
    ///
    /// # Errors
    /// `forbidden` without a role over the system.
    pub fn server_settings_object(&self, viewer: &Viewer) -> Outcome<Map<String, Value>> {
        let role = viewer.system_role();
        if role.is_none() {
            return Err(ManageError::problem(ProblemCode::Forbidden, "this needs a role over the system"));
        }
        let settings = self.server_settings();
        let config = self.config();
        let mut object = documented();
        if let Ok(Value::Object(stored)) = serde_json::to_value(&*settings) {
            object.extend(stored);
        }
        object.insert("logLevel".to_owned(), json!(settings.log_level.unwrap_or(SHOWN_LEVEL)));
        object.insert("defaultHttpPort".to_owned(), json!(config.http_port.unwrap_or(5080)));
        object.insert("rtmpPort".to_owned(), json!(config.rtmp_port.unwrap_or(1935)));
        if role < Some(Role::Admin) {
            let set = |value: &Value| !value.is_null() && value != "";
            for (_, value) in object.iter_mut().filter(|(name, value)| is_secret(name) && set(value)) {
                *value = Value::from(MASK);
            }
        }
        Ok(object)
    }

    /// Changes the settings that `body` names; the others keep their value. In force when this returns.
    ///
    /// # Errors
    /// `invalid` or `limit`, and then nothing is stored; `forbidden` without the admin role over the system.
    pub async fn change_server_settings(&self, viewer: &Viewer, body: Map<String, Value>) -> Outcome<()> {
        self.require_system_admin(viewer)?;
        // One change at a time: each is made of what is in force then.
        let held = self.in_order().await?;
        let settings = self.server_settings().changed(body)?;
        let sealed = sealed_server_settings(self.secrets(), &settings)?;
        retried(async || {
            let transaction = self.store().transaction().await?;
            server::put_settings(&transaction, sealed.clone()).await?;
            store::commit(transaction).await
        })
        .await?;
        self.directory_changed().await?;
        drop(held);
        let mut record = AuditRecord::action(self, "update-server-settings", viewer.name(), None);
        record.address = Some(viewer.address());
        self.record(record);
        Ok(())
    }

    /// Logs as much as the settings say.
    pub(crate) fn follow_log_level(&self) {
        if let Some(control) = &self.config().log_control {
            control.set(self.server_settings().log_level);
        }
    }
}

/// What existing clients find in the object beside what means something here, each with what is true of this server.
fn documented() -> Map<String, Value> {
    let fields = json!({
        "licenceKey": "",
        "buildForMarket": false,
        "marketplace": null,
        "nativeLogLevel": "ERROR",
        "offlineLicense": false,
        "heartbeatEnabled": false,
        "useGlobalIp": false,
        "hostAddress": null,
        "proxyAddress": null,
        "nodeGroup": "default",
        "webrtcLogLevel": "ERROR",
        "cpuMeasurementPeriodMs": 1000,
        "cpuMeasurementWindowSize": 5,
        "defaultHttpPort": 5080,
        "originServerPort": 5000,
        "rtmpPort": 1935,
        "srtPort": 4200,
        "sslEnabled": false,
    });
    match fields {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn text(name: &str, value: Value, default: &str) -> Result<String, Problem> {
    match value {
        Value::Null => Ok(default.to_owned()),
        Value::String(text) => Ok(text.trim().to_owned()),
        _ => Err(invalid(name, &format!("{name} must be a text"))),
    }
}

fn flag(name: &str, value: &Value) -> Result<bool, Problem> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(invalid(name, &format!("{name} must be true or false"))),
    }
}

fn invalid(name: &str, text: &str) -> Problem {
    Problem::new(ProblemCode::Invalid, text).at(name)
}

/// Set when the process starts, or never.
const READ_ONLY: [&str; 6] =
    ["defaultHttpPort", "originServerPort", "rtmpPort", "srtPort", "sslEnabled", "hostAddress"];
/// What a server logs unless told otherwise.
const SHOWN_LEVEL: LogLevel = LogLevel::Info;
/// The longest text, and all further keys together: settings are no store for anything.
const MOST_BYTES: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(settings: &ServerSettings, body: Value) -> Result<ServerSettings, Problem> {
        let Value::Object(body) = body else { panic!("an object") };
        settings.changed(body)
    }

    #[test]
    fn what_is_not_named_stays_and_null_resets() {
        let start = ServerSettings::default();
        let named = changed(&start, json!({"serverName": "live.example.org", "jwtServerSecretKey": "s3cret"}));
        let named = named.expect("valid");
        let more = changed(&named, json!({"jwtServerControlEnabled": "true", "rtmpPort": 1, "myKey": [1]}));
        let more = more.expect("valid");
        assert_eq!(more.server_name, "live.example.org");
        assert!(more.jwt_server_control_enabled && more.jwt_server_secret_key.matches("s3cret"));
        assert_eq!(more.other.get("myKey"), Some(&json!([1])));
        assert_eq!(more.other.get("rtmpPort"), None, "the server alone knows its ports");
        let masked = changed(&more, json!({"jwtServerSecretKey": MASK, "serverName": null, "myKey": null}));
        let masked = masked.expect("valid");
        assert!(masked.jwt_server_secret_key.matches("s3cret"));
        assert!(masked.server_name.is_empty() && masked.other.is_empty());
    }

    #[test]
    fn what_cannot_be_is_refused_whole() {
        for body in [
            json!({"serverName": "a/b"}),
            json!({"serverName": ["x"]}),
            json!({"logLevel": "LOUD"}),
            json!({"allowedDashboardCIDR": ""}),
            json!({"allowedDashboardCIDR": "10.0.0.0/8,nonsense"}),
            json!({"jwtServerControlEnabled": "perhaps"}),
            json!({"jwksURL": "file:///etc/passwd"}),
            json!({"appIngestsSrtStreamsWithoutStreamId": "no/app"}),
            json!({"anything": "x".repeat(MOST_BYTES)}),
        ] {
            assert!(changed(&ServerSettings::default(), body.clone()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_level_that_only_comes_back_is_no_change() {
        let start = ServerSettings::default();
        let level = |settings: &ServerSettings, word: Value| {
            changed(settings, json!({"logLevel": word})).expect("valid").log_level
        };
        assert_eq!(level(&start, json!("INFO")), None);
        assert_eq!(level(&start, json!("debug")), Some(LogLevel::Debug));
        assert_eq!(level(&start, json!("ALL")), Some(LogLevel::Trace));
        let set = ServerSettings { log_level: Some(LogLevel::Debug), ..start };
        assert_eq!(level(&set, json!("INFO")), Some(LogLevel::Info));
        assert_eq!(level(&set, json!(null)), None);
    }

    #[test]
    fn nobody_is_locked_out_of_their_own_machine() {
        let list = |text: &str| ServerSettings { allowed_dashboard_cidr: text.to_owned(), ..Default::default() };
        for (networks, address, may) in [
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", true),
            ("10.0.0.0/8", "203.0.113.9", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "127.0.0.1", true),
            ("10.0.0.0/8", "::ffff:127.0.0.1", true),
            ("10.0.0.0/8", "::1", true),
        ] {
            assert_eq!(list(networks).may_manage_from(address.parse().expect("an address")), may, "{address}");
        }
    }
}
