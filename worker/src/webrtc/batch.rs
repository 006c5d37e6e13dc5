//! Datagrams on their way out: those of one turn stand one after the other in one buffer, and what goes the same way in
//! pieces of one size leaves in one call (generic segmentation offload).

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

/// A way to a peer: one of our addresses and one of its.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Path {
    pub remote: SocketAddr,
    pub way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// `local` is the address of ours that the peer sends to, where the system tells it.
    Udp { local: Option<IpAddr> },
    /// A connection that the peer opened (RFC 6544), by the endpoint's number for it.
    Tcp { connection: u64 },
}

/// One or more datagrams in one direction. All but the last are `segment` bytes long, and none is longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub path: Path,
    pub segment: usize,
    bytes: Range<usize>,
    /// A shorter datagram ends a run.
    is_complete: bool,
}

/// The datagrams of one turn.
#[derive(Debug)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    runs: Vec<Run>,
    max_segments: usize,
    is_blocked: bool,
}

impl Batch {
    /// Merges at most `max_segments` datagrams, which is 1 where the system cannot send more in one call.
    pub fn new(max_segments: usize) -> Self {
        Self { bytes: Vec::with_capacity(INITIAL_BYTES), runs: Vec::new(), max_segments, is_blocked: false }
    }

    /// Whether media may be added. What protocols need to keep running is added without asking.
    pub fn has_room(&self) -> bool {
        !self.is_blocked && self.bytes.len() < MAX_BYTES
    }

    /// The system takes no more now: media is refused until this is taken back.
    pub fn block(&mut self, is_blocked: bool) {
        self.is_blocked = is_blocked;
    }

    pub fn limit_segments(&mut self, max_segments: usize) {
        self.max_segments = max_segments;
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a datagram that `write` appends to the buffer. Nothing is added when it says no or appends nothing.
    pub fn add(&mut self, path: Path, write: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
        let start = self.bytes.len();
        if !write(&mut self.bytes) || self.bytes.len() <= start {
            self.bytes.truncate(start);
            return false;
        }
        let end = self.bytes.len();
        let len = end - start;
        if let Some(run) = self.runs.last_mut()
            && run.path == path
            && !run.is_complete
            && run.bytes.end == start
            && len <= run.segment
            && run.bytes.len() / run.segment < self.max_segments
            && run.bytes.len() + len <= MAX_RUN
        {
            run.bytes.end = end;
            run.is_complete = len < run.segment;
        } else {
            self.runs.push(Run { path, segment: len, bytes: start..end, is_complete: false });
        }
        true
    }

    /// Gives every run to `send` and forgets them.
    pub fn drain(&mut self, mut send: impl FnMut(&Run, &[u8])) {
        for run in self.runs.drain(..) {
            if let Some(bytes) = self.bytes.get(run.bytes.clone()) {
                send(&run, bytes);
            }
        }
        self.bytes.clear();
        if self.bytes.capacity() > MAX_BYTES {
            self.bytes.shrink_to(INITIAL_BYTES);
        }
    }
}

const INITIAL_BYTES: usize = 64 * 1024;

/// Media of one turn of one peer: two seconds at 4 Mbit/s. Whoever has more comes again.
const MAX_BYTES: usize = 1024 * 1024;

/// What one call may carry: the largest UDP datagram, with room for its headers.
const MAX_RUN: usize = 65_000;

#[cfg(test)]
mod tests;
