//! Puts temporal units together.

use bytes::BytesMut;

use super::{CONTINUES, COUNT, COUNT_SHIFT, GOES_ON};
use crate::media::av1::{ObuHeader, Sequence, begins_key_frame, obu_type, read_leb128, write_leb128};
use crate::media::{Codec, TrackConfig};
use crate::webrtc::rtp::BrokenPayload;
use crate::webrtc::rtp::assembly::Assembly;
use crate::webrtc::rtp::groups::Groups;
use crate::webrtc::rtp::units::Unit;

/// The temporal unit that is being put together. Of several spatial layers only the base is taken.
pub(in crate::webrtc::rtp) struct TemporalUnit {
    unit: Assembly,
    /// The element that goes on in the next packet.
    element: Assembly,
    is_open: bool,
    facts: Facts,
    reduced: bool,
}

/// What is known of the unit.
#[derive(Debug, Clone, Default)]
struct Facts {
    /// The configuration that its sequence header makes.
    config: Option<TrackConfig>,
    /// Whether its first frame is a key frame; `None` before one came.
    key: Option<bool>,
    lacks_beginning: bool,
}

impl TemporalUnit {
    pub(in crate::webrtc::rtp) fn new(limit: usize) -> Self {
        Self {
            unit: Assembly::new(limit),
            element: Assembly::new(limit),
            is_open: false,
            facts: Facts::default(),
            reduced: false,
        }
    }

    /// Takes a whole unit and writes it with its size.
    fn obu(&mut self, element: &[u8]) -> Result<(), BrokenPayload> {
        let (header, taken) = ObuHeader::read(element).ok_or(BrokenPayload("not an AV1 unit"))?;
        let mut payload = element.get(taken..).unwrap_or_default();
        if header.has_size() {
            let (size, taken) = read_leb128(payload).ok_or(BrokenPayload("not an AV1 unit"))?;
            payload = payload
                .get(taken..)
                .and_then(|payload| payload.get(..size))
                .ok_or(BrokenPayload("an AV1 unit ends too early"))?;
        }
        if header.spatial_layer() > 0 {
            return Ok(());
        }
        match header.kind() {
            obu_type::TEMPORAL_DELIMITER | obu_type::TILE_LIST | obu_type::PADDING | 0 => return Ok(()),
            obu_type::SEQUENCE_HEADER => {
                let sequence = Sequence::read(payload).ok_or(BrokenPayload("the sequence header"))?;
                self.reduced = sequence.reduced;
                self.facts.config = Some(TrackConfig { codec: Codec::Av1, record: sequence.record(payload) });
            }
            obu_type::FRAME | obu_type::FRAME_HEADER => {
                self.facts.key.get_or_insert(begins_key_frame(payload, self.reduced));
            }
            _ => {}
        }
        let mut head = BytesMut::with_capacity(8);
        header.write(true, &mut head);
        write_leb128(payload.len(), &mut head);
        self.unit.extend(&head)?;
        self.unit.extend(payload)
    }
}

impl Unit for TemporalUnit {
    fn read(&mut self, payload: &[u8]) -> Result<(), BrokenPayload> {
        let (&aggregation, mut rest) = payload.split_first().ok_or(BrokenPayload("empty"))?;
        let count = (aggregation & COUNT) >> COUNT_SHIFT;
        let continues = aggregation & CONTINUES != 0;
        if continues && !self.is_open {
            // An earlier packet was lost.
            self.facts.lacks_beginning = true;
            return Ok(());
        }
        if !continues && self.is_open {
            return Err(BrokenPayload("a unit without an end"));
        }
        let mut index = 0;
        while !rest.is_empty() {
            index += 1;
            let element = if count != 0 && index == count {
                std::mem::take(&mut rest)
            } else {
                let (length, taken) = read_leb128(rest).ok_or(BrokenPayload("an element without its length"))?;
                let behind = rest.get(taken..).unwrap_or_default();
                let (element, behind) =
                    behind.split_at_checked(length).ok_or(BrokenPayload("an element ends too early"))?;
                rest = behind;
                element
            };
            if count != 0 && index > count {
                return Err(BrokenPayload("more elements than were said"));
            }
            let goes_on = rest.is_empty() && aggregation & GOES_ON != 0;
            if goes_on || self.is_open {
                self.element.extend(element)?;
                self.is_open = goes_on;
                if !goes_on {
                    let whole = self.element.take();
                    self.obu(&whole)?;
                }
            } else {
                self.obu(element)?;
            }
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        !self.is_open && !self.facts.lacks_beginning
    }

    fn finish(&mut self, timestamp: u32, groups: &mut Groups) {
        let facts = std::mem::take(&mut self.facts);
        let data = self.unit.take();
        match (facts.key, facts.config) {
            // A group begins with its sequence header and a key frame.
            (Some(true), Some(config)) => groups.begin(timestamp, data, config),
            (Some(_), _) => groups.go_on(timestamp, data),
            (None, _) => {} // no picture
        }
    }

    fn clear(&mut self) {
        self.unit.clear();
        self.element.clear();
        self.is_open = false;
        self.facts = Facts::default();
    }
}
