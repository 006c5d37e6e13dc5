//! Real media for the tests, made and read by GStreamer: a tone that begins at a known moment, and a moving picture.

use std::sync::Arc;

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSrc};

use crate::media::vpx::VpxFormat;
use crate::media::{AccessUnit, Codec, MediaTime, TrackConfig, TrackInfo, TrackKind};
use crate::package::caps::{audio_caps, video_caps};
use crate::package::initialise_packaging;

/// A coded track.
pub struct Clip {
    pub config: TrackConfig,
    pub units: Vec<AccessUnit>,
}

/// When the tone of [`tone`] begins, and how high it is.
pub const TONE_AT: MediaTime = MediaTime::from_millis(1_000);
pub const TONE_HZ: f32 = 440.0;

/// Three seconds of sound: silence, and from [`TONE_AT`] on a tone.
pub fn tone(codec: Codec, rate: u32) -> Clip {
    initialise_packaging().unwrap();
    let samples = (0..rate * 3).map(|sample| {
        let time = f64::from(sample) / f64::from(rate);
        let is_heard = time >= TONE_AT.as_micros() as f64 / 1e6;
        let value = if is_heard { (time * f64::from(TONE_HZ) * std::f64::consts::TAU).sin() * 0.7 } else { 0.0 };
        (value * f64::from(i16::MAX)) as i16
    });
    let pcm: Vec<u8> = samples.flat_map(|sample| [sample, sample]).flat_map(i16::to_le_bytes).collect();
    let caps = gst::Caps::builder("audio/x-raw")
        .field("format", "S16LE")
        .field("layout", "interleaved")
        .field("rate", i32::try_from(rate).unwrap())
        .field("channels", 2)
        .build();
    // 20 ms each.
    let chunk = usize::try_from(rate / 50 * 4).unwrap();
    let chunks = pcm.chunks(chunk).enumerate().map(|(index, chunk)| Piece {
        pts: MediaTime::from_millis(i64::try_from(index).unwrap() * 20),
        key: true,
        data: Bytes::copy_from_slice(chunk),
        record: None,
    });
    let encoder = match codec {
        Codec::Aac => "audioconvert ! avenc_aac bitrate=128000",
        _ => "opusenc frame-size=20",
    };
    let pieces = run(&caps, chunks.collect(), encoder);
    let record = match codec {
        Codec::Aac => pieces.first().and_then(|piece| piece.record.clone()).expect("a configuration"),
        _ => Bytes::from_static(&[0, 2, 0x01, 0x38, 0, 0, 0xBB, 0x80, 0, 0, 0]),
    };
    Clip { config: TrackConfig { codec, record }, units: units(TrackKind::Audio, pieces) }
}

/// A moving picture, 30 a second, a key frame each second.
pub fn picture(seconds: u32, b_frames: u32) -> Clip {
    initialise_packaging().unwrap();
    let description = format!(
        "videotestsrc pattern=ball num-buffers={} ! video/x-raw,format=I420,width=320,height=180,framerate=30/1 ! \
         x264enc speed-preset=ultrafast key-int-max=30 bframes={b_frames} b-adapt=false byte-stream=false ! \
         video/x-h264,stream-format=avc,alignment=au,profile=main ! appsink name=sink sync=false",
        seconds * 30
    );
    let pieces = collect(&launch(&description));
    let record = pieces.first().and_then(|piece| piece.record.clone()).expect("a configuration");
    let mut units = units(TrackKind::Video, pieces);
    if b_frames > 0 {
        // No picture is shown before it is decoded: each waits for the time of two.
        for unit in &mut units {
            unit.pts = unit.pts.plus(MediaTime::from_micros(2_000_000 / 30));
        }
    }
    Clip { config: TrackConfig { codec: Codec::H264, record }, units }
}

/// A moving picture of VP8 or VP9, as [`picture`] otherwise.
pub fn vpx(codec: Codec, seconds: u32) -> Clip {
    vpx_of(codec, seconds, (320, 180))
}

/// As [`vpx`], with pictures of that size. Their record says 320 x 180.
pub fn vpx_of(codec: Codec, seconds: u32, (width, height): (u16, u16)) -> Clip {
    initialise_packaging().unwrap();
    let encoder = if codec == Codec::Vp8 { "vp8enc" } else { "vp9enc" };
    let description = format!(
        "videotestsrc pattern=ball num-buffers={} ! \
         video/x-raw,format=I420,width={width},height={height},framerate=30/1 ! {encoder} deadline=1 cpu-used=8 keyframe-max-dist=30 ! appsink name=sink sync=false",
        seconds * 30
    );
    let record = VpxFormat::plain(0, (320, 180)).record();
    Clip { config: TrackConfig { codec, record }, units: units(TrackKind::Video, collect(&launch(&description))) }
}

