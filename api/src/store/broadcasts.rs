//! Broadcasts.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, QueryOrder, QuerySelect, Set};

use super::{Keyset, Stored, contains};
use crate::manage::{BroadcastFilter, BroadcastOrder, BroadcastStatus, OrderKey, Page};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "broadcast")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub application_id: Uuid,
    pub stream_id: String,
    pub kind: String,
    pub status: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub metadata: Option<String>,
    pub created_at: i64,
    pub planned_start: Option<i64>,
    pub planned_end: Option<i64>,
    pub expire_duration_ms: i64,
    pub main_track: Option<String>,
    pub webrtc_viewer_limit: i64,
    pub hls_viewer_limit: i64,
    pub dash_viewer_limit: i64,
    pub ephemeral: bool,
    /// It only gathers others, and nobody publishes it.
    pub room: bool,
    /// It is a track of its main track for as long as its publisher is there.
    pub joined: bool,
    pub publish_protocol: Option<String>,
    /// The session that publishes now.
    pub publisher: Option<Uuid>,
    /// The worker that carries it.
    pub worker: Option<Uuid>,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    /// When the publisher was last heard.
    pub updated_at: Option<i64>,
    #[sea_orm(column_type = "JsonBinary")]
    pub other: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub async fn insert(db: &impl ConnectionTrait, row: Model) -> Stored<()> {
    Entity::insert(ActiveModel::from(row)).exec_without_returning(db).await?;
    Ok(())
}

/// False if the stream has a record already.
pub async fn insert_if_absent(db: &impl ConnectionTrait, row: Model) -> Stored<bool> {
    let conflict = OnConflict::columns([Column::ApplicationId, Column::StreamId]).do_nothing().to_owned();
    Ok(Entity::insert(ActiveModel::from(row)).on_conflict(conflict).exec_without_returning(db).await? == 1)
}

pub async fn find(db: &impl ConnectionTrait, application: Uuid, stream_id: &str) -> Stored<Option<Model>> {
    let select = Entity::find().filter(Column::ApplicationId.eq(application)).filter(Column::StreamId.eq(stream_id));
    Ok(select.one(db).await?)
}

/// The same, to be written back: nobody else changes it until the end of the transaction.
pub async fn find_to_change(db: &impl ConnectionTrait, application: Uuid, stream_id: &str) -> Stored<Option<Model>> {
    let select = Entity::find().filter(Column::ApplicationId.eq(application)).filter(Column::StreamId.eq(stream_id));
    Ok(select.lock_exclusive().one(db).await?)
}

pub async fn find_by_id(db: &impl ConnectionTrait, application: Uuid, id: Uuid) -> Stored<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(Column::ApplicationId.eq(application)).one(db).await?)
}

pub async fn find_many(db: &impl ConnectionTrait, application: Uuid, stream_ids: Vec<String>) -> Stored<Vec<Model>> {
    let select =
        Entity::find().filter(Column::ApplicationId.eq(application)).filter(Column::StreamId.is_in(stream_ids));
    Ok(select.all(db).await?)
}

/// At most a page and one row more. `fresh` is the moment since when a publisher counts as heard.
pub async fn list(
    db: &impl ConnectionTrait,
    application: Uuid,
    filter: &BroadcastFilter,
    order: BroadcastOrder,
    page: &Page,
    fresh: i64,
) -> Stored<Vec<Model>> {
    let text = match order.key {
        OrderKey::CreatedAt => None,
        OrderKey::Name => Some(Column::Name),
        OrderKey::Status => Some(Column::Status),
    };
    let keyset = Keyset { id: Column::Id, text, descending: order.descending };
    let select = Entity::find().filter(condition(application, filter, fresh));
    Ok(keyset.cut(select, page).all(db).await?)
}

pub async fn count(db: &impl ConnectionTrait, application: Uuid, filter: &BroadcastFilter, fresh: i64) -> Stored<u64> {
    Ok(Entity::find().filter(condition(application, filter, fresh)).count(db).await?)
}

/// Writes the whole row. False if it is gone.
pub async fn update(db: &impl ConnectionTrait, row: Model) -> Stored<bool> {
    let id = row.id;
    let updated =
        Entity::update_many().set(ActiveModel::from(row).reset_all()).filter(Column::Id.eq(id)).exec(db).await?;
    Ok(updated.rows_affected == 1)
}

pub async fn delete(db: &impl ConnectionTrait, id: Uuid) -> Stored<bool> {
    Ok(Entity::delete_by_id(id).exec(db).await?.rows_affected == 1)
}

/// Subtracks of a main track in order of creation, at most `limit`.
pub async fn subtracks(db: &impl ConnectionTrait, application: Uuid, main: &str, limit: u64) -> Stored<Vec<Model>> {
    let select = Entity::find().filter(Column::ApplicationId.eq(application)).filter(Column::MainTrack.eq(main));
    Ok(select.order_by_asc(Column::Id).limit(limit).all(db).await?)
}

