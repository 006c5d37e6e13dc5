//! The only place with SQL: one file per concept, plain functions over a connection or a transaction.
//!
//! SQLite gets two pools: one connection that writes, whose transactions lock at their start, and four that read a
//! snapshot each; so a reader never waits and two writers never deadlock. PostgreSQL gets one pool, and its writing
//! transactions are serializable: what a decision read is what it was made on.

pub mod administrators;
pub mod applications;
pub mod audit;
pub mod blocks;
pub mod broadcasts;
pub mod events;
pub mod guessing;
mod page;
pub mod revocations;
pub mod server;
pub mod sessions;
pub mod subscribers;
pub mod tokens;
pub mod webhooks;

use std::path::Path;
use std::time::Duration;

use sea_orm::{
    AccessMode, ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    SqlErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionSession, TransactionTrait,
};
use sluice_contract::Secret;
use sluice_migrations::{Migrator, MigratorTrait};

pub use page::{Keyset, contains};
/// What the functions of the store take: a connection or a transaction.
pub use sea_orm::ConnectionTrait;

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row of that name exists.
    #[error("a row of that name exists")]
    Exists,
    /// Somebody else changed what this transaction read: do it again.
    #[error("another transaction came first")]
    Retry,
    /// A stored value cannot be read; the text says which.
    #[error("a stored {0} cannot be read")]
    Corrupt(&'static str),
    #[error("the database failed: {0}")]
    Failed(DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::Exists;
        }
        // SQLSTATE 40001 and 40P01: PostgreSQL's serialization failure and deadlock.
        let text = error.to_string();
        if text.contains("could not serialize access") || text.contains("deadlock detected") {
            return Self::Retry;
        }
        Self::Failed(error)
    }
}

pub type Stored<T> = Result<T, StoreError>;

pub struct Store {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
}

impl Store {
    /// Opens the database at `url`, or `<data_dir>/sluice.db`, and brings its schema up to date.
    pub async fn open(url: Option<&Secret<String>>, data_dir: &Path) -> Stored<Self> {
        let url = url.map_or("sqlite:", |url| url.expose());
        let store = if url.starts_with("sqlite:") {
            let file = (url == "sqlite:").then(|| data_dir.join("sluice.db"));
            let connect = |connections| {
                let mut options = bounded(url, connections);
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
            Self { reader, writer }
        } else {
            let mut options = bounded(url, 16);
            options
                .statement_timeout(Duration::from_secs(5))
                .test_before_acquire_if_idle_for(Duration::from_secs(30))
                .map_sqlx_postgres_opts(|postgres| postgres.statement_cache_capacity(256));
            let pool = Database::connect(options).await?;
            Self { reader: pool.clone(), writer: pool }
        };
        store.migrate().await?;
        Ok(store)
    }

    /// Applies missing steps. Several APIs that start together wait for one another.
    async fn migrate(&self) -> Stored<()> {
        if self.writer.get_database_backend() != DbBackend::Postgres {
            return Ok(Migrator::up(&self.writer, None).await?);
        }
        // The lock belongs to this transaction; the steps run beside it, on connections of their own.
        let lock = self.writer.begin().await?;
        lock.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        lock.execute_raw(Statement::from_string(
            DbBackend::Postgres,
            format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"),
        ))
        .await?;
        Migrator::up(&self.writer, None).await?;
        Ok(lock.commit().await?)
    }

    /// For single statements that only read.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For single statements that write.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// One moment of the database, for several reads that must agree.
    pub async fn snapshot(&self) -> Stored<DatabaseTransaction> {
        let isolation = match self.reader.get_database_backend() {
            DbBackend::Postgres => Some(IsolationLevel::RepeatableRead),
            _ => None,
        };
        let options = TransactionOptions {
            isolation_level: isolation,
            access_mode: isolation.map(|_| AccessMode::ReadOnly),
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
        };
        Ok(self.reader.begin_with_options(options).await?)
    }

    /// Reads and writes that hold together. Dropped without a commit, nothing happened.
    pub async fn transaction(&self) -> Stored<DatabaseTransaction> {
        let isolation = match self.writer.get_database_backend() {
            DbBackend::Postgres => Some(IsolationLevel::Serializable),
            _ => None,
        };
        let options = TransactionOptions {
            isolation_level: isolation,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        Ok(self.writer.begin_with_options(options).await?)
    }

    /// True when the database answers.
    pub async fn is_ready(&self) -> bool {
        let backend = self.reader.get_database_backend();
        self.reader.query_one_raw(Statement::from_string(backend, "SELECT 1")).await.is_ok()
    }

    pub async fn close(&self) {
        // Closing twice is harmless, and at the end nobody is left to hear of a failure.
        let _ = self.reader.clone().close().await;
        let _ = self.writer.clone().close().await;
    }
}

/// Commits, with the error of the store.
pub async fn commit(transaction: DatabaseTransaction) -> Stored<()> {
    Ok(TransactionSession::commit(transaction).await?)
}

fn bounded(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .connect_timeout(Duration::from_secs(5))
        .acquire_timeout(Duration::from_secs(5))
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    options
}

/// Any number, as long as nobody else uses it in this database.
const MIGRATION_LOCK: i64 = 0x536c_7569_6365;
