//! A publisher: its packets become the access units of a broadcast.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_contract::message::EndReason;

use super::calls::CallEvent;
use super::engine::{Driver, Message, Outlet, PeerEnd, ReceivedRtp};
use super::post::{Events, Post, end_of};
use super::receive::{Receiver, ReceiverOutput};
use crate::admission::Admitted;
use crate::hub::Publisher;
use crate::session::{Path, Session};

/// The driver of one publisher.
pub(super) struct Publishing {
    admitted: Admitted,
    /// Taken when it ends.
    publisher: Option<Publisher>,
    receiver: Receiver,
    post: Arc<Post>,
    events: Events,
    /// Of the peer's, on which messages to it go.
    channel: Option<u16>,
    media: Media,
    next_figures: Instant,
    is_interrupted: bool,
}

/// What came so far.
enum Media {
    /// Nothing; the session ends if it stays so.
    Awaited {
        until: Instant,
    },
    Flows {
        last: Instant,
    },
}

/// What a publisher's driver is made of.
pub(super) struct Parts {
    pub admitted: Admitted,
    pub publisher: Publisher,
    pub receiver: Receiver,
    pub post: Arc<Post>,
    pub events: Events,
    pub start_within: Duration,
}

impl Publishing {
    pub fn new(parts: Parts) -> Self {
        let Parts { admitted, publisher, receiver, post, events, start_within } = parts;
        let now = Instant::now();
        Self {
            admitted,
            publisher: Some(publisher),
            receiver,
            post,
            events,
            channel: None,
            media: Media::Awaited { until: now + start_within },
            next_figures: now + FIGURES_EVERY,
            is_interrupted: false,
        }
    }

    fn session(&self) -> &Arc<Session> {
        self.admitted.session()
    }

    /// Takes what the receiver made.
    fn take(publisher: &mut Option<Publisher>, output: ReceiverOutput<'_>, outlet: &mut dyn Outlet) {
        match (output, publisher) {
            (ReceiverOutput::Config(config), Some(publisher)) => publisher.configure(config),
            (ReceiverOutput::Unit(unit), Some(publisher)) => publisher.push(unit),
            (ReceiverOutput::Rtcp(compound), _) => {
                outlet.send_rtcp(compound);
            }
            (ReceiverOutput::Config(_) | ReceiverOutput::Unit(_), None) => {}
        }
    }

    /// Ends the broadcast when the session has ended; true then.
    fn follow_gate(&mut self, outlet: &mut dyn Outlet) -> bool {
        let Some(reason) = end_of(self.session()) else { return false };
        self.end(reason);
        outlet.close();
        true
    }

    fn end(&mut self, reason: EndReason) {
        let Some(publisher) = self.publisher.take() else { return };
        self.note_path();
        publisher.end(reason, None);
        self.session().close(reason, None);
        self.events.tell(CallEvent::Ended { reason: end_of(self.session()).unwrap_or(reason) });
    }

    fn note_path(&self) {
        let [video, audio] = self.receiver.figures().map(Option::unwrap_or_default);
        self.session().note_path(Path {
            packets_lost: video.lost + audio.lost,
            jitter: video.jitter.max(audio.jitter),
            round_trip: None,
            packets: [video.packets, audio.packets],
            frames: video.units,
            retransmissions: video.repaired + audio.repaired,
            nacks: video.asked + audio.asked,
            key_frame_requests: video.key_frame_requests,
            available_bps: None,
        });
    }
}

impl Driver for Publishing {
    fn connected(&mut self, outlet: &mut dyn Outlet) {
        if std::mem::take(&mut self.is_interrupted) {
            self.events.tell(CallEvent::Restored);
        } else {
            self.events.tell(CallEvent::Connected);
        }
        self.follow_gate(outlet);
    }

    fn rtp(&mut self, packet: &ReceivedRtp<'_>, outlet: &mut dyn Outlet) {
        if self.follow_gate(outlet) {
            return;
        }
        let Self { receiver, publisher, .. } = self;
        let mut has_media = false;
        receiver.rtp(packet, &mut |output| {
            has_media |= matches!(output, ReceiverOutput::Unit(_));
            Self::take(publisher, output, outlet);
        });
        if has_media {
            if matches!(self.media, Media::Awaited { .. }) {
                self.events.tell(CallEvent::MediaFlows);
            }
            self.media = Media::Flows { last: packet.at };
        }
    }

    fn rtcp(&mut self, compound: &[u8], outlet: &mut dyn Outlet) {
        self.receiver.rtcp(compound, outlet.now());
    }

    fn channel_opened(&mut self, channel: u16, _label: &str, outlet: &mut dyn Outlet) {
        self.channel.get_or_insert(channel);
        self.wake(outlet);
    }

    fn message(&mut self, _channel: u16, message: Message, _outlet: &mut dyn Outlet) {
        self.events.tell(CallEvent::Message(message));
    }

    fn wake(&mut self, outlet: &mut dyn Outlet) {
        if self.follow_gate(outlet) {
            return;
        }
        if self.post.takes_key_frame_request() {
            let Self { receiver, publisher, .. } = self;
            receiver.request_key_frame(outlet.now(), &mut |output| Self::take(publisher, output, outlet));
        }
        if let Some(channel) = self.channel {
            while let Some(message) = self.post.message() {
                outlet.send_message(channel, &message);
            }
        }
    }

    fn next_time(&self) -> Option<Instant> {
        let patience = match self.media {
            Media::Awaited { until } => until,
            Media::Flows { last } => last + SILENT_FOR,
        };
        Some(self.receiver.next_time().min(patience).min(self.next_figures))
    }

    fn time(&mut self, outlet: &mut dyn Outlet) {
        if self.follow_gate(outlet) {
            return;
        }
        let now = outlet.now();
        if let Some(round_trip) = outlet.round_trip() {
            self.receiver.set_round_trip(round_trip);
        }
        let Self { receiver, publisher, .. } = self;
        receiver.time(now, &mut |output| Self::take(publisher, output, outlet));
        if now >= self.next_figures {
            self.next_figures = now + FIGURES_EVERY;
            self.note_path();
        }
        let is_silent = match self.media {
            Media::Awaited { until } => now >= until,
            Media::Flows { last } => now >= last + SILENT_FOR,
        };
        if is_silent {
            self.end(EndReason::Idle);
            outlet.close();
        }
    }

    fn disconnected(&mut self) {
        self.is_interrupted = true;
        self.events.tell(CallEvent::Interrupted);
    }

    fn closed(&mut self, why: PeerEnd) {
        self.end(reason_of(why));
    }
}

/// What a session's event says of a peer that is gone.
pub(super) const fn reason_of(why: PeerEnd) -> EndReason {
    match why {
        PeerEnd::Local | PeerEnd::Remote => EndReason::Closed,
        PeerEnd::TimedOut => EndReason::Idle,
        PeerEnd::Handshake => EndReason::ProtocolError,
        PeerEnd::Shutdown => EndReason::Shutdown,
    }
}

const FIGURES_EVERY: Duration = Duration::from_secs(1);
/// A publisher whose path is lost may come back for so long; then its stream ends.
const SILENT_FOR: Duration = Duration::from_secs(10);
