//! The configuration record of VP8 and VP9: the content of a `vpcC` box ("VP Codec ISO Media File Format Binding"),
//! with its version and flags.
//!
//! The binding has a place for initialisation data, which neither codec uses and which must be empty in files. In a
//! [`TrackConfig`](super::TrackConfig) that we make it holds the size of the picture as two 16-bit numbers: a record
//! is all that readers get before the first picture, and packagers and transcoders must know the size by then.
//! [`plain_record`] takes it away for the outside.

use bytes::{BufMut, Bytes, BytesMut};

use super::info::{InvalidConfig, VideoTrack};

/// What the record of VP8 or VP9 says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VpxFormat {
    pub profile: u8,
    pub bit_depth: u8,
    /// 0: 4:2:0 with chroma beside luma, 1: 4:2:0 with chroma on luma, 2: 4:2:2, 3: 4:4:4.
    pub chroma_subsampling: u8,
    pub full_range: bool,
    /// ISO/IEC 23091-2; 2 where the stream does not say.
    pub matrix: u8,
    /// Luma samples; `None` when the record came from outside and does not say.
    pub size: Option<(u16, u16)>,
}

/// What the head of a frame tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// A decoder can start here.
    Key(VpxFormat),
    Inter,
}

impl VpxFormat {
    /// Eight bits, 4:2:0.
    pub const fn plain(profile: u8, size: (u16, u16)) -> Self {
        Self { profile, bit_depth: 8, chroma_subsampling: 1, full_range: false, matrix: UNSPECIFIED, size: Some(size) }
    }

    /// The record, with the size in it.
    pub fn record(&self) -> Bytes {
        let mut record = BytesMut::with_capacity(16);
        record.put_u32(VERSION_1);
        let range = u8::from(self.full_range);
        record.put_slice(&[self.profile, self.level(), self.bit_depth << 4 | self.chroma_subsampling << 1 | range]);
        record.put_slice(&[UNSPECIFIED, UNSPECIFIED, self.matrix]);
        match self.size {
            Some((width, height)) => {
                record.put_u16(4);
                record.put_u16(width);
                record.put_u16(height);
            }
            None => record.put_u16(0),
        }
        record.freeze()
    }

    /// The lowest level whose picture is large enough ("VP9 Bitstream & Decoding Process" annex A). Neither codec
    /// carries its level, and the rate of frames is not known here, so this is what 30 per second need.
    const fn level(&self) -> u8 {
        let Some((width, height)) = self.size else { return 10 };
        match width as u32 * height as u32 {
            0..=36_864 => 10,
            36_865..=73_728 => 11,
            73_729..=122_880 => 20,
            122_881..=245_760 => 21,
            245_761..=552_960 => 30,
            552_961..=983_040 => 31,
            983_041..=2_228_224 => 40,
            2_228_225..=8_912_896 => 50,
            _ => 60,
        }
    }
}

/// Reads a record into what is shown of a track; `entry` is its sample entry, `vp08` or `vp09`.
///
/// # Errors
/// [`InvalidConfig`] when it ends too early or names a format that does not exist.
pub(super) fn read_record(entry: &str, record: &[u8]) -> Result<VideoTrack, InvalidConfig> {
    let (format, level) = read_fields(record)?;
    let (width, height) = format.size.unwrap_or((0, 0));
    Ok(VideoTrack {
        codec: format!("{entry}.{:02}.{level:02}.{:02}", format.profile, format.bit_depth),
        width: u32::from(width),
        height: u32::from(height),
        sample_aspect: (1, 1),
        frame_rate: None,
    })
}

/// Reads a record, with or without the version in front: writers disagree about what "the content of the box" is.
///
/// # Errors
/// [`InvalidConfig`] when it ends too early or names a format that does not exist.
pub fn read_format(record: &[u8]) -> Result<VpxFormat, InvalidConfig> {
    read_fields(record).map(|(format, _)| format)
}

/// The record as files and other protocols carry it: with the version, without our size.
pub fn plain_record(record: &Bytes) -> Bytes {
    let Ok(mut format) = read_format(record) else { return record.clone() };
    if format.size.is_none() {
        return record.clone();
    }
    let sized = format.record();
    format.size = None;
    let mut plain = BytesMut::from(&format.record()[..]);
    // The level is that of the size.
    if let (Some(level), Some(&known)) = (plain.get_mut(5), sized.get(5)) {
        *level = known;
    }
    plain.freeze()
}

fn read_fields(record: &[u8]) -> Result<(VpxFormat, u8), InvalidConfig> {
    // Without the version a record that begins so would have a bit depth of 0.
    let body = record.strip_prefix(&VERSION_1.to_be_bytes()).unwrap_or(record);
    let (&[profile, level, depth, _primaries, _transfer, matrix], rest) =
        body.split_first_chunk().ok_or(InvalidConfig::Truncated)?;
    let bit_depth = depth >> 4;
    if profile > 3 || !matches!(bit_depth, 8 | 10 | 12) {
        return Err(InvalidConfig::Malformed("vpcC profile or bit depth does not exist"));
    }
    let size = match rest {
        &[0, 4, w0, w1, h0, h1] => Some((u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]))),
        _ => None,
    };
    let format = VpxFormat {
        profile,
        bit_depth,
        chroma_subsampling: depth >> 1 & 7,
        full_range: depth & 1 == 1,
        matrix,
        size: size.filter(|&(width, height)| width > 0 && height > 0),
    };
    Ok((format, level))
}

const VERSION_1: u32 = 1 << 24;
const UNSPECIFIED: u8 = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_and_sizes_are_those_of_the_binding() {
        let record = VpxFormat::plain(0, (1_920, 1_080)).record();
        let track = read_record("vp08", &record).unwrap();
        assert_eq!((track.codec.as_str(), track.width, track.height), ("vp08.00.40.08", 1_920, 1_080));
        let record = VpxFormat { bit_depth: 10, profile: 2, ..VpxFormat::plain(0, (640, 360)) }.record();
        assert_eq!(read_record("vp09", &record).unwrap().codec, "vp09.02.21.10");
    }

    #[test]
    fn the_size_stays_inside() {
        let record = VpxFormat::plain(0, (1_280, 720)).record();
        let plain = plain_record(&record);
        assert_eq!(plain[..], [1, 0, 0, 0, 0, 31, 0x82, 2, 2, 2, 0, 0]);
        assert_eq!(plain_record(&plain), plain);
        let track = read_record("vp09", &plain).unwrap();
        assert_eq!((track.codec.as_str(), track.width), ("vp09.00.31.08", 0));
    }

    #[test]
    fn records_without_the_version_are_read_too() {
        let track = read_record("vp09", &[0, 10, 0x82, 2, 2, 2, 0, 0]).unwrap();
        assert_eq!(track.codec, "vp09.00.10.08");
        assert_eq!(read_record("vp09", &[0, 10, 0x82]), Err(InvalidConfig::Truncated));
        assert!(read_record("vp09", &[0, 10, 0x12, 2, 2, 2, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = read_record("vp09", &bytes);
            let _ = plain_record(&bytes.into());
        }
    }
}
