//! Global ids: what `node(id:)` takes. Opaque to clients; inside, the type and its key.

use async_graphql::ID;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sluice_contract::{ApplicationName, Operation, SessionId, StreamId, SubscriberId, WorkerId};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GlobalId {
    Application(Uuid),
    Broadcast(ApplicationName, Uuid),
    Subscriber(ApplicationName, Uuid),
    Session(SessionId),
    Block(ApplicationName, StreamId, SubscriberId, Operation),
    Token(ApplicationName, Uuid),
    Recording(ApplicationName, Uuid),
    ConnectionEvent(ApplicationName, Uuid),
    AuditRecord(Uuid),
    Administrator(Uuid),
    ApiKey(Uuid),
    Worker(WorkerId),
}

impl GlobalId {
    pub fn encode(&self) -> ID {
        // Plain enums of texts always serialise.
        ID(BASE64URL_NOPAD.encode(&serde_json::to_vec(self).unwrap_or_default()))
    }

    /// `None` for anything that this server did not write.
    pub fn decode(id: &ID) -> Option<Self> {
        if id.len() > LONGEST {
            return None;
        }
        serde_json::from_slice(&BASE64URL_NOPAD.decode(id.as_bytes()).ok()?).ok()
    }
}

/// The longest id names three texts of 255 bytes, each byte escaped, in Base64.
const LONGEST: usize = 8_192;
