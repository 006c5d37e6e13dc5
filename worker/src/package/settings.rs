//! What packaging is told: limits of the worker, and wishes of the application.

use serde::{Deserialize, Serialize};
use sluice_contract::message::WorkerSettings;

use crate::media::MediaTime;

/// What one broadcast's packaging may cost. The same for all of a worker.
#[derive(Debug, Clone)]
pub struct PackagingConfig {
    /// Segments of one broadcast in memory; beyond it the window gets shorter, down to three segments a track.
    pub window_bytes: usize,
    /// Media inside the pipeline, that is since the last cut. A publisher that sends more without a key frame is ended.
    pub open_bytes: usize,
    /// The longest time without a key frame, for the same reason.
    pub open_duration: MediaTime,
    /// Segments kept after they left the playlist, for players that ask late.
    pub grace_segments: usize,
}

impl Default for PackagingConfig {
    /// A window of 30 s fits up to 16 Mbit/s; a group of pictures may last a minute and hold 32 MiB.
    fn default() -> Self {
        Self {
            window_bytes: 64 << 20,
            open_bytes: 32 << 20,
            open_duration: MediaTime::from_millis(60_000),
            grace_segments: 1,
        }
    }
}

/// What an application wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackagingSettings {
    pub hls: bool,
    pub dash: bool,
    /// Shortest duration of a segment; it ends at the first key frame from there.
    pub segment_duration_ms: u32,
    /// Segments in a live playlist.
    pub playlist_segments: usize,
    /// Whether pictures may be re-encoded for players that cannot take them as they are.
    #[serde(default)]
    pub transcoding_allowed: bool,
    /// What is cut is recorded, whether it is served or not.
    #[serde(default)]
    pub recording: bool,
}

/// Players need a few segments; more than these are beyond any live window.
const PLAYLIST_SEGMENTS: std::ops::RangeInclusive<usize> = 3..=1_800;
const SEGMENT_DURATION_MS: std::ops::RangeInclusive<u32> = 500..=10_000;

impl Default for PackagingSettings {
    fn default() -> Self {
        Self {
            hls: true,
            dash: true,
            segment_duration_ms: 2_000,
            playlist_segments: 15,
            transcoding_allowed: false,
            recording: false,
        }
    }
}

impl From<&WorkerSettings> for PackagingSettings {
    fn from(settings: &WorkerSettings) -> Self {
        Self {
            hls: settings.hls_enabled,
            dash: settings.dash_enabled,
            segment_duration_ms: settings
                .segment_duration_ms
                .clamp(*SEGMENT_DURATION_MS.start(), *SEGMENT_DURATION_MS.end()),
            playlist_segments: usize::try_from(settings.playlist_segments)
                .unwrap_or(usize::MAX)
                .clamp(*PLAYLIST_SEGMENTS.start(), *PLAYLIST_SEGMENTS.end()),
            transcoding_allowed: settings.webrtc.transcoding_allowed,
            recording: settings.recording.enabled,
        }
    }
}

impl PackagingSettings {
    pub(crate) fn segment_duration(&self) -> MediaTime {
        MediaTime::from_millis(i64::from(self.segment_duration_ms))
    }

    /// How long the segments of an ended stream stay: one playlist's length.
    pub(crate) fn linger_ms(&self) -> i64 {
        i64::from(self.segment_duration_ms).saturating_mul(i64::try_from(self.playlist_segments).unwrap_or(i64::MAX))
    }
}
