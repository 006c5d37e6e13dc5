//! The sending direction of SRTP with AES-128-GCM (RFC 7714): one copy into the buffer that goes to the socket, encrypted
//! there.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rtc_crypto::{BlockCipherAlgorithm, RTCCrypto};

use super::{BadKeys, MasterKey, header};
use crate::webrtc::engine::OutgoingRtp;

pub(super) struct Protect {
    rtp: Direction,
    rtcp: Direction,
    /// One for each SSRC that we send.
    sources: Vec<Source>,
    rtcp_index: u32,
}

/// Session key and salt (RFC 3711 §4.3.1).
struct Direction {
    key: LessSafeKey,
    salt: [u8; SALT_BYTES],
}

/// Which packets of one SSRC were sent. A nonce must never be used for two packets: who has both can forge more.
#[derive(Debug)]
struct Source {
    ssrc: u32,
    /// Rollover counter and sequence number of the newest packet (RFC 3711 §3.3.1).
    newest: u64,
    /// The packets before it, the newest in the lowest bit.
    sent: [u64; WINDOW_WORDS],
}

impl Protect {
    pub fn new(keys: &MasterKey, crypto: &dyn RTCCrypto) -> Result<Self, BadKeys> {
        Ok(Self {
            rtp: Direction::derive(keys, [LABEL_RTP_KEY, LABEL_RTP_SALT], crypto)?,
            rtcp: Direction::derive(keys, [LABEL_RTCP_KEY, LABEL_RTCP_SALT], crypto)?,
            sources: Vec::new(),
            rtcp_index: 0,
        })
    }

    pub fn rtp(&mut self, packet: &OutgoingRtp<'_>, out: &mut Vec<u8>) -> bool {
        let Some(index) = self.next_index(packet.ssrc, packet.sequence) else { return false };
        let start = out.len();
        header::write(packet, out);
        let payload = out.len();
        out.extend_from_slice(packet.head);
        out.extend_from_slice(packet.body);
        // RFC 7714 §8.1: two zero bytes, SSRC, rollover counter, sequence number.
        let mut nonce = [0; NONCE_BYTES];
        fill(&mut nonce, 2, &packet.ssrc.to_be_bytes());
        fill(&mut nonce, 6, index.to_be_bytes().get(2..).unwrap_or_default());
        self.rtp.seal(nonce, &[], out, start, payload)
    }

    pub fn rtcp(&mut self, compound: &[u8], out: &mut Vec<u8>) -> bool {
        let Some((head, _)) = compound.split_first_chunk::<RTCP_CLEAR_BYTES>() else { return false };
        let &[_, _, _, _, ssrc @ ..] = head;
        if self.rtcp_index >= MAX_RTCP_INDEX {
            return false;
        }
        let index = self.rtcp_index;
        self.rtcp_index += 1;
        let start = out.len();
        out.extend_from_slice(compound);
        // RFC 7714 §9.1: two zero bytes, SSRC, two zero bytes, index.
        let mut nonce = [0; NONCE_BYTES];
        fill(&mut nonce, 2, &ssrc);
        fill(&mut nonce, 8, &index.to_be_bytes());
        let word = (ENCRYPTED | index).to_be_bytes();
        if !self.rtcp.seal(nonce, &word, out, start, start + RTCP_CLEAR_BYTES) {
            return false;
        }
        out.extend_from_slice(&word);
        true
    }

    /// The index of the packet (RFC 3711 §3.3.1), marked as used. `None` when it was used, or is too old to know.
    fn next_index(&mut self, ssrc: u32, sequence: u16) -> Option<u64> {
        let Some(source) = self.sources.iter_mut().find(|source| source.ssrc == ssrc) else {
            if self.sources.len() >= MAX_SOURCES {
                return None;
            }
            let mut sent = [0; WINDOW_WORDS];
            fill_first(&mut sent);
            self.sources.push(Source { ssrc, newest: u64::from(sequence), sent });
            return Some(u64::from(sequence));
        };
        source.take(sequence)
    }
}

