//! Recordings: files of what was live.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};

use super::broadcast::Broadcast;
use super::caller::Caller;
use super::connection::{connection, counter, map, page};
use super::failure::{Answer, Problem, payload, settle};
use super::id::GlobalId;
use super::scalar::{DateTime, Long};
use crate::manage::{self, ManageError, ProblemCode, RecordingChange};

/// A file of what was live, complete.
pub struct Recording {
    pub application: manage::Application,
    pub record: manage::Recording,
}

/// A file of what was live, complete.
#[Object]
impl Recording {
    /// The global id, for caches and `node`.
    pub async fn id(&self) -> ID {
        GlobalId::Recording(self.record.application.clone(), self.record.id).encode()
    }

    /// The application of the stream.
    async fn application(&self) -> super::application::Application {
        super::application::Application(self.application.clone())
    }

    /// Its name for programs, 24 letters and digits, as webhooks and REST have it.
    async fn vod_id(&self) -> &str {
        self.record.vod_id.as_str()
    }

    /// The stream that was recorded. Who may play it may play the recording.
    async fn stream_id(&self) -> &str {
        self.record.stream_id.as_str()
    }

    /// What the stream was called then; null if it had no name.
    async fn stream_name(&self) -> Option<&str> {
        self.record.stream_name.as_deref()
    }

    /// The stream's record; null if there is none any more.
    async fn broadcast(&self, ctx: &Context<'_>) -> Option<Answer<Broadcast>> {
        Broadcast::load(ctx, &self.application.name, &self.record.stream_id).await
    }

    /// The file's name, with its extension.
    async fn file_name(&self) -> &str {
        &self.record.file_name
    }

    /// Where it is played. The address carries no credentials.
    async fn url(&self, ctx: &Context<'_>) -> Answer<String> {
        Ok(format!("{}/{}/{}", Caller::of(ctx)?.origin().base(), self.application.name, self.record.path()))
    }

    /// The file's size in bytes.
    async fn size_bytes(&self) -> Long {
        self.record.bytes.into()
    }

    /// How long it plays, milliseconds.
    async fn duration_ms(&self) -> Long {
        self.record.duration_ms.into()
    }

    /// When the recording began, or its stream came.
    async fn started_at(&self) -> DateTime {
        self.record.started_at.into()
    }

    /// When it was complete.
    async fn created_at(&self) -> DateTime {
        self.record.created_at.into()
    }
}

connection! {
    /// One page of recordings.
    RecordingConnection,
    /// A recording with its place in the list.
    RecordingEdge,
    Recording
}

/// Which recordings to list.
#[derive(InputObject, Default)]
pub struct RecordingFilter {
    /// A part of the id, of the file's name, or of the stream's id or name, in any case.
    search: Option<String>,
}

/// What a list of recordings can be in order of.
#[derive(Enum, Copy, Clone, PartialEq, Eq)]
pub enum RecordingOrderKey {
    /// When they were complete.
    CreatedAt,
    /// Their files' names.
    Name,
}

/// The order of recordings.
#[derive(InputObject)]
pub struct RecordingOrder {
    /// By what.
    key: RecordingOrderKey,
    /// From the end.
    #[graphql(default)]
    descending: bool,
}

impl From<RecordingOrder> for manage::RecordingOrder {
    fn from(order: RecordingOrder) -> Self {
        let key = match order.key {
            RecordingOrderKey::CreatedAt => manage::RecordingOrderKey::CreatedAt,
            RecordingOrderKey::Name => manage::RecordingOrderKey::Name,
        };
        Self { key, descending: order.descending }
    }
}

/// The recordings of an application, or of one of its streams.
pub async fn recordings(
    ctx: &Context<'_>,
    application: &manage::Application,
    stream_id: Option<String>,
    filter: Option<RecordingFilter>,
    order_by: Option<RecordingOrder>,
    first: Option<i32>,
    after: Option<String>,
) -> Answer<RecordingConnection> {
    let api = Caller::of(ctx)?.api().clone();
    let application = application.clone();
    let search = filter.and_then(|filter| filter.search).filter(|search| !search.is_empty());
    let filter = manage::RecordingFilter { stream_id, search };
    let order = order_by.map_or_else(manage::RecordingOrder::default, Into::into);
    let slice = api.recordings(&application, filter.clone(), order, page(first, after)?).await?;
    let slice = map(slice, |record| Recording { application: application.clone(), record });
    let count = counter(move || {
        let (api, application, filter) = (api.clone(), application.clone(), filter.clone());
        async move { api.count_recordings(&application, filter).await }
    });
    Ok(RecordingConnection::new(slice, count))
}

