//! What this worker has of streams that others carry: found, asked for, and given up when nobody wants it any more.
//!
//! Whoever needs a stream calls [`Edges::ensure`]; the first call makes an [`Edge`] and its task ([`follow`](super::follow)),
//! which asks the API where the stream is, once for all that wait. That a stream is nowhere is remembered for a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use parking_lot::Mutex;
use sluice_bus::WorkerLink;
use sluice_contract::message::EndReason;
use sluice_contract::{ApplicationName, StreamId, WorkerId};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::follow;
use super::message::{Begin, Supply};
use crate::control::Rules;
use crate::egress::http::shelf::Files;
use crate::hub::{Hub, LiveStream};
use crate::package::replica::{Held as HeldObjects, InvalidWindow, ObjectName, SnapshotPhase};
use crate::package::{Object, Package, PackagingConfig};
use crate::session::Sessions;
use crate::{Clock, StreamKey};

/// All streams of which this worker is an edge.
pub(crate) struct Edges {
    pub(super) me: WorkerId,
    pub(super) link: Arc<dyn WorkerLink>,
    pub(super) rules: Arc<Rules>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) hub: Arc<Hub>,
    pub(super) clock: Clock,
    pub(super) shutdown: CancellationToken,
    objects: DashMap<StreamKey, Arc<Edge>>,
    units: DashMap<StreamKey, Arc<Edge>>,
    /// Streams that were nowhere, and when that was.
    absent: DashMap<StreamKey, Instant>,
    /// Edges that have had nothing yet.
    seeking: Arc<Semaphore>,
}

/// One stream of another worker, in one supply.
pub(crate) struct Edge {
    pub(super) key: StreamKey,
    pub(super) supply: Supply,
    state: watch::Sender<State>,
    shelf: Mutex<Shelved>,
    live: ArcSwapOption<LiveStream>,
    publisher: Mutex<Option<Begin>>,
    viewers: AtomicUsize,
    /// The last sign of a viewer, milliseconds after `born`.
    used_ms: AtomicU64,
    born: Instant,
    /// It must end now.
    pub(super) dropped: CancellationToken,
    clock: Clock,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Seeking,
    /// Something can be served.
    Here,
    /// The edge is over.
    Gone,
}

/// The replica, and for a while the one before: when a publisher moves to another worker, players still ask for what
/// the earlier window named.
struct Shelved {
    of: Option<Uuid>,
    package: Arc<Package>,
    before: Option<(Arc<Package>, Instant)>,
}

/// A viewer that is fed all the time, as long as it is held.
pub(crate) struct Hold(Arc<Edge>);

