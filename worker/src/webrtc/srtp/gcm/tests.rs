use data_encoding::HEXLOWER;

use super::*;

/// Both sections use this session key and salt.
fn direction() -> Direction {
    let key: Vec<u8> = (0..16).collect();
    let key = UnboundKey::new(&AES_128_GCM, &key).unwrap();
    Direction { key: LessSafeKey::new(key), salt: *b"Quid pro quo" }
}

fn protect() -> Protect {
    Protect { rtp: direction(), rtcp: direction(), sources: Vec::new(), rtcp_index: 0 }
}

fn packet(ssrc: u32, sequence: u16) -> OutgoingRtp<'static> {
    OutgoingRtp {
        payload_type: 96,
        ssrc,
        sequence,
        timestamp: 0,
        marker: false,
        extensions: &[],
        head: &[],
        body: b"body",
    }
}

/// RFC 7714 §16.1.1.
#[test]
fn the_standard_encrypts_rtp_the_same_way() {
    let sample = OutgoingRtp {
        payload_type: 0x40,
        ssrc: 0x5501_A0B2,
        sequence: 0xF17B,
        timestamp: 0x8041_F8D3,
        marker: false,
        extensions: &[],
        head: b"Gallia est ",
        body: b"omnis divisa in partes tres",
    };
    let mut out = b"before".to_vec();
    assert!(protect().rtp(&sample, &mut out));
    let expected = "8040f17b8041f8d35501a0b2\
        f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833\
        899d7f27beb16a9152cf765ee4390cce";
    assert_eq!(HEXLOWER.encode(&out[6..]), expected);
}

/// RFC 7714 §17.1.
#[test]
fn the_standard_encrypts_rtcp_the_same_way() {
    let sample = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61\
        deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
    let mut protect = protect();
    protect.rtcp_index = 0x5D4;
    let mut out = Vec::new();
    assert!(protect.rtcp(&HEXLOWER.decode(sample.as_bytes()).unwrap(), &mut out));
    let expected = "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32d\
        c676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4";
    assert_eq!(HEXLOWER.encode(&out), expected);
    assert!(!protect.rtcp(b"short", &mut out));
}

#[test]
fn an_index_is_used_once_across_rollovers_and_late_packets() {
    let mut protect = protect();
    let mut index = |sequence| protect.next_index(1, sequence);
    assert_eq!(index(65_400), Some(65_400));
    assert_eq!(index(65_400), None);
    assert_eq!(index(100), Some(65_536 + 100));
    assert_eq!(index(65_401), Some(65_401), "late, from before the rollover");
    assert_eq!(index(65_401), None);
    assert_eq!(index(65_400), None);
    assert_eq!(index(99), Some(65_536 + 99));
    assert_eq!(index(99), None);
    assert_eq!(index(700), Some(65_536 + 700));
    assert_eq!(index(100), None, "older than the window tells");
    assert_eq!(index(699), Some(65_536 + 699));
}

#[test]
fn a_late_packet_from_before_the_first_has_no_index() {
    let mut protect = protect();
    assert_eq!(protect.next_index(1, 3), Some(3));
    assert_eq!(protect.next_index(1, 65_535), None);
    assert_eq!(protect.next_index(1, 2), Some(2));
}

#[test]
fn every_index_of_a_long_walk_is_new() {
    let mut protect = protect();
    let mut seen = std::collections::HashSet::new();
    let mut sequence = 65_500_u16;
    for step in 0..200_000_u32 {
        // Forth and back by steps of all lengths.
        let jump = (step.wrapping_mul(2_654_435_761) >> 22) as i32 - 400;
        sequence = sequence.wrapping_add_signed(jump as i16);
        if let Some(index) = protect.next_index(9, sequence) {
            assert!(seen.insert(index), "{index} twice");
            assert_eq!((index & 0xFFFF) as u16, sequence);
        }
    }
    assert!(seen.len() > 10_000);
}

#[test]
fn sources_are_bounded() {
    let mut protect = protect();
    let mut out = Vec::new();
    for ssrc in 0..MAX_SOURCES as u32 {
        assert!(protect.rtp(&packet(ssrc, 1), &mut out));
    }
    assert!(!protect.rtp(&packet(u32::MAX, 1), &mut out));
    assert!(protect.rtp(&packet(0, 2), &mut out));
}
