//! The settings of the server itself, and the machine that it runs on.

use async_graphql::{Context, InputObject, MaybeUndefined, Object, SimpleObject};
use serde_json::{Map, Value};

use super::caller::Caller;
use super::enums::LogLevel;
use super::failure::{Answer, Problem, payload, settle};
use super::scalar::{DateTime, Long, int};
use super::settings::put;
use crate::manage;

/// The settings of the server itself. A secret cannot be read here, only whether it is set.
#[derive(SimpleObject)]
pub struct ServerSettings {
    /// The name or address of the server in the addresses that it shows; empty for the one that each caller used.
    server_name: String,
    /// How much is logged; null for what the process was started with.
    log_level: Option<LogLevel>,
    /// Networks that may manage, with commas between. The server's own machine always may.
    #[graphql(name = "allowedDashboardCIDR")]
    allowed_dashboard_cidr: String,
    /// Management also lets in whoever brings a JWT in `ProxyAuthorization`.
    jwt_server_control_enabled: bool,
    /// Whether `jwtServerSecretKey` is set.
    has_jwt_server_secret_key: bool,
    /// Where the public keys of that JWT are; empty for the shared secret.
    #[graphql(name = "jwksURL")]
    jwks_url: String,
    /// The application of SRT callers that name none.
    app_ingests_srt_streams_without_stream_id: String,
    /// The webhook that is told what happens to the server; empty for none.
    #[graphql(name = "serverStatusWebHookURL")]
    server_status_web_hook_url: String,
    /// Whether `serverStatusWebHookSecret` is set.
    has_server_status_web_hook_secret: bool,
}

impl ServerSettings {
    /// `None` when they are not the caller's to see.
    pub fn of(caller: &Caller) -> Option<Self> {
        caller.viewer().system_role()?;
        let settings = caller.api().server_settings();
        Some(Self {
            server_name: settings.server_name.clone(),
            log_level: settings.log_level.map(Into::into),
            allowed_dashboard_cidr: settings.allowed_dashboard_cidr.clone(),
            jwt_server_control_enabled: settings.jwt_server_control_enabled,
            has_jwt_server_secret_key: !settings.jwt_server_secret_key.expose().is_empty(),
            jwks_url: settings.jwks_url.clone(),
            app_ingests_srt_streams_without_stream_id: settings.app_ingests_srt_streams_without_stream_id.clone(),
            server_status_web_hook_url: settings.server_status_web_hook_url.clone(),
            has_server_status_web_hook_secret: !settings.server_status_web_hook_secret.expose().is_empty(),
        })
    }
}

/// What `updateServerSettings` takes. What is left out stays as it is; null resets a setting to its default.
#[derive(InputObject)]
pub struct UpdateServerSettingsInput {
    /// The name or address of the server in the addresses that it shows.
    server_name: MaybeUndefined<String>,
    /// How much is logged; null for what the process was started with.
    log_level: MaybeUndefined<LogLevel>,
    /// Networks that may manage, with commas between.
    #[graphql(name = "allowedDashboardCIDR")]
    allowed_dashboard_cidr: MaybeUndefined<String>,
    /// Management also lets in whoever brings a JWT in `ProxyAuthorization`.
    jwt_server_control_enabled: MaybeUndefined<bool>,
    /// The shared secret of that JWT. Write only.
    #[graphql(secret)]
    jwt_server_secret_key: MaybeUndefined<String>,
    /// Where the public keys of that JWT are.
    #[graphql(name = "jwksURL")]
    jwks_url: MaybeUndefined<String>,
    /// The application of SRT callers that name none.
    app_ingests_srt_streams_without_stream_id: MaybeUndefined<String>,
    /// The webhook that is told what happens to the server.
    #[graphql(name = "serverStatusWebHookURL")]
    server_status_web_hook_url: MaybeUndefined<String>,
    /// Signs what that webhook is told. Write only.
    #[graphql(secret)]
    server_status_web_hook_secret: MaybeUndefined<String>,
}

