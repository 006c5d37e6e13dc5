//! What a session moved: counters that the media path adds to, and rates that the sampler works out once a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sluice_contract::UnixTime;
use sluice_contract::message::SessionStats;

/// The counters of one session.
#[derive(Default)]
pub(super) struct Figures {
    pub video: Counter,
    pub audio: Counter,
    pub dropped: AtomicU64,
    /// What the transport last said of the way.
    pub path: Mutex<Option<Path>>,
    /// What the counters showed when they were last sampled.
    last: Mutex<Option<Sample>>,
}

/// How media fares on its way, where the transport can tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Path {
    /// Packets that never came, to whoever receives.
    pub packets_lost: u64,
    /// Of their arrival (RFC 3550 §6.4.1).
    pub jitter: Duration,
    pub round_trip: Option<Duration>,
    /// Video and audio, without repetitions.
    pub packets: [u64; 2],
    /// Pictures, where they are counted.
    pub frames: u64,
    pub retransmissions: u64,
    /// Requests for packets that were missing.
    pub nacks: u64,
    pub key_frame_requests: u64,
    /// What the way is thought to carry, bits per second.
    pub available_bps: Option<u64>,
}

/// Bytes of one kind of media.
#[derive(Default)]
pub(super) struct Counter {
    bytes: AtomicU64,
    /// Over the last sampled second, bits per second.
    rate_bps: AtomicU64,
}

#[derive(Clone, Copy)]
struct Sample {
    at: UnixTime,
    video: u64,
    audio: u64,
}

impl Counter {
    pub fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Figures {
    /// Works out the rates since the last sample. True when something has moved.
    pub fn sample(&self, now: UnixTime) -> bool {
        let next = Sample { at: now, video: self.video.bytes(), audio: self.audio.bytes() };
        let Some(last) = self.last.lock().replace(next) else { return next.video + next.audio > 0 };
        let elapsed_ms = next.at.millis_since(last.at);
        self.video.rate_bps.store(bits_per_second(next.video - last.video, elapsed_ms), Ordering::Relaxed);
        self.audio.rate_bps.store(bits_per_second(next.audio - last.audio, elapsed_ms), Ordering::Relaxed);
        (next.video, next.audio) != (last.video, last.audio)
    }

    /// The figures of a session that has lived for `age_ms`.
    pub fn stats(&self, age_ms: i64) -> SessionStats {
        let (video, audio) = (self.video.bytes(), self.audio.bytes());
        let path = self.path.lock().unwrap_or_default();
        SessionStats {
            bytes: video.saturating_add(audio),
            video_bitrate_bps: self.video.rate_bps.load(Ordering::Relaxed),
            audio_bitrate_bps: self.audio.rate_bps.load(Ordering::Relaxed),
            average_video_bitrate_bps: bits_per_second(video, age_ms),
            average_audio_bitrate_bps: bits_per_second(audio, age_ms),
            video_bytes: video,
            audio_bytes: audio,
            dropped_frames: self.dropped.load(Ordering::Relaxed),
            packets_lost: path.packets_lost,
            jitter_ms: path.jitter.as_secs_f32() * 1_000.0,
            round_trip_time_ms: path.round_trip.unwrap_or_default().as_secs_f32() * 1_000.0,
            video_packets: path.packets[0],
            audio_packets: path.packets[1],
            video_frames: path.frames,
            retransmissions: path.retransmissions,
            nacks: path.nacks,
            key_frame_requests: path.key_frame_requests,
            available_bitrate_bps: path.available_bps.unwrap_or_default(),
        }
    }
}

fn bits_per_second(bytes: u64, millis: i64) -> u64 {
    let millis = u64::try_from(millis).unwrap_or(0);
    bytes.saturating_mul(8_000).checked_div(millis).unwrap_or(0)
}
