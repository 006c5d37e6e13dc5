//! Broadcasts that only gather others, and which track joined one by its publisher's word.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            // SQLite adds one column at a time.
            let mut column = boolean(column);
            manager.alter_table(of_broadcasts().add_column(column.default(false)).take()).await?;
        }
        manager.create_index(index("broadcast", &["application_id", "main_track"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(index_to_drop()).await?;
        for column in COLUMNS {
            manager.alter_table(of_broadcasts().drop_column(Alias::new(column)).take()).await?;
        }
        Ok(())
    }
}

fn of_broadcasts() -> TableAlterStatement {
    Table::alter().table(Alias::new("broadcast")).to_owned()
}

fn index_to_drop() -> IndexDropStatement {
    Index::drop().name("idx_broadcast_application_id_main_track").table(Alias::new("broadcast")).to_owned()
}

const COLUMNS: [&str; 2] = ["room", "joined"];
