//! The server's side of the RTMP handshake, simple and with digests, without IO.
//!
//! rml_rtmp does the work. This feeds it exactly the bytes of the handshake, so that what a peer sends is held once and
//! in a bounded place, and looks at the version first, so that a peer which speaks something else costs nothing.

use bytes::{Buf, BytesMut};
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};

/// C0, C1 and C2 (RTMP 1.0 §5.2).
const CLIENT_BYTES: usize = 1 + 1_536 + 1_536;

/// The only version without encryption (RTMP 1.0 §5.2.2).
const VERSION: u8 = 3;

/// Why a peer is no RTMP client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    #[error("version {0} is not RTMP")]
    Version(u8),
    #[error("the handshake is malformed")]
    Malformed,
}

/// One handshake. Nothing is allocated before the peer's first byte.
#[derive(Default)]
pub struct ServerHandshake {
    engine: Option<Box<Handshake>>,
    taken: usize,
}

impl ServerHandshake {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what belongs to the handshake from the front of `input`, appends the answers to `out`, and is true once
    /// it is complete: the rest of `input` is chunks.
    ///
    /// # Errors
    /// [`HandshakeError`] when the peer does not speak RTMP.
    pub fn advance(&mut self, input: &mut BytesMut, out: &mut BytesMut) -> Result<bool, HandshakeError> {
        if self.taken == 0 {
            match input.first() {
                None => return Ok(false),
                Some(&VERSION) => {}
                Some(&other) => return Err(HandshakeError::Version(other)),
            }
        }
        let take = input.len().min(CLIENT_BYTES - self.taken);
        let engine = self.engine.get_or_insert_with(|| Box::new(Handshake::new(PeerType::Server)));
        let result = engine.process_bytes(input.get(..take).unwrap_or_default());
        input.advance(take);
        self.taken += take;
        match result {
            Ok(HandshakeProcessResult::InProgress { response_bytes }) => {
                out.extend_from_slice(&response_bytes);
                Ok(false)
            }
            Ok(HandshakeProcessResult::Completed { response_bytes, .. }) => {
                out.extend_from_slice(&response_bytes);
                Ok(true)
            }
            Err(_) => Err(HandshakeError::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Runs a client against the server, `step` bytes at a time, with `extra` bytes right behind C2.
    fn shake(c0_c1: &[u8], c2: impl FnOnce(&[u8]) -> Vec<u8>, step: usize, extra: &[u8]) -> BytesMut {
        let (mut server, mut out) = (ServerHandshake::new(), BytesMut::new());
        let mut input = BytesMut::new();
        for part in c0_c1.chunks(step) {
            input.extend_from_slice(part);
            assert_eq!(server.advance(&mut input, &mut out), Ok(false));
        }
        assert_eq!(out.len(), 1 + 1_536 + 1_536, "S0, S1 and S2 come after C1");
        let mut last = c2(&out);
        last.extend_from_slice(extra);
        let mut done = false;
        for part in last.chunks(step) {
            input.extend_from_slice(part);
            if !done {
                done = server.advance(&mut input, &mut out).expect("a sound handshake");
            }
        }
        assert!(done);
        assert_eq!(out.len(), 1 + 1_536 + 1_536, "nothing follows S2");
        input
    }

    fn simple_c0_c1() -> Vec<u8> {
        let mut bytes = vec![3];
        bytes.extend([0; 8]);
        bytes.extend((0..1_528u32).map(|i| u8::try_from(i % 251).expect("below 251")));
        bytes
    }

    #[test]
    fn a_simple_client_gets_its_own_bytes_back() {
        let rest = shake(
            &simple_c0_c1(),
            |server| {
                assert_eq!(&server[1_537..], &simple_c0_c1()[1..]);
                server[1..1_537].to_vec()
            },
            4_096,
            b"next",
        );
        assert_eq!(&rest[..], b"next");
    }

    #[test]
    fn a_client_with_digests_completes() {
        let mut client = Handshake::new(PeerType::Client);
        let c0_c1 = client.generate_outbound_p0_and_p1().expect("a client's first bytes");
        shake(
            &c0_c1,
            |server| match client.process_bytes(server) {
                Ok(HandshakeProcessResult::Completed { response_bytes, .. }) => response_bytes,
                other => panic!("the client did not accept S0, S1 and S2: {other:?}"),
            },
            4_096,
            b"",
        );
    }

    #[test]
    fn another_protocol_is_seen_by_its_first_byte() {
        for first in [0u8, 1, 2, 4, 6, b'G', 0x16] {
            let mut input = BytesMut::from(&[first][..]);
            let mut server = ServerHandshake::new();
            assert_eq!(server.advance(&mut input, &mut BytesMut::new()), Err(HandshakeError::Version(first)));
            assert!(server.engine.is_none());
        }
    }

    proptest! {
        #[test]
        fn the_division_of_the_bytes_does_not_matter(step in 1usize..3_000, extra in prop::collection::vec(any::<u8>(), 0..40)) {
            let rest = shake(&simple_c0_c1(), |server| server[1..1_537].to_vec(), step, &extra);
            prop_assert_eq!(&rest[..], &extra[..]);
        }
    }
}
