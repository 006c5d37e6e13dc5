//! A connection to the server: description, ICE, DTLS. What travels over it then is the business of viewers and
//! publishers.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use tokio::net::UdpSocket;

use crate::Outcome;
use crate::dtls::{Contexts, Identity};
use crate::http::{self, Address};
use crate::stun::Credentials;

pub struct Peer {
    socket: UdpSocket,
    server: SocketAddr,
    credentials: Credentials,
    pub contexts: Contexts,
    /// Media that was quicker than the end of the handshake.
    pub early: Vec<(Instant, Vec<u8>)>,
}

/// What it is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Watches,
    Publishes,
}

impl Peer {
    pub async fn connect(address: &Address, identity: &Identity, part: Part) -> Outcome<Self> {
        let socket = bind()?;
        let number = PEERS.fetch_add(1, Ordering::Relaxed);
        let ours = (format!("load{number:08}"), format!("password-of-load-{number:08}"));
        let answer = http::exchange(address, &offer(&ours, &identity.fingerprint, part)).await?;
        let value = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        let theirs = (value("a=ice-ufrag:").ok_or("no fragment")?, value("a=ice-pwd:").ok_or("no password")?);
        let candidate = answer.lines().find(|line| line.starts_with("a=candidate:") && line.contains(" udp "));
        let mut words = candidate.ok_or("no candidate")?.split(' ').skip(4);
        let server =
            SocketAddr::new(words.next().ok_or("no address")?.parse()?, words.next().ok_or("no port")?.parse()?);
        let credentials = Credentials { ours, theirs };

        let mut buffer = [0; 2_048];
        let mut early = Vec::new();
        let mut handshake = None;
        let until = Instant::now() + PATIENCE;
        loop {
            let now = Instant::now();
            if now > until {
                return Err("no connection".into());
            }
            match &mut handshake {
                None => {
                    socket.send_to(&credentials.check()?, server).await?;
                }
                Some(handshake) => flush(handshake, now, &socket, server).await?,
            }
            let Ok(received) = tokio::time::timeout(RETRY, socket.recv_from(&mut buffer)).await else { continue };
            let (length, _) = received?;
            let (now, datagram) = (Instant::now(), buffer.get(..length).unwrap_or_default());
            match (datagram.first(), &mut handshake) {
                (Some(0..=3), None) => handshake = Some(identity.shake_hands(now)?),
                (Some(0..=3), Some(_)) => {
                    if let Some(answer) = credentials.answer(datagram, server) {
                        socket.send_to(&answer, server).await?;
                    }
                }
                (Some(20..=63), Some(handshake)) => {
                    if let Some(contexts) = handshake.read(now, datagram)? {
                        flush(handshake, now, &socket, server).await?;
                        return Ok(Self { socket, server, credentials, contexts, early });
                    }
                }
                (Some(128..=191), _) => early.push((now, datagram.to_vec())),
                _ => {}
            }
        }
    }

    /// Waits until there may be something to read.
    pub async fn readable(&self) -> Outcome<()> {
        Ok(self.socket.readable().await?)
    }

    /// The next datagram, if one is there. Checks of the server's are answered here.
    pub fn read(&self, buffer: &mut [u8]) -> Option<usize> {
        loop {
            let (length, from) = self.socket.try_recv_from(buffer).ok()?;
            let datagram = buffer.get(..length).unwrap_or_default();
            if !matches!(datagram.first(), Some(0..=3)) {
                return Some(length);
            }
            if let Some(answer) = self.credentials.answer(datagram, from) {
                self.send(&answer);
            }
        }
    }

    /// Sends, or loses it as networks do.
    pub fn send(&self, datagram: &[u8]) {
        let _ = self.socket.try_send_to(datagram, self.server);
    }

    /// Shows that it is still here (RFC 7675).
    pub fn check(&self) -> Outcome<()> {
        self.send(&self.credentials.check()?);
        Ok(())
    }
}

async fn flush(
    handshake: &mut crate::dtls::Handshake,
    now: Instant,
    socket: &UdpSocket,
    server: SocketAddr,
) -> Outcome<()> {
    handshake.time(now)?;
    while let Some(datagram) = handshake.outgoing() {
        socket.send_to(&datagram, server).await?;
    }
    Ok(())
}

fn bind() -> Outcome<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM.nonblocking(), None)?;
    socket.set_recv_buffer_size(RECEIVE_BYTES)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    Ok(UdpSocket::from_std(socket.into())?)
}

/// As browsers offer, as far as it matters here.
fn offer((ufrag, password): &(String, String), fingerprint: &str, part: Part) -> String {
    let direction = if part == Part::Watches { "recvonly" } else { "sendonly" };
    let media = |mid: u8, kind: &str, formats: &str, lines: &str| {
        let source = match part {
            Part::Watches => String::new(),
            Part::Publishes => format!("a=msid:- load{mid}\r\na=ssrc:{} cname:load\r\n", source(kind)),
        };
        format!(
            "m={kind} 9 UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
             a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\na=fingerprint:sha-256 {fingerprint}\r\na=setup:active\r\n\
             a=mid:{mid}\r\n\
             a=extmap:{TRANSPORT_CC} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
             a={direction}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n{lines}{source}"
        )
    };
    let format = |number: u8, profile: &str| {
        format!(
            "a=rtpmap:{number} H264/90000\r\na=rtcp-fb:{number} transport-cc\r\na=rtcp-fb:{number} nack\r\n\
             a=rtcp-fb:{number} nack pli\r\n\
             a=fmtp:{number} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}\r\n"
        )
    };
    // Who publishes has the clip, whose profile is Main.
    let (formats, profiles) = match part {
        Part::Watches => {
            (format!("{VIDEO} 103 104"), format(103, "64001f") + &format(VIDEO, "4d001f") + &format(104, "42e01f"))
        }
        Part::Publishes => (VIDEO.to_string(), format(VIDEO, "4d001f")),
    };
    let sound = format!("a=rtpmap:{AUDIO} opus/48000/2\r\na=rtcp-fb:{AUDIO} transport-cc\r\n");
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n{}{}",
        media(0, "audio", &AUDIO.to_string(), &sound),
        media(1, "video", &formats, &profiles),
    )
}

/// What a publisher's packets are known by.
pub fn source(kind: &str) -> u32 {
    if kind == "video" { 0x1000 } else { 0x1001 }
}

static PEERS: AtomicU64 = AtomicU64::new(0);

pub const VIDEO: u8 = 102;
pub const AUDIO: u8 = 111;

/// The number of the header extension.
pub const TRANSPORT_CC: u8 = 3;

const PATIENCE: Duration = Duration::from_secs(15);
const RETRY: Duration = Duration::from_millis(100);
/// A key frame, while others are read.
const RECEIVE_BYTES: usize = 1 << 20;
