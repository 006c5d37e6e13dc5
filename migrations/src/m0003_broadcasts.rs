//! Broadcasts. `publisher` and `worker` are set while one is on air.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("broadcast")
                    .col(uuid("application_id"))
                    .col(name("stream_id"))
                    .col(name("kind"))
                    .col(name("status"))
                    .col(optional(text("name")))
                    .col(optional(text("description")))
                    .col(optional(text("metadata")))
                    .col(long("created_at"))
                    .col(optional(long("planned_start")))
                    .col(optional(long("planned_end")))
                    .col(long("expire_duration_ms"))
                    .col(optional(name("main_track")))
                    .col(long("webrtc_viewer_limit"))
                    .col(long("hls_viewer_limit"))
                    .col(long("dash_viewer_limit"))
                    .col(boolean("ephemeral"))
                    .col(optional(name("publish_protocol")))
                    .col(optional(uuid("publisher")))
                    .col(optional(uuid("worker")))
                    .col(optional(long("started_at")))
                    .col(optional(long("ended_at")))
                    .col(optional(long("updated_at")))
                    .col(json("other"))
                    .take(),
            )
            .await?;
        manager.create_index(unique("broadcast", &["application_id", "stream_id"])).await?;
        manager.create_index(index("broadcast", &["application_id", "id"])).await?;
        manager.create_index(index("broadcast", &["application_id", "status"])).await?;
        manager.create_index(index("broadcast", &["publisher"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["broadcast"]).await
    }
}
