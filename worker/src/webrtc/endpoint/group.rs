//! Groups of peers that are woken together. A shard knows which of its peers belong to a group; a group knows which
//! shards have any, and tells each of them once until it has looked.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use super::inbox::{Call, Inbox};
use crate::webrtc::engine::WakeGroup;

pub(super) struct Group {
    this: Weak<Self>,
    shards: Box<[OnShard]>,
}

struct OnShard {
    inbox: Arc<Inbox>,
    members: AtomicUsize,
    is_queued: AtomicBool,
}

impl Group {
    pub fn new(inboxes: &[Arc<Inbox>]) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            shards: inboxes
                .iter()
                .map(|inbox| OnShard {
                    inbox: Arc::clone(inbox),
                    members: AtomicUsize::new(0),
                    is_queued: AtomicBool::new(false),
                })
                .collect(),
        })
    }

    /// A group that another part holds as what it does. `None` when it is not of this engine.
    pub fn of(group: &Arc<dyn WakeGroup>) -> Option<Arc<Self>> {
        let any: &dyn Any = &**group;
        any.downcast_ref::<Self>()?.this.upgrade()
    }

    /// Which group it is, as long as somebody holds it.
    pub fn key(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }

    pub fn joined(&self, shard: usize) {
        if let Some(shard) = self.shards.get(shard) {
            shard.members.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub fn left(&self, shard: usize) {
        if let Some(shard) = self.shards.get(shard) {
            shard.members.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// The shard begins to wake its members: what happens from now on wakes them again.
    pub fn looked(&self, shard: usize) {
        if let Some(shard) = self.shards.get(shard) {
            shard.is_queued.store(false, Ordering::SeqCst);
        }
    }
}

impl WakeGroup for Group {
    fn wake(&self) {
        let Some(this) = self.this.upgrade() else { return };
        for shard in &self.shards {
            if shard.members.load(Ordering::SeqCst) > 0
                && !shard.is_queued.swap(true, Ordering::SeqCst)
                && !shard.inbox.call(Call::Wake(Arc::clone(&this)))
            {
                shard.is_queued.store(false, Ordering::SeqCst);
            }
        }
    }
}
