//! Cuts access units.

use bytes::{BufMut, Bytes, BytesMut};

use super::{FU_A, FU_END, FU_START, REFERENCE, STAP_A};
use crate::media::avcc::{ParameterSets, nal_kind, nal_type, nal_units};
use crate::media::{AccessUnit, TrackKind};
use crate::webrtc::rtp::fragments::fragments;
use crate::webrtc::rtp::{Head, MediaPacket, Packetise, ticks};

/// Sends the parameter sets of the record before every key frame, and of each unit the slices: delimiters, padding and
/// supplemental information mean nothing to WebRTC receivers, and would cost a packet each.
pub(in crate::webrtc::rtp) struct H264Packetiser {
    limit: usize,
    sets: ParameterSets,
    /// What goes before a key frame: one aggregate of all sets, or each on its own if they are too large for that.
    prefix: Vec<Bytes>,
}

impl H264Packetiser {
    pub(in crate::webrtc::rtp) fn new(record: &Bytes, limit: usize) -> Option<Self> {
        let sets = ParameterSets::read(record)?;
        let prefix = match aggregate(&sets, limit) {
            Some(aggregate) => vec![aggregate],
            None => sets.iter().cloned().collect(),
        };
        Some(Self { limit, sets, prefix })
    }

    fn is_sent(&self, nal: &Bytes) -> bool {
        match nal_kind(nal) {
            Some(nal_type::SLICE..=nal_type::IDR_SLICE) => true,
            Some(nal_type::SPS | nal_type::PPS) => !self.sets.iter().any(|set| set == nal),
            _ => false,
        }
    }
}

impl Packetise for H264Packetiser {
    fn packetise(&mut self, unit: &AccessUnit, packets: &mut Vec<MediaPacket>) {
        let start = packets.len();
        let ticks = ticks(unit.pts, TrackKind::Video);
        let mut push = |head: &[u8], body: Bytes| {
            let head = Head::new(head);
            packets.push(MediaPacket { kind: TrackKind::Video, ticks, marker: false, begins: false, head, body });
        };
        if unit.key {
            for nal in &self.prefix {
                push_nal(nal, self.limit, &mut push);
            }
        }
        let mut is_empty = true;
        for nal in nal_units(&unit.data).filter(|nal| self.is_sent(nal)) {
            push_nal(&nal, self.limit, &mut push);
            is_empty = false;
        }
        if is_empty {
            packets.truncate(start);
            return;
        }
        if let Some(first) = packets.get_mut(start) {
            first.begins = unit.key;
        }
        if let Some(last) = packets.last_mut() {
            last.marker = true;
        }
    }
}

/// One NAL unit whole (§5.6) or in fragments (§5.8).
fn push_nal(nal: &Bytes, limit: usize, push: &mut impl FnMut(&[u8], Bytes)) {
    let Some(&header) = nal.first() else { return };
    if nal.len() <= limit {
        push(&[], nal.clone());
        return;
    }
    let indicator = header & !0x1F | FU_A;
    let kind = header & 0x1F;
    let mut flag = FU_START;
    let mut parts = fragments(&nal.slice(1..), 2, 2, limit).peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            flag |= FU_END;
        }
        push(&[indicator, flag | kind], part);
        flag = 0;
    }
}

/// All parameter sets in one STAP-A (§5.7.1).
fn aggregate(sets: &ParameterSets, limit: usize) -> Option<Bytes> {
    let length = 1 + sets.iter().map(|set| 2 + set.len()).sum::<usize>();
    if length > limit {
        return None;
    }
    let mut payload = BytesMut::with_capacity(length);
    let reference = sets.iter().filter_map(|set| set.first()).map(|header| header & REFERENCE).max()?;
    payload.put_u8(reference | STAP_A);
    for set in sets.iter() {
        payload.put_u16(u16::try_from(set.len()).ok()?);
        payload.put_slice(set);
    }
    Some(payload.freeze())
}
