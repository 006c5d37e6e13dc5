//! Broadcasts: the streams of an application, live or not.

use serde_json::{Map, Value};
use sluice_contract::{ApplicationName, Protocol, StreamId, UnixTime};
use uuid::Uuid;

use super::problem::provisional;
use super::{Application, ControlOutcome, Outcome, Page, Slice};
use crate::Api;

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
    "virtual",
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

impl Api {
    /// # Errors
    /// `invalid` or `already-exists` stream id, `invalid` sub-folder or source address, `forbidden`.
    pub async fn create_broadcast(&self, _application: &Application, _new: NewBroadcast) -> Outcome<Broadcast> {
        provisional()
    }

    pub async fn broadcast(&self, _application: &Application, _stream_id: &str) -> Outcome<Option<Broadcast>> {
        provisional()
    }

    /// Several at once, in no order; unknown ones are left out. For loaders.
    pub async fn broadcasts_by_stream_ids(
        &self,
        _application: &Application,
        _stream_ids: &[StreamId],
    ) -> Outcome<Vec<Broadcast>> {
        provisional()
    }

    pub async fn broadcast_by_id(&self, _application: &Application, _id: Uuid) -> Outcome<Option<Broadcast>> {
        provisional()
    }

    pub async fn broadcasts(
        &self,
        _application: &Application,
        _filter: BroadcastFilter,
        _order: BroadcastOrder,
        _page: Page,
    ) -> Outcome<Slice<Broadcast>> {
        provisional()
    }

    pub async fn count_broadcasts(&self, _application: &Application, _filter: BroadcastFilter) -> Outcome<u64> {
        provisional()
    }

    /// # Errors
    /// `not-found`, `invalid`, `forbidden`.
    pub async fn update_broadcast(
        &self,
        _application: &Application,
        _stream_id: &str,
        _changes: BroadcastChanges,
    ) -> Outcome<Broadcast> {
        provisional()
    }

    /// Stops the stream if it is live, then removes the record, its subtracks too if asked. Subscribers, blocks and
    /// tokens are not part of the record and stay.
    ///
    /// # Errors
    /// `not-found`, `forbidden`.
    pub async fn delete_broadcast(
        &self,
        _application: &Application,
        _stream_id: &str,
        _with_subtracks: bool,
    ) -> Outcome<Deleted> {
        provisional()
    }

    /// Deletes several, and stops at the first that fails, whose problem it returns.
    ///
    /// # Errors
    /// `missing` without any id; those of [`delete_broadcast`](Self::delete_broadcast).
    pub async fn delete_broadcasts(&self, _application: &Application, _stream_ids: &[String]) -> Outcome<u64> {
        provisional()
    }

    /// Ends the publisher. It may come back: stopping is no block.
    ///
    /// # Errors
    /// `not-live`, `forbidden`.
    pub async fn stop_broadcast(&self, _application: &Application, _stream_id: &str) -> Outcome<ControlOutcome> {
        provisional()
    }
}
