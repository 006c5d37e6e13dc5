//! A viewer that plays, misses packets, reports, and falls behind.

use bytes::Bytes;

use super::*;
use crate::media::MediaTime;
use crate::webrtc::engine::{Message, OutgoingRtp, WakeGroup};
use crate::webrtc::rtcp::{Arrivals, ReportBlock};
use crate::webrtc::rtp::{Head, ticks};
use crate::webrtc::sdp::plan::Section;
use crate::webrtc::sdp::{Feedback, RtpCodec, RtpFormat};
use std::sync::Arc;

/// What left, as it would be read on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Left {
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    extensions: Vec<u8>,
    payload: Vec<u8>,
}

struct Wire {
    now: Instant,
    takes: Sent,
    rtp: Vec<Left>,
    rtcp: Vec<Vec<u8>>,
}

impl Outlet for Wire {
    fn now(&self) -> Instant {
        self.now
    }

    fn send_rtp(&mut self, packet: &OutgoingRtp<'_>) -> Sent {
        if self.takes == Sent::Yes {
            self.rtp.push(Left {
                payload_type: packet.payload_type,
                ssrc: packet.ssrc,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                extensions: packet.extensions.to_vec(),
                payload: [packet.head, packet.body].concat(),
            });
        }
        self.takes
    }

    fn send_rtcp(&mut self, compound: &[u8]) -> Sent {
        self.rtcp.push(compound.to_vec());
        Sent::Yes
    }

    fn open_channel(&mut self, _label: &str) {}

    fn send_message(&mut self, _channel: u16, _message: &Message) -> Sent {
        Sent::Yes
    }

    fn join(&mut self, _group: &Arc<dyn WakeGroup>) {}

    fn leave(&mut self, _group: &Arc<dyn WakeGroup>) {}

    fn close(&mut self) {}

    fn round_trip(&self) -> Option<Duration> {
        None
    }
}

struct Scene {
    sending: Sending,
    wire: Wire,
    start: Instant,
}

const VIDEO: u32 = 1_000;
const VIDEO_RTX: u32 = 1_001;
const AUDIO: u32 = 2_000;
const FIRST_SEQUENCE: u16 = 0x7FF0;
const LANE: LaneId = LaneId(0);

fn section(kind: MediaKind, format: RtpFormat, payload_type: u8, ssrc: u32, rtx: Option<u8>) -> Section {
    let feedback = Feedback { nack: true, pli: true, fir: true, transport_cc: true, remb: true };
    Section {
        mid: payload_type.to_string(),
        kind,
        direction: Direction::SendOnly,
        rests: false,
        codec: Some(RtpCodec { payload_type, format, fmtp: String::new(), rtx, feedback }),
        proposed: Vec::new(),
        ssrc: Some(ssrc),
        rtx_ssrc: rtx.map(|_| ssrc + 1),
        extensions: Extensions { transport_cc: Some(5), ..Extensions::default() },
        track: "cam".to_owned(),
    }
}

impl Scene {
    fn new(rtx: Option<u8>) -> Self {
        let plan = Plan {
            sections: vec![
                section(MediaKind::Video, RtpFormat::Vp8, 96, VIDEO, rtx),
                section(MediaKind::Audio, RtpFormat::Opus, 111, AUDIO, None),
            ],
            ..Plan::default()
        };
        let start = Instant::now();
        let started_at = UnixTime::from_secs(1_800_000_000);
        let sending = Sending::new(&plan, "sluice".to_owned(), start, started_at, || u32::from(FIRST_SEQUENCE));
        Self { sending, wire: Wire { now: start, takes: Sent::Yes, rtp: Vec::new(), rtcp: Vec::new() }, start }
    }

    fn at(&mut self, millis: u64) -> &mut Self {
        self.wire.now = self.start + Duration::from_millis(millis);
        self
    }

    fn send(&mut self, kind: TrackKind, number: u64, media_ms: i64) -> Sent {
        self.sending.send(LANE, &packet(kind, number, media_ms), number, &mut self.wire)
    }

