//! Spends one-time tokens for somebody who guards a door of their own (`rest-v2` §4.3), by the rules of the gate.

use sluice_contract::{Operation, Secret, StreamId};

use super::{Application, AuditRecord, Outcome, Role};
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

impl Api {
    /// Whether the token admits now. One that does is spent with this answer, unless it was made for the room that is
    /// named, and the stream is that room or a member of it.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn validate_token(&self, application: &Application, check: &TokenCheck) -> Outcome<bool> {
        application.require(Role::Operator)?;
        let now = self.now().as_millis();
        let hash = token_hash(check.token.expose().trim());
        let Some(row) = tokens::find(self.store().reader(), application.id, hash).await? else { return Ok(false) };
        let is_held = row.reserved_until.is_some_and(|until| now < until);
        if row.operation != check.operation.as_str() || now >= row.expires_at || row.spent_at.is_some() || is_held {
            return Ok(false);
        }
        if self.opens_room(application, check, row.room_id.as_deref()).await? {
            return Ok(true);
        }
        if row.stream_id != check.stream_id.as_str() {
            return Ok(false);
        }
        let spent = tokens::spend(self.store().writer(), row.id, now).await?;
        if spent {
            self.record(AuditRecord::action_on(self, "spend-token", application, &check.stream_id));
        }
        Ok(spent)
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
