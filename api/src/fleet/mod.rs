//! The workers: who is alive, what they carry, and commands to them.
//!
//! The picture is in memory, fed by hello, reports (once a second) and events; the newest wins. A worker that is silent
//! for ten seconds is lost, and what it carried is over. Commands with lasting effect are sent in the order of their
//! revisions: whoever changes lasting state is [`InOrder`] from the transaction to the sending. With several APIs each
//! has its own picture of the same reports; what only one of them learns it tells the others by a [`notice`].

mod closing;
mod events;
mod hearing;
mod hooks;
pub mod notice;
mod order;
mod picture;
mod recordings;
pub mod rooms;
mod welcome;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sluice_bus::ApiLink;
use sluice_contract::message::{Command, Control, ControlAck};
use sluice_contract::{UnixTime, VodId, WorkerId};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::warn;
use uuid::Uuid;

use crate::manage::PendingWorker;

pub use closing::{Closed, End, clear_ghosts, close_session, close_stream};
pub use events::{handle, state_word};
pub use hearing::Hearing;
pub use notice::Told;
pub use order::InOrder;
pub use picture::{LOST_AFTER_MS, Picture};
pub use recordings::remove_files;
pub use welcome::welcome;

pub struct Fleet {
    link: Arc<dyn ApiLink>,
    pub picture: Picture,
    pub hearing: Hearing,
    pub notices: notice::Notices,
    /// Workers that the database names and nobody heard, and since when.
    pub unheard: Mutex<HashMap<WorkerId, UnixTime>>,
    order: tokio::sync::Mutex<()>,
    /// The newest lasting change that is known here.
    revision: AtomicU64,
    waiting: Mutex<HashMap<Uuid, Waiting>>,
    /// Workers that were given up, and when: whoever is only cut off may still be serving somebody.
    lost: Mutex<HashMap<WorkerId, (PendingWorker, Instant)>>,
}

/// A command whose acknowledgements are counted.
struct Waiting {
    pending: HashSet<WorkerId>,
    counts: Acknowledged,
    all: Option<oneshot::Sender<()>>,
}

/// What the workers did with one or more commands.
#[derive(Debug, Clone, Default)]
pub struct Acknowledged {
    pub workers: HashSet<WorkerId>,
    pub pending: Vec<PendingWorker>,
    pub sessions_stopped: u32,
    pub sessions_suspended: u32,
    pub sessions_resumed: u32,
    /// Those that were sent a message.
    pub sessions_reached: u32,
    /// Recordings that began, ended or were removed.
    pub recordings: HashSet<VodId>,
}

/// A command on its way.
#[must_use = "nobody waits for the workers"]
pub struct Sent<'a> {
    fleet: &'a Fleet,
    id: Uuid,
    all: oneshot::Receiver<()>,
}

impl Fleet {
    pub fn new(link: Arc<dyn ApiLink>) -> (Self, notice::Outgoing) {
        let (notices, outgoing) = notice::Notices::new();
        let fleet = Self {
            link,
            picture: Picture::default(),
            hearing: Hearing::new(Instant::now()),
            notices,
            unheard: Mutex::default(),
            order: tokio::sync::Mutex::default(),
            revision: AtomicU64::new(0),
            waiting: Mutex::default(),
            lost: Mutex::default(),
        };
        (fleet, outgoing)
    }

    pub fn link(&self) -> &Arc<dyn ApiLink> {
        &self.link
    }

    /// The newest lasting change that is known here.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// There was a change of this revision.
    pub fn reached(&self, revision: u64) {
        self.revision.fetch_max(revision, Ordering::AcqRel);
    }

    /// Sends a lasting command; `_held` proves that it is sent in order.
    pub async fn announce(&self, _held: &InOrder<'_>, revision: u64, command: Command) -> Sent<'_> {
        self.reached(revision);
        self.broadcast(revision, command).await
    }

    /// Sends a command without lasting effect.
    pub async fn send(&self, command: Command) -> Sent<'_> {
        self.broadcast(self.revision(), command).await
    }

