//! One timeline for sound and picture, out of timestamps that have nothing in common.
//!
//! Each track runs by its own timestamps from where it was when its first packet arrived. Sound and picture that were
//! taken at the same moment do not arrive at the same moment: how far they are apart is known once the sender has told
//! for both which of its wall-clock times belongs to which timestamp (sender reports, RFC 3550 §6.4.1). Then the picture
//! moves, never the sound, where every correction is heard: forward at once, as a picture that is shown a little longer
//! disturbs nobody; backward by letting it run an eighth faster until it is in step, because a time must not repeat. A
//! publisher that never reports stays as it arrived.

use std::time::{Duration, Instant};

use crate::media::{MediaTime, TrackKind};
use crate::webrtc::rtcp::NtpTime;
use crate::webrtc::rtp::clock_rate;
use crate::webrtc::wrap::nearest_32;

/// The timeline of one publisher.
#[derive(Debug)]
pub(super) struct CommonClock {
    epoch: Instant,
    video: TrackClock,
    audio: TrackClock,
    /// How far the picture has to move in all, microseconds.
    wanted_us: i64,
    /// How far it has moved.
    moved_us: i64,
    /// The newest time given out, and when its packet arrived.
    newest: Option<(i64, Instant)>,
}

#[derive(Debug)]
struct TrackClock {
    rate: i64,
    /// A timestamp with its wraps undone, and its time before any correction.
    anchor: Option<(i64, i64)>,
    last: Option<Last>,
    report: Option<Report>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    ticks: i64,
    /// Before any correction.
    raw_us: i64,
    time_us: i64,
    arrived: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Report {
    ntp: NtpTime,
    ticks: i64,
}

/// The least distance of two units of a track.
const MIN_STEP_US: i64 = 1_000;
/// Less is within what reports and clocks are off by, and is approached slowly.
const AT_ONCE_US: i64 = 20_000;
/// Of the time that passes, the part by which the picture may run faster or slower.
const SLEW: i64 = 8;
/// No sender is that far apart with itself; reports that say so are wrong.
const MAX_SKEW_US: i64 = 3_000_000;
/// A timestamp that falls back by more is the beginning of another timeline.
const MAX_FALL_US: i64 = 500_000;
/// As is one that runs ahead of the arrival by more.
const MAX_LEAP_US: i64 = 5_000_000;

impl CommonClock {
    pub(super) const fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            video: TrackClock::new(TrackKind::Video),
            audio: TrackClock::new(TrackKind::Audio),
            wanted_us: 0,
            moved_us: 0,
            newest: None,
        }
    }

    /// The time of a unit; times of one track always rise.
    pub(super) fn place(&mut self, kind: TrackKind, timestamp: u32, arrived: Instant) -> MediaTime {
        let now_us = self.now_us(arrived);
        let correction_us = if kind == TrackKind::Video { self.moved_us } else { 0 };
        let track = self.track(kind);
        let (ticks, mut raw_us) = track.read(timestamp, now_us - correction_us);
        let mut passed_us = 0;
        if let Some(last) = track.last {
            passed_us = raw_us - last.raw_us;
            let waited_us = micros(arrived.saturating_duration_since(last.arrived));
            if passed_us < -MAX_FALL_US || passed_us - waited_us > MAX_LEAP_US {
                raw_us = now_us - correction_us;
                track.anchor = Some((ticks, raw_us));
                track.report = None;
                passed_us = 0;
            }
        }
        let correction_us = if kind == TrackKind::Video { self.correct(passed_us) } else { 0 };
        let track = self.track(kind);
        let least_us = track.last.map_or(i64::MIN, |last| last.time_us + MIN_STEP_US);
        let time_us = (raw_us + correction_us).max(least_us);
        track.last = Some(Last { ticks, raw_us, time_us, arrived });
        if self.newest.is_none_or(|(newest_us, _)| newest_us <= time_us) {
            self.newest = Some((time_us, arrived));
        }
        MediaTime::from_micros(time_us)
    }

    /// A sender report: `timestamp` of the track is the sender's time `ntp`.
    pub(super) fn report(&mut self, kind: TrackKind, ntp: NtpTime, timestamp: u32) {
        let track = self.track(kind);
        // Without a packet there is nothing to relate the report to; the next one comes soon.
        let Some(last) = track.last else { return };
        track.report = Some(Report { ntp, ticks: nearest_32(last.ticks, timestamp) });
        if let (Some((video_us, video_ntp)), Some((audio_us, audio_ntp))) =
            (self.video.reported(), self.audio.reported())
        {
            let skew_us = video_ntp.micros_since(audio_ntp) - (video_us - audio_us);
            if skew_us.abs() <= MAX_SKEW_US {
                self.wanted_us = skew_us;
            }
        }
    }

    /// The track comes from another source now, whose timestamps begin anew.
    pub(super) fn restart(&mut self, kind: TrackKind) {
        let track = self.track(kind);
        track.anchor = None;
        track.report = None;
    }

    fn track(&mut self, kind: TrackKind) -> &mut TrackClock {
        match kind {
            TrackKind::Video => &mut self.video,
            TrackKind::Audio => &mut self.audio,
        }
    }

    /// Where the timeline is at an arrival: the tracks' clocks may have drifted away from ours.
    fn now_us(&self, arrived: Instant) -> i64 {
        match self.newest {
            Some((time_us, at)) => time_us.saturating_add(micros(arrived.saturating_duration_since(at))),
            None => micros(arrived.saturating_duration_since(self.epoch)),
        }
    }

    /// Moves the picture on its way to where it should be, while `passed_us` of it pass.
    fn correct(&mut self, passed_us: i64) -> i64 {
        let distance = self.wanted_us - self.moved_us;
        if distance > AT_ONCE_US {
            self.moved_us = self.wanted_us;
        } else {
            let step = (passed_us / SLEW).max(0);
            self.moved_us += distance.clamp(-step, step);
        }
        self.moved_us
    }
}

