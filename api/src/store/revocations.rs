//! Tickets that are dead before their time, for workers that were not there when it was said. A row goes when the last
//! ticket that it kills would have expired anyway.

use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

use super::Stored;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of this session; `None` for a whole stream or application.
    pub session: Option<Uuid>,
    pub application: Option<String>,
    /// `None` for the whole application.
    pub stream_id: Option<String>,
    /// Sessions that go on and showed a credential may; only their tickets are dead.
    pub spares_admitted: bool,
    /// Sessions that began later are not meant.
    pub at: i64,
    pub until: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub async fn insert(db: &impl ConnectionTrait, rows: Vec<Model>) -> Stored<()> {
    if !rows.is_empty() {
        Entity::insert_many(rows.into_iter().map(ActiveModel::from)).exec_without_returning(db).await?;
    }
    Ok(())
}

/// The oldest first.
pub async fn active(db: &impl ConnectionTrait, now: i64) -> Stored<Vec<Model>> {
    Ok(Entity::find().filter(Column::Until.gt(now)).order_by_asc(Column::At).all(db).await?)
}

pub async fn purge_before(db: &impl ConnectionTrait, until: i64) -> Stored<u64> {
    Ok(Entity::delete_many().filter(Column::Until.lte(until)).exec(db).await?.rows_affected)
}
