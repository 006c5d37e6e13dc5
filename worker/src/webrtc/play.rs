//! A viewer: it is sent packets of one stream, or of a room's tracks, from its own places in their rings, behind its
//! session's gate.
//!
//! The gate is read before every access unit, and a track's own behind it. What a viewer was not sent is nowhere but in
//! the rings, so that a block leaves nothing on its way; when it ends, the viewer goes on at the newest key frames.

mod lane;
mod thinning;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_contract::UnixTime;
use sluice_contract::message::EndReason;
use tracing::debug;

use self::lane::Fit;
use super::calls::CallEvent;
use super::engine::{Driver, Message, Outlet, PeerEnd, ReceivedRtp, Sent};
use super::packets::{Burst, Reading};
use super::post::{Events, Post};
use super::publish::reason_of;
use super::sdp::MediaKind;
use super::sdp::plan::Plan;
use super::send::{LaneId, Pace, Sending, ViewerRequest};
use super::streams::Source;
use crate::admission::Admitted;
use crate::media::TrackKind;
use crate::session::{Gate, Path, Session, Sessions};

pub(super) use self::lane::{Lane, TrackRight};

/// The driver of one viewer.
pub(super) struct Playing {
    admitted: Admitted,
    sessions: Arc<Sessions>,
    clock: crate::Clock,
    lanes: Vec<Lane>,
    /// A room outlasts its tracks; otherwise the viewer's session ends with its stream.
    is_room: bool,
    plan: Plan,
    post: Arc<Post>,
    events: Events,
    random: Box<dyn FnMut() -> u32 + Send>,
    /// Once the peer is connected.
    sending: Option<Sending>,
    bursts: Vec<Arc<Burst>>,
    repeated: Vec<(LaneId, u64, Arc<Burst>)>,
    found: Vec<(u64, Arc<Burst>)>,
    channel: Option<u16>,
    /// What it was told last.
    is_suspended: bool,
    has_ended: bool,
    /// A lane has ended since the last fence.
    has_lost_lane: bool,
    next_figures: Instant,
    /// Payload sent, video and audio, and what it was a second ago.
    bytes: [u64; 2],
    bytes_before: [u64; 2],
}

/// What a viewer's driver is made of.
pub(super) struct Parts {
    pub admitted: Admitted,
    pub sessions: Arc<Sessions>,
    pub clock: crate::Clock,
    pub lanes: Vec<Lane>,
    pub is_room: bool,
    pub plan: Plan,
    pub post: Arc<Post>,
    pub events: Events,
    /// Numbers for sequences and timestamps.
    pub random: Box<dyn FnMut() -> u32 + Send>,
}

/// What a viewer is sent from now on.
pub(super) struct Amendment {
    pub plan: Plan,
    /// Those that are new, or come from another source.
    pub lanes: Vec<Lane>,
}

impl Playing {
    pub fn new(parts: Parts) -> Self {
        let Parts { admitted, sessions, clock, lanes, is_room, plan, post, events, random } = parts;
        Self {
            admitted,
            sessions,
            clock,
            lanes,
            is_room,
            plan,
            post,
            events,
            random,
            sending: None,
            bursts: Vec::new(),
            repeated: Vec::new(),
            found: Vec::new(),
            channel: None,
            is_suspended: false,
            has_ended: false,
            has_lost_lane: false,
            next_figures: Instant::now() + FIGURES_EVERY,
            bytes: [0; 2],
            bytes_before: [0; 2],
        }
    }

    fn session(&self) -> &Arc<Session> {
        self.admitted.session()
    }

    /// Follows the gate; true while media may leave.
    fn is_open(&mut self, outlet: &mut dyn Outlet) -> bool {
        if self.has_ended {
            return false;
        }
        match self.session().gate() {
            Gate::Open => {
                if std::mem::take(&mut self.is_suspended) {
                    self.events.tell(CallEvent::Resumed);
                }
                true
            }
            Gate::Suspended => {
                self.lanes.iter_mut().for_each(|lane| lane.is_held = true);
                if !std::mem::replace(&mut self.is_suspended, true) {
                    let now: UnixTime = (self.clock)();
                    let until = self.sessions.block_of(self.session(), now).map(|block| block.until);
                    self.events.tell(CallEvent::Suspended { until });
                }
                false
            }
            Gate::Closed(reason) => {
                self.end(reason, outlet);
                false
            }
        }
    }

