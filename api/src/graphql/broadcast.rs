//! Broadcasts: the streams of an application, live or not.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use serde_json::{Map, Value};
use sluice_contract::{ApplicationName, StreamId};

use super::application::Application;
use super::block::PendingWorker;
use super::caller::Caller;
use super::connection::{connection, counter, map, page, page_cost};
use super::enums::{BroadcastOrderKey, BroadcastStatus, BroadcastType, Protocol};
use super::failure::{Answer, Problem, parse_at, payload, settle};
use super::id::GlobalId;
use super::live_stream::{BroadcastUrls, LiveStream};
use super::recording::{RecordingConnection, RecordingFilter, RecordingOrder, recordings};
use super::scalar::{DateTime, int};
use super::session::{ConnectionEventConnection, ConnectionEventFilter, Session, SessionConnection, SessionFilter};
use super::subscriber::{Subscriber, SubscriberConnection, SubscriberFilter, changed, connection_events};
use super::token::{Token, TokenConnection, TokenFilter};
use crate::manage::{self, BroadcastChanges, ManageError};

/// One stream of an application, live or not.
pub struct Broadcast {
    pub application: manage::Application,
    pub record: manage::Broadcast,
}

impl Broadcast {
    /// The record that another object refers to.
    pub async fn load(ctx: &Context<'_>, application: &ApplicationName, stream_id: &StreamId) -> Option<Answer<Self>> {
        let load = async { Caller::of(ctx)?.broadcast(application, stream_id).await };
        let found = load.await.transpose()?;
        Some(found.map(|(application, record)| Self { application, record }))
    }
}

/// One stream of an application, live or not.
#[Object]
impl Broadcast {
    /// The global id, for caches and `node`.
    pub async fn id(&self) -> ID {
        GlobalId::Broadcast(self.record.application.clone(), self.record.id).encode()
    }

    /// The application that it belongs to.
    async fn application(&self) -> Application {
        Application(self.application.clone())
    }

    /// Its name in addresses, unique within the application.
    async fn stream_id(&self) -> &str {
        self.record.stream_id.as_str()
    }

    /// A name for people; null if none was given.
    async fn name(&self) -> Option<&str> {
        self.record.name.as_deref()
    }

    /// A description for people; null if none was given.
    async fn description(&self) -> Option<&str> {
        self.record.description.as_deref()
    }

    /// A text of the application's own, which the server only keeps.
    async fn metadata(&self) -> Option<&str> {
        self.record.metadata.as_deref()
    }

    /// Where its media comes from.
    #[graphql(name = "type")]
    async fn kind(&self) -> BroadcastType {
        self.record.kind.into()
    }

    /// Where it stands. A publisher not heard of for 20 seconds counts as lost.
    async fn status(&self) -> BroadcastStatus {
        self.record.status.into()
    }

    /// When its record was created.
    async fn created_at(&self) -> DateTime {
        self.record.created_at.into()
    }

    /// The begin of its planned window. Publishing is refused outside of the window when both ends are set.
    async fn planned_start(&self) -> Option<DateTime> {
        self.record.planned_start.map(Into::into)
    }

    /// The end of its planned window.
    async fn planned_end(&self) -> Option<DateTime> {
        self.record.planned_end.map(Into::into)
    }

    /// Publishing is refused from this time on; null for never.
    async fn expires_at(&self) -> Option<DateTime> {
        let duration_ms = self.record.expire_duration_ms;
        (duration_ms > 0).then(|| self.record.created_at.plus_millis(duration_ms).into())
    }

    /// Whether an address is set that the server pulls it from. The address may hold a password and cannot be read.
    async fn has_source(&self) -> bool {
        self.record.other.get("streamUrl").and_then(Value::as_str).is_some_and(|url| !url.is_empty())
    }

    /// The webhook that is told what happens to this broadcast alone; null for the application's.
    #[graphql(name = "listenerHookURL")]
    async fn listener_hook_url(&self) -> Option<&str> {
        self.record.other.get("listenerHookURL").and_then(Value::as_str).filter(|url| !url.is_empty())
    }

    /// The broadcast that this one is a track of; null if it stands alone.
    async fn main_track(&self) -> Option<&str> {
        self.record.main_track.as_ref().map(|id| id.as_str())
    }