    async fn broadcast(&self, revision: u64, command: Command) -> Sent<'_> {
        let control = Control { id: Uuid::now_v7(), revision, command };
        let id = control.id;
        let (done, all) = oneshot::channel();
        // Also those who have fallen silent and are not given up yet: while the broker is away all of them are, and each
        // may be serving somebody.
        let pending = self.picture.known();
        let done = if pending.is_empty() {
            // The receiver is ours and still there.
            let _ = done.send(());
            None
        } else {
            Some(done)
        };
        self.waiting.lock().insert(id, Waiting { pending, counts: Acknowledged::default(), all: done });
        if let Err(error) = self.link.broadcast(control).await {
            warn!(%error, "a command may not have reached the workers; they learn it with their next hello");
        }
        Sent { fleet: self, id, all }
    }

    /// What a worker carries is written off, because it fell silent. It is named for a while: it may be cut off and not
    /// dead. Returns its name.
    pub fn write_off(&self, worker: WorkerId) -> String {
        let named = self.picture.named(worker);
        let name = named.name.clone();
        let mut lost = self.lost.lock();
        lost.retain(|_, (_, since)| since.elapsed() < LOST_IS_NAMED);
        lost.insert(worker, (named, Instant::now()));
        name
    }

    /// True once for a worker that was given up lately and is heard again.
    pub fn is_back(&self, worker: WorkerId) -> bool {
        self.lost.lock().remove(&worker).is_some()
    }

    /// Those who were given up lately and have not come back.
    fn lost(&self) -> Vec<PendingWorker> {
        let known = self.picture.known();
        let mut lost = self.lost.lock();
        lost.retain(|_, (_, since)| since.elapsed() < LOST_IS_NAMED);
        lost.iter().filter(|(id, _)| !known.contains(id)).map(|(_, (worker, _))| worker.clone()).collect()
    }

    /// A worker confirmed a command.
    pub fn acknowledged(&self, ack: &ControlAck) {
        self.picture.applied(ack.worker, ack.revision);
        let mut waiting = self.waiting.lock();
        let Some(entry) = waiting.get_mut(&ack.control) else { return };
        if !entry.counts.workers.insert(ack.worker) {
            return;
        }
        entry.counts.sessions_stopped = entry.counts.sessions_stopped.saturating_add(ack.sessions_stopped);
        entry.counts.sessions_suspended = entry.counts.sessions_suspended.saturating_add(ack.sessions_suspended);
        entry.counts.sessions_resumed = entry.counts.sessions_resumed.saturating_add(ack.sessions_resumed);
        entry.counts.sessions_reached = entry.counts.sessions_reached.saturating_add(ack.sessions_reached);
        entry.counts.recordings.extend(ack.recordings.iter().cloned());
        entry.pending.remove(&ack.worker);
        if entry.pending.is_empty()
            && let Some(all) = entry.all.take()
        {
            // Whoever waited may have given up.
            let _ = all.send(());
        }
    }
}

impl Sent<'_> {
    /// Waits until every live worker confirmed, at most a second.
    pub async fn acknowledged(mut self) -> Acknowledged {
        // A late worker is named below; there is nothing else to do about it.
        let _ = timeout(ACKNOWLEDGED_WITHIN, &mut self.all).await;
        let Some(entry) = self.fleet.waiting.lock().remove(&self.id) else { return Acknowledged::default() };
        let mut pending: Vec<_> = entry.pending.iter().map(|id| self.fleet.picture.named(*id)).collect();
        pending.extend(self.fleet.lost());
        Acknowledged { pending, ..entry.counts.clone() }
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        self.fleet.waiting.lock().remove(&self.id);
    }
}

impl Acknowledged {
    /// Both together: a worker that owes one of them is pending.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.workers.extend(other.workers);
        for worker in other.pending {
            if !self.pending.contains(&worker) {
                self.pending.push(worker);
            }
        }
        let pending: HashSet<WorkerId> = self.pending.iter().map(|worker| worker.id).collect();
        self.workers.retain(|worker| !pending.contains(worker));
        self.sessions_stopped = self.sessions_stopped.saturating_add(other.sessions_stopped);
        self.sessions_suspended = self.sessions_suspended.saturating_add(other.sessions_suspended);
        self.sessions_resumed = self.sessions_resumed.saturating_add(other.sessions_resumed);
        self.sessions_reached = self.sessions_reached.saturating_add(other.sessions_reached);
        self.recordings.extend(other.recordings);
        self
    }

    pub fn worker_count(&self) -> u32 {
        u32::try_from(self.workers.len()).unwrap_or(u32::MAX)
    }
}

/// How long a caller waits for the workers (`design` §6).
/// For so long a worker that was given up is named as one that may not know of a block.
const LOST_IS_NAMED: Duration = Duration::from_secs(600);
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(1);
