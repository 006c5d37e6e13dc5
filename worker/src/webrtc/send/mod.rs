//! The sending side of one viewer, without a socket: makes its RTP packets of the streams' shared ones, reports to it,
//! and hears from it what is missing and how fast it can take them. Every stream that it is sent is a lane of its own, with
//! a clock of its own; the path is one for all.
//!
//! Payloads are not touched: a packet of ours is its number, timestamp and SSRC, written before the stream's bytes.

mod lane;
mod pace;
mod track;

use std::time::{Duration, Instant};

use sluice_contract::UnixTime;

use self::lane::Lane;
use self::pace::PathEstimate;
use self::track::SendTrack;
use super::engine::{Outlet, Sent};
use super::rtcp::{self, Compound, NtpTime, Rtcp};
use super::rtp::{MediaPacket, clock_rate};
use super::sdp::plan::{Extensions, Plan, Section};
use super::sdp::{Direction, MediaKind};
use crate::media::TrackKind;

/// What one viewer is sent.
pub(crate) struct Sending {
    /// At their numbers; nothing where one was taken away.
    lanes: Vec<Option<Lane>>,
    extensions: Extensions,
    cname: String,
    start: Instant,
    started_at: UnixTime,
    path: PathEstimate,
    next_report: Option<Instant>,
    compound: Compound,
}

/// One stream on its way to a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LaneId(usize);

/// What a viewer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ViewerRequest<'a> {
    /// These packets of a track again, by their numbers in the ring: see [`Sending::resend`].
    Packets(LaneId, TrackKind, &'a [u64]),
    KeyFrame(LaneId),
}

/// Whether a viewer keeps up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Fine,
    /// More is sent than its path carries, for a while already: it should be sent less.
    TooSlow,
}

/// How one track reaches a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SendFigures {
    pub packets: u64,
    /// Of payload.
    pub bytes: u64,
    pub resent: u64,
    /// Packets that were asked for again.
    pub asked: u64,
    pub key_frame_requests: u64,
    /// As the viewer reports it.
    pub lost: u64,
    /// Of the packets between its last two reports, in 256ths.
    pub fraction_lost: u8,
    pub jitter: Duration,
    pub round_trip: Option<Duration>,
}

const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// The first report, by which players put sound and picture together.
const FIRST_REPORT_WAIT: Duration = Duration::from_millis(100);

impl Sending {
    /// Sends what was agreed. `random` makes first sequence numbers and timestamps (RFC 3550 §5.1).
    pub fn new(plan: &Plan, cname: String, now: Instant, started_at: UnixTime, random: impl FnMut() -> u32) -> Self {
        let mut sending = Self {
            lanes: Vec::new(),
            extensions: Extensions::default(),
            cname,
            start: now,
            started_at,
            path: PathEstimate::new(now),
            next_report: None,
            compound: Compound::default(),
        };
        sending.amend(plan, now, random);
        sending
    }

    /// Sends what was agreed from now on: what goes on keeps its numbers.
    pub fn amend(&mut self, plan: &Plan, now: Instant, mut random: impl FnMut() -> u32) {
        let agreed = |section: &&Section| section.direction == Direction::SendOnly;
        for lane in &mut self.lanes {
            lane.take_if(|lane| !plan.sections.iter().filter(agreed).any(|section| section.track == lane.name));
        }
        for section in plan.sections.iter().filter(agreed) {
            let kind = match section.kind {
                MediaKind::Video => TrackKind::Video,
                MediaKind::Audio => TrackKind::Audio,
                MediaKind::Data | MediaKind::Other => continue,
            };
            let (Some(codec), Some(ssrc)) = (&section.codec, section.ssrc) else { continue };
            let Some(lane) = self.lane_named(&section.track, now) else { continue };
            let track = &mut lane.tracks[slot(kind)];
            if track.is_none() {
                *track = Some(SendTrack::new(kind, codec, ssrc, section.rtx_ssrc, [random(), random(), random()]));
            }
            let extensions = &mut self.extensions;
            extensions.transport_cc = extensions.transport_cc.or(section.extensions.transport_cc);
            extensions.abs_send_time = extensions.abs_send_time.or(section.extensions.abs_send_time);
        }
        if self.extensions.transport_cc.is_some() {
            self.path.expect_feedback();
        }
    }

    /// The lane of a track.
    pub fn lane(&self, track: &str) -> Option<LaneId> {
        self.lanes.iter().position(|lane| lane.as_ref().is_some_and(|lane| lane.name == track)).map(LaneId)
    }

    fn lane_named(&mut self, track: &str, now: Instant) -> Option<&mut Lane> {
        let place = match self.lane(track) {
            Some(LaneId(place)) => place,
            None => {
                let free = self.lanes.iter().position(Option::is_none).unwrap_or(self.lanes.len());
                if free == self.lanes.len() {
                    self.lanes.push(None);
                }
                self.lanes[free] = Some(Lane::new(track, now));
                free
            }
        };
        self.lanes.get_mut(place)?.as_mut()
    }

