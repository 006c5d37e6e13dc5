//! What those who are not the peer can do, and what the peer can do that is not right.

use proptest::prelude::*;

use super::*;

#[test]
fn another_certificate_than_the_description_names_is_refused() {
    for role in [DtlsRole::Client, DtlsRole::Server] {
        let setup = BrowserSetup { role, ..BrowserSetup::default() };
        let mut world = World::with(setup, |remote| remote.fingerprint[31] ^= 1);
        world.run_until("an end", |world| world.memory.end().is_some());
        assert_eq!(world.memory.heard(), [Heard::Closed(PeerEnd::Handshake)]);
    }
}

#[test]
fn a_wrong_password_and_a_wrong_name_are_met_with_silence() {
    let mut world = World::new(BrowserSetup::default());
    let mut wrong_password = world.check();
    wrong_password.password = "another-password-altogether".to_owned();
    let mut wrong_receiver = world.check();
    wrong_receiver.receiver = "nobody".to_owned();
    let mut wrong_sender = world.check();
    wrong_sender.sender = "nobody".to_owned();
    for check in [wrong_password, wrong_receiver, wrong_sender] {
        world.from(stranger(), &check.nominating().write());
    }
    assert!(world.batch.is_empty());
    assert!(world.peer.take_changes().routes.is_empty());
    let check = world.check().write();
    world.from(stranger(), &check);
    assert!(!world.batch.is_empty());
}

#[test]
fn a_peer_that_thinks_that_we_lead_is_told_that_it_does() {
    let mut world = World::new(BrowserSetup::default());
    let check = world.check().controlled().nominating().write();
    world.from(stranger(), &check);
    let mut answers = Vec::new();
    world.batch.drain(|_, bytes| answers.push(bytes.to_vec()));
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].get(..2), Some(&[0x01, 0x11][..]));
    assert!(answers[0].len() <= check.len() + 4, "no amplification");
    assert_eq!(world.peer.link.ice.selected(), None);
}

#[test]
fn what_strangers_send_changes_nothing() {
    let mut world = World::connected(BrowserSetup::default());
    let hello = world.seen.iter().find(|datagram| datagram.first() == Some(&22)).unwrap().clone();
    let now = world.now;
    world.browser.send_video(now, 1, b"a picture");
    world.run_until("a picture", |world| world.memory.count(|heard| matches!(heard, Heard::Rtp { .. })) == 1);
    let media =
        world.seen.iter().rfind(|datagram| datagram.first().is_some_and(|first| *first >= 128)).unwrap().clone();
    let check = world.seen.iter().find(|datagram| datagram.first() == Some(&0)).unwrap().clone();
    let before = world.memory.heard();
    world.batch.drain(|_, _| {});
    for datagram in [&hello, &media] {
        for end in 0..datagram.len() {
            world.from(stranger(), &datagram[..end]);
        }
        world.from(stranger(), datagram);
    }
    for end in 0..check.len() {
        world.from(stranger(), &check[..end]);
        let mut changed = check.clone();
        changed[end] ^= 0x10;
        world.from(stranger(), &changed);
    }
    for length in [0, 1, 2, 3, 12, 13, 20, 100, 1_500, 60_000] {
        for first in 0..=255 {
            world.from(stranger(), &vec![first; length]);
        }
    }
    assert!(world.batch.is_empty());
    assert_eq!(world.memory.heard(), before);
    let now = world.now;
    world.browser.send_video(now, 2, b"another picture");
    world.run_until("media as before", |world| world.memory.count(|heard| matches!(heard, Heard::Rtp { .. })) == 2);
}

