//! Administrators, their logins, and API keys.

use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QueryOrder, Set};

use super::Stored;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "administrator")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// In lower case.
    pub email: String,
    /// Argon2id in PHC form, over the MD5 of the password in hexadecimal.
    pub password_hash: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub grants: Json,
    pub created_at: i64,
    pub last_login_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub mod access_token {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "access_token")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub hash: Vec<u8>,
        /// Whose login it is; `None` for an API key.
        pub administrator_id: Option<Uuid>,
        pub name: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub grants: Json,
        pub created_by: String,
        pub created_at: i64,
        pub expires_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub async fn exist(db: &impl ConnectionTrait) -> Stored<bool> {
    Ok(Entity::find().one(db).await?.is_some())
}

pub async fn all(db: &impl ConnectionTrait) -> Stored<Vec<Model>> {
    Ok(Entity::find().order_by_asc(Column::Email).all(db).await?)
}

pub async fn find(db: &impl ConnectionTrait, email: &str) -> Stored<Option<Model>> {
    Ok(Entity::find().filter(Column::Email.eq(email)).one(db).await?)
}

pub async fn find_by_id(db: &impl ConnectionTrait, id: Uuid) -> Stored<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

pub async fn insert(db: &impl ConnectionTrait, row: Model) -> Stored<()> {
    Entity::insert(ActiveModel::from(row)).exec_without_returning(db).await?;
    Ok(())
}

/// Writes the whole row. False if it is gone.
pub async fn update(db: &impl ConnectionTrait, row: Model) -> Stored<bool> {
    let id = row.id;
    let updated =
        Entity::update_many().set(ActiveModel::from(row).reset_all()).filter(Column::Id.eq(id)).exec(db).await?;
    Ok(updated.rows_affected == 1)
}

pub async fn set_last_login(db: &impl ConnectionTrait, id: Uuid, at: i64) -> Stored<()> {
    let changes = ActiveModel { last_login_at: Set(Some(at)), ..Default::default() };
    Entity::update_many().set(changes).filter(Column::Id.eq(id)).exec(db).await?;
    Ok(())
}

/// Deletes the account and its logins.
pub async fn delete(db: &impl ConnectionTrait, id: Uuid) -> Stored<bool> {
    end_logins(db, id, None).await?;
    Ok(Entity::delete_by_id(id).exec(db).await?.rows_affected == 1)
}

pub async fn insert_token(db: &impl ConnectionTrait, row: access_token::Model) -> Stored<()> {
    access_token::Entity::insert(access_token::ActiveModel::from(row)).exec_without_returning(db).await?;
    Ok(())
}

/// The token or key of this hash, unless it has expired.
pub async fn find_token(db: &impl ConnectionTrait, hash: Vec<u8>, now: i64) -> Stored<Option<access_token::Model>> {
    use access_token::Column;
    let alive = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now));
    Ok(access_token::Entity::find().filter(Column::Hash.eq(hash)).filter(alive).one(db).await?)
}

pub async fn delete_token(db: &impl ConnectionTrait, id: Uuid) -> Stored<bool> {
    Ok(access_token::Entity::delete_by_id(id).exec(db).await?.rows_affected == 1)
}

/// Deletes an API key, never a login.
pub async fn delete_key(db: &impl ConnectionTrait, id: Uuid) -> Stored<bool> {
    use access_token::Column;
    let deleted = access_token::Entity::delete_by_id(id).filter(Column::AdministratorId.is_null()).exec(db).await?;
    Ok(deleted.rows_affected == 1)
}

/// Ends the logins of an administrator, all or all but one.
pub async fn end_logins(db: &impl ConnectionTrait, administrator: Uuid, except: Option<Uuid>) -> Stored<()> {
    use access_token::Column;
    let mut delete = access_token::Entity::delete_many().filter(Column::AdministratorId.eq(administrator));
    if let Some(except) = except {
        delete = delete.filter(Column::Id.ne(except));
    }
    delete.exec(db).await?;
    Ok(())
}

pub async fn find_key(db: &impl ConnectionTrait, id: Uuid) -> Stored<Option<access_token::Model>> {
    use access_token::Column;
    Ok(access_token::Entity::find_by_id(id).filter(Column::AdministratorId.is_null()).one(db).await?)
}

pub async fn keys(db: &impl ConnectionTrait) -> Stored<Vec<access_token::Model>> {
    use access_token::Column;
    let select = access_token::Entity::find().filter(Column::AdministratorId.is_null()).order_by_asc(Column::Id);
    Ok(select.all(db).await?)
}

pub async fn purge_expired(db: &impl ConnectionTrait, now: i64) -> Stored<u64> {
    Ok(access_token::Entity::delete_many()
        .filter(access_token::Column::ExpiresAt.lt(now))
        .exec(db)
        .await?
        .rows_affected)
}
