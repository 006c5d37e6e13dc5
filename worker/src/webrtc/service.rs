//! Joins signaling, streams and the engine: a publisher or viewer that was let in gets its driver.

use std::sync::Arc;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use sluice_contract::message::EndReason;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tracing::info;

use super::calls::{Call, CallError, CallEvent, Calls, Cast, Described};
use super::engine::{Engine, LocalTransport};
use super::play::{self, Playing};
use super::post::{Events, Line, Post, Right};
use super::publish::{self, Publishing};
use super::receive::{Identity, Receiver};
use super::sdp::plan::{Available, Plan, Wish};
use super::sdp::{MediaKind, RemoteDescription, RtpFormat};
use super::stage::Stage;
use super::streams::Streams;
use crate::admission::Admitted;
use crate::control::Rules;
use crate::media::{Codec, TrackConfig};
use crate::relay::{Reach, Seat};
use crate::session::Sessions;

/// Publishers and viewers over one engine.
pub(crate) struct Service {
    engine: Arc<dyn Engine>,
    stage: Arc<Stage>,
    clock: crate::Clock,
    random: SystemRandom,
}

impl Service {
    pub fn new(
        engine: Arc<dyn Engine>,
        reach: Arc<Reach>,
        rules: Arc<Rules>,
        sessions: Arc<Sessions>,
        clock: crate::Clock,
    ) -> Self {
        let runtime = Handle::current();
        let streams = Arc::new(Streams::new(Arc::clone(&engine), runtime.clone()));
        let stage = Arc::new(Stage { reach, rules, sessions, streams, runtime });
        Self { engine, stage, clock, random: SystemRandom::new() }
    }

    /// Any number but 0, which some peers take for none (RFC 3550 §8.1).
    fn number(&self) -> u32 {
        number(&self.random)
    }
}

impl Calls for Service {
    fn publish(
        &self,
        admitted: Admitted,
        offer: &RemoteDescription,
        wish: Wish,
        events: mpsc::Sender<CallEvent>,
    ) -> Result<(Call, Described), CallError> {
        let plan = Plan::receive(offer, wish)?;
        let session = Arc::clone(admitted.session());
        let post = Arc::new(Post::default());
        let right = Arc::new(Right { session: Arc::clone(&session), post: Arc::clone(&post) });
        let publisher =
            self.stage.reach.hub().publish(session.key().clone(), right).map_err(|_| CallError::AlreadyLive)?;
        let rules = self.stage.rules.application(&session.key().application);
        let start_within = rules.map_or(super::calls::START_TIMEOUT, |rules| {
            Duration::from_millis(u64::from(rules.webrtc.client_start_timeout_ms))
        });
        let identity = Identity { ssrc: self.number(), cname: session.id().to_string() };
        let driver = Publishing::new(publish::Parts {
            receiver: Receiver::new(&plan, identity, std::time::Instant::now()),
            admitted,
            publisher,
            post: Arc::clone(&post),
            events: Events(events),
            start_within,
        });
        let local = self.engine.prepare();
        let opened = self.engine.open(local.clone(), offer.transport.clone(), Box::new(driver));
        let peer = opened.map_err(|_| CallError::TooManyPeers)?;
        let has_channel = plan.section(MediaKind::Data).is_some();
        let line = Line::new(session, post, peer, Arc::clone(&self.engine), has_channel, None);
        Ok((Call::new(Box::new(line)), Described { local, plan }))
    }

    fn available(&self, seat: &Seat) -> Available {
        let allowed = self.stage.transcoding_allowed(seat.stream.key());
        let [video, audio] = seat.stream.configs();
        let mut available = Available::default();
        if let Some(video) = video {
            let as_it_is = if seat.stream.reorders() { None } else { format_of(&video) };
            available.video.extend(as_it_is);
            if allowed && !matches!(as_it_is, Some(RtpFormat::H264 { .. })) {
                available.video.push(BASELINE);
            }
            available.lacks_pictures = available.video.is_empty();
            if available.lacks_pictures {
                info!(
                    broadcast.name = %seat.stream.key(), codec = ?video.codec, reorders = seat.stream.reorders(),
                    "the pictures cannot be sent over WebRTC as they are: have the encoder send H.264 without B-frames \
                     (bframes=0, or tune zerolatency), or allow transcoding (webRTCTranscodingAllowed)"
                );
            }
        }
        if audio.is_some() {
            available.audio.push(RtpFormat::Opus);
        }
        available
    }

    fn prepare(&self) -> LocalTransport {
        self.engine.prepare()
    }

    fn play(
        &self,
        admitted: Admitted,
        cast: Cast,
        agreed: Described,
        remote: &RemoteDescription,
        events: mpsc::Sender<CallEvent>,
    ) -> Result<Call, CallError> {
        let session = Arc::clone(admitted.session());
        let Cast { shown, is_room } = cast;
        let post = Arc::new(Post::default());
        let lanes = shown.into_iter().filter_map(|shown| self.stage.lane(&session, &agreed.plan, shown, &post));
        let lanes = lanes.collect::<Vec<_>>();
        if lanes.is_empty() && !is_room {
            session.close(EndReason::StreamEnded, None);
            return Err(CallError::NoCommonCodec(super::sdp::plan::NoCommonCodec));
        }
        let random = SystemRandom::new();
        let has_channel = agreed.plan.section(MediaKind::Data).is_some();
        let driver = Playing::new(play::Parts {
            admitted,
            sessions: Arc::clone(&self.stage.sessions),
            clock: self.clock,
            lanes,
            is_room,
            plan: agreed.plan,
            post: Arc::clone(&post),
            events: Events(events),
            random: Box::new(move || number(&random)),
        });
        let opened = self.engine.open(agreed.local, remote.transport.clone(), Box::new(driver));
        let peer = opened.map_err(|_| CallError::TooManyPeers)?;
        let stage = Some(Arc::clone(&self.stage));
        Ok(Call::new(Box::new(Line::new(session, post, peer, Arc::clone(&self.engine), has_channel, stage))))
    }
}

fn number(random: &SystemRandom) -> u32 {
    let mut bytes = [0; 4];
    // Without randomness numbers repeat, which confuses nobody but a peer that has two of them.
    let _ = random.fill(&mut bytes);
    u32::from_ne_bytes(bytes).max(1)
}

/// The format in which a track is sent as it is.
fn format_of(config: &TrackConfig) -> Option<RtpFormat> {
    match config.codec {
        Codec::H264 => {
            // AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1): profile, constraints and level follow its version.
            let profile_level_id = config.record.get(1..4)?.try_into().ok()?;
            Some(RtpFormat::H264 { profile_level_id })
        }
        Codec::Vp8 => Some(RtpFormat::Vp8),
        // vpcC (VP Codec ISO Media File Format Binding): the profile follows version and flags.
        Codec::Vp9 => Some(RtpFormat::Vp9 { profile: *config.record.get(4)? }),
        // av1C (AV1 Codec ISO Media File Format Binding §2.3): three bits behind the marker.
        Codec::Av1 => Some(RtpFormat::Av1 { profile: config.record.get(1)? >> 5 }),
        Codec::Opus => Some(RtpFormat::Opus),
        Codec::Hevc | Codec::Aac => None,
    }
}

/// What transcoding makes: constrained baseline, level 3.1.
const BASELINE: RtpFormat = RtpFormat::H264 { profile_level_id: [0x42, 0xE0, 0x1F] };
