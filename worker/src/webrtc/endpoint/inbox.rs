//! What waits for a shard. Datagrams are bounded, calls are bounded by what makes them: each peer has one at a time, and
//! each group one for each shard.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::Seat;
use super::control::Control;
use super::group::Group;
use crate::webrtc::batch::Path;
use crate::webrtc::engine::{Driver, LocalTransport, RemoteTransport};

#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    ready: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    waiting: Waiting,
    is_closed: bool,
}

/// What came since the shard looked last.
#[derive(Default)]
pub(super) struct Waiting {
    pub calls: Vec<Call>,
    arrivals: Vec<Arrival>,
    bytes: Vec<u8>,
}

pub(super) enum Call {
    Open(Box<NewPeer>),
    /// The [`Control`] of this peer has something for it.
    Attend(u64),
    /// Wake the members of a group.
    Wake(Arc<Group>),
    /// Tell when everything before has been done.
    Fence(oneshot::Sender<()>),
}

pub(super) struct NewPeer {
    pub at: Instant,
    pub control: Arc<Control>,
    pub local: LocalTransport,
    pub remote: RemoteTransport,
    pub driver: Box<dyn Driver>,
    pub seat: Seat,
}

#[derive(Debug, Clone)]
struct Arrival {
    peer: u64,
    path: Path,
    at: Instant,
    bytes: Range<usize>,
}

impl Inbox {
    /// Leaves a datagram, or drops it when too much waits.
    pub fn deliver(&self, peer: u64, path: Path, at: Instant, datagram: &[u8]) {
        let mut state = self.state.lock();
        let waiting = &mut state.waiting;
        let start = waiting.bytes.len();
        if start + datagram.len() > MAX_BYTES || waiting.arrivals.len() >= MAX_ARRIVALS {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes.extend_from_slice(datagram);
        waiting.arrivals.push(Arrival { peer, path, at, bytes: start..start + datagram.len() });
        self.ready.notify_one();
    }

    /// False when the shard has ended.
    pub fn call(&self, call: Call) -> bool {
        let mut state = self.state.lock();
        if state.is_closed {
            return false;
        }
        state.waiting.calls.push(call);
        self.ready.notify_one();
        true
    }

    /// Has the shard end after what waits now.
    pub fn close(&self) {
        self.state.lock().is_closed = true;
        self.ready.notify_one();
    }

    /// The shard is over: nothing is left for it any more, and what waits is dropped.
    pub fn end(&self) {
        let waiting = {
            let mut state = self.state.lock();
            state.is_closed = true;
            std::mem::take(&mut state.waiting)
        };
        // A driver that goes may have a call for another.
        drop(waiting);
    }

    /// Waits for something, or until `deadline`, and takes all there is in exchange for `empty`. False at the end.
    pub fn take(&self, empty: &mut Waiting, deadline: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        while state.waiting.is_empty() && !state.is_closed {
            match deadline {
                Some(deadline) => {
                    if self.ready.wait_until(&mut state, deadline).timed_out() {
                        break;
                    }
                }
                None => self.ready.wait(&mut state),
            }
        }
        std::mem::swap(&mut state.waiting, empty);
        !state.is_closed
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.arrivals.is_empty()
    }

    /// The datagrams, each with its peer, its way and its moment.
    pub fn datagrams(&self) -> impl Iterator<Item = (u64, Path, Instant, &[u8])> {
        self.arrivals.iter().filter_map(|arrival| {
            let datagram = self.bytes.get(arrival.bytes.clone())?;
            Some((arrival.peer, arrival.path, arrival.at, datagram))
        })
    }

    pub fn clear(&mut self) {
        self.calls.clear();
        self.arrivals.clear();
        self.bytes.clear();
    }
}

/// Media of one shard's publishers while it does something else: 100 ms at 300 Mbit/s.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Small datagrams have a price as well.
const MAX_ARRIVALS: usize = 16 * 1024;
