//! Blocks: forbid a subscriber to publish, play or both on a broadcast, in force when the call returns.

use std::time::Duration;

use sluice_contract::{Block, Operation, StreamId, SubscriberId, WorkerId};

use super::problem::provisional;
use super::{Application, Outcome, Page, Slice};
use crate::Api;

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
    pub async fn block(&self, _application: &Application, _request: BlockRequest) -> Outcome<BlockOutcome> {
        provisional()
    }

    /// The newest first.
    pub async fn blocks(&self, _application: &Application, _filter: BlockFilter, _page: Page) -> Outcome<Slice<Block>> {
        provisional()
    }

    pub async fn count_blocks(&self, _application: &Application, _filter: BlockFilter) -> Outcome<u64> {
        provisional()
    }
}
