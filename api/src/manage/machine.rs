//! The machine and this process on it: processor, memory, disk, and the time since the start.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use parking_lot::Mutex;
use sluice_contract::UnixTime;
use sysinfo::{Disks, ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};
use tokio::task::JoinError;

use super::{ManageError, Outcome, ProblemCode, Viewer};
use crate::Api;

/// Figures of one moment. Sizes in bytes, loads in percent from 0 to 100.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The same for all processes of one installation.
    pub instance_id: String,
    pub os_name: String,
    pub architecture: &'static str,
    pub processors: usize,
    /// Over the time since the last call.
    pub system_cpu_load: f32,
    pub process_cpu_load: f32,
    /// Of all threads together.
    pub process_cpu_time: Duration,
    /// Tasks that ran or waited to, on average over a minute.
    pub load_average: f64,
    pub process_memory: u64,
    pub process_virtual_memory: u64,
    pub total_memory: u64,
    pub free_memory: u64,
    pub available_memory: u64,
    pub total_swap: u64,
    pub free_swap: u64,
    /// Of the disk that holds the data folder.
    pub disk_total: u64,
    pub disk_available: u64,
    pub started_at: UnixTime,
    pub up_time: Duration,
    /// How long the database took for the smallest question.
    pub database: Duration,
}

/// Remembers what the loads are counted from.
pub(crate) struct Meter {
    system: Arc<Mutex<System>>,
    begun: Instant,
    started_at: UnixTime,
}

/// How much of the machine is in use, percent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Since the last call.
    pub cpu: f32,
    pub memory: f32,
    /// Of the disk that holds the data folder.
    pub disk: f32,
}

impl Meter {
    pub(crate) fn new(now: UnixTime) -> Self {
        let mut system = System::new();
        refresh(&mut system);
        Self { system: Arc::new(Mutex::new(system)), begun: Instant::now(), started_at: now }
    }

    /// What is in use now; `None` when it cannot be measured.
    pub(crate) async fn usage(&self, folder: &Path) -> Option<Usage> {
        let (machine, (disk_total, disk_available)) = self.measured(folder).await.ok()?;
        let used = |total: u64, available: u64| percent(100.0 * total.saturating_sub(available) as f32 / total as f32);
        Some(Usage {
            cpu: machine.system_cpu_load,
            memory: used(machine.total_memory, machine.available_memory),
            disk: used(disk_total, disk_available),
        })
    }

    /// With what the disk holds, and what is left of it.
    async fn measured(&self, folder: &Path) -> Result<(Machine, (u64, u64)), JoinError> {
        let (system, folder) = (Arc::clone(&self.system), folder.to_owned());
        // Files under /proc are read, and a disk that hangs must hang nobody else.
        tokio::task::spawn_blocking(move || {
            let mut system = system.lock();
            refresh(&mut system);
            (measure(&system), disk_of(&folder))
        })
        .await
    }
}

impl Api {
    /// # Errors
    /// `forbidden` without a role over the system.
    pub async fn machine(&self, viewer: &Viewer) -> Outcome<Machine> {
        if viewer.system_role().is_none() {
            return Err(ManageError::problem(ProblemCode::Forbidden, "this needs a role over the system"));
        }
        let asked = Instant::now();
        let _ = self.is_ready().await;
        let database = asked.elapsed();
        let measured = self.0.meter.measured(&self.config().data_dir).await;
        let (machine, (disk_total, disk_available)) =
            measured.map_err(|error| ManageError::Unavailable(error.to_string()))?;
        Ok(Machine {
            instance_id: HEXLOWER.encode(self.secrets().digest(&["instance"]).get(..12).unwrap_or_default()),
            disk_total,
            disk_available,
            started_at: self.0.meter.started_at,
            up_time: self.0.meter.begun.elapsed(),
            database,
            ..machine
        })
    }
}

fn refresh(system: &mut System) {
    system.refresh_memory();
    system.refresh_cpu_usage();
    if let Ok(own) = get_current_pid() {
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, what);
    }
}

fn measure(system: &System) -> Machine {
    let own = get_current_pid().ok().and_then(|pid| system.process(pid));
    let processors = system.cpus().len().max(1);
    Machine {
        instance_id: String::new(),
        os_name: System::name().unwrap_or_default(),
        architecture: std::env::consts::ARCH,
        processors,
        system_cpu_load: percent(system.global_cpu_usage()),
        // One whole processor counts 100 there.
        process_cpu_load: percent(own.map_or(0.0, |own| own.cpu_usage()) / processors as f32),
        process_cpu_time: Duration::from_millis(own.map_or(0, |own| own.accumulated_cpu_time())),
        load_average: System::load_average().one,
        process_memory: own.map_or(0, |own| own.memory()),
        process_virtual_memory: own.map_or(0, |own| own.virtual_memory()),
        total_memory: system.total_memory(),
        free_memory: system.free_memory(),
        available_memory: system.available_memory(),
        total_swap: system.total_swap(),
        free_swap: system.free_swap(),
        disk_total: 0,
        disk_available: 0,
        started_at: UnixTime::EPOCH,
        up_time: Duration::ZERO,
        database: Duration::ZERO,
    }
}

fn percent(load: f32) -> f32 {
    if load.is_finite() { load.clamp(0.0, 100.0) } else { 0.0 }
}

/// Size and what is left of the disk that holds `folder`; zeros when no disk says that it does.
fn disk_of(folder: &Path) -> (u64, u64) {
    let Ok(folder) = folder.canonicalize() else { return (0, 0) };
    let disks = Disks::new_with_refreshed_list();
    let holding = disks.list().iter().filter(|disk| folder.starts_with(disk.mount_point()));
    let nearest = holding.max_by_key(|disk| disk.mount_point().components().count());
    nearest.map_or((0, 0), |disk| (disk.total_space(), disk.available_space()))
}
