//! Events on their way to webhooks.
//!
//! A row with `next_at` waits to be tried; whoever tries it holds it by a lease, which runs out by itself when its
//! holder dies. Without `next_at` the row is over, delivered or not, and stays a while to be looked at.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, QueryOrder, QuerySelect, Set};

use super::{Keyset, Stored};
use crate::manage::Page;
use crate::webhooks::Action;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub application_id: Uuid,
    pub stream_id: String,
    pub action: String,
    /// Of viewers, refusals, figures and messages: these never crowd out what happens to streams.
    pub minor: bool,
    /// Where it goes.
    pub address: String,
    /// The body's fields as a JSON object; empty once it is over.
    pub fields: String,
    pub created_at: i64,
    /// Not worth delivering from then on.
    pub expires_at: i64,
    /// Tries so far.
    pub attempts: i64,
    pub next_at: Option<i64>,
    pub lease: Option<Uuid>,
    pub leased_until: i64,
    pub last_at: Option<i64>,
    /// The status of the last answer, or why there was none.
    pub last_outcome: Option<String>,
    pub delivered_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Events that share a bound: none of them pushes out others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What happens to streams.
    Streams,
    /// What viewers do, refusals and figures.
    Viewers,
    /// Of data channels.
    Messages,
}

/// How one try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub at: i64,
    pub outcome: String,
    pub delivered: bool,
    /// `None` when it is over.
    pub next_at: Option<i64>,
}