    /// Most WebRTC viewers at a time; null for no limit.
    #[graphql(name = "webRTCViewerLimit")]
    async fn webrtc_viewer_limit(&self) -> Option<i32> {
        limit(self.record.webrtc_viewer_limit)
    }

    /// Most HLS viewers at a time; null for no limit.
    async fn hls_viewer_limit(&self) -> Option<i32> {
        limit(self.record.hls_viewer_limit)
    }

    /// Most DASH viewers at a time; null for no limit.
    async fn dash_viewer_limit(&self) -> Option<i32> {
        limit(self.record.dash_viewer_limit)
    }

    /// Whether it was made by publishing an undefined stream. Such a record is deleted when the publisher leaves.
    async fn ephemeral(&self) -> bool {
        self.record.ephemeral
    }

    /// Whether it only gathers others, its tracks, and nobody publishes it.
    async fn room(&self) -> bool {
        self.record.room
    }

    /// Its part in a room, a word of the application's own; null if none was given.
    async fn role(&self) -> Option<&str> {
        self.record.role()
    }

    /// How it is or was last published; null if it never was.
    async fn publish_protocol(&self) -> Option<Protocol> {
        self.record.publish_protocol.map(Into::into)
    }

    /// When it last went live; null if it never was.
    async fn started_at(&self) -> Option<DateTime> {
        self.record.started_at.map(Into::into)
    }

    /// When it last went off air; null if it never did.
    async fn ended_at(&self) -> Option<DateTime> {
        self.record.ended_at.map(Into::into)
    }

    /// What is on air now; null when nothing is.
    async fn live(&self, ctx: &Context<'_>) -> Option<Answer<LiveStream>> {
        let live = Caller::of(ctx).map(|caller| caller.api().live_stream(&self.application, &self.record.stream_id));
        Some(live.transpose()?.map(|record| LiveStream { application: self.application.clone(), record }))
    }

    /// Where to publish and to play it. The addresses carry no credentials.
    async fn urls(&self, ctx: &Context<'_>) -> Answer<BroadcastUrls> {
        let caller = Caller::of(ctx)?;
        let rtmp_port = caller.api().config().rtmp_port;
        Ok(BroadcastUrls::of(caller.origin(), rtmp_port, &self.application, &self.record.stream_id))
    }

    /// Its registered subscribers, in order of creation.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn subscribers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which to list; all when left out.")] filter: Option<SubscriberFilter>,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<SubscriberConnection> {
        let api = Caller::of(ctx)?.api().clone();
        let (application, stream_id) = (self.application.clone(), self.record.stream_id.clone());
        let filter = manage::SubscriberFilter::from(filter.unwrap_or_default());
        let slice = api.subscribers(&application, &stream_id, filter.clone(), page(first, after)?).await?;
        let slice = map(slice, |record| Subscriber { application: application.clone(), record });
        let count = counter(move || {
            let (api, application) = (api.clone(), application.clone());
            let (stream_id, filter) = (stream_id.clone(), filter.clone());
            async move { api.count_subscribers(&application, &stream_id, filter).await }
        });
        Ok(SubscriberConnection::new(slice, count))
    }

    /// One registered subscriber; null if there is none of this name.
    async fn subscriber(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subscriber's name within the broadcast.")] subscriber_id: String,
    ) -> Option<Answer<Subscriber>> {
        let subscriber_id = subscriber_id.parse().ok()?;
        Subscriber::load(ctx, &self.record.application, &self.record.stream_id, &subscriber_id).await
    }

    /// Its sessions, open ones and ended ones that are still kept; the newest first.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which to list; all when left out.")] filter: Option<SessionFilter>,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<SessionConnection> {
        let api = Caller::of(ctx)?.api().clone();
        let application = self.application.clone();
        let filter = manage::SessionFilter {
            stream_id: Some(self.record.stream_id.clone()),
            ..filter.unwrap_or_default().read()?
        };
        let slice = api.sessions(&application, filter.clone(), page(first, after)?).await?;
        let slice = map(slice, |record| Session { application: application.clone(), record });
        let count = counter(move || {
            let (api, application, filter) = (api.clone(), application.clone(), filter.clone());
            async move { api.count_sessions(&application, filter).await }
        });
        Ok(SessionConnection::new(slice, count))
    }

    /// Its one-time tokens, in order of creation; never the tokens themselves.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which to list; all when left out.")] filter: Option<TokenFilter>,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<TokenConnection> {
        let api = Caller::of(ctx)?.api().clone();
        let (application, stream_id) = (self.application.clone(), self.record.stream_id.clone());
        let filter = manage::TokenFilter::from(filter.unwrap_or_default());
        let slice = api.tokens(&application, &stream_id, filter.clone(), page(first, after)?).await?;
        let slice = map(slice, |record| Token { application: application.clone(), record });
        let count = counter(move || {
            let (api, application) = (api.clone(), application.clone());
            let (stream_id, filter) = (stream_id.clone(), filter.clone());
            async move { api.count_tokens(&application, &stream_id, filter).await }
        });
        Ok(TokenConnection::new(slice, count))
    }

    /// Its recordings. They stay when the broadcast is deleted, and are listed with its application then.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn recordings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which to list; all when left out.")] filter: Option<RecordingFilter>,
        #[graphql(desc = "In which order; in that in which they ended when left out.")] order_by: Option<
            RecordingOrder,
        >,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<RecordingConnection> {
        let stream_id = Some(self.record.stream_id.to_string());
        recordings(ctx, &self.application, stream_id, filter, order_by, first, after).await
    }

    /// When its subscribers came and went, the newest first.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn connection_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which to list; all when left out.")] filter: Option<ConnectionEventFilter>,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<ConnectionEventConnection> {
        let filter = filter.unwrap_or_default().read(self.record.stream_id.clone())?;
        connection_events(ctx, &self.application, filter, first, after).await
    }
}

