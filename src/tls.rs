//! TLS for the HTTPS and RTMPS listeners: reads the certificate, renews it while the server runs, shakes hands.
//!
//! rustls with ring, TLS 1.2 and 1.3. A new certificate is taken up on SIGHUP, and by itself within a minute of the
//! files changing; one that cannot be used leaves the old one in place.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, RwLock};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sluice_worker::ingest::rtmp::{Encryption, Transport};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// Where the certificate is: PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, then those that lead to a known authority.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Why a certificate cannot be used. Names the file, never its content.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read the certificate in {path}: {reason}")]
    Certificate { path: PathBuf, reason: String },
    #[error("{path} holds no certificate in PEM form")]
    NoCertificate { path: PathBuf },
    #[error("cannot read a private key in PEM form from {path}: {reason}")]
    Key { path: PathBuf, reason: &'static str },
    #[error("the private key in {key} does not belong to the certificate in {certificate}")]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error("the certificate in {path} cannot be used: {reason}")]
    Unusable { path: PathBuf, reason: String },
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
    #[error("signals cannot be watched: {0}")]
    Signal(#[from] io::Error),
}

/// The certificate in force, shared by all listeners.
#[derive(Debug)]
pub struct Certificate {
    files: TlsFiles,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`] when they do not hold a certificate and its key.
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let current = RwLock::new(Arc::new(read(&files)?));
        Ok(Arc::new(Self { files, current }))
    }

    /// Shakes hands with this certificate; `protocols` are offered by ALPN (RFC 7301), if there are any.
    ///
    /// # Errors
    /// [`TlsError::Setup`] when the library refuses its own defaults.
    pub fn acceptor(self: &Arc<Self>, protocols: &[&[u8]]) -> Result<TlsAcceptor, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as _);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Takes up new files until `shutdown`.
    ///
    /// # Errors
    /// [`TlsError::Signal`] when SIGHUP cannot be watched.
    pub fn watch(self: &Arc<Self>, shutdown: CancellationToken) -> Result<(), TlsError> {
        let mut hang_up = signal(SignalKind::hangup())?;
        let certificate = Arc::clone(self);
        tokio::spawn(async move {
            let mut seen = certificate.changed_at();
            loop {
                let asked = tokio::select! {
                    () = shutdown.cancelled() => return,
                    _ = hang_up.recv() => true,
                    () = tokio::time::sleep(LOOK_AGAIN) => false,
                };
                let now = certificate.changed_at();
                if asked || now != seen {
                    certificate.renew();
                }
                seen = now;
            }
        });
        Ok(())
    }

    fn renew(&self) {
        match read(&self.files) {
            Ok(key) => {
                *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(key);
                info!(file = %self.files.certificate.display(), "the certificate was read again");
            }
            Err(error) => error!(%error, "the old certificate stays in force"),
        }
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        let changed = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified()).ok();
        [changed(&self.files.certificate), changed(&self.files.key)]
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner)))
    }
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
    let TlsFiles { certificate, key } = files;
    let unreadable = |error: rustls_pki_types::pem::Error| TlsError::Certificate {
        path: certificate.clone(),
        reason: error.to_string(),
    };
    let chain = CertificateDer::pem_file_iter(certificate).map_err(unreadable)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate { path: certificate.clone() });
    }
    // The reason is told in words of our own: nothing of the file may get into a log.
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::Key {
        path: key.clone(),
        reason: match error {
            rustls_pki_types::pem::Error::Io(error) => match error.kind() {
                io::ErrorKind::NotFound => "there is no such file",
                io::ErrorKind::PermissionDenied => "permission denied",
                _ => "the file cannot be read",
            },
            rustls_pki_types::pem::Error::NoItemsFound => "there is none in it",
            _ => "it is malformed",
        },
    })?;
    CertifiedKey::from_der(chain, private, &ring::default_provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            TlsError::Mismatch { certificate: certificate.clone(), key: key.clone() }
        }
        rustls::Error::General(_) => TlsError::Key { path: key.clone(), reason: "its kind is not supported" },
        other => TlsError::Unusable { path: certificate.clone(), reason: other.to_string() },
    })
}

/// Shakes hands once the peer has begun to: one that says nothing costs a socket. The caller limits the time.
///
/// # Errors
/// When the peer leaves or does not speak TLS.
pub async fn shake_hands(acceptor: &TlsAcceptor, socket: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    socket.readable().await?;
    acceptor.accept_with(socket, |session| session.set_buffer_limit(Some(WAITING_BYTES))).await
}

/// The same for the RTMP listener.
pub fn rtmps(acceptor: TlsAcceptor) -> Encryption {
    Arc::new(move |socket| {
        let acceptor = acceptor.clone();
        Box::pin(async move {
            let stream = shake_hands(&acceptor, socket).await?;
            Ok(Box::new(Rtmps(stream)) as Box<dyn Transport>)
        })
    })
}

/// An encrypted connection, as the RTMP listener takes it.
struct Rtmps(TlsStream<TcpStream>);

impl Transport for Rtmps {
    fn socket(&self) -> &TcpStream {
        self.0.get_ref().0
    }
}

impl AsyncRead for Rtmps {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Rtmps {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// How often the files are looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What a connection holds encrypted and not yet sent. It still reaches a viewer who was blocked a moment ago, so it
/// is as little as in the kernel.
const WAITING_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn load(certificate: &str, key: &str) -> Result<Arc<Certificate>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("cert.pem"), certificate).unwrap();
        std::fs::write(path("key.pem"), key).unwrap();
        let files = TlsFiles { certificate: path("cert.pem"), key: path("key.pem") };
        Certificate::load(files).map_err(|error| error.to_string().replace(folder.path().to_str().unwrap(), "F"))
    }

    #[test]
    fn a_certificate_and_its_key_are_read() {
        let (certificate, key) = made();
        assert!(load(&certificate, &key).unwrap().acceptor(&[b"http/1.1"]).is_ok());
    }

    #[test]
    fn what_cannot_be_used_is_named_and_not_shown() {
        let ((certificate, key), (_, other)) = (made(), made());
        let error = |certificate: &str, key: &str| load(certificate, key).unwrap_err();
        assert_eq!(error("", &key), "F/cert.pem holds no certificate in PEM form");
        assert_eq!(
            error(&certificate, ""),
            "cannot read a private key in PEM form from F/key.pem: there is none in it"
        );
        assert_eq!(
            error(&certificate, &other),
            "the private key in F/key.pem does not belong to the certificate in F/cert.pem"
        );
        let broken = key.replace("BEGIN PRIVATE KEY-----\n", "BEGIN PRIVATE KEY-----\n!secret!");
        let told = error(&certificate, &broken);
        assert!(told.contains("F/key.pem") && !told.contains("secret"), "{told}");
        let missing = TlsFiles { certificate: "/nowhere/cert.pem".into(), key: "/nowhere/key.pem".into() };
        assert!(Certificate::load(missing).unwrap_err().to_string().contains("/nowhere/cert.pem"));
    }
}
