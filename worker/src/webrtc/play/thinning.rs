//! Which pictures a viewer gets whose path carries less than its stream: none for a while, then single key frames, until
//! one of them came through as it should. Sound goes on.
//!
//! A stream that is sent in full fills such a path for good: of no picture all packets would come through, and of the
//! sound few.

use std::time::{Duration, Instant};

/// Of one lane.
#[derive(Debug)]
pub(super) struct Thinning {
    state: State,
    /// Before the last single key frame that was sent, or the first.
    pause: Duration,
}

#[derive(Debug)]
enum State {
    /// All pictures are sent; since when again, if they were not before.
    Full { again: Option<Instant> },
    /// The next key frame is sent from `due` on. `shown`: when the last one was.
    Thin { due: Instant, shown: Option<Instant> },
}

impl Default for Thinning {
    fn default() -> Self {
        Self { state: State::Full { again: None }, pause: FIRST_PAUSE }
    }
}

impl Thinning {
    /// More is sent than the path carries.
    pub fn begin(&mut self, now: Instant) {
        let again = match self.state {
            State::Full { again } => again,
            State::Thin { .. } => return,
        };
        let is_relapse = again.is_some_and(|again| now.saturating_duration_since(again) < RELAPSE_WITHIN);
        self.pause = if is_relapse { self.longer() } else { FIRST_PAUSE };
        self.state = State::Thin { due: now + self.pause, shown: None };
    }

    pub const fn is_thin(&self) -> bool {
        matches!(self.state, State::Thin { .. })
    }

    /// Whether a key frame would be sent now, if there were one. `strained`: when the path was last seen to carry less than
    /// it got.
    pub fn awaits_key(&self, now: Instant, strained: Option<Instant>) -> bool {
        self.is_thin() && self.next(now, strained) != Next::Nothing
    }

    /// Whether a picture is sent.
    pub fn takes(&mut self, is_key: bool, now: Instant, strained: Option<Instant>) -> bool {
        if !self.is_thin() {
            return true;
        }
        match self.next(now, strained) {
            Next::Everything if is_key => self.state = State::Full { again: Some(now) },
            Next::Single if is_key => {
                self.pause = self.longer();
                self.state = State::Thin { due: now + self.pause, shown: Some(now) };
            }
            _ => return false,
        }
        true
    }

    fn next(&self, now: Instant, strained: Option<Instant>) -> Next {
        match self.state {
            State::Thin { shown: Some(shown), .. }
                if now >= shown + TOLD_WITHIN && strained.is_none_or(|strained| strained < shown) =>
            {
                Next::Everything
            }
            State::Thin { due, .. } if now < due => Next::Nothing,
            State::Thin { .. } => Next::Single,
            State::Full { .. } => Next::Everything,
        }
    }

    fn longer(&self) -> Duration {
        (self.pause * 2).min(LONGEST_PAUSE)
    }
}

/// What is sent from the next key frame on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Nothing,
    Single,
    Everything,
}

/// As long as most groups of pictures.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A large key frame and the sound beside it fit into this at 100 kbit/s.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// By then a viewer has reported how a key frame came through.
const TOLD_WITHIN: Duration = Duration::from_secs(2);
/// Who cannot keep up again so soon has a path that carries key frames, but not all pictures.
const RELAPSE_WITHIN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    /// When pictures are sent, in milliseconds, of a stream with ten a second and a key frame each second.
    fn sent(thinning: &mut Thinning, start: Instant, until_ms: u64, strained: impl Fn(u64) -> bool) -> Vec<u64> {
        let mut last = None;
        let taken = (0..until_ms).step_by(100).filter(|&ms| {
            let now = start + Duration::from_millis(ms);
            last = if strained(ms) { Some(now) } else { last };
            thinning.takes(ms % 1_000 == 0, now, last)
        });
        taken.collect()
    }

    #[test]
    fn key_frames_come_ever_more_rarely_while_the_path_is_strained() {
        let (mut thinning, start) = (Thinning::default(), Instant::now());
        thinning.begin(start);
        assert!(!thinning.awaits_key(start, None) && thinning.awaits_key(start + FIRST_PAUSE, None));
        assert_eq!(sent(&mut thinning, start, 32_000, |_| true), [1_000, 3_000, 7_000, 15_000, 23_000, 31_000]);
        assert!(thinning.is_thin());
    }

    #[test]
    fn all_pictures_are_sent_again_after_a_key_frame_that_came_through() {
        let (mut thinning, start) = (Thinning::default(), Instant::now());
        thinning.begin(start);
        // The first key frame was too much, the second was not.
        let pictures = sent(&mut thinning, start, 6_000, |ms| ms == 1_500);
        assert_eq!(pictures[..3], [1_000, 3_000, 5_000]);
        assert_eq!(pictures[3..], (51..60).map(|tenth| tenth * 100).collect::<Vec<_>>());
        assert!(!thinning.is_thin());
    }

    #[test]
    fn who_cannot_keep_up_again_soon_waits_for_longer() {
        let (mut thinning, start) = (Thinning::default(), Instant::now());
        let waits = |thinning: &Thinning, since: Instant| {
            (0..60).find(|&seconds| thinning.awaits_key(since + Duration::from_secs(seconds), None))
        };
        for (begins_at, pause) in [(0, 1), (5, 4), (13, 8), (60, 1)] {
            let begin = start + Duration::from_secs(begins_at);
            thinning.begin(begin);
            assert_eq!(waits(&thinning, begin), Some(pause), "at {begins_at} s");
            sent(&mut thinning, begin, 1_000 * (pause + 3), |_| false);
            assert!(!thinning.is_thin());
        }
    }
}
