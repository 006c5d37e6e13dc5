//! H.264 as it is stored (ISO/IEC 14496-15 §5.3): NAL units behind their lengths, and the configuration record that
//! holds their parameter sets. [`h264`](super::h264) reads what the sets say.

use bytes::{BufMut, Bytes, BytesMut};

/// `nal_unit_type` (ITU-T H.264 table 7-1), as far as we tell them apart.
pub mod nal_type {
    pub const SLICE: u8 = 1;
    pub const PARTITION_C: u8 = 4;
    pub const IDR_SLICE: u8 = 5;
    pub const SPS: u8 = 7;
    pub const PPS: u8 = 8;
}

/// The type of a NAL unit; `None` when it is empty.
pub fn nal_kind(nal: &[u8]) -> Option<u8> {
    nal.first().map(|header| header & 0x1F)
}

/// The NAL units of an access unit, without their lengths; empty ones left out. Ends early where a length is wrong.
pub fn nal_units(data: &Bytes) -> impl Iterator<Item = Bytes> + use<> {
    let mut rest = data.clone();
    std::iter::from_fn(move || {
        loop {
            let length = u32::from_be_bytes(*rest.first_chunk::<4>()?);
            let mut nal = rest.split_off(4);
            let length = usize::try_from(length).ok().filter(|&length| length <= nal.len())?;
            rest = nal.split_off(length);
            if !nal.is_empty() {
                return Some(nal);
            }
        }
    })
}

/// Sequence and picture parameter sets, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParameterSets {
    pub sps: Vec<Bytes>,
    pub pps: Vec<Bytes>,
}

impl ParameterSets {
    /// The sets in a configuration record; `None` when it is not one.
    pub fn read(record: &Bytes) -> Option<Self> {
        let mut rest = record.clone();
        let &[version, _, _, _, _, sps_count] = rest.first_chunk::<6>()?;
        if version != 1 {
            return None;
        }
        let mut rest = rest.split_off(6);
        let sps = take_sets(&mut rest, sps_count & 0x1F)?;
        let &pps_count = rest.first()?;
        let mut rest = rest.split_off(1);
        let pps = take_sets(&mut rest, pps_count)?;
        Some(Self { sps, pps })
    }

    /// The configuration record of these sets, with lengths of 4 bytes; `None` when either kind is missing, there are
    /// more than a record can count, or one is too long.
    pub fn record(&self) -> Option<Bytes> {
        let &[_, profile, compatibility, level] = self.sps.first()?.first_chunk::<4>()?;
        let sps_count = u8::try_from(self.sps.len()).ok().filter(|&count| count < 0x20)?;
        let pps_count = u8::try_from(self.pps.len()).ok().filter(|&count| count > 0)?;
        let sets = self.sps.iter().chain(&self.pps);
        let mut record = BytesMut::with_capacity(16 + sets.map(|set| set.len() + 2).sum::<usize>());
        record.put_slice(&[1, profile, compatibility, level, 0xFF, 0xE0 | sps_count]);
        put_sets(&mut record, &self.sps)?;
        record.put_u8(pps_count);
        put_sets(&mut record, &self.pps)?;
        if let (100 | 110 | 122 | 144, Some(chroma)) = (profile, self.sps.first().and_then(|sps| chroma_of(sps))) {
            record.put_slice(&[0xFC | chroma.format, 0xF8 | chroma.luma_depth, 0xF8 | chroma.chroma_depth, 0]);
        }
        Some(record.freeze())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.sps.iter().chain(&self.pps)
    }
}

struct Chroma {
    format: u8,
    luma_depth: u8,
    chroma_depth: u8,
}

/// What the record repeats of a High profile's sequence parameter set; `None` when it cannot be read.
fn chroma_of(sps: &[u8]) -> Option<Chroma> {
    // No emulation prevention can stand in these few bytes: the profile is not zero, and Exp-Golomb codes of values in
    // range are too short to make two bytes of zeros.
    let mut r = super::bits::BitReader::new(sps.get(4..)?);
    r.exp_golomb()?; // seq_parameter_set_id
    let format = r.exp_golomb().filter(|&format| format <= 3)?;
    if format == 3 {
        r.bit()?;
    }
    let (luma, chroma) = (r.exp_golomb()?, r.exp_golomb()?);
    let small = |value: u32| u8::try_from(value).ok().filter(|&value| value <= 6);
    Some(Chroma { format: small(format)?, luma_depth: small(luma)?, chroma_depth: small(chroma)? })
}

fn take_sets(rest: &mut Bytes, count: u8) -> Option<Vec<Bytes>> {
    let mut sets = Vec::new();
    for _ in 0..count {
        let length = usize::from(u16::from_be_bytes(*rest.first_chunk::<2>()?));
        let mut set = rest.split_off(2);
        if length == 0 || length > set.len() {
            return None;
        }
        *rest = set.split_off(length);
        sets.push(set);
    }
    Some(sets)
}

fn put_sets(record: &mut BytesMut, sets: &[Bytes]) -> Option<()> {
    for set in sets {
        record.put_u16(u16::try_from(set.len()).ok()?);
        record.put_slice(set);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::media::h264;

    /// x264, 1280×720, Main; its picture parameter set.
    const SPS: &[u8] = &[
        0x67, 0x4d, 0x40, 0x1f, 0xec, 0xa0, 0x28, 0x02, 0xdd, 0x80, 0xb5, 0x01, 0x01, 0x01, 0x40, 0x00, 0x00, 0x03,
        0x00, 0x40, 0x00, 0x00, 0x0f, 0x23, 0xc6, 0x0c, 0x65, 0x80,
    ];
    const PPS: &[u8] = &[0x68, 0xEF, 0xBC, 0x80];

    fn sets() -> ParameterSets {
        ParameterSets { sps: vec![Bytes::from_static(SPS)], pps: vec![Bytes::from_static(PPS)] }
    }

    #[test]
    fn a_record_gives_back_the_sets_it_was_made_of() {
        let record = sets().record().unwrap();
        assert_eq!(ParameterSets::read(&record), Some(sets()));
        let track = h264::read_record(&record).unwrap();
        assert_eq!((track.codec.as_str(), track.width), ("avc1.4D401F", 1280));
        for length in 0..record.len() {
            assert_eq!(ParameterSets::read(&record.slice(..length)), None, "{length}");
        }
    }

    #[test]
    fn a_record_needs_both_kinds() {
        assert_eq!(ParameterSets { pps: vec![], ..sets() }.record(), None);
        assert_eq!(ParameterSets { sps: vec![], ..sets() }.record(), None);
    }

    #[test]
    fn high_profiles_repeat_their_chroma_format() {
        let high = Bytes::from_static(&[0x67, 0x64, 0x00, 0x0A, 0xAC, 0xD9, 0x44, 0x26, 0x84]);
        let record = ParameterSets { sps: vec![high], ..sets() }.record().unwrap();
        assert_eq!(record[record.len() - 4..], [0xFD, 0xF8, 0xF8, 0]);
    }

    #[test]
    fn units_end_where_a_length_lies() {
        let data = Bytes::from_static(&[0, 0, 0, 2, 0x65, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x41, 0, 0, 0, 9, 1]);
        assert_eq!(nal_units(&data).collect::<Vec<_>>(), [&[0x65, 1][..], &[0x41]]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let data = Bytes::from(bytes);
            prop_assert!(nal_units(&data).map(|nal| nal.len()).sum::<usize>() <= data.len());
            if let Some(sets) = ParameterSets::read(&data) {
                let _ = sets.record();
            }
        }
    }
}
