use proptest::prelude::*;

use super::inspector::{MAX_HELD, MAX_RECONFIGURATIONS};
use super::*;

/// Two ends whose packets reach each other at once; the first sets the association up.
struct Pair {
    now: Instant,
    ends: [Channels; 2],
    events: [Vec<ChannelEvent>; 2],
}

impl Pair {
    fn new() -> Self {
        let now = Instant::now();
        Self { now, ends: [Channels::new(now, true), Channels::new(now, false)], events: [Vec::new(), Vec::new()] }
    }

    fn connected() -> Self {
        let mut pair = Self::new();
        pair.run(Duration::from_secs(1));
        assert!(pair.ends.iter().all(|end| end.association.is_some()));
        pair
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += Duration::from_millis(20);
            for from in [0, 1] {
                let mut packets = Vec::new();
                self.ends[from].take_outgoing(self.now, |packet| packets.push(Bytes::copy_from_slice(packet)));
                for packet in packets {
                    self.ends[1 - from].read(self.now, packet, &mut self.events[1 - from]);
                }
                if self.ends[from].next_time().is_some_and(|at| at <= self.now) {
                    self.ends[from].time(self.now, &mut self.events[from]);
                }
            }
        }
    }
}

#[test]
fn channels_of_both_sides_have_numbers_of_their_own() {
    let mut pair = Pair::connected();
    for (end, name) in [(0, "one"), (1, "other"), (0, "two")] {
        pair.ends[end].open(pair.now, name);
    }
    pair.run(Duration::from_secs(1));
    for events in &mut pair.events {
        events.sort_by_key(|event| match event {
            ChannelEvent::Opened { channel, .. } | ChannelEvent::Message { channel, .. } => *channel,
        });
        let opened = |channel, label: &str| ChannelEvent::Opened { channel, label: label.to_owned() };
        assert_eq!(events[..], [opened(0, "one"), opened(1, "other"), opened(2, "two")]);
    }
}

#[test]
fn a_channel_that_is_asked_for_early_opens_late() {
    let mut pair = Pair::new();
    pair.ends[1].open(pair.now, "early");
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.events[0], [ChannelEvent::Opened { channel: 1, label: "early".to_owned() }]);
}

#[test]
fn there_are_no_more_channels_than_allowed() {
    let mut pair = Pair::connected();
    for index in 0..MAX_CHANNELS + 5 {
        pair.ends[0].open(pair.now, &format!("channel {index}"));
    }
    pair.ends[0].open(pair.now, &"x".repeat(MAX_LABEL + 1));
    pair.run(Duration::from_secs(2));
    assert_eq!(pair.events[0].len(), MAX_CHANNELS);
    assert_eq!(pair.events[1].len(), MAX_CHANNELS);
}

#[test]
fn a_peer_that_opens_streams_without_end_loses_its_association() {
    let mut pair = Pair::connected();
    for id in 0..MAX_STREAMS + 10 {
        let (_, association) = pair.ends[0].association.as_mut().unwrap();
        let mut stream = association.open_stream(id, PayloadProtocolIdentifier::Binary).unwrap();
        stream.write_chunk(pair.now, &Bytes::from_static(b"x")).unwrap();
    }
    pair.run(Duration::from_secs(5));
    assert!(pair.ends[1].is_over && pair.ends[1].association.is_none());
    assert_eq!(pair.events[1], []);
    assert_eq!(pair.ends[1].send(pair.now, 0, &Message::Text(Bytes::new())), Sent::NotConnected);
}

#[test]
fn messages_on_streams_that_nobody_opened_are_dropped() {
    let mut pair = Pair::connected();
    let (_, association) = pair.ends[0].association.as_mut().unwrap();
    let mut stream = association.open_stream(8, PayloadProtocolIdentifier::String).unwrap();
    stream.write_chunk(pair.now, &Bytes::from_static(b"hello")).unwrap();
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.events[1], []);
}

#[test]
fn a_text_that_is_not_utf_8_is_dropped() {
    let mut pair = Pair::connected();
    pair.ends[0].open(pair.now, "chat");
    pair.run(Duration::from_secs(1));
    pair.events[1].clear();
    for text in [&b"\xff\xfe"[..], b"fine"] {
        let message = Message::Text(Bytes::from_static(text));
        assert_eq!(pair.ends[0].send(pair.now, 0, &message), Sent::Yes);
    }
    pair.run(Duration::from_secs(1));
    let message = Message::Text(Bytes::from_static(b"fine"));
    assert_eq!(pair.events[1], [ChannelEvent::Message { channel: 0, message }]);
}

/// A packet of chunks: kind, and body.
fn packet(chunks: &[(u8, &[u8])]) -> Vec<u8> {
    let mut packet = vec![0; 12];
    for (kind, body) in chunks {
        let length = u16::try_from(body.len() + 4).unwrap();
        packet.extend_from_slice(&[*kind, 0]);
        packet.extend_from_slice(&length.to_be_bytes());
        packet.extend_from_slice(body);
        packet.resize(packet.len().next_multiple_of(4), 0);
    }
    packet
}

/// A fragment with a byte of its own.
fn fragment(tsn: u32) -> Vec<u8> {
    packet(&[(0, &[&tsn.to_be_bytes()[..], &[0; 9]].concat())])
}