    /// Follows the viewer's gate and the lane's own; true while media of it may leave.
    fn lane_is_open(&mut self, lane: &mut Lane, outlet: &mut dyn Outlet) -> bool {
        if !self.is_open(outlet) {
            lane.is_held = true;
            return false;
        }
        match lane.gate() {
            Gate::Open => {
                if std::mem::take(&mut lane.is_suspended) {
                    self.events.tell(CallEvent::TrackResumed { track: lane.track.clone() });
                }
                if std::mem::take(&mut lane.is_held) {
                    self.skip(lane);
                }
                true
            }
            Gate::Suspended => {
                lane.is_held = true;
                if !std::mem::replace(&mut lane.is_suspended, true) {
                    let now: UnixTime = (self.clock)();
                    let until = lane.right.as_ref().and_then(|right| right.blocked_until(&self.sessions, now));
                    self.events.tell(CallEvent::TrackSuspended { track: lane.track.clone(), until });
                }
                false
            }
            Gate::Closed(_) => {
                self.lane_ended(lane, outlet);
                false
            }
        }
    }

    /// Sends what has come, as far as it may and can.
    fn send(&mut self, outlet: &mut dyn Outlet) {
        let mut lanes = std::mem::take(&mut self.lanes);
        for lane in &mut lanes {
            self.send_lane(lane, outlet);
        }
        lanes.retain(|lane| !lane.has_ended);
        self.lanes = lanes;
    }

    fn send_lane(&mut self, lane: &mut Lane, outlet: &mut dyn Outlet) {
        loop {
            if self.sending.is_none()
                || lane.waits_until.is_some()
                || lane.has_ended
                || !self.lane_is_open(lane, outlet)
            {
                return;
            }
            self.bursts.clear();
            let reading = lane.source.ring().read(&mut lane.cursor, BATCH, &mut self.bursts);
            let bursts = std::mem::take(&mut self.bursts);
            let all_sent = bursts.iter().all(|burst| self.send_burst(lane, burst, outlet));
            self.bursts = bursts;
            match reading {
                Reading::Ended(reason) => return self.stream_ended(lane, reason, outlet),
                Reading::Lost => self.missed(lane),
                Reading::More if all_sent => {}
                Reading::More | Reading::UpToDate => return,
            }
            if !all_sent {
                return;
            }
        }
    }

    /// Sends one access unit; false when the viewer can have no more of the lane now.
    fn send_burst(&mut self, lane: &mut Lane, burst: &Burst, outlet: &mut dyn Outlet) -> bool {
        let fit = lane.fit_of(burst, &self.plan);
        if !self.follow_formats(lane, fit, outlet) || !self.lane_is_open(lane, outlet) {
            return false;
        }
        // What is left of a stream that was taken off the air stays with us.
        if lane.hides(burst.kind) || !lane.source.stream().is_live() {
            return true;
        }
        let (Some(sending), Some(id)) = (&mut self.sending, lane.id) else { return false };
        if burst.kind == TrackKind::Video && !lane.thinning.takes(burst.key, outlet.now(), sending.strained()) {
            self.session().count_dropped(1);
            return true;
        }
        let mut bytes = 0;
        for (number, packet) in burst.numbered() {
            match sending.send(id, packet, number, outlet) {
                Sent::Yes => bytes += packet.head.as_slice().len() + packet.body.len(),
                Sent::NotConnected => return false,
                Sent::Full => {
                    self.skip(lane);
                    self.missed(lane);
                    return false;
                }
            }
        }
        match burst.kind {
            TrackKind::Video => self.session().count_video(bytes),
            TrackKind::Audio => self.session().count_audio(bytes),
        }
        self.bytes[slot(burst.kind)] += bytes as u64;
        true
    }

    /// What was not agreed on is not sent, but asked for; what has changed ends. False then.
    fn follow_formats(&mut self, lane: &mut Lane, fit: Fit, outlet: &mut dyn Outlet) -> bool {
        match fit {
            Fit::Fits => true,
            Fit::Grew => {
                self.events.tell(CallEvent::Grew { track: lane.track.clone() });
                true
            }
            Fit::Changed => {
                self.lane_ended(lane, outlet);
                false
            }
        }
    }

    /// Leaves out everything of a lane up to the next key frame.
    fn skip(&mut self, lane: &mut Lane) {
        lane.skip();
        if let Some(sending) = &mut self.sending {
            sending.skipped();
        }
    }

