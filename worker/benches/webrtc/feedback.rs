//! What a viewer says: receiver reports (RFC 3550 §6.4.2) and transport-wide feedback.

use std::time::Instant;

/// What is known of one SSRC.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    pub ssrc: u32,
    first: i64,
    newest: i64,
    received: i64,
    /// The middle of the last sender report's time, and when it came.
    report: Option<(u32, Instant)>,
}

/// The packets since the last feedback, by their transport-wide numbers.
#[derive(Default)]
pub struct Arrivals {
    packets: Vec<(u16, Instant)>,
    count: u8,
}

impl Source {
    pub fn new(ssrc: u32, sequence: u16) -> Self {
        let first = i64::from(sequence) + (1 << 16);
        Self { ssrc, first, newest: first - 1, received: 0, report: None }
    }

    pub fn take(&mut self, sequence: u16) {
        let step = i64::from(sequence.wrapping_sub(self.newest as u16) as i16);
        self.newest = self.newest.max(self.newest + step);
        self.received += 1;
    }

    pub fn reported(&mut self, middle: u32, now: Instant) {
        self.report = Some((middle, now));
    }

    pub fn lost(&self) -> u64 {
        u64::try_from(self.newest + 1 - self.first - self.received).unwrap_or_default()
    }

    fn block(&self, now: Instant, out: &mut Vec<u8>) {
        out.extend(self.ssrc.to_be_bytes());
        // No fraction; the sum in 24 bits.
        out.extend((self.lost().min(0x7F_FFFF) as u32).to_be_bytes());
        out.extend((self.newest as u32).to_be_bytes());
        out.extend(0_u32.to_be_bytes());
        let (middle, delay) = self.report.map_or((0, 0), |(middle, at)| {
            (middle, now.saturating_duration_since(at).as_micros() * 65_536 / 1_000_000)
        });
        out.extend(middle.to_be_bytes());
        out.extend((delay as u32).to_be_bytes());
    }
}

/// A receiver report about `sources`.
pub fn receiver_report(sources: &[Source], now: Instant) -> Vec<u8> {
    let words = 1 + 6 * sources.len();
    let mut out = vec![0x80 | sources.len() as u8, 201];
    out.extend((words as u16).to_be_bytes());
    out.extend(OURS.to_be_bytes());
    for source in sources {
        source.block(now, &mut out);
    }
    out
}

impl Arrivals {
    pub fn note(&mut self, number: u16, at: Instant) {
        self.packets.push((number, at));
    }

    /// The feedback about what came since the last. `None` when nothing did.
    pub fn feedback(&mut self, media: u32, start: Instant) -> Option<Vec<u8>> {
        let &(first, _) = self.packets.first()?;
        let mut packets: Vec<(i64, Instant)> =
            self.packets.drain(..).map(|(number, at)| (i64::from(number.wrapping_sub(first) as i16), at)).collect();
        packets.sort_unstable();
        packets.dedup_by_key(|(number, _)| *number);
        let (&(base, earliest), &(last, _)) = (packets.first()?, packets.last()?);
        let reference = earliest.saturating_duration_since(start).as_millis() as i64 / 64;
        let mut before_us = reference * 64_000;
        let (mut chunks, mut deltas) = (Vec::new(), Vec::new());
        let mut run: Option<(u16, u16)> = None;
        let mut push = |symbol: u16| match &mut run {
            Some((current, length)) if *current == symbol && *length < MAX_RUN => *length += 1,
            _ => {
                if let Some((symbol, length)) = run.replace((symbol, 1)) {
                    chunks.extend((symbol << 13 | length).to_be_bytes());
                }
            }
        };
        let mut expected = base;
        for (number, at) in packets {
            (expected..number).for_each(|_| push(MISSING));
            expected = number + 1;
            let at_us = at.saturating_duration_since(start).as_micros() as i64;
            let delta = ((at_us - before_us) / 250).clamp(-0x8000, 0x7FFF);
            before_us += delta * 250;
            match u8::try_from(delta) {
                Ok(delta) => {
                    push(SMALL);
                    deltas.push(delta);
                }
                Err(_) => {
                    push(LARGE);
                    deltas.extend((delta as i16).to_be_bytes());
                }
            }
        }
        if let Some((symbol, length)) = run {
            chunks.extend((symbol << 13 | length).to_be_bytes());
        }
        let mut out = vec![0x8F, 205, 0, 0];
        out.extend(OURS.to_be_bytes());
        out.extend(media.to_be_bytes());
        out.extend(first.wrapping_add(base as u16).to_be_bytes());
        out.extend(((last - base + 1) as u16).to_be_bytes());
        out.extend((((reference as u32) << 8) | u32::from(self.count)).to_be_bytes());
        self.count = self.count.wrapping_add(1);
        out.extend(chunks);
        out.extend(deltas);
        out.resize(out.len().next_multiple_of(4), 0);
        let words = (out.len() / 4 - 1) as u16;
        out[2..4].copy_from_slice(&words.to_be_bytes());
        Some(out)
    }
}

/// The SSRC of who says it.
const OURS: u32 = 1;

/// Symbols of run length chunks.
const MISSING: u16 = 0;
const SMALL: u16 = 1;
const LARGE: u16 = 2;
const MAX_RUN: u16 = 0x1FFF;
