//! Signaling with a scripted gate, streams without media, and calls that only remember what they were told.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use parking_lot::Mutex;
use serde_json::Value;
use sluice_contract::message::{DataMessage, EndReason, EventKind};
use sluice_contract::{Protocol, Secret, SessionId, WorkerId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Signaling, State, router};
use crate::admission::Admitted;
use crate::egress::http::TrustedProxies;
use crate::hub::{EventSink, Hub, PublishRight, Publisher};
use crate::media::TrackKind;
use crate::package::{PackagingConfig, PackagingSettings};
use crate::relay::{Reach, Seat};
use crate::session::Gate;
use crate::testing::{House, clock, key, soon};
use crate::webrtc::calls::{Call, CallControl, CallError, CallEvent, Calls, Cast, Described, Shown};
use crate::webrtc::engine::{Candidate, LocalTransport, Message, Transport};
use crate::webrtc::sdp::plan::{Available, Plan, Wish};
use crate::webrtc::sdp::{RemoteDescription, RtpFormat};

/// Calls that are made, and never a packet.
pub(super) struct Exchanged {
    pub made: Mutex<Vec<Arc<Made>>>,
    pub available: Mutex<Available>,
    /// What the next call fails with.
    pub failure: Mutex<Option<CallError>>,
}

/// One call, seen from the engine's side.
pub(super) struct Made {
    pub admitted: Mutex<Option<Admitted>>,
    pub events: mpsc::Sender<CallEvent>,
    pub sent: Mutex<Vec<Message>>,
    pub enabled: Mutex<Vec<(Option<String>, TrackKind, bool)>>,
    /// The tracks that it shows, as of each agreement.
    pub shows: Mutex<Vec<Vec<String>>>,
    pub restarts: Mutex<Vec<String>>,
    pub ended: Mutex<Option<EndReason>>,
}

impl Made {
    pub fn is_open(&self) -> bool {
        self.ended.lock().is_none()
    }
}

struct Control(Arc<Made>);

impl CallControl for Control {
    fn send(&self, message: Message) {
        self.0.sent.lock().push(message);
    }

    fn enable(&self, track: Option<&str>, kind: TrackKind, enabled: bool) {
        self.0.enabled.lock().push((track.map(str::to_owned), kind, enabled));
    }

    fn amend(&self, plan: Plan, _: Vec<Shown>) {
        self.0.shows.lock().push(tracks(&plan));
    }

    fn restart(&self, remote: &RemoteDescription) -> LocalTransport {
        let mut restarts = self.0.restarts.lock();
        restarts.push(remote.transport.ufrag.clone());
        local(restarts.len())
    }

    fn end(&self, reason: EndReason) {
        self.0.ended.lock().get_or_insert(reason);
        // The session ends with it.
        self.0.admitted.lock().take();
    }
}

fn tracks(plan: &Plan) -> Vec<String> {
    plan.tracks().into_iter().map(str::to_owned).collect()
}

fn local(number: usize) -> LocalTransport {
    LocalTransport {
        ufrag: format!("our{number}"),
        pwd: Secret::from("ourPasswordOurPasswordOu"),
        fingerprint: [1; 32],
        candidates: vec![Candidate {
            transport: Transport::Udp,
            address: "192.0.2.1:5000".parse().unwrap(),
            priority: 1,
        }]
        .into(),
    }
}

impl Exchanged {
    fn begin(
        &self,
        admitted: Admitted,
        shows: Vec<String>,
        events: mpsc::Sender<CallEvent>,
    ) -> Result<Call, CallError> {
        if let Some(failure) = self.failure.lock().take() {
            return Err(failure);
        }
        let made = Arc::new(Made {
            admitted: Mutex::new(Some(admitted)),
            events,
            sent: Mutex::default(),
            enabled: Mutex::default(),
            shows: Mutex::new(vec![shows]),
            restarts: Mutex::default(),
            ended: Mutex::default(),
        });
        self.made.lock().push(Arc::clone(&made));
        Ok(Call::new(Box::new(Control(made))))
    }

    pub fn call(&self, number: usize) -> Arc<Made> {
        Arc::clone(&self.made.lock()[number])
    }
}

impl Calls for Exchanged {
    fn publish(
        &self,
        admitted: Admitted,
        offer: &RemoteDescription,
        wish: Wish,
        events: mpsc::Sender<CallEvent>,
    ) -> Result<(Call, Described), CallError> {
        let plan = Plan::receive(offer, wish)?;
        Ok((self.begin(admitted, Vec::new(), events)?, Described { local: local(0), plan }))
    }

    fn available(&self, _: &Seat) -> Available {
        self.available.lock().clone()
    }

    fn prepare(&self) -> LocalTransport {
        local(0)
    }

    fn play(
        &self,
        admitted: Admitted,
        _: Cast,
        agreed: Described,
        _: &RemoteDescription,
        events: mpsc::Sender<CallEvent>,
    ) -> Result<Call, CallError> {
        self.begin(admitted, tracks(&agreed.plan), events)
    }
}

