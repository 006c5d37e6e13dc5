//! ICE-TCP, passive (RFC 6544): peers connect to the number of the UDP port, and what would be datagrams comes in frames
//! (RFC 4571).
//!
//! A connection that has not shown a check of one of our peers is a stranger's: there are few of them, few from one
//! address, and none for long. Media that a connection does not take is dropped.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use dashmap::DashMap;
use parking_lot::Mutex;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::Shared;
use super::routes::Target;
use crate::egress::tune;
use crate::webrtc::batch::{Path, Way};
use crate::webrtc::stun::BindingRequest;

#[derive(Default)]
pub(super) struct Tcp {
    connections: DashMap<u64, Connection>,
    next: AtomicU64,
    strangers: Mutex<HashMap<IpAddr, usize>>,
}

struct Connection {
    frames: mpsc::Sender<Frames>,
    /// The number of the next frames.
    next: AtomicU64,
    /// Media before this number is not written any more.
    thrown_away: Arc<AtomicU64>,
    /// Bytes in there.
    waiting: Arc<AtomicUsize>,
    /// A check has come from it.
    admitted: CancellationToken,
    closed: CancellationToken,
}

/// What leaves together, framed.
struct Frames {
    number: u64,
    bytes: Bytes,
}

impl Tcp {
    /// Sends `bytes` as frames of `segment`. False when too much waits; nothing is sent then.
    pub fn send(&self, connection: u64, bytes: &[u8], segment: usize) -> bool {
        let Some(connection) = self.connections.get(&connection) else { return true };
        let framed = bytes.len() + 2 * bytes.len().div_ceil(segment.max(1));
        if connection.waiting.load(Ordering::Relaxed) + framed > MAX_WAITING {
            return false;
        }
        let mut frames = BytesMut::with_capacity(framed);
        for datagram in bytes.chunks(segment.max(1)) {
            let Ok(length) = u16::try_from(datagram.len()) else { continue };
            frames.extend_from_slice(&length.to_be_bytes());
            frames.extend_from_slice(datagram);
        }
        connection.waiting.fetch_add(frames.len(), Ordering::Relaxed);
        let len = frames.len();
        let number = connection.next.fetch_add(1, Ordering::Relaxed);
        let sent = connection.frames.try_send(Frames { number, bytes: frames.freeze() }).is_ok();
        if !sent {
            connection.waiting.fetch_sub(len, Ordering::Relaxed);
        }
        sent
    }

    /// Media that waits is not written any more, but for what is half written.
    pub fn throw_away(&self, connection: u64) {
        if let Some(connection) = self.connections.get(&connection) {
            connection.thrown_away.store(connection.next.load(Ordering::Relaxed), Ordering::Release);
        }
    }

    /// A peer has shown that it is behind the connection.
    pub fn admit(&self, connection: u64) {
        if let Some(connection) = self.connections.get(&connection) {
            connection.admitted.cancel();
        }
    }

    /// The peer does not need the connection any more. A goodbye that waits is still written, media is not.
    pub fn close(&self, connection: u64) {
        if let Some((_, connection)) = self.connections.remove(&connection) {
            connection.thrown_away.store(u64::MAX, Ordering::Release);
            connection.closed.cancel();
        }
    }

    /// Of all connections.
    #[cfg(test)]
    pub fn waiting_bytes(&self) -> usize {
        self.connections.iter().map(|connection| connection.waiting.load(Ordering::Relaxed)).sum()
    }

    #[cfg(test)]
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }
}

pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Accepts until the endpoint stops.
pub(super) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => {
                if let Some(stranger) = Stranger::count(&shared, remote.ip()) {
                    let shared = Arc::clone(&shared);
                    tokio::spawn(async move { serve(&shared, stream, remote, stranger).await });
                }
            }
            Err(error) => {
                // Out of descriptors, mostly: others have to close some.
                debug!(error = %error, "an ICE connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One of the connections that nobody knows yet.
struct Stranger {
    shared: Arc<Shared>,
    ip: IpAddr,
}

impl Stranger {
    fn count(shared: &Arc<Shared>, ip: IpAddr) -> Option<Self> {
        let mut strangers = shared.tcp.strangers.lock();
        let total: usize = strangers.values().sum();
        let of_address = strangers.get(&ip).copied().unwrap_or_default();
        if total >= MAX_STRANGERS || of_address >= MAX_STRANGERS_OF_ADDRESS {
            return None;
        }
        strangers.insert(ip, of_address + 1);
        Some(Self { shared: Arc::clone(shared), ip })
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut strangers = self.shared.tcp.strangers.lock();
        if let Some(count) = strangers.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                strangers.remove(&self.ip);
            }
        }
    }
}

