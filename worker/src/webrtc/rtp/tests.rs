//! What goes out comes in again, whatever happens on the way; webrtc-rs reads it the same.

use bytes::BytesMut;
use proptest::prelude::*;
use rtc_rtp::codec::{av1::Av1Depacketizer, h264::H264Packet, vp8::Vp8Packet, vp9::Vp9Packet};
use rtc_rtp::packetizer::Depacketizer;

use super::testdata::{self, Sample, carried};
use super::*;

const LIMITS: [usize; 3] = [64, 300, 1_180];

impl Sample {
    fn packets(&self, limit: usize) -> Vec<MediaPacket> {
        let mut packetiser = packetiser(&self.config, limit).unwrap();
        let mut packets = Vec::new();
        for unit in &self.units {
            packetiser.packetise(unit, &mut packets);
        }
        packets
    }

    fn codec(&self) -> Codec {
        self.config.codec
    }
}

fn payload(packet: &MediaPacket) -> Bytes {
    [packet.head.as_slice(), &packet.body].concat().into()
}

fn push(depacketiser: &mut dyn Depacketise, packet: &MediaPacket) -> Result<(), BrokenPayload> {
    depacketiser.push(packet.ticks as u32, packet.marker, &payload(packet))
}

#[test]
fn what_is_cut_is_put_together_again() {
    for sample in testdata::all() {
        assert!(sample.units.len() >= 5);
        for limit in LIMITS {
            let mut depacketiser = depacketiser(sample.format);
            let mut units = Vec::new();
            for packet in sample.packets(limit) {
                push(&mut *depacketiser, &packet).unwrap();
                units.extend(std::iter::from_fn(|| depacketiser.take()));
            }
            assert_eq!(units.len(), sample.units.len(), "{:?}", sample.codec());
            for (index, (came, sent)) in units.iter().zip(&sample.units).enumerate() {
                let what = format!("{:?} {index}", sample.codec());
                assert_eq!(came.data, carried(sample.codec(), sent), "{what}");
                assert_eq!(came.key, sent.key, "{what}");
                assert_eq!(i64::from(came.timestamp), ticks(sent.pts, sent.kind), "{what}");
                assert_eq!(came.config, (index == 0).then(|| sample.config.clone()), "{what}");
            }
            assert!(!depacketiser.wants_key_frame());
        }
    }
}

#[test]
fn packets_keep_the_limit_share_their_bodies_and_fill_equal_datagrams() {
    for sample in testdata::all() {
        for limit in LIMITS {
            let mut packetiser = packetiser(&sample.config, limit).unwrap();
            for unit in &sample.units {
                let mut packets = Vec::new();
                packetiser.packetise(unit, &mut packets);
                let what = format!("{:?} {limit}", sample.codec());
                assert!(packets.iter().all(|packet| payload(packet).len() <= limit), "{what}");
                let (last, others) = packets.split_last().unwrap();
                if unit.kind == TrackKind::Video {
                    assert!(last.marker && !others.iter().any(|packet| packet.marker), "{what}");
                    assert_eq!(packets[0].begins, unit.key, "{what}");
                }
                assert!(!packets[1..].iter().any(|packet| packet.begins), "{what}");
                let unit_range = unit.data.as_ptr_range();
                let shared = packets.iter().filter(|packet| unit_range.contains(&packet.body.as_ptr())).count();
                // Only the parameter sets of H.264 come from elsewhere.
                let own = packets.len() - shared;
                assert!(own == 0 || sample.codec() == Codec::H264 && unit.key, "{what}: {own}");
            }
        }
    }
}

#[test]
fn fragments_of_one_picture_are_equal_but_the_last() {
    for sample in [testdata::vp8(), testdata::vp9(), testdata::av1()] {
        let mut packetiser = packetiser(&sample.config, 100).unwrap();
        let mut packets = Vec::new();
        packetiser.packetise(&sample.units[0], &mut packets);
        let sizes: Vec<_> = packets.iter().map(|packet| payload(packet).len()).collect();
        let (last, equal) = sizes.split_last().unwrap();
        assert!(equal.len() > 3 && equal.iter().all(|size| size == &equal[0] && size >= last), "{sizes:?}");
    }
}

