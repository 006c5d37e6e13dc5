//! Blocks: one row per application, stream, subscriber and operation, which outlives all four's other rows.

use sea_orm::Condition;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use super::{Keyset, Stored};
use crate::manage::{BlockFilter, Page};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "block")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub application_id: Uuid,
    pub stream_id: String,
    pub subscriber_id: String,
    pub operation: String,
    pub until: i64,
    pub set_at: i64,
    pub actor: String,
    pub revision: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Sets the block; an older one of the same operation gives way.
pub async fn put(db: &impl ConnectionTrait, row: Model) -> Stored<()> {
    let conflict =
        OnConflict::columns([Column::ApplicationId, Column::StreamId, Column::SubscriberId, Column::Operation])
            .update_columns([Column::Id, Column::Until, Column::SetAt, Column::Actor, Column::Revision])
            .to_owned();
    Entity::insert(ActiveModel::from(row)).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

/// Every block that holds at `now`, of all applications.
pub async fn active(db: &impl ConnectionTrait, now: i64) -> Stored<Vec<Model>> {
    Ok(Entity::find().filter(Column::Until.gt(now)).all(db).await?)
}

/// Blocks of one subscriber on any of the streams, ended ones too.
pub async fn of_subscriber(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_ids: Vec<&str>,
    subscriber_id: &str,
) -> Stored<Vec<Model>> {
    let select = Entity::find()
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.is_in(stream_ids))
        .filter(Column::SubscriberId.eq(subscriber_id));
    Ok(select.all(db).await?)
}

/// Blocks of any of the keys (stream, subscriber), ended ones too.
pub async fn of_subscribers(
    db: &impl ConnectionTrait,
    application: Uuid,
    keys: impl Iterator<Item = (&str, &str)>,
) -> Stored<Vec<Model>> {
    let mut any = Condition::any();
    for (stream_id, subscriber_id) in keys {
        any = any.add(Condition::all().add(Column::StreamId.eq(stream_id)).add(Column::SubscriberId.eq(subscriber_id)));
    }
    if any.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Entity::find().filter(Column::ApplicationId.eq(application)).filter(any).all(db).await?)
}

pub async fn list(
    db: &impl ConnectionTrait,
    application: Uuid,
    filter: &BlockFilter,
    now: i64,
    page: &Page,
) -> Stored<Vec<Model>> {
    let select = Entity::find().filter(condition(application, filter, now));
    Ok(Keyset::newest(Column::Id).cut(select, page).all(db).await?)
}

pub async fn count(db: &impl ConnectionTrait, application: Uuid, filter: &BlockFilter, now: i64) -> Stored<u64> {
    Ok(Entity::find().filter(condition(application, filter, now)).count(db).await?)
}

pub async fn purge_ended_before(db: &impl ConnectionTrait, until: i64) -> Stored<u64> {
    Ok(Entity::delete_many().filter(Column::Until.lt(until)).exec(db).await?.rows_affected)
}

fn condition(application: Uuid, filter: &BlockFilter, now: i64) -> Condition {
    let mut all = Condition::all().add(Column::ApplicationId.eq(application));
    if let Some(stream_id) = &filter.stream_id {
        all = all.add(Column::StreamId.eq(stream_id.as_str()));
    }
    if let Some(subscriber_id) = &filter.subscriber_id {
        all = all.add(Column::SubscriberId.eq(subscriber_id.as_str()));
    }
    if let Some(operation) = filter.operation {
        all = all.add(Column::Operation.eq(operation.as_str()));
    }
    if filter.active {
        all = all.add(Column::Until.gt(now));
    }
    all
}
