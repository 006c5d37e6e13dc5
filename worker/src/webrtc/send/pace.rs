//! Whether a viewer's path carries what it is sent.
//!
//! Not a congestion controller: the stream has one bitrate, so the only question is whether a viewer can take it. Three
//! things say that it cannot: packets that wait ever longer on the way (transport-wide feedback), losses that stay high
//! (reports), and the viewer's own estimate (REMB).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Pace;
use crate::media::TrackKind;
use crate::webrtc::rtcp::Arrival;
use crate::webrtc::wrap::nearest_16;

/// What is known of the path to one viewer.
#[derive(Debug)]
pub(super) struct PathEstimate {
    start: Instant,
    /// The transport-wide number that the next packet gets, with its wraps counted.
    next: i64,
    /// The newest packets sent, the last of which has the number before `next`; `None` when nothing is told of them.
    sent: Option<VecDeque<SentPacket>>,
    /// The least time that packets took, on two clocks that know nothing of each other; of this span and the one before.
    least_us: [Option<i64>; 2],
    least_since: Instant,
    /// Of the newest feedback: the least that its packets waited beyond that.
    waited_us: Option<i64>,
    arrived: Throughput,
    /// Of all packets, each second.
    outgoing: Throughput,
    /// The viewer's own estimate, bits per second.
    limit: Option<u64>,
    late: Strain,
    lossy: Strain,
    limited: Strain,
    /// When one of them last did.
    strained: Option<Instant>,
}

