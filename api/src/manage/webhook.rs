//! Webhooks, for the people who run them: what was delivered lately, and a try.

use std::time::{Duration, Instant};

use serde_json::Map;
use sluice_contract::UnixTime;
use uuid::Uuid;

use super::{Application, AuditRecord, Cursor, Entry, ManageError, Outcome, Page, ProblemCode, Role, Slice};
use crate::Api;
use crate::outbound::{OutboundError, origin_of};
use crate::store::webhooks;
use crate::webhooks::{Action, Happening, try_out};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It will be tried, or tried again.
    Waiting,
    Delivered,
    /// Given up.
    Dropped,
}

/// One event on its way to a webhook.
#[derive(Debug, Clone)]
pub struct WebhookDelivery {
    /// What the receiver sees as `X-Sluice-Event`.
    pub id: Uuid,
    /// When it happened.
    pub at: UnixTime,
    /// `liveStreamStarted`, …
    pub action: String,
    pub stream_id: String,
    /// Scheme, host and port; the rest of the address may hold a secret.
    pub target: String,
    pub state: DeliveryState,
    pub attempts: u32,
    /// The status of the last answer, or why there was none; `None` before the first try.
    pub last_outcome: Option<String>,
    pub last_at: Option<UnixTime>,
    /// `None` when it is over.
    pub next_at: Option<UnixTime>,
}

/// How the event webhook took a try.
#[derive(Debug, Clone)]
pub struct WebhookTrial {
    /// What it saw as `X-Sluice-Event`.
    pub id: Uuid,
    pub target: String,
    /// The status of its answer; only 200 counts as delivered.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<OutboundError>,
    pub took: Duration,
}

impl Api {
    /// Events of the application's webhooks, waiting and lately over, the newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn webhook_deliveries(&self, application: &Application, page: Page) -> Outcome<Slice<WebhookDelivery>> {
        application.require(Role::Operator)?;
        let rows = webhooks::list(self.store().reader(), application.id, &page).await?;
        let entries = rows.into_iter().map(|row| Entry { cursor: Cursor::of(row.id), node: delivery_of_row(row) });
        Ok(Slice::of(&page, entries.collect(), |entry| entry))
    }

    pub async fn count_webhook_deliveries(&self, application: &Application) -> Outcome<u64> {
        application.require(Role::Operator)?;
        Ok(webhooks::count(self.store().reader(), application.id).await?)
    }

    /// Sends a signed event `webhookTest` to the application's `listenerHookURL` and waits for the answer.
    ///
    /// # Errors
    /// `missing` when no address is set, `limit` while others try, `forbidden`.
    pub async fn test_webhook(&self, application: &Application) -> Outcome<WebhookTrial> {
        application.require(Role::Admin)?;
        let address = application.settings.listener_hook_url.trim();
        if address.is_empty() {
            let path = "settings.listenerHookURL";
            return Err(ManageError::problem_at(ProblemCode::Missing, path, "no address of a webhook is set"));
        }
        let Ok(_place) = self.0.webhooks.trials.try_acquire() else {
            return Err(ManageError::problem(ProblemCode::Limit, "somebody else is trying a webhook; try again"));
        };
        let Some(entry) = self.directory().find_by_id(application.id) else {
            return Err(ManageError::problem(ProblemCode::NotFound, "no such application"));
        };
        let happening = Happening {
            action: Action::Test,
            stream_id: TRIAL_STREAM,
            broadcast: None,
            subscriber_id: None,
            at: self.now(),
            fields: Map::new(),
            parameters: None,
        };
        let begun = Instant::now();
        let (id, answer) = try_out(self, &entry, address, &happening).await;
        let took = begun.elapsed();
        let mut record = AuditRecord::action(self, "test-webhook", &application.actor, Some(application));
        record.duration_us = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
        record.detail = Some(match &answer {
            Ok(status) => format!("it answered {status}"),
            Err(error) => error.to_string(),
        });
        self.record(record);
        let target = origin_of(address).unwrap_or_default();
        Ok(WebhookTrial { id, target, status: answer.as_ref().ok().copied(), error: answer.err(), took })
    }
}

fn delivery_of_row(row: webhooks::Model) -> WebhookDelivery {
    let state = match (row.next_at, row.delivered_at) {
        (Some(_), _) => DeliveryState::Waiting,
        (None, Some(_)) => DeliveryState::Delivered,
        (None, None) => DeliveryState::Dropped,
    };
    WebhookDelivery {
        id: row.id,
        at: UnixTime::from_millis(row.created_at),
        action: row.action,
        stream_id: row.stream_id,
        target: origin_of(&row.address).unwrap_or_default(),
        state,
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        last_outcome: row.last_outcome,
        last_at: row.last_at.map(UnixTime::from_millis),
        next_at: row.next_at.map(UnixTime::from_millis),
    }
}

/// The `id` of the event, which is about no stream.
const TRIAL_STREAM: &str = "webhook-test";