/// What a player hears: each sample's time and value, one channel at 48 kHz.
pub fn listen(config: &TrackConfig, units: &[Arc<AccessUnit>]) -> Vec<(f64, f32)> {
    let info = TrackInfo::read(config).unwrap();
    let audio = match &info {
        TrackInfo::Audio(audio) => Some(audio),
        _ => None,
    };
    let decoder = match config.codec {
        Codec::Aac => "avdec_aac",
        _ => "opusdec",
    };
    let description =
        format!("{decoder} ! audioconvert ! audioresample ! audio/x-raw,format=F32LE,rate=48000,channels=1");
    let heard = run(&audio_caps(config, audio).unwrap(), pieces(units), &description);
    heard
        .into_iter()
        .flat_map(|piece| {
            let at = piece.pts.as_micros() as f64 / 1e6;
            let samples = piece.data.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()));
            samples.enumerate().map(move |(index, value)| (at + index as f64 / 48_000.0, value)).collect::<Vec<_>>()
        })
        .collect()
}

/// The times of the pictures that a player shows.
pub fn watch(config: &TrackConfig, units: &[Arc<AccessUnit>]) -> Vec<i64> {
    let info = TrackInfo::read(config).unwrap();
    let video = match &info {
        TrackInfo::Video(video) => Some(video),
        _ => None,
    };
    let shown = run(&video_caps(config, video).unwrap(), pieces(units), "avdec_h264 max-threads=1");
    shown.into_iter().map(|piece| piece.pts.as_millis()).collect()
}

/// When the tone begins, seconds.
pub fn onset(heard: &[(f64, f32)]) -> f64 {
    heard.iter().find(|(_, value)| value.abs() > 0.2).expect("a tone").0
}

/// How high the tone is.
pub fn pitch(heard: &[(f64, f32)]) -> f32 {
    let begin = onset(heard) + 0.2;
    let tone: Vec<f32> = heard.iter().filter(|(at, _)| *at >= begin).map(|(_, value)| *value).take(48_000).collect();
    let crossings = tone.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    crossings as f32 / (tone.len() as f32 / 48_000.0)
}

struct Piece {
    pts: MediaTime,
    key: bool,
    data: Bytes,
    record: Option<Bytes>,
}

fn pieces(units: &[Arc<AccessUnit>]) -> Vec<Piece> {
    let piece = |unit: &Arc<AccessUnit>| Piece { pts: unit.pts, key: unit.key, data: unit.data.clone(), record: None };
    units.iter().map(piece).collect()
}

/// In decoding order, one step apart: as RTMP has them.
fn units(kind: TrackKind, pieces: Vec<Piece>) -> Vec<AccessUnit> {
    let unit = |(index, piece): (usize, Piece)| {
        let dts = match kind {
            TrackKind::Video => MediaTime::from_micros(i64::try_from(index).unwrap() * 1_000_000 / 30),
            TrackKind::Audio => piece.pts,
        };
        AccessUnit { kind, pts: piece.pts, dts, key: piece.key, data: piece.data }
    };
    pieces.into_iter().enumerate().map(unit).collect()
}

fn launch(description: &str) -> gst::Pipeline {
    gst::parse::launch(description).unwrap().downcast().unwrap()
}

fn run(caps: &gst::Caps, input: Vec<Piece>, description: &str) -> Vec<Piece> {
    initialise_packaging().unwrap();
    let pipeline = launch(&format!("appsrc name=src format=time ! {description} ! appsink name=sink sync=false"));
    let source: AppSrc = pipeline.by_name("src").unwrap().downcast().unwrap();
    source.set_caps(Some(caps));
    source.set_max_bytes(0);
    for piece in input {
        let mut buffer = gst::Buffer::from_slice(piece.data);
        {
            let buffer = buffer.make_mut();
            buffer.set_pts(gst::ClockTime::from_useconds(u64::try_from(piece.pts.as_micros()).unwrap()));
            if !piece.key {
                buffer.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
        }
        source.push_buffer(buffer).unwrap();
    }
    source.end_of_stream().unwrap();
    collect(&pipeline)
}

fn collect(pipeline: &gst::Pipeline) -> Vec<Piece> {
    let sink: AppSink = pipeline.by_name("sink").unwrap().downcast().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let mut pieces = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let buffer = sample.buffer().unwrap();
        let segment = sample.segment().unwrap().downcast_ref::<gst::ClockTime>().unwrap();
        let Some(pts) = segment.to_running_time(buffer.pts().unwrap()) else { continue };
        let record = sample.caps().unwrap().structure(0).unwrap().get::<gst::Buffer>("codec_data").ok();
        pieces.push(Piece {
            pts: MediaTime::from_micros(i64::try_from(pts.useconds()).unwrap()),
            key: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
            data: Bytes::copy_from_slice(&buffer.map_readable().unwrap()),
            record: record.map(|record| Bytes::copy_from_slice(&record.map_readable().unwrap())),
        });
    }
    pipeline.set_state(gst::State::Null).unwrap();
    pieces
}
