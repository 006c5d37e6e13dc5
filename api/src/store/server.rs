//! What the server keeps for itself: the revision, its settings, the seal's check value, ticket keys, handled events.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, QueryOrder, Set};

use super::Stored;
use super::purge::purge;

pub mod counter {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "counter")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub value: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod seal {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "seal")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub value: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod ticket_key {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ticket_key")]
    pub struct Model {
        /// The byte that tickets carry.
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub sealed: Vec<u8>,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod handled_event {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "handled_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

const REVISION: &str = "revision";
const CHECK: &str = "check";
const DIRECTORY: &str = "directory";
/// Names the settings among the sealed values.
const SETTINGS: &str = "server-settings";

/// The newest revision; 0 before the first.
pub async fn revision(db: &impl ConnectionTrait) -> Stored<u64> {
    count_of(db, REVISION).await
}

/// Raises the revision by one and returns it.
pub async fn next_revision(db: &impl ConnectionTrait) -> Stored<u64> {
    next(db, REVISION).await
}

/// How often applications and settings were written: who has read them at one version needs not read them again before
/// the next.
pub async fn directory_version(db: &impl ConnectionTrait) -> Stored<u64> {
    count_of(db, DIRECTORY).await
}

/// An application, or settings, were written.
pub async fn next_directory_version(db: &impl ConnectionTrait) -> Stored<u64> {
    next(db, DIRECTORY).await
}

/// The server's settings, sealed; `None` until somebody writes them.
pub async fn settings(db: &impl ConnectionTrait) -> Stored<Option<Vec<u8>>> {
    sealed(db, SETTINGS).await
}

/// Replaces the server's settings and counts it.
pub async fn put_settings(db: &impl ConnectionTrait, value: Vec<u8>) -> Stored<()> {
    let row = seal::ActiveModel { name: Set(SETTINGS.to_owned()), value: Set(value) };
    let over = OnConflict::column(seal::Column::Name).update_column(seal::Column::Value).to_owned();
    seal::Entity::insert(row).on_conflict(over).exec_without_returning(db).await?;
    next_directory_version(db).await?;
    Ok(())
}

async fn count_of(db: &impl ConnectionTrait, name: &str) -> Stored<u64> {
    let row = counter::Entity::find_by_id(name).one(db).await?;
    Ok(row.map_or(0, |row| u64::try_from(row.value).unwrap_or(0)))
}

async fn next(db: &impl ConnectionTrait, name: &str) -> Stored<u64> {
    use sea_orm::sea_query::ExprTrait;
    let first = counter::ActiveModel { name: Set(name.to_owned()), value: Set(1) };
    let add_one = OnConflict::column(counter::Column::Name)
        .value(counter::Column::Value, Expr::col((counter::Entity, counter::Column::Value)).add(1_i64))
        .to_owned();
    counter::Entity::insert(first).on_conflict(add_one).exec_without_returning(db).await?;
    count_of(db, name).await
}

/// The sealed check value; `None` in a new database.
pub async fn check_value(db: &impl ConnectionTrait) -> Stored<Option<Vec<u8>>> {
    sealed(db, CHECK).await
}

async fn sealed(db: &impl ConnectionTrait, name: &str) -> Stored<Option<Vec<u8>>> {
    Ok(seal::Entity::find_by_id(name).one(db).await?.map(|row| row.value))
}

pub async fn put_check_value(db: &impl ConnectionTrait, value: Vec<u8>) -> Stored<()> {
    let row = seal::ActiveModel { name: Set(CHECK.to_owned()), value: Set(value) };
    seal::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// The newest first.
pub async fn ticket_keys(db: &impl ConnectionTrait) -> Stored<Vec<ticket_key::Model>> {
    Ok(ticket_key::Entity::find().order_by_desc(ticket_key::Column::CreatedAt).all(db).await?)
}

/// Stores a key under its number, in place of a dead one of the same number.
pub async fn put_ticket_key(db: &impl ConnectionTrait, key: ticket_key::Model) -> Stored<()> {
    ticket_key::Entity::delete_by_id(key.number).exec(db).await?;
    ticket_key::Entity::insert(ticket_key::ActiveModel::from(key)).exec_without_returning(db).await?;
    Ok(())
}

pub async fn delete_ticket_keys_before(db: &impl ConnectionTrait, created_at: i64) -> Stored<u64> {
    let deleted =
        ticket_key::Entity::delete_many().filter(ticket_key::Column::CreatedAt.lt(created_at)).exec(db).await?;
    Ok(deleted.rows_affected)
}

/// Remembers an event; false if it was handled before.
pub async fn mark_handled(db: &impl ConnectionTrait, id: Uuid, at: i64) -> Stored<bool> {
    let row = handled_event::ActiveModel { id: Set(id), at: Set(at) };
    let conflict = OnConflict::column(handled_event::Column::Id).do_nothing().to_owned();
    Ok(handled_event::Entity::insert(row).on_conflict(conflict).exec_without_returning(db).await? == 1)
}

pub async fn forget_handled_before(db: &impl ConnectionTrait, at: i64) -> Stored<u64> {
    purge::<handled_event::Entity>(
        db,
        handled_event::Column::Id,
        Condition::all().add(handled_event::Column::At.lt(at)),
    )
    .await
}
