//! AV1: open bitstream units in their low-overhead form ("AV1 Bitstream & Decoding Process Specification" §5.2), what
//! the sequence header says (§5.5), and the configuration record ("AV1 Codec ISO Media File Format Binding" §2.3).

use bytes::{BufMut, Bytes, BytesMut};

use super::bits::BitReader;
use super::info::{InvalidConfig, VideoTrack};

/// `obu_type` (§6.2.2), as far as we tell them apart.
pub mod obu_type {
    pub const SEQUENCE_HEADER: u8 = 1;
    pub const TEMPORAL_DELIMITER: u8 = 2;
    pub const FRAME_HEADER: u8 = 3;
    pub const FRAME: u8 = 6;
    pub const REDUNDANT_FRAME_HEADER: u8 = 7;
    pub const TILE_LIST: u8 = 8;
    pub const PADDING: u8 = 15;
}

/// The header of a unit, without its size field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObuHeader {
    first: u8,
    extension: Option<u8>,
}

impl ObuHeader {
    /// The header at the front of `bytes`, and how many bytes it takes; `None` when it is cut off or forbidden.
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let &first = bytes.first()?;
        if first & FORBIDDEN != 0 {
            return None;
        }
        if first & EXTENSION == 0 {
            return Some((Self { first, extension: None }, 1));
        }
        Some((Self { first, extension: Some(*bytes.get(1)?) }, 2))
    }

    pub const fn kind(self) -> u8 {
        self.first >> 3 & 0xF
    }

    pub const fn has_size(self) -> bool {
        self.first & HAS_SIZE != 0
    }

    /// 0 without an extension.
    pub fn spatial_layer(self) -> u8 {
        self.extension.map_or(0, |extension| extension >> 3 & 3)
    }

    /// Appends the header, saying that a size follows or that none does.
    pub fn write(self, has_size: bool, out: &mut impl BufMut) {
        out.put_u8(if has_size { self.first | HAS_SIZE } else { self.first & !HAS_SIZE });
        if let Some(extension) = self.extension {
            out.put_u8(extension);
        }
    }
}

/// One open bitstream unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obu {
    pub header: ObuHeader,
    pub payload: Bytes,
}

/// The units of a temporal unit, each with its size; the last may come without. Ends early where they are broken.
pub fn obus(data: &Bytes) -> impl Iterator<Item = Obu> + use<> {
    let mut rest = data.clone();
    std::iter::from_fn(move || {
        let (header, length) = ObuHeader::read(&rest)?;
        let mut body = rest.split_off(length);
        let payload = if header.has_size() {
            let (size, length) = read_leb128(&body)?;
            let mut payload = body.split_off(length);
            if size > payload.len() {
                rest = Bytes::new();
                return None;
            }
            body = payload.split_off(size);
            payload
        } else {
            std::mem::take(&mut body)
        };
        rest = body;
        Some(Obu { header, payload })
    })
}

/// `leb128()` (§4.10.5): the value, and how many bytes it takes; `None` when it is cut off or above 32 bits.
pub fn read_leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_u64;
    for (index, &byte) in bytes.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(u32::try_from(value).ok()?).ok()?, index + 1));
        }
    }
    None
}

