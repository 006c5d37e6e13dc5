//! Opus: what a packet says of itself (RFC 6716 §3), and its configuration record, the content of a `dOps` box
//! ("Encapsulation of Opus in ISO Base Media File Format" §4.3.2).

use bytes::{BufMut, Bytes, BytesMut};

use super::info::{AudioTrack, InvalidConfig};

/// Opus decodes to this rate whatever was encoded.
pub const RATE_HZ: u32 = 48_000;
/// The longest packet there is: 120 ms (RFC 6716 §3.2.5).
pub const MAX_PACKET_SAMPLES: u32 = 5_760;
/// Encoders for live sound make packets of 20 ms unless they are told otherwise.
const USUAL_PACKET_SAMPLES: u32 = 960;
/// Up to eight channels have an order that players know (RFC 7845 §5.1.1).
const MAX_CHANNELS: u8 = 8;

/// The record of a stream that came without one: `channels` in the usual order, nothing to leave out at the start.
pub fn record(channels: u8) -> Bytes {
    let mut record = BytesMut::with_capacity(11);
    record.put_slice(&[0, channels]);
    record.put_u16(0); // PreSkip
    record.put_u32(RATE_HZ); // InputSampleRate
    record.put_i16(0); // OutputGain
    record.put_u8(0); // ChannelMappingFamily
    record.freeze()
}

/// Reads a configuration record.
///
/// # Errors
/// [`InvalidConfig`] when it ends too early, or has a version or a number of channels that does not exist.
pub fn read_record(record: &[u8]) -> Result<AudioTrack, InvalidConfig> {
    let &[version, channels, _, _, _, _, _, _, _, _, family] =
        record.first_chunk::<11>().ok_or(InvalidConfig::Truncated)?;
    if version != 0 {
        return Err(InvalidConfig::Malformed("dOps version is not 0"));
    }
    let most = if family == 0 { 2 } else { MAX_CHANNELS };
    if channels == 0 || channels > most {
        return Err(InvalidConfig::Unsupported("a number of Opus channels that players do not take"));
    }
    Ok(AudioTrack {
        codec: "opus".to_owned(),
        core_rate_hz: RATE_HZ,
        output_rate_hz: RATE_HZ,
        channels: u32::from(channels),
        frame_samples: USUAL_PACKET_SAMPLES,
    })
}

/// How long a packet sounds, in samples at 48 kHz (RFC 6716 §3.1); `None` when it is not a valid packet.
pub fn packet_samples(packet: &[u8]) -> Option<u32> {
    let &toc = packet.first()?;
    let frame = match toc >> 3 {
        config @ 0..=11 => [480, 960, 1_920, 2_880].get(usize::from(config & 3)).copied()?,
        config @ 12..=15 => [480, 960].get(usize::from(config & 1)).copied()?,
        config => [120, 240, 480, 960].get(usize::from(config & 3)).copied()?,
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3F),
    };
    let samples = frame * frames;
    (1..=MAX_PACKET_SAMPLES).contains(&samples).then_some(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_we_write_is_read_as_stereo() {
        let track = read_record(&record(2)).unwrap();
        assert_eq!((track.codec.as_str(), track.output_rate_hz, track.channels), ("opus", 48_000, 2));
    }

    #[test]
    fn broken_records_are_refused() {
        for length in 0..11 {
            assert_eq!(read_record(&record(2)[..length]), Err(InvalidConfig::Truncated));
        }
        for (at, value) in [(0, 1), (1, 0), (1, 3)] {
            let mut broken = record(2).to_vec();
            broken[at] = value;
            assert!(read_record(&broken).is_err(), "{at} {value}");
        }
    }

    #[test]
    fn packets_tell_how_long_they_sound() {
        for (packet, samples) in [
            (&[0x78, 1][..], Some(960)),  // CELT, fullband, 20 ms, one frame
            (&[0x79, 1], Some(1_920)),    // two of them
            (&[0x80, 1], Some(120)),      // CELT, 2.5 ms
            (&[0x18, 1], Some(2_880)),    // SILK, 60 ms
            (&[0x1B, 2, 1], Some(5_760)), // two of them, counted
            (&[0x1B, 3, 1], None),        // 180 ms do not exist
            (&[0x03, 0], None),
            (&[0x03], None),
            (&[], None),
        ] {
            assert_eq!(packet_samples(packet), samples, "{packet:?}");
        }
    }
}
