//! A publisher over a path that loses, repeats and overtakes.

use bytes::Bytes;
use proptest::prelude::*;
use sluice_contract::UnixTime;

use super::*;
use crate::media::{Codec, MediaTime, vpx};
use crate::webrtc::rtcp::{NtpTime, ReportBlock, read_feedback};
use crate::webrtc::rtp::{MediaPacket, packetiser};
use crate::webrtc::sdp::plan::Section;
use crate::webrtc::sdp::{Feedback, RtpCodec, RtpFormat};

const VIDEO: u32 = 0x1111_1111;
const REPAIR: u32 = 0x1111_2222;
const AUDIO: u32 = 0x3333_3333;
const VIDEO_TYPE: u8 = 96;
const REPAIR_TYPE: u8 = 97;
const AUDIO_TYPE: u8 = 111;

/// A packet on its way.
#[derive(Debug, Clone)]
struct Packet {
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
    extensions: Vec<u8>,
}

#[derive(Debug, Default)]
struct Came {
    configs: Vec<TrackConfig>,
    units: Vec<AccessUnit>,
    rtcp: Vec<Vec<u8>>,
}

struct Scene {
    receiver: Receiver,
    now: Instant,
    came: Came,
    /// The publisher's next sequence number and frame.
    sequence: u16,
    frame: u32,
}

fn plan(announced: bool, feedback: Feedback) -> Plan {
    let section = |kind, mid: &str, format, payload_type, ssrc: u32, rtx: Option<u8>| Section {
        rests: false,
        mid: mid.to_owned(),
        kind,
        direction: Direction::RecvOnly,
        codec: Some(RtpCodec { payload_type, format, fmtp: String::new(), rtx, feedback }),
        proposed: Vec::new(),
        ssrc: announced.then_some(ssrc),
        rtx_ssrc: rtx.filter(|_| announced).map(|_| REPAIR),
        extensions: Extensions { mid: Some(4), transport_cc: Some(3), abs_send_time: None },
        track: "cam".to_owned(),
    };
    Plan {
        sections: vec![
            section(MediaKind::Audio, "0", RtpFormat::Opus, AUDIO_TYPE, AUDIO, None),
            section(MediaKind::Video, "1", RtpFormat::Vp8, VIDEO_TYPE, VIDEO, Some(REPAIR_TYPE)),
        ],
        ..Plan::default()
    }
}

const ALL: Feedback = Feedback { nack: true, pli: true, fir: true, transport_cc: true, remb: true };

impl Scene {
    fn new(announced: bool, feedback: Feedback) -> Self {
        let start = Instant::now();
        let identity = Identity { ssrc: 1, cname: "sluice".to_owned() };
        Self {
            receiver: Receiver::new(&plan(announced, feedback), identity, start),
            now: start,
            came: Came::default(),
            sequence: 65_500,
            frame: 0,
        }
    }

    /// The packets of the next picture: three of them.
    fn picture(&mut self, key: bool) -> Vec<Packet> {
        let config = TrackConfig { codec: Codec::Vp8, record: Bytes::new() };
        let mut packetiser = packetiser(&config, 1_000).unwrap();
        let mut packets = Vec::new();
        packetiser.packetise(&picture(self.frame, key), &mut packets);
        let timestamp = 0xFFFF_0000_u32.wrapping_add(self.frame * 3_600);
        self.frame += 1;
        packets.iter().map(|packet| self.wrapped(packet, timestamp)).collect()
    }

    fn wrapped(&mut self, packet: &MediaPacket, timestamp: u32) -> Packet {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let [high, low] = sequence.to_be_bytes();
        Packet {
            payload_type: VIDEO_TYPE,
            ssrc: VIDEO,
            sequence,
            timestamp,
            marker: packet.marker,
            payload: [packet.head.as_slice(), &packet.body].concat(),
            extensions: vec![0x31, high, low],
        }
    }

