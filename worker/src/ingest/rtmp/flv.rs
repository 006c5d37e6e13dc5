//! The bodies of RTMP audio and video messages, which are FLV tag bodies (Adobe's "Video File Format Specification"
//! 10.1, annex E; Veovera's "Enhanced RTMP" v2), as tracks and access units.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::media::{AccessUnit, Codec, MediaTime, TrackConfig, TrackKind};

/// What one message held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    Config(TrackConfig),
    Unit(AccessUnit),
    /// Nothing that a player needs: an end of sequence, a seek marker, HDR metadata, an empty tag, a frame before its
    /// configuration.
    Nothing,
    /// Something legal that we do not carry.
    Skipped(&'static str),
}

/// Why a message ends the publisher's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    #[error("a media message ends too early")]
    Truncated,
    #[error("the NAL unit lengths of a picture do not add up")]
    NalLengths,
    #[error("a decoder configuration is malformed")]
    Configuration,
    /// Names a codec that this server does not take in.
    #[error("the codec {0} is not supported")]
    UnsupportedCodec(&'static str),
    /// A FourCC that this server does not take in.
    #[error("the codec {} is not supported", FourCc(*.0))]
    UnsupportedFourCc([u8; 4]),
}

/// Reads the media messages of one publisher. It knows the NAL unit length size of the current video configuration,
/// and unwraps the 32-bit milliseconds of RTMP, which start again after 49 days.
#[derive(Debug, Default)]
pub struct TagReader {
    nal_length: Option<NalLength>,
    clock: Clock,
}

impl TagReader {
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads one video message.
    ///
    /// # Errors
    /// [`TagError`] when the message is malformed or of a codec that is not taken in.
    pub fn video(&mut self, timestamp: u32, mut body: Bytes) -> Result<Tag, TagError> {
        let dts = self.clock.at(timestamp);
        let Some(first) = take_u8(&mut body) else { return Ok(Tag::Nothing) };
        if first & EX_VIDEO_HEADER != 0 {
            return self.enhanced_video(dts, first, body);
        }
        let key = first >> 4 == frame_type::KEY;
        if first >> 4 == frame_type::COMMAND {
            return Ok(Tag::Nothing);
        }
        match first & 0x0F {
            7 => {}
            2 => return Err(TagError::UnsupportedCodec("Sorenson H.263")),
            3 | 6 => return Err(TagError::UnsupportedCodec("Screen Video")),
            4 | 5 => return Err(TagError::UnsupportedCodec("On2 VP6")),
            _ => return Err(TagError::UnsupportedCodec("of this video tag")),
        }
        let packet = take_u8(&mut body).ok_or(TagError::Truncated)?;
        let composition = take_composition_time(&mut body)?;
        match packet {
            0 => self.video_config(Codec::H264, body),
            1 => self.picture(Codec::H264, dts, composition, key, body),
            _ => Ok(Tag::Nothing),
        }
    }

    /// Reads one audio message.
    ///
    /// # Errors
    /// [`TagError`] when the message is malformed or of a codec that is not taken in.
    pub fn audio(&mut self, timestamp: u32, mut body: Bytes) -> Result<Tag, TagError> {
        let time = self.clock.at(timestamp);
        let Some(first) = take_u8(&mut body) else { return Ok(Tag::Nothing) };
        match first >> 4 {
            10 => {}
            9 => return enhanced_audio(time, first & 0x0F, body),
            0 | 3 => return Err(TagError::UnsupportedCodec("linear PCM")),
            1 => return Err(TagError::UnsupportedCodec("ADPCM")),
            2 | 14 => return Err(TagError::UnsupportedCodec("MP3")),
            4..=6 => return Err(TagError::UnsupportedCodec("Nellymoser")),
            7 | 8 => return Err(TagError::UnsupportedCodec("G.711")),
            11 => return Err(TagError::UnsupportedCodec("Speex")),
            _ => return Err(TagError::UnsupportedCodec("of this audio tag")),
        }
        match take_u8(&mut body).ok_or(TagError::Truncated)? {
            0 => audio_config(Codec::Aac, body),
            1 => Ok(frame(time, body)),
            _ => Ok(Tag::Nothing),
        }
    }

