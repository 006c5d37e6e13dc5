//! Blocks: forbid a subscriber to publish, play or both on a broadcast, in force when the call returns.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use sluice_contract::message::{Command, EndReason};
use sluice_contract::{ApplicationName, Block, Operation, StreamId, SubscriberId, UnixTime, WorkerId};
use tracing::warn;
use uuid::Uuid;

use super::{Application, AuditRecord, BlockEvent, Cursor, Entry, Outcome, Page, Role, Slice};
use crate::Api;
use crate::fleet::{Acknowledged, Closed, End, close_session};
use crate::store::{self, ConnectionTrait, StoreError, Stored, blocks, broadcasts, retried, server, sessions};
use crate::webhooks::{Action, Happening, tell};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockOperations {
    Publish,
    Play,
    Both,
}

impl BlockOperations {
    /// REST's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Play => "play",
            Self::Both => "publish_play",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Publish, Self::Play, Self::Both].into_iter().find(|kind| kind.as_str() == text)
    }

    pub fn operations(self) -> &'static [Operation] {
        match self {
            Self::Publish => &[Operation::Publish],
            Self::Play => &[Operation::Play],
            Self::Both => &[Operation::Publish, Operation::Play],
        }
    }
}

/// The subscriber and the stream need not exist.
#[derive(Debug, Clone)]
pub struct BlockRequest {
    pub stream_id: StreamId,
    pub subscriber_id: SubscriberId,
    pub operations: BlockOperations,
    /// From now on; 0 and less lift the block; cut to ten years.
    pub seconds: i64,
}

/// What a block did, once every live worker confirmed it or a second passed.
#[derive(Debug, Clone)]
pub struct BlockOutcome {
    /// One per operation. A lifted one ends in the past.
    pub blocks: Vec<Block>,
    pub sessions_stopped: u32,
    pub sessions_suspended: u32,
    pub sessions_resumed: u32,
    pub workers_acknowledged: u32,
    /// Who has not confirmed yet. The block is stored and reaches them with their next hello.
    pub workers_pending: Vec<PendingWorker>,
    pub took: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingWorker {
    pub id: WorkerId,
    pub name: String,
}

#[derive(Debug, Clone, Default)]
pub struct BlockFilter {
    pub stream_id: Option<StreamId>,
    pub subscriber_id: Option<SubscriberId>,
    pub operation: Option<Operation>,
    /// Only those that hold now.
    pub active: bool,
}

impl Api {
    /// Blocks, or lifts a block. Upon a successful return it is in force on every worker that is not named pending.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn block(&self, application: &Application, request: BlockRequest) -> Outcome<BlockOutcome> {
        application.require(Role::Operator)?;
        let begun = Instant::now();
        let seconds = request.seconds.clamp(0, LONGEST_SECS);
        let held = self.in_order().await?;
        let now = self.now();
        let until = now.plus_secs(seconds);
        let set = retried(|| self.write_blocks(application, &request, seconds, until, now)).await?;
        let mut sent = Vec::with_capacity(set.len());
        for (revision, block) in &set {
            let command = Command::Block { block: block.clone() };
            sent.push(self.fleet().announce(&held, *revision, command).await);
        }
        drop(held);
        let mut confirmed = Acknowledged::default();
        for part in futures_util::future::join_all(sent.into_iter().map(crate::fleet::Sent::acknowledged)).await {
            confirmed = confirmed.and(part);
        }
        if seconds > 0
            && request.operations.operations().contains(&Operation::Publish)
            && let Err(error) = self.close_publishers(application, &request, &confirmed.pending).await
        {
            // The block is in force all the same; the workers' own reports close the sessions.
            warn!(%error, "the sessions of a blocked publisher could not be closed yet");
        }
        let outcome = BlockOutcome {
            blocks: set.into_iter().map(|(_, block)| block).collect(),
            sessions_stopped: confirmed.sessions_stopped,
            sessions_suspended: confirmed.sessions_suspended,
            sessions_resumed: confirmed.sessions_resumed,
            workers_acknowledged: confirmed.worker_count(),
            workers_pending: confirmed.pending,
            took: begun.elapsed(),
        };
        self.told_of_block(application, &request, seconds, &outcome, now);
        Ok(outcome)
    }

    /// Writes the blocks down, each with a higher revision.
    async fn write_blocks(
        &self,
        application: &Application,
        request: &BlockRequest,
        seconds: i64,
        until: UnixTime,
        now: UnixTime,
    ) -> Outcome<Vec<(u64, Block)>> {
        let transaction = self.store().transaction().await?;
        let mut set = Vec::with_capacity(2);
        for operation in request.operations.operations() {
            let revision = server::next_revision(&transaction).await?;
            let row = blocks::Model {
                id: Uuid::now_v7(),
                application_id: application.id,
                stream_id: request.stream_id.to_string(),
                subscriber_id: request.subscriber_id.to_string(),
                operation: operation.as_str().to_owned(),
                until: until.as_millis(),
                set_at: now.as_millis(),
                actor: application.actor.to_string(),
                revision: i64::try_from(revision).unwrap_or(i64::MAX),
            };
            blocks::put(&transaction, row).await?;
            let block = Block {
                application: application.name.clone(),
                stream_id: request.stream_id.clone(),
                subscriber: request.subscriber_id.clone(),
                operation: *operation,
                until,
            };
            set.push((revision, block));
        }
        self.tell_of_block(&transaction, application, request, seconds, now).await?;
        store::commit(transaction).await?;
        Ok(set)
    }

