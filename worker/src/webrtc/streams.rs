//! The streams that have viewers here, each cut into packets once.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::engine::Engine;
use super::packets::{PacketRing, feed};
use crate::hub::LiveStream;
use crate::relay::Seat;
use crate::transcode::HeldStream;

/// A stream in the coding that viewers take, as packets. It goes on while somebody holds it.
pub(super) struct Source {
    cut: Arc<Cut>,
    /// Keeps a relayed stream and a variant going.
    _seat: Seat,
    held: HeldStream,
}

/// One stream's ring and the task that fills it.
struct Cut {
    /// Held, so that no other stream has its address meanwhile.
    _stream: Arc<LiveStream>,
    ring: Arc<PacketRing>,
    task: AbortHandle,
}

/// All rings, by the stream that they are cut from.
pub(super) struct Streams {
    engine: Arc<dyn Engine>,
    runtime: Handle,
    cuts: Mutex<HashMap<usize, Weak<Cut>>>,
}

impl Streams {
    pub fn new(engine: Arc<dyn Engine>, runtime: Handle) -> Self {
        Self { engine, runtime, cuts: Mutex::default() }
    }

    /// The packets of a stream, cut from now on if nobody watches it yet.
    pub fn source(&self, seat: Seat, held: HeldStream) -> Arc<Source> {
        let stream = Arc::clone(held.stream());
        let mut cuts = self.cuts.lock();
        let place = Arc::as_ptr(&stream) as usize;
        let cut = cuts.get(&place).and_then(Weak::upgrade).unwrap_or_else(|| {
            cuts.retain(|_, cut| cut.strong_count() > 0);
            let ring = Arc::new(PacketRing::new(self.engine.group()));
            let task = self.runtime.spawn(feed(Arc::clone(&ring), stream.subscribe(), PAYLOAD_BYTES));
            let cut = Arc::new(Cut { _stream: stream, ring, task: task.abort_handle() });
            cuts.insert(place, Arc::downgrade(&cut));
            cut
        });
        Arc::new(Source { cut, _seat: seat, held })
    }
}

impl Source {
    pub fn ring(&self) -> &PacketRing {
        &self.cut.ring
    }

    /// The stream itself, or its variant.
    pub fn stream(&self) -> &Arc<LiveStream> {
        self.held.stream()
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What browsers themselves send at most, so that it passes every tunnel: with headers and authentication about 1 200.
const PAYLOAD_BYTES: usize = 1_120;
