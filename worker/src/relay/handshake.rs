//! How two workers prove to one another that they belong together, and agree on keys. Pure: bytes in, bytes out.
//!
//! ```text
//! edge ──► Hello: version, key id, both workers, a fresh public key
//! edge ◄── Answer: accepted or why not, a fresh public key, a proof
//! edge ──► what it wants, sealed (`record`): only an edge with the key could have sealed it
//! ```
//!
//! Both sides have a secret that every worker derives from the ticket keys. The keys of a connection come from it, from
//! a Diffie-Hellman exchange (X25519, RFC 7748) and from every byte of both messages (HKDF, RFC 5869). So nothing that
//! was heard can be used again, neither side can be played by somebody else, and what was recorded stays unreadable
//! even if the secret becomes known later.

use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::digest::{SHA256, digest};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::SystemRandom;
use sluice_contract::{Secret, TicketKeys, WorkerId};
use uuid::Uuid;

/// What all workers derive from a ticket key for their relays.
pub(super) type RelayKey = (u8, Secret<[u8; 32]>);

/// The keys of this worker, the newest first.
pub(super) fn relay_keys(keys: &TicketKeys) -> Vec<RelayKey> {
    keys.derive("sluice relay 1")
}

/// The keys of one connection.
pub(super) struct Keys {
    pub to_origin: LessSafeKey,
    pub to_edge: LessSafeKey,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(***)")
    }
}

/// Why two workers did not come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum HandshakeError {
    #[error("the peer does not speak our protocol")]
    Malformed,
    #[error("the other worker speaks version {0} of the relay")]
    Version(u16),
    #[error("the peer has another key")]
    Key,
    #[error("the peer is not the worker that was meant")]
    Worker,
    #[error("the peer could not prove who it is")]
    Proof,
    #[error("the system has no randomness")]
    NoRandomness,
}

/// The edge's half, waiting for the answer.
pub(super) struct EdgeHandshake {
    private: EphemeralPrivateKey,
    key: Secret<[u8; 32]>,
    hello: [u8; HELLO_BYTES],
}

impl EdgeHandshake {
    /// Begins. The bytes of [`hello`](Self::hello) go to the origin.
    ///
    /// # Errors
    /// [`HandshakeError::NoRandomness`].
    pub fn new(key: &RelayKey, edge: WorkerId, origin: WorkerId) -> Result<Self, HandshakeError> {
        let (private, public) = ephemeral()?;
        let mut hello = Writer::<HELLO_BYTES>::new();
        hello.put(MAGIC).put(&VERSION.to_be_bytes()).put(&[key.0]);
        hello.put(edge.uuid().as_bytes()).put(origin.uuid().as_bytes()).put(&public);
        Ok(Self { private, key: key.1.clone(), hello: hello.bytes })
    }

    pub const fn hello(&self) -> &[u8; HELLO_BYTES] {
        &self.hello
    }

    /// Reads the origin's answer.
    ///
    /// # Errors
    /// [`HandshakeError`] when it refused, or is not the origin.
    pub fn finish(self, answer: &[u8; ANSWER_BYTES]) -> Result<Keys, HandshakeError> {
        let mut reader = Reader(answer);
        let (version, status) = reader.preface()?;
        let public = reader.take::<32>()?;
        let proof = reader.take::<32>()?;
        match Status::from_byte(status) {
            Some(Status::Accepted) if version == VERSION => {}
            Some(Status::OtherKey) => return Err(HandshakeError::Key),
            Some(Status::OtherWorker) => return Err(HandshakeError::Worker),
            Some(Status::OtherVersion | Status::Accepted) => return Err(HandshakeError::Version(version)),
            None => return Err(HandshakeError::Malformed),
        }
        let (keys, expected) = agree(self.private, &public, &self.key, &self.hello, answer)?;
        if !Secret::new(expected).matches(proof) {
            return Err(HandshakeError::Proof);
        }
        Ok(keys)
    }
}

/// An edge that was answered. It has proved nothing yet: its first record does.
#[derive(Debug)]
pub(super) struct Accepted {
    pub edge: WorkerId,
    pub keys: Keys,
    pub answer: [u8; ANSWER_BYTES],
}

