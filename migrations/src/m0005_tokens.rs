//! One-time tokens: found by the hash of their id; the id itself is encrypted.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("one_time_token")
                    .col(uuid("application_id"))
                    .col(bytes("hash"))
                    .col(bytes("sealed"))
                    .col(name("stream_id"))
                    .col(name("operation"))
                    .col(optional(text("room_id")))
                    .col(long("created_at"))
                    .col(long("expires_at"))
                    .col(optional(text("reserved_by")))
                    .col(optional(long("reserved_until")))
                    .col(optional(long("spent_at")))
                    .take(),
            )
            .await?;
        manager.create_index(unique("one_time_token", &["application_id", "hash"])).await?;
        manager.create_index(index("one_time_token", &["application_id", "stream_id"])).await?;
        manager.create_index(index("one_time_token", &["expires_at"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["one_time_token"]).await
    }
}
