//! One broadcast: its ring, its package, and its figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use sluice_contract::message::{EndReason, StreamReport};
use sluice_contract::{Protocol, SessionId, StreamId, SubscriberId, UnixTime};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::StreamKey;
use crate::media::{AccessUnit, MediaTime, TrackConfig, TrackInfo, TrackKind};
use crate::package::{Package, Packager};

use super::reader::Reader;
use super::ring::{Ring, RingLimits};

/// Whom a block of the publisher can name: the subscriber, and a main track beside the stream.
pub(crate) type PublishedBy = (Option<SubscriberId>, Option<StreamId>);

/// One live broadcast, shared by its readers.
pub struct LiveStream {
    key: StreamKey,
    publisher: SessionId,
    protocol: Protocol,
    published_by: PublishedBy,
    since: UnixTime,
    package: Arc<Package>,
    /// How long the segments stay after an ordinary end.
    linger_ms: i64,
    /// Set once, by whoever starts packaging; taken by whoever ends the broadcast.
    packager: Mutex<Packaging>,
    on_air: RwLock<OnAir>,
    pushed: Arc<Notify>,
    /// Whether the API knows of it. Held while it is told, so that it never hears of an end first.
    pub(super) announced: Mutex<bool>,
    /// `i64::MAX` while live; then when the last segments go.
    gone_at_ms: AtomicI64,
    bytes: AtomicU64,
    media_us: AtomicI64,
    rates: Mutex<Rates>,
}

/// Whether access units go to a pipeline.
pub(super) enum Packaging {
    Idle,
    Running(Box<Packager>),
    /// The broadcast ended: nothing may start.
    Closed,
}

/// What readers and the publisher share under one lock.
pub(super) struct OnAir {
    pub(super) ring: Ring,
    /// Video and audio.
    pub(super) configs: [Option<Arc<TrackConfig>>; 2],
    pub(super) info: [Option<TrackInfo>; 2],
    pub(super) ended: Option<EndReason>,
}

/// The second's figures, renewed when a report asks at least [`MIN_RATE_SPAN_MS`] after the last time.
#[derive(Debug, Clone, Copy)]
struct Rates {
    at: UnixTime,
    bytes: u64,
    media_us: i64,
    bitrate_bps: u64,
    speed: f32,
}

/// Two reports closer together than this share their figures.
const MIN_RATE_SPAN_MS: i64 = 500;

impl OnAir {
    pub(super) const fn has_video(&self) -> bool {
        self.configs[0].is_some()
    }

    /// Takes a track's configuration; false when these very bytes are in force. Units under an older configuration
    /// leave the ring, so that readers never meet a unit that they cannot decode.
    pub(super) fn configure(&mut self, config: TrackConfig, info: TrackInfo) -> bool {
        let slot = track_slot(config.codec.kind());
        if self.configs[slot].as_deref() == Some(&config) {
            return false;
        }
        if self.configs[slot].is_some() {
            self.ring.clear();
        }
        self.configs[slot] = Some(Arc::new(config));
        self.info[slot] = Some(info);
        true
    }
}

pub(super) const fn track_slot(kind: TrackKind) -> usize {
    match kind {
        TrackKind::Video => 0,
        TrackKind::Audio => 1,
    }
}

impl LiveStream {
    pub(super) fn new(
        key: StreamKey,
        (publisher, protocol, published_by): (SessionId, Protocol, PublishedBy),
        package: Arc<Package>,
        linger_ms: i64,
        now: UnixTime,
    ) -> Self {
        Self {
            key,
            publisher,
            protocol,
            published_by,
            since: now,
            package,
            linger_ms,
            packager: Mutex::new(Packaging::Idle),
            on_air: RwLock::new(OnAir {
                ring: Ring::new(RingLimits::default()),
                configs: [None, None],
                info: [None, None],
                ended: None,
            }),
            pushed: Arc::new(Notify::new()),
            announced: Mutex::new(false),
            gone_at_ms: AtomicI64::new(i64::MAX),
            bytes: AtomicU64::new(0),
            media_us: AtomicI64::new(0),
            rates: Mutex::new(Rates { at: now, bytes: 0, media_us: 0, bitrate_bps: 0, speed: 0.0 }),
        }
    }

    pub const fn key(&self) -> &StreamKey {
        &self.key
    }

    pub const fn publisher(&self) -> SessionId {
        self.publisher
    }

    /// Its segments; empty until the first was cut.
    pub fn package(&self) -> &Package {
        &self.package
    }

    pub fn is_live(&self) -> bool {
        self.gone_at_ms.load(Ordering::Acquire) == i64::MAX
    }

    /// A new reader, which first receives the configuration and the cached GOP.
    pub fn subscribe(self: &Arc<Self>) -> Reader {
        let on_air = self.on_air.read();
        Reader::new(self.clone(), on_air.ring.start(on_air.has_video()))
    }

