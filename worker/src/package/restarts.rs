//! Limits how often a stranger can make us build a pipeline.

use sluice_contract::UnixTime;

/// A few at once, and then one now and again.
#[derive(Debug)]
pub(crate) struct RestartBudget {
    tokens: i64,
    filled_at: UnixTime,
}

impl RestartBudget {
    const FULL: i64 = 8;
    const REFILL_MS: i64 = 10_000;

    pub(crate) const fn full(now: UnixTime) -> Self {
        Self { tokens: Self::FULL, filled_at: now }
    }

    /// False when there were too many of late.
    pub(crate) fn take(&mut self, now: UnixTime) -> bool {
        let refill = (now.millis_since(self.filled_at) / Self::REFILL_MS).max(0);
        if refill > 0 {
            self.tokens = self.tokens.saturating_add(refill).min(Self::FULL);
            self.filled_at = now;
        }
        if self.tokens <= 0 {
            return false;
        }
        self.tokens -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_are_rationed() {
        let mut budget = RestartBudget::full(UnixTime::EPOCH);
        let taken = (0..100).take_while(|_| budget.take(UnixTime::EPOCH)).count();
        assert_eq!(i64::try_from(taken), Ok(RestartBudget::FULL));
        budget.tokens = 0;
        assert!(budget.take(UnixTime::from_secs(10)));
        assert!(!budget.take(UnixTime::from_secs(10)));
    }
}
