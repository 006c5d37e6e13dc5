//! One-time tokens: made, listed, shown again, revoked.

use sluice_contract::{Operation, Secret, StreamId, UnixTime};
use uuid::Uuid;

use super::{Application, AuditRecord, Cursor, Entry, ManageError, Outcome, Page, ProblemCode, Role, Slice};
use crate::Api;
use crate::secrets::token_hash;
use crate::store::{StoreError, tokens};

/// One token as it stands.
#[derive(Debug, Clone)]
pub struct Token {
    pub id: Uuid,
    /// What its bearer shows. Whoever reads it can use it.
    pub token: Secret<String>,
    pub stream_id: StreamId,
    pub operation: Operation,
    pub expires_at: UnixTime,
    pub room_id: Option<String>,
    pub created_at: UnixTime,
    /// Who made it; `None` when nobody wrote that down.
    pub created_by: Option<String>,
    pub status: TokenStatus,
    /// Held until then for the client that asked first; `None` unless it is reserved.
    pub reserved_until: Option<UnixTime>,
    pub spent_at: Option<UnixTime>,
    /// The client that holds or spent it, by address and software; `None` if there is none.
    pub client: Option<String>,
}

impl Token {
    /// Its last characters: enough to tell tokens apart, too little to use one.
    pub fn hint(&self) -> String {
        let text = self.token.expose();
        let skipped = text.chars().count().saturating_sub(HINT_CHARS);
        text.chars().skip(skipped).collect()
    }

    /// As the audit names it.
    pub(super) fn named(&self) -> String {
        format!("…{}", self.hint())
    }
}

/// What a token is good for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenStatus {
    /// It admits the first who shows it.
    Unused,
    /// It is held for one client, which has not received media yet.
    Reserved,
    Spent,
    /// Its time passed before anybody spent it.
    Expired,
}

