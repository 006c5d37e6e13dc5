//! From a URL to open pools with an up-to-date schema, each step with an error that says what to mend. No text holds
//! the URL: it may carry a password.

use std::path::Path;
use std::time::{Duration, Instant};

use sea_orm::sqlx::Connection;
use sea_orm::sqlx::Error as DriverError;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use sluice_contract::Secret;
use sluice_migrations::{Migrator, MigratorTrait};
use tokio::time::{sleep, timeout};

use super::error::sqlstate;
use super::{Lock, Store, StoreError};

/// Why a database cannot be used. One variant per remedy.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the address of the database must be sqlite://… or postgres://user:password@host/name")]
    Url,
    #[error("the database at {0} cannot be reached")]
    Unreachable(String),
    #[error("the database at {0} refuses the user or the password")]
    Login(String),
    #[error("there is no database of that name at {0}: create it first")]
    NoDatabase(String),
    #[error("the database has the schema of a newer Sluice: start that version, or go back to a backup")]
    Newer,
    #[error(
        "the schema of the database is older than this Sluice, and its user may not change it: \
         run `sluice migrate` as the owner of the database, or grant its user CREATE on the schema"
    )]
    Older,
    #[error("the user of the database lacks a right: {0}")]
    Right(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Opens the database at `url`, or `<data_dir>/sluice.db`, and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`] names what to mend.
    pub async fn open(url: Option<&Secret<String>>, data_dir: &Path) -> Result<Self, OpenError> {
        let url = url.map_or("sqlite:", |url| url.expose());
        if url.starts_with("sqlite:") {
            let store = sqlite(url, data_dir).await.map_err(StoreError::from)?;
            migrate_within(&store.writer).await?;
            return Ok(store);
        }
        let server: PgConnectOptions = match url.split_once("://") {
            Some(("postgres" | "postgresql", _)) => url.parse().map_err(|_| OpenError::Url)?,
            _ => return Err(OpenError::Url),
        };
        let place = format!("{}:{}", server.get_host(), server.get_port());
        let begun = Instant::now();
        let store = loop {
            match postgres(url).await.map_err(|error| refused(error, &place)) {
                // Both may be starting at the same time.
                Err(OpenError::Unreachable(_)) if begun.elapsed() < REACHED_WITHIN => sleep(AGAIN_AFTER).await,
                pool => {
                    let pool = pool?;
                    break Self { reader: pool.clone(), writer: pool };
                }
            }
        };
        store.migrate().await?;
        Ok(store)
    }

    /// Applies missing steps. Several APIs that start together wait for one another.
    async fn migrate(&self) -> Result<(), OpenError> {
        if pending(&self.writer).await? == 0 {
            return Ok(());
        }
        // The lock belongs to this transaction; the steps run beside it, on connections of their own.
        let lock = self.locked_long(Lock::Migration).await?;
        if pending(&self.writer).await? > 0 {
            migrate_within(&self.writer).await?;
        }
        Ok(super::commit(lock).await?)
    }
}

/// Steps that are still to be applied.
async fn pending(db: &DatabaseConnection) -> Result<usize, OpenError> {
    match Migrator::get_pending_migrations_read_only(db).await {
        Ok(steps) => Ok(steps.len()),
        // The one complaint that the migrator has of its own: a step that was applied, and that it does not know.
        Err(DbErr::Custom(_)) => Err(OpenError::Newer),
        Err(error) => Err(lacking(error)),
    }
}

async fn migrate_within(db: &DatabaseConnection) -> Result<(), OpenError> {
    match Migrator::up(db, None).await {
        Ok(()) => Ok(()),
        Err(DbErr::Custom(_)) => Err(OpenError::Newer),
        Err(error) if sqlstate(&error).as_deref() == Some(INSUFFICIENT_PRIVILEGE) => Err(OpenError::Older),
        Err(error) => Err(lacking(error)),
    }
}

fn lacking(error: DbErr) -> OpenError {
    match sqlstate(&error).as_deref() {
        Some(INSUFFICIENT_PRIVILEGE) => OpenError::Right(error.to_string()),
        _ => OpenError::Store(error.into()),
    }
}

fn refused(error: DbErr, place: &str) -> OpenError {
    match sqlstate(&error).as_deref() {
        // Wrong password; no such user, or no rule that lets it in.
        Some("28P01" | "28000") => OpenError::Login(place.to_owned()),
        Some("3D000") => OpenError::NoDatabase(place.to_owned()),
        Some(INSUFFICIENT_PRIVILEGE) => OpenError::Right(error.to_string()),
        _ => match StoreError::from(error) {
            StoreError::Away(_) => OpenError::Unreachable(place.to_owned()),
            error => OpenError::Store(error),
        },
    }
}

async fn sqlite(url: &str, data_dir: &Path) -> Result<Store, DbErr> {
    let file = (url == "sqlite:").then(|| data_dir.join("sluice.db"));
    let connect = |connections| {
        let mut options = bounded(url, connections, Duration::from_secs(5));
        let file = file.clone();
        options.map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = match &file {
                Some(file) => sqlite.filename(file),
                None => sqlite,
            };
            sqlite
                .create_if_missing(true)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(5))
                .statement_cache_capacity(256)
                .pragma("journal_mode", "WAL")
                // A used token must stay used after a power cut.
                .pragma("synchronous", "FULL")
                .pragma("cache_size", "-65536")
                .pragma("temp_store", "memory")
        });
        options
    };
    let writer = Database::connect(connect(1)).await?;
    let reader = Database::connect(connect(4)).await?;
    Ok(Store { reader, writer })
}

async fn postgres(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = bounded(url, CONNECTIONS, ACQUIRED_WITHIN);
    options
        .statement_timeout(STATEMENT_WITHIN)
        .test_before_acquire_if_idle_for(Duration::from_secs(30))
        .set_application_name("sluice")
        .map_sqlx_postgres_opts(|postgres| {
            postgres
                .statement_cache_capacity(256)
                // An API that stands still must not hold its locks for ever.
                .options([("idle_in_transaction_session_timeout", IDLE_WITHIN.as_millis().to_string())])
        })
        // A connection that hangs must not come back: its place would be lost for as long as the network keeps silent.
        .map_sqlx_postgres_pool_opts(|pool| {
            pool.after_release(|connection, _| {
                Box::pin(async move {
                    match timeout(PING_WITHIN, connection.ping()).await {
                        Ok(answer) => answer.map(|()| true),
                        Err(_) => Err(DriverError::PoolTimedOut),
                    }
                })
            })
        });
    Database::connect(options).await
}

fn bounded(url: &str, connections: u32, acquired_within: Duration) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .connect_timeout(acquired_within)
        .acquire_timeout(acquired_within)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    options
}

/// Of one API. Its decisions and its background jobs share them.
const CONNECTIONS: u32 = 16;
/// A decision has two seconds: what finds no connection in this time says so.
const ACQUIRED_WITHIN: Duration = Duration::from_millis(1_500);
/// The longest statement of ours is a batch of some thousand rows.
const STATEMENT_WITHIN: Duration = Duration::from_secs(5);
/// Between two statements of a transaction we wait for nothing but ourselves. Others wait for its locks for the time of
/// one statement, which is longer.
const IDLE_WITHIN: Duration = Duration::from_secs(3);
const PING_WITHIN: Duration = Duration::from_secs(2);
/// At the start.
const REACHED_WITHIN: Duration = Duration::from_secs(5);
const AGAIN_AFTER: Duration = Duration::from_millis(250);
const INSUFFICIENT_PRIVILEGE: &str = "42501";
