//! Applications that were deleted while their records are kept.

use sea_orm_migration::prelude::*;

use crate::table::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = optional(long("retired_at"));
        manager.alter_table(Table::alter().table(Alias::new("application")).add_column(column).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let retired_at = Alias::new("retired_at");
        manager.alter_table(Table::alter().table(Alias::new("application")).drop_column(retired_at).take()).await
    }
}
