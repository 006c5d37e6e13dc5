//! Where a viewer's streams come from: each in the coding that was agreed on, and found again when it returns.

use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::time::timeout;
use tracing::info;

use super::calls::Shown;
use super::play::{Lane, RETURNS_WITHIN, TrackRight};
use super::post::{Post, follow_track};
use super::sdp::plan::Plan;
use super::sdp::{MediaKind, RtpFormat};
use super::streams::{Source, Streams};
use crate::StreamKey;
use crate::control::Rules;
use crate::media::Codec;
use crate::relay::{Reach, Seat};
use crate::session::{Session, Sessions};
use crate::transcode::{AudioNeed, Impossible, Need, VideoNeed, variant};

/// What makes lanes of seats.
pub(super) struct Stage {
    pub reach: Arc<Reach>,
    pub rules: Arc<Rules>,
    pub sessions: Arc<Sessions>,
    pub streams: Arc<Streams>,
    pub runtime: Handle,
}

impl Stage {
    /// A lane for one stream by what was agreed. `None`, with a word in the log, when it cannot be had like that, or this
    /// viewer may not have it.
    pub fn lane(self: &Arc<Self>, session: &Arc<Session>, plan: &Plan, shown: Shown, post: &Arc<Post>) -> Option<Lane> {
        let Shown { track, seat } = shown;
        // Blocks name subscribers: nobody else's track can be cut off alone.
        let is_own = track == session.key().stream_id.as_str();
        let right = if is_own || session.grant().subscriber.is_none() {
            None
        } else {
            let right = TrackRight::of(&self.sessions, session, &track)?;
            self.runtime.spawn(follow_track(Arc::clone(right.session()), Arc::downgrade(post)));
            Some(right)
        };
        let need = need(plan, &track, &seat);
        let key = seat.stream.key().clone();
        let source = self
            .source(seat, need)
            .inspect_err(|why| {
                info!(session.id = %session.id(), broadcast.name = %key, %why, "a viewer cannot be served");
            })
            .ok()?;
        let follow = {
            let (stage, post, track) = (Arc::clone(self), Arc::downgrade(post), track.clone());
            move || {
                let awaited = Awaited {
                    stage: Arc::clone(&stage),
                    key: key.clone(),
                    track: track.clone(),
                    need,
                    post: post.clone(),
                };
                stage.runtime.spawn(awaited.come());
            }
        };
        Some(Lane::new(track, source, right, Box::new(follow)))
    }

    fn source(&self, seat: Seat, need: Need) -> Result<Arc<Source>, Impossible> {
        let held = variant(&seat.stream, need, self.transcoding_allowed(seat.stream.key()))?;
        Ok(self.streams.source(seat, held))
    }

    pub fn transcoding_allowed(&self, key: &StreamKey) -> bool {
        self.rules.application(&key.application).is_some_and(|rules| rules.webrtc.transcoding_allowed)
    }
}

/// What a viewer waits for whose stream has ended.
struct Awaited {
    stage: Arc<Stage>,
    key: StreamKey,
    track: String,
    need: Need,
    post: Weak<Post>,
}

impl Awaited {
    /// Leaves the stream in the viewer's post if it returns in time.
    async fn come(self) {
        let Ok(seat) = timeout(RETURNS_WITHIN, self.stage.reach.live(&self.key)).await else { return };
        let Some(post) = self.post.upgrade() else { return };
        if let Ok(source) = self.stage.source(seat, self.need) {
            post.offer_source(self.track, source);
        }
    }
}

/// How a stream has to be coded for what was agreed of a track.
fn need(plan: &Plan, track: &str, seat: &Seat) -> Need {
    let format = |kind| plan.carried(track, kind).and_then(|section| section.codec.as_ref()).map(|codec| codec.format);
    Need {
        audio: if format(MediaKind::Audio).is_some() { AudioNeed::Opus } else { AudioNeed::AsIs },
        video: match format(MediaKind::Video).map(RtpFormat::codec) {
            Some(Codec::H264) if seat.stream.codecs()[0] != Some(Codec::H264) => VideoNeed::H264,
            Some(_) => VideoNeed::WithoutReordering,
            None => VideoNeed::AsIs,
        },
    }
}
