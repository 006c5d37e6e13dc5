//! Codes that were used, codes that were wrong, and addresses that a subscriber is known from.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{QueryOrder, QuerySelect, Set};

use super::Stored;

pub mod totp_mark {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "totp_mark")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub application_id: Uuid,
        pub stream_id: String,
        pub subscriber_id: String,
        pub operation: String,
        /// The RFC 6238 counter T.
        pub counter: i64,
        pub client: String,
        pub expires_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod wrong_code {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "wrong_code")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub application_id: Uuid,
        pub stream_id: String,
        pub subscriber_id: String,
        pub address: String,
        /// Keyed, so that the table tells nobody which codes were tried.
        pub digest: Vec<u8>,
        pub at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod known_address {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "known_address")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub application_id: Uuid,
        pub stream_id: String,
        pub subscriber_id: String,
        pub address: String,
        pub last_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Whom the rows are about.
#[derive(Debug, Clone, Copy)]
pub struct Whom<'a> {
    pub application: Uuid,
    pub stream_id: &'a str,
    pub subscriber_id: &'a str,
}

/// Wrong codes: how many, and the newest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    pub count: u32,
    pub last: Option<i64>,
}

/// The newest marks first, at most `limit`.
pub async fn marks(db: &impl ConnectionTrait, whom: Whom<'_>, limit: u64) -> Stored<Vec<totp_mark::Model>> {
    use totp_mark::Column;
    let select = totp_mark::Entity::find()
        .filter(Column::ApplicationId.eq(whom.application))
        .filter(Column::StreamId.eq(whom.stream_id))
        .filter(Column::SubscriberId.eq(whom.subscriber_id))
        .order_by_desc(Column::Counter)
        .limit(limit);
    Ok(select.all(db).await?)
}

/// # Errors
/// [`StoreError::Exists`](super::StoreError::Exists) when the step is marked already.
pub async fn mark(db: &impl ConnectionTrait, row: totp_mark::Model) -> Stored<()> {
    totp_mark::Entity::insert(totp_mark::ActiveModel::from(row)).exec_without_returning(db).await?;
    Ok(())
}

/// Wrong codes since `since`, from one address or from all.
pub async fn failures(
    db: &impl ConnectionTrait,
    whom: Whom<'_>,
    address: Option<&str>,
    since: i64,
) -> Stored<Failures> {
    use wrong_code::Column;
    let mut select = wrong_code::Entity::find()
        .filter(Column::ApplicationId.eq(whom.application))
        .filter(Column::StreamId.eq(whom.stream_id))
        .filter(Column::SubscriberId.eq(whom.subscriber_id))
        .filter(Column::At.gt(since));
    if let Some(address) = address {
        select = select.filter(Column::Address.eq(address));
    }
    let row: Option<(i64, Option<i64>)> = select
        .select_only()
        .column_as(Column::Id.count(), "count")
        .column_as(Column::At.max(), "last")
        .into_tuple()
        .one(db)
        .await?;
    let (count, last) = row.unwrap_or((0, None));
    Ok(Failures { count: u32::try_from(count).unwrap_or(u32::MAX), last })
}

/// Counts one wrong code, once per `since`.
pub async fn count_failure(db: &impl ConnectionTrait, row: wrong_code::Model, since: i64) -> Stored<()> {
    use wrong_code::Column;
    wrong_code::Entity::delete_many()
        .filter(Column::ApplicationId.eq(row.application_id))
        .filter(Column::StreamId.eq(&row.stream_id))
        .filter(Column::SubscriberId.eq(&row.subscriber_id))
        .filter(Column::Address.eq(&row.address))
        .filter(Column::Digest.eq(row.digest.clone()))
        .filter(Column::At.lte(since))
        .exec(db)
        .await?;
    let same = [Column::ApplicationId, Column::StreamId, Column::SubscriberId, Column::Address, Column::Digest];
    let conflict = OnConflict::columns(same).do_nothing().to_owned();
    let row = wrong_code::ActiveModel::from(row);
    wrong_code::Entity::insert(row).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

/// True if the subscriber was admitted from `address` since then.
pub async fn address_is_known(db: &impl ConnectionTrait, whom: Whom<'_>, address: &str, since: i64) -> Stored<bool> {
    use known_address::Column;
    let found = known_address::Entity::find()
        .filter(Column::ApplicationId.eq(whom.application))
        .filter(Column::StreamId.eq(whom.stream_id))
        .filter(Column::SubscriberId.eq(whom.subscriber_id))
        .filter(Column::Address.eq(address))
        .filter(Column::LastAt.gt(since))
        .one(db)
        .await?;
    Ok(found.is_some())
}

pub async fn know_address(db: &impl ConnectionTrait, whom: Whom<'_>, address: &str, at: i64) -> Stored<()> {
    use known_address::Column;
    let row = known_address::ActiveModel {
        id: Set(Uuid::now_v7()),
        application_id: Set(whom.application),
        stream_id: Set(whom.stream_id.to_owned()),
        subscriber_id: Set(whom.subscriber_id.to_owned()),
        address: Set(address.to_owned()),
        last_at: Set(at),
    };
    let conflict =
        OnConflict::columns([Column::ApplicationId, Column::StreamId, Column::SubscriberId, Column::Address])
            .update_column(Column::LastAt)
            .to_owned();
    known_address::Entity::insert(row).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

/// Forgets what no longer bears on a decision.
pub async fn purge(db: &impl ConnectionTrait, now: i64, codes_before: i64, addresses_before: i64) -> Stored<()> {
    totp_mark::Entity::delete_many().filter(totp_mark::Column::ExpiresAt.lt(now)).exec(db).await?;
    wrong_code::Entity::delete_many().filter(wrong_code::Column::At.lt(codes_before)).exec(db).await?;
    known_address::Entity::delete_many().filter(known_address::Column::LastAt.lt(addresses_before)).exec(db).await?;
    Ok(())
}

pub async fn delete_application(db: &impl ConnectionTrait, application: Uuid) -> Stored<()> {
    totp_mark::Entity::delete_many().filter(totp_mark::Column::ApplicationId.eq(application)).exec(db).await?;
    wrong_code::Entity::delete_many().filter(wrong_code::Column::ApplicationId.eq(application)).exec(db).await?;
    known_address::Entity::delete_many().filter(known_address::Column::ApplicationId.eq(application)).exec(db).await?;
    Ok(())
}
