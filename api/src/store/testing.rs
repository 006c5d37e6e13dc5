//! Databases for tests: SQLite in the test's folder, or with `SLUICE_TEST_DATABASE=postgres` a fresh PostgreSQL database,
//! copied from one whose schema is there already. The server is the one that `SLUICE_TEST_POSTGRES` names, or one that
//! this test binary starts through `scripts/postgres` and that ends with it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use sluice_contract::Secret;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::Store;

/// True when the suite runs on PostgreSQL.
pub fn is_postgres() -> bool {
    std::env::var("SLUICE_TEST_DATABASE").as_deref() == Ok("postgres")
}

/// The database of a test's folder, the same as long as the folder lives; `None` for SQLite.
pub async fn of_folder(dir: &Arc<TempDir>) -> Option<Secret<String>> {
    if is_postgres() { Some(postgres_of(dir).await) } else { None }
}

/// The PostgreSQL database of a test's folder, whatever the suite runs on.
pub async fn postgres_of(dir: &Arc<TempDir>) -> Secret<String> {
    let known = FOLDERS.lock().iter().find_map(|(folder, name)| {
        let same = folder.upgrade().is_some_and(|folder| Arc::ptr_eq(&folder, dir));
        same.then(|| name.clone())
    });
    let name = match known {
        Some(name) => name,
        None => {
            let name = fresh(Some(template().await)).await;
            FOLDERS.lock().push((Arc::downgrade(dir), name.clone()));
            name
        }
    };
    url_of(&name)
}

/// An empty database without a schema.
pub async fn empty() -> Secret<String> {
    url_of(&fresh(None).await)
}

/// Runs statements as the server's owner, in the database at `url` or the server's own.
pub async fn as_owner(url: Option<&Secret<String>>, statements: &[&str]) {
    let db = Database::connect(url.map_or(server(), |url| url.expose())).await.expect("the test server");
    for statement in statements {
        db.execute_unprepared(statement).await.expect(statement);
    }
    db.close().await.expect("closed");
}

/// Every row of every table of a PostgreSQL database as text; bytes are in hexadecimal.
pub async fn dump(url: &Secret<String>) -> String {
    let db = Database::connect(url.expose()).await.expect("the test database");
    let all = |sql: String| Statement::from_string(DbBackend::Postgres, sql);
    let tables = "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'".to_owned();
    let mut text = String::new();
    for table in db.query_all_raw(all(tables)).await.expect("tables") {
        let name: String = table.try_get("", "name").expect("a name");
        for row in db.query_all_raw(all(format!("SELECT t::text AS row FROM \"{name}\" t"))).await.expect("rows") {
            text.push_str(&row.try_get::<String>("", "row").expect("a row"));
            text.push('\n');
        }
    }
    db.close().await.expect("closed");
    text
}

/// A server of its own, to be killed and started again on the same data.
pub struct Server {
    child: Child,
    pub url: String,
}

impl Server {
    pub fn start(dir: Option<&Path>) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres");
        let mut command = Command::new(script);
        command.arg("--fast").args(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("scripts/postgres");
        let mut url = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut url).expect("a line");
        assert!(url.starts_with("postgres://"), "scripts/postgres did not start: {url}");
        Self { child, url: url.trim().to_owned() }
    }

    /// Sends every process of the server a signal, as `kill` names it.
    pub fn signal(dir: &Path, signal: &str) {
        let file = std::fs::read_to_string(dir.join("data/postmaster.pid")).expect("a running server");
        let pid = file.lines().next().expect("a process");
        let pid = pid.trim();
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", pid]).output().expect("ps").stdout;
        let children = String::from_utf8(children).expect("numbers");
        let all = std::iter::once(pid).chain(children.split_whitespace());
        // A child may have ended by itself.
        let _ = Command::new("kill").arg(format!("-{signal}")).args(all).stderr(Stdio::null()).status();
    }

    /// Waits until its script has ended.
    pub fn ended(mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The URL of a database of the test server.
fn url_of(name: &str) -> Secret<String> {
    let (server, _) = server().rsplit_once('/').expect("a URL with a database");
    Secret::new(format!("{server}/{name}"))
}

fn server() -> &'static str {
    static SERVER: OnceLock<(String, Option<Mutex<Server>>)> = OnceLock::new();
    let (url, _) = SERVER.get_or_init(|| match std::env::var("SLUICE_TEST_POSTGRES") {
        Ok(url) if !url.is_empty() => (url, None),
        _ => {
            let server = Server::start(None);
            (server.url.clone(), Some(Mutex::new(server)))
        }
    });
    url
}

/// A database with the schema and nothing in it.
async fn template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let make = || async {
        let name = fresh(None).await;
        let store = Store::open(Some(&url_of(&name)), Path::new("")).await.expect("migrated");
        store.close().await;
        name
    };
    TEMPLATE.get_or_init(make).await
}

async fn fresh(template: Option<&str>) -> String {
    let gone: Vec<String> = {
        let mut folders = FOLDERS.lock();
        let gone = folders.extract_if(.., |(folder, _)| folder.strong_count() == 0);
        gone.map(|(_, name)| name).collect()
    };
    let name = format!("t_{}", Uuid::now_v7().simple());
    let drops: Vec<String> = gone.iter().map(|name| format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).collect();
    let copy = template.map(|template| format!(" TEMPLATE {template}")).unwrap_or_default();
    let create = format!("CREATE DATABASE {name}{copy}");
    let statements: Vec<&str> = drops.iter().map(String::as_str).chain([create.as_str()]).collect();
    as_owner(None, &statements).await;
    name
}

/// The databases of folders. Those of folders that are gone are dropped when the next is made.
static FOLDERS: Mutex<Vec<(Weak<TempDir>, String)>> = Mutex::new(Vec::new());
