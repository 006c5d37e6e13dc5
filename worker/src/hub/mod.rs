//! Live broadcasts: one publisher, many readers, slow readers dropped to the next key frame.
//!
//! [`Hub::publish`] makes a [`Publisher`]; dropping it ends the broadcast. Everything that comes in passes the
//! timestamp sanitiser first and then goes two ways: into the stream's ring, from which every [`Reader`] reads at its
//! own pace, and into packaging. The ring always holds the newest group of pictures, so it is what a new reader starts
//! from; a reader that falls out of it is the one that loses.
//!
//! A stream may have variants ([`transcode`](crate::transcode)): streams made of it, with the same units where nothing
//! need be changed. They end with it, in the same call.
//!
//! Locks, in the order in which they may be taken: the map's shard, a stream's packager, its ring, its package. A stream's
//! variants are looked up with none of them held. Events are sent with none of them held.

mod key_frames;
mod packaging;
mod publisher;
mod reader;
mod reordering;
mod replica;
mod ring;
mod stream;

use std::pin::pin;
use std::sync::{Arc, OnceLock};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use sluice_contract::message::{EndReason, EventKind, RecordingWish, StreamReport};
use sluice_contract::{ApplicationName, Protocol, SessionId, StreamId, SubscriberId, UnixTime};
use tokio::sync::Notify;
use tracing::info;

use crate::StreamKey;
use crate::package::{Package, PackagerUnavailable, PackagingConfig, PackagingSettings, initialise_packaging};
use crate::session::{Gate, Session};

pub use publisher::Publisher;
pub use reader::{Reader, ReaderItem};
pub(crate) use replica::Replica;
pub use stream::LiveStream;

/// The time now. A worker passes the wall clock; tests pass what they like.
pub type Clock = Arc<dyn Fn() -> UnixTime + Send + Sync>;

/// How an application wants its streams packaged, asked at each publish.
pub type SettingsLookup = Arc<dyn Fn(&ApplicationName) -> PackagingSettings + Send + Sync>;

/// Receives what the hub has to tell the API. Called with no lock held; must not wait.
pub trait EventSink: Send + Sync {
    fn emit(&self, kind: EventKind);
}

/// What the hub needs of the session that publishes. [`Session`] is the one of a worker; benchmarks and tests bring
/// their own.
pub trait PublishRight: Send + Sync {
    fn id(&self) -> SessionId;
    fn protocol(&self) -> Protocol;

    /// Whom a block can name, and the main track that it may name instead of the stream.
    fn subscriber(&self) -> (Option<SubscriberId>, Option<StreamId>) {
        (None, None)
    }

    /// Read before every access unit.
    fn gate(&self) -> Gate;
    fn count_video(&self, bytes: usize);
    fn count_audio(&self, bytes: usize);

    /// Somebody needs a key frame soon. Called once a second at most, from any thread; must not wait. Publishers whose
    /// protocol has no word for it make key frames when they like.
    fn request_key_frame(&self) {}

    /// Whether what it publishes is recorded.
    fn recording(&self) -> RecordingWish {
        RecordingWish::default()
    }

    /// Ends the session, and with it the connection, because its broadcast cannot go on.
    fn close(&self, reason: EndReason, detail: Option<String>);
}

impl PublishRight for Session {
    fn id(&self) -> SessionId {
        Self::id(self)
    }

    fn protocol(&self) -> Protocol {
        self.grant().protocol
    }

    fn subscriber(&self) -> (Option<SubscriberId>, Option<StreamId>) {
        (self.grant().subscriber.clone(), self.grant().main_track.clone())
    }

    fn gate(&self) -> Gate {
        Self::gate(self)
    }

    fn count_video(&self, bytes: usize) {
        Self::count_video(self, bytes);
    }

    fn count_audio(&self, bytes: usize) {
        Self::count_audio(self, bytes);
    }

    fn recording(&self) -> RecordingWish {
        self.grant().recording
    }

