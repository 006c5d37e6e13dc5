//! From a configuration to a running API, step by step, each with an error that says what to mend.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::store::ConnectionTrait;
use data_encoding::HEXLOWER;
use parking_lot::Mutex;
use sluice_bus::{ApiLink, BusError};
use sluice_contract::{ApplicationSettings, Secret, TicketKey, UnixTime};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};
use uuid::Uuid;

use crate::audit_log::AuditLog;
use crate::directory::{self, Directory};
use crate::fleet::{self, Fleet, Told};
use crate::gate::Gate;
use crate::jwt::KeySets;
use crate::manage::{Events, ManageError, Meter, NewAdministrator, Passwords, ProblemCode};
use crate::outbound::{NoClient, Outbound};
use crate::secrets::{SecretBox, SecretKeyError};
use crate::store::{
    Lock, OpenError, Store, StoreError, Stored, Transaction, administrators, applications, server,
    webhooks as webhook_events,
};
use crate::webhooks::{Webhooks, status};
use crate::{Api, ApiConfig, Clock, Inner, jobs};

/// Why the API did not start. One variant per remedy.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the data folder {path} cannot be used: {error}")]
    DataDir { path: PathBuf, error: io::Error },
    #[error("another server uses the data folder {0}")]
    InUse(PathBuf),
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the database cannot be used: {0}")]
    Database(#[from] StoreError),
    #[error("the first administrator cannot be created: {0}")]
    FirstAdministrator(ManageError),
    #[error("the bus cannot be used: {0}")]
    Bus(#[from] BusError),
    #[error(transparent)]
    Outbound(#[from] NoClient),
}

impl Api {
    /// Opens the database, brings its schema up to date, takes up the link to the workers, and starts the background
    /// jobs, which end with `shutdown`.
    ///
    /// # Errors
    /// [`StartError`] names what to mend.
    pub async fn start(
        config: ApiConfig,
        link: Arc<dyn ApiLink>,
        clock: Clock,
        shutdown: CancellationToken,
    ) -> Result<Self, StartError> {
        make_data_dir(&config)?;
        let lock = if config.exclusive { Some(lock_data_dir(&config)?) } else { None };
        let secrets = SecretBox::open(&config.secret_key, &config.data_dir)?;
        let store = Store::open(config.database_url.as_ref(), &config.data_dir).await?;

        let (audit, writer) = AuditLog::new(Arc::clone(&clock));
        let (webhooks, refusals) = Webhooks::new();
        let outbound = Outbound::new(config.outbound_allowed.clone())?;
        let (fleet, outgoing) = Fleet::new(Arc::clone(&link));
        let now = clock();
        let api = Self(Arc::new(Inner {
            clock,
            config,
            store,
            secrets,
            directory: Directory::default(),
            fleet,
            events: Events::new(),
            audit,
            outbound,
            webhooks,
            key_sets: KeySets::default(),
            passwords: Passwords::default(),
            meter: Meter::new(now),
            tasks: TaskTracker::new(),
            lock: Mutex::new(lock),
        }));
        // Several that start at once on a new database: one fills it, the others find it filled.
        let filling = api.store().hold(Lock::Job("start")).await?;
        check_key(api.store(), api.secrets()).await?;
        api.first_start().await?;
        drop(filling);
        api.reload_directory().await?;
        api.fleet().reached(server::revision(api.store().reader()).await?);
        if api.config().exclusive {
            // Whatever is still marked live belonged to a process that is gone.
            fleet::clear_ghosts(&api, None, api.now()).await?;
            webhook_events::release_all(api.store().writer()).await?;
        }
        if api.config().follows_a_kill {
            warn!("the process before this one ended without being told to");
            status::tell_of_a_kill(&api).await?;
        }
        api.first_administrator().await?;

        let writing = api.clone();
        let stop = shutdown.clone();
        api.0.tasks.spawn(async move { writer.run(writing.store(), stop.cancelled()).await });
        jobs::start(&api, &shutdown, refusals, outgoing).await;
        if api.config().replicated {
            // The workers are there already: whoever asks is to hear of all of them.
            sleep(WORKERS_HEARD_WITHIN).await;
        }
        link.serve(Arc::new(Gate::new(api.clone()))).await?;
        Ok(api)
    }

    /// A new database gets its applications and its first ticket key.
    async fn first_start(&self) -> Result<(), StartError> {
        let now = self.now();
        let transaction = self.store().transaction().await?;
        if server::ticket_keys(&transaction).await?.is_empty() {
            self.make_ticket_key(&transaction, now).await?;
            for name in &self.config().applications {
                let id = Uuid::now_v7();
                let (settings, secrets) = directory::split(self.secrets(), id, &self.new_settings()?)?;
                let (name, created_at) = (name.to_string(), now.as_millis());
                let row = applications::Model { id, name, settings, secrets, created_at, retired_at: None };
                applications::insert(&transaction, row).await?;
            }
            server::next_directory_version(&transaction).await?;
        }
        Ok(crate::store::commit(transaction).await?)
    }

    async fn first_administrator(&self) -> Result<(), StartError> {
        if administrators::exist(self.store().reader()).await? {
            return Ok(());
        }
        if let Some(first) = &self.config().first_administrator {
            let new = NewAdministrator {
                email: first.email.clone(),
                password: first.password.clone(),
                first_name: None,
                last_name: None,
                grants: Vec::new(),
            };
            return match self.store_first_administrator(new, None).await {
                Ok(_) => {
                    info!("the first administrator was created");
                    Ok(())
                }
                // Another API that starts at the same time was quicker.
                Err(ManageError::Problem(problem)) if problem.code == ProblemCode::AlreadyExists => Ok(()),
                Err(error) => Err(StartError::FirstAdministrator(error)),
            };
        }
        if let Some(code) = self.set_up_code().await? {
            let code = code.expose();
            warn!(set_up_code = %code, "no administrator exists: create one from this machine, or with this code");
        }
        Ok(())
    }

    /// Lets somebody from elsewhere create the first administrator. It follows from the key and the database, so that
    /// every API of it knows the same one.
    pub(crate) async fn set_up_code(&self) -> Stored<Option<Secret<String>>> {
        let Some(check) = server::check_value(self.store().reader()).await? else { return Ok(None) };
        let digest = self.secrets().digest(&["set-up code", &HEXLOWER.encode(&check)]);
        Ok(digest.first_chunk::<16>().map(|code| Secret::new(HEXLOWER.encode(code))))
    }

    /// The settings of a new application: the defaults, with keys of its own.
    pub(crate) fn new_settings(&self) -> Result<ApplicationSettings, SecretKeyError> {
        Ok(ApplicationSettings {
            cluster_communication_key: Secret::new(self.secrets().random_name()?),
            subscriber_authentication_key: Secret::new(self.secrets().random_name()?),
            webhook_signing_secret: Secret::new(self.secrets().random_name()?),
            ..ApplicationSettings::default()
        })
    }

    pub(crate) async fn reload_directory(&self) -> Stored<()> {
        let level = self.server_settings().log_level;
        self.directory().reload(self.store(), self.secrets()).await?;
        if self.server_settings().log_level != level {
            self.follow_log_level();
        }
        Ok(())
    }

    /// This API has written applications or settings: they hold here, and the others are told.
    pub(crate) async fn directory_changed(&self) -> Stored<()> {
        self.reload_directory().await?;
        if self.store().is_shared() {
            self.fleet().notices.tell(Told::Directory { version: self.directory().version() });
        }
        Ok(())
    }

    /// Brings applications and settings up to the database, where another API may have changed them.
    pub(crate) async fn current_directory(&self) -> Stored<()> {
        if self.store().is_shared() && !self.directory_is_current(self.store().reader()).await? {
            self.reload_directory().await?;
        }
        Ok(())
    }

    /// Whether memory holds the applications and settings that `db` sees.
    pub(crate) async fn directory_is_current(&self, db: &impl ConnectionTrait) -> Stored<bool> {
        Ok(server::directory_version(db).await? == self.directory().version())
    }

    /// One moment of the database, with the applications and settings of that moment in memory.
    pub(crate) async fn current_snapshot(&self) -> Stored<Transaction> {
        for _ in 0..RELOADS {
            let snapshot = self.store().snapshot().await?;
            if !self.store().is_shared() || self.directory_is_current(&snapshot).await? {
                return Ok(snapshot);
            }
            drop(snapshot);
            self.reload_directory().await?;
        }
        Err(StoreError::Retry)
    }

    /// The keys that tickets are signed with, the newest first.
    pub(crate) async fn ticket_keys(&self, db: &impl ConnectionTrait) -> Stored<Vec<TicketKey>> {
        let rows = server::ticket_keys(db).await?;
        rows.into_iter()
            .map(|row| {
                let id = u8::try_from(row.number).map_err(|_| StoreError::Corrupt("ticket key"))?;
                let secret = self.secrets().open_sealed(&ticket_key_place(id), &row.sealed);
                Ok(TicketKey { id, secret: secret.map_err(|_| StoreError::Corrupt("ticket key"))? })
            })
            .collect()
    }

    pub(crate) async fn make_ticket_key(&self, db: &impl ConnectionTrait, now: UnixTime) -> Stored<()> {
        let newest = server::ticket_keys(db).await?.first().map_or(0, |key| key.number);
        let id = u8::try_from((newest + 1) % 256).unwrap_or(0);
        let failed = |_| StoreError::Corrupt("ticket key");
        let key = self.secrets().random::<32>().map_err(failed)?;
        let sealed = self.secrets().seal(&ticket_key_place(id), &key).map_err(failed)?;
        let row = server::ticket_key::Model { number: i64::from(id), sealed, created_at: now.as_millis() };
        server::put_ticket_key(db, row).await
    }
}

/// Brings the database of `config` to this version's schema, and does nothing else.
///
/// # Errors
/// [`StartError`] names what to mend.
pub async fn migrate(config: &ApiConfig) -> Result<(), StartError> {
    make_data_dir(config)?;
    let store = Store::open(config.database_url.as_ref(), &config.data_dir).await?;
    store.close().await;
    Ok(())
}

fn ticket_key_place(id: u8) -> String {
    format!("ticket-key:{id}")
}

fn make_data_dir(config: &ApiConfig) -> Result<(), StartError> {
    if config.data_dir.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&config.data_dir).map_err(|error| StartError::DataDir { path: config.data_dir.clone(), error })
}

/// Two servers on one folder would each clear what the other carries.
fn lock_data_dir(config: &ApiConfig) -> Result<File, StartError> {
    let path = config.data_dir.join("sluice.lock");
    let failed = |error| StartError::DataDir { path: config.data_dir.clone(), error };
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(config.data_dir.clone())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// A known value, sealed with the first key that this database saw, tells a wrong key from a right one.
async fn check_key(store: &Store, secrets: &SecretBox) -> Result<(), StartError> {
    match server::check_value(store.reader()).await? {
        Some(sealed) => match secrets.open_sealed(CHECK, &sealed) {
            Ok(_) => Ok(()),
            Err(_) => Err(SecretKeyError::Wrong.into()),
        },
        None => Ok(server::put_check_value(store.writer(), secrets.seal(CHECK, CHECK.as_bytes())?).await?),
    }
}

/// Two reports, and the time that they travel.
const WORKERS_HEARD_WITHIN: Duration = Duration::from_millis(2_500);
const CHECK: &str = "check";
/// Settings do not change this often within one decision.
const RELOADS: u32 = 5;
