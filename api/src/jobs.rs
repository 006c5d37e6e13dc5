//! What happens by itself: events and reports of the workers, lost workers, retention, key rotation.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use sluice_contract::message::{Command, EndReason};
use sluice_contract::{UnixTime, WorkerId};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::Api;
use crate::fleet;
use crate::fleet::notice::{self, Outgoing};
use crate::fleet::{Closed, End, LOST_AFTER_MS};
use crate::manage::StatsTick;
use crate::store::{
    self, Lock, StoreError, Stored, administrators, attempts, audit, blocks, broadcasts, events, guessing, recordings,
    replies, retried, revocations, server, sessions, tokens, viewer_places,
};
use crate::throttle;
use crate::webhooks::{self, Refusals};

/// Starts them all; they end with `shutdown`.
pub async fn start(api: &Api, shutdown: &CancellationToken, refusals: Refusals, outgoing: Outgoing) {
    let link = api.fleet().link();
    let mut acknowledgements = link.acknowledgements().await;
    let mut reports = link.reports().await;
    let mut deliveries = link.events().await;
    api.spawn(shutdown, notice::follow(api.clone(), link.notices().await));
    api.spawn(shutdown, notice::send(api.clone(), outgoing));

    let counting = api.clone();
    api.spawn(shutdown, async move {
        while let Some(ack) = acknowledgements.recv().await {
            counting.fleet().acknowledged(&ack);
        }
    });

    // Apart from the reports: while a database stands still, nobody is to look as if they had fallen silent.
    let (heard, mut to_write) = mpsc::channel::<Vec<Uuid>>(MOST_UNWRITTEN);
    let writing = api.clone();
    api.spawn(shutdown, async move {
        while let Some(publishers) = to_write.recv().await {
            if let Err(error) = broadcasts::touch(writing.store().writer(), publishers, writing.now().as_millis()).await
            {
                warn!(%error, "live streams could not be written down as heard");
            }
        }
    });

    let watching = api.clone();
    api.spawn(shutdown, async move {
        while let Some(report) = reports.recv().await {
            let now = watching.now();
            let tick = StatsTick { at: report.at, worker: report.worker };
            if report.leaving {
                leaves(&watching, report.worker, now);
                watching.emit_stats(tick);
                continue;
            }
            let publishers = watching.fleet().picture.report(&report, now);
            if !publishers.is_empty() {
                // They are heard again soon.
                let _ = heard.try_send(publishers.into_iter().map(|session| session.uuid()).collect());
            }
            if watching.fleet().is_back(report.worker) {
                warn!(worker.id = %report.worker, "a worker that was given up is there after all");
                let asking = watching.clone();
                watching.0.tasks.spawn(async move {
                    let sent = asking.fleet().send(Command::Rejoin { worker: report.worker }).await;
                    if !sent.acknowledged().await.workers.contains(&report.worker) {
                        // It is asked again when it is heard again.
                        asking.fleet().write_off(report.worker);
                    }
                });
            }
            watching.emit_stats(tick);
        }
    });

    let recording = api.clone();
    api.spawn(shutdown, async move {
        while let Some(delivery) = deliveries.recv().await {
            match fleet::handle(&recording, &delivery.event).await {
                Ok(()) => delivery.done(),
                Err(error @ (StoreError::Corrupt(_) | StoreError::Unstorable)) => {
                    // It would fail for ever, and others wait behind it.
                    error!(%error, "an event cannot be recorded");
                    delivery.done();
                }
                Err(error) => {
                    warn!(%error, "an event could not be recorded and will come again");
                    sleep(EVENT_AGAIN_AFTER).await;
                }
            }
        }
    });

    every(api, shutdown, BEAT_EVERY, |api| async move {
        api.beat();
        Ok(())
    });
    every(api, shutdown, WATCH_EVERY, |api| async move { watch(&api).await });
    every(api, shutdown, REFRESH_EVERY, |api| async move { refresh(&api).await });
    every(api, shutdown, TIDY_EVERY, |api| async move { alone(&api, "tidy", tidy(&api)).await });
    every(api, shutdown, FIGURES_EVERY, |api| async move { webhooks::tell_figures(&api).await });
    every(api, shutdown, UPKEEP_EVERY, |api| async move { alone(&api, "upkeep", webhooks::upkeep(&api)).await });
    api.spawn(shutdown, webhooks::record_refusals(api.clone(), refusals));
    api.spawn(shutdown, webhooks::status::watch_usage(api.clone()));
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

/// Runs `job` unless another API does at this moment.
async fn alone(api: &Api, name: &'static str, job: impl Future<Output = Stored<()>>) -> Stored<()> {
    match api.store().try_hold(Lock::Job(name)).await? {
        Some(_held) => job.await,
        None => Ok(()),
    }
}

/// [`watch_workers`], by one API at a time and only by one that would have heard them.
async fn watch(api: &Api) -> Stored<()> {
    if !api.fleet().hearing.is_steady(Instant::now()) {
        api.fleet().unheard.lock().clear();
        return Ok(());
    }
    alone(api, "watch", watch_workers(api)).await
}

/// A worker stops in order. Its last events may still be on their way; what they leave open is ended soon.
fn leaves(api: &Api, worker: WorkerId, now: UnixTime) {
    info!(worker.id = %worker, "a worker left");
    api.fleet().picture.left(worker);
    api.fleet().unheard.lock().insert(worker, now.plus_millis(LEFT_FOR_MS - LOST_AFTER_MS));
}

/// Ends what lost workers carried, and permissions that nobody used.
pub async fn watch_workers(api: &Api) -> Stored<()> {
    let now = api.now();
    for (worker, last_seen) in api.fleet().picture.lost(now) {
        warn!(worker.id = %worker, "a worker is lost");
        // Also if not all of it is written off now: when it is heard again it says what it carries.
        let name = api.fleet().write_off(worker);
        fleet::clear_ghosts(api, Some(worker), last_seen).await?;
        webhooks::status::tell_of_a_lost_worker(api, worker, &name, last_seen).await?;
        api.fleet().picture.forget(worker, now);
    }
    clear_unheard(api, now).await?;
    let before = now.plus_millis(-UNUSED_AFTER_MS).as_millis();
    let unused = sessions::never_started(api.store().reader(), before).await?;
    if unused.is_empty() {
        return Ok(());
    }
    let closed = retried(async || {
        let mut closed = Closed::default();
        let transaction = api.store().transaction().await?;
        for row in &unused {
            // An event may have started it since.
            if let Some(row) = sessions::find(&transaction, row.id).await?
                && !row.started
            {
                let end = End::of(EndReason::Closed, now);
                fleet::close_session(api, &transaction, row, end, &mut closed).await?;
            }
        }
        store::commit(transaction).await?;
        Ok::<_, StoreError>(closed)
    });
    closed.await?.announce(api);
    Ok(())
}

/// Ends what workers carried whom the database names and nobody hears: they were lost while no API was there to notice,
/// or left something open.
async fn clear_unheard(api: &Api, now: UnixTime) -> Stored<()> {
    let db = api.store().reader();
    let mut named: HashSet<WorkerId> = sessions::workers(db).await?.into_iter().map(WorkerId::new).collect();
    named.extend(broadcasts::workers(db).await?.into_iter().map(WorkerId::new));
    for heard in api.fleet().picture.known() {
        named.remove(&heard);
    }
    let gone: Vec<(WorkerId, UnixTime)> = {
        let mut unheard = api.fleet().unheard.lock();
        unheard.retain(|worker, _| named.contains(worker));
        let noticed = named.into_iter().map(|worker| (worker, *unheard.entry(worker).or_insert(now)));
        noticed.filter(|(_, since)| now.millis_since(*since) >= LOST_AFTER_MS).collect()
    };
    for (worker, since) in gone {
        warn!(worker.id = %worker, "a worker that nobody hears is lost");
        api.fleet().write_off(worker);
        fleet::clear_ghosts(api, Some(worker), since).await?;
        api.fleet().unheard.lock().remove(&worker);
    }
    Ok(())
}

/// Another API changed an application, the server's settings, or anything lasting.
async fn refresh(api: &Api) -> Stored<()> {
    if !api.store().is_shared() {
        return Ok(());
    }
    api.current_directory().await?;
    api.fleet().reached(server::revision(api.store().reader()).await?);
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
    recordings::purge_removed_before(db, now.plus_secs(-7 * 86_400).as_millis()).await?;
    revocations::purge_before(db, now.as_millis()).await?;
    tokens::purge_expired(db, now.plus_secs(-86_400).as_millis()).await?;
    administrators::purge_expired(db, now.as_millis()).await?;
    server::forget_handled_before(db, now.plus_secs(-86_400).as_millis()).await?;
    let codes = now.plus_millis(-GUESSES_KEPT_MS).as_millis();
    let addresses = now.plus_secs(-31 * 86_400).as_millis();
    guessing::purge(db, now.as_millis(), codes, addresses).await?;
    replies::purge_expired(db, now.as_millis()).await?;
    viewer_places::purge_before(db, now.plus_secs(-60).as_millis()).await?;
    attempts::purge_before(db, throttle::since(now), throttle::MOST_KEYS).await?;
    rotate_ticket_keys(api, now).await
}

/// Makes a new key when the newest is a week old, and drops those whose tickets have all ended.
async fn rotate_ticket_keys(api: &Api, now: UnixTime) -> Stored<()> {
    if !ticket_keys_are_old(api, now).await? {
        return Ok(());
    }
    let held = api.in_order().await?;
    if !ticket_keys_are_old(api, now).await? {
        // Another API came first.
        return Ok(());
    }
    let longest = api.directory().all().iter().map(|entry| entry.settings.ticket_max_life_seconds).max().unwrap_or(0);
    let dead = now.plus_millis(-TICKET_KEY_LIFE_MS).plus_secs(-i64::from(longest)).as_millis();
    let revision = retried(async || {
        let transaction = api.store().transaction().await?;
        server::delete_ticket_keys_before(&transaction, dead).await?;
        api.make_ticket_key(&transaction, now).await?;
        let revision = server::next_revision(&transaction).await?;
        store::commit(transaction).await?;
        Ok::<_, StoreError>(revision)
    });
    let revision = revision.await?;
    let keys = api.ticket_keys(api.store().reader()).await?;
    let sent = api.fleet().announce(&held, revision, Command::TicketKeys { keys }).await;
    drop(held);
    sent.acknowledged().await;
    Ok(())
}

async fn ticket_keys_are_old(api: &Api, now: UnixTime) -> Stored<bool> {
    let keys = server::ticket_keys(api.store().reader()).await?;
    let newest = keys.first().map(|key| UnixTime::from_millis(key.created_at));
    Ok(newest.is_none_or(|made| now.millis_since(made) >= TICKET_KEY_LIFE_MS))
}

/// Reports whose publishers wait to be written down; of more the next ones tell the same.
const MOST_UNWRITTEN: usize = 64;
const BEAT_EVERY: Duration = Duration::from_secs(1);
const WATCH_EVERY: Duration = Duration::from_secs(2);
const REFRESH_EVERY: Duration = Duration::from_secs(1);
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// The shortest period of figures.
const FIGURES_EVERY: Duration = Duration::from_secs(1);
const UPKEEP_EVERY: Duration = Duration::from_secs(10);
/// Events of a worker that left arrive within this time.
const LEFT_FOR_MS: i64 = 3_000;
const EVENT_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// A worker that was let start a session does so within this time, or never.
const UNUSED_AFTER_MS: i64 = 60_000;
const GUESSES_KEPT_MS: i64 = 2 * 3_600_000;
const TICKET_KEY_LIFE_MS: i64 = 7 * 86_400_000;
