//! Subscribers: named publishers and players of a broadcast, and their codes.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use sluice_contract::{ApplicationName, Secret, StreamId, SubscriberId};

use super::block::Block;
use super::broadcast::Broadcast;
use super::caller::Caller;
use super::connection::{SHORT_LIST, connection, counter, map, page, page_cost};
use super::enums::Operation;
use super::failure::{Answer, Problem, parse_at, payload, settle};
use super::id::GlobalId;
use super::scalar::{DateTime, Long, int};
use super::session::{ConnectionEvent, ConnectionEventConnection, Session};
use crate::manage::{self, ConnectionEventFilter, NewSubscriberSecret, SessionFilter, SubscriberChanges};

/// A named publisher or player of a broadcast, with an own secret for time-based codes or without one.
pub struct Subscriber {
    pub application: manage::Application,
    pub record: manage::Subscriber,
}

impl Subscriber {
    /// The record that another object refers to.
    pub async fn load(
        ctx: &Context<'_>,
        application: &ApplicationName,
        stream_id: &StreamId,
        subscriber: &SubscriberId,
    ) -> Option<Answer<Self>> {
        let load = async { Caller::of(ctx)?.subscriber(application, stream_id, subscriber).await };
        let found = load.await.transpose()?;
        Some(found.map(|(application, record)| Self { application, record }))
    }

    fn block(&self, ctx: &Context<'_>, operation: Operation) -> Option<Answer<Block>> {
        let until = match operation {
            Operation::Publish => self.record.publish_blocked_until,
            Operation::Play => self.record.play_blocked_until,
        }?;
        let block = sluice_contract::Block {
            application: self.record.application.clone(),
            stream_id: self.record.stream_id.clone(),
            subscriber: self.record.subscriber_id.clone(),
            operation: operation.into(),
            until,
        };
        Some(Caller::of(ctx).map(|caller| Block::new(caller, self.application.clone(), block)))
    }
}

/// A named publisher or player of a broadcast, with an own secret for time-based codes or without one.
#[Object]
impl Subscriber {
    /// The global id, for caches and `node`.
    pub async fn id(&self) -> ID {
        GlobalId::Subscriber(self.record.application.clone(), self.record.id).encode()
    }

    /// The broadcast; null if only the subscriber has a record.
    async fn broadcast(&self, ctx: &Context<'_>) -> Option<Answer<Broadcast>> {
        Broadcast::load(ctx, &self.record.application, &self.record.stream_id).await
    }

    /// The application of the stream.
    async fn application(&self) -> super::application::Application {
        super::application::Application(self.application.clone())
    }

    /// The stream, as people name it.
    async fn stream_id(&self) -> &str {
        self.record.stream_id.as_str()
    }

    /// The subscriber's name within the broadcast, which it shows when it connects.
    async fn subscriber_id(&self) -> &str {
        self.record.subscriber_id.as_str()
    }

    /// A name for people; null if none was given.
    async fn name(&self) -> Option<&str> {
        self.record.name.as_deref()
    }

    /// What it may do; publishers may also play. Null when it has no type: then it may play if it has a secret of its
    /// own, and both if its codes derive from the application's secrets.
    #[graphql(name = "type")]
    async fn kind(&self) -> Option<Operation> {
        self.record.operation.map(Into::into)
    }

    /// Whether it has a secret of its own. The secret itself cannot be read.
    async fn has_secret(&self) -> bool {
        self.record.has_secret
    }

    /// Length of a step of its own time-based codes, seconds.
    async fn totp_period_seconds(&self) -> i32 {
        int(self.record.totp_period_seconds)
    }

    /// Most connections at a time.
    async fn concurrent_connections_limit(&self) -> i32 {
        int(self.record.concurrent_connections_limit)
    }

    /// When its record was created.
    async fn created_at(&self) -> DateTime {
        self.record.created_at.into()
    }

    /// Whether it has an open session.
    async fn connected(&self) -> bool {
        self.record.is_connected()
    }

    /// Its open sessions over all workers.
    async fn current_connections(&self) -> i32 {
        int(self.record.current_connections)
    }

    /// Its open sessions, at most 250.
    #[graphql(complexity = "SHORT_LIST.saturating_mul(child_complexity.max(1))")]
    async fn sessions(&self, ctx: &Context<'_>) -> Answer<Vec<Session>> {
        let filter = SessionFilter {
            stream_id: Some(self.record.stream_id.clone()),
            subscriber_id: Some(self.record.subscriber_id.clone()),
            open: Some(true),
            ..SessionFilter::default()
        };
        let sessions = Caller::of(ctx)?.api().open_sessions(&self.application, &filter, MOST_SESSIONS);
        let wrap = |record| Session { application: self.application.clone(), record };
        Ok(sessions.into_iter().map(wrap).collect())
    }