    /// Writes down that the publishers which the workers have just ended are gone, so that their stream is free when
    /// the call returns, and not only when the workers' reports have arrived. Pending workers may still carry theirs.
    async fn close_publishers(
        &self,
        application: &Application,
        request: &BlockRequest,
        pending: &[PendingWorker],
    ) -> Stored<()> {
        let (stream, subscriber) = (request.stream_id.as_str(), request.subscriber_id.as_str());
        let publishes = |row: &sessions::Model| {
            row.operation == Operation::Publish.as_str() && !pending.iter().any(|worker| worker.id.uuid() == row.worker)
        };
        let close = async || {
            let mut closed = Closed::default();
            let transaction = self.store().transaction().await?;
            let rows =
                sessions::open_of_subscriber(&transaction, application.id, stream, subscriber, MOST_SESSIONS).await?;
            for row in rows.into_iter().filter(publishes) {
                let end = End::of(EndReason::Blocked, self.now());
                close_session(self, &transaction, row, end, &mut closed).await?;
            }
            store::commit(transaction).await?;
            Ok::<_, StoreError>(closed)
        };
        retried(close).await?.announce(self);
        Ok(())
    }

    /// Keeps it for the webhook, where one asks for blocks.
    async fn tell_of_block(
        &self,
        db: &impl ConnectionTrait,
        application: &Application,
        request: &BlockRequest,
        seconds: i64,
        now: UnixTime,
    ) -> Outcome<()> {
        let action = if seconds > 0 { Action::SubscriberBlocked } else { Action::SubscriberUnblocked };
        let Some(entry) = self.directory().find_by_id(application.id) else { return Ok(()) };
        if !action.is_wanted(&entry.settings) {
            return Ok(());
        }
        let broadcast = broadcasts::find(db, application.id, request.stream_id.as_str()).await?;
        let mut fields = Map::from_iter([("blockedType".to_owned(), Value::from(request.operations.as_str()))]);
        if seconds > 0 {
            let until = now.plus_secs(seconds).as_millis().to_string();
            fields.insert("blockedUntil".to_owned(), Value::from(until));
        }
        let happening = Happening {
            action,
            stream_id: request.stream_id.as_str(),
            broadcast: broadcast.as_ref(),
            subscriber_id: Some(request.subscriber_id.as_str()),
            at: now,
            fields,
            parameters: None,
        };
        Ok(tell(self, db, &entry, happening).await?)
    }

    fn told_of_block(
        &self,
        application: &Application,
        request: &BlockRequest,
        seconds: i64,
        outcome: &BlockOutcome,
        at: UnixTime,
    ) {
        for block in &outcome.blocks {
            self.emit_block(BlockEvent { at, block: block.clone(), actor: application.actor.clone() });
        }
        let code = if seconds > 0 { "block-subscriber" } else { "unblock-subscriber" };
        let mut record = AuditRecord::action_on(self, code, application, &request.stream_id);
        record.subscriber_id = Some(request.subscriber_id.to_string());
        record.duration_us = i64::try_from(outcome.took.as_micros()).unwrap_or(i64::MAX);
        record.detail = Some(format!(
            "{} for {seconds} s: {} stopped, {} suspended, {} workers pending",
            request.operations.as_str(),
            outcome.sessions_stopped,
            outcome.sessions_suspended,
            outcome.workers_pending.len()
        ));
        self.record(record);
    }

    /// The newest first.
    pub async fn blocks(&self, application: &Application, filter: BlockFilter, page: Page) -> Outcome<Slice<Block>> {
        let now = self.now().as_millis();
        let rows = blocks::list(self.store().reader(), application.id, &filter, now, &page).await?;
        let entries = rows
            .iter()
            .filter_map(|row| Some(Entry { cursor: Cursor::of(row.id), node: block_of_row(row, &application.name)? }));
        Ok(Slice::of(&page, entries.collect(), |entry| entry))
    }

    pub async fn count_blocks(&self, application: &Application, filter: BlockFilter) -> Outcome<u64> {
        Ok(blocks::count(self.store().reader(), application.id, &filter, self.now().as_millis()).await?)
    }
}

/// `None` when the row holds no valid names, which nothing here writes.
pub(crate) fn block_of_row(row: &blocks::Model, application: &ApplicationName) -> Option<Block> {
    Some(Block {
        application: application.clone(),
        stream_id: row.stream_id.parse().ok()?,
        subscriber: row.subscriber_id.parse().ok()?,
        operation: Operation::parse(&row.operation)?,
        until: UnixTime::from_millis(row.until),
    })
}

/// Of one subscriber on one stream. More are closed by their workers' reports.
const MOST_SESSIONS: u64 = 100;

/// Ten years: far beyond every use, and far from every overflow.
const LONGEST_SECS: i64 = 10 * 366 * 86_400;
