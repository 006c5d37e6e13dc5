//! Publishers on real sockets, in front of a scripted gate and the real hub.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use sluice_contract::message::{Command, EndReason, EventKind};
use sluice_contract::policy::Refusal;
use sluice_contract::{DenyReason, Operation};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Shared};
use super::testing::{self, Answers, command, connect, create_stream, message, publish};
use super::{RtmpConfig, RtmpListener};
use crate::StreamKey;
use crate::hub::{EventSink, Hub};
use crate::package::{PackagingConfig, PackagingSettings};
use crate::relay::Reach;
use crate::testing::{House, block, clock, deny, key, soon};

/// The hub's own events do not matter here.
struct Unheard;

impl EventSink for Unheard {
    fn emit(&self, _: EventKind) {}
}

/// A listener with everything behind it.
pub(crate) struct Ingest {
    pub house: House,
    pub hub: Arc<Hub>,
    address: std::net::SocketAddr,
    pub shutdown: CancellationToken,
    running: JoinHandle<()>,
}

impl Ingest {
    pub async fn open() -> Self {
        Self::with(RtmpConfig::default()).await
    }

    pub async fn with(config: RtmpConfig) -> Self {
        let house = House::open(false).await;
        let hub = Arc::new(hub());
        let config = RtmpConfig { addr: ([127, 0, 0, 1], 0).into(), ..config };
        let listener = RtmpListener::bind(config, Arc::clone(&house.admission), reach(&hub)).await.unwrap();
        let (address, shutdown) = (listener.local_addr(), CancellationToken::new());
        let running = tokio::spawn(listener.run(shutdown.clone()));
        Self { house, hub, address, shutdown, running }
    }

    pub async fn connect(&self) -> Encoder {
        Encoder { socket: TcpStream::connect(self.address).await.unwrap(), answers: Answers::new() }
    }

    /// An encoder that is on air.
    pub async fn publisher(&self, stream_key: &str) -> Encoder {
        let mut encoder = self.connect().await;
        encoder.ask_to_publish(stream_key).await;
        assert_eq!(encoder.status().await, "onStatus NetStream.Publish.Start");
        encoder.send(&media()).await;
        encoder
    }

    pub fn is_live(&self, key: &StreamKey) -> bool {
        self.hub.find(key).is_some_and(|stream| stream.is_live())
    }

    /// The end of the next session that ends.
    pub async fn session_end(&mut self) -> (EndReason, Option<String>) {
        loop {
            if let EventKind::SessionEnded { reason, detail, .. } = self.house.event().await {
                return (reason, detail);
            }
        }
    }
}

fn hub() -> Hub {
    let settings = Arc::new(|_: &_| PackagingSettings::default());
    Hub::new(Arc::new(Unheard), PackagingConfig::default(), settings, Arc::new(clock)).unwrap()
}

/// Nothing beside the hub.
fn reach(hub: &Arc<Hub>) -> Arc<Reach> {
    Arc::new(Reach::new(Arc::clone(hub), None))
}

/// The two configurations, a key frame and a frame of sound.
fn media() -> Vec<u8> {
    const SPS: &[u8] = &[0x67, 0x42, 0xC0, 0x0A, 0xDA, 0x0B, 0x1A, 0x10];
    let mut record = vec![0x17, 0, 0, 0, 0, 1, 0x42, 0xC0, 0x0A, 0xFF, 0xE1, 0, u8::try_from(SPS.len()).unwrap()];
    record.extend(SPS);
    record.extend([1, 0, 4, 0x68, 0xCE, 0x38, 0x80]);
    [
        message(9, 1, 0, &record),
        message(8, 1, 0, &[0xAF, 0, 0x11, 0x90]),
        message(9, 1, 0, &[0x17, 1, 0, 0, 0, 0, 0, 0, 2, 0x65, 0x88]),
        message(8, 1, 0, &[0xAF, 1, 0x21, 0x10]),
    ]
    .concat()
}

/// A client on a socket.
pub(crate) struct Encoder {
    pub socket: TcpStream,
    pub answers: Answers,
}

impl Encoder {
    pub async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    pub async fn shake_hands(&mut self) {
        let mut hello = vec![3];
        hello.extend([0; 1_536]);
        self.send(&hello).await;
        let mut answer = vec![0; 1 + 1_536 + 1_536];
        soon("the handshake", self.socket.read_exact(&mut answer)).await.unwrap();
        self.send(&answer[1..1_537]).await;
    }

