//! Reads AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1) and the sequence parameter set in it (ITU-T H.264
//! §7.3.2.1.1 and annex E). Every length and code comes from a stranger and is checked.

use super::bits::BitReader;
use super::info::{InvalidConfig, VideoTrack};

/// Above any level of the standard; keeps the products below far from overflow.
const MAX_DIMENSION: u32 = 16_384;
const MAX_SPS_BYTES: usize = 4_096;
const NAL_SPS: u8 = 7;
const NAL_PPS: u8 = 8;

/// Reads a configuration record and its first sequence parameter set.
///
/// # Errors
/// [`InvalidConfig`] when it breaks the standard, has no parameter sets, or has NAL lengths of other than 4 bytes
/// ([`AccessUnit`](super::AccessUnit) always has 4).
pub fn read_record(record: &[u8]) -> Result<VideoTrack, InvalidConfig> {
    let (&[version, profile, compatibility, level, length_size, sps_count], mut rest) =
        record.split_first_chunk().ok_or(InvalidConfig::Truncated)?;
    if version != 1 {
        return Err(InvalidConfig::Malformed("avcC version is not 1"));
    }
    if length_size & 0b11 != 3 {
        return Err(InvalidConfig::Unsupported("NAL unit lengths of other than 4 bytes"));
    }
    if sps_count & 0b1_1111 == 0 {
        return Err(InvalidConfig::Malformed("no sequence parameter set"));
    }
    let mut sps = None;
    for _ in 0..sps_count & 0b1_1111 {
        let nal = take_nal(&mut rest, NAL_SPS, "a sequence parameter set has another NAL type")?;
        sps.get_or_insert(nal);
    }
    let pps_count = take_byte(&mut rest)?;
    if pps_count == 0 {
        return Err(InvalidConfig::Malformed("no picture parameter set"));
    }
    for _ in 0..pps_count {
        take_nal(&mut rest, NAL_PPS, "a picture parameter set has another NAL type")?;
    }
    let Some(sps) = sps else { return Err(InvalidConfig::Malformed("no sequence parameter set")) };
    let picture = read_sps(sps)?;
    Ok(VideoTrack {
        codec: format!("avc1.{profile:02X}{compatibility:02X}{level:02X}"),
        width: picture.width,
        height: picture.height,
        sample_aspect: picture.sample_aspect,
        frame_rate: picture.frame_rate,
    })
}

/// True when a configuration record says that pictures may be shown in another order than they are decoded in
/// (`max_num_reorder_frames`, ITU-T H.264 §E.2.1). Records that are silent about it, or that cannot be read, do not.
pub fn announces_reordering(record: &[u8]) -> bool {
    let Some(mut rest) = record.get(6..) else { return false };
    let sps = take_nal(&mut rest, NAL_SPS, "a sequence parameter set has another NAL type");
    sps.and_then(read_sps).is_ok_and(|picture| picture.reordered_frames.is_some_and(|frames| frames > 0))
}

/// The part of a sequence parameter set that packaging shows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Picture {
    width: u32,
    height: u32,
    sample_aspect: (u16, u16),
    frame_rate: Option<(u32, u32)>,
    /// How many pictures may precede one in decoding order and follow it in output order; `None` when not said.
    reordered_frames: Option<u32>,
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, InvalidConfig> {
    let (&byte, tail) = rest.split_first().ok_or(InvalidConfig::Truncated)?;
    *rest = tail;
    Ok(byte)
}

fn take_nal<'a>(rest: &mut &'a [u8], kind: u8, wrong_kind: &'static str) -> Result<&'a [u8], InvalidConfig> {
    let (&length, tail) = rest.split_first_chunk::<2>().ok_or(InvalidConfig::Truncated)?;
    let (nal, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(length))).ok_or(InvalidConfig::Truncated)?;
    *rest = tail;
    match nal.first() {
        Some(header) if header & 0b1_1111 == kind => Ok(nal),
        Some(_) => Err(InvalidConfig::Malformed(wrong_kind)),
        None => Err(InvalidConfig::Malformed("an empty parameter set")),
    }
}

