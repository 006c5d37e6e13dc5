//! DTLS of one peer: a fence around `rtc-dtls` (RFC 6347, RFC 5763, RFC 5764).
//!
//! What comes in is checked before it gets there ([`records`]): well-formed records, a bounded number of bytes and
//! fragments for a handshake, an end in time. What comes out counts only when the peer has shown the certificate whose
//! fingerprint its description names. Whom datagrams are taken from at all is decided by [`super::peer`].

mod identity;
mod records;

use std::net::{Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_srtp::config::{Config, LABEL_EXTRACTOR_DTLS_SRTP};
use rtc_srtp::protection_profile::ProtectionProfile;
use sluice_contract::Secret;

pub(crate) use identity::Identity;

use super::engine::DtlsRole;
use super::srtp::{MasterKey, Profile, SrtpKeys};
use records::Records;

/// One association, from the first message to the goodbye.
pub(crate) struct Dtls {
    endpoint: Endpoint,
    identity: Arc<Identity>,
    fingerprint: [u8; 32],
    /// Of the peer.
    role: DtlsRole,
    stage: Stage,
    records: Records,
    /// Datagrams of a first message in pieces, kept until we know which SRTP profiles it offers.
    held: Vec<BytesMut>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing came, nothing was sent.
    Idle,
    Handshake {
        until: Instant,
    },
    Established,
    Over,
}

/// What a datagram or a moment brought.
#[derive(Debug)]
pub(crate) enum DtlsEvent {
    /// The peer has proved to be who its description says.
    Established(SrtpKeys),
    /// Application data: SCTP.
    Data(BytesMut),
    /// close_notify.
    Closed,
    /// The handshake failed, or the association broke.
    Failed,
}

impl Dtls {
    pub fn new(identity: Arc<Identity>, role: DtlsRole, fingerprint: [u8; 32]) -> Self {
        Self {
            endpoint: Endpoint::new(OURS, TransportProtocol::UDP, None),
            identity,
            fingerprint,
            role,
            stage: Stage::Idle,
            records: Records::default(),
            held: Vec::new(),
        }
    }

    pub fn is_established(&self) -> bool {
        self.stage == Stage::Established
    }

    /// Begins the handshake if that is for us to do.
    pub fn start(&mut self, now: Instant, events: &mut Vec<DtlsEvent>) {
        if self.stage != Stage::Idle || self.role == DtlsRole::Client {
            return;
        }
        self.stage = Stage::Handshake { until: now + HANDSHAKE_TIMEOUT };
        let config = self.identity.client(self.fingerprint);
        let begun = config.is_some_and(|config| {
            fenced(|| self.endpoint.connect(now, THEIRS, config, None)).is_some_and(|connected| connected.is_ok())
        });
        if !begun {
            self.fail(events);
        }
    }

    /// Takes a datagram. What is malformed, or too much, changes nothing.
    pub fn read(&mut self, now: Instant, datagram: &[u8], events: &mut Vec<DtlsEvent>) {
        if !self.records.admit(datagram, self.is_established()) {
            return;
        }
        match (self.stage, self.role) {
            (Stage::Over, _) | (Stage::Idle, DtlsRole::Server) => {}
            (Stage::Idle, DtlsRole::Client) => self.listen(now, datagram, events),
            (Stage::Handshake { .. } | Stage::Established, _) => self.take(now, BytesMut::from(datagram), events),
        }
    }

    /// Sends application data; nothing before the handshake is over.
    pub fn write(&mut self, now: Instant, data: &[u8]) {
        if self.is_established() {
            // It fails only without a connection, which an established association has.
            let _ = self.endpoint.write(now, THEIRS, data);
        }
    }

    /// The next datagram to send.
    pub fn take_outgoing(&mut self) -> Option<BytesMut> {
        self.endpoint.poll_transmit().map(|transmit| transmit.message)
    }

    /// Says goodbye, once.
    pub fn close(&mut self, now: Instant) {
        if self.stage != Stage::Over {
            self.stage = Stage::Over;
            let _ = fenced(|| self.endpoint.close(now));
        }
    }

    pub fn next_time(&self) -> Option<Instant> {
        let Stage::Handshake { until } = self.stage else { return None };
        Some(self.endpoint.poll_timeout(&THEIRS).map_or(until, |at| at.min(until)))
    }

    /// Sends again what got lost, and gives up in the end.
    pub fn time(&mut self, now: Instant, events: &mut Vec<DtlsEvent>) {
        let Stage::Handshake { until } = self.stage else { return };
        let is_due = self.endpoint.poll_timeout(&THEIRS).is_some_and(|at| at <= now);
        let has_failed = is_due
            && now < until
            && fenced(|| self.endpoint.handle_timeout(THEIRS, now)).is_none_or(|done| done.is_err());
        if has_failed || now >= until {
            self.fail(events);
        }
    }

    /// The first message of a peer that begins the handshake. AES-GCM is taken whenever it is offered, wherever in the
    /// peer's order: the library would take the first that both know, and browsers name it last.
    fn listen(&mut self, now: Instant, datagram: &[u8], events: &mut Vec<DtlsEvent>) {
        self.held.push(BytesMut::from(datagram));
        let profile = self.held.iter().find_map(|datagram| records::offered_profile(datagram));
        if profile.is_none() && self.held.len() < MAX_HELD && !self.records.has_whole_hello() {
            return;
        }
        let Some(config) = self.identity.server(self.fingerprint, profile) else {
            return self.fail(events);
        };
        self.endpoint.set_server_config(Some(config));
        self.stage = Stage::Handshake { until: now + HANDSHAKE_TIMEOUT };
        for datagram in std::mem::take(&mut self.held) {
            self.take(now, datagram, events);
        }
    }

    fn take(&mut self, now: Instant, datagram: BytesMut, events: &mut Vec<DtlsEvent>) {
        if self.stage == Stage::Over {
            return;
        }
        let read = fenced(|| self.endpoint.read(now, THEIRS, None, datagram));
        let Some(Ok(read)) = read else { return self.fail(events) };
        for event in read {
            match event {
                EndpointEvent::HandshakeComplete => match self.keys() {
                    Some(keys) => {
                        self.stage = Stage::Established;
                        events.push(DtlsEvent::Established(keys));
                    }
                    None => return self.fail(events),
                },
                EndpointEvent::ApplicationData(data) if self.is_established() => events.push(DtlsEvent::Data(data)),
                EndpointEvent::PeerClosed => {
                    self.stage = Stage::Over;
                    events.push(DtlsEvent::Closed);
                }
                _ => {}
            }
        }
    }

    /// Keys for SRTP (RFC 5764 §4.2), if the peer is who it should be.
    fn keys(&self) -> Option<SrtpKeys> {
        let state = self.endpoint.get_connection_state(THEIRS)?;
        // The library has asked for the fingerprint already. That it did is what everything rests on, so ask again.
        if !identity::has_fingerprint(&state.peer_certificates, &self.fingerprint) {
            return None;
        }
        let (profile, theirs) = match state.srtp_protection_profile() {
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => (Profile::AeadAes128Gcm, ProtectionProfile::AeadAes128Gcm),
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => {
                (Profile::Aes128CmHmacSha1, ProtectionProfile::Aes128CmHmacSha1_80)
            }
            _ => return None,
        };
        let mut config = Config { profile: theirs, ..Config::default() };
        let material =
            state.export_keying_material(LABEL_EXTRACTOR_DTLS_SRTP, &[], config.keying_material_len()).ok()?;
        config.set_session_keys_from_keying_material(material.as_ref(), state.is_client()).ok()?;
        let key = |key, salt| MasterKey { key: Secret::new(key), salt: Secret::new(salt) };
        Some(SrtpKeys {
            profile,
            local: key(config.keys.local_master_key, config.keys.local_master_salt),
            remote: key(config.keys.remote_master_key, config.keys.remote_master_salt),
        })
    }

    fn fail(&mut self, events: &mut Vec<DtlsEvent>) {
        self.stage = Stage::Over;
        self.held.clear();
        events.push(DtlsEvent::Failed);
    }
}

/// Calls into the library. What a peer sends may end its own association, never more: `None` when the library panicked.
fn fenced<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

/// The library tells peers apart by address. One association has one peer, wherever it moves to: these are names.
const OURS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1);
const THEIRS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 2);

/// A handshake takes two round trips; three messages may get lost before this.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A first message with a large key share comes in two or three datagrams.
const MAX_HELD: usize = 4;

#[cfg(test)]
mod tests;
