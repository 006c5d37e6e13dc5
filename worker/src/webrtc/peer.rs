//! One peer, without sockets or a clock: datagrams and moments in, datagrams and calls of its [`Driver`] out.
//!
//! ```text
//! datagram ─► STUN ─► ice ─► answer, selected path
//!          ├► DTLS ─► dtls ─► keys, SCTP ─► channels ─► driver
//!          └► SRTP ─► srtp ─► driver                     (RFC 7983)
//! ```
//!
//! Only STUN is taken from anywhere. Everything else must come from an address that a check of the peer has come from,
//! so that nobody else can begin its handshake or make us decrypt. Media leaves to the selected path alone, which the peer
//! wants and has proved to be behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch::{Batch, Path};
use super::channel::{ChannelEvent, Channels};
use super::dtls::{Dtls, DtlsEvent, Identity};
use super::engine::{
    Driver, DtlsRole, LocalTransport, Message, OutgoingRtp, Outlet, PeerEnd, RemoteTransport, Sent, WakeGroup,
};
use super::ice::{Check, Ice, Route};
use super::srtp::{Srtp, read_rtp};
use super::stun::{BindingRequest, BindingResponse};

pub(crate) struct Peer {
    driver: Box<dyn Driver>,
    link: Link,
}

/// Everything of a peer but its driver.
struct Link {
    ice: Ice,
    dtls: Dtls,
    identity: Arc<Identity>,
    srtp: Option<Srtp>,
    channels: Option<Channels>,
    /// Our role in DTLS.
    is_client: bool,
    has_channels: bool,
    stage: Stage,
    changes: Changes,
    /// Where DTLS is answered before the peer has nominated a path.
    handshake_path: Option<Path>,
    handshake_went: Went,
    ending: Option<PeerEnd>,
}

/// Where our part of the handshake went. Who ends the handshake has read it, and so is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    Nowhere,
    To(Path),
    /// To more than one path, which proves none of them.
    Apart,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// ICE or DTLS is not there yet.
    Connecting {
        until: Instant,
    },
    /// `seen`: when something authentic last came that says that the peer is there.
    Connected {
        seen: Instant,
        is_quiet: bool,
    },
    Ended,
}

/// What the peer's surroundings have to do about a call.
#[derive(Default)]
pub(crate) struct Changes {
    pub routes: Vec<Route>,
    pub groups: Vec<GroupChange>,
}

pub(crate) enum GroupChange {
    Joined(Arc<dyn WakeGroup>),
    Left(Arc<dyn WakeGroup>),
}

impl Peer {
    pub fn new(
        now: Instant,
        identity: Arc<Identity>,
        local: &LocalTransport,
        remote: &RemoteTransport,
        driver: Box<dyn Driver>,
    ) -> Self {
        let link = Link {
            ice: Ice::new(local, remote),
            dtls: Dtls::new(Arc::clone(&identity), remote.role, remote.fingerprint),
            identity,
            srtp: None,
            channels: None,
            is_client: remote.role == DtlsRole::Server,
            has_channels: remote.has_channels,
            stage: Stage::Connecting { until: now + CONNECT_TIMEOUT },
            changes: Changes::default(),
            handshake_path: None,
            handshake_went: Went::Nowhere,
            ending: None,
        };
        Self { driver, link }
    }

    /// Takes a datagram that came on `path`.
    pub fn datagram(&mut self, now: Instant, path: Path, datagram: &[u8], batch: &mut Batch) {
        if self.has_ended() {
            return;
        }
        match datagram.first() {
            Some(0..=3) => self.stun(now, path, datagram, batch),
            Some(20..=63) if self.link.ice.is_checked(&path) => {
                self.link.handshake_path = Some(path);
                let mut events = Vec::new();
                self.link.dtls.read(now, datagram, &mut events);
                self.dtls(now, events, batch);
            }
            Some(128..=191) if self.link.ice.is_checked(&path) => self.srtp(now, path, datagram, batch),
            _ => {}
        }
        self.settle(now, batch);
    }

