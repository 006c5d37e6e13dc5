//! RTCP: reading what peers send (RFC 3550 §6, RFC 4585, RFC 5104, REMB, transport-wide congestion control) without an
//! allocation, and [`Compound`], which writes what we send. What the numbers mean is for [`receive`](super::receive)
//! and [`send`](super::send).

mod arrivals;
mod ntp;
mod transport_cc;
mod write;

pub(crate) use arrivals::Arrivals;
pub(crate) use ntp::NtpTime;
pub(crate) use transport_cc::{Arrival, read_feedback};
pub(crate) use write::Compound;

/// One thing that a compound packet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rtcp<'a> {
    /// A sender's clocks (§6.4.1).
    SenderReport { ssrc: u32, ntp: NtpTime, timestamp: u32 },
    /// How one source is received (§6.4.1), out of either report.
    Reception(ReportBlock),
    /// The source is gone (§6.6).
    Goodbye { ssrc: u32 },
    /// Packets of a source that are missing (RFC 4585 §6.2.1).
    Nack { ssrc: u32, list: NackList<'a> },
    /// A key frame is needed (RFC 4585 §6.3.1).
    PictureLoss { ssrc: u32 },
    /// A key frame is asked for (RFC 5104 §4.3.1); repeated requests have the same number.
    FullIntra { ssrc: u32, number: u8 },
    /// What the peer could receive (draft-alvestrand-rmcat-remb-03).
    Remb { bitrate_bps: u64 },
    /// When packets arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01), for [`read_feedback`].
    TransportFeedback(&'a [u8]),
}

/// A reception report (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ReportBlock {
    pub ssrc: u32,
    /// Of the packets since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Of all packets; 24 bits, signed: duplicates count against losses.
    pub lost: i32,
    /// The highest sequence number with the count of its wraps above it.
    pub highest: u32,
    /// In ticks.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's time; 0 before there was one.
    pub last_report: u32,
    /// Since that report came, in 65 536ths of a second.
    pub delay: u32,
}

/// The sequence numbers of a NACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NackList<'a>(&'a [u8]);

impl NackList<'_> {
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.0.as_chunks::<4>().0.iter().flat_map(|&[p0, p1, m0, m1]| {
            let first = u16::from_be_bytes([p0, p1]);
            let mask = u16::from_be_bytes([m0, m1]);
            let more = (0..16_u16).filter(move |bit| mask >> bit & 1 == 1);
            std::iter::once(first).chain(more.map(move |bit| first.wrapping_add(bit + 1)))
        })
    }
}