    fn close(&self, reason: EndReason, detail: Option<String>) {
        Self::close(self, reason, detail);
    }
}

/// Records broadcasts.
pub(crate) trait Recorder: Send + Sync {
    /// A broadcast that is to be recorded starts: nothing of it has been cut yet. Called with no lock held; must not wait.
    fn record(&self, stream: &Arc<LiveStream>);
}

/// All live broadcasts of this worker. Cloning shares them.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    /// Live streams, and ended ones whose segments linger.
    streams: DashMap<StreamKey, Arc<LiveStream>>,
    events: Arc<dyn EventSink>,
    packaging: PackagingConfig,
    settings: SettingsLookup,
    clock: Clock,
    /// Rings at every publish.
    published: Arc<Notify>,
    recorder: OnceLock<Arc<dyn Recorder>>,
}

/// Somebody else publishes the stream on this worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream is live already")]
pub struct AlreadyLive;

impl Hub {
    /// A hub without streams.
    ///
    /// # Errors
    /// [`PackagerUnavailable`] when GStreamer cannot be loaded or lacks an element.
    pub fn new(
        events: Arc<dyn EventSink>,
        packaging: PackagingConfig,
        settings: SettingsLookup,
        clock: Clock,
    ) -> Result<Self, PackagerUnavailable> {
        initialise_packaging()?;
        Ok(Self {
            inner: Arc::new(Inner {
                streams: DashMap::new(),
                events,
                packaging,
                settings,
                clock,
                published: Arc::default(),
                recorder: OnceLock::new(),
            }),
        })
    }

    /// Has the broadcasts that are to be recorded told to `recorder`. Only the first call counts.
    pub(crate) fn recorded_by(&self, recorder: Arc<dyn Recorder>) {
        // A second recorder would record the same again.
        let _ = self.inner.recorder.set(recorder);
    }

    /// Starts a broadcast for an admitted session and its packaging. The stream counts as started (events) once its
    /// codecs are known.
    ///
    /// A stream that ended a moment ago and still lingers is continued: its players stay, and see a discontinuity.
    ///
    /// # Errors
    /// [`AlreadyLive`] when another session publishes it here.
    pub fn publish(&self, key: StreamKey, session: Arc<dyn PublishRight>) -> Result<Publisher, AlreadyLive> {
        let inner = &self.inner;
        let now = (inner.clock)();
        let mut settings = (inner.settings)(&key.application);
        settings.recording = inner.recorder.get().is_some() && session.recording().or(settings.recording);
        let live = |key, package| {
            let publisher = (session.id(), session.protocol(), session.subscriber());
            let asked = Arc::downgrade(&session);
            let ask = Box::new(move || {
                if let Some(session) = asked.upgrade() {
                    session.request_key_frame();
                }
            });
            let stream = LiveStream::new(key, publisher, package, settings.linger_ms(), now, ask);
            stream.published_with(Arc::downgrade(&session))
        };
        // Who published it before is gone, as far as the API knows; here it may be a moment until its stream is.
        let before = inner.streams.get(&key).filter(|stream| stream.is_live()).map(|stream| stream.clone());
        if let Some((stream, reason)) = before.and_then(|stream| Some((stream.clone(), stream.is_left()?))) {
            self.finish(&stream, reason, None);
        }
        let stream = match inner.streams.entry(key.clone()) {
            Entry::Occupied(entry) if entry.get().is_live() => return Err(AlreadyLive),
            Entry::Occupied(mut entry) => {
                let package = if entry.get().lingers(now) {
                    entry.get().shared_package()
                } else {
                    Arc::new(Package::new(inner.packaging.clone(), inner.clock.clone()))
                };
                package.resume(&settings);
                let stream = Arc::new(live(key, package));
                entry.insert(stream.clone());
                stream
            }
            Entry::Vacant(entry) => {
                let package = Arc::new(Package::new(inner.packaging.clone(), inner.clock.clone()));
                package.resume(&settings);
                let stream = Arc::new(live(key, package));
                entry.insert(stream.clone());
                stream
            }
        };
        info!(broadcast.name = %stream.key(), session.id = %stream.publisher(), "publishing began");
        inner.published.notify_waiters();
        Ok(Publisher::new(self.clone(), stream, session))
    }

