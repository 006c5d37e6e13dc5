//! Connection events: the comings and goings of subscribers.

use sea_orm::Condition;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use super::purge::purge;
use super::{Keyset, Stored};
use crate::manage::{ConnectionEventFilter, Page};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connection_event")]
pub struct Model {
    /// The worker event's own id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub application_id: Uuid,
    pub stream_id: String,
    pub subscriber_id: String,
    pub kind: String,
    pub operation: String,
    pub protocol: String,
    pub session: Uuid,
    pub worker: Uuid,
    pub address: String,
    pub at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub async fn insert(db: &impl ConnectionTrait, row: Model) -> Stored<()> {
    let conflict = OnConflict::column(Column::Id).do_nothing().to_owned();
    Entity::insert(ActiveModel::from(row)).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

pub async fn find(db: &impl ConnectionTrait, application: Uuid, id: Uuid) -> Stored<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(Column::ApplicationId.eq(application)).one(db).await?)
}

pub async fn list(
    db: &impl ConnectionTrait,
    application: Uuid,
    filter: &ConnectionEventFilter,
    page: &Page,
) -> Stored<Vec<Model>> {
    let select = Entity::find().filter(condition(application, filter));
    Ok(Keyset::newest(Column::Id).cut(select, page).all(db).await?)
}

pub async fn count(db: &impl ConnectionTrait, application: Uuid, filter: &ConnectionEventFilter) -> Stored<u64> {
    Ok(Entity::find().filter(condition(application, filter)).count(db).await?)
}

pub async fn delete_of_stream(db: &impl ConnectionTrait, application: Uuid, stream_id: &str) -> Stored<u64> {
    let deleted = Entity::delete_many()
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.eq(stream_id))
        .exec(db)
        .await?;
    Ok(deleted.rows_affected)
}

pub async fn purge_before(db: &impl ConnectionTrait, at: i64) -> Stored<u64> {
    purge::<Entity>(db, Column::Id, Condition::all().add(Column::At.lt(at))).await
}

fn condition(application: Uuid, filter: &ConnectionEventFilter) -> Condition {
    let mut all = Condition::all().add(Column::ApplicationId.eq(application));
    if let Some(stream_id) = &filter.stream_id {
        all = all.add(Column::StreamId.eq(stream_id.as_str()));
    }
    if let Some(subscriber_id) = &filter.subscriber_id {
        all = all.add(Column::SubscriberId.eq(subscriber_id.as_str()));
    }
    all.add_option(filter.kind.map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(filter.operation.map(|operation| Column::Operation.eq(operation.as_str())))
        .add_option(filter.protocol.map(|protocol| Column::Protocol.eq(protocol.as_str())))
        .add_option(filter.since.map(|since| Column::At.gte(since.as_millis())))
        .add_option(filter.until.map(|until| Column::At.lt(until.as_millis())))
}
