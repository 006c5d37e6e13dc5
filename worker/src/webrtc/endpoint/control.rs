//! What the holder of a peer's handle may ask of it, from anywhere. Requests are kept here until the peer's shard looks,
//! so that any number of them is one call.

use std::sync::Arc;

use parking_lot::Mutex;

use super::Shared;
use super::inbox::Call;
use super::routes::Target;
use crate::webrtc::engine::{LocalTransport, PeerControl, RemoteTransport};

pub(super) struct Control {
    shared: Arc<Shared>,
    pub target: Target,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: Asked,
    is_queued: bool,
    has_ended: bool,
}

/// What was asked since the shard looked last.
#[derive(Default)]
pub(super) struct Asked {
    pub wake: bool,
    pub close: bool,
    pub restart: Option<(LocalTransport, RemoteTransport)>,
}

impl Control {
    pub fn new(shared: Arc<Shared>, target: Target) -> Self {
        Self { shared, target, state: Mutex::default() }
    }

    pub fn take(&self) -> Asked {
        let mut state = self.state.lock();
        state.is_queued = false;
        std::mem::take(&mut state.asked)
    }

    /// The peer is gone. A restart that it did not see leaves nothing behind.
    pub fn end(&self) {
        let mut state = self.state.lock();
        state.has_ended = true;
        if let Some((local, _)) = state.asked.restart.take() {
            self.shared.routes.forget(&local.ufrag, self.target);
        }
    }

    fn ask(&self, ask: impl FnOnce(&mut Asked)) {
        let mut state = self.state.lock();
        if state.has_ended {
            return;
        }
        ask(&mut state.asked);
        if !state.is_queued
            && let Some(inbox) = self.shared.inboxes.get(self.target.shard)
        {
            state.is_queued = inbox.call(Call::Attend(self.target.peer));
        }
    }
}

impl PeerControl for Control {
    fn wake(&self) {
        self.ask(|asked| asked.wake = true);
    }

    fn restart(&self, local: LocalTransport, remote: RemoteTransport) {
        self.ask(|asked| {
            // Checks with the new fragment may come before the shard looks: they wait in its inbox behind this.
            if self.shared.routes.claim(&local.ufrag, self.target)
                && let Some((replaced, _)) = asked.restart.replace((local, remote))
            {
                self.shared.routes.forget(&replaced.ufrag, self.target);
            }
        });
    }

    fn close(&self) {
        self.ask(|asked| asked.close = true);
    }
}
