//! A question that is asked twice gets one answer: the bus may deliver it again, and its effects must not.

use std::sync::Arc;

use dashmap::DashMap;
use sluice_contract::message::AuthorizeReply;
use sluice_contract::{DenyReason, RequestId, UnixTime};
use tokio::sync::OnceCell;

#[derive(Default)]
pub struct Replays(DashMap<RequestId, Slot>);

#[derive(Clone)]
struct Slot {
    asked: UnixTime,
    answer: Arc<OnceCell<AuthorizeReply>>,
}

impl Replays {
    /// The answer to `id`: one that was given lately, one that is being made, or a new one.
    pub async fn once<F: Future<Output = AuthorizeReply>>(
        &self,
        id: RequestId,
        now: UnixTime,
        decide: impl FnOnce() -> F,
    ) -> AuthorizeReply {
        if self.0.len() >= MOST_ANSWERS {
            self.0.retain(|_, slot| now.millis_since(slot.asked) < REMEMBERED_MS);
        }
        if self.0.len() >= MOST_ANSWERS && !self.0.contains_key(&id) {
            return AuthorizeReply::Deny { reason: DenyReason::AuthorityUnreachable };
        }
        let slot = {
            let mut entry = self.0.entry(id).or_insert_with(|| Slot { asked: now, answer: Arc::new(OnceCell::new()) });
            if now.millis_since(entry.asked) >= REMEMBERED_MS {
                *entry = Slot { asked: now, answer: Arc::new(OnceCell::new()) };
            }
            entry.clone()
        };
        let answer = slot.answer.get_or_init(decide).await.clone();
        if matches!(answer, AuthorizeReply::Deny { reason: DenyReason::AuthorityUnreachable }) {
            // Nobody decided: the next attempt may.
            self.0.remove_if(&id, |_, current| Arc::ptr_eq(&current.answer, &slot.answer));
        }
        answer
    }
}

/// Longer than any caller repeats a question.
const REMEMBERED_MS: i64 = 10_000;
/// Some seconds of the fastest gate.
const MOST_ANSWERS: usize = 65_536;
