//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): when the packets of a peer
//! arrived, over all its tracks, for the congestion control at its end.

use std::collections::BTreeMap;
use std::time::Instant;

use super::transport_cc::{DELTA_US, REFERENCE_US};
use crate::webrtc::wrap::nearest_16;

/// The arrivals that no feedback has told yet.
#[derive(Debug)]
pub(crate) struct Arrivals {
    /// All times are told from here.
    epoch: Instant,
    /// By sequence number with the wraps undone.
    waiting: BTreeMap<i64, i64>,
    /// The number after the highest that was told.
    next: Option<i64>,
    /// The highest so far.
    newest: Option<i64>,
    number: u8,
}

/// More than comes in a tenth of a second at 100 Mbit/s.
const MAX_WAITING: usize = 1_024;
/// A longer hole is a new start, not a loss.
const MAX_HOLE: i64 = 4_096;

impl Arrivals {
    pub fn new(epoch: Instant) -> Self {
        Self { epoch, waiting: BTreeMap::new(), next: None, newest: None, number: 0 }
    }

    /// Notes a packet by the number in its header extension.
    pub fn record(&mut self, sequence: u16, at: Instant) {
        let newest = self.newest.unwrap_or(i64::from(sequence) + (1 << 16));
        let extended = nearest_16(newest, sequence);
        self.newest = Some(newest.max(extended));
        let at_us = i64::try_from(at.saturating_duration_since(self.epoch).as_micros()).unwrap_or(i64::MAX);
        self.waiting.entry(extended).or_insert(at_us);
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_first();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Appends the control part of one feedback packet about everything that waits; false when there is nothing.
    pub fn write(&mut self, out: &mut Vec<u8>) -> bool {
        let (Some((&first, &first_us)), Some((&last, _))) =
            (self.waiting.first_key_value(), self.waiting.last_key_value())
        else {
            return false;
        };
        // What is missing since the last feedback is told as missing; what comes after it was told so is told now.
        let base = match self.next {
            Some(next) if next < first && first - next <= MAX_HOLE => next,
            _ => first,
        };
        let last = last.min(base + MAX_HOLE);
        let reference = first_us.div_euclid(REFERENCE_US);
        let mut previous_us = reference * REFERENCE_US;
        let mut symbols = Vec::new();
        let mut deltas = Vec::new();
        let mut told = base;
        for sequence in base..=last {
            let Some(&at_us) = self.waiting.get(&sequence) else {
                symbols.push(0);
                told = sequence;
                continue;
            };
            let delta = (at_us - previous_us).div_euclid(DELTA_US);
            match (u8::try_from(delta), i16::try_from(delta)) {
                (Ok(small), _) => {
                    symbols.push(1);
                    deltas.push(small);
                }
                (_, Ok(large)) => {
                    symbols.push(2);
                    deltas.extend(large.to_be_bytes());
                }
                // More than eight seconds apart: the next feedback begins there.
                _ => break,
            }
            previous_us += delta * DELTA_US;
            told = sequence;
        }
        out.extend((base as u16).to_be_bytes());
        out.extend((symbols.len() as u16).to_be_bytes());
        let [.., r0, r1, r2] = reference.to_be_bytes();
        out.extend([r0, r1, r2, self.number]);
        put_chunks(&symbols, out);
        out.extend(deltas);
        self.number = self.number.wrapping_add(1);
        self.waiting = self.waiting.split_off(&(told + 1));
        self.next = Some(self.next.unwrap_or(i64::MIN).max(told + 1));
        true
    }
}

/// Runs of equal symbols where they are longer than what a vector of seven holds.
fn put_chunks(mut symbols: &[u16], out: &mut Vec<u8>) {
    while let Some(&first) = symbols.first() {
        let run = symbols.iter().take(0x1FFF).take_while(|&&symbol| symbol == first).count();
        let (chunk, taken) = if run >= 7 || run == symbols.len() {
            (first << 13 | run as u16, run)
        } else {
            let word = (0..7).fold(0b11, |word, at| word << 2 | symbols.get(at).copied().unwrap_or(0));
            (word, 7.min(symbols.len()))
        };
        out.extend(chunk.to_be_bytes());
        symbols = symbols.get(taken..).unwrap_or_default();
    }
}
