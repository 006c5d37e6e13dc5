//! Writes descriptions: our answers to publishers and WHEP players, our offers to viewers on a WebSocket.
//!
//! Every section in use repeats the credentials of the one transport, since some peers look for them there; candidates
//! stand once, all of them, in the first.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

use data_encoding::HEXUPPER;

use super::plan::{Plan, Section};
use super::{Direction, MediaKind, MediaLine, RemoteDescription, RtpCodec, RtpFormat};
use crate::webrtc::engine::{Candidate, DtlsRole, LocalTransport, Transport};

/// Answers an offer by what was taken of it.
pub(crate) fn answer(local: &LocalTransport, plan: &Plan, offer: &RemoteDescription) -> String {
    let setup = match offer.transport.role {
        DtlsRole::Client => "passive",
        DtlsRole::Server => "active",
    };
    let lines = offer.media.iter().map(|media| Some(&media.line)).chain(std::iter::repeat(None));
    description(local, plan, setup, lines)
}

/// Offers what a plan proposes.
pub(crate) fn offer(local: &LocalTransport, plan: &Plan) -> String {
    description(local, plan, "actpass", std::iter::repeat(None))
}

/// The transport's lines for a fragment (RFC 8840): the credentials, then every candidate.
pub(super) fn transport(local: &LocalTransport) -> String {
    let mut text = String::new();
    ice(&mut text, local);
    candidates(&mut text, &local.candidates);
    text
}

/// The m-line and mid of the section whose transport counts.
pub(super) fn first_section(plan: &Plan) -> Option<&Section> {
    plan.sections.iter().find(|section| section.is_in_bundle())
}

fn description<'a>(
    local: &LocalTransport,
    plan: &Plan,
    setup: &str,
    lines: impl Iterator<Item = Option<&'a MediaLine>>,
) -> String {
    let mut text = String::with_capacity(2_048);
    // Unlike other users', our number need only be unique: it follows from what was drawn for this connection.
    let mut hasher = DefaultHasher::new();
    local.ufrag.hash(&mut hasher);
    let session = hasher.finish() >> 2;
    add(&mut text, format_args!("v=0"));
    add(&mut text, format_args!("o=- {session} {} IN IP4 127.0.0.1", plan.version + 1));
    add(&mut text, format_args!("s=-"));
    add(&mut text, format_args!("t=0 0"));
    let mids = plan.sections.iter().filter(|section| section.is_in_bundle());
    let mids = mids.map(|section| section.mid.as_str()).filter(|mid| !mid.is_empty()).collect::<Vec<_>>();
    if !mids.is_empty() {
        add(&mut text, format_args!("a=group:BUNDLE {}", mids.join(" ")));
    }
    add(&mut text, format_args!("a=ice-lite"));
    add(&mut text, format_args!("a=ice-options:trickle"));
    add(&mut text, format_args!("a=msid-semantic: WMS *"));
    let digits = HEXUPPER.encode(&local.fingerprint);
    let pairs = digits.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
    let fingerprint = pairs.collect::<Vec<_>>().join(":");
    let first = first_section(plan);
    for (section, line) in plan.sections.iter().zip(lines) {
        if !section.is_in_bundle() {
            rejection(&mut text, section, line);
            continue;
        }
        match section.kind {
            MediaKind::Data => data(&mut text, line),
            _ => media_line(&mut text, section, line),
        }
        add(&mut text, format_args!("c=IN IP4 0.0.0.0"));
        if !section.mid.is_empty() {
            add(&mut text, format_args!("a=mid:{}", section.mid));
        }
        ice(&mut text, local);
        add(&mut text, format_args!("a=fingerprint:sha-256 {fingerprint}"));
        add(&mut text, format_args!("a=setup:{setup}"));
        match section.kind {
            MediaKind::Data => {
                add(&mut text, format_args!("a=sctp-port:{SCTP_PORT}"));
                add(&mut text, format_args!("a=max-message-size:{MAX_MESSAGE_BYTES}"));
            }
            _ => media(&mut text, section),
        }
        if first.is_some_and(|first| std::ptr::eq(first, section)) {
            candidates(&mut text, &local.candidates);
        }
    }
    text
}

/// A section that is not used keeps its place (RFC 3264 §6).
fn rejection(text: &mut String, section: &Section, line: Option<&MediaLine>) {
    match line {
        Some(MediaLine { media, protocol, format }) => add(text, format_args!("m={media} 0 {protocol} {format}")),
        None => add(text, format_args!("m={} 0 {RTP} 0", word(section.kind))),
    }
    add(text, format_args!("c=IN IP4 0.0.0.0"));
    if !section.mid.is_empty() {
        add(text, format_args!("a=mid:{}", section.mid));
    }
    add(text, format_args!("a=inactive"));
}

