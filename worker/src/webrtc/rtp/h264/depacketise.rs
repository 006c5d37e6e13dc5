//! Puts access units together.

use bytes::{BufMut, Bytes, BytesMut};

use super::{FU_A, FU_END, FU_START, STAP_A};
use crate::media::avcc::{ParameterSets, nal_type};
use crate::media::{Codec, TrackConfig};
use crate::webrtc::rtp::BrokenPayload;
use crate::webrtc::rtp::assembly::Assembly;
use crate::webrtc::rtp::groups::Groups;
use crate::webrtc::rtp::units::Unit;

/// The access unit that is being put together.
///
/// Parameter sets do not stay in units that begin a group: they are the track's configuration, which is given with the
/// unit when it changed. The sets of a kind in one unit replace all that came before, picture parameter sets that come
/// alone are added.
pub(in crate::webrtc::rtp) struct H264Unit {
    unit: Assembly,
    /// Where the length of the unfinished NAL unit stands in `unit`.
    fragment: Option<usize>,
    facts: Facts,
    /// The sets that came with this unit.
    arrived: ParameterSets,
    /// The newest sets; the configuration is made of them at the next key frame.
    newest: ParameterSets,
    /// Whether key frames of this sender bring their parameter sets.
    keys_bring_sets: bool,
}

/// What is known of the unit.
#[derive(Debug, Clone, Copy, Default)]
struct Facts {
    key: bool,
    has_slice: bool,
    /// Its first slice is the first of the picture.
    has_first_slice: bool,
    lacks_beginning: bool,
}

impl H264Unit {
    pub(in crate::webrtc::rtp) fn new(limit: usize) -> Self {
        Self {
            unit: Assembly::new(limit),
            fragment: None,
            facts: Facts::default(),
            arrived: ParameterSets::default(),
            newest: ParameterSets::default(),
            keys_bring_sets: false,
        }
    }

    fn no_fragment(&self) -> Result<(), BrokenPayload> {
        if self.fragment.is_none() { Ok(()) } else { Err(BrokenPayload("a NAL unit without an end")) }
    }

    /// Takes a whole NAL unit.
    fn nal(&mut self, nal: &[u8]) -> Result<(), BrokenPayload> {
        let Some((&header, body)) = nal.split_first() else { return Ok(()) };
        match header & 0x1F {
            kind @ (nal_type::SPS | nal_type::PPS) => self.set(kind, nal),
            9..=12 | 0 => Ok(()), // delimiters and padding
            kind => {
                let length = u32::try_from(nal.len()).map_err(|_| BrokenPayload("the unit is too large"))?;
                self.slice(kind, body);
                self.unit.extend(&length.to_be_bytes())?;
                self.unit.extend(nal)
            }
        }
    }

    /// Takes a part of a NAL unit.
    fn part(&mut self, indicator: u8, rest: &[u8]) -> Result<(), BrokenPayload> {
        let (&header, part) = rest.split_first().ok_or(BrokenPayload("a fragment without its header"))?;
        let kind = header & 0x1F;
        if header & FU_START != 0 {
            self.no_fragment()?;
            if !(1..=23).contains(&kind) {
                return Err(BrokenPayload("a fragment of what is no NAL unit"));
            }
            self.slice(kind, part);
            self.fragment = Some(self.unit.len());
            self.unit.extend(&[0; 4])?;
            self.unit.extend(&[indicator & 0xE0 | kind])?;
        } else if self.fragment.is_none() {
            // Its beginning was lost, which was told already; if it was not, the next key frame is awaited too.
            self.facts.lacks_beginning = true;
            return Ok(());
        }
        self.unit.extend(part)?;
        if header & FU_END != 0
            && let Some(at) = self.fragment.take()
        {
            self.unit.close_length(at);
            if matches!(kind, nal_type::SPS | nal_type::PPS) {
                let set = self.unit.since(at + 4).to_vec();
                self.unit.truncate(at);
                self.set(kind, &set)?;
            }
        }
        Ok(())
    }

    fn slice(&mut self, kind: u8, body: &[u8]) {
        if !(nal_type::SLICE..=nal_type::IDR_SLICE).contains(&kind) {
            return;
        }
        if !self.facts.has_slice {
            // first_mb_in_slice is 0 (ITU-T H.264 §7.3.3): the Exp-Golomb code of one bit.
            self.facts.has_first_slice = body.first().is_some_and(|first| first & 0x80 != 0);
        }
        self.facts.has_slice = true;
        self.facts.key |= kind == nal_type::IDR_SLICE;
    }