    /// The block on its publishing; null while it may publish.
    async fn publish_block(&self, ctx: &Context<'_>) -> Option<Answer<Block>> {
        self.block(ctx, Operation::Publish)
    }

    /// The block on its playing; null while it may play.
    async fn play_block(&self, ctx: &Context<'_>) -> Option<Answer<Block>> {
        self.block(ctx, Operation::Play)
    }

    /// Video over its sessions, bits per second.
    async fn average_video_bitrate(&self) -> Long {
        self.record.average_video_bitrate_bps.into()
    }

    /// Audio over its sessions, bits per second.
    async fn average_audio_bitrate(&self) -> Long {
        self.record.average_audio_bitrate_bps.into()
    }

    /// When it came and went, the newest first.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn connection_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which to list; all of this subscriber when left out.")] filter: Option<
            super::session::ConnectionEventFilter,
        >,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<ConnectionEventConnection> {
        let filter = ConnectionEventFilter {
            subscriber_id: Some(self.record.subscriber_id.clone()),
            ..filter.unwrap_or_default().read(self.record.stream_id.clone())?
        };
        connection_events(ctx, &self.application, filter, first, after).await
    }
}

/// A page of connection events, for every object that has some.
pub async fn connection_events(
    ctx: &Context<'_>,
    application: &manage::Application,
    filter: ConnectionEventFilter,
    first: Option<i32>,
    after: Option<String>,
) -> Answer<ConnectionEventConnection> {
    let api = Caller::of(ctx)?.api().clone();
    let slice = api.connection_events(application, filter.clone(), page(first, after)?).await?;
    let slice = map(slice, |record| ConnectionEvent { application: application.clone(), record });
    let application = application.clone();
    let count = counter(move || {
        let (api, application, filter) = (api.clone(), application.clone(), filter.clone());
        async move { api.count_connection_events(&application, filter).await }
    });
    Ok(ConnectionEventConnection::new(slice, count))
}

/// More open sessions of one subscriber are not listed.
const MOST_SESSIONS: usize = 250;

connection! {
    /// One page of subscribers, in order of creation.
    SubscriberConnection,
    /// A subscriber with its place in the list.
    SubscriberEdge,
    Subscriber
}

/// Which subscribers to list.
#[derive(InputObject, Default)]
pub struct SubscriberFilter {
    /// A part of the id or the name, in any case.
    search: Option<String>,
    /// Those whose type is this one.
    #[graphql(name = "type")]
    operation: Option<Operation>,
}

impl From<SubscriberFilter> for manage::SubscriberFilter {
    fn from(filter: SubscriberFilter) -> Self {
        Self { search: filter.search, operation: filter.operation.map(Into::into) }
    }
}

/// What `createSubscriber` takes.
#[derive(InputObject)]
pub struct CreateSubscriberInput {
    /// The application's name.
    application: String,
    /// The stream; it need not have a record yet.
    stream_id: String,
    /// The subscriber's name within the stream.
    subscriber_id: String,
    /// A name for people.
    name: Option<String>,
    /// What it may do; publishers may also play.
    #[graphql(name = "type")]
    operation: Option<Operation>,
    /// Its secret in Base32. Left out, its codes derive from the application's secrets, unless one is generated.
    b32_secret: Option<String>,
    /// Generate a secret. It is shown once, in the answer.
    #[graphql(default)]
    generate_secret: bool,
    /// Length of a step of its codes, seconds; the application's period when left out.
    totp_period_seconds: Option<i32>,
    /// Most connections at a time; 1 when left out.
    concurrent_connections_limit: Option<i32>,
}

/// What `updateSubscriber` takes. What is left out stays as it is.
#[derive(InputObject)]
pub struct UpdateSubscriberInput {
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// The subscriber's name within the stream.
    subscriber_id: String,
    /// A name for people; null takes it away.
    name: MaybeUndefined<String>,
    /// What it may do; null takes the restriction away.
    #[graphql(name = "type")]
    operation: MaybeUndefined<Operation>,
    /// A new secret in Base32; null takes it away, so that codes derive from the application's secrets.
    b32_secret: MaybeUndefined<String>,
    /// Generate a new secret. It is shown once, in the answer.
    #[graphql(default)]
    generate_secret: bool,
    /// Length of a step of its codes, seconds.
    totp_period_seconds: Option<i32>,
    /// Most connections at a time.
    concurrent_connections_limit: Option<i32>,
}

