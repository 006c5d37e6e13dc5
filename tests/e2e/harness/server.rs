//! The binary under test, as a process.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use super::process::Process;
use super::rest::Rest;
use super::{PATIENCE, eventually};

/// One running server. Dropping it kills the process.
pub struct Server {
    process: Process,
    data: Arc<TempDir>,
    pub http: SocketAddr,
    pub rtmp: SocketAddr,
}

impl Server {
    /// A fresh server on free ports of the loopback.
    pub async fn start() -> Self {
        Self::start_in(Arc::new(TempDir::new().expect("a temporary folder"))).await
    }

    /// A fresh server with settings of the process (`SLUICE_…`).
    pub async fn start_with(environment: &[(&str, &str)]) -> Self {
        Self::launch(Arc::new(TempDir::new().expect("a temporary folder")), environment).await
    }

    /// A server on the data of an earlier one.
    pub async fn start_in(data: Arc<TempDir>) -> Self {
        Self::launch(data, &[]).await
    }

    /// The same with settings of the process.
    pub async fn start_in_with(data: Arc<TempDir>, environment: &[(&str, &str)]) -> Self {
        Self::launch(data, environment).await
    }

    async fn launch(data: Arc<TempDir>, environment: &[(&str, &str)]) -> Self {
        let _ = std::fs::remove_file(data.path().join("listening.json"));
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(data.path().join("log")).expect("a log file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
        command
            .arg("serve")
            .env_clear()
            .envs(std::env::vars().filter(|(name, _)| !name.starts_with("SLUICE_")))
            .env("SLUICE_DATA_DIR", data.path())
            .env("SLUICE_HTTP_ADDR", "127.0.0.1:0")
            .env("SLUICE_RTMP_ADDR", "127.0.0.1:0")
            .env("SLUICE_ADMIN_EMAIL", ADMIN.0)
            .env("SLUICE_ADMIN_PASSWORD", ADMIN.1)
            .env("SLUICE_LOG", "info,sluice_worker=debug,sluice_api=debug")
            .envs(environment.iter().copied())
            .stderr(log);
        let process = Process::start(&mut command);
        let mut server =
            Self { process, data, http: SocketAddr::from(([0; 4], 0)), rtmp: SocketAddr::from(([0; 4], 0)) };
        let listening = server.data.path().join("listening.json");
        for _ in 0..PATIENCE.as_millis() / 20 {
            if let Some(status) = server.process.ended() {
                panic!("the server ended with {status}:\n{}", server.log());
            }
            if let Ok(text) = std::fs::read(&listening) {
                let addresses: Value = serde_json::from_slice(&text).expect("listening.json is JSON");
                let address = |name: &str| addresses[name].as_str().expect("an address").parse().expect("an address");
                server.http = address("http");
                server.rtmp = address("rtmp");
                return server;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the server does not listen:\n{}", server.log());
    }

    /// The REST face as a caller on the machine itself.
    pub fn rest(&self) -> Rest {
        Rest::new(self.http, None)
    }

    /// A viewer or caller with a loopback address of its own.
    pub fn rest_from(&self, address: IpAddr) -> Rest {
        Rest::new(self.http, Some(address))
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    pub fn rtmp_url(&self, path: &str) -> String {
        format!("rtmp://{}{path}", self.rtmp)
    }

    /// Everything logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("log")).unwrap_or_default()
    }

    /// The address of one listener; `None` for what is not served.
    pub fn listening(&self, name: &str) -> Option<SocketAddr> {
        let text = std::fs::read(self.data.path().join("listening.json")).expect("listening.json");
        let addresses: Value = serde_json::from_slice(&text).expect("listening.json is JSON");
        addresses[name].as_str().map(|address| address.parse().expect("an address"))
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    pub fn data(&self) -> Arc<TempDir> {
        Arc::clone(&self.data)
    }

    /// Resident memory in bytes (`VmRSS`).
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process lives");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") * 1_024
    }

    /// Open descriptors.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("the process lives").count()
    }

    /// Every TCP port that the process listens on.
    pub fn listening_ports(&self) -> BTreeSet<u16> {
        let folder = std::fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("the process lives");
        let links = folder.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        let sockets: BTreeSet<_> = links.map(|link| link.to_string_lossy().into_owned()).collect();
        let mut ports = BTreeSet::new();
        for table in ["tcp", "tcp6"] {
            let table = std::fs::read_to_string(format!("/proc/{}/net/{table}", self.pid())).unwrap_or_default();
            for line in table.lines().skip(1) {
                // Local address, state (0A listens) and inode, as in proc(5).
                let fields: Vec<_> = line.split_whitespace().collect();
                let listens = fields[3] == "0A" && sockets.contains(&format!("socket:[{}]", fields[9]));
                let port = fields[1].rsplit(':').next().and_then(|port| u16::from_str_radix(port, 16).ok());
                ports.extend(port.filter(|_| listens));
            }
        }
        ports
    }

    pub fn is_running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// SIGKILL: what a crash looks like.
    pub fn kill(mut self) -> Arc<TempDir> {
        self.process.kill();
        self.data()
    }

    /// SIGTERM; returns the exit status and the data.
    pub async fn stop(self) -> (std::process::ExitStatus, Arc<TempDir>) {
        self.process.signal("TERM");
        (self.process.finished().await.0, self.data)
    }

    /// Waits until a stream's playlist is there for anybody.
    pub async fn live(&self, application: &str, stream: &str) {
        let rest = self.rest();
        let path = format!("/{application}/streams/{stream}.m3u8");
        eventually(&format!("{path} is live"), || async { (rest.get(&path).await.status() == 200).then_some(()) })
            .await;
    }

    fn pid(&self) -> u32 {
        self.process.id()
    }
}

/// The first administrator of every test server.
pub const ADMIN: (&str, &str) = ("admin@example.org", "correct horse battery staple");