impl TrackClock {
    const fn new(kind: TrackKind) -> Self {
        Self { rate: clock_rate(kind) as i64, anchor: None, last: None, report: None }
    }

    /// The timestamp with its wraps undone, and its time before any correction. The first one is `now_us`.
    fn read(&mut self, timestamp: u32, now_us: i64) -> (i64, i64) {
        let Some((anchor, anchor_us)) = self.anchor else {
            let ticks = i64::from(timestamp);
            self.anchor = Some((ticks, now_us));
            if let Some(last) = &mut self.last {
                last.raw_us = now_us;
                last.ticks = ticks;
            }
            return (ticks, now_us);
        };
        let ticks = nearest_32(self.last.map_or(anchor, |last| last.ticks), timestamp);
        (ticks, anchor_us + self.micros(ticks - anchor))
    }

    /// The time before any correction that the last report is about, and the sender's.
    fn reported(&self) -> Option<(i64, NtpTime)> {
        let (report, (anchor, anchor_us)) = (self.report?, self.anchor?);
        Some((anchor_us + self.micros(report.ticks - anchor), report.ntp))
    }

    const fn micros(&self, ticks: i64) -> i64 {
        (ticks as i128 * 1_000_000 / self.rate as i128) as i64
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sluice_contract::UnixTime;

    use super::TrackKind::{Audio, Video};
    use super::*;

    /// A sender whose sound and picture were taken together; the picture arrives 120 ms late.
    struct Scene {
        clock: CommonClock,
        start: Instant,
    }

    const VIDEO_LATE_MS: u64 = 120;
    const VIDEO_BASE: u32 = u32::MAX - 90_000;
    const AUDIO_BASE: u32 = 5;

    impl Scene {
        fn new() -> Self {
            let start = Instant::now();
            Self { clock: CommonClock::new(start), start }
        }

        fn at(&self, millis: u64) -> Instant {
            self.start + Duration::from_millis(millis)
        }

        fn video(&mut self, taken_ms: u32) -> i64 {
            let at = self.at(u64::from(taken_ms) + VIDEO_LATE_MS);
            self.clock.place(Video, VIDEO_BASE.wrapping_add(taken_ms * 90), at).as_millis()
        }

        fn audio(&mut self, taken_ms: u32) -> i64 {
            let at = self.at(u64::from(taken_ms) + 20);
            self.clock.place(Audio, AUDIO_BASE.wrapping_add(taken_ms * 48), at).as_millis()
        }

        fn reports(&mut self, taken_ms: u32) {
            let ntp = NtpTime::at(UnixTime::from_secs(1_800_000_000), Duration::from_millis(u64::from(taken_ms)));
            self.clock.report(Video, ntp, VIDEO_BASE.wrapping_add(taken_ms * 90));
            self.clock.report(Audio, ntp, AUDIO_BASE.wrapping_add(taken_ms * 48));
        }
    }

    #[test]
    fn a_late_picture_comes_into_step_without_a_time_twice() {
        let mut scene = Scene::new();
        let mut last = -1;
        for frame in 0..100 {
            let taken = frame * 40;
            let (audio, video) = (scene.audio(taken), scene.video(taken));
            assert!(video > last, "{frame}");
            last = video;
            assert_eq!(audio, i64::from(taken) + 20);
            match frame {
                0..=9 => assert_eq!(video - audio, 100),
                10 => scene.reports(taken),
                // 100 ms at an eighth of 40 ms a frame.
                31.. => assert_eq!(video - audio, 0),
                _ => {}
            }
        }
    }

    #[test]
    fn an_early_picture_moves_at_once() {
        let mut scene = Scene::new();
        // The sound of the same moment arrives half a second later.
        assert_eq!(scene.video(0), 120);
        let at = scene.at(620);
        assert_eq!(scene.clock.place(Audio, AUDIO_BASE, at).as_millis(), 620);
        scene.reports(0);
        assert_eq!(scene.video(40), 660);
        assert_eq!(scene.video(80), 700);
    }

    #[test]
    fn reports_that_cannot_be_right_change_nothing() {
        let mut scene = Scene::new();
        let (audio, video) = (scene.audio(0), scene.video(0));
        let zero = NtpTime::from_bits(0);
        scene.clock.report(Audio, zero, AUDIO_BASE);
        scene.clock.report(Video, NtpTime::from_bits(3_600 << 32), VIDEO_BASE);
        assert_eq!(scene.video(40) - video, 40);
        assert_eq!(scene.audio(40) - audio, 40);
    }

    #[test]
    fn timestamps_that_jump_go_on_where_the_timeline_is() {
        for jump in [3_600_000_u32, 0_u32.wrapping_sub(3_600_000)] {
            let mut scene = Scene::new();
            assert_eq!(scene.video(0), 120);
            assert_eq!(scene.video(40), 160);
            let at = scene.at(80 + VIDEO_LATE_MS);
            let after = VIDEO_BASE.wrapping_add(jump.wrapping_mul(90));
            assert_eq!(scene.clock.place(Video, after, at).as_millis(), 200);
            let at = scene.at(120 + VIDEO_LATE_MS);
            assert_eq!(scene.clock.place(Video, after.wrapping_add(3_600), at).as_millis(), 240);
        }
    }

    #[test]
    fn another_source_continues_the_track() {
        let mut scene = Scene::new();
        assert_eq!(scene.audio(0), 20);
        assert_eq!(scene.audio(1_000), 1_020);
        scene.clock.restart(Audio);
        let at = scene.at(1_060);
        assert_eq!(scene.clock.place(Audio, 0xDEAD_BEEF, at).as_millis(), 1_060);
        let at = scene.at(1_080);
        assert_eq!(scene.clock.place(Audio, 0xDEAD_BEEF + 960, at).as_millis(), 1_080);
    }

    proptest! {
        #[test]
        fn times_of_a_track_always_rise(
            events in proptest::collection::vec((0..4_u8, any::<u32>(), 0..2_000_u64, any::<u64>()), 1..200),
        ) {
            let start = Instant::now();
            let mut clock = CommonClock::new(start);
            let mut now = start;
            let mut last = [i64::MIN; 2];
            for (event, timestamp, step, ntp) in events {
                now += Duration::from_millis(step);
                let kind = if event % 2 == 0 { Video } else { Audio };
                if event < 2 {
                    let time = clock.place(kind, timestamp, now).as_micros();
                    prop_assert!(time > last[usize::from(event)]);
                    last[usize::from(event)] = time;
                } else {
                    clock.report(kind, NtpTime::from_bits(ntp), timestamp);
                }
            }
        }
    }
}
