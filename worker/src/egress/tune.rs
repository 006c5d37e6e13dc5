//! Sockets of players.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// Sets a player's socket up so that little lies unsent in the kernel: what lies there still reaches a viewer who was
/// blocked a moment ago. The server in front must not hold much more itself (`max_buf_size` of hyper).
///
/// # Errors
/// When the system refuses; the connection works all the same.
pub fn tune(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    limit_unsent(&socket, UNSENT_BYTES)
}

/// As [`tune`], for one long answer at a known rate: the kernel holds 100 ms of it at most. A player that vanished
/// without a word is noticed within a minute, even while nothing is sent to it.
///
/// # Errors
/// As [`tune`].
pub fn hold_little(stream: &TcpStream, bitrate_bps: u64) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(ALIVE_TIME).with_interval(ALIVE_INTERVAL))?;
    let tenth_of_a_second = u32::try_from(bitrate_bps / 80).unwrap_or(UNSENT_BYTES);
    let bytes = if bitrate_bps == 0 { UNSENT_BYTES } else { tenth_of_a_second.clamp(LEAST_UNSENT_BYTES, UNSENT_BYTES) };
    limit_unsent(&socket, bytes)
}

#[cfg(target_os = "linux")]
fn limit_unsent(socket: &SockRef<'_>, bytes: u32) -> io::Result<()> {
    socket.set_tcp_notsent_lowat(bytes)
}

#[cfg(not(target_os = "linux"))]
fn limit_unsent(_: &SockRef<'_>, _: u32) -> io::Result<()> {
    Ok(())
}

/// 65 ms of media at 2 Mbit/s.
const UNSENT_BYTES: u32 = 16 * 1024;
/// A kernel that may hold less than a packet or two is woken for each.
const LEAST_UNSENT_BYTES: u32 = 4 * 1024;
/// A connection that has been silent for this long is asked whether it lives, and again after each interval.
const ALIVE_TIME: Duration = Duration::from_secs(20);
const ALIVE_INTERVAL: Duration = Duration::from_secs(5);
