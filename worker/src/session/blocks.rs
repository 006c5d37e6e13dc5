//! The blocks that a worker enforces, and when the next of them ends.

use std::collections::{BTreeSet, HashMap};

use parking_lot::Mutex;
use sluice_contract::{Block, Operation, SubscriberId, UnixTime};

use crate::StreamKey;

/// Whom a block names, and in what.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Blocked {
    pub stream: StreamKey,
    pub subscriber: SubscriberId,
    pub operation: Operation,
}

impl Blocked {
    pub fn of(block: &Block) -> Self {
        Self {
            stream: StreamKey { application: block.application.clone(), stream_id: block.stream_id.clone() },
            subscriber: block.subscriber.clone(),
            operation: block.operation,
        }
    }
}

/// All blocks in force. Sessions carry the outcome in their gate; this table is read when one begins, and written when
/// a block comes or goes.
#[derive(Default)]
pub(super) struct Blocks(Mutex<Table>);

#[derive(Default)]
struct Table {
    until: HashMap<Blocked, UnixTime>,
    /// The same, by the time they end.
    ends: BTreeSet<(UnixTime, Blocked)>,
}

impl Blocks {
    /// Puts a block in force, or lifts it when its time has passed.
    pub fn set(&self, block: &Block, now: UnixTime) {
        self.0.lock().set(Blocked::of(block), block.until, now);
    }

    /// Forgets every block and takes these instead.
    pub fn replace(&self, blocks: &[Block], now: UnixTime) {
        let mut table = self.0.lock();
        *table = Table::default();
        for block in blocks {
            table.set(Blocked::of(block), block.until, now);
        }
    }

    /// Until when somebody is blocked; `None` if not.
    pub fn until(&self, who: &Blocked, now: UnixTime) -> Option<UnixTime> {
        self.0.lock().until.get(who).copied().filter(|until| now < *until)
    }

    /// Takes out the blocks that have ended.
    pub fn ended(&self, now: UnixTime) -> Vec<Blocked> {
        let mut table = self.0.lock();
        let mut ended = Vec::new();
        while table.ends.first().is_some_and(|(until, _)| *until <= now) {
            let Some((_, who)) = table.ends.pop_first() else { break };
            table.until.remove(&who);
            ended.push(who);
        }
        ended
    }
}

impl Table {
    fn set(&mut self, who: Blocked, until: UnixTime, now: UnixTime) {
        if let Some(before) = self.until.remove(&who) {
            self.ends.remove(&(before, who.clone()));
        }
        if now < until {
            self.ends.insert((until, who.clone()));
            self.until.insert(who, until);
        }
    }
}