/// Fields that have no column of their own. An empty text takes one away.
fn other(source_url: Option<String>, listener_hook_url: Option<String>) -> Map<String, Value> {
    let named = [("streamUrl", source_url), ("listenerHookURL", listener_hook_url)];
    named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?)))).collect()
}

fn limit(viewers: i64) -> Option<i32> {
    (viewers >= 0).then(|| int(viewers))
}

connection! {
    /// One page of broadcasts.
    BroadcastConnection,
    /// A broadcast with its place in the list.
    BroadcastEdge,
    Broadcast
}

/// Which broadcasts to list.
#[derive(InputObject, Default)]
pub struct BroadcastFilter {
    /// A part of the stream id or the name, in any case.
    search: Option<String>,
    /// Of this status alone.
    status: Option<BroadcastStatus>,
    /// Of this type alone.
    #[graphql(name = "type")]
    kind: Option<BroadcastType>,
    /// Tracks of this broadcast alone.
    main_track: Option<String>,
    /// Rooms alone, or all but rooms.
    room: Option<bool>,
}

impl BroadcastFilter {
    pub fn read(self) -> manage::Outcome<manage::BroadcastFilter> {
        Ok(manage::BroadcastFilter {
            search: self.search,
            kind: self.kind.map(Into::into),
            status: self.status.map(Into::into),
            main_track: self.main_track.map(|id| parse_at("filter.mainTrack", &id)).transpose()?,
            room: self.room,
        })
    }
}

/// In which order broadcasts are listed.
#[derive(InputObject, Default)]
pub struct BroadcastOrder {
    /// What to order by.
    #[graphql(default)]
    by: BroadcastOrderKey,
    /// The last first.
    #[graphql(default)]
    descending: bool,
}

impl From<BroadcastOrder> for manage::BroadcastOrder {
    fn from(order: BroadcastOrder) -> Self {
        Self { key: order.by.into(), descending: order.descending }
    }
}

