//! The UDP socket: read in batches, written from all shards.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tracing::{debug, error};

use super::Shared;
use super::routes::Target;
use crate::webrtc::batch::{Path, Way};
use crate::webrtc::stun::{BindingRequest, BindingResponse};

pub(super) struct Udp {
    socket: UdpSocket,
    state: UdpSocketState,
}

impl Udp {
    /// An IPv6 socket serves both families.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        // The system may give less; a burst of key frames to many viewers is what the room is for.
        for result in [socket.set_send_buffer_size(BUFFER_BYTES), socket.set_recv_buffer_size(BUFFER_BYTES)] {
            if let Err(error) = result {
                debug!(error = %error, "the socket buffer keeps its size");
            }
        }
        socket.bind(&address.into())?;
        let state = UdpSocketState::new((&socket).into())?;
        Ok(Self { socket: UdpSocket::from_std(socket.into())?, state })
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Datagrams that one call can send.
    pub fn max_segments(&self) -> usize {
        self.state.max_gso_segments().max(1)
    }

    /// Sends `bytes` in datagrams of `segment`. False when the system takes no more now, and nothing was sent.
    pub fn send(&self, remote: SocketAddr, local: Option<IpAddr>, bytes: &[u8], segment: usize) -> bool {
        let segments = bytes.len() > segment;
        let transmit = Transmit {
            destination: remote,
            ecn: None,
            contents: bytes,
            segment_size: segments.then_some(segment),
            src_ip: local,
        };
        // All other errors are those of one destination: to the peer they are loss.
        self.state.send((&self.socket).into(), &transmit).is_ok()
    }
}

/// Reads until the endpoint stops.
pub(super) async fn read(shared: &Shared) {
    let buffer_bytes = MAX_DATAGRAM * shared.udp.state.gro_segments().max(1);
    let mut storage = vec![0_u8; buffer_bytes.min(MAX_RECEIVE) * BATCH_SIZE];
    let mut meta = [RecvMeta::default(); BATCH_SIZE];
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            ready = shared.udp.socket.readable() => if let Err(error) = ready {
                error!(error = %error, "the WebRTC socket cannot be read");
                return;
            },
        }
        let size = storage.len() / BATCH_SIZE;
        let mut buffers: Vec<IoSliceMut<'_>> = storage.chunks_mut(size).map(IoSliceMut::new).collect();
        // As long as there is something, without asking for readiness each time; but let others run as well.
        for _ in 0..READS_IN_A_ROW {
            let received = shared.udp.socket.try_io(Interest::READABLE, || {
                shared.udp.state.recv((&shared.udp.socket).into(), &mut buffers, &mut meta)
            });
            let Ok(count) = received else { break };
            let at = Instant::now();
            for (meta, buffer) in meta.iter().zip(&buffers).take(count) {
                let datagrams = buffer.get(..meta.len).unwrap_or_default();
                for datagram in datagrams.chunks(meta.stride.max(1)) {
                    deliver(shared, meta.addr, meta.dst_ip, at, datagram);
                }
            }
        }
        tokio::task::yield_now().await;
    }
}

/// Brings a datagram to the peer that it is for, if there is one. A check says whom it is for. All else is known by where it
/// comes from, once a check has come from there.
fn deliver(shared: &Shared, remote: SocketAddr, local: Option<IpAddr>, at: Instant, datagram: &[u8]) {
    let bring = |Target { shard, peer }| {
        if let Some(inbox) = shared.inboxes.get(shard) {
            inbox.deliver(peer, Path { remote, way: Way::Udp { local } }, at, datagram);
        }
    };
    match datagram.first() {
        Some(0..=3) if BindingResponse::is_likely(datagram) => {
            shared.routes.by_address(&remote).into_iter().flatten().for_each(bring);
        }
        Some(0..=3) => {
            let target = BindingRequest::read(datagram).and_then(|check| shared.routes.by_ufrag(check.receiver));
            target.into_iter().for_each(bring);
        }
        Some(20..=63 | 128..=191) => shared.routes.by_address(&remote).into_iter().flatten().for_each(bring),
        _ => {}
    }
}

/// Larger ones are cut, and fail their checks then.
const MAX_DATAGRAM: usize = 2_048;

/// One coalesced read has at most this.
const MAX_RECEIVE: usize = 64 * 1024;

const READS_IN_A_ROW: usize = 16;

const BUFFER_BYTES: usize = 4 * 1024 * 1024;
