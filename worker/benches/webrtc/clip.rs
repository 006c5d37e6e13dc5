//! A clip out of an FLV file, and stamps on its pictures.
//!
//! A stamp stands behind the last slice of a picture, where decoders find padding and servers have no reason to look: it
//! passes everything that does not code anew, and arrives with the picture's last packet.

use std::time::Duration;

use bytes::Bytes;

use crate::Outcome;

/// One tag (Adobe FLV 10.1, annex E.4.1).
#[derive(Debug, Clone)]
pub struct Tag {
    pub is_video: bool,
    pub at: Duration,
    pub body: Bytes,
}

/// The tags of sound and pictures; pictures have to be H.264.
pub fn read(file: &[u8]) -> Outcome<Vec<Tag>> {
    let mut rest = file.get(13..).ok_or("no FLV file")?;
    let mut tags = Vec::new();
    while let Some((&[kind, l0, l1, l2, t0, t1, t2, t3, _, _, _], behind)) = rest.split_first_chunk::<11>() {
        let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
        let body = behind.get(..length).ok_or("the file is cut off")?;
        rest = behind.get(length + 4..).unwrap_or_default();
        if matches!(kind, AUDIO_TAG | VIDEO_TAG) {
            let at = Duration::from_millis(u32::from_be_bytes([t3, t0, t1, t2]).into());
            tags.push(Tag { is_video: kind == VIDEO_TAG, at, body: Bytes::copy_from_slice(body) });
        }
    }
    Ok(tags)
}

impl Tag {
    /// A decoder configuration.
    pub fn is_config(&self) -> bool {
        self.body.get(1) == Some(&0)
    }

    pub fn is_key_frame(&self) -> bool {
        self.body.first().is_some_and(|first| first >> 4 == 1)
    }

    /// A picture's NAL units, stamped.
    pub fn stamped_units(&self, stamp: Duration) -> Vec<Vec<u8>> {
        let mut units = units(self.body.get(5..).unwrap_or_default());
        if let Some(unit) = units.iter_mut().rev().find(|unit| matches!(kind(unit), SLICE | KEY_SLICE)) {
            unit.extend(format!("{MARK}{:016x}", stamp.as_nanos() as u64).bytes());
        }
        units
    }

    /// The tag with a stamp.
    pub fn stamped(&self, stamp: Duration) -> Bytes {
        let mut body = self.body.get(..5).unwrap_or_default().to_vec();
        for unit in self.stamped_units(stamp) {
            body.extend((unit.len() as u32).to_be_bytes());
            body.extend(unit);
        }
        body.into()
    }

    /// The parameter sets of a configuration (ISO/IEC 14496-15 §5.3.3.1).
    pub fn parameter_sets(&self) -> Vec<Vec<u8>> {
        let record = self.body.get(5..).unwrap_or_default();
        let mut sets = Vec::new();
        let mut rest = record.get(5..).unwrap_or_default();
        for _ in 0..2 {
            let Some((count, mut behind)) = rest.split_first() else { break };
            for _ in 0..count & 0x1F {
                let Some((&[high, low], after)) = behind.split_first_chunk::<2>() else { break };
                let length = usize::from(u16::from_be_bytes([high, low])).min(after.len());
                let (set, after) = after.split_at(length);
                sets.push(set.to_vec());
                behind = after;
            }
            rest = behind;
        }
        sets
    }
}

/// NAL units with lengths of four bytes before them.
fn units(mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut units = Vec::new();
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (unit, behind) = behind.split_at((u32::from_be_bytes(*length) as usize).min(behind.len()));
        units.push(unit.to_vec());
        rest = behind;
    }
    units
}

/// When the picture was sent whose last packet has this payload.
pub fn stamp_of(payload: &[u8]) -> Option<Duration> {
    let stamp = std::str::from_utf8(payload.get(payload.len().checked_sub(MARK.len() + 16)?..)?).ok()?;
    Some(Duration::from_nanos(u64::from_str_radix(stamp.strip_prefix(MARK)?, 16).ok()?))
}

/// Whether a decoder can begin with the packet of this payload: parameter sets, or an IDR slice (RFC 6184).
pub fn begins_key_frame(payload: &[u8]) -> bool {
    match kind(payload) {
        STAP_A | SEQUENCE_SET | KEY_SLICE => true,
        FU_A => payload.get(1).is_some_and(|second| second & 0x1F == KEY_SLICE),
        _ => false,
    }
}

/// The type of a NAL unit.
pub fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |first| first & 0x1F)
}

/// What may leave over WebRTC.
pub fn is_slice(unit: &[u8]) -> bool {
    matches!(kind(unit), SLICE | KEY_SLICE)
}

const AUDIO_TAG: u8 = 8;
const VIDEO_TAG: u8 = 9;
const SLICE: u8 = 1;
const KEY_SLICE: u8 = 5;
const SEQUENCE_SET: u8 = 7;
const STAP_A: u8 = 24;
pub const FU_A: u8 = 28;
const MARK: &str = "stamp";
