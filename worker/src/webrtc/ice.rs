//! ICE-lite of one peer (RFC 8445 §2.5): it checks, we answer; what it nominates is where media goes.
//!
//! An address counts for nothing until a check that knows our password has come from it. The newest nomination wins,
//! which is how a peer moves to another network. But where a datagram says that it comes from is easily made up, and a peer
//! that may have media could have it sent to somebody who never asked for it. So media goes to a path alone that was proved
//! to lead to the peer: by the handshake, whose messages the peer cannot answer without having read ours, or else by a
//! request of our own (RFC 7675 §5.1), which whoever is there answers with what only the peer knows. Until then it goes on
//! over the path before.

use std::time::{Duration, Instant};

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use sluice_contract::Secret;

use super::batch::{Path, Way};
use super::engine::{LocalTransport, RemoteTransport};
use super::stun::{self, BindingRequest, BindingResponse, IceRole};

pub(crate) struct Ice {
    current: Credentials,
    /// Those before a restart, which hold until the peer has nominated a pair with the new ones (RFC 8445 §9).
    previous: Option<Credentials>,
    checked: Vec<Checked>,
    /// What the peer nominated last.
    nominated: Option<Path>,
    /// Before, nothing is asked of any path: the handshake proves one by itself.
    has_shaken_hands: bool,
    /// What the handshake proved.
    proved: Option<Path>,
    /// Where media goes: nominated, and proved.
    selected: Option<Path>,
    /// What is asked of the nominated path while media does not go there.
    probe: Option<Probe>,
    /// When a request left last.
    asked: Option<Instant>,
    tie_breaker: u64,
}

struct Credentials {
    ufrag: String,
    key: hmac::Key,
    remote_ufrag: String,
    remote_key: hmac::Key,
}

/// A request of ours that is on its way.
struct Probe {
    path: Path,
    transaction: [u8; 12],
    /// When it leaves, for the first time or once more.
    due: Instant,
    sent: u32,
}

struct Checked {
    path: Path,
    at: Instant,
}

/// What a request led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// It is not from our peer. There is no answer.
    Refused,
    /// It is answered, and nothing follows from it.
    Answered,
    /// It came on the way that is in use: the peer is alive and wants what we send (RFC 7675).
    Confirmed,
    /// The peer wants media on the way that it came on. [`Ice::selected`] tells whether it goes there already.
    Nominated,
}

/// What the endpoint has to know to bring us our datagrams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Opened(Path),
    Closed(Path),
    /// A user name fragment of ours that nobody may use any more.
    Forgotten(String),
}

impl Ice {
    pub fn new(local: &LocalTransport, remote: &RemoteTransport) -> Self {
        let mut tie_breaker = [0; 8];
        // It decides nothing: we are controlled, whatever both sides drew (RFC 8445 §6.1.1).
        let _ = SystemRandom::new().fill(&mut tie_breaker);
        Self {
            current: Credentials::new(local, remote),
            previous: None,
            checked: Vec::new(),
            nominated: None,
            has_shaken_hands: false,
            proved: None,
            selected: None,
            probe: None,
            asked: None,
            tie_breaker: u64::from_be_bytes(tie_breaker),
        }
    }

    /// Where media goes: where the peer wants it, and has proved to be.
    pub fn selected(&self) -> Option<Path> {
        self.selected
    }

    /// Where the handshake goes.
    pub fn handshake_path(&self) -> Option<Path> {
        self.selected.or(self.nominated)
    }

    /// The handshake is over. `path` is where all of our messages went; `None` when there was more than one.
    pub fn shook_hands(&mut self, now: Instant, path: Option<Path>) {
        self.has_shaken_hands = true;
        self.proved = path;
        self.settle(now);
    }

    /// Whether the peer has shown that it is behind `path`.
    /// Every path that a check came over.
    pub fn checked(&self) -> impl Iterator<Item = Path> {
        self.checked.iter().map(|checked| checked.path)
    }

    pub fn is_checked(&self, path: &Path) -> bool {
        self.checked.iter().any(|checked| checked.path == *path)
    }

    /// Takes new credentials. Those of a restart that the peer has not answered are forgotten.
    pub fn restart(&mut self, local: &LocalTransport, remote: &RemoteTransport, routes: &mut Vec<Route>) {
        let replaced = std::mem::replace(&mut self.current, Credentials::new(local, remote));
        if self.previous.is_none() {
            self.previous = Some(replaced);
        } else {
            routes.push(Route::Forgotten(replaced.ufrag));
        }
    }

    /// Answers a request that came on `path`, if it is from our peer.
    pub fn check(
        &mut self,
        now: Instant,
        path: Path,
        request: &BindingRequest<'_>,
        routes: &mut Vec<Route>,
        out: &mut Vec<u8>,
    ) -> Check {
        let is_current = self.current.ufrag == request.receiver;
        let credentials = if is_current { Some(&self.current) } else { self.previous.as_ref() };
        let Some(credentials) = credentials.filter(|credentials| {
            credentials.ufrag == request.receiver
                && request.is_authentic(&credentials.key)
                && credentials.remote_ufrag == request.sender
        }) else {
            return Check::Refused;
        };
        if request.role == Some(IceRole::Controlled) {
            request.reject_role(&credentials.key, out);
            return Check::Answered;
        }
        request.accept(path.remote, &credentials.key, out);
        self.remember(now, path, routes);
        if !request.nominates {
            return if self.selected == Some(path) { Check::Confirmed } else { Check::Answered };
        }
        if is_current && let Some(previous) = self.previous.take() {
            routes.push(Route::Forgotten(previous.ufrag));
        }
        let is_new = self.nominated.replace(path) != Some(path);
        self.settle(now);
        if is_new {
            Check::Nominated
        } else if self.selected == Some(path) {
            Check::Confirmed
        } else {
            Check::Answered
        }
    }

