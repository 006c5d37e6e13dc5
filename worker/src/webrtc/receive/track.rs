//! One track of a publisher: from its packets, first sent or sent again, to access units.

use std::time::{Duration, Instant};

use super::order::{Order, Ordered, Patience};
use super::reception::{Admission, Reception};
use super::{ReceiverOutput, TrackFigures};
use crate::media::{AccessUnit, TrackKind};
use crate::webrtc::engine::ReceivedRtp;
use crate::webrtc::receive::clock::CommonClock;
use crate::webrtc::rtcp::{NtpTime, ReportBlock};
use crate::webrtc::rtp::{Depacketise, clock_rate, depacketiser};
use crate::webrtc::sdp::RtpCodec;
use crate::webrtc::sdp::plan::Section;

pub(super) struct Track {
    pub(super) kind: TrackKind,
    pub(super) mid: String,
    pub(super) codec: RtpCodec,
    /// Announced, or learnt from packets.
    pub(super) ssrc: Option<u32>,
    pub(super) rtx_ssrc: Option<u32>,
    /// The source said goodbye, or a packet of another came while this one was silent.
    is_gone: bool,
    /// `None` before the first packet.
    source: Option<Source>,
    order: Order,
    depacketiser: Box<dyn Depacketise>,
    key_frames: KeyFrames,
    figures: TrackFigures,
}

/// What is known of the source that sends now.
struct Source {
    reception: Reception,
    last_packet: Instant,
    /// Packets came since the last report.
    is_news: bool,
}

/// When to ask for key frames.
#[derive(Debug, Default)]
struct KeyFrames {
    /// Somebody wants one: a viewer, or we since then.
    wanted: Option<Instant>,
    asked: Option<Instant>,
    number: u8,
}

/// How a key frame is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyFrameRequest {
    PictureLoss,
    FullIntra(u8),
}

/// An encoder that gets more requests than this sends nothing but key frames.
const MIN_REQUEST_INTERVAL: Duration = Duration::from_secs(1);
/// Every encoder begins with a key frame; so long its first one may take to arrive.
const FIRST_KEY_FRAME_WAIT: Duration = Duration::from_millis(500);
/// Another source replaces one that was silent for so long.
const SILENCE: Duration = Duration::from_millis(500);

impl Track {
    pub(super) fn new(kind: TrackKind, section: &Section, codec: &RtpCodec) -> Self {
        let patience = if codec.feedback.nack { Patience::Repair } else { Patience::Reordering };
        Self {
            kind,
            mid: section.mid.clone(),
            ssrc: section.ssrc,
            rtx_ssrc: section.rtx_ssrc,
            is_gone: false,
            source: None,
            order: Order::new(patience),
            depacketiser: depacketiser(codec.format),
            key_frames: KeyFrames::default(),
            figures: TrackFigures::default(),
            codec: codec.clone(),
        }
    }

    /// Whether packets of this SSRC, which nobody announced, are the track's from now on: when it has none yet, or its
    /// own is gone. Anything else is a stranger, or a collision that the peer has to resolve (RFC 3550 §8.2).
    pub(super) fn adopt(&mut self, ssrc: u32, now: Instant, clock: &mut CommonClock) -> bool {
        let silent = |source: &Source| now.saturating_duration_since(source.last_packet) >= SILENCE;
        if !self.is_gone && self.source.as_ref().is_some_and(|source| !silent(source)) {
            return false;
        }
        self.ssrc = Some(ssrc);
        self.is_gone = false;
        if self.source.take().is_some() {
            self.order.restart();
            self.depacketiser.lost();
            clock.restart(self.kind);
        }
        true
    }

