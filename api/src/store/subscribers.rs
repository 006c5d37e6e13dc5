//! Subscribers.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, QuerySelect};

use super::{Keyset, Stored, contains};
use crate::manage::{Page, SubscriberFilter};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscriber")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub application_id: Uuid,
    pub stream_id: String,
    pub subscriber_id: String,
    pub name: Option<String>,
    pub operation: Option<String>,
    /// The decoded Base32 secret, sealed for `place(id)`.
    pub secret: Option<Vec<u8>>,
    pub totp_period_seconds: i64,
    pub concurrent_connections_limit: i64,
    pub created_at: i64,
    pub average_video_bps: i64,
    pub average_audio_bps: i64,
    /// How long the averages were measured.
    pub measured_ms: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Where a subscriber's secret is sealed.
pub fn place(id: Uuid) -> String {
    format!("subscriber:{id}")
}

pub async fn find(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_id: &str,
    subscriber_id: &str,
) -> Stored<Option<Model>> {
    let select = of_stream(application, stream_id).filter(Column::SubscriberId.eq(subscriber_id));
    Ok(select.one(db).await?)
}

/// The same, to be written back: nobody else changes it until the end of the transaction.
pub async fn find_to_change(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_id: &str,
    subscriber_id: &str,
) -> Stored<Option<Model>> {
    let select = of_stream(application, stream_id).filter(Column::SubscriberId.eq(subscriber_id));
    Ok(select.lock_exclusive().one(db).await?)
}

pub async fn find_by_id(db: &impl ConnectionTrait, application: Uuid, id: Uuid) -> Stored<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(Column::ApplicationId.eq(application)).one(db).await?)
}

/// Rows of any of the keys (stream, subscriber).
pub async fn find_many(
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

/// False if the subscriber has a record already.
pub async fn insert_if_absent(db: &impl ConnectionTrait, row: Model) -> Stored<bool> {
    let conflict =
        OnConflict::columns([Column::ApplicationId, Column::StreamId, Column::SubscriberId]).do_nothing().to_owned();
    Ok(Entity::insert(ActiveModel::from(row)).on_conflict(conflict).exec_without_returning(db).await? == 1)
}

/// Writes the whole row. False if it is gone.
pub async fn update(db: &impl ConnectionTrait, row: Model) -> Stored<bool> {
    let id = row.id;
    let updated =
        Entity::update_many().set(ActiveModel::from(row).reset_all()).filter(Column::Id.eq(id)).exec(db).await?;
    Ok(updated.rows_affected == 1)
}

pub async fn list(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_id: &str,
    filter: &SubscriberFilter,
    page: &Page,
) -> Stored<Vec<Model>> {
    let select = of_stream(application, stream_id).filter(condition(filter));
    Ok(Keyset::oldest(Column::Id).cut(select, page).all(db).await?)
}

pub async fn count(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_id: &str,
    filter: &SubscriberFilter,
) -> Stored<u64> {
    Ok(of_stream(application, stream_id).filter(condition(filter)).count(db).await?)
}

pub async fn delete(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_id: &str,
    subscriber_id: &str,
) -> Stored<bool> {
    let deleted = Entity::delete_many()
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.eq(stream_id))
        .filter(Column::SubscriberId.eq(subscriber_id))
        .exec(db)
        .await?;
    Ok(deleted.rows_affected > 0)
}

pub async fn delete_all(db: &impl ConnectionTrait, application: Uuid, stream_id: &str) -> Stored<u64> {
    let deleted = Entity::delete_many()
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.eq(stream_id))
        .exec(db)
        .await?;
    Ok(deleted.rows_affected)
}

fn of_stream(application: Uuid, stream_id: &str) -> Select<Entity> {
    Entity::find().filter(Column::ApplicationId.eq(application)).filter(Column::StreamId.eq(stream_id))
}

fn condition(filter: &SubscriberFilter) -> Condition {
    let mut all = Condition::all();
    if let Some(search) = &filter.search {
        all = all.add(contains([Column::SubscriberId, Column::Name], search));
    }
    if let Some(operation) = filter.operation {
        all = all.add(Column::Operation.eq(operation.as_str()));
    }
    all
}
