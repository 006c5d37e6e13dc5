//! People and machines that manage. Tokens and keys are kept as hashes.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("administrator")
                    .col(name("email"))
                    .col(text("password_hash"))
                    .col(optional(text("first_name")))
                    .col(optional(text("last_name")))
                    .col(json("grants"))
                    .col(long("created_at"))
                    .col(optional(long("last_login_at")))
                    .take(),
            )
            .await?;
        manager.create_index(unique("administrator", &["email"])).await?;
        // A login belongs to an administrator and has its grants; an API key has its own.
        manager
            .create_table(
                table("access_token")
                    .col(bytes("hash"))
                    .col(optional(uuid("administrator_id")))
                    .col(text("name"))
                    .col(json("grants"))
                    .col(text("created_by"))
                    .col(long("created_at"))
                    .col(optional(long("expires_at")))
                    .take(),
            )
            .await?;
        manager.create_index(unique("access_token", &["hash"])).await?;
        manager.create_index(index("access_token", &["administrator_id"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["access_token", "administrator"]).await
    }
}
