//! What makes codes single-use and guessing expensive. Wrong codes are kept as keyed digests.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table("totp_mark")
                    .col(uuid("application_id"))
                    .col(name("stream_id"))
                    .col(name("subscriber_id"))
                    .col(name("operation"))
                    .col(long("counter"))
                    .col(text("client"))
                    .col(long("expires_at"))
                    .take(),
            )
            .await?;
        manager
            .create_index(unique(
                "totp_mark",
                &["application_id", "stream_id", "subscriber_id", "operation", "counter"],
            ))
            .await?;
        manager.create_index(index("totp_mark", &["expires_at"])).await?;
        manager
            .create_table(
                table("wrong_code")
                    .col(uuid("application_id"))
                    .col(name("stream_id"))
                    .col(name("subscriber_id"))
                    .col(name("address"))
                    .col(bytes("digest"))
                    .col(long("at"))
                    .take(),
            )
            .await?;
        manager
            .create_index(unique("wrong_code", &["application_id", "stream_id", "subscriber_id", "address", "digest"]))
            .await?;
        manager.create_index(index("wrong_code", &["at"])).await?;
        manager
            .create_table(
                table("known_address")
                    .col(uuid("application_id"))
                    .col(name("stream_id"))
                    .col(name("subscriber_id"))
                    .col(name("address"))
                    .col(long("last_at"))
                    .take(),
            )
            .await?;
        manager
            .create_index(unique("known_address", &["application_id", "stream_id", "subscriber_id", "address"]))
            .await?;
        manager.create_index(index("known_address", &["last_at"])).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["known_address", "wrong_code", "totp_mark"]).await
    }
}
