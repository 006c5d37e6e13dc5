//! The audit.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, QueryOrder, QuerySelect};

use super::purge::purge;
use super::{Keyset, Stored};
use crate::manage::{AuditFilter, AuditOrder, Page};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: i64,
    pub kind: String,
    pub outcome: String,
    pub code: String,
    pub actor: Option<String>,
    pub application: Option<String>,
    pub stream_id: Option<String>,
    pub subscriber_id: Option<String>,
    pub operation: Option<String>,
    pub protocol: Option<String>,
    pub address: Option<String>,
    pub session: Option<Uuid>,
    pub duration_us: i64,
    pub detail: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub async fn insert_many(db: &impl ConnectionTrait, rows: Vec<Model>) -> Stored<()> {
    if !rows.is_empty() {
        // Whoever is not sure that a batch was written writes it again.
        let same = OnConflict::column(Column::Id).do_nothing().to_owned();
        let rows = rows.into_iter().map(ActiveModel::from);
        Entity::insert_many(rows).on_conflict(same).exec_without_returning(db).await?;
    }
    Ok(())
}

/// `applications`: the names that the viewer may read; `None` for all, and for records of the server itself.
pub async fn list(
    db: &impl ConnectionTrait,
    filter: &AuditFilter,
    applications: Option<&[String]>,
    order: AuditOrder,
    page: &Page,
) -> Stored<Vec<Model>> {
    let select = Entity::find().filter(condition(filter, applications));
    let keys = match order {
        AuditOrder::NewestFirst => Keyset::newest(Column::Id),
        AuditOrder::OldestFirst => Keyset::oldest(Column::Id),
    };
    Ok(keys.cut(select, page).all(db).await?)
}

pub async fn count(db: &impl ConnectionTrait, filter: &AuditFilter, applications: Option<&[String]>) -> Stored<u64> {
    Ok(Entity::find().filter(condition(filter, applications)).count(db).await?)
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Stored<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

/// Keeps the newest `most` records, and forgets those before them.
pub async fn purge_beyond(db: &impl ConnectionTrait, most: u64) -> Stored<u64> {
    let oldest_beyond = Entity::find().order_by_desc(Column::Id).offset(most).one(db).await?;
    let Some(oldest_beyond) = oldest_beyond else { return Ok(0) };
    purge::<Entity>(db, Column::Id, Condition::all().add(Column::Id.lte(oldest_beyond.id))).await
}

pub async fn purge_before(db: &impl ConnectionTrait, at: i64) -> Stored<u64> {
    purge::<Entity>(db, Column::Id, Condition::all().add(Column::At.lt(at))).await
}

fn condition(filter: &AuditFilter, applications: Option<&[String]>) -> Condition {
    let mut all = Condition::all();
    if let Some(applications) = applications {
        all = all.add(Column::Application.is_in(applications));
    }
    if let Some(application) = &filter.application {
        all = all.add(Column::Application.eq(application.as_str()));
    }
    if let Some(kind) = filter.kind {
        all = all.add(Column::Kind.eq(kind.as_str()));
    }
    if let Some(outcome) = filter.outcome {
        all = all.add(Column::Outcome.eq(outcome.as_str()));
    }
    if let Some(code) = &filter.code {
        all = all.add(Column::Code.eq(code));
    }
    if let Some(stream_id) = &filter.stream_id {
        all = all.add(Column::StreamId.eq(stream_id));
    }
    if let Some(subscriber_id) = &filter.subscriber_id {
        all = all.add(Column::SubscriberId.eq(subscriber_id));
    }
    if let Some(address) = &filter.address {
        all = all.add(Column::Address.eq(address.to_string()));
    }
    if let Some(since) = filter.since {
        all = all.add(Column::At.gte(since.as_millis()));
    }
    if let Some(until) = filter.until {
        all = all.add(Column::At.lt(until.as_millis()));
    }
    all
}
