//! Brokers to test with. One is shared, and every test has a vhost of its own there; a test that hurts its broker
//! starts another.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use parking_lot::Mutex;
use uuid::Uuid;

use crate::amqp::{Broker, BusUrl, rights};

/// A broker that runs.
pub struct Server {
    /// The administrator's.
    pub url: BusUrl,
    /// Where `scripts/rabbitmq` keeps it.
    folder: PathBuf,
    process: Option<Mutex<Child>>,
}

impl Server {
    /// The one that all tests share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| {
            let server = match (std::env::var("SLUICE_TEST_RABBITMQ"), std::env::var("SLUICE_TEST_RABBITMQ_DIR")) {
                (Ok(url), Ok(folder)) => {
                    Self { url: url.parse().expect("a URL"), folder: folder.into(), process: None }
                }
                _ => Self::start(&[]),
            };
            server.make_users();
            server
        })
    }

    /// A broker of one's own. It stops, and its folder goes, when the standard input that we hold closes: with this
    /// process, however it ends.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(&Self::folder_for_one(), &[arguments, &["--discard"]].concat())
    }

    /// A name that nobody uses.
    pub fn folder_for_one() -> PathBuf {
        std::env::temp_dir().join(format!("sluice-rabbitmq.{}", Uuid::new_v4()))
    }

    pub fn start_in(folder: &Path, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/rabbitmq");
        let mut child = Command::new(script)
            .args(arguments)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/rabbitmq can be run");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("readable");
        let url = line.trim().parse().expect("scripts/rabbitmq prints a URL");
        Self { url, folder: folder.to_owned(), process: Some(Mutex::new(child)) }
    }

    /// Waits for the end of a server that was killed.
    pub fn ended(&self) {
        if let Some(process) = &self.process {
            let mut process = process.lock();
            // Waiting would close its standard input.
            while process.try_wait().expect("it can be asked").is_none() {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }

    /// The two users of production; what they may do they are told for each vhost.
    pub fn make_users(&self) {
        let mut program = String::new();
        for user in ["sluice-api", "sluice-worker", "nobody"] {
            let _ = write!(
                program,
                "(catch rabbit_auth_backend_internal:add_user(<<\"{user}\">>, <<\"{PASSWORD}\">>, <<\"test\">>)), "
            );
        }
        self.eval(&format!("{program} ok."));
    }

    pub fn port(&self, file: &str) -> u16 {
        std::fs::read_to_string(self.folder.join(file)).expect("a port").trim().parse().expect("a number")
    }

    pub fn pid(&self) -> u32 {
        std::fs::read_to_string(self.folder.join("pid")).expect("a pid").trim().parse().expect("a number")
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Evaluates Erlang in the broker.
    pub fn eval(&self, program: &str) {
        // Its clients name themselves, and one of two that run at once may be turned away before it said anything.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock();
        let said = (0..50).find_map(|_| self.try_eval(program)).expect("the broker can be reached");
        assert!(said.starts_with("{ok,"), "{program}: {said}");
    }

    fn try_eval(&self, program: &str) -> Option<String> {
        let mut child = Command::new(self.folder.join("eval"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("eval can be run");
        // One that is turned away does not read.
        let _ = child.stdin.take().expect("piped").write_all(format!("{program}\n").as_bytes());
        let output = child.wait_with_output().expect("it ends");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A vhost of one test.
pub struct Vhost {
    pub server: &'static Server,
    pub name: String,
}

impl Vhost {
    pub async fn new() -> Self {
        let server = tokio::task::spawn_blocking(Server::shared).await.expect("the broker starts");
        Self::on(server).await
    }

    pub async fn on(server: &'static Server) -> Self {
        let vhost = Self { server, name: format!("test/{}", Uuid::new_v4()) };
        let name = vhost.name.clone();
        let all = rights::Rights { configure: ".*", write: ".*", read: ".*" };
        let grants = [("guest", all), ("sluice-api", rights::API), ("sluice-worker", rights::WORKER)];
        tokio::task::spawn_blocking(move || {
            let grants = grants.map(|(user, rights)| granting(&name, user, rights)).join(", ");
            server.eval(&format!("rabbit_vhost:add(<<\"{name}\">>, <<\"test\">>), {grants}."));
        })
        .await
        .expect("the vhost is made");
        vhost
    }

    pub async fn grant(&self, user: &'static str, rights: rights::Rights) {
        let (server, name) = (self.server, self.name.clone());
        let granted = move || server.eval(&format!("{}.", granting(&name, user, rights)));
        tokio::task::spawn_blocking(granted).await.expect("granted");
    }

    /// The vhost as seen by a user.
    pub fn url(&self, user: &str) -> BusUrl {
        let password = if user == "guest" { "guest" } else { PASSWORD };
        BusUrl { user: user.to_owned(), password: password.into(), vhost: self.name.clone(), ..self.server.url.clone() }
    }

    pub fn broker(&self, user: &str) -> Broker {
        Broker::new(self.url(user), None, user).expect("without authorities")
    }
}

/// Erlang that gives a user rights in a vhost.
fn granting(vhost: &str, user: &str, rights: rights::Rights) -> String {
    let patterns = [rights.configure, rights.write, rights.read].map(|p| format!("<<\"{}\">>", p.replace('\\', r"\\")));
    format!(
        "rabbit_auth_backend_internal:set_permissions(<<\"{user}\">>, <<\"{vhost}\">>, {}, <<\"test\">>)",
        patterns.join(", ")
    )
}

pub const PASSWORD: &str = "correct-horse-battery";