    fn pass(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while self.receiver.next_time() <= end {
            self.now = self.now.max(self.receiver.next_time());
            let Self { receiver, came, now, .. } = self;
            receiver.time(*now, &mut |output| came.take(output));
        }
        self.now = end;
    }

    fn receive(&mut self, packet: &Packet) {
        let received = ReceivedRtp {
            at: self.now,
            payload_type: packet.payload_type,
            ssrc: packet.ssrc,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            marker: packet.marker,
            extensions: &packet.extensions,
            two_byte: false,
            payload: &packet.payload,
            wire_bytes: packet.payload.len() + 40,
        };
        let Self { receiver, came, .. } = self;
        receiver.rtp(&received, &mut |output| came.take(output));
    }

    fn receive_all(&mut self, packets: &[Packet]) {
        for packet in packets {
            self.receive(packet);
        }
    }

    /// Everything that was said since the last look.
    fn said(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        for compound in self.came.rtcp.drain(..) {
            rtcp::read(&compound, |packet| match packet {
                Rtcp::Nack { ssrc, list } => said.push(format!("nack {ssrc:x} {:?}", list.iter().collect::<Vec<_>>())),
                Rtcp::PictureLoss { ssrc } => said.push(format!("pli {ssrc:x}")),
                Rtcp::FullIntra { ssrc, number } => said.push(format!("fir {ssrc:x} {number}")),
                Rtcp::Reception(block) => said.push(format!("report {:x} lost {}", block.ssrc, block.lost)),
                Rtcp::Remb { bitrate_bps } => said.push(format!("remb {bitrate_bps}")),
                Rtcp::TransportFeedback(_) => said.push("feedback".to_owned()),
                _ => {}
            });
        }
        said
    }

    fn frames(&mut self) -> Vec<u32> {
        self.came.units.drain(..).filter(|unit| unit.kind == TrackKind::Video).map(|unit| number(&unit)).collect()
    }
}

impl Came {
    fn take(&mut self, output: ReceiverOutput<'_>) {
        match output {
            ReceiverOutput::Config(config) => self.configs.push(config),
            ReceiverOutput::Unit(unit) => self.units.push(unit),
            ReceiverOutput::Rtcp(compound) => self.rtcp.push(compound.to_vec()),
        }
    }
}

/// A VP8 picture with its number in it.
fn picture(number: u32, key: bool) -> AccessUnit {
    let head: &[u8] =
        if key { &[0x10, 0, 0, 0x9D, 1, 0x2A, 0x80, 2, 0x68, 1] } else { &[0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0] };
    let mut data = head.to_vec();
    data.extend(number.to_be_bytes());
    data.resize(2_500, number as u8);
    let time = MediaTime::from_millis(i64::from(number) * 40);
    AccessUnit { kind: TrackKind::Video, pts: time, dts: time, key, data: data.into() }
}

fn number(unit: &AccessUnit) -> u32 {
    u32::from_be_bytes(unit.data[10..14].try_into().unwrap())
}

fn repair(packet: &Packet) -> Packet {
    let payload = [&packet.sequence.to_be_bytes()[..], &packet.payload].concat();
    Packet { payload_type: REPAIR_TYPE, ssrc: REPAIR, sequence: 7, payload, ..packet.clone() }
}

fn sound(number: u16) -> Packet {
    Packet {
        payload_type: AUDIO_TYPE,
        ssrc: AUDIO,
        sequence: number,
        timestamp: u32::from(number) * 960,
        marker: false,
        payload: vec![0x78, 1, 2, 3],
        extensions: Vec::new(),
    }
}

