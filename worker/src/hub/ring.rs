//! The newest part of a broadcast, bounded, from which all its readers read.
//!
//! Units are numbered from 0. The ring keeps everything since the last key frame (a new reader starts there) and a
//! little more, for readers that are a moment late; neither more units nor more bytes than its limits.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::media::{AccessUnit, MediaTime, TrackKind};

/// How much a ring may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct RingLimits {
    pub(super) units: usize,
    pub(super) bytes: usize,
    /// What is older than this and older than the last key frame goes.
    pub(super) history: MediaTime,
}

impl Default for RingLimits {
    /// Ten seconds of 60 pictures and 94 audio frames, and 16 MiB: a group of ten seconds at 13 Mbit/s. In longer
    /// groups new readers wait for the next key frame.
    fn default() -> Self {
        Self { units: 1_600, bytes: 16 << 20, history: MediaTime::from_millis(1_500) }
    }
}

/// Bounded history of one broadcast.
#[derive(Debug)]
pub(super) struct Ring {
    limits: RingLimits,
    units: VecDeque<Arc<AccessUnit>>,
    /// Number of the first unit in `units`.
    front: u64,
    bytes: usize,
    /// Number of the newest video key frame.
    last_key: Option<u64>,
}

/// What a reader at some position gets.
#[derive(Debug)]
pub(super) enum Slot {
    Unit(Arc<AccessUnit>),
    /// Its position has been overwritten.
    Lost,
    /// Nothing new.
    Empty,
}

impl Ring {
    pub(super) const fn new(limits: RingLimits) -> Self {
        Self { limits, units: VecDeque::new(), front: 0, bytes: 0, last_key: None }
    }

    pub(super) fn push(&mut self, unit: Arc<AccessUnit>) {
        if unit.kind == TrackKind::Video && unit.key {
            self.last_key = Some(self.end());
        }
        let newest = unit.dts;
        self.bytes += unit.data.len();
        self.units.push_back(unit);
        while let Some(oldest) = self.units.front() {
            let needed = self.last_key.is_some_and(|key| key <= self.front);
            let aged = newest.minus(oldest.dts) > self.limits.history;
            let over = self.units.len() > self.limits.units || self.bytes > self.limits.bytes;
            if !over && (needed || !aged) {
                break;
            }
            self.bytes -= oldest.data.len();
            self.units.pop_front();
            self.front += 1;
        }
    }

    /// Forgets the units, not the numbering.
    pub(super) fn clear(&mut self) {
        self.front = self.end();
        self.units = VecDeque::new();
        self.bytes = 0;
        self.last_key = None;
    }

    /// Forgets the units, and so many that never came: the position of every reader is lost.
    pub(super) fn skip(&mut self, units: u64) {
        self.clear();
        self.front = self.front.saturating_add(units);
    }

    pub(super) fn slot(&self, position: u64) -> Slot {
        let Some(index) = position.checked_sub(self.front) else { return Slot::Lost };
        match usize::try_from(index).ok().and_then(|index| self.units.get(index)) {
            Some(unit) => Slot::Unit(unit.clone()),
            None => Slot::Empty,
        }
    }

    /// Where a decoder can begin: the newest key frame that is still here; without video, up to `history` back; with
    /// video but no key frame, the end.
    pub(super) fn start(&self, has_video: bool) -> u64 {
        match self.last_key.filter(|&key| key >= self.front) {
            Some(key) => key,
            None if has_video => self.end(),
            None => self.front,
        }
    }

    /// The number that the next unit gets.
    pub(super) fn end(&self) -> u64 {
        self.front + self.units.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn unit(kind: TrackKind, millis: i64, key: bool) -> Arc<AccessUnit> {
        let time = MediaTime::from_millis(millis);
        Arc::new(AccessUnit { kind, pts: time, dts: time, key, data: Bytes::from_static(&[0; 100]) })
    }

    fn limits(units: usize, bytes: usize) -> RingLimits {
        RingLimits { units, bytes, history: MediaTime::from_millis(1_500) }
    }

    #[test]
    fn a_group_of_pictures_stays_whole_until_the_next_one_is_old_enough() {
        let mut ring = Ring::new(limits(1_000, 1 << 20));
        for frame in 0..100 {
            ring.push(unit(TrackKind::Video, frame * 100, frame % 50 == 0));
        }
        assert_eq!(ring.start(true), 50);
        // 1.5 s into the second group the first is gone.
        assert!(matches!(ring.slot(49), Slot::Lost));
        assert!(matches!(ring.slot(50), Slot::Unit(unit) if unit.key));
        assert!(matches!(ring.slot(100), Slot::Empty));
    }

    #[test]
    fn sound_alone_keeps_a_short_window() {
        let mut ring = Ring::new(limits(1_000, 1 << 20));
        for frame in 0..1_000 {
            ring.push(unit(TrackKind::Audio, frame * 20, true));
        }
        assert_eq!(ring.start(false), 1_000 - 76);
    }

    #[test]
    fn a_group_above_the_limits_is_given_up_and_readers_start_at_the_end() {
        for limits in [limits(10, 1 << 20), limits(1_000, 1_000)] {
            let mut ring = Ring::new(limits);
            for frame in 0..100 {
                ring.push(unit(TrackKind::Video, frame * 10, frame == 0));
                assert!(ring.units.len() <= 10 && ring.bytes <= 1_000);
            }
            assert_eq!(ring.start(true), 100);
        }
    }
}
