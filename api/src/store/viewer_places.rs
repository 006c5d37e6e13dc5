//! Viewers who were let in where a limit holds, until their worker reports them: what several APIs count together.

use sea_orm::Condition;
use sea_orm::entity::prelude::*;

use super::Stored;
use super::purge::purge;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "viewer_place")]
pub struct Model {
    /// The session's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub application_id: Uuid,
    pub stream_id: String,
    /// The kind of player that is counted.
    pub kind: String,
    pub since: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Sessions that were let in since then.
pub async fn since(
    db: &impl ConnectionTrait,
    application: Uuid,
    stream_id: &str,
    kind: &str,
    since: i64,
) -> Stored<Vec<Uuid>> {
    use sea_orm::QuerySelect;
    let select = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::ApplicationId.eq(application))
        .filter(Column::StreamId.eq(stream_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::Since.gt(since));
    Ok(select.into_tuple().all(db).await?)
}

pub async fn take(db: &impl ConnectionTrait, row: Model) -> Stored<()> {
    use sea_orm::sea_query::OnConflict;
    let again = OnConflict::column(Column::Id).update_column(Column::Since).to_owned();
    Entity::insert(ActiveModel::from(row)).on_conflict(again).exec_without_returning(db).await?;
    Ok(())
}

pub async fn purge_before(db: &impl ConnectionTrait, at: i64) -> Stored<u64> {
    purge::<Entity>(db, Column::Id, Condition::all().add(Column::Since.lt(at))).await
}
