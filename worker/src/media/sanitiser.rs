//! Makes a timeline that packagers and players can rely on out of whatever a publisher sends.
//!
//! Encoders repeat timestamps, jump back when a source loops, jump ahead when one stalls, and wrap after 2³²
//! milliseconds (RTMP). What leaves here starts at zero; each track's decoding times strictly increase, no two
//! consecutive pictures share a presentation time, no picture is shown before it is decoded, and audio and video keep
//! the distance they came with: a jump moves both by one common offset.

use super::{MediaTime, TrackKind};

/// Times of one access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    pub pts: MediaTime,
    pub dts: MediaTime,
}

/// The state of one broadcast's timeline.
#[derive(Debug, Clone, Default)]
pub struct Sanitiser {
    /// The newest input time, with wraps undone; `None` before the first unit.
    reference_us: Option<i64>,
    /// Added to input times. One for both tracks.
    offset_us: i64,
    /// The offset before the last jump: units of the other track may still come from there.
    previous_offset_us: Option<i64>,
    tracks: [TrackState; 2],
}

#[derive(Debug, Clone, Copy, Default)]
struct TrackState {
    last: Option<Timed>,
    /// Distance between the two newest units: how far apart the first unit after a jump is placed.
    step_us: i64,
}

/// RTMP timestamps are milliseconds in 32 bits.
const WRAP_US: i64 = (1 << 32) * 1_000;
/// A longer hole is a jump of the source's clock, not a pause worth showing.
const MAX_GAP_US: i64 = 10_000_000;
/// A track that falls back by more has a new timeline; less is jitter, and is clamped.
const MAX_STEP_BACK_US: i64 = 500_000;
/// A first unit may come this much earlier or later than the other track and still belong to the same timeline.
const MAX_TRACK_DISTANCE_US: i64 = 10_000_000;
/// The least distance between two units of one track: RTMP's unit.
const MIN_STEP_US: i64 = 1_000;
const MAX_STEP_US: i64 = 100_000;
/// More reordering than any level of H.264 or H.265 allows.
const MAX_REORDER_US: i64 = 5_000_000;

impl Sanitiser {
    /// Places the next unit of a track on the timeline.
    pub fn place(&mut self, kind: TrackKind, pts: MediaTime, dts: MediaTime) -> Timed {
        let input = self.unwrap(dts.as_micros());
        // The distance survives whatever happens to the decoding time. Taken modulo the wrap too: one of the two times
        // may have wrapped already.
        let reorder = wrapped_distance(pts.as_micros(), dts.as_micros()).clamp(0, MAX_REORDER_US);
        let first_of_all = self.reference_us.is_none();
        self.reference_us = Some(input);
        if first_of_all {
            self.offset_us = -input;
        }
        let output = self.offset_for(kind, input);
        let track = &mut self.tracks[slot(kind)];
        let mut dts = output.max(0);
        let mut pts = dts + reorder;
        if let Some(last) = track.last {
            dts = dts.max(last.dts.as_micros() + MIN_STEP_US);
            pts = dts + reorder;
            if pts == last.pts.as_micros() {
                pts += MIN_STEP_US;
            }
            track.step_us = (dts - last.dts.as_micros()).clamp(MIN_STEP_US, MAX_STEP_US);
        }
        let timed = Timed { pts: MediaTime::from_micros(pts), dts: MediaTime::from_micros(dts) };
        track.last = Some(timed);
        timed
    }

    /// The newest decoding time that was given out.
    pub fn newest(&self) -> MediaTime {
        MediaTime::from_micros(self.newest_us().unwrap_or(0))
    }

    fn unwrap(&self, input_us: i64) -> i64 {
        match self.reference_us {
            None => input_us.rem_euclid(WRAP_US),
            // Far from overflow: the reference moves by half a wrap per unit at most.
            Some(reference) => reference.saturating_add(wrapped_distance(input_us, reference)),
        }
    }

