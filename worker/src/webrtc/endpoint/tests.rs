use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};

use super::*;
use crate::webrtc::engine::{DtlsRole, Message, OutgoingRtp, PeerEnd, Sent, Transport};
use crate::webrtc::stun::testing::Check;
use crate::webrtc::testing::{Browser, BrowserSetup, Heard, Memory, OUR_VIDEO, VIDEO_PAYLOAD};

fn endpoint(tcp: bool) -> Arc<Endpoint> {
    endpoint_for(tcp, 4_096)
}

fn endpoint_for(tcp: bool, max_peers: usize) -> Arc<Endpoint> {
    let udp = SocketAddr::from(([127, 0, 0, 1], 0));
    Endpoint::bind(EndpointConfig { udp, public: Vec::new(), tcp, max_peers }).unwrap()
}

/// A browser with a socket of its own.
struct Client {
    browser: Browser,
    server: SocketAddr,
    link: Link,
    memory: Memory,
    handle: Option<PeerHandle>,
}

enum Link {
    Udp(UdpSocket),
    Tcp(TcpStream, Vec<u8>),
}

impl Client {
    async fn new(endpoint: &Endpoint, transport: Transport) -> Self {
        let local = endpoint.prepare();
        let (address, link) = match transport {
            Transport::Udp => {
                let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                (socket.local_addr().unwrap(), Link::Udp(socket))
            }
            Transport::Tcp => {
                let stream = TcpStream::connect(endpoint.local_addr()).await.unwrap();
                (stream.local_addr().unwrap(), Link::Tcp(stream, Vec::new()))
            }
        };
        let setup = BrowserSetup { address, transport, ..BrowserSetup::default() };
        let (browser, remote) = Browser::connect(Instant::now(), &setup, &local);
        let memory = Memory::default();
        let handle = Some(endpoint.open(local, remote, memory.driver()).unwrap());
        Self { browser, server: endpoint.local_addr(), link, memory, handle }
    }

    async fn connected(endpoint: &Endpoint, transport: Transport) -> Self {
        let mut client = Self::new(endpoint, transport).await;
        client
            .run_until("connected", |client| {
                client.memory.has_heard(&Heard::Connected) && client.browser.page.is_connected
            })
            .await;
        client
    }

    /// Sends what the browser has to say.
    async fn speak(&mut self) {
        self.browser.time(Instant::now());
        for (_, datagram) in self.browser.outgoing() {
            match &mut self.link {
                Link::Udp(socket) => drop(socket.send_to(&datagram, self.server).await.unwrap()),
                Link::Tcp(stream, _) => stream.write_all(&framed(&datagram)).await.unwrap(),
            }
        }
    }

    /// Sends what the browser has to say, and gives it what comes within a moment.
    async fn step(&mut self) {
        self.speak().await;
        let mut bytes = vec![0; 65_536];
        match &mut self.link {
            Link::Udp(socket) => {
                if let Ok(Ok((length, _))) = timeout(MOMENT, socket.recv_from(&mut bytes)).await {
                    self.browser.take(Instant::now(), self.server, &bytes[..length]);
                }
                while let Ok((length, _)) = socket.try_recv_from(&mut bytes) {
                    self.browser.take(Instant::now(), self.server, &bytes[..length]);
                }
            }
            Link::Tcp(stream, buffer) => {
                if let Ok(Ok(length)) = timeout(MOMENT, stream.read(&mut bytes)).await {
                    buffer.extend_from_slice(&bytes[..length]);
                }
                while let Some(length) =
                    buffer.first_chunk::<2>().map(|length| usize::from(u16::from_be_bytes(*length)))
                    && buffer.len() >= 2 + length
                {
                    let frame: Vec<u8> = buffer.drain(..2 + length).skip(2).collect();
                    self.browser.take(Instant::now(), self.server, &frame);
                }
            }
        }
        self.browser.time(Instant::now());
    }

    /// The first message of its handshake, which is kept from leaving.
    async fn first_message(&mut self) -> Vec<u8> {
        let Link::Udp(socket) = &self.link else { panic!("not over UDP") };
        let mut bytes = vec![0; 65_536];
        loop {
            for (_, datagram) in self.browser.outgoing() {
                if datagram[0] == 22 {
                    return datagram;
                }
                socket.send_to(&datagram, self.server).await.unwrap();
            }
            if let Ok(Ok((length, _))) = timeout(MOMENT, socket.recv_from(&mut bytes)).await {
                self.browser.take(Instant::now(), self.server, &bytes[..length]);
            }
            self.browser.time(Instant::now());
        }
    }

