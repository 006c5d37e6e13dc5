//! Signaling of WebRTC: how browsers and encoders agree with us on a connection.
//!
//! ```text
//! socket/ (JSON on a WebSocket) ─┐
//! whip (POST, publish)          ─┼─► gate (admission, relay) ─► webrtc::calls
//! whep (POST, play)             ─┘
//! ```
//!
//! All three ask the gate before they look for a stream, and spend nothing for what cannot come about. The media is none
//! of their business: a [`Call`](crate::webrtc::calls::Call) stands for it, and tells how it fares.

mod allowance;
mod bearer;
mod entry;
mod exchange;
mod ice;
mod resource;
mod rooms;
mod socket;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod whep;
mod whip;

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use ring::rand::{SecureRandom, SystemRandom};
use sluice_bus::WorkerLink;
use sluice_contract::WorkerId;
use tokio_util::sync::CancellationToken;

use crate::admission::Admission;
use crate::control::Rules;
use crate::egress::http::TrustedProxies;
use crate::hub::EventSink;
use crate::relay::Reach;
use crate::webrtc::calls::Calls;
use crate::{Clock, StreamKey};
use exchange::Exchange;
use resource::Resources;
use rooms::Rooms;
use socket::Guests;

/// Everything that signaling needs of its worker.
pub(crate) struct Signaling {
    pub worker: WorkerId,
    pub link: Arc<dyn WorkerLink>,
    pub rules: Arc<Rules>,
    pub admission: Arc<Admission>,
    pub reach: Arc<Reach>,
    pub calls: Arc<dyn Calls>,
    pub proxies: TrustedProxies,
    pub clock: Clock,
    /// Sockets say goodbye then, and nobody new is let in.
    pub shutdown: CancellationToken,
    pub state: State,
}

/// What signaling remembers; made with its worker and empty at first.
pub(crate) struct State {
    random: Random,
    guests: Arc<Guests>,
    resources: Resources,
    exchange: Arc<Exchange>,
    rooms: Rooms,
}

impl State {
    /// What is said over data channels is told to `events`, where an application asks for it.
    pub fn new(events: Arc<dyn EventSink>) -> Self {
        Self {
            random: Random::default(),
            guests: Arc::default(),
            resources: Resources::default(),
            exchange: Arc::new(Exchange::new(events)),
            rooms: Rooms::default(),
        }
    }
}

impl Signaling {
    /// Sends a text over the data channels of a stream's publisher and of everybody who plays it here. Returns how many
    /// they are.
    pub fn tell(&self, key: &StreamKey, text: &str) -> u32 {
        self.state.exchange.tell(key, text)
    }
}

/// The routes of signaling. Serve them with `ConnectInfo<SocketAddr>`.
pub(crate) fn router(signaling: Arc<Signaling>) -> Router {
    Router::new()
        .route("/{app}/websocket", any(socket::accept))
        .route("/{app}/whip/{*path}", any(whip::serve))
        .route("/{app}/whep/{*path}", any(whep::serve))
        .with_state(signaling)
}

/// The system's randomness, for what nobody may guess.
struct Random(SystemRandom);

impl Default for Random {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

/// The system has no randomness: nothing can be named so that nobody guesses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system has no randomness")]
struct NoRandomness;

impl Random {
    fn bytes<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(bytes)
    }

    /// 160 bits in lowercase letters and digits.
    fn name(&self) -> Result<String, NoRandomness> {
        Ok(data_encoding::BASE32_NOPAD.encode(&self.bytes::<20>()?).to_ascii_lowercase())
    }

    /// Numbers for SSRCs (RFC 3550 §8.1): never 0, each different from those before it with this sequence.
    fn ssrcs(&self) -> Result<impl FnMut() -> u32 + use<>, NoRandomness> {
        let mut next = u32::from_ne_bytes(self.bytes()?);
        // Any odd step visits every number once.
        let step = u32::from_ne_bytes(self.bytes()?) | 1;
        Ok(move || {
            next = next.wrapping_add(step);
            if next == 0 {
                next = step;
            }
            next
        })
    }
}