/// The names of the subtracks of several main tracks, each with its main track; at most `limit`.
pub async fn subtrack_names(
    db: &impl ConnectionTrait,
    application: Uuid,
    mains: Vec<String>,
    limit: u64,
) -> Stored<Vec<(String, String)>> {
    let select = Entity::find().select_only().column(Column::MainTrack).column(Column::StreamId);
    let select = select.filter(Column::ApplicationId.eq(application)).filter(Column::MainTrack.is_in(mains));
    Ok(select.order_by_asc(Column::Id).limit(limit).into_tuple().all(db).await?)
}

/// How many tracks of `main` other than `but` somebody publishes.
pub async fn subtracks_on_air(db: &impl ConnectionTrait, application: Uuid, main: &str, but: &str) -> Stored<u64> {
    let select = Entity::find().filter(Column::ApplicationId.eq(application)).filter(Column::MainTrack.eq(main));
    Ok(select.filter(Column::Publisher.is_not_null()).filter(Column::StreamId.ne(but)).count(db).await?)
}

/// Those of them that are live, not only let in.
pub async fn subtracks_live(db: &impl ConnectionTrait, application: Uuid, main: &str, but: &str) -> Stored<u64> {
    let select = Entity::find().filter(Column::ApplicationId.eq(application)).filter(Column::MainTrack.eq(main));
    let live = Column::Status.eq(BroadcastStatus::Broadcasting.as_str());
    Ok(select.filter(live).filter(Column::Publisher.is_not_null()).filter(Column::StreamId.ne(but)).count(db).await?)
}

/// The stream that `publisher` carries, to be written back: nobody else changes it until the end of the transaction.
pub async fn of_publisher(db: &impl ConnectionTrait, publisher: Uuid) -> Stored<Option<Model>> {
    Ok(Entity::find().filter(Column::Publisher.eq(publisher)).lock_exclusive().one(db).await?)
}

/// Workers that carry a stream.
pub async fn workers(db: &impl ConnectionTrait) -> Stored<Vec<Uuid>> {
    let on_air = Column::Publisher.is_not_null();
    let select = Entity::find().select_only().column(Column::Worker).distinct().filter(on_air);
    Ok(select.filter(Column::Worker.is_not_null()).into_tuple().all(db).await?)
}

/// Everything that is on air, or only what `worker` carries.
pub async fn on_air(db: &impl ConnectionTrait, worker: Option<Uuid>) -> Stored<Vec<Model>> {
    let mut select = Entity::find().filter(Column::Publisher.is_not_null());
    if let Some(worker) = worker {
        select = select.filter(Column::Worker.eq(worker));
    }
    Ok(select.all(db).await?)
}

/// The publishers were heard at `at`. Each API hears them: the first writes it down.
pub async fn touch(db: &impl ConnectionTrait, publishers: Vec<Uuid>, at: i64) -> Stored<()> {
    let changes = ActiveModel { updated_at: Set(Some(at)), ..Default::default() };
    let older = Condition::any().add(Column::UpdatedAt.is_null()).add(Column::UpdatedAt.lt(at - TOUCHED_LATELY_MS));
    Entity::update_many().set(changes).filter(Column::Publisher.is_in(publishers)).filter(older).exec(db).await?;
    Ok(())
}

/// Half of the time between two touches.
const TOUCHED_LATELY_MS: i64 = 5_000;

fn condition(application: Uuid, filter: &BroadcastFilter, fresh: i64) -> Condition {
    let mut all = Condition::all().add(Column::ApplicationId.eq(application));
    if let Some(search) = &filter.search {
        all = all.add(contains([Column::StreamId, Column::Name], search));
    }
    if let Some(kind) = filter.kind {
        all = all.add(Column::Kind.eq(kind.as_str()));
    }
    if let Some(room) = filter.room {
        all = all.add(Column::Room.eq(room));
    }
    if let Some(main) = &filter.main_track {
        all = all.add(Column::MainTrack.eq(main.as_str()));
    }
    let stale = || Condition::any().add(Column::UpdatedAt.is_null()).add(Column::UpdatedAt.lt(fresh));
    let live = || Column::Status.is_in([BroadcastStatus::Broadcasting.as_str(), BroadcastStatus::Preparing.as_str()]);
    match filter.status {
        None => all,
        // Nobody is heard of a room itself, and its status says how it stands.
        Some(status @ (BroadcastStatus::Broadcasting | BroadcastStatus::Preparing)) => {
            let heard = Condition::any().add(Column::UpdatedAt.gte(fresh)).add(Column::Room.eq(true));
            all.add(Column::Status.eq(status.as_str())).add(heard)
        }
        Some(status @ BroadcastStatus::TerminatedUnexpectedly) => {
            let lost = Condition::all().add(live()).add(stale()).add(Column::Room.eq(false));
            all.add(Condition::any().add(Column::Status.eq(status.as_str())).add(lost))
        }
        Some(status) => all.add(Column::Status.eq(status.as_str())),
    }
}
