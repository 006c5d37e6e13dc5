//! What happens to the server itself, for `serverStatusWebHookURL`: a machine that is nearly full, and processes that
//! ended without being told to. The events lie in the outbox like those of applications, under an id of none.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use sluice_contract::{ApplicationSettings, UnixTime, WorkerId};
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;
use uuid::Uuid;

use super::outbox::common_id;
use crate::Api;
use crate::manage::{Meter, Usage, WorkerStatus};
use crate::store::{Stored, webhooks};

/// Stands where others name their application.
pub const SERVER: Uuid = Uuid::nil();

/// How these events are sent: as JSON, for a day, signed with a secret of their own.
pub fn settings(api: &Api) -> ApplicationSettings {
    ApplicationSettings {
        webhook_signing_secret: api.server_settings().server_status_web_hook_secret.clone(),
        ..ApplicationSettings::default()
    }
}

/// Looks at this machine, and at the workers on others, for ever.
pub async fn watch_usage(api: Api) {
    let limit = f32::from(api.config().high_usage_percent);
    let mut watch = Watch { meter: Meter::new(api.now()), limit, busy: HashMap::new(), told: HashMap::new() };
    let mut ticks = interval(MEASURED_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Without a receiver nobody needs to know, and 0 asks for nothing.
        if address(&api).is_none() || limit <= 0.0 {
            watch.busy.clear();
        } else if let Err(error) = watch.look(&api).await {
            warn!(%error, "what the server uses could not be told");
        }
    }
}

struct Watch {
    meter: Meter,
    limit: f32,
    /// How many times in a row a processor was found busy: of this machine, or of a worker's.
    busy: HashMap<Option<WorkerId>, u32>,
    told: HashMap<Option<WorkerId>, Instant>,
}

impl Watch {
    async fn look(&mut self, api: &Api) -> Stored<()> {
        if let Some(usage) = self.meter.usage(&api.config().data_dir).await {
            let is_busy = self.is_busy(None, usage.cpu);
            let is_full = usage.memory >= self.limit || usage.disk >= self.limit;
            if (is_busy || is_full) && self.is_due(None) {
                tell(api, HIGH_RESOURCE_USAGE, Uuid::now_v7(), api.now(), figures(&usage)).await?;
                self.told.insert(None, Instant::now());
            }
        }
        // Inside this process a worker is on this machine.
        let workers = if api.store().is_shared() { api.fleet().picture.workers() } else { Vec::new() };
        self.busy.retain(|id, _| id.is_none_or(|id| workers.iter().any(|worker| worker.id == id)));
        self.told.retain(|_, told| told.elapsed() < AGAIN_AFTER);
        for worker in workers {
            let cpu = share_of_cores(&worker);
            if self.is_busy(Some(worker.id), cpu) && self.is_due(Some(worker.id)) {
                let now = api.now();
                let period = UnixTime::from_millis(now.as_millis() / AGAIN_AFTER_MS * AGAIN_AFTER_MS);
                let id = common_id(api, period, &[HIGH_RESOURCE_USAGE, &worker.id.to_string()]);
                let fields =
                    json!({"worker": worker.name, "cpuUsage": cpu.round(), "memoryBytes": worker.load.memory_bytes});
                tell(api, HIGH_RESOURCE_USAGE, id, now, object(fields)).await?;
                self.told.insert(Some(worker.id), Instant::now());
            }
        }
        Ok(())
    }

    /// True when it was for a minute.
    fn is_busy(&mut self, whom: Option<WorkerId>, cpu: f32) -> bool {
        let times = self.busy.entry(whom).or_default();
        *times = if cpu >= self.limit { times.saturating_add(1) } else { 0 };
        *times >= BUSY_FOR
    }

    /// Not again and again.
    fn is_due(&self, whom: Option<WorkerId>) -> bool {
        self.told.get(&whom).is_none_or(|told| told.elapsed() >= AGAIN_AFTER)
    }
}

/// This process found the traces of one before it that was killed.
pub async fn tell_of_a_kill(api: &Api) -> Stored<()> {
    tell(api, UNEXPECTED_SERVER_SHUTDOWN, Uuid::now_v7(), api.now(), Map::new()).await
}

/// A worker fell silent: killed, stuck or cut off. Every API notices; it is one event.
pub async fn tell_of_a_lost_worker(api: &Api, worker: WorkerId, name: &str, last_seen: UnixTime) -> Stored<()> {
    // Each of them heard it last at a slightly different moment.
    let minute = UnixTime::from_secs(last_seen.as_secs() / 60 * 60);
    let id = common_id(api, minute, &[UNEXPECTED_SERVER_SHUTDOWN, &worker.to_string()]);
    tell(api, UNEXPECTED_SERVER_SHUTDOWN, id, api.now(), object(json!({"worker": name}))).await
}

async fn tell(api: &Api, action: &str, id: Uuid, at: UnixTime, figures: Map<String, Value>) -> Stored<()> {
    let Some(address) = address(api) else { return Ok(()) };
    let server = api.server_settings();
    let host = Some(server.server_name.clone()).filter(|name| !name.is_empty()).or_else(sysinfo::System::host_name);
    let mut fields = object(json!({"action": action, "host": host, "timestamp": at.as_millis().to_string()}));
    fields.extend(figures);
    let row = webhooks::Model {
        id,
        application_id: SERVER,
        stream_id: String::new(),
        action: action.to_owned(),
        minor: false,
        address,
        fields: Value::Object(fields).to_string(),
        created_at: at.as_millis(),
        expires_at: at.plus_millis(DELIVERED_WITHIN_MS).as_millis(),
        attempts: 0,
        next_at: Some(at.as_millis()),
        lease: None,
        leased_until: 0,
        last_at: None,
        last_outcome: None,
        delivered_at: None,
    };
    webhooks::insert(api.store().writer(), vec![row]).await?;
    api.0.webhooks.wake();
    Ok(())
}

fn address(api: &Api) -> Option<String> {
    Some(api.server_settings().server_status_web_hook_url.trim().to_owned()).filter(|address| !address.is_empty())
}

fn figures(usage: &Usage) -> Map<String, Value> {
    let Usage { cpu, memory, disk } = usage;
    object(json!({"cpuUsage": cpu.round(), "memoryUsage": memory.round(), "diskUsage": disk.round()}))
}

/// Percent of the cores that the worker may use.
fn share_of_cores(worker: &WorkerStatus) -> f32 {
    let share = 100.0 * worker.load.cores / worker.load.cores_available;
    if share.is_finite() { share } else { 0.0 }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}

const HIGH_RESOURCE_USAGE: &str = "highResourceUsage";
const UNEXPECTED_SERVER_SHUTDOWN: &str = "unexpectedServerShutdown";
const MEASURED_EVERY: Duration = Duration::from_secs(5);
/// A minute: encoders and starting streams are busy for moments.
const BUSY_FOR: u32 = 12;
const AGAIN_AFTER: Duration = Duration::from_millis(AGAIN_AFTER_MS as u64);
const AGAIN_AFTER_MS: i64 = 600_000;
const DELIVERED_WITHIN_MS: i64 = 86_400_000;
