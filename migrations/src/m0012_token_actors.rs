//! Who made a one-time token, and which client spent it.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            // SQLite adds one column at a time.
            manager.alter_table(of_tokens().add_column(optional(text(column))).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            manager.alter_table(of_tokens().drop_column(Alias::new(column)).take()).await?;
        }
        Ok(())
    }
}

fn of_tokens() -> TableAlterStatement {
    Table::alter().table(Alias::new("one_time_token")).take()
}

const COLUMNS: [&str; 2] = ["created_by", "spent_by"];