    /// The broadcast, while it is live (or its last segments are still served after an end).
    pub fn find(&self, key: &StreamKey) -> Option<Arc<LiveStream>> {
        let stream = self.inner.streams.get(key)?.clone();
        // The clock is read only for streams that ended.
        (stream.is_live() || stream.lingers((self.inner.clock)())).then_some(stream)
    }

    /// The broadcast while it is live, for readers of the ring.
    pub fn find_live(&self, key: &StreamKey) -> Option<Arc<LiveStream>> {
        self.find(key).filter(|stream| stream.is_live())
    }

    /// Whether the pictures of an application's streams may be re-encoded for those who cannot take them as they are.
    pub(crate) fn transcoding_allowed(&self, application: &ApplicationName) -> bool {
        (self.inner.settings)(application).transcoding_allowed
    }

    /// Waits until the broadcast is live.
    pub async fn live(&self, key: &StreamKey) -> Arc<LiveStream> {
        loop {
            let mut published = pin!(self.inner.published.notified());
            // Listening begins before the look, so that no publish falls between them.
            published.as_mut().enable();
            if let Some(stream) = self.find_live(key) {
                return stream;
            }
            published.await;
        }
    }

    /// Takes a stream off the air at once, if `publisher` still publishes it: when this returns no reader receives
    /// another access unit. After a block, a stop or a deletion its segments are gone too; otherwise they linger as
    /// any ended stream's do. The publisher's connection learns of it from its session.
    pub fn end(&self, key: &StreamKey, publisher: SessionId, reason: EndReason) {
        // Taken out of the map's guard first: nothing below may run under a shard's lock.
        let stream = self.inner.streams.get(key).map(|entry| entry.clone());
        if let Some(stream) = stream.filter(|stream| stream.publisher() == publisher) {
            self.finish(&stream, reason, None);
        }
    }

    /// Every live stream, for statistics and the hello. Also forgets what has lingered long enough, so it should be
    /// called about once a second.
    pub fn reports(&self, now: UnixTime) -> Vec<StreamReport> {
        self.inner.streams.retain(|_, stream| stream.is_live() || stream.lingers(now));
        let live: Vec<_> =
            self.inner.streams.iter().filter(|entry| entry.is_live()).map(|entry| entry.value().clone()).collect();
        live.iter().map(|stream| stream.report(now)).collect()
    }

    fn now(&self) -> UnixTime {
        (self.inner.clock)()
    }

    fn emit(&self, kind: EventKind) {
        self.inner.events.emit(kind);
    }

    fn record(&self, stream: &Arc<LiveStream>) {
        if let Some(recorder) = self.inner.recorder.get() {
            recorder.record(stream);
        }
    }

    fn packaging(&self) -> &PackagingConfig {
        &self.inner.packaging
    }

    /// The one way in which a broadcast ends. Only the first call does anything.
    fn finish(&self, stream: &Arc<LiveStream>, reason: EndReason, detail: Option<String>) {
        let now = self.now();
        if !stream.go_off_air(reason, now) {
            return;
        }
        if !stream.lingers(now) {
            self.inner.streams.remove_if(stream.key(), |_, current| Arc::ptr_eq(current, stream));
        }
        info!(
            broadcast.name = %stream.key(),
            session.id = %stream.publisher(),
            reason = reason.as_str(),
            detail = detail.as_deref().unwrap_or_default(),
            "publishing ended"
        );
        if *stream.announced.lock() {
            self.emit(EventKind::StreamEnded { stream: stream.report(now), reason, detail });
        }
    }
}
