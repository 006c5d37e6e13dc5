//! CMAF segments of a live broadcast, in memory, and the manifests over them.
//!
//! GStreamer's cmafmux cuts video and audio into separate tracks; [`Package`] keeps a bounded window of segments and
//! writes HLS (RFC 8216) and DASH (ISO/IEC 23009-1) over the same bytes.
//!
//! ```text
//! hub ─ access units ─► Packager (feed) ─► Pipeline: appsrc ► cmafmux ► appsink, one chain a track ─► Package (window)
//!                          │ restarts on new tracks         │ errors, ends                        │ requests
//!                          └──────────────────────────── supervisor (one thread)      hls, dash ◄─┘
//! ```
//!
//! A run of one pipeline is a *period*: the unit between two discontinuities. Segment numbers go on over periods, and
//! over a publisher that leaves and returns; they begin at the seconds since 1970, so that they also go on when a
//! worker restarts or another one takes over, and no cache ever holds another segment under the same name. So do the
//! numbers of periods.

pub(crate) mod boxes;
pub(crate) mod caps;
mod dash;
mod feed;
mod hls;
mod manifest;
mod pipeline;
pub(crate) mod recording;
pub(crate) mod replica;
mod restarts;
mod settings;
pub(crate) mod supervisor;
mod template;
mod window;

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use crate::hub::Clock;
use crate::media::{MediaTime, TrackKind};

pub(crate) use feed::is_packaged;
pub use feed::{Packager, PackagingError, TrackSet};
pub(crate) use restarts::RestartBudget;
pub use settings::{PackagingConfig, PackagingSettings};
pub use supervisor::{PackagerUnavailable, initialise_packaging};

use manifest::Manifests;
use template::Values;
use window::{NewSegment, PeriodId, Timeline};

/// What HTTP egress can serve of one broadcast. All methods are cheap and never wait.
pub struct Package {
    /// Tells it from any other package of the same stream, on any worker.
    id: Uuid,
    config: PackagingConfig,
    clock: Clock,
    state: Mutex<State>,
    /// Marked after every change that a request could see.
    changes: watch::Sender<()>,
}

struct State {
    settings: PackagingSettings,
    phase: Phase,
    /// Rises with every publisher, so that the end of an older one's pipeline changes nothing.
    generation: u64,
    timeline: Timeline,
    manifests: Manifests,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Phase {
    Live,
    /// The last segments are here; manifests say so.
    Ended,
    /// Nothing is served any more.
    Revoked,
}

/// One init or media segment.
#[derive(Debug, Clone)]
pub struct Object {
    pub data: Bytes,
    /// `video/mp4` for init segments, `video/iso.segment` for media segments.
    pub content_type: &'static str,
}

impl Package {
    /// An empty package.
    pub fn new(config: PackagingConfig, clock: Clock) -> Self {
        let first_number = u64::try_from(clock().as_secs()).unwrap_or(0).max(1);
        Self {
            id: Uuid::now_v7(),
            config,
            clock,
            changes: watch::Sender::new(()),
            state: Mutex::new(State {
                settings: PackagingSettings::default(),
                phase: Phase::Live,
                generation: 0,
                timeline: Timeline::new(first_number),
                manifests: Manifests::default(),
            }),
        }
    }

    /// The multivariant playlist (`{id}.m3u8`, `{id}_adaptive.m3u8`), with `folder` before each URI and `query`
    /// (without `?`; may be empty) after it. `None` until every track has a segment.
    pub fn hls_multivariant(&self, folder: &str, query: &str) -> Option<String> {
        let template = self.with_state(|state| {
            if !state.settings.hls {
                return None;
            }
            let State { timeline, manifests, .. } = state;
            manifests.multivariant.get_or_insert_with(|| hls::multivariant(timeline).map(Arc::new)).clone()
        })?;
        Some(template.render(&Values { folder, query, ..Values::default() }))
    }

    /// One media playlist (`video.m3u8`, `audio.m3u8`); URIs are relative to the playlist.
    pub fn hls_media(&self, name: &str, query: &str) -> Option<String> {
        let (kind, slot) = match name {
            "video.m3u8" => (TrackKind::Video, 0),
            "audio.m3u8" => (TrackKind::Audio, 1),
            _ => return None,
        };
        let template = self.with_state(|state| {
            if !state.settings.hls {
                return None;
            }
            let ended = state.phase == Phase::Ended;
            let State { timeline, manifests, settings, .. } = state;
            manifests.media[slot]
                .get_or_insert_with(|| hls::media(timeline, kind, settings, ended).map(Arc::new))
                .clone()
        })?;
        Some(template.render(&Values { query, ..Values::default() }))
    }