    fn missed(&self, lane: &Lane) {
        self.session().count_dropped(1);
        lane.source.stream().request_key_frame();
    }

    /// More is sent than the viewer's path carries.
    fn relieve(&mut self, now: Instant) {
        let mut lanes = std::mem::take(&mut self.lanes);
        for lane in &mut lanes {
            if lane.hides(TrackKind::Video) {
                // Nothing of it is on the way.
            } else if self.plan.carried(&lane.track, MediaKind::Video).is_none() {
                self.skip(lane);
                self.missed(lane);
            } else if !lane.thinning.is_thin() {
                debug!(session.id = %self.session().id(), track = lane.track, "a viewer gets fewer pictures: its path carries no more");
                lane.thinning.begin(now);
                if let (Some(sending), Some(id)) = (&mut self.sending, lane.id) {
                    sending.forget(id, TrackKind::Video);
                }
            }
        }
        self.lanes = lanes;
        if let Some(sending) = &mut self.sending {
            sending.skipped();
        }
    }

    /// A publisher who hung up is gone. Any other may be back in a moment, here or on another worker.
    fn stream_ended(&mut self, lane: &mut Lane, reason: EndReason, outlet: &mut dyn Outlet) {
        debug!(
            session.id = %self.session().id(), broadcast.name = %lane.source.stream().key(), reason = reason.as_str(),
            "a viewer's stream ended"
        );
        let hung_up = reason == EndReason::Closed && lane.source.stream().protocol().is_webrtc();
        if hung_up || matches!(reason, EndReason::Stopped | EndReason::Deleted | EndReason::Blocked) {
            return self.lane_ended(lane, outlet);
        }
        outlet.leave(lane.source.ring().viewers());
        lane.waits_until = Some(outlet.now() + RETURNS_WITHIN);
        (lane.follow)();
    }

    /// Nothing more comes of a lane: of a room one track is gone, else all there was.
    fn lane_ended(&mut self, lane: &mut Lane, outlet: &mut dyn Outlet) {
        if !self.is_room {
            return self.end(EndReason::StreamEnded, outlet);
        }
        if !std::mem::replace(&mut lane.has_ended, true) {
            self.has_lost_lane = true;
            outlet.leave(lane.source.ring().viewers());
            self.events.tell(CallEvent::TrackEnded { track: lane.track.clone() });
        }
    }

    /// Goes on with a stream that came in place of a lane's own.
    fn go_on_with(&mut self, track: &str, source: Arc<Source>, outlet: &mut dyn Outlet) {
        let waits = |lane: &Lane| lane.track == track && lane.waits_until.is_some();
        let Some(place) = self.lanes.iter().position(waits) else { return };
        let mut lane = self.lanes.swap_remove(place);
        self.change_source(&mut lane, source, outlet);
        if !lane.has_ended {
            self.lanes.push(lane);
        }
    }

    fn change_source(&mut self, lane: &mut Lane, source: Arc<Source>, outlet: &mut dyn Outlet) {
        self.has_lost_lane |= !lane.source.stream().is_live();
        lane.waits_until = None;
        lane.source = source;
        outlet.join(lane.source.ring().viewers());
        if let (Some(sending), Some(id)) = (&mut self.sending, lane.id) {
            sending.follow(id);
        }
        let fit = lane.begin(&self.plan);
        self.follow_formats(lane, fit, outlet);
    }

    /// Sends what was agreed on now.
    fn amend(&mut self, amendment: Amendment, outlet: &mut dyn Outlet) {
        let Amendment { plan, lanes: changed } = amendment;
        self.plan = plan;
        if let Some(sending) = &mut self.sending {
            sending.amend(&self.plan, outlet.now(), &mut self.random);
        }
        let kept = self.plan.tracks();
        let has_lost_lane = &mut self.has_lost_lane;
        self.lanes.retain(|lane| {
            let is_kept = kept.contains(&lane.track.as_str());
            if !is_kept {
                *has_lost_lane = true;
                outlet.leave(lane.source.ring().viewers());
            }
            is_kept
        });
        for new in changed {
            let mut lane = match self.lanes.iter().position(|lane| lane.track == new.track) {
                Some(place) => {
                    let mut lane = self.lanes.swap_remove(place);
                    self.renew(&mut lane, new, outlet);
                    lane
                }
                None => new,
            };
            if lane.id.is_none() {
                self.open(&mut lane, outlet);
            }
            if !lane.has_ended {
                self.lanes.push(lane);
            }
        }
    }

