//! The complete units of a track of pictures, in groups that begin with a key frame.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Assembled;
use crate::media::TrackConfig;

/// Keeps units until they are taken: none before the first key frame, nor from a loss to the next.
pub(super) struct Groups {
    config: Option<TrackConfig>,
    awaits_key: bool,
    ready: VecDeque<Assembled>,
}

impl Default for Groups {
    fn default() -> Self {
        Self { config: None, awaits_key: true, ready: VecDeque::new() }
    }
}

impl Groups {
    /// A key frame begins a group. Its configuration goes with it when it is another than before.
    pub(super) fn begin(&mut self, timestamp: u32, data: Bytes, config: TrackConfig) {
        let changed = (self.config.as_ref() != Some(&config)).then(|| config.clone());
        self.config = Some(config);
        self.awaits_key = false;
        self.ready.push_back(Assembled { timestamp, key: true, data, config: changed });
    }

    /// Any other unit, which is left out while a key frame is awaited.
    pub(super) fn go_on(&mut self, timestamp: u32, data: Bytes) {
        if !self.awaits_key {
            self.ready.push_back(Assembled { timestamp, key: false, data, config: None });
        }
    }

    /// Something is missing here.
    pub(super) const fn lost(&mut self) {
        self.awaits_key = true;
    }

    pub(super) const fn awaits_key(&self) -> bool {
        self.awaits_key
    }

    pub(super) fn take(&mut self) -> Option<Assembled> {
        self.ready.pop_front()
    }
}
