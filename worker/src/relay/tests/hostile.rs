//! Strangers at the relay, and peers that have a key and break the protocol.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use sluice_contract::{Secret, TicketKey, TicketKeys, WorkerId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use super::cluster::{Cluster, KEY, Member, PATIENCE};
use crate::relay::handshake::{ANSWER_BYTES, EdgeHandshake, HandshakeError, Keys, RelayKey, relay_keys};
use crate::relay::message::{Subscribe, Supply, to_text};
use crate::relay::record::{Opener, Sealer, Tag};
use crate::testing::app;

fn key(secret: [u8; 32]) -> RelayKey {
    let keys = [TicketKey { id: 1, secret: Secret::new(secret.to_vec()) }];
    relay_keys(&TicketKeys::new(&keys).unwrap()).remove(0)
}

fn somebody() -> WorkerId {
    WorkerId::new(Uuid::now_v7())
}

async fn connect(member: &Member) -> TcpStream {
    TcpStream::connect(member.worker.relay_addr().unwrap()).await.unwrap()
}

/// Everything up to the end of the connection.
async fn rest(socket: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    // A connection that is reset has ended too.
    let _ = timeout(PATIENCE, socket.read_to_end(&mut all)).await.expect("an end");
    all
}

async fn greet(socket: &mut TcpStream, key: &RelayKey, origin: WorkerId) -> Result<Keys, HandshakeError> {
    let handshake = EdgeHandshake::new(key, somebody(), origin).unwrap();
    socket.write_all(handshake.hello()).await.unwrap();
    let mut answer = [0; ANSWER_BYTES];
    timeout(PATIENCE, socket.read_exact(&mut answer)).await.expect("an answer").unwrap();
    handshake.finish(&answer)
}

fn subscribe(supply: Supply) -> Vec<u8> {
    to_text(&Subscribe { supply, application: app(), stream_id: "s".parse().unwrap(), held: None })
}

fn sealed(sealer: &mut Sealer, tag: Tag, body: &[u8]) -> BytesMut {
    let mut wire = BytesMut::new();
    sealer.seal(tag, false, [&[], body], &mut wire).unwrap();
    wire
}

#[tokio::test]
async fn a_stranger_hears_nothing_of_a_stream() {
    let cluster = Cluster::open().await;
    let origin = cluster.join().await;
    // Another key of the same number, and another worker meant.
    let mut socket = connect(&origin).await;
    assert_eq!(greet(&mut socket, &key([9; 32]), origin.id).await.unwrap_err(), HandshakeError::Proof);
    let mut socket = connect(&origin).await;
    assert_eq!(greet(&mut socket, &key(KEY), somebody()).await.unwrap_err(), HandshakeError::Worker);
    assert!(rest(&mut socket).await.is_empty());
    let mut socket = connect(&origin).await;
    let other = (2, key(KEY).1);
    assert_eq!(greet(&mut socket, &other, origin.id).await.unwrap_err(), HandshakeError::Key);
    // Another version, another protocol.
    let handshake = EdgeHandshake::new(&key(KEY), somebody(), origin.id).unwrap();
    let mut hello = *handshake.hello();
    hello[5] = 2;
    let mut socket = connect(&origin).await;
    socket.write_all(&hello).await.unwrap();
    let mut answer = [0; ANSWER_BYTES];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(handshake.finish(&answer).unwrap_err(), HandshakeError::Version(1));
    let mut socket = connect(&origin).await;
    socket.write_all(&[b'G'; 4_096]).await.unwrap();
    assert!(rest(&mut socket).await.is_empty());
}

#[tokio::test]
async fn what_was_heard_cannot_be_said_again() {
    let cluster = Cluster::open().await;
    let origin = cluster.join().await;
    let mut socket = connect(&origin).await;
    let handshake = EdgeHandshake::new(&key(KEY), somebody(), origin.id).unwrap();
    let hello = *handshake.hello();
    socket.write_all(&hello).await.unwrap();
    let mut answer = [0; ANSWER_BYTES];
    socket.read_exact(&mut answer).await.unwrap();
    let keys = handshake.finish(&answer).unwrap();
    let wanted = sealed(&mut Sealer::new(keys.to_origin), Tag::Subscribe, &subscribe(Supply::Units));
    socket.write_all(&wanted).await.unwrap();
    assert!(!rest(&mut socket).await.is_empty(), "the stream is absent, and that is said");
    let mut replay = connect(&origin).await;
    replay.write_all(&[&hello[..], &wanted].concat()).await.unwrap();
    assert_eq!(rest(&mut replay).await.len(), ANSWER_BYTES, "nothing behind the answer, which is nothing without keys");
}

#[tokio::test]
async fn a_peer_that_breaks_the_protocol_is_cut() {
    let cluster = Cluster::open().await;
    let origin = cluster.join().await;
    // A record that is too long for one who has proved nothing; one that is not sealed; one that is no subscription.
    for wire in [&u32::MAX.to_be_bytes()[..], &8_193_u32.to_be_bytes(), &[&40_u32.to_be_bytes()[..], &[0; 40]].concat()]
    {
        let mut socket = connect(&origin).await;
        greet(&mut socket, &key(KEY), origin.id).await.unwrap();
        socket.write_all(wire).await.unwrap();
        assert!(rest(&mut socket).await.is_empty());
    }
    for (tag, body) in [(Tag::Beat, Vec::new()), (Tag::Subscribe, b"{}".to_vec()), (Tag::Unit, vec![0; 17])] {
        let mut socket = connect(&origin).await;
        let keys = greet(&mut socket, &key(KEY), origin.id).await.unwrap();
        let mut sealer = Sealer::new(keys.to_origin);
        let mut wire = sealed(&mut sealer, tag, &body);
        if tag == Tag::Beat {
            // Signs of life are no reason to stay.
            wire.extend_from_slice(&sealed(&mut sealer, Tag::End, b"x"));
        }
        socket.write_all(&wire).await.unwrap();
        assert!(rest(&mut socket).await.is_empty(), "{tag:?}");
    }
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_let_go() {
    let cluster = Cluster::open().await;
    let origin = cluster.join().await;
    let began = Instant::now();
    let (mut silent, mut half) = (connect(&origin).await, connect(&origin).await);
    half.write_all(b"SLRL\0\x01").await.unwrap();
    let mut greeted = connect(&origin).await;
    greet(&mut greeted, &key(KEY), origin.id).await.unwrap();
    tokio::join!(rest(&mut silent), rest(&mut half), rest(&mut greeted));
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_strangers_keeps_no_worker_out() {
    let cluster = Cluster::open().await;
    let origin = cluster.join().await;
    let mut crowd = Vec::new();
    for _ in 0..1_000 {
        crowd.push(connect(&origin).await);
    }
    let mut socket = connect(&origin).await;
    let keys = greet(&mut socket, &key(KEY), origin.id).await.unwrap();
    let wanted = sealed(&mut Sealer::new(keys.to_origin), Tag::Subscribe, &subscribe(Supply::Objects));
    socket.write_all(&wanted).await.unwrap();
    let mut said = BytesMut::from(&rest(&mut socket).await[..]);
    let mut opener = Opener::new(keys.to_edge);
    let message = opener.next(&mut said).unwrap().expect("an answer");
    assert_eq!((message.tag, &message.body[..]), (Tag::End, &br#"{"why":"absent"}"#[..]));
    assert!(rest(&mut crowd[0]).await.is_empty(), "who came first went first");
}
