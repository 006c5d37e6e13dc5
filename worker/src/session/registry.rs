//! The registry of sessions: who is here, who must go, and what a ticket opens.
//!
//! Every rule of the API that bears on sessions is applied here in the same order: first the rule is stored (block
//! table, revocations), then the sessions that are here are looked up. A session that begins meanwhile does it the
//! other way round: first it is here, then it looks at the rules. So one of the two always sees the other.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use dashmap::DashMap;
use dashmap::mapref::entry;
use parking_lot::Mutex;
use sluice_contract::message::{EndReason, EventKind, Revocation, Revoked};
use sluice_contract::policy::TokenUse;
use sluice_contract::{
    ApplicationName, Block, ClientBinding, Operation, Peer, Protocol, SessionId, StreamGrant, StreamId, SubscriberId,
    Ticket, UnixTime,
};

use super::blocks::{Blocked, Blocks};
use super::revocation::{Revocations, began_at};
use super::{Gate, Session, Verdict};
use crate::admission::id_at;
use crate::control::Outbox;
use crate::{Clock, StreamKey};

/// Every session of this worker, and the blocks it enforces.
pub struct Sessions {
    clock: Clock,
    events: Arc<Outbox>,
    /// Most sessions at a time.
    limit: usize,
    live: DashMap<SessionId, Arc<Session>>,
    /// By everything that a block can name; a session with a main track stands under both streams.
    by_subscriber: DashMap<(StreamKey, SubscriberId), Vec<Arc<Session>>>,
    /// When sessions must end, the earliest first.
    deadlines: Mutex<BTreeSet<(UnixTime, SessionId)>>,
    blocks: Blocks,
    revoked: Revocations,
    me: Weak<Self>,
}

/// What a change did to the sessions that are here.
#[derive(Default)]
pub(crate) struct Changes {
    pub stopped: Vec<Arc<Session>>,
    pub suspended: u32,
    pub resumed: u32,
    /// Sessions that were sent a message.
    pub reached: u32,
}

impl Changes {
    pub fn stopped(stopped: Vec<Arc<Session>>) -> Self {
        Self { stopped, ..Self::default() }
    }
}

/// The registry holds as many sessions as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the worker has as many sessions as it may")]
pub(crate) struct Full;

/// Why an admitted session did not begin after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotRegistered {
    #[error(transparent)]
    Full(#[from] Full),
    #[error("the session was ended before it began")]
    Revoked,
    #[error("the publisher is blocked until {until}")]
    Blocked { until: UnixTime },
}

/// What a valid ticket opens.
pub(crate) enum Entry {
    Open(Arc<Session>),
    /// A blocked player, until then.
    Suspended(UnixTime),
    /// The session was ended for good: the ticket is dead.
    Revoked,
    Full,
}