/// What `createBroadcast` takes.
#[derive(InputObject)]
pub struct CreateBroadcastInput {
    /// The application's name.
    application: String,
    /// The name in addresses: letters, digits, dot, dash and underscore. One is made when left out.
    stream_id: Option<String>,
    /// Where the media comes from; a publisher when left out.
    #[graphql(name = "type")]
    kind: Option<BroadcastType>,
    /// A name for people.
    name: Option<String>,
    /// A description for people.
    description: Option<String>,
    /// A text of your own, which the server only keeps.
    metadata: Option<String>,
    /// The begin of the planned window. It counts when both ends are set.
    planned_start: Option<DateTime>,
    /// The end of the planned window.
    planned_end: Option<DateTime>,
    /// Publishing is refused this long after creation, milliseconds; never when left out.
    #[graphql(validator(minimum = 0))]
    expire_duration_ms: Option<i64>,
    /// The broadcast that this one is a track of.
    main_track: Option<String>,
    /// It only gathers others, its tracks.
    #[graphql(default)]
    room: bool,
    /// What the server pulls it from, for the types `IP_CAMERA` and `STREAM_SOURCE`. Write only.
    source_url: Option<String>,
    /// The webhook that is told what happens to this broadcast alone.
    #[graphql(name = "listenerHookURL")]
    listener_hook_url: Option<String>,
    /// Most WebRTC viewers at a time; -1 for no limit.
    #[graphql(name = "webRTCViewerLimit")]
    webrtc_viewer_limit: Option<i32>,
    /// Most HLS viewers at a time; -1 for no limit.
    hls_viewer_limit: Option<i32>,
    /// Most DASH viewers at a time; -1 for no limit.
    dash_viewer_limit: Option<i32>,
}

/// What `updateBroadcast` takes. What is left out stays as it is.
#[derive(InputObject)]
pub struct UpdateBroadcastInput {
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// A name for people.
    name: Option<String>,
    /// A description for people.
    description: Option<String>,
    /// A text of your own, which the server only keeps.
    metadata: Option<String>,
    /// The begin of the planned window; null takes it away.
    planned_start: MaybeUndefined<DateTime>,
    /// The end of the planned window; null takes it away.
    planned_end: MaybeUndefined<DateTime>,
    /// The broadcast that this one is a track of; null takes it away.
    main_track: MaybeUndefined<String>,
    /// What the server pulls it from; null takes it away. Write only.
    source_url: MaybeUndefined<String>,
    /// The webhook that is told what happens to this broadcast alone; null takes it away.
    #[graphql(name = "listenerHookURL")]
    listener_hook_url: MaybeUndefined<String>,
    /// Most WebRTC viewers at a time; -1 for no limit.
    #[graphql(name = "webRTCViewerLimit")]
    webrtc_viewer_limit: Option<i32>,
    /// Most HLS viewers at a time; -1 for no limit.
    hls_viewer_limit: Option<i32>,
    /// Most DASH viewers at a time; -1 for no limit.
    dash_viewer_limit: Option<i32>,
}

/// What `deleteBroadcasts` takes.
#[derive(InputObject)]
pub struct DeleteBroadcastsInput {
    /// The application's name.
    application: String,
    /// The streams, at most 250.
    #[graphql(validator(min_items = 1, max_items = 250))]
    stream_ids: Vec<String>,
    /// Delete their tracks too.
    #[graphql(default)]
    with_tracks: bool,
}

/// What `stopBroadcast` takes.
#[derive(InputObject)]
pub struct StopBroadcastInput {
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// Stop the publishers of its tracks too.
    #[graphql(default)]
    with_tracks: bool,
}

/// The new broadcast.
#[derive(Default, SimpleObject)]
pub struct CreateBroadcastPayload {
    /// The broadcast; null if none was created.
    broadcast: Option<Broadcast>,
    /// Why none was created; empty if it was.
    problems: Vec<Problem>,
}

/// The broadcast as it stands after the change.
#[derive(Default, SimpleObject)]
pub struct UpdateBroadcastPayload {
    /// The broadcast; null if nothing was changed.
    broadcast: Option<Broadcast>,
    /// Why nothing was changed; empty if it was.
    problems: Vec<Problem>,
}

/// What the deletion did. Live streams were ended first; subscribers and blocks stay.
#[derive(Default, SimpleObject)]
pub struct DeleteBroadcastsPayload {
    /// The streams that were deleted.
    deleted_stream_ids: Vec<String>,
    /// Why the others were not; empty if all were.
    problems: Vec<Problem>,
}

/// What stopping did.
#[derive(Default, SimpleObject)]
pub struct StopBroadcastPayload {
    /// The broadcast; null if nothing was stopped, or if its record ended with it.
    broadcast: Option<Broadcast>,
    /// Sessions that were closed.
    sessions_stopped: i32,
    /// Workers that confirmed it.
    workers_acknowledged: i32,
    /// Workers that did not confirm it within a second.
    workers_pending: Vec<PendingWorker>,
    /// Why nothing was stopped; empty if it was.
    problems: Vec<Problem>,
}

