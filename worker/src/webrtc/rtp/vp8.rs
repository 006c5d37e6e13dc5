//! VP8 (RFC 7741).

use super::fragments::fragments;
use super::vpx::Frames;
use super::{Assembled, BrokenPayload, Depacketise, Head, MediaPacket, Packetise, ticks};
use crate::media::{AccessUnit, Codec, TrackKind, vp8};

/// Sends frames with the shortest descriptor. Picture numbers are left out: viewers who skip to a key frame would see
/// them jump, and receivers that have none go by sequence numbers, which are each viewer's own.
pub(super) struct Vp8Packetiser {
    limit: usize,
}

impl Vp8Packetiser {
    pub(super) const fn new(limit: usize) -> Self {
        Self { limit }
    }
}

impl Packetise for Vp8Packetiser {
    fn packetise(&mut self, unit: &AccessUnit, packets: &mut Vec<MediaPacket>) {
        let ticks = ticks(unit.pts, TrackKind::Video);
        let mut parts = fragments(&unit.data, 1, 1, self.limit).peekable();
        let mut descriptor = START;
        while let Some(body) = parts.next() {
            packets.push(MediaPacket {
                kind: TrackKind::Video,
                ticks,
                marker: parts.peek().is_none(),
                begins: unit.key && descriptor == START,
                head: Head::new(&[descriptor]),
                body,
            });
            descriptor = 0;
        }
    }
}

/// A frame goes from its start to the marker, or to the start of the next.
pub(super) struct Vp8Depacketiser {
    frames: Frames,
}

impl Vp8Depacketiser {
    pub(super) fn new(limit: usize) -> Self {
        Self { frames: Frames::new(Codec::Vp8, vp8::read_frame, limit) }
    }

    fn read(&mut self, timestamp: u32, marker: bool, payload: &[u8]) -> Result<(), BrokenPayload> {
        let (is_start, part) = descriptor(payload).ok_or(BrokenPayload("the VP8 descriptor ends too early"))?;
        if is_start {
            self.frames.finish()?;
            self.frames.begin(timestamp);
        }
        self.frames.extend(timestamp, part)?;
        if marker { self.frames.finish() } else { Ok(()) }
    }
}

impl Depacketise for Vp8Depacketiser {
    fn push(&mut self, timestamp: u32, marker: bool, payload: &[u8]) -> Result<(), BrokenPayload> {
        self.read(timestamp, marker, payload).inspect_err(|_| self.lost())
    }

    fn lost(&mut self) {
        self.frames.lost();
    }

    fn take(&mut self) -> Option<Assembled> {
        self.frames.take()
    }

    fn wants_key_frame(&self) -> bool {
        self.frames.wants_key_frame()
    }
}

/// Takes the payload descriptor off (§4.2): whether a frame starts here, and the rest.
fn descriptor(payload: &[u8]) -> Option<(bool, &[u8])> {
    let (&first, mut rest) = payload.split_first()?;
    if first & EXTENDED != 0 {
        let (&extension, behind) = rest.split_first()?;
        rest = behind;
        if extension & PICTURE_ID != 0 {
            let is_long = rest.first()? & 0x80 != 0;
            rest = rest.get(1 + usize::from(is_long)..)?;
        }
        if extension & TL0_INDEX != 0 {
            rest = rest.get(1..)?;
        }
        if extension & LAYER_OR_KEY_INDEX != 0 {
            rest = rest.get(1..)?;
        }
    }
    Some((first & START != 0 && first & PARTITION == 0, rest))
}

const EXTENDED: u8 = 0x80;
const START: u8 = 0x10;
const PARTITION: u8 = 0x07;
const PICTURE_ID: u8 = 0x80;
const TL0_INDEX: u8 = 0x40;
const LAYER_OR_KEY_INDEX: u8 = 0x30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_of_the_standard_are_taken_off() {
        for (payload, expected) in [
            // RFC 7741 §4.6: key frame in one packet, with a 7-bit picture number.
            (&[0x90, 0x80, 0x11, 7][..], Some((true, &[7][..]))),
            // With a 15-bit picture number; a discardable continuation.
            (&[0xA0, 0x80, 0x92, 0x34, 7, 8], Some((false, &[7, 8]))),
            // All extensions.
            (&[0x90, 0xF0, 0x81, 0x02, 0x03, 0x60, 7], Some((true, &[7]))),
            // The start of another partition is not that of a frame.
            (&[0x11, 7], Some((false, &[7]))),
            (&[0x10], Some((true, &[]))),
            (&[0x90, 0x80, 0x81], None),
            (&[0x90], None),
            (&[], None),
        ] {
            assert_eq!(descriptor(payload), expected, "{payload:?}");
        }
    }
}
