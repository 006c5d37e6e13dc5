//! AV1 (AOMedia, "RTP Payload Format For AV1" 1.0).

mod depacketise;
mod packetise;

pub(super) use depacketise::TemporalUnit;
pub(super) use packetise::Av1Packetiser;

/// Of the aggregation header (§4.4): the first element continues one of the packet before.
const CONTINUES: u8 = 0x80;
/// The last element goes on in the next packet.
const GOES_ON: u8 = 0x40;
/// How many elements there are, the last of them without its length; 0 says that all have one.
const COUNT_SHIFT: u8 = 4;
const COUNT: u8 = 0x30;
/// The first packet of a coded video sequence.
const NEW_SEQUENCE: u8 = 0x08;
