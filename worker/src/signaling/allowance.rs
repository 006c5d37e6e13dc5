//! An allowance of words.

use std::time::Duration;

use tokio::time::Instant;

/// How much may be said: a burst at once, and then so much a second.
pub(super) struct Allowance {
    rate: Rate,
    /// When all that was said would have been said at the allowed rate.
    paid_until: Option<Instant>,
}

/// What a message costs, and how far ahead somebody may be.
#[derive(Clone, Copy)]
pub(super) struct Rate {
    pub message: Duration,
    pub byte: Duration,
    pub burst: Duration,
}

impl Allowance {
    pub const fn of(rate: Rate) -> Self {
        Self { rate, paid_until: None }
    }

    pub fn is_ready(&self, now: Instant) -> bool {
        self.paid_until.is_none_or(|until| until <= now + self.rate.burst)
    }

    /// When it is ready again, if it is not.
    pub fn ready_at(&self, now: Instant) -> Option<Instant> {
        self.paid_until.filter(|_| !self.is_ready(now)).map(|until| until - self.rate.burst)
    }

    pub fn take(&mut self, bytes: usize, now: Instant) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let from = self.paid_until.map_or(now, |until| until.max(now));
        self.paid_until = Some(from + self.rate.message + self.rate.byte * bytes);
    }
}
