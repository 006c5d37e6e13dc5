//! What an RTMP connection needs of its bytes, encrypted or not.

use std::future::{Future, poll_fn};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes both ways over one TCP connection.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// The socket below, to be tuned.
    fn socket(&self) -> &TcpStream;
}

impl Transport for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Transport for Box<dyn Transport> {
    fn socket(&self) -> &TcpStream {
        (**self).socket()
    }
}

/// Shakes hands for an encrypted connection; made by whoever holds the certificate. The listener gives up on one that
/// takes too long.
pub type Encryption = Arc<dyn Fn(TcpStream) -> Encrypting + Send + Sync>;

/// One handshake under way.
pub type Encrypting = Pin<Box<dyn Future<Output = io::Result<Box<dyn Transport>>> + Send>>;

/// Reads what is there into `input`, `most` bytes or fewer; 0 at the end. Nothing is allocated before something is
/// there.
pub(crate) async fn read(transport: &mut impl Transport, input: &mut BytesMut, most: usize) -> io::Result<usize> {
    poll_fn(|cx| poll_read(transport, input, most, cx)).await
}

/// See [`read`].
pub(crate) fn poll_read(
    transport: &mut impl Transport,
    input: &mut BytesMut,
    most: usize,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut space = [const { MaybeUninit::uninit() }; MOST_READ_BYTES];
    let most = most.min(space.len());
    let mut buffer = ReadBuf::uninit(space.get_mut(..most).unwrap_or_default());
    ready!(Pin::new(transport).poll_read(cx, &mut buffer))?;
    input.extend_from_slice(buffer.filled());
    Poll::Ready(Ok(buffer.filled().len()))
}

/// The largest read.
pub(crate) const MOST_READ_BYTES: usize = 16_384;
