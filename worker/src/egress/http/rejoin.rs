//! Lets the same client with the same credentials back into its session, so that a player that repeats them with every
//! request costs one question to the gate; and lets requests that ask the same at the same moment share one answer.

use std::sync::Arc;

use dashmap::DashMap;
use ring::hmac;
use ring::rand::SystemRandom;
use sluice_contract::{ClientBinding, Credentials, DenyReason, SessionId};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::StreamKey;

/// The sessions that may be joined again, by a digest of stream, client and credentials. The digest's key is made at
/// the start and never leaves the process: what is kept here tells nothing of the credentials.
pub(super) struct Rejoin {
    key: hmac::Key,
    places: DashMap<[u8; 16], Arc<Mutex<Place>>>,
}

/// No key can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system has no randomness")]
pub struct NoRandomness;

/// What became of the last question of one client with one set of credentials.
#[derive(Default)]
pub(super) struct Place {
    pub session: Option<SessionId>,
    /// When the gate last refused, and why: those who asked before then share the answer.
    pub refused: Option<(Instant, DenyReason)>,
}

impl Rejoin {
    /// # Errors
    /// [`NoRandomness`].
    pub fn new() -> Result<Self, NoRandomness> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|_| NoRandomness)?;
        Ok(Self { key, places: DashMap::new() })
    }

    /// The place of one client. `is_live` tells which sessions can still be joined, when places run out. When all are
    /// taken the place is not shared with later requests, which only costs them a question of their own.
    pub fn place(
        &self,
        stream: &StreamKey,
        client: &ClientBinding,
        credentials: &Credentials,
        is_live: impl Fn(SessionId) -> bool,
    ) -> Arc<Mutex<Place>> {
        let digest = self.digest(stream, client, credentials);
        if let Some(place) = self.places.get(&digest) {
            return Arc::clone(&place);
        }
        if self.places.len() >= MAX_PLACES {
            self.sweep(is_live);
        }
        if self.places.len() >= MAX_PLACES {
            return Arc::default();
        }
        Arc::clone(&self.places.entry(digest).or_default())
    }

    /// Gives up the places of sessions that are gone.
    pub fn sweep(&self, is_live: impl Fn(SessionId) -> bool) {
        self.places.retain(|_, place| {
            // Somebody else holds it only while it asks.
            Arc::strong_count(place) > 1 || place.try_lock().map_or(true, |place| place.session.is_some_and(&is_live))
        });
    }

    fn digest(&self, stream: &StreamKey, client: &ClientBinding, credentials: &Credentials) -> [u8; 16] {
        let parts = [
            Some(stream.application.as_str()),
            Some(stream.stream_id.as_str()),
            Some(client.as_str()),
            credentials.token.as_ref().map(|token| token.expose().as_str()),
            credentials.subscriber_id.as_deref(),
            credentials.subscriber_code.as_ref().map(|code| code.expose().as_str()),
            credentials.room_id.as_deref(),
        ];
        let mut mac = hmac::Context::with_key(&self.key);
        for part in parts {
            // Lengths keep `a` + `bc` apart from `ab` + `c`, and nothing apart from an empty text.
            mac.update(&part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
            mac.update(part.unwrap_or_default().as_bytes());
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&mac.sign().as_ref()[..16]);
        digest
    }
}

/// About 10 MiB.
const MAX_PLACES: usize = 65_536;
