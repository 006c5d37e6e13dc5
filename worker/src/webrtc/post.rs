//! What others leave for a driver, and how it is found: the driver runs on its shard, everybody else somewhere else.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use sluice_contract::message::EndReason;
use tokio::sync::mpsc;

use super::calls::{CallControl, CallEvent, Shown};
use super::engine::{Engine, LocalTransport, Message, PeerHandle};
use super::play::Amendment;
use super::sdp::RemoteDescription;
use super::sdp::plan::Plan;
use super::stage::Stage;
use super::streams::Source;
use crate::hub::PublishRight;
use crate::media::TrackKind;
use crate::session::{Gate, Session};

/// Orders for one driver.
#[derive(Default)]
pub(super) struct Post {
    messages: Mutex<Messages>,
    wants_key_frame: AtomicBool,
    hidden: Mutex<Hidden>,
    hidden_changed: AtomicBool,
    /// Streams that came in place of those that ended, by track.
    sources: Mutex<VecDeque<(String, Arc<Source>)>>,
    amendments: Mutex<VecDeque<Amendment>>,
    /// Set once, when the peer is open.
    peer: Mutex<Weak<PeerHandle>>,
}

/// Messages that wait for the peer to take them.
#[derive(Default)]
struct Messages {
    waiting: VecDeque<Message>,
    bytes: usize,
}

/// What a viewer does not want to be sent now, video and audio.
#[derive(Default)]
struct Hidden {
    /// Of tracks that nothing is said about.
    all: [bool; 2],
    tracks: HashMap<String, [bool; 2]>,
}

impl Post {
    /// Takes the next message for the peer.
    pub fn message(&self) -> Option<Message> {
        self.messages.lock().take()
    }

    /// Leaves a stream for a viewer whose own, of that track, has ended.
    pub fn offer_source(&self, track: String, source: Arc<Source>) {
        self.sources.lock().push_back((track, source));
        self.wake();
    }

    pub fn take_source(&self) -> Option<(String, Arc<Source>)> {
        self.sources.lock().pop_front()
    }

    pub fn take_amendment(&self) -> Option<Amendment> {
        self.amendments.lock().pop_front()
    }

    /// True once for any number of requests.
    pub fn takes_key_frame_request(&self) -> bool {
        self.wants_key_frame.swap(false, Ordering::AcqRel)
    }

    /// True once for any number of changes to [`hidden`](Self::hidden).
    pub fn takes_change_of_hidden(&self) -> bool {
        self.hidden_changed.swap(false, Ordering::AcqRel)
    }

    /// Whether video and audio of a track are not wanted.
    pub fn hidden(&self, track: &str) -> [bool; 2] {
        let hidden = self.hidden.lock();
        hidden.tracks.get(track).copied().unwrap_or(hidden.all)
    }

    fn hide(&self, track: Option<&str>, kind: TrackKind, hides: bool) {
        let mut hidden = self.hidden.lock();
        let slot = match kind {
            TrackKind::Video => 0,
            TrackKind::Audio => 1,
        };
        let Hidden { all, tracks } = &mut *hidden;
        match track {
            None => {
                all[slot] = hides;
                tracks.values_mut().for_each(|kinds| kinds[slot] = hides);
            }
            Some(track) if tracks.len() < MAX_HIDDEN || tracks.contains_key(track) => {
                tracks.entry(track.to_owned()).or_insert(*all)[slot] = hides;
            }
            Some(_) => {}
        }
        drop(hidden);
        self.hidden_changed.store(true, Ordering::Release);
        self.wake();
    }

    /// Has the driver look.
    pub fn wake(&self) {
        let peer = self.peer.lock().upgrade();
        if let Some(peer) = peer {
            peer.wake();
        }
    }
}

impl Messages {
    /// False when there is no room for it.
    fn put(&mut self, message: Message) -> bool {
        let bytes = self.bytes + message.len();
        if self.waiting.len() >= MAX_MESSAGES || (bytes > MAX_MESSAGES_BYTES && !self.waiting.is_empty()) {
            return false;
        }
        self.bytes = bytes;
        self.waiting.push_back(message);
        true
    }

    fn take(&mut self) -> Option<Message> {
        let message = self.waiting.pop_front()?;
        self.bytes -= message.len();
        Some(message)
    }
}

/// A session that publishes over WebRTC: its encoder can be asked for key frames.
pub(super) struct Right {
    pub session: Arc<Session>,
    pub post: Arc<Post>,
}

impl PublishRight for Right {
    fn id(&self) -> sluice_contract::SessionId {
        self.session.id()
    }

    fn protocol(&self) -> sluice_contract::Protocol {
        self.session.grant().protocol
    }

    fn subscriber(&self) -> (Option<sluice_contract::SubscriberId>, Option<sluice_contract::StreamId>) {
        (self.session.grant().subscriber.clone(), self.session.grant().main_track.clone())
    }

