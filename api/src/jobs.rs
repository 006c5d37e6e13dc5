//! What happens by itself: events and reports of the workers, lost workers, retention, key rotation.

use std::time::Duration;

use sluice_contract::UnixTime;
use sluice_contract::message::{Command, EndReason};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::Api;
use crate::fleet;
use crate::fleet::{Closed, End};
use crate::manage::StatsTick;
use crate::store::{
    self, StoreError, Stored, administrators, audit, blocks, broadcasts, events, guessing, revocations, server,
    sessions, tokens,
};
use crate::webhooks::{self, Refusals};

/// Starts them all; they end with `shutdown`.
pub async fn start(api: &Api, shutdown: &CancellationToken, refusals: Refusals) {
    let link = api.fleet().link();
    let mut acknowledgements = link.acknowledgements().await;
    let mut reports = link.reports().await;
    let mut deliveries = link.events().await;

    let counting = api.clone();
    api.spawn(shutdown, async move {
        while let Some(ack) = acknowledgements.recv().await {
            counting.fleet().acknowledged(&ack);
        }
    });

    let watching = api.clone();
    api.spawn(shutdown, async move {
        while let Some(report) = reports.recv().await {
            let now = watching.now();
            let publishers = watching.fleet().picture.report(&report, now);
            if !publishers.is_empty() {
                let ids = publishers.into_iter().map(|session| session.uuid()).collect();
                if let Err(error) = broadcasts::touch(watching.store().writer(), ids, now.as_millis()).await {
                    warn!(%error, "live streams could not be written down as heard");
                }
            }
            watching.emit_stats(StatsTick { at: report.at, worker: report.worker });
        }
    });

    let recording = api.clone();
    api.spawn(shutdown, async move {
        while let Some(delivery) = deliveries.recv().await {
            match fleet::handle(&recording, &delivery.event).await {
                Ok(()) => delivery.done(),
                Err(StoreError::Corrupt(what)) => {
                    // It would fail for ever, and others wait behind it.
                    error!(what, "an event cannot be recorded");
                    delivery.done();
                }
                Err(error) => {
                    warn!(%error, "an event could not be recorded and will come again");
                    sleep(EVENT_AGAIN_AFTER).await;
                }
            }
        }
    });

    every(api, shutdown, WATCH_EVERY, |api| async move { watch_workers(&api).await });
    every(api, shutdown, REFRESH_EVERY, |api| async move { refresh(&api).await });
    every(api, shutdown, TIDY_EVERY, |api| async move { tidy(&api).await });
    every(api, shutdown, FIGURES_EVERY, |api| async move { webhooks::tell_figures(&api).await });
    every(api, shutdown, UPKEEP_EVERY, |api| async move { webhooks::upkeep(&api).await });
    api.spawn(shutdown, webhooks::record_refusals(api.clone(), refusals));
    api.spawn(shutdown, webhooks::deliver(api.clone()));
}

fn every<F>(api: &Api, shutdown: &CancellationToken, period: Duration, job: fn(Api) -> F)
where
    F: Future<Output = Stored<()>> + Send + 'static,
{
    let own = api.clone();
    api.spawn(shutdown, async move {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = job(own.clone()).await {
                warn!(%error, "a background job failed and will run again");
            }
        }
    });
}

/// Ends what lost workers carried, and permissions that nobody used.
pub async fn watch_workers(api: &Api) -> Stored<()> {
    let now = api.now();
    for (worker, last_seen) in api.fleet().picture.lost(now) {
        warn!(worker.id = %worker, "a worker is lost");
        fleet::clear_ghosts(api, Some(worker), last_seen).await?;
        api.fleet().picture.forget(worker, now);
    }
    let before = now.plus_millis(-UNUSED_AFTER_MS).as_millis();
    let unused = sessions::never_started(api.store().reader(), before).await?;
    if unused.is_empty() {
        return Ok(());
    }
    let mut closed = Closed::default();
    let transaction = api.store().transaction().await?;
    for row in unused {
        // An event may have started it since.
        if sessions::find(&transaction, row.id).await?.is_some_and(|row| !row.started) {
            let end = End::of(EndReason::Closed, now);
            fleet::close_session(api, &transaction, row, end, &mut closed).await?;
        }
    }
    store::commit(transaction).await?;
    closed.announce(api);
    Ok(())
}

/// Another API changed an application, or the server's settings.
async fn refresh(api: &Api) -> Stored<()> {
    let db = api.store().reader();
    if server::settings_revision(db).await? != api.directory().server_revision() {
        api.reload_directory().await?;
        api.follow_log_level();
    } else if server::revision(db).await? != api.directory().revision() {
        api.reload_directory().await?;
    }
    Ok(())
}

/// Forgets what is no longer needed, and rotates the ticket keys.
pub async fn tidy(api: &Api) -> Stored<()> {
    let now = api.now();
    let kept_since = now.plus_secs(-i64::from(api.config().retention_days) * 86_400).as_millis();
    let db = api.store().writer();
    audit::purge_before(db, kept_since).await?;
    audit::purge_beyond(db, api.config().audit_records).await?;
    sessions::purge_ended_before(db, kept_since).await?;
    events::purge_before(db, kept_since).await?;
    blocks::purge_ended_before(db, kept_since).await?;
    revocations::purge_before(db, now.as_millis()).await?;
    tokens::purge_expired(db, now.plus_secs(-86_400).as_millis()).await?;
    administrators::purge_expired(db, now.as_millis()).await?;
    server::forget_handled_before(db, now.plus_secs(-86_400).as_millis()).await?;
    let codes = now.plus_millis(-GUESSES_KEPT_MS).as_millis();
    let addresses = now.plus_secs(-31 * 86_400).as_millis();
    guessing::purge(db, now.as_millis(), codes, addresses).await?;
    rotate_ticket_keys(api, now).await
}

/// Makes a new key when the newest is a week old, and drops those whose tickets have all ended.
async fn rotate_ticket_keys(api: &Api, now: UnixTime) -> Stored<()> {
    let keys = server::ticket_keys(api.store().reader()).await?;
    let newest = keys.first().map(|key| UnixTime::from_millis(key.created_at));
    if newest.is_some_and(|made| now.millis_since(made) < TICKET_KEY_LIFE_MS) {
        return Ok(());
    }
    let held = api.fleet().in_order().await;
    let longest = api.directory().all().iter().map(|entry| entry.settings.ticket_max_life_seconds).max().unwrap_or(0);
    let dead = now.plus_millis(-TICKET_KEY_LIFE_MS).plus_secs(-i64::from(longest)).as_millis();
    let transaction = api.store().transaction().await?;
    server::delete_ticket_keys_before(&transaction, dead).await?;
    api.make_ticket_key(&transaction, now).await?;
    let revision = server::next_revision(&transaction).await?;
    store::commit(transaction).await?;
    let keys = api.ticket_keys().await?;
    let sent = api.fleet().announce(&held, revision, Command::TicketKeys { keys }, now).await;
    drop(held);
    sent.acknowledged().await;
    Ok(())
}

const WATCH_EVERY: Duration = Duration::from_secs(2);
const REFRESH_EVERY: Duration = Duration::from_secs(1);
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// The shortest period of figures.
const FIGURES_EVERY: Duration = Duration::from_secs(1);
const UPKEEP_EVERY: Duration = Duration::from_secs(10);
const EVENT_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// A worker that was let start a session does so within this time, or never.
const UNUSED_AFTER_MS: i64 = 60_000;
const GUESSES_KEPT_MS: i64 = 2 * 3_600_000;
const TICKET_KEY_LIFE_MS: i64 = 7 * 86_400_000;
