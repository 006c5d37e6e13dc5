//! The audit. It names things by their names, which outlive the things.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("audit")
                    .col(long("at"))
                    .col(name("kind"))
                    .col(name("outcome"))
                    .col(name("code"))
                    .col(optional(text("actor")))
                    .col(optional(name("application")))
                    .col(optional(text("stream_id")))
                    .col(optional(text("subscriber_id")))
                    .col(optional(name("operation")))
                    .col(optional(name("protocol")))
                    .col(optional(name("address")))
                    .col(optional(uuid("session")))
                    .col(long("duration_us"))
                    .col(optional(text("detail")))
                    .take(),
            )
            .await?;
        manager.create_index(index("audit", &["application", "id"])).await?;
        manager.create_index(index("audit", &["at"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["audit"]).await
    }
}