async fn serve(shared: &Arc<Shared>, stream: TcpStream, remote: SocketAddr, stranger: Stranger) {
    // Little may lie in the kernel: it reaches a viewer who was blocked a moment ago.
    if stream.set_nodelay(true).is_err() || tune(&stream).is_err() {
        return;
    }
    let id = shared.tcp.next.fetch_add(1, Ordering::Relaxed);
    let (frames, waiting_frames) = mpsc::channel(MAX_WAITING_FRAMES);
    let (waiting, thrown_away) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
    let (admitted, closed) = (CancellationToken::new(), CancellationToken::new());
    let (read, write) = stream.into_split();
    shared.tcp.connections.insert(
        id,
        Connection {
            frames,
            next: AtomicU64::new(0),
            thrown_away: Arc::clone(&thrown_away),
            waiting: Arc::clone(&waiting),
            admitted: admitted.clone(),
            closed: closed.clone(),
        },
    );
    tokio::spawn(write_frames(write, waiting_frames, waiting, thrown_away));
    let mut reader = Reader {
        stream: read,
        buffer: BytesMut::with_capacity(READ_BYTES),
        path: Path { remote, way: Way::Tcp { connection: id } },
        target: None,
        admitted,
        stranger: Some(stranger),
    };
    tokio::select! {
        () = closed.cancelled() => {}
        () = shared.stop.cancelled() => {}
        _ = reader.run(shared) => {}
    }
    // With its sender the writer ends.
    shared.tcp.close(id);
}

struct Reader {
    stream: OwnedReadHalf,
    buffer: BytesMut,
    path: Path,
    /// Whom the last check was for.
    target: Option<Target>,
    admitted: CancellationToken,
    stranger: Option<Stranger>,
}

impl Reader {
    /// Reads frames until the peer closes, says something wrong, or says nothing.
    async fn run(&mut self, shared: &Shared) -> io::Result<()> {
        let known_by = tokio::time::Instant::now() + STRANGER_TIMEOUT;
        loop {
            while let Some(frame) = self.next_frame()? {
                self.deliver(shared, &frame)?;
            }
            if self.admitted.is_cancelled() {
                self.stranger = None;
            }
            let is_stranger = self.stranger.is_some();
            let until = if is_stranger { known_by } else { tokio::time::Instant::now() + IDLE_TIMEOUT };
            self.buffer.reserve(READ_BYTES);
            tokio::select! {
                () = self.admitted.cancelled(), if is_stranger => {}
                read = timeout_at(until, self.stream.read_buf(&mut self.buffer)) => if read?? == 0 {
                    return Ok(());
                },
            }
        }
    }

    /// The next whole frame; empty ones keep a connection alive, and are passed over.
    fn next_frame(&mut self) -> io::Result<Option<Bytes>> {
        while let Some(length) = self.buffer.first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            if length > MAX_FRAME {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.buffer.len() < 2 + length {
                return Ok(None);
            }
            self.buffer.advance(2);
            if length > 0 {
                return Ok(Some(self.buffer.split_to(length).freeze()));
            }
        }
        Ok(None)
    }

    fn deliver(&mut self, shared: &Shared, frame: &[u8]) -> io::Result<()> {
        if let Some(request) = BindingRequest::read(frame) {
            self.target = shared.routes.by_ufrag(request.receiver);
        }
        // Whoever begins with anything else than a check for one of our peers is not one.
        let Some(Target { shard, peer }) = self.target else { return Err(io::ErrorKind::InvalidData.into()) };
        if let Some(inbox) = shared.inboxes.get(shard) {
            inbox.deliver(peer, self.path, Instant::now(), frame);
        }
        Ok(())
    }
}

/// Writes one frame after the other. Between two of them media may turn out not to be wanted any more.
async fn write_frames(
    mut stream: OwnedWriteHalf,
    mut waiting_frames: mpsc::Receiver<Frames>,
    waiting: Arc<AtomicUsize>,
    thrown_away: Arc<AtomicU64>,
) {
    while let Some(Frames { number, bytes }) = waiting_frames.recv().await {
        let mut rest = &bytes[..];
        while let Some(&[l0, l1]) = rest.first_chunk::<2>() {
            let (frame, behind) = rest.split_at((2 + usize::from(u16::from_be_bytes([l0, l1]))).min(rest.len()));
            if number < thrown_away.load(Ordering::Acquire) && frame.get(2..).is_some_and(is_media) {
                rest = behind;
                continue;
            }
            if !matches!(timeout(WRITE_TIMEOUT, stream.write_all(frame)).await, Ok(Ok(()))) {
                return;
            }
            rest = behind;
        }
        waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
    }
}

/// RTP (RFC 7983 §7), not the reports beside it (RFC 5761 §4).
fn is_media(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, kind, ..] if !(192..=223).contains(kind))
}

const BACKLOG: i32 = 256;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that have shown nothing, altogether and from one address.
const MAX_STRANGERS: usize = 256;
const MAX_STRANGERS_OF_ADDRESS: usize = 16;

/// From the connection to a check that one of our peers has answered.
const STRANGER_TIMEOUT: Duration = Duration::from_secs(5);

/// Longer than a peer lives without a sign.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A peer that takes nothing for this long will not catch up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// What may wait for a connection: half a second at 4 Mbit/s.
const MAX_WAITING: usize = 256 * 1024;
const MAX_WAITING_FRAMES: usize = 1_024;

/// Larger than any datagram that fits a network.
const MAX_FRAME: usize = 2_048;

const READ_BYTES: usize = 4 * 1024;