    fn set(&mut self, kind: u8, nal: &[u8]) -> Result<(), BrokenPayload> {
        let sets = if kind == nal_type::SPS { &mut self.arrived.sps } else { &mut self.arrived.pps };
        if nal.len() > MAX_SET_BYTES || sets.len() >= MAX_SETS {
            return Err(BrokenPayload("more parameter sets than any real stream has"));
        }
        if !sets.iter().any(|set| set == nal) {
            sets.push(Bytes::copy_from_slice(nal));
        }
        Ok(())
    }

    /// Remembers the sets of a unit; gives those that were not known.
    fn learn(&mut self, arrived: ParameterSets) -> Vec<Bytes> {
        let unknown = |known: &[Bytes], arrived: &[Bytes]| -> Vec<Bytes> {
            arrived.iter().filter(|set| !known.contains(set)).cloned().collect()
        };
        let mut new = unknown(&self.newest.sps, &arrived.sps);
        new.extend(unknown(&self.newest.pps, &arrived.pps));
        let brings_sps = !arrived.sps.is_empty();
        if brings_sps {
            self.newest.sps = arrived.sps;
        }
        if brings_sps && !arrived.pps.is_empty() || self.newest.pps.len() + arrived.pps.len() > MAX_SETS {
            self.newest.pps = arrived.pps;
        } else {
            self.newest.pps.extend(unknown(&self.newest.pps, &arrived.pps));
        }
        new
    }
}

impl Unit for H264Unit {
    fn read(&mut self, payload: &[u8]) -> Result<(), BrokenPayload> {
        let (&first, mut rest) = payload.split_first().ok_or(BrokenPayload("empty"))?;
        match first & 0x1F {
            1..=23 => {
                self.no_fragment()?;
                self.nal(payload)
            }
            STAP_A => {
                self.no_fragment()?;
                while let Some((&length, behind)) = rest.split_first_chunk::<2>() {
                    let length = usize::from(u16::from_be_bytes(length));
                    let (nal, behind) =
                        behind.split_at_checked(length).ok_or(BrokenPayload("an aggregate ends too early"))?;
                    self.nal(nal)?;
                    rest = behind;
                }
                if rest.is_empty() { Ok(()) } else { Err(BrokenPayload("an aggregate ends too early")) }
            }
            FU_A => self.part(first, rest),
            _ => Err(BrokenPayload("a packet type that was not agreed on")),
        }
    }

    fn is_whole(&self) -> bool {
        self.fragment.is_none() && !self.facts.lacks_beginning
    }

    fn finish(&mut self, timestamp: u32, groups: &mut Groups) {
        let facts = std::mem::take(&mut self.facts);
        let data = self.unit.take();
        let arrived = std::mem::take(&mut self.arrived);
        let brought_sets = !arrived.sps.is_empty();
        let in_band = self.learn(arrived);
        if !facts.has_slice {
            return;
        }
        if !facts.key {
            groups.go_on(timestamp, if in_band.is_empty() { data } else { with_sets(&in_band, &data) });
            return;
        }
        // After a loss the sets of this very key frame may be what is missing.
        let lacks_sets = self.keys_bring_sets && !brought_sets;
        if groups.awaits_key() && (!facts.has_first_slice || lacks_sets) {
            return;
        }
        let Some(record) = self.newest.record() else {
            groups.lost();
            return;
        };
        self.keys_bring_sets = brought_sets;
        groups.begin(timestamp, data, TrackConfig { codec: Codec::H264, record });
    }

    fn clear(&mut self) {
        self.unit.clear();
        self.fragment = None;
        self.facts = Facts::default();
        self.arrived = ParameterSets::default();
    }
}

/// A unit in the middle of a group that brings new sets keeps them: the track's configuration may only change with a
/// key frame.
fn with_sets(sets: &[Bytes], data: &Bytes) -> Bytes {
    let length = sets.iter().map(|set| set.len() + 4).sum::<usize>();
    let mut joined = BytesMut::with_capacity(length + data.len());
    for set in sets {
        joined.put_u32(set.len() as u32);
        joined.put_slice(set);
    }
    joined.put_slice(data);
    joined.freeze()
}

/// Real ones have less than a hundred bytes; scaling lists and usability information can make it some hundred.
const MAX_SET_BYTES: usize = 1_024;
/// Of each kind; encoders use one, some with several layers or weights a handful.
const MAX_SETS: usize = 7;