payload!(CreateBroadcastPayload, UpdateBroadcastPayload, DeleteBroadcastsPayload, StopBroadcastPayload);

#[derive(Default)]
pub struct BroadcastMutation;

#[Object]
impl BroadcastMutation {
    /// Creates the record of a stream. Needs the operator role.
    async fn create_broadcast(&self, ctx: &Context<'_>, input: CreateBroadcastInput) -> Answer<CreateBroadcastPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let new = manage::NewBroadcast {
                    stream_id: input.stream_id,
                    kind: input.kind.map(Into::into),
                    expire_duration_ms: input.expire_duration_ms.unwrap_or(0),
                    room: input.room,
                    fields: BroadcastChanges {
                        name: input.name,
                        description: input.description,
                        metadata: input.metadata,
                        planned_start: input.planned_start.map(|time| Some(time.0)),
                        planned_end: input.planned_end.map(|time| Some(time.0)),
                        main_track: input.main_track,
                        webrtc_viewer_limit: input.webrtc_viewer_limit.map(Into::into),
                        hls_viewer_limit: input.hls_viewer_limit.map(Into::into),
                        dash_viewer_limit: input.dash_viewer_limit.map(Into::into),
                        other: other(input.source_url, input.listener_hook_url),
                    },
                };
                let record = caller.api().create_broadcast(&application, new).await?;
                Ok(CreateBroadcastPayload { broadcast: Some(Broadcast { application, record }), problems: Vec::new() })
            }
            .await,
        )
    }

    /// Changes the record of a stream. Needs the operator role.
    async fn update_broadcast(&self, ctx: &Context<'_>, input: UpdateBroadcastInput) -> Answer<UpdateBroadcastPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let changes = BroadcastChanges {
                    name: input.name,
                    description: input.description,
                    metadata: input.metadata,
                    planned_start: changed(input.planned_start).map(|time| time.map(|time| time.0)),
                    planned_end: changed(input.planned_end).map(|time| time.map(|time| time.0)),
                    main_track: changed(input.main_track).map(Option::unwrap_or_default),
                    webrtc_viewer_limit: input.webrtc_viewer_limit.map(Into::into),
                    hls_viewer_limit: input.hls_viewer_limit.map(Into::into),
                    dash_viewer_limit: input.dash_viewer_limit.map(Into::into),
                    other: other(
                        changed(input.source_url).map(Option::unwrap_or_default),
                        changed(input.listener_hook_url).map(Option::unwrap_or_default),
                    ),
                };
                let record = caller.api().update_broadcast(&application, &input.stream_id, changes).await?;
                Ok(UpdateBroadcastPayload { broadcast: Some(Broadcast { application, record }), problems: Vec::new() })
            }
            .await,
        )
    }

    /// Ends streams if they are live and deletes their records. Subscribers and blocks stay. Each is tried by itself.
    /// Needs the operator role.
    async fn delete_broadcasts(
        &self,
        ctx: &Context<'_>,
        input: DeleteBroadcastsInput,
    ) -> Answer<DeleteBroadcastsPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let mut payload = DeleteBroadcastsPayload::default();
                for (index, stream_id) in input.stream_ids.into_iter().enumerate() {
                    match caller.api().delete_broadcast(&application, &stream_id, input.with_tracks).await {
                        Ok(_) => payload.deleted_stream_ids.push(stream_id),
                        Err(ManageError::Problem(problem)) => {
                            payload.problems.push(problem.at(format!("streamIds.{index}")).into());
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok(payload)
            }
            .await,
        )
    }

    /// Ends the publisher of a stream. It may come back: stopping is no block. Needs the operator role.
    async fn stop_broadcast(&self, ctx: &Context<'_>, input: StopBroadcastInput) -> Answer<StopBroadcastPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let outcome = caller.api().stop_broadcast(&application, &input.stream_id, input.with_tracks).await?;
                let record = caller.api().broadcast(&application, &input.stream_id).await?;
                Ok(StopBroadcastPayload {
                    broadcast: record.map(|record| Broadcast { application, record }),
                    sessions_stopped: int(outcome.sessions_stopped),
                    workers_acknowledged: int(outcome.workers_acknowledged),
                    workers_pending: outcome.workers_pending.into_iter().map(Into::into).collect(),
                    problems: Vec::new(),
                })
            }
            .await,
        )
    }
}
