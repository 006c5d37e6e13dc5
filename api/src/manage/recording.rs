//! Recordings: begun, listed, deleted.

use serde_json::Value;
use sluice_contract::message::{Command, MOST_RECORDINGS, RecordingOrder as Order};
use sluice_contract::{ApplicationName, StreamId, UnixTime, VodId};
use tracing::warn;
use uuid::Uuid;

use super::{Application, AuditRecord, Cursor, Entry, ManageError, Outcome, Page, ProblemCode, Role, Slice};
use crate::Api;
use crate::fleet::remove_files;
use crate::store::{self, StoreError, broadcasts, recordings, retried};

/// One complete recording.
#[derive(Debug, Clone)]
pub struct Recording {
    pub id: Uuid,
    pub application: ApplicationName,
    pub vod_id: VodId,
    pub stream_id: StreamId,
    /// What the stream was called when it was recorded.
    pub stream_name: Option<String>,
    /// With its extension.
    pub file_name: String,
    pub bytes: u64,
    pub duration_ms: u64,
    pub started_at: UnixTime,
    /// When it was complete.
    pub created_at: UnixTime,
}

impl Recording {
    /// Where it is played, below the application.
    pub fn path(&self) -> String {
        format!("streams/{}", self.file_name)
    }
}

#[derive(Debug, Clone, Default)]
pub struct RecordingFilter {
    pub stream_id: Option<String>,
    /// Case-insensitive part of an id or a name.
    pub search: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordingOrder {
    pub key: RecordingOrderKey,
    pub descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordingOrderKey {
    /// The order in which they ended.
    #[default]
    CreatedAt,
    /// By the file's name.
    Name,
}

/// Of all recordings of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingTotals {
    pub count: u64,
    pub bytes: u64,
}

/// What became of a wish to record a stream, or not to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingChange {
    /// The stream is live: this recording began or is about to end.
    Made { vod_id: VodId, at: UnixTime },
    /// It is not: it will be recorded, or will not, when it is.
    Kept,
}

/// REST's word for whether a broadcast is recorded: 1 on, -1 off, 0 as the application.
pub(crate) const MP4_ENABLED: &str = "mp4Enabled";

impl Api {
    pub async fn recording(&self, application: &Application, vod_id: &str) -> Outcome<Option<Recording>> {
        let row = recordings::find(self.store().reader(), application.id, vod_id).await?;
        row.map(|row| recording_of_row(application, row)).transpose()
    }

    pub async fn recording_by_id(&self, application: &Application, id: Uuid) -> Outcome<Option<Recording>> {
        let row = recordings::find_by_id(self.store().reader(), application.id, id).await?;
        row.map(|row| recording_of_row(application, row)).transpose()
    }

