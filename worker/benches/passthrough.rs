//! What a passed-through stream costs: feeds N streams of one clip in real time through hub and packaging.
//!
//! ```text
//! cargo bench -p sluice-worker --bench passthrough -- [STREAMS] [SECONDS] [KBIT_PER_S]
//! ```
//!
//! Prints CPU as a share of one core and resident memory, both per stream, beyond what the idle process takes.

#![expect(clippy::print_stdout, reason = "its output is its purpose")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use sluice_worker::hub::Publisher;
use sluice_worker::media::{AccessUnit, MediaTime};
use sluice_worker::package::PackagingSettings;

use support::{Item, TestSession, clip, hub, key, read_flv};

fn main() {
    let numbers: Vec<u32> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    // `cargo bench` says so; `cargo test --all-targets` only wants to see that it runs.
    let measures = std::env::args().any(|argument| argument == "--bench");
    let streams = numbers.first().copied().unwrap_or(if measures { 20 } else { 2 });
    let seconds = numbers.get(1).copied().unwrap_or(if measures { 60 } else { 3 });
    let kbit = numbers.get(2).copied().unwrap_or(1_900);

    let folder = tempfile::tempdir().expect("a folder");
    let items = read_flv(&clip(
        folder.path(),
        "clip",
        &format!(
            "-f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440:sample_rate=44100 -t 20 \
             -c:v libx264 -preset veryfast -profile:v main -pix_fmt yuv420p -g 60 -keyint_min 60 -sc_threshold 0 -bf 0 \
             -b:v {kbit}k -minrate {kbit}k -maxrate {kbit}k -bufsize {kbit}k -x264-params nal-hrd=cbr:force-cfr=1 \
             -c:a aac -b:a 128k -ar 44100 -ac 2"
        ),
    ));
    let (hub, _events) = hub(PackagingSettings::default());
    let before = Usage::now();
    let mut publishers: Vec<Publisher> = (0..streams)
        .map(|stream| hub.publish(key(&format!("s{stream}")), TestSession::new()).expect("a free name"))
        .collect();

    let start = Instant::now();
    let total = Duration::from_secs(u64::from(seconds));
    let mut window: Option<(Instant, Usage)> = None;
    let mut first_segment = None;
    let mut shift = MediaTime::ZERO;
    'play: loop {
        let mut end = MediaTime::ZERO;
        for item in &items {
            match item {
                Item::Config(config) => publishers.iter_mut().for_each(|publisher| publisher.configure(config.clone())),
                Item::Unit(unit) => {
                    let dts = unit.dts.plus(shift);
                    let due = start + Duration::from_micros(u64::try_from(dts.as_micros()).unwrap_or(0));
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    for publisher in &mut publishers {
                        // A copy for each, as each connection would bring its own bytes.
                        let data = bytes::Bytes::copy_from_slice(&unit.data);
                        publisher.push(AccessUnit { pts: unit.pts.plus(shift), dts, data, ..unit.clone() });
                    }
                    end = end.max(unit.dts);
                    if first_segment.is_none()
                        && publishers
                            .first()
                            .is_some_and(|first| first.stream().package().hls_multivariant("x", "").is_some())
                    {
                        first_segment = Some(start.elapsed());
                    }
                    if window.is_none() && start.elapsed() > total / 3 {
                        window = Some((Instant::now(), Usage::now()));
                    }
                    if start.elapsed() > total {
                        break 'play;
                    }
                }
            }
        }
        shift = shift.plus(end).plus(MediaTime::from_millis(33));
    }
    let after = Usage::now();
    let (since, from) = window.expect("a third of the time has passed");
    let cpu = (after.cpu_s - from.cpu_s) / since.elapsed().as_secs_f64() * 100.0;
    let count = f64::from(streams.max(1));
    println!("streams                {streams} of {kbit} + 128 kbit/s, {seconds} s");
    println!("cpu                    {cpu:.2} % of a core, {:.3} % a stream", cpu / count);
    println!(
        "resident memory        {:.1} MiB, {:.2} MiB a stream",
        after.rss_mib,
        (after.rss_mib - before.rss_mib) / count
    );
    println!("threads                {}, {:.1} a stream", after.threads, (after.threads - before.threads) / count);
    if let Some(first) = publishers.first() {
        let package = first.stream().package();
        // As long as a real ticket.
        let query = format!("ticket={}", "x".repeat(120));
        const ROUNDS: u32 = 20_000;
        let before = Usage::now();
        let bytes: usize =
            (0..ROUNDS).filter_map(|_| package.hls_media("video.m3u8", &query)).map(|playlist| playlist.len()).sum();
        let spent = (Usage::now().cpu_s - before.cpu_s).max(0.01);
        println!(
            "playlists              {:.0} per CPU-second, {} bytes each",
            f64::from(ROUNDS) / spent,
            bytes / ROUNDS as usize
        );
    }
    if let Some(first) = first_segment {
        println!("first segment listed   {:.2} s after the first frame", first.as_secs_f64());
    }
}

/// Of this process, from `/proc`.
struct Usage {
    cpu_s: f64,
    rss_mib: f64,
    threads: f64,
}

impl Usage {
    fn now() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields: Vec<f64> = stat
            .rsplit_once(')')
            .map(|(_, rest)| rest.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect())
            .unwrap_or_default();
        let field = |index: usize| fields.get(index).copied().unwrap_or(0.0);
        // proc(5): utime and stime in ticks of 10 ms, threads, and resident pages of 4 KiB.
        Self { cpu_s: (field(11) + field(12)) / 100.0, threads: field(17), rss_mib: field(21) / 256.0 }
    }
}