impl Source {
    fn take(&mut self, sequence: u16) -> Option<u64> {
        let ahead = sequence.wrapping_sub(self.newest as u16);
        if ahead == 0 {
            return None;
        }
        if ahead < 1 << 15 {
            let index = self.newest + u64::from(ahead);
            if index >> 48 != 0 {
                // Another packet would need a new key (RFC 3711 §9.2).
                return None;
            }
            self.shift(usize::from(ahead));
            fill_first(&mut self.sent);
            self.newest = index;
            return Some(index);
        }
        let behind = usize::from(ahead.wrapping_neg());
        let index = self.newest.checked_sub(behind as u64)?;
        let word = self.sent.get_mut(behind / 64)?;
        let bit = 1 << (behind % 64);
        if *word & bit != 0 {
            return None;
        }
        *word |= bit;
        Some(index)
    }

    /// Moves the window on by `count` packets.
    fn shift(&mut self, count: usize) {
        let (words, bits) = (count / 64, count % 64);
        for at in (0..WINDOW_WORDS).rev() {
            let word = |at: Option<usize>| at.and_then(|at| self.sent.get(at)).copied().unwrap_or_default();
            let upper = word(at.checked_sub(words));
            let lower = if bits == 0 { 0 } else { word(at.checked_sub(words + 1)) >> (64 - bits) };
            let value = (upper << bits) | lower;
            if let Some(place) = self.sent.get_mut(at) {
                *place = value;
            }
        }
    }
}

impl Direction {
    fn derive(keys: &MasterKey, labels: [u8; 2], crypto: &dyn RTCCrypto) -> Result<Self, BadKeys> {
        let [key_label, salt_label] = labels;
        let key = derive(keys, key_label, crypto)?;
        let salt = derive(keys, salt_label, crypto)?;
        let key = UnboundKey::new(&AES_128_GCM, &key).map_err(|_| BadKeys)?;
        let salt = *salt.first_chunk::<SALT_BYTES>().ok_or(BadKeys)?;
        Ok(Self { key: LessSafeKey::new(key), salt })
    }

    /// Encrypts `out` from `clear_end` on. What is from `start` to there, and `more`, is authenticated alone. Appends the
    /// tag.
    fn seal(
        &self,
        mut nonce: [u8; NONCE_BYTES],
        more: &[u8],
        out: &mut Vec<u8>,
        start: usize,
        clear_end: usize,
    ) -> bool {
        for (byte, salt) in nonce.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        let Some((before, text)) = out.split_at_mut_checked(clear_end) else { return false };
        let Some(clear) = before.get(start..) else { return false };
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = if more.is_empty() {
            self.key.seal_in_place_separate_tag(nonce, Aad::from(clear), text)
        } else {
            self.key.seal_in_place_separate_tag(nonce, Aad::from([clear, more].concat()), text)
        };
        sealed.is_ok_and(|tag| {
            out.extend_from_slice(tag.as_ref());
            true
        })
    }
}

/// The key derivation of RFC 3711 §4.3.1 with a rate of zero, one block of AES-CM: all that a key or a salt needs.
fn derive(keys: &MasterKey, label: u8, crypto: &dyn RTCCrypto) -> Result<[u8; 16], BadKeys> {
    let mut block = [0; 16];
    if keys.salt.expose().len() != SALT_BYTES {
        return Err(BadKeys);
    }
    fill(&mut block, 0, keys.salt.expose());
    if let Some(byte) = block.get_mut(7) {
        *byte ^= label;
    }
    crypto.block_encrypt(BlockCipherAlgorithm::Aes128, keys.key.expose(), &mut block).map_err(|_| BadKeys)?;
    Ok(block)
}

fn fill(place: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = place.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

/// Marks the newest packet.
fn fill_first(sent: &mut [u64; WINDOW_WORDS]) {
    if let Some(word) = sent.first_mut() {
        *word |= 1;
    }
}

const SALT_BYTES: usize = 12;
const NONCE_BYTES: usize = 12;

/// RFC 3711 §4.3.2.
const LABEL_RTP_KEY: u8 = 0;
const LABEL_RTP_SALT: u8 = 2;
const LABEL_RTCP_KEY: u8 = 3;
const LABEL_RTCP_SALT: u8 = 5;

/// The header of the first RTCP packet up to its SSRC stays in the clear.
const RTCP_CLEAR_BYTES: usize = 8;
const ENCRYPTED: u32 = 1 << 31;
const MAX_RTCP_INDEX: u32 = 1 << 31;

/// What we send to one peer: tracks of a room, each with its retransmissions.
const MAX_SOURCES: usize = 256;

/// Packets that may be sent after newer ones.
const WINDOW_WORDS: usize = 8;

#[cfg(test)]
mod tests;
