//! Keeps the table of events bounded. What is lost by that is in the audit.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::event::Action;
use crate::Api;
use crate::manage::{AuditOutcome, AuditRecord};
use crate::outbound::origin_of;
use crate::store::{Stored, webhooks};

/// Ends events that came too late, drops the oldest of what no receiver takes, and forgets what is over.
pub async fn upkeep(api: &Api) -> Stored<()> {
    let now = api.now();
    let db = api.store().writer();
    let mut lost: BTreeMap<(Uuid, String), u64> = BTreeMap::new();
    for row in webhooks::expire(db, now.as_millis(), AT_ONCE).await? {
        if row.action != Action::LiveStreamStatus.as_str() {
            *lost.entry((row.application_id, row.address)).or_default() += 1;
        }
    }
    for ((application, address), count) in lost {
        let target = origin_of(&address).unwrap_or_else(|| "an unreadable address".to_owned());
        dropped(api, application, format!("{count} events for {target} were not delivered in time"));
    }
    for application in webhooks::waiting_applications(api.store().reader()).await? {
        for (minor, what) in [(false, "events"), (true, "events of viewers")] {
            let count = webhooks::drop_oldest(db, application, minor, MOST_WAITING).await?;
            if count > 0 {
                dropped(api, application, format!("the {count} oldest {what}: more than {MOST_WAITING} waited"));
            }
        }
    }
    let figures = Action::LiveStreamStatus.as_str();
    let (kept, figures_kept) = (now.plus_millis(-KEPT_MS).as_millis(), now.plus_millis(-FIGURES_KEPT_MS).as_millis());
    webhooks::purge(db, kept, figures, figures_kept).await?;
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
/// Of all applications together.
const MOST_KEPT: u64 = 10_000;
const AT_ONCE: u64 = 1_000;
const KEPT_MS: i64 = 2 * 86_400_000;
/// There are many, and each is soon followed by the next.
const FIGURES_KEPT_MS: i64 = 600_000;