/// The origin's answer to a hello.
///
/// # Errors
/// The reason, and what to tell the peer, if anything.
pub(super) fn answer(
    hello: &[u8; HELLO_BYTES],
    keys: &[RelayKey],
    me: WorkerId,
) -> Result<Accepted, (HandshakeError, Option<[u8; ANSWER_BYTES]>)> {
    let mut reader = Reader(hello);
    let silent = |error| (error, None);
    let (version, key_id) = reader.preface().map_err(silent)?;
    if version != VERSION {
        return Err((HandshakeError::Version(version), Some(refusal(Status::OtherVersion))));
    }
    let edge = reader.take::<16>().map_err(silent)?;
    let origin = reader.take::<16>().map_err(silent)?;
    let public = reader.take::<32>().map_err(silent)?;
    if Uuid::from_bytes(origin) != me.uuid() {
        return Err((HandshakeError::Worker, Some(refusal(Status::OtherWorker))));
    }
    let Some((_, key)) = keys.iter().find(|(id, _)| *id == key_id) else {
        return Err((HandshakeError::Key, Some(refusal(Status::OtherKey))));
    };
    let (private, mine) = ephemeral().map_err(silent)?;
    let mut answer = Writer::<ANSWER_BYTES>::new();
    answer.put(MAGIC).put(&VERSION.to_be_bytes()).put(&[Status::Accepted as u8]).put(&mine);
    let (keys, proof) = agree(private, &public, key, hello, &answer.bytes).map_err(silent)?;
    answer.put(&proof);
    Ok(Accepted { edge: WorkerId::new(Uuid::from_bytes(edge)), keys, answer: answer.bytes })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Accepted = 0,
    OtherVersion = 1,
    OtherKey = 2,
    OtherWorker = 3,
}

impl Status {
    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Accepted),
            1 => Some(Self::OtherVersion),
            2 => Some(Self::OtherKey),
            3 => Some(Self::OtherWorker),
            _ => None,
        }
    }
}

fn refusal(status: Status) -> [u8; ANSWER_BYTES] {
    let mut answer = Writer::<ANSWER_BYTES>::new();
    answer.put(MAGIC).put(&VERSION.to_be_bytes()).put(&[status as u8]);
    answer.bytes
}

fn ephemeral() -> Result<(EphemeralPrivateKey, [u8; 32]), HandshakeError> {
    let none = |_| HandshakeError::NoRandomness;
    let private = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(none)?;
    let public = private.compute_public_key().map_err(none)?;
    let public = public.as_ref().try_into().map_err(|_| HandshakeError::NoRandomness)?;
    Ok((private, public))
}

/// The keys of the connection, and the origin's proof. Of the answer everything in front of the proof counts.
fn agree(
    private: EphemeralPrivateKey,
    public: &[u8; 32],
    key: &Secret<[u8; 32]>,
    hello: &[u8; HELLO_BYTES],
    answer: &[u8; ANSWER_BYTES],
) -> Result<(Keys, [u8; 32]), HandshakeError> {
    let mut transcript = hello.to_vec();
    transcript.extend_from_slice(answer.get(..ANSWER_BYTES - 32).unwrap_or_default());
    let transcript = digest(&SHA256, &transcript);
    let peer = UnparsedPublicKey::new(&X25519, public);
    agree_ephemeral(private, &peer, |shared| {
        let secret = Salt::new(HKDF_SHA256, key.expose()).extract(shared);
        let keys = Keys {
            to_origin: sealing_key(&secret, b"edge to origin", transcript.as_ref())?,
            to_edge: sealing_key(&secret, b"origin to edge", transcript.as_ref())?,
        };
        let mut proof = [0; 32];
        let info: [&[u8]; 2] = [b"origin", transcript.as_ref()];
        let expanded = secret.expand(&info, ProofLength).map_err(|_| HandshakeError::Proof)?;
        expanded.fill(&mut proof).map_err(|_| HandshakeError::Proof)?;
        Ok((keys, proof))
    })
    // A public key that makes the shared secret nothing.
    .map_err(|_| HandshakeError::Malformed)?
}

fn sealing_key(secret: &Prk, label: &[u8], transcript: &[u8]) -> Result<LessSafeKey, HandshakeError> {
    let info = [label, transcript];
    let okm = secret.expand(&info, &AES_256_GCM).map_err(|_| HandshakeError::Proof)?;
    Ok(LessSafeKey::new(UnboundKey::from(okm)))
}

struct ProofLength;

impl KeyType for ProofLength {
    fn len(&self) -> usize {
        32
    }
}

/// Fills a message of fixed length from the front.
struct Writer<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Writer<N> {
    const fn new() -> Self {
        Self { bytes: [0; N], at: 0 }
    }

    fn put(&mut self, part: &[u8]) -> &mut Self {
        if let Some(place) = self.bytes.get_mut(self.at..self.at + part.len()) {
            place.copy_from_slice(part);
            self.at += part.len();
        }
        self
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], HandshakeError> {
        let (part, rest) = self.0.split_first_chunk::<N>().ok_or(HandshakeError::Malformed)?;
        self.0 = rest;
        Ok(*part)
    }

    /// Version, and the byte behind it.
    fn preface(&mut self) -> Result<(u16, u8), HandshakeError> {
        if self.take::<4>()? != *MAGIC {
            return Err(HandshakeError::Malformed);
        }
        let version = u16::from_be_bytes(self.take()?);
        let [byte] = self.take()?;
        Ok((version, byte))
    }
}

