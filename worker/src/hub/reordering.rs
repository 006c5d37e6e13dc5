//! Whether a broadcast's pictures are shown in another order than they are decoded in (B-frames), which players over
//! WebRTC cannot take.

use crate::media::{AccessUnit, Codec, TrackConfig, TrackKind, h264};

/// What is known of one configuration's pictures.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reordering {
    /// The stream says that it may happen.
    is_announced: bool,
    /// It happened.
    is_seen: bool,
    pictures: u32,
}

impl Reordering {
    pub(super) fn begin(config: &TrackConfig) -> Self {
        let is_announced = config.codec == Codec::H264 && h264::announces_reordering(&config.record);
        Self { is_announced, ..Self::default() }
    }

    pub(super) fn note(&mut self, unit: &AccessUnit) {
        if unit.kind == TrackKind::Video {
            self.is_seen |= unit.pts != unit.dts;
            self.pictures = self.pictures.saturating_add(1);
        }
    }

    /// What was seen counts; what the stream says of itself does until enough was seen.
    pub(super) const fn is_in_use(&self) -> bool {
        self.is_seen || (self.is_announced && self.pictures < CONVINCING_PICTURES)
    }
}

/// No group of reordered pictures is longer (H.264 holds 16 pictures at most). Hardware encoders announce what they do
/// not do.
const CONVINCING_PICTURES: u32 = 32;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::media::MediaTime;

    fn picture(pts: i64, dts: i64) -> AccessUnit {
        let (pts, dts) = (MediaTime::from_millis(pts), MediaTime::from_millis(dts));
        AccessUnit { kind: TrackKind::Video, pts, dts, key: false, data: Bytes::new() }
    }

    #[test]
    fn what_is_seen_outweighs_what_is_announced() {
        let mut pictures = Reordering { is_announced: true, ..Reordering::default() };
        assert!(pictures.is_in_use());
        for time in 0..40 {
            pictures.note(&picture(time, time));
        }
        assert!(!pictures.is_in_use());
        pictures.note(&picture(50, 41));
        pictures.note(&picture(51, 51));
        assert!(pictures.is_in_use(), "once is enough");
    }
}