    async fn run_until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !is_so(self) {
            assert!(begin.elapsed() < PATIENCE, "never {what}: {:?}", self.memory.heard());
            self.step().await;
        }
    }

    fn wake(&self) {
        self.handle.as_ref().unwrap().wake();
    }
}

fn framed(datagram: &[u8]) -> Vec<u8> {
    [&u16::try_from(datagram.len()).unwrap().to_be_bytes()[..], datagram].concat()
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "never {what}");
        sleep(MOMENT).await;
    }
}

fn video(sequence: u16) -> OutgoingRtp<'static> {
    OutgoingRtp {
        payload_type: VIDEO_PAYLOAD,
        ssrc: OUR_VIDEO,
        sequence,
        timestamp: 90_000,
        marker: true,
        extensions: &[],
        head: b"head",
        body: &[7; 1_100],
    }
}

async fn media_and_messages(transport: Transport) {
    let endpoint = endpoint(transport == Transport::Tcp);
    let mut client = Client::connected(&endpoint, transport).await;
    client.browser.send_video(Instant::now(), 1, b"a picture");
    client.memory.act(|outlet| {
        for sequence in 0..50 {
            assert_eq!(outlet.send_rtp(&video(sequence)), Sent::Yes);
        }
    });
    client.wake();
    client
        .run_until("media both ways", |client| {
            client.memory.count(|heard| matches!(heard, Heard::Rtp { .. })) == 1
                && client.browser.page.packets.len() == 50
                && client.memory.count(|heard| matches!(heard, Heard::Channel(..))) == 1
        })
        .await;
    let hello = Message::Text(Bytes::from_static(b"hello"));
    client.memory.act(move |outlet| assert_eq!(outlet.send_message(0, &hello), Sent::Yes));
    client.wake();
    client.run_until("a message", |client| client.browser.page.messages.len() == 1).await;
    drop(client.handle.take());
    client.run_until("a goodbye", |client| client.browser.page.closed_channels == 1).await;
    assert_eq!(client.memory.end(), Some(PeerEnd::Local));
    until("forgotten", || endpoint.peer_count() == 0).await;
    assert_eq!(endpoint.shared.routes.len(), (0, 0));
    assert_eq!(endpoint.shared.tcp.connection_count(), 0);
}

#[tokio::test]
async fn a_browser_sends_and_receives_over_udp() {
    media_and_messages(Transport::Udp).await;
}

#[tokio::test]
async fn a_browser_sends_and_receives_over_tcp() {
    media_and_messages(Transport::Tcp).await;
}

#[tokio::test]
async fn what_a_connection_has_not_taken_is_thrown_away_behind_a_fence() {
    let endpoint = endpoint(true);
    let mut client = Client::connected(&endpoint, Transport::Tcp).await;
    let send = |client: &Client, first: u16| {
        client.memory.act(move |outlet| {
            for sequence in first..first + 10 {
                assert_eq!(outlet.send_rtp(&video(sequence)), Sent::Yes);
            }
        });
        client.wake();
    };
    // The browser reads nothing, and neither does the kernel in the end.
    let mut sent = 0;
    while endpoint.shared.tcp.waiting_bytes() < 128 * 1_024 {
        send(&client, sent);
        sent += 10;
        client.speak().await;
        let woken = usize::from(sent) / 10;
        until("woken", || client.memory.count(|heard| matches!(heard, Heard::Woken)) >= woken).await;
    }
    client.memory.hold_back(true);
    endpoint.fence().await;
    client.memory.hold_back(false);
    send(&client, sent);
    let last = sent + 9;
    client
        .run_until("the last", |client| {
            client.browser.page.packets.iter().any(|packet| packet.header.sequence_number == last)
        })
        .await;
    let received = client.browser.page.packets.len();
    assert!(received > 10 && received < usize::from(sent) - 90, "{received} of {sent} and ten came");
}

#[tokio::test]
async fn peers_share_one_port_and_a_group_wakes_them_all() {
    let endpoint = endpoint(false);
    let group = endpoint.group();
    let mut clients = Vec::new();
    for _ in 0..4 {
        let client = Client::connected(&endpoint, Transport::Udp).await;
        let joined = Arc::clone(&group);
        client.memory.act(move |outlet| outlet.join(&joined));
        client.wake();
        clients.push(client);
    }
    let woken = |client: &Client| client.memory.count(|heard| *heard == Heard::Woken);
    until("joined", || clients.iter().all(|client| woken(client) == 2)).await;
    for client in &clients {
        client.memory.act(|outlet| {
            outlet.send_rtp(&video(1));
        });
    }
    group.wake();
    for client in &mut clients {
        client.run_until("a picture", |client| client.browser.page.packets.len() == 1).await;
    }
    assert!(clients.iter().all(|client| woken(client) == 3), "once each");
    let left = Arc::clone(&group);
    clients[0].memory.act(move |outlet| outlet.leave(&left));
    clients[0].wake();
    until("left", || woken(&clients[0]) == 4).await;
    group.wake();
    until("woken again", || clients[1..].iter().all(|client| woken(client) == 4)).await;
    assert_eq!(woken(&clients[0]), 4);
}