    /// More was agreed on of a lane's stream, which may have to be coded in another way for that.
    fn renew(&mut self, lane: &mut Lane, new: Lane, outlet: &mut dyn Outlet) {
        lane.follow = new.follow;
        if lane.waits_until.is_none() && !std::ptr::eq(lane.source.ring(), new.source.ring()) {
            outlet.leave(lane.source.ring().viewers());
            self.change_source(lane, new.source, outlet);
        } else {
            // What is new of it begins at a key frame.
            self.skip(lane);
        }
    }

    /// Begins with a lane when the peer is connected.
    fn open(&mut self, lane: &mut Lane, outlet: &mut dyn Outlet) {
        let Some(sending) = &self.sending else { return };
        lane.id = sending.lane(&lane.track);
        lane.hides = self.post.hidden(&lane.track);
        outlet.join(lane.source.ring().viewers());
        let fit = lane.begin(&self.plan);
        self.follow_formats(lane, fit, outlet);
    }

    fn end(&mut self, reason: EndReason, outlet: &mut dyn Outlet) {
        if let Some(sending) = &mut self.sending {
            sending.goodbye(outlet);
        }
        // With the peer its places in all groups go.
        outlet.close();
        self.finish(reason);
    }

    fn finish(&mut self, reason: EndReason) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        self.note_path();
        self.session().close(reason, None);
        self.events.tell(CallEvent::Ended { reason });
    }

    fn note_path(&self) {
        let Some(sending) = &self.sending else { return };
        let [video, audio] = sending.figures().map(Option::unwrap_or_default);
        self.session().note_path(Path {
            packets_lost: video.lost + audio.lost,
            jitter: video.jitter.max(audio.jitter),
            round_trip: video.round_trip.or(audio.round_trip),
            packets: [video.packets, audio.packets],
            frames: 0,
            retransmissions: video.resent + audio.resent,
            nacks: video.asked + audio.asked,
            key_frame_requests: video.key_frame_requests,
            available_bps: sending.available_bps(),
        });
    }

    /// Once a second: figures, and whether it keeps up.
    fn look_around(&mut self, now: Instant) {
        self.next_figures = now + FIGURES_EVERY;
        self.note_path();
        let Some(sending) = &self.sending else { return };
        let rate = [0, 1].map(|slot| self.bytes[slot].saturating_sub(self.bytes_before[slot]) * 8);
        self.bytes_before = self.bytes;
        let target = sending.available_bps().unwrap_or(rate[0] + rate[1]);
        self.events.tell(CallEvent::Bitrate { target, video: rate[0], audio: rate[1] });
    }
}

impl Driver for Playing {
    fn connected(&mut self, outlet: &mut dyn Outlet) {
        self.events.tell(CallEvent::Connected);
        if self.sending.is_some() {
            return;
        }
        let name = self.session().id().to_string();
        let sending = Sending::new(&self.plan, name, outlet.now(), (self.clock)(), &mut self.random);
        self.sending = Some(sending);
        if self.plan.section(MediaKind::Data).is_some() {
            outlet.open_channel(self.session().key().stream_id.as_str());
        }
        let mut lanes = std::mem::take(&mut self.lanes);
        lanes.iter_mut().for_each(|lane| self.open(lane, outlet));
        lanes.retain(|lane| !lane.has_ended);
        self.lanes = lanes;
        self.send(outlet);
    }

