use proptest::prelude::*;

use super::*;

const AVC_RECORD: [u8; 11] = [1, 0x64, 0, 0x1F, 0xFF, 0xE1, 0, 1, 0x67, 1, 0];

fn bytes(parts: &[&[u8]]) -> Bytes {
    parts.concat().into()
}

/// A reader that has seen an AVC configuration.
fn avc() -> TagReader {
    let mut reader = TagReader::new();
    let config = reader.video(0, bytes(&[&[0x17, 0, 0, 0, 0], &AVC_RECORD]));
    assert_eq!(config, Ok(Tag::Config(TrackConfig { codec: Codec::H264, record: AVC_RECORD.to_vec().into() })));
    reader
}

fn unit(kind: TrackKind, pts: i64, dts: i64, key: bool, data: &[u8]) -> Tag {
    Tag::Unit(AccessUnit {
        kind,
        pts: MediaTime::from_millis(pts),
        dts: MediaTime::from_millis(dts),
        key,
        data: Bytes::copy_from_slice(data),
    })
}

const NAL: [u8; 6] = [0, 0, 0, 2, 0x65, 0x88];

#[test]
fn an_avc_picture_has_both_its_times() {
    let table = [([0, 0, 0], 40), ([0, 0, 66], 106), ([0xFF, 0xFF, 0xFF], 39), ([0x80, 0, 0], 40 - (1 << 23))];
    for (composition, pts) in table {
        let tag = avc().video(40, bytes(&[&[0x27, 1], &composition, &NAL]));
        assert_eq!(tag, Ok(unit(TrackKind::Video, pts, 40, false, &NAL)));
    }
    let key = avc().video(40, bytes(&[&[0x17, 1, 0, 0, 0], &NAL]));
    assert_eq!(key, Ok(unit(TrackKind::Video, 40, 40, true, &NAL)));
}

#[test]
fn what_carries_no_media_is_nothing() {
    let table: &[&[u8]] = &[
        &[],
        &[0x17, 2, 0, 0, 0], // end of sequence
        &[0x57, 0],          // a command frame
        &[0x17, 1, 0, 0, 0], // no picture
        &[0x17, 0, 0, 0, 0], // no record
        &[0x94, b'h', b'v', b'c', b'1', 2, 0, 10],
        &[0x92, b'h', b'v', b'c', b'1'],
    ];
    for body in table {
        assert_eq!(avc().video(0, bytes(&[body])), Ok(Tag::Nothing), "{body:02x?}");
    }
    let early = TagReader::new().video(0, bytes(&[&[0x17, 1, 0, 0, 0], &NAL]));
    assert_eq!(early, Ok(Tag::Nothing), "a picture before its configuration");
    for body in [&[][..], &[0xAF, 1], &[0xAF, 0], &[0xAF, 9, 1], &[0x92, b'O', b'p', b'u', b's']] {
        assert_eq!(TagReader::new().audio(0, bytes(&[body])), Ok(Tag::Nothing), "{body:02x?}");
    }
}

#[test]
fn malformed_media_is_an_error() {
    let video: &[(&[u8], TagError)] = &[
        (&[0x17], TagError::Truncated),
        (&[0x17, 1, 0, 0], TagError::Truncated),
        (&[0x17, 1, 0, 0, 0, 0, 0, 0, 9, 1], TagError::NalLengths),
        (&[0x17, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0], TagError::NalLengths),
        (&[0x17, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 1], TagError::NalLengths),
        (&[0x17, 0, 0, 0, 0, 1, 2, 3], TagError::Configuration),
        (&[0x17, 0, 0, 0, 0, 1, 2, 3, 4, 0xFE, 6, 7], TagError::Configuration),
        (&[0x90, b'h', b'v'], TagError::Truncated),
        (&[0x97, 9, 0], TagError::Truncated),
        (&[0x97, 255, 0xFF], TagError::Truncated),
        (&[0x90, b'h', b'v', b'c', b'1', 1, 2, 3], TagError::Configuration),
        (&[0x91, b'h', b'v', b'c', b'1', 0, 0], TagError::Truncated),
    ];
    for (body, error) in video {
        assert_eq!(avc().video(0, bytes(&[body])), Err(*error), "{body:02x?}");
    }
    let audio: &[(&[u8], TagError)] = &[
        (&[0xAF], TagError::Truncated),
        (&[0xAF, 0, 1], TagError::Configuration),
        (&[0x90, b'O'], TagError::Truncated),
        (&[0x90, b'O', b'p', b'u', b's', 1], TagError::Configuration),
    ];
    for (body, error) in audio {
        assert_eq!(TagReader::new().audio(0, bytes(&[body])), Err(*error), "{body:02x?}");
    }
}

