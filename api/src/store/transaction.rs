//! Snapshots, transactions and locks.
//!
//! | On PostgreSQL | Isolation | For |
//! |---|---|---|
//! | [`Store::snapshot`] | repeatable read, read only | several reads of one moment |
//! | [`Store::transaction`] | repeatable read | read, change, write back: whoever writes a row that changed meanwhile does it all again |
//! | [`Store::locked`] | read committed, behind advisory locks | what hangs together without a row in common: decisions, "the first", "one at a time" |
//!
//! Serializable transactions would need no locks, but on small or busy tables they fail by the page and not by the row,
//! and under a rush nearly all of them do. SQLite knows one writer at a time, and needs none of this.

use std::collections::BTreeSet;
use std::time::Duration;

use ring::digest;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionSession, TransactionTrait,
};
use tokio::time::sleep;
use uuid::Uuid;

use super::{Store, StoreError, Stored};

/// What several APIs must not do at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock<'a> {
    Migration,
    /// What a new database gets, and the first administrator.
    FirstStart,
    /// Lasting changes and their announcement, in one order.
    Order,
    /// A background job that one API at a time is enough for.
    Job(&'static str),
    /// Who publishes a stream.
    Stream(Uuid, &'a str),
    /// The sessions, codes and failures of a subscriber.
    Subscriber(Uuid, &'a str, &'a str),
    /// How many publish in an application.
    Publishers(Uuid),
    /// How many watch a stream by one kind of player.
    Viewers(Uuid, &'a str, &'a str),
    /// A one-time token, by its hash.
    Token(&'a [u8]),
}

impl Lock<'_> {
    /// The number that PostgreSQL knows it by. Two that share one wait for one another without need, and no more.
    fn number(self) -> i64 {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut add = |kind: &str, parts: &[&[u8]]| {
            for part in std::iter::once(kind.as_bytes()).chain(parts.iter().copied()) {
                context.update(&(part.len() as u64).to_be_bytes());
                context.update(part);
            }
        };
        match self {
            Self::Migration => add("migration", &[]),
            Self::FirstStart => add("first-start", &[]),
            Self::Order => add("order", &[]),
            Self::Job(name) => add("job", &[name.as_bytes()]),
            Self::Stream(application, stream) => add("stream", &[application.as_bytes(), stream.as_bytes()]),
            Self::Subscriber(application, stream, subscriber) => {
                add("subscriber", &[application.as_bytes(), stream.as_bytes(), subscriber.as_bytes()]);
            }
            Self::Publishers(application) => add("publishers", &[application.as_bytes()]),
            Self::Viewers(application, stream, kind) => {
                add("viewers", &[application.as_bytes(), stream.as_bytes(), kind.as_bytes()]);
            }
            Self::Token(hash) => add("token", &[hash]),
        }
        let digest = context.finish();
        digest.as_ref().first_chunk().map_or(0, |first| i64::from_be_bytes(*first))
    }
}

/// A lock of all APIs, held until it is dropped.
#[must_use = "it is free again when dropped"]
pub struct Held(#[allow(dead_code, reason = "held, not read")] Option<DatabaseTransaction>);

impl Store {
    /// One moment of the database, for several reads that must agree.
    pub async fn snapshot(&self) -> Stored<DatabaseTransaction> {
        let isolation = self.is_shared().then_some(IsolationLevel::RepeatableRead);
        let options = TransactionOptions {
            isolation_level: isolation,
            access_mode: isolation.map(|_| AccessMode::ReadOnly),
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
        };
        Ok(self.reader.begin_with_options(options).await?)
    }

    /// Reads and writes that hold together. Dropped without a commit, nothing happened. Where it says
    /// [`StoreError::Retry`] all of it must be done again: see [`retried`].
    pub async fn transaction(&self) -> Stored<DatabaseTransaction> {
        self.begin(IsolationLevel::RepeatableRead).await
    }

    /// Reads and writes behind locks: every statement sees what the last holder of any of them left behind. The locks
    /// are free again at its end. On SQLite every transaction is alone.
    pub async fn locked(&self, locks: &[Lock<'_>]) -> Stored<DatabaseTransaction> {
        let transaction = self.begin(IsolationLevel::ReadCommitted).await?;
        if self.is_shared() && !locks.is_empty() {
            // One order for everybody, so that nobody waits in a circle.
            let numbers: BTreeSet<i64> = locks.iter().map(|lock| lock.number()).collect();
            let taken: Vec<String> = numbers.iter().map(|number| format!("pg_advisory_xact_lock({number})")).collect();
            // Unprepared: no two statements are the same, and they would push the others out of the cache.
            transaction.execute_unprepared(&format!("SELECT {}", taken.join(", "))).await?;
        }
        Ok(transaction)
    }

    /// The same with one lock and without any hurry.
    pub async fn locked_long(&self, lock: Lock<'_>) -> Stored<DatabaseTransaction> {
        let transaction = self.begin(IsolationLevel::ReadCommitted).await?;
        if self.is_shared() {
            let number = lock.number();
            let patient = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
            transaction.execute_unprepared(&format!("{patient}; SELECT pg_advisory_xact_lock({number})")).await?;
        }
        Ok(transaction)
    }

    /// Waits for a lock that outlives a transaction.
    pub async fn hold(&self, lock: Lock<'_>) -> Stored<Held> {
        if !self.is_shared() {
            return Ok(Held(None));
        }
        Ok(Held(Some(self.locked(&[lock]).await?)))
    }

    /// The same without waiting; `None` while another has it.
    pub async fn try_hold(&self, lock: Lock<'_>) -> Stored<Option<Held>> {
        if !self.is_shared() {
            return Ok(Some(Held(None)));
        }
        let transaction = self.begin(IsolationLevel::ReadCommitted).await?;
        let number = lock.number();
        let statement = sea_orm::Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT pg_try_advisory_xact_lock($1) AS held",
            [number.into()],
        );
        let row = transaction.query_one_raw(statement).await?;
        let held = match row {
            Some(row) => row.try_get::<bool>("", "held")?,
            None => false,
        };
        Ok(held.then_some(Held(Some(transaction))))
    }

    async fn begin(&self, isolation: IsolationLevel) -> Stored<DatabaseTransaction> {
        let options = TransactionOptions {
            isolation_level: self.is_shared().then_some(isolation),
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        Ok(self.writer.begin_with_options(options).await?)
    }
}

/// Commits, with the error of the store.
pub async fn commit(transaction: DatabaseTransaction) -> Stored<()> {
    Ok(TransactionSession::commit(transaction).await?)
}

/// An error that may say that all of it must be done again.
pub trait Again {
    fn is_again(&self) -> bool;
}

impl Again for StoreError {
    fn is_again(&self) -> bool {
        matches!(self, Self::Retry)
    }
}

/// Does `work`, a whole transaction from its beginning to its commit, until nobody else comes first.
///
/// # Errors
/// That of the last attempt.
pub async fn retried<T, E: Again, F: Future<Output = Result<T, E>>>(mut work: impl FnMut() -> F) -> Result<T, E> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match work().await {
            Err(error) if error.is_again() && attempt < ATTEMPTS => sleep(pause(attempt)).await,
            result => return result,
        }
    }
}

/// Twice as long each time, and never the same for two: 2 ms, 4 ms, … of which at least half.
pub fn pause(attempt: u32) -> Duration {
    let most = 2_000_u64 << attempt.min(6);
    let random = Uuid::new_v4().as_u64_pair().1;
    Duration::from_micros(most / 2 + random % (most / 2))
}

/// A transaction that loses this often competes with a rush of others.
const ATTEMPTS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_of_different_things_have_different_numbers() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let locks = [
            Lock::Migration,
            Lock::Order,
            Lock::Job("tidy"),
            Lock::Job("watch"),
            Lock::Stream(one, "ab"),
            Lock::Stream(other, "ab"),
            Lock::Subscriber(one, "a", "bc"),
            Lock::Subscriber(one, "ab", "c"),
            Lock::Viewers(one, "ab", "c"),
            Lock::Token(b"ab"),
        ];
        let numbers: BTreeSet<i64> = locks.iter().map(|lock| lock.number()).collect();
        assert_eq!(numbers.len(), locks.len());
    }

    #[tokio::test]
    async fn what_lost_is_done_again_and_what_failed_is_not() {
        let mut attempts = 0;
        let won = retried(|| {
            attempts += 1;
            let attempt = attempts;
            async move { if attempt < 3 { Err(StoreError::Retry) } else { Ok(attempt) } }
        });
        assert_eq!(won.await.ok(), Some(3));
        let mut attempts = 0;
        let failed: Stored<()> = retried(|| {
            attempts += 1;
            async { Err(StoreError::Exists) }
        })
        .await;
        assert!(matches!(failed, Err(StoreError::Exists)));
        assert_eq!(attempts, 1);
    }
}
