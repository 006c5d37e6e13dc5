//! What this process uses of its machine, read from the kernel once a second.

use std::fs;
use std::thread::available_parallelism;

use parking_lot::Mutex;
use sluice_contract::message::WorkerLoad;
use tokio::time::{Duration, Instant};

/// Turns the kernel's running totals into figures of the last second.
#[derive(Default)]
pub(crate) struct Meter(Mutex<State>);

#[derive(Default)]
struct State {
    last: Option<(Instant, Duration)>,
    /// Moving average of `cores`: one busy second must not turn publishers away.
    steady_cores: f32,
}

impl Meter {
    /// The load now. Figures that the system does not offer are 0. Traffic and draining are the caller's to fill in.
    pub fn measure(&self) -> WorkerLoad {
        let used = processor_time();
        let now = Instant::now();
        let mut state = self.0.lock();
        let before = state.last.replace((now, used));
        let cores = before.map_or(0.0, |(then, before)| {
            let passed = now.duration_since(then).as_secs_f32();
            if passed > 0.0 { used.saturating_sub(before).as_secs_f32() / passed } else { 0.0 }
        });
        state.steady_cores += (cores - state.steady_cores) / STEADY_OVER;
        WorkerLoad { cores, cores_available: cores_available(), memory_bytes: resident(), ..WorkerLoad::default() }
    }

    /// Share of the processor in use over the last seconds, from 0 to 1.
    pub fn steady_share(&self) -> f32 {
        self.0.lock().steady_cores / cores_available()
    }
}

fn cores_available() -> f32 {
    available_parallelism().map_or(1.0, |count| count.get() as f32)
}

/// User and system time of all threads (proc(5), `/proc/pid/stat`, fields 14 and 15).
fn processor_time() -> Duration {
    let read = || {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The second field is the program's name in parentheses, and may hold anything.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
        let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * MILLIS_A_TICK))
    };
    read().unwrap_or_default()
}

/// Resident memory, bytes (proc(5), `VmRSS`).
fn resident() -> u64 {
    let read = || {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.split_ascii_whitespace().next()?.parse::<u64>().ok()? * 1_024)
    };
    read().unwrap_or(0)
}

/// Linux counts processor time for programs in hundredths of a second on every machine (`USER_HZ`).
const MILLIS_A_TICK: u64 = 10;
/// Measurements over which the steady share moves.
const STEADY_OVER: f32 = 5.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_process_shows() {
        let meter = Meter::default();
        meter.measure();
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(60) {
            std::hint::black_box(0);
        }
        let load = meter.measure();
        assert!(load.cores > 0.1 && load.cores_available >= 1.0, "{load:?}");
        assert!(load.memory_bytes > 1 << 20);
        assert!(meter.steady_share() > 0.0);
    }
}
