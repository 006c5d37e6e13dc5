//! A PostgreSQL that dies or stands still: nobody is admitted meanwhile, and all goes on when it returns.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use sluice_contract::message::StatsReport;

use super::*;
use crate::config::SecretKeySource;
use crate::manage::{AuditFilter, AuditOrder, Page};
use crate::store::testing::Server;

struct Outage {
    test: TestApi,
    worker: TestWorker,
    folder: TempDir,
    server: Server,
}

impl Outage {
    async fn ahead() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::start(Some(folder.path()));
        let dir = Arc::new(tempfile::tempdir().expect("a folder"));
        let mut config = ApiConfig::new(dir.path());
        config.database_url = Some(sluice_contract::Secret::new(server.url.clone()));
        config.secret_key = SecretKeySource::DataDir;
        let (bus, time) = (MemoryBus::new(|| START), Arc::new(AtomicI64::new(START.as_millis())));
        let test = TestApi::joined(dir, config, bus, time).await.expect("started");
        let worker = test.worker().await;
        Self { test, worker, folder, server }
    }

    /// Asks as a worker does: for two seconds. Returns the answer, and how long it took.
    async fn ask(&self, stream: &str) -> (Option<AuthorizeReply>, Duration) {
        let call = AuthorizeCall {
            request: self.worker.request(Operation::Publish, stream, ""),
            deadline: START.plus_secs(2),
        };
        let begun = Instant::now();
        let answer = self.worker.link.authorize(call).await.ok();
        (answer, begun.elapsed())
    }

    /// Refused, or not answered at all, within the worker's time.
    async fn nobody_gets_in(&self) {
        for at in 0..3 {
            let (answer, took) = self.ask(&format!("refused{at}")).await;
            let unreachable = AuthorizeReply::Deny { reason: DenyReason::AuthorityUnreachable };
            assert!(answer.is_none() || answer == Some(unreachable), "{answer:?}");
            assert!(took < Duration::from_secs(4), "{took:?}");
        }
    }

    async fn all_is_well_again(&self) {
        for attempt in 0.. {
            if let (Some(AuthorizeReply::Allow { .. }), _) = self.ask(&format!("again{attempt}")).await {
                break;
            }
            assert!(attempt < 40, "the pool did not recover");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        // Every decision of the outage is in the audit.
        let viewer = Viewer::local();
        let list = || self.test.api.audit(&viewer, AuditFilter::default(), AuditOrder::NewestFirst, Page::first());
        for attempt in 0.. {
            let records = list().await.map(|page| page.into_nodes()).unwrap_or_default();
            let refused = records.iter().filter(|record| record.code == "authority-unreachable").count();
            if refused >= 3 {
                break;
            }
            assert!(attempt < 40, "{refused} of 3 refusals were recorded");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

#[tokio::test]
async fn a_database_that_was_killed_is_taken_up_again() {
    let mut outage = Outage::ahead().await;
    assert!(matches!(outage.ask("before").await.0, Some(AuthorizeReply::Allow { .. })));
    Server::signal(outage.folder.path(), "KILL");
    outage.nobody_gets_in().await;
    assert!(!outage.test.api.is_ready().await);
    let folder = outage.folder.path().to_owned();
    let again = tokio::task::spawn_blocking(move || Server::start(Some(&folder))).await.expect("started again");
    let before = std::mem::replace(&mut outage.server, again);
    before.ended();
    outage.all_is_well_again().await;
}

#[tokio::test]
async fn a_database_that_stands_still_stops_nobody_for_longer() {
    let outage = Outage::ahead().await;
    assert!(matches!(outage.ask("before").await.0, Some(AuthorizeReply::Allow { .. })));
    Server::signal(outage.folder.path(), "STOP");
    outage.nobody_gets_in().await;
    Server::signal(outage.folder.path(), "CONT");
    outage.all_is_well_again().await;
}

#[tokio::test]
async fn a_worker_is_heard_while_the_database_stands_still() {
    let outage = Outage::ahead().await;
    let (test, worker) = (&outage.test, &outage.worker);
    let session = worker.admitted(worker.request(Operation::Publish, "live", "")).await;
    let mut started = test.api.broadcast_events();
    worker.tell(EventKind::SessionStarted { session: session.clone() }).await;
    worker.tell(EventKind::StreamStarted { stream: stream_of(&session) }).await;
    started.recv().await.expect("told");

    Server::signal(outage.folder.path(), "STOP");
    let mut ticks = test.api.stats_ticks();
    for second in 1..=30 {
        test.pass(1);
        let (sessions, streams) = (vec![session.clone()], vec![stream_of(&session)]);
        worker.link.report(StatsReport { sessions, streams, ..StatsReport::of(worker.id, START) }).await;
        let heard = tokio::time::timeout(Duration::from_secs(10), ticks.recv()).await;
        assert!(heard.is_ok(), "its report of second {second} waits for the database");
    }
    Server::signal(outage.folder.path(), "CONT");
    for attempt in 0.. {
        if test.api.is_ready().await {
            break;
        }
        assert!(attempt < 40, "the pool did not recover");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    crate::jobs::watch_workers(&test.api).await.expect("watched");
    let broadcast = test.api.broadcast(&test.live_app().await, "live").await.expect("read").expect("there");
    assert_eq!(broadcast.status, crate::manage::BroadcastStatus::Broadcasting, "it was there all the time");
}
