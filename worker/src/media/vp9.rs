//! The uncompressed header of a VP9 frame ("VP9 Bitstream & Decoding Process" §6.2), as far as it tells key frames,
//! their size and their format.

use super::bits::BitReader;
use super::info::{InvalidConfig, VideoTrack};
use super::vpx::{self, Frame, VpxFormat};

/// Reads a frame's head (of a superframe, its first frame's); `None` when it is not one.
pub fn read_frame(frame: &[u8]) -> Option<Frame> {
    let mut r = BitReader::new(frame);
    if r.bits(2)? != FRAME_MARKER {
        return None;
    }
    let (low, high) = (r.bits(1)?, r.bits(1)?);
    let profile = u8::try_from(high << 1 | low).ok()?;
    if profile == 3 && r.bit()? {
        return None; // a profile that does not exist yet
    }
    if r.bit()? {
        return Some(Frame::Inter); // show_existing_frame
    }
    let is_inter = r.bit()?;
    r.skip(2)?; // show_frame, error_resilient_mode
    if is_inter {
        return Some(Frame::Inter);
    }
    if r.bits(24)? != SYNC_CODE {
        return None;
    }
    let format = read_colour(&mut r, profile)?;
    let width = u16::try_from(r.bits(16)? + 1).ok()?;
    let height = u16::try_from(r.bits(16)? + 1).ok()?;
    Some(Frame::Key(VpxFormat { size: Some((width, height)), ..format }))
}

/// `color_config()`, §6.2.2.
fn read_colour(r: &mut BitReader<'_>, profile: u8) -> Option<VpxFormat> {
    let bit_depth = match profile {
        0 | 1 => 8,
        _ if r.bit()? => 12,
        _ => 10,
    };
    let space = r.bits(3)?;
    let mut format = VpxFormat { bit_depth, ..VpxFormat::plain(profile, (0, 0)) };
    if space == RGB {
        if profile & 1 == 0 {
            return None;
        }
        r.bit()?; // reserved_zero
        return Some(VpxFormat { full_range: true, chroma_subsampling: 3, matrix: 0, ..format });
    }
    format.full_range = r.bit()?;
    format.matrix = match space {
        1 => 6, // BT.601
        2 => 1, // BT.709
        3 => 6, // SMPTE 170
        4 => 7, // SMPTE 240
        5 => 9, // BT.2020
        _ => format.matrix,
    };
    if profile & 1 == 1 {
        let (x, y) = (r.bit()?, r.bit()?);
        r.bit()?; // reserved_zero
        format.chroma_subsampling = match (x, y) {
            (true, true) => return None, // belongs to the even profiles
            (true, false) => 2,
            // 4:4:0 has no number of its own in the record.
            (false, _) => 3,
        };
    }
    Some(format)
}

/// Reads a configuration record.
///
/// # Errors
/// [`InvalidConfig`] when it ends too early or names a format that does not exist.
pub fn read_record(record: &[u8]) -> Result<VideoTrack, InvalidConfig> {
    vpx::read_record("vp09", record)
}

const FRAME_MARKER: u32 = 2;
const SYNC_CODE: u32 = 0x49_83_42;
const RGB: u32 = 7;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// libvpx, 320×180, profile 0.
    const KEY: &[u8] = &[0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xF0, 0x0B, 0x36];

    #[test]
    fn key_frames_tell_format_and_size() {
        assert_eq!(read_frame(KEY), Some(Frame::Key(VpxFormat::plain(0, (320, 180)))));
        assert_eq!(read_frame(&[0x86, 0x00, 0x40]), Some(Frame::Inter));
        assert_eq!(read_frame(&[0x88]), Some(Frame::Inter));
    }

    #[test]
    fn what_is_no_frame_is_none() {
        for length in 0..KEY.len() - 1 {
            assert_eq!(read_frame(&KEY[..length]), None, "{length}");
        }
        assert_eq!(read_frame(&[0x42, 0x49, 0x83, 0x42, 0, 0, 0, 0, 0]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = read_frame(&bytes);
            let _ = read_frame(&[&[0x82, 0x49, 0x83, 0x42], &bytes[..]].concat());
        }
    }
}