    /// Video and audio, as far as they are known.
    pub fn tracks(&self) -> [Option<TrackInfo>; 2] {
        self.on_air.read().info.clone()
    }

    /// What the publisher sent over the last second that was reported, bits per second; 0 at first.
    pub fn bitrate_bps(&self) -> u64 {
        self.rates.lock().bitrate_bps
    }

    pub(crate) const fn published_by(&self) -> &PublishedBy {
        &self.published_by
    }

    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(crate) fn shared_package(&self) -> Arc<Package> {
        self.package.clone()
    }

    pub(super) fn on_air(&self) -> RwLockReadGuard<'_, OnAir> {
        self.on_air.read()
    }

    pub(super) fn pushed(&self) -> OwnedNotified {
        self.pushed.clone().notified_owned()
    }

    pub(super) const fn packager(&self) -> &Mutex<Packaging> {
        &self.packager
    }

    /// True while an ended stream's segments are still served.
    pub(super) fn lingers(&self, now: UnixTime) -> bool {
        now.as_millis() < self.gone_at_ms.load(Ordering::Acquire)
    }

    /// Takes a configuration; false when it changes nothing.
    pub(super) fn configure(&self, config: TrackConfig, info: TrackInfo) -> bool {
        let changed = self.on_air.write().configure(config, info);
        if changed {
            self.pushed.notify_waiters();
        }
        changed
    }

    /// Hands a unit to all readers; false after the end.
    pub(super) fn push(&self, unit: Arc<AccessUnit>) -> bool {
        self.bytes.fetch_add(unit.data.len() as u64, Ordering::Relaxed);
        self.media_us.fetch_max(unit.dts.as_micros(), Ordering::Relaxed);
        {
            let mut on_air = self.on_air.write();
            if on_air.ended.is_some() {
                return false;
            }
            on_air.ring.push(unit);
        }
        self.pushed.notify_waiters();
        true
    }

    /// Leaves out so many units: every reader has lost something, and goes on at the next key frame.
    pub(super) fn skip(&self, units: u64) {
        self.on_air.write().ring.skip(units);
    }

    /// Ends a broadcast that is fed from elsewhere, whoever feeds it.
    pub(crate) fn end_replica(&self, reason: EndReason, now: UnixTime) {
        self.go_off_air(reason, now);
    }

    /// Ends the broadcast for its readers and its packaging; false when it had ended before.
    pub(super) fn go_off_air(&self, reason: EndReason, now: UnixTime) -> bool {
        {
            let mut on_air = self.on_air.write();
            if on_air.ended.is_some() {
                return false;
            }
            on_air.ended = Some(reason);
            on_air.ring.clear();
        }
        self.pushed.notify_waiters();
        let revoked = matches!(reason, EndReason::Blocked | EndReason::Stopped | EndReason::Deleted);
        if revoked {
            self.package.revoke();
        }
        let gone_at = if revoked { now } else { now.plus_millis(self.linger_ms) };
        self.gone_at_ms.store(gone_at.as_millis(), Ordering::Release);
        let packaging = std::mem::replace(&mut *self.packager.lock(), Packaging::Closed);
        match packaging {
            Packaging::Running(packager) => packager.stop(),
            Packaging::Idle => self.package.finish(),
            Packaging::Closed => {}
        }
        true
    }

    pub(super) fn report(&self, now: UnixTime) -> StreamReport {
        let bytes = self.bytes.load(Ordering::Relaxed);
        let rates = self.rates(now, bytes);
        let on_air = self.on_air.read();
        StreamReport {
            application: self.key.application.clone(),
            stream_id: self.key.stream_id.clone(),
            publisher: self.publisher,
            protocol: self.protocol,
            since: self.since,
            video: on_air.info[0].as_ref().and_then(TrackInfo::video_info),
            audio: on_air.info[1].as_ref().and_then(TrackInfo::audio_info),
            bytes,
            bitrate_bps: rates.bitrate_bps,
            speed: rates.speed,
            viewers: Vec::new(),
        }
    }

    fn rates(&self, now: UnixTime, bytes: u64) -> Rates {
        let media_us = self.media_us.load(Ordering::Relaxed);
        let mut rates = self.rates.lock();
        let span_ms = now.millis_since(rates.at);
        if span_ms >= MIN_RATE_SPAN_MS {
            let span = span_ms as f64 / 1_000.0;
            let media = MediaTime::from_micros(media_us).minus(MediaTime::from_micros(rates.media_us));
            *rates = Rates {
                at: now,
                bytes,
                media_us,
                bitrate_bps: (bytes.saturating_sub(rates.bytes) as f64 * 8.0 / span) as u64,
                speed: (media.as_micros() as f64 / 1_000_000.0 / span) as f32,
            };
        }
        *rates
    }
}
