//! Broadcasts: the streams of an application, live or not.

use serde_json::{Map, Value};
use sluice_contract::facts::LIVE_FOR_MS;
use sluice_contract::message::{Command, EndReason};
use sluice_contract::{ApplicationName, Protocol, StreamId, UnixTime};
use uuid::Uuid;

use super::{
    Application, AuditRecord, BroadcastEvent, BroadcastEventKind, ControlOutcome, Cursor, Entry, ManageError, Outcome,
    Page, ProblemCode, Role, Slice, subtrack::MOST_SUBTRACKS,
};
use crate::Api;
use crate::fleet::{Closed, close_stream, rooms};
use crate::store::{self, StoreError, broadcasts, retried};
use crate::webhooks::idle;

/// One broadcast as it stands.
#[derive(Debug, Clone)]
pub struct Broadcast {
    pub id: Uuid,
    pub application: ApplicationName,
    pub stream_id: StreamId,
    pub kind: BroadcastType,
    /// As it reads now: a publisher not heard of for 20 s counts as lost.
    pub status: BroadcastStatus,
    pub name: Option<String>,
    pub description: Option<String>,
    pub metadata: Option<String>,
    pub created_at: UnixTime,
    /// The planned window holds only when both ends are set. Whole seconds.
    pub planned_start: Option<UnixTime>,
    pub planned_end: Option<UnixTime>,
    /// Publishing is allowed this long after creation, in milliseconds; 0 for ever.
    pub expire_duration_ms: i64,
    pub main_track: Option<StreamId>,
    /// Most viewers of one kind; -1 for no limit.
    pub webrtc_viewer_limit: i64,
    pub hls_viewer_limit: i64,
    pub dash_viewer_limit: i64,
    /// Made by publishing an undefined stream, and deleted when that ends (`zombi` in REST).
    pub ephemeral: bool,
    /// It only gathers others, its tracks, and nobody publishes it (`virtual` in REST). Its status says whether one of
    /// them is on air.
    pub room: bool,
    /// How it is or was last published.
    pub publish_protocol: Option<Protocol>,
    /// When it last went live.
    pub started_at: Option<UnixTime>,
    /// When it last ended.
    pub ended_at: Option<UnixTime>,
    /// When its publisher was last heard.
    pub updated_at: Option<UnixTime>,
    /// Fields of REST that only pass through (see [`PASS_THROUGH`]), under their REST names.
    pub other: Map<String, Value>,
}

/// Fields of REST that are stored and returned but mean nothing here yet.
pub const PASS_THROUGH: &[&str] = &[
    "endPointList",
    "playListItemList",
    "playListStatus",
    "publish",
    "publicStream",
    "is360",
    "listenerHookURL",
    "category",
    "ipAddr",
    "username",
    "streamUrl",
    "mp4Enabled",
    "webMEnabled",
    "seekTimeInMs",
    "subtracksLimit",
    "latitude",
    "longitude",
    "altitude",
    "subFolder",
    "currentPlayIndex",
    "playlistLoopEnabled",
    "role",
    "hlsParameters",
    "autoStartStopEnabled",
    "encoderSettingsList",
    "maxIdleTime",
    "conferenceMode",
];

/// Where the media comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BroadcastType {
    LiveStream,
    IpCamera,
    StreamSource,
    Vod,
    Playlist,
}

impl BroadcastType {
    pub const ALL: [Self; 5] = [Self::LiveStream, Self::IpCamera, Self::StreamSource, Self::Vod, Self::Playlist];

    /// REST's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LiveStream => "liveStream",
            Self::IpCamera => "ipCamera",
            Self::StreamSource => "streamSource",
            Self::Vod => "VoD",
            Self::Playlist => "playlist",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BroadcastStatus {
    Created,
    Preparing,
    Broadcasting,
    Finished,
    Error,
    Failed,
    TerminatedUnexpectedly,
}

impl BroadcastStatus {
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Preparing,
        Self::Broadcasting,
        Self::Finished,
        Self::Error,
        Self::Failed,
        Self::TerminatedUnexpectedly,
    ];