    /// A packet of the source itself.
    pub(super) fn media(
        &mut self,
        packet: &ReceivedRtp<'_>,
        start: Instant,
        clock: &mut CommonClock,
        out: &mut dyn FnMut(ReceiverOutput<'_>),
    ) {
        let rate = clock_rate(self.kind);
        let source = self.source.get_or_insert_with(|| Source {
            reception: Reception::new(packet.sequence, rate),
            last_packet: packet.at,
            is_news: true,
        });
        source.last_packet = packet.at;
        source.is_news = true;
        self.figures.bytes += packet.payload.len() as u64;
        self.figures.wire_bytes += packet.wire_bytes as u64;
        let number = match source.reception.admit(packet.sequence) {
            Admission::Member(number) => number,
            Admission::Stray => return,
            Admission::Restart(number) => {
                self.order.restart();
                self.depacketiser.lost();
                number
            }
        };
        // What has another payload type (telephone events, comfort noise) or only padding takes its number.
        let is_media = packet.payload_type == self.codec.payload_type && !packet.payload.is_empty();
        if is_media {
            source.reception.time(packet.timestamp, packet.at.saturating_duration_since(start));
        }
        let content = is_media.then_some((packet.timestamp, packet.marker, packet.payload));
        let Self { order, depacketiser, figures, .. } = self;
        order.insert(number, content, packet.at, |ordered| deliver(ordered, &mut **depacketiser, figures));
        self.hand_out(packet.at, clock, out);
    }

    /// A packet of the retransmission stream (RFC 4588 §4): the original's number stands before its payload.
    pub(super) fn repair(
        &mut self,
        packet: &ReceivedRtp<'_>,
        clock: &mut CommonClock,
        out: &mut dyn FnMut(ReceiverOutput<'_>),
    ) {
        self.figures.wire_bytes += packet.wire_bytes as u64;
        let (Some(source), Some((&original, payload))) = (&self.source, packet.payload.split_first_chunk::<2>()) else {
            return;
        };
        let number = source.reception.place(u16::from_be_bytes(original));
        let content = (!payload.is_empty()).then_some((packet.timestamp, packet.marker, payload));
        let Self { order, depacketiser, figures, .. } = self;
        // A number that is not waited for must not open a gap of its own.
        if !order.is_missing(number) {
            return;
        }
        if order.insert(number, content, packet.at, |ordered| deliver(ordered, &mut **depacketiser, figures)) {
            self.figures.repaired += 1;
        }
        self.hand_out(packet.at, clock, out);
    }

    /// Gives up what has been waited for long enough.
    pub(super) fn time(
        &mut self,
        now: Instant,
        round_trip: Duration,
        clock: &mut CommonClock,
        out: &mut dyn FnMut(ReceiverOutput<'_>),
    ) {
        let Self { order, depacketiser, figures, .. } = self;
        order.expire(now, round_trip, |ordered| deliver(ordered, &mut **depacketiser, figures));
        self.hand_out(now, clock, out);
    }

    pub(super) fn next_time(&self, round_trip: Duration) -> Option<Instant> {
        let gap = self.order.next_time(round_trip);
        gap.into_iter().chain(self.key_frames.due()).min()
    }

    /// The packets to ask for again.
    pub(super) fn wanted(&mut self, now: Instant, round_trip: Duration, numbers: &mut Vec<u16>) {
        self.order.wanted(now, round_trip, numbers);
        self.figures.asked += numbers.len() as u64;
    }

    /// A viewer needs a key frame.
    pub(super) fn want_key_frame(&mut self, now: Instant) {
        if self.kind == TrackKind::Video && self.source.is_some() {
            self.key_frames.wanted.get_or_insert(now);
        }
    }

    /// How to ask for a key frame, if it is time to and the peer can be asked.
    pub(super) fn key_frame_request(&mut self, now: Instant) -> Option<KeyFrameRequest> {
        if self.key_frames.due().is_none_or(|due| due > now) {
            return None;
        }
        self.key_frames.wanted = None;
        self.key_frames.asked = Some(now);
        let request = if self.codec.feedback.pli || !self.codec.feedback.fir {
            KeyFrameRequest::PictureLoss
        } else {
            self.key_frames.number = self.key_frames.number.wrapping_add(1);
            KeyFrameRequest::FullIntra(self.key_frames.number)
        };
        self.figures.key_frame_requests += 1;
        Some(request)
    }

    pub(super) fn sender_report(&mut self, ntp: NtpTime, now: Instant) {
        if let Some(source) = &mut self.source {
            source.reception.sender_report(ntp, now);
        }
    }

    pub(super) const fn goodbye(&mut self) {
        self.is_gone = true;
    }

    /// The report about the source, if something came since the last.
    pub(super) fn report(&mut self, now: Instant) -> Option<ReportBlock> {
        let (ssrc, source) = (self.ssrc?, self.source.as_mut()?);
        std::mem::take(&mut source.is_news).then(|| source.reception.report(ssrc, now))
    }

    pub(super) fn figures(&self) -> Option<TrackFigures> {
        let source = self.source.as_ref()?;
        Some(TrackFigures {
            packets: source.reception.packets,
            lost: source.reception.lost().max(0).unsigned_abs(),
            fraction_lost: source.reception.fraction_lost,
            jitter: source.reception.jitter(),
            ..self.figures
        })
    }

    /// Everything that is complete.
    fn hand_out(&mut self, now: Instant, clock: &mut CommonClock, out: &mut dyn FnMut(ReceiverOutput<'_>)) {
        while let Some(assembled) = self.depacketiser.take() {
            if let Some(config) = assembled.config {
                out(ReceiverOutput::Config(config));
            }
            if assembled.key {
                self.key_frames.wanted = None;
            }
            self.figures.units += 1;
            let time = clock.place(self.kind, assembled.timestamp, now);
            out(ReceiverOutput::Unit(AccessUnit {
                kind: self.kind,
                pts: time,
                dts: time,
                key: assembled.key,
                data: assembled.data,
            }));
        }
        // Before the first packet there is nobody to ask.
        if self.source.is_some() && self.depacketiser.wants_key_frame() {
            let is_first = self.figures.units == 0 && self.key_frames.asked.is_none();
            let when = if is_first { now + FIRST_KEY_FRAME_WAIT } else { now };
            self.key_frames.wanted.get_or_insert(when);
        }
    }
}

impl KeyFrames {
    fn due(&self) -> Option<Instant> {
        let wanted = self.wanted?;
        Some(self.asked.map_or(wanted, |asked| wanted.max(asked + MIN_REQUEST_INTERVAL)))
    }
}

fn deliver(ordered: Ordered<'_>, depacketiser: &mut dyn Depacketise, figures: &mut TrackFigures) {
    match ordered {
        Ordered::Packet { timestamp, marker, payload } => {
            if depacketiser.push(timestamp, marker, payload).is_err() {
                figures.broken += 1;
            }
        }
        Ordered::Lost => depacketiser.lost(),
    }
}
