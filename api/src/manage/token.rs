//! One-time tokens.

use sluice_contract::{Operation, Secret, StreamId, UnixTime};
use uuid::Uuid;

use super::{Application, AuditRecord, Cursor, Entry, Outcome, Page, Role, Slice};
use crate::Api;
use crate::secrets::token_hash;
use crate::store::{StoreError, tokens};

#[derive(Debug, Clone)]
pub struct Token {
    pub id: Uuid,
    pub token: Secret<String>,
    pub stream_id: StreamId,
    pub operation: Operation,
    pub expires_at: UnixTime,
    pub room_id: Option<String>,
}

#[derive(Debug, Clone)]
pub struct NewToken {
    pub stream_id: StreamId,
    pub operation: Operation,
    pub expires_at: UnixTime,
    pub room_id: Option<String>,
}

impl Api {
    /// # Errors
    /// `forbidden`.
    pub async fn create_token(&self, application: &Application, new: NewToken) -> Outcome<Token> {
        application.require(Role::Operator)?;
        let id = Uuid::now_v7();
        let token = self.secrets().random_name()?;
        let row = tokens::Model {
            id,
            application_id: application.id,
            hash: token_hash(&token),
            sealed: self.secrets().seal(&tokens::place(id), token.as_bytes())?,
            stream_id: new.stream_id.to_string(),
            operation: new.operation.as_str().to_owned(),
            room_id: new.room_id.clone(),
            created_at: self.now().as_millis(),
            expires_at: new.expires_at.as_millis(),
            reserved_by: None,
            reserved_until: None,
            spent_at: None,
        };
        tokens::insert(self.store().writer(), row).await?;
        self.record(AuditRecord::action_on(self, "create-token", application, &new.stream_id));
        Ok(Token {
            id,
            token: Secret::new(token),
            stream_id: new.stream_id,
            operation: new.operation,
            expires_at: new.expires_at,
            room_id: new.room_id,
        })
    }

    /// Tokens that are not spent. Needs the operator's role: whoever reads one can use it.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn tokens(&self, application: &Application, stream_id: &StreamId, page: Page) -> Outcome<Slice<Token>> {
        application.require(Role::Operator)?;
        let rows = tokens::list(self.store().reader(), application.id, stream_id.as_str(), &page).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            entries.push(Entry { cursor: Cursor::of(row.id), node: self.token_of_row(row)? });
        }
        Ok(Slice::of(&page, entries, |entry| entry))
    }

    /// Revokes all of a stream; returns how many.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn delete_tokens(&self, application: &Application, stream_id: &StreamId) -> Outcome<u64> {
        application.require(Role::Operator)?;
        let deleted = tokens::delete_all(self.store().writer(), application.id, stream_id.as_str()).await?;
        self.record(AuditRecord::action_on(self, "revoke-tokens", application, stream_id));
        Ok(deleted)
    }

    fn token_of_row(&self, row: tokens::Model) -> Outcome<Token> {
        let opened = self.secrets().open_sealed(&tokens::place(row.id), &row.sealed);
        let text = opened.ok().and_then(|text| String::from_utf8(text.expose().clone()).ok());
        Ok(Token {
            id: row.id,
            token: Secret::new(text.ok_or(StoreError::Corrupt("token"))?),
            stream_id: row.stream_id.parse().map_err(|_| StoreError::Corrupt("stream id"))?,
            operation: Operation::parse(&row.operation).ok_or(StoreError::Corrupt("operation"))?,
            expires_at: UnixTime::from_millis(row.expires_at),
            room_id: row.room_id,
        })
    }
}
