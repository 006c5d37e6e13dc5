//! Reads the times out of the fragments that cmafmux writes (ISO/IEC 14496-12 §8.8), so that manifests say exactly what
//! the segments do.

/// When a media segment starts and how long it lasts, in ticks of its track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FragmentTimes {
    /// `baseMediaDecodeTime` of the first fragment.
    pub(super) time: u64,
    /// Sum of all sample durations.
    pub(super) duration: u64,
}

/// `None` when the bytes are no media segment of one track.
pub(super) fn fragment_times(segment: &[u8]) -> Option<FragmentTimes> {
    let mut time = None;
    let mut duration = 0_u64;
    for moof in children(segment).filter(|child| &child.kind == b"moof") {
        for traf in children(moof.body).filter(|child| &child.kind == b"traf") {
            let mut default_duration = 0;
            for child in children(traf.body) {
                match &child.kind {
                    b"tfhd" => default_duration = default_sample_duration(child.body)?,
                    b"tfdt" => {
                        let base = base_time(child.body)?;
                        time.get_or_insert(base);
                    }
                    b"trun" => duration = duration.checked_add(run_duration(child.body, default_duration)?)?,
                    _ => {}
                }
            }
        }
    }
    Some(FragmentTimes { time: time?, duration })
}

/// One box.
pub(crate) struct Child<'a> {
    pub kind: [u8; 4],
    pub body: &'a [u8],
    /// With its header.
    pub whole: &'a [u8],
}

/// The boxes that follow one another in these bytes, up to the first that is not whole.
pub(crate) fn children(mut rest: &[u8]) -> impl Iterator<Item = Child<'_>> {
    std::iter::from_fn(move || {
        let (&size, tail) = rest.split_first_chunk::<4>()?;
        let (&kind, _) = tail.split_first_chunk::<4>()?;
        let (header, size) = match u32::from_be_bytes(size) {
            1 => (16, u64_at(rest, 8)?),
            0 => (8, rest.len() as u64),
            size => (8, u64::from(size)),
        };
        let size = usize::try_from(size).ok()?;
        let (whole, body) = (rest.get(..size)?, rest.get(header..size)?);
        rest = &rest[size..];
        Some(Child { kind, body, whole })
    })
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// §8.8.7: 0 when absent.
fn default_sample_duration(tfhd: &[u8]) -> Option<u32> {
    let flags = u32_at(tfhd, 0)? & 0x00FF_FFFF;
    if flags & 0x08 == 0 {
        return Some(0);
    }
    let mut at = 8;
    if flags & 0x01 != 0 {
        at += 8; // base_data_offset
    }
    if flags & 0x02 != 0 {
        at += 4; // sample_description_index
    }
    u32_at(tfhd, at)
}

/// §8.8.12.
fn base_time(tfdt: &[u8]) -> Option<u64> {
    if *tfdt.first()? == 1 { u64_at(tfdt, 4) } else { u32_at(tfdt, 4).map(u64::from) }
}

/// §8.8.8.
fn run_duration(trun: &[u8], default_duration: u32) -> Option<u64> {
    let flags = u32_at(trun, 0)? & 0x00FF_FFFF;
    let samples = u32_at(trun, 4)?;
    if flags & 0x100 == 0 {
        return Some(u64::from(samples) * u64::from(default_duration));
    }
    let mut at = 8;
    at += if flags & 0x01 != 0 { 4 } else { 0 }; // data_offset
    at += if flags & 0x04 != 0 { 4 } else { 0 }; // first_sample_flags
    let stride = [0x100, 0x200, 0x400, 0x800].iter().filter(|&&flag| flags & flag != 0).count() * 4;
    let table = trun.get(at..)?;
    let rows = usize::try_from(samples).ok()?;
    if table.len() < rows.checked_mul(stride)? {
        return None;
    }
    // The duration comes first in a row.
    table.chunks_exact(stride).take(rows).map(|row| u32_at(row, 0).map(u64::from)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap();
        [&size.to_be_bytes()[..], kind, body].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn durations_come_from_the_run_or_from_its_default() {
        let tfhd = boxed(b"tfhd", &words(&[0x0002_0008, 1, 1_024]));
        let tfdt = boxed(b"tfdt", &words(&[0x0100_0000, 0, 90_000]));
        let default_run = boxed(b"trun", &words(&[0x0000_0001, 3, 0]));
        let own_run = boxed(b"trun", &words(&[0x0000_0301, 2, 0, 10, 99, 20, 99]));
        let segment = |run: &[u8]| {
            let traf = boxed(b"traf", &[&tfhd[..], &tfdt, run].concat());
            [boxed(b"styp", b"cmfc"), boxed(b"moof", &traf), boxed(b"mdat", &[0; 9])].concat()
        };
        assert_eq!(fragment_times(&segment(&default_run)), Some(FragmentTimes { time: 90_000, duration: 3_072 }));
        assert_eq!(fragment_times(&segment(&own_run)), Some(FragmentTimes { time: 90_000, duration: 30 }));
    }

    #[test]
    fn anything_else_is_none() {
        for bytes in [&b""[..], b"\0\0\0\x08mdat", b"\xFF\xFF\xFF\xFFmoof", b"\0\0\0\x01moof\0\0"] {
            assert_eq!(fragment_times(bytes), None);
        }
    }
}
