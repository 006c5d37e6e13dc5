//! Tells that nobody watched a stream for its `maxIdleTime`: while it was on air, or since it went off.
//!
//! The event is written down ahead, due when that time is over, in the transaction that left the stream without a
//! viewer, and taken back by the next that finds one. So it outlives the process like any other event, and of several
//! APIs each may write and take back.

use serde_json::Map;
use sluice_contract::UnixTime;

use super::event::{Action, Happening};
use super::outbox;
use crate::Api;
use crate::directory::Entry;
use crate::store::{ConnectionTrait, Stored, broadcasts, sessions, webhooks};

/// Looks whether anybody watches the stream of `row`, which was on air at some time, and if not, lets its time run from
/// `since`. Whoever calls it for a viewer holds the row ([`watched_over`]).
pub async fn let_run(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    row: &broadcasts::Model,
    since: UnixTime,
) -> Stored<()> {
    let Some(most_ms) = max_idle_ms(row) else { return Ok(()) };
    forget(db, row).await?;
    if sessions::is_watched(db, row.application_id, &row.stream_id).await? {
        return Ok(());
    }
    let happening = Happening {
        action: Action::IdleTimeIsExpired,
        stream_id: &row.stream_id,
        broadcast: Some(row),
        subscriber_id: None,
        at: since.plus_millis(most_ms),
        fields: Map::new(),
        parameters: None,
    };
    outbox::tell(api, db, application, happening).await
}

/// The same for the stream of a viewer who came or went at `at`.
pub async fn viewer_changed(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    stream_id: &str,
    at: UnixTime,
) -> Stored<()> {
    let found = broadcasts::find(db, application.id, stream_id).await?;
    if !found.is_some_and(|row| watched_over(&row)) {
        return Ok(());
    }
    // Two viewers who leave at the same moment: the second sees that the first is gone.
    let found = broadcasts::find_to_change(db, application.id, stream_id).await?;
    let Some(row) = found.filter(watched_over) else { return Ok(()) };
    let_run(api, db, application, &row, at).await?;
    // Written, though it is the same: whoever waited for it looks again at what is true now.
    broadcasts::update(db, row).await?;
    Ok(())
}

/// Nothing is told of a stream any more.
pub async fn forget(db: &impl ConnectionTrait, row: &broadcasts::Model) -> Stored<()> {
    webhooks::take_back(db, row.application_id, &row.stream_id, Action::IdleTimeIsExpired).await
}

/// Its record names a time, and somebody published it.
pub fn watched_over(row: &broadcasts::Model) -> bool {
    max_idle_ms(row).is_some() && row.started_at.is_some()
}

fn max_idle_ms(row: &broadcasts::Model) -> Option<i64> {
    let seconds = row.other.get("maxIdleTime")?.as_i64().filter(|seconds| *seconds > 0)?;
    Some(seconds.min(LONGEST_SECONDS) * 1_000)
}

/// A month.
const LONGEST_SECONDS: i64 = 30 * 86_400;
