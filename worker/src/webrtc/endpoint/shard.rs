//! A thread with its share of the peers. It takes what came, calls the peers that it is for, and sends what each call
//! left in the batch, one call after the other: nothing of a peer needs a lock.
//!
//! Key exchanges cost a thousand times what a packet costs, and strangers with a password can begin many. They wait in a
//! queue of their own, and a few of them are done between two looks into the inbox.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::error;

use super::control::Control;
use super::group::Group;
use super::inbox::{Call, Inbox, NewPeer, Waiting};
use super::{Seat, Shared};
use crate::webrtc::batch::{Batch, Path, Way};
use crate::webrtc::engine::PeerEnd;
use crate::webrtc::ice::Route;
use crate::webrtc::peer::{GroupChange, Peer};

pub(super) struct Shard {
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    index: usize,
    peers: HashMap<u64, Resident>,
    groups: HashMap<usize, Members>,
    /// When to look at which peer; the peer knows which of its entries counts.
    timers: BinaryHeap<Reverse<(Instant, u64)>>,
    handshakes: VecDeque<Postponed>,
    batch: Batch,
    /// Until when the socket is left alone, after it took no more.
    blocked_until: Option<Instant>,
}

struct Resident {
    peer: Peer,
    control: Arc<Control>,
    scheduled: Option<Instant>,
    groups: Vec<usize>,
    /// As [`Shard::blocked_until`], for a peer on a connection of its own.
    blocked_until: Option<Instant>,
    _seat: Seat,
}

struct Members {
    group: Arc<Group>,
    peers: Vec<u64>,
}

