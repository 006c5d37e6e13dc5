//! Tells of refused publishers and players, where an application asks for that.
//!
//! Strangers cause refusals, as many as they like: they are gathered in a bounded queue, written in batches beside the
//! decisions, and left out while many still wait.

use std::collections::HashMap;

use serde_json::{Map, Value};
use sluice_contract::{DenyReason, Operation, StreamRequest, UnixTime};
use tokio::sync::mpsc;
use tracing::warn;
use uuid::Uuid;

use super::event::{Action, Happening};
use super::outbox;
use crate::Api;
use crate::store::{Stored, broadcasts, webhooks};

/// The queue's other end.
pub struct Refusals(pub mpsc::Receiver<Refused>);

/// One refusal, without its credentials.
pub struct Refused {
    application: String,
    stream_id: String,
    operation: Operation,
    subscriber_id: Option<String>,
    reason: &'static str,
    protocol: &'static str,
    address: String,
}

impl Refused {
    pub fn of(request: &StreamRequest, reason: &DenyReason) -> Self {
        Self {
            application: request.application.clone(),
            stream_id: request.stream_id.chars().take(NAME_CHARS).collect(),
            operation: request.operation,
            subscriber_id: request.credentials.subscriber_id.as_ref().map(|id| id.chars().take(NAME_CHARS).collect()),
            reason: reason.code(),
            protocol: request.protocol.as_str(),
            address: request.peer.address.to_string(),
        }
    }

    fn action(&self) -> Action {
        match self.operation {
            Operation::Publish => Action::PublishRefused,
            Operation::Play => Action::PlayRefused,
        }
    }

    fn fields(&self) -> Map<String, Value> {
        [("reason", self.reason), ("protocol", self.protocol), ("remoteIp", &self.address)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect()
    }
}

/// Writes refusals down until the queue ends.
pub async fn record_refusals(api: Api, mut refusals: Refusals) {
    let mut batch = Vec::with_capacity(BATCH);
    while refusals.0.recv_many(&mut batch, BATCH).await > 0 {
        if let Err(error) = record(&api, &batch).await {
            warn!(%error, refusals = batch.len(), "refusals were not told");
        }
        batch.clear();
    }
}

async fn record(api: &Api, batch: &[Refused]) -> Stored<()> {
    let now = api.now();
    let mut room: HashMap<Uuid, u64> = HashMap::new();
    let mut rows = Vec::new();
    for refused in batch {
        let Some(application) = api.directory().find(&refused.application) else { continue };
        if !refused.action().is_wanted(&application.settings) {
            continue;
        }
        let db = api.store().reader();
        let room = match room.get_mut(&application.id) {
            Some(room) => room,
            None => {
                let waiting = webhooks::count_waiting(db, application.id, webhooks::Class::Viewers).await?;
                room.entry(application.id).or_insert(MOST_WAITING.saturating_sub(waiting))
            }
        };
        if *room == 0 {
            continue;
        }
        let broadcast = broadcasts::find(db, application.id, &refused.stream_id).await?;
        let happening = Happening {
            action: refused.action(),
            stream_id: &refused.stream_id,
            broadcast: broadcast.as_ref(),
            subscriber_id: refused.subscriber_id.as_deref(),
            at: now,
            fields: refused.fields(),
            parameters: None,
        };
        let row = outbox::row(&application, &happening, Uuid::now_v7(), now, expires_at(now));
        if let Some(row) = row {
            *room -= 1;
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    webhooks::insert(api.store().writer(), rows).await?;
    api.0.webhooks.wake();
    Ok(())
}

/// What was refused an hour ago is in the audit.
fn expires_at(now: UnixTime) -> UnixTime {
    now.plus_secs(3_600)
}

/// Refusals waiting to be written.
pub const QUEUE: usize = 1_024;
const BATCH: usize = 256;
/// While this many events of viewers wait, further refusals are left out.
const MOST_WAITING: u64 = 1_000;
/// As long as a name may be.
const NAME_CHARS: usize = 255;
