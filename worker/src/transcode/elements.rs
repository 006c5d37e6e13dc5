//! Which GStreamer elements make what of which codec, and by how much they delay it.
//!
//! Where several elements do the same, the first that is installed is taken. Decoders and the AAC encoder are FFmpeg's
//! (`gstreamer1.0-libav`); without that package the ones of `plugins-bad` stand in. H.264 is encoded by x264, which is
//! under the GPL and in `plugins-ugly`, where an operator has installed it, and by OpenH264 (BSD) otherwise. See
//! `docs/design/transcoding.md`.

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;

use crate::media::{AudioTrack, Codec, MediaTime, TrackConfig, TrackInfo, VideoTrack};
use crate::package::caps::{audio_caps, video_caps};

use super::Impossible;
use super::need::Target;

/// What stands between the source and the sink of a transcoder.
pub(super) struct Chain {
    /// Of what goes in.
    pub caps: gst::Caps,
    pub elements: Vec<gst::Element>,
    /// What is heard of a frame that comes out lies so much before the frame's time: encoders look ahead.
    pub delay: MediaTime,
    /// What comes out, where that is known before it does.
    pub config: Option<TrackConfig>,
}

impl Chain {
    /// The way from a track to a target.
    ///
    /// # Errors
    /// [`Impossible`] when an element is missing, or refuses.
    pub(super) fn new(config: &TrackConfig, target: Target) -> Result<Self, Impossible> {
        let info = TrackInfo::read(config).map_err(failed)?;
        let (video, audio) = match &info {
            TrackInfo::Video(video) => (Some(video), None),
            TrackInfo::Audio(audio) => (None, Some(audio)),
            TrackInfo::NotPackaged(_) => (None, None),
        };
        let caps = match target {
            Target::Opus | Target::Aac => audio_caps(config, audio),
            Target::H264 => video_caps(config, video),
        };
        if let Some(video) = video.filter(|video| video.width.max(video.height) > MOST_SIDE) {
            return Err(Impossible::TooLarge { width: video.width, height: video.height, most: MOST_SIDE });
        }
        let caps = caps.ok_or_else(|| Impossible::Failed("its configuration is too short".to_owned()))?;
        let mut elements = decoder(config.codec)?;
        let (delay, config) = match target {
            Target::Opus => to_opus(&mut elements, audio)?,
            Target::Aac => to_aac(&mut elements)?,
            Target::H264 => {
                to_h264(&mut elements, video)?;
                (MediaTime::ZERO, None)
            }
        };
        Ok(Self { caps, elements, delay, config })
    }
}

fn decoder(codec: Codec) -> Result<Vec<gst::Element>, Impossible> {
    let sound = &[("tolerance", JITTER_NANOS), ("max-errors", MOST_ERRORS)];
    // With threads of its own a decoder holds back a picture for each.
    let pictures = &[("max-threads", "1"), ("max-errors", MOST_ERRORS)];
    Ok(match codec {
        Codec::Aac => vec![make(&["avdec_aac", "faad"], sound)?],
        Codec::Opus => vec![make(&["opusdec"], sound)?],
        Codec::H264 if is_installed("avdec_h264") => vec![make(&["avdec_h264"], pictures)?],
        Codec::H264 => vec![make(&["h264parse"], &[])?, make(&["openh264dec"], pictures)?],
        Codec::Hevc => vec![make(&["avdec_h265"], pictures)?],
        Codec::Vp8 => vec![make(&["vp8dec"], pictures)?],
        Codec::Vp9 => vec![make(&["vp9dec"], pictures)?],
        Codec::Av1 => vec![make(&["dav1ddec", "av1dec"], pictures)?],
    })
}

/// Sound as an encoder takes it: 48 kHz, left and right.
fn stereo(elements: &mut Vec<gst::Element>) -> Result<(), Impossible> {
    let caps = gst::Caps::builder("audio/x-raw")
        .field("layout", "interleaved")
        .field("rate", 48_000)
        .field("channels", 2)
        .field("channel-mask", gst::Bitmask::new(3))
        .build();
    elements.extend([make(&["audioconvert"], &[])?, make(&["audioresample"], &[])?, filter(&caps)?]);
    Ok(())
}

type Encoded = (MediaTime, Option<TrackConfig>);

fn to_opus(elements: &mut Vec<gst::Element>, from: Option<&AudioTrack>) -> Result<Encoded, Impossible> {
    stereo(elements)?;
    let is_mono = from.is_some_and(|track| track.channels == 1);
    let encoder = make(
        &["opusenc"],
        &[
            ("bitrate", if is_mono { "64000" } else { "96000" }),
            ("bitrate-type", "constrained-vbr"),
            ("frame-size", "20"),
            ("inband-fec", "true"),
            ("packet-loss-percentage", "5"),
        ],
    )?;
    elements.push(encoder);
    let config = TrackConfig { codec: Codec::Opus, record: Bytes::from_static(OPUS_RECORD) };
    Ok((samples(OPUS_DELAY), Some(config)))
}

fn to_aac(elements: &mut Vec<gst::Element>) -> Result<Encoded, Impossible> {
    stereo(elements)?;
    let (name, delay) =
        AAC_ENCODERS.into_iter().find(|(name, _)| is_installed(name)).ok_or(Impossible::Missing("avenc_aac"))?;
    let raw = gst::Caps::builder("audio/mpeg").field("mpegversion", 4).field("stream-format", "raw").build();
    elements.extend([make(&[name], &[("bitrate", "128000")])?, filter(&raw)?]);
    let config = TrackConfig { codec: Codec::Aac, record: Bytes::from_static(AAC_RECORD) };
    Ok((samples(delay), Some(config)))
}