#[tokio::test]
async fn a_thousand_handshakes_that_nobody_ends_leave_nothing_and_disturb_nobody() {
    let endpoint = endpoint(false);
    let mut witness = Client::connected(&endpoint, Transport::Udp).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut handles = Vec::new();
    let memory = Memory::default();
    // One donor's first message, shown to a thousand peers after a check with their own password.
    let mut donor = Client::new(&endpoint, Transport::Udp).await;
    let hello = donor.first_message().await;
    for _ in 0..1_000 {
        let local = endpoint.prepare();
        let remote = RemoteTransport {
            ufrag: "them".to_owned(),
            pwd: Secret::from("unused"),
            fingerprint: [1; 32],
            role: DtlsRole::Client,
            has_channels: true,
        };
        let check = Check::new(&local, &remote).nominating().write();
        handles.push(endpoint.open(local, remote, memory.driver()).unwrap());
        socket.send_to(&check, endpoint.local_addr()).await.unwrap();
        socket.send_to(&hello, endpoint.local_addr()).await.unwrap();
    }
    let begin = Instant::now();
    witness.browser.send_video(Instant::now(), 1, b"a picture");
    witness.run_until("a picture", |client| client.memory.count(|heard| matches!(heard, Heard::Rtp { .. })) == 1).await;
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    drop(handles);
    drop(donor);
    until("forgotten", || endpoint.peer_count() == 1).await;
    assert_eq!(endpoint.shared.routes.len(), (1, 1));
    assert_eq!(memory.count(|heard| *heard == Heard::Closed(PeerEnd::Local)), 1_000);
}

#[tokio::test]
async fn strangers_change_nothing_on_the_port() {
    let endpoint = endpoint(false);
    let mut client = Client::connected(&endpoint, Transport::Udp).await;
    let before = (client.memory.heard(), endpoint.shared.routes.len());
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for first in 0..=255_u8 {
        for length in [1, 12, 20, 100, 1_400] {
            stranger.send_to(&vec![first; length], endpoint.local_addr()).await.unwrap();
        }
    }
    let wrong = endpoint.prepare();
    let remote = RemoteTransport {
        ufrag: "them".to_owned(),
        pwd: Secret::from("unused"),
        fingerprint: [1; 32],
        role: DtlsRole::Client,
        has_channels: true,
    };
    stranger.send_to(&Check::new(&wrong, &remote).nominating().write(), endpoint.local_addr()).await.unwrap();
    client.browser.send_video(Instant::now(), 1, b"a picture");
    client.run_until("a picture", |client| client.memory.count(|heard| matches!(heard, Heard::Rtp { .. })) == 1).await;
    let mut bytes = [0; 2_000];
    assert!(stranger.try_recv(&mut bytes).is_err(), "nobody answers");
    assert_eq!(client.memory.heard()[..before.0.len()], before.0);
    assert_eq!(endpoint.shared.routes.len(), before.1);
}

#[tokio::test]
async fn connections_that_do_not_check_are_closed() {
    let endpoint = endpoint(true);
    let mut wrong = TcpStream::connect(endpoint.local_addr()).await.unwrap();
    wrong.write_all(b"\0\x05hello").await.unwrap();
    assert_eq!(timeout(PATIENCE, wrong.read(&mut [0; 10])).await.unwrap().unwrap_or_default(), 0);
    let mut large = TcpStream::connect(endpoint.local_addr()).await.unwrap();
    large.write_all(b"\xff\xff").await.unwrap();
    assert_eq!(timeout(PATIENCE, large.read(&mut [0; 10])).await.unwrap().unwrap_or_default(), 0);
    // More than one address may have are closed at once.
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(endpoint.local_addr()).await.unwrap());
    }
    let last = silent.last_mut().unwrap();
    assert_eq!(timeout(Duration::from_secs(2), last.read(&mut [0; 10])).await.unwrap().unwrap_or_default(), 0);
    drop(silent);
    until("closed", || endpoint.shared.tcp.connection_count() == 0).await;
    Client::connected(&endpoint, Transport::Tcp).await;
}

