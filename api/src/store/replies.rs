//! Answers of decisions that changed something, for whoever asks the same question again: here, at another API, or
//! after this one died.

use sea_orm::Condition;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use super::Stored;
use super::purge::purge;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "decision_reply")]
pub struct Model {
    /// The request's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The answer as it went over the bus. It holds no secret.
    #[sea_orm(column_type = "JsonBinary")]
    pub reply: Json,
    pub expires_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Stored<Option<Json>> {
    Ok(Entity::find_by_id(id).one(db).await?.map(|row| row.reply))
}

/// False if the request was answered already.
pub async fn insert(db: &impl ConnectionTrait, row: Model) -> Stored<bool> {
    let same = OnConflict::column(Column::Id).do_nothing().to_owned();
    Ok(Entity::insert(ActiveModel::from(row)).on_conflict(same).exec_without_returning(db).await? == 1)
}

pub async fn purge_expired(db: &impl ConnectionTrait, now: i64) -> Stored<u64> {
    purge::<Entity>(db, Column::Id, Condition::all().add(Column::ExpiresAt.lt(now))).await
}