fn to_h264(elements: &mut Vec<gst::Element>, from: Option<&VideoTrack>) -> Result<(), Impossible> {
    // Not every record says how large the pictures are, and pictures may be larger than their record says.
    let most = i32::try_from(MOST_SIDE).map_err(failed)?;
    let decoded = gst::Caps::builder("video/x-raw")
        .field("width", gst::IntRange::<i32>::new(1, most))
        .field("height", gst::IntRange::<i32>::new(1, most))
        .build();
    elements.push(filter(&decoded)?);
    // Colour is coded for blocks of two by two.
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", gst::IntRange::<i32>::with_step(16, 4_096, 2))
        .field("height", gst::IntRange::<i32>::with_step(16, 4_096, 2))
        .build();
    elements.extend([make(&["videoconvert"], &[])?, make(&["videoscale"], &[])?, filter(&caps)?]);
    let rate = from
        .filter(|track| track.width > 0 && track.height > 0)
        .map_or(DEFAULT_BITRATE_BPS, |track| bitrate_bps(track.width, track.height));
    let (bits, kilobits) = (rate.to_string(), (rate / 1_000).to_string());
    let encoder = if is_installed("x264enc") {
        make(
            &["x264enc"],
            &[
                ("tune", "zerolatency"),
                ("speed-preset", "veryfast"),
                ("bframes", "0"),
                // Quality counts; the rate is a ceiling.
                ("pass", "qual"),
                ("quantizer", "23"),
                ("bitrate", &kilobits),
                ("vbv-buf-capacity", "1000"),
                ("key-int-max", MOST_PICTURES_A_GROUP),
                ("threads", "2"),
            ],
        )?
    } else {
        make(
            &["openh264enc"],
            &[
                ("usage-type", "camera"),
                ("complexity", "low"),
                ("rate-control", "bitrate"),
                ("bitrate", &bits),
                ("gop-size", MOST_PICTURES_A_GROUP),
                ("multi-thread", "2"),
            ],
        )?
    };
    let profile = gst::Caps::builder("video/x-h264").field("profile", "constrained-baseline").build();
    let lengths = gst::Caps::builder("video/x-h264").field("stream-format", "avc").field("alignment", "au").build();
    elements.extend([encoder, filter(&profile)?, make(&["h264parse"], &[])?, filter(&lengths)?]);
    Ok(())
}

fn is_installed(name: &str) -> bool {
    gst::ElementFactory::find(name).is_some()
}

/// The first of the elements that is installed. Properties that it does not have are left out.
fn make(names: &[&'static str], properties: &[(&str, &str)]) -> Result<gst::Element, Impossible> {
    let wanted = names.first().copied().unwrap_or_default();
    let name = names.iter().copied().find(|name| is_installed(name)).ok_or(Impossible::Missing(wanted))?;
    let element = gst::ElementFactory::make(name).build().map_err(failed)?;
    for (property, value) in properties {
        if element.has_property(property) {
            element.set_property_from_str(property, value);
        }
    }
    Ok(element)
}

fn filter(caps: &gst::Caps) -> Result<gst::Element, Impossible> {
    gst::ElementFactory::make("capsfilter").property("caps", caps).build().map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> Impossible {
    Impossible::Failed(error.to_string())
}

/// A span of samples at 48 kHz.
const fn samples(count: i64) -> MediaTime {
    MediaTime::from_micros(count * 1_000_000 / 48_000)
}

/// About 0.1 bits for each of a picture's samples, at 30 pictures a second.
fn bitrate_bps(width: u32, height: u32) -> u64 {
    (u64::from(width) * u64::from(height) * 3).clamp(300_000, 6_000_000)
}

/// Luma samples. A decoder keeps more than ten pictures, which would be a gigabyte at the 16 383 that VP8 can name.
const MOST_SIDE: u32 = 5_120;
/// 720p, where the size is not known beforehand.
const DEFAULT_BITRATE_BPS: u64 = 2_700_000;
/// Key frames are asked for by time (`outlet`); encoders add one where that is long overdue.
const MOST_PICTURES_A_GROUP: &str = "600";
/// Times that publishers round to milliseconds, and encoders' clocks, stray by less.
const JITTER_NANOS: &str = "40000000";
/// So many frames in a row that cannot be decoded, two seconds of sound, are not sound.
const MOST_ERRORS: &str = "100";

/// Encoders of AAC, best first, and the samples by which they delay.
const AAC_ENCODERS: [(&str, i64); 2] = [("avenc_aac", 1_024), ("voaacenc", 1_600)];
/// AAC-LC, 48 kHz, two channels.
const AAC_RECORD: &[u8] = &[0x11, 0x90];
/// Samples by which libopus delays, for any use but speech (`OPUS_GET_LOOKAHEAD`).
const OPUS_DELAY: i64 = 312;
/// Two channels, 312 samples before the first, 48 kHz, no gain, mapping family 0.
const OPUS_RECORD: &[u8] = &[0, 2, 0x01, 0x38, 0, 0, 0xBB, 0x80, 0, 0, 0];