/// What acknowledges everything up to there.
fn acknowledgement(tsn: u32) -> Vec<u8> {
    packet(&[(3, &[&tsn.to_be_bytes()[..], &[0; 8]].concat())])
}

#[test]
fn requests_to_reset_are_counted() {
    let mut inspector = Inspector::new();
    let hundred = packet(&[(130, &[][..]); 100]);
    let passed = (0..100).filter(|_| inspector.incoming(&hundred) == Verdict::Pass).count();
    assert_eq!(passed, MAX_RECONFIGURATIONS / 100);
}

#[test]
fn nobody_has_the_library_count_far() {
    let mut inspector = Inspector::new();
    let forward = |tsn: u32| packet(&[(192, &tsn.to_be_bytes())]);
    assert_eq!(inspector.incoming(&forward(7)), Verdict::Drop, "nothing was acknowledged");
    inspector.outgoing(&acknowledgement(u32::MAX - 10));
    for (tsn, verdict) in [
        (u32::MAX - 10, Verdict::Pass),
        (5, Verdict::Pass),
        (u32::MAX - 500, Verdict::Pass),
        (501, Verdict::Pass),
        (502, Verdict::Drop),
        ((u32::MAX - 10).wrapping_add(i32::MAX.cast_unsigned()), Verdict::Drop),
        ((u32::MAX - 10).wrapping_add(1 << 31), Verdict::Drop),
    ] {
        assert_eq!(inspector.incoming(&forward(tsn)), verdict, "{tsn}");
        assert_eq!(inspector.incoming(&fragment(tsn)), verdict, "{tsn}");
    }
}

#[test]
fn chunks_that_hide_others_are_not_read() {
    let mut inspector = Inspector::new();
    inspector.outgoing(&acknowledgement(0));
    let hidden = packet(&[(192, &[0x7f, 0xff, 0xff, 0xff])]).split_off(12);
    for (kind, body) in [
        (11, hidden.clone()),
        (7, [&[0; 4][..], &hidden].concat()),
        (8, hidden.clone()),
        (14, hidden.clone()),
        (3, [&[0; 12][..], &hidden].concat()),
        (4, [&[0, 1, 0, 4][..], &hidden].concat()),
        (4, [&[0, 1, 0, 12][..], &hidden, &hidden].concat()),
        (1, [&[0; 16][..], &[0xC0, 0, 0, 12], &hidden].concat()),
        (130, [&[0, 16, 0, 20][..], &[0; 8], &hidden].concat()),
        (130, [&[0, 16, 0, 12][..], &[0; 8]].concat().repeat(3)),
        (5, hidden.clone()),
        (9, hidden.clone()),
        (77, hidden),
    ] {
        assert_eq!(inspector.incoming(&packet(&[(kind, &body)])), Verdict::Drop, "{kind}: {body:?}");
    }
    assert_eq!(inspector.incoming(&packet(&[(6, &[])])), Verdict::End);
    let mut cut_short = packet(&[(11, &[])]);
    cut_short.extend_from_slice(&[0, 0, 0]);
    assert_eq!(inspector.incoming(&cut_short), Verdict::Drop);
}

#[test]
fn fragments_that_become_no_message_end_the_association() {
    let mut inspector = Inspector::new();
    assert_eq!(inspector.incoming(&packet(&[(0, &[0; 12])])), Verdict::Drop, "a fragment of nothing");
    let mut came = 0;
    while inspector.incoming(&fragment(came)) == Verdict::Pass {
        // The same fragment again is none more.
        assert_eq!(inspector.incoming(&fragment(came)), Verdict::Pass);
        inspector.outgoing(&acknowledgement(came));
        came += 1;
    }
    assert_eq!(inspector.incoming(&fragment(came)), Verdict::End);
    assert!((MAX_HELD / 2..=MAX_HELD + 1).contains(&(came as usize)), "{came}");
    // Whoever sends messages goes on for ever.
    let mut inspector = Inspector::new();
    for tsn in 0..3 * u32::try_from(MAX_HELD).unwrap() {
        assert_eq!(inspector.incoming(&fragment(tsn)), Verdict::Pass);
        inspector.outgoing(&acknowledgement(tsn));
        inspector.read(1);
    }
}

#[test]
fn an_association_carries_more_than_its_bounds_in_messages() {
    let mut pair = Pair::connected();
    pair.ends[0].open(pair.now, "data");
    pair.run(Duration::from_secs(1));
    pair.events[1].clear();
    let message = Message::Binary(Bytes::from(vec![7; 60_000]));
    for _ in 0..60 {
        while pair.ends[0].send(pair.now, 0, &message) == Sent::Full {
            pair.run(Duration::from_millis(100));
        }
    }
    pair.run(Duration::from_secs(3));
    assert_eq!(pair.events[1].len(), 60);
}

proptest! {
    #[test]
    fn any_packets_do_no_harm(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20)) {
        let now = Instant::now();
        let mut channels = Channels::new(now, false);
        let mut events = Vec::new();
        for packet in packets {
            channels.read(now, packet.into(), &mut events);
            channels.take_outgoing(now, |_| {});
            channels.time(now, &mut events);
        }
        prop_assert_eq!(events, []);
    }
}
