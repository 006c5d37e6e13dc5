//! One coded picture or audio frame, and the track it belongs to.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A time on a broadcast's media timeline, or a span of it: microseconds. RTMP's milliseconds and MPEG's 90 kHz both
/// fit without a visible error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaTime(i64);

impl MediaTime {
    pub const ZERO: Self = Self(0);

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    pub const fn as_micros(self) -> i64 {
        self.0
    }

    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrackKind {
    Video,
    Audio,
}

/// How a track is coded. Ingest passes on what it can name; packaging says what it can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// ITU-T H.264.
    H264,
    /// ITU-T H.265.
    Hevc,
    Av1,
    Vp9,
    Aac,
    Opus,
}

impl Codec {
    pub const fn kind(self) -> TrackKind {
        match self {
            Self::H264 | Self::Hevc | Self::Av1 | Self::Vp9 => TrackKind::Video,
            Self::Aac | Self::Opus => TrackKind::Audio,
        }
    }
}

/// What a decoder must know before the first access unit of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackConfig {
    pub codec: Codec,
    /// H.264: AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1). AAC: AudioSpecificConfig (ISO/IEC 14496-3
    /// §1.6.2.1). Others: the codec's ISO-BMFF configuration record.
    pub record: Bytes,
}

/// One coded picture or audio frame, in the form a decoder takes it. Cloning shares the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnit {
    pub kind: TrackKind,
    /// Presentation time on the broadcast's timeline.
    pub pts: MediaTime,
    /// Decoding time; never after `pts` for well-formed input, equal to it for audio.
    pub dts: MediaTime,
    /// A decoder can start here. Every audio frame can.
    pub key: bool,
    /// H.264: NAL units, each behind its length as 4 big-endian bytes, no start codes. AAC: one raw frame, no ADTS header.
    pub data: Bytes,
}