fn data(text: &mut String, line: Option<&MediaLine>) {
    let protocol = line.map_or("UDP/DTLS/SCTP", |line| &line.protocol);
    add(text, format_args!("m=application 9 {protocol} webrtc-datachannel"));
}

fn media_line(text: &mut String, section: &Section, line: Option<&MediaLine>) {
    let protocol = line.map_or(RTP, |line| &line.protocol);
    let mut formats = String::new();
    for codec in codecs(section) {
        for payload_type in [Some(codec.payload_type), codec.rtx].into_iter().flatten() {
            // Writing to a string cannot fail.
            let _ = write!(formats, " {payload_type}");
        }
    }
    add(text, format_args!("m={} 9 {protocol}{formats}", word(section.kind)));
}

/// What we propose, or what was settled on.
fn codecs(section: &Section) -> impl Iterator<Item = &RtpCodec> {
    section.codec.iter().chain(&section.proposed)
}

fn media(text: &mut String, section: &Section) {
    add(text, format_args!("a=rtcp:9 IN IP4 0.0.0.0"));
    add(text, format_args!("a=rtcp-mux"));
    let direction = match section.direction {
        Direction::SendRecv => "sendrecv",
        Direction::SendOnly => "sendonly",
        Direction::RecvOnly => "recvonly",
        Direction::Inactive => "inactive",
    };
    add(text, format_args!("a={direction}"));
    for (id, uri) in section.extensions.written() {
        add(text, format_args!("a=extmap:{id} {uri}"));
    }
    for codec in codecs(section) {
        format(text, codec);
    }
    if section.direction != Direction::SendOnly {
        return;
    }
    let (track, kind) = (&section.track, word(section.kind));
    add(text, format_args!("a=msid:{track} {track}-{kind}"));
    if let (Some(ssrc), Some(rtx)) = (section.ssrc, section.rtx_ssrc) {
        add(text, format_args!("a=ssrc-group:FID {ssrc} {rtx}"));
    }
    for ssrc in [section.ssrc, section.rtx_ssrc].into_iter().flatten() {
        add(text, format_args!("a=ssrc:{ssrc} cname:{track}"));
        add(text, format_args!("a=ssrc:{ssrc} msid:{track} {track}-{kind}"));
    }
}

fn format(text: &mut String, codec: &RtpCodec) {
    let number = codec.payload_type;
    let (name, clock) = match codec.format {
        RtpFormat::H264 { .. } => ("H264", "90000"),
        RtpFormat::Vp8 => ("VP8", "90000"),
        RtpFormat::Vp9 { .. } => ("VP9", "90000"),
        RtpFormat::Av1 { .. } => ("AV1", "90000"),
        RtpFormat::Opus => ("opus", "48000/2"),
    };
    add(text, format_args!("a=rtpmap:{number} {name}/{clock}"));
    let feedback = codec.feedback;
    for (is_on, words) in [
        (feedback.remb, "goog-remb"),
        (feedback.transport_cc, "transport-cc"),
        (feedback.fir, "ccm fir"),
        (feedback.nack, "nack"),
        (feedback.pli, "nack pli"),
    ] {
        if is_on {
            add(text, format_args!("a=rtcp-fb:{number} {words}"));
        }
    }
    if !codec.fmtp.is_empty() {
        add(text, format_args!("a=fmtp:{number} {}", codec.fmtp));
    }
    if let Some(rtx) = codec.rtx {
        add(text, format_args!("a=rtpmap:{rtx} rtx/90000"));
        add(text, format_args!("a=fmtp:{rtx} apt={number}"));
    }
}

fn ice(text: &mut String, local: &LocalTransport) {
    add(text, format_args!("a=ice-ufrag:{}", local.ufrag));
    add(text, format_args!("a=ice-pwd:{}", local.pwd.expose()));
}

/// Host candidates (RFC 8839 §5.1, RFC 6544 §4.5), each of a foundation of its own: they share neither address nor
/// transport.
fn candidates(text: &mut String, all: &[Candidate]) {
    for (foundation, Candidate { transport, address, priority }) in all.iter().enumerate() {
        let (ip, port) = (address.ip(), address.port());
        let (name, more) = match transport {
            Transport::Udp => ("udp", ""),
            Transport::Tcp => ("tcp", " tcptype passive"),
        };
        add(text, format_args!("a=candidate:{} 1 {name} {priority} {ip} {port} typ host{more}", foundation + 1));
    }
    add(text, format_args!("a=end-of-candidates"));
}

pub(super) const fn word(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::Data | MediaKind::Other => "application",
    }
}

fn add(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{line}\r\n");
}

const RTP: &str = "UDP/TLS/RTP/SAVPF";
/// RFC 8841 §5: the port that everybody uses inside of DTLS.
const SCTP_PORT: u16 = 5_000;
/// The largest data channel message that we take.
pub(crate) const MAX_MESSAGE_BYTES: u32 = 64 * 1024;
