//! Blocks: what they are, how they are set and lifted, and how one watches them.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use sluice_contract as contract;

use super::broadcast::Broadcast;
use super::caller::Caller;
use super::connection::connection;
use super::enums::{BlockOperations, Operation};
use super::failure::{Answer, Problem, parse_at, payload, settle};
use super::id::GlobalId;
use super::scalar::{DateTime, int};
use super::subscriber::Subscriber;
use crate::manage::{self, BlockOutcome, BlockRequest};

/// Forbids one subscriber to publish or to play one stream until a time. It holds although the subscriber or the
/// stream has no record, and survives their deletion.
pub struct Block {
    pub application: manage::Application,
    pub record: contract::Block,
    pub is_active: bool,
}

impl Block {
    pub fn new(caller: &Caller, application: manage::Application, record: contract::Block) -> Self {
        let is_active = record.is_active(caller.api().now());
        Self { application, record, is_active }
    }
}

/// Forbids one subscriber to publish or to play one stream until a time. It holds although the subscriber or the
/// stream has no record, and survives their deletion.
#[Object]
impl Block {
    /// The global id, for caches and `node`.
    pub async fn id(&self) -> ID {
        let block = &self.record;
        let (application, stream) = (block.application.clone(), block.stream_id.clone());
        GlobalId::Block(application, stream, block.subscriber.clone(), block.operation).encode()
    }

    /// The application of the stream.
    async fn application(&self) -> super::application::Application {
        super::application::Application(self.application.clone())
    }

    /// The stream, as people name it.
    async fn stream_id(&self) -> &str {
        self.record.stream_id.as_str()
    }

    /// The subscriber, as people name it.
    async fn subscriber_id(&self) -> &str {
        self.record.subscriber.as_str()
    }

    /// The stream's record; null if there is none.
    async fn broadcast(&self, ctx: &Context<'_>) -> Option<Answer<Broadcast>> {
        Broadcast::load(ctx, &self.record.application, &self.record.stream_id).await
    }

    /// The subscriber's record; null if there is none.
    async fn subscriber(&self, ctx: &Context<'_>) -> Option<Answer<Subscriber>> {
        let block = &self.record;
        Subscriber::load(ctx, &block.application, &block.stream_id, &block.subscriber).await
    }

    /// What is forbidden.
    async fn operation(&self) -> Operation {
        self.record.operation.into()
    }

    /// The block holds before this time. It was lifted if this lies in the past.
    async fn until(&self) -> DateTime {
        self.record.until.into()
    }

    /// Whether the block holds now.
    async fn active(&self) -> bool {
        self.is_active
    }
}

connection! {
    /// One page of blocks, the newest first.
    BlockConnection,
    /// A block with its place in the list.
    BlockEdge,
    Block
}

/// A worker that has not confirmed a change yet. The change is stored, and reaches the worker as soon as it is heard
/// again; until then it may still enforce the older state on the sessions that it carries.
#[derive(SimpleObject)]
pub struct PendingWorker {
    /// The global id, as `Worker.id`.
    id: ID,
    /// Host and process, for people.
    name: String,
}

impl From<manage::PendingWorker> for PendingWorker {
    fn from(worker: manage::PendingWorker) -> Self {
        Self { id: GlobalId::Worker(worker.id).encode(), name: worker.name }
    }
}

/// What `blockSubscriber` takes. Neither the stream nor the subscriber needs a record.
#[derive(InputObject)]
pub struct BlockSubscriberInput {
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// Whom to block.
    subscriber_id: String,
    /// What to forbid; both when left out.
    #[graphql(default)]
    operation: BlockOperations,
    /// From now on. At most ten years; 0 lifts the block.
    #[graphql(validator(minimum = 0))]
    seconds: i64,
}

/// What `unblockSubscriber` takes.
#[derive(InputObject)]
pub struct UnblockSubscriberInput {
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// Whose block to lift.
    subscriber_id: String,
    /// What to allow again; both when left out.
    #[graphql(default)]
    operation: BlockOperations,
}