    /// REST's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Preparing => "preparing",
            Self::Broadcasting => "broadcasting",
            Self::Finished => "finished",
            Self::Error => "error",
            Self::Failed => "failed",
            Self::TerminatedUnexpectedly => "terminated_unexpectedly",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What a new broadcast is made of.
#[derive(Debug, Clone, Default)]
pub struct NewBroadcast {
    /// Trimmed; `None` or empty: one is made.
    pub stream_id: Option<String>,
    /// `None`: a live stream.
    pub kind: Option<BroadcastType>,
    pub expire_duration_ms: i64,
    /// It only gathers others.
    pub room: bool,
    pub fields: BroadcastChanges,
}

/// Fields that can be written at any time; `None` keeps the value.
#[derive(Debug, Clone, Default)]
pub struct BroadcastChanges {
    pub name: Option<String>,
    pub description: Option<String>,
    pub metadata: Option<String>,
    /// `Some(None)` takes the end of the window away.
    pub planned_start: Option<Option<UnixTime>>,
    pub planned_end: Option<Option<UnixTime>>,
    /// An empty text takes it away.
    pub main_track: Option<String>,
    pub webrtc_viewer_limit: Option<i64>,
    pub hls_viewer_limit: Option<i64>,
    pub dash_viewer_limit: Option<i64>,
    /// REST's pass-through fields; names outside [`PASS_THROUGH`] are dropped, `null` keeps the value.
    pub other: Map<String, Value>,
}

#[derive(Debug, Clone, Default)]
pub struct BroadcastFilter {
    /// Case-insensitive part of the stream id or the name.
    pub search: Option<String>,
    pub kind: Option<BroadcastType>,
    /// As it reads now.
    pub status: Option<BroadcastStatus>,
    pub main_track: Option<StreamId>,
    /// Rooms alone, or all but rooms.
    pub room: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BroadcastOrder {
    pub key: OrderKey,
    pub descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderKey {
    /// Order of creation.
    #[default]
    CreatedAt,
    Name,
    Status,
}

/// What a deletion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// A live publisher was ended with it.
    pub was_live: bool,
}

/// The row of a new live stream without any detail.
pub(crate) fn new_row(application: Uuid, stream_id: &StreamId, now: UnixTime) -> broadcasts::Model {
    broadcasts::Model {
        id: Uuid::now_v7(),
        application_id: application,
        stream_id: stream_id.to_string(),
        kind: BroadcastType::LiveStream.as_str().to_owned(),
        status: BroadcastStatus::Created.as_str().to_owned(),
        name: None,
        description: None,
        metadata: None,
        created_at: now.as_millis(),
        planned_start: None,
        planned_end: None,
        expire_duration_ms: 0,
        main_track: None,
        webrtc_viewer_limit: -1,
        hls_viewer_limit: -1,
        dash_viewer_limit: -1,
        ephemeral: false,
        room: false,
        joined: false,
        publish_protocol: None,
        publisher: None,
        worker: None,
        started_at: None,
        ended_at: None,
        updated_at: None,
        other: Value::Object(Map::new()),
    }
}

impl BroadcastChanges {
    fn apply(self, row: &mut broadcasts::Model) -> Outcome<()> {
        set(&mut row.name, self.name);
        set(&mut row.description, self.description);
        set(&mut row.metadata, self.metadata);
        if let Some(start) = self.planned_start {
            row.planned_start = start.map(UnixTime::as_millis);
        }
        if let Some(end) = self.planned_end {
            row.planned_end = end.map(UnixTime::as_millis);
        }
        if let Some(main) = self.main_track {
            let main = main.trim();
            if !main.is_empty() && main.parse::<StreamId>().is_err() {
                return Err(ManageError::problem_at(ProblemCode::Invalid, "mainTrack", STREAM_ID_INVALID));
            }
            row.main_track = (!main.is_empty()).then(|| main.to_owned());
            row.joined = false;
        }
        row.webrtc_viewer_limit = self.webrtc_viewer_limit.unwrap_or(row.webrtc_viewer_limit);
        row.hls_viewer_limit = self.hls_viewer_limit.unwrap_or(row.hls_viewer_limit);
        row.dash_viewer_limit = self.dash_viewer_limit.unwrap_or(row.dash_viewer_limit);
        if !row.other.is_object() {
            row.other = Value::Object(Map::new());
        }
        for (name, value) in self.other {
            if value.is_null() || !PASS_THROUGH.contains(&name.as_str()) {
                continue;
            }
            if name == "subFolder" && value.as_str().is_some_and(|folder| folder.contains("..")) {
                return Err(ManageError::problem_at(ProblemCode::Invalid, "subFolder", "Subfolder is not valid. "));
            }
            row.other[name] = value;
        }
        if row.other.to_string().len() > MOST_PASS_THROUGH_BYTES {
            return Err(ManageError::problem(ProblemCode::Limit, "the broadcast's further fields are too long"));
        }
        Ok(())
    }
}

impl Api {
    /// # Errors
    /// `invalid` or `already-exists` stream id, `invalid` sub-folder or source address, `forbidden`.
    pub async fn create_broadcast(&self, application: &Application, new: NewBroadcast) -> Outcome<Broadcast> {
        application.require(Role::Operator)?;
        let stream_id = match new.stream_id.as_deref().map(str::trim) {
            None | Some("") => self.secrets().random_name()?,
            Some(given) => given.to_owned(),
        };
        let stream_id: StreamId = stream_id
            .parse()
            .map_err(|_| ManageError::problem_at(ProblemCode::Invalid, "streamId", STREAM_ID_INVALID))?;
        let mut row = new_row(application.id, &stream_id, self.now());
        let kind = new.kind.unwrap_or(BroadcastType::LiveStream);
        row.kind = kind.as_str().to_owned();
        row.expire_duration_ms = new.expire_duration_ms.max(0);
        row.room = new.room;
        new.fields.apply(&mut row)?;
        if matches!(kind, BroadcastType::IpCamera | BroadcastType::StreamSource) && !has_source(&row.other) {
            return Err(ManageError::problem_at(ProblemCode::Invalid, "streamUrl", "Stream url is not valid. "));
        }
        match broadcasts::insert(self.store().writer(), row.clone()).await {
            Err(StoreError::Exists) => {
                return Err(ManageError::problem_at(
                    ProblemCode::AlreadyExists,
                    "streamId",
                    "Stream id is already being used. Please change stream id or keep it empty",
                ));
            }
            inserted => inserted?,
        }
        self.tell_broadcast(application, &stream_id, BroadcastEventKind::Created);
        self.record(AuditRecord::action_on(self, "create-broadcast", application, &stream_id));
        self.broadcast_of_row(application, row)
    }