#[test]
fn a_publisher_comes_through() {
    for announced in [true, false] {
        let mut scene = Scene::new(announced, ALL);
        for frame in 0..30_u16 {
            let packets = scene.picture(frame == 0);
            scene.receive_all(&packets);
            scene.receive(&sound(frame * 2));
            scene.receive(&sound(frame * 2 + 1));
            scene.pass(40);
        }
        let record = vpx::VpxFormat::plain(0, (640, 360)).record();
        assert_eq!(scene.came.configs.len(), 2);
        assert!(scene.came.configs.contains(&TrackConfig { codec: Codec::Vp8, record }));
        let times: Vec<_> = scene
            .came
            .units
            .iter()
            .filter(|unit| unit.kind == TrackKind::Video)
            .map(|unit| unit.pts.as_millis())
            .collect();
        assert_eq!(times, (0..30).map(|frame| frame * 40).collect::<Vec<_>>());
        assert_eq!(scene.came.units.len(), 90);
        let said = scene.said();
        assert!(said.contains(&format!("report {VIDEO:x} lost 0")), "{said:?}");
        assert!(said.iter().filter(|what| *what == "feedback").count() >= 10, "{said:?}");
        assert!(!said.iter().any(|what| what.starts_with("nack") || what.starts_with("pli")), "{said:?}");
        let figures = scene.receiver.figures()[0].unwrap();
        assert_eq!((figures.packets, figures.lost, figures.units), (90, 0, 30));
    }
}

#[test]
fn a_lost_packet_is_asked_for_and_comes_again() {
    let mut scene = Scene::new(true, ALL);
    let first = scene.picture(true);
    scene.receive_all(&first);
    let second = scene.picture(false);
    scene.receive(&second[0]);
    scene.receive(&second[2]);
    scene.pass(10);
    let nack = format!("nack {VIDEO:x} [{}]", second[1].sequence);
    assert_eq!(scene.said(), [nack.as_str()]);
    let third = scene.picture(false);
    scene.receive_all(&third);
    assert_eq!(scene.frames(), [0]);
    scene.receive(&repair(&second[1]));
    assert_eq!(scene.frames(), [1, 2]);
    scene.pass(2_000);
    let said = scene.said();
    assert!(!said.iter().any(|what| what.starts_with("nack") || what.starts_with("pli")), "{said:?}");
    assert_eq!(scene.receiver.figures()[0].unwrap().repaired, 1);
    // Somebody repeats what nobody asked for.
    scene.receive(&repair(&second[1]));
    scene.receive(&Packet { payload: vec![1], ..repair(&second[1]) });
    assert_eq!(scene.frames(), [0_u32; 0]);
}

#[test]
fn what_never_comes_costs_pictures_until_the_key_frame_that_is_asked_for() {
    let mut scene = Scene::new(true, ALL);
    let first = scene.picture(true);
    scene.receive_all(&first);
    let lost = scene.picture(false);
    scene.receive(&lost[1]);
    for _ in 0..50 {
        let packets = scene.picture(false);
        scene.receive_all(&packets);
        scene.pass(40);
    }
    assert_eq!(scene.frames(), [0]);
    let said = scene.said();
    let plis = said.iter().filter(|what| what.starts_with("pli")).count();
    // Given up after 600 ms, asked for then and once a second later.
    assert_eq!(plis, 2, "{said:?}");
    assert!(said.iter().filter(|what| what.starts_with("nack")).count() >= 4, "{said:?}");
    let key = scene.picture(true);
    scene.receive_all(&key);
    assert_eq!(scene.frames(), [52]);
}

#[test]
fn requests_for_key_frames_are_passed_on_at_most_once_a_second() {
    for (feedback, word) in [(ALL, "pli"), (Feedback { pli: false, ..ALL }, "fir")] {
        let mut scene = Scene::new(true, feedback);
        let first = scene.picture(true);
        scene.receive_all(&first);
        for _ in 0..29 {
            let Scene { receiver, came, now, .. } = &mut scene;
            receiver.request_key_frame(*now, &mut |output| came.take(output));
            scene.pass(100);
        }
        let said = scene.said();
        assert_eq!(said.iter().filter(|what| what.starts_with(word)).count(), 3, "{said:?}");
    }
}