/// What `deleteSubscribers` takes.
#[derive(InputObject)]
pub struct DeleteSubscribersInput {
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// Whom to delete, at most 250. Left out: all of the stream, and their connection events.
    #[graphql(validator(max_items = 250))]
    subscriber_ids: Option<Vec<String>>,
}

/// What `generateCode` takes. The subscriber need not have a record.
#[derive(InputObject)]
pub struct GenerateCodeInput {
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// The subscriber's name within the stream.
    subscriber_id: String,
    /// What the code is for. Needed unless the subscriber has a secret of its own.
    operation: Option<Operation>,
}

/// The new subscriber.
#[derive(Default, SimpleObject)]
pub struct CreateSubscriberPayload {
    /// The subscriber; null if none was created.
    subscriber: Option<Subscriber>,
    /// The generated secret in Base32. It is not shown again. Null if none was generated.
    secret: Option<String>,
    /// The same for authenticator apps (`otpauth://totp/…`).
    otpauth_url: Option<String>,
    /// Why none was created; empty if it was.
    problems: Vec<Problem>,
}

/// The subscriber as it stands after the change.
#[derive(Default, SimpleObject)]
pub struct UpdateSubscriberPayload {
    /// The subscriber; null if nothing was changed.
    subscriber: Option<Subscriber>,
    /// The generated secret in Base32. It is not shown again. Null if none was generated.
    secret: Option<String>,
    /// The same for authenticator apps (`otpauth://totp/…`).
    otpauth_url: Option<String>,
    /// Why nothing was changed; empty if it was.
    problems: Vec<Problem>,
}

/// What the deletion did. Sessions of deleted subscribers end; blocks stay.
#[derive(Default, SimpleObject)]
pub struct DeleteSubscribersPayload {
    /// Records that were deleted.
    deleted_count: i32,
    /// The ids that had a record and were deleted; empty when all of the stream were.
    deleted_subscriber_ids: Vec<String>,
    /// Why the rest was not deleted; empty if everything was.
    problems: Vec<Problem>,
}

/// A code that is valid now.
#[derive(Default, SimpleObject)]
pub struct GenerateCodePayload {
    /// Six digits; null if there is none.
    code: Option<String>,
    /// Length of a step, seconds.
    period_seconds: Option<i32>,
    /// The end of the code's own step. It is still accepted during the next one.
    step_ends_at: Option<DateTime>,
    /// Whether it derives from the application's secret instead of the subscriber's own.
    derived: Option<bool>,
    /// Why there is no code; empty if there is.
    problems: Vec<Problem>,
}

payload!(CreateSubscriberPayload, UpdateSubscriberPayload, DeleteSubscribersPayload, GenerateCodePayload);

#[derive(Default)]
pub struct SubscriberMutation;

