//! The receiving side of one publisher, without a socket or a clock: RTP and RTCP packets go in with their times,
//! access units on one timeline come out, and the RTCP packets that its sender needs: reports, requests for packets
//! and key frames, and feedback for its congestion control.
//!
//! ```text
//! packet ─► track (by SSRC, mid or payload type) ─► order ─► depacketiser ─► clock ─► unit
//!                                                      └─► what to ask for again
//! ```

mod clock;
mod extension;
mod order;
mod reception;
mod track;

use std::time::{Duration, Instant};

use self::clock::CommonClock;
use self::extension::extension;
use self::track::{KeyFrameRequest, Track};
use super::engine::ReceivedRtp;
use super::rtcp::{self, Arrivals, Compound, Rtcp};
use super::sdp::plan::{Extensions, Plan};
use super::sdp::{Direction, MediaKind};
use crate::media::{AccessUnit, TrackConfig, TrackKind};

/// The tracks of one publisher.
pub(crate) struct Receiver {
    tracks: Vec<Track>,
    extensions: Extensions,
    /// The name under which we report.
    ssrc: u32,
    cname: String,
    start: Instant,
    clock: CommonClock,
    round_trip: Duration,
    /// While transport-wide feedback was agreed on.
    arrivals: Option<Arrivals>,
    /// While only REMB was.
    estimate: Option<Estimate>,
    next_report: Instant,
    next_feedback: Instant,
    compound: Compound,
}

/// What comes of a packet, or of time.
#[derive(Debug)]
pub(crate) enum ReceiverOutput<'a> {
    /// A track's configuration, before its first unit and when it changes.
    Config(TrackConfig),
    Unit(AccessUnit),
    /// A compound packet for the publisher.
    Rtcp(&'a [u8]),
}

/// How one track is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TrackFigures {
    pub packets: u64,
    /// Of media.
    pub bytes: u64,
    /// With everything around it, retransmissions too.
    pub wire_bytes: u64,
    pub units: u64,
    /// Packets that did not come by themselves.
    pub lost: u64,
    /// Of those expected between the last two reports, in 256ths.
    pub fraction_lost: u8,
    pub jitter: Duration,
    /// Requests for packets.
    pub asked: u64,
    /// Packets that came as retransmissions.
    pub repaired: u64,
    /// Payloads that were not of their format.
    pub broken: u64,
    pub key_frame_requests: u64,
}

/// A guess at what the publisher's path to us carries, for peers that only know REMB: above what comes while nothing is
/// lost, below it otherwise.
#[derive(Debug, Default)]
struct Estimate {
    bytes_before: u64,
    bitrate_bps: u64,
}

/// How a stream of ours names itself in reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub ssrc: u32,
    pub cname: String,
}

const REPORT_INTERVAL: Duration = Duration::from_secs(1);
const FEEDBACK_INTERVAL: Duration = Duration::from_millis(100);
/// Until the engine has measured it.
const USUAL_ROUND_TRIP: Duration = Duration::from_millis(100);
/// Of what a guess may be, bits per second.
const MIN_ESTIMATE_BPS: u64 = 150_000;
const FIRST_ESTIMATE_BPS: u64 = 2_000_000;
const MAX_ESTIMATE_BPS: u64 = 20_000_000;

impl Receiver {
    /// Receives the first section of each kind that a publisher may send.
    pub fn new(plan: &Plan, identity: Identity, now: Instant) -> Self {
        let mut tracks: Vec<Track> = Vec::new();
        let mut extensions = Extensions::default();
        let mut feedback = super::sdp::Feedback::default();
        for section in plan.sections.iter().filter(|section| section.direction != Direction::Inactive) {
            let kind = match section.kind {
                MediaKind::Video => TrackKind::Video,
                MediaKind::Audio => TrackKind::Audio,
                MediaKind::Data | MediaKind::Other => continue,
            };
            let Some(codec) = &section.codec else { continue };
            if tracks.iter().any(|track| track.kind == kind) {
                continue;
            }
            tracks.push(Track::new(kind, section, codec));
            // One bundle has one numbering of extensions (RFC 9143 §9.1).
            extensions.mid = extensions.mid.or(section.extensions.mid);
            extensions.transport_cc = extensions.transport_cc.or(section.extensions.transport_cc);
            feedback.transport_cc |= codec.feedback.transport_cc;
            feedback.remb |= codec.feedback.remb;
        }
        let has_transport_cc = feedback.transport_cc && extensions.transport_cc.is_some();
        let estimate = || Estimate { bytes_before: 0, bitrate_bps: FIRST_ESTIMATE_BPS };
        Self {
            tracks,
            extensions,
            ssrc: identity.ssrc,
            cname: identity.cname,
            start: now,
            clock: CommonClock::new(now),
            round_trip: USUAL_ROUND_TRIP,
            arrivals: has_transport_cc.then(|| Arrivals::new(now)),
            estimate: (feedback.remb && !has_transport_cc).then(estimate),
            next_report: now + REPORT_INTERVAL,
            next_feedback: now + FEEDBACK_INTERVAL,
            compound: Compound::default(),
        }
    }

