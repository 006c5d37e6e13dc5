//! Half a second of each codec, as FFmpeg's encoders made it from `testsrc2` at 128×96 and 10 frames per second with a
//! key frame every second picture or so; Opus from a sine.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::media::avcc::{ParameterSets, nal_kind, nal_type, nal_units};
use crate::media::vpx::Frame;
use crate::media::{AccessUnit, Codec, MediaTime, TrackConfig, TrackKind, av1, opus, vp8, vp9};
use crate::webrtc::sdp::RtpFormat;

/// A track and how it travels.
pub(super) struct Sample {
    pub config: TrackConfig,
    pub units: Vec<AccessUnit>,
    pub format: RtpFormat,
}

pub(super) fn all() -> Vec<Sample> {
    vec![h264(), vp8(), vp9(), av1(), opus()]
}

/// Several slices a picture, with delimiters and supplemental information.
pub(super) fn h264() -> Sample {
    let mut sets = ParameterSets::default();
    let mut pictures: Vec<(bool, BytesMut)> = Vec::new();
    for nal in annex_b(include_bytes!("h264.bin")) {
        let kind = nal_kind(&nal).unwrap();
        match kind {
            nal_type::SPS if !sets.sps.contains(&nal) => sets.sps.push(nal.clone()),
            nal_type::PPS if !sets.pps.contains(&nal) => sets.pps.push(nal.clone()),
            _ => {}
        }
        if kind == 9 {
            pictures.push((false, BytesMut::new()));
        }
        let (key, data) = pictures.last_mut().unwrap();
        *key |= kind == nal_type::IDR_SLICE;
        data.put_u32(u32::try_from(nal.len()).unwrap());
        data.put_slice(&nal);
    }
    Sample {
        config: TrackConfig { codec: Codec::H264, record: sets.record().unwrap() },
        units: timed(pictures.into_iter().map(|(key, data)| (key, data.freeze())).collect()),
        format: RtpFormat::H264 { profile_level_id: [0x42, 0xE0, 0x1F] },
    }
}

pub(super) fn vp8() -> Sample {
    let frames = ivf(include_bytes!("vp8.ivf"));
    let Some(Frame::Key(format)) = vp8::read_frame(&frames[0]) else { panic!("no key frame first") };
    let is_key = |frame: &Bytes| matches!(vp8::read_frame(frame), Some(Frame::Key(_)));
    Sample {
        config: TrackConfig { codec: Codec::Vp8, record: format.record() },
        units: timed(frames.into_iter().map(|frame| (is_key(&frame), frame)).collect()),
        format: RtpFormat::Vp8,
    }
}

pub(super) fn vp9() -> Sample {
    let frames = ivf(include_bytes!("vp9.ivf"));
    let Some(Frame::Key(format)) = vp9::read_frame(&frames[0]) else { panic!("no key frame first") };
    let is_key = |frame: &Bytes| matches!(vp9::read_frame(frame), Some(Frame::Key(_)));
    Sample {
        config: TrackConfig { codec: Codec::Vp9, record: format.record() },
        units: timed(frames.into_iter().map(|frame| (is_key(&frame), frame)).collect()),
        format: RtpFormat::Vp9 { profile: 0 },
    }
}

/// Without temporal delimiters, as access units are.
pub(super) fn av1() -> Sample {
    let mut record = None;
    let mut units = Vec::new();
    for frame in ivf(include_bytes!("av1.ivf")) {
        let mut data = BytesMut::new();
        let mut key = false;
        for obu in av1::obus(&frame) {
            match obu.header.kind() {
                av1::obu_type::TEMPORAL_DELIMITER => continue,
                av1::obu_type::SEQUENCE_HEADER => {
                    key = true;
                    let sequence = av1::Sequence::read(&obu.payload).unwrap();
                    record.get_or_insert(sequence.record(&obu.payload));
                }
                _ => {}
            }
            obu.header.write(true, &mut data);
            av1::write_leb128(obu.payload.len(), &mut data);
            data.put_slice(&obu.payload);
        }
        units.push((key, data.freeze()));
    }
    Sample {
        config: TrackConfig { codec: Codec::Av1, record: record.unwrap() },
        units: timed(units),
        format: RtpFormat::Av1 { profile: 0 },
    }
}

/// Packets of 20 ms of silence as encoders make them.
pub(super) fn opus() -> Sample {
    let units = (0..25).map(|number| AccessUnit {
        kind: TrackKind::Audio,
        pts: MediaTime::from_millis(number * 20),
        dts: MediaTime::from_millis(number * 20),
        key: true,
        data: Bytes::from(vec![0xFC, 0xFF, 0xFE, number as u8]),
    });
    Sample {
        config: TrackConfig { codec: Codec::Opus, record: opus::record(2) },
        units: units.collect(),
        format: RtpFormat::Opus,
    }
}

/// What of a unit travels: of H.264 the slices.
pub(super) fn carried(codec: Codec, unit: &AccessUnit) -> Bytes {
    if codec != Codec::H264 {
        return unit.data.clone();
    }
    let mut data = BytesMut::new();
    for nal in nal_units(&unit.data).filter(|nal| (1..=5).contains(&nal_kind(nal).unwrap())) {
        data.put_u32(u32::try_from(nal.len()).unwrap());
        data.put_slice(&nal);
    }
    data.freeze()
}

fn timed(frames: Vec<(bool, Bytes)>) -> Vec<AccessUnit> {
    let unit = |(number, (key, data)): (usize, (bool, Bytes))| {
        let time = MediaTime::from_millis(i64::try_from(number).unwrap() * 100);
        AccessUnit { kind: TrackKind::Video, pts: time, dts: time, key, data }
    };
    frames.into_iter().enumerate().map(unit).collect()
}

/// The frames of an IVF file.
fn ivf(file: &'static [u8]) -> Vec<Bytes> {
    let mut rest = Bytes::from_static(file).slice(32..);
    let mut frames = Vec::new();
    while rest.remaining() >= 12 {
        let length = rest.get_u32_le();
        rest.advance(8);
        frames.push(rest.split_to(usize::try_from(length).unwrap()));
    }
    frames
}

/// The NAL units of a byte stream (ITU-T H.264 annex B).
fn annex_b(stream: &'static [u8]) -> Vec<Bytes> {
    let stream = Bytes::from_static(stream);
    let starts: Vec<_> = (0..stream.len()).filter(|&at| stream[at..].starts_with(&[0, 0, 1])).collect();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| {
            let nal = stream.slice(start + 3..end);
            let length = nal.iter().rposition(|&byte| byte != 0).unwrap() + 1;
            nal.slice(..length)
        })
        .collect()
}
