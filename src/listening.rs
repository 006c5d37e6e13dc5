//! `<data>/listening.json`: where the server listens, written once everything accepts and removed at a clean stop, so
//! that scripts and tests can run many servers on free ports.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// The addresses of one process; `null` for what it does not serve.
#[derive(Debug, Serialize)]
pub struct Addresses {
    pub http: Option<SocketAddr>,
    pub https: Option<SocketAddr>,
    pub rtmp: Option<SocketAddr>,
    pub rtmps: Option<SocketAddr>,
    pub srt: Option<SocketAddr>,
    pub webrtc: Option<SocketAddr>,
    /// Where other workers fetch streams.
    pub relay: Option<SocketAddr>,
}

/// The file while it exists; dropping it removes it.
pub struct ListeningFile(PathBuf);

impl ListeningFile {
    /// Writes the file in one step: a reader sees all of it or nothing.
    ///
    /// # Errors
    /// When the data folder cannot be written.
    pub fn write(data_dir: &Path, addresses: &Addresses) -> std::io::Result<Self> {
        let path = data_dir.join("listening.json");
        let draft = data_dir.join("listening.json.tmp");
        std::fs::write(&draft, serde_json::to_vec(addresses)?)?;
        std::fs::rename(&draft, &path)?;
        Ok(Self(path))
    }

    /// Removes what a killed process left behind.
    pub fn clear(data_dir: &Path) {
        let _ = std::fs::remove_file(data_dir.join("listening.json"));
    }
}

impl Drop for ListeningFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
