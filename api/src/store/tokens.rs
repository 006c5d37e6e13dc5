//! One-time tokens. The conditional updates decide who wins: whoever changes the row.

use sea_orm::entity::prelude::*;
use sea_orm::{Condition, Set};

use super::{Keyset, Stored};
use crate::manage::{Page, TokenFilter, TokenStatus};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "one_time_token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub application_id: Uuid,
    pub hash: Vec<u8>,
    /// The token's text, sealed for `place(id)`.
    pub sealed: Vec<u8>,
    pub stream_id: String,
    pub operation: String,
    pub room_id: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
    pub reserved_by: Option<String>,
    pub reserved_until: Option<i64>,
    pub spent_at: Option<i64>,
    /// Who made it; `None` for tokens older than this column.
    pub created_by: Option<String>,
    /// The client that spent it; `None` when it was spent by being validated.
    pub spent_by: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Where a token's text is sealed.
pub fn place(id: Uuid) -> String {
    format!("token:{id}")
}

pub async fn insert(db: &impl ConnectionTrait, row: Model) -> Stored<()> {
    Entity::insert(ActiveModel::from(row)).exec_without_returning(db).await?;
    Ok(())
}

pub async fn find(db: &impl ConnectionTrait, application: Uuid, hash: Vec<u8>) -> Stored<Option<Model>> {
    let select = Entity::find().filter(Column::ApplicationId.eq(application)).filter(Column::Hash.eq(hash));
    Ok(select.one(db).await?)
}

pub async fn find_by_id(db: &impl ConnectionTrait, application: Uuid, id: Uuid) -> Stored<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(Column::ApplicationId.eq(application)).one(db).await?)
}

/// Tokens of a stream, the oldest first.
pub async fn list(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_id: &str,
    filter: &TokenFilter,
    now: i64,
    page: &Page,
) -> Stored<Vec<Model>> {
    let select = Entity::find().filter(condition(application, stream_id, filter, now));
    Ok(Keyset::oldest(Column::Id).cut(select, page).all(db).await?)
}

pub async fn count(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_id: &str,
    filter: &TokenFilter,
    now: i64,
) -> Stored<u64> {
    Ok(Entity::find().filter(condition(application, stream_id, filter, now)).count(db).await?)
}

/// False if it was gone.
pub async fn delete(db: &impl ConnectionTrait, application: Uuid, stream_id: &str, id: Uuid) -> Stored<bool> {
    let deleted = Entity::delete_by_id(id)
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.eq(stream_id))
        .exec(db)
        .await?;
    Ok(deleted.rows_affected == 1)
}

pub async fn delete_all(db: &impl ConnectionTrait, application: Uuid, stream_id: &str) -> Stored<u64> {
    let deleted = Entity::delete_many()
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.eq(stream_id))
        .exec(db)
        .await?;
    Ok(deleted.rows_affected)
}

/// Holds an unspent token for `client`; false if somebody else holds or spent it.
pub async fn reserve(db: &impl ConnectionTrait, id: Uuid, client: &str, until: i64, now: i64) -> Stored<bool> {
    let changes = ActiveModel {
        reserved_by: Set(Some(client.to_owned())),
        reserved_until: Set(Some(until)),
        ..Default::default()
    };
    let free = Condition::any()
        .add(Column::ReservedUntil.is_null())
        .add(Column::ReservedUntil.lte(now))
        .add(Column::ReservedBy.eq(client));
    let updated = Entity::update_many()
        .set(changes)
        .filter(Column::Id.eq(id))
        .filter(Column::SpentAt.is_null())
        .filter(free)
        .exec(db)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Spends a token, for `client` if there is one; false if it was spent before.
pub async fn spend(db: &impl ConnectionTrait, id: Uuid, client: Option<&str>, now: i64) -> Stored<bool> {
    let changes =
        ActiveModel { spent_at: Set(Some(now)), spent_by: Set(client.map(str::to_owned)), ..Default::default() };
    let updated =
        Entity::update_many().set(changes).filter(Column::Id.eq(id)).filter(Column::SpentAt.is_null()).exec(db).await?;
    Ok(updated.rows_affected == 1)
}

/// Forgets tokens that expired before `at`, spent or not.
pub async fn purge_expired(db: &impl ConnectionTrait, at: i64) -> Stored<u64> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lt(at)).exec(db).await?.rows_affected)
}

fn condition(application: Uuid, stream_id: &str, filter: &TokenFilter, now: i64) -> Condition {
    let all = Condition::all()
        .add(Column::ApplicationId.eq(application))
        .add(Column::StreamId.eq(stream_id))
        .add_option(filter.operation.map(|operation| Column::Operation.eq(operation.as_str())));
    let unspent = Column::SpentAt.is_null();
    let valid = Column::ExpiresAt.gt(now);
    match filter.status {
        None => all,
        Some(TokenStatus::Spent) => all.add(Column::SpentAt.is_not_null()),
        Some(TokenStatus::Expired) => all.add(unspent).add(Column::ExpiresAt.lte(now)),
        Some(TokenStatus::Reserved) => all.add(unspent).add(valid).add(Column::ReservedUntil.gt(now)),
        Some(TokenStatus::Unused) => {
            let free = Condition::any().add(Column::ReservedUntil.is_null()).add(Column::ReservedUntil.lte(now));
            all.add(unspent).add(valid).add(free)
        }
    }
    .add_option(filter.unspent.then(|| Column::SpentAt.is_null()))
}