    fn enhanced_video(&mut self, dts: MediaTime, first: u8, mut body: Bytes) -> Result<Tag, TagError> {
        let frame_type = (first >> 4) & 0x07;
        let packet = skip_modifiers(first & 0x0F, &mut body)?;
        if packet == video_packet::MULTITRACK {
            return Ok(Tag::Skipped("multitrack video"));
        }
        if frame_type == frame_type::COMMAND && packet != video_packet::METADATA {
            return Ok(Tag::Nothing);
        }
        let four_cc = take_four_cc(&mut body)?;
        let codec = match &four_cc {
            b"avc1" => Codec::H264,
            b"hvc1" => Codec::Hevc,
            b"av01" => Codec::Av1,
            b"vp08" => Codec::Vp8,
            b"vp09" => Codec::Vp9,
            _ => return Err(TagError::UnsupportedFourCc(four_cc)),
        };
        let key = frame_type == frame_type::KEY;
        match packet {
            video_packet::SEQUENCE_START => self.video_config(codec, body),
            video_packet::CODED_FRAMES => {
                let composition = match codec {
                    Codec::H264 | Codec::Hevc => take_composition_time(&mut body)?,
                    _ => MediaTime::ZERO,
                };
                self.picture(codec, dts, composition, key, body)
            }
            video_packet::CODED_FRAMES_X => self.picture(codec, dts, MediaTime::ZERO, key, body),
            video_packet::MPEG2_TS_SEQUENCE_START => Ok(Tag::Skipped("a configuration in MPEG-2 TS form")),
            _ => Ok(Tag::Nothing),
        }
    }

    fn video_config(&mut self, codec: Codec, record: Bytes) -> Result<Tag, TagError> {
        if record.is_empty() {
            return Ok(Tag::Nothing);
        }
        let (minimum, length_size_at) = match codec {
            Codec::H264 => (7, Some(4)),
            Codec::Hevc => (23, Some(21)),
            Codec::Av1 => (4, None),
            _ => (8, None),
        };
        if record.len() < minimum || record.len() > MAX_RECORD_BYTES {
            return Err(TagError::Configuration);
        }
        let Some(at) = length_size_at else { return Ok(Tag::Config(TrackConfig { codec, record })) };
        let length = NalLength::from_record(record.get(at).copied().unwrap_or_default())?;
        self.nal_length = Some(length);
        // Access units always have lengths of four bytes, and the record must say so.
        let record = match length {
            NalLength::Four => record,
            _ => {
                let mut changed = BytesMut::from(&record[..]);
                if let Some(byte) = changed.get_mut(at) {
                    *byte |= 0x03;
                }
                changed.freeze()
            }
        };
        Ok(Tag::Config(TrackConfig { codec, record }))
    }

    fn picture(
        &self,
        codec: Codec,
        dts: MediaTime,
        composition: MediaTime,
        key: bool,
        body: Bytes,
    ) -> Result<Tag, TagError> {
        if body.is_empty() {
            return Ok(Tag::Nothing);
        }
        let data = match codec {
            Codec::H264 | Codec::Hevc => match self.nal_length {
                Some(length) => length.four_byte_form(body)?,
                None => None,
            },
            _ => Some(body),
        };
        let Some(data) = data else { return Ok(Tag::Nothing) };
        Ok(Tag::Unit(AccessUnit { kind: TrackKind::Video, pts: dts.plus(composition), dts, key, data }))
    }
}

