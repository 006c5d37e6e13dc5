//! Writes audit records in batches, so that no decision waits for them. The queue is bounded: when the database cannot
//! keep up, or is away for long, records are dropped and counted, and the count becomes a record. What is in the queue
//! waits for the database to return.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tracing::error;
use uuid::Uuid;

use crate::Clock;
use crate::store::{Store, StoreError, audit};

pub struct AuditLog {
    sender: mpsc::Sender<Item>,
    dropped: Arc<AtomicU64>,
}

enum Item {
    Record(Box<audit::Model>),
    /// Answered when everything before it is written.
    Flush(oneshot::Sender<()>),
}

/// The writing end's counterpart.
pub struct Writer {
    receiver: mpsc::Receiver<Item>,
    dropped: Arc<AtomicU64>,
    clock: Clock,
}

impl AuditLog {
    pub fn new(clock: Clock) -> (Self, Writer) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        (Self { sender, dropped: Arc::clone(&dropped) }, Writer { receiver, dropped, clock })
    }

    pub fn record(&self, record: audit::Model) {
        if self.sender.try_send(Item::Record(Box::new(record))).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns once what was recorded so far can be read, or after a second.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        let flushed = async {
            if self.sender.send(Item::Flush(done)).await.is_ok() {
                // An error means that the writer has stopped, and then there is nothing to wait for.
                let _ = written.await;
            }
        };
        let _ = timeout(FLUSH_WITHIN, flushed).await;
    }
}

impl Writer {
    /// Writes until every sender is gone or `stop` resolves, and then what is left.
    pub async fn run(mut self, store: &Store, stop: impl Future<Output = ()>) {
        let stop = stop.shared();
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let received = tokio::select! {
                received = self.receiver.recv_many(&mut batch, BATCH) => received,
                () = stop.clone() => break,
            };
            if received == 0 {
                return;
            }
            self.write(store, &mut batch, stop.clone()).await;
        }
        self.receiver.close();
        while self.receiver.recv_many(&mut batch, BATCH).await > 0 {
            self.write(store, &mut batch, std::future::ready(())).await;
        }
    }

    /// Once `stop` resolves, a database that is away is not waited for any longer.
    async fn write(&self, store: &Store, batch: &mut Vec<Item>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut stopping = false;
        let mut rows = Vec::with_capacity(batch.len() + 1);
        let mut waiting = Vec::new();
        for item in batch.drain(..) {
            match item {
                Item::Record(record) => rows.push(*record),
                Item::Flush(done) => waiting.push(done),
            }
        }
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            rows.push(self.gap(dropped));
        }
        let lost = rows.len() as u64;
        let mut attempt = 1;
        loop {
            match audit::insert_many(store.writer(), rows.clone()).await {
                Ok(()) => break,
                // Nothing is wrong with the records: they wait, and the queue behind them fills.
                Err(StoreError::Away(_)) if !stopping => {}
                Err(cause) if attempt >= ATTEMPTS => {
                    error!(error = %cause, records = lost, "audit records were lost");
                    self.dropped.fetch_add(lost.saturating_sub(u64::from(dropped > 0)) + dropped, Ordering::Relaxed);
                    break;
                }
                Err(_) => attempt += 1,
            }
            tokio::select! {
                () = sleep(RETRY_AFTER) => {}
                () = &mut stop, if !stopping => stopping = true,
            }
        }
        for done in waiting {
            // Whoever asked may have stopped waiting.
            let _ = done.send(());
        }
    }

    fn gap(&self, dropped: u64) -> audit::Model {
        audit::Model {
            id: Uuid::now_v7(),
            at: (self.clock)().as_millis(),
            kind: crate::manage::AuditKind::Action.as_str().to_owned(),
            outcome: crate::manage::AuditOutcome::Denied.as_str().to_owned(),
            code: "audit-gap".to_owned(),
            actor: None,
            application: None,
            stream_id: None,
            subscriber_id: None,
            operation: None,
            protocol: None,
            address: None,
            session: None,
            duration_us: 0,
            detail: Some(format!("{dropped} records were dropped")),
        }
    }
}

/// Records waiting to be written: some seconds of a busy gate.
const QUEUE: usize = 8_192;
/// PostgreSQL takes 65 535 parameters in one statement, SQLite 32 766; a record has 15.
const BATCH: usize = 512;
const ATTEMPTS: u32 = 3;
const RETRY_AFTER: Duration = Duration::from_millis(200);
const FLUSH_WITHIN: Duration = Duration::from_secs(1);
