//! Recordings. One that was deleted is kept until a worker has removed its file: the worker may be away.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{Condition, QuerySelect, Set};

use super::{Keyset, Stored, contains};
use crate::manage::{Page, RecordingFilter, RecordingOrder, RecordingOrderKey};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recording")]
pub struct Model {
    /// In the order in which recordings ended.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub application_id: Uuid,
    pub vod_id: String,
    pub stream_id: String,
    /// What the stream was called then.
    pub stream_name: Option<String>,
    pub file_name: String,
    pub bytes: i64,
    pub duration_ms: i64,
    pub started_at: i64,
    /// When it was complete.
    pub created_at: i64,
    /// The worker that told of it.
    pub worker: Uuid,
    /// When somebody deleted it.
    pub deleted_at: Option<i64>,
    /// When its file was removed: reports of before may still be on their way.
    pub removed_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// False if it is known already, deleted or not.
pub async fn insert_if_absent(db: &impl ConnectionTrait, row: Model) -> Stored<bool> {
    let conflict = OnConflict::columns([Column::ApplicationId, Column::VodId]).do_nothing().to_owned();
    Ok(Entity::insert(ActiveModel::from(row)).on_conflict(conflict).exec_without_returning(db).await? == 1)
}

pub async fn find(db: &impl ConnectionTrait, application: Uuid, vod_id: &str) -> Stored<Option<Model>> {
    Ok(Entity::find().filter(kept(application)).filter(Column::VodId.eq(vod_id)).one(db).await?)
}

pub async fn find_by_id(db: &impl ConnectionTrait, application: Uuid, id: Uuid) -> Stored<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(kept(application)).one(db).await?)
}

/// Those of these whose files are to be removed.
pub async fn deleted(db: &impl ConnectionTrait, application: Uuid, vod_ids: Vec<String>) -> Stored<Vec<Model>> {
    let select = Entity::find().filter(Column::ApplicationId.eq(application)).filter(Column::VodId.is_in(vod_ids));
    Ok(select.filter(Column::DeletedAt.is_not_null()).all(db).await?)
}

/// At most a page and one row more.
pub async fn list(
    db: &impl ConnectionTrait,
    application: Uuid,
    filter: &RecordingFilter,
    order: RecordingOrder,
    page: &Page,
) -> Stored<Vec<Model>> {
    let text = match order.key {
        RecordingOrderKey::CreatedAt => None,
        RecordingOrderKey::Name => Some(Column::FileName),
    };
    let keyset = Keyset { id: Column::Id, text, descending: order.descending };
    Ok(keyset.cut(Entity::find().filter(condition(application, filter)), page).all(db).await?)
}

pub async fn count(db: &impl ConnectionTrait, application: Uuid, filter: &RecordingFilter) -> Stored<u64> {
    Ok(Entity::find().filter(condition(application, filter)).count(db).await?)
}

/// How many there are of an application, and how many bytes they have together.
pub async fn totals(db: &impl ConnectionTrait, application: Uuid) -> Stored<(u64, u64)> {
    let sum = Column::Bytes.sum().cast_as("bigint");
    let select = Entity::find().filter(kept(application)).select_only();
    let select = select.column_as(Column::Id.count(), "count").column_as(sum, "bytes");
    let found: Option<(i64, Option<i64>)> = select.into_tuple().one(db).await?;
    let (count, bytes) = found.unwrap_or_default();
    Ok((u64::try_from(count).unwrap_or(0), bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0)))
}

/// False if it is gone.
pub async fn mark_deleted(db: &impl ConnectionTrait, id: Uuid, at: i64) -> Stored<bool> {
    let changes = ActiveModel { deleted_at: Set(Some(at)), ..Default::default() };
    let updated = Entity::update_many()
        .set(changes)
        .filter(Column::Id.eq(id))
        .filter(Column::DeletedAt.is_null())
        .exec(db)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// The files of these were removed.
pub async fn removed(db: &impl ConnectionTrait, application: Uuid, vod_ids: Vec<String>, at: i64) -> Stored<()> {
    let changes = ActiveModel { removed_at: Set(Some(at)), ..Default::default() };
    Entity::update_many()
        .set(changes)
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::VodId.is_in(vod_ids))
        .filter(Column::DeletedAt.is_not_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Forgets those whose files were removed before `at`.
pub async fn purge_removed_before(db: &impl ConnectionTrait, at: i64) -> Stored<()> {
    Entity::delete_many().filter(Column::RemovedAt.lt(at)).exec(db).await?;
    Ok(())
}

fn kept(application: Uuid) -> Condition {
    Condition::all().add(Column::ApplicationId.eq(application)).add(Column::DeletedAt.is_null())
}

fn condition(application: Uuid, filter: &RecordingFilter) -> Condition {
    let mut all = kept(application);
    if let Some(stream_id) = &filter.stream_id {
        all = all.add(Column::StreamId.eq(stream_id.as_str()));
    }
    if let Some(search) = &filter.search {
        let columns = [Column::VodId, Column::FileName, Column::StreamId, Column::StreamName];
        all = all.add(contains(columns, search));
    }
    all
}
