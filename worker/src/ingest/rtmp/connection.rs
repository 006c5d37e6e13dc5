//! One RTMP connection: the sans-IO session on a socket, with a deadline at every stage, between gate and hub.
//! Players that were let in are handed to `egress/rtmp`.
//!
//! Nothing of a publisher is read, let alone forwarded, between its publish command and the gate's answer. While it
//! publishes, its session's gate is looked at before each access unit and awaited beside the socket, so that a block
//! takes effect whether or not media flows.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use sluice_contract::message::EndReason;
use sluice_contract::policy::TokenUse;
use sluice_contract::{ClientBinding, DenyReason, Intent, Operation, Peer, Protocol};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::address::StreamAddress;
use super::flv::{Tag, TagError, TagReader};
use super::handshake::{HandshakeError, ServerHandshake};
use super::listener::RtmpConfig;
use super::session::{Event, PublishRequest, ServerSession, SessionError};
use super::transport::{self, Transport};
use crate::StreamKey;
use crate::admission::{Admission, Admitted, Ask};
use crate::egress::rtmp::feed;
use crate::hub::{AlreadyLive, Hub, Publisher};
use crate::relay::Reach;
use crate::session::{Gate, Session};
use crate::transcode::Impossible;

/// What all connections of a listener use.
pub(crate) struct Shared {
    pub config: RtmpConfig,
    pub admission: Arc<Admission>,
    pub hub: Arc<Hub>,
    pub reach: Arc<Reach>,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum End {
    #[error("the peer left")]
    PeerLeft,
    #[error("the peer did not complete the handshake in time")]
    NoHandshake,
    #[error("the peer was silent for too long")]
    TimedOut,
    #[error("the peer did not take what was sent")]
    WriteTimedOut,
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    #[error(transparent)]
    Protocol(#[from] SessionError),
    #[error(transparent)]
    Media(#[from] TagError),
    #[error("refused: {}", .0.code())]
    Refused(DenyReason),
    #[error(transparent)]
    Unplayable(#[from] Impossible),
    /// The peer's session was closed on our side.
    #[error("ended by the server: {}", .0.as_str())]
    Closed(EndReason),
}

impl End {
    /// What the session's event says.
    fn reason(&self) -> EndReason {
        match self {
            Self::PeerLeft | Self::Io(_) | Self::Refused(_) | Self::Unplayable(_) => EndReason::Closed,
            Self::NoHandshake | Self::TimedOut => EndReason::Idle,
            Self::WriteTimedOut => EndReason::SlowReader,
            Self::Handshake(_) | Self::Protocol(_) | Self::Media(_) => EndReason::ProtocolError,
            Self::Closed(reason) => *reason,
        }
    }

    /// More than the reason says, for people.
    fn detail(&self) -> Option<String> {
        match self {
            Self::PeerLeft | Self::NoHandshake | Self::TimedOut | Self::Closed(_) => None,
            _ => Some(self.to_string()),
        }
    }
}

/// One peer behind its transport.
pub(crate) struct Connection<S> {
    pub socket: S,
    address: IpAddr,
    pub shared: Arc<Shared>,
    pub shutdown: CancellationToken,
    pub input: BytesMut,
    pub rtmp: ServerSession,
    /// The last bytes written are the beginning of a message whose rest may not follow: no word of farewell could be
    /// read behind them.
    pub is_torn: bool,
}

impl<S: Transport> Connection<S> {
    pub fn new(socket: S, address: IpAddr, shared: Arc<Shared>, shutdown: CancellationToken) -> Self {
        let rtmp = ServerSession::new(shared.config.session);
        Self { socket, address, shared, shutdown, input: BytesMut::new(), rtmp, is_torn: false }
    }

    /// Serves the connection to its end.
    pub async fn serve(mut self) {
        let end = match self.run().await {
            Err(end) => end,
            Ok(never) => match never {},
        };
        debug!(peer.address = %self.address, reason = %end, "rtmp connection ended");
        if self.is_torn {
            return;
        }
        match end {
            End::PeerLeft | End::Io(_) | End::WriteTimedOut | End::Handshake(_) | End::NoHandshake => return,
            // Told already.
            End::Refused(_) | End::Closed(_) | End::Unplayable(_) => {}
            End::TimedOut => self.rtmp.refuse("NetStream.Failed", "Nothing arrived in time."),
            End::Protocol(error) => self.rtmp.refuse("NetStream.Failed", &error.to_string()),
            End::Media(error) => self.rtmp.refuse("NetStream.Failed", &error.to_string()),
        }
        self.say_goodbye().await;
    }

    async fn run(&mut self) -> Result<std::convert::Infallible, End> {
        let shutdown = self.shutdown.clone();
        let (handshake, publish) = (self.shared.config.handshake_timeout, self.shared.config.publish_timeout);
        within(handshake, &shutdown, self.shake_hands()).await?.ok_or(End::NoHandshake)?;
        loop {
            match within(publish, &shutdown, self.next_request()).await?.ok_or(End::TimedOut)? {
                Request::Publish(request) => self.publish(request).await?,
                Request::Play(address) => self.play(address).await?,
            }
        }
    }

    async fn shake_hands(&mut self) -> Result<(), End> {
        let mut handshake = ServerHandshake::new();
        let mut out = BytesMut::new();
        loop {
            self.fill(READ_BEFORE_PUBLISH_BYTES).await?;
            let complete = handshake.advance(&mut self.input, &mut out)?;
            self.send(out.split()).await?;
            if complete {
                return Ok(());
            }
        }
    }

    /// Answers commands until one asks for the gate.
    async fn next_request(&mut self) -> Result<Request, End> {
        loop {
            let event = self.rtmp.next_event(&mut self.input);
            self.flush().await?;
            match event? {
                Some(Event::PublishRequested(request)) => return Ok(Request::Publish(request)),
                Some(Event::PlayRequested(address)) => return Ok(Request::Play(address)),
                Some(_) => {}
                None => self.fill(READ_BEFORE_PUBLISH_BYTES).await?,
            }
        }
    }

    /// Asks the gate, then carries the publication to its end. `Ok` when the encoder ended it and may publish again.
    async fn publish(&mut self, request: PublishRequest) -> Result<(), End> {
        let ask = self.ask(request.address, Operation::Publish, Intent::Start, request.mode);
        let admitted = match self.shared.admission.admit(ask.clone()).await {
            Ok(admitted) => admitted,
            Err(reason) => return Err(self.refuse(&ask, reason)),
        };
        let session = Arc::clone(admitted.session());
        let Some(mut publisher) = self.go_live(&admitted) else {
            session.close(EndReason::Closed, Some(AlreadyLive.to_string()));
            return Err(self.refuse(&ask, DenyReason::StreamInUse));
        };
        self.rtmp.accept();
        let end = self.relay(&session, &mut publisher).await.err();
        let (reason, detail) = end.as_ref().map_or((EndReason::Closed, None), |end| (end.reason(), end.detail()));
        session.close(reason, detail.clone());
        publisher.end(reason, detail);
        match end {
            None => Ok(()),
            Some(end) => {
                if let End::Closed(reason) = end {
                    let (code, description) = end_status(reason);
                    self.rtmp.refuse(code, description);
                }
                Err(end)
            }
        }
    }

    /// Asks the gate, then feeds the player to its end. `Ok` when it has seen enough and may ask for another stream.
    async fn play(&mut self, address: StreamAddress) -> Result<(), End> {
        let reach = Arc::clone(&self.shared.reach);
        let is_here = address.key().is_some_and(|key| reach.seat(&key).is_some());
        // What could be spent on a stream that is not here is not spent.
        let intent = if is_here { Intent::Start } else { Intent::Probe };
        let ask = self.ask(address, Operation::Play, intent, None);
        let mut admitted = match self.shared.admission.admit(ask.clone()).await {
            Ok(admitted) => admitted,
            Err(reason) => return Err(self.refuse(&ask, reason)),
        };
        // Looked up again: publishers may have changed while the gate was asked. Nothing is fetched from another
        // worker for a player who was not let in.
        let Some(seat) = reach.fetch(admitted.session().key()).await else {
            return Err(self.refuse(&ask, DenyReason::StreamAbsent));
        };
        if admitted.grant().token == TokenUse::Reserved && intent == Intent::Probe {
            // The stream can be had after all: what was only held is spent.
            drop(admitted);
            let ask = Ask { intent: Intent::Start, ..ask.clone() };
            admitted = match self.shared.admission.admit(ask.clone()).await {
                Ok(admitted) => admitted,
                Err(reason) => return Err(self.refuse(&ask, reason)),
            };
        }
        let session = admitted.session();
        if admitted.grant().token == TokenUse::Reserved {
            return Err(self.refuse(&ask, DenyReason::AuthorityUnreachable));
        }
        debug!(session.id = %session.id(), peer.address = %self.address, user_agent = self.rtmp.user_agent(), "admitted");
        self.rtmp.accept();
        let end = feed(self, session, seat).await.err();
        let (reason, detail) = end.as_ref().map_or((EndReason::Closed, None), |end| (end.reason(), end.detail()));
        session.close(reason, detail);
        match end {
            None => Ok(()),
            Some(end) => {
                match end {
                    End::Closed(EndReason::StreamEnded) => self.rtmp.end_of_stream(),
                    End::Closed(reason) => {
                        let (code, description) = end_status(reason);
                        self.rtmp.refuse(code, description);
                    }
                    End::Unplayable(ref why) => self.rtmp.refuse("NetStream.Play.Failed", &why.to_string()),
                    _ => {}
                }
                Err(end)
            }
        }
    }

    fn ask(&self, address: StreamAddress, operation: Operation, intent: Intent, publish_mode: Option<String>) -> Ask {
        let peer = Peer::new(self.address, self.rtmp.user_agent().map(|text| shorten(text, MAX_USER_AGENT_BYTES)));
        Ask {
            application: address.application,
            stream_id: address.stream_id,
            operation,
            protocol: Protocol::Rtmp,
            credentials: address.credentials,
            client: ClientBinding::of_peer(Protocol::Rtmp, &peer),
            peer,
            intent,
            publish_mode,
        }
    }

    fn go_live(&self, admitted: &Admitted) -> Option<Publisher> {
        let grant = admitted.grant();
        let key = StreamKey { application: grant.application.clone(), stream_id: grant.stream_id.clone() };
        let session = admitted.session();
        debug!(session.id = %session.id(), peer.address = %self.address, user_agent = self.rtmp.user_agent(), "admitted");
        self.shared.hub.publish(key, session.clone()).ok()
    }

    /// Moves media from the socket to the hub until the encoder takes the stream off the air.
    async fn relay(&mut self, session: &Session, publisher: &mut Publisher) -> Result<(), End> {
        let shutdown = self.shutdown.clone();
        let mut media = Media { session, publisher, tags: TagReader::new(), skipped: None };
        let mut gate = pin!(closed(session));
        let mut silence = pin!(sleep(self.shared.config.first_media_timeout));
        loop {
            let mut heard = false;
            let outcome = loop {
                match self.rtmp.next_event(&mut self.input)? {
                    None => break None,
                    Some(Event::Finished) => break Some(()),
                    Some(Event::Audio { timestamp, body }) => {
                        heard = true;
                        media.audio(timestamp, body)?;
                    }
                    Some(Event::Video { timestamp, body }) => {
                        heard = true;
                        media.video(timestamp, body)?;
                    }
                    Some(Event::Metadata(metadata)) => {
                        debug!(session.id = %session.id(), ?metadata, "stream metadata");
                    }
                    // The session yields nothing else while it publishes.
                    Some(_) => {}
                }
            };
            self.flush().await?;
            if let Some(finished) = outcome {
                return Ok(finished);
            }
            if heard {
                silence.as_mut().reset(Instant::now() + self.shared.config.idle_timeout);
            }
            tokio::select! {
                biased;
                reason = &mut gate => return Err(End::Closed(reason)),
                () = shutdown.cancelled() => return Err(End::Closed(EndReason::Shutdown)),
                () = &mut silence => return Err(End::TimedOut),
                filled = self.fill(READ_PUBLISHING_BYTES) => filled?,
            }
        }
    }

    /// Queues the refusal that this reason has on RTMP.
    fn refuse(&mut self, ask: &Ask, reason: DenyReason) -> End {
        let status = ask.refusal(&reason).rtmp;
        self.rtmp.refuse(status.code.as_ref(), status.description.as_ref());
        End::Refused(reason)
    }

    /// Sends what is queued, says that nothing follows, and waits a moment for the peer to leave. A socket that is
    /// closed with unread bytes resets the connection, and the peer would lose what it was told.
    async fn say_goodbye(&mut self) {
        let linger = self.shared.config.linger_timeout;
        let farewell = async {
            self.flush().await?;
            self.socket.shutdown().await?;
            let mut dropped = 0;
            while dropped < MAX_DROPPED_BYTES {
                self.input.clear();
                self.fill(READ_BEFORE_PUBLISH_BYTES).await?;
                dropped += self.input.len();
            }
            Ok::<_, End>(())
        };
        // However it ends, the connection is over.
        if let Ok(Err(end)) = timeout(linger, farewell).await {
            debug!(peer.address = %self.address, %end, "farewell cut short");
        }
    }

    async fn flush(&mut self) -> Result<(), End> {
        let out = self.rtmp.take_output();
        self.send(out).await
    }

    async fn send(&mut self, out: BytesMut) -> Result<(), End> {
        if out.is_empty() {
            return Ok(());
        }
        let written = async {
            self.socket.write_all(&out).await?;
            self.socket.flush().await
        };
        match timeout(self.shared.config.write_timeout, written).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(End::WriteTimedOut),
        }
    }

    /// Reads what is there, `most` bytes or fewer.
    async fn fill(&mut self, most: usize) -> Result<(), End> {
        match transport::read(&mut self.socket, &mut self.input, most).await? {
            0 => Err(End::PeerLeft),
            _ => Ok(()),
        }
    }
}

/// What a peer asks of the gate.
enum Request {
    Publish(PublishRequest),
    Play(StreamAddress),
}

/// The way of media messages into the hub.
struct Media<'a> {
    session: &'a Session,
    publisher: &'a mut Publisher,
    tags: TagReader,
    /// The newest kind of message that was left out, so that the log names each once.
    skipped: Option<&'static str>,
}

impl Media<'_> {
    fn video(&mut self, timestamp: u32, body: Bytes) -> Result<(), End> {
        let tag = self.tags.video(timestamp, body)?;
        self.forward(tag)
    }

    fn audio(&mut self, timestamp: u32, body: Bytes) -> Result<(), End> {
        let tag = self.tags.audio(timestamp, body)?;
        self.forward(tag)
    }

    fn forward(&mut self, tag: Tag) -> Result<(), End> {
        match self.session.gate() {
            Gate::Open => {}
            Gate::Closed(reason) => return Err(End::Closed(reason)),
            Gate::Suspended => return Err(End::Closed(EndReason::Blocked)),
        }
        match tag {
            Tag::Config(track) => self.publisher.configure(track),
            Tag::Unit(unit) => self.publisher.push(unit),
            Tag::Nothing => {}
            Tag::Skipped(what) => {
                if self.skipped.replace(what) != Some(what) {
                    warn!(session.id = %self.session.id(), what, "media of this kind is not carried");
                }
            }
        }
        Ok(())
    }
}

/// Waits until the session may publish no more. A blocked publisher does not wait for better times: it is closed.
async fn closed(session: &Session) -> EndReason {
    loop {
        match session.gate_changed(Gate::Open).await {
            Gate::Open => tokio::task::yield_now().await,
            Gate::Suspended => return EndReason::Blocked,
            Gate::Closed(reason) => return reason,
        }
    }
}

/// What a peer reads when its session is ended from our side.
fn end_status(reason: EndReason) -> (&'static str, &'static str) {
    const FAILED: &str = "NetStream.Failed";
    match reason {
        EndReason::Blocked => (FAILED, "The subscriber is blocked."),
        EndReason::Expired => (FAILED, "The credential has expired."),
        EndReason::Stopped => (FAILED, "The broadcast was stopped."),
        EndReason::Deleted => (FAILED, "The broadcast was deleted."),
        EndReason::Replaced => ("NetStream.Publish.BadName", "Another publisher has taken the stream."),
        EndReason::PipelineError => (FAILED, "The stream could not be packaged."),
        EndReason::Shutdown => (FAILED, "The server is stopping."),
        _ => (FAILED, "The broadcast has ended."),
    }
}

/// Runs one stage before a publication; `None` when it took longer than `limit`.
async fn within<T>(
    limit: Duration,
    shutdown: &CancellationToken,
    stage: impl Future<Output = Result<T, End>>,
) -> Result<Option<T>, End> {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Err(End::Closed(EndReason::Shutdown)),
        outcome = timeout(limit, stage) => outcome.ok().transpose(),
    }
}

/// At most `most` bytes of a text, cut between characters.
fn shorten(text: &str, most: usize) -> String {
    let end = (0..=most.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    text.get(..end).unwrap_or_default().to_owned()
}

/// A stranger's commands are small, and so is the buffer that a silent one keeps.
const READ_BEFORE_PUBLISH_BYTES: usize = 2_048;

/// One read of a publisher: about 60 ms at 2 Mbit/s.
const READ_PUBLISHING_BYTES: usize = transport::MOST_READ_BYTES;

/// What a peer may still send after its end before the connection is cut.
const MAX_DROPPED_BYTES: usize = 4 << 20;

/// `flashVer` as far as [`Peer`] keeps it.
const MAX_USER_AGENT_BYTES: usize = 256;
