//! Sessions: who was admitted, what they have moved, and whether they still may.
//!
//! [`Sessions`] is the registry that [`control`](crate::control) acts on. Each session's [`Gate`] is one atomic read for
//! the code that moves media: a publisher checks it before every access unit, a player before every write, so that
//! nothing passes once a command has been acknowledged.

mod blocks;
mod figures;
mod registry;
mod revocation;

use std::sync::Weak;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};

use parking_lot::Mutex;
use sluice_contract::message::{EndReason, EventKind, SessionReport, SessionState};
use sluice_contract::{ClientBinding, Operation, Peer, SessionId, StreamGrant, UnixTime};
use tokio::sync::Notify;

use crate::StreamKey;
use figures::Figures;

pub use figures::Path;
pub use registry::Sessions;
pub(crate) use registry::{Changes, Entry, NotRegistered};

/// Whether a session may move media now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    Open,
    /// Blocked player: not a byte, but the transport stays.
    Suspended,
    Closed(EndReason),
}

/// One admitted connection of one peer.
pub struct Session {
    grant: StreamGrant,
    key: StreamKey,
    peer: Peer,
    client: ClientBinding,
    gate: AtomicU8,
    gate_moved: Notify,
    /// True once the API was told of the session. Changes under `turn` only.
    announced: AtomicBool,
    /// Held for every change of gate and announcement, so that their events leave in the order they happened.
    turn: Mutex<()>,
    /// When the first media moved, or the session was made; milliseconds.
    since: AtomicI64,
    /// The last sign of the peer; milliseconds.
    seen: AtomicI64,
    figures: Figures,
    sessions: Weak<Sessions>,
}

impl Session {
    fn new(grant: StreamGrant, peer: Peer, client: ClientBinding, now: UnixTime, sessions: Weak<Sessions>) -> Self {
        let key = StreamKey { application: grant.application.clone(), stream_id: grant.stream_id.clone() };
        Self {
            grant,
            key,
            peer,
            client,
            gate: AtomicU8::new(OPEN),
            gate_moved: Notify::new(),
            announced: AtomicBool::new(false),
            turn: Mutex::new(()),
            since: AtomicI64::new(now.as_millis()),
            seen: AtomicI64::new(now.as_millis()),
            figures: Figures::default(),
            sessions,
        }
    }

    pub fn id(&self) -> SessionId {
        self.grant.session
    }

    pub fn grant(&self) -> &StreamGrant {
        &self.grant
    }

    /// The stream it publishes or plays.
    pub fn key(&self) -> &StreamKey {
        &self.key
    }

    /// What shows that two sessions are of one client.
    pub const fn client(&self) -> &ClientBinding {
        &self.client
    }

    /// The gate now: one atomic load.
    pub fn gate(&self) -> Gate {
        decode(self.gate.load(Ordering::Acquire))
    }

    /// Waits until the gate is something else than `seen`.
    pub async fn gate_changed(&self, seen: Gate) -> Gate {
        loop {
            let moved = self.gate_moved.notified();
            tokio::pin!(moved);
            // Listening begins before the look, so that no move falls between them.
            moved.as_mut().enable();
            let gate = self.gate();
            if gate != seen {
                return gate;
            }
            moved.await;
        }
    }

    pub fn count_video(&self, bytes: usize) {
        self.figures.video.add(bytes);
        self.announce();
    }

    pub fn count_audio(&self, bytes: usize) {
        self.figures.audio.add(bytes);
        self.announce();
    }

    /// Access units that this session missed because it could not keep up.
    pub fn count_dropped(&self, frames: u64) {
        self.figures.dropped.fetch_add(frames, Ordering::Relaxed);
    }

    /// What the transport knows of the way to the peer; it shows in the next report.
    pub fn note_path(&self, path: Path) {
        *self.figures.path.lock() = Some(path);
    }

    /// Whether it may pass messages to others: not while it is suspended or over, and not while a block keeps its subscriber
    /// from publishing, if only to a data channel.
    pub(crate) fn may_speak(&self, now: UnixTime) -> bool {
        let is_blocked = self.grant.subscriber.as_ref().is_some_and(|subscriber| {
            let main_track = self.grant.main_track.as_ref();
            let sessions = self.sessions.upgrade();
            sessions.is_none_or(|sessions| sessions.is_publisher_blocked(&self.key, main_track, subscriber, now))
        });
        self.gate() == Gate::Open && !is_blocked
    }

    /// Ends the session for a reason that its event names; later ends change nothing.
    pub fn close(&self, reason: EndReason, detail: Option<String>) {
        self.end(reason, detail);
    }

    pub fn report(&self, now: UnixTime) -> SessionReport {
        let state = match self.gate() {
            Gate::Open => SessionState::Active,
            Gate::Suspended => SessionState::Suspended,
            Gate::Closed(_) => SessionState::Ended,
        };
        let since = UnixTime::from_millis(self.since.load(Ordering::Relaxed));
        SessionReport {
            session: self.id(),
            application: self.key.application.clone(),
            stream_id: self.key.stream_id.clone(),
            operation: self.grant.operation,
            protocol: self.grant.protocol,
            subscriber: self.grant.subscriber.clone(),
            peer: self.peer.clone(),
            client: self.client.clone(),
            admitted_by: self.grant.admitted_by.clone(),
            state,
            since,
            stats: self.figures.stats(now.millis_since(since)),
        }
    }

