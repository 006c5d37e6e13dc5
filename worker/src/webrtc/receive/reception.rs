//! How well one source is received (RFC 3550 §6.4.1, appendix A): its sequence numbers, losses and jitter.

use std::time::{Duration, Instant};

use crate::webrtc::rtcp::{NtpTime, ReportBlock};
use crate::webrtc::wrap::nearest_16;

/// The figures of one source.
#[derive(Debug, Clone)]
pub(super) struct Reception {
    clock_rate: u32,
    /// Sequence numbers have their wraps undone.
    first: i64,
    newest: i64,
    /// Where a jump led; the next number after it makes it a new start.
    suspect: Option<u16>,
    pub(super) packets: u64,
    /// Those before the source jumped.
    packets_past: u64,
    /// At the last report.
    expected_before: i64,
    packets_before: u64,
    pub(super) fraction_lost: u8,
    /// In 16ths of a tick.
    jitter: i64,
    transit: Option<i64>,
    /// The last sender report, and when it came.
    report: Option<(u32, Instant)>,
}

/// What a sequence number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// One of the stream, new or old.
    Member(i64),
    /// The source has jumped there for good: everything before is over.
    Restart(i64),
    /// Far off; maybe the beginning of a jump.
    Stray,
}

/// Further ahead is a jump, unless the next packet stays there (appendix A.1).
const MAX_DROPOUT: i64 = 3_000;
const MAX_MISORDER: i64 = 1_000;

impl Reception {
    /// Begins with the source's first number.
    pub(super) fn new(sequence: u16, clock_rate: u32) -> Self {
        // Above the first wrap, so that what comes late from before it is not negative.
        let first = i64::from(sequence) + (1 << 16);
        Self {
            clock_rate,
            first,
            newest: first - 1,
            suspect: None,
            packets: 0,
            packets_past: 0,
            expected_before: 0,
            packets_before: 0,
            fraction_lost: 0,
            jitter: 0,
            transit: None,
            report: None,
        }
    }

    /// Places a number, and counts the packet.
    pub(super) fn admit(&mut self, sequence: u16) -> Admission {
        let number = nearest_16(self.newest, sequence);
        if !(-MAX_MISORDER..MAX_DROPOUT).contains(&(number - self.newest)) {
            if self.suspect != Some(sequence) {
                self.suspect = Some(sequence.wrapping_add(1));
                return Admission::Stray;
            }
            let report = self.report;
            let packets = self.packets;
            *self = Self { report, jitter: self.jitter, ..Self::new(sequence, self.clock_rate) };
            self.newest = self.first;
            self.packets = packets + 1;
            self.packets_past = packets;
            self.packets_before = packets;
            return Admission::Restart(self.first);
        }
        self.suspect = None;
        self.packets += 1;
        self.newest = self.newest.max(number);
        self.first = self.first.min(number);
        Admission::Member(number)
    }

    /// Where a packet belongs that was sent again.
    pub(super) const fn place(&self, sequence: u16) -> i64 {
        nearest_16(self.newest, sequence)
    }

    /// Takes a packet's times into the jitter (appendix A.8). Both clocks may wrap.
    pub(super) fn time(&mut self, timestamp: u32, since_start: Duration) {
        let ticks = since_start.as_micros() * u128::from(self.clock_rate) / 1_000_000;
        let transit = i64::from((ticks as u32).wrapping_sub(timestamp));
        if let Some(before) = self.transit.replace(transit) {
            let distance = i64::from((transit - before) as i32).abs();
            self.jitter += distance - ((self.jitter + 8) >> 4);
        }
    }

    pub(super) fn sender_report(&mut self, ntp: NtpTime, at: Instant) {
        self.report = Some((ntp.middle(), at));
    }

    pub(super) fn jitter(&self) -> Duration {
        let micros = (self.jitter >> 4).max(0) * 1_000_000 / i64::from(self.clock_rate);
        Duration::from_micros(micros.unsigned_abs())
    }