/// What a block did. When it arrives, the block is in force on every worker but the pending ones: its publishers are
/// off the air and its players receive nothing more.
#[derive(Default, SimpleObject)]
pub struct BlockSubscriberPayload {
    /// The block, when one operation was named; null when both were, or when nothing changed.
    block: Option<Block>,
    /// All blocks that were set, one for each operation.
    blocks: Vec<Block>,
    /// Publishing sessions that were closed.
    sessions_stopped: i32,
    /// Playing sessions that stay connected and receive nothing until the block ends.
    sessions_suspended: i32,
    /// Workers that confirmed the block as being in force.
    workers_acknowledged: i32,
    /// Workers that did not confirm it within a second.
    workers_pending: Vec<PendingWorker>,
    /// How long it took from the call until the last confirmation, milliseconds.
    took_ms: f64,
    /// Why nothing was blocked; empty if it was.
    problems: Vec<Problem>,
}

/// What lifting a block did. Suspended players resume by themselves, from a key frame.
#[derive(Default, SimpleObject)]
pub struct UnblockSubscriberPayload {
    /// The lifted block, when one operation was named; null when both were, or when nothing changed.
    block: Option<Block>,
    /// All lifted blocks, one for each operation.
    blocks: Vec<Block>,
    /// Playing sessions that receive media again.
    sessions_resumed: i32,
    /// Workers that confirmed the change.
    workers_acknowledged: i32,
    /// Workers that did not confirm it within a second.
    workers_pending: Vec<PendingWorker>,
    /// How long it took from the call until the last confirmation, milliseconds.
    took_ms: f64,
    /// Why nothing was lifted; empty if it was.
    problems: Vec<Problem>,
}

payload!(BlockSubscriberPayload, UnblockSubscriberPayload);

#[derive(Default)]
pub struct BlockMutation;

#[Object]
impl BlockMutation {
    /// Forbids a subscriber to publish, play or both for a while, everywhere at once: publishers are closed and cannot
    /// come back, players stay connected but receive nothing. Needs the operator role.
    async fn block_subscriber(&self, ctx: &Context<'_>, input: BlockSubscriberInput) -> Answer<BlockSubscriberPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let request = BlockRequest {
                    stream_id: parse_at("streamId", &input.stream_id)?,
                    subscriber_id: parse_at("subscriberId", &input.subscriber_id)?,
                    operations: input.operation.into(),
                    seconds: input.seconds,
                };
                let outcome = caller.api().block(&application, request).await?;
                let Applied { block, blocks, workers_pending, took_ms } = applied(caller, &application, &outcome);
                Ok(BlockSubscriberPayload {
                    block,
                    blocks,
                    sessions_stopped: int(outcome.sessions_stopped),
                    sessions_suspended: int(outcome.sessions_suspended),
                    workers_acknowledged: int(outcome.workers_acknowledged),
                    workers_pending,
                    took_ms,
                    problems: Vec::new(),
                })
            }
            .await,
        )
    }

    /// Lifts a block before its time. Suspended players resume by themselves. Needs the operator role.
    async fn unblock_subscriber(
        &self,
        ctx: &Context<'_>,
        input: UnblockSubscriberInput,
    ) -> Answer<UnblockSubscriberPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let request = BlockRequest {
                    stream_id: parse_at("streamId", &input.stream_id)?,
                    subscriber_id: parse_at("subscriberId", &input.subscriber_id)?,
                    operations: input.operation.into(),
                    seconds: 0,
                };
                let outcome = caller.api().block(&application, request).await?;
                let Applied { block, blocks, workers_pending, took_ms } = applied(caller, &application, &outcome);
                Ok(UnblockSubscriberPayload {
                    block,
                    blocks,
                    sessions_resumed: int(outcome.sessions_resumed),
                    workers_acknowledged: int(outcome.workers_acknowledged),
                    workers_pending,
                    took_ms,
                    problems: Vec::new(),
                })
            }
            .await,
        )
    }
}

/// What both payloads say alike.
struct Applied {
    block: Option<Block>,
    blocks: Vec<Block>,
    workers_pending: Vec<PendingWorker>,
    took_ms: f64,
}

fn applied(caller: &Caller, application: &manage::Application, outcome: &BlockOutcome) -> Applied {
    let wrap = |block: &contract::Block| Block::new(caller, application.clone(), block.clone());
    Applied {
        block: match outcome.blocks.as_slice() {
            [only] => Some(wrap(only)),
            _ => None,
        },
        blocks: outcome.blocks.iter().map(wrap).collect(),
        workers_pending: outcome.workers_pending.iter().cloned().map(Into::into).collect(),
        took_ms: outcome.took.as_secs_f64() * 1_000.0,
    }
}
