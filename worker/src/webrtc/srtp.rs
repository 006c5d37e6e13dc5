//! SRTP of one peer, keyed by DTLS (RFC 3711, RFC 5764, RFC 7714).
//!
//! What leaves with AES-GCM is encrypted where it lies, in the buffer that goes to the socket ([`gcm`]). Everything else
//! is the work of `rtc-srtp`, behind a bound on what a stranger with a spoofed address can make it remember.

mod gcm;
mod header;

use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use rtc_crypto::RTCCryptoProvider;
use rtc_srtp::context::Context;
use rtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc_srtp::protection_profile::ProtectionProfile;
use sluice_contract::Secret;

use super::engine::{OutgoingRtp, ReceivedRtp};

/// What the two sides agreed on in `use_srtp` (RFC 5764 §4.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    AeadAes128Gcm,
    Aes128CmHmacSha1,
}

/// Master keys and salts of both directions.
#[derive(Debug)]
pub(crate) struct SrtpKeys {
    pub profile: Profile,
    pub local: MasterKey,
    pub remote: MasterKey,
}

#[derive(Debug)]
pub(crate) struct MasterKey {
    pub key: Secret<Vec<u8>>,
    pub salt: Secret<Vec<u8>>,
}

/// Reads a packet in the clear, as [`Srtp`] does once it is decrypted.
pub(super) fn read_plain(packet: &[u8], at: Instant) -> Option<ReceivedRtp<'_>> {
    header::read(packet, at, packet.len())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the SRTP keys do not fit their profile")]
pub(crate) struct BadKeys;

/// Both directions of one peer.
pub(crate) struct Srtp {
    outgoing: Outgoing,
    incoming: Incoming,
}

enum Outgoing {
    Gcm(Box<gcm::Protect>),
    Other { context: Box<Context>, packet: Vec<u8> },
}

impl Srtp {
    /// # Errors
    /// [`BadKeys`] when their lengths are not those of the profile.
    pub fn new(keys: SrtpKeys, provider: Arc<dyn RTCCryptoProvider>) -> Result<Self, BadKeys> {
        let outgoing = match keys.profile {
            Profile::AeadAes128Gcm => Outgoing::Gcm(Box::new(gcm::Protect::new(&keys.local, provider.crypto())?)),
            Profile::Aes128CmHmacSha1 => Outgoing::Other {
                context: Box::new(context(keys.profile, &keys.local, &*provider)?),
                packet: Vec::new(),
            },
        };
        Ok(Self { outgoing, incoming: Incoming::new(keys.profile, keys.remote, provider)? })
    }

    /// Appends `packet`, encrypted. False when it may not be sent: with AES-GCM, a sequence number is used once.
    pub fn protect_rtp(&mut self, packet: &OutgoingRtp<'_>, out: &mut Vec<u8>) -> bool {
        match &mut self.outgoing {
            Outgoing::Gcm(protect) => protect.rtp(packet, out),
            Outgoing::Other { context, packet: plain } => {
                plain.clear();
                header::write(packet, plain);
                plain.extend_from_slice(packet.head);
                plain.extend_from_slice(packet.body);
                append(context.encrypt_rtp(plain).ok(), out)
            }
        }
    }

    /// Appends a compound RTCP packet, encrypted.
    pub fn protect_rtcp(&mut self, compound: &[u8], out: &mut Vec<u8>) -> bool {
        match &mut self.outgoing {
            Outgoing::Gcm(protect) => protect.rtcp(compound, out),
            Outgoing::Other { context, .. } => append(context.encrypt_rtcp(compound).ok(), out),
        }
    }

    /// The RTP packet in the clear. `None` when it is forged, replayed or malformed.
    pub fn unprotect_rtp(&mut self, datagram: &[u8]) -> Option<BytesMut> {
        let ssrc = read_u32(datagram, 8)?;
        self.incoming.admit(Kind::Rtp, ssrc, |context| context.decrypt_rtp(datagram).ok())
    }

    /// The compound RTCP packet in the clear.
    pub fn unprotect_rtcp(&mut self, datagram: &[u8]) -> Option<BytesMut> {
        let ssrc = read_u32(datagram, 4)?;
        self.incoming.admit(Kind::Rtcp, ssrc, |context| context.decrypt_rtcp(datagram).ok())
    }
}

/// Reads a packet that [`Srtp::unprotect_rtp`] gave. `None` when its header does not fit it.
pub(crate) fn read_rtp(packet: &[u8], at: Instant, wire_bytes: usize) -> Option<ReceivedRtp<'_>> {
    header::read(packet, at, wire_bytes)
}

/// The receiving direction. `rtc-srtp` keeps a state for every SSRC that it is shown, before it knows whether the packet
/// is authentic: a new SSRC is tried on a context that is thrown away, and shown to the lasting one when it has passed.
struct Incoming {
    profile: Profile,
    keys: MasterKey,
    provider: Arc<dyn RTCCryptoProvider>,
    context: Box<Context>,
    trial: Box<Context>,
    trials: usize,
    known: Vec<(Kind, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rtp,
    Rtcp,
}

impl Incoming {
    fn new(profile: Profile, keys: MasterKey, provider: Arc<dyn RTCCryptoProvider>) -> Result<Self, BadKeys> {
        let lasting = Box::new(context(profile, &keys, &*provider)?);
        let trial = Box::new(context(profile, &keys, &*provider)?);
        Ok(Self { profile, keys, provider, context: lasting, trial, trials: 0, known: Vec::new() })
    }

    fn admit(&mut self, kind: Kind, ssrc: u32, decrypt: impl Fn(&mut Context) -> Option<BytesMut>) -> Option<BytesMut> {
        if !self.known.contains(&(kind, ssrc)) {
            if self.known.len() >= MAX_SSRCS {
                return None;
            }
            if self.trials >= TRIALS {
                *self.trial = context(self.profile, &self.keys, &*self.provider).ok()?;
                self.trials = 0;
            }
            self.trials += 1;
            decrypt(&mut self.trial)?;
            self.known.push((kind, ssrc));
        }
        decrypt(&mut self.context)
    }
}

fn context(profile: Profile, keys: &MasterKey, provider: &dyn RTCCryptoProvider) -> Result<Context, BadKeys> {
    let profile = match profile {
        Profile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        Profile::Aes128CmHmacSha1 => ProtectionProfile::Aes128CmHmacSha1_80,
    };
    Context::new(
        keys.key.expose(),
        keys.salt.expose(),
        profile,
        Some(srtp_replay_protection(REPLAY_WINDOW)),
        Some(srtcp_replay_protection(REPLAY_WINDOW)),
        provider.crypto(),
    )
    .map_err(|_| BadKeys)
}

fn append(packet: Option<BytesMut>, out: &mut Vec<u8>) -> bool {
    packet.is_some_and(|packet| {
        out.extend_from_slice(&packet);
        true
    })
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// Sources of one peer, RTP and RTCP counted apart: three layers of video and their retransmissions, sound, and what a
/// peer replaces in hours of publishing.
const MAX_SSRCS: usize = 128;

/// Sources that a trial context remembers before it is replaced.
const TRIALS: usize = 64;

/// Packets that may come late: half a second at 8 Mbit/s.
const REPLAY_WINDOW: usize = 512;

#[cfg(test)]
mod tests;