impl Edges {
    pub fn new(
        me: WorkerId,
        link: Arc<dyn WorkerLink>,
        rules: Arc<Rules>,
        sessions: Arc<Sessions>,
        hub: Arc<Hub>,
        clock: Clock,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            me,
            link,
            rules,
            sessions,
            hub,
            clock,
            shutdown,
            objects: DashMap::new(),
            units: DashMap::new(),
            absent: DashMap::new(),
            seeking: Arc::new(Semaphore::new(MAX_SEEKING)),
        })
    }

    /// What is here of a stream, if something is.
    pub fn find(&self, key: &StreamKey, supply: Supply) -> Option<Arc<Edge>> {
        let edge = self.map(supply).get(key)?;
        edge.touch();
        (*edge.state.borrow() == State::Here).then(|| Arc::clone(&edge))
    }

    /// Waits until the stream is here, or is known to be nowhere, for [`PATIENCE`] at most. All who wait share one
    /// attempt.
    pub async fn ensure(self: &Arc<Self>, key: &StreamKey, supply: Supply) -> Option<Arc<Edge>> {
        let edge = self.edge(key, supply)?;
        let mut state = edge.state.subscribe();
        let found = timeout(PATIENCE, state.wait_for(|state| *state != State::Seeking)).await;
        let is_here = matches!(found, Ok(Ok(state)) if *state == State::Here);
        is_here.then_some(edge)
    }

    fn edge(self: &Arc<Self>, key: &StreamKey, supply: Supply) -> Option<Arc<Edge>> {
        if let Some(edge) = self.map(supply).get(key) {
            edge.touch();
            return Some(Arc::clone(&edge));
        }
        if self.is_absent(key) || self.shutdown.is_cancelled() {
            return None;
        }
        // A flood of names that nobody publishes is answered without asking.
        let place = Arc::clone(&self.seeking).try_acquire_owned().ok()?;
        match self.map(supply).entry(key.clone()) {
            Entry::Occupied(edge) => {
                edge.get().touch();
                Some(Arc::clone(edge.get()))
            }
            Entry::Vacant(vacant) => {
                let edge = Arc::new(Edge::new(key.clone(), supply, self.clock));
                vacant.insert(Arc::clone(&edge));
                tokio::spawn(follow::run(Arc::clone(self), Arc::clone(&edge), place));
                Some(edge)
            }
        }
    }

    /// A stream, or everything of an application, must not be served any more: what is here of it goes at once.
    pub fn forget(&self, application: &ApplicationName, stream: Option<&StreamId>) {
        self.revoke_where(|edge| {
            edge.key.application == *application && stream.is_none_or(|stream| edge.key.stream_id == *stream)
        });
    }

    /// The block table has changed: what a blocked publisher sends elsewhere is not passed on here either.
    pub fn recheck(&self) {
        self.revoke_where(|edge| self.is_blocked(edge));
    }

    pub(super) fn is_blocked(&self, edge: &Edge) -> bool {
        let publisher = edge.publisher.lock();
        publisher.as_ref().is_some_and(|begin| {
            let (Some(subscriber), main_track) = (&begin.subscriber, begin.main_track.as_ref()) else { return false };
            self.sessions.is_publisher_blocked(&edge.key, main_track, subscriber, (self.clock)())
        })
    }

    fn revoke_where(&self, which: impl Fn(&Edge) -> bool) {
        for map in [&self.objects, &self.units] {
            // Out of the map's guards first: ending wakes players.
            let all: Vec<_> = map.iter().map(|edge| Arc::clone(&edge)).filter(|edge| which(edge)).collect();
            for edge in all {
                edge.revoke(EndReason::Stopped);
                self.remove(&edge, |_| true);
                // The origin and the API may hear of it a moment later.
                self.note_absent(&edge.key);
            }
        }
    }

    /// Takes an edge out for good, if `unless` still holds: nobody can have asked for it in between.
    pub(super) fn remove(&self, edge: &Arc<Edge>, still: impl Fn(&Edge) -> bool) -> bool {
        let is_removed =
            self.map(edge.supply).remove_if(&edge.key, |_, known| Arc::ptr_eq(known, edge) && still(known)).is_some();
        if is_removed {
            edge.set(State::Gone);
        }
        is_removed
    }

    pub(super) fn note_absent(&self, key: &StreamKey) {
        if self.absent.len() >= MAX_ABSENT {
            self.absent.retain(|_, since| since.elapsed() < ABSENT_FOR);
            if self.absent.len() >= MAX_ABSENT {
                self.absent.clear();
            }
        }
        self.absent.insert(key.clone(), Instant::now());
    }

    fn is_absent(&self, key: &StreamKey) -> bool {
        let is_fresh = self.absent.get(key).map(|since| since.elapsed() < ABSENT_FOR);
        if is_fresh == Some(false) {
            self.absent.remove_if(key, |_, since| since.elapsed() >= ABSENT_FOR);
        }
        is_fresh == Some(true)
    }

    fn map(&self, supply: Supply) -> &DashMap<StreamKey, Arc<Edge>> {
        match supply {
            Supply::Objects => &self.objects,
            Supply::Units => &self.units,
        }
    }
}

impl Edge {
    fn new(key: StreamKey, supply: Supply, clock: Clock) -> Self {
        Self {
            key,
            supply,
            state: watch::Sender::new(State::Seeking),
            shelf: Mutex::new(Shelved { of: None, package: new_package(clock), before: None }),
            live: ArcSwapOption::empty(),
            publisher: Mutex::default(),
            viewers: AtomicUsize::new(0),
            used_ms: AtomicU64::new(0),
            born: Instant::now(),
            dropped: CancellationToken::new(),
            clock,
        }
    }

    /// The stream as players of one connection read it, while it is live.
    pub fn live(&self) -> Option<Arc<LiveStream>> {
        self.live.load_full().filter(|stream| stream.is_live())
    }

    /// Keeps the edge alive until the hold is dropped.
    pub fn hold(self: &Arc<Self>) -> Hold {
        self.viewers.fetch_add(1, Ordering::AcqRel);
        Hold(Arc::clone(self))
    }

    fn touch(&self) {
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.used_ms.store(now, Ordering::Release);
    }

    /// True when its last viewer left some time ago.
    pub(super) fn is_unused(&self) -> bool {
        if self.viewers.load(Ordering::Acquire) > 0 {
            return false;
        }
        let used = Duration::from_millis(self.used_ms.load(Ordering::Acquire));
        let patience = match self.supply {
            Supply::Units => UNUSED_FOR,
            // Their players come back for every segment.
            Supply::Objects => {
                let segment = self.package().segment_duration().as_millis();
                UNUSED_FOR + 2 * Duration::from_millis(u64::try_from(segment).unwrap_or(0))
            }
        };
        self.born.elapsed().saturating_sub(used) > patience
    }