    /// Packets that are missing so far; what came twice counts against it.
    pub(super) fn lost(&self) -> i64 {
        let packets = self.packets.saturating_sub(self.packets_past);
        self.newest - self.first + 1 - i64::try_from(packets).unwrap_or(i64::MAX)
    }

    /// The block for the next report; what it says of the time since the last report is renewed.
    pub(super) fn report(&mut self, ssrc: u32, now: Instant) -> ReportBlock {
        let expected = self.newest - self.first + 1;
        let expected_now = expected - self.expected_before;
        let received_now = i64::try_from(self.packets - self.packets_before).unwrap_or(i64::MAX);
        let lost_now = expected_now - received_now;
        self.fraction_lost = if expected_now > 0 && lost_now > 0 {
            u8::try_from(lost_now * 256 / expected_now).unwrap_or(u8::MAX)
        } else {
            0
        };
        self.expected_before = expected;
        self.packets_before = self.packets;
        let (last_report, delay) = match self.report {
            Some((middle, at)) => {
                let since = now.saturating_duration_since(at);
                (middle, u32::try_from(since.as_micros() * 65_536 / 1_000_000).unwrap_or(u32::MAX))
            }
            None => (0, 0),
        };
        ReportBlock {
            ssrc,
            fraction_lost: self.fraction_lost,
            lost: i32::try_from(self.lost().clamp(-0x80_0000, 0x7F_FFFF)).unwrap_or_default(),
            // The first wrap is our own.
            highest: (self.newest - (1 << 16)) as u32,
            jitter: u32::try_from(self.jitter >> 4).unwrap_or(u32::MAX),
            last_report,
            delay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_and_wraps_are_reported() {
        let now = Instant::now();
        let mut reception = Reception::new(65_530, 90_000);
        for sequence in (65_530..=65_535).chain(0..=9) {
            if ![65_533, 3, 4, 5].contains(&sequence) {
                assert!(matches!(reception.admit(sequence), Admission::Member(_)));
            }
        }
        let block = reception.report(7, now);
        assert_eq!((block.fraction_lost, block.lost, block.highest), (64, 4, 0x1_0009));
        for sequence in 10..20 {
            reception.admit(sequence);
        }
        let block = reception.report(7, now);
        assert_eq!((block.fraction_lost, block.lost), (0, 4));
        // Duplicates never make the share negative.
        reception.admit(19);
        assert_eq!(reception.report(7, now).fraction_lost, 0);
    }

    #[test]
    fn a_jump_counts_only_when_the_source_stays_there() {
        let mut reception = Reception::new(100, 90_000);
        reception.admit(100);
        assert_eq!(reception.admit(30_000), Admission::Stray);
        assert!(matches!(reception.admit(101), Admission::Member(_)));
        assert_eq!(reception.admit(30_001), Admission::Stray);
        assert!(matches!(reception.admit(30_002), Admission::Restart(_)));
        assert!(matches!(reception.admit(30_003), Admission::Member(_)));
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn jitter_is_that_of_the_arrival_times() {
        let mut reception = Reception::new(0, 90_000);
        for frame in 0..500_u32 {
            let late = if frame % 2 == 0 { 0 } else { 10_000 };
            let micros = u64::from(frame) * 33_333 + late;
            reception.time((frame * 3_000).wrapping_sub(4_000), Duration::from_micros(micros));
        }
        let millis = reception.jitter().as_millis();
        assert!((8..=10).contains(&millis), "{millis}");
    }

    #[test]
    fn reports_name_the_last_sender_report() {
        let now = Instant::now();
        let mut reception = Reception::new(0, 48_000);
        reception.sender_report(NtpTime::from_bits(0x1111_2222_3333_4444), now);
        let block = reception.report(7, now + Duration::from_millis(500));
        assert_eq!((block.last_report, block.delay), (0x2222_3333, 32_768));
    }
}
