//! Who we are to peers: a certificate that lives as long as the engine, and how we ask for theirs.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rtc_crypto::{HashAlgorithm, RTCCryptoProvider, SignatureScheme, constant_time_eq, default_provider};
use rtc_dtls::cipher_suite::CipherSuiteId;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::error::Error;

use crate::webrtc::srtp::Profile;

/// Our self-signed ECDSA P-256 certificate.
pub(crate) struct Identity {
    certificate: Certificate,
    /// SHA-256 of it, as descriptions name it (RFC 8122 §5).
    pub fingerprint: [u8; 32],
    pub provider: Arc<dyn RTCCryptoProvider>,
}

#[derive(Debug, thiserror::Error)]
#[error("no certificate for WebRTC: {0}")]
pub(crate) struct IdentityError(String);

impl Identity {
    /// # Errors
    /// [`IdentityError`] when the system gives no random numbers.
    pub fn generate() -> Result<Self, IdentityError> {
        let provider = default_provider().map_err(IdentityError::because)?;
        let key = KeyPair::generate().map_err(IdentityError::because)?;
        let certificate = CertificateParams::new(Vec::new())
            .and_then(|params| params.self_signed(&key))
            .map_err(IdentityError::because)?;
        let signing_key = provider
            .crypto()
            .import_signing_key(SignatureScheme::EcdsaP256Sha256, &key.serialize_der())
            .map_err(IdentityError::because)?;
        let certificate = certificate.der().clone();
        let fingerprint = sha256(&*provider, &certificate).ok_or_else(|| IdentityError("no SHA-256".to_owned()))?;
        Ok(Self { certificate: Certificate::from_signing_key(vec![certificate], signing_key), fingerprint, provider })
    }

    /// For a peer with the certificate of `fingerprint` that begins the handshake. `profile` is the one to agree on;
    /// without it the first of the peer's that we know.
    pub fn server(&self, fingerprint: [u8; 32], profile: Option<Profile>) -> Option<Arc<HandshakeConfig>> {
        let profiles = match profile {
            Some(profile) => vec![wire(profile)],
            None => vec![wire(Profile::AeadAes128Gcm), wire(Profile::Aes128CmHmacSha1)],
        };
        self.config(fingerprint, profiles)
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            .build(false, None)
            .ok()
            .map(Arc::new)
    }

    /// For a peer that waits for us to begin.
    pub fn client(&self, fingerprint: [u8; 32]) -> Option<Arc<HandshakeConfig>> {
        self.config(fingerprint, vec![wire(Profile::AeadAes128Gcm), wire(Profile::Aes128CmHmacSha1)])
            .with_server_name("webrtc".to_owned())
            .build(true, None)
            .ok()
            .map(Arc::new)
    }

    fn config(&self, fingerprint: [u8; 32], profiles: Vec<SrtpProtectionProfile>) -> ConfigBuilder {
        ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&self.provider))
            .with_certificates(vec![self.certificate.clone()])
            .with_cipher_suites(SUITES.to_vec())
            .with_srtp_protection_profiles(profiles)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            // No authority vouches for a peer's certificate. Its fingerprint does, and nothing else is accepted.
            .with_insecure_skip_verify(true)
            .with_verify_peer_certificate(Some(Arc::new(move |chain, _| {
                if has_fingerprint(chain, &fingerprint) { Ok(()) } else { Err(Error::ErrInvalidCertificate) }
            })))
            .with_flight_interval(RETRANSMIT_AFTER)
    }
}

impl IdentityError {
    fn because(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Whether the first certificate of `chain` is the one with this SHA-256.
pub(super) fn has_fingerprint(chain: &[Vec<u8>], fingerprint: &[u8; 32]) -> bool {
    chain.first().is_some_and(|certificate| {
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
        constant_time_eq(digest.as_ref(), fingerprint)
    })
}

fn sha256(provider: &dyn RTCCryptoProvider, bytes: &[u8]) -> Option<[u8; 32]> {
    provider.crypto().hash(HashAlgorithm::Sha256, bytes).ok()?.try_into().ok()
}

fn wire(profile: Profile) -> SrtpProtectionProfile {
    match profile {
        Profile::AeadAes128Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        Profile::Aes128CmHmacSha1 => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
    }
}

/// Forward secret and authenticated. Those with RSA are for peers that show such a certificate.
const SUITES: [CipherSuiteId; 4] = [
    CipherSuiteId::Tls_Ecdhe_Ecdsa_With_Aes_128_Gcm_Sha256,
    CipherSuiteId::Tls_Ecdhe_Ecdsa_With_ChaCha20_Poly1305_Sha256,
    CipherSuiteId::Tls_Ecdhe_Rsa_With_Aes_128_Gcm_Sha256,
    CipherSuiteId::Tls_Ecdhe_Rsa_With_ChaCha20_Poly1305_Sha256,
];

/// RFC 6347 §4.2.4.1 recommends one second; the round trip of a live stream's peer is well below half of that.
const RETRANSMIT_AFTER: Duration = Duration::from_millis(500);