#[tokio::test]
async fn there_are_no_more_peers_than_allowed() {
    let endpoint = endpoint_for(false, 1);
    let remote = RemoteTransport {
        ufrag: "them".to_owned(),
        pwd: Secret::from("unused"),
        fingerprint: [1; 32],
        role: DtlsRole::Client,
        has_channels: true,
    };
    let open = || endpoint.open(endpoint.prepare(), remote.clone(), Memory::default().driver());
    let first = open().unwrap();
    assert!(open().is_err());
    drop(first);
    until("room", || endpoint.peer_count() == 0).await;
    assert!(open().is_ok());
}

#[tokio::test]
async fn a_defect_in_one_driver_closes_one_peer() {
    let endpoint = endpoint(false);
    let broken = Client::connected(&endpoint, Transport::Udp).await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(Client::connected(&endpoint, Transport::Udp).await);
    }
    broken.memory.act(|_| panic!("a defect, on purpose"));
    broken.wake();
    until("closed", || broken.memory.end() == Some(PeerEnd::Local)).await;
    until("forgotten", || endpoint.peer_count() == 4 && endpoint.shared.routes.len() == (4, 4)).await;
    for client in &mut clients {
        client.browser.send_video(Instant::now(), 1, b"a picture");
        client
            .run_until("a picture", |client| client.memory.count(|heard| matches!(heard, Heard::Rtp { .. })) == 1)
            .await;
    }
}

#[tokio::test]
async fn a_stop_says_goodbye_to_everybody() {
    let endpoint = endpoint(false);
    let mut client = Client::connected(&endpoint, Transport::Udp).await;
    client.run_until("a channel", |client| client.browser.page.channels.len() == 1).await;
    endpoint.stop();
    assert_eq!(client.memory.end(), Some(PeerEnd::Shutdown));
    assert_eq!(endpoint.peer_count(), 0);
    client.run_until("a goodbye", |client| client.browser.page.closed_channels == 1).await;
    client.wake();
    let remote = RemoteTransport {
        ufrag: "them".to_owned(),
        pwd: Secret::from("unused"),
        fingerprint: [1; 32],
        role: DtlsRole::Client,
        has_channels: true,
    };
    assert!(endpoint.open(endpoint.prepare(), remote, Memory::default().driver()).is_err());
    assert_eq!(endpoint.shared.routes.len(), (0, 0));
}

#[tokio::test]
async fn a_restart_is_known_at_once_and_forgotten_with_its_peer() {
    let endpoint = endpoint(false);
    let client = Client::connected(&endpoint, Transport::Udp).await;
    let handle = client.handle.as_ref().unwrap();
    let remote = RemoteTransport {
        ufrag: "again".to_owned(),
        pwd: Secret::from("unused"),
        fingerprint: [1; 32],
        role: DtlsRole::Client,
        has_channels: true,
    };
    for _ in 0..10 {
        handle.restart(endpoint.prepare(), remote.clone());
    }
    until("bounded", || endpoint.shared.routes.len() == (2, 1)).await;
    drop(client);
    until("forgotten", || endpoint.shared.routes.len() == (0, 0)).await;
}

#[tokio::test]
async fn one_socket_serves_both_families() {
    let udp = "[::]:0".parse().unwrap();
    let Ok(endpoint) = Endpoint::bind(EndpointConfig { udp, public: Vec::new(), tcp: true, max_peers: 8 }) else {
        // Not every machine has IPv6.
        return;
    };
    let port = endpoint.local_addr().port();
    let local = endpoint.prepare();
    let remote = RemoteTransport {
        ufrag: "them".to_owned(),
        pwd: Secret::from("unused"),
        fingerprint: [1; 32],
        role: DtlsRole::Client,
        has_channels: true,
    };
    let check = Check::new(&local, &remote).write();
    let _handle = endpoint.open(local, remote, Memory::default().driver()).unwrap();
    for ip in ["127.0.0.1", "::1"] {
        let server = SocketAddr::new(ip.parse().unwrap(), port);
        let socket = UdpSocket::bind(SocketAddr::new(ip.parse().unwrap(), 0)).await.unwrap();
        socket.send_to(&check, server).await.unwrap();
        let mut bytes = [0; 200];
        let (_, from) = timeout(PATIENCE, socket.recv_from(&mut bytes)).await.unwrap().unwrap();
        assert_eq!((from, &bytes[..2]), (server, &[1, 1][..]));
    }
}

/// For one turn of a test's loop.
const MOMENT: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(20);