const MAGIC: &[u8; 4] = b"SLRL";
/// Of the handshake and of everything behind it.
pub(super) const VERSION: u16 = 1;
/// Magic, version, key id, two workers, public key.
pub(super) const HELLO_BYTES: usize = 4 + 2 + 1 + 16 + 16 + 32;
/// Magic, version, status, public key, proof.
pub(super) const ANSWER_BYTES: usize = 4 + 2 + 1 + 32 + 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sluice_contract::TicketKey;

    use super::*;

    fn keys(ids: &[u8]) -> Vec<RelayKey> {
        let keys: Vec<_> = ids.iter().map(|id| TicketKey { id: *id, secret: Secret::new(vec![*id; 32]) }).collect();
        relay_keys(&TicketKeys::new(&keys).unwrap())
    }

    fn worker(number: u128) -> WorkerId {
        WorkerId::new(Uuid::from_u128(number))
    }

    fn begin(key: &RelayKey) -> EdgeHandshake {
        EdgeHandshake::new(key, worker(1), worker(2)).unwrap()
    }

    #[test]
    fn two_workers_with_one_key_come_together() {
        let edge = begin(&keys(&[2, 1])[0]);
        let accepted = answer(edge.hello(), &keys(&[1, 2]), worker(2)).unwrap();
        assert_eq!(accepted.edge, worker(1));
        edge.finish(&accepted.answer).unwrap();
    }

    #[test]
    fn a_stranger_learns_why_and_nothing_else() {
        let refused = |hello: &EdgeHandshake, keys: &[RelayKey], me| answer(hello.hello(), keys, me).unwrap_err();
        let edge = begin(&keys(&[3])[0]);
        let (error, told) = refused(&edge, &keys(&[1]), worker(2));
        assert_eq!(error, HandshakeError::Key);
        assert_eq!(edge.finish(&told.unwrap()).unwrap_err(), HandshakeError::Key);
        let edge = begin(&keys(&[1])[0]);
        let (error, told) = refused(&edge, &keys(&[1]), worker(9));
        assert_eq!(error, HandshakeError::Worker);
        assert_eq!(edge.finish(&told.unwrap()).unwrap_err(), HandshakeError::Worker);
        let mut hello = *begin(&keys(&[1])[0]).hello();
        hello[5] = 9;
        let (error, told) = answer(&hello, &keys(&[1]), worker(2)).unwrap_err();
        assert_eq!(error, HandshakeError::Version(9));
        let edge = begin(&keys(&[1])[0]);
        assert_eq!(edge.finish(&told.unwrap()).unwrap_err(), HandshakeError::Version(VERSION));
    }

    #[test]
    fn an_origin_without_the_key_cannot_answer() {
        let mut false_key = keys(&[2]);
        false_key[0].0 = 1;
        let edge = begin(&keys(&[1])[0]);
        let accepted = answer(edge.hello(), &false_key, worker(2)).unwrap();
        assert_eq!(edge.finish(&accepted.answer).unwrap_err(), HandshakeError::Proof);
    }

    #[test]
    fn an_answer_to_somebody_else_is_no_answer() {
        let key = &keys(&[1])[0];
        let (one, two) = (begin(key), begin(key));
        let accepted = answer(one.hello(), &keys(&[1]), worker(2)).unwrap();
        assert_eq!(two.finish(&accepted.answer).unwrap_err(), HandshakeError::Proof);
    }

    proptest! {
        #[test]
        fn no_changed_byte_passes(at in 0..ANSWER_BYTES, in_hello in 0..HELLO_BYTES, mask in 1u8..) {
            let edge = begin(&keys(&[1])[0]);
            let accepted = answer(edge.hello(), &keys(&[1]), worker(2)).unwrap();
            let mut changed = accepted.answer;
            changed[at] ^= mask;
            prop_assert!(edge.finish(&changed).is_err());
            let edge = begin(&keys(&[1])[0]);
            let mut changed = *edge.hello();
            changed[in_hello] ^= mask;
            if let Ok(accepted) = answer(&changed, &keys(&[1]), worker(2)) {
                prop_assert!(edge.finish(&accepted.answer).is_err());
            }
        }

        #[test]
        fn any_bytes_are_read_without_harm(hello in proptest::array::uniform32(any::<u8>()), rest in proptest::array::uniform32(any::<u8>())) {
            let mut bytes = [0; HELLO_BYTES];
            bytes[..32].copy_from_slice(&hello);
            bytes[32..64].copy_from_slice(&rest);
            prop_assert!(answer(&bytes, &keys(&[1]), worker(2)).is_err());
        }
    }
}