    /// Somebody wants the driver woken.
    pub fn wake(&mut self, now: Instant, batch: &mut Batch) {
        if !self.has_ended() {
            self.drive(now, batch, |driver, outlet| driver.wake(outlet));
            self.settle(now, batch);
        }
    }

    /// When [`time`](Self::time) is to be called. It may be called earlier.
    pub fn next_time(&self) -> Option<Instant> {
        let link = &self.link;
        let own = match link.stage {
            Stage::Ended => return None,
            Stage::Connecting { until } => until,
            Stage::Connected { seen, is_quiet: false } => seen + QUIET_AFTER,
            Stage::Connected { seen, is_quiet: true } => seen + GONE_AFTER,
        };
        let channels = link.channels.as_ref().and_then(Channels::next_time);
        [link.dtls.next_time(), link.ice.next_time(), channels, self.driver.next_time()]
            .into_iter()
            .flatten()
            .chain([own])
            .min()
    }

    pub fn time(&mut self, now: Instant, batch: &mut Batch) {
        if self.has_ended() {
            return;
        }
        match &mut self.link.stage {
            Stage::Connecting { until } if *until <= now => self.link.ending = Some(PeerEnd::TimedOut),
            Stage::Connected { seen, .. } if *seen + GONE_AFTER <= now => self.link.ending = Some(PeerEnd::TimedOut),
            Stage::Connected { seen, is_quiet } if !*is_quiet && *seen + QUIET_AFTER <= now => {
                *is_quiet = true;
                self.driver.disconnected();
            }
            _ => {}
        }
        let mut request = Vec::new();
        if let Some(path) = self.link.ice.time(now, &mut request) {
            batch.add(path, |out| {
                out.append(&mut request);
                true
            });
        }
        let mut events = Vec::new();
        self.link.dtls.time(now, &mut events);
        self.dtls(now, events, batch);
        let mut events = Vec::new();
        if let Some(channels) = &mut self.link.channels {
            channels.time(now, &mut events);
        }
        self.channels(now, events, batch);
        if self.link.ending.is_none() && self.driver.next_time().is_some_and(|at| at <= now) {
            self.drive(now, batch, |driver, outlet| driver.time(outlet));
        }
        self.settle(now, batch);
    }

    /// An ICE restart. DTLS goes on: the description of a restart has the same fingerprint (RFC 8842 §4).
    pub fn restart(&mut self, local: &LocalTransport, remote: &RemoteTransport) {
        if !self.has_ended() {
            self.link.ice.restart(local, remote, &mut self.link.changes.routes);
        }
    }

    /// Says goodbye; the driver hears of it before this returns. Does nothing the second time.
    pub fn close(&mut self, now: Instant, why: PeerEnd, batch: &mut Batch) {
        if !self.has_ended() {
            self.link.ending.get_or_insert(why);
            self.settle(now, batch);
        }
    }

    /// Where its media may lie: every way that was checked, since it may have changed from one to another.
    pub fn paths(&self) -> impl Iterator<Item = Path> {
        self.link.ice.checked()
    }

    /// Media that was sent before may not reach it any more.
    pub fn fence(&mut self) -> bool {
        self.driver.fence()
    }

    pub fn has_ended(&self) -> bool {
        matches!(self.link.stage, Stage::Ended)
    }

