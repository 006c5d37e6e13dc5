//! Keeps the table of events bounded. What is lost by that is in the audit.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::event::Action;
use crate::Api;
use crate::manage::{AuditOutcome, AuditRecord};
use crate::outbound::origin_of;
use crate::store::webhooks::Class;
use crate::store::{Stored, webhooks};

/// Ends events that came too late, drops the oldest of what no receiver takes, and forgets what is over.
pub async fn upkeep(api: &Api) -> Stored<()> {
    let now = api.now();
    let db = api.store().writer();
    let mut lost: BTreeMap<(Uuid, String), u64> = BTreeMap::new();
    for row in webhooks::expire(db, now.as_millis(), AT_ONCE).await? {
        if !Action::is_fleeting(&row.action) {
            *lost.entry((row.application_id, row.address)).or_default() += 1;
        }
    }
    for ((application, address), count) in lost {
        let target = origin_of(&address).unwrap_or_else(|| "an unreadable address".to_owned());
        dropped(api, application, format!("{count} events for {target} were not delivered in time"));
    }
    for application in webhooks::waiting_applications(api.store().reader()).await? {
        for (class, what, most) in [
            (Class::Streams, "events", MOST_WAITING),
            (Class::Viewers, "events of viewers", MOST_WAITING),
            (Class::Messages, "messages", MOST_MESSAGES),
        ] {
            let count = webhooks::drop_oldest(db, application, class, most).await?;
            if count > 0 {
                dropped(api, application, format!("the {count} oldest {what}: more than {most} waited"));
            }
        }
    }
    let before = |millis: i64| now.plus_millis(-millis).as_millis();
    for (action, kept_ms) in [
        (None, KEPT_MS),
        (Some(Action::LiveStreamStatus), FIGURES_KEPT_MS),
        (Some(Action::DataChannelMessage), MESSAGES_KEPT_MS),
    ] {
        webhooks::purge(db, action, before(kept_ms)).await?;
    }
    webhooks::purge_beyond(db, MOST_KEPT).await?;
    Ok(())
}

/// Writes down that events were lost.
pub fn dropped(api: &Api, application: Uuid, detail: String) {
    record(api, application, "webhook-dropped", detail);
}

/// Writes down that a receiver takes nothing.
pub fn failing(api: &Api, application: Uuid, detail: String) {
    record(api, application, "webhook-failing", detail);
}

fn record(api: &Api, application: Uuid, code: &str, detail: String) {
    let record = AuditRecord::action(api, code, "webhooks", None);
    api.record(AuditRecord {
        application: api.directory().find_by_id(application).map(|entry| entry.name),
        outcome: AuditOutcome::Denied,
        detail: Some(detail),
        ..record
    });
}

/// Of one application and class. At a kilobyte each, what a receiver missed stays below the size of a short recording.
const MOST_WAITING: u64 = 10_000;
/// Up to a hundred times as long.
const MOST_MESSAGES: u64 = 1_000;
/// Of all applications together.
const MOST_KEPT: u64 = 10_000;
const AT_ONCE: u64 = 1_000;
const KEPT_MS: i64 = 2 * 86_400_000;
/// There are many, and each is soon followed by the next.
const FIGURES_KEPT_MS: i64 = 600_000;
const MESSAGES_KEPT_MS: i64 = 60_000;
