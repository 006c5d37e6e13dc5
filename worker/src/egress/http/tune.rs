//! Sockets of players.

use std::io;

use socket2::SockRef;
use tokio::net::TcpStream;

/// Sets a player's socket up so that little lies unsent in the kernel: what lies there still reaches a viewer who was
/// blocked a moment ago. The server in front must not hold much more itself (`max_buf_size` of hyper).
///
/// # Errors
/// When the system refuses; the connection works all the same.
pub fn tune(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    Ok(())
}

/// 65 ms of media at 2 Mbit/s.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 16 * 1024;
