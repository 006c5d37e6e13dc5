//! What the server keeps for itself: counters, the seal's check value, ticket keys, events already handled.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(bare_table("counter").col(name("name").primary_key()).col(long("value")).take()).await?;
        manager.create_table(bare_table("seal").col(name("name").primary_key()).col(bytes("value")).take()).await?;
        // `number` is the one byte that a ticket carries; `sealed` is the key itself, encrypted.
        manager
            .create_table(
                bare_table("ticket_key")
                    .col(long("number").primary_key())
                    .col(bytes("sealed"))
                    .col(long("created_at"))
                    .take(),
            )
            .await?;
        manager.create_table(table("handled_event").col(long("at")).take()).await?;
        manager.create_index(index("handled_event", &["at"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["handled_event", "ticket_key", "seal", "counter"]).await
    }
}