    pub async fn broadcast(&self, application: &Application, stream_id: &str) -> Outcome<Option<Broadcast>> {
        let row = broadcasts::find(self.store().reader(), application.id, stream_id).await?;
        row.map(|row| self.broadcast_of_row(application, row)).transpose()
    }

    /// Several at once, in no order; unknown ones are left out. For loaders.
    pub async fn broadcasts_by_stream_ids(
        &self,
        application: &Application,
        stream_ids: &[StreamId],
    ) -> Outcome<Vec<Broadcast>> {
        let ids = stream_ids.iter().map(ToString::to_string).collect();
        let rows = broadcasts::find_many(self.store().reader(), application.id, ids).await?;
        rows.into_iter().map(|row| self.broadcast_of_row(application, row)).collect()
    }

    pub async fn broadcast_by_id(&self, application: &Application, id: Uuid) -> Outcome<Option<Broadcast>> {
        let row = broadcasts::find_by_id(self.store().reader(), application.id, id).await?;
        row.map(|row| self.broadcast_of_row(application, row)).transpose()
    }

    pub async fn broadcasts(
        &self,
        application: &Application,
        filter: BroadcastFilter,
        order: BroadcastOrder,
        page: Page,
    ) -> Outcome<Slice<Broadcast>> {
        let fresh = self.fresh_since();
        let db = self.store().reader();
        let rows = broadcasts::list(db, application.id, &filter, order, &page, fresh).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let key = match order.key {
                OrderKey::CreatedAt => None,
                OrderKey::Name => Some(row.name.clone().unwrap_or_default()),
                OrderKey::Status => Some(row.status.clone()),
            };
            let cursor = Cursor { id: row.id, key };
            entries.push(Entry { cursor, node: self.broadcast_of_row(application, row)? });
        }
        Ok(Slice::of(&page, entries, |entry| entry))
    }

    pub async fn count_broadcasts(&self, application: &Application, filter: BroadcastFilter) -> Outcome<u64> {
        Ok(broadcasts::count(self.store().reader(), application.id, &filter, self.fresh_since()).await?)
    }