    /// Takes a media packet.
    pub fn rtp(&mut self, packet: &ReceivedRtp<'_>, out: &mut dyn FnMut(ReceiverOutput<'_>)) {
        // Probes and strangers count too: they took their way.
        if let (Some(arrivals), Some(id)) = (&mut self.arrivals, self.extensions.transport_cc)
            && let Some(&[high, low]) = extension(packet, id)
        {
            arrivals.record(u16::from_be_bytes([high, low]), packet.at);
        }
        let Some((index, is_repair)) = self.find(packet) else { return };
        let Some(track) = self.tracks.get_mut(index) else { return };
        if is_repair {
            track.repair(packet, &mut self.clock, out);
        } else {
            track.media(packet, self.start, &mut self.clock, out);
        }
        self.feed_back(packet.at, out);
    }

    /// Takes a compound packet of the publisher.
    pub fn rtcp(&mut self, compound: &[u8], now: Instant) {
        let Self { tracks, clock, .. } = self;
        rtcp::read(compound, |packet| match packet {
            Rtcp::SenderReport { ssrc, ntp, timestamp } => {
                if let Some(track) = tracks.iter_mut().find(|track| track.ssrc == Some(ssrc)) {
                    track.sender_report(ntp, now);
                    clock.report(track.kind, ntp, timestamp);
                }
            }
            Rtcp::Goodbye { ssrc } => {
                if let Some(track) = tracks.iter_mut().find(|track| track.ssrc == Some(ssrc)) {
                    track.goodbye();
                }
            }
            _ => {}
        });
    }

    /// Does what is due; see [`next_time`](Self::next_time).
    pub fn time(&mut self, now: Instant, out: &mut dyn FnMut(ReceiverOutput<'_>)) {
        for track in &mut self.tracks {
            track.time(now, self.round_trip, &mut self.clock, out);
        }
        self.feed_back(now, out);
        if self.next_report <= now {
            self.next_report = now + REPORT_INTERVAL;
            self.report(now, out);
        }
    }

    /// When [`time`](Self::time) is to be called at the latest.
    pub fn next_time(&self) -> Instant {
        let tracks = self.tracks.iter().filter_map(|track| track.next_time(self.round_trip));
        let feedback = self.arrivals.as_ref().filter(|arrivals| !arrivals.is_empty()).map(|_| self.next_feedback);
        tracks.chain(feedback).fold(self.next_report, Instant::min)
    }

    /// A viewer needs a key frame: the publisher is asked, at most once a second.
    pub fn request_key_frame(&mut self, now: Instant, out: &mut dyn FnMut(ReceiverOutput<'_>)) {
        for track in &mut self.tracks {
            track.want_key_frame(now);
        }
        self.feed_back(now, out);
    }

    /// What the engine measured; lost packets are asked for again by it.
    pub fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = round_trip.min(MAX_ROUND_TRIP);
    }

    /// How video and audio are received; `None` before their first packet.
    pub fn figures(&self) -> [Option<TrackFigures>; 2] {
        let of = |kind| self.tracks.iter().find(|track| track.kind == kind).and_then(Track::figures);
        [of(TrackKind::Video), of(TrackKind::Audio)]
    }

    /// Whose packet it is, and whether it is one sent again: by SSRC; by section id or payload type when the SSRC is
    /// not known (RFC 9143 §9.2).
    fn find(&mut self, packet: &ReceivedRtp<'_>) -> Option<(usize, bool)> {
        let ssrc = Some(packet.ssrc);
        let mut known = self.tracks.iter().enumerate().filter(|(_, track)| track.ssrc == ssrc).peekable();
        if let Some(&first) = known.peek() {
            // Should two tracks have announced the same, the payload type tells them apart.
            let right = known.find(|(_, track)| track.codec.payload_type == packet.payload_type);
            return Some((right.unwrap_or(first).0, false));
        }
        if let Some(index) = self.tracks.iter().position(|track| track.rtx_ssrc == ssrc) {
            let is_repair = self.tracks.get(index)?.codec.rtx == Some(packet.payload_type);
            return is_repair.then_some((index, true));
        }
        let mid = self.extensions.mid.and_then(|id| extension(packet, id));
        let index = match mid {
            Some(mid) => self.tracks.iter().position(|track| track.mid.as_bytes() == mid)?,
            None => self.tracks.iter().position(|track| {
                track.codec.payload_type == packet.payload_type || track.codec.rtx == Some(packet.payload_type)
            })?,
        };
        let track = self.tracks.get_mut(index)?;
        if track.codec.rtx == Some(packet.payload_type) {
            track.rtx_ssrc = ssrc;
            return Some((index, true));
        }
        let is_media = track.codec.payload_type == packet.payload_type;
        (is_media && track.adopt(packet.ssrc, packet.at, &mut self.clock)).then_some((index, false))
    }

    /// Sends what cannot wait for the next report.
    fn feed_back(&mut self, now: Instant, out: &mut dyn FnMut(ReceiverOutput<'_>)) {
        let mut compound = std::mem::take(&mut self.compound);
        compound.clear();
        for track in &mut self.tracks {
            let Some(media) = track.ssrc else { continue };
            let mut missing = Vec::new();
            track.wanted(now, self.round_trip, &mut missing);
            if !missing.is_empty() {
                begin(&mut compound, self.ssrc, &self.cname).nack(self.ssrc, media, &missing);
            }
            match track.key_frame_request(now) {
                Some(KeyFrameRequest::PictureLoss) => {
                    begin(&mut compound, self.ssrc, &self.cname).picture_loss(self.ssrc, media);
                }
                Some(KeyFrameRequest::FullIntra(number)) => {
                    begin(&mut compound, self.ssrc, &self.cname).full_intra(self.ssrc, media, number);
                }
                None => {}
            }
        }
        if self.next_feedback <= now
            && let Some(arrivals) = &mut self.arrivals
        {
            self.next_feedback = now + FEEDBACK_INTERVAL;
            let media = self.tracks.iter().find_map(|track| track.ssrc).unwrap_or_default();
            let mut control = Vec::new();
            if arrivals.write(&mut control) {
                begin(&mut compound, self.ssrc, &self.cname).transport_feedback(self.ssrc, media, &control);
            }
        }
        if !compound.is_empty() {
            out(ReceiverOutput::Rtcp(compound.as_bytes()));
        }
        self.compound = compound;
    }

    /// The regular report.
    fn report(&mut self, now: Instant, out: &mut dyn FnMut(ReceiverOutput<'_>)) {
        let blocks: Vec<_> = self.tracks.iter_mut().filter_map(|track| track.report(now)).collect();
        if blocks.is_empty() {
            return;
        }
        let mut compound = std::mem::take(&mut self.compound);
        compound.clear();
        compound.receiver_report(self.ssrc, &blocks).name(self.ssrc, &self.cname);
        let bytes = self.tracks.iter().filter_map(Track::figures).map(|figures| figures.wire_bytes).sum();
        if let Some(estimate) = &mut self.estimate {
            let worst = blocks.iter().map(|block| block.fraction_lost).max().unwrap_or_default();
            let media: Vec<_> = blocks.iter().map(|block| block.ssrc).collect();
            compound.remb(self.ssrc, estimate.renew(bytes, worst), &media);
        }
        out(ReceiverOutput::Rtcp(compound.as_bytes()));
        self.compound = compound;
    }
}

impl Estimate {
    /// The guess for the next second, from what came in the last and what was lost of it.
    fn renew(&mut self, bytes: u64, fraction_lost: u8) -> u64 {
        let received_bps = bytes.saturating_sub(self.bytes_before).saturating_mul(8);
        self.bytes_before = bytes;
        let next = match fraction_lost {
            // Up to 2 %: there may be room.
            0..=5 => self.bitrate_bps.max(received_bps * 3 / 2),
            // Up to 10 %: no more than this.
            6..=25 => self.bitrate_bps,
            lost => received_bps * (512 - u64::from(lost)) / 512,
        };
        self.bitrate_bps = next.clamp(MIN_ESTIMATE_BPS, MAX_ESTIMATE_BPS);
        self.bitrate_bps
    }
}

/// A compound packet begins with a report and our name (RFC 4585 §3.1).
fn begin<'a>(compound: &'a mut Compound, ssrc: u32, cname: &str) -> &'a mut Compound {
    if compound.is_empty() {
        compound.receiver_report(ssrc, &[]).name(ssrc, cname);
    }
    compound
}

const MAX_ROUND_TRIP: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
