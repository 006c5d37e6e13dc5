//! A question that is asked twice gets one answer: the bus may deliver it again, and its effects must not.
//!
//! Answers are remembered here for whoever asks again at this API. Those that changed something are also kept in the
//! database that several APIs share, in the transaction of the change.

use std::sync::Arc;

use dashmap::DashMap;
use sluice_contract::StreamRequest;
use sluice_contract::message::AuthorizeReply;
use sluice_contract::{DenyReason, RequestId, UnixTime};
use tokio::sync::OnceCell;

use super::Settled;
use crate::Api;
use crate::store::{ConnectionTrait, StoreError, Stored, replies};

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

/// What the question was answered where it changed something.
pub async fn earlier(api: &Api, db: &impl ConnectionTrait, request: &StreamRequest) -> Stored<Option<Settled>> {
    if !api.store().is_shared() {
        return Ok(None);
    }
    let Some(reply) = replies::find(db, request.id.uuid()).await? else { return Ok(None) };
    let reply = serde_json::from_value(reply).map_err(|_| StoreError::Corrupt("answer"))?;
    Ok(Some(Settled::Answered(Box::new(reply))))
}

/// Whether a question that is asked again can be refused for what its first asking took or left behind.
pub const fn may_be_own_doing(reason: &DenyReason) -> bool {
    matches!(
        reason,
        DenyReason::StreamInUse
            | DenyReason::PublisherLimit
            | DenyReason::ViewerLimit
            | DenyReason::ConcurrencyLimit
            | DenyReason::TokenInvalid
            | DenyReason::TokenSpent
            | DenyReason::CodeInvalid
            | DenyReason::CodeReplayed
            | DenyReason::TooManyGuesses { .. }
    )
}

/// Keeps an answer with what it changed.
pub async fn keep(
    api: &Api,
    db: &impl ConnectionTrait,
    request: &StreamRequest,
    settled: &Settled,
    now: UnixTime,
) -> Stored<()> {
    if !api.store().is_shared() {
        return Ok(());
    }
    let reply = match settled {
        Settled::Allowed { grant, .. } => AuthorizeReply::Allow { grant: grant.clone() },
        Settled::Denied(reason) => AuthorizeReply::Deny { reason: reason.clone() },
        Settled::Answered(_) => return Ok(()),
    };
    let row = replies::Model {
        id: request.id.uuid(),
        reply: serde_json::to_value(&reply).map_err(|_| StoreError::Corrupt("answer"))?,
        expires_at: now.plus_millis(KEPT_MS).as_millis(),
    };
    // Another API decides on the very same question.
    if replies::insert(db, row).await? { Ok(()) } else { Err(StoreError::Retry) }
}

/// Longer than any API takes to come back.
const KEPT_MS: i64 = 60_000;
/// Longer than any caller repeats a question.
const REMEMBERED_MS: i64 = 10_000;
/// Some seconds of the fastest gate.
const MOST_ANSWERS: usize = 65_536;
