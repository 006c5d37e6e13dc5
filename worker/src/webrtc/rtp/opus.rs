//! Opus (RFC 7587): one packet is one payload.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Assembled, BrokenPayload, Depacketise, Head, MediaPacket, Packetise, ticks};
use crate::media::{AccessUnit, Codec, TrackConfig, TrackKind, opus};

/// Sends each packet as it is. One above the limit cannot be cut and is left out; that takes 400 kbit/s.
pub(super) struct OpusPacketiser {
    limit: usize,
    /// When the packet after the last begins, while none is missing.
    expected: Option<i64>,
}

impl OpusPacketiser {
    /// `None` for more than two channels, which browsers take only in formats of their own.
    pub(super) fn new(record: &Bytes, limit: usize) -> Option<Self> {
        let track = opus::read_record(record).ok()?;
        (track.channels <= 2).then_some(Self { limit, expected: None })
    }
}

impl Packetise for OpusPacketiser {
    fn packetise(&mut self, unit: &AccessUnit, packets: &mut Vec<MediaPacket>) {
        let Some(samples) = opus::packet_samples(&unit.data) else { return };
        if unit.data.len() > self.limit {
            return;
        }
        let ticks = ticks(unit.pts, TrackKind::Audio);
        let after_silence = self.expected.is_none_or(|expected| ticks - expected > MAX_JITTER_TICKS);
        self.expected = Some(ticks + i64::from(samples));
        packets.push(MediaPacket {
            kind: TrackKind::Audio,
            ticks,
            marker: after_silence,
            begins: true,
            head: Head::new(&[]),
            body: unit.data.clone(),
        });
    }
}

/// Takes each payload as it is.
#[derive(Debug, Default)]
pub(super) struct OpusDepacketiser {
    is_announced: bool,
    ready: VecDeque<Assembled>,
}

impl Depacketise for OpusDepacketiser {
    fn push(&mut self, timestamp: u32, _marker: bool, payload: &[u8]) -> Result<(), BrokenPayload> {
        if payload.is_empty() {
            return Ok(()); // nothing was said
        }
        if opus::packet_samples(payload).is_none() {
            return Err(BrokenPayload("not an Opus packet"));
        }
        let is_first = !std::mem::replace(&mut self.is_announced, true);
        // The format always has two channels (RFC 7587 §4.1); a mono packet is decoded into both.
        let config = is_first.then(|| TrackConfig { codec: Codec::Opus, record: opus::record(2) });
        self.ready.push_back(Assembled { timestamp, key: true, data: Bytes::copy_from_slice(payload), config });
        Ok(())
    }

    fn lost(&mut self) {}

    fn take(&mut self) -> Option<Assembled> {
        self.ready.pop_front()
    }

    fn wants_key_frame(&self) -> bool {
        false
    }
}

/// A gap in the times above 10 ms is silence that was not sent; less is a source whose clock is coarse.
const MAX_JITTER_TICKS: i64 = 480;
