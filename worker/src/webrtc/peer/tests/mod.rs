//! One peer and a browser, on a network without loss and a clock of our own.

mod addresses;
mod channels;
mod ends;
mod media;
mod strangers;

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::Bytes;
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use sluice_contract::Secret;

use super::*;
use crate::webrtc::batch::Way;
use crate::webrtc::engine::{Candidate, Transport};
use crate::webrtc::stun::testing::Check as StunCheck;
use crate::webrtc::testing::{
    AUDIO_PAYLOAD, BROWSER_AUDIO, BROWSER_VIDEO, Browser, BrowserSetup, Heard, Memory, OUR_AUDIO, OUR_VIDEO, Offers,
    STEP, VIDEO_PAYLOAD,
};

const OURS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10)), 5_000);

/// A browser and a peer of ours on a network that loses nothing, and a clock that moves when it is told to.
struct World {
    now: Instant,
    browser: Browser,
    peer: Peer,
    memory: Memory,
    batch: Batch,
    local: LocalTransport,
    remote: RemoteTransport,
    /// Datagrams of the browser since the beginning, for those who replay them.
    seen: Vec<Vec<u8>>,
    /// Where ours went.
    sent_to: Vec<SocketAddr>,
    routes: Vec<Route>,
    browser_is_away: bool,
}

fn identity() -> Arc<Identity> {
    static IDENTITY: std::sync::OnceLock<Arc<Identity>> = std::sync::OnceLock::new();
    Arc::clone(IDENTITY.get_or_init(|| Arc::new(Identity::generate().unwrap())))
}

fn local(name: &str) -> LocalTransport {
    LocalTransport {
        ufrag: format!("ours{name}"),
        pwd: Secret::new(format!("a-password-of-ours-{name}")),
        fingerprint: identity().fingerprint,
        candidates: Arc::new([Candidate { transport: Transport::Udp, address: OURS, priority: 2_130_706_431 }]),
    }
}

fn path(remote: SocketAddr) -> Path {
    Path { remote, way: Way::Udp { local: None } }
}

impl World {
    fn new(setup: BrowserSetup) -> Self {
        Self::with(setup, |_| {})
    }

    /// `change` may spoil what we know of the browser.
    fn with(setup: BrowserSetup, change: impl FnOnce(&mut RemoteTransport)) -> Self {
        let now = Instant::now();
        let local = local("");
        let (browser, mut remote) = Browser::connect(now, &setup, &local);
        change(&mut remote);
        let memory = Memory::default();
        let peer = Peer::new(now, identity(), &local, &remote, memory.driver());
        Self {
            now,
            browser,
            peer,
            memory,
            batch: Batch::new(64),
            local,
            remote,
            seen: Vec::new(),
            sent_to: Vec::new(),
            routes: Vec::new(),
            browser_is_away: false,
        }
    }

    fn connected(setup: BrowserSetup) -> Self {
        let mut world = Self::new(setup);
        world.run_until("connected", |world| {
            world.memory.has_heard(&Heard::Connected) && world.browser.page.is_connected
        });
        world
    }

    fn step(&mut self) {
        self.now += STEP;
        let mut to_browser: VecDeque<(SocketAddr, Vec<u8>)> = VecDeque::new();
        self.batch.drain(|run, bytes| {
            for datagram in bytes.chunks(run.segment) {
                to_browser.push_back((run.path.remote, datagram.to_vec()));
            }
        });
        for (to, datagram) in to_browser {
            self.sent_to.push(to);
            if to == self.browser.address && !self.browser_is_away {
                self.browser.take(self.now, OURS, &datagram);
            }
        }
        self.browser.time(self.now);
        for (to, datagram) in self.browser.outgoing() {
            if to == OURS && !self.browser_is_away {
                self.seen.push(datagram.clone());
                self.peer.datagram(self.now, path(self.browser.address), &datagram, &mut self.batch);
            }
        }
        if self.peer.next_time().is_some_and(|at| at <= self.now) {
            self.peer.time(self.now, &mut self.batch);
        }
        self.routes.extend(self.peer.take_changes().routes);
    }

    fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    fn run_until(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let end = self.now + Duration::from_secs(30);
        while !is_so(self) {
            assert!(self.now < end, "never {what}: {:?} {:?}", self.memory.heard(), self.browser.page);
            self.step();
        }
    }

    fn act(&mut self, act: impl FnOnce(&mut dyn Outlet) + Send + 'static) {
        self.memory.act(act);
        self.peer.wake(self.now, &mut self.batch);
    }

    fn from(&mut self, address: SocketAddr, datagram: &[u8]) {
        self.peer.datagram(self.now, path(address), datagram, &mut self.batch);
    }

    fn check(&self) -> StunCheck {
        StunCheck::new(&self.local, &self.remote)
    }
}

fn video(sequence: u16, body: &'static [u8]) -> OutgoingRtp<'static> {
    OutgoingRtp {
        payload_type: VIDEO_PAYLOAD,
        ssrc: OUR_VIDEO,
        sequence,
        timestamp: 90_000,
        marker: true,
        extensions: &[],
        head: b"head and ",
        body,
    }
}

fn stranger() -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 66], 6_666))
}