/// Since when one of the three says that it is too much.
#[derive(Debug, Clone, Copy, Default)]
struct Strain {
    since: Option<Instant>,
    noted: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct SentPacket {
    /// Microseconds since the start, wrapping.
    at_us: u32,
    bytes: u16,
}

/// Bits per second over about a second.
#[derive(Debug, Default)]
struct Throughput {
    since_us: Option<i64>,
    bytes: u64,
    bps: u64,
}

/// Six seconds of a stream of 300 packets per second; feedback about older ones comes too late to tell anything.
const MAX_SENT: usize = 2_048;
/// Players hold less than this in their buffers: what waits longer stutters.
const MAX_WAIT_US: i64 = 400_000;
/// A quarter, in 256ths.
const MAX_LOSS: u8 = 64;
/// So long one of them must last.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// What was not said again for so long means nothing any more.
const LIFE: Duration = Duration::from_secs(5);
/// The clocks may drift apart: the least time is taken anew.
const LEAST_SPAN: Duration = Duration::from_secs(30);

impl PathEstimate {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            start: now,
            next: 1 << 16,
            sent: None,
            least_us: [None; 2],
            least_since: now,
            waited_us: None,
            arrived: Throughput::default(),
            outgoing: Throughput::default(),
            limit: None,
            late: Strain::default(),
            lossy: Strain::default(),
            limited: Strain::default(),
            strained: None,
        }
    }

    /// Transport-wide feedback was agreed on.
    pub(super) fn expect_feedback(&mut self) {
        self.sent.get_or_insert_default();
    }

    /// The transport-wide number of the next packet.
    pub(super) const fn next_sequence(&self) -> u16 {
        self.next as u16
    }

    /// A packet left with [`next_sequence`](Self::next_sequence).
    pub(super) fn sent(&mut self, now: Instant, bytes: usize) {
        let at_us = self.since_start_us(now);
        self.next += 1;
        if let Some(sent) = &mut self.sent {
            if sent.len() >= MAX_SENT {
                sent.pop_front();
            }
            sent.push_back(SentPacket { at_us: at_us as u32, bytes: u16::try_from(bytes).unwrap_or(u16::MAX) });
        }
        self.outgoing.add(at_us, bytes);
    }

    /// Takes one packet of a feedback.
    pub(super) fn arrived(&mut self, arrival: Arrival) {
        let (Some(at_us), Some(sent)) = (arrival.at_us, &self.sent) else { return };
        let number = nearest_16(self.next - 1, arrival.sequence);
        let Ok(age) = usize::try_from(self.next - 1 - number) else { return };
        let Some(&packet) = sent.len().checked_sub(age + 1).and_then(|index| sent.get(index)) else { return };
        // Both clocks wrap; only their distance matters, which is taken modulo 2³² microseconds.
        let took_us = i64::from((at_us as u32).wrapping_sub(packet.at_us) as i32);
        let least = self.least_us[0].map_or(took_us, |least| least.min(took_us));
        self.least_us[0] = Some(least);
        let least = self.least_us[1].map_or(least, |before| before.min(least));
        let waited = took_us - least;
        self.waited_us = Some(self.waited_us.map_or(waited, |so_far| so_far.min(waited)));
        self.arrived.add(at_us, usize::from(packet.bytes));
    }

    /// Draws the conclusion of a whole feedback.
    pub(super) fn judge(&mut self, now: Instant) {
        if now.saturating_duration_since(self.least_since) >= LEAST_SPAN {
            self.least_since = now;
            self.least_us = [None, self.least_us[0]];
        }
        if let Some(waited) = self.waited_us.take() {
            self.late.note(waited > MAX_WAIT_US, now);
            self.note_strain(waited > MAX_WAIT_US, now);
        }
    }

    /// Takes the share of a track that was lost, in 256ths. Sound alone is too little to tell by.
    pub(super) fn loss(&mut self, kind: TrackKind, share: u8, now: Instant) {
        if kind == TrackKind::Video {
            self.lossy.note(share > MAX_LOSS, now);
            self.note_strain(share > MAX_LOSS, now);
        }
    }

    /// Takes the viewer's own estimate.
    pub(super) fn limited(&mut self, bitrate_bps: u64, now: Instant) {
        self.limit = Some(bitrate_bps);
        // A quarter above it is within what such estimates are off by.
        let is_more = self.outgoing.bps > bitrate_bps.saturating_mul(5) / 4;
        self.limited.note(is_more, now);
        self.note_strain(is_more, now);
    }

    pub(super) fn pace(&self, now: Instant) -> Pace {
        if [self.late, self.lossy, self.limited].iter().any(|strain| strain.lasts(now)) {
            Pace::TooSlow
        } else {
            Pace::Fine
        }
    }

    /// When anything last said that it is too much.
    pub(super) const fn strained(&self) -> Option<Instant> {
        self.strained
    }

    fn note_strain(&mut self, is_so: bool, now: Instant) {
        if is_so {
            self.strained = Some(now);
        }
    }

    /// Something was left out for the viewer: what was so before says nothing any more.
    pub(super) fn relieved(&mut self) {
        self.late = Strain::default();
        self.lossy = Strain::default();
        self.limited = Strain::default();
    }

    /// What arrives while packets are late or lost, or the viewer's estimate, whichever is less.
    pub(super) const fn available_bps(&self) -> Option<u64> {
        let is_full = self.late.since.is_some() || self.lossy.since.is_some();
        match (self.limit, is_full && self.arrived.bps > 0) {
            (Some(limit), true) if limit < self.arrived.bps => Some(limit),
            (_, true) => Some(self.arrived.bps),
            (limit, false) => limit,
        }
    }

    fn since_start_us(&self, now: Instant) -> i64 {
        i64::try_from(now.saturating_duration_since(self.start).as_micros()).unwrap_or(i64::MAX)
    }
}

impl Throughput {
    fn add(&mut self, at_us: i64, bytes: usize) {
        let since_us = *self.since_us.get_or_insert(at_us);
        let span = at_us - since_us;
        if !(0..1_000_000).contains(&span) {
            // A span that is no span (a wrap, a pause) is not told.
            if (0..5_000_000).contains(&span) {
                self.bps = self.bytes.saturating_mul(8_000_000) / span.unsigned_abs();
            }
            self.since_us = Some(at_us);
            self.bytes = 0;
        }
        self.bytes += bytes as u64;
    }
}

impl Strain {
    fn note(&mut self, is_so: bool, now: Instant) {
        self.noted = Some(now);
        if is_so {
            self.since.get_or_insert(now);
        } else {
            self.since = None;
        }
    }

    /// Whether it is so for long enough, and was said lately.
    fn lasts(&self, now: Instant) -> bool {
        let past = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        past(self.since).is_some_and(|lasted| lasted >= PATIENCE) && past(self.noted).is_some_and(|age| age < LIFE)
    }
}