#[test]
fn after_a_loss_nothing_comes_until_a_key_frame() {
    for sample in [testdata::h264(), testdata::vp8(), testdata::vp9(), testdata::av1()] {
        let packets = sample.packets(300);
        let keys: Vec<_> = sample.units.iter().filter(|unit| unit.key).map(|unit| ticks(unit.pts, unit.kind)).collect();
        assert!(keys.len() >= 2);
        for missing in 0..packets.len() {
            let mut depacketiser = depacketiser(sample.format);
            let mut times = Vec::new();
            for (index, packet) in packets.iter().enumerate() {
                if index == missing {
                    depacketiser.lost();
                    continue;
                }
                push(&mut *depacketiser, packet).unwrap();
                while let Some(unit) = depacketiser.take() {
                    let sent = sample.units.iter().find(|sent| ticks(sent.pts, sent.kind) == i64::from(unit.timestamp));
                    assert_eq!(unit.data, carried(sample.codec(), sent.unwrap()));
                    times.push(i64::from(unit.timestamp));
                }
            }
            let lost = packets[missing].ticks;
            let next_key = keys.iter().copied().find(|&key| key > lost).unwrap_or(i64::MAX);
            let expected: Vec<_> = sample
                .units
                .iter()
                .map(|unit| ticks(unit.pts, unit.kind))
                .filter(|&time| time < lost || time >= next_key)
                .collect();
            assert_eq!(times, expected, "{:?} {missing}", sample.codec());
        }
    }
}

#[test]
fn webrtc_rs_reads_h264_the_same() {
    let sample = testdata::h264();
    let mut theirs = H264Packet::default();
    theirs.is_avc = true;
    let mut data = BytesMut::new();
    for packet in sample.packets(300) {
        data.extend(theirs.depacketize(&payload(&packet)).unwrap());
    }
    let ours: Vec<_> = crate::media::avcc::nal_units(&data.freeze()).filter(|nal| nal[0] & 0x1F <= 5).collect();
    let sent: Vec<_> = sample
        .units
        .iter()
        .flat_map(|unit| crate::media::avcc::nal_units(&carried(Codec::H264, unit)).collect::<Vec<_>>())
        .collect();
    assert_eq!(ours, sent);
}

#[test]
fn webrtc_rs_reads_vp8_and_vp9_the_same() {
    for sample in [testdata::vp8(), testdata::vp9()] {
        let mut data = BytesMut::new();
        for packet in sample.packets(300) {
            let part = if sample.codec() == Codec::Vp8 {
                let mut theirs = Vp8Packet::default();
                let part = theirs.depacketize(&payload(&packet)).unwrap();
                assert_eq!(theirs.pid, 0);
                part
            } else {
                let mut theirs = Vp9Packet::default();
                let part = theirs.depacketize(&payload(&packet)).unwrap();
                if packet.begins {
                    assert_eq!(
                        (theirs.b, theirs.v, &theirs.width[..], &theirs.height[..]),
                        (true, true, &[128][..], &[96][..])
                    );
                }
                assert_eq!(theirs.e, packet.marker);
                part
            };
            data.extend(part);
        }
        let sent: Vec<_> = sample.units.iter().flat_map(|unit| unit.data.to_vec()).collect();
        assert_eq!(data, sent);
    }
}

#[test]
fn webrtc_rs_reads_av1_the_same() {
    let sample = testdata::av1();
    let mut theirs = Av1Depacketizer::default();
    let mut data = BytesMut::new();
    for packet in sample.packets(300) {
        data.extend(theirs.depacketize(&payload(&packet)).unwrap());
    }
    let sent: Vec<_> = sample.units.iter().flat_map(|unit| unit.data.to_vec()).collect();
    assert_eq!(data, sent);
}

#[test]
fn parameter_sets_go_before_every_key_frame_and_into_the_configuration() {
    let sample = testdata::h264();
    let mut packetiser = packetiser(&sample.config, 1_180).unwrap();
    let mut packets = Vec::new();
    packetiser.packetise(&sample.units[0], &mut packets);
    assert_eq!(packets[0].head.as_slice(), &[] as &[u8]);
    assert_eq!(packets[0].body[0] & 0x1F, 24);
    // A change of the sets in the middle of a group stays in the unit; with a key frame it becomes the configuration.
    let mut depacketiser = depacketiser(sample.format);
    for packet in &packets {
        push(&mut *depacketiser, packet).unwrap();
    }
    let first = depacketiser.take().unwrap();
    let other_pps = [0x68, 0xEF, 0xBC, 0x80];
    depacketiser.push(1, false, &other_pps).unwrap();
    depacketiser.push(1, true, &[0x41, 0x9A, 1, 2]).unwrap();
    let second = depacketiser.take().unwrap();
    assert_eq!(second.config, None);
    assert_eq!(second.data[..], [0, 0, 0, 4, 0x68, 0xEF, 0xBC, 0x80, 0, 0, 0, 4, 0x41, 0x9A, 1, 2]);
    for packet in &packets {
        push(&mut *depacketiser, packet).unwrap();
    }
    let third = depacketiser.take().unwrap();
    assert_eq!(third.data, first.data);
    // The sets of that key frame replace the others.
    assert_eq!(third.config, None);
}