    async fn ask_to_publish(&mut self, stream_key: &str) {
        self.shake_hands().await;
        let opening = [connect("LiveApp", "rtmp://host/LiveApp"), create_stream(2.0), publish(1, stream_key)];
        self.send(&opening.concat()).await;
    }

    /// Code of the next `onStatus`; empty when the server has closed the connection.
    pub async fn status(&mut self) -> String {
        let mut buffer = BytesMut::new();
        loop {
            while let Some(values) = self.answers.next_command() {
                let summary = testing::summarise(&values);
                if summary.starts_with("onStatus") {
                    return summary;
                }
            }
            buffer.clear();
            if soon("an answer", self.socket.read_buf(&mut buffer)).await.unwrap_or(0) == 0 {
                return String::new();
            }
            self.answers.push(&buffer);
        }
    }

    pub async fn sees_the_end(mut self) {
        assert_eq!(self.status().await, "", "closed without a further word");
    }
}

#[tokio::test]
async fn a_publisher_goes_on_air_and_leaves() {
    let mut ingest = Ingest::open().await;
    let mut encoder = ingest.publisher("s1?subscriberId=alice").await;
    let EventKind::SessionStarted { session } = ingest.house.event().await else { panic!("no session began") };
    assert_eq!((session.stream_id.as_str(), session.peer.address.to_string().as_str()), ("s1", "127.0.0.1"));
    assert_eq!(session.peer.user_agent.as_deref(), Some("FMLE/3.0 (compatible; Test)"));
    assert_eq!(session.subscriber.as_ref().map(AsRef::as_ref), Some("alice"));
    assert!(ingest.is_live(&key("s1")));
    encoder.send(&command(0, "deleteStream", 3.0, |arguments| arguments.null().number(1.0))).await;
    assert_eq!(encoder.status().await, "onStatus NetStream.Unpublish.Success");
    assert_eq!(ingest.session_end().await, (EndReason::Closed, None));
    assert!(!ingest.is_live(&key("s1")));

    // The same connection may go on air again.
    encoder.send(&[create_stream(4.0), publish(2, "s2")].concat()).await;
    assert_eq!(encoder.status().await, "onStatus NetStream.Publish.Start");
    assert!(ingest.is_live(&key("s2")));
    drop(encoder);
    assert_eq!(ingest.session_end().await.0, EndReason::Closed);
}

#[tokio::test]
async fn a_refused_publisher_reads_why_before_it_is_closed() {
    for reason in [DenyReason::CodeInvalid, DenyReason::UnregisteredStream, DenyReason::AuthorityUnreachable] {
        let ingest = Ingest::open().await;
        let said = reason.clone();
        *ingest.house.gate.script.lock() = Box::new(move |_| deny(said.clone()));
        let mut encoder = ingest.connect().await;
        encoder.ask_to_publish("s1").await;
        // A hasty encoder sends media at once; it must not cost it the answer.
        encoder.send(&media()).await;
        let wanted: &str = Refusal::of(&reason).rtmp.code;
        assert_eq!(encoder.status().await, format!("onStatus {wanted}"));
        assert!(!ingest.is_live(&key("s1")));
        encoder.sees_the_end().await;
    }
}

#[tokio::test]
async fn a_block_ends_the_publisher_at_once() {
    let mut ingest = Ingest::open().await;
    let mut encoder = ingest.publisher("s1?subscriberId=alice").await;
    let other = ingest.publisher("s2?subscriberId=bob").await;
    let ack = ingest.house.command(Command::Block { block: block("s1", "alice", Operation::Publish, 60) }).await;
    assert_eq!(ack.sessions_stopped, 1);
    assert_eq!(encoder.status().await, "onStatus NetStream.Failed");
    assert_eq!(ingest.session_end().await, (EndReason::Blocked, None));
    assert!(ingest.is_live(&key("s2")));
    encoder.sees_the_end().await;
    drop(other);
}

#[tokio::test]
async fn a_second_publisher_is_refused_and_the_first_goes_on() {
    let ingest = Ingest::open().await;
    let _first = ingest.publisher("s1").await;
    let mut second = ingest.connect().await;
    second.ask_to_publish("s1").await;
    assert_eq!(second.status().await, "onStatus NetStream.Publish.BadName");
    second.sees_the_end().await;
    assert!(ingest.is_live(&key("s1")));
}

