//! One track of a viewer: sequence numbers, repetitions, reports.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::SendFigures;
use crate::media::TrackKind;
use crate::webrtc::engine::{OutgoingRtp, Outlet, Sent};
use crate::webrtc::rtcp::{Compound, NackList, NtpTime, ReportBlock};
use crate::webrtc::rtp::{MediaPacket, clock_rate};
use crate::webrtc::sdp::RtpCodec;
use crate::webrtc::wrap::nearest_16;

pub(super) struct SendTrack {
    pub(super) kind: TrackKind,
    pub(super) ssrc: u32,
    payload_type: u8,
    timestamp_offset: u32,
    rtx: Option<Rtx>,
    /// The next sequence number, with its wraps counted.
    next: i64,
    /// From which sequence number on which distance from the ring's numbers holds; a new one after each skip.
    runs: VecDeque<Run>,
    /// When a packet was last sent again, by its number.
    repeated: VecDeque<(u64, Instant)>,
    /// Numbers to be sent again.
    wanted: Vec<u64>,
    /// Bytes that may be sent again.
    budget: usize,
    last_full_intra: Option<u8>,
    /// The report at the begin of the span over which losses are counted, and when it came.
    counted: Option<(Instant, ReportBlock)>,
    pub(super) figures: SendFigures,
}

/// The retransmission stream.
#[derive(Debug, Clone, Copy)]
struct Rtx {
    ssrc: u32,
    payload_type: u8,
    sequence: u16,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    first: i64,
    /// Added to a number.
    distance: i64,
}

/// A viewer that skips more often than this in the time of a repetition has other troubles.
const MAX_RUNS: usize = 8;
const MAX_REPEATED: usize = 256;
/// Until the viewer's first report.
const USUAL_ROUND_TRIP: Duration = Duration::from_millis(50);
/// Two may not have passed on the way between a packet and its repetition, however short the round trip.
const MIN_REPEAT_INTERVAL: Duration = Duration::from_millis(10);
/// What may be saved up for repetitions: half a second of 4 Mbit/s.
const MAX_BUDGET: usize = 256 << 10;
const FIRST_BUDGET: usize = 32 << 10;

impl SendTrack {
    pub(super) fn new(
        kind: TrackKind,
        codec: &RtpCodec,
        ssrc: u32,
        rtx_ssrc: Option<u32>,
        [sequence, rtx_sequence, timestamp_offset]: [u32; 3],
    ) -> Self {
        // In the lower half, so that the first wrap is not right after the first packet (RFC 3711 §3.3.1).
        let first = |random: u32| (random & 0x7FFF) as u16;
        let rtx = codec.rtx.zip(rtx_ssrc).map(|(payload_type, ssrc)| Rtx {
            ssrc,
            payload_type,
            sequence: first(rtx_sequence),
        });
        Self {
            kind,
            ssrc,
            payload_type: codec.payload_type,
            timestamp_offset,
            rtx,
            next: i64::from(first(sequence)),
            runs: VecDeque::new(),
            repeated: VecDeque::new(),
            wanted: Vec::new(),
            budget: FIRST_BUDGET,
            last_full_intra: None,
            counted: None,
            figures: SendFigures::default(),
        }
    }

    /// The packet as this viewer gets it; [`sent`](Self::sent) tells that it left.
    pub(super) fn outgoing<'a>(&self, packet: &'a MediaPacket, extensions: &'a [u8]) -> OutgoingRtp<'a> {
        OutgoingRtp {
            payload_type: self.payload_type,
            ssrc: self.ssrc,
            sequence: self.next as u16,
            timestamp: self.timestamp(packet),
            marker: packet.marker,
            extensions,
            head: packet.head.as_slice(),
            body: &packet.body,
        }
    }

    /// Another stream follows, whose numbers and times are its own: `later_us` is added to those, so that the viewer's go on.
    pub(super) fn follow(&mut self, later_us: i64) {
        let ticks = later_us.saturating_mul(i64::from(clock_rate(self.kind))) / 1_000_000;
        // Modulo 2^32, as timestamps are.
        self.timestamp_offset = self.timestamp_offset.wrapping_add(ticks as u32);
    }

    /// What was sent cannot be sent again: its numbers stand for other packets from now on.
    pub(super) fn forget(&mut self) {
        self.runs.clear();
        self.repeated.clear();
    }

    pub(super) fn sent(&mut self, packet: &MediaPacket, number: u64) {
        let distance = self.next - number as i64;
        if self.runs.back().is_none_or(|run| run.distance != distance) {
            self.runs.push_back(Run { first: self.next, distance });
            if self.runs.len() > MAX_RUNS {
                self.runs.pop_front();
            }
        }
        self.next += 1;
        let bytes = super::packet_bytes(packet);
        self.budget = (self.budget + bytes).min(MAX_BUDGET);
        self.figures.packets += 1;
        self.figures.bytes += bytes as u64;
    }

    /// The numbers of what the viewer misses, as far as they may be sent again now. At most `budget` are looked at, each of
    /// which is taken off.
    pub(super) fn asked_again(&mut self, list: NackList<'_>, now: Instant, budget: &mut usize) -> &[u64] {
        let interval = self.figures.round_trip.unwrap_or(USUAL_ROUND_TRIP).max(MIN_REPEAT_INTERVAL);
        self.wanted.clear();
        for sequence in list.iter() {
            if self.wanted.len() >= MAX_REPEATED || *budget == 0 {
                break;
            }
            *budget -= 1;
            self.figures.asked += 1;
            let Some(number) = self.number(sequence) else { continue };
            let is_recent = self
                .repeated
                .iter()
                .rev()
                .any(|&(repeated, at)| repeated == number && now.saturating_duration_since(at) < interval);
            if is_recent {
                continue;
            }
            self.repeated.push_back((number, now));
            if self.repeated.len() > MAX_REPEATED {
                self.repeated.pop_front();
            }
            self.wanted.push(number);
        }
        &self.wanted
    }

