//! Makes guessing passwords slow: three failures of one account, or twenty from one address, pause for five minutes.

use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;
use sluice_contract::UnixTime;

#[derive(Default)]
pub struct Throttle(Mutex<HashMap<Key, Attempts>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    Account(String),
    Address(IpAddr),
}

impl Key {
    const fn failures_allowed(&self) -> u32 {
        match self {
            Self::Account(_) => 3,
            Self::Address(_) => 20,
        }
    }
}

struct Attempts {
    failures: u32,
    last: UnixTime,
}

impl Throttle {
    /// True while `key` must wait.
    pub fn is_paused(&self, key: &Key, now: UnixTime) -> bool {
        self.0.lock().get(key).is_some_and(|attempts| {
            attempts.failures >= key.failures_allowed() && now < attempts.last.plus_secs(PAUSE_SECS)
        })
    }

    pub fn failed(&self, key: Key, now: UnixTime) {
        let mut table = self.0.lock();
        if table.len() >= MOST_KEYS {
            table.retain(|_, attempts| now < attempts.last.plus_secs(PAUSE_SECS));
        }
        if table.len() >= MOST_KEYS && !table.contains_key(&key) {
            // Somebody sprays: the one that waited longest goes.
            let oldest = table.iter().min_by_key(|(_, attempts)| attempts.last).map(|(key, _)| key.clone());
            oldest.map(|key| table.remove(&key));
        }
        let attempts = table.entry(key).or_insert(Attempts { failures: 0, last: now });
        if now >= attempts.last.plus_secs(PAUSE_SECS) {
            attempts.failures = 0;
        }
        attempts.failures = attempts.failures.saturating_add(1);
        attempts.last = now;
    }

    pub fn succeeded(&self, key: &Key) {
        self.0.lock().remove(key);
    }
}

/// Existing clients tell people "blocked for 300 secs".
const PAUSE_SECS: i64 = 300;
/// Accounts and addresses remembered: what a stranger can fill is bounded.
const MOST_KEYS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixTime = UnixTime::from_secs(1_000);

    #[test]
    fn the_third_failure_pauses_an_account_for_five_minutes() {
        let throttle = Throttle::default();
        let key = Key::Account("a@b.c".to_owned());
        throttle.failed(key.clone(), START);
        throttle.failed(key.clone(), START);
        assert!(!throttle.is_paused(&key, START));
        throttle.failed(key.clone(), START);
        assert!(throttle.is_paused(&key, START.plus_secs(299)));
        assert!(!throttle.is_paused(&key, START.plus_secs(300)));
    }

    #[test]
    fn a_spray_of_names_takes_bounded_memory() {
        let throttle = Throttle::default();
        for i in 0..MOST_KEYS as i64 + 100 {
            throttle.failed(Key::Account(i.to_string()), START.plus_millis(i));
        }
        assert_eq!(throttle.0.lock().len(), MOST_KEYS);
    }
}
