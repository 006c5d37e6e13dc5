//! What a track's configuration record says, and whether packaging can carry the codec.

use serde::{Deserialize, Serialize};
use sluice_contract::message::{AudioInfo, VideoInfo};

use super::{Codec, TrackConfig, TrackKind, aac, av1, h264, opus, vp8, vp9};

/// A configuration record that was read and found sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackInfo {
    Video(VideoTrack),
    Audio(AudioTrack),
    /// A codec that readers may receive, but that is not packaged yet; its record is passed on unread.
    NotPackaged(Codec),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoTrack {
    /// RFC 6381, for example `avc1.64001F`.
    pub codec: String,
    /// Luma samples after cropping; 0 when the record does not say (VP8, VP9 and AV1 of some publishers).
    pub width: u32,
    pub height: u32,
    /// Sample aspect ratio; 1:1 when the stream does not say.
    pub sample_aspect: (u16, u16),
    /// Frames per second as a fraction, when the stream says.
    pub frame_rate: Option<(u32, u32)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioTrack {
    /// RFC 6381, for example `mp4a.40.2`.
    pub codec: String,
    /// Rate of the core codec: the unit in which frames are counted.
    pub core_rate_hz: u32,
    /// Rate after spectral band replication; the core's without it.
    pub output_rate_hz: u32,
    pub channels: u32,
    /// Samples per frame at the core rate; of Opus, whose packets may differ: what is usual.
    pub frame_samples: u32,
}

/// Why a configuration record was refused. The text is for the stream's end event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConfig {
    #[error("the configuration record has {0} bytes, more than any real one")]
    TooLong(usize),
    #[error("the configuration record ends too early")]
    Truncated,
    #[error("the configuration record is not valid: {0}")]
    Malformed(&'static str),
    #[error("the configuration asks for what is not supported: {0}")]
    Unsupported(&'static str),
}

/// Real records have well below a kilobyte.
const MAX_RECORD_BYTES: usize = 16 * 1024;

impl TrackInfo {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`InvalidConfig`] when the record of a codec that we read breaks its standard or our limits.
    pub fn read(config: &TrackConfig) -> Result<Self, InvalidConfig> {
        if config.record.len() > MAX_RECORD_BYTES {
            return Err(InvalidConfig::TooLong(config.record.len()));
        }
        match config.codec {
            Codec::H264 => h264::read_record(&config.record).map(Self::Video),
            Codec::Aac => aac::read_config(&config.record).map(Self::Audio),
            Codec::Vp8 => vp8::read_record(&config.record).map(Self::Video),
            Codec::Vp9 => vp9::read_record(&config.record).map(Self::Video),
            Codec::Av1 => av1::read_record(&config.record).map(Self::Video),
            Codec::Opus => opus::read_record(&config.record).map(Self::Audio),
            Codec::Hevc => Ok(Self::NotPackaged(Codec::Hevc)),
        }
    }

    /// What the RFC 6381 name stands for.
    pub fn codec(&self) -> Codec {
        match self {
            Self::NotPackaged(codec) => *codec,
            Self::Video(track) => match track.codec.split('.').next().unwrap_or_default() {
                "vp08" => Codec::Vp8,
                "vp09" => Codec::Vp9,
                "av01" => Codec::Av1,
                "hvc1" => Codec::Hevc,
                _ => Codec::H264,
            },
            Self::Audio(track) if track.codec == "opus" => Codec::Opus,
            Self::Audio(_) => Codec::Aac,
        }
    }

    pub const fn kind(&self) -> TrackKind {
        match self {
            Self::Video(_) => TrackKind::Video,
            Self::Audio(_) => TrackKind::Audio,
            Self::NotPackaged(codec) => codec.kind(),
        }
    }

    /// For reports. Codecs that are not read appear by name, without figures.
    pub fn video_info(&self) -> Option<VideoInfo> {
        match self {
            Self::Video(track) => {
                Some(VideoInfo { codec: track.codec.clone(), width: track.width, height: track.height })
            }
            Self::NotPackaged(codec) if codec.kind() == TrackKind::Video => {
                Some(VideoInfo { codec: sample_entry(*codec).to_owned(), width: 0, height: 0 })
            }
            Self::NotPackaged(_) | Self::Audio(_) => None,
        }
    }

    /// For reports. Codecs that are not read appear by name, without figures.
    pub fn audio_info(&self) -> Option<AudioInfo> {
        match self {
            Self::Audio(track) => Some(AudioInfo {
                codec: track.codec.clone(),
                sample_rate_hz: track.output_rate_hz,
                channels: track.channels,
            }),
            Self::NotPackaged(codec) if codec.kind() == TrackKind::Audio => {
                Some(AudioInfo { codec: sample_entry(*codec).to_owned(), sample_rate_hz: 0, channels: 0 })
            }
            Self::NotPackaged(_) | Self::Video(_) => None,
        }
    }
}

/// The ISO-BMFF sample entry, which is the first element of the RFC 6381 name.
const fn sample_entry(codec: Codec) -> &'static str {
    match codec {
        Codec::H264 => "avc1",
        Codec::Hevc => "hvc1",
        Codec::Av1 => "av01",
        Codec::Vp8 => "vp08",
        Codec::Vp9 => "vp09",
        Codec::Aac => "mp4a",
        Codec::Opus => "opus",
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn codecs_without_a_packager_entry_are_named_and_not_refused() {
        let config = TrackConfig { codec: Codec::Hevc, record: Bytes::from_static(&[1, 2, 3]) };
        let info = TrackInfo::read(&config).unwrap();
        assert_eq!(info, TrackInfo::NotPackaged(Codec::Hevc));
        assert_eq!(info.video_info().unwrap().codec, "hvc1");
        assert_eq!(info.audio_info(), None);
    }

    #[test]
    fn an_oversized_record_is_refused_unread() {
        let config = TrackConfig { codec: Codec::H264, record: Bytes::from(vec![0; MAX_RECORD_BYTES + 1]) };
        assert_eq!(TrackInfo::read(&config), Err(InvalidConfig::TooLong(MAX_RECORD_BYTES + 1)));
    }
}