#[test]
fn a_codec_that_is_not_taken_in_is_named() {
    let video = |body: &[u8]| TagReader::new().video(0, bytes(&[body])).map_err(|error| error.to_string());
    let audio = |body: &[u8]| TagReader::new().audio(0, bytes(&[body])).map_err(|error| error.to_string());
    assert_eq!(video(&[0x12, 0]), Err("the codec Sorenson H.263 is not supported".to_owned()));
    assert_eq!(video(&[0x14, 0]), Err("the codec On2 VP6 is not supported".to_owned()));
    assert_eq!(video(&[0x90, b'v', b'v', b'c', b'1']), Err("the codec vvc1 is not supported".to_owned()));
    assert_eq!(video(&[0x90, b'a', 0, b'\n', b'"']), Err(r#"the codec a\x00\n\" is not supported"#.to_owned()));
    assert_eq!(audio(&[0x2F, 0]), Err("the codec MP3 is not supported".to_owned()));
    assert_eq!(audio(&[0xB2, 0]), Err("the codec Speex is not supported".to_owned()));
    assert_eq!(audio(&[0x90, b'f', b'L', b'a', b'C']), Err("the codec fLaC is not supported".to_owned()));
}

#[test]
fn aac_is_a_configuration_and_raw_frames() {
    let mut reader = TagReader::new();
    let config = TrackConfig { codec: Codec::Aac, record: Bytes::from_static(&[0x11, 0x90]) };
    assert_eq!(reader.audio(0, bytes(&[&[0xAF, 0, 0x11, 0x90]])), Ok(Tag::Config(config)));
    let frame = reader.audio(23, bytes(&[&[0xAF, 1, 0x21, 0x10]]));
    assert_eq!(frame, Ok(unit(TrackKind::Audio, 23, 23, true, &[0x21, 0x10])));
}

#[test]
fn enhanced_video_comes_as_access_units() {
    let mut hevc_record = [0u8; 23];
    hevc_record[21] = 3;
    let mut reader = TagReader::new();
    let config = reader.video(0, bytes(&[&[0x90], b"hvc1", &hevc_record]));
    assert_eq!(config, Ok(Tag::Config(TrackConfig { codec: Codec::Hevc, record: hevc_record.to_vec().into() })));
    let timed = reader.video(10, bytes(&[&[0x91], b"hvc1", &[0, 0, 5], &NAL]));
    assert_eq!(timed, Ok(unit(TrackKind::Video, 15, 10, true, &NAL)));
    let plain = reader.video(20, bytes(&[&[0xA3], b"hvc1", &NAL]));
    assert_eq!(plain, Ok(unit(TrackKind::Video, 20, 20, false, &NAL)));

    let av1 = TagReader::new().video(5, bytes(&[&[0x91], b"av01", &[0x12, 0, 0x0A]]));
    assert_eq!(av1, Ok(unit(TrackKind::Video, 5, 5, true, &[0x12, 0, 0x0A])), "AV1 has no composition time");
    let vp9 = TagReader::new().video(0, bytes(&[&[0x90], b"vp09", &[1; 12]]));
    assert_eq!(vp9, Ok(Tag::Config(TrackConfig { codec: Codec::Vp9, record: vec![1; 12].into() })));
}

#[test]
fn modifiers_before_a_packet_are_skipped() {
    let mut reader = avc();
    // A nanosecond offset of three bytes, then CodedFramesX.
    let short = reader.video(7, bytes(&[&[0x97, 2, 1, 2, 3, 0x03], b"avc1", &NAL]));
    assert_eq!(short, Ok(unit(TrackKind::Video, 7, 7, true, &NAL)));
    // 256 bytes need the longer size.
    let long = reader.video(8, bytes(&[&[0x97, 255, 0, 255], &[0; 256], &[0x03], b"avc1", &NAL]));
    assert_eq!(long, Ok(unit(TrackKind::Video, 8, 8, true, &NAL)));
}

#[test]
fn several_tracks_in_one_message_are_left_out_politely() {
    assert_eq!(TagReader::new().video(0, bytes(&[&[0x96, 0, b'a']])), Ok(Tag::Skipped("multitrack video")));
    assert_eq!(TagReader::new().audio(0, bytes(&[&[0x95, 0, b'a']])), Ok(Tag::Skipped("multitrack audio")));
}

#[test]
fn opus_is_configured_as_mp4_wants_it() {
    let header = [&b"OpusHead"[..], &[1, 2, 0x38, 0x01, 0x80, 0xBB, 0, 0, 0xFE, 0xFF, 0]].concat();
    let config = TagReader::new().audio(0, bytes(&[&[0x90], b"Opus", &header]));
    let record = [0, 2, 0x01, 0x38, 0, 0, 0xBB, 0x80, 0xFF, 0xFE, 0];
    assert_eq!(config, Ok(Tag::Config(TrackConfig { codec: Codec::Opus, record: record.to_vec().into() })));
    let frame = TagReader::new().audio(20, bytes(&[&[0x91], b"Opus", &[0xFC]]));
    assert_eq!(frame, Ok(unit(TrackKind::Audio, 20, 20, true, &[0xFC])));
}

#[test]
fn short_nal_lengths_are_written_with_four_bytes() {
    for (size, picture) in [(0u8, &[2, 0x65, 0x88, 0, 1, 0x41][..]), (1, &[0, 2, 0x65, 0x88, 0, 0, 0, 1, 0x41])] {
        let mut record = AVC_RECORD;
        record[4] = 0xFC | size;
        let mut reader = TagReader::new();
        let config = reader.video(0, bytes(&[&[0x17, 0, 0, 0, 0], &record]));
        assert_eq!(config, Ok(Tag::Config(TrackConfig { codec: Codec::H264, record: AVC_RECORD.to_vec().into() })));
        let tag = reader.video(0, bytes(&[&[0x17, 1, 0, 0, 0], picture]));
        let wanted = [&NAL[..], &[0, 0, 0, 1, 0x41]].concat();
        assert_eq!(tag, Ok(unit(TrackKind::Video, 0, 0, true, &wanted)));
    }
}

#[test]
fn empty_nal_units_are_left_out() {
    let picture = [&[0, 0, 0, 0][..], &NAL, &[0, 0, 0, 0]].concat();
    let tag = avc().video(40, bytes(&[&[0x17, 1, 0, 0, 0], &picture]));
    assert_eq!(tag, Ok(unit(TrackKind::Video, 40, 40, true, &NAL)));
    assert_eq!(avc().video(40, bytes(&[&[0x17, 1, 0, 0, 0], &[0; 8]])), Ok(Tag::Nothing));
}

#[test]
fn time_goes_on_when_the_milliseconds_start_again() {
    let mut reader = TagReader::new();
    let mut at = |timestamp| match reader.audio(timestamp, bytes(&[&[0xAF, 1, 0]])) {
        Ok(Tag::Unit(unit)) => unit.pts.as_millis(),
        other => panic!("no access unit: {other:?}"),
    };
    assert_eq!(at(u32::MAX - 9), 4_294_967_286);
    assert_eq!(at(10), 4_294_967_306);
    assert_eq!(at(u32::MAX), 4_294_967_295, "audio may lag behind video");
    assert_eq!(at(5), 4_294_967_301);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(
        bodies in prop::collection::vec((any::<bool>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..80)), 0..8),
    ) {
        let mut reader = TagReader::new();
        for (video, timestamp, body) in bodies {
            let _ = if video { reader.video(timestamp, body.into()) } else { reader.audio(timestamp, body.into()) };
        }
    }

    #[test]
    fn a_picture_that_passes_is_whole_nal_units(
        size in prop::sample::select(vec![0u8, 1, 3]), picture in prop::collection::vec(0u8..4, 1..60),
    ) {
        let mut record = AVC_RECORD;
        record[4] = 0xFC | size;
        let mut reader = TagReader::new();
        reader.video(0, bytes(&[&[0x17, 0, 0, 0, 0], &record])).expect("a configuration");
        if let Ok(Tag::Unit(unit)) = reader.video(0, bytes(&[&[0x17, 1, 0, 0, 0], &picture])) {
            let mut rest = &unit.data[..];
            while !rest.is_empty() {
                let length = rest.get_u32() as usize;
                rest = rest.get(length..).expect("a whole NAL unit");
            }
        }
    }
}
