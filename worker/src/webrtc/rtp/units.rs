//! Units that end with the marker, or with the first packet of another time: those of H.264 and AV1.

use super::groups::Groups;
use super::{Assembled, BrokenPayload, Depacketise};

/// What is put together of the packets of one time. Of a broken one nothing is kept.
pub(super) trait Unit: Send {
    /// Takes the payload of the next packet.
    ///
    /// # Errors
    /// [`BrokenPayload`] when it is not of the format; the unit is broken then.
    fn read(&mut self, payload: &[u8]) -> Result<(), BrokenPayload>;

    /// False when its beginning was lost, or a part of it goes on in a packet that did not come.
    fn is_whole(&self) -> bool;

    /// All of it is here; another may begin.
    fn finish(&mut self, timestamp: u32, groups: &mut Groups);

    /// Forgets what came of it.
    fn clear(&mut self);
}

/// Puts the packets of a track together, unit by unit.
pub(super) struct Units<U> {
    unit: U,
    /// Of the unit that is being put together.
    timestamp: Option<u32>,
    is_broken: bool,
    groups: Groups,
}

impl<U: Unit> Units<U> {
    pub(super) fn of(unit: U) -> Self {
        Self { unit, timestamp: None, is_broken: false, groups: Groups::default() }
    }

    fn finish(&mut self) {
        let Some(timestamp) = self.timestamp.take() else { return };
        if self.is_broken || !self.unit.is_whole() {
            self.lost();
        } else {
            self.unit.finish(timestamp, &mut self.groups);
        }
    }
}

impl<U: Unit> Depacketise for Units<U> {
    fn push(&mut self, timestamp: u32, marker: bool, payload: &[u8]) -> Result<(), BrokenPayload> {
        if self.timestamp != Some(timestamp) {
            self.finish();
            self.timestamp = Some(timestamp);
        }
        let result = self.unit.read(payload);
        self.is_broken |= result.is_err();
        if marker {
            self.finish();
        }
        result
    }

    fn lost(&mut self) {
        self.groups.lost();
        self.timestamp = None;
        self.is_broken = false;
        self.unit.clear();
    }

    fn take(&mut self) -> Option<Assembled> {
        self.groups.take()
    }

    fn wants_key_frame(&self) -> bool {
        self.groups.awaits_key()
    }
}