/// A worker's signaling on a port of its own.
pub(super) struct Desk {
    pub house: House,
    pub calls: Arc<Exchanged>,
    pub signaling: Arc<Signaling>,
    pub hub: Arc<Hub>,
    pub said: Arc<Said>,
    pub address: SocketAddr,
    pub shutdown: CancellationToken,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// What was told of messages; everything else is passed over.
#[derive(Default)]
pub(super) struct Said(pub Mutex<Vec<DataMessage>>);

impl EventSink for Said {
    fn emit(&self, kind: EventKind) {
        if let EventKind::Said { message, .. } = kind {
            self.0.lock().push(message);
        }
    }
}

/// Publishes without a session.
struct Right(SessionId);

impl PublishRight for Right {
    fn id(&self) -> SessionId {
        self.0
    }

    fn protocol(&self) -> Protocol {
        Protocol::Rtmp
    }

    fn gate(&self) -> Gate {
        Gate::Open
    }

    fn count_video(&self, _: usize) {}

    fn count_audio(&self, _: usize) {}

    fn close(&self, _: EndReason, _: Option<String>) {}
}

impl Desk {
    pub async fn open(play_protected: bool) -> Self {
        let house = House::open(play_protected).await;
        let said = Arc::new(Said::default());
        let packaging = Arc::new(|_: &_| PackagingSettings::default());
        let hub = Hub::new(Arc::clone(&said) as _, PackagingConfig::default(), packaging, Arc::new(clock)).unwrap();
        let hub = Arc::new(hub);
        let h264 = RtpFormat::H264 { profile_level_id: [0x42, 0xe0, 0x1f] };
        let calls = Arc::new(Exchanged {
            made: Mutex::default(),
            available: Mutex::new(Available {
                video: vec![h264],
                audio: vec![RtpFormat::Opus],
                ..Available::default()
            }),
            failure: Mutex::default(),
        });
        let shutdown = CancellationToken::new();
        let signaling = Arc::new(Signaling {
            worker: WorkerId::new(Uuid::now_v7()),
            link: Arc::new(house.bus.clone()),
            rules: Arc::clone(&house.rules),
            admission: Arc::clone(&house.admission),
            reach: Arc::new(Reach::new(Arc::clone(&hub), None)),
            calls: Arc::clone(&calls) as _,
            proxies: TrustedProxies::default(),
            clock,
            shutdown: shutdown.clone(),
            state: State::new(Arc::clone(&said) as _),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router(Arc::clone(&signaling)).into_make_service_with_connect_info::<SocketAddr>();
        let stop = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                served = async { axum::serve(listener, service).await } => served.unwrap(),
            }
        });
        Self { house, calls, signaling, hub, said, address, shutdown }
    }

    /// A stream has gone live, a while ago.
    pub fn live(&self, stream: &str) -> Publisher {
        let session = SessionId::new(Uuid::now_v7());
        let publisher = self.hub.publish(key(stream), Arc::new(Right(session))).unwrap();
        self.house.wait(5_000);
        publisher
    }

    pub fn router(&self) -> Router {
        router(Arc::clone(&self.signaling))
    }

    /// The number of sessions that the gate let in and that go on.
    pub fn sessions(&self) -> usize {
        self.house.sessions.all().len()
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.address, "/LiveApp/websocket").await.unwrap()
    }
}

/// A WebSocket client that does as little as it can (RFC 6455).
pub(super) struct Client(TcpStream);

impl Client {
    /// `Err` with the status line of a refusal.
    pub async fn connect(address: SocketAddr, path: &str) -> Result<Self, String> {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon("an answer", socket.read_u8()).await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        if head.starts_with("HTTP/1.1 101") { Ok(Self(socket)) } else { Err(head) }
    }

    pub async fn say(&mut self, message: &Value) {
        self.text(&message.to_string()).await;
    }

    pub async fn text(&mut self, text: &str) {
        // Masked, as a client's frames must be, with a mask that changes nothing.
        let mut frame = vec![0x81];
        match text.len() {
            len @ 0..126 => frame.push(0x80 | len as u8),
            len @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend((len as u16).to_be_bytes());
            }
            len => {
                frame.push(0x80 | 127);
                frame.extend((len as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        // A server that has closed by now is found out by the next read.
        let _ = self.0.write_all(&frame).await;
    }

    /// The next message; `None` when the server has closed.
    pub async fn hear(&mut self) -> Option<Value> {
        soon("a message", async {
            loop {
                let opcode = self.0.read_u8().await.ok()? & 0x0f;
                let len = match self.0.read_u8().await.ok()? {
                    126 => usize::from(self.0.read_u16().await.ok()?),
                    127 => usize::try_from(self.0.read_u64().await.ok()?).unwrap(),
                    len => usize::from(len),
                };
                let mut payload = vec![0; len];
                self.0.read_exact(&mut payload).await.ok()?;
                match opcode {
                    1 => return Some(serde_json::from_slice(&payload).unwrap()),
                    8 => return None,
                    _ => {}
                }
            }
        })
        .await
    }

    /// The next message, which must be this command or definition.
    pub async fn hears(&mut self, word: &str) -> Value {
        let message = self.hear().await.unwrap_or_else(|| panic!("the server closed instead of {word}"));
        let matches = |name: &str| message.get(name).and_then(Value::as_str) == Some(word);
        assert!(matches("command") || matches("definition"), "{word} was due, not {message}");
        message
    }
}
