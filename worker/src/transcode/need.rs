//! What a viewer needs of a stream's tracks, and what has to be made of them for it.

use crate::hub::LiveStream;
use crate::media::{Codec, TrackKind};

use super::Impossible;

/// How a viewer needs a stream's tracks to be coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Need {
    pub audio: AudioNeed,
    pub video: VideoNeed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum AudioNeed {
    #[default]
    AsIs,
    Opus,
    Aac,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum VideoNeed {
    #[default]
    AsIs,
    /// Any codec, but each picture is shown before the next is decoded.
    WithoutReordering,
    /// H.264, reordered or not.
    H264,
}

/// What a track is transcoded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// 48 kHz, two channels, 20 ms a packet.
    Opus,
    /// AAC-LC, 48 kHz, two channels.
    Aac,
    /// Constrained baseline, without reordering.
    H264,
}

impl Need {
    /// True when every track is known and fits.
    pub(super) fn is_met_by(self, stream: &LiveStream) -> bool {
        let reorders = stream.reorders();
        let [video, audio] = stream.codecs();
        let fits = |codec: Option<Codec>| codec.is_some_and(|codec| self.target(codec, reorders).is_none());
        (self.video == VideoNeed::AsIs || fits(video)) && (self.audio == AudioNeed::AsIs || fits(audio))
    }

    /// Whether pictures that must be changed may be.
    pub(super) fn check(self, stream: &LiveStream, transcoding_allowed: bool) -> Result<(), Impossible> {
        let [video, _] = stream.codecs();
        let must_change = video.filter(|&codec| self.target(codec, stream.reorders()).is_some());
        match must_change {
            Some(codec) if !transcoding_allowed => Err(Self::objection(codec)),
            _ => Ok(()),
        }
    }

    /// Why pictures of a codec that must be changed are not, where transcoding is not allowed.
    pub(super) const fn objection(codec: Codec) -> Impossible {
        match codec {
            // They fit but for their order.
            Codec::H264 => Impossible::Reordered,
            other => Impossible::Codec(other),
        }
    }

    /// What a track must be transcoded to; `None` when it can stay as it is.
    pub(super) fn target(self, codec: Codec, reorders: bool) -> Option<Target> {
        match codec.kind() {
            TrackKind::Audio => match self.audio {
                AudioNeed::Opus if codec != Codec::Opus => Some(Target::Opus),
                AudioNeed::Aac if codec != Codec::Aac => Some(Target::Aac),
                AudioNeed::AsIs | AudioNeed::Opus | AudioNeed::Aac => None,
            },
            TrackKind::Video => match self.video {
                VideoNeed::WithoutReordering if reorders => Some(Target::H264),
                VideoNeed::H264 if codec != Codec::H264 => Some(Target::H264),
                VideoNeed::AsIs | VideoNeed::WithoutReordering | VideoNeed::H264 => None,
            },
        }
    }
}