    /// The MPD (`{id}.mpd`). `location` is the absolute or root-relative address to reload it from.
    pub fn dash(&self, location: Option<&str>, query: &str) -> Option<String> {
        let template = self.with_state(|state| {
            if !state.settings.dash {
                return None;
            }
            let ended = state.phase == Phase::Ended;
            let State { timeline, manifests, settings, .. } = state;
            manifests.mpd.get_or_insert_with(|| dash::mpd(timeline, settings, ended).map(Arc::new)).clone()
        })?;
        let now = (self.clock)().to_string();
        Some(template.render(&Values { location, query, now: &now, ..Values::default() }))
    }

    /// True while so little is listed that a player would run dry before its next look at the MPD: it sees a segment
    /// up to one `minimumUpdatePeriod` after it came.
    pub fn dash_is_short(&self) -> bool {
        self.with_state(|state| {
            let needed_ms = i64::from(state.settings.segment_duration_ms).saturating_mul(2);
            let is_served = state.phase == Phase::Live && state.settings.dash;
            (is_served && state.timeline.is_shorter_than(needed_ms)).then_some(())
        })
        .is_some()
    }

    /// An init or media segment by its file name (`v-init-1.mp4`, `v-17.m4s`, `a-17.m4s`).
    pub fn object(&self, name: &str) -> Option<Object> {
        let (kind, number, is_init) = window::parse_name(name)?;
        let data = self.with_state(|state| {
            if is_init { state.timeline.init(kind, number) } else { state.timeline.segment(kind, number) }
        })?;
        Some(Object { data, content_type: if is_init { "video/mp4" } else { "video/iso.segment" } })
    }

    /// `None` when revoked.
    fn with_state<T>(&self, read: impl FnOnce(&mut State) -> Option<T>) -> Option<T> {
        let mut state = self.state.lock();
        if state.phase == Phase::Revoked { None } else { read(&mut state) }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// False when the application has neither HLS nor DASH on, and nothing is recorded.
    pub(crate) fn is_wanted(&self) -> bool {
        let state = self.state.lock();
        state.phase != Phase::Revoked && (state.settings.hls || state.settings.dash || state.settings.recording)
    }

    /// A publisher begins, or begins again.
    pub(crate) fn resume(&self, settings: &PackagingSettings) {
        let mut state = self.state.lock();
        if state.phase != Phase::Revoked {
            state.settings = settings.clone();
            state.phase = Phase::Live;
            state.generation += 1;
            state.manifests = Manifests::default();
        }
        drop(state);
        self.changes.send_replace(());
    }

    /// The pipeline of a period has ended; what came for later ones meanwhile can be served.
    fn drained(&self, period: PeriodId) {
        let mut state = self.state.lock();
        let playlist_segments = state.settings.playlist_segments;
        state.timeline.drained(period, playlist_segments, &self.config);
        state.manifests = Manifests::default();
        drop(state);
        self.changes.send_replace(());
    }

    /// The last segment has come. Ignored when another publisher has begun since.
    fn finish_generation(&self, generation: u64) {
        let mut state = self.state.lock();
        if state.phase == Phase::Live && state.generation == generation {
            state.phase = Phase::Ended;
            state.manifests = Manifests::default();
        }
        drop(state);
        self.changes.send_replace(());
    }

    /// No segment will come.
    pub(crate) fn finish(&self) {
        let generation = self.state.lock().generation;
        self.finish_generation(generation);
    }

    /// Serves nothing from now on, and forgets every segment.
    pub(crate) fn revoke(&self) {
        let mut state = self.state.lock();
        state.phase = Phase::Revoked;
        state.manifests = Manifests::default();
        state.timeline.clear();
        drop(state);
        self.changes.send_replace(());
    }

    /// A pipeline starts: what it cuts belongs to a new period, whose presentation begins at `media_start`.
    fn begin_period(&self, tracks: &TrackSet, media_start: MediaTime) -> PeriodId {
        let now = (self.clock)();
        let mut state = self.state.lock();
        let generation = state.generation;
        state.timeline.begin_period(tracks, media_start, now, generation)
    }

    /// A pipeline cut a segment.
    fn add(&self, period: PeriodId, kind: TrackKind, segment: NewSegment) {
        let mut state = self.state.lock();
        if state.phase != Phase::Revoked {
            let playlist_segments = state.settings.playlist_segments;
            state.timeline.add(period, kind, segment, playlist_segments, &self.config);
            state.manifests = Manifests::default();
        }
        drop(state);
        self.changes.send_replace(());
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.state.lock().phase == Phase::Revoked
    }

    pub(crate) fn segment_duration(&self) -> MediaTime {
        self.state.lock().settings.segment_duration()
    }

    fn generation(&self) -> u64 {
        self.state.lock().generation
    }
}