    fn at(&mut self, lane: LaneId) -> Option<&mut Lane> {
        self.lanes.get_mut(lane.0)?.as_mut()
    }

    /// Sends the packet with this number of its track. Numbers that were left out are not missed by the viewer; a
    /// packet that the outlet does not take may be sent later.
    pub fn send(&mut self, lane: LaneId, packet: &MediaPacket, number: u64, outlet: &mut dyn Outlet) -> Sent {
        let now = outlet.now();
        let extension = HeaderExtension::write(self.extensions, self.path.next_sequence(), now, self.start);
        let Some(lane) = self.lanes.get_mut(lane.0).and_then(Option::as_mut) else { return Sent::Yes };
        lane.expect(packet, now);
        let Some(track) = &mut lane.tracks[slot(packet.kind)] else { return Sent::Yes };
        let outgoing = track.outgoing(packet, extension.as_slice());
        let sent = outlet.send_rtp(&outgoing);
        if sent == Sent::Yes {
            track.sent(packet, number);
            lane.edge.note(now, media_us(packet));
            self.path.sent(now, packet_bytes(packet));
            self.next_report.get_or_insert(now + FIRST_REPORT_WAIT);
        }
        sent
    }

    /// What is sent on a lane from now on is of another stream: to the viewer it is the same one, which goes on.
    pub fn follow(&mut self, lane: LaneId) {
        if let Some(lane) = self.at(lane) {
            lane.follow();
        }
    }

    /// Sends a packet again that the viewer asked for, as a retransmission (RFC 4588) where that was agreed.
    pub fn resend(&mut self, lane: LaneId, packet: &MediaPacket, number: u64, outlet: &mut dyn Outlet) -> Sent {
        let now = outlet.now();
        let extension = HeaderExtension::write(self.extensions, self.path.next_sequence(), now, self.start);
        let track = self.at(lane).and_then(|lane| lane.tracks[slot(packet.kind)].as_mut());
        let Some(track) = track else { return Sent::Yes };
        let sent = track.resend(packet, number, extension.as_slice(), outlet);
        if sent == Sent::Yes {
            self.path.sent(now, packet_bytes(packet));
        }
        sent
    }

