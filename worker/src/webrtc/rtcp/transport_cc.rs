//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): reading it, for what we sent.

/// One packet of a feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub sequence: u16,
    /// On the receiver's clock, microseconds from a point that all its feedback shares (modulo 2²⁴ × 64 ms); `None`
    /// when it has not arrived.
    pub at_us: Option<i64>,
}

/// Reads the control part of a feedback packet, at most `budget` packets of it: a few bytes can name 65 535. Ends where
/// it is broken. Gives what is left of the budget.
pub(crate) fn read_feedback(control: &[u8], budget: usize, mut take: impl FnMut(Arrival)) -> usize {
    let Some((&[b0, b1, c0, c1, r0, r1, r2, _number], mut chunks)) = control.split_first_chunk::<8>() else {
        return budget;
    };
    let base = u16::from_be_bytes([b0, b1]);
    let count = usize::from(u16::from_be_bytes([c0, c1]));
    if count > budget {
        return 0;
    }
    let reference = u32::from_be_bytes([0, r0, r1, r2]);
    let mut at_us = i64::from(reference) * REFERENCE_US;
    // The deltas stand behind all of the chunks.
    let Some(mut deltas) = chunks.get(chunk_count(chunks, count) * 2..) else { return budget - count };
    let mut done = 0;
    while done < count {
        let Some((&chunk, behind)) = chunks.split_first_chunk::<2>() else { break };
        chunks = behind;
        for symbol in Symbols::of(chunk).take(count - done) {
            let sequence = base.wrapping_add(done as u16);
            done += 1;
            let delta = match symbol {
                1 => deltas.split_first().map(|(&delta, behind)| (i64::from(delta), behind)),
                2 => deltas
                    .split_first_chunk::<2>()
                    .map(|(&delta, behind)| (i64::from(i16::from_be_bytes(delta)), behind)),
                _ => {
                    take(Arrival { sequence, at_us: None });
                    continue;
                }
            };
            let Some((delta, behind)) = delta else { return budget - count };
            deltas = behind;
            at_us += delta * DELTA_US;
            take(Arrival { sequence, at_us: Some(at_us) });
        }
    }
    budget - count
}

/// How many chunks it takes to name `count` packets.
fn chunk_count(mut chunks: &[u8], count: usize) -> usize {
    let mut named = 0;
    let mut taken = 0;
    while named < count {
        let Some((&chunk, behind)) = chunks.split_first_chunk::<2>() else { break };
        chunks = behind;
        taken += 1;
        named += Symbols::of(chunk).length;
    }
    taken
}

/// The symbols of a chunk: a run of equals, 14 of one bit, or 7 of two.
struct Symbols {
    word: u16,
    at: usize,
    length: usize,
}

impl Symbols {
    const fn of(chunk: [u8; 2]) -> Self {
        let word = u16::from_be_bytes(chunk);
        let length = match word >> 14 {
            0 | 1 => (word & 0x1FFF) as usize,
            2 => 14,
            _ => 7,
        };
        Self { word, at: 0, length }
    }
}

impl Iterator for Symbols {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.at >= self.length {
            return None;
        }
        let at = self.at as u16;
        self.at += 1;
        Some(match self.word >> 14 {
            0 | 1 => self.word >> 13 & 3,
            2 => self.word >> (13 - at) & 1,
            _ => self.word >> (12 - 2 * at) & 3,
        })
    }
}

pub(super) const REFERENCE_US: i64 = 64_000;
pub(super) const DELTA_US: i64 = 250;
