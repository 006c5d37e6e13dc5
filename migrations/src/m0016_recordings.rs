//! Recordings, and those whose files are still to be removed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("recording")
                    .col(uuid("application_id"))
                    .col(name("vod_id"))
                    .col(name("stream_id"))
                    .col(optional(text("stream_name")))
                    .col(name("file_name"))
                    .col(long("bytes"))
                    .col(long("duration_ms"))
                    .col(long("started_at"))
                    .col(long("created_at"))
                    .col(uuid("worker"))
                    .col(optional(long("deleted_at")))
                    .col(optional(long("removed_at")))
                    .take(),
            )
            .await?;
        manager.create_index(unique("recording", &["application_id", "vod_id"])).await?;
        manager.create_index(index("recording", &["application_id", "stream_id"])).await?;
        manager.create_index(index("recording", &["removed_at"])).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            // In the order of bytes, as on SQLite.
            let alter = r#"ALTER TABLE "recording" ALTER COLUMN "file_name" TYPE varchar(255) COLLATE "C""#;
            manager.get_connection().execute_unprepared(alter).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["recording"]).await
    }
}