    /// Takes an answer to a request of ours; true when media goes where it came from, from now on.
    pub fn answered(&mut self, path: Path, response: &BindingResponse<'_>) -> bool {
        let is_proof = self.probe.as_ref().is_some_and(|probe| {
            probe.sent > 0
                && probe.path == path
                && response.transaction == probe.transaction
                && response.is_authentic(&self.current.remote_key)
        });
        if is_proof {
            self.probe = None;
            self.selected = Some(path);
        }
        is_proof
    }

    /// When [`time`](Self::time) is to be called.
    pub fn next_time(&self) -> Option<Instant> {
        self.probe.as_ref().map(|probe| probe.due)
    }

    /// Appends the request that is due, and tells where it goes.
    pub fn time(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Path> {
        let probe = self.probe.as_mut().filter(|probe| probe.due <= now)?;
        if probe.sent >= PROBES {
            // The next check that nominates it begins anew.
            self.probe = None;
            return None;
        }
        self.asked = Some(now);
        probe.due = now + PROBE_INTERVAL * 2_u32.pow(probe.sent);
        probe.sent += 1;
        let username = format!("{}:{}", self.current.remote_ufrag, self.current.ufrag);
        stun::request(&probe.transaction, &username, self.tie_breaker, &self.current.remote_key, out);
        Some(probe.path)
    }

    /// Draws the conclusions of a nomination or a handshake.
    fn settle(&mut self, now: Instant) {
        let Some(nominated) = self.nominated.filter(|_| self.has_shaken_hands) else { return };
        // Whoever moves in the middle of the handshake gets its first media where that went.
        self.selected = self.selected.or(self.proved);
        // Nobody opens a connection in another's name.
        if matches!(nominated.way, Way::Tcp { .. }) {
            self.selected = Some(nominated);
        }
        if self.selected == Some(nominated) {
            self.probe = None;
            return;
        }
        if self.probe.as_ref().is_some_and(|probe| probe.path == nominated) {
            return;
        }
        let mut transaction = [0; 12];
        if SystemRandom::new().fill(&mut transaction).is_err() {
            return;
        }
        // Nominations may come as fast as anything: requests do not leave faster for it.
        let due = self.asked.map_or(now, |asked| now.max(asked + PROBE_INTERVAL));
        self.probe = Some(Probe { path: nominated, transaction, due, sent: 0 });
    }

    /// Everything that leads here, for the end of the peer.
    pub fn forget(&mut self, routes: &mut Vec<Route>) {
        routes.extend(self.checked.drain(..).map(|checked| Route::Closed(checked.path)));
        routes.extend(self.previous.take().map(|credentials| Route::Forgotten(credentials.ufrag)));
        routes.push(Route::Forgotten(std::mem::take(&mut self.current.ufrag)));
        (self.nominated, self.proved, self.selected, self.probe) = (None, None, None, None);
    }

    fn remember(&mut self, now: Instant, path: Path, routes: &mut Vec<Route>) {
        if let Some(checked) = self.checked.iter_mut().find(|checked| checked.path == path) {
            checked.at = now;
            return;
        }
        let used = [self.selected, self.nominated];
        let in_the_way = |checked: &Checked| {
            !used.contains(&Some(checked.path)) && now.saturating_duration_since(checked.at) > PATH_LIFETIME
        };
        let old: Vec<Checked> = self.checked.extract_if(.., |checked| in_the_way(checked)).collect();
        old.into_iter().for_each(|old| self.close(old.path, routes));
        if self.checked.len() >= MAX_PATHS {
            let oldest = self
                .checked
                .iter()
                .enumerate()
                .filter(|(_, checked)| !used.contains(&Some(checked.path)))
                .min_by_key(|(_, checked)| checked.at)
                .map(|(index, _)| index);
            if let Some(index) = oldest {
                let path = self.checked.swap_remove(index).path;
                self.close(path, routes);
            }
        }
        self.checked.push(Checked { path, at: now });
        routes.push(Route::Opened(path));
    }

    /// `path` is no longer remembered. Its address may still be that of another.
    fn close(&self, path: Path, routes: &mut Vec<Route>) {
        routes.push(Route::Closed(path));
        routes.extend(
            self.checked
                .iter()
                .filter(|checked| checked.path.remote == path.remote)
                .map(|checked| Route::Opened(checked.path)),
        );
    }
}

impl Credentials {
    fn new(local: &LocalTransport, remote: &RemoteTransport) -> Self {
        let key = |password: &Secret<String>| {
            hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.expose().as_bytes())
        };
        Self {
            ufrag: local.ufrag.clone(),
            key: key(&local.pwd),
            remote_ufrag: remote.ufrag.clone(),
            remote_key: key(&remote.pwd),
        }
    }
}

/// Ways that one peer may have shown: wireless, mobile and a tunnel, each with two families, and some that changed.
const MAX_PATHS: usize = 8;

/// Without a check for this long a way that is not in use is forgotten.
const PATH_LIFETIME: Duration = Duration::from_secs(30);

/// Requests to a path that does not answer, and the time after the first of them, which doubles each time: eight seconds.
const PROBES: u32 = 5;
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests;
