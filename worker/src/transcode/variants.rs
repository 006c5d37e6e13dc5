//! The variants of one stream: made by the first who needs one, shared by all others, and given up some time after the
//! last.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sluice_contract::UnixTime;
use sluice_contract::message::EndReason;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::hub::LiveStream;

use super::feed::Feed;
use super::need::Need;
use super::{Impossible, runtime};

/// What is made of one stream.
#[derive(Default)]
pub(crate) struct Variants(Mutex<Table>);

enum Table {
    Open(HashMap<Wish, Entry>),
    /// The stream has ended: nothing may begin.
    Closed,
}

/// What tells one variant of a stream from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Wish {
    pub need: Need,
    pub transcoding_allowed: bool,
}

enum Entry {
    Running(Arc<Variant>),
    Failed { at: Instant, why: Impossible },
}

/// One of them, and who wants it.
pub(super) struct Variant {
    stream: Arc<LiveStream>,
    holds: AtomicUsize,
    released: Notify,
    released_at: Mutex<Instant>,
}

/// A stream that a viewer can take. A variant goes on while this is held.
pub(crate) struct HeldStream {
    stream: Arc<LiveStream>,
    _hold: Option<Hold>,
}

struct Hold(Arc<Variant>);

impl Default for Table {
    fn default() -> Self {
        Self::Open(HashMap::new())
    }
}

impl Variants {
    /// The variant for a need, which begins if there is none.
    pub(super) fn join(
        &self,
        source: &Arc<LiveStream>,
        need: Need,
        transcoding_allowed: bool,
    ) -> Result<HeldStream, Impossible> {
        let wish = Wish { need, transcoding_allowed };
        // Held until the new one is entered, so that there never are two.
        let mut table = self.0.lock();
        let Table::Open(entries) = &mut *table else { return Err(Impossible::Ended) };
        match entries.get(&wish) {
            Some(Entry::Running(variant)) if variant.stream.is_live() => return Ok(variant.hold()),
            Some(Entry::Failed { at, why }) if at.elapsed() < FAILED_FOR => return Err(why.clone()),
            _ => {}
        }
        let feed = Feed::new(source, wish);
        let variant = Arc::new(Variant::new(Arc::clone(feed.stream())));
        let held = variant.hold();
        runtime::spawn(feed.run(Arc::clone(source), Arc::clone(&variant))).map_err(Impossible::Failed)?;
        entries.insert(wish, Entry::Running(variant));
        Ok(held)
    }

    /// The source has ended. When this returns no reader of a variant receives another unit.
    pub(crate) fn end(&self, reason: EndReason, now: UnixTime) {
        // Nothing of the variants is ended under the lock: they have variants, and locks, of their own.
        let Table::Open(entries) = std::mem::replace(&mut *self.0.lock(), Table::Closed) else { return };
        for entry in entries.into_values() {
            if let Entry::Running(variant) = entry {
                variant.stream.end_replica(reason, now);
            }
        }
    }

    /// Takes a variant out, unless somebody has come for it.
    pub(super) fn give_up(&self, wish: Wish, variant: &Arc<Variant>) -> bool {
        let mut table = self.0.lock();
        let Table::Open(entries) = &mut *table else { return true };
        if variant.holds.load(Ordering::Acquire) > 0 {
            return false;
        }
        if matches!(entries.get(&wish), Some(Entry::Running(entered)) if Arc::ptr_eq(entered, variant)) {
            entries.remove(&wish);
        }
        true
    }

    /// A variant cannot go on. Whoever asks for it within the next moment hears why, instead of having it tried again.
    pub(super) fn failed(&self, wish: Wish, variant: &Arc<Variant>, why: Impossible) {
        let mut table = self.0.lock();
        let Table::Open(entries) = &mut *table else { return };
        if matches!(entries.get(&wish), Some(Entry::Running(entered)) if Arc::ptr_eq(entered, variant)) {
            entries.insert(wish, Entry::Failed { at: Instant::now(), why });
        }
    }
}

impl Variant {
    fn new(stream: Arc<LiveStream>) -> Self {
        let released_at = Mutex::new(Instant::now());
        Self { stream, holds: AtomicUsize::new(0), released: Notify::new(), released_at }
    }

    fn hold(self: &Arc<Self>) -> HeldStream {
        self.holds.fetch_add(1, Ordering::AcqRel);
        HeldStream { stream: Arc::clone(&self.stream), _hold: Some(Hold(Arc::clone(self))) }
    }

    /// Returns when nobody has held it for a while.
    pub(super) async fn unused(self: Arc<Self>) {
        loop {
            if self.holds.load(Ordering::Acquire) > 0 {
                self.released.notified().await;
                continue;
            }
            let due = *self.released_at.lock() + UNUSED_FOR;
            if due <= Instant::now() {
                return;
            }
            sleep_until(due).await;
        }
    }
}

/// [`Variant::unused`], to be waited for again and again.
pub(super) type Unused = Pin<Box<dyn Future<Output = ()> + Send>>;

impl HeldStream {
    /// A stream that needs no change, and no hold.
    pub(super) const fn as_it_is(stream: Arc<LiveStream>) -> Self {
        Self { stream, _hold: None }
    }

    pub(crate) const fn stream(&self) -> &Arc<LiveStream> {
        &self.stream
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        *self.0.released_at.lock() = Instant::now();
        if self.0.holds.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.released.notify_one();
        }
    }
}

/// How long a variant outlives its last viewer: for players that come back, and for those who look around.
const UNUSED_FOR: Duration = if cfg!(test) { Duration::from_millis(500) } else { Duration::from_secs(10) };
/// How long a failure is remembered: what failed for one would fail for all who ask at the same time.
const FAILED_FOR: Duration = Duration::from_secs(5);
