//! DTLS as the client, and the SRTP contexts that come of it (RFC 5764).

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rcgen::{CertificateParams, KeyPair};
use rtc_crypto::{HashAlgorithm, RTCCryptoProvider, SignatureScheme, default_provider};
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_srtp::config::{Config, LABEL_EXTRACTOR_DTLS_SRTP};
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;

use crate::Outcome;

/// One certificate for all of this process's peers.
pub struct Identity {
    config: Arc<HandshakeConfig>,
    provider: Arc<dyn RTCCryptoProvider>,
    /// As a description names it.
    pub fingerprint: String,
}

/// Both directions of SRTP.
pub struct Contexts {
    pub outgoing: Context,
    pub incoming: Context,
}

/// A handshake under way.
pub struct Handshake {
    endpoint: Endpoint,
    provider: Arc<dyn RTCCryptoProvider>,
}

impl Identity {
    pub fn generate() -> Outcome<Self> {
        let provider = default_provider()?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(Vec::new())?.self_signed(&key)?;
        let signing = provider.crypto().import_signing_key(SignatureScheme::EcdsaP256Sha256, &key.serialize_der())?;
        let mut fingerprint = String::new();
        for byte in provider.crypto().hash(HashAlgorithm::Sha256, certificate.der())? {
            let colon = if fingerprint.is_empty() { "" } else { ":" };
            write!(fingerprint, "{colon}{byte:02X}")?;
        }
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&provider))
            .with_certificates(vec![Certificate::from_signing_key(vec![certificate.der().clone()], signing)])
            .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm])
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            // The server that is measured is our own.
            .with_insecure_skip_verify(true)
            .with_server_name("webrtc".to_owned())
            .with_flight_interval(Duration::from_millis(500))
            .build(true, None)?;
        Ok(Self { config: Arc::new(config), provider, fingerprint })
    }

    pub fn shake_hands(&self, now: Instant) -> Outcome<Handshake> {
        let mut endpoint = Endpoint::new(OURS, TransportProtocol::UDP, None);
        endpoint.connect(now, THEIRS, Arc::clone(&self.config), None)?;
        Ok(Handshake { endpoint, provider: Arc::clone(&self.provider) })
    }
}

impl Handshake {
    /// What is to be sent.
    pub fn outgoing(&mut self) -> Option<BytesMut> {
        self.endpoint.poll_transmit().map(|transmit| transmit.message)
    }

    /// Takes a datagram; the contexts when the handshake is over.
    pub fn read(&mut self, now: Instant, datagram: &[u8]) -> Outcome<Option<Contexts>> {
        let events = self.endpoint.read(now, THEIRS, None, BytesMut::from(datagram))?;
        if !events.iter().any(|event| matches!(event, EndpointEvent::HandshakeComplete)) {
            return Ok(None);
        }
        let state = self.endpoint.get_connection_state(THEIRS).ok_or("the handshake is over")?;
        let profile = ProtectionProfile::AeadAes128Gcm;
        let mut config = Config { profile, ..Config::default() };
        let material = state.export_keying_material(LABEL_EXTRACTOR_DTLS_SRTP, &[], config.keying_material_len())?;
        config.set_session_keys_from_keying_material(material.as_ref(), state.is_client())?;
        let context = |key: &[u8], salt: &[u8]| Context::new(key, salt, profile, None, None, self.provider.crypto());
        Ok(Some(Contexts {
            outgoing: context(&config.keys.local_master_key, &config.keys.local_master_salt)?,
            incoming: context(&config.keys.remote_master_key, &config.keys.remote_master_salt)?,
        }))
    }

    /// Sends again what got lost.
    pub fn time(&mut self, now: Instant) -> Outcome<()> {
        if self.endpoint.poll_timeout(&THEIRS).is_some_and(|at| at <= now) {
            self.endpoint.handle_timeout(THEIRS, now)?;
        }
        Ok(())
    }
}

/// Names for the two sides; the library tells peers apart by address.
const OURS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1);
const THEIRS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 2);