#[Object]
impl SubscriberMutation {
    /// Registers a subscriber of a stream. Needs the operator role.
    async fn create_subscriber(
        &self,
        ctx: &Context<'_>,
        input: CreateSubscriberInput,
    ) -> Answer<CreateSubscriberPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let stream_id = parse_at("streamId", &input.stream_id)?;
                let secret = secret_of(input.b32_secret, input.generate_secret)?.unwrap_or_default();
                let new = manage::NewSubscriber {
                    subscriber_id: input.subscriber_id,
                    name: input.name,
                    secret,
                    operation: input.operation.map(Into::into),
                    totp_period_seconds: input.totp_period_seconds.map(Into::into),
                    concurrent_connections_limit: input.concurrent_connections_limit.map(Into::into),
                };
                let (record, revealed) = caller.api().create_subscriber(&application, &stream_id, new).await?;
                let (secret, otpauth_url) = show(revealed);
                let subscriber = Some(Subscriber { application, record });
                Ok(CreateSubscriberPayload { subscriber, secret, otpauth_url, problems: Vec::new() })
            }
            .await,
        )
    }

    /// Changes a subscriber. Needs the operator role.
    async fn update_subscriber(
        &self,
        ctx: &Context<'_>,
        input: UpdateSubscriberInput,
    ) -> Answer<UpdateSubscriberPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let stream_id = parse_at("streamId", &input.stream_id)?;
                let subscriber_id = parse_at("subscriberId", &input.subscriber_id)?;
                let secret = match input.b32_secret {
                    MaybeUndefined::Null if !input.generate_secret => Some(NewSubscriberSecret::None),
                    given => secret_of(given.take(), input.generate_secret)?,
                };
                let changes = SubscriberChanges {
                    name: changed(input.name),
                    secret,
                    operation: changed(input.operation).map(|operation| operation.map(Into::into)),
                    totp_period_seconds: input.totp_period_seconds.map(Into::into),
                    concurrent_connections_limit: input.concurrent_connections_limit.map(Into::into),
                };
                let (record, revealed) =
                    caller.api().update_subscriber(&application, &stream_id, &subscriber_id, changes).await?;
                let (secret, otpauth_url) = show(revealed);
                let subscriber = Some(Subscriber { application, record });
                Ok(UpdateSubscriberPayload { subscriber, secret, otpauth_url, problems: Vec::new() })
            }
            .await,
        )
    }

    /// Deletes subscribers of a stream and ends their sessions. Their blocks stay. Needs the operator role.
    async fn delete_subscribers(
        &self,
        ctx: &Context<'_>,
        input: DeleteSubscribersInput,
    ) -> Answer<DeleteSubscribersPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let stream_id = parse_at("streamId", &input.stream_id)?;
                let Some(subscriber_ids) = input.subscriber_ids else {
                    let deleted = caller.api().delete_all_subscribers(&application, &stream_id).await?;
                    return Ok(DeleteSubscribersPayload { deleted_count: int(deleted), ..Default::default() });
                };
                let mut deleted_subscriber_ids = Vec::new();
                let mut problems = Vec::new();
                for (index, text) in subscriber_ids.into_iter().enumerate() {
                    let path = format!("subscriberIds.{index}");
                    let delete = async {
                        let id = parse_at(&path, &text)?;
                        caller.api().delete_subscriber(&application, &stream_id, &id).await
                    };
                    match delete.await {
                        Ok(true) => deleted_subscriber_ids.push(text),
                        Ok(false) => problems.push(not_registered(&path).into()),
                        Err(manage::ManageError::Problem(problem)) => problems.push(problem.into()),
                        Err(error) => return Err(error),
                    }
                }
                let deleted_count = int(deleted_subscriber_ids.len());
                Ok(DeleteSubscribersPayload { deleted_count, deleted_subscriber_ids, problems })
            }
            .await,
        )
    }

    /// Makes a time-based code that is valid now, for a subscriber with or without a record. Needs the operator role.
    async fn generate_code(&self, ctx: &Context<'_>, input: GenerateCodeInput) -> Answer<GenerateCodePayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let stream_id = parse_at("streamId", &input.stream_id)?;
                let subscriber_id = parse_at("subscriberId", &input.subscriber_id)?;
                let operation = input.operation.map(|operation| sluice_contract::Operation::from(operation).as_str());
                let code = caller.api().generate_code(&application, &stream_id, &subscriber_id, operation).await?;
                Ok(GenerateCodePayload {
                    code: Some(code.code.expose().clone()),
                    period_seconds: Some(int(code.period_seconds)),
                    step_ends_at: Some(code.step_ends_at.into()),
                    derived: Some(code.derived),
                    problems: Vec::new(),
                })
            }
            .await,
        )
    }
}

/// The secret that an input asks for; `None` when it does not speak of one.
fn secret_of(b32_secret: Option<String>, generate: bool) -> manage::Outcome<Option<NewSubscriberSecret>> {
    match (b32_secret, generate) {
        (Some(_), true) => Err(manage::ManageError::problem_at(
            manage::ProblemCode::Conflict,
            "generateSecret",
            "a secret is either given or generated",
        )),
        (Some(secret), false) => Ok(Some(NewSubscriberSecret::Base32(Secret::new(secret)))),
        (None, true) => Ok(Some(NewSubscriberSecret::Generate)),
        (None, false) => Ok(None),
    }
}

fn show(revealed: Option<manage::RevealedSecret>) -> (Option<String>, Option<String>) {
    revealed.map_or((None, None), |secret| {
        (Some(secret.base32.expose().clone()), Some(secret.otpauth_url.expose().clone()))
    })
}

fn not_registered(path: &str) -> manage::Problem {
    manage::Problem::new(manage::ProblemCode::NotFound, "no subscriber of this id is registered").at(path)
}

/// Three states of an input as the managing functions take them.
pub fn changed<T>(input: MaybeUndefined<T>) -> Option<Option<T>> {
    match input {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}