    /// Whether a datagram may cost us a key exchange.
    pub fn is_shaking_hands(&self) -> bool {
        !self.link.dtls.is_established()
    }

    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.link.changes)
    }

    fn stun(&mut self, now: Instant, path: Path, datagram: &[u8], batch: &mut Batch) {
        let link = &mut self.link;
        if let Some(response) = BindingResponse::read(datagram) {
            if link.ice.answered(path, &response) {
                link.is_seen(now);
                self.connect(now, batch);
            }
            return;
        }
        let Some(request) = BindingRequest::read(datagram) else { return };
        let mut check = Check::Refused;
        batch.add(path, |out| {
            check = link.ice.check(now, path, &request, &mut link.changes.routes, out);
            check != Check::Refused
        });
        match check {
            Check::Refused | Check::Answered => {}
            Check::Confirmed => self.link.is_seen(now),
            Check::Nominated => {
                if self.link.ice.selected() == Some(path) {
                    self.link.is_seen(now);
                }
                let mut events = Vec::new();
                self.link.dtls.start(now, &mut events);
                self.dtls(now, events, batch);
                self.connect(now, batch);
            }
        }
    }

    fn srtp(&mut self, now: Instant, path: Path, datagram: &[u8], batch: &mut Batch) {
        let Some(srtp) = &mut self.link.srtp else { return };
        // RFC 5761 §4.
        let is_rtcp = datagram.get(1).is_some_and(|kind| (192..=223).contains(kind));
        let packet = if is_rtcp { srtp.unprotect_rtcp(datagram) } else { srtp.unprotect_rtp(datagram) };
        let Some(packet) = packet else { return };
        if self.link.ice.selected() == Some(path) {
            self.link.is_seen(now);
        }
        if !matches!(self.link.stage, Stage::Connected { .. }) {
            return;
        }
        if is_rtcp {
            self.drive(now, batch, |driver, outlet| driver.rtcp(&packet, outlet));
        } else if let Some(received) = read_rtp(&packet, now, datagram.len()) {
            self.drive(now, batch, |driver, outlet| driver.rtp(&received, outlet));
        }
    }

    fn dtls(&mut self, now: Instant, events: Vec<DtlsEvent>, batch: &mut Batch) {
        for event in events {
            match event {
                DtlsEvent::Established(keys) => {
                    match Srtp::new(keys, Arc::clone(&self.link.identity.provider)) {
                        Ok(srtp) => self.link.srtp = Some(srtp),
                        Err(_) => self.link.ending = Some(PeerEnd::Handshake),
                    }
                    let path = match self.link.handshake_went {
                        Went::To(path) => Some(path),
                        Went::Nowhere | Went::Apart => None,
                    };
                    self.link.ice.shook_hands(now, path);
                    self.link.channels = self.link.has_channels.then(|| Channels::new(now, self.link.is_client));
                    self.connect(now, batch);
                }
                DtlsEvent::Data(packet) => {
                    let mut events = Vec::new();
                    if let Some(channels) = &mut self.link.channels {
                        channels.read(now, packet.freeze(), &mut events);
                    }
                    self.channels(now, events, batch);
                }
                DtlsEvent::Closed => self.link.ending = Some(PeerEnd::Remote),
                DtlsEvent::Failed => {
                    let was_up = self.link.srtp.is_some();
                    self.link.ending = Some(if was_up { PeerEnd::Remote } else { PeerEnd::Handshake });
                }
            }
        }
    }

    fn channels(&mut self, now: Instant, events: Vec<ChannelEvent>, batch: &mut Batch) {
        for event in events {
            self.drive(now, batch, |driver, outlet| match event {
                ChannelEvent::Opened { channel, label } => driver.channel_opened(channel, &label, outlet),
                ChannelEvent::Message { channel, message } => driver.message(channel, message, outlet),
            });
        }
    }

    /// Tells the driver when both ICE and DTLS are up.
    fn connect(&mut self, now: Instant, batch: &mut Batch) {
        let link = &mut self.link;
        if matches!(link.stage, Stage::Connecting { .. }) && link.srtp.is_some() && link.ice.selected().is_some() {
            link.stage = Stage::Connected { seen: now, is_quiet: false };
            self.drive(now, batch, |driver, outlet| driver.connected(outlet));
        }
    }

    fn drive(&mut self, now: Instant, batch: &mut Batch, call: impl FnOnce(&mut dyn Driver, &mut dyn Outlet)) {
        if self.link.ending.is_none() {
            call(&mut *self.driver, &mut Exit { link: &mut self.link, batch, now });
        }
    }

    /// Ends a turn: what DTLS and SCTP have to say leaves, and a peer that is to end does.
    fn settle(&mut self, now: Instant, batch: &mut Batch) {
        self.link.flush(now, batch);
        let Some(why) = self.link.ending else { return };
        if self.has_ended() {
            return;
        }
        self.link.dtls.close(now);
        self.link.flush(now, batch);
        self.link.stage = Stage::Ended;
        self.link.ice.forget(&mut self.link.changes.routes);
        self.driver.closed(why);
    }
}

