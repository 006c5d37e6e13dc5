//! Applications.

use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::Stored;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "application")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    /// The settings object without its secrets.
    #[sea_orm(column_type = "JsonBinary")]
    pub settings: Json,
    /// A sealed JSON object with the secrets alone.
    pub secrets: Vec<u8>,
    pub created_at: i64,
    /// When it was deleted while its records were kept for an application of the same name; `None` while it lives.
    pub retired_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub async fn all(db: &impl ConnectionTrait) -> Stored<Vec<Model>> {
    Ok(Entity::find().filter(Column::RetiredAt.is_null()).all(db).await?)
}

/// The one of this name whose records were kept.
pub async fn retired(db: &impl ConnectionTrait, name: &str) -> Stored<Option<Model>> {
    Ok(Entity::find().filter(Column::Name.eq(name)).filter(Column::RetiredAt.is_not_null()).one(db).await?)
}

/// Keeps the records of an application that is no more; false if it is gone.
pub async fn retire(db: &impl ConnectionTrait, id: Uuid, at: i64) -> Stored<bool> {
    let changes = ActiveModel { retired_at: Set(Some(at)), ..Default::default() };
    let living = Entity::update_many().set(changes).filter(Column::Id.eq(id)).filter(Column::RetiredAt.is_null());
    Ok(living.exec(db).await?.rows_affected == 1)
}

/// Brings a retired application back with these settings; false if it is gone.
pub async fn revive(db: &impl ConnectionTrait, id: Uuid, settings: Json, secrets: Vec<u8>) -> Stored<bool> {
    let changes =
        ActiveModel { settings: Set(settings), secrets: Set(secrets), retired_at: Set(None), ..Default::default() };
    Ok(Entity::update_many().set(changes).filter(Column::Id.eq(id)).exec(db).await?.rows_affected == 1)
}

pub async fn insert(db: &impl ConnectionTrait, row: Model) -> Stored<()> {
    Entity::insert(ActiveModel::from(row)).exec_without_returning(db).await?;
    Ok(())
}

/// False if it is gone.
pub async fn update_settings(db: &impl ConnectionTrait, id: Uuid, settings: Json, secrets: Vec<u8>) -> Stored<bool> {
    let changes = ActiveModel { settings: Set(settings), secrets: Set(secrets), ..Default::default() };
    let updated = Entity::update_many().set(changes).filter(Column::Id.eq(id)).exec(db).await?;
    Ok(updated.rows_affected == 1)
}

/// Deletes an application and what is in it. Audit records stay.
pub async fn delete(db: &impl ConnectionTrait, id: Uuid) -> Stored<bool> {
    use super::{blocks, broadcasts, events, guessing, recordings, sessions, subscribers, tokens, webhooks};
    broadcasts::Entity::delete_many().filter(broadcasts::Column::ApplicationId.eq(id)).exec(db).await?;
    subscribers::Entity::delete_many().filter(subscribers::Column::ApplicationId.eq(id)).exec(db).await?;
    blocks::Entity::delete_many().filter(blocks::Column::ApplicationId.eq(id)).exec(db).await?;
    tokens::Entity::delete_many().filter(tokens::Column::ApplicationId.eq(id)).exec(db).await?;
    sessions::Entity::delete_many().filter(sessions::Column::ApplicationId.eq(id)).exec(db).await?;
    events::Entity::delete_many().filter(events::Column::ApplicationId.eq(id)).exec(db).await?;
    webhooks::Entity::delete_many().filter(webhooks::Column::ApplicationId.eq(id)).exec(db).await?;
    recordings::Entity::delete_many().filter(recordings::Column::ApplicationId.eq(id)).exec(db).await?;
    guessing::delete_application(db, id).await?;
    Ok(Entity::delete_by_id(id).exec(db).await?.rows_affected == 1)
}