    /// # Errors
    /// `not-found`, `invalid`, `forbidden`.
    pub async fn update_broadcast(
        &self,
        application: &Application,
        stream_id: &str,
        changes: BroadcastChanges,
    ) -> Outcome<Broadcast> {
        application.require(Role::Operator)?;
        let entry = self.directory().find_by_id(application.id).ok_or_else(|| no_broadcast(stream_id))?;
        let row = retried(async || {
            let transaction = self.store().transaction().await?;
            let found = broadcasts::find_to_change(&transaction, application.id, stream_id).await?;
            let mut row = found.ok_or_else(|| no_broadcast(stream_id))?;
            let before = row.clone();
            changes.clone().apply(&mut row)?;
            rooms::moved(self, &transaction, &entry, &before, &row, self.now()).await?;
            if before.other.get("maxIdleTime") != row.other.get("maxIdleTime") {
                idle::forget(&transaction, &row).await?;
                if idle::watched_over(&row) {
                    idle::let_run(self, &transaction, &entry, &row, self.now()).await?;
                }
            }
            broadcasts::update(&transaction, row.clone()).await?;
            store::commit(transaction).await?;
            Ok::<_, ManageError>(row)
        })
        .await?;
        let broadcast = self.broadcast_of_row(application, row)?;
        self.tell_broadcast(application, &broadcast.stream_id, BroadcastEventKind::Updated);
        self.record(AuditRecord::action_on(self, "update-broadcast", application, &broadcast.stream_id));
        Ok(broadcast)
    }

    /// Stops the stream if it is live, then removes the record, its subtracks too if asked. Subscribers, blocks and
    /// tokens are not part of the record and stay.
    ///
    /// # Errors
    /// `not-found`, `forbidden`.
    pub async fn delete_broadcast(
        &self,
        application: &Application,
        stream_id: &str,
        with_subtracks: bool,
    ) -> Outcome<Deleted> {
        application.require(Role::Operator)?;
        let row = broadcasts::find(self.store().reader(), application.id, stream_id)
            .await?
            .ok_or_else(|| no_broadcast(stream_id))?;
        if with_subtracks {
            let db = self.store().reader();
            for subtrack in broadcasts::subtracks(db, application.id, stream_id, MOST_SUBTRACKS).await? {
                self.delete_row(application, subtrack).await?;
            }
        }
        self.delete_row(application, row).await
    }

    async fn delete_row(&self, application: &Application, row: broadcasts::Model) -> Outcome<Deleted> {
        let (id, broadcast) = (row.id, self.broadcast_of_row(application, row)?);
        let was_live = self.is_live(application, &broadcast);
        // Also when nobody publishes now: tickets of before must not open what may come under the same name.
        self.keep_scope_revoked(self.store().writer(), application, Some(&broadcast.stream_id), false).await?;
        self.end_stream(application, &broadcast.stream_id, EndReason::Deleted).await?;
        let closed = retried(async || {
            let mut closed = Closed::default();
            let transaction = self.store().transaction().await?;
            // The workers' own events may come later, and would find no record to end.
            if let Some(row) = broadcasts::find_by_id(&transaction, application.id, id).await?
                && row.publisher.is_some()
            {
                close_stream(self, &transaction, row, self.now(), EndReason::Deleted, &mut closed).await?;
            }
            if let Some(row) = broadcasts::find_by_id(&transaction, application.id, id).await? {
                idle::forget(&transaction, &row).await?;
            }
            broadcasts::delete(&transaction, id).await?;
            store::commit(transaction).await?;
            Ok::<_, StoreError>(closed)
        })
        .await?;
        closed.announce(self);
        self.tell_broadcast(application, &broadcast.stream_id, BroadcastEventKind::Deleted);
        self.record(AuditRecord::action_on(self, "delete-broadcast", application, &broadcast.stream_id));
        Ok(Deleted { was_live })
    }

    /// Deletes several, and stops at the first that fails, whose problem it returns.
    ///
    /// # Errors
    /// `missing` without any id; those of [`delete_broadcast`](Self::delete_broadcast).
    pub async fn delete_broadcasts(&self, application: &Application, stream_ids: &[String]) -> Outcome<u64> {
        application.require(Role::Operator)?;
        if stream_ids.iter().all(|id| id.trim().is_empty()) {
            return Err(ManageError::problem_at(ProblemCode::Missing, "ids", "ids parameter is blank"));
        }
        let mut deleted = 0;
        for stream_id in stream_ids {
            self.delete_broadcast(application, stream_id.trim(), false).await?;
            deleted += 1;
        }
        Ok(deleted)
    }

    /// Ends the publisher, and those of its tracks if asked. They may come back: stopping is no block.
    ///
    /// # Errors
    /// `not-live`, `forbidden`.
    pub async fn stop_broadcast(
        &self,
        application: &Application,
        stream_id: &str,
        with_subtracks: bool,
    ) -> Outcome<ControlOutcome> {
        application.require(Role::Operator)?;
        let live = match self.broadcast(application, stream_id).await? {
            Some(broadcast) if self.is_live(application, &broadcast) => broadcast,
            _ => return Err(ManageError::problem(ProblemCode::NotLive, "the stream is not live")),
        };
        let mut outcome = self.end_stream(application, &live.stream_id, EndReason::Stopped).await?;
        if with_subtracks {
            for subtrack in self.all_subtracks(application, &live.stream_id).await? {
                if self.is_live(application, &subtrack) {
                    outcome = self.end_stream(application, &subtrack.stream_id, EndReason::Stopped).await?.and(outcome);
                }
            }
        }
        self.record(AuditRecord::action_on(self, "stop-broadcast", application, &live.stream_id));
        Ok(outcome)
    }