/// Appends a value in its shortest form.
pub fn write_leb128(mut value: usize, out: &mut impl BufMut) {
    while value >= 0x80 {
        out.put_u8((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Whether a frame or frame header unit begins a key frame that is shown (§5.9.2). `reduced` is of the sequence.
pub fn begins_key_frame(payload: &[u8], reduced: bool) -> bool {
    // show_existing_frame, frame_type, show_frame.
    reduced || payload.first().is_some_and(|first| first & 0b1111_0000 == 0b0001_0000)
}

/// What a sequence header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    pub profile: u8,
    pub level: u8,
    pub tier: u8,
    /// `reduced_still_picture_header`: every frame is a key frame.
    pub reduced: bool,
    pub width: u32,
    pub height: u32,
    pub bit_depth: u8,
    pub monochrome: bool,
    pub subsampling: (bool, bool),
    pub chroma_position: u8,
    /// Frames per second as a fraction, when the stream says.
    pub frame_rate: Option<(u32, u32)>,
}

impl Sequence {
    /// Reads the payload of a sequence header; `None` when a field is missing or has no meaning.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let r = &mut BitReader::new(payload);
        let profile = u8::try_from(r.bits(3)?).ok().filter(|&profile| profile <= 2)?;
        r.bit()?; // still_picture
        let reduced = r.bit()?;
        let (level, tier, frame_rate) = if reduced { (r.bits(5)?, 0, None) } else { read_operating_points(r)? };
        let (width_bits, height_bits) = (r.bits(4)? + 1, r.bits(4)? + 1);
        let (width, height) = (r.bits(width_bits)? + 1, r.bits(height_bits)? + 1);
        skip_tools(r, reduced)?;
        let colour = read_colour(r, profile)?;
        Some(Self {
            profile,
            level: u8::try_from(level).ok()?,
            tier: u8::try_from(tier).ok()?,
            reduced,
            width,
            height,
            bit_depth: colour.bit_depth,
            monochrome: colour.monochrome,
            subsampling: colour.subsampling,
            chroma_position: colour.chroma_position,
            frame_rate,
        })
    }

    /// The configuration record, with the sequence header's payload in it.
    pub fn record(&self, payload: &[u8]) -> Bytes {
        let mut record = BytesMut::with_capacity(payload.len() + 8);
        let flag = |value: bool, shift: u32| u8::from(value) << shift;
        record.put_slice(&[
            0x81,
            self.profile << 5 | self.level & 0x1F,
            (self.tier & 1) << 7
                | flag(self.bit_depth > 8, 6)
                | flag(self.bit_depth == 12, 5)
                | flag(self.monochrome, 4)
                | flag(self.subsampling.0, 3)
                | flag(self.subsampling.1, 2)
                | self.chroma_position & 3,
            0,
        ]);
        record.put_u8(obu_type::SEQUENCE_HEADER << 3 | HAS_SIZE);
        write_leb128(payload.len(), &mut record);
        record.put_slice(payload);
        record.freeze()
    }
}

/// Reads a configuration record.
///
/// # Errors
/// [`InvalidConfig`] when it ends too early, has another version, or holds a sequence header that cannot be read.
pub fn read_record(record: &[u8]) -> Result<VideoTrack, InvalidConfig> {
    let (&[version, profile_level, format, _delay], _) = record.split_first_chunk().ok_or(InvalidConfig::Truncated)?;
    if version != 0x81 {
        return Err(InvalidConfig::Malformed("av1C version is not 1"));
    }
    let sequence = match sequence_header(&Bytes::copy_from_slice(record)) {
        Some(header) => {
            let sequence = Sequence::read(&header.payload);
            Some(sequence.ok_or(InvalidConfig::Malformed("the sequence header"))?)
        }
        None => None, // allowed: it comes with the first key frame then
    };
    let bit_depth = match (format & 0x40 != 0, format & 0x20 != 0) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    let tier = if format & 0x80 == 0 { 'M' } else { 'H' };
    Ok(VideoTrack {
        codec: format!("av01.{}.{:02}{tier}.{bit_depth:02}", profile_level >> 5, profile_level & 0x1F),
        width: sequence.map_or(0, |sequence| sequence.width),
        height: sequence.map_or(0, |sequence| sequence.height),
        sample_aspect: (1, 1),
        frame_rate: sequence.and_then(|sequence| sequence.frame_rate),
    })
}

/// The sequence header in a configuration record, if it has one.
pub fn sequence_header(record: &Bytes) -> Option<Obu> {
    if record.len() <= RECORD_HEAD_BYTES {
        return None;
    }
    obus(&record.slice(RECORD_HEAD_BYTES..)).find(|obu| obu.header.kind() == obu_type::SEQUENCE_HEADER)
}

type Points = (u32, u32, Option<(u32, u32)>);

/// Level and tier of the first operating point, which is the whole stream, and the rate of frames.
fn read_operating_points(r: &mut BitReader<'_>) -> Option<Points> {
    let mut frame_rate = None;
    let mut delay_bits = None;
    if r.bit()? {
        let (units, scale) = (r.bits(32)?, r.bits(32)?);
        if r.bit()? {
            let per_picture = r.exp_golomb()?.checked_add(1)?;
            frame_rate = units.checked_mul(per_picture).and_then(|units| plausible_rate(scale, units));
        }
        if r.bit()? {
            delay_bits = Some(r.bits(5)? + 1);
            r.skip(32 + 5 + 5)?;
        }
    }
    let has_display_delay = r.bit()?;
    let mut first = None;
    for _ in 0..=r.bits(5)? {
        r.skip(12)?; // operating_point_idc
        let level = r.bits(5)?;
        let tier = if level > 7 { r.bits(1)? } else { 0 };
        if let Some(bits) = delay_bits
            && r.bit()?
        {
            r.skip(bits * 2 + 1)?;
        }
        if has_display_delay && r.bit()? {
            r.skip(4)?;
        }
        first.get_or_insert((level, tier));
    }
    first.map(|(level, tier)| (level, tier, frame_rate))
}

fn plausible_rate(scale: u32, units: u32) -> Option<(u32, u32)> {
    (units > 0 && scale >= units && scale / units <= 300).then_some((scale, units))
}

/// Everything between the size and the colours.
fn skip_tools(r: &mut BitReader<'_>, reduced: bool) -> Option<()> {
    if !reduced && r.bit()? {
        r.skip(4 + 3)?; // lengths of frame ids
    }
    r.skip(3)?; // superblocks, intra tools
    if !reduced {
        r.skip(4)?; // compound and warped prediction, dual filter
        let has_order_hint = r.bit()?;
        if has_order_hint {
            r.skip(2)?;
        }
        let may_be_screen = r.bit()? || r.bit()?;
        if may_be_screen && !r.bit()? {
            r.bit()?; // seq_force_integer_mv
        }
        if has_order_hint {
            r.skip(3)?;
        }
    }
    r.skip(3) // superres, cdef, restoration
}

struct Colour {
    bit_depth: u8,
    monochrome: bool,
    subsampling: (bool, bool),
    chroma_position: u8,
}

/// `color_config()`, §5.5.2.
fn read_colour(r: &mut BitReader<'_>, profile: u8) -> Option<Colour> {
    let high = r.bit()?;
    let bit_depth = match (profile, high) {
        (2, true) => {
            if r.bit()? {
                12
            } else {
                10
            }
        }
        (_, true) => 10,
        (_, false) => 8,
    };
    let monochrome = profile != 1 && r.bit()?;
    let description = if r.bit()? { (r.bits(8)?, r.bits(8)?, r.bits(8)?) } else { (2, 2, 2) };
    let mut colour = Colour { bit_depth, monochrome, subsampling: (true, true), chroma_position: 0 };
    if monochrome {
        r.bit()?; // color_range
        return Some(colour);
    }
    if description == SRGB {
        colour.subsampling = (false, false);
        return Some(colour);
    }
    r.bit()?; // color_range
    colour.subsampling = match profile {
        0 => (true, true),
        1 => (false, false),
        _ if bit_depth == 12 => {
            let x = r.bit()?;
            (x, x && r.bit()?)
        }
        _ => (true, false),
    };
    if colour.subsampling == (true, true) {
        colour.chroma_position = u8::try_from(r.bits(2)?).ok()?;
    }
    Some(colour)
}

const FORBIDDEN: u8 = 0x80;
const EXTENSION: u8 = 0x04;
const HAS_SIZE: u8 = 0x02;
const RECORD_HEAD_BYTES: usize = 4;
/// BT.709 primaries, sRGB transfer, identity matrix.
const SRGB: (u32, u32, u32) = (1, 13, 0);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// libaom, 128×96, Main, level 2.0.
    const SEQUENCE: &[u8] = &[0x00, 0x00, 0x00, 0x03, 0x37, 0xFB, 0xE6, 0xD7, 0xC8, 0x02];

    #[test]
    fn a_sequence_header_becomes_a_record_and_a_name() {
        let sequence = Sequence::read(SEQUENCE).unwrap();
        assert_eq!((sequence.width, sequence.height, sequence.bit_depth), (128, 96, 8));
        let record = sequence.record(SEQUENCE);
        let track = read_record(&record).unwrap();
        assert_eq!(track.codec, "av01.0.00M.08");
        assert_eq!((track.width, track.height), (128, 96));
        assert_eq!(sequence_header(&record).unwrap().payload, SEQUENCE);
    }

    #[test]
    fn units_are_taken_apart() {
        let data = Bytes::from_static(&[0x12, 0x00, 0x0A, 0x02, 1, 2, 0x36, 0x08, 0x01, 9, 0x30, 7, 7]);
        let units: Vec<_> = obus(&data).collect();
        let kinds: Vec<_> = units.iter().map(|obu| (obu.header.kind(), &obu.payload[..])).collect();
        assert_eq!(kinds, [(2, &[][..]), (1, &[1, 2]), (6, &[9]), (6, &[7, 7])]);
        assert_eq!(units[2].header.spatial_layer(), 1);
        // A size beyond the end, a forbidden bit, a header cut off.
        for broken in [&[0x12, 5, 1][..], &[0x92, 0], &[0x16], &[]] {
            assert_eq!(obus(&Bytes::copy_from_slice(broken)).count(), 0);
        }
    }

    #[test]
    fn leb128_is_read_as_written() {
        for value in [0, 1, 127, 128, 300, 16_383, 16_384, 1 << 20, u32::MAX as usize] {
            let mut bytes = Vec::new();
            write_leb128(value, &mut bytes);
            assert_eq!(read_leb128(&bytes), Some((value, bytes.len())));
            assert_eq!(read_leb128(&bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(read_leb128(&[0xFF; 9]), None);
        assert_eq!(read_leb128(&[0x85, 0x80, 0x00]), Some((5, 3)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Sequence::read(&bytes);
            let _ = read_record(&[&[0x81, 0, 0, 0, 0x0A], &bytes[..]].concat());
            let data = Bytes::from(bytes);
            let total: usize = obus(&data).map(|obu| obu.payload.len()).sum();
            prop_assert!(total <= data.len());
            prop_assert!(obus(&data).count() <= data.len());
        }
    }
}
