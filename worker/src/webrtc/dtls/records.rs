//! What of a datagram may reach the DTLS library: whole records of known kinds, and handshake messages within bounds.
//!
//! Everything read here is in the clear and not authenticated, so a datagram that is refused changes nothing but counts.

use crate::webrtc::srtp::Profile;

/// What a peer has sent in the clear until now.
#[derive(Debug, Default)]
pub(super) struct Records {
    bytes: usize,
    fragments: usize,
    /// Of the first ClientHello: bytes that came, and bytes that it has.
    hello: (usize, usize),
}

impl Records {
    /// Whether the library may see `datagram`.
    pub fn admit(&mut self, datagram: &[u8], is_established: bool) -> bool {
        let (mut fragments, mut handshake_bytes, mut hello) = (0, 0, (0, 0));
        let mut rest = datagram;
        let mut records = 0;
        while !rest.is_empty() {
            let Some((record, behind)) = Record::read(rest) else { return false };
            rest = behind;
            records += 1;
            let is_sound = match record.kind {
                HANDSHAKE if record.epoch == 0 => {
                    handshake_bytes += record.body.len();
                    count_fragments(record.body, &mut fragments, &mut hello)
                }
                HANDSHAKE => {
                    handshake_bytes += record.body.len();
                    true
                }
                CHANGE_CIPHER_SPEC => record.body.len() == 1 || record.epoch != 0,
                ALERT => record.body.len() == 2 || record.epoch != 0,
                APPLICATION_DATA => record.epoch != 0,
                _ => false,
            };
            if !is_sound || records > MAX_RECORDS {
                return false;
            }
        }
        if records == 0 {
            return false;
        }
        // Application data is what an association is for; all else belongs to the handshake, and is counted as long as
        // the peer lives.
        let counted = if is_established { handshake_bytes } else { datagram.len() };
        if self.bytes + counted > MAX_BYTES || self.fragments + fragments > MAX_FRAGMENTS {
            return false;
        }
        self.bytes += counted;
        self.fragments += fragments;
        self.hello.0 += hello.0;
        self.hello.1 = self.hello.1.max(hello.1);
        true
    }

    /// Whether the first message has come, in one piece or in many.
    pub fn has_whole_hello(&self) -> bool {
        self.hello.1 > 0 && self.hello.0 >= self.hello.1
    }
}

struct Record<'a> {
    kind: u8,
    epoch: u16,
    body: &'a [u8],
}

impl<'a> Record<'a> {
    /// RFC 6347 §4.1.
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (header, rest) = bytes.split_first_chunk::<13>()?;
        let &[kind, 0xFE, 0xFD | 0xFF, e0, e1, _, _, _, _, _, _, l0, l1] = header else { return None };
        let (body, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
        let record = Self { kind, epoch: u16::from_be_bytes([e0, e1]), body };
        (!body.is_empty() && record.epoch <= MAX_EPOCH).then_some((record, rest))
    }
}

/// Counts the handshake messages or pieces of them in `body` (RFC 6347 §4.2.2). False when one does not fit.
fn count_fragments(mut body: &[u8], fragments: &mut usize, hello: &mut (usize, usize)) -> bool {
    while !body.is_empty() {
        let Some((header, rest)) = body.split_first_chunk::<12>() else { return false };
        let &[kind, n0, n1, n2, s0, s1, o0, o1, o2, f0, f1, f2] = header;
        let int = |bytes: [u8; 3]| {
            let [a, b, c] = bytes;
            u32::from_be_bytes([0, a, b, c]) as usize
        };
        let (length, offset, piece) = (int([n0, n1, n2]), int([o0, o1, o2]), int([f0, f1, f2]));
        if length > MAX_MESSAGE
            || offset + piece > length
            || (piece == 0 && length != 0)
            || u16::from_be_bytes([s0, s1]) > MAX_MESSAGE_SEQUENCE
        {
            return false;
        }
        let Some((_, behind)) = rest.split_at_checked(piece) else { return false };
        body = behind;
        *fragments += 1;
        if kind == CLIENT_HELLO {
            hello.0 += piece;
            hello.1 = length;
        }
    }
    true
}

/// The profile to agree on with a peer whose first message, or a piece of it, is `datagram`. `None` when its `use_srtp`
/// (RFC 5764 §4.1.1) is not in there, or names none that we know.
pub(super) fn offered_profile(datagram: &[u8]) -> Option<Profile> {
    // The extension may stand anywhere behind fields of any length, in a piece of the message: look for its shape.
    (0..datagram.len()).find_map(|at| {
        let (header, rest) = datagram.get(at..)?.split_first_chunk::<6>()?;
        let &[0, USE_SRTP, e0, e1, l0, l1] = header else { return None };
        let list_bytes = usize::from(u16::from_be_bytes([l0, l1]));
        let extension_bytes = usize::from(u16::from_be_bytes([e0, e1]));
        if list_bytes == 0 || list_bytes % 2 != 0 || extension_bytes < list_bytes + 3 || list_bytes > MAX_PROFILES {
            return None;
        }
        let (list, behind) = rest.split_at_checked(list_bytes)?;
        // The master key identifier that follows fills the extension.
        if usize::from(*behind.first()?) + 3 + list_bytes != extension_bytes {
            return None;
        }
        let mut profiles = list.chunks_exact(2);
        if profiles.clone().any(|profile| profile == AEAD_AES_128_GCM) {
            Some(Profile::AeadAes128Gcm)
        } else {
            profiles.any(|profile| profile == AES128_CM_SHA1_80).then_some(Profile::Aes128CmHmacSha1)
        }
    })
}

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const CLIENT_HELLO: u8 = 1;
const USE_SRTP: u8 = 14;
const AEAD_AES_128_GCM: [u8; 2] = [0, 7];
const AES128_CM_SHA1_80: [u8; 2] = [0, 1];

/// The clear, and the one key that is ever agreed on.
const MAX_EPOCH: u16 = 1;

/// A flight in one datagram has six.
const MAX_RECORDS: usize = 32;

/// Of one handshake, sent again several times: certificates of 2 KiB, seven times, and more.
const MAX_BYTES: usize = 48 * 1024;
const MAX_FRAGMENTS: usize = 192;

/// A message: a chain of a few certificates, or a hello with large key shares.
const MAX_MESSAGE: usize = 16 * 1024;

/// A handshake has fewer than ten messages in each direction.
const MAX_MESSAGE_SEQUENCE: u16 = 32;

/// Bytes of a list of profiles; eight are registered.
const MAX_PROFILES: usize = 64;