    async fn end_stream(
        &self,
        application: &Application,
        stream_id: &StreamId,
        reason: EndReason,
    ) -> Outcome<ControlOutcome> {
        let command =
            Command::EndStream { application: application.name.clone(), stream_id: stream_id.clone(), reason };
        let sent = self.fleet().send(command).await;
        Ok(sent.acknowledged().await.into())
    }

    pub(super) fn is_live(&self, application: &Application, broadcast: &Broadcast) -> bool {
        matches!(broadcast.status, BroadcastStatus::Broadcasting | BroadcastStatus::Preparing)
            || self.fleet().picture.stream_heard(&application.name, &broadcast.stream_id).is_some()
    }

    fn fresh_since(&self) -> i64 {
        self.now().plus_millis(1 - LIVE_FOR_MS).as_millis()
    }

    fn tell_broadcast(&self, application: &Application, stream_id: &StreamId, kind: BroadcastEventKind) {
        self.emit_broadcast(BroadcastEvent {
            kind,
            at: self.now(),
            application: application.name.clone(),
            stream_id: stream_id.clone(),
            reason: None,
        });
    }

    pub(super) fn broadcast_of_row(&self, application: &Application, row: broadcasts::Model) -> Outcome<Broadcast> {
        let stream_id: StreamId = row.stream_id.parse().map_err(|_| StoreError::Corrupt("stream id"))?;
        let stored = BroadcastStatus::parse(&row.status).ok_or(StoreError::Corrupt("broadcast status"))?;
        let heard = row
            .updated_at
            .map(UnixTime::from_millis)
            .max(self.fleet().picture.stream_heard(&application.name, &stream_id).map(|(_, heard)| heard));
        let is_fresh = heard.is_some_and(|heard| self.now().millis_since(heard) < LIVE_FOR_MS);
        let status = match stored {
            BroadcastStatus::Broadcasting | BroadcastStatus::Preparing if !is_fresh && !row.room => {
                BroadcastStatus::TerminatedUnexpectedly
            }
            status => status,
        };
        Ok(Broadcast {
            id: row.id,
            application: application.name.clone(),
            stream_id,
            kind: BroadcastType::parse(&row.kind).ok_or(StoreError::Corrupt("broadcast type"))?,
            status,
            name: row.name,
            description: row.description,
            metadata: row.metadata,
            created_at: UnixTime::from_millis(row.created_at),
            planned_start: row.planned_start.map(UnixTime::from_millis),
            planned_end: row.planned_end.map(UnixTime::from_millis),
            expire_duration_ms: row.expire_duration_ms,
            main_track: row.main_track.and_then(|main| main.parse().ok()),
            webrtc_viewer_limit: row.webrtc_viewer_limit,
            hls_viewer_limit: row.hls_viewer_limit,
            dash_viewer_limit: row.dash_viewer_limit,
            ephemeral: row.ephemeral,
            room: row.room,
            publish_protocol: row.publish_protocol.as_deref().and_then(Protocol::parse),
            started_at: row.started_at.map(UnixTime::from_millis),
            ended_at: row.ended_at.map(UnixTime::from_millis),
            updated_at: heard,
            other: row.other.as_object().cloned().unwrap_or_default(),
        })
    }
}

fn set(field: &mut Option<String>, value: Option<String>) {
    if value.is_some() {
        *field = value;
    }
}

fn has_source(other: &Value) -> bool {
    let source = other.get("streamUrl").and_then(Value::as_str).unwrap_or_default();
    ["rtsp://", "rtmp://", "rtmps://", "srt://", "http://", "https://", "udp://"]
        .iter()
        .any(|scheme| source.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

fn no_broadcast(stream_id: &str) -> ManageError {
    ManageError::problem_at(
        ProblemCode::NotFound,
        "streamId",
        format!("Broadcast with streamId: {stream_id} does not exist"),
    )
}

const STREAM_ID_INVALID: &str = "Stream id is not valid.";
/// Fields that only pass through must not become a store for anything.
const MOST_PASS_THROUGH_BYTES: usize = 65_536;
