//! One broadcast: its ring, its package, and its figures.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use sluice_contract::message::{EndReason, StreamReport};
use sluice_contract::{Protocol, SessionId, StreamId, SubscriberId, UnixTime};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::StreamKey;
use crate::media::{AccessUnit, Codec, MediaTime, TrackConfig, TrackInfo, TrackKind};
use crate::package::Package;
use crate::session::Gate;
use crate::transcode::Variants;

use super::PublishRight;
use super::key_frames::{KeyFrameAsk, KeyFrameRequests};
use super::packaging::Packaging;
use super::reader::Reader;
use super::reordering::Reordering;
use super::ring::{Ring, RingLimits};

/// Whom a block of the publisher can name: the subscriber, and a main track beside the stream.
pub(crate) type PublishedBy = (Option<SubscriberId>, Option<StreamId>);

/// One live broadcast, shared by its readers.
pub struct LiveStream {
    key: StreamKey,
    publisher: SessionId,
    protocol: Protocol,
    published_by: PublishedBy,
    /// Of whoever publishes it on this worker.
    right: Option<Weak<dyn PublishRight>>,
    since: UnixTime,
    package: Arc<Package>,
    /// How long the segments stay after an ordinary end.
    linger_ms: i64,
    /// Set once, by whoever starts packaging; taken by whoever ends the broadcast.
    packager: Mutex<Packaging>,
    /// Somebody wants what is not packaged yet.
    wants_packaging: AtomicBool,
    on_air: RwLock<OnAir>,
    pushed: Arc<Notify>,
    /// What is made of it for viewers who cannot take it as it is. They end with it.
    variants: Variants,
    key_frames: KeyFrameRequests,
    /// Whether the API knows of it. Held while it is told, so that it never hears of an end first.
    pub(super) announced: Mutex<bool>,
    /// `i64::MAX` while live; then when the last segments go.
    gone_at_ms: AtomicI64,
    /// Held while it ends, so that whoever ends it finds it ended.
    ending: Mutex<()>,
    bytes: AtomicU64,
    media_us: AtomicI64,
    rates: Mutex<Rates>,
}

/// What readers and the publisher share under one lock.
pub(super) struct OnAir {
    pub(super) ring: Ring,
    /// Video and audio.
    pub(super) configs: [Option<Arc<TrackConfig>>; 2],
    pub(super) info: [Option<TrackInfo>; 2],
    reordering: Reordering,
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
        if config.codec.kind() == TrackKind::Video {
            self.reordering = Reordering::begin(&config);
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
        ask_for_key_frame: KeyFrameAsk,
    ) -> Self {
        Self {
            key,
            publisher,
            protocol,
            published_by,
            right: None,
            since: now,
            package,
            linger_ms,
            packager: Mutex::new(Packaging::Idle),
            wants_packaging: AtomicBool::new(false),
            on_air: RwLock::new(OnAir {
                ring: Ring::new(RingLimits::default()),
                configs: [None, None],
                info: [None, None],
                reordering: Reordering::default(),
                ended: None,
            }),
            pushed: Arc::new(Notify::new()),
            variants: Variants::default(),
            key_frames: KeyFrameRequests::new(ask_for_key_frame),
            announced: Mutex::new(false),
            gone_at_ms: AtomicI64::new(i64::MAX),
            ending: Mutex::new(()),
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

    /// When its publisher came.
    pub const fn since(&self) -> UnixTime {
        self.since
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

    /// The configurations in force, video and audio.
    pub(crate) fn configs(&self) -> [Option<Arc<TrackConfig>>; 2] {
        self.on_air.read().configs.clone()
    }

    /// How its tracks are coded, video and audio.
    pub fn codecs(&self) -> [Option<Codec>; 2] {
        self.on_air.read().configs.each_ref().map(|config| config.as_ref().map(|config| config.codec))
    }

    /// True when its pictures are shown in another order than they are decoded in, as far as that is known: players
    /// over WebRTC cannot take them then.
    pub fn reorders(&self) -> bool {
        self.on_air.read().reordering.is_in_use()
    }

    /// Has its source make a key frame soon; at most once a second, however many ask. Sources that cannot be asked
    /// make theirs when they like.
    pub fn request_key_frame(&self) {
        if self.is_live() {
            self.key_frames.request();
        }
    }

    pub(crate) const fn variants(&self) -> &Variants {
        &self.variants
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

    /// Has its publisher begin to package it, unless it is packaged already.
    pub(crate) fn want_packaging(&self) {
        self.wants_packaging.store(true, Ordering::Relaxed);
    }

    /// True once after each wish.
    pub(super) fn takes_wish_to_be_packaged(&self) -> bool {
        self.wants_packaging.load(Ordering::Relaxed) && self.wants_packaging.swap(false, Ordering::Relaxed)
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
        let picture = (unit.kind == TrackKind::Video).then_some(unit.key);
        {
            let mut on_air = self.on_air.write();
            if on_air.ended.is_some() {
                return false;
            }
            on_air.reordering.note(&unit);
            on_air.ring.push(unit);
        }
        self.pushed.notify_waiters();
        if let Some(is_key) = picture {
            self.key_frames.came(is_key);
        }
        true
    }

    /// Leaves out so many units: every reader has lost something, and goes on at the next key frame.
    pub(super) fn skip(&self, units: u64) {
        self.on_air.write().ring.skip(units);
    }

    /// The same, of whoever has this right to publish it.
    pub(super) fn published_with(self, right: Weak<dyn PublishRight>) -> Self {
        Self { right: Some(right), ..self }
    }

    /// Why it is about to end, when its publisher's session is over already.
    pub(super) fn is_left(&self) -> Option<EndReason> {
        let Some(right) = self.right.as_ref()?.upgrade() else { return Some(EndReason::Closed) };
        match right.gate() {
            Gate::Closed(reason) => Some(reason),
            Gate::Open | Gate::Suspended => None,
        }
    }

    /// Ends a broadcast that is fed from elsewhere, whoever feeds it.
    pub(crate) fn end_replica(&self, reason: EndReason, now: UnixTime) {
        self.go_off_air(reason, now);
    }

    /// Ends the broadcast for its readers, those of its variants, and its packaging; false when it had ended before.
    pub(super) fn go_off_air(&self, reason: EndReason, now: UnixTime) -> bool {
        let _ending = self.ending.lock();
        let revoked = matches!(reason, EndReason::Blocked | EndReason::Stopped | EndReason::Deleted);
        let gone_at = if revoked { now } else { now.plus_millis(self.linger_ms) };
        {
            let mut on_air = self.on_air.write();
            if on_air.ended.is_some() {
                return false;
            }
            on_air.ended = Some(reason);
            on_air.ring.clear();
            if revoked {
                // Before anybody may take it over.
                self.package.revoke();
            }
            self.gone_at_ms.store(gone_at.as_millis(), Ordering::Release);
        }
        self.pushed.notify_waiters();
        self.variants.end(reason, now);
        let packaging = std::mem::replace(&mut *self.packager.lock(), Packaging::Closed);
        match packaging {
            Packaging::Running { packager, .. } => packager.stop(),
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
