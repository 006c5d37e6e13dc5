//! One stream before a viewer: its place in the stream's ring, behind a gate of its own where it is one of several.

use std::sync::Arc;
use std::time::Instant;

use sluice_contract::UnixTime;
use sluice_contract::message::EndReason;

use super::thinning::Thinning;
use crate::media::{TrackConfig, TrackKind};
use crate::session::{Gate, Session, Sessions};
use crate::webrtc::packets::{Burst, Cursor};
use crate::webrtc::sdp::MediaKind;
use crate::webrtc::sdp::plan::Plan;
use crate::webrtc::send::LaneId;
use crate::webrtc::streams::Source;

/// A stream that a viewer is shown.
pub(in crate::webrtc) struct Lane {
    /// Its name in descriptions.
    pub(in crate::webrtc) track: String,
    pub(in crate::webrtc) source: Arc<Source>,
    /// Of a room's track, when blocks can name the viewer.
    pub(in crate::webrtc) right: Option<TrackRight>,
    /// Looks for the stream's return, and leaves it in the viewer's post.
    pub(in crate::webrtc) follow: Box<dyn Fn() + Send>,
    /// Once the peer is connected.
    pub(super) id: Option<LaneId>,
    pub(super) cursor: Cursor,
    pub(super) generation: u32,
    /// It was not sent what came, and goes on at a key frame.
    pub(super) is_held: bool,
    /// What the viewer was told of its own block.
    pub(super) is_suspended: bool,
    /// Video and audio: not wanted now.
    pub(super) hides: [bool; 2],
    /// Which pictures are left out because the viewer cannot keep up.
    pub(super) thinning: Thinning,
    /// Its publisher left, and may come back until then.
    pub(super) waits_until: Option<Instant>,
    pub(super) has_ended: bool,
}

/// Whether one track of a room may reach a viewer: a session beside the room's, so that whatever ends or suspends who
/// plays a stream finds it. It is nobody's viewer in statistics.
pub(in crate::webrtc) struct TrackRight(Arc<Session>);

impl TrackRight {
    /// `None` when there is no right: the worker carries as many sessions as it may, or the stream was revoked.
    pub fn of(sessions: &Sessions, room: &Session, track: &str) -> Option<Self> {
        sessions.register_track(room, track.parse().ok()?).ok().map(Self)
    }

    pub const fn session(&self) -> &Arc<Session> {
        &self.0
    }

    /// Until when its viewer is blocked.
    pub(super) fn blocked_until(&self, sessions: &Sessions, now: UnixTime) -> Option<UnixTime> {
        sessions.block_of(&self.0, now).map(|block| block.until)
    }
}

impl Drop for TrackRight {
    fn drop(&mut self) {
        self.0.close(EndReason::Closed, None);
    }
}

/// What the formats of a stream are to what was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Fits,
    /// There is more of it than was agreed on.
    Grew,
    /// A track has another format.
    Changed,
}

impl Lane {
    pub(in crate::webrtc) fn new(
        track: String,
        source: Arc<Source>,
        right: Option<TrackRight>,
        follow: Box<dyn Fn() + Send>,
    ) -> Self {
        let start = source.ring().start();
        Self {
            track,
            source,
            right,
            follow,
            id: None,
            cursor: start.cursor,
            generation: start.generation,
            is_held: false,
            is_suspended: false,
            hides: [false; 2],
            thinning: Thinning::default(),
            waits_until: None,
            has_ended: false,
        }
    }

    pub(super) fn gate(&self) -> Gate {
        self.right.as_ref().map_or(Gate::Open, |right| right.0.gate())
    }

    pub(super) const fn hides(&self, kind: TrackKind) -> bool {
        self.hides[super::slot(kind)]
    }

    /// Takes its place in the ring: at the newest key frame, or before the next when that one is old and what follows it
    /// would be played behind ever after.
    pub(super) fn begin(&mut self, plan: &Plan) -> Fit {
        let start = self.source.ring().start();
        self.cursor = start.cursor;
        self.leave_out_what_is_old(start.behind_ms);
        self.source.stream().request_key_frame();
        self.fit(plan, start.generation)
    }

    /// Looks at the formats again when what comes was coded under other configurations.
    pub(super) fn fit_of(&mut self, burst: &Burst, plan: &Plan) -> Fit {
        if burst.generation == self.generation { Fit::Fits } else { self.fit(plan, burst.generation) }
    }

    fn fit(&mut self, plan: &Plan, generation: u32) -> Fit {
        let (_, configs) = self.source.ring().configs();
        self.generation = generation;
        let fits = [MediaKind::Video, MediaKind::Audio].into_iter().zip(&configs).map(|(kind, config)| {
            let agreed = plan.carried(&self.track, kind).and_then(|section| section.codec.as_ref());
            match (agreed, config.as_deref()) {
                (Some(agreed), Some(TrackConfig { codec, .. })) if agreed.format.codec() != *codec => Fit::Changed,
                (None, Some(_)) => Fit::Grew,
                (Some(_), _) | (None, None) => Fit::Fits,
            }
        });
        fits.reduce(Fit::worse).unwrap_or(Fit::Fits)
    }

    /// Leaves out everything up to the next key frame.
    pub(super) fn skip(&mut self) {
        self.source.ring().skip(&mut self.cursor);
        self.leave_out_what_is_old(self.source.ring().start().behind_ms);
        self.source.stream().request_key_frame();
    }

    /// From a key frame that is `behind_ms` old on, unless that is too old.
    fn leave_out_what_is_old(&mut self, behind_ms: i64) {
        // Whoever can be asked for a key frame sends one within a round trip.
        let is_asked = self.source.stream().protocol().is_webrtc();
        if behind_ms > if is_asked { BEHIND_OF_ASKED_MS } else { BEHIND_MS } {
            self.source.ring().skip(&mut self.cursor);
        }
    }
}

impl Fit {
    fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Changed, _) | (_, Self::Changed) => Self::Changed,
            (Self::Grew, _) | (_, Self::Grew) => Self::Grew,
            (Self::Fits, Self::Fits) => Self::Fits,
        }
    }
}

/// A group of pictures of usual length, which a viewer catches up with.
const BEHIND_MS: i64 = 2_500;
const BEHIND_OF_ASKED_MS: i64 = 250;
