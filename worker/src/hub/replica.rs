//! A broadcast that no publisher of this worker feeds: one that another worker carries, or a variant of one. Players
//! read it from the same kind of ring; it is no live stream of this worker, and the hub does not know it.

use std::sync::Arc;

use sluice_contract::message::EndReason;
use sluice_contract::{Protocol, SessionId};

use super::Clock;
use super::key_frames::KeyFrameAsk;
use super::stream::{LiveStream, PublishedBy};
use crate::StreamKey;
use crate::media::{AccessUnit, InvalidConfig, TrackConfig, TrackInfo};
use crate::package::{Package, PackagingConfig};

/// The feeding end of a broadcast that comes from elsewhere. Dropping it ends the broadcast for its readers.
pub(crate) struct Replica {
    stream: Arc<LiveStream>,
    clock: Clock,
}

impl Replica {
    /// A broadcast that `publisher` publishes to another worker, which `ask` reaches.
    pub fn begin(
        key: StreamKey,
        publisher: SessionId,
        protocol: Protocol,
        clock: Clock,
        ask_for_key_frame: KeyFrameAsk,
    ) -> Self {
        Self::fed_by(key, (publisher, protocol, (None, None)), clock, ask_for_key_frame)
    }

    /// A broadcast that is made of another one.
    pub fn of(source: &LiveStream, ask_for_key_frame: KeyFrameAsk) -> Self {
        let publisher = (source.publisher(), source.protocol(), source.published_by().clone());
        Self::fed_by(source.key().clone(), publisher, source.package().clock(), ask_for_key_frame)
    }

    fn fed_by(
        key: StreamKey,
        publisher: (SessionId, Protocol, PublishedBy),
        clock: Clock,
        ask_for_key_frame: KeyFrameAsk,
    ) -> Self {
        // Nothing is packaged here: segments come as they are, to a package of their own.
        let package = Arc::new(Package::new(PackagingConfig::default(), clock.clone()));
        let stream = Arc::new(LiveStream::new(key, publisher, package, 0, clock(), ask_for_key_frame));
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

    /// Hands a unit on, with the times that it has.
    pub fn push(&self, unit: Arc<AccessUnit>) {
        self.stream.push(unit);
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
