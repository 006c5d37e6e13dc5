//! Media in RTP packets: how access units are cut into them, and put together again. Pure: no sockets, no clock.

mod assembly;
mod av1;
mod fragments;
mod groups;
mod h264;
mod opus;
#[cfg(test)]
mod testdata;
#[cfg(test)]
mod tests;
mod units;
mod vp8;
mod vp9;
mod vpx;

use bytes::Bytes;

use super::sdp::RtpFormat;
use crate::media::{AccessUnit, Codec, MediaTime, TrackConfig, TrackKind};

/// No access unit of more is put together: a key frame of 4K at the highest quality has a tenth of it.
pub(crate) const MAX_UNIT_BYTES: usize = 8 << 20;
/// A lower limit of payloads leaves too little beside the heads.
const MIN_PAYLOAD_BYTES: usize = 64;

/// Cuts a track into payloads of at most `payload_limit` bytes; `None` for what cannot be sent over WebRTC, or has a
/// record that cannot be read.
pub(crate) fn packetiser(config: &TrackConfig, payload_limit: usize) -> Option<Box<dyn Packetise>> {
    let limit = payload_limit.max(MIN_PAYLOAD_BYTES);
    Some(match config.codec {
        Codec::H264 => Box::new(h264::H264Packetiser::new(&config.record, limit)?),
        Codec::Vp8 => Box::new(vp8::Vp8Packetiser::new(limit)),
        Codec::Vp9 => Box::new(vp9::Vp9Packetiser::new(limit)),
        Codec::Av1 => Box::new(av1::Av1Packetiser::new(&config.record, limit)),
        Codec::Opus => Box::new(opus::OpusPacketiser::new(&config.record, limit)?),
        Codec::Hevc | Codec::Aac => return None,
    })
}

/// Puts together what comes in a format.
pub(crate) fn depacketiser(format: RtpFormat) -> Box<dyn Depacketise> {
    match format {
        RtpFormat::H264 { .. } => Box::new(units::Units::of(h264::H264Unit::new(MAX_UNIT_BYTES))),
        RtpFormat::Vp8 => Box::new(vp8::Vp8Depacketiser::new(MAX_UNIT_BYTES)),
        RtpFormat::Vp9 { .. } => Box::new(vp9::Vp9Depacketiser::new(MAX_UNIT_BYTES)),
        RtpFormat::Av1 { .. } => Box::new(units::Units::of(av1::TemporalUnit::new(MAX_UNIT_BYTES))),
        RtpFormat::Opus => Box::new(opus::OpusDepacketiser::default()),
    }
}

/// Ticks per second of a kind's timestamps, in all formats that we carry.
pub(crate) const fn clock_rate(kind: TrackKind) -> u32 {
    match kind {
        TrackKind::Video => 90_000,
        TrackKind::Audio => 48_000,
    }
}

/// A time in ticks of a kind's clock, to the nearest.
pub(crate) const fn ticks(time: MediaTime, kind: TrackKind) -> i64 {
    let (seconds, micros) = (time.as_micros().div_euclid(1_000_000), time.as_micros().rem_euclid(1_000_000));
    let rate = clock_rate(kind) as i64;
    seconds * rate + (micros * rate + 500_000) / 1_000_000
}

/// A packet of a stream before it belongs to a viewer: payload type, SSRC, sequence number and the timestamp's offset
/// are each viewer's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaPacket {
    pub kind: TrackKind,
    /// Media time in the clock of the format (90 kHz video, 48 kHz Opus), not wrapped.
    pub ticks: i64,
    /// The last packet of a picture; of Opus: the first after silence.
    pub marker: bool,
    /// The first packet of a key frame, or any of audio: a viewer may begin here.
    pub begins: bool,
    /// Bytes in front of `body` in the payload: fragmentation headers, descriptors, parameter sets.
    pub head: Head,
    /// A part of the access unit, shared.
    pub body: Bytes,
}

/// Up to 24 bytes without an allocation; longer heads (parameter sets) are shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Head {
    Short { bytes: [u8; 24], len: u8 },
    Long(Bytes),
}

impl Head {
    /// The first `bytes` of a payload.
    pub fn new(bytes: &[u8]) -> Self {
        let mut short = [0; 24];
        match (short.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(place), Ok(len)) => {
                place.copy_from_slice(bytes);
                Self::Short { bytes: short, len }
            }
            _ => Self::Long(Bytes::copy_from_slice(bytes)),
        }
    }

    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Short { bytes, len } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

/// Cuts the access units of one track.
pub(crate) trait Packetise: Send {
    /// Appends the packets of `unit`, none with a payload above the limit that the packetiser was made with.
    fn packetise(&mut self, unit: &AccessUnit, packets: &mut Vec<MediaPacket>);
}

/// Puts the packets of one track together. They come in order, each once; gaps are told.
pub(crate) trait Depacketise: Send {
    /// Takes the payload of the next packet.
    ///
    /// # Errors
    /// [`BrokenPayload`] when it is not of the format; the picture that it belongs to is left out.
    fn push(&mut self, timestamp: u32, marker: bool, payload: &[u8]) -> Result<(), BrokenPayload>;

    /// Packets are missing here: nothing comes out until the next key frame.
    fn lost(&mut self);

    /// A picture or frame that is complete.
    fn take(&mut self) -> Option<Assembled>;

    /// True while it waits for a key frame, which its sender may be asked for.
    fn wants_key_frame(&self) -> bool;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload is not valid: {0}")]
pub(crate) struct BrokenPayload(pub &'static str);

/// What a depacketiser puts out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assembled {
    /// Of its packets.
    pub timestamp: u32,
    pub key: bool,
    /// As [`AccessUnit::data`].
    pub data: Bytes,
    /// Given with the first unit, and whenever it changed.
    pub config: Option<TrackConfig>,
}
