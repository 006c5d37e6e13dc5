//! The head of a VP8 frame (RFC 6386 §9.1).

use super::info::{InvalidConfig, VideoTrack};
use super::vpx::{self, Frame, VpxFormat};

/// Reads a frame's head; `None` when it has none, or a key frame is not marked as one.
pub fn read_frame(frame: &[u8]) -> Option<Frame> {
    let &[tag, _, _] = frame.first_chunk::<3>()?;
    if tag & 1 == 1 {
        return Some(Frame::Inter);
    }
    let &[_, _, _, s0, s1, s2, w0, w1, h0, h1] = frame.first_chunk::<10>()?;
    if [s0, s1, s2] != START_CODE {
        return None;
    }
    // The two highest bits say how to scale when shown.
    let size = |low, high| u16::from_le_bytes([low, high]) & 0x3FFF;
    let (width, height) = (size(w0, w1), size(h0, h1));
    let version = tag >> 1 & 7;
    (width > 0 && height > 0 && version <= 3).then(|| Frame::Key(VpxFormat::plain(version, (width, height))))
}

/// Reads a configuration record.
///
/// # Errors
/// [`InvalidConfig`] when it ends too early or names a format that does not exist.
pub fn read_record(record: &[u8]) -> Result<VideoTrack, InvalidConfig> {
    vpx::read_record("vp08", record)
}

const START_CODE: [u8; 3] = [0x9D, 0x01, 0x2A];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_tell_their_size() {
        let frame = [0x50, 0x42, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x42, 0x68, 0x01, 0x00];
        assert_eq!(read_frame(&frame), Some(Frame::Key(VpxFormat::plain(0, (640, 360)))));
        assert_eq!(read_frame(&[0x51, 0x42, 0x00]), Some(Frame::Inter));
    }

    #[test]
    fn what_is_no_frame_is_none() {
        let frame = [0x50, 0x42, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01];
        for length in 0..frame.len() {
            assert_eq!(read_frame(&frame[..length]), None, "{length}");
        }
        let mut other = frame;
        other[3] = 0;
        assert_eq!(read_frame(&other), None);
    }
}
