//! VP9 (RFC 9628), in flexible and non-flexible mode; of several spatial layers, the base.

use super::fragments::fragments;
use super::vpx::Frames;
use super::{Assembled, BrokenPayload, Depacketise, Head, MediaPacket, Packetise, ticks};
use crate::media::vpx::Frame;
use crate::media::{AccessUnit, Codec, TrackKind, vp9};

/// Sends frames without picture numbers, as [`vp8`](super::vp8) does; key frames tell their size.
pub(super) struct Vp9Packetiser {
    limit: usize,
}

impl Vp9Packetiser {
    pub(super) const fn new(limit: usize) -> Self {
        Self { limit }
    }
}

impl Packetise for Vp9Packetiser {
    fn packetise(&mut self, unit: &AccessUnit, packets: &mut Vec<MediaPacket>) {
        let ticks = ticks(unit.pts, TrackKind::Video);
        let size = match vp9::read_frame(&unit.data) {
            Some(Frame::Key(format)) if unit.key => format.size,
            _ => None,
        };
        // One spatial layer with its size, and no group of pictures (§4.2.1).
        let structure = size.map(|(width, height)| {
            let ([w0, w1], [h0, h1]) = (width.to_be_bytes(), height.to_be_bytes());
            [HAS_SIZES, w0, w1, h0, h1]
        });
        let structure = structure.as_ref().map_or(&[][..], |structure| &structure[..]);
        let mut base = if unit.key { 0 } else { PREDICTED };
        if !unit.key {
            base |= NOT_A_REFERENCE_ABOVE;
        }
        let mut parts = fragments(&unit.data, 1 + structure.len(), 1, self.limit).peekable();
        let mut is_first = true;
        while let Some(body) = parts.next() {
            let is_last = parts.peek().is_none();
            let mut head = [0; 6];
            let mut length = 1;
            head[0] = base | if is_last { END } else { 0 };
            if is_first {
                head[0] |= BEGIN;
                if let [_, place @ ..] = &mut head
                    && place.len() == structure.len()
                {
                    place.copy_from_slice(structure);
                    head[0] |= STRUCTURE;
                    length = head.len();
                }
            }
            packets.push(MediaPacket {
                kind: TrackKind::Video,
                ticks,
                marker: is_last,
                begins: unit.key && is_first,
                head: Head::new(head.get(..length).unwrap_or_default()),
                body,
            });
            is_first = false;
        }
    }
}

/// A frame goes from its B bit to its E bit.
pub(super) struct Vp9Depacketiser {
    frames: Frames,
}

impl Vp9Depacketiser {
    pub(super) fn new(limit: usize) -> Self {
        Self { frames: Frames::new(Codec::Vp9, vp9::read_frame, limit) }
    }

    fn read(&mut self, timestamp: u32, payload: &[u8]) -> Result<(), BrokenPayload> {
        let descriptor = Descriptor::read(payload).ok_or(BrokenPayload("the VP9 descriptor is broken"))?;
        if descriptor.spatial_layer > 0 {
            return Ok(());
        }
        if descriptor.begins {
            if self.frames.is_open() {
                return Err(BrokenPayload("a frame without an end"));
            }
            self.frames.begin(timestamp);
        }
        self.frames.extend(timestamp, descriptor.rest)?;
        if descriptor.ends { self.frames.finish() } else { Ok(()) }
    }
}

impl Depacketise for Vp9Depacketiser {
    fn push(&mut self, timestamp: u32, _marker: bool, payload: &[u8]) -> Result<(), BrokenPayload> {
        self.read(timestamp, payload).inspect_err(|_| self.lost())
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

/// What we need of a payload descriptor (§4.2).
#[derive(Debug, PartialEq, Eq)]
struct Descriptor<'a> {
    begins: bool,
    ends: bool,
    spatial_layer: u8,
    rest: &'a [u8],
}

impl<'a> Descriptor<'a> {
    fn read(payload: &'a [u8]) -> Option<Self> {
        let (&first, mut rest) = payload.split_first()?;
        if first & PICTURE_ID != 0 {
            let is_long = rest.first()? & 0x80 != 0;
            rest = rest.get(1 + usize::from(is_long)..)?;
        }
        let mut spatial_layer = 0;
        if first & LAYERS != 0 {
            spatial_layer = rest.first()? >> 1 & 7;
            // TL0PICIDX stands only in non-flexible mode.
            rest = rest.get(if first & FLEXIBLE == 0 { 2 } else { 1 }..)?;
        }
        if first & FLEXIBLE != 0 && first & PREDICTED != 0 {
            // Up to three references, each saying whether another follows.
            for index in 0..3 {
                let (&reference, behind) = rest.split_first()?;
                rest = behind;
                if reference & 1 == 0 {
                    break;
                }
                if index == 2 {
                    return None;
                }
            }
        }
        if first & STRUCTURE != 0 {
            rest = skip_structure(rest)?;
        }
        Some(Self { begins: first & BEGIN != 0, ends: first & END != 0, spatial_layer, rest })
    }
}

/// The scalability structure (§4.2.1).
fn skip_structure(rest: &[u8]) -> Option<&[u8]> {
    let (&head, mut rest) = rest.split_first()?;
    let layers = usize::from(head >> 5) + 1;
    if head & HAS_SIZES != 0 {
        rest = rest.get(layers * 4..)?;
    }
    if head & HAS_GROUP != 0 {
        let (&pictures, behind) = rest.split_first()?;
        rest = behind;
        for _ in 0..pictures {
            let references = usize::from(rest.first()? >> 2 & 3);
            rest = rest.get(1 + references..)?;
        }
    }
    Some(rest)
}

const PICTURE_ID: u8 = 0x80;
const PREDICTED: u8 = 0x40;
const LAYERS: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const BEGIN: u8 = 0x08;
const END: u8 = 0x04;
const STRUCTURE: u8 = 0x02;
/// Z: not a reference for upper spatial layers, of which there are none.
const NOT_A_REFERENCE_ABOVE: u8 = 0x01;
/// Of the scalability structure.
const HAS_SIZES: u8 = 0x10;
const HAS_GROUP: u8 = 0x08;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_of_both_modes_are_taken_off() {
        let read = |payload: &'static [u8]| {
            Descriptor::read(payload).map(|found| (found.begins, found.ends, found.spatial_layer, found.rest))
        };
        for (payload, expected) in [
            (&[0x0C, 7][..], Some((true, true, 0, &[7][..]))),
            // Non-flexible with layers: picture number of 15 bits, layer indices, TL0PICIDX.
            (&[0xA8, 0x81, 0x02, 0x02, 0x05, 7], Some((true, false, 1, &[7]))),
            // Flexible and predicted from two frames.
            (&[0xF4, 0x01, 0x20, 0x03, 0x04, 7], Some((false, true, 0, &[7]))),
            // A structure of two layers with sizes and a group of two pictures.
            (&[0x0A, 0x38, 1, 64, 0, 180, 2, 128, 1, 104, 2, 0x04, 1, 0x48, 1, 2, 7], Some((true, false, 0, &[7]))),
            // Four references are one too many; everything may be cut off.
            (&[0x50, 0x03, 0x03, 0x03, 0x02, 7], None),
            (&[0x80, 0x81], None),
            (&[0x0A, 0x18, 0], None),
            (&[], None),
        ] {
            assert_eq!(read(payload), expected, "{payload:?}");
        }
    }
}
