//! Cuts temporal units.

use bytes::{BufMut, Bytes};

use super::{CONTINUES, COUNT_SHIFT, GOES_ON, NEW_SEQUENCE};
use crate::media::av1::{Obu, obu_type, obus, sequence_header, write_leb128};
use crate::media::{AccessUnit, TrackKind};
use crate::webrtc::rtp::fragments::fragments;
use crate::webrtc::rtp::{Head, MediaPacket, Packetise, ticks};

/// Small units (sequence headers, metadata) go into the head of the packet of the next large one, so that only bytes of
/// pictures stand in bodies. A key frame that comes without the sequence header gets the record's.
pub(in crate::webrtc::rtp) struct Av1Packetiser {
    limit: usize,
    sequence: Option<Obu>,
}

/// Larger units get packets of their own.
const MAX_SMALL_BYTES: usize = 128;
/// As many as the aggregation header can count beside the last.
const MAX_SMALL: u8 = 2;

impl Av1Packetiser {
    pub(in crate::webrtc::rtp) fn new(record: &Bytes, limit: usize) -> Self {
        Self { limit, sequence: sequence_header(record) }
    }

    fn small_bytes(&self) -> usize {
        MAX_SMALL_BYTES.min(self.limit / 5)
    }
}

impl Packetise for Av1Packetiser {
    fn packetise(&mut self, unit: &AccessUnit, packets: &mut Vec<MediaPacket>) {
        let start = packets.len();
        let ticks = ticks(unit.pts, TrackKind::Video);
        let mut cutter = Cutter { small: Vec::new(), count: 0, ticks, packets: &mut *packets };
        let sent: Vec<_> = obus(&unit.data).filter(|obu| is_sent(obu.header.kind())).collect();
        let has_sequence = sent.iter().any(|obu| obu.header.kind() == obu_type::SEQUENCE_HEADER);
        let sequence = self.sequence.as_ref().filter(|_| unit.key && !has_sequence && !sent.is_empty());
        let mut rest = sequence.into_iter().chain(&sent).peekable();
        while let Some(obu) = rest.next() {
            let is_last = rest.peek().is_none();
            if !is_last && obu.payload.len() + 2 <= self.small_bytes() && cutter.count < MAX_SMALL {
                cutter.keep(obu);
            } else {
                cutter.cut(obu, self.limit);
            }
        }
        if let Some(first) = packets.get_mut(start) {
            first.begins = unit.key;
            if unit.key {
                first.head = flagged(&first.head, NEW_SEQUENCE);
            }
        }
        if packets.len() > start
            && let Some(last) = packets.last_mut()
        {
            last.marker = true;
        }
    }
}

/// Temporal delimiters and tile lists must not be sent (§5), padding need not.
const fn is_sent(kind: u8) -> bool {
    !matches!(kind, 0 | obu_type::TEMPORAL_DELIMITER | obu_type::TILE_LIST | obu_type::PADDING)
}

struct Cutter<'a> {
    /// Elements for the head of the next packet, each with its length.
    small: Vec<u8>,
    count: u8,
    ticks: i64,
    packets: &'a mut Vec<MediaPacket>,
}

impl Cutter<'_> {
    fn keep(&mut self, obu: &Obu) {
        let mut element = Vec::with_capacity(obu.payload.len() + 2);
        obu.header.write(false, &mut element);
        element.put_slice(&obu.payload);
        write_leb128(element.len(), &mut self.small);
        self.small.put_slice(&element);
        self.count += 1;
    }

    /// Sends a unit, behind what was kept, in as many packets as it takes.
    fn cut(&mut self, obu: &Obu, limit: usize) {
        let mut head = vec![(self.count + 1) << COUNT_SHIFT];
        head.append(&mut self.small);
        self.count = 0;
        obu.header.write(false, &mut head);
        if obu.payload.is_empty() {
            self.push(&head, Bytes::new());
            return;
        }
        let mut parts = fragments(&obu.payload, head.len(), 1, limit).peekable();
        while let Some(part) = parts.next() {
            if let Some(aggregation) = head.first_mut()
                && parts.peek().is_some()
            {
                *aggregation |= GOES_ON;
            }
            self.push(&head, part);
            head.truncate(0);
            head.push(CONTINUES | 1 << COUNT_SHIFT);
        }
    }

    fn push(&mut self, head: &[u8], body: Bytes) {
        self.packets.push(MediaPacket {
            kind: TrackKind::Video,
            ticks: self.ticks,
            marker: false,
            begins: false,
            head: Head::new(head),
            body,
        });
    }
}

fn flagged(head: &Head, flag: u8) -> Head {
    let mut bytes = head.as_slice().to_vec();
    if let Some(first) = bytes.first_mut() {
        *first |= flag;
    }
    Head::new(&bytes)
}
