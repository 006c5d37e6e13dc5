//! The PROXY protocol, version 2, before RTMP: a balancer in front of us says who it speaks for
//! (haproxy.org/download/2.9/doc/proxy-protocol.txt, section 2.2).
//!
//! Only what trusted proxies say is read. A client's own first byte is 3 (RTMP) or 22 (TLS), the header's is 13, so a
//! trusted proxy may leave the header out.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Why a connection cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    #[error("not a PROXY protocol header of version 2")]
    NotAHeader,
    #[error("the PROXY protocol header is {0} bytes long")]
    TooLong(u16),
    #[error("the PROXY protocol header ends before its addresses")]
    TooShort,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads the header if there is one. Returns the address that the proxy speaks for; `None` when it speaks for itself
/// (a health check), or says nothing.
///
/// # Errors
/// [`ProxyError`]; the connection is of no use then. The caller bounds the time.
pub async fn read_header(socket: &mut TcpStream) -> Result<Option<IpAddr>, ProxyError> {
    let mut first = [0; 1];
    if socket.peek(&mut first).await? == 0 || first[0] != SIGNATURE[0] {
        return Ok(None);
    }
    let mut head = [0; HEAD_BYTES];
    socket.read_exact(&mut head).await?;
    let (what, len) = parse_head(&head)?;
    let mut rest = [0; MOST_BYTES];
    let rest = rest.get_mut(..usize::from(len)).ok_or(ProxyError::TooLong(len))?;
    socket.read_exact(rest).await?;
    source(what, rest)
}

/// What the addresses of a header mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// The proxy's own connection.
    Local,
    Inet,
    Inet6,
    /// Of a family without an IP address.
    Other,
}

fn parse_head(head: &[u8; HEAD_BYTES]) -> Result<(What, u16), ProxyError> {
    let [signature @ .., command, family, high, low] = head;
    if signature != SIGNATURE || command >> 4 != 2 {
        return Err(ProxyError::NotAHeader);
    }
    let len = u16::from_be_bytes([*high, *low]);
    if usize::from(len) > MOST_BYTES {
        return Err(ProxyError::TooLong(len));
    }
    let what = match (command & 0x0f, family >> 4) {
        (0, _) => What::Local,
        (1, 1) => What::Inet,
        (1, 2) => What::Inet6,
        (1, _) => What::Other,
        _ => return Err(ProxyError::NotAHeader),
    };
    Ok((what, len))
}

/// Both families begin with the source address; what follows the addresses is of no interest here.
fn source(what: What, rest: &[u8]) -> Result<Option<IpAddr>, ProxyError> {
    match what {
        What::Local | What::Other => Ok(None),
        What::Inet if rest.len() < 12 => Err(ProxyError::TooShort),
        What::Inet6 if rest.len() < 36 => Err(ProxyError::TooShort),
        What::Inet => {
            let bytes = rest.first_chunk::<4>().ok_or(ProxyError::TooShort)?;
            Ok(Some(Ipv4Addr::from(*bytes).into()))
        }
        What::Inet6 => {
            let bytes = rest.first_chunk::<16>().ok_or(ProxyError::TooShort)?;
            Ok(Some(IpAddr::V6(Ipv6Addr::from(*bytes)).to_canonical()))
        }
    }
}

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const HEAD_BYTES: usize = 16;
/// Addresses of IPv6 and all that HAProxy adds (TLS names, an identifier).
const MOST_BYTES: usize = 1_024;

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
        bytes.extend(rest);
        bytes
    }

    /// What is read of `bytes`, and the first byte that is left.
    async fn read(bytes: &[u8]) -> (Result<Option<IpAddr>, ProxyError>, Option<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let result = read_header(&mut server).await;
        let mut next = [0; 1];
        let left = server.read(&mut next).await.unwrap();
        (result, (left == 1).then_some(next[0]))
    }

    #[tokio::test]
    async fn the_client_is_named_and_the_rest_is_left_for_rtmp() {
        let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 7, 0x8f];
        let mut bytes = header(0x21, 0x11, &v4);
        bytes.push(3);
        let (result, left) = read(&bytes).await;
        assert_eq!((result.unwrap(), left), (Some(IpAddr::from([192, 0, 2, 7])), Some(3)));

        let mut v6 = [0; 40];
        v6[..16].copy_from_slice(&"2001:db8::9".parse::<Ipv6Addr>().unwrap().octets());
        let (result, left) = read(&[header(0x21, 0x21, &v6), vec![3]].concat()).await;
        assert_eq!((result.unwrap(), left), ("2001:db8::9".parse().ok(), Some(3)));
    }

    #[tokio::test]
    async fn who_speaks_rtmp_at_once_is_left_alone() {
        let (result, left) = read(&[3, 0, 0, 0]).await;
        assert_eq!((result.unwrap(), left), (None, Some(3)));
        let (result, left) = read(&[]).await;
        assert_eq!((result.unwrap(), left), (None, None));
        let (result, left) = read(&[header(0x20, 0, &[]), vec![3]].concat()).await;
        assert_eq!((result.unwrap(), left), (None, Some(3)), "a health check speaks for itself");
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        for bytes in [
            b"\r\n\r\n\0\r\nQUIX\n\x21\x11\0\x0c".to_vec(),
            header(0x11, 0x11, &[0; 12]),
            header(0x2f, 0x11, &[0; 12]),
            header(0x21, 0x11, &[0; 11]),
            header(0x21, 0x21, &[0; 12]),
            header(0x21, 0x11, &[0; MOST_BYTES + 1]),
            b"\r\n\r\n".to_vec(),
        ] {
            assert!(read(&bytes).await.0.is_err(), "{bytes:?}");
        }
    }
}