struct Leaving(Arc<Inbox>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A datagram that may begin or go on with a key exchange.
struct Postponed {
    peer: u64,
    path: Path,
    datagram: Vec<u8>,
}

impl Shard {
    pub fn new(shared: Arc<Shared>, inbox: Arc<Inbox>, index: usize) -> Self {
        let batch = Batch::new(shared.udp.max_segments());
        Self {
            shared,
            inbox,
            index,
            peers: HashMap::new(),
            groups: HashMap::new(),
            timers: BinaryHeap::new(),
            handshakes: VecDeque::new(),
            batch,
            blocked_until: None,
        }
    }

    /// Serves until the inbox is closed, and says goodbye to whoever is left.
    pub fn run(mut self) {
        // Whatever ends this thread: nobody waits for it, and nobody new is placed here.
        let _leaving = Leaving(Arc::clone(&self.inbox));
        let mut waiting = Waiting::default();
        loop {
            let deadline = if self.handshakes.is_empty() {
                self.timers.peek().map(|Reverse((at, _))| *at)
            } else {
                Some(Instant::now())
            };
            let goes_on = self.inbox.take(&mut waiting, deadline);
            for call in waiting.calls.drain(..) {
                self.answer(call);
            }
            for (peer, path, at, datagram) in waiting.datagrams() {
                self.take(peer, path, at, datagram);
            }
            waiting.clear();
            self.shake_hands();
            self.run_timers();
            if !goes_on {
                break;
            }
        }
        let peers: Vec<u64> = self.peers.keys().copied().collect();
        for peer in peers {
            self.turn(peer, |peer, batch| peer.close(Instant::now(), PeerEnd::Shutdown, batch));
        }
    }

    fn answer(&mut self, call: Call) {
        match call {
            Call::Open(new) => self.open(*new),
            Call::Attend(peer) => self.attend(peer),
            Call::Wake(group) => {
                group.looked(self.index);
                let members = self.groups.get(&group.key()).map(|members| members.peers.clone()).unwrap_or_default();
                for peer in members {
                    self.wake(peer);
                }
            }
            Call::Fence(done) => {
                self.throw_away();
                // Whoever asked may have given up.
                let _ = done.send(());
            }
        }
    }

    /// Throws away what waits in connections of peers that may not have it.
    fn throw_away(&mut self) {
        for resident in self.peers.values_mut() {
            // Whoever cannot say it any more may have nothing.
            if !catch_unwind(AssertUnwindSafe(|| resident.peer.fence())).unwrap_or(true) {
                continue;
            }
            for path in resident.peer.paths() {
                if let Way::Tcp { connection } = path.way {
                    self.shared.tcp.throw_away(connection);
                }
            }
        }
    }

    fn open(&mut self, new: NewPeer) {
        let NewPeer { at, control, local, remote, driver, seat } = new;
        let peer = Peer::new(at, Arc::clone(&self.shared.identity), &local, &remote, driver);
        let id = control.target.peer;
        let resident =
            Resident { peer, control, scheduled: None, groups: Vec::new(), blocked_until: None, _seat: seat };
        self.peers.insert(id, resident);
        self.turn(id, |_, _| {});
    }

    fn attend(&mut self, id: u64) {
        let Some(resident) = self.peers.get(&id) else { return };
        let asked = resident.control.take();
        self.turn(id, |peer, batch| {
            let now = Instant::now();
            if let Some((local, remote)) = &asked.restart {
                peer.restart(local, remote);
            }
            if asked.close {
                peer.close(now, PeerEnd::Local, batch);
            } else if asked.wake {
                peer.wake(now, batch);
            }
        });
    }

    fn wake(&mut self, peer: u64) {
        self.turn(peer, |peer, batch| peer.wake(Instant::now(), batch));
    }

    fn take(&mut self, id: u64, path: Path, at: Instant, datagram: &[u8]) {
        let Some(resident) = self.peers.get(&id) else { return };
        let is_dtls = datagram.first().is_some_and(|first| (20..=63).contains(first));
        if is_dtls && resident.peer.is_shaking_hands() {
            if self.handshakes.len() < MAX_POSTPONED && datagram.len() <= MAX_HANDSHAKE_DATAGRAM {
                self.handshakes.push_back(Postponed { peer: id, path, datagram: datagram.to_vec() });
            }
            return;
        }
        self.turn(id, |peer, batch| peer.datagram(at, path, datagram, batch));
    }

    fn shake_hands(&mut self) {
        for _ in 0..HANDSHAKES_AT_ONCE {
            let Some(Postponed { peer, path, datagram }) = self.handshakes.pop_front() else { return };
            self.turn(peer, |peer, batch| peer.datagram(Instant::now(), path, &datagram, batch));
        }
    }

    fn run_timers(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((at, id))) = self.timers.peek().copied() {
            if at > now {
                return;
            }
            self.timers.pop();
            let is_due = self.peers.get_mut(&id).is_some_and(|resident| {
                let is_due = resident.scheduled == Some(at);
                if is_due {
                    resident.scheduled = None;
                }
                is_due
            });
            if is_due {
                self.turn(id, |peer, batch| peer.time(now, batch));
            }
        }
    }

    /// One call to one peer, and everything that follows from it.
    fn turn(&mut self, id: u64, call: impl FnOnce(&mut Peer, &mut Batch)) {
        let Some(resident) = self.peers.get_mut(&id) else { return };
        let is_blocked = self.blocked_until.is_some() || resident.blocked_until.is_some();
        if is_blocked {
            let now = Instant::now();
            self.blocked_until = self.blocked_until.filter(|until| *until > now);
            resident.blocked_until = resident.blocked_until.filter(|until| *until > now);
        }
        self.batch.block(self.blocked_until.is_some() || resident.blocked_until.is_some());
        let (batch, target) = (&mut self.batch, resident.control.target);
        if catch_unwind(AssertUnwindSafe(|| call(&mut resident.peer, batch))).is_err() {
            error!("a WebRTC peer is closed: its part of the server has a defect");
            let paths: Vec<Path> = resident.peer.paths().collect();
            let _ = catch_unwind(AssertUnwindSafe(|| {
                resident.peer.close(Instant::now(), PeerEnd::Local, batch);
            }));
            self.flush(id);
            // What it says about its routes is not to be relied on.
            self.shared.routes.purge(target);
            for path in paths {
                if let Way::Tcp { connection } = path.way {
                    self.shared.tcp.close(connection);
                }
            }
            self.remove(id);
            return;
        }
        let changes = resident.peer.take_changes();
        // Whoever reads our answer may go on at once: its way in is open before the answer leaves. A goodbye leaves before
        // its way out is closed.
        let has_ended = resident.peer.has_ended();
        if has_ended {
            self.flush(id);
        }
        for route in changes.routes {
            self.route(id, route);
        }
        if !has_ended {
            self.flush(id);
        }
        let mut has_joined = false;
        for change in changes.groups {
            has_joined |= self.regroup(id, change);
        }
        let Some(resident) = self.peers.get_mut(&id) else { return };
        if resident.peer.has_ended() {
            return self.remove(id);
        }
        if let Some(next) = resident.peer.next_time()
            && resident.scheduled.is_none_or(|scheduled| next < scheduled)
        {
            resident.scheduled = Some(next);
            self.timers.push(Reverse((next, id)));
        }
        if has_joined {
            // Whatever the group was woken for before the peer belonged to it.
            self.wake(id);
        }
    }

    /// Sends what the turn of `id` left.
    fn flush(&mut self, id: u64) {
        let (mut udp_is_full, mut tcp_is_full) = (false, false);
        let shared = &self.shared;
        self.batch.drain(|run, bytes| match run.path.way {
            Way::Udp { local } => udp_is_full |= !shared.udp.send(run.path.remote, local, bytes, run.segment),
            Way::Tcp { connection } => tcp_is_full |= !shared.tcp.send(connection, bytes, run.segment),
        });
        if udp_is_full {
            self.blocked_until = Some(Instant::now() + BLOCK);
        }
        if tcp_is_full && let Some(resident) = self.peers.get_mut(&id) {
            resident.blocked_until = Some(Instant::now() + BLOCK_CONNECTION);
        }
        self.batch.limit_segments(shared.udp.max_segments());
    }

    fn route(&self, id: u64, route: Route) {
        let Some(resident) = self.peers.get(&id) else { return };
        let target = resident.control.target;
        match route {
            Route::Opened(path) => match path.way {
                Way::Udp { .. } => self.shared.routes.open(path.remote, target),
                Way::Tcp { connection } => self.shared.tcp.admit(connection),
            },
            Route::Closed(path) => match path.way {
                Way::Udp { .. } => self.shared.routes.close(&path.remote, target),
                Way::Tcp { connection } => self.shared.tcp.close(connection),
            },
            Route::Forgotten(ufrag) => self.shared.routes.forget(&ufrag, target),
        }
    }

    /// True when the peer belongs to a group that it did not belong to before.
    fn regroup(&mut self, id: u64, change: GroupChange) -> bool {
        let (GroupChange::Joined(group) | GroupChange::Left(group)) = &change;
        let (Some(group), Some(resident)) = (Group::of(group), self.peers.get_mut(&id)) else { return false };
        let key = group.key();
        let place = resident.groups.iter().position(|joined| *joined == key);
        match (change, place) {
            (GroupChange::Joined(_), None) if resident.groups.len() < MAX_GROUPS => {
                resident.groups.push(key);
                group.joined(self.index);
                self.groups.entry(key).or_insert_with(|| Members { group, peers: Vec::new() }).peers.push(id);
                true
            }
            (GroupChange::Left(_), Some(place)) => {
                resident.groups.swap_remove(place);
                self.leave(id, key);
                false
            }
            _ => false,
        }
    }

    fn leave(&mut self, id: u64, key: usize) {
        let Some(members) = self.groups.get_mut(&key) else { return };
        members.peers.retain(|member| *member != id);
        members.group.left(self.index);
        if members.peers.is_empty() {
            self.groups.remove(&key);
        }
    }

    fn remove(&mut self, id: u64) {
        let Some(resident) = self.peers.remove(&id) else { return };
        resident.control.end();
        for key in &resident.groups {
            self.leave(id, *key);
        }
        if !resident.peer.has_ended() {
            self.shared.routes.purge(resident.control.target);
        }
    }
}

/// Key exchanges between two looks into the inbox: each takes a part of a millisecond.
const HANDSHAKES_AT_ONCE: usize = 4;

/// Datagrams of handshakes that wait: more than 50 ms of work. Peers send again what is lost.
const MAX_POSTPONED: usize = 512;

const MAX_HANDSHAKE_DATAGRAM: usize = 4 * 1024;

/// How long media is refused after the socket took no more: what it holds has left by then.
const BLOCK: Duration = Duration::from_millis(2);

/// The same for a connection, whose peer has to take what it holds.
const BLOCK_CONNECTION: Duration = Duration::from_millis(50);

/// Groups of one peer: tracks of a room.
const MAX_GROUPS: usize = 128;
