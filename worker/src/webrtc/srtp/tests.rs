use rtc_crypto::default_provider;

use super::*;

fn key(seed: u8, salt_bytes: usize) -> MasterKey {
    MasterKey { key: Secret::new(vec![seed; 16]), salt: Secret::new(vec![seed.wrapping_mul(3); salt_bytes]) }
}

fn keys(profile: Profile, ours: u8, theirs: u8) -> SrtpKeys {
    let salt_bytes = if profile == Profile::AeadAes128Gcm { 12 } else { 14 };
    SrtpKeys { profile, local: key(ours, salt_bytes), remote: key(theirs, salt_bytes) }
}

/// Two ends of one session.
fn ends(profile: Profile) -> (Srtp, Srtp) {
    let provider = default_provider().unwrap();
    let us = Srtp::new(keys(profile, 1, 2), Arc::clone(&provider)).unwrap();
    (us, Srtp::new(keys(profile, 2, 1), provider).unwrap())
}

const PROFILES: [Profile; 2] = [Profile::AeadAes128Gcm, Profile::Aes128CmHmacSha1];

fn packet(sequence: u16) -> OutgoingRtp<'static> {
    OutgoingRtp {
        payload_type: 96,
        ssrc: 7,
        sequence,
        timestamp: 1_234,
        marker: true,
        extensions: &[0x10, 1, 0x22, 2, 3, 4],
        head: b"head ",
        body: b"and body",
    }
}

#[test]
fn what_we_send_is_read_by_the_other_library() {
    for profile in PROFILES {
        let (mut us, mut them) = ends(profile);
        for sequence in [65_534, 65_535, 0, 1, 3, 2] {
            let mut out = Vec::new();
            assert!(us.protect_rtp(&packet(sequence), &mut out));
            let plain = them.unprotect_rtp(&out).unwrap();
            let at = Instant::now();
            let read = read_rtp(&plain, at, out.len()).unwrap();
            assert_eq!((read.ssrc, read.sequence, read.timestamp, read.payload_type), (7, sequence, 1_234, 96));
            assert_eq!((read.payload, read.marker), (&b"head and body"[..], true));
            assert_eq!(read.extensions, &[0x10, 1, 0x22, 2, 3, 4, 0, 0]);
            assert!(!read.two_byte);
            assert_eq!(read.wire_bytes, out.len());
        }
        let report = [&[0x80, 201, 0, 1][..], &7_u32.to_be_bytes()].concat();
        for _ in 0..3 {
            let mut out = Vec::new();
            assert!(us.protect_rtcp(&report, &mut out));
            assert_eq!(them.unprotect_rtcp(&out).unwrap(), report);
            assert!(them.unprotect_rtcp(&out).is_none(), "a replay");
        }
    }
}

#[test]
fn changed_cut_and_replayed_packets_are_refused() {
    for profile in PROFILES {
        let (mut us, mut them) = ends(profile);
        let mut out = Vec::new();
        us.protect_rtp(&packet(1), &mut out);
        for at in 0..out.len() {
            let mut changed = out.clone();
            changed[at] ^= 1;
            assert!(them.unprotect_rtp(&changed).is_none());
            assert!(them.unprotect_rtp(&out[..at]).is_none());
        }
        assert!(them.unprotect_rtp(&out).is_some());
        assert!(them.unprotect_rtp(&out).is_none());
    }
}

#[test]
fn forged_sources_are_not_remembered() {
    for profile in PROFILES {
        let (mut us, mut them) = ends(profile);
        let mut out = Vec::new();
        us.protect_rtp(&packet(1), &mut out);
        for ssrc in 0..5_000_u32 {
            let mut forged = out.clone();
            forged[8..12].copy_from_slice(&(ssrc + 1_000).to_be_bytes());
            assert!(them.unprotect_rtp(&forged).is_none());
            assert!(them.unprotect_rtcp(&forged).is_none());
        }
        assert!(them.incoming.known.is_empty());
        assert!(them.incoming.trials <= TRIALS);
        assert!(them.unprotect_rtp(&out).is_some());
    }
}

#[test]
fn sources_of_a_peer_are_bounded() {
    let (mut us, mut them) = ends(Profile::AeadAes128Gcm);
    for ssrc in 0..MAX_SSRCS as u32 + 10 {
        let mut out = Vec::new();
        us.protect_rtp(&OutgoingRtp { ssrc, ..packet(1) }, &mut out);
        assert_eq!(them.unprotect_rtp(&out).is_some(), (ssrc as usize) < MAX_SSRCS);
    }
}

#[test]
fn keys_of_a_wrong_length_are_refused() {
    let provider = default_provider().unwrap();
    for profile in PROFILES {
        let mut bad = keys(profile, 1, 2);
        bad.local.salt = Secret::new(vec![0; 3]);
        assert_eq!(Srtp::new(bad, Arc::clone(&provider)).err(), Some(BadKeys));
        let mut bad = keys(profile, 1, 2);
        bad.local.key = Secret::new(vec![0; 3]);
        assert_eq!(Srtp::new(bad, Arc::clone(&provider)).err(), Some(BadKeys));
    }
}

#[test]
fn headers_with_sources_padding_and_foreign_extensions_are_read() {
    let at = Instant::now();
    let fixed = [0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    let read = |first: u8, rest: &[u8]| {
        let mut packet = fixed.to_vec();
        packet[0] = first;
        packet.extend_from_slice(rest);
        read_rtp(&packet, at, 0).map(|read| (read.extensions.to_vec(), read.two_byte, read.payload.to_vec()))
    };
    assert_eq!(read(0x80, b"xyz"), Some((vec![], false, b"xyz".to_vec())));
    assert_eq!(read(0x81, b"\0\0\0\x09xyz"), Some((vec![], false, b"xyz".to_vec())));
    assert_eq!(read(0xA0, b"xyz\0\0\x03"), Some((vec![], false, b"xyz".to_vec())));
    assert_eq!(read(0x90, b"\x10\0\0\x01\x05\x01\xaa\0xyz"), Some((vec![5, 1, 0xAA, 0], true, b"xyz".to_vec())));
    assert_eq!(read(0x90, b"\xbe\xde\0\x01\x10\xaa\0\0"), Some((vec![0x10, 0xAA, 0, 0], false, vec![])));
    assert_eq!(read(0x90, b"\x12\x34\0\x01\x10\xaa\0\0x"), Some((vec![], false, b"x".to_vec())));
    for (first, rest) in
        [(0x8F, &b"xyz"[..]), (0x90, b"\xbe\xde"), (0x90, b"\xbe\xde\0\x09"), (0xA0, b""), (0xA0, b"\x09")]
    {
        assert_eq!(read(first, rest), None);
    }
}
