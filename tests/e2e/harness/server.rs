//! The binary under test, as a process.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use super::cluster;
use super::process::Process;
use super::rest::Rest;
use super::{PATIENCE, eventually};

/// One running server. Dropping it kills the process.
pub struct Server {
    process: Process,
    data: Arc<TempDir>,
    pub http: SocketAddr,
    /// Where publishers go.
    pub rtmp: SocketAddr,
    /// Where RTMP players go: in a cluster a worker that has no publishers.
    pub rtmp_players: SocketAddr,
    is_cluster: bool,
    /// The APIs of a cluster.
    pub apis: Vec<SocketAddr>,
    /// The workers of a cluster: where they serve HTTP.
    pub workers: Vec<SocketAddr>,
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

    /// A cluster of two APIs and two workers, however the other tests run.
    pub async fn start_cluster() -> Self {
        Self::launch_as(true, Arc::new(TempDir::new().expect("a temporary folder")), &[]).await
    }

    async fn launch(data: Arc<TempDir>, environment: &[(&str, &str)]) -> Self {
        Self::launch_as(cluster::is_wanted(), data, environment).await
    }

    async fn launch_as(is_cluster: bool, data: Arc<TempDir>, environment: &[(&str, &str)]) -> Self {
        let listening = data.path().join(if is_cluster { "cluster.json" } else { "listening.json" });
        let _ = std::fs::remove_file(&listening);
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(data.path().join("log")).expect("a log file");
        let mut command = if is_cluster {
            let mut command = cluster::command(data.path(), ADMIN);
            command.env("SLUICE_LOG", LOG);
            command
        } else {
            let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
            command
                .arg("serve")
                .env_clear()
                .envs(std::env::vars().filter(|(name, _)| !name.starts_with("SLUICE_")))
                .env("SLUICE_DATA_DIR", data.path())
                .env("SLUICE_HTTP_ADDR", "127.0.0.1:0")
                .env("SLUICE_RTMP_ADDR", "127.0.0.1:0")
                .env("SLUICE_WEBRTC_ADDR", "127.0.0.1:0")
                .env("SLUICE_ADMIN_EMAIL", ADMIN.0)
                .env("SLUICE_ADMIN_PASSWORD", ADMIN.1)
                .env("SLUICE_LOG", LOG);
            command
        };
        command.envs(environment.iter().copied()).stderr(log);
        let process = if is_cluster { Process::start_with_input(&mut command) } else { Process::start(&mut command) };
        let nowhere = SocketAddr::from(([0; 4], 0));
        let mut server = Self {
            process,
            data,
            http: nowhere,
            rtmp: nowhere,
            rtmp_players: nowhere,
            is_cluster,
            apis: Vec::new(),
            workers: Vec::new(),
        };
        for _ in 0..PATIENCE.as_millis() / 20 {
            if let Some(status) = server.process.ended() {
                panic!("the server ended with {status}:\n{}", server.log());
            }
            if let Ok(text) = std::fs::read(&listening) {
                let addresses: Value = serde_json::from_slice(&text).expect("the addresses are JSON");
                let address =
                    |value: &Value| -> SocketAddr { value.as_str().expect("an address").parse().expect("an address") };
                server.http = address(&addresses["http"]);
                let all = |parts: &Value| -> Vec<SocketAddr> {
                    parts.as_array().into_iter().flatten().map(|part| address(&part["http"])).collect()
                };
                (server.apis, server.workers) = (all(&addresses["apis"]), all(&addresses["workers"]));
                server.rtmp_players = address(&addresses["rtmp"]);
                server.rtmp = match &addresses["workers"][0]["rtmp"] {
                    Value::Null => server.rtmp_players,
                    of_publishers => address(of_publishers),
                };
                return server;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the server does not listen:\n{}", server.log());
    }

    /// The REST face as a caller on the machine itself.
    pub fn rest(&self) -> Rest {
        Rest::new(self.http, None).managing_at(self.apis.clone())
    }

    /// A viewer or caller with a loopback address of its own.
    pub fn rest_from(&self, address: IpAddr) -> Rest {
        Rest::new(self.http, Some(address)).managing_at(self.apis.clone())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    pub fn rtmp_url(&self, path: &str) -> String {
        format!("rtmp://{}{path}", self.rtmp)
    }

    pub fn rtmp_play_url(&self, path: &str) -> String {
        format!("rtmp://{}{path}", self.rtmp_players)
    }

    /// Everything logged so far, by every process.
    pub fn log(&self) -> String {
        let parts = ["", "api1", "api2", "worker1", "worker2", "front"];
        let logs = parts.map(|part| std::fs::read_to_string(self.data.path().join(part).join("log")));
        logs.into_iter().flatten().collect()
    }

    /// The address of one listener; `None` for what is not served.
    pub fn listening(&self, name: &str) -> Option<SocketAddr> {
        let text = std::fs::read(self.data.path().join("listening.json")).expect("listening.json");
        let addresses: Value = serde_json::from_slice(&text).expect("listening.json is JSON");
        addresses[name].as_str().map(|address| address.parse().expect("an address"))
    }

    /// What is known of one process of a cluster: `api1`, `worker2`, …
    pub fn part(&self, name: &str) -> Value {
        let text = std::fs::read(self.data.path().join("cluster.json")).expect("cluster.json");
        let cluster: Value = serde_json::from_slice(&text).expect("cluster.json is JSON");
        let parts = [&cluster["apis"], &cluster["workers"]];
        let mut parts = parts.into_iter().filter_map(Value::as_array).flatten();
        parts.find(|part| part["name"] == name).cloned().unwrap_or_else(|| panic!("{name} is no part"))
    }

    /// Sends a signal to one process of a cluster.
    pub fn signal_part(&self, name: &str, signal: &str) {
        let pid = self.part(name)["pid"].to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{name} runs");
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
        // A cluster whose input closes is killed too.
        if self.is_cluster {
            self.process.close_input()
        } else {
            self.process.kill()
        }
        self.data()
    }

    /// SIGTERM; returns the exit status and the data.
    pub async fn stop(mut self) -> (std::process::ExitStatus, Arc<TempDir>) {
        self.process.signal("TERM");
        (self.process.status().await, self.data())
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

impl Drop for Server {
    fn drop(&mut self) {
        if self.is_cluster {
            self.process.close_input();
        }
    }
}

const LOG: &str = "info,sluice_worker=debug,sluice_api=debug";

/// The first administrator of every test server.
pub const ADMIN: (&str, &str) = ("admin@example.org", "correct horse battery staple");
