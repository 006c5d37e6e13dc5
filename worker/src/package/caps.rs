//! GStreamer's names for our tracks, complete: what stands in them no parser has to find out.

use bytes::Bytes;
use gstreamer as gst;

use crate::media::{AudioTrack, Codec, TrackConfig, VideoTrack};

/// The caps of a video track; `None` when its record is too short to name it.
pub(crate) fn video_caps(config: &TrackConfig, track: Option<&VideoTrack>) -> Option<gst::Caps> {
    let record = &config.record;
    let caps = match config.codec {
        Codec::H264 => gst::Caps::builder("video/x-h264")
            .field("stream-format", "avc")
            .field("alignment", "au")
            .field("codec_data", buffer(record)),
        Codec::Hevc => gst::Caps::builder("video/x-h265")
            .field("stream-format", "hvc1")
            .field("alignment", "au")
            .field("codec_data", buffer(record)),
        Codec::Vp8 => gst::Caps::builder("video/x-vp8"),
        Codec::Vp9 => vp9(record)?,
        Codec::Av1 => av1(record)?,
        Codec::Aac | Codec::Opus => return None,
    };
    let Some(track) = track else { return Some(caps.build()) };
    let (numerator, denominator) = track.sample_aspect;
    let mut caps = caps.field("pixel-aspect-ratio", gst::Fraction::new(i32::from(numerator), i32::from(denominator)));
    if track.width > 0 && track.height > 0 {
        caps = caps.field("width", field(track.width)).field("height", field(track.height));
    }
    if let Some((numerator, denominator)) = track.frame_rate {
        caps = caps.field("framerate", gst::Fraction::new(field(numerator), field(denominator)));
    }
    Some(caps.build())
}

/// The caps of an audio track; `None` when its record is too short to name it.
pub(crate) fn audio_caps(config: &TrackConfig, track: Option<&AudioTrack>) -> Option<gst::Caps> {
    match config.codec {
        Codec::Aac => {
            let track = track?;
            let caps = gst::Caps::builder("audio/mpeg")
                .field("mpegversion", 4)
                .field("framed", true)
                .field("stream-format", "raw")
                .field("rate", field(track.core_rate_hz))
                .field("channels", field(track.channels))
                .field("codec_data", buffer(&config.record));
            Some(caps.build())
        }
        Codec::Opus => opus(&config.record),
        _ => None,
    }
}

type Builder = gst::caps::Builder<gst::caps::NoFeature>;

/// VPCodecConfigurationRecord ("VP Codec ISO Media File Format Binding" §2.2), with the head of a full box.
fn vp9(record: &[u8]) -> Option<Builder> {
    let &[_, _, _, _, profile, _level, shape, primaries, ..] = record else { return None };
    let chroma = match shape >> 1 & 0b111 {
        2 => "4:2:2",
        3 => "4:4:4",
        _ => "4:2:0",
    };
    let depth = u32::from(shape >> 4).max(8);
    let colorimetry = match (shape & 1, primaries) {
        // GStreamer's numbers for full range, and BT.709 in all other respects.
        (1, _) => "1:3:5:1",
        (_, 5 | 6) => "bt601",
        (_, 9) => "bt2020",
        _ => "bt709",
    };
    let caps = gst::Caps::builder("video/x-vp9")
        .field("alignment", "frame")
        .field("profile", profile.min(3).to_string())
        .field("chroma-format", chroma)
        .field("bit-depth-luma", depth)
        .field("bit-depth-chroma", depth)
        .field("colorimetry", colorimetry);
    Some(caps)
}

/// AV1CodecConfigurationRecord ("AV1 Codec ISO Media File Format Binding" §2.3.3).
fn av1(record: &Bytes) -> Option<Builder> {
    let &[_, profile_and_level, shape, _, ..] = &record[..] else { return None };
    let profile = match profile_and_level >> 5 {
        0 => "main",
        1 => "high",
        _ => "professional",
    };
    let depth: u32 = match shape >> 5 & 0b11 {
        0 | 1 => 8,
        2 => 10,
        _ => 12,
    };
    let chroma = match shape >> 2 & 0b111 {
        0b111 => "4:0:0",
        0b011 => "4:2:0",
        0b010 => "4:2:2",
        _ => "4:4:4",
    };
    let caps = gst::Caps::builder("video/x-av1")
        .field("stream-format", "obu-stream")
        .field("alignment", "tu")
        .field("profile", profile)
        .field("chroma-format", chroma)
        .field("bit-depth-luma", depth)
        .field("bit-depth-chroma", depth)
        // Without the sequence header, which the muxer takes out of the key frames.
        .field("codec_data", buffer(&record.slice(..4)));
    Some(caps)
}

/// The content of a `dOps` box ("Encapsulation of Opus in ISO Base Media File Format" §4.3.2).
fn opus(record: &[u8]) -> Option<gst::Caps> {
    let channels = *record.get(1)?;
    let family = *record.get(10)?;
    let caps = gst::Caps::builder("audio/x-opus").field("rate", 48_000);
    if family == 0 {
        let channels = i32::from(channels.clamp(1, 2));
        return Some(caps.field("channels", channels).field("channel-mapping-family", 0).build());
    }
    let (&[streams, coupled], mapping) = record.get(11..)?.split_first_chunk()?;
    let mapping = mapping.get(..usize::from(channels))?;
    gstreamer_pbutils::codec_utils_opus_create_caps(48_000, channels, family, streams, coupled, mapping).ok()
}

fn buffer(record: &Bytes) -> gst::Buffer {
    gst::Buffer::from_slice(record.clone())
}

fn field(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
