//! Tickets that are dead before their time: of ended sessions, of deleted streams and applications.
//!
//! Memory is bounded without ever forgetting a revocation: session ids rise with time (UUIDv7), so when the list is
//! full its oldest half becomes one limit, and every ticket from before it is dead unless its session is known here.
//! Its holder shows credentials again, and the gate decides.

use std::collections::{BTreeMap, HashMap};

use parking_lot::RwLock;
use sluice_contract::{ApplicationName, SessionId, StreamId, UnixTime};

use crate::StreamKey;

/// What was revoked on this worker.
#[derive(Default)]
pub(super) struct Revocations(RwLock<Lists>);

#[derive(Default)]
struct Lists {
    /// Sessions, and when their tickets end by themselves.
    sessions: BTreeMap<SessionId, UnixTime>,
    /// Every unlisted session up to this one counts as revoked.
    forgotten: Option<SessionId>,
    /// Sessions of these that began up to a time (milliseconds) are revoked.
    scopes: HashMap<(ApplicationName, Option<StreamId>), UnixTime>,
    /// As `scopes`, for all of them: rises when there are too many.
    everything: UnixTime,
}

impl Revocations {
    /// Kills the ticket of one session; `until` is its natural end, `None` if unknown.
    pub fn revoke(&self, session: SessionId, until: Option<UnixTime>) {
        let mut lists = self.0.write();
        lists.sessions.insert(session, until.unwrap_or(UnixTime::from_millis(i64::MAX)));
        if lists.sessions.len() > MAX_SESSIONS {
            let newer = lists.sessions.keys().nth(MAX_SESSIONS / 2).copied();
            if let Some(newer) = newer {
                let kept = lists.sessions.split_off(&newer);
                let last = lists.sessions.last_key_value().map(|(id, _)| *id);
                lists.forgotten = lists.forgotten.max(last);
                lists.sessions = kept;
            }
        }
    }

    /// Kills every ticket of a stream, or of a whole application, whose session began up to `at`.
    pub fn revoke_scope(&self, application: &ApplicationName, stream: Option<&StreamId>, at: UnixTime) {
        let mut lists = self.0.write();
        let latest = lists.scopes.entry((application.clone(), stream.cloned())).or_default();
        *latest = at.max(*latest);
        if lists.scopes.len() > MAX_SCOPES {
            lists.scopes.clear();
            lists.everything = at.max(lists.everything);
        }
    }

    /// True when a ticket of this session, which is not known here, is dead.
    pub fn contains(&self, session: SessionId, key: &StreamKey) -> bool {
        let lists = self.0.read();
        if lists.forgotten.is_some_and(|last| session <= last) || lists.sessions.contains_key(&session) {
            return true;
        }
        let began = began_at(session);
        if began <= lists.everything && lists.everything > UnixTime::EPOCH {
            return true;
        }
        !lists.scopes.is_empty() && {
            let mut scope = (key.application.clone(), Some(key.stream_id.clone()));
            let by_stream = lists.scopes.get(&scope).is_some_and(|at| began <= *at);
            scope.1 = None;
            by_stream || lists.scopes.get(&scope).is_some_and(|at| began <= *at)
        }
    }

    /// Drops what no valid ticket can meet any more.
    pub fn sweep(&self, now: UnixTime) {
        if self.0.read().sessions.values().any(|until| *until <= now) {
            self.0.write().sessions.retain(|_, until| now < *until);
        }
    }
}

/// When a session began, by its id. An id that is no UUIDv7 began at 0: any limit revokes it.
pub(super) fn began_at(session: SessionId) -> UnixTime {
    UnixTime::from_millis(session.uuid().get_timestamp().map_or(0, |at| {
        let (seconds, nanos) = at.to_unix();
        i64::try_from(seconds).unwrap_or(0).saturating_mul(1_000).saturating_add(i64::from(nanos / 1_000_000))
    }))
}

/// Revoked sessions remembered one by one: about 5 MiB.
const MAX_SESSIONS: usize = 65_536;
/// Deleted streams and applications remembered one by one.
const MAX_SCOPES: usize = 16_384;

#[cfg(test)]
mod tests {
    use uuid::{NoContext, Timestamp, Uuid};

    use super::*;

    fn session(millis: u64) -> SessionId {
        let at = Timestamp::from_unix(NoContext, millis / 1_000, u32::try_from(millis % 1_000).unwrap() * 1_000_000);
        SessionId::new(Uuid::new_v7(at))
    }

    fn key(stream: &str) -> StreamKey {
        StreamKey { application: "LiveApp".parse().unwrap(), stream_id: stream.parse().unwrap() }
    }

    #[test]
    fn no_revocation_is_forgotten_when_the_list_is_full() {
        let revocations = Revocations::default();
        let all: Vec<_> = (1..=MAX_SESSIONS as u64 + 10).map(session).collect();
        for id in &all {
            revocations.revoke(*id, None);
        }
        assert!(all.iter().all(|id| revocations.contains(*id, &key("s"))));
        assert!(!revocations.contains(session(1_000_000), &key("s")), "a newer session is not revoked");
        assert!(revocations.0.read().sessions.len() <= MAX_SESSIONS);
    }

    #[test]
    fn a_deleted_stream_takes_its_earlier_tickets_along() {
        let revocations = Revocations::default();
        let key_of = key("s");
        revocations.revoke_scope(&key_of.application, Some(&key_of.stream_id), UnixTime::from_millis(5_000));
        assert!(revocations.contains(session(5_000), &key("s")));
        assert!(!revocations.contains(session(5_001), &key("s")));
        assert!(!revocations.contains(session(4_000), &key("other")));
        revocations.revoke_scope(&key_of.application, None, UnixTime::from_millis(6_000));
        assert!(revocations.contains(session(5_900), &key("other")));
    }

    #[test]
    fn a_revocation_goes_when_its_ticket_has_ended_anyway() {
        let revocations = Revocations::default();
        let id = session(1);
        revocations.revoke(id, Some(UnixTime::from_millis(10)));
        revocations.sweep(UnixTime::from_millis(9));
        assert!(revocations.contains(id, &key("s")));
        revocations.sweep(UnixTime::from_millis(10));
        assert!(!revocations.contains(id, &key("s")));
    }
}
