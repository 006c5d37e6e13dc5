//! One relay connection between two workers that know one another: sealed messages both ways, a sign of life each
//! second, and an end to every wait.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, timeout};

use super::handshake::HandshakeError;
use super::message::Unreadable;
use super::record::{Message, Opener, PART_BYTES, RecordError, Sealer, Tag};
use crate::media::InvalidConfig;
use crate::package::replica::InvalidWindow;

/// Why a relay connection ended before its stream did.
#[derive(Debug, thiserror::Error)]
pub(super) enum RelayError {
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    #[error("the other worker left")]
    Left,
    #[error("the other worker was silent for too long")]
    Silent,
    #[error("the other worker did not take what was sent")]
    Stalled,
    #[error("the other worker could not be reached in time")]
    Unreachable,
    #[error("there is no key yet")]
    NoKey,
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Message(#[from] Unreadable),
    #[error("the other worker said what does not belong here")]
    Unexpected,
    #[error("the window of the other worker was refused: {0}")]
    Window(#[from] InvalidWindow),
    #[error("more objects came than any window holds")]
    TooMuch,
    #[error("a track of the other worker was refused: {0}")]
    Track(#[from] InvalidConfig),
}

/// What we say.
pub(super) struct Sending {
    socket: OwnedWriteHalf,
    sealer: Sealer,
    out: BytesMut,
    last: Instant,
}

impl Sending {
    pub fn new(socket: OwnedWriteHalf, sealer: Sealer) -> Self {
        Self { socket, sealer, out: BytesMut::new(), last: Instant::now() }
    }

    /// Sends a message of any size, in as many records as it takes; returns when the kernel has all but the last few
    /// of them. [`flush`](Self::flush) hands over the rest.
    ///
    /// # Errors
    /// [`RelayError`] when the peer is gone, or takes nothing for [`STALL`].
    pub async fn say(&mut self, tag: Tag, head: &[u8], body: &[u8]) -> Result<(), RelayError> {
        let (mut head, mut rest) = (head, body);
        loop {
            let (part, after) = rest.split_at(rest.len().min(PART_BYTES.saturating_sub(head.len())));
            self.sealer.seal(tag, !after.is_empty(), [head, part], &mut self.out)?;
            if self.out.len() >= HELD_BYTES {
                self.flush().await?;
            }
            if after.is_empty() {
                return Ok(());
            }
            (head, rest) = (&[], after);
        }
    }

    /// Hands everything to the kernel.
    ///
    /// # Errors
    /// As [`say`](Self::say).
    pub async fn flush(&mut self) -> Result<(), RelayError> {
        while !self.out.is_empty() {
            match timeout(STALL, self.socket.write_buf(&mut self.out)).await {
                Err(_) => return Err(RelayError::Stalled),
                Ok(Ok(0)) => return Err(RelayError::Left),
                Ok(written) => written?,
            };
            self.last = Instant::now();
        }
        Ok(())
    }

    /// When a sign of life is due, if nothing is said before.
    pub fn beat_at(&self) -> Instant {
        self.last + BEAT
    }

    /// # Errors
    /// As [`say`](Self::say).
    pub async fn beat(&mut self) -> Result<(), RelayError> {
        self.say(Tag::Beat, &[], &[]).await?;
        self.flush().await
    }

    /// The last word: it arrives before the connection ends.
    pub async fn close(mut self) {
        if self.flush().await.is_ok() {
            let _ = timeout(STALL, self.socket.shutdown()).await;
        }
    }
}

/// What we hear.
pub(super) struct Hearing {
    socket: OwnedReadHalf,
    opener: Opener,
    input: BytesMut,
}

impl Hearing {
    pub fn new(socket: OwnedReadHalf, opener: Opener) -> Self {
        Self { socket, opener, input: BytesMut::new() }
    }

    /// The peer has proved itself.
    pub fn trust(&mut self) {
        self.opener.trust();
    }

    /// The next message; signs of life are kept here. To be called in a row: a wait that was given up begins anew.
    ///
    /// # Errors
    /// [`RelayError`], also when nothing came for [`SILENCE`].
    pub async fn next(&mut self) -> Result<Message, RelayError> {
        loop {
            while let Some(message) = self.opener.next(&mut self.input)? {
                if message.tag != Tag::Beat {
                    return Ok(message);
                }
            }
            self.input.reserve(READ_BYTES);
            match timeout(SILENCE, self.socket.read_buf(&mut self.input)).await {
                Err(_) => return Err(RelayError::Silent),
                Ok(Ok(0)) => return Err(RelayError::Left),
                Ok(read) => read?,
            };
        }
    }
}

/// Small messages leave at once, and a peer whose machine vanished is found out even while nothing is said.
pub(super) fn tune(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(10)).with_interval(Duration::from_secs(5));
    SockRef::from(socket).set_tcp_keepalive(&keepalive)
}

/// A sign of life is sent when nothing was for this long.
pub(super) const BEAT: Duration = Duration::from_secs(1);
/// A worker that says nothing for this long is gone, or frozen.
pub(super) const SILENCE: Duration = Duration::from_secs(5);
/// So is one that takes nothing for this long.
pub(super) const STALL: Duration = Duration::from_secs(5);
/// Sealed and not yet handed over, at most, beside one record: all that a slow edge costs.
const HELD_BYTES: usize = 128 * 1024;
/// A record and a little, so that most of them come with one read.
const READ_BYTES: usize = 64 * 1024;
