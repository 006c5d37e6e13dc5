//! What the API told this worker: settings, ticket keys, and whether the link to it is in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use sluice_contract::message::WorkerSettings;
use sluice_contract::{ApplicationName, TicketKeys};
use tokio::sync::watch;

/// Read on every request without a lock; written by [`Control`](super::Control) alone.
pub struct Rules {
    applications: ArcSwap<HashMap<ApplicationName, Arc<WorkerSettings>>>,
    keys: ArcSwapOption<TicketKeys>,
    link: watch::Sender<LinkState>,
    /// It is about to stop: whoever comes is better off elsewhere.
    draining: AtomicBool,
    /// It works at its limit: no new publishers.
    at_limit: AtomicBool,
}

/// Whether this worker enforces what the API wants. `epoch` tells one connection from the next: an answer that was
/// asked for in an earlier one may rest on a state that has changed unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LinkState {
    pub in_order: bool,
    pub epoch: u64,
}

impl Rules {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            applications: ArcSwap::default(),
            keys: ArcSwapOption::empty(),
            link: watch::Sender::new(LinkState::default()),
            draining: AtomicBool::new(false),
            at_limit: AtomicBool::new(false),
        })
    }

    /// The settings of an application; `None` when there is no such application.
    pub fn application(&self, name: &ApplicationName) -> Option<Arc<WorkerSettings>> {
        self.applications.load().get(name).cloned()
    }

    pub(crate) fn applications(&self) -> Arc<HashMap<ApplicationName, Arc<WorkerSettings>>> {
        self.applications.load_full()
    }

    /// The keys that sign and verify tickets; `None` until the API has sent some.
    pub(crate) fn ticket_keys(&self) -> Option<Arc<TicketKeys>> {
        self.keys.load_full()
    }

    pub(crate) fn link(&self) -> LinkState {
        *self.link.borrow()
    }

    /// Waits until the link is in order for the first time.
    pub(crate) async fn in_order(&self) {
        // The sender lives as long as `self`.
        let _ = self.link.subscribe().wait_for(|link| link.in_order).await;
    }

    pub(super) fn set_applications(&self, applications: HashMap<ApplicationName, Arc<WorkerSettings>>) {
        self.applications.store(Arc::new(applications));
    }

    pub(super) fn set_ticket_keys(&self, keys: Option<TicketKeys>) {
        self.keys.store(keys.map(Arc::new));
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(crate) fn set_draining(&self, on: bool) {
        self.draining.store(on, Ordering::Release);
    }

    /// True when no new publisher may come.
    pub(crate) fn is_closed_to_publishers(&self) -> bool {
        self.is_draining() || self.at_limit.load(Ordering::Acquire)
    }

    pub(super) fn set_at_limit(&self, on: bool) {
        self.at_limit.store(on, Ordering::Release);
    }

    pub(super) fn link_in_order(&self) {
        self.link.send_modify(|link| *link = LinkState { in_order: true, epoch: link.epoch + 1 });
    }

    pub(super) fn link_lost(&self) {
        self.link.send_modify(|link| *link = LinkState { in_order: false, epoch: link.epoch + 1 });
    }
}