    fn requests(&mut self, compound: &Compound) -> Vec<String> {
        let mut found = Vec::new();
        self.sending.rtcp(compound.as_bytes(), self.wire.now, |request| found.push(format!("{request:?}")));
        found
    }

    fn nack(&mut self, sequences: &[u16]) -> Vec<u64> {
        let mut compound = Compound::default();
        compound.nack(9, VIDEO, sequences);
        let mut found = Vec::new();
        self.sending.rtcp(compound.as_bytes(), self.wire.now, |request| match request {
            ViewerRequest::Packets(LANE, TrackKind::Video, numbers) => found.extend(numbers),
            other => panic!("{other:?}"),
        });
        found
    }
}

fn packet(kind: TrackKind, number: u64, media_ms: i64) -> MediaPacket {
    MediaPacket {
        kind,
        ticks: ticks(MediaTime::from_millis(media_ms), kind),
        marker: true,
        begins: true,
        head: Head::new(&[0x10]),
        body: Bytes::from(number.to_be_bytes().to_vec()),
    }
}

#[test]
fn a_viewer_sees_no_gap_where_packets_were_left_out() {
    let mut scene = Scene::new(None);
    for number in [600, 601, 602, 900, 901] {
        assert_eq!(scene.send(TrackKind::Video, number, 0), Sent::Yes);
    }
    let sequences: Vec<_> = scene.wire.rtp.iter().map(|left| left.sequence.wrapping_sub(FIRST_SEQUENCE)).collect();
    assert_eq!(sequences, [0, 1, 2, 3, 4]);
    assert_eq!(scene.wire.rtp[0].payload[1..], 600_u64.to_be_bytes());
    assert_eq!(scene.wire.rtp[0].extensions, [0x51, 0, 0]);
    assert_eq!(scene.wire.rtp[4].extensions, [0x51, 0, 4]);
    // What a viewer misses is found under its number.
    let asked: Vec<_> = [1, 2, 3, 77].iter().map(|offset| FIRST_SEQUENCE + offset).collect();
    assert_eq!(scene.nack(&asked), [601, 602, 900]);
}

#[test]
fn a_packet_that_was_not_taken_is_sent_later() {
    let mut scene = Scene::new(None);
    scene.send(TrackKind::Video, 0, 0);
    scene.wire.takes = Sent::Full;
    assert_eq!(scene.send(TrackKind::Video, 1, 0), Sent::Full);
    scene.wire.takes = Sent::Yes;
    assert_eq!(scene.send(TrackKind::Video, 1, 0), Sent::Yes);
    assert_eq!(scene.wire.rtp[1].sequence, FIRST_SEQUENCE + 1);
    assert_eq!(scene.sending.figures()[0].unwrap().packets, 2);
}

#[test]
fn repetitions_are_a_stream_of_their_own_once_per_round_trip_and_within_the_budget() {
    let mut scene = Scene::new(Some(97));
    for number in 0..3 {
        scene.send(TrackKind::Video, number, 0);
    }
    assert_eq!(scene.nack(&[FIRST_SEQUENCE + 1]), [1]);
    assert_eq!(scene.at(20).nack(&[FIRST_SEQUENCE + 1]), [0_u64; 0]);
    assert_eq!(scene.at(60).nack(&[FIRST_SEQUENCE + 1]), [1]);
    let again = packet(TrackKind::Video, 1, 0);
    assert_eq!(scene.sending.resend(LANE, &again, 1, &mut scene.wire), Sent::Yes);
    let left = scene.wire.rtp.last().unwrap();
    assert_eq!((left.payload_type, left.ssrc), (97, VIDEO_RTX));
    let original = (FIRST_SEQUENCE + 1).to_be_bytes();
    assert_eq!(left.payload, [&original[..], &[0x10], &1_u64.to_be_bytes()].concat());
    assert_eq!(scene.sending.figures()[0].unwrap().resent, 1);
    // A viewer that asks for everything again and again gets no more than the budget.
    let sent = (0..10_000).take_while(|_| scene.sending.resend(LANE, &again, 1, &mut scene.wire) == Sent::Yes).count();
    assert!(sent < 5_000, "{sent}");
}

