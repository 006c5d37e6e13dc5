//! H.264 (RFC 6184), packetisation mode 1: single NAL units, STAP-A and FU-A.

mod depacketise;
mod packetise;

pub(super) use depacketise::H264Unit;
pub(super) use packetise::H264Packetiser;

/// Types of payload beside NAL units (§5.2).
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
/// Of an FU header (§5.8).
const FU_START: u8 = 0x80;
const FU_END: u8 = 0x40;
/// `nal_ref_idc` of a NAL header.
const REFERENCE: u8 = 0x60;
