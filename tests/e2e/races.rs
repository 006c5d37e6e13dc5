//! Ten thousand want in with one one-time token. One client gets in, never none.

use std::net::{IpAddr, SocketAddr};

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::harness::{Face, Live, Operation, Rtmp, Said, Server, Setup, now};

const CONNECTIONS: usize = 500;
/// Requests of each connection, all sent before the first is answered.
const PIPELINED: usize = 20;
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// A server with a stream on the air that only one-time tokens open.
async fn tokens_only(server: &Server) -> (Setup, Live) {
    let setup = Setup::create(server, Face::Rest, "Race").await;
    let live = Live::publish(server.rtmp, HERE, "Race", "s").await.expect("an open application");
    server.live("Race", "s").await;
    setup.settings(json!({"playTokenControlEnabled": true, "publishTokenControlEnabled": true})).await;
    (setup, live)
}

/// Opens a connection for each address, sends every request at once, and returns the statuses of all answers.
async fn rush(server: SocketAddr, addresses: Vec<IpAddr>, path: &str) -> Vec<u16> {
    let connected = join_all(addresses.into_iter().map(async |from| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::new(from, 0)).expect("a loopback address");
        socket.connect(server).await.expect("connected")
    }))
    .await;
    let keep = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let last = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let requests = keep.repeat(PIPELINED - 1) + &last;
    let answers = join_all(connected.into_iter().map(async |mut socket| {
        socket.write_all(requests.as_bytes()).await.expect("sent");
        let mut text = Vec::new();
        socket.read_to_end(&mut text).await.expect("answered");
        statuses(&String::from_utf8_lossy(&text))
    }))
    .await;
    answers.into_iter().flatten().collect()
}

fn statuses(text: &str) -> Vec<u16> {
    text.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().expect("a status")).collect()
}

fn assert_one(answers: &[u16]) {
    assert_eq!(answers.len(), CONNECTIONS * PIPELINED, "everybody is answered");
    let of = |status| answers.iter().filter(|answer| **answer == status).count();
    // A question that a busy gate did not answer in time is no, for now: the client asks again.
    let busy = of(503);
    assert_eq!((of(200), of(403) + busy), (1, CONNECTIONS * PIPELINED - 1), "in, and refused");
    assert!(of(403) > busy, "{busy} were not answered");
}

fn person(index: usize) -> IpAddr {
    let [.., high, low] = index.to_be_bytes();
    IpAddr::from([127, 9, high, low])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_attempts_from_many_addresses_one_gets_in() {
    let server = Server::start().await;
    let (setup, _live) = tokens_only(&server).await;
    let token = setup.token("s", Operation::Play, now() + 3_600).await;
    let path = format!("/Race/streams/s.m3u8?token={token}");
    assert_one(&rush(server.http, (0..CONNECTIONS).map(person).collect(), &path).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_attempts_from_one_address_one_gets_in() {
    let server = Server::start().await;
    let (setup, _live) = tokens_only(&server).await;
    let token = setup.token("s", Operation::Play, now() + 3_600).await;
    let path = format!("/Race/streams/s/s.mpd?token={token}");
    assert_one(&rush(server.http, vec![person(1); CONNECTIONS], &path).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_encoders_with_one_token_one_publishes() {
    let server = Server::start().await;
    let (setup, _live) = tokens_only(&server).await;
    let token = setup.token("p", Operation::Publish, now() + 3_600).await;
    let key = format!("p?token={token}");
    let waiting = join_all((0..200).map(|index| Rtmp::connect(server.rtmp, person(index), "Race"))).await;
    let mut peers: Vec<_> = waiting.into_iter().map(|peer| peer.expect("a connection")).collect();
    let said = join_all(peers.iter_mut().map(|peer| peer.publish(&key))).await;
    assert_eq!(said.iter().filter(|said| **said == Said::Yes).count(), 1);
    let refused = |said: &&Said| matches!(said, Said::No(status) if status.code == "NetStream.Publish.BadName");
    assert_eq!(said.iter().filter(refused).count(), 199, "{said:?}");
}

#[tokio::test]
async fn looking_does_not_burn_a_token() {
    let server = Server::start().await;
    let setup = Setup::create(&server, Face::Rest, "Race").await;
    setup.settings(json!({"playTokenControlEnabled": true})).await;
    let token = setup.token("later", Operation::Play, now() + 3_600).await;
    let path = format!("/Race/streams/later.m3u8?token={token}");
    let (viewer, thief) = (server.rest_from(person(7)), server.rest_from(person(8)));
    for _ in 0..3 {
        assert_eq!(viewer.status(&path).await, 404, "not live yet");
        assert_eq!(viewer.head(&path).await.status(), 404);
    }
    assert_eq!(thief.status(&path).await, 403, "held for the one who came first");
    let _live = Live::publish(server.rtmp, HERE, "Race", "later").await.expect("an open application");
    crate::harness::eventually("the stream can be looked at", || async {
        (viewer.head(&path).await.status() == 200).then_some(())
    })
    .await;
    for _ in 0..3 {
        let looked = viewer.head(&path).await;
        assert_eq!(looked.status(), 200);
        assert!(!looked.headers().contains_key("set-cookie"), "a look hands nothing out");
    }
    assert_eq!(viewer.status(&path).await, 200);
    assert_eq!(viewer.status(&path).await, 403, "spent");
    assert_eq!(thief.status(&path).await, 403);
}
