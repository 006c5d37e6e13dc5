//! The same server as several processes: two APIs, two workers and the front, on a real PostgreSQL and RabbitMQ.
//! `SLUICE_E2E=cluster` makes every scenario run so: publishers meet the first worker, viewers the second, and calls
//! either API.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// True when servers are clusters.
pub fn is_wanted() -> bool {
    std::env::var("SLUICE_E2E").is_ok_and(|value| value == "cluster")
}

/// Starts a cluster in `folder`, and again on what an earlier one left there. It lives as long as its standard input.
pub fn command(folder: &Path, admin: (&str, &str)) -> Command {
    let servers = Servers::shared();
    let mut command = Command::new("node");
    command
        .arg(root().join("scripts/cluster/main.mjs"))
        .args(["--test", "--fast", "--apis", "2", "--workers", "2", "--front-workers", "2"])
        .args(["--admin-email", admin.0, "--admin-password", admin.1])
        .arg("--folder")
        .arg(folder)
        .args(["--postgres", &servers.postgres])
        .arg("--rabbitmq")
        .arg(&servers.rabbitmq)
        .env("SLUICE_BINARY", env!("CARGO_BIN_EXE_sluice"));
    command
}

/// The database and the broker that all clusters of this run share, each in a place of its own.
struct Servers {
    postgres: String,
    rabbitmq: PathBuf,
    /// They stop when their standard input closes: with this process, however it ends.
    _running: Vec<Child>,
    _folders: Vec<TempDir>,
}

impl Servers {
    fn shared() -> &'static Self {
        static SERVERS: OnceLock<Servers> = OnceLock::new();
        SERVERS.get_or_init(|| {
            let mut servers =
                Self { postgres: String::new(), rabbitmq: PathBuf::new(), _running: Vec::new(), _folders: Vec::new() };
            servers.postgres = match std::env::var("SLUICE_TEST_POSTGRES") {
                Ok(url) => url,
                Err(_) => servers.start("postgres", &["--fast"]).0,
            };
            servers.rabbitmq = match std::env::var("SLUICE_TEST_RABBITMQ_DIR") {
                Ok(folder) => folder.into(),
                Err(_) => servers.start("rabbitmq", &[]).1,
            };
            servers
        })
    }

    /// Runs a script that prints one line when its server is ready; returns the line and the server's folder.
    fn start(&mut self, script: &str, arguments: &[&str]) -> (String, PathBuf) {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join(script);
        let child = Command::new(root().join("scripts").join(script))
            .args(arguments)
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap_or_else(|error| panic!("scripts/{script} does not start: {error}"));
        let mut line = String::new();
        let output = child.stdout.take().expect("its output is piped");
        BufReader::new(output).read_line(&mut line).expect("its output can be read");
        assert!(line.contains("://"), "scripts/{script} did not start a server");
        self._running.push(child);
        self._folders.push(folder);
        (line.trim().to_owned(), path)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
