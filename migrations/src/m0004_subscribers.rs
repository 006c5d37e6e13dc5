//! Subscribers, and blocks. A block refers to no subscriber: it survives its deletion, and may come before it.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("subscriber")
                    .col(uuid("application_id"))
                    .col(name("stream_id"))
                    .col(name("subscriber_id"))
                    .col(optional(text("name")))
                    .col(optional(name("operation")))
                    .col(optional(bytes("secret")))
                    .col(long("totp_period_seconds"))
                    .col(long("concurrent_connections_limit"))
                    .col(long("created_at"))
                    .col(long("average_video_bps"))
                    .col(long("average_audio_bps"))
                    .col(long("measured_ms"))
                    .take(),
            )
            .await?;
        manager.create_index(unique("subscriber", &["application_id", "stream_id", "subscriber_id"])).await?;
        manager
            .create_table(
                table("block")
                    .col(uuid("application_id"))
                    .col(name("stream_id"))
                    .col(name("subscriber_id"))
                    .col(name("operation"))
                    .col(long("until"))
                    .col(long("set_at"))
                    .col(text("actor"))
                    .col(long("revision"))
                    .take(),
            )
            .await?;
        manager.create_index(unique("block", &["application_id", "stream_id", "subscriber_id", "operation"])).await?;
        manager.create_index(index("block", &["until"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["block", "subscriber"]).await
    }
}
