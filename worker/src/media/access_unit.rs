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
    Vp8,
    Vp9,
    Aac,
    Opus,
}

impl Codec {
    pub const fn kind(self) -> TrackKind {
        match self {
            Self::H264 | Self::Hevc | Self::Av1 | Self::Vp8 | Self::Vp9 => TrackKind::Video,
            Self::Aac | Self::Opus => TrackKind::Audio,
        }
    }

    /// As people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::H264 => "H.264",
            Self::Hevc => "HEVC",
            Self::Av1 => "AV1",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::Aac => "AAC",
            Self::Opus => "Opus",
        }
    }
}

/// What a decoder must know before the first access unit of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackConfig {
    pub codec: Codec,
    /// H.264: AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1). AAC: AudioSpecificConfig (ISO/IEC 14496-3
    /// §1.6.2.1). Opus: the content of a `dOps` box. VP8, VP9: the content of a `vpcC` box with its version, in which
    /// we note the size of the picture ([`vpx`](super::vpx)). AV1: the content of an `av1C` box. HEVC: of `hvcC`.
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
    /// H.264, HEVC: NAL units, each behind its length as 4 big-endian bytes, no start codes. AAC: one raw frame, no ADTS
    /// header. Opus: one packet (RFC 6716 §3). VP8, VP9: one frame (of VP9, or a superframe). AV1: a temporal unit, its
    /// units in the low-overhead form with their sizes, without temporal delimiters.
    pub data: Bytes,
}
