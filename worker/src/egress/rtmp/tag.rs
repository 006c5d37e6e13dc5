//! Access units and decoder configurations as bodies of RTMP audio and video messages, which are FLV tag bodies
//! (Adobe's "Video File Format Specification" 10.1, annex E; Veovera's "Enhanced RTMP" v2).
//!
//! The body of a message is a [`Prefix`] and the unit's own bytes. H.264 and AAC go out in the form that every player
//! knows, however they came in; the other codecs exist in the enhanced form only.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::media::{AccessUnit, Codec, TrackConfig, vpx};

/// What stands before a unit's bytes in its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    bytes: [u8; MAX_PREFIX_BYTES],
    len: usize,
}

/// The longest: an enhanced video header with a composition time.
pub(super) const MAX_PREFIX_BYTES: usize = 8;

impl Prefix {
    fn of(parts: &[&[u8]]) -> Self {
        let mut prefix = Self { bytes: [0; MAX_PREFIX_BYTES], len: 0 };
        for byte in parts.iter().copied().flatten() {
            if let Some(place) = prefix.bytes.get_mut(prefix.len) {
                *place = *byte;
                prefix.len += 1;
            }
        }
        prefix
    }

    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The sequence header of a track.
pub(super) fn config(config: &TrackConfig) -> (Prefix, Bytes) {
    let record = config.record.clone();
    match config.codec {
        Codec::H264 => (Prefix::of(&[&[KEY << 4 | AVC, 0, 0, 0, 0]]), record),
        Codec::Hevc | Codec::Av1 => {
            (Prefix::of(&[&[EX_VIDEO | KEY << 4 | SEQUENCE_START], &four_cc(config.codec)]), record)
        }
        Codec::Vp8 | Codec::Vp9 => {
            (Prefix::of(&[&[EX_VIDEO | KEY << 4 | SEQUENCE_START], &four_cc(config.codec)]), vpx::plain_record(&record))
        }
        Codec::Aac => (Prefix::of(&[&[AAC, 0]]), record),
        Codec::Opus => (Prefix::of(&[&[EX_AUDIO | SEQUENCE_START], &four_cc(config.codec)]), opus_header(&record)),
    }
}

/// What stands before `unit`, which is coded as `codec`.
pub(super) fn unit(codec: Codec, unit: &AccessUnit) -> Prefix {
    let frame = if unit.key { KEY } else { INTER };
    let composition_ms = unit.pts.minus(unit.dts).as_millis().clamp(-0x80_0000, 0x7F_FFFF);
    let [.., high, middle, low] = composition_ms.to_be_bytes();
    match codec {
        Codec::H264 => Prefix::of(&[&[frame << 4 | AVC, 1, high, middle, low]]),
        Codec::Hevc if composition_ms == 0 => Prefix::of(&[&[EX_VIDEO | frame << 4 | CODED_FRAMES_X], &four_cc(codec)]),
        Codec::Hevc => Prefix::of(&[&[EX_VIDEO | frame << 4 | CODED_FRAMES], &four_cc(codec), &[high, middle, low]]),
        Codec::Av1 | Codec::Vp8 | Codec::Vp9 => Prefix::of(&[&[EX_VIDEO | frame << 4 | CODED_FRAMES], &four_cc(codec)]),
        Codec::Aac => Prefix::of(&[&[AAC, 1]]),
        Codec::Opus => Prefix::of(&[&[EX_AUDIO | CODED_FRAMES], &four_cc(codec)]),
    }
}

/// The codec as `onMetaData` names it: a number of FLV, or the FourCC read as a number.
pub(super) fn codec_id(codec: Codec) -> f64 {
    match codec {
        Codec::H264 => f64::from(AVC),
        Codec::Aac => f64::from(AAC >> 4),
        other => f64::from(u32::from_be_bytes(four_cc(other))),
    }
}

/// The codecs that exist in the enhanced form only: players say whether they take them.
pub(super) const ENHANCED: &[Codec] = &[Codec::Hevc, Codec::Av1, Codec::Vp8, Codec::Vp9, Codec::Opus];

pub(super) const fn four_cc(codec: Codec) -> [u8; 4] {
    match codec {
        Codec::H264 => *b"avc1",
        Codec::Hevc => *b"hvc1",
        Codec::Av1 => *b"av01",
        Codec::Vp8 => *b"vp08",
        Codec::Vp9 => *b"vp09",
        Codec::Aac => *b"mp4a",
        Codec::Opus => *b"Opus",
    }
}

/// An Opus identification header (RFC 7845 §5.1, little-endian) from the content of a `dOps` box ("Encapsulation of
/// Opus in ISO Base Media File Format" §4.3.2, big-endian).
fn opus_header(record: &Bytes) -> Bytes {
    let mut rest = &record[..];
    if rest.len() < 10 {
        return record.clone();
    }
    let mut header = BytesMut::with_capacity(record.len() + 8);
    let (_version, channels) = (rest.get_u8(), rest.get_u8());
    header.put_slice(b"OpusHead");
    header.put_slice(&[1, channels]);
    header.put_u16_le(rest.get_u16());
    header.put_u32_le(rest.get_u32());
    header.put_slice(&{ rest.get_i16().to_le_bytes() });
    header.put_slice(rest);
    header.freeze()
}

/// Frame types, in the high half of a video tag's first byte.
const KEY: u8 = 1;
const INTER: u8 = 2;
/// The codec in its low half.
const AVC: u8 = 7;
/// AAC; rate, size and channels behind it are the same for all AAC and mean nothing.
const AAC: u8 = 0xAF;

const EX_VIDEO: u8 = 0x80;
const EX_AUDIO: u8 = 0x90;
/// Packet types of the enhanced form.
const SEQUENCE_START: u8 = 0;
const CODED_FRAMES: u8 = 1;
const CODED_FRAMES_X: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::rtmp::flv::{Tag, TagReader};
    use crate::media::MediaTime;