#[derive(Debug, Clone, Default)]
pub struct TokenFilter {
    pub operation: Option<Operation>,
    pub status: Option<TokenStatus>,
    /// Only those that are not spent, expired or not.
    pub unspent: bool,
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
            room_id: new.room_id,
            created_at: self.now().as_millis(),
            expires_at: new.expires_at.as_millis(),
            reserved_by: None,
            reserved_until: None,
            spent_at: None,
            created_by: Some(application.actor.to_string()),
            spent_by: None,
        };
        tokens::insert(self.store().writer(), row.clone()).await?;
        let mut record = AuditRecord::action_on(self, "create-token", application, &new.stream_id);
        record.operation = Some(new.operation);
        let made = self.token_of_row(row)?;
        record.detail = Some(format!("{} until {}", made.named(), new.expires_at));
        self.record(record);
        Ok(made)
    }

    /// Tokens of a stream, the oldest first. Everybody who may read the application may list them: who shows them to
    /// somebody without the operator's role shows no more than [`Token::hint`].
    pub async fn tokens(
        &self,
        application: &Application,
        stream_id: &StreamId,
        filter: TokenFilter,
        page: Page,
    ) -> Outcome<Slice<Token>> {
        let db = self.store().reader();
        let now = self.now().as_millis();
        let rows = tokens::list(db, application.id, stream_id.as_str(), &filter, now, &page).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            entries.push(Entry { cursor: Cursor::of(row.id), node: self.token_of_row(row)? });
        }
        Ok(Slice::of(&page, entries, |entry| entry))
    }

    /// The same in clear, those that are not spent.
    ///
    /// # Errors
    /// `forbidden` without the operator's role: whoever reads a token can use it.
    pub async fn unspent_tokens(
        &self,
        application: &Application,
        stream_id: &StreamId,
        page: Page,
    ) -> Outcome<Slice<Token>> {
        application.require(Role::Operator)?;
        self.tokens(application, stream_id, TokenFilter { unspent: true, ..TokenFilter::default() }, page).await
    }

    pub async fn count_tokens(
        &self,
        application: &Application,
        stream_id: &StreamId,
        filter: TokenFilter,
    ) -> Outcome<u64> {
        let now = self.now().as_millis();
        Ok(tokens::count(self.store().reader(), application.id, stream_id.as_str(), &filter, now).await?)
    }

    pub async fn token_by_id(&self, application: &Application, id: Uuid) -> Outcome<Option<Token>> {
        let row = tokens::find_by_id(self.store().reader(), application.id, id).await?;
        row.map(|row| self.token_of_row(row)).transpose()
    }

    /// The token in clear. That it was shown is recorded in the audit.
    ///
    /// # Errors
    /// `not-found`, `forbidden`.
    pub async fn reveal_token(&self, application: &Application, id: Uuid) -> Outcome<Token> {
        application.require(Role::Operator)?;
        let token = self.token_by_id(application, id).await?.ok_or_else(no_token)?;
        let mut record = AuditRecord::action_on(self, "reveal-token", application, &token.stream_id);
        record.operation = Some(token.operation);
        record.detail = Some(token.named());
        self.record(record);
        Ok(token)
    }

    /// Revokes one token of a stream, spent or not.
    ///
    /// # Errors
    /// `not-found`, `forbidden`.
    pub async fn delete_token(&self, application: &Application, stream_id: &StreamId, id: Uuid) -> Outcome<()> {
        application.require(Role::Operator)?;
        let token = self.token_by_id(application, id).await?.ok_or_else(no_token)?;
        if !tokens::delete(self.store().writer(), application.id, stream_id.as_str(), id).await? {
            return Err(no_token());
        }
        let mut record = AuditRecord::action_on(self, "revoke-token", application, stream_id);
        record.operation = Some(token.operation);
        record.detail = Some(token.named());
        self.record(record);
        Ok(())
    }

    /// Revokes all of a stream; returns how many.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn delete_tokens(&self, application: &Application, stream_id: &StreamId) -> Outcome<u64> {
        application.require(Role::Operator)?;
        let deleted = tokens::delete_all(self.store().writer(), application.id, stream_id.as_str()).await?;
        let mut record = AuditRecord::action_on(self, "revoke-tokens", application, stream_id);
        record.detail = Some(format!("{deleted} tokens"));
        self.record(record);
        Ok(deleted)
    }

    pub(super) fn token_of_row(&self, row: tokens::Model) -> Outcome<Token> {
        let opened = self.secrets().open_sealed(&tokens::place(row.id), &row.sealed);
        let text = opened.ok().and_then(|text| String::from_utf8(text.expose().clone()).ok());
        let now = self.now().as_millis();
        let reserved_until = row.reserved_until.filter(|until| now < *until && row.spent_at.is_none());
        let status = match (row.spent_at, reserved_until) {
            (Some(_), _) => TokenStatus::Spent,
            (None, _) if now >= row.expires_at => TokenStatus::Expired,
            (None, Some(_)) => TokenStatus::Reserved,
            (None, None) => TokenStatus::Unused,
        };
        Ok(Token {
            id: row.id,
            token: Secret::new(text.ok_or(StoreError::Corrupt("token"))?),
            stream_id: row.stream_id.parse().map_err(|_| StoreError::Corrupt("stream id"))?,
            operation: Operation::parse(&row.operation).ok_or(StoreError::Corrupt("operation"))?,
            expires_at: UnixTime::from_millis(row.expires_at),
            room_id: row.room_id,
            created_at: UnixTime::from_millis(row.created_at),
            created_by: row.created_by,
            status,
            client: match status {
                TokenStatus::Spent => row.spent_by,
                TokenStatus::Reserved => row.reserved_by,
                TokenStatus::Unused | TokenStatus::Expired => None,
            },
            reserved_until: reserved_until.map(UnixTime::from_millis),
            spent_at: row.spent_at.map(UnixTime::from_millis),
        })
    }
}

fn no_token() -> ManageError {
    ManageError::problem_at(ProblemCode::NotFound, "id", "the stream has no such token")
}

/// Of the 32 that a token has.
const HINT_CHARS: usize = 4;
