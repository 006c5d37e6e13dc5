//! Asks a broadcast's source for a key frame: whoever needs one may ask at any time, and the source hears of it once a
//! second at most. A wish that comes too early waits until then, unless a key frame comes first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Passes the wish on to the source. Called with no lock held; must not wait.
pub(crate) type KeyFrameAsk = Box<dyn Fn() + Send + Sync>;

/// The way to one source.
pub(super) struct KeyFrameRequests {
    ask: KeyFrameAsk,
    last: Mutex<Option<Instant>>,
    /// Somebody asked too early.
    waits: AtomicBool,
}

impl KeyFrameRequests {
    pub(super) const fn new(ask: KeyFrameAsk) -> Self {
        Self { ask, last: Mutex::new(None), waits: AtomicBool::new(false) }
    }

    /// Asks, or has [`came`](Self::came) do it when the last second has heard a wish already: whether the key frame of that
    /// one is still to come, nobody knows.
    pub(super) fn request(&self) {
        {
            let mut last = self.last.lock();
            if last.is_some_and(|at| at.elapsed() < SHORTEST_DISTANCE) {
                self.waits.store(true, Ordering::Relaxed);
                return;
            }
            *last = Some(Instant::now());
        }
        (self.ask)();
    }

    /// A picture has come: who waits has its key frame, or is asked for when it is time.
    pub(super) fn came(&self, is_key: bool) {
        if self.waits.load(Ordering::Relaxed) && self.waits.swap(false, Ordering::Relaxed) && !is_key {
            self.request();
        }
    }
}

/// A key frame costs as much as many other pictures.
const SHORTEST_DISTANCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn a_wish_that_comes_too_early_waits_for_its_time_or_for_a_key_frame() {
        let asked = Arc::new(AtomicUsize::new(0));
        let requests = KeyFrameRequests::new({
            let asked = Arc::clone(&asked);
            Box::new(move || {
                asked.fetch_add(1, Ordering::Relaxed);
            })
        });
        let count = || asked.load(Ordering::Relaxed);
        let a_second_passes = || {
            let mut last = requests.last.lock();
            *last = last.and_then(|at| at.checked_sub(SHORTEST_DISTANCE));
        };
        requests.request();
        requests.came(true);
        requests.request();
        requests.came(false);
        assert_eq!(count(), 1);
        a_second_passes();
        requests.came(false);
        assert_eq!(count(), 2, "the key frame of the first wish was too early for the second");
        requests.request();
        requests.came(true);
        a_second_passes();
        requests.came(false);
        assert_eq!(count(), 2, "a key frame has come");
    }
}
