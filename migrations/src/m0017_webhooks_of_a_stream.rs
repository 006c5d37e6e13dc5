//! What was written down ahead for a stream is found without reading the whole outbox: each publish takes some back.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(index("webhook_event", &["application_id", "stream_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let name = "idx_webhook_event_application_id_stream_id";
        manager.drop_index(Index::drop().name(name).table(Alias::new("webhook_event")).to_owned()).await
    }
}
