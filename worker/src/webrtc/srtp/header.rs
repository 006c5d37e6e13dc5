//! RTP headers (RFC 3550 §5.1, RFC 8285).

use std::time::Instant;

use crate::webrtc::engine::{OutgoingRtp, ReceivedRtp};

/// Appends the header of `packet`, its payload left out.
pub(super) fn write(packet: &OutgoingRtp<'_>, out: &mut Vec<u8>) {
    let has_extensions = !packet.extensions.is_empty();
    out.extend_from_slice(&[
        VERSION | (u8::from(has_extensions) * HAS_EXTENSIONS),
        (packet.payload_type & 0x7F) | (u8::from(packet.marker) << 7),
    ]);
    out.extend_from_slice(&packet.sequence.to_be_bytes());
    out.extend_from_slice(&packet.timestamp.to_be_bytes());
    out.extend_from_slice(&packet.ssrc.to_be_bytes());
    if has_extensions {
        let padded = packet.extensions.len().next_multiple_of(4);
        out.extend_from_slice(&ONE_BYTE.to_be_bytes());
        out.extend_from_slice(&u16::try_from(padded / 4).unwrap_or_default().to_be_bytes());
        out.extend_from_slice(packet.extensions);
        out.resize(out.len() + padded - packet.extensions.len(), 0);
    }
}

/// Reads a packet that came. `None` when its lengths do not fit.
pub(super) fn read(packet: &[u8], at: Instant, wire_bytes: usize) -> Option<ReceivedRtp<'_>> {
    let (fixed, mut rest) = packet.split_at_checked(12)?;
    let &[first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = fixed else { return None };
    rest = rest.get(usize::from(first & 0x0F) * 4..)?;
    let (mut extensions, mut two_byte): (&[u8], bool) = (&[], false);
    if first & HAS_EXTENSIONS != 0 {
        let (&[p0, p1, l0, l1], behind) = rest.split_first_chunk::<4>()?;
        let (elements, payload) = behind.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])) * 4)?;
        rest = payload;
        let profile = u16::from_be_bytes([p0, p1]);
        two_byte = profile & 0xFFF0 == TWO_BYTE;
        // Extensions of other kinds (RFC 3550 §5.3.1) mean nothing to us.
        if profile == ONE_BYTE || two_byte {
            extensions = elements;
        }
    }
    if first & HAS_PADDING != 0 {
        let padding = usize::from(*rest.last()?);
        rest = rest.get(..rest.len().checked_sub(padding)?)?;
    }
    Some(ReceivedRtp {
        at,
        payload_type: second & 0x7F,
        ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
        sequence: u16::from_be_bytes([s0, s1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        marker: second & 0x80 != 0,
        extensions,
        two_byte,
        payload: rest,
        wire_bytes,
    })
}

const VERSION: u8 = 2 << 6;
const HAS_PADDING: u8 = 0x20;
const HAS_EXTENSIONS: u8 = 0x10;

/// RFC 8285 §4.2 and §4.3.
const ONE_BYTE: u16 = 0xBEDE;
const TWO_BYTE: u16 = 0x1000;