    fn rtp(&mut self, _packet: &ReceivedRtp<'_>, _outlet: &mut dyn Outlet) {}

    fn rtcp(&mut self, compound: &[u8], outlet: &mut dyn Outlet) {
        let now = outlet.now();
        self.repeated.clear();
        let Self { sending, lanes, repeated, found, .. } = self;
        let Some(sending) = sending else { return };
        let at = |id: LaneId| lanes.iter().find(|lane| lane.id == Some(id));
        sending.rtcp(compound, now, |request| match request {
            ViewerRequest::Packets(id, kind, numbers) => {
                if let Some(lane) = at(id) {
                    lane.source.ring().find(kind, numbers, found);
                    repeated.extend(found.drain(..).map(|(number, burst)| (id, number, burst)));
                }
            }
            ViewerRequest::KeyFrame(id) => {
                // Whoever cannot keep up gets one when it is due: others are not to pay for it.
                if let Some(lane) = at(id).filter(|lane| !lane.thinning.is_thin()) {
                    lane.source.stream().request_key_frame();
                }
            }
        });
        if self.repeated.is_empty() || !self.is_open(outlet) {
            return;
        }
        let Some(sending) = &mut self.sending else { return };
        for (id, number, burst) in &self.repeated {
            let may_leave = |lane: &Lane| lane.gate() == Gate::Open && lane.source.stream().is_live();
            let is_open = self.lanes.iter().any(|lane| lane.id == Some(*id) && may_leave(lane));
            if let Some(packet) = burst.packet(*number).filter(|_| is_open)
                && sending.resend(*id, packet, *number, outlet) != Sent::Yes
            {
                return;
            }
        }
    }

    fn channel_opened(&mut self, channel: u16, _label: &str, outlet: &mut dyn Outlet) {
        self.channel.get_or_insert(channel);
        self.wake(outlet);
    }

    fn message(&mut self, _channel: u16, message: Message, _outlet: &mut dyn Outlet) {
        // A viewer that may not watch has nothing to say either.
        if !self.is_suspended {
            self.events.tell(CallEvent::Message(message));
        }
    }

    fn wake(&mut self, outlet: &mut dyn Outlet) {
        if self.has_ended {
            return;
        }
        while let Some(amendment) = self.post.take_amendment() {
            self.amend(amendment, outlet);
        }
        // Also while it is held back: whose stream has returned waits for it no longer.
        while let Some((track, source)) = self.post.take_source() {
            self.go_on_with(&track, source, outlet);
        }
        if !self.is_open(outlet) {
            // Nor is it told later what was said meanwhile.
            while self.post.message().is_some() {}
            return;
        }
        if self.post.takes_change_of_hidden() {
            for lane in &mut self.lanes {
                lane.hides = self.post.hidden(&lane.track);
            }
        }
        if let Some(channel) = self.channel {
            while let Some(message) = self.post.message() {
                outlet.send_message(channel, &message);
            }
        }
        self.send(outlet);
    }

    fn fence(&mut self) -> bool {
        let may_not_leave = |lane: &Lane| lane.gate() != Gate::Open || !lane.source.stream().is_live();
        std::mem::take(&mut self.has_lost_lane)
            || self.session().gate() != Gate::Open
            || self.lanes.iter().any(may_not_leave)
    }

    fn next_time(&self) -> Option<Instant> {
        // Whoever is sent nothing gets no reports either: one that is due would be due for ever.
        let reports = !self.is_suspended && !self.has_ended;
        let report = self.sending.as_ref().filter(|_| reports).and_then(Sending::next_time);
        let returns = self.lanes.iter().filter_map(|lane| lane.waits_until).min();
        [report, returns, Some(self.next_figures)].into_iter().flatten().min()
    }

    fn time(&mut self, outlet: &mut dyn Outlet) {
        let now = outlet.now();
        let mut lanes = std::mem::take(&mut self.lanes);
        for lane in &mut lanes {
            if lane.waits_until.is_some_and(|until| until <= now) {
                self.lane_ended(lane, outlet);
            }
        }
        lanes.retain(|lane| !lane.has_ended);
        self.lanes = lanes;
        if self.is_open(outlet)
            && let Some(sending) = &mut self.sending
        {
            sending.time(outlet);
            if sending.pace(now) == Pace::TooSlow {
                self.relieve(now);
            }
            // Where key frames are made for those who ask.
            let strained = self.sending.as_ref().and_then(Sending::strained);
            let is_sent =
                |lane: &&Lane| !lane.hides(TrackKind::Video) && lane.waits_until.is_none() && lane.gate() == Gate::Open;
            let due = self.lanes.iter().filter(is_sent).filter(|lane| lane.thinning.awaits_key(now, strained));
            due.for_each(|lane| lane.source.stream().request_key_frame());
        }
        if now >= self.next_figures {
            self.look_around(now);
        }
    }

    fn disconnected(&mut self) {}

    fn closed(&mut self, why: PeerEnd) {
        self.finish(reason_of(why));
    }
}

const fn slot(kind: TrackKind) -> usize {
    match kind {
        TrackKind::Video => 0,
        TrackKind::Audio => 1,
    }
}

/// Packets taken from the ring at a time.
const BATCH: usize = 64;
const FIGURES_EVERY: Duration = Duration::from_secs(1);
/// Encoders that lost their connection are back within this.
pub(super) const RETURNS_WITHIN: Duration = Duration::from_secs(5);
