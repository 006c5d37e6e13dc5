//! Tickets that are dead before their time: of one session, or of everything that a stream or an application let in.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut revocation = table("revocation");
        revocation
            .col(optional(uuid("session")))
            .col(optional(name("application")))
            .col(optional(name("stream_id")))
            .col(boolean("spares_admitted"))
            .col(long("at"))
            .col(long("until"));
        manager.create_table(revocation).await?;
        manager.create_index(index("revocation", &["until"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["revocation"]).await
    }
}
