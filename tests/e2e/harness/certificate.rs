//! A certificate of one's own, and the server and the client that use it.

use reqwest::{Certificate, Client};
use tempfile::TempDir;

use super::Server;

/// A certificate for the loopback in two files.
pub struct CertificateFiles {
    folder: TempDir,
    pem: String,
}

impl CertificateFiles {
    pub fn make() -> Self {
        let files = Self { folder: TempDir::new().expect("a temporary folder"), pem: String::new() };
        files.renew()
    }

    /// Writes a new certificate over the old one.
    pub fn renew(self) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]);
        let made = made.expect("a certificate");
        std::fs::write(self.path("cert.pem"), made.cert.pem()).expect("written");
        std::fs::write(self.path("key.pem"), made.signing_key.serialize_pem()).expect("written");
        Self { pem: made.cert.pem(), ..self }
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub async fn server(&self) -> Server {
        let (certificate, key) = (self.path("cert.pem"), self.path("key.pem"));
        Server::start_with(&[
            ("SLUICE_TLS_CERT", &certificate),
            ("SLUICE_TLS_KEY", &key),
            ("SLUICE_HTTPS_ADDR", "127.0.0.1:0"),
            ("SLUICE_RTMPS_ADDR", "127.0.0.1:0"),
        ])
        .await
    }

    /// A client that believes this certificate and no other.
    pub fn client(&self) -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let root = Certificate::from_pem(self.pem.as_bytes()).expect("a certificate");
        let builder = Client::builder().tls_certs_only([root]).pool_max_idle_per_host(0);
        builder.redirect(reqwest::redirect::Policy::none()).build().expect("a client")
    }
}
