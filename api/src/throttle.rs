//! Makes guessing passwords slow: three failures of one account, or twenty from one address, pause for five minutes.
//! Failures are counted in the database: all APIs count together, and a restart forgets nothing.

use std::net::IpAddr;

use sluice_contract::UnixTime;

use crate::Api;
use crate::manage::Outcome;
use crate::store::attempts;

/// Whose failures are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    Account(String),
    Address(IpAddr),
}

impl Key {
    const fn failures_allowed(&self) -> i64 {
        match self {
            Self::Account(_) => 3,
            Self::Address(_) => 20,
        }
    }
}

impl Api {
    /// True while `key` must wait.
    pub(crate) async fn is_paused(&self, key: &Key) -> Outcome<bool> {
        let since = since(self.now());
        let failures = attempts::failures(self.store().reader(), self.throttle_digest(key), since).await?;
        Ok(failures >= key.failures_allowed())
    }

    pub(crate) async fn attempt_failed(&self, key: &Key) -> Outcome<()> {
        let now = self.now();
        Ok(attempts::failed(self.store().writer(), self.throttle_digest(key), now.as_millis(), since(now)).await?)
    }

    pub(crate) async fn attempt_succeeded(&self, key: &Key) -> Outcome<()> {
        Ok(attempts::forget(self.store().writer(), self.throttle_digest(key)).await?)
    }

    /// What strangers type is as long as they like, and may be a password.
    fn throttle_digest(&self, key: &Key) -> Vec<u8> {
        match key {
            Key::Account(email) => self.secrets().digest(&["login account", email]),
            Key::Address(address) => self.secrets().digest(&["login address", &address.to_string()]),
        }
    }
}

/// Failures before then are over.
pub fn since(now: UnixTime) -> i64 {
    now.plus_secs(-PAUSE_SECS).as_millis()
}

/// Existing clients tell people "blocked for 300 secs".
const PAUSE_SECS: i64 = 300;
/// Accounts and addresses remembered: what a stranger can fill is bounded.
pub const MOST_KEYS: u64 = 10_000;