/// Keeps events; one whose id is there already is the same event.
pub async fn insert(db: &impl ConnectionTrait, rows: Vec<Model>) -> Stored<()> {
    if !rows.is_empty() {
        let same = OnConflict::column(Column::Id).do_nothing().to_owned();
        let rows = rows.into_iter().map(ActiveModel::from);
        Entity::insert_many(rows).on_conflict(same).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Addresses that something is due for, the longest waiting first.
pub async fn due_addresses(db: &impl ConnectionTrait, now: i64, limit: u64) -> Stored<Vec<String>> {
    let select = Entity::find()
        .select_only()
        .column(Column::Address)
        .filter(due(now))
        .group_by(Column::Address)
        .order_by_asc(Column::NextAt.min())
        .limit(limit);
    Ok(select.into_tuple().all(db).await?)
}

/// Takes at most `limit` events that are due at one address, until `until`. Those that another took first are left out.
pub async fn claim(
    db: &impl ConnectionTrait,
    address: &str,
    lease: Uuid,
    now: i64,
    until: i64,
    limit: u64,
) -> Stored<Vec<Model>> {
    let select = Entity::find()
        .filter(due(now))
        .filter(Column::Address.eq(address))
        .order_by_asc(Column::NextAt)
        .order_by_asc(Column::Id)
        .limit(limit);
    let mut claimed = Vec::new();
    for row in select.all(db).await? {
        let taken = ActiveModel { lease: Set(Some(lease)), leased_until: Set(until), ..Default::default() };
        let updated = Entity::update_many().set(taken).filter(Column::Id.eq(row.id)).filter(due(now)).exec(db).await?;
        if updated.rows_affected == 1 {
            claimed.push(row);
        }
    }
    Ok(claimed)
}

/// Writes down how a try ended. False if the lease ran out and somebody else has the event.
pub async fn tried(db: &impl ConnectionTrait, id: Uuid, lease: Uuid, attempts: i64, tried: Tried) -> Stored<bool> {
    let mut changes = ActiveModel {
        attempts: Set(attempts),
        next_at: Set(tried.next_at),
        lease: Set(None),
        leased_until: Set(0),
        last_at: Set(Some(tried.at)),
        last_outcome: Set(Some(tried.outcome)),
        delivered_at: Set(tried.delivered.then_some(tried.at)),
        ..Default::default()
    };
    if tried.next_at.is_none() {
        changes.fields = Set(String::new());
    }
    let mine = Entity::update_many().set(changes).filter(Column::Id.eq(id)).filter(Column::Lease.eq(lease));
    Ok(mine.exec(db).await?.rows_affected == 1)
}

/// Takes back what was written down ahead for a stream and is not due yet, or not tried.
pub async fn take_back(db: &impl ConnectionTrait, application: Uuid, stream_id: &str, action: Action) -> Stored<()> {
    let untried = Entity::delete_many()
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.eq(stream_id))
        .filter(Column::Action.eq(action.as_str()))
        .filter(Column::Attempts.eq(0))
        .filter(Column::Lease.is_null())
        .filter(Column::NextAt.is_not_null());
    untried.exec(db).await?;
    Ok(())
}

/// Nobody delivers any more: what was being tried may be tried at once.
pub async fn release_all(db: &impl ConnectionTrait) -> Stored<()> {
    let free = ActiveModel { lease: Set(None), leased_until: Set(0), ..Default::default() };
    Entity::update_many().set(free).filter(Column::Lease.is_not_null()).exec(db).await?;
    Ok(())
}

/// Events of an application that wait, of one class.
pub async fn count_waiting(db: &impl ConnectionTrait, application: Uuid, class: Class) -> Stored<u64> {
    Ok(Entity::find().filter(waiting(application, class)).count(db).await?)
}

/// Applications that something waits for.
pub async fn waiting_applications(db: &impl ConnectionTrait) -> Stored<Vec<Uuid>> {
    let select =
        Entity::find().select_only().column(Column::ApplicationId).distinct().filter(Column::NextAt.is_not_null());
    Ok(select.into_tuple().all(db).await?)
}

/// Deletes the oldest events of a class that wait behind the newest `keep`. Returns how many.
pub async fn drop_oldest(db: &impl ConnectionTrait, application: Uuid, class: Class, keep: u64) -> Stored<u64> {
    let newest = Entity::find().filter(waiting(application, class)).order_by_desc(Column::Id).offset(keep).limit(1);
    let Some(first) = newest.one(db).await? else { return Ok(0) };
    let deleted =
        Entity::delete_many().filter(waiting(application, class)).filter(Column::Id.lte(first.id)).exec(db).await?;
    Ok(deleted.rows_affected)
}

/// Ends what is no longer worth delivering. Returns the applications and actions of what was lost.
pub async fn expire(db: &impl ConnectionTrait, now: i64, limit: u64) -> Stored<Vec<Model>> {
    let expired = Condition::all()
        .add(Column::NextAt.is_not_null())
        .add(Column::ExpiresAt.lte(now))
        .add(Column::LeasedUntil.lte(now));
    let rows = Entity::find().filter(expired).limit(limit).all(db).await?;
    let over = ActiveModel { next_at: Set(None), fields: Set(String::new()), ..Default::default() };
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    if !ids.is_empty() {
        Entity::update_many().set(over).filter(Column::Id.is_in(ids)).exec(db).await?;
    }
    Ok(rows)
}

/// Forgets what was over before `at`, of one action or of all.
pub async fn purge(db: &impl ConnectionTrait, action: Option<Action>, at: i64) -> Stored<u64> {
    let mut old = Condition::all().add(Column::NextAt.is_null()).add(Column::CreatedAt.lt(at));
    if let Some(action) = action {
        old = old.add(Column::Action.eq(action.as_str()));
    }
    Ok(Entity::delete_many().filter(old).exec(db).await?.rows_affected)
}

/// Forgets the oldest of those that are over, behind the newest `keep`.
pub async fn purge_beyond(db: &impl ConnectionTrait, keep: u64) -> Stored<u64> {
    let over = || Column::NextAt.is_null();
    let newest = Entity::find().filter(over()).order_by_desc(Column::Id).offset(keep).limit(1);
    let Some(first) = newest.one(db).await? else { return Ok(0) };
    Ok(Entity::delete_many().filter(over()).filter(Column::Id.lte(first.id)).exec(db).await?.rows_affected)
}

pub async fn list(db: &impl ConnectionTrait, application: Uuid, page: &Page) -> Stored<Vec<Model>> {
    let select = Entity::find().filter(Column::ApplicationId.eq(application));
    Ok(Keyset::newest(Column::Id).cut(select, page).all(db).await?)
}

pub async fn count(db: &impl ConnectionTrait, application: Uuid) -> Stored<u64> {
    Ok(Entity::find().filter(Column::ApplicationId.eq(application)).count(db).await?)
}

fn due(now: i64) -> Condition {
    Condition::all().add(Column::NextAt.lte(now)).add(Column::LeasedUntil.lte(now)).add(Column::ExpiresAt.gt(now))
}

fn waiting(application: Uuid, class: Class) -> Condition {
    let message = Action::DataChannelMessage.as_str();
    Condition::all()
        .add(match class {
            Class::Streams => Condition::all().add(Column::Minor.eq(false)),
            // Of what is planned there is one a stream.
            Class::Viewers => Condition::all()
                .add(Column::Minor.eq(true))
                .add(Column::Action.is_not_in([message, Action::IdleTimeIsExpired.as_str()])),
            Class::Messages => Condition::all().add(Column::Action.eq(message)),
        })
        .add(Column::ApplicationId.eq(application))
        .add(Column::NextAt.is_not_null())
}
