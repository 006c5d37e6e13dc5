//! What APIs of one database tell one another: that memory must be brought up to date, and what pages are waiting for.
//!
//! Everything here is also in the database, or comes again: a notice may be lost, and none is needed for a decision.
//! None holds a secret.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sluice_contract::WorkerId;
use sluice_contract::message::Notice;
use tokio::sync::mpsc;
use tracing::{debug, warn};
use uuid::Uuid;

use super::Fleet;
use crate::Api;
use crate::manage::{AuditRecord, BlockEvent, BroadcastEvent, SessionEvent};

/// The body of a notice.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Told {
    /// I am here, and hear what I say; and somebody here watches decisions, or nobody does.
    Beat {
        decisions: bool,
    },
    /// Applications or settings were written.
    Directory {
        version: u64,
    },
    /// A worker said hello here.
    Joined {
        worker: WorkerId,
        name: String,
        relay: Option<String>,
    },
    Session {
        event: Box<SessionEvent>,
    },
    Block {
        event: BlockEvent,
    },
    Broadcast {
        event: BroadcastEvent,
    },
    Decision {
        record: Box<AuditRecord>,
    },
    /// Of a kind that this release does not know.
    #[serde(other)]
    Unknown,
}

/// This API's voice.
pub struct Notices {
    /// This API, from its start to its end.
    id: Uuid,
    waiting: mpsc::Sender<Told>,
    /// Whether another API has people who watch decisions: milliseconds after `begun` until which that holds.
    decisions_wanted_until: AtomicU64,
    begun: Instant,
}

/// What waits to be sent.
pub struct Outgoing(mpsc::Receiver<Told>);

impl Notices {
    pub fn new() -> (Self, Outgoing) {
        let (waiting, outgoing) = mpsc::channel(QUEUE);
        let notices =
            Self { id: Uuid::now_v7(), waiting, decisions_wanted_until: AtomicU64::new(0), begun: Instant::now() };
        (notices, Outgoing(outgoing))
    }

    /// Tells the other APIs. Dropped when too much waits.
    pub fn tell(&self, told: Told) {
        let _ = self.waiting.try_send(told);
    }

    /// Tells of a decision, if anybody elsewhere watches. There may be thousands a second.
    pub fn tell_decision(&self, record: &AuditRecord) {
        if self.age_ms() < self.decisions_wanted_until.load(Ordering::Relaxed) {
            self.tell(Told::Decision { record: Box::new(record.clone()) });
        }
    }

    fn age_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Sends what waits, for ever.
pub async fn send(api: Api, mut outgoing: Outgoing) {
    let fleet = api.fleet();
    while let Some(told) = outgoing.0.recv().await {
        let Ok(body) = serde_json::to_value(&told) else { continue };
        if body.to_string().len() > MOST_BYTES {
            debug!("a notice is too long to be sent");
            continue;
        }
        fleet.link().notify(Notice { from: fleet.notices.id, body }).await;
    }
}

/// Follows what the other APIs tell, for ever.
pub async fn follow(api: Api, mut notices: mpsc::Receiver<Notice>) {
    let fleet: &Fleet = api.fleet();
    while let Some(notice) = notices.recv().await {
        if notice.from == fleet.notices.id {
            fleet.hearing.heard(Instant::now());
            continue;
        }
        match serde_json::from_value(notice.body) {
            Ok(told) => heed(&api, told).await,
            Err(error) => debug!(%error, "a notice of another API cannot be read"),
        }
    }
}

async fn heed(api: &Api, told: Told) {
    match told {
        Told::Beat { decisions } => {
            if decisions {
                let notices = &api.fleet().notices;
                notices.decisions_wanted_until.store(notices.age_ms() + WANTED_MS, Ordering::Relaxed);
            }
        }
        Told::Directory { version } => {
            if version > api.directory().version()
                && let Err(error) = api.reload_directory().await
            {
                warn!(%error, "what another API changed cannot be read yet");
            }
        }
        Told::Joined { worker, name, relay } => api.fleet().picture.joined(worker, name, relay, api.now()),
        Told::Session { event } => api.heard_session(*event),
        Told::Block { event } => api.heard_block(event),
        Told::Broadcast { event } => api.heard_broadcast(event),
        Told::Decision { record } => api.heard_decision(Arc::new(*record)),
        Told::Unknown => {}
    }
}

/// Notices waiting to be sent: a second of a busy server.
const QUEUE: usize = 1_024;
/// Of one notice. Names have 255 bytes; what a stranger says of itself is longer than it deserves.
const MOST_BYTES: usize = 16_384;
/// Three beats.
const WANTED_MS: u64 = 3_000;