    /// Sends a packet again while the budget allows it.
    pub(super) fn resend(
        &mut self,
        packet: &MediaPacket,
        number: u64,
        extensions: &[u8],
        outlet: &mut dyn Outlet,
    ) -> Sent {
        let Some(sequence) = self.sequence(number) else { return Sent::Yes };
        let Some(budget) = self.budget.checked_sub(super::packet_bytes(packet)) else { return Sent::Full };
        let timestamp = self.timestamp(packet);
        let sent = match &mut self.rtx {
            Some(rtx) => {
                let mut head = Vec::with_capacity(packet.head.as_slice().len() + 2);
                head.extend(sequence.to_be_bytes());
                head.extend(packet.head.as_slice());
                let sent = outlet.send_rtp(&OutgoingRtp {
                    payload_type: rtx.payload_type,
                    ssrc: rtx.ssrc,
                    sequence: rtx.sequence,
                    timestamp,
                    marker: packet.marker,
                    extensions,
                    head: &head,
                    body: &packet.body,
                });
                if sent == Sent::Yes {
                    rtx.sequence = rtx.sequence.wrapping_add(1);
                }
                sent
            }
            None => outlet.send_rtp(&OutgoingRtp {
                payload_type: self.payload_type,
                ssrc: self.ssrc,
                sequence,
                timestamp,
                marker: packet.marker,
                extensions,
                head: packet.head.as_slice(),
                body: &packet.body,
            }),
        };
        if sent == Sent::Yes {
            self.budget = budget;
            self.figures.resent += 1;
        }
        sent
    }

    /// Takes a viewer's report about the track. Once a second it tells the share that was lost since it last did, in 256ths:
    /// browsers report with everything that they say, and what a report says of the few packets before it means nothing.
    pub(super) fn reported(&mut self, block: &ReportBlock, ntp: NtpTime, now: Instant) -> Option<u8> {
        self.figures.lost = u64::try_from(block.lost).unwrap_or_default();
        self.figures.fraction_lost = block.fraction_lost;
        let micros = u64::from(block.jitter) * 1_000_000 / u64::from(clock_rate(self.kind));
        self.figures.jitter = Duration::from_micros(micros);
        if block.last_report != 0 {
            // RFC 3550 §6.4.1; clocks that disagree make it negative.
            let ticks = ntp.middle().wrapping_sub(block.last_report).wrapping_sub(block.delay);
            if ticks < MAX_ROUND_TRIP_TICKS {
                self.figures.round_trip = Some(Duration::from_micros(u64::from(ticks) * 1_000_000 / 65_536));
            }
        }
        let (since, first) = *self.counted.get_or_insert((now, *block));
        if now.saturating_duration_since(since) < LOSS_SPAN {
            return None;
        }
        self.counted = Some((now, *block));
        let expected = i64::from(block.highest.wrapping_sub(first.highest) as i32);
        let lost = i64::from(block.lost) - i64::from(first.lost);
        let share = if expected > 0 { lost.max(0).saturating_mul(256) / expected } else { 0 };
        Some(u8::try_from(share).unwrap_or(u8::MAX))
    }

    /// Whether this request for a key frame is a new one.
    pub(super) fn key_frame_asked(&mut self, full_intra: Option<u8>) -> bool {
        if let Some(number) = full_intra
            && self.last_full_intra.replace(number) == Some(number)
        {
            return false;
        }
        self.figures.key_frame_requests += 1;
        self.kind == TrackKind::Video
    }

    /// Writes the sender report: at `ntp`, `media_us` is what a camera sees.
    pub(super) fn report(&self, ntp: NtpTime, media_us: i64, compound: &mut Compound) {
        let ticks = (i128::from(media_us) * i128::from(clock_rate(self.kind)) / 1_000_000) as u32;
        let timestamp = ticks.wrapping_add(self.timestamp_offset);
        let counts = (self.figures.packets as u32, self.figures.bytes as u32);
        compound.sender_report(self.ssrc, (ntp, timestamp), counts);
    }

    fn timestamp(&self, packet: &MediaPacket) -> u32 {
        (packet.ticks as u32).wrapping_add(self.timestamp_offset)
    }

    /// The number in the ring of what was sent with this sequence number.
    fn number(&self, sequence: u16) -> Option<u64> {
        let sequence = nearest_16(self.next - 1, sequence);
        if sequence >= self.next {
            return None;
        }
        let run = self.runs.iter().rev().find(|run| run.first <= sequence)?;
        u64::try_from(sequence - run.distance).ok()
    }

    /// The sequence number under which a packet was sent.
    fn sequence(&self, number: u64) -> Option<u16> {
        let mut end = self.next;
        for run in self.runs.iter().rev() {
            let sequence = number as i64 + run.distance;
            if (run.first..end).contains(&sequence) {
                return Some(sequence as u16);
            }
            end = run.first;
        }
        None
    }
}

const LOSS_SPAN: Duration = Duration::from_secs(1);

/// Ten seconds.
const MAX_ROUND_TRIP_TICKS: u32 = 10 * 65_536;