#[test]
fn a_spoofer_who_knows_the_address_changes_nothing_either() {
    let mut world = World::connected(BrowserSetup::default());
    world.run_until("a channel", |world| world.browser.page.channels.len() == 1);
    let address = world.browser.address;
    let before = world.memory.heard();
    let handshake = world.seen.iter().filter(|datagram| matches!(datagram.first(), Some(20..=63))).cloned();
    for datagram in handshake.collect::<Vec<_>>() {
        world.from(address, &datagram);
    }
    // Plain alerts, a goodbye among them, and media of sources that nobody knows.
    for alert in [[1, 0], [2, 40], [2, 80]] {
        let mut record = vec![21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2];
        record.extend_from_slice(&alert);
        world.from(address, &record);
    }
    for ssrc in 0..10_000_u32 {
        let mut packet = vec![0x80, 96, 0, 1, 0, 0, 0, 0];
        packet.extend_from_slice(&ssrc.to_be_bytes());
        packet.extend_from_slice(&[9; 40]);
        world.from(address, &packet);
    }
    assert_eq!(world.memory.heard(), before);
    let now = world.now;
    world.browser.send_video(now, 2, b"a picture");
    world.run_until("media as before", |world| world.memory.count(|heard| matches!(heard, Heard::Rtp { .. })) == 1);
}

#[test]
fn a_first_message_from_an_address_without_a_check_begins_nothing() {
    let donor = World::connected(BrowserSetup::default());
    let hello = donor.seen.iter().find(|datagram| datagram.first() == Some(&22)).unwrap();
    let mut world = World::new(BrowserSetup::default());
    world.from(stranger(), hello);
    assert!(world.batch.is_empty());
    assert!(world.peer.is_shaking_hands());
    world.run_until("connected", |world| world.memory.has_heard(&Heard::Connected));
}

#[test]
fn replayed_media_is_dropped() {
    let profiles = [SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm, SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80];
    for profile in profiles {
        let mut world = World::connected(BrowserSetup { profiles: vec![profile], ..BrowserSetup::default() });
        let now = world.now;
        for sequence in 0..20 {
            world.browser.send_video(now, sequence, b"a picture");
        }
        let pictures = |world: &World| world.memory.count(|heard| matches!(heard, Heard::Rtp { .. }));
        world.run_until("pictures", |world| pictures(world) == 20);
        let address = world.browser.address;
        let media = world.seen.iter().filter(|datagram| datagram.first().is_some_and(|first| *first >= 128)).cloned();
        for datagram in media.collect::<Vec<_>>() {
            world.from(address, &datagram);
        }
        assert_eq!(pictures(&world), 20);
    }
}

fn connected_world() -> &'static std::sync::Mutex<World> {
    static WORLD: std::sync::OnceLock<std::sync::Mutex<World>> = std::sync::OnceLock::new();
    WORLD.get_or_init(|| std::sync::Mutex::new(World::connected(BrowserSetup::default())))
}

proptest! {
    #[test]
    fn any_bytes_from_the_peer_itself_do_no_harm(
        first in prop::sample::select(vec![0_u8, 1, 20, 21, 22, 23, 63, 64, 128, 144, 191, 192]),
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut world = connected_world().lock().unwrap();
        let mut datagram = vec![first];
        datagram.extend_from_slice(&rest);
        let address = world.browser.address;
        world.from(address, &datagram);
        world.from(stranger(), &datagram);
        prop_assert_eq!(world.memory.end(), None);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_changed_handshake_ends_at_most_its_own_peer(
        index in 0_usize..8, at in any::<prop::sample::Index>(), bit in 0_u8..8, cut in any::<prop::sample::Index>(),
    ) {
        let mut world = World::new(BrowserSetup { channel: None, ..BrowserSetup::default() });
        let mut count = 0;
        for _ in 0..60 {
            world.now += STEP;
            let mut ours = Vec::new();
            world.batch.drain(|run, bytes| ours.extend(bytes.chunks(run.segment).map(<[u8]>::to_vec)));
            for datagram in ours {
                world.browser.take(world.now, OURS, &datagram);
            }
            world.browser.time(world.now);
            for (_, mut datagram) in world.browser.outgoing() {
                if datagram.first().is_some_and(|first| (20..64).contains(first)) {
                    if count == index {
                        let at = at.index(datagram.len());
                        datagram[at] ^= 1 << bit;
                        if bit == 0 {
                            datagram.truncate(cut.index(datagram.len()));
                        }
                    }
                    count += 1;
                }
                let address = world.browser.address;
                world.from(address, &datagram);
            }
        }
    }
}
