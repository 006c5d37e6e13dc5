use proptest::prelude::*;

use super::*;

fn identity() -> Arc<Identity> {
    Arc::new(Identity::generate().unwrap())
}

/// Lets both sides talk until neither has anything to say.
fn talk(now: Instant, one: &mut Dtls, other: &mut Dtls) -> (Vec<DtlsEvent>, Vec<DtlsEvent>) {
    let (mut of_one, mut of_other) = (Vec::new(), Vec::new());
    loop {
        let mut was_quiet = true;
        while let Some(datagram) = one.take_outgoing() {
            other.read(now, &datagram, &mut of_other);
            was_quiet = false;
        }
        while let Some(datagram) = other.take_outgoing() {
            one.read(now, &datagram, &mut of_one);
            was_quiet = false;
        }
        if was_quiet {
            return (of_one, of_other);
        }
    }
}

/// Two of us, of whom the first begins.
fn pair() -> (Dtls, Dtls) {
    let (one, other) = (identity(), identity());
    let client = Dtls::new(Arc::clone(&one), DtlsRole::Server, other.fingerprint);
    (client, Dtls::new(Arc::clone(&other), DtlsRole::Client, one.fingerprint))
}

#[test]
fn both_sides_get_keys_that_fit_and_talk() {
    let now = Instant::now();
    let (mut client, mut server) = pair();
    let mut events = Vec::new();
    client.start(now, &mut events);
    let (of_client, of_server) = talk(now, &mut client, &mut server);
    let ([DtlsEvent::Established(ours)], [DtlsEvent::Established(theirs)]) = (&of_client[..], &of_server[..]) else {
        panic!("{of_client:?} {of_server:?}")
    };
    assert_eq!(ours.profile, Profile::AeadAes128Gcm);
    assert!(ours.local.key == theirs.remote.key && ours.remote.salt == theirs.local.salt);
    assert!(ours.local.key != ours.remote.key);
    client.write(now, b"hello");
    let (_, of_server) = talk(now, &mut client, &mut server);
    assert!(matches!(&of_server[..], [DtlsEvent::Data(data)] if &data[..] == b"hello"));
    client.close(now);
    let (_, of_server) = talk(now, &mut client, &mut server);
    assert!(matches!(of_server[..], [DtlsEvent::Closed]));
    server.close(now);
    assert!(server.take_outgoing().is_none(), "the goodbye was answered already");
}

#[test]
fn a_lost_flight_is_sent_again() {
    let now = Instant::now();
    let (mut client, mut server) = pair();
    client.start(now, &mut Vec::new());
    while client.take_outgoing().is_some() {}
    let later = client.next_time().unwrap();
    let mut events = Vec::new();
    client.time(later, &mut events);
    let (of_client, of_server) = talk(later, &mut client, &mut server);
    assert!(events.is_empty());
    assert!(matches!((&of_client[..], &of_server[..]), ([DtlsEvent::Established(_)], [DtlsEvent::Established(_)])));
    assert_eq!((client.next_time(), server.next_time()), (None, None));
}

#[test]
fn a_certificate_that_nobody_named_ends_both_handshakes() {
    let now = Instant::now();
    for side in [0, 1] {
        let (one, other) = (identity(), identity());
        let mut named = [other.fingerprint, one.fingerprint];
        named[side][0] ^= 1;
        let mut client = Dtls::new(one, DtlsRole::Server, named[0]);
        let mut server = Dtls::new(other, DtlsRole::Client, named[1]);
        client.start(now, &mut Vec::new());
        let (of_client, of_server) = talk(now, &mut client, &mut server);
        let all: Vec<&DtlsEvent> = of_client.iter().chain(&of_server).collect();
        assert!(all.iter().any(|event| matches!(event, DtlsEvent::Failed)), "{all:?}");
        let suspicious = if side == 0 { &of_client } else { &of_server };
        assert!(!suspicious.iter().any(|event| matches!(event, DtlsEvent::Established(_))), "{all:?}");
    }
}

#[test]
fn a_handshake_ends_in_time() {
    let now = Instant::now();
    let (mut client, _) = pair();
    let mut events = Vec::new();
    client.start(now, &mut events);
    let mut at = now;
    while let Some(next) = client.next_time() {
        assert!(next > at || next == now + HANDSHAKE_TIMEOUT);
        at = next;
        client.time(at, &mut events);
        assert!(at <= now + HANDSHAKE_TIMEOUT);
    }
    assert!(matches!(events[..], [DtlsEvent::Failed]));
}

#[test]
fn records_are_admitted_within_bounds() {
    let record = |kind: u8, epoch: u8, body: &[u8]| {
        let mut record = vec![kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, 0];
        record.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
        record.extend_from_slice(body);
        record
    };
    let fragment = |length: u8, offset: u8, piece: u8| {
        let mut fragment = vec![1, 0, 0, length, 0, 0, 0, 0, offset, 0, 0, piece];
        fragment.resize(12 + usize::from(piece), 0);
        fragment
    };
    let admits = |datagram: &[u8]| Records::default().admit(datagram, false);
    assert!(admits(&record(22, 0, &fragment(9, 3, 6))));
    assert!(!admits(&record(22, 0, &fragment(9, 4, 6))), "beyond the message");
    assert!(!admits(&record(22, 0, &fragment(9, 0, 0))), "an empty piece of something");
    assert!(!admits(&record(22, 0, &fragment(9, 3, 6)[..14])), "cut");
    assert!(!admits(&record(21, 0, &[2, 40, 0])));
    assert!(!admits(&record(23, 0, b"data")));
    assert!(admits(&record(23, 1, b"data")));
    assert!(!admits(&record(24, 0, b"heartbeat")));
    assert!(!admits(&record(22, 2, b"a later epoch")));
    assert!(!admits(&record(20, 0, &[])));
    assert!(!admits(&[]));
    let mut records = Records::default();
    let piece = record(22, 0, &fragment(9, 3, 6));
    let admitted = (0..1_000).filter(|_| records.admit(&piece, false)).count();
    assert_eq!(admitted, 192);
    let data = record(23, 1, &[7; 1_000]);
    assert!((0..1_000).all(|_| records.admit(&data, true)), "an association is for data");
}

#[test]
fn the_profiles_of_a_first_message_are_found() {
    let hello = |list: &[u8]| {
        let mut hello = vec![22; 60];
        hello.extend_from_slice(&[
            0,
            14,
            0,
            u8::try_from(list.len()).unwrap() + 3,
            0,
            u8::try_from(list.len()).unwrap(),
        ]);
        hello.extend_from_slice(list);
        hello.push(0);
        hello
    };
    assert_eq!(records::offered_profile(&hello(&[0, 1, 0, 8, 0, 7])), Some(Profile::AeadAes128Gcm));
    assert_eq!(records::offered_profile(&hello(&[0, 2, 0, 1])), Some(Profile::Aes128CmHmacSha1));
    assert_eq!(records::offered_profile(&hello(&[0, 2])), None);
    assert_eq!(records::offered_profile(&[0; 100]), None);
}

proptest! {
    #[test]
    fn any_records_do_no_harm(bodies in prop::collection::vec(
        (20_u8..25, 0_u8..2, prop::collection::vec(any::<u8>(), 1..80)), 1..20,
    )) {
        let now = Instant::now();
        let (mut client, mut server) = pair();
        let mut events = Vec::new();
        client.start(now, &mut events);
        for (kind, epoch, body) in bodies {
            let mut record = vec![kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, body[0], 0, body.len() as u8];
            record.extend_from_slice(&body);
            server.read(now, &record, &mut events);
            client.read(now, &record, &mut events);
        }
    }
}