impl Sessions {
    pub(crate) fn new(clock: Clock, events: Arc<Outbox>, limit: usize) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            clock,
            events,
            limit,
            live: DashMap::new(),
            by_subscriber: DashMap::new(),
            deadlines: Mutex::default(),
            blocks: Blocks::default(),
            revoked: Revocations::default(),
            me: me.clone(),
        })
    }

    pub fn find(&self, id: SessionId) -> Option<Arc<Session>> {
        self.live.get(&id).map(|session| Arc::clone(&session))
    }

    /// Whether somebody was let in to publish the stream here. Goes through all sessions.
    pub(crate) fn has_publisher(&self, key: &StreamKey) -> bool {
        let publishes = |session: &Session| session.grant.operation == Operation::Publish && session.key == *key;
        self.live.iter().any(|session| publishes(&session))
    }

    /// The active block that names this session's subscriber, if any.
    pub fn block_of(&self, session: &Session, now: UnixTime) -> Option<Block> {
        let until = self.blocked_until(session, now)?;
        Some(Block {
            application: session.key.application.clone(),
            stream_id: session.key.stream_id.clone(),
            subscriber: session.grant.subscriber.clone()?,
            operation: session.grant.operation,
            until,
        })
    }

    /// Whether a block keeps this subscriber from publishing the stream, or its main track.
    pub(crate) fn is_publisher_blocked(
        &self,
        key: &StreamKey,
        main_track: Option<&StreamId>,
        subscriber: &SubscriberId,
        now: UnixTime,
    ) -> bool {
        [Some(&key.stream_id), main_track].into_iter().flatten().any(|stream_id| {
            let stream = StreamKey { application: key.application.clone(), stream_id: stream_id.clone() };
            let who = Blocked { stream, subscriber: subscriber.clone(), operation: Operation::Publish };
            self.blocks.until(&who, now).is_some()
        })
    }

    /// Every session, in no order.
    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.live.iter().map(|session| Arc::clone(&session)).collect()
    }

    pub(crate) fn now(&self) -> UnixTime {
        (self.clock)()
    }

    pub(crate) fn emit(&self, kind: EventKind) {
        self.events.emit(kind);
    }

    /// Takes in a session that the gate has allowed.
    pub(crate) fn register(
        &self,
        grant: StreamGrant,
        peer: Peer,
        client: ClientBinding,
    ) -> Result<Arc<Session>, NotRegistered> {
        let now = self.now();
        if self.live.len() >= self.limit {
            return Err(Full.into());
        }
        let session = Arc::new(Session::new(grant, peer, client, now, self.me.clone()));
        let fresh = match self.live.entry(session.id()) {
            entry::Entry::Vacant(place) if !self.revoked.contains(session.id(), session.key()) => {
                place.insert(Arc::clone(&session));
                true
            }
            _ => false,
        };
        if !fresh {
            return Err(NotRegistered::Revoked);
        }
        self.settle(&session, now);
        match session.gate() {
            Gate::Closed(EndReason::Blocked) => {
                Err(NotRegistered::Blocked { until: self.blocked_until(&session, now).unwrap_or(now) })
            }
            Gate::Closed(_) => Err(NotRegistered::Revoked),
            Gate::Open | Gate::Suspended => Ok(session),
        }
    }

    /// A session for one track of a room, beside that of a viewer who was let in to the room: blocks and revocations of the
    /// track find it. It does not outlast the room's, and is never told of.
    pub(crate) fn register_track(&self, room: &Session, track: StreamId) -> Result<Arc<Session>, NotRegistered> {
        let grant = StreamGrant {
            session: SessionId::new(id_at(self.now())),
            stream_id: track,
            // Whatever names the room finds the room's own session.
            main_track: None,
            ticket_until: None,
            token: TokenUse::None,
            rejoin: false,
            origin: None,
            ..room.grant.clone()
        };
        self.register(grant, room.peer.clone(), room.client.clone())
    }

    /// The session of a ticket that was verified for `key`. One that this worker does not know (it fell idle, began
    /// elsewhere, or before a restart) begins again, as `protocol` from `peer`.
    pub(crate) fn enter(
        &self,
        key: &StreamKey,
        ticket: &Ticket,
        now: UnixTime,
        newcomer: impl Fn() -> (Protocol, Peer, ClientBinding),
    ) -> Entry {
        loop {
            if let Some(session) = self.find(ticket.session) {
                if session.key() != key {
                    return Entry::Revoked;
                }
                match session.gate() {
                    Gate::Open => {
                        session.touch(now);
                        return Entry::Open(session);
                    }
                    Gate::Suspended => {
                        session.touch(now);
                        if let Some(until) = self.blocked_until(&session, now) {
                            return Entry::Suspended(until);
                        }
                        // The block has just ended, and the timer will come to it in a moment.
                        self.judge(&session, now, &mut Changes::default());
                        continue;
                    }
                    Gate::Closed(_) => self.forget(&session),
                }
            }
            let (protocol, peer, client) = newcomer();
            match self.register(grant_of(key, ticket, protocol), peer, client) {
                Ok(session) if session.gate() == Gate::Open => return Entry::Open(session),
                Ok(session) => {
                    let until = self.blocked_until(&session, now).unwrap_or(now);
                    return Entry::Suspended(until);
                }
                Err(NotRegistered::Full(_)) => return Entry::Full,
                // Two requests of one player may begin it at the same moment.
                Err(_) if self.live.contains_key(&ticket.session) => {}
                Err(_) => return Entry::Revoked,
            }
        }
    }

    /// Puts a block in force, or lifts it, and brings its subscriber's sessions in line before it returns.
    pub(crate) fn block(&self, block: &Block, now: UnixTime) -> Changes {
        self.blocks.set(block, now);
        self.bring_in_line(&Blocked::of(block), now)
    }

    /// Takes `blocks` for the only ones there are.
    pub(crate) fn replace_blocks(&self, blocks: &[Block], now: UnixTime) -> Changes {
        self.blocks.replace(blocks, now);
        let mut changes = Changes::default();
        for session in self.all() {
            self.judge(&session, now, &mut changes);
        }
        changes
    }

    /// Ends one session and kills its ticket, also when the session is not known here (any more).
    pub(crate) fn revoke(&self, id: SessionId, reason: EndReason) -> Option<Arc<Session>> {
        let until = self.find(id).and_then(|session| session.deadline());
        self.revoked.revoke(id, until);
        self.find(id).filter(|session| session.end(reason, None))
    }

    /// Kills what was revoked before this worker could hear of it. Returns the sessions that end with it.
    pub(crate) fn take_over(&self, revocations: Vec<Revocation>) -> Vec<Arc<Session>> {
        let mut ended = Vec::new();
        for Revocation { of, until } in revocations {
            match of {
                Revoked::Session { session } => {
                    self.revoked.revoke(session, Some(until));
                    ended.extend(self.find(session).filter(|session| session.end(EndReason::Stopped, None)));
                }
                Revoked::Scope { application, stream_id, before, spares_admitted } => {
                    self.revoked.revoke_scope(&application, stream_id.as_ref(), before);
                    let mut meant = self.all();
                    meant.retain(|session| {
                        session.key.application == application
                            && stream_id.as_ref().is_none_or(|stream| session.key.stream_id == *stream)
                            && began_at(session.id()) <= before
                            && (!spares_admitted || session.came_in_open())
                            && session.end(EndReason::Stopped, None)
                    });
                    ended.append(&mut meant);
                }
                Revoked::Unknown => {}
            }
        }
        ended
    }

    /// Kills the tickets of a whole stream or application and ends what is here of it.
    pub(crate) fn revoke_scope(
        &self,
        application: &ApplicationName,
        stream: Option<&StreamId>,
        reason: EndReason,
        now: UnixTime,
        which: impl Fn(&Session) -> bool,
    ) -> Vec<Arc<Session>> {
        self.revoked.revoke_scope(application, stream, now);
        let mut ended = self.all();
        ended.retain(|session| {
            session.key.application == *application
                && stream.is_none_or(|stream| session.key.stream_id == *stream)
                && which(session)
        });
        ended.retain(|session| session.end(reason, None));
        ended
    }

    /// Ends sessions whose time has come and lifts blocks that have ended. Returns the sessions that ended.
    pub(crate) fn tick(&self, now: UnixTime) -> Vec<Arc<Session>> {
        for who in self.blocks.ended(now) {
            self.bring_in_line(&who, now);
        }
        let mut ended = Vec::new();
        loop {
            let due = {
                let mut deadlines = self.deadlines.lock();
                match deadlines.first() {
                    Some((at, _)) if *at <= now => deadlines.pop_first(),
                    _ => None,
                }
            };
            let Some((_, id)) = due else { return ended };
            if let Some(session) = self.find(id)
                && session.end(EndReason::Expired, None)
            {
                ended.push(session);
            }
        }
    }

    /// Ends HTTP sessions that have stopped asking, works out the last second's rates, and returns all that are left
    /// and that the API knows of.
    pub(crate) fn sample(&self, now: UnixTime) -> Vec<Arc<Session>> {
        self.revoked.sweep(now);
        let mut all = self.all();
        all.retain(|session| {
            session.sample(now);
            let idle_limit_ms = match session.grant.protocol {
                Protocol::Hls | Protocol::Dash => LIVE_IDLE_MS,
                // Whoever showed nothing loses nothing by coming in anew, and takes a place of somebody's no longer than that.
                Protocol::Vod if session.grant.ticket_until.is_some() => VOD_IDLE_MS,
                Protocol::Vod => LIVE_IDLE_MS,
                _ => i64::MAX,
            };
            let is_idle = session.idle_millis(now) >= idle_limit_ms;
            if is_idle {
                session.end(EndReason::Idle, None);
            }
            !is_idle && session.is_announced()
        });
        all
    }

    /// Ends every session, for the same reason.
    pub(crate) fn close_all(&self, reason: EndReason) -> Vec<Arc<Session>> {
        let mut all = self.all();
        all.retain(|session| session.end(reason, None));
        all
    }

    /// Takes an ended session out.
    pub(super) fn forget(&self, session: &Session) {
        self.live.remove_if(&session.id(), |_, known| std::ptr::eq(Arc::as_ptr(known), session));
        if let Some(deadline) = session.deadline() {
            self.deadlines.lock().remove(&(deadline, session.id()));
        }
        for index in subscriber_keys(session) {
            if let entry::Entry::Occupied(mut place) = self.by_subscriber.entry(index) {
                place.get_mut().retain(|known| !std::ptr::eq(Arc::as_ptr(known), session));
                if place.get().is_empty() {
                    place.remove();
                }
            }
        }
    }

    /// Enters a session that is here into the indexes, then looks at the rules.
    fn settle(&self, session: &Arc<Session>, now: UnixTime) {
        for index in subscriber_keys(session) {
            self.by_subscriber.entry(index).or_default().push(Arc::clone(session));
        }
        if let Some(deadline) = session.deadline() {
            self.deadlines.lock().insert((deadline, session.id()));
        }
        self.judge(session, now, &mut Changes::default());
        if matches!(session.gate(), Gate::Closed(_)) {
            // It ended while it was being entered.
            self.forget(session);
        }
    }

    fn bring_in_line(&self, who: &Blocked, now: UnixTime) -> Changes {
        let mut changes = Changes::default();
        let named = self.by_subscriber.get(&(who.stream.clone(), who.subscriber.clone())).map(|all| all.clone());
        for session in named.unwrap_or_default() {
            if session.grant.operation == who.operation {
                self.judge(&session, now, &mut changes);
            }
        }
        changes
    }

    /// Closes, suspends or resumes a session by the blocks in force.
    fn judge(&self, session: &Arc<Session>, now: UnixTime, changes: &mut Changes) {
        match session.judge(|| self.blocked_until(session, now).is_some()) {
            Verdict::Unchanged => {}
            Verdict::Stopped => changes.stopped.push(Arc::clone(session)),
            Verdict::Suspended => changes.suspended += 1,
            Verdict::Resumed => changes.resumed += 1,
        }
    }

    /// The latest block on the session's stream or its main track.
    fn blocked_until(&self, session: &Session, now: UnixTime) -> Option<UnixTime> {
        subscriber_keys(session)
            .filter_map(|(stream, subscriber)| {
                self.blocks.until(&Blocked { stream, subscriber, operation: session.grant.operation }, now)
            })
            .max()
    }
}

