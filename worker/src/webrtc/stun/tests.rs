use proptest::prelude::*;
use ring::hmac;
use rtc_stun::attributes::ATTR_ERROR_CODE;
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{Getter, Message};
use rtc_stun::xoraddr::XorMappedAddress;

use super::testing::Check;
use super::*;
use crate::webrtc::engine::{DtlsRole, LocalTransport, RemoteTransport};
use sluice_contract::Secret;

fn check() -> Check {
    let local = LocalTransport {
        ufrag: "evtj".to_owned(),
        pwd: Secret::from("VOkJxbRl1RmTxUk/WvJxBt"),
        fingerprint: [0; 32],
        candidates: std::sync::Arc::new([]),
    };
    let remote = RemoteTransport {
        ufrag: "h6vY".to_owned(),
        pwd: Secret::from("irrelevant"),
        fingerprint: [0; 32],
        role: DtlsRole::Client,
        has_channels: true,
    };
    Check::new(&local, &remote)
}

fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"VOkJxbRl1RmTxUk/WvJxBt")
}

fn decoded(answer: &[u8]) -> Message {
    let mut message = Message::new();
    message.unmarshal_binary(answer).unwrap();
    FINGERPRINT.check(&message).unwrap();
    let provider = rtc_crypto::default_provider().unwrap();
    MessageIntegrity::check(&mut message, b"VOkJxbRl1RmTxUk/WvJxBt", provider.crypto()).unwrap();
    message
}

/// RFC 5769 §2.1.
const SAMPLE: &[u8] = b"\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
    \x80\x22\x00\x10STUN test client\x00\x24\x00\x04\x6e\x00\x01\xff\
    \x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36\x00\x06\x00\x09evtj:h6vY\x20\x20\x20\
    \x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2\
    \x80\x28\x00\x04\xe5\x7a\x3b\xcf";

#[test]
fn the_sample_of_the_standard_is_read() {
    let request = BindingRequest::read(SAMPLE).unwrap();
    assert_eq!((request.receiver, request.sender), ("evtj", "h6vY"));
    assert_eq!(request.role, Some(IceRole::Controlled));
    assert!(!request.nominates);
    assert!(request.is_authentic(&key()));
    assert!(!request.is_authentic(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"another")));
}

#[test]
fn a_check_is_answered_with_the_address_that_it_came_from() {
    let check = check().nominating().write();
    let request = BindingRequest::read(&check).unwrap();
    assert!(request.nominates && request.is_authentic(&key()));
    assert_eq!(request.role, Some(IceRole::Controlling));
    for (from, told) in [
        ("192.0.2.1:32853", "192.0.2.1:32853"),
        ("[::ffff:192.0.2.1]:32853", "192.0.2.1:32853"),
        ("[2001:db8::7]:9", "[2001:db8::7]:9"),
    ] {
        let mut answer = b"before".to_vec();
        request.accept(from.parse().unwrap(), &key(), &mut answer);
        let message = decoded(&answer[6..]);
        assert_eq!(message.transaction_id.0, [7; 12]);
        let mut mapped = XorMappedAddress::default();
        mapped.get_from(&message).unwrap();
        assert_eq!(SocketAddr::new(mapped.ip, mapped.port), told.parse::<SocketAddr>().unwrap());
    }
}

#[test]
fn a_conflict_of_roles_is_answered_487() {
    let check = check().controlled().write();
    let mut answer = Vec::new();
    BindingRequest::read(&check).unwrap().reject_role(&key(), &mut answer);
    let message = decoded(&answer);
    assert_eq!(message.get(ATTR_ERROR_CODE).unwrap().get(..4), Some(&[0, 0, 4, 87][..]));
}

#[test]
fn every_cut_and_every_changed_bit_is_noticed() {
    let check = check().nominating().write();
    for end in 0..check.len() {
        assert!(BindingRequest::read(&check[..end]).is_none());
        for bit in 0..8 {
            let mut changed = check.clone();
            changed[end] ^= 1 << bit;
            assert!(BindingRequest::read(&changed).is_none_or(|request| !request.is_authentic(&key())));
        }
    }
}

#[test]
fn a_request_without_name_or_integrity_is_not_one() {
    let header = |length: u8| [&[0, 1, 0, length, 0x21, 0x12, 0xA4, 0x42][..], &[0; 12]].concat();
    assert!(BindingRequest::read(&header(0)).is_none());
    let mut named = header(8);
    named.extend_from_slice(&[0, 6, 0, 3, b'a', b':', b'b', 0]);
    assert!(BindingRequest::read(&named).is_none());
    // An attribute that must be understood.
    let mut unknown = header(4);
    unknown.extend_from_slice(&[0x7F, 0xFF, 0, 0]);
    assert!(BindingRequest::read(&unknown).is_none());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut datagram = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
        datagram.extend_from_slice(&bytes);
        if let Some(length) = datagram.len().checked_sub(HEADER_BYTES) {
            datagram[2..4].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
        let _ = BindingRequest::read(&datagram);
        let _ = BindingRequest::read(&bytes);
    }
}
