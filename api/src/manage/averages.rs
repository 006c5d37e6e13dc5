//! Average bitrates of a subscriber: those of its sessions, each weighted by its length.

use sluice_contract::message::SessionStats;

use crate::store::subscribers;

/// Over the time that was measured so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Averages {
    /// Bits per second.
    pub video_bps: i64,
    pub audio_bps: i64,
    pub measured_ms: i64,
}

impl Averages {
    /// What the ended sessions came to.
    pub fn of_row(row: &subscribers::Model) -> Self {
        Self { video_bps: row.average_video_bps, audio_bps: row.average_audio_bps, measured_ms: row.measured_ms }
    }

    /// With one session more, which lasted so long.
    #[must_use]
    pub fn with(self, lasted_ms: i64, stats: &SessionStats) -> Self {
        if lasted_ms <= 0 {
            return self;
        }
        let measured_ms = self.measured_ms.saturating_add(lasted_ms);
        let mean = |old: i64, new: u64| {
            // Two products of 63 bits each: their sum fits.
            let new = i64::try_from(new).unwrap_or(i64::MAX);
            let sum = i128::from(old) * i128::from(self.measured_ms) + i128::from(new) * i128::from(lasted_ms);
            i64::try_from(sum / i128::from(measured_ms)).unwrap_or(i64::MAX)
        };
        Self {
            video_bps: mean(self.video_bps, stats.average_video_bitrate_bps),
            audio_bps: mean(self.audio_bps, stats.average_audio_bitrate_bps),
            measured_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_session_weighs_more() {
        let session = |video, audio| SessionStats {
            average_video_bitrate_bps: video,
            average_audio_bitrate_bps: audio,
            ..SessionStats::default()
        };
        let averages = Averages::default().with(30_000, &session(1_000, 100)).with(10_000, &session(5_000, 500));
        assert_eq!(averages, Averages { video_bps: 2_000, audio_bps: 200, measured_ms: 40_000 });
        assert_eq!(averages.with(0, &session(9_000, 900)), averages);
        let longest = Averages { video_bps: i64::MAX, audio_bps: 0, measured_ms: i64::MAX };
        assert_eq!(longest.with(i64::MAX, &session(u64::MAX, 0)).measured_ms, i64::MAX);
    }
}