/// The stream and subscriber by which blocks find a session; twice with a main track, never without a subscriber.
fn subscriber_keys(session: &Session) -> impl Iterator<Item = (StreamKey, SubscriberId)> {
    let subscriber = session.grant.subscriber.clone();
    let application = &session.key.application;
    let main = session.grant.main_track.as_ref().filter(|main| **main != session.key.stream_id);
    let streams = [Some(&session.key.stream_id), main];
    streams.into_iter().flatten().filter_map(move |stream_id| {
        let stream = StreamKey { application: application.clone(), stream_id: stream_id.clone() };
        Some((stream, subscriber.clone()?))
    })
}

/// What a ticket still says of the grant it was made from.
fn grant_of(key: &StreamKey, ticket: &Ticket, protocol: Protocol) -> StreamGrant {
    StreamGrant {
        session: ticket.session,
        application: key.application.clone(),
        stream_id: key.stream_id.clone(),
        main_track: ticket.main_track.clone(),
        operation: Operation::Play,
        protocol,
        subscriber: ticket.subscriber.clone(),
        admitted_by: Vec::new(),
        expires_at: None,
        ticket_until: Some(ticket.until),
        token: TokenUse::None,
        rejoin: false,
        origin: None,
        recording: Default::default(),
    }
}

/// A live HTTP player that has not asked for this long has left (`decisions`).
const LIVE_IDLE_MS: i64 = 60_000;
/// A player of a recording may pause for this long.
const VOD_IDLE_MS: i64 = 30 * 60_000;
