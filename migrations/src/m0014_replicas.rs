//! What several APIs must know of one another: answers that were given, viewers that were let in, failed logins. And on
//! PostgreSQL an order of texts that does not depend on the language of the database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table("decision_reply").col(json("reply")).col(long("expires_at")).take()).await?;
        manager.create_index(index("decision_reply", &["expires_at"])).await?;
        manager
            .create_table(
                table("viewer_place")
                    .col(uuid("application_id"))
                    .col(name("stream_id"))
                    .col(name("kind"))
                    .col(long("since"))
                    .take(),
            )
            .await?;
        manager.create_index(index("viewer_place", &["application_id", "stream_id", "kind", "since"])).await?;
        manager.create_index(index("viewer_place", &["since"])).await?;
        manager
            .create_table(
                bare_table("login_failure")
                    .col(bytes("key").primary_key())
                    .col(long("failures"))
                    .col(long("last_at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("login_failure", &["last_at"])).await?;
        collate(manager, r#"COLLATE "C""#).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        collate(manager, r#"COLLATE "default""#).await?;
        drop_tables(manager, &["login_failure", "viewer_place", "decision_reply"]).await
    }
}

/// SQLite compares bytes anyway.
async fn collate(manager: &SchemaManager<'_>, collation: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    for (table, column, kind) in ORDERED {
        let alter = format!(r#"ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE {kind} {collation}"#);
        manager.get_connection().execute_unprepared(&alter).await?;
    }
    Ok(())
}

/// Texts that lists are ordered by or searched in.
const ORDERED: [(&str, &str, &str); 7] = [
    ("broadcast", "stream_id", "varchar(255)"),
    ("broadcast", "name", "text"),
    ("broadcast", "status", "varchar(255)"),
    ("subscriber", "subscriber_id", "varchar(255)"),
    ("subscriber", "name", "text"),
    ("administrator", "email", "varchar(255)"),
    ("application", "name", "varchar(255)"),
];
