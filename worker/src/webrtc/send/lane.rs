//! One stream on its way to a viewer: its tracks, and the clock that they share.

use std::time::{Duration, Instant};

use super::media_us;
use super::track::SendTrack;
use crate::webrtc::rtp::MediaPacket;

pub(super) struct Lane {
    /// The track's name in descriptions.
    pub name: String,
    /// Video and audio.
    pub tracks: [Option<SendTrack>; 2],
    pub edge: LiveEdge,
    /// Another stream follows: its first packet tells by how much its times differ.
    follows: bool,
}

impl Lane {
    pub fn new(name: &str, now: Instant) -> Self {
        Self { name: name.to_owned(), tracks: [None, None], edge: LiveEdge::new(now), follows: false }
    }

    /// What comes from now on is of another stream.
    pub fn follow(&mut self) {
        self.follows = true;
        self.tracks.iter_mut().flatten().for_each(SendTrack::forget);
    }

    /// Puts the times of a stream that follows behind those that were sent, by as much as has passed. To be called before
    /// each packet.
    pub fn expect(&mut self, first: &MediaPacket, now: Instant) {
        if !self.follows || self.tracks[super::slot(first.kind)].is_none() {
            return;
        }
        self.follows = false;
        if let Some(due_us) = self.edge.at(now) {
            let later_us = due_us - media_us(first);
            self.tracks.iter_mut().flatten().for_each(|track| track.follow(later_us));
        }
        self.edge = LiveEdge::new(now);
    }
}

/// Which media time it is now, for sender reports: that of the least delayed of the last packets. Sound and picture
/// share it, so that players put them together rightly even after a group of pictures was sent in one go.
#[derive(Debug)]
pub(super) struct LiveEdge {
    since: Instant,
    /// Media time less the time since the viewer's start: of this span and of the one before it.
    newest_us: Option<i64>,
    before_us: Option<i64>,
    start: Instant,
}

impl LiveEdge {
    const fn new(now: Instant) -> Self {
        Self { since: now, newest_us: None, before_us: None, start: now }
    }

    pub fn note(&mut self, now: Instant, media_us: i64) {
        if now.saturating_duration_since(self.since) >= EDGE_SPAN {
            // A publisher's clock may be slower than ours: what was the edge long ago is forgotten.
            self.before_us = self.newest_us.take();
            self.since = now;
        }
        let edge_us = media_us - self.since_start_us(now);
        self.newest_us = self.newest_us.max(Some(edge_us));
    }

    pub fn at(&self, now: Instant) -> Option<i64> {
        Some(self.newest_us.max(self.before_us)? + self.since_start_us(now))
    }

    fn since_start_us(&self, now: Instant) -> i64 {
        i64::try_from(now.saturating_duration_since(self.start).as_micros()).unwrap_or(i64::MAX)
    }
}

const EDGE_SPAN: Duration = Duration::from_secs(10);
