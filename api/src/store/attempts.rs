//! Failed attempts to log in, by account and by address. Keys are digests: the table tells nobody who tried.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{CaseStatement, ExprTrait, OnConflict};
use sea_orm::{Condition, QueryOrder, QuerySelect};

use super::Stored;
use super::purge::purge;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login_failure")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Vec<u8>,
    pub failures: i64,
    pub last_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Failures of the key, of which the last is younger than `since`.
pub async fn failures(db: &impl ConnectionTrait, key: Vec<u8>, since: i64) -> Stored<i64> {
    let row = Entity::find_by_id(key).filter(Column::LastAt.gt(since)).one(db).await?;
    Ok(row.map_or(0, |row| row.failures))
}

/// Counts one more; from one again when the last lies before `since`.
pub async fn failed(db: &impl ConnectionTrait, key: Vec<u8>, now: i64, since: i64) -> Stored<()> {
    let stored = |column| Expr::col((Entity, column));
    let count = CaseStatement::new()
        .case(stored(Column::LastAt).lte(since), 1_i64)
        .finally(stored(Column::Failures).add(1_i64));
    let more =
        OnConflict::column(Column::Key).value(Column::Failures, count).value(Column::LastAt, Expr::val(now)).to_owned();
    let first = ActiveModel::from(Model { key, failures: 1, last_at: now });
    Entity::insert(first).on_conflict(more).exec_without_returning(db).await?;
    Ok(())
}

pub async fn forget(db: &impl ConnectionTrait, key: Vec<u8>) -> Stored<()> {
    Entity::delete_by_id(key).exec(db).await?;
    Ok(())
}

/// Forgets what no longer counts, and all but the newest `keep`: what a stranger can fill is bounded.
pub async fn purge_before(db: &impl ConnectionTrait, at: i64, keep: u64) -> Stored<()> {
    purge::<Entity>(db, Column::Key, Condition::all().add(Column::LastAt.lt(at))).await?;
    let beyond = Entity::find().order_by_desc(Column::LastAt).offset(keep).limit(1).one(db).await?;
    if let Some(beyond) = beyond {
        purge::<Entity>(db, Column::Key, Condition::all().add(Column::LastAt.lte(beyond.last_at))).await?;
    }
    Ok(())
}
