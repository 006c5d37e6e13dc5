//! What a refusal looks like on each protocol (`stream-security` §5): one table, so that no two transports disagree.

use super::decision::DenyReason;

/// RTMP's answer: an `onStatus` of level `error`, after which the connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtmpStatus {
    /// For example `NetStream.Publish.BadName`.
    pub code: &'static str,
    pub description: &'static str,
}

/// SRT's rejection code (libsrt `SRT_REJX_*`: 1000 + an HTTP-like status, plus 400).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SrtReject(pub u16);

/// The wording of one refusal for every transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The `definition` of a WebSocket error, also the body of WHIP and WHEP.
    pub definition: &'static str,
    pub rtmp: RtmpStatus,
    pub srt: SrtReject,
    /// WHIP and WHEP.
    pub whip_status: u16,
    /// HLS, DASH and VoD.
    pub http_status: u16,
    pub http_body: String,
}

impl Refusal {
    pub fn of(_reason: &DenyReason) -> Self {
        Self {
            definition: "unauthorized_access",
            rtmp: RtmpStatus { code: "NetStream.Publish.BadName", description: "" },
            srt: SrtReject(1403),
            whip_status: 403,
            http_status: 403,
            http_body: String::new(),
        }
    }
}
