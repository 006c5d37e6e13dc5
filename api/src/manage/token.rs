//! One-time tokens.

use sluice_contract::{Operation, Secret, StreamId, UnixTime};
use uuid::Uuid;

use super::problem::provisional;
use super::{Application, Outcome, Page, Slice};
use crate::Api;

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
    pub async fn create_token(&self, _application: &Application, _new: NewToken) -> Outcome<Token> {
        provisional()
    }

    /// Tokens that are not spent.
    pub async fn tokens(
        &self,
        _application: &Application,
        _stream_id: &StreamId,
        _page: Page,
    ) -> Outcome<Slice<Token>> {
        provisional()
    }

    /// Revokes all of a stream; returns how many.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn delete_tokens(&self, _application: &Application, _stream_id: &StreamId) -> Outcome<u64> {
        provisional()
    }
}