/// What `startRecording` takes.
#[derive(InputObject)]
pub struct StartRecordingInput {
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// What the file is to be called, without extension; the stream's id when left out.
    file_name: Option<String>,
}

/// What `stopRecording` takes.
#[derive(InputObject)]
pub struct StopRecordingInput {
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
}

/// What `deleteRecordings` takes.
#[derive(InputObject)]
pub struct DeleteRecordingsInput {
    /// The application's name.
    application: String,
    /// The recordings, at most 250.
    #[graphql(validator(max_items = 250))]
    vod_ids: Vec<String>,
}

/// A recording that begins.
#[derive(Default, SimpleObject)]
pub struct StartRecordingPayload {
    /// Its id, under which it is listed once it is complete. Null when the stream is not live: it will be recorded when it is.
    vod_id: Option<String>,
    /// Why it is not recorded; empty if it is or will be.
    problems: Vec<Problem>,
}

/// A recording that ends.
#[derive(Default, SimpleObject)]
pub struct StopRecordingPayload {
    /// Its id, under which it is listed in a moment. Null when the stream is not live: it will not be recorded when it is.
    vod_id: Option<String>,
    /// Why nothing ends; empty if it does.
    problems: Vec<Problem>,
}

/// What the deletion did.
#[derive(Default, SimpleObject)]
pub struct DeleteRecordingsPayload {
    /// The recordings that are gone, with their files.
    deleted_vod_ids: Vec<String>,
    /// Why the rest was not deleted; empty if everything was.
    problems: Vec<Problem>,
}

payload!(StartRecordingPayload, StopRecordingPayload, DeleteRecordingsPayload);

#[derive(Default)]
pub struct RecordingMutation;

#[Object]
impl RecordingMutation {
    /// Records a stream from its next segment on, and whenever it is live again, whatever its application does. Needs the
    /// operator role.
    async fn start_recording(&self, ctx: &Context<'_>, input: StartRecordingInput) -> Answer<StartRecordingPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let made = caller.api().set_recording(&application, &input.stream_id, true, input.file_name).await?;
                Ok(StartRecordingPayload { vod_id: vod_id(made), problems: Vec::new() })
            }
            .await,
        )
    }

    /// Ends the recording of a stream with the segment that is under way; it is not recorded any more, whatever its
    /// application does. Needs the operator role.
    async fn stop_recording(&self, ctx: &Context<'_>, input: StopRecordingInput) -> Answer<StopRecordingPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let made = caller.api().set_recording(&application, &input.stream_id, false, None).await?;
                Ok(StopRecordingPayload { vod_id: vod_id(made), problems: Vec::new() })
            }
            .await,
        )
    }

    /// Deletes recordings with their files. Each is tried by itself. Needs the operator role.
    async fn delete_recordings(
        &self,
        ctx: &Context<'_>,
        input: DeleteRecordingsInput,
    ) -> Answer<DeleteRecordingsPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let mut payload = DeleteRecordingsPayload::default();
                for (index, vod_id) in input.vod_ids.into_iter().enumerate() {
                    match caller.api().delete_recording(&application, &vod_id).await {
                        Ok(_) => payload.deleted_vod_ids.push(vod_id),
                        Err(ManageError::Problem(problem)) if problem.code != ProblemCode::Forbidden => {
                            payload.problems.push(problem.at(format!("vodIds.{index}")).into());
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok(payload)
            }
            .await,
        )
    }
}

fn vod_id(change: RecordingChange) -> Option<String> {
    match change {
        RecordingChange::Made { vod_id, .. } => Some(vod_id.to_string()),
        RecordingChange::Kept => None,
    }
}
