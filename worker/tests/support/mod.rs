//! What tests and benchmarks of the media path share: clips made by ffmpeg, a small FLV reader, a session that may
//! publish.

#![allow(dead_code, reason = "each test binary and benchmark uses its own part")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use parking_lot::Mutex;
use sluice_contract::message::{EndReason, EventKind};
use sluice_contract::{Protocol, SessionId, UnixTime};
use sluice_worker::StreamKey;
use sluice_worker::hub::{Clock, EventSink, Hub, PublishRight};
use sluice_worker::media::{AccessUnit, Codec, MediaTime, TrackConfig, TrackKind};
use sluice_worker::package::{PackagingConfig, PackagingSettings};
use sluice_worker::session::Gate;
use uuid::Uuid;

/// One thing that an ingest hands to the hub.
#[derive(Debug, Clone)]
pub enum Item {
    Config(TrackConfig),
    Unit(AccessUnit),
}

/// Has ffmpeg write an FLV file.
pub fn clip(folder: &Path, name: &str, args: &str) -> PathBuf {
    let path = folder.join(format!("{name}.flv"));
    let status = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-y"])
        .args(args.split_whitespace())
        .args(["-flvflags", "no_duration_filesize", "-f", "flv"])
        .arg(&path)
        .status()
        .expect("ffmpeg is installed");
    assert!(status.success(), "ffmpeg {args}");
    path
}

/// Arguments of a synthetic picture and tone: `seconds` long, a key frame every `gop` of 30 pictures a second.
pub fn test_pattern(seconds: u32, gop: u32, b_frames: u32) -> String {
    format!(
        "-f lavfi -i testsrc2=size=320x180:rate=30 -f lavfi -i sine=frequency=440:sample_rate=44100 -t {seconds} \
         -c:v libx264 -preset veryfast -pix_fmt yuv420p -g {gop} -keyint_min {gop} -sc_threshold 0 -bf {b_frames} \
         -b:v 300k -c:a aac -b:a 64k -ac 2"
    )
}

/// Reads an FLV file's audio and video tags as RTMP ingest would (FLV specification 10.1, annex E.4).
pub fn read_flv(path: &Path) -> Vec<Item> {
    let file = Bytes::from(std::fs::read(path).expect("the clip is there"));
    let mut items = Vec::new();
    let mut at = 13;
    while at + 11 <= file.len() {
        let size = usize::from(file[at + 1]) << 16 | usize::from(file[at + 2]) << 8 | usize::from(file[at + 3]);
        let low = i64::from(file[at + 4]) << 16 | i64::from(file[at + 5]) << 8 | i64::from(file[at + 6]);
        let dts = i64::from(file[at + 7]) << 24 | low;
        let body = file.slice(at + 11..at + 11 + size);
        match file[at] {
            8 if body[1] == 0 => items.push(config(Codec::Aac, body.slice(2..))),
            8 => items.push(unit(TrackKind::Audio, dts, 0, true, body.slice(2..))),
            9 if body[1] == 0 => items.push(config(Codec::H264, body.slice(5..))),
            9 if body[1] == 1 => {
                let shift = i32::from_be_bytes([body[2], body[3], body[4], 0]) >> 8;
                items.push(unit(TrackKind::Video, dts, i64::from(shift), body[0] >> 4 == 1, body.slice(5..)));
            }
            _ => {}
        }
        at += 11 + size + 4;
    }
    items
}

fn config(codec: Codec, record: Bytes) -> Item {
    Item::Config(TrackConfig { codec, record })
}

fn unit(kind: TrackKind, dts: i64, shift: i64, key: bool, data: Bytes) -> Item {
    Item::Unit(AccessUnit {
        kind,
        pts: MediaTime::from_millis(dts + shift),
        dts: MediaTime::from_millis(dts),
        key,
        data,
    })
}

/// A session that may publish until the test says otherwise.
pub struct TestSession {
    id: SessionId,
    gate: Mutex<Gate>,
    pub bytes: AtomicUsize,
    pub closed: Mutex<Option<(EndReason, Option<String>)>>,
}

impl TestSession {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            id: SessionId::new(Uuid::now_v7()),
            gate: Mutex::new(Gate::Open),
            bytes: AtomicUsize::new(0),
            closed: Mutex::new(None),
        })
    }

    pub fn set_gate(&self, gate: Gate) {
        *self.gate.lock() = gate;
    }
}

impl PublishRight for TestSession {
    fn id(&self) -> SessionId {
        self.id
    }

    fn protocol(&self) -> Protocol {
        Protocol::Rtmp
    }

    fn gate(&self) -> Gate {
        *self.gate.lock()
    }

    fn count_video(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn count_audio(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn close(&self, reason: EndReason, detail: Option<String>) {
        self.closed.lock().get_or_insert((reason, detail));
    }
}

/// Remembers what the hub told the API.
#[derive(Default)]
pub struct EventLog(pub Mutex<Vec<EventKind>>);

impl EventSink for EventLog {
    fn emit(&self, kind: EventKind) {
        self.0.lock().push(kind);
    }
}

pub fn wall_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    })
}

pub fn hub(settings: PackagingSettings) -> (Hub, Arc<EventLog>) {
    hub_with(settings, PackagingConfig::default(), wall_clock())
}

pub fn hub_with(settings: PackagingSettings, config: PackagingConfig, clock: Clock) -> (Hub, Arc<EventLog>) {
    let events = Arc::new(EventLog::default());
    let hub = Hub::new(events.clone(), config, Arc::new(move |_| settings.clone()), clock);
    (hub.expect("GStreamer is installed"), events)
}

pub fn key(name: &str) -> StreamKey {
    StreamKey { application: "live".parse().expect("a name"), stream_id: name.parse().expect("a name") }
}

/// Waits for what another thread is about to do.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::yield_now();
    }
}