impl UpdateServerSettingsInput {
    /// Under the names of the REST object.
    fn into_object(self) -> Map<String, Value> {
        let mut object = Map::new();
        let level = self.log_level.map_value(|level| manage::LogLevel::from(level).as_str().to_ascii_uppercase());
        put(&mut object, "serverName", self.server_name);
        put(&mut object, "logLevel", level);
        put(&mut object, "allowedDashboardCIDR", self.allowed_dashboard_cidr);
        put(&mut object, "jwtServerControlEnabled", self.jwt_server_control_enabled);
        put(&mut object, "jwtServerSecretKey", self.jwt_server_secret_key);
        put(&mut object, "jwksURL", self.jwks_url);
        put(&mut object, "appIngestsSrtStreamsWithoutStreamId", self.app_ingests_srt_streams_without_stream_id);
        put(&mut object, "serverStatusWebHookURL", self.server_status_web_hook_url);
        put(&mut object, "serverStatusWebHookSecret", self.server_status_web_hook_secret);
        object
    }
}

/// The settings as they are now in force.
#[derive(Default, SimpleObject)]
pub struct UpdateServerSettingsPayload {
    /// The settings; null if nothing was changed.
    settings: Option<ServerSettings>,
    /// Why nothing was changed; empty if it was.
    problems: Vec<Problem>,
}

payload!(UpdateServerSettingsPayload);

#[derive(Default)]
pub struct ServerSettingsMutation;

#[Object]
impl ServerSettingsMutation {
    /// Changes the named settings of the server and keeps the others. In force when it returns. Needs the admin role
    /// over the server.
    async fn update_server_settings(
        &self,
        ctx: &Context<'_>,
        input: UpdateServerSettingsInput,
    ) -> Answer<UpdateServerSettingsPayload> {
        let caller = Caller::of(ctx)?;
        let changed = caller.api().change_server_settings(&caller.viewer(), input.into_object()).await;
        settle(
            changed
                .map(|()| UpdateServerSettingsPayload { settings: ServerSettings::of(caller), problems: Vec::new() }),
        )
    }
}

/// The machine and the process on it, at this moment.
#[derive(SimpleObject)]
pub struct Machine {
    /// The operating system.
    os_name: String,
    /// The processor's architecture.
    architecture: String,
    /// Processors that the system has.
    processors: i32,
    /// How busy the processors are, percent.
    system_cpu_load: f64,
    /// How busy this process keeps them, percent.
    process_cpu_load: f64,
    /// Tasks that ran or waited to, on average over a minute.
    load_average: f64,
    /// Memory that this process holds, bytes.
    process_memory: Long,
    /// Memory of the machine, bytes.
    total_memory: Long,
    /// Memory that is to be had without swapping, bytes.
    available_memory: Long,
    /// The disk of the data folder, bytes.
    disk_total: Long,
    /// What is free of it, bytes.
    disk_available: Long,
    /// When this process started.
    started_at: DateTime,
    /// How long the database took for the smallest question, milliseconds.
    database_ms: f64,
}

impl From<manage::Machine> for Machine {
    fn from(machine: manage::Machine) -> Self {
        Self {
            os_name: machine.os_name,
            architecture: machine.architecture.to_owned(),
            processors: int(machine.processors),
            system_cpu_load: machine.system_cpu_load.into(),
            process_cpu_load: machine.process_cpu_load.into(),
            load_average: machine.load_average,
            process_memory: machine.process_memory.into(),
            total_memory: machine.total_memory.into(),
            available_memory: machine.available_memory.into(),
            disk_total: machine.disk_total.into(),
            disk_available: machine.disk_available.into(),
            started_at: machine.started_at.into(),
            database_ms: machine.database.as_secs_f64() * 1_000.0,
        }
    }
}