    pub async fn recordings(
        &self,
        application: &Application,
        filter: RecordingFilter,
        order: RecordingOrder,
        page: Page,
    ) -> Outcome<Slice<Recording>> {
        let rows = recordings::list(self.store().reader(), application.id, &filter, order, &page).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let key = match order.key {
                RecordingOrderKey::CreatedAt => None,
                RecordingOrderKey::Name => Some(row.file_name.clone()),
            };
            let cursor = Cursor { id: row.id, key };
            entries.push(Entry { cursor, node: recording_of_row(application, row)? });
        }
        Ok(Slice::of(&page, entries, |entry| entry))
    }

    pub async fn count_recordings(&self, application: &Application, filter: RecordingFilter) -> Outcome<u64> {
        Ok(recordings::count(self.store().reader(), application.id, &filter).await?)
    }

    pub async fn recording_totals(&self, application: &Application) -> Outcome<RecordingTotals> {
        let (count, bytes) = recordings::totals(self.store().reader(), application.id).await?;
        Ok(RecordingTotals { count, bytes })
    }

    /// Deletes one recording with its file. Where the worker that has the file is away, the file goes when it is back; until
    /// then nobody finds the recording any more.
    ///
    /// # Errors
    /// `not-found`, `forbidden`.
    pub async fn delete_recording(&self, application: &Application, vod_id: &str) -> Outcome<Recording> {
        application.require(Role::Operator)?;
        let found = self.recording(application, vod_id).await?.ok_or_else(|| no_recording(vod_id))?;
        if !recordings::mark_deleted(self.store().writer(), found.id, self.now().as_millis()).await? {
            return Err(no_recording(vod_id));
        }
        let mut record = AuditRecord::action_on(self, "delete-recording", application, &found.stream_id);
        record.detail = Some(format!("{} ({})", found.file_name, found.vod_id));
        self.record(record);
        let file = vec![(found.vod_id.clone(), found.file_name.clone())];
        remove_files(self, application.id, &application.name, file).await?;
        Ok(found)
    }

    /// All recordings of an application that is about to be deleted.
    pub(super) async fn all_recordings(&self, application: &Application) -> Outcome<Vec<(VodId, String)>> {
        let mut after = None;
        let mut all = Vec::new();
        loop {
            let page = Page::After { after, first: MOST_RECORDINGS as u64 };
            let filter = RecordingFilter::default();
            let slice = self.recordings(application, filter, RecordingOrder::default(), page).await?;
            after = slice.entries.last().map(|entry| entry.cursor.clone());
            let has_next = slice.has_next;
            all.extend(slice.into_nodes().into_iter().map(|found| (found.vod_id, found.file_name)));
            if !has_next {
                return Ok(all);
            }
        }
    }

    /// Has the files of an application removed that is deleted. What a worker that is away has of it stays where it is, and
    /// is served to nobody: it is older than any application of that name can be.
    pub(super) async fn remove_recordings(&self, application: &Application, recordings: Vec<(VodId, String)>) {
        for files in recordings.chunks(MOST_RECORDINGS) {
            if let Err(error) = remove_files(self, application.id, &application.name, files.to_vec()).await {
                warn!(%error, application.name = %application.name, "files of a deleted application's recordings are still there");
            }
        }
    }

    /// Begins or ends the recording of a live stream; of any other the wish is kept. Either holds for its next publishers too.
    ///
    /// # Errors
    /// `not-found`; `conflict` when it is in that state already, or its worker has no room; `forbidden`.
    pub async fn set_recording(
        &self,
        application: &Application,
        stream_id: &str,
        on: bool,
        file_name: Option<String>,
    ) -> Outcome<RecordingChange> {
        application.require(Role::Operator)?;
        let found = self.broadcast(application, stream_id).await?;
        let broadcast = found.ok_or_else(|| {
            ManageError::problem_at(ProblemCode::NotFound, "streamId", "the application has no such stream")
        })?;
        // Also when it cannot be done now: what was asked for holds the next time.
        self.keep_recording_wish(application, stream_id, on).await?;
        let change = if self.is_live(application, &broadcast) {
            let at = self.now();
            let order = on.then(|| Order { vod: VodId::of(Uuid::new_v4()), at, file_name });
            let command = Command::Record {
                application: application.name.clone(),
                stream_id: broadcast.stream_id.clone(),
                order,
            };
            let made = self.fleet().send(command).await.acknowledged().await.recordings;
            let vod_id = made.into_iter().next().ok_or_else(|| {
                ManageError::problem(ProblemCode::Conflict, "mp4 recording couldn't be started/stopped")
            })?;
            RecordingChange::Made { vod_id, at }
        } else {
            RecordingChange::Kept
        };
        let code = if on { "start-recording" } else { "stop-recording" };
        self.record(AuditRecord::action_on(self, code, application, &broadcast.stream_id));
        Ok(change)
    }

    async fn keep_recording_wish(&self, application: &Application, stream_id: &str, on: bool) -> Outcome<()> {
        retried(async || {
            let transaction = self.store().transaction().await?;
            // It may have ended, and its record with it.
            if let Some(mut row) = broadcasts::find_to_change(&transaction, application.id, stream_id).await? {
                if !row.other.is_object() {
                    row.other = Value::Object(serde_json::Map::new());
                }
                row.other[MP4_ENABLED] = Value::from(if on { 1 } else { -1 });
                broadcasts::update(&transaction, row).await?;
            }
            store::commit(transaction).await?;
            Ok::<_, ManageError>(())
        })
        .await
    }
}

fn recording_of_row(application: &Application, row: recordings::Model) -> Outcome<Recording> {
    Ok(Recording {
        id: row.id,
        application: application.name.clone(),
        vod_id: row.vod_id.parse().map_err(|_| StoreError::Corrupt("VoD id"))?,
        stream_id: row.stream_id.parse().map_err(|_| StoreError::Corrupt("stream id"))?,
        stream_name: row.stream_name,
        file_name: row.file_name,
        bytes: u64::try_from(row.bytes).unwrap_or(0),
        duration_ms: u64::try_from(row.duration_ms).unwrap_or(0),
        started_at: UnixTime::from_millis(row.started_at),
        created_at: UnixTime::from_millis(row.created_at),
    })
}

fn no_recording(vod_id: &str) -> ManageError {
    ManageError::problem_at(ProblemCode::NotFound, "vodId", format!("There is no VoD {vod_id}"))
}