#[test]
fn foreign_payloads_and_padding_leave_no_gap() {
    let mut scene = Scene::new(true, ALL);
    let packets = scene.picture(true);
    scene.receive_all(&packets);
    let probe = Packet { sequence: scene.sequence, payload: Vec::new(), ..packets[0].clone() };
    let event = Packet { sequence: scene.sequence.wrapping_add(1), payload_type: 126, ..packets[0].clone() };
    scene.sequence = scene.sequence.wrapping_add(2);
    scene.receive(&probe);
    scene.receive(&event);
    let next = scene.picture(false);
    scene.receive_all(&next);
    assert_eq!(scene.frames(), [0, 1]);
    // Nobody's packets.
    scene.receive(&Packet { payload_type: 5, ssrc: 99, ..packets[0].clone() });
    scene.pass(500);
    assert!(!scene.said().iter().any(|what| what.starts_with("nack")));
}

#[test]
fn sections_are_told_by_their_names_when_no_source_was_announced() {
    let mut scene = Scene::new(false, ALL);
    for mut packet in scene.picture(true) {
        // The section's name is "1".
        packet.extensions.extend([0x40, b'1']);
        scene.receive(&packet);
    }
    assert_eq!(scene.frames(), [0]);
    // A name that no section has belongs to nobody, whatever its payload type.
    for mut packet in scene.picture(false) {
        packet.ssrc = 5;
        packet.extensions.extend([0x40, b'9']);
        scene.receive(&packet);
    }
    assert_eq!(scene.frames(), [0_u32; 0]);
}

#[test]
fn another_source_takes_over_when_the_first_is_silent() {
    let mut scene = Scene::new(true, ALL);
    let first = scene.picture(true);
    scene.receive_all(&first);
    let moved = |packets: Vec<Packet>| -> Vec<_> {
        packets
            .into_iter()
            .map(|packet| Packet { ssrc: 42, sequence: packet.sequence.wrapping_add(20_000), ..packet })
            .collect()
    };
    // Both at once: a stranger.
    let packets = moved(scene.picture(true));
    scene.receive_all(&packets);
    assert_eq!(scene.frames(), [0]);
    scene.pass(600);
    let packets = moved(scene.picture(true));
    scene.receive_all(&packets);
    let last = scene.came.units[0].pts;
    assert_eq!(scene.frames(), [2]);
    assert!(last.as_millis() >= 600);
    // After a goodbye at once.
    let mut goodbye = Compound::default();
    goodbye.receiver_report(42, &[]).goodbye(&[42]);
    scene.receiver.rtcp(goodbye.as_bytes(), scene.now);
    let packets = scene.picture(true);
    scene.receive_all(&packets);
    assert_eq!(scene.frames(), [3]);
}

#[test]
fn reports_answer_the_senders_and_join_sound_with_picture() {
    let mut scene = Scene::new(true, ALL);
    for frame in 0..25_u16 {
        scene.receive(&sound(frame * 2));
        scene.receive(&sound(frame * 2 + 1));
        // The pictures of the same moment arrive 80 ms later.
        scene.pass(40);
        if frame >= 2 {
            let packets = scene.picture(frame == 2);
            scene.receive_all(&packets);
        }
    }
    let ntp = NtpTime::at(UnixTime::from_secs(1_800_000_000), Duration::ZERO);
    let mut compound = Compound::default();
    compound
        .sender_report(VIDEO, (ntp, 0xFFFF_0000), (1, 1))
        .sender_report(AUDIO, (ntp, 0), (1, 1))
        .receiver_report(5, &[ReportBlock::default()]);
    scene.receiver.rtcp(compound.as_bytes(), scene.now);
    for frame in 25..80_u16 {
        scene.receive(&sound(frame * 2));
        scene.receive(&sound(frame * 2 + 1));
        let packets = scene.picture(false);
        scene.receive_all(&packets);
        scene.pass(40);
    }
    let last = |kind| scene.came.units.iter().rev().find(|unit| unit.kind == kind).unwrap().pts.as_millis();
    // The second sound of 79 and picture 77.
    assert_eq!(last(TrackKind::Audio) - last(TrackKind::Video), 100);
    let blocks: Vec<_> = scene
        .came
        .rtcp
        .iter()
        .flat_map(|compound| {
            let mut blocks = Vec::new();
            rtcp::read(compound, |packet| {
                if let Rtcp::Reception(block) = packet {
                    blocks.push(block)
                }
            });
            blocks
        })
        .collect();
    assert!(blocks.iter().any(|block| block.ssrc == VIDEO && block.last_report == ntp.middle()));
}

