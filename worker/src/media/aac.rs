//! Reads AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).

use super::bits::BitReader;
use super::info::{AudioTrack, InvalidConfig};

const OBJECT_SBR: u32 = 5;
const OBJECT_PS: u32 = 29;
/// What a browser could ever play; also far from overflowing any product with it.
const MAX_RATE_HZ: u32 = 192_000;
const MIN_RATE_HZ: u32 = 7_350;

/// Reads a configuration of plain AAC, with or without spectral band replication.
///
/// # Errors
/// [`InvalidConfig`] when it ends too early, has a reserved value, or names an object type or channel layout that
/// players on the web do not take.
pub fn read_config(config: &[u8]) -> Result<AudioTrack, InvalidConfig> {
    let mut r = BitReader::new(config);
    let object = object_type(&mut r)?;
    let core_rate_hz = sample_rate(&mut r)?;
    let layout = r.bits(4).ok_or(InvalidConfig::Truncated)?;
    let (core_object, output_rate_hz) = if matches!(object, OBJECT_SBR | OBJECT_PS) {
        let extension_rate = sample_rate(&mut r)?;
        (object_type(&mut r)?, extension_rate)
    } else {
        (object, core_rate_hz)
    };
    if !matches!(core_object, 1..=4) {
        return Err(InvalidConfig::Unsupported("an audio object type other than AAC Main, LC, SSR or LTP"));
    }
    let short_frames = r.bit().ok_or(InvalidConfig::Truncated)?;
    let mut channels = match layout {
        1..=6 => layout,
        7 => 8,
        0 => return Err(InvalidConfig::Unsupported("channels described by a program config element")),
        _ => return Err(InvalidConfig::Malformed("a reserved channel configuration")),
    };
    if object == OBJECT_PS && channels == 1 {
        channels = 2; // parametric stereo: one coded channel, two heard
    }
    Ok(AudioTrack {
        codec: format!("mp4a.40.{object}"),
        core_rate_hz,
        output_rate_hz,
        channels,
        frame_samples: if short_frames { 960 } else { 1024 },
    })
}

fn object_type(r: &mut BitReader<'_>) -> Result<u32, InvalidConfig> {
    let object = r.bits(5).ok_or(InvalidConfig::Truncated)?;
    if object == 31 { Ok(32 + r.bits(6).ok_or(InvalidConfig::Truncated)?) } else { Ok(object) }
}

fn sample_rate(r: &mut BitReader<'_>) -> Result<u32, InvalidConfig> {
    let index = r.bits(4).ok_or(InvalidConfig::Truncated)?;
    let rate = if index == 15 {
        r.bits(24).ok_or(InvalidConfig::Truncated)?
    } else {
        usize::try_from(index)
            .ok()
            .and_then(|index| SAMPLE_RATES_HZ.get(index))
            .copied()
            .ok_or(InvalidConfig::Malformed("a reserved sampling frequency"))?
    };
    if (MIN_RATE_HZ..=MAX_RATE_HZ).contains(&rate) {
        Ok(rate)
    } else {
        Err(InvalidConfig::Unsupported("a sampling frequency outside 7350 to 192000 Hz"))
    }
}

/// Table 1.18.
const SAMPLE_RATES_HZ: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn common_configurations_are_read() {
        for (bytes, codec, core, output, channels) in [
            (&[0x12, 0x10][..], "mp4a.40.2", 44_100, 44_100, 2),
            (&[0x11, 0x90][..], "mp4a.40.2", 48_000, 48_000, 2),
            (&[0x11, 0x88][..], "mp4a.40.2", 48_000, 48_000, 1),
            (&[0x11, 0xB0][..], "mp4a.40.2", 48_000, 48_000, 6),
            // HE-AAC, 24 kHz core, 48 kHz output, signalled in the open.
            (&[0x2B, 0x11, 0x88, 0x00][..], "mp4a.40.5", 24_000, 48_000, 2),
            // HE-AAC v2: one coded channel, two heard.
            (&[0xEB, 0x09, 0x88, 0x00][..], "mp4a.40.29", 24_000, 48_000, 2),
        ] {
            let track = read_config(bytes).unwrap();
            assert_eq!((track.codec.as_str(), track.core_rate_hz), (codec, core), "{bytes:x?}");
            assert_eq!((track.output_rate_hz, track.channels), (output, channels), "{bytes:x?}");
            assert_eq!(track.frame_samples, 1024);
        }
    }

    #[test]
    fn what_no_player_takes_is_refused() {
        for bytes in [
            &[][..],
            &[0x12],
            &[0x12, 0x00],                   // layout 0
            &[0x16, 0x90],                   // reserved rate index 13
            &[0x12, 0x78],                   // reserved layout 15
            &[0xF8, 0x5C, 0x20, 0x00],       // ER AAC ELD
            &[0x17, 0x80, 0x00, 0x00, 0x88], // explicit rate of 1 Hz
        ] {
            assert!(read_config(bytes).is_err(), "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..32)) {
            if let Ok(track) = read_config(&bytes) {
                prop_assert!(track.core_rate_hz >= MIN_RATE_HZ && track.core_rate_hz <= MAX_RATE_HZ);
                prop_assert!((1..=8).contains(&track.channels));
            }
        }
    }
}