    /// Tells the API that the session moves media, once. Cheap when it was told.
    pub(crate) fn announce(&self) {
        if self.announced.load(Ordering::Relaxed) {
            return;
        }
        let _turn = self.turn.lock();
        let Some(sessions) = self.sessions.upgrade() else { return };
        if matches!(self.gate(), Gate::Closed(_)) || self.announced.swap(true, Ordering::Relaxed) {
            return;
        }
        let now = sessions.now();
        self.since.store(now.as_millis(), Ordering::Relaxed);
        sessions.emit(EventKind::SessionStarted { session: self.report(now) });
    }

    pub(crate) fn is_announced(&self) -> bool {
        self.announced.load(Ordering::Relaxed)
    }

    /// The peer showed itself.
    pub(crate) fn touch(&self, now: UnixTime) {
        self.seen.store(now.as_millis(), Ordering::Relaxed);
    }

    fn idle_millis(&self, now: UnixTime) -> i64 {
        now.millis_since(UnixTime::from_millis(self.seen.load(Ordering::Relaxed)))
    }

    /// When the session must end, whatever it does.
    fn deadline(&self) -> Option<UnixTime> {
        match (self.grant.expires_at, self.grant.ticket_until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// True when no security mode let it in and it names nobody: such a session has no right once a mode is on.
    pub(crate) fn came_in_open(&self) -> bool {
        self.grant.operation == Operation::Play && self.grant.admitted_by.is_empty()
    }

    /// Works out the last second's bitrates; media that moved is a sign of the peer. Called once a second.
    fn sample(&self, now: UnixTime) {
        if self.figures.sample(now) {
            self.touch(now);
        }
    }

    /// Returns true when this very call ended it.
    fn end(&self, reason: EndReason, detail: Option<String>) -> bool {
        {
            let _turn = self.turn.lock();
            if matches!(self.gate(), Gate::Closed(_)) {
                return false;
            }
            self.close_gate(reason, detail);
        }
        self.leave();
        true
    }

    /// Brings the gate in line with the blocks in force. They are looked up in the gate's own turn, so that the verdict of
    /// one moment never undoes that of a later.
    fn judge(&self, is_blocked: impl FnOnce() -> bool) -> Verdict {
        let verdict = {
            let _turn = self.turn.lock();
            match (self.gate(), is_blocked(), self.grant.operation) {
                (Gate::Open | Gate::Suspended, true, Operation::Publish) => {
                    self.close_gate(EndReason::Blocked, None);
                    Verdict::Stopped
                }
                (Gate::Open, true, Operation::Play) => {
                    self.move_gate(SUSPENDED, |session| EventKind::SessionSuspended { session });
                    Verdict::Suspended
                }
                (Gate::Suspended, false, _) => {
                    self.move_gate(OPEN, |session| EventKind::SessionResumed { session });
                    Verdict::Resumed
                }
                (Gate::Open, false, _) | (Gate::Suspended, true, Operation::Play) | (Gate::Closed(_), ..) => {
                    Verdict::Unchanged
                }
            }
        };
        if verdict == Verdict::Stopped {
            self.leave();
        }
        verdict
    }

    /// Under `turn`.
    fn close_gate(&self, reason: EndReason, detail: Option<String>) {
        let ended = |session| EventKind::SessionEnded { session, reason, detail };
        self.move_gate(CLOSED + closed_code(reason), ended);
    }

    /// Under `turn`.
    fn move_gate(&self, to: u8, event: impl FnOnce(SessionReport) -> EventKind) {
        self.gate.store(to, Ordering::Release);
        self.gate_moved.notify_waiters();
        if self.is_announced()
            && let Some(sessions) = self.sessions.upgrade()
        {
            sessions.emit(event(self.report(sessions.now())));
        }
    }

    fn leave(&self) {
        if let Some(sessions) = self.sessions.upgrade() {
            sessions.forget(self);
        }
    }
}

/// What became of a session that was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Unchanged,
    /// A publisher, which is over.
    Stopped,
    Suspended,
    Resumed,
}

const OPEN: u8 = 0;
const SUSPENDED: u8 = 1;
const CLOSED: u8 = 2;

/// Every reason, so that a gate fits into one byte: its place here behind [`CLOSED`].
const REASONS: [EndReason; 13] = [
    EndReason::Closed,
    EndReason::Idle,
    EndReason::Blocked,
    EndReason::Expired,
    EndReason::Stopped,
    EndReason::Deleted,
    EndReason::Replaced,
    EndReason::StreamEnded,
    EndReason::ProtocolError,
    EndReason::SlowReader,
    EndReason::PipelineError,
    EndReason::Shutdown,
    EndReason::WorkerLost,
];

fn closed_code(reason: EndReason) -> u8 {
    REASONS.iter().zip(0..).find_map(|(known, code)| (*known == reason).then_some(code)).unwrap_or(0)
}

fn decode(code: u8) -> Gate {
    match code {
        OPEN => Gate::Open,
        SUSPENDED => Gate::Suspended,
        _ => Gate::Closed(REASONS.get(usize::from(code - CLOSED)).copied().unwrap_or(EndReason::Closed)),
    }
}

#[cfg(test)]
mod tests;