fn enhanced_audio(time: MediaTime, packet: u8, mut body: Bytes) -> Result<Tag, TagError> {
    let packet = skip_modifiers(packet, &mut body)?;
    if packet == audio_packet::MULTITRACK {
        return Ok(Tag::Skipped("multitrack audio"));
    }
    let four_cc = take_four_cc(&mut body)?;
    let codec = match &four_cc {
        b"mp4a" => Codec::Aac,
        b"Opus" => Codec::Opus,
        _ => return Err(TagError::UnsupportedFourCc(four_cc)),
    };
    match packet {
        audio_packet::SEQUENCE_START if codec == Codec::Opus => opus_config(&body),
        audio_packet::SEQUENCE_START => audio_config(codec, body),
        audio_packet::CODED_FRAMES => Ok(frame(time, body)),
        _ => Ok(Tag::Nothing),
    }
}

fn audio_config(codec: Codec, record: Bytes) -> Result<Tag, TagError> {
    match record.len() {
        0 => Ok(Tag::Nothing),
        2..=MAX_RECORD_BYTES => Ok(Tag::Config(TrackConfig { codec, record })),
        _ => Err(TagError::Configuration),
    }
}

/// Turns an Opus identification header (RFC 7845 §5.1, little-endian) into the content of a `dOps` box
/// ("Encapsulation of Opus in ISO Base Media File Format" §4.3.2, big-endian).
fn opus_config(header: &Bytes) -> Result<Tag, TagError> {
    let mut rest = header.strip_prefix(b"OpusHead").ok_or(TagError::Configuration)?;
    if rest.len() < 11 || header.len() > MAX_RECORD_BYTES {
        return Err(TagError::Configuration);
    }
    let (_version, channels) = (rest.get_u8(), rest.get_u8());
    let mut record = BytesMut::with_capacity(header.len());
    record.put_slice(&[0, channels]);
    record.put_u16(rest.get_u16_le());
    record.put_u32(rest.get_u32_le());
    record.put_i16(rest.get_i16_le());
    record.put_slice(rest);
    Ok(Tag::Config(TrackConfig { codec: Codec::Opus, record: record.freeze() }))
}

fn frame(time: MediaTime, data: Bytes) -> Tag {
    if data.is_empty() {
        return Tag::Nothing;
    }
    Tag::Unit(AccessUnit { kind: TrackKind::Audio, pts: time, dts: time, key: true, data })
}

/// How many bytes stand before each NAL unit (ISO/IEC 14496-15 §5.3.3.1.2, `lengthSizeMinusOne`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NalLength {
    One,
    Two,
    Four,
}

impl NalLength {
    fn from_record(byte: u8) -> Result<Self, TagError> {
        match byte & 0x03 {
            0 => Ok(Self::One),
            1 => Ok(Self::Two),
            3 => Ok(Self::Four),
            _ => Err(TagError::Configuration),
        }
    }

    /// Checks the lengths of a picture, and writes it anew if they have fewer than four bytes or units are empty.
    /// `None` when nothing but empty units is there.
    fn four_byte_form(self, picture: Bytes) -> Result<Option<Bytes>, TagError> {
        let (mut units, mut empty) = (0, 0);
        for unit in self.units(&picture) {
            match unit?.len() {
                0 => empty += 1,
                _ => units += 1,
            }
        }
        if units == 0 {
            return Ok(None);
        }
        if self == Self::Four && empty == 0 {
            return Ok(Some(picture));
        }
        let mut rewritten = BytesMut::with_capacity(picture.len() + 3 * units);
        for unit in self.units(&picture).flatten().filter(|unit| !unit.is_empty()) {
            rewritten.put_u32(u32::try_from(unit.len()).map_err(|_| TagError::NalLengths)?);
            rewritten.put_slice(unit);
        }
        Ok(Some(rewritten.freeze()))
    }