    /// The time on our timeline, after deciding whether the unit continues it or begins another.
    fn offset_for(&mut self, kind: TrackKind, input: i64) -> i64 {
        let output = input.saturating_add(self.offset_us);
        if self.continues(kind, output) {
            return output;
        }
        if let Some(previous) = self.previous_offset_us {
            let output = input.saturating_add(previous);
            if self.continues(kind, output) {
                return output;
            }
        }
        let newest = self.newest_us().unwrap_or(0);
        let step = self.tracks[slot(kind)].step_us.clamp(MIN_STEP_US, MAX_STEP_US);
        let output = newest + step;
        self.previous_offset_us = Some(self.offset_us);
        self.offset_us = output.saturating_sub(input);
        output
    }

    fn continues(&self, kind: TrackKind, output: i64) -> bool {
        match (self.tracks[slot(kind)].last, self.newest_us()) {
            // A track may be silent while the other goes on: the hole is measured from the newest of both.
            (Some(last), newest) => {
                let newest = newest.unwrap_or(last.dts.as_micros());
                output >= last.dts.as_micros() - MAX_STEP_BACK_US && output <= newest + MAX_GAP_US
            }
            (None, Some(newest)) => {
                let distance = output.saturating_sub(newest);
                (-MAX_TRACK_DISTANCE_US..=MAX_TRACK_DISTANCE_US).contains(&distance)
            }
            (None, None) => true,
        }
    }

    fn newest_us(&self) -> Option<i64> {
        self.tracks.iter().filter_map(|track| track.last).map(|last| last.dts.as_micros()).max()
    }
}

const fn slot(kind: TrackKind) -> usize {
    match kind {
        TrackKind::Video => 0,
        TrackKind::Audio => 1,
    }
}

