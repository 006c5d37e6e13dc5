//! Applications. Settings that are secret lie in `secrets`, encrypted, and not in `settings`.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("application")
                    .col(name("name"))
                    .col(json("settings"))
                    .col(bytes("secrets"))
                    .col(long("created_at"))
                    .take(),
            )
            .await?;
        manager.create_index(unique("application", &["name"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["application"]).await
    }
}
