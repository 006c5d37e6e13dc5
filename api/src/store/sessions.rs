//! Sessions, open and ended.

use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, QuerySelect, Set};

use super::purge::purge;
use super::{Keyset, Stored};
use crate::manage::{Page, SessionFilter};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub application_id: Uuid,
    pub stream_id: String,
    pub operation: String,
    pub protocol: String,
    pub subscriber_id: Option<String>,
    pub address: String,
    pub user_agent: Option<String>,
    pub client: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub admitted_by: Json,
    pub state: String,
    /// The worker reported it; until then it is only a permission.
    pub started: bool,
    pub worker: Uuid,
    pub since: i64,
    pub ended_at: Option<i64>,
    pub end_reason: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub stats: Json,
    /// The further parameters of a publisher's address, as a JSON object, for webhooks.
    pub parameters: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What a peer says of itself, without what PostgreSQL does not store.
pub fn storable(text: Option<&str>) -> Option<String> {
    text.map(|text| text.replace('\0', ""))
}

/// Writes the row, over an older state of the same session.
pub async fn put(db: &impl ConnectionTrait, row: Model) -> Stored<()> {
    put_many(db, vec![row]).await
}

/// The same for several, in one statement: keep below a thousand.
pub async fn put_many(db: &impl ConnectionTrait, rows: Vec<Model>) -> Stored<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let conflict = OnConflict::column(Column::Id)
        .update_columns([
            Column::SubscriberId,
            Column::AdmittedBy,
            Column::State,
            Column::Started,
            Column::Worker,
            Column::EndedAt,
            Column::EndReason,
            Column::Stats,
        ])
        .to_owned();
    let rows = rows.into_iter().map(ActiveModel::from);
    Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Stored<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

pub async fn find_many(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Stored<Vec<Model>> {
    Ok(Entity::find().filter(Column::Id.is_in(ids)).all(db).await?)
}

/// Open sessions of one subscriber on one stream, at most `limit`.
pub async fn open_of_subscriber(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_id: &str,
    subscriber_id: &str,
    limit: u64,
) -> Stored<Vec<Model>> {
    let select = Entity::find()
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.eq(stream_id))
        .filter(Column::SubscriberId.eq(subscriber_id))
        .filter(Column::EndedAt.is_null())
        .limit(limit);
    Ok(select.all(db).await?)
}

/// The newest sessions of one subscriber on one stream, at most `limit`, that are open or that a ticket may take up
/// again: those that fell silent and were last alive after `since`.
pub async fn returnable_of_subscriber(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_id: &str,
    subscriber_id: &str,
    since: i64,
    limit: u64,
) -> Stored<Vec<Model>> {
    let silent = Condition::all()
        .add(Column::EndReason.eq(sluice_contract::message::EndReason::Idle.as_str()))
        .add(Column::EndedAt.gt(since));
    let select = Entity::find()
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.eq(stream_id))
        .filter(Column::SubscriberId.eq(subscriber_id))
        .filter(Condition::any().add(Column::EndedAt.is_null()).add(silent))
        .order_by_desc(Column::Id)
        .limit(limit);
    Ok(select.all(db).await?)
}

/// Open sessions per subscriber of the streams.
pub async fn open_counts(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_ids: Vec<String>,
) -> Stored<Vec<(String, String, i64)>> {
    let select = Entity::find()
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.is_in(stream_ids))
        .filter(Column::SubscriberId.is_not_null())
        .filter(Column::EndedAt.is_null())
        .select_only()
        .column(Column::StreamId)
        .column(Column::SubscriberId)
        .column_as(Column::Id.count(), "open")
        .group_by(Column::StreamId)
        .group_by(Column::SubscriberId);
    Ok(select.into_tuple().all(db).await?)
}

/// True while somebody plays the stream.
pub async fn is_watched(db: &impl ConnectionTrait, application: Uuid, stream_id: &str) -> Stored<bool> {
    let select = Entity::find()
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.eq(stream_id))
        .filter(Column::Operation.eq(sluice_contract::Operation::Play.as_str()))
        .filter(Column::Started.eq(true))
        .filter(Column::EndedAt.is_null())
        .limit(1);
    Ok(select.count(db).await? > 0)
}