    fn gate(&self) -> Gate {
        self.session.gate()
    }

    fn count_video(&self, bytes: usize) {
        self.session.count_video(bytes);
    }

    fn count_audio(&self, bytes: usize) {
        self.session.count_audio(bytes);
    }

    fn recording(&self) -> sluice_contract::message::RecordingWish {
        self.session.grant().recording
    }

    fn request_key_frame(&self) {
        self.post.wants_key_frame.store(true, Ordering::Release);
        self.post.wake();
    }

    fn close(&self, reason: EndReason, detail: Option<String>) {
        self.session.close(reason, detail);
    }
}

/// The other end of a driver: what signaling holds.
pub(super) struct Line {
    session: Arc<Session>,
    post: Arc<Post>,
    peer: Arc<PeerHandle>,
    engine: Arc<dyn Engine>,
    /// Data channels were agreed on.
    has_channel: bool,
    /// Of a viewer.
    stage: Option<Arc<Stage>>,
}

impl Line {
    /// Connects a driver's post with its peer, and has it woken whenever the session's gate moves.
    pub fn new(
        session: Arc<Session>,
        post: Arc<Post>,
        peer: PeerHandle,
        engine: Arc<dyn Engine>,
        has_channel: bool,
        stage: Option<Arc<Stage>>,
    ) -> Self {
        let peer = Arc::new(peer);
        *post.peer.lock() = Arc::downgrade(&peer);
        tokio::spawn(follow_gate(Arc::clone(&session), Arc::downgrade(&peer)));
        // It may have moved before anybody listened.
        peer.wake();
        Self { session, post, peer, engine, has_channel, stage }
    }
}

/// Ends with the peer or with the session.
async fn follow_gate(session: Arc<Session>, peer: Weak<PeerHandle>) {
    let mut gate = session.gate();
    while !matches!(gate, Gate::Closed(_)) {
        gate = session.gate_changed(gate).await;
        let Some(peer) = peer.upgrade() else { return };
        peer.wake();
    }
}

/// The same for one track of a room: the driver is found by its post.
pub(super) async fn follow_track(session: Arc<Session>, post: Weak<Post>) {
    let mut gate = session.gate();
    while !matches!(gate, Gate::Closed(_)) {
        gate = session.gate_changed(gate).await;
        let Some(post) = post.upgrade() else { return };
        post.wake();
    }
}

impl CallControl for Line {
    fn send(&self, message: Message) {
        {
            // Whoever has no channel will never take any.
            if !self.has_channel || !self.post.messages.lock().put(message) {
                return;
            }
        }
        self.peer.wake();
    }

    fn enable(&self, track: Option<&str>, kind: TrackKind, enabled: bool) {
        self.post.hide(track, kind, !enabled);
    }

    fn amend(&self, plan: Plan, shown: Vec<Shown>) {
        let Some(stage) = &self.stage else { return };
        let lanes = shown.into_iter().filter_map(|shown| stage.lane(&self.session, &plan, shown, &self.post)).collect();
        self.post.amendments.lock().push_back(Amendment { plan, lanes });
        self.peer.wake();
    }

    fn restart(&self, remote: &RemoteDescription) -> LocalTransport {
        let local = self.engine.prepare();
        self.peer.restart(local.clone(), remote.transport.clone());
        local
    }

    fn end(&self, reason: EndReason) {
        self.session.close(reason, None);
    }
}

/// Tells signaling. Whoever does not listen misses what happens, but not the end: then nobody speaks any more.
pub(super) struct Events(pub mpsc::Sender<CallEvent>);

impl Events {
    pub fn tell(&self, event: CallEvent) {
        // Signaling reads as fast as its peer takes its messages; what it cannot take is of no use later.
        let _ = self.0.try_send(event);
    }
}

/// Why a session is over, if it is.
pub(super) fn end_of(session: &Session) -> Option<EndReason> {
    match session.gate() {
        Gate::Closed(reason) => Some(reason),
        Gate::Open | Gate::Suspended => None,
    }
}

/// Tracks of which a viewer may say that it does not want them: more than a room shows.
const MAX_HIDDEN: usize = 256;
/// Messages that wait for one peer; more are lost.
const MAX_MESSAGES: usize = 256;
const MAX_MESSAGES_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_wait_in_bounds_of_number_and_size() {
        let text = |bytes: usize| Message::Text(vec![b'x'; bytes].into());
        let mut messages = Messages::default();
        assert_eq!((0..1_000).filter(|_| messages.put(text(1))).count(), MAX_MESSAGES);
        while messages.take().is_some() {}
        assert_eq!((0..100).filter(|_| messages.put(text(64 * 1024))).count(), MAX_MESSAGES_BYTES / (64 * 1024));
        assert_eq!(messages.take().map(|message| message.len()), Some(64 * 1024));
        assert!(messages.put(text(64 * 1024)), "what was taken has made room");
    }
}
