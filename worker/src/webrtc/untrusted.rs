//! What strangers send over WebRTC, read to its end: a function for each kind of input. Fuzz targets run these
//! (`fuzz/bodies.rs`), without a socket, a handshake or a clock in between.

use std::time::{Duration, Instant};

use ring::hmac;
use sluice_contract::{Secret, UnixTime};

use super::engine::LocalTransport;
use super::receive::{Identity, Receiver, ReceiverOutput};
use super::sdp::plan::{Available, Extensions, Plan, Section, Wish};
use super::sdp::{self, Direction, Feedback, MediaKind, RtpCodec, RtpFormat, fragment};
use super::send::Sending;
use super::{srtp, stun};

/// A datagram that may be STUN: a check of a peer's, or its answer to one of ours. What we answer is STUN too.
///
/// # Panics
/// When it is not.
pub fn stun(datagram: &[u8]) {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"VOkJxbRl1RmTxUk/WvJxBt");
    if let Some(request) = stun::BindingRequest::read(datagram) {
        let _ = request.is_authentic(&key);
        let (mut accepted, mut rejected) = (Vec::new(), Vec::new());
        request.accept(([192, 0, 2, 1], 5_000).into(), &key, &mut accepted);
        request.reject_role(&key, &mut rejected);
        for answer in [accepted, rejected] {
            assert!(stun::is_stun(&answer) && stun::BindingRequest::read(&answer).is_none(), "an answer that asks");
        }
    }
    if stun::BindingResponse::is_likely(datagram)
        && let Some(response) = stun::BindingResponse::read(datagram)
    {
        let _ = response.is_authentic(&key);
    }
}

/// A description in every place where one may come: an offer by WHIP and WHEP, an answer over a WebSocket, the body of a
/// PATCH. What we answer has the offer's sections.
///
/// # Panics
/// When it has not.
pub fn description(text: &str) {
    let available =
        Available { video: vec![HIGH, RtpFormat::Vp8], audio: vec![RtpFormat::Opus], ..Available::default() };
    let ssrcs = || {
        let mut next = 0;
        move || {
            next += 1;
            next
        }
    };
    let _ = fragment::Fragment::read(text);
    if let Ok(answer) = sdp::read_answer(text) {
        let _ = Plan::propose(&available, "s", true, ssrcs()).settle(&answer);
    }
    let Ok(offer) = sdp::read_offer(text) else { return };
    let local = LocalTransport {
        ufrag: "ours".to_owned(),
        pwd: Secret::from("ourPasswordOurPasswordOu"),
        fingerprint: [7; 32],
        candidates: Vec::new().into(),
    };
    let wish = Wish { video: true, audio: true, h264: true, vp8: true, vp9: true, av1: true };
    for plan in [Plan::receive(&offer, wish), Plan::send(&offer, &available, "s", ssrcs())].into_iter().flatten() {
        let answer = sdp::write::answer(&local, &plan, &offer);
        let sections = answer.lines().filter(|line| line.starts_with("m=")).count();
        assert_eq!(sections, offer.media.len(), "an answer with other sections");
    }
}

/// What a publisher sends once it is connected: a byte for the coding of its pictures, then packets, each behind a byte
/// for its kind (RTP, RTCP), one for the milliseconds before it, and two for its length. Units that come out hold
/// something.
///
/// # Panics
/// When one is empty.
pub fn publisher(data: &[u8]) {
    let Some((&first, mut rest)) = data.split_first() else { return };
    let video = match first % 4 {
        0 => HIGH,
        1 => RtpFormat::Vp8,
        2 => RtpFormat::Vp9 { profile: 0 },
        _ => RtpFormat::Av1 { profile: 0 },
    };
    let mut now = Instant::now();
    let identity = Identity { ssrc: 1, cname: "sluice".to_owned() };
    let mut receiver = Receiver::new(&plan(Direction::RecvOnly, video), identity, now);
    let mut came = |output: ReceiverOutput<'_>| {
        if let ReceiverOutput::Unit(unit) = output {
            assert!(!unit.data.is_empty(), "an empty unit");
        }
    };
    while let Some((packet, kind, wait, next)) = cut(rest) {
        rest = next;
        now += wait;
        if kind & 1 == 1 {
            receiver.rtcp(packet, now);
        } else if let Some(packet) = srtp::read_plain(packet, now) {
            receiver.rtp(&packet, &mut came);
        }
        receiver.time(now, &mut came);
    }
}

/// What a viewer reports, cut as for [`publisher`]: all of it is RTCP. It can ask for no more than the limit a report.
pub fn viewer(data: &[u8]) {
    let (mut rest, mut now) = (data, Instant::now());
    let plan = plan(Direction::SendOnly, HIGH);
    let mut sending = Sending::new(&plan, "sluice".to_owned(), now, UnixTime::EPOCH, || 7);
    while let Some((packet, _, wait, next)) = cut(rest) {
        rest = next;
        now += wait;
        sending.rtcp(packet, now, |_| {});
        let _ = (sending.pace(now), sending.figures(), sending.available_bps());
    }
}

/// The next packet with its kind and the time before it, and what follows.
fn cut(data: &[u8]) -> Option<(&[u8], u8, Duration, &[u8])> {
    let (&[kind, wait, high, low], behind) = data.split_first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([high, low])).min(behind.len());
    let (packet, next) = behind.split_at(length);
    Some((packet, kind, Duration::from_millis(wait.into()), next))
}

/// Sound and pictures with everything that browsers agree on.
fn plan(direction: Direction, video: RtpFormat) -> Plan {
    let feedback = Feedback { nack: true, pli: true, fir: true, transport_cc: true, remb: true };
    let section = |kind, format, payload_type: u8, ssrc| Section {
        mid: payload_type.to_string(),
        kind,
        direction,
        rests: false,
        codec: Some(RtpCodec { payload_type, format, fmtp: String::new(), rtx: Some(payload_type + 1), feedback }),
        proposed: Vec::new(),
        ssrc: Some(ssrc),
        rtx_ssrc: Some(ssrc + 1),
        extensions: Extensions { mid: Some(4), transport_cc: Some(3), abs_send_time: Some(2) },
        track: "s".to_owned(),
    };
    let sections = vec![
        section(MediaKind::Audio, RtpFormat::Opus, AUDIO_TYPE, 0x2222_2222),
        section(MediaKind::Video, video, VIDEO_TYPE, 0x1111_1111),
    ];
    Plan { sections, ..Plan::default() }
}

const HIGH: RtpFormat = RtpFormat::H264 { profile_level_id: [0x64, 0x00, 0x1f] };
const VIDEO_TYPE: u8 = 96;
const AUDIO_TYPE: u8 = 111;