/// `to - from`, taken the shorter way round the wrap: within half a wrap of zero.
const fn wrapped_distance(to: i64, from: i64) -> i64 {
    let distance = (to.rem_euclid(WRAP_US) - from.rem_euclid(WRAP_US)).rem_euclid(WRAP_US);
    if distance >= WRAP_US / 2 { distance - WRAP_US } else { distance }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use TrackKind::{Audio, Video};

    fn feed(sanitiser: &mut Sanitiser, kind: TrackKind, millis: i64) -> i64 {
        let time = MediaTime::from_millis(millis);
        sanitiser.place(kind, time, time).dts.as_millis()
    }

    fn track(inputs: &[i64]) -> Vec<i64> {
        let mut sanitiser = Sanitiser::default();
        inputs.iter().map(|&millis| feed(&mut sanitiser, Video, millis)).collect()
    }

    #[test]
    fn a_sound_timeline_only_moves_to_zero() {
        assert_eq!(track(&[5_000, 5_033, 5_067, 5_100]), [0, 33, 67, 100]);
    }

    #[test]
    fn repeated_and_falling_times_are_spread_by_a_millisecond() {
        assert_eq!(track(&[0, 33, 33, 33, 20, 67]), [0, 33, 34, 35, 36, 67]);
    }

    #[test]
    fn a_timeline_goes_on_over_the_wrap_of_32_bits() {
        let wrap = 1_i64 << 32;
        assert_eq!(track(&[wrap - 50, wrap - 17, 16, 50]), [0, 33, 66, 100]);
        // An ingest that has undone the wrap already is understood as well.
        assert_eq!(track(&[wrap - 50, wrap - 17, wrap + 16, wrap + 50]), [0, 33, 66, 100]);
    }

    #[test]
    fn audio_from_before_the_wrap_may_come_after_video_from_behind_it() {
        let wrap = 1_i64 << 32;
        let mut sanitiser = Sanitiser::default();
        assert_eq!(feed(&mut sanitiser, Video, wrap - 10), 0);
        assert_eq!(feed(&mut sanitiser, Audio, wrap - 10), 0);
        assert_eq!(feed(&mut sanitiser, Video, 23), 33);
        assert_eq!(feed(&mut sanitiser, Audio, wrap - 1), 9);
        assert_eq!(feed(&mut sanitiser, Audio, 22), 32);
    }

    #[test]
    fn a_jump_keeps_audio_and_video_in_step() {
        for (name, jump) in [("ahead", 3_600_000), ("back", -100_000)] {
            let mut sanitiser = Sanitiser::default();
            let start = 200_000;
            for frame in 0..30 {
                feed(&mut sanitiser, Video, start + frame * 40);
                feed(&mut sanitiser, Audio, start + frame * 40 + 5);
            }
            let video = feed(&mut sanitiser, Video, start + 1_200 + jump);
            // One frame of the old timeline is late: it finds its place there.
            let late = feed(&mut sanitiser, Audio, start + 1_205);
            let audio = feed(&mut sanitiser, Audio, start + 1_245 + jump);
            assert_eq!(video, 1_165 + 40, "{name}");
            assert_eq!(late, 1_205, "{name}");
            assert_eq!(audio - video, 45, "{name}");
        }
    }

    #[test]
    fn reordering_is_kept_and_nothing_is_shown_before_it_is_decoded() {
        let mut sanitiser = Sanitiser::default();
        let mut place = |pts, dts| {
            let timed = sanitiser.place(Video, MediaTime::from_millis(pts), MediaTime::from_millis(dts));
            (timed.pts.as_millis(), timed.dts.as_millis())
        };
        assert_eq!(place(67, 0), (67, 0));
        assert_eq!(place(200, 33), (200, 33));
        assert_eq!(place(133, 67), (133, 67));
        assert_eq!(place(90, 100), (100, 100));
        assert_eq!(place(100_000, 133), (5_133, 133));
    }

    #[test]
    fn a_track_that_joins_late_changes_nothing_for_the_other() {
        let mut sanitiser = Sanitiser::default();
        for frame in 0..100 {
            feed(&mut sanitiser, Video, frame * 40);
        }
        assert_eq!(feed(&mut sanitiser, Audio, 0), 0);
        assert_eq!(feed(&mut sanitiser, Video, 4_000), 4_000);
        assert_eq!(feed(&mut sanitiser, Audio, 3_990), 3_990);
    }

    #[test]
    fn a_track_that_was_silent_for_long_returns_in_step() {
        let mut sanitiser = Sanitiser::default();
        feed(&mut sanitiser, Audio, 0);
        for frame in 0..1_000 {
            feed(&mut sanitiser, Video, frame * 40);
        }
        assert_eq!(feed(&mut sanitiser, Audio, 39_970), 39_970);
        assert_eq!(feed(&mut sanitiser, Video, 40_000), 40_000);
    }

    fn any_time() -> impl Strategy<Value = i64> {
        prop_oneof![
            4 => 0..20_000_i64,
            2 => (-50_i64..50).prop_map(|near| (1_i64 << 32) + near),
            1 => any::<i64>().prop_map(|time| time / 2_000),
            1 => any::<i64>(),
        ]
    }

    proptest! {
        #[test]
        fn whatever_comes_in_a_sound_timeline_comes_out(
            units in proptest::collection::vec((any::<bool>(), any_time(), any_time()), 1..200),
        ) {
            let mut sanitiser = Sanitiser::default();
            let mut last: [Option<Timed>; 2] = [None; 2];
            let mut newest = 0;
            for (is_video, pts, dts) in units {
                let kind = if is_video { Video } else { Audio };
                let timed = sanitiser.place(kind, MediaTime::from_millis(pts), MediaTime::from_millis(dts));
                prop_assert!(timed.dts >= MediaTime::ZERO);
                prop_assert!(timed.pts >= timed.dts);
                if let Some(last) = last[slot(kind)] {
                    prop_assert!(timed.dts > last.dts);
                    prop_assert!(timed.pts != last.pts);
                }
                // No unit leaves a hole beyond the limit.
                prop_assert!(timed.dts.as_micros() <= newest + MAX_GAP_US + MAX_STEP_US);
                newest = newest.max(timed.dts.as_micros());
                last[slot(kind)] = Some(timed);
            }
        }

        #[test]
        fn a_sound_input_is_not_touched(start in 0..(1_i64 << 33), steps in proptest::collection::vec(1..5_000_i64, 1..100)) {
            let mut sanitiser = Sanitiser::default();
            let mut time = 0;
            prop_assert_eq!(feed(&mut sanitiser, Video, start), 0);
            for step in steps {
                time += step;
                prop_assert_eq!(feed(&mut sanitiser, Video, start + time), time);
            }
        }
    }
}
