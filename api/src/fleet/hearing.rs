//! Whether this API hears the bus. It sends itself a notice every second; while those come back, a worker that is silent
//! is gone. When they do not, or the process itself stood still, it is we who are deaf, and nobody may be given up.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

pub struct Hearing(Mutex<Heard>);

struct Heard {
    /// Since when there was no gap.
    since: Instant,
    last: Instant,
}

impl Hearing {
    pub fn new(now: Instant) -> Self {
        Self(Mutex::new(Heard { since: now, last: now }))
    }

    /// A notice of our own came back.
    pub fn heard(&self, now: Instant) {
        let mut heard = self.0.lock();
        if now.saturating_duration_since(heard.last) > GAP {
            heard.since = now;
        }
        heard.last = now;
    }

    /// True when everybody who is there would have been heard: no gap now, and none for long enough.
    pub fn is_steady(&self, now: Instant) -> bool {
        let heard = self.0.lock();
        now.saturating_duration_since(heard.last) <= GAP && now.saturating_duration_since(heard.since) >= STEADY_AFTER
    }
}

/// Notices come every second.
const GAP: Duration = Duration::from_secs(3);
/// As long as a worker may be silent before it is lost.
const STEADY_AFTER: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_given_up_by_an_api_that_was_deaf() {
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        let hearing = Hearing::new(start);
        for secs in 1..10 {
            assert!(!hearing.is_steady(at(secs)));
            hearing.heard(at(secs));
        }
        assert!(hearing.is_steady(at(10)));
        // Frozen for twenty seconds: first nothing came, then it comes again.
        assert!(!hearing.is_steady(at(30)));
        hearing.heard(at(30));
        for secs in 31..40 {
            assert!(!hearing.is_steady(at(secs)));
            hearing.heard(at(secs));
        }
        assert!(hearing.is_steady(at(40)));
    }
}
