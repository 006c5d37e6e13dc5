//! The database schema, step by step, the same on SQLite and PostgreSQL. `README.md` says how to change it.
//!
//! Times are milliseconds since 1970 in `BIGINT` columns: clients see them so, and they compare alike on both
//! databases. Ids are UUIDv7, whose order is the order of creation on both.

// The trait of every step is written with the lifetime left out, and its implementations must match it.
#![allow(elided_lifetimes_in_paths)]

mod m0001_server;
mod m0002_applications;
mod m0003_broadcasts;
mod m0004_subscribers;
mod m0005_tokens;
mod m0006_guessing;
mod m0007_sessions;
mod m0008_audit;
mod m0009_administrators;
mod m0010_webhooks;
mod m0011_retired_applications;
mod m0012_token_actors;
mod m0013_revocations;
mod m0014_replicas;
mod m0015_rooms;
mod m0016_recordings;
mod m0017_webhooks_of_a_stream;
mod table;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

/// All steps, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_server::Migration),
            Box::new(m0002_applications::Migration),
            Box::new(m0003_broadcasts::Migration),
            Box::new(m0004_subscribers::Migration),
            Box::new(m0005_tokens::Migration),
            Box::new(m0006_guessing::Migration),
            Box::new(m0007_sessions::Migration),
            Box::new(m0008_audit::Migration),
            Box::new(m0009_administrators::Migration),
            Box::new(m0010_webhooks::Migration),
            Box::new(m0011_retired_applications::Migration),
            Box::new(m0012_token_actors::Migration),
            Box::new(m0013_revocations::Migration),
            Box::new(m0014_replicas::Migration),
            Box::new(m0015_rooms::Migration),
            Box::new(m0016_recordings::Migration),
            Box::new(m0017_webhooks_of_a_stream::Migration),
        ]
    }
}