#[tokio::test]
async fn whoever_breaks_the_protocol_ends_alone() {
    let mut ingest = Ingest::open().await;
    let _healthy = ingest.publisher("healthy").await;
    let broken: [(&[u8], &str); 3] = [
        (&message(9, 1, 0, &[0x17, 1, 0, 0, 0, 0, 0, 0, 99, 1]), "the NAL unit lengths of a picture do not add up"),
        (&message(8, 1, 0, &[0x2F, 1]), "the codec MP3 is not supported"),
        (&[0xC5, 0, 0], "a chunk refers to a header that was never sent"),
    ];
    for (index, (bytes, why)) in broken.into_iter().enumerate() {
        let mut encoder = ingest.publisher(&format!("s{index}")).await;
        encoder.send(bytes).await;
        encoder.send(&[0; 16]).await;
        assert_eq!(encoder.status().await, "onStatus NetStream.Failed");
        assert_eq!(ingest.session_end().await, (EndReason::ProtocolError, Some(why.to_owned())));
        encoder.sees_the_end().await;
    }
    assert!(ingest.is_live(&key("healthy")));
}

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn silence_is_not_waited_for_at_any_stage() {
    let config = RtmpConfig {
        handshake_timeout: SHORT,
        publish_timeout: SHORT,
        first_media_timeout: SHORT,
        idle_timeout: SHORT,
        ..RtmpConfig::default()
    };
    let mut ingest = Ingest::with(config).await;
    ingest.connect().await.sees_the_end().await;
    let mut began = ingest.connect().await;
    began.send(&[3]).await;
    let mut answer = Vec::new();
    soon("the end", began.socket.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer.len(), 1 + 1_536, "S0 and S1, and nothing more");
    let mut shaken = ingest.connect().await;
    shaken.shake_hands().await;
    assert_eq!(shaken.status().await, "onStatus NetStream.Failed");
    let mut admitted = ingest.connect().await;
    admitted.ask_to_publish("s1").await;
    assert_eq!(admitted.status().await, "onStatus NetStream.Publish.Start");
    assert_eq!(ingest.session_end().await, (EndReason::Idle, None));
    let _publisher = ingest.publisher("s2").await;
    assert_eq!(ingest.session_end().await, (EndReason::Idle, None));
}

#[tokio::test]
async fn pings_do_not_keep_a_silent_publisher_on_air() {
    let config = RtmpConfig { idle_timeout: SHORT, ..RtmpConfig::default() };
    let mut ingest = Ingest::with(config).await;
    let mut encoder = ingest.publisher("s1").await;
    let ping = message(4, 0, 0, &[0, 6, 0, 0, 0, 1]);
    let ended = async {
        loop {
            tokio::select! {
                end = ingest.session_end() => break end,
                sent = encoder.socket.write_all(&ping) => {
                    let _ = sent;
                    tokio::task::yield_now().await;
                }
            }
        }
    };
    assert_eq!(soon("the end", ended).await, (EndReason::Idle, None));
}

#[tokio::test]
async fn only_so_many_connections_are_kept() {
    let ingest = Ingest::with(RtmpConfig { max_connections_per_address: 1, ..RtmpConfig::default() }).await;
    let first = ingest.publisher("s1").await;
    ingest.connect().await.sees_the_end().await;
    assert!(ingest.is_live(&key("s1")));
    drop(first);
}

#[tokio::test]
async fn a_stop_tells_publishers_and_waits_for_their_end() {
    let mut ingest = Ingest::open().await;
    let mut publisher = ingest.publisher("s1").await;
    let mut waiting = ingest.connect().await;
    waiting.shake_hands().await;
    ingest.shutdown.cancel();
    assert_eq!(publisher.status().await, "onStatus NetStream.Failed");
    publisher.sees_the_end().await;
    waiting.sees_the_end().await;
    assert_eq!(ingest.session_end().await, (EndReason::Shutdown, None));
    soon("the stop", &mut ingest.running).await.unwrap();
    assert!(TcpStream::connect(ingest.address).await.is_err(), "nothing listens any more");
}

#[tokio::test]
async fn a_silent_connection_costs_little() {
    let ingest = Ingest::open().await;
    let socket = TcpStream::connect(ingest.address).await.unwrap();
    let shared = Shared {
        config: RtmpConfig::default(),
        admission: Arc::clone(&ingest.house.admission),
        hub: Arc::clone(&ingest.hub),
        reach: reach(&ingest.hub),
    };
    let address = [127, 0, 0, 1].into();
    let connection = Connection::new(socket, address, Arc::new(shared), CancellationToken::new());
    let bytes = size_of_val(&connection.serve());
    // The read buffer, one handshake in progress and the socket come on top: about 8 KiB.
    assert!(bytes < 8_192, "{bytes} bytes");
}