    /// Of the newest replica, and while that has no segment yet of the one before.
    fn manifest(&self, write: impl Fn(&Package) -> Option<String>) -> Option<String> {
        let (package, before) = {
            let shelf = self.shelf.lock();
            (Arc::clone(&shelf.package), shelf.before.as_ref().map(|(package, _)| Arc::clone(package)))
        };
        write(&package).or_else(|| write(&*before?))
    }

    pub(super) fn package(&self) -> Arc<Package> {
        Arc::clone(&self.shelf.lock().package)
    }

    /// What need not be sent again.
    pub(super) fn held(&self) -> Option<HeldObjects> {
        let shelf = self.shelf.lock();
        shelf.of.map(|of| shelf.package.held(of))
    }

    pub(super) fn begin(&self, begin: Begin) {
        *self.publisher.lock() = Some(begin);
    }

    pub(super) fn go_live(&self, stream: Option<Arc<LiveStream>>) {
        let state = if stream.is_some() { State::Here } else { State::Seeking };
        self.live.store(stream);
        self.set(state);
    }

    /// It is over, for players and for those who wait.
    pub(super) fn end(&self) {
        self.live.store(None);
        self.set(State::Gone);
    }

    /// Shows the window of the origin's package from now on.
    pub(super) fn show(
        &self,
        of: Uuid,
        window: &[u8],
        arrived: &mut std::collections::HashMap<ObjectName, Bytes>,
    ) -> Result<SnapshotPhase, InvalidWindow> {
        let mut shelf = self.shelf.lock();
        let phase = if shelf.of == Some(of) {
            shelf.package.take_over(window, arrived)?
        } else {
            let package = new_package(self.clock);
            let phase = package.take_over(window, arrived)?;
            let before = std::mem::replace(&mut shelf.package, package);
            shelf.before = shelf.of.is_some().then(|| (before, Instant::now()));
            shelf.of = Some(of);
            phase
        };
        if shelf.before.as_ref().is_some_and(|(package, since)| has_lingered(package, *since)) {
            shelf.before = None;
        }
        drop(shelf);
        self.set(State::Here);
        Ok(phase)
    }

    /// Nothing of it may be served from now on.
    pub(super) fn revoke(&self, reason: EndReason) {
        self.dropped.cancel();
        if let Some(stream) = self.live.swap(None) {
            stream.end_replica(reason, (self.clock)());
        }
        let mut shelf = self.shelf.lock();
        shelf.package.revoke();
        if let Some((package, _)) = shelf.before.take() {
            package.revoke();
        }
    }

    fn set(&self, state: State) {
        // What is gone stays so.
        self.state.send_if_modified(|now| {
            let moves = *now != State::Gone && *now != state;
            if moves {
                *now = state;
            }
            moves
        });
    }
}

impl Files for Edge {
    fn hls_multivariant(&self, folder: &str, query: &str) -> Option<String> {
        self.manifest(|package| package.hls_multivariant(folder, query))
    }

    fn hls_media(&self, name: &str, query: &str) -> Option<String> {
        self.manifest(|package| package.hls_media(name, query))
    }

    fn dash(&self, location: Option<&str>, query: &str) -> Option<String> {
        self.manifest(|package| package.dash(location, query))
    }

    fn dash_is_short(&self) -> bool {
        self.package().dash_is_short()
    }

    fn object(&self, name: &str) -> Option<Object> {
        let shelf = self.shelf.lock();
        shelf.package.object(name).or_else(|| shelf.before.as_ref().and_then(|(package, _)| package.object(name)))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.touch();
        self.0.viewers.fetch_sub(1, Ordering::AcqRel);
    }
}

/// True when the segments of a package that ended then are not served any more.
pub(super) fn has_lingered(package: &Package, since: Instant) -> bool {
    since.elapsed() > Duration::from_millis(u64::try_from(package.linger_ms()).unwrap_or(0))
}

fn new_package(clock: Clock) -> Arc<Package> {
    Arc::new(Package::new(PackagingConfig::default(), Arc::new(clock)))
}

/// How long a viewer waits for a stream of another worker.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it is believed that a stream is nowhere.
const ABSENT_FOR: Duration = Duration::from_secs(1);
/// How long an edge outlives its last viewer.
const UNUSED_FOR: Duration = Duration::from_secs(10);
/// Streams that are looked for at a time: a name costs a question to the API.
const MAX_SEEKING: usize = 512;
/// Names that are remembered as absent, about 100 bytes each.
const MAX_ABSENT: usize = 16_384;
