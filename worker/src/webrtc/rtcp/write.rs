//! Writes compound packets.

use super::{NtpTime, REMB, ReportBlock, format, packet_type};

/// A compound packet in the making (RFC 3550 §6.1): first a report, then our name, then feedback.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compound {
    bytes: Vec<u8>,
}

/// As many as the header can count.
const MAX_BLOCKS: usize = 31;
/// Of one packet: two hundred bytes, hundreds of numbers.
const MAX_NACK_ITEMS: usize = 50;

impl Compound {
    /// Begins with a receiver report (§6.4.2).
    pub fn receiver_report(&mut self, ssrc: u32, blocks: &[ReportBlock]) -> &mut Self {
        self.packet(packet_type::RECEIVER_REPORT, blocks.len().min(MAX_BLOCKS) as u8, |out| {
            out.extend(ssrc.to_be_bytes());
            put_blocks(out, blocks);
        })
    }

    /// Begins with a sender report (§6.4.1) of `ssrc`, which has sent so many packets and bytes of payload.
    pub fn sender_report(
        &mut self,
        ssrc: u32,
        (ntp, timestamp): (NtpTime, u32),
        (packets, bytes): (u32, u32),
    ) -> &mut Self {
        self.packet(packet_type::SENDER_REPORT, 0, |out| {
            out.extend(ssrc.to_be_bytes());
            out.extend(ntp.to_bits().to_be_bytes());
            out.extend([timestamp, packets, bytes].iter().flat_map(|word| word.to_be_bytes()));
        })
    }

    /// The canonical name of a source (§6.5.1), which its tracks share.
    pub fn name(&mut self, ssrc: u32, cname: &str) -> &mut Self {
        let cname = cname.as_bytes().get(..cname.len().min(255)).unwrap_or_default();
        self.packet(packet_type::SOURCE_DESCRIPTION, 1, |out| {
            out.extend(ssrc.to_be_bytes());
            out.extend([1, cname.len() as u8]);
            out.extend(cname);
            // At least one zero ends the list.
            out.push(0);
            pad(out, 0);
        })
    }

    /// Asks for packets again; `missing` in rising order.
    pub fn nack(&mut self, ssrc: u32, media: u32, missing: &[u16]) -> &mut Self {
        self.feedback(packet_type::TRANSPORT_FEEDBACK, format::NACK, ssrc, media, |out| {
            let mut rest = missing.iter().copied().peekable();
            for _ in 0..MAX_NACK_ITEMS {
                let Some(first) = rest.next() else { break };
                let mut mask = 0_u16;
                while let Some(distance @ 1..=16) = rest.peek().map(|next| next.wrapping_sub(first)) {
                    mask |= 1 << (distance - 1);
                    rest.next();
                }
                out.extend(first.to_be_bytes());
                out.extend(mask.to_be_bytes());
            }
        })
    }

    /// Asks for a key frame (RFC 4585 §6.3.1).
    pub fn picture_loss(&mut self, ssrc: u32, media: u32) -> &mut Self {
        self.feedback(packet_type::PAYLOAD_FEEDBACK, format::PLI, ssrc, media, |_| {})
    }

    /// Asks for a key frame (RFC 5104 §4.3.1), for peers that do not know the other way.
    pub fn full_intra(&mut self, ssrc: u32, media: u32, number: u8) -> &mut Self {
        self.feedback(packet_type::PAYLOAD_FEEDBACK, format::FIR, ssrc, 0, |out| {
            out.extend(media.to_be_bytes());
            out.extend([number, 0, 0, 0]);
        })
    }

    /// What we could receive of these sources together.
    pub fn remb(&mut self, ssrc: u32, bitrate_bps: u64, media: &[u32]) -> &mut Self {
        let mut exponent = 0_u8;
        let mut mantissa = bitrate_bps;
        while mantissa >= 1 << 18 {
            mantissa >>= 1;
            exponent += 1;
        }
        let media = media.get(..media.len().min(255)).unwrap_or_default();
        self.feedback(packet_type::PAYLOAD_FEEDBACK, format::APPLICATION, ssrc, 0, |out| {
            out.extend(REMB);
            let [_, high, middle, low] = (mantissa as u32).to_be_bytes();
            out.extend([media.len() as u8, exponent << 2 | high, middle, low]);
            out.extend(media.iter().flat_map(|ssrc| ssrc.to_be_bytes()));
        })
    }

    /// Transport-wide feedback, written by [`Arrivals`](super::Arrivals).
    pub fn transport_feedback(&mut self, ssrc: u32, media: u32, control: &[u8]) -> &mut Self {
        self.feedback(packet_type::TRANSPORT_FEEDBACK, format::TRANSPORT_CC, ssrc, media, |out| {
            out.extend(control);
        })
    }

    /// The sources are gone (RFC 3550 §6.6).
    pub fn goodbye(&mut self, sources: &[u32]) -> &mut Self {
        let sources = sources.get(..sources.len().min(MAX_BLOCKS)).unwrap_or_default();
        self.packet(packet_type::GOODBYE, sources.len() as u8, |out| {
            out.extend(sources.iter().flat_map(|ssrc| ssrc.to_be_bytes()));
        })
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Another packet may be written into the same memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    fn feedback(
        &mut self,
        kind: u8,
        format: u8,
        ssrc: u32,
        media: u32,
        control: impl FnOnce(&mut Vec<u8>),
    ) -> &mut Self {
        self.packet(kind, format, |out| {
            out.extend(ssrc.to_be_bytes());
            out.extend(media.to_be_bytes());
            control(out);
        })
    }

    /// Writes a header, the body, and then the length into the header. Bodies are far below 256 KiB.
    fn packet(&mut self, kind: u8, count: u8, body: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let start = self.bytes.len();
        self.bytes.extend([0x80 | count, kind, 0, 0]);
        body(&mut self.bytes);
        pad(&mut self.bytes, start);
        let words = ((self.bytes.len() - start) / 4 - 1) as u16;
        if let Some(place) = self.bytes.get_mut(start + 2..start + 4) {
            place.copy_from_slice(&words.to_be_bytes());
        }
        self
    }
}

/// Fills up to a whole word. All packets before are whole words.
fn pad(out: &mut Vec<u8>, start: usize) {
    let length = out.len() - start;
    out.resize(start + length.next_multiple_of(4), 0);
}

fn put_blocks(out: &mut Vec<u8>, blocks: &[ReportBlock]) {
    for block in blocks.iter().take(MAX_BLOCKS) {
        let lost = block.lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF;
        let loss = u32::from(block.fraction_lost) << 24 | lost;
        let words = [block.ssrc, loss, block.highest, block.jitter, block.last_report, block.delay];
        out.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    }
}