fn read_sps(nal: &[u8]) -> Result<Picture, InvalidConfig> {
    if nal.len() > MAX_SPS_BYTES {
        return Err(InvalidConfig::Unsupported("a sequence parameter set above 4 KiB"));
    }
    let payload = unescape(nal.get(1..).unwrap_or_default());
    read_sps_fields(&mut BitReader::new(&payload)).ok_or(InvalidConfig::Malformed("the sequence parameter set"))
}

/// Removes the emulation prevention bytes (§7.4.1.1).
fn unescape(payload: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(payload.len());
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    plain
}

/// `None` when a field is missing or outside its range.
fn read_sps_fields(r: &mut BitReader<'_>) -> Option<Picture> {
    let profile = r.bits(8)?;
    r.skip(16)?; // constraint flags, level
    r.exp_golomb()?; // seq_parameter_set_id
    let mut chroma_format = 1;
    let mut separate_planes = false;
    if matches!(profile, 44 | 83 | 86 | 100 | 110 | 118 | 122 | 128 | 134 | 135 | 138 | 139 | 244) {
        chroma_format = r.exp_golomb().filter(|&format| format <= 3)?;
        if chroma_format == 3 {
            separate_planes = r.bit()?;
        }
        r.exp_golomb()?; // bit_depth_luma_minus8
        r.exp_golomb()?; // bit_depth_chroma_minus8
        r.bit()?; // qpprime_y_zero_transform_bypass_flag
        if r.bit()? {
            for list in 0..if chroma_format == 3 { 12 } else { 8 } {
                if r.bit()? {
                    skip_scaling_list(r, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    r.exp_golomb()?; // log2_max_frame_num_minus4
    match r.exp_golomb()? {
        0 => {
            r.exp_golomb()?; // log2_max_pic_order_cnt_lsb_minus4
        }
        1 => {
            r.bit()?; // delta_pic_order_always_zero_flag
            r.signed_exp_golomb()?; // offset_for_non_ref_pic
            r.signed_exp_golomb()?; // offset_for_top_to_bottom_field
            for _ in 0..r.exp_golomb().filter(|&count| count <= 255)? {
                r.signed_exp_golomb()?; // offset_for_ref_frame
            }
        }
        2 => {}
        _ => return None,
    }
    r.exp_golomb()?; // max_num_ref_frames
    r.bit()?; // gaps_in_frame_num_value_allowed_flag
    let width_mbs = r.exp_golomb()?.checked_add(1)?;
    let height_units = r.exp_golomb()?.checked_add(1)?;
    let frames_only = r.bit()?;
    if !frames_only {
        r.bit()?; // mb_adaptive_frame_field_flag
    }
    r.bit()?; // direct_8x8_inference_flag
    let (mut left, mut right, mut top, mut bottom) = (0, 0, 0, 0);
    if r.bit()? {
        left = r.exp_golomb()?;
        right = r.exp_golomb()?;
        top = r.exp_golomb()?;
        bottom = r.exp_golomb()?;
    }
    let field_factor = if frames_only { 1 } else { 2 };
    // Table 6-1 and equations 7-19 to 7-22; without chroma, or with planes coded apart, a unit is one luma sample.
    let (unit_x, unit_y) = match chroma_format {
        1 if !separate_planes => (2, 2),
        2 if !separate_planes => (2, 1),
        _ => (1, 1),
    };
    let crop = |size: u32, near: u32, far: u32, unit: u32| {
        let cropped = u64::from(near).checked_add(u64::from(far))?.checked_mul(u64::from(unit))?;
        let rest = u64::from(size).checked_sub(cropped)?;
        u32::try_from(rest).ok().filter(|size| (1..=MAX_DIMENSION).contains(size))
    };
    let width = crop(width_mbs.checked_mul(16)?, left, right, unit_x)?;
    let height = crop(height_units.checked_mul(16 * field_factor)?, top, bottom, unit_y * field_factor)?;
    // The rest is decoration: a usability annex that cannot be read must not refuse a stream that decoders accept.
    let vui = if r.bit().unwrap_or(false) { read_vui(r) } else { Vui::default() };
    Some(Picture {
        width,
        height,
        sample_aspect: vui.sample_aspect,
        frame_rate: vui.frame_rate,
        reordered_frames: vui.reordered_frames,
    })
}

fn skip_scaling_list(r: &mut BitReader<'_>, size: u32) -> Option<()> {
    let mut last = 8_i32;
    let mut next = 8_i32;
    for _ in 0..size {
        if next != 0 {
            next = last.checked_add(r.signed_exp_golomb()?)?.rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

struct Vui {
    sample_aspect: (u16, u16),
    frame_rate: Option<(u32, u32)>,
    reordered_frames: Option<u32>,
}

impl Default for Vui {
    fn default() -> Self {
        Self { sample_aspect: (1, 1), frame_rate: None, reordered_frames: None }
    }
}

/// What can be read of it, up to where it cannot.
fn read_vui(r: &mut BitReader<'_>) -> Vui {
    let mut vui = Vui::default();
    let _ = read_vui_fields(r, &mut vui);
    vui
}

fn read_vui_fields(r: &mut BitReader<'_>, vui: &mut Vui) -> Option<()> {
    vui.sample_aspect = read_aspect(r)?;
    vui.frame_rate = read_timing(r)?;
    vui.reordered_frames = read_restriction(r)?;
    Some(())
}

fn read_aspect(r: &mut BitReader<'_>) -> Option<(u16, u16)> {
    if !r.bit()? {
        return Some((1, 1));
    }
    let index = r.bits(8)?;
    let aspect = if index == 255 {
        (u16::try_from(r.bits(16)?).ok()?, u16::try_from(r.bits(16)?).ok()?)
    } else {
        usize::try_from(index).ok().and_then(|index| SAMPLE_ASPECTS.get(index)).copied().unwrap_or((1, 1))
    };
    Some(if aspect.0 == 0 || aspect.1 == 0 { (1, 1) } else { aspect })
}

/// The nominal frame rate, whether the encoder keeps to it or not, and what stands before it; no rate when absent or
/// absurd (a variable-rate encoder may give its clock here).
fn read_timing(r: &mut BitReader<'_>) -> Option<Option<(u32, u32)>> {
    if r.bit()? {
        r.bit()?; // overscan_appropriate_flag
    }
    if r.bit()? {
        r.skip(4)?; // video_format, video_full_range_flag
        if r.bit()? {
            r.skip(24)?; // colour description
        }
    }
    if r.bit()? {
        r.exp_golomb()?; // chroma_sample_loc_type_top_field
        r.exp_golomb()?; // chroma_sample_loc_type_bottom_field
    }
    if !r.bit()? {
        return Some(None);
    }
    let units_in_tick = r.bits(32)?;
    let time_scale = r.bits(32)?;
    // fixed_frame_rate_flag; should the set end here, the rate is known all the same.
    let _ = r.bit();
    // A tick is a field (§E.2.1).
    let Some(denominator) = units_in_tick.checked_mul(2).filter(|&denominator| denominator > 0) else {
        return Some(None);
    };
    let plausible = time_scale >= denominator && time_scale / denominator <= 300;
    let divisor = greatest_common_divisor(time_scale, denominator);
    Some(plausible.then_some((time_scale / divisor, denominator / divisor)))
}

/// `max_num_reorder_frames`, and what stands before it.
fn read_restriction(r: &mut BitReader<'_>) -> Option<Option<u32>> {
    let mut has_buffering = false;
    // For NAL units and for the video coding layer.
    for _ in 0..2 {
        if r.bit()? {
            has_buffering = true;
            skip_buffering(r)?;
        }
    }
    if has_buffering {
        r.bit()?; // low_delay_hrd_flag
    }
    r.bit()?; // pic_struct_present_flag
    if !r.bit()? {
        return Some(None);
    }
    r.bit()?; // motion_vectors_over_pic_boundaries_flag
    for _ in 0..4 {
        r.exp_golomb()?; // bytes of a picture, bits of a macroblock, lengths of motion vectors
    }
    Some(Some(r.exp_golomb()?))
}

/// `hrd_parameters()` of §E.1.2.
fn skip_buffering(r: &mut BitReader<'_>) -> Option<()> {
    let schedules = r.exp_golomb().filter(|&count| count < 32)? + 1;
    r.skip(8)?; // bit_rate_scale, cpb_size_scale
    for _ in 0..schedules {
        r.exp_golomb()?; // bit_rate_value_minus1
        r.exp_golomb()?; // cpb_size_value_minus1
        r.bit()?; // cbr_flag
    }
    r.skip(20) // lengths of delays and times
}

const fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 { 1 } else { a }
}

/// Table E-1; index 0 is "unspecified".
const SAMPLE_ASPECTS: [(u16, u16); 17] = [
    (1, 1),
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// x264, 1280×720 at 30 frames per second, Main.
    const MAIN_720P: &[u8] = &[
        0x67, 0x4d, 0x40, 0x1f, 0xec, 0xa0, 0x28, 0x02, 0xdd, 0x80, 0xb5, 0x01, 0x01, 0x01, 0x40, 0x00, 0x00, 0x03,
        0x00, 0x40, 0x00, 0x00, 0x0f, 0x23, 0xc6, 0x0c, 0x65, 0x80,
    ];

    fn record(sps: &[u8]) -> Vec<u8> {
        let mut record = vec![1, 0x4D, 0x40, 0x1F, 0xFF, 0xE1];
        record.extend(u16::try_from(sps.len()).unwrap().to_be_bytes());
        record.extend(sps);
        record.extend([1, 0, 4, 0x68, 0xEF, 0xBC, 0x80]);
        record
    }

    #[test]
    fn a_record_yields_codec_size_and_rate() {
        let track = read_record(&record(MAIN_720P)).unwrap();
        assert_eq!(track.codec, "avc1.4D401F");
        assert_eq!((track.width, track.height), (1280, 720));
        assert_eq!(track.frame_rate, Some((30, 1)));
        assert_eq!(track.sample_aspect, (1, 1));
    }

    #[test]
    fn reordering_is_announced_or_not() {
        // Up to the usability annex: baseline-like fields of a 16×16 picture, then the annex with its restriction alone.
        let annex = |reordered: &str| {
            let fields = [
                "010000100000000000001010", // profile 66, level 10
                "1",
                "1",
                "011", // ids, frame numbers, picture order count type 2
                "010",
                "0",
                "1",
                "1",
                "1",
                "1",
                "0", // frames, size, no crop
                "1",
                "0",
                "0",
                "0",
                "0",
                "0",
                "0",
                "0",
                "0", // annex without aspect, timing, buffering
                "1",
                "1",
                "1",
                "1",
                "1",
                "1",
                reordered,
                "1", // restriction
            ];
            let bits: String = fields.concat();
            let bytes = bits
                .as_bytes()
                .chunks(8)
                .map(|byte| byte.iter().enumerate().map(|(index, bit)| (bit - b'0') << (7 - index)).sum::<u8>());
            record(&[&[0x67][..], &bytes.collect::<Vec<_>>()].concat())
        };
        assert!(read_record(&annex("1")).is_ok());
        assert!(announces_reordering(&annex("011")), "two pictures");
        assert!(!announces_reordering(&annex("1")), "none");
        assert!(!announces_reordering(&annex("")[..20]), "not said");
        assert!(!announces_reordering(&[]));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let whole = record(MAIN_720P);
        for length in 0..whole.len() {
            assert!(read_record(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn lies_are_refused() {
        let sound = record(MAIN_720P);
        let with = |index: usize, value: u8| {
            let mut record = sound.clone();
            record[index] = value;
            record
        };
        for (name, record) in [
            ("version", with(0, 0)),
            ("length size 2", with(4, 0xFD)),
            ("no sps", with(5, 0xE0)),
            ("sps is another nal", with(8, 0x65)),
            ("pps count 0", with(8 + MAIN_720P.len(), 0)),
        ] {
            assert!(read_record(&record).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = read_record(&bytes);
            if let Ok(track) = read_record(&record(&[&[0x67][..], &bytes].concat())) {
                prop_assert!((1..=MAX_DIMENSION).contains(&track.width));
                prop_assert!((1..=MAX_DIMENSION).contains(&track.height));
            }
        }
    }
}
