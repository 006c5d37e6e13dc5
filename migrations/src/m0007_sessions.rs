//! Sessions, open and ended, and the comings and goings of subscribers.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("session")
                    .col(uuid("application_id"))
                    .col(name("stream_id"))
                    .col(name("operation"))
                    .col(name("protocol"))
                    .col(optional(name("subscriber_id")))
                    .col(name("address"))
                    .col(optional(text("user_agent")))
                    .col(text("client"))
                    .col(json("admitted_by"))
                    .col(name("state"))
                    .col(boolean("started"))
                    .col(uuid("worker"))
                    .col(long("since"))
                    .col(optional(long("ended_at")))
                    .col(optional(name("end_reason")))
                    .col(json("stats"))
                    .take(),
            )
            .await?;
        manager.create_index(index("session", &["application_id", "stream_id", "subscriber_id", "ended_at"])).await?;
        manager.create_index(index("session", &["application_id", "operation", "ended_at"])).await?;
        manager.create_index(index("session", &["worker", "ended_at"])).await?;
        manager.create_index(index("session", &["ended_at"])).await?;
        manager
            .create_table(
                table("connection_event")
                    .col(uuid("application_id"))
                    .col(name("stream_id"))
                    .col(name("subscriber_id"))
                    .col(name("kind"))
                    .col(name("operation"))
                    .col(name("protocol"))
                    .col(uuid("session"))
                    .col(uuid("worker"))
                    .col(name("address"))
                    .col(long("at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("connection_event", &["application_id", "stream_id", "subscriber_id"])).await?;
        manager.create_index(index("connection_event", &["at"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["connection_event", "session"]).await
    }
}
