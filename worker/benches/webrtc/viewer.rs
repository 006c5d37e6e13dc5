//! A viewer: it counts what comes, and says what browsers say.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;

use crate::Outcome;
use crate::clip;
use crate::dtls::Identity;
use crate::feedback::{Arrivals, Source, receiver_report};
use crate::http::Address;
use crate::peer::{Part, Peer, TRANSPORT_CC};

/// What a viewer has seen, for whoever looks.
#[derive(Default)]
pub struct Figures {
    packets: AtomicU64,
    bytes: AtomicU64,
    lost: AtomicU64,
    /// When the last one came, in microseconds since 1970.
    last_packet_us: AtomicU64,
    /// From its offer to its first picture's first packet, in microseconds; 0 before.
    first_frame_us: AtomicU64,
    began_elsewhere: AtomicBool,
    has_failed: AtomicBool,
    /// Connections over which pictures came.
    plays: AtomicU64,
}

pub struct Viewer {
    peer: Peer,
    begun: Instant,
    figures: Arc<Figures>,
    sources: Vec<Source>,
    video: Option<u32>,
    arrivals: Arrivals,
}

/// From when stamps count, and where delays go, in milliseconds.
pub type Delays = (Instant, mpsc::UnboundedSender<f64>);

impl Viewer {
    pub async fn connect(whep: &Address, identity: &Identity, figures: Arc<Figures>) -> Outcome<Self> {
        let begun = Instant::now();
        let peer = Peer::connect(whep, identity, Part::Watches).await?;
        Ok(Self { peer, begun, figures, sources: Vec::new(), video: None, arrivals: Arrivals::default() })
    }

    /// Watches until the connection ends, or nothing has come for as long as `patience`.
    pub async fn play(mut self, delays: Option<Delays>, patience: Option<Duration>) -> Outcome<()> {
        for (at, packet) in std::mem::take(&mut self.peer.early) {
            self.take(at, &packet, delays.as_ref());
        }
        let mut buffer = [0; 2_048];
        let mut ticks: u64 = 0;
        let mut last = Instant::now();
        let mut timer = tokio::time::interval(TICK);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ready = self.peer.readable() => ready?,
                _ = timer.tick() => {
                    ticks += 1;
                    self.speak(ticks)?;
                    if patience.is_some_and(|patience| last.elapsed() > patience) {
                        return Err("nothing came for a while".into());
                    }
                }
            }
            while let Some(length) = self.peer.read(&mut buffer) {
                let datagram = buffer.get(..length).unwrap_or_default();
                match datagram.first() {
                    Some(&ALERT) => return Err("the server has closed the connection".into()),
                    // A late repetition of the handshake.
                    Some(20..=63) => continue,
                    _ => {}
                }
                last = Instant::now();
                self.take(last, datagram, delays.as_ref());
            }
        }
    }

    fn take(&mut self, at: Instant, datagram: &[u8], delays: Option<&Delays>) {
        let (Some(&[_, kind, s0, s1]), Some(ssrc)) = (datagram.first_chunk::<4>(), read_u32(datagram, 8)) else {
            return;
        };
        if (192..=223).contains(&kind) {
            return self.report(at, datagram);
        }
        self.figures.packets.fetch_add(1, Ordering::Relaxed);
        self.figures.bytes.fetch_add(datagram.len() as u64, Ordering::Relaxed);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.figures.last_packet_us.store(since.as_micros() as u64, Ordering::Relaxed);
        if let Some(number) = transport_wide(datagram) {
            self.arrivals.note(number, at);
        }
        let sequence = u16::from_be_bytes([s0, s1]);
        let source = match self.sources.iter().position(|source| source.ssrc == ssrc) {
            Some(index) => self.sources.get_mut(index),
            None => {
                self.sources.push(Source::new(ssrc, sequence));
                self.sources.last_mut()
            }
        };
        if let Some(source) = source {
            source.take(sequence);
        }
        let is_video = kind & 0x7F != crate::peer::AUDIO;
        if is_video && self.video.is_none() {
            self.video = Some(ssrc);
            self.figures.plays.fetch_add(1, Ordering::Relaxed);
            let took = self.begun.elapsed().as_micros() as u64;
            self.figures.first_frame_us.store(took.max(1), Ordering::Relaxed);
            let is_key = self.clear(datagram).is_some_and(|payload| clip::begins_key_frame(&payload));
            self.figures.began_elsewhere.store(!is_key, Ordering::Relaxed);
        } else if is_video
            && kind & 0x80 != 0
            && let Some((start, delays)) = delays
            && let Some(sent) = self.clear(datagram).and_then(|payload| clip::stamp_of(&payload))
        {
            let delay = at.saturating_duration_since(*start).saturating_sub(sent);
            let _ = delays.send(delay.as_secs_f64() * 1_000.0);
        }
    }

    /// The payload of a packet.
    fn clear(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let packet = self.peer.contexts.incoming.decrypt_rtp(datagram).ok()?;
        packet.get(header_bytes(&packet)?..).map(<[u8]>::to_vec)
    }

    /// Takes a sender report.
    fn report(&mut self, at: Instant, datagram: &[u8]) {
        let Ok(compound) = self.peer.contexts.incoming.decrypt_rtcp(datagram) else { return };
        let (Some(200), Some(ssrc), Some(middle)) =
            (compound.get(1), read_u32(&compound, 4), compound.get(10..14).and_then(|bytes| read_u32(bytes, 0)))
        else {
            return;
        };
        if let Some(source) = self.sources.iter_mut().find(|source| source.ssrc == ssrc) {
            source.reported(middle, at);
        }
    }

    /// Says what is due.
    fn speak(&mut self, ticks: u64) -> Outcome<()> {
        if ticks.is_multiple_of(TICKS_OF_A_CHECK) {
            self.peer.check()?;
        }
        if let Some(feedback) = self.arrivals.feedback(self.video.unwrap_or_default(), self.begun) {
            self.say(&feedback);
        }
        if ticks.is_multiple_of(TICKS_OF_A_REPORT) && !self.sources.is_empty() {
            let report = receiver_report(&self.sources, Instant::now());
            self.say(&report);
            let lost = self.sources.iter().map(Source::lost).sum();
            self.figures.lost.store(lost, Ordering::Relaxed);
        }
        Ok(())
    }

    fn say(&mut self, compound: &[u8]) {
        if let Ok(datagram) = self.peer.contexts.outgoing.encrypt_rtcp(compound) {
            self.peer.send(&datagram);
        }
    }
}