/// Reads a compound packet, and passes over what it does not know. Ends where a packet is broken.
pub(crate) fn read(compound: &[u8], mut take: impl FnMut(Rtcp<'_>)) {
    let mut rest = compound;
    while let Some((&[first, kind, l0, l1], behind)) = rest.split_first_chunk::<4>() {
        let words = usize::from(u16::from_be_bytes([l0, l1]));
        let Some((body, next)) = behind.split_at_checked(words * 4) else { return };
        if first >> 6 != VERSION {
            return;
        }
        rest = next;
        let padding = match body.last() {
            Some(&padding) if first & PADDING != 0 => usize::from(padding),
            _ => 0,
        };
        let Some(body) = body.len().checked_sub(padding).and_then(|length| body.get(..length)) else { return };
        packet(kind, first & 0x1F, body, &mut take);
    }
}

fn packet(kind: u8, count: u8, body: &[u8], take: &mut impl FnMut(Rtcp<'_>)) {
    match kind {
        packet_type::SENDER_REPORT => {
            let Some((report, blocks)) = body.split_at_checked(24) else { return };
            if let (Some(ssrc), Some(&ntp), Some(timestamp)) =
                (word(report, 0), report.get(4..12).and_then(<[u8]>::first_chunk), word(report, 12))
            {
                take(Rtcp::SenderReport { ssrc, ntp: NtpTime::from_bits(u64::from_be_bytes(ntp)), timestamp });
            }
            report_blocks(blocks, count, take);
        }
        packet_type::RECEIVER_REPORT => report_blocks(body.get(4..).unwrap_or_default(), count, take),
        packet_type::GOODBYE => {
            for source in body.as_chunks::<4>().0.iter().take(usize::from(count)) {
                take(Rtcp::Goodbye { ssrc: u32::from_be_bytes(*source) });
            }
        }
        packet_type::TRANSPORT_FEEDBACK | packet_type::PAYLOAD_FEEDBACK => {
            let (Some(ssrc), Some(control)) = (word(body, 4), body.get(8..)) else { return };
            feedback(kind, count, ssrc, control, take);
        }
        _ => {}
    }
}

fn feedback(kind: u8, format: u8, ssrc: u32, control: &[u8], take: &mut impl FnMut(Rtcp<'_>)) {
    match (kind, format) {
        (packet_type::TRANSPORT_FEEDBACK, format::NACK) => take(Rtcp::Nack { ssrc, list: NackList(control) }),
        (packet_type::TRANSPORT_FEEDBACK, format::TRANSPORT_CC) => take(Rtcp::TransportFeedback(control)),
        (packet_type::PAYLOAD_FEEDBACK, format::PLI) => take(Rtcp::PictureLoss { ssrc }),
        (packet_type::PAYLOAD_FEEDBACK, format::FIR) => {
            for &[s0, s1, s2, s3, number, ..] in control.as_chunks::<8>().0 {
                take(Rtcp::FullIntra { ssrc: u32::from_be_bytes([s0, s1, s2, s3]), number });
            }
        }
        (packet_type::PAYLOAD_FEEDBACK, format::APPLICATION) => {
            if let Some(&[_count, e, m0, m1]) = control.strip_prefix(REMB).and_then(<[u8]>::first_chunk::<4>) {
                // 6 bits of exponent and 18 of mantissa.
                let mantissa = u64::from(u32::from_be_bytes([0, e & 3, m0, m1]));
                let bitrate_bps = mantissa.checked_mul(1_u64.checked_shl(u32::from(e >> 2)).unwrap_or(u64::MAX));
                take(Rtcp::Remb { bitrate_bps: bitrate_bps.unwrap_or(u64::MAX) });
            }
        }
        _ => {}
    }
}

fn report_blocks(blocks: &[u8], count: u8, take: &mut impl FnMut(Rtcp<'_>)) {
    for block in blocks.as_chunks::<24>().0.iter().take(usize::from(count)) {
        let field = |at| word(block, at).unwrap_or_default();
        let loss = field(4);
        take(Rtcp::Reception(ReportBlock {
            ssrc: field(0),
            fraction_lost: (loss >> 24) as u8,
            lost: ((loss << 8) as i32) >> 8,
            highest: field(8),
            jitter: field(12),
            last_report: field(16),
            delay: field(20),
        }));
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|&word| u32::from_be_bytes(word))
}

const VERSION: u8 = 2;
const PADDING: u8 = 0x20;
const REMB: &[u8] = b"REMB";

mod packet_type {
    pub(super) const SENDER_REPORT: u8 = 200;
    pub(super) const RECEIVER_REPORT: u8 = 201;
    pub(super) const SOURCE_DESCRIPTION: u8 = 202;
    pub(super) const GOODBYE: u8 = 203;
    pub(super) const TRANSPORT_FEEDBACK: u8 = 205;
    pub(super) const PAYLOAD_FEEDBACK: u8 = 206;
}

/// Formats of feedback.
mod format {
    pub(super) const NACK: u8 = 1;
    pub(super) const TRANSPORT_CC: u8 = 15;
    pub(super) const PLI: u8 = 1;
    pub(super) const FIR: u8 = 4;
    pub(super) const APPLICATION: u8 = 15;
}

#[cfg(test)]
mod tests;