#[test]
fn a_list_of_thousands_is_read_as_far_as_one_viewer_can_miss() {
    let mut scene = Scene::new(None);
    let asked: Vec<u16> = (0..5_000).map(|offset| FIRST_SEQUENCE.wrapping_add(offset)).collect();
    scene.nack(&asked);
    let figures = scene.sending.figures()[0].expect("pictures are sent");
    assert_eq!(figures.asked, super::MAX_ASKED as u64);
}

#[test]
fn key_frames_are_asked_for_once_per_request() {
    let mut scene = Scene::new(None);
    scene.send(TrackKind::Video, 0, 0);
    let mut pli = Compound::default();
    pli.picture_loss(9, VIDEO);
    assert_eq!(scene.requests(&pli), ["KeyFrame(LaneId(0))"]);
    let mut fir = Compound::default();
    fir.full_intra(9, VIDEO, 3);
    assert_eq!(scene.requests(&fir), ["KeyFrame(LaneId(0))"]);
    assert_eq!(scene.requests(&fir), [""; 0]);
    let mut stranger = Compound::default();
    stranger.picture_loss(9, 77);
    assert_eq!(scene.requests(&stranger), [""; 0]);
}

#[test]
fn reports_put_sound_and_picture_on_one_clock() {
    let mut scene = Scene::new(None);
    // A group that began four seconds ago is sent in one go, then the sound of now.
    for frame in 0..100 {
        scene.send(TrackKind::Video, frame, i64::try_from(frame).unwrap() * 40);
    }
    scene.send(TrackKind::Audio, 0, 3_960);
    let due = scene.sending.next_time().unwrap();
    assert_eq!(due, scene.start + FIRST_REPORT_WAIT);
    scene.at(100);
    scene.sending.time(&mut scene.wire);
    let mut reports = Vec::new();
    rtcp::read(&scene.wire.rtcp[0], |packet| {
        if let Rtcp::SenderReport { ssrc, ntp, timestamp } = packet {
            reports.push((ssrc, ntp, timestamp.wrapping_sub(u32::from(FIRST_SEQUENCE))));
        }
    });
    let ntp = NtpTime::at(UnixTime::from_secs(1_800_000_000), Duration::from_millis(100));
    assert_eq!(reports, [(VIDEO, ntp, 4_060 * 90), (AUDIO, ntp, 4_060 * 48)]);
    assert_eq!(scene.sending.next_time(), Some(scene.wire.now + REPORT_INTERVAL));

    // The viewer answers 50 ms later, having waited 20.
    let block = ReportBlock {
        ssrc: VIDEO,
        fraction_lost: 10,
        lost: 3,
        jitter: 900,
        last_report: ntp.middle(),
        delay: 20 * 65_536 / 1_000,
        ..ReportBlock::default()
    };
    let mut compound = Compound::default();
    compound.receiver_report(9, &[block]);
    scene.at(150).requests(&compound);
    let figures = scene.sending.figures()[0].unwrap();
    assert_eq!((figures.lost, figures.fraction_lost, figures.jitter), (3, 10, Duration::from_millis(10)));
    let round_trip = figures.round_trip.unwrap();
    assert!((29..=31).contains(&round_trip.as_millis()), "{round_trip:?}");
}

#[test]
fn a_viewer_whose_packets_wait_ever_longer_is_too_slow() {
    let mut scene = Scene::new(None);
    let mut arrivals = Arrivals::new(scene.start);
    let mut told = None;
    for step in 0..100_u64 {
        scene.at(step * 50).send(TrackKind::Video, step, 0);
        // Each packet takes 20 ms longer than the one before.
        let arrival = scene.wire.now + Duration::from_millis(30 + step * 20);
        arrivals.record(u16::try_from(step).unwrap(), arrival);
        let mut control = Vec::new();
        arrivals.write(&mut control);
        let mut compound = Compound::default();
        compound.transport_feedback(9, VIDEO, &control);
        scene.requests(&compound);
        if scene.sending.pace(scene.wire.now) == Pace::TooSlow {
            told.get_or_insert(step);
        }
    }
    // 400 ms are reached after 21 packets; then it has to last.
    assert_eq!(told, Some(21 + 30));
    scene.sending.skipped();
    assert_eq!(scene.sending.pace(scene.wire.now), Pace::Fine);
}

