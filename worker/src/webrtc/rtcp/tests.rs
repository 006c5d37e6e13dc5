//! What we write is read back, by us and by webrtc-rs; what strangers write harms nobody.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use rtc_rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use rtc_rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;

use super::*;

fn all(compound: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    read(compound, |packet| {
        found.push(match packet {
            Rtcp::Nack { ssrc, list } => format!("nack {ssrc} {:?}", list.iter().collect::<Vec<_>>()),
            other => format!("{other:?}"),
        });
    });
    found
}

fn theirs(compound: &[u8]) -> Vec<Box<dyn rtc_rtcp::packet::Packet>> {
    rtc_rtcp::packet::unmarshal(&mut &compound[..]).unwrap()
}

#[test]
fn every_packet_is_read_as_it_was_written() {
    let block = ReportBlock {
        ssrc: 7,
        fraction_lost: 12,
        lost: -3,
        highest: 0x1_0005,
        jitter: 90,
        last_report: 0xABCD_0123,
        delay: 65_536,
    };
    let ntp = NtpTime::from_bits(0x1234_5678_9ABC_DEF0);
    let mut compound = Compound::default();
    compound
        .sender_report(1, (ntp, 4_000), (10, 2_000))
        .receiver_report(1, &[block])
        .name(1, "sluice")
        .nack(1, 7, &[65_534, 65_535, 3, 100])
        .picture_loss(1, 7)
        .full_intra(1, 7, 5)
        .remb(1, 1_500_000, &[7, 8])
        .goodbye(&[1]);
    let ours = all(compound.as_bytes());
    assert_eq!(ours[0], format!("{:?}", Rtcp::SenderReport { ssrc: 1, ntp, timestamp: 4_000 }));
    assert_eq!(ours[1], format!("{:?}", Rtcp::Reception(block)));
    assert_eq!(ours[2], "nack 7 [65534, 65535, 3, 100]");
    assert_eq!(ours[3], format!("{:?}", Rtcp::PictureLoss { ssrc: 7 }));
    assert_eq!(ours[4], format!("{:?}", Rtcp::FullIntra { ssrc: 7, number: 5 }));
    assert_eq!(ours[5], format!("{:?}", Rtcp::Remb { bitrate_bps: 1_500_000 }));
    assert_eq!(ours[6], format!("{:?}", Rtcp::Goodbye { ssrc: 1 }));
    // webrtc-rs reads the same.
    let theirs = theirs(compound.as_bytes());
    assert_eq!(theirs.len(), 8);
    let nack = theirs[3].as_any().downcast_ref::<TransportLayerNack>().unwrap();
    let numbers: Vec<_> = nack.nacks.iter().flat_map(|pair| pair.packet_list()).collect();
    assert_eq!(numbers, [65_534, 65_535, 3, 100]);
}

#[test]
fn a_broken_packet_ends_the_reading_and_nothing_before_it() {
    let mut compound = Compound::default();
    compound.picture_loss(1, 7).picture_loss(1, 8);
    let bytes = compound.as_bytes();
    assert_eq!(all(&bytes[..bytes.len() - 1]).len(), 1);
    let mut other_version = bytes.to_vec();
    other_version[12] = 0x41;
    assert_eq!(all(&other_version).len(), 1);
}

#[test]
fn feedback_names_losses_and_times() {
    let epoch = Instant::now();
    let mut arrivals = Arrivals::new(epoch);
    let sent = [(65_533_u16, 100_u64), (65_534, 101), (1, 110), (2, 400), (0, 401), (40, 500)];
    for (sequence, millis) in sent {
        arrivals.record(sequence, epoch + Duration::from_millis(millis));
    }
    let mut control = Vec::new();
    assert!(arrivals.write(&mut control));
    let mut read = Vec::new();
    assert_eq!(read_feedback(&control, 1_000, |arrival| read.push(arrival)), 1_000 - 44);
    assert_eq!(read.len(), 44);
    for (sequence, millis) in sent {
        let at_us = Some(i64::try_from(millis * 1_000).unwrap());
        assert!(read.contains(&Arrival { sequence, at_us }), "{sequence}");
    }
    assert_eq!(read.iter().filter(|arrival| arrival.at_us.is_none()).count(), 44 - 6);

    let mut compound = Compound::default();
    compound.transport_feedback(1, 7, &control);
    let theirs = theirs(compound.as_bytes());
    let feedback = theirs[0].as_any().downcast_ref::<TransportLayerCc>().unwrap();
    assert_eq!((feedback.base_sequence_number, feedback.packet_status_count), (65_533, 44));
    assert_eq!(feedback.recv_deltas.len(), 6);

    // The next one begins behind it; what is late is told late.
    arrivals.record(42, epoch + Duration::from_millis(600));
    arrivals.record(39, epoch + Duration::from_millis(601));
    control.clear();
    assert!(arrivals.write(&mut control));
    let mut read = Vec::new();
    read_feedback(&control, 1_000, |arrival| read.push((arrival.sequence, arrival.at_us)));
    assert_eq!(read, [(39, Some(601_000)), (40, None), (41, None), (42, Some(600_000))]);
    assert!(!arrivals.write(&mut Vec::new()));
}

#[test]
fn feedback_about_more_packets_than_the_budget_is_left_alone() {
    let control = [0, 1, 0xFF, 0xFF, 0, 0, 0, 0, 0x1F, 0xFF, 0x1F, 0xFF];
    assert_eq!(read_feedback(&control, 4_096, |_| panic!("too many")), 0);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = all(&bytes);
        let mut count = 0;
        read_feedback(&bytes, 500, |_| count += 1);
        prop_assert!(count <= 500);
        // Behind a sound header too.
        for kind in 200..=207 {
            let words = u16::try_from(bytes.len() / 4).unwrap();
            let [l0, l1] = words.to_be_bytes();
            let _ = all(&[&[0x8F, kind, l0, l1], &bytes[..]].concat());
        }
    }

    #[test]
    fn feedback_is_read_as_it_was_recorded(
        start in any::<u16>(), steps in proptest::collection::vec((1..30_u16, 0..50_000_u64), 1..300),
    ) {
        let epoch = Instant::now();
        let mut arrivals = Arrivals::new(epoch);
        let (mut sequence, mut micros) = (start, 1_000);
        let mut sent = Vec::new();
        for (step, later) in steps {
            arrivals.record(sequence, epoch + Duration::from_micros(micros));
            sent.push((sequence, i64::try_from(micros).unwrap()));
            sequence = sequence.wrapping_add(step);
            micros += later;
        }
        let mut read = Vec::new();
        while !arrivals.is_empty() {
            let mut control = Vec::new();
            prop_assert!(arrivals.write(&mut control));
            read_feedback(&control, 10_000, |arrival| {
                read.extend(arrival.at_us.map(|at_us| (arrival.sequence, at_us)));
            });
        }
        prop_assert_eq!(read.len(), sent.len());
        for ((sequence, at_us), (sent_sequence, sent_us)) in read.into_iter().zip(sent) {
            prop_assert_eq!(sequence, sent_sequence);
            prop_assert!((sent_us - at_us).abs() < 250, "{} {}", sent_us, at_us);
        }
    }
}