impl Figures {
    pub fn fail(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
    }

    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    pub fn began_elsewhere(&self) -> bool {
        self.began_elsewhere.load(Ordering::Relaxed)
    }

    pub fn packets(&self) -> u64 {
        self.packets.load(Ordering::Relaxed)
    }

    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub fn last_packet_ms(&self) -> f64 {
        self.last_packet_us.load(Ordering::Relaxed) as f64 / 1_000.0
    }

    pub fn plays(&self) -> u64 {
        self.plays.load(Ordering::Relaxed)
    }

    pub fn first_frame_ms(&self) -> Option<f64> {
        let micros = self.first_frame_us.load(Ordering::Relaxed);
        (micros > 0).then_some(micros as f64 / 1_000.0)
    }
}

/// Length of an RTP header (RFC 3550 §5.1).
fn header_bytes(packet: &[u8]) -> Option<usize> {
    let first = packet.first()?;
    let fixed = 12 + usize::from(first & 0x0F) * 4;
    if first & 0x10 == 0 {
        return Some(fixed);
    }
    let words = packet.get(fixed + 2..fixed + 4)?;
    Some(fixed + 4 + usize::from(u16::from_be_bytes(words.try_into().ok()?)) * 4)
}

/// The transport-wide number, which the server writes first.
fn transport_wide(packet: &[u8]) -> Option<u16> {
    if packet.first()? & 0x10 == 0 || packet.get(16)? >> 4 != TRANSPORT_CC {
        return None;
    }
    Some(u16::from_be_bytes(packet.get(17..19)?.try_into().ok()?))
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// What a DTLS record of this type says here is close_notify (RFC 6347 §4.3.1).
const ALERT: u8 = 21;

/// As often as browsers send feedback.
const TICK: Duration = Duration::from_millis(100);
const TICKS_OF_A_REPORT: u64 = 10;
const TICKS_OF_A_CHECK: u64 = 25;
