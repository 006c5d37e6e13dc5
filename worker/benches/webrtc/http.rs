//! One POST of a description (RFC 9725 §4.2), and addresses.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Outcome;

/// `scheme://address:port/path`.
#[derive(Debug, Clone)]
pub struct Address {
    pub server: SocketAddr,
    pub path: String,
}

impl Address {
    pub fn parse(url: &str) -> Outcome<Self> {
        let (_, rest) = url.split_once("://").ok_or("an address has a scheme")?;
        let (server, path) = rest.split_once('/').ok_or("an address has a path")?;
        Ok(Self { server: server.parse()?, path: format!("/{path}") })
    }
}

/// The answer to an offer.
pub async fn exchange(address: &Address, offer: &str) -> Outcome<String> {
    let Address { server, path } = address;
    let mut socket = TcpStream::connect(server).await?;
    socket.set_nodelay(true)?;
    let length = offer.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/sdp\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{offer}"
    );
    socket.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, socket.read_to_string(&mut answer)).await??;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    if !head.starts_with("HTTP/1.1 201") {
        return Err(format!("{}: {body}", head.lines().next().unwrap_or_default()).into());
    }
    Ok(body.to_owned())
}

const PATIENCE: Duration = Duration::from_secs(20);
