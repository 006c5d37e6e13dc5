//! Peers that mean harm: other streams do not notice, memory stays bounded, the process lives.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Noise, Publisher, Server, eventually};

/// A client's C0, C1 and C2; the server's answers are read.
async fn shake_hands(socket: &mut TcpStream) {
    let mut hello = vec![3];
    hello.extend_from_slice(&[0; 8]);
    hello.extend_from_slice(&[7; 1_528]);
    socket.write_all(&hello).await.expect("sent");
    let mut answer = vec![0; 1 + 1_536 + 1_536];
    socket.read_exact(&mut answer).await.expect("answered");
    socket.write_all(&answer[1..1_537]).await.expect("sent");
}

/// One chunk of type 0 on chunk stream 3, with a message length that may be a lie.
fn chunk(message_type: u8, announced: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![3, 0, 0, 0];
    bytes.extend_from_slice(&announced.to_be_bytes()[1..]);
    bytes.push(message_type);
    bytes.extend_from_slice(&[0; 4]);
    for (index, part) in body.chunks(128).enumerate() {
        if index > 0 {
            bytes.push(0xc3);
        }
        bytes.extend_from_slice(part);
    }
    bytes
}

fn announced(body: &[u8]) -> u32 {
    u32::try_from(body.len()).expect("a message length")
}

/// Sends what it can and waits until the server has hung up.
async fn provoke(server: &Server, with_handshake: bool, bytes: Vec<u8>) {
    let mut socket = TcpStream::connect(server.rtmp).await.expect("connected");
    if with_handshake {
        shake_hands(&mut socket).await;
    }
    let _ = socket.write_all(&bytes).await;
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(25), socket.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "the server hangs up");
}

#[tokio::test]
async fn hostile_rtmp_harms_nobody_else() {
    let mut server = Server::start().await;
    let mut publisher = Publisher::start(&server.rtmp_url("/LiveApp/healthy"));
    server.live("LiveApp", "healthy").await;
    let before = server.resident_bytes();

    let mut noise = Noise::new(0x5eed);
    let mut attacks = Vec::new();
    for _ in 0..8 {
        attacks.push((false, noise.bytes(1 << 20)));
        attacks.push((true, noise.bytes(1 << 20)));
    }
    // Objects in objects, far deeper than any stack.
    let nested: Vec<u8> = std::iter::repeat_n([3u8, 0, 1, b'a'], 20_000).flatten().collect();
    let mut command = vec![2, 0, 7];
    command.extend_from_slice(b"connect");
    command.extend_from_slice(&[0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]);
    command.extend_from_slice(&nested);
    attacks.push((true, chunk(20, announced(&command), &command)));
    // A message of 16 MiB that is announced and never sent, an array of four thousand million entries, a chunk size of zero.
    attacks.push((true, chunk(9, 0xff_ff_ff, &[0; 64])));
    attacks.push((true, chunk(20, 5, &[8, 0xff, 0xff, 0xff, 0xff])));
    attacks.push((true, chunk(1, 4, &[0, 0, 0, 0])));
    attacks.push((
        true,
        chunk(18, 16, &[2, 0, 13, b'@', b's', b'e', b't', b'D', b'a', b't', b'a', b'F', b'r', b'a', b'm', b'e']),
    ));
    for (with_handshake, bytes) in attacks {
        provoke(&server, with_handshake, bytes).await;
    }

    assert!(server.is_running(), "{}", server.log());
    assert!(publisher.is_running());
    plays_on(&server).await;
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 48 << 20, "memory grew by {grown} bytes");
}

#[tokio::test]
async fn half_open_connections_are_closed_and_cost_little() {
    let mut server = Server::start().await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/healthy"));
    server.live("LiveApp", "healthy").await;
    let (memory, descriptors) = (server.resident_bytes(), server.descriptors());
    let mut silent = Vec::new();
    for index in 0..500 {
        let mut socket = TcpStream::connect(server.rtmp).await.expect("connected");
        match index % 3 {
            0 => {}
            1 => socket.write_all(&[3]).await.expect("sent"),
            _ => shake_hands(&mut socket).await,
        }
        silent.push(socket);
    }
    let grown = server.resident_bytes().saturating_sub(memory);
    assert!(grown < 500 * 48 * 1_024, "each costs {} bytes", grown / 500);
    plays_on(&server).await;
    for mut socket in silent {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(15), socket.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "a silent peer is closed");
    }
    eventually("the descriptors are given back", || {
        let now = server.descriptors();
        async move { (now <= descriptors + 8).then_some(()) }
    })
    .await;
    assert!(server.is_running());
}

#[tokio::test]
async fn viewers_that_never_read_hold_nobody_up() {
    let server = Server::start().await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/healthy"));
    server.live("LiveApp", "healthy").await;
    let playlist = server.rest().text("/LiveApp/streams/healthy/video.m3u8").await;
    let segment = playlist.lines().rfind(|line| line.contains(".m4s")).expect("a segment").to_owned();
    let before = server.resident_bytes();
    let mut stalled = Vec::new();
    for _ in 0..200 {
        let mut socket = TcpStream::connect(server.http).await.expect("connected");
        let request = format!("GET /LiveApp/streams/healthy/{segment} HTTP/1.1\r\nHost: x\r\n\r\n");
        // Ask for far more than any socket buffer holds, and read none of it.
        for _ in 0..40 {
            socket.write_all(request.as_bytes()).await.expect("sent");
        }
        stalled.push(socket);
    }
    plays_on(&server).await;
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "memory grew by {grown} bytes");
}

/// The healthy stream makes new segments.
async fn plays_on(server: &Server) {
    let rest = server.rest();
    let path = "/LiveApp/streams/healthy/video.m3u8";
    let before = rest.text(path).await;
    eventually("the healthy stream goes on", || async { (rest.text(path).await != before).then_some(()) }).await;
}