    /// Takes a compound packet of the viewer; what it asks for goes to `requests`. Packets are passed on only as often
    /// as they may be sent again: once per round trip, and together no more than the stream itself takes.
    pub fn rtcp(&mut self, compound: &[u8], now: Instant, mut requests: impl FnMut(ViewerRequest<'_>)) {
        let ntp = self.ntp(now);
        let Self { lanes, path, .. } = self;
        let (mut budget, mut asked) = (MAX_FEEDBACK, MAX_ASKED);
        rtcp::read(compound, |packet| match packet {
            Rtcp::Reception(block) => {
                if let Some((_, track)) = of(lanes, block.ssrc)
                    && let Some(share) = track.reported(&block, ntp, now)
                {
                    path.loss(track.kind, share, now);
                }
            }
            Rtcp::Nack { ssrc, list } => {
                if let Some((lane, track)) = of(lanes, ssrc) {
                    let kind = track.kind;
                    let numbers = track.asked_again(list, now, &mut asked);
                    if !numbers.is_empty() {
                        requests(ViewerRequest::Packets(lane, kind, numbers));
                    }
                }
            }
            Rtcp::PictureLoss { ssrc } => {
                if let Some((lane, track)) = of(lanes, ssrc)
                    && track.key_frame_asked(None)
                {
                    requests(ViewerRequest::KeyFrame(lane));
                }
            }
            Rtcp::FullIntra { ssrc, number } => {
                if let Some((lane, track)) = of(lanes, ssrc)
                    && track.key_frame_asked(Some(number))
                {
                    requests(ViewerRequest::KeyFrame(lane));
                }
            }
            Rtcp::Remb { bitrate_bps } => path.limited(bitrate_bps, now),
            Rtcp::TransportFeedback(control) => {
                budget = rtcp::read_feedback(control, budget, |arrival| path.arrived(arrival));
                path.judge(now);
            }
            Rtcp::SenderReport { .. } | Rtcp::Goodbye { .. } => {}
        });
    }

    /// Sends the reports that are due, one packet for each lane; see [`next_time`](Self::next_time).
    pub fn time(&mut self, outlet: &mut dyn Outlet) {
        let now = outlet.now();
        if self.next_report.is_none_or(|due| due > now) {
            return;
        }
        self.next_report = Some(now + REPORT_INTERVAL);
        let ntp = self.ntp(now);
        for lane in self.lanes.iter().flatten() {
            let Some(media_us) = lane.edge.at(now) else { continue };
            let sent = || lane.tracks.iter().flatten().filter(|track| track.figures.packets > 0);
            self.compound.clear();
            for track in sent() {
                track.report(ntp, media_us, &mut self.compound);
            }
            for track in sent() {
                self.compound.name(track.ssrc, &self.cname);
            }
            if !self.compound.is_empty() {
                outlet.send_rtcp(self.compound.as_bytes());
            }
        }
    }

    /// When [`time`](Self::time) is to be called; `None` before the first packet.
    pub const fn next_time(&self) -> Option<Instant> {
        self.next_report
    }

    /// Tells the viewer that nothing more comes (RFC 3550 §6.6).
    pub fn goodbye(&mut self, outlet: &mut dyn Outlet) {
        for lane in self.lanes.iter().flatten() {
            let sources: Vec<_> = lane.tracks.iter().flatten().map(|track| track.ssrc).collect();
            let Some(&first) = sources.first() else { continue };
            self.compound.clear();
            self.compound.receiver_report(first, &[]).name(first, &self.cname).goodbye(&sources);
            outlet.send_rtcp(self.compound.as_bytes());
        }
    }

    /// Whether the viewer keeps up.
    pub fn pace(&self, now: Instant) -> Pace {
        self.path.pace(now)
    }

    /// The viewer skips: its pace is judged anew.
    pub fn skipped(&mut self) {
        self.path.relieved();
    }

    /// When anything last said that the viewer's path carries less than it got; [`Pace`] is what lasts of it.
    pub const fn strained(&self) -> Option<Instant> {
        self.path.strained()
    }

    /// What was sent of a track is not sent again.
    pub fn forget(&mut self, lane: LaneId, kind: TrackKind) {
        if let Some(track) = self.at(lane).and_then(|lane| lane.tracks[slot(kind)].as_mut()) {
            track.forget();
        }
    }

    /// What the viewer's path is thought to carry, bits per second; `None` while nothing limits it.
    pub const fn available_bps(&self) -> Option<u64> {
        self.path.available_bps()
    }

    /// How video and audio reach the viewer, of all lanes together: counts are added up, of the rest the worst counts.
    /// `None` for what was not agreed.
    pub fn figures(&self) -> [Option<SendFigures>; 2] {
        [0, 1].map(|slot: usize| {
            let tracks = self.lanes.iter().flatten().filter_map(|lane| lane.tracks[slot].as_ref());
            tracks.map(|track| track.figures).reduce(SendFigures::and)
        })
    }

    fn ntp(&self, now: Instant) -> NtpTime {
        NtpTime::at(self.started_at, now.saturating_duration_since(self.start))
    }
}

impl SendFigures {
    fn and(self, other: Self) -> Self {
        Self {
            packets: self.packets + other.packets,
            bytes: self.bytes + other.bytes,
            resent: self.resent + other.resent,
            asked: self.asked + other.asked,
            key_frame_requests: self.key_frame_requests + other.key_frame_requests,
            lost: self.lost + other.lost,
            fraction_lost: self.fraction_lost.max(other.fraction_lost),
            jitter: self.jitter.max(other.jitter),
            round_trip: self.round_trip.max(other.round_trip),
        }
    }
}

/// The header extensions of a packet.
struct HeaderExtension {
    bytes: [u8; 8],
    len: usize,
}

impl HeaderExtension {
    /// The transport-wide number where feedback about it was agreed on, else the time of sending for estimates at the
    /// viewer's end.
    fn write(agreed: Extensions, sequence: u16, now: Instant, start: Instant) -> Self {
        let mut bytes = [0; 8];
        let [high, low] = sequence.to_be_bytes();
        let len = match (agreed.transport_cc, agreed.abs_send_time) {
            (Some(id @ 1..=14), _) => {
                bytes[..3].copy_from_slice(&[id << 4 | 1, high, low]);
                3
            }
            (_, Some(id @ 1..=14)) => {
                // Seconds with 18 bits of fraction, modulo 64.
                let micros = now.saturating_duration_since(start).as_micros() as u64;
                let [.., t0, t1, t2] = (((micros << 18) / 1_000_000) & 0xFF_FFFF).to_be_bytes();
                bytes[..4].copy_from_slice(&[id << 4 | 2, t0, t1, t2]);
                4
            }
            _ => 0,
        };
        Self { bytes, len }
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

fn of(lanes: &mut [Option<Lane>], ssrc: u32) -> Option<(LaneId, &mut SendTrack)> {
    let tracks = lanes.iter_mut().enumerate().filter_map(|(place, lane)| Some((LaneId(place), lane.as_mut()?)));
    let mut tracks = tracks.flat_map(|(id, lane)| lane.tracks.iter_mut().flatten().map(move |track| (id, track)));
    tracks.find(|(_, track)| track.ssrc == ssrc)
}

fn media_us(packet: &MediaPacket) -> i64 {
    packet.ticks * 1_000_000 / i64::from(clock_rate(packet.kind))
}

fn packet_bytes(packet: &MediaPacket) -> usize {
    packet.head.as_slice().len() + packet.body.len()
}

const fn slot(kind: TrackKind) -> usize {
    match kind {
        TrackKind::Video => 0,
        TrackKind::Audio => 1,
    }
}

/// Packets that one compound packet may name as arrived: some seconds of any stream.
const MAX_FEEDBACK: usize = 4_096;
/// Packets that a viewer can ask for in one compound packet: each costs a look, and thousands are nobody's loss.
const MAX_ASKED: usize = 512;

#[cfg(test)]
mod tests;
