//! What VP8 and VP9 have in common: a frame has no structure of its own in packets, and key frames tell their format.

use super::assembly::Assembly;
use super::groups::Groups;
use super::{Assembled, BrokenPayload};
use crate::media::vpx::Frame;
use crate::media::{Codec, TrackConfig};

/// Puts frames together; where they begin and end, the descriptors of each codec say.
pub(super) struct Frames {
    codec: Codec,
    read_frame: fn(&[u8]) -> Option<Frame>,
    /// Of the frame that is being put together.
    timestamp: Option<u32>,
    frame: Assembly,
    groups: Groups,
}

impl Frames {
    /// `read_frame` reads the head of a frame.
    pub(super) fn new(codec: Codec, read_frame: fn(&[u8]) -> Option<Frame>, limit: usize) -> Self {
        Self { codec, read_frame, timestamp: None, frame: Assembly::new(limit), groups: Groups::default() }
    }

    /// True between the beginning of a frame and its end.
    pub(super) const fn is_open(&self) -> bool {
        self.timestamp.is_some()
    }

    pub(super) const fn begin(&mut self, timestamp: u32) {
        self.timestamp = Some(timestamp);
    }

    /// Takes a part of the frame.
    ///
    /// # Errors
    /// [`BrokenPayload`] when the frame would be too large.
    pub(super) fn extend(&mut self, timestamp: u32, part: &[u8]) -> Result<(), BrokenPayload> {
        if self.timestamp != Some(timestamp) {
            // Its beginning was lost.
            self.lost();
            return Ok(());
        }
        self.frame.extend(part)
    }

    /// The frame has ended, if one was begun.
    ///
    /// # Errors
    /// [`BrokenPayload`] when it is none.
    pub(super) fn finish(&mut self) -> Result<(), BrokenPayload> {
        let Some(timestamp) = self.timestamp.take() else { return Ok(()) };
        let data = self.frame.take();
        match (self.read_frame)(&data).ok_or(BrokenPayload("the head of a frame"))? {
            Frame::Key(format) => {
                self.groups.begin(timestamp, data, TrackConfig { codec: self.codec, record: format.record() });
            }
            Frame::Inter => self.groups.go_on(timestamp, data),
        }
        Ok(())
    }

    pub(super) fn lost(&mut self) {
        self.groups.lost();
        self.timestamp = None;
        self.frame.clear();
    }

    pub(super) fn take(&mut self) -> Option<Assembled> {
        self.groups.take()
    }

    pub(super) const fn wants_key_frame(&self) -> bool {
        self.groups.awaits_key()
    }
}
