//! A broadcast that another worker carries, as this one's players read it: the same ring, no publisher, no packaging.
//! It is no live stream of this worker: the hub does not know it.

use std::sync::Arc;

use sluice_contract::message::EndReason;
use sluice_contract::{Protocol, SessionId};

use super::Clock;
use super::stream::LiveStream;
use crate::StreamKey;
use crate::media::{AccessUnit, InvalidConfig, TrackConfig, TrackInfo};
use crate::package::{Package, PackagingConfig};

/// The feeding end of a broadcast that comes from elsewhere. Dropping it ends the broadcast for its readers.
pub(crate) struct Replica {
    stream: Arc<LiveStream>,
    clock: Clock,
}

impl Replica {
    /// A broadcast that `publisher` publishes to another worker.
    pub fn begin(key: StreamKey, publisher: SessionId, protocol: Protocol, clock: Clock) -> Self {
        // Nothing is packaged here: segments come as they are, to a package of their own.
        let package = Arc::new(Package::new(PackagingConfig::default(), clock.clone()));
        let stream = Arc::new(LiveStream::new(key, (publisher, protocol, (None, None)), package, 0, clock()));
        Self { stream, clock }
    }

    pub const fn stream(&self) -> &Arc<LiveStream> {
        &self.stream
    }

    /// Announces a track or changes its configuration.
    ///
    /// # Errors
    /// [`InvalidConfig`] when the record is not sound.
    pub fn configure(&self, track: TrackConfig) -> Result<(), InvalidConfig> {
        let info = TrackInfo::read(&track)?;
        self.stream.configure(track, info);
        Ok(())
    }

    /// Hands a unit on, with the times that its own worker gave it.
    pub fn push(&self, unit: AccessUnit) {
        self.stream.push(Arc::new(unit));
    }

    /// So many units did not come: readers go on at the next key frame.
    pub fn skip(&self, units: u64) {
        self.stream.skip(units);
    }

    /// Ends it for its readers; only the first call does anything.
    pub fn end(&self, reason: EndReason) {
        self.stream.go_off_air(reason, (self.clock)());
    }

    /// Works out the second's figures.
    pub fn sample(&self) {
        self.stream.report((self.clock)());
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.end(EndReason::Closed);
    }
}