/// Publishers of an application that are open.
pub async fn count_publishers(db: &impl ConnectionTrait, application: Uuid) -> Stored<u64> {
    let select = Entity::find()
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::Operation.eq(sluice_contract::Operation::Publish.as_str()))
        .filter(Column::EndedAt.is_null());
    Ok(select.count(db).await?)
}

/// Ends a session that is open; false if it was not.
pub async fn end(db: &impl ConnectionTrait, id: Uuid, at: i64, reason: &str, stats: Option<Json>) -> Stored<bool> {
    let changes = ActiveModel {
        state: Set("ended".to_owned()),
        ended_at: Set(Some(at)),
        end_reason: Set(Some(reason.to_owned())),
        stats: stats.map_or(sea_orm::ActiveValue::NotSet, Set),
        ..Default::default()
    };
    let updated =
        Entity::update_many().set(changes).filter(Column::Id.eq(id)).filter(Column::EndedAt.is_null()).exec(db).await?;
    Ok(updated.rows_affected == 1)
}

/// Workers that have open sessions.
pub async fn workers(db: &impl ConnectionTrait) -> Stored<Vec<Uuid>> {
    let select = Entity::find().select_only().column(Column::Worker).distinct().filter(Column::EndedAt.is_null());
    Ok(select.into_tuple().all(db).await?)
}

/// At most `limit` that are open, of all workers or only of `worker`.
pub async fn open(db: &impl ConnectionTrait, worker: Option<Uuid>, limit: u64) -> Stored<Vec<Model>> {
    let mut select = Entity::find().filter(Column::EndedAt.is_null()).limit(limit);
    if let Some(worker) = worker {
        select = select.filter(Column::Worker.eq(worker));
    }
    Ok(select.all(db).await?)
}

/// Permissions older than `before` that nobody made use of.
pub async fn never_started(db: &impl ConnectionTrait, before: i64) -> Stored<Vec<Model>> {
    let select = Entity::find()
        .filter(Column::EndedAt.is_null())
        .filter(Column::Started.eq(false))
        .filter(Column::Since.lt(before))
        .limit(1_000);
    Ok(select.all(db).await?)
}

pub async fn list(
    db: &impl ConnectionTrait,
    application: Uuid,
    filter: &SessionFilter,
    page: &Page,
) -> Stored<Vec<Model>> {
    let select = Entity::find().filter(condition(application, filter));
    Ok(Keyset::newest(Column::Id).cut(select, page).all(db).await?)
}

pub async fn count(db: &impl ConnectionTrait, application: Uuid, filter: &SessionFilter) -> Stored<u64> {
    Ok(Entity::find().filter(condition(application, filter)).count(db).await?)
}

pub async fn purge_ended_before(db: &impl ConnectionTrait, at: i64) -> Stored<u64> {
    purge::<Entity>(db, Column::Id, Condition::all().add(Column::EndedAt.lt(at))).await
}

fn condition(application: Uuid, filter: &SessionFilter) -> Condition {
    let mut all = Condition::all().add(Column::ApplicationId.eq(application)).add(Column::Started.eq(true));
    if let Some(stream_id) = &filter.stream_id {
        all = all.add(Column::StreamId.eq(stream_id.as_str()));
    }
    if let Some(subscriber_id) = &filter.subscriber_id {
        all = all.add(Column::SubscriberId.eq(subscriber_id.as_str()));
    }
    if let Some(operation) = filter.operation {
        all = all.add(Column::Operation.eq(operation.as_str()));
    }
    if let Some(protocol) = filter.protocol {
        all = all.add(Column::Protocol.eq(protocol.as_str()));
    }
    match filter.open {
        Some(true) => all.add(Column::EndedAt.is_null()),
        Some(false) => all.add(Column::EndedAt.is_not_null()),
        None => all,
    }
}
