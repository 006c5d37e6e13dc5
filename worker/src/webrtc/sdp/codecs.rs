//! Payload formats of one m-section: `rtpmap`, `fmtp` and `rtcp-fb` put together.

use std::collections::BTreeMap;

use super::read::Attributes;
use super::{Feedback, RtpCodec, RtpFormat};

/// What a section says of one payload type.
#[derive(Default)]
struct Mapping<'a> {
    /// `<name>/<clock>[/<channels>]`.
    name: Option<&'a str>,
    fmtp: &'a str,
    feedback: Feedback,
}

/// The formats that we can carry, in the order of the m-line, each with the type of its retransmissions.
pub(super) fn read(formats: &str, lines: &Attributes<'_>) -> Vec<RtpCodec> {
    // Payload types have seven bits, so that there are never more than 128 entries.
    let mut mappings = BTreeMap::<u8, Mapping<'_>>::new();
    let mut everybody = Feedback::default();
    for (attribute, value) in lines.iter() {
        let Some((payload_type, value)) = value.split_once(' ') else { continue };
        let value = value.trim();
        if attribute == "rtcp-fb" && payload_type == "*" {
            everybody.add(value);
            continue;
        }
        let Some(payload_type) = read_payload_type(payload_type) else { continue };
        match attribute {
            "rtpmap" => mappings.entry(payload_type).or_default().name = Some(value),
            "fmtp" => mappings.entry(payload_type).or_default().fmtp = value,
            "rtcp-fb" => mappings.entry(payload_type).or_default().feedback.add(value),
            _ => {}
        }
    }
    let rtx_of = |payload_type: u8| {
        let of = |mapping: &Mapping<'_>| {
            let is_rtx =
                mapping.name.and_then(|name| name.get(..4)).is_some_and(|name| name.eq_ignore_ascii_case("rtx/"));
            is_rtx && parameter(mapping.fmtp, "apt").and_then(read_payload_type) == Some(payload_type)
        };
        mappings.iter().find_map(|(rtx, mapping)| of(mapping).then_some(*rtx))
    };
    let mut codecs = Vec::<RtpCodec>::new();
    let mut seen = 0_u128;
    for payload_type in formats.split_ascii_whitespace().filter_map(read_payload_type) {
        // Whoever repeats itself is read once.
        if seen >> payload_type & 1 == 1 {
            continue;
        }
        seen |= 1 << payload_type;
        let Some(mapping) = mappings.get(&payload_type) else { continue };
        let Some(format) = mapping.name.and_then(|name| format(name, mapping.fmtp)) else { continue };
        let fmtp = if mapping.fmtp.len() <= MAX_FMTP_BYTES { mapping.fmtp.to_owned() } else { String::new() };
        let feedback = mapping.feedback.or(everybody);
        codecs.push(RtpCodec { payload_type, format, fmtp, rtx: rtx_of(payload_type), feedback });
        if codecs.len() == MAX_CODECS {
            break;
        }
    }
    codecs
}

fn read_payload_type(text: &str) -> Option<u8> {
    text.parse().ok().filter(|payload_type| *payload_type < 128)
}

/// The format that an `rtpmap` and its parameters name; `None` for what we do not carry.
fn format(name: &str, fmtp: &str) -> Option<RtpFormat> {
    let profile = |name| parameter(fmtp, name).map_or(Some(0), |value| value.parse().ok());
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    match name.to_ascii_lowercase().as_str() {
        "h264/90000" if parameter(fmtp, "packetization-mode") == Some("1") => {
            let profile_level_id = parameter(fmtp, "profile-level-id").map_or(Some(DEFAULT_PROFILE), profile_level)?;
            Some(RtpFormat::H264 { profile_level_id })
        }
        "vp8/90000" => Some(RtpFormat::Vp8),
        "vp9/90000" => Some(RtpFormat::Vp9 { profile: profile("profile-id")? }),
        "av1/90000" => Some(RtpFormat::Av1 { profile: profile("profile")? }),
        "opus/48000/2" => Some(RtpFormat::Opus),
        _ => None,
    }
}

/// Six hexadecimal digits (RFC 6184 §8.1).
fn profile_level(text: &str) -> Option<[u8; 3]> {
    let byte = |at: usize| text.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let is_hex = text.len() == 6 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hex { Some([byte(0)?, byte(2)?, byte(4)?]) } else { None }
}

/// The value of one format parameter.
pub(super) fn parameter<'a>(fmtp: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = fmtp.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| known.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

impl Feedback {
    /// Takes the words behind the payload type.
    fn add(&mut self, words: &str) {
        match words {
            "nack" => self.nack = true,
            "nack pli" => self.pli = true,
            "ccm fir" => self.fir = true,
            "transport-cc" => self.transport_cc = true,
            "goog-remb" => self.remb = true,
            _ => {}
        }
    }

    const fn or(self, other: Self) -> Self {
        Self {
            nack: self.nack || other.nack,
            pli: self.pli || other.pli,
            fir: self.fir || other.fir,
            transport_cc: self.transport_cc || other.transport_cc,
            remb: self.remb || other.remb,
        }
    }

    /// What both sides can do.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            nack: self.nack && other.nack,
            pli: self.pli && other.pli,
            fir: self.fir && other.fir,
            transport_cc: self.transport_cc && other.transport_cc,
            remb: self.remb && other.remb,
        }
    }
}

/// Baseline at level 1: what a missing `profile-level-id` means (RFC 6184 §8.1).
const DEFAULT_PROFILE: [u8; 3] = [0x42, 0x00, 0x0a];
const MAX_CODECS: usize = 64;
/// Names that we know are shorter by far.
const MAX_NAME_BYTES: usize = 64;
/// Longer parameters are read, but not kept.
const MAX_FMTP_BYTES: usize = 2 * 1024;