#[test]
fn peers_that_only_know_remb_get_a_guess() {
    let mut scene = Scene::new(true, Feedback { transport_cc: false, ..ALL });
    for frame in 0..30 {
        let packets = scene.picture(frame == 0);
        scene.receive_all(&packets);
        scene.pass(40);
    }
    let said = scene.said();
    assert!(said.contains(&"remb 2000000".to_owned()), "{said:?}");
    assert!(!said.contains(&"feedback".to_owned()));
}

#[test]
fn nothing_is_asked_of_a_publisher_that_sends_nothing_yet() {
    for announced in [true, false] {
        let mut scene = Scene::new(announced, ALL);
        scene.pass(5_000);
        assert_eq!(scene.said(), [""; 0]);
        assert!(scene.receiver.next_time() > scene.now);
    }
}

#[test]
fn feedback_tells_what_arrived() {
    let mut scene = Scene::new(true, ALL);
    let packets = scene.picture(true);
    scene.receive(&packets[0]);
    scene.receive(&packets[2]);
    scene.pass(100);
    let mut arrived = Vec::new();
    for compound in &scene.came.rtcp {
        rtcp::read(compound, |packet| {
            if let Rtcp::TransportFeedback(control) = packet {
                read_feedback(control, 100, |arrival| arrived.push((arrival.sequence, arrival.at_us.is_some())));
            }
        });
    }
    assert_eq!(arrived, [(65_500, true), (65_501, false), (65_502, true)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_path_does_pictures_come_whole_and_in_order(
        fates in proptest::collection::vec((0..10_u8, 0..6_usize), 300),
    ) {
        let mut scene = Scene::new(true, ALL);
        let mut late: Vec<(usize, Packet)> = Vec::new();
        let mut step = 0;
        for frame in 0..100_u32 {
            for packet in scene.picture(frame % 20 == 0) {
                let (fate, delay) = fates[step];
                step += 1;
                match fate {
                    0 => late.push((step + delay, repair(&packet))),
                    1 => late.push((step + delay, packet)),
                    2 => {}
                    3 => {
                        scene.receive(&packet);
                        scene.receive(&packet);
                    }
                    _ => scene.receive(&packet),
                }
                let (due, rest): (Vec<_>, Vec<_>) = late.drain(..).partition(|(at, _)| *at <= step);
                late = rest;
                for (_, packet) in due {
                    scene.receive(&packet);
                }
            }
            scene.pass(40);
        }
        let mut last = None;
        for unit in &scene.came.units {
            let number = number(unit);
            prop_assert_eq!(&unit.data, &picture(number, unit.key).data);
            prop_assert!(last.is_none_or(|last| last < number));
            // Nothing is shown whose predecessor is missing.
            prop_assert!(unit.key || last == Some(number - 1));
            last = Some(number);
        }
    }

    #[test]
    fn any_packets_are_taken_without_harm(
        packets in proptest::collection::vec(
            (any::<u8>(), any::<u16>(), any::<u32>(), any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60), 0..5_u8),
            1..100,
        ),
        control in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut scene = Scene::new(false, ALL);
        for (kind, sequence, timestamp, marker, payload, who) in packets {
            let (payload_type, ssrc) = match who {
                0 => (VIDEO_TYPE, VIDEO),
                1 => (REPAIR_TYPE, REPAIR),
                2 => (AUDIO_TYPE, AUDIO),
                _ => (kind, timestamp),
            };
            let extensions = payload.clone();
            scene.receive(&Packet { payload_type, ssrc, sequence, timestamp, marker, payload, extensions });
            scene.receiver.rtcp(&control, scene.now);
            scene.pass(u64::from(kind));
        }
    }
}