    /// The NAL units of a picture; an error, and then nothing, where a length reaches beyond its end.
    fn units(self, picture: &[u8]) -> impl Iterator<Item = Result<&[u8], TagError>> {
        let mut rest = picture;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let length = match self {
                Self::One => rest.try_get_u8().map(u32::from),
                Self::Two => rest.try_get_u16().map(u32::from),
                Self::Four => rest.try_get_u32(),
            };
            let length = length.ok().and_then(|length| usize::try_from(length).ok());
            let Some((unit, behind)) = length.and_then(|length| rest.split_at_checked(length)) else {
                rest = &[];
                return Some(Err(TagError::NalLengths));
            };
            rest = behind;
            Some(Ok(unit))
        })
    }
}

/// RTMP's milliseconds as one growing time. Audio and video of a publisher share it: a timestamp is taken for the one
/// nearest to its predecessor.
#[derive(Debug, Default)]
struct Clock {
    last: Option<(u32, i64)>,
}

impl Clock {
    fn at(&mut self, timestamp: u32) -> MediaTime {
        let millis = match self.last {
            None => i64::from(timestamp),
            Some((last, millis)) => {
                let step = i32::from_be_bytes(timestamp.wrapping_sub(last).to_be_bytes());
                millis.saturating_add(i64::from(step))
            }
        };
        self.last = Some((timestamp, millis));
        MediaTime::from_millis(millis)
    }
}

/// Skips what Enhanced RTMP v2 may put before a packet ("ModEx") and yields the packet type behind it.
fn skip_modifiers(mut packet: u8, body: &mut Bytes) -> Result<u8, TagError> {
    while packet == MODIFIER {
        let mut size = usize::from(take_u8(body).ok_or(TagError::Truncated)?) + 1;
        if size == 256 {
            size = usize::from(body.try_get_u16().map_err(|_| TagError::Truncated)?) + 1;
        }
        if body.len() < size {
            return Err(TagError::Truncated);
        }
        body.advance(size);
        packet = take_u8(body).ok_or(TagError::Truncated)? & 0x0F;
    }
    Ok(packet)
}

fn take_u8(body: &mut Bytes) -> Option<u8> {
    body.try_get_u8().ok()
}

fn take_four_cc(body: &mut Bytes) -> Result<[u8; 4], TagError> {
    let four_cc = *body.first_chunk().ok_or(TagError::Truncated)?;
    body.advance(4);
    Ok(four_cc)
}

/// The signed 24-bit offset from decoding to presentation time, milliseconds.
fn take_composition_time(body: &mut Bytes) -> Result<MediaTime, TagError> {
    let [high, middle, low] = *body.first_chunk().ok_or(TagError::Truncated)?;
    body.advance(3);
    // Shifting down again copies the sign.
    Ok(MediaTime::from_millis(i64::from(i32::from_be_bytes([high, middle, low, 0]) >> 8)))
}

/// A FourCC as people read it, without control characters.
struct FourCc([u8; 4]);

impl std::fmt::Display for FourCc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", byte.escape_ascii()))
    }
}

/// Set in the first byte of an enhanced video tag.
const EX_VIDEO_HEADER: u8 = 0x80;

/// The packet type that modifies the following one; the same for audio and video.
const MODIFIER: u8 = 7;

/// Longest decoder configuration. Real ones are below a kilobyte.
const MAX_RECORD_BYTES: usize = 65_536;

mod frame_type {
    pub const KEY: u8 = 1;
    pub const COMMAND: u8 = 5;
}

mod video_packet {
    pub const SEQUENCE_START: u8 = 0;
    pub const CODED_FRAMES: u8 = 1;
    pub const CODED_FRAMES_X: u8 = 3;
    pub const METADATA: u8 = 4;
    pub const MPEG2_TS_SEQUENCE_START: u8 = 5;
    pub const MULTITRACK: u8 = 6;
}

mod audio_packet {
    pub const SEQUENCE_START: u8 = 0;
    pub const CODED_FRAMES: u8 = 1;
    pub const MULTITRACK: u8 = 5;
}

#[cfg(test)]
mod tests;
