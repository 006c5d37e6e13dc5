//! The applications and the server's own settings in memory: every decision needs them, and they seldom change.
//!
//! The database stays the truth; [`Directory::reload`] brings the picture up to it, at start, after every change of our
//! own, and when another API raised the version: whoever decides looks at that first.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::{Map, Value};
use sluice_contract::settings::SECRET_FIELDS;
use sluice_contract::{ApplicationName, ApplicationSettings, UnixTime};
use uuid::Uuid;

use crate::manage::ServerSettings;
use crate::secrets::SecretBox;
use crate::store::{Store, StoreError, Stored, applications, server};

/// One application as it is in force.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: Uuid,
    pub name: ApplicationName,
    pub settings: Arc<ApplicationSettings>,
    pub created_at: UnixTime,
}

#[derive(Default)]
struct Picture {
    /// How often applications and settings had been written.
    version: u64,
    by_name: BTreeMap<ApplicationName, Entry>,
    server: Arc<ServerSettings>,
}

#[derive(Default)]
pub struct Directory(ArcSwap<Picture>);

impl Directory {
    pub async fn reload(&self, store: &Store, secrets: &SecretBox) -> Stored<()> {
        let snapshot = store.snapshot().await?;
        let version = server::directory_version(&snapshot).await?;
        let mut by_name = BTreeMap::new();
        for row in applications::all(&snapshot).await? {
            let entry = Entry {
                id: row.id,
                name: row.name.parse().map_err(|_| StoreError::Corrupt("application name"))?,
                settings: Arc::new(joined(secrets, row.id, row.settings, &row.secrets)?),
                created_at: UnixTime::from_millis(row.created_at),
            };
            by_name.insert(entry.name.clone(), entry);
        }
        let server = match server::settings(&snapshot).await? {
            Some(sealed) => opened_server_settings(secrets, &sealed)?,
            None => ServerSettings::default(),
        };
        let picture = Arc::new(Picture { version, by_name, server: Arc::new(server) });
        // Somebody who began later may have been quicker.
        self.0.rcu(|current| Arc::clone(if current.version > version { current } else { &picture }));
        Ok(())
    }

    /// The settings of the server itself.
    pub fn server(&self) -> Arc<ServerSettings> {
        Arc::clone(&self.0.load().server)
    }

    pub fn version(&self) -> u64 {
        self.0.load().version
    }

    pub fn find(&self, name: &str) -> Option<Entry> {
        let name: ApplicationName = name.parse().ok()?;
        self.0.load().by_name.get(&name).cloned()
    }

    pub fn find_by_id(&self, id: Uuid) -> Option<Entry> {
        self.0.load().by_name.values().find(|entry| entry.id == id).cloned()
    }

    /// By name.
    pub fn all(&self) -> Vec<Entry> {
        self.0.load().by_name.values().cloned().collect()
    }
}

/// The settings object in two: what may lie open in the database, and the secrets, sealed for this application.
pub fn split(secrets: &SecretBox, id: Uuid, settings: &ApplicationSettings) -> Stored<(Value, Vec<u8>)> {
    let Value::Object(object) = settings.to_json() else { return Err(StoreError::Corrupt("settings object")) };
    let (hidden, open): (Map<_, _>, Map<_, _>) = object.into_iter().partition(|(name, _)| is_secret(name));
    let hidden = Value::Object(hidden).to_string();
    let sealed = secrets.seal(&place(id), hidden.as_bytes()).map_err(|_| StoreError::Corrupt("seal"))?;
    Ok((Value::Object(open), sealed))
}

fn joined(secrets: &SecretBox, id: Uuid, open: Value, sealed: &[u8]) -> Stored<ApplicationSettings> {
    let hidden = secrets.open_sealed(&place(id), sealed).map_err(|_| StoreError::Corrupt("application secret"))?;
    let hidden = serde_json::from_slice(hidden.expose()).map_err(|_| StoreError::Corrupt("application secret"))?;
    let (Value::Object(mut object), Value::Object(hidden)) = (open, hidden) else {
        return Err(StoreError::Corrupt("settings object"));
    };
    object.extend(hidden);
    ApplicationSettings::from_json(Value::Object(object)).map_err(|_| StoreError::Corrupt("settings object"))
}

/// The server's settings, sealed whole: two of them are secrets, and unknown ones may be.
pub fn sealed_server_settings(secrets: &SecretBox, settings: &ServerSettings) -> Stored<Vec<u8>> {
    let text = serde_json::to_vec(settings).map_err(|_| StoreError::Corrupt("server settings"))?;
    secrets.seal(SERVER, &text).map_err(|_| StoreError::Corrupt("seal"))
}

fn opened_server_settings(secrets: &SecretBox, sealed: &[u8]) -> Stored<ServerSettings> {
    let text = secrets.open_sealed(SERVER, sealed).map_err(|_| StoreError::Corrupt("server settings"))?;
    serde_json::from_slice(text.expose()).map_err(|_| StoreError::Corrupt("server settings"))
}

/// Settings that are secret, and unknown ones whose names say that they are.
pub fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SECRET_FIELDS.contains(&name)
        || ["secret", "password", "credential", "privatekey", "accesskey"].iter().any(|word| lower.contains(word))
}

fn place(id: Uuid) -> String {
    format!("application:{id}")
}

const SERVER: &str = "server-settings";
