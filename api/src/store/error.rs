//! Why the database did not do it. PostgreSQL's reasons are told by their SQLSTATE, never by the text, which has a
//! language.

use sea_orm::sqlx::Error as DriverError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

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
    /// A text holds a character that this database does not store: NUL.
    #[error("a text cannot be stored")]
    Unstorable,
    /// The database cannot be reached now, or took too long: try again later.
    #[error("the database does not answer: {0}")]
    Away(DbErr),
    #[error("the database failed: {0}")]
    Failed(DbErr),
}

pub type Stored<T> = Result<T, StoreError>;

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::Exists;
        }
        match sqlstate(&error).as_deref() {
            // Serialization failure; deadlock; a lock that was not free.
            Some("40001" | "40P01" | "55P03") => return Self::Retry,
            // A character that does not exist in the encoding, and the same in JSON: NUL.
            Some("22021" | "22P05") => return Self::Unstorable,
            // Connection exceptions, shutdown and start-up, too many connections, timeouts, a standby.
            Some(code) if code.starts_with("08") || code.starts_with("57") => return Self::Away(error),
            Some("53300" | "25P03" | "25P04" | "25006") => return Self::Away(error),
            _ => {}
        }
        let lost = match driver_error(&error) {
            Some(cause) => !matches!(
                cause,
                DriverError::Database(_)
                    | DriverError::RowNotFound
                    | DriverError::ColumnDecode { .. }
                    | DriverError::Decode(_)
                    | DriverError::Encode(_)
            ),
            None => matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)),
        };
        if lost { Self::Away(error) } else { Self::Failed(error) }
    }
}

/// PostgreSQL's code for what went wrong; `None` for everything else.
pub fn sqlstate(error: &DbErr) -> Option<String> {
    match driver_error(error)? {
        DriverError::Database(cause) => {
            cause.try_downcast_ref::<PgDatabaseError>().map(|cause| cause.code().to_owned())
        }
        _ => None,
    }
}

fn driver_error(error: &DbErr) -> Option<&DriverError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}
