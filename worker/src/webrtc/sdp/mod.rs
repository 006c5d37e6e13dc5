//! Session descriptions: what a peer offers or answers, what we answer or offer (RFC 8866, RFC 8829, RFC 9143).
//!
//! We understand what browsers, encoders and WHIP clients write ([`read`]), and write the little that they need
//! ([`write`]): one bundle, RTCP multiplexed, ICE-lite, complete candidates. What is sent follows from both sides'
//! words ([`plan`]), and may change while the connection lasts ([`amend`]). Pieces of a description come with WHIP's PATCH ([`fragment`]).

pub(crate) mod amend;
mod codecs;
pub(crate) mod fragment;
pub(crate) mod plan;
mod read;
pub(crate) mod write;

#[cfg(test)]
mod tests;

use crate::media::Codec;
use crate::webrtc::engine::RemoteTransport;

pub(crate) use read::{DescriptionError, MAX_BYTES, read_answer, read_offer};

/// A peer's description, read and bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteDescription {
    /// Of the bundle.
    pub transport: RemoteTransport,
    /// In the order of the description, rejected ones included: answers must have the same.
    pub media: Vec<RemoteMedia>,
}

/// One m-section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteMedia {
    pub mid: String,
    pub kind: MediaKind,
    pub direction: Direction,
    /// Port 0 outside of a bundle: the peer does not want it.
    pub is_rejected: bool,
    /// In the peer's order of preference; without retransmission formats.
    pub codecs: Vec<RtpCodec>,
    /// `extmap` (RFC 8285): id and URI.
    pub extensions: Vec<(u8, String)>,
    /// The SSRCs that it announces, first media, then retransmission (RFC 5576).
    pub ssrcs: Vec<u32>,
    /// `sctp-port` of a data section (RFC 8841).
    pub sctp_port: Option<u16>,
    pub max_message_size: Option<u32>,
    /// Of the m-line: an answer repeats it.
    pub line: MediaLine,
}

/// The words of an m-line (RFC 8866 §5.14) but its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaLine {
    /// `audio`, `video`, `application` or what else there may be.
    pub media: String,
    pub protocol: String,
    /// The first format; a section that is rejected must name one.
    pub format: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum MediaKind {
    Audio,
    Video,
    /// SCTP data channels.
    Data,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

/// An RTP payload format that a peer offers, or that was agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RtpCodec {
    pub payload_type: u8,
    pub format: RtpFormat,
    /// Verbatim format parameters, without the payload type.
    pub fmtp: String,
    /// Payload type of its retransmissions (RFC 4588).
    pub rtx: Option<u8>,
    pub feedback: Feedback,
}

/// What can be carried. Everything else in a description is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RtpFormat {
    /// `packetization-mode` 1 (RFC 6184); mode 0 is not taken.
    H264 {
        profile_level_id: [u8; 3],
    },
    Vp8,
    Vp9 {
        profile: u8,
    },
    Av1 {
        profile: u8,
    },
    /// 48 kHz, two channels (RFC 7587).
    Opus,
}

impl RtpFormat {
    pub const fn codec(self) -> Codec {
        match self {
            Self::H264 { .. } => Codec::H264,
            Self::Vp8 => Codec::Vp8,
            Self::Vp9 { .. } => Codec::Vp9,
            Self::Av1 { .. } => Codec::Av1,
            Self::Opus => Codec::Opus,
        }
    }
}

/// `rtcp-fb` (RFC 4585, RFC 5104, transport-wide congestion control).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Feedback {
    pub nack: bool,
    pub pli: bool,
    pub fir: bool,
    pub transport_cc: bool,
    pub remb: bool,
}
