//! One player's clock: RTMP milliseconds that begin at 0 and have no holes.

use crate::media::MediaTime;

/// Turns times of the broadcast into times of one player.
///
/// What a player did not receive (it was blocked, paused or too slow, or its publisher came back with a clock of its
/// own) did not happen on its timeline either: it plays on where it stopped instead of waiting for a time that lies
/// minutes ahead. Both tracks move together, so sound and picture stay in step.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// The broadcast's time at the player's 0.
    origin: Option<MediaTime>,
    last_ms: i64,
    /// Something was left out since the last unit.
    torn: bool,
}

impl Timeline {
    /// What comes next need not continue what came last.
    pub fn tear(&mut self) {
        self.torn = true;
    }

    /// The RTMP timestamp of a unit: modulo 2^32.
    pub fn place(&mut self, dts: MediaTime) -> u32 {
        let origin = *self.origin.get_or_insert(dts);
        let mut at_ms = dts.minus(origin).as_millis();
        if std::mem::take(&mut self.torn) && !(self.last_ms..=self.last_ms + LARGEST_STEP_MS).contains(&at_ms) {
            at_ms = self.last_ms + STEP_MS;
            self.origin = Some(dts.minus(MediaTime::from_millis(at_ms)));
        }
        // Sound may be interleaved a little before the picture that it began with.
        let at_ms = at_ms.max(0);
        self.last_ms = self.last_ms.max(at_ms);
        wrap(at_ms)
    }

    /// The time of what has none of its own.
    pub fn now(&self) -> u32 {
        wrap(self.last_ms)
    }
}

fn wrap(millis: i64) -> u32 {
    let [.., a, b, c, d] = millis.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// From the last unit before a hole to the first behind it: about one picture.
const STEP_MS: i64 = 40;
/// A hole that is no longer than this is left as it is.
const LARGEST_STEP_MS: i64 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(timeline: &mut Timeline, millis: i64) -> u32 {
        timeline.place(MediaTime::from_millis(millis))
    }

    #[test]
    fn a_player_begins_at_zero_wherever_the_broadcast_is() {
        let mut timeline = Timeline::default();
        assert_eq!(at(&mut timeline, 3_600_000), 0);
        assert_eq!(at(&mut timeline, 3_599_980), 0, "sound before the first picture");
        assert_eq!(at(&mut timeline, 3_600_040), 40);
        assert_eq!(timeline.now(), 40);
    }

    #[test]
    fn holes_close_and_both_tracks_move_together() {
        let mut timeline = Timeline::default();
        at(&mut timeline, 1_000);
        at(&mut timeline, 1_100);
        timeline.tear();
        assert_eq!(at(&mut timeline, 61_100), 140, "a minute was left out");
        assert_eq!(at(&mut timeline, 61_120), 160);
        timeline.tear();
        assert_eq!(at(&mut timeline, 0), 200, "another clock");
        timeline.tear();
        assert_eq!(at(&mut timeline, 100), 300, "nothing is missing after all");
        assert_eq!(at(&mut timeline, 5_100), 5_300, "a rare picture is no hole");
    }

    #[test]
    fn times_start_again_after_49_days() {
        let mut timeline = Timeline::default();
        at(&mut timeline, 0);
        assert_eq!(at(&mut timeline, (1 << 32) + 5), 5);
    }
}
