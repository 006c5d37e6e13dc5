//! Checks one-time tokens for somebody who guards a door of their own, by the rules of the gate.

use sluice_contract::{DenyReason, Operation, Secret, StreamId, UnixTime};

use super::{Application, AuditRecord, Outcome, Role, Token};
use crate::Api;
use crate::secrets::token_hash;
use crate::store::tokens;

/// A token that somebody presented elsewhere.
#[derive(Debug, Clone)]
pub struct TokenCheck {
    pub token: Secret<String>,
    pub stream_id: StreamId,
    pub operation: Operation,
    /// The room that its bearer wants to enter.
    pub room_id: Option<String>,
}

/// Whether checking a token that admits also uses it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spending {
    Spend,
    /// It may still be used by anybody, at the gate too.
    Keep,
}

/// What the gate would say to a token.
#[derive(Debug, Clone)]
pub struct TokenAnswer {
    /// Why it does not admit; `None` if it does.
    pub refusal: Option<DenyReason>,
    /// This very check spent it.
    pub spent: bool,
    /// The token as it stands now; `None` if there is no such token.
    pub token: Option<Token>,
}

impl TokenAnswer {
    pub fn admits(&self) -> bool {
        self.refusal.is_none()
    }

    fn refused(reason: DenyReason, token: Option<Token>) -> Self {
        Self { refusal: Some(reason), spent: false, token }
    }
}

impl Api {
    /// Whether the token admits now. One that does is spent with this answer if that is asked for, unless it was made
    /// for the room that is named, and the stream is that room or a member of it.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn check_token(
        &self,
        application: &Application,
        check: &TokenCheck,
        spending: Spending,
    ) -> Outcome<TokenAnswer> {
        application.require(Role::Operator)?;
        let now = self.now().as_millis();
        let hash = token_hash(check.token.expose().trim());
        let Some(row) = tokens::find(self.store().reader(), application.id, hash).await? else {
            return Ok(TokenAnswer::refused(DenyReason::TokenInvalid, None));
        };
        let opens_room = self.opens_room(application, check, row.room_id.as_deref()).await?;
        let is_held = row.reserved_until.is_some_and(|until| now < until);
        let token = self.token_of_row(row.clone())?;
        let fits =
            row.operation == check.operation.as_str() && (opens_room || row.stream_id == check.stream_id.as_str());
        let refusal = if !fits {
            Some(DenyReason::TokenInvalid)
        } else if now >= row.expires_at {
            Some(DenyReason::TokenExpired { at: UnixTime::from_millis(row.expires_at) })
        } else if row.spent_at.is_some() || is_held {
            Some(DenyReason::TokenSpent)
        } else {
            None
        };
        if let Some(reason) = refusal {
            return Ok(TokenAnswer::refused(reason, Some(token)));
        }
        if opens_room || spending == Spending::Keep {
            return Ok(TokenAnswer { refusal: None, spent: false, token: Some(token) });
        }
        if !tokens::spend(self.store().writer(), row.id, None, now).await? {
            return Ok(TokenAnswer::refused(DenyReason::TokenSpent, Some(token)));
        }
        let mut record = AuditRecord::action_on(self, "spend-token", application, &check.stream_id);
        record.operation = Some(check.operation);
        record.detail = Some(token.named());
        self.record(record);
        let token = self.token_by_id(application, row.id).await?;
        Ok(TokenAnswer { refusal: None, spent: true, token })
    }

    async fn opens_room(&self, application: &Application, check: &TokenCheck, room: Option<&str>) -> Outcome<bool> {
        let Some(room) = room.filter(|room| !room.is_empty() && check.room_id.as_deref() == Some(*room)) else {
            return Ok(false);
        };
        if check.stream_id.as_str() == room {
            return Ok(true);
        }
        let broadcast = self.broadcast(application, check.stream_id.as_str()).await?;
        Ok(broadcast.and_then(|broadcast| broadcast.main_track).is_some_and(|main| main.as_str() == room))
    }
}
