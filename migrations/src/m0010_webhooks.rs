//! Events on their way to webhooks, and the parameters that a publisher brought along for them.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("webhook_event")
                    .col(uuid("application_id"))
                    .col(name("stream_id"))
                    .col(name("action"))
                    .col(boolean("minor"))
                    .col(text("address"))
                    .col(text("fields"))
                    .col(long("created_at"))
                    .col(long("expires_at"))
                    .col(long("attempts"))
                    // When it is tried next; without one it is over.
                    .col(optional(long("next_at")))
                    .col(optional(uuid("lease")))
                    .col(long("leased_until"))
                    .col(optional(long("last_at")))
                    .col(optional(text("last_outcome")))
                    .col(optional(long("delivered_at")))
                    .take(),
            )
            .await?;
        manager.create_index(index("webhook_event", &["next_at"])).await?;
        manager.create_index(index("webhook_event", &["application_id", "id"])).await?;
        manager
            .alter_table(Table::alter().table(Alias::new("session")).add_column(optional(text("parameters"))).take())
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["webhook_event"]).await?;
        manager
            .alter_table(Table::alter().table(Alias::new("session")).drop_column(Alias::new("parameters")).take())
            .await
    }
}