#[test]
fn losses_and_estimates_must_last_to_count() {
    let mut scene = Scene::new(None);
    let (mut highest, mut lost) = (0, 0);
    // Ten packets, some of which were lost; what a browser says beside its requests is of fewer still.
    let mut report = |of_ten| {
        highest += 10;
        lost += of_ten;
        let fraction_lost = if of_ten == 0 { 0 } else { u8::MAX };
        let mut compound = Compound::default();
        compound
            .receiver_report(9, &[ReportBlock { ssrc: VIDEO, fraction_lost, lost, highest, ..ReportBlock::default() }]);
        compound
    };
    // Four of ten in the first second, none in the second, four in those after it: all of them in one report of several.
    for step in 0..46_u64 {
        let of_ten = if (11..=20).contains(&step) {
            0
        } else if step % 2 == 1 {
            8
        } else {
            0
        };
        scene.at(step * 100).requests(&report(of_ten));
        let expected = if step >= 45 { Pace::TooSlow } else { Pace::Fine };
        assert_eq!(scene.sending.pace(scene.wire.now), expected, "at {step}");
    }
    // A viewer that says no more is not judged by what it said.
    scene.at(10_000);
    assert_eq!(scene.sending.pace(scene.wire.now), Pace::Fine);

    let mut scene = Scene::new(None);
    for step in 0..300_u64 {
        scene.at(step * 10).send(TrackKind::Video, step, 0);
        let mut remb = Compound::default();
        remb.remb(9, 4_000, &[VIDEO]);
        scene.requests(&remb);
    }
    // 9 bytes every 10 ms are 7 200 bit/s.
    assert_eq!(scene.sending.pace(scene.wire.now), Pace::TooSlow);
    assert_eq!(scene.sending.available_bps(), Some(4_000));
}

#[test]
fn every_stream_of_a_viewer_has_numbers_and_a_clock_of_its_own() {
    let mut scene = Scene::new(None);
    let mut plan = Plan {
        sections: vec![
            section(MediaKind::Video, RtpFormat::Vp8, 96, VIDEO, None),
            Section { track: "desk".to_owned(), ..section(MediaKind::Video, RtpFormat::Vp8, 96, 3_000, None) },
        ],
        ..Plan::default()
    };
    scene.sending.amend(&plan, scene.start, || 7);
    let desk = scene.sending.lane("desk").unwrap();
    assert_ne!(desk, LANE);
    scene.send(TrackKind::Video, 0, 1_000);
    let sent = scene.sending.send(desk, &packet(TrackKind::Video, 500, 90_000), 500, &mut scene.wire);
    assert_eq!(sent, Sent::Yes);
    let left: Vec<_> = scene.wire.rtp.iter().map(|left| (left.ssrc, left.sequence, left.extensions[2])).collect();
    assert_eq!(left, [(VIDEO, FIRST_SEQUENCE, 0), (3_000, 7, 1)], "the transport's numbers are common");
    scene.at(200);
    scene.sending.time(&mut scene.wire);
    assert_eq!(scene.wire.rtcp.len(), 2, "a report each");
    let mut lost = Compound::default();
    lost.nack(9, 3_000, &[7]);
    assert_eq!(scene.requests(&lost), ["Packets(LaneId(1), Video, [500])"]);

    // The desk leaves, another comes in its place.
    plan.sections.truncate(1);
    scene.sending.amend(&plan, scene.wire.now, || 7);
    assert_eq!(scene.sending.lane("desk"), None);
    scene.sending.send(desk, &packet(TrackKind::Video, 501, 90_040), 501, &mut scene.wire);
    assert_eq!(scene.wire.rtp.len(), 2, "nothing more of it");
    scene.send(TrackKind::Video, 1, 1_040);
    assert_eq!(scene.wire.rtp[2].sequence, FIRST_SEQUENCE + 1, "what stays goes on");
}