impl Link {
    fn is_seen(&mut self, now: Instant) {
        if let Stage::Connected { seen, is_quiet } = &mut self.stage {
            *seen = now;
            *is_quiet = false;
        }
    }

    fn is_connected(&self) -> bool {
        self.ending.is_none() && matches!(self.stage, Stage::Connected { .. })
    }

    fn flush(&mut self, now: Instant, batch: &mut Batch) {
        if let Some(channels) = &mut self.channels {
            channels.take_outgoing(now, |packet| self.dtls.write(now, packet));
        }
        let path = self.ice.handshake_path().or(self.handshake_path);
        while let Some(datagram) = self.dtls.take_outgoing() {
            if let Some(path) = path {
                self.handshake_went = match self.handshake_went {
                    Went::Nowhere => Went::To(path),
                    Went::To(before) if before == path => Went::To(path),
                    Went::To(_) | Went::Apart => Went::Apart,
                };
                batch.add(path, |out| {
                    out.extend_from_slice(&datagram);
                    true
                });
            }
        }
    }
}

/// The way out during one call of a driver.
struct Exit<'a> {
    link: &'a mut Link,
    batch: &'a mut Batch,
    now: Instant,
}

impl Exit<'_> {
    fn protect(&mut self, protect: impl FnOnce(&mut Srtp, &mut Vec<u8>) -> bool) -> Sent {
        let (true, Some(srtp), Some(path)) = (self.link.is_connected(), &mut self.link.srtp, self.link.ice.selected())
        else {
            return Sent::NotConnected;
        };
        if self.batch.has_room() && self.batch.add(path, |out| protect(srtp, out)) { Sent::Yes } else { Sent::Full }
    }
}

impl Outlet for Exit<'_> {
    fn now(&self) -> Instant {
        self.now
    }

    fn send_rtp(&mut self, packet: &OutgoingRtp<'_>) -> Sent {
        self.protect(|srtp, out| srtp.protect_rtp(packet, out))
    }

    fn send_rtcp(&mut self, compound: &[u8]) -> Sent {
        self.protect(|srtp, out| srtp.protect_rtcp(compound, out))
    }

    fn open_channel(&mut self, label: &str) {
        if let Some(channels) = &mut self.link.channels {
            channels.open(self.now, label);
        }
    }

    fn send_message(&mut self, channel: u16, message: &Message) -> Sent {
        match &mut self.link.channels {
            Some(channels) if self.link.ending.is_none() => channels.send(self.now, channel, message),
            _ => Sent::NotConnected,
        }
    }

    fn join(&mut self, group: &Arc<dyn WakeGroup>) {
        self.link.changes.groups.push(GroupChange::Joined(Arc::clone(group)));
    }

    fn leave(&mut self, group: &Arc<dyn WakeGroup>) {
        self.link.changes.groups.push(GroupChange::Left(Arc::clone(group)));
    }

    fn close(&mut self) {
        self.link.ending.get_or_insert(PeerEnd::Local);
    }

    fn round_trip(&self) -> Option<Duration> {
        self.link.channels.as_ref().and_then(Channels::round_trip)
    }
}

/// From the peer's description to its first media. A browser that asks its user for a camera has asked before.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Browsers check the path in use every 2.5 seconds, and faster when answers are missing: two are lost after this. Media
/// and reports count as well, as some encoders check at the beginning alone.
const QUIET_AFTER: Duration = Duration::from_secs(5);

/// Half of what RFC 7675 §5.1 allows to send without consent, and longer than a change of networks takes.
const GONE_AFTER: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests;