#[test]
fn a_key_frame_of_av1_without_its_sequence_header_gets_the_records() {
    let sample = testdata::av1();
    let unit = &sample.units[0];
    let without: Vec<u8> = crate::media::av1::obus(&unit.data)
        .filter(|obu| obu.header.kind() != crate::media::av1::obu_type::SEQUENCE_HEADER)
        .flat_map(|obu| {
            let mut bytes = Vec::new();
            obu.header.write(true, &mut bytes);
            crate::media::av1::write_leb128(obu.payload.len(), &mut bytes);
            bytes.extend(&obu.payload);
            bytes
        })
        .collect();
    let stripped = AccessUnit { data: without.into(), ..unit.clone() };
    let mut packetiser = packetiser(&sample.config, 300).unwrap();
    let mut depacketiser = depacketiser(sample.format);
    let mut packets = Vec::new();
    packetiser.packetise(&stripped, &mut packets);
    for packet in &packets {
        push(&mut *depacketiser, packet).unwrap();
    }
    let came = depacketiser.take().unwrap();
    assert_eq!((came.data, came.config), (unit.data.clone(), Some(sample.config)));
}

#[test]
fn units_above_the_bound_are_given_up() {
    let mut depacketiser = vp8::Vp8Depacketiser::new(1_000);
    depacketiser.push(1, false, &[0x10, 0x10, 0, 0, 0x9D, 1, 0x2A, 0x80, 2, 0x68, 1]).unwrap();
    let results: Vec<_> = (0..20).map(|_| depacketiser.push(1, false, &[0; 101])).collect();
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
    depacketiser.push(1, true, &[0; 2]).unwrap();
    assert_eq!(depacketiser.take(), None);
    assert!(depacketiser.wants_key_frame());
}

#[test]
fn what_webrtc_has_no_format_for_is_not_sent() {
    for codec in [Codec::Aac, Codec::Hevc] {
        assert!(packetiser(&TrackConfig { codec, record: Bytes::from_static(&[0x11, 0x90]) }, 1_200).is_none());
    }
    let five_channels =
        TrackConfig { codec: Codec::Opus, record: Bytes::from_static(&[0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 1]) };
    assert!(packetiser(&five_channels, 1_200).is_none());
}

#[test]
fn sound_after_silence_is_marked() {
    let sample = testdata::opus();
    let mut packetiser = packetiser(&sample.config, 1_200).unwrap();
    let mut packets = Vec::new();
    for number in [0, 1, 2, 10, 11] {
        packetiser.packetise(&sample.units[number], &mut packets);
    }
    let marked: Vec<_> = packets.iter().map(|packet| packet.marker).collect();
    assert_eq!(marked, [true, false, false, true, false]);
}

#[test]
fn times_are_rounded_to_the_nearest_tick() {
    assert_eq!(ticks(MediaTime::from_micros(33_333), TrackKind::Video), 3_000);
    assert_eq!(ticks(MediaTime::from_micros(-20_000), TrackKind::Audio), -960);
    assert_eq!(ticks(MediaTime::from_micros(i64::MAX / 100_000), TrackKind::Video), 8_301_034_833_169);
}

const FORMATS: [RtpFormat; 5] = [
    RtpFormat::H264 { profile_level_id: [0x42, 0xE0, 0x1F] },
    RtpFormat::Vp8,
    RtpFormat::Vp9 { profile: 0 },
    RtpFormat::Av1 { profile: 0 },
    RtpFormat::Opus,
];

proptest! {
    #[test]
    fn any_payloads_are_taken_without_harm(
        payloads in proptest::collection::vec(
            (0..4_u32, any::<bool>(), 0..10_u8, proptest::collection::vec(any::<u8>(), 0..80)), 0..60,
        ),
    ) {
        for format in FORMATS {
            let mut depacketiser = depacketiser(format);
            let mut total = 0;
            for (timestamp, marker, lost, payload) in &payloads {
                if *lost == 0 {
                    depacketiser.lost();
                }
                let _ = depacketiser.push(*timestamp, *marker, payload);
                total += payload.len();
                while let Some(unit) = depacketiser.take() {
                    // A NAL unit of one byte in an aggregate is the most that can grow: three bytes become five.
                    prop_assert!(unit.data.len() <= total * 2 + 16);
                }
            }
        }
    }

    #[test]
    fn any_units_are_cut_without_harm(data in proptest::collection::vec(any::<u8>(), 0..3_000), key in any::<bool>()) {
        for sample in testdata::all() {
            let mut packetiser = packetiser(&sample.config, 200).unwrap();
            let time = MediaTime::ZERO;
            let kind = sample.codec().kind();
            let unit = AccessUnit { kind, pts: time, dts: time, key, data: data.clone().into() };
            let mut packets = Vec::new();
            packetiser.packetise(&unit, &mut packets);
            prop_assert!(packets.iter().all(|packet| payload(packet).len() <= 200));
        }
    }
}
