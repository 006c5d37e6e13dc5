//! Webhooks: an application's own server is asked before somebody comes in, and told what happens.
//!
//! | Module | What it is |
//! |---|---|
//! | [`authorization`] | the question inside of a decision |
//! | [`event`] | what is told, and its fields |
//! | [`outbox`] | events written down in the transaction of what they tell, and messages, which no transaction tells |
//! | [`delivery`] | the task that delivers them, and [`schedule`], when it tries again |
//! | [`refusals`], [`figures`] | events that no transaction tells: refusals, and live figures every so often |
//! | [`idle`] | events written down ahead: streams that nobody watches |
//! | [`status`] | what happens to the server itself, for a webhook of its own |
//! | [`upkeep`] | bounds and retention of the table |
//! | [`signature`] | the signature of every body |

mod authorization;
mod delivery;
mod event;
mod figures;
pub mod idle;
mod outbox;
mod refusals;
mod schedule;
mod signature;
pub mod status;
#[cfg(test)]
mod tests;
mod upkeep;

use std::collections::HashMap;

use parking_lot::Mutex;
use sluice_contract::{DenyReason, SessionId, StreamRequest};
use tokio::sync::{Notify, Semaphore, mpsc};

pub use authorization::{Asked, Authorization};
pub use delivery::{deliver, try_out};
pub use event::{Action, BINARY_DATA, DATA, Happening, parameters};
pub use figures::tell_figures;
pub use outbox::{is_heard, pass_on, tell};
pub use refusals::{Refusals, record_refusals};
pub use upkeep::upkeep;

use refusals::Refused;

/// What the webhooks hold in memory.
pub struct Webhooks {
    pub authorization: Authorization,
    /// Somebody wrote an event down.
    written: Notify,
    refused: mpsc::Sender<Refused>,
    /// The last report of each live stream, by its publisher.
    reported: Mutex<HashMap<SessionId, i64>>,
    /// Places for people who try a webhook out.
    pub trials: Semaphore,
}

impl Webhooks {
    pub fn new() -> (Self, Refusals) {
        let (refused, queue) = mpsc::channel(refusals::QUEUE);
        let webhooks = Self {
            authorization: Authorization::default(),
            written: Notify::new(),
            refused,
            reported: Mutex::default(),
            trials: Semaphore::new(TRIALS),
        };
        (webhooks, Refusals(queue))
    }

    /// There is something to deliver, once its transaction is committed.
    fn wake(&self) {
        self.written.notify_one();
    }

    /// Tells of a refusal. Dropped when too many wait: a flood of strangers is no reason to stop deciding.
    pub fn refused(&self, request: &StreamRequest, reason: &DenyReason) {
        let _ = self.refused.try_send(Refused::of(request, reason));
    }
}

/// Each takes a few seconds at most.
const TRIALS: usize = 4;
