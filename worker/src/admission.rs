//! Asks the gate over the bus. Every publish and every play of this worker comes through [`Admission::admit`].

use std::sync::Arc;

use sluice_contract::{ClientBinding, Credentials, DenyReason, Intent, Operation, Peer, Protocol, StreamGrant};

use crate::session::Session;

/// What a peer asks for, in its own words.
#[derive(Debug, Clone)]
pub struct Ask {
    pub application: String,
    pub stream_id: String,
    pub operation: Operation,
    pub protocol: Protocol,
    pub credentials: Credentials,
    pub peer: Peer,
    pub client: ClientBinding,
    pub intent: Intent,
    /// RTMP's publishing type (`live`, `record`, `append`).
    pub publish_mode: Option<String>,
}

/// Proof that the gate allowed this very request. Only [`Admission::admit`] makes one, so nothing that takes it can
/// start before a decision. Dropping it ends the session as closed by the peer.
pub struct Admitted {
    session: Arc<Session>,
}

impl Admitted {
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub fn grant(&self) -> &StreamGrant {
        self.session.grant()
    }
}

/// The way to the gate.
pub struct Admission {}

impl Admission {
    /// Asks, and registers the session when the answer is yes. Fails closed: without an answer in time the reason is
    /// [`DenyReason::AuthorityUnreachable`].
    ///
    /// # Errors
    /// The reason of the refusal; [`sluice_contract::policy::Refusal`] words it for each protocol.
    pub async fn admit(&self, _ask: Ask) -> Result<Admitted, DenyReason> {
        Err(DenyReason::AuthorityUnreachable)
    }
}
