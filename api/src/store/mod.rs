//! The only place with SQL: one file per concept, plain functions over a connection or a transaction.
//!
//! | Module | What it is |
//! |---|---|
//! | [`open`] | from a URL to pools, and the errors that say what to mend |
//! | [`transaction`] | snapshots, transactions, locks, and doing it again when another came first |
//! | [`error`] | what can go wrong, by SQLSTATE |
//!
//! SQLite gets two pools: one connection that writes, whose transactions lock at their start, and four that read a
//! snapshot each; so a reader never waits and two writers never deadlock. PostgreSQL gets one pool, which several APIs
//! have in common with theirs.

pub mod administrators;
pub mod applications;
pub mod attempts;
pub mod audit;
pub mod blocks;
pub mod broadcasts;
mod error;
pub mod events;
pub mod guessing;
mod open;
mod page;
mod purge;
pub mod recordings;
pub mod replies;
pub mod revocations;
pub mod server;
pub mod sessions;
pub mod subscribers;
#[cfg(test)]
pub mod testing;
pub mod tokens;
mod transaction;
pub mod viewer_places;
pub mod webhooks;

use sea_orm::{DatabaseConnection, DbBackend, Statement};

pub use error::{StoreError, Stored};
pub use open::OpenError;
pub use page::{Keyset, contains};
/// What the functions of the store take: a connection or a transaction.
pub use sea_orm::ConnectionTrait;
pub use sea_orm::DatabaseTransaction as Transaction;
pub use transaction::{Again, Held, Lock, commit, pause, retried};

pub struct Store {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
}

impl Store {
    /// For single statements that only read.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For single statements that write.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// True when other APIs may use the database at the same time.
    pub fn is_shared(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Postgres
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