    fn joined(prefix: Prefix, body: &Bytes) -> Bytes {
        [prefix.as_slice(), body].concat().into()
    }

    fn record(codec: Codec) -> Bytes {
        let bytes: &[u8] = match codec {
            Codec::H264 => &[1, 0x42, 0xC0, 0x0A, 0xFF, 0xE1, 0, 0],
            Codec::Hevc => &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0],
            Codec::Av1 => &[0x81, 0, 0, 0],
            Codec::Vp8 | Codec::Vp9 => &[1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0],
            Codec::Aac => &[0x11, 0x90],
            Codec::Opus => &[0, 2, 0x01, 0x38, 0, 0, 0xBB, 0x80, 0, 0, 0],
        };
        Bytes::from_static(bytes)
    }

    #[test]
    fn what_goes_out_reads_as_what_came_in() {
        for codec in [Codec::H264, Codec::Hevc, Codec::Av1, Codec::Vp8, Codec::Vp9, Codec::Aac, Codec::Opus] {
            let mut reader = TagReader::new();
            let mut read = |timestamp, body| match codec {
                Codec::Aac | Codec::Opus => reader.audio(timestamp, body),
                _ => reader.video(timestamp, body),
            };
            let track = TrackConfig { codec, record: record(codec) };
            let (prefix, body) = config(&track);
            assert_eq!(read(0, joined(prefix, &body)), Ok(Tag::Config(track)), "{codec:?}");
            for (composition, key) in [(0, true), (80, false), (-40, false)] {
                // Other codecs than these show pictures in the order they decode.
                let composition = if matches!(codec, Codec::H264 | Codec::Hevc) { composition } else { 0 };
                let dts = MediaTime::from_millis(1_000);
                let frame = AccessUnit {
                    kind: codec.kind(),
                    pts: dts.plus(MediaTime::from_millis(composition)),
                    dts,
                    key: key || matches!(codec, Codec::Aac | Codec::Opus),
                    data: Bytes::from_static(&[0, 0, 0, 2, 0x65, 0x88]),
                };
                let body = joined(unit(codec, &frame), &frame.data);
                assert_eq!(read(1_000, body), Ok(Tag::Unit(frame)), "{codec:?}");
            }
        }
    }
}
