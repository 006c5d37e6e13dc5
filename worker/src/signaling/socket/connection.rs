//! One socket: moves messages between it and its [`Conversation`], and does what that requests.

mod amend;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message as Frame, WebSocket};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, FuturesUnordered, once};
use sluice_contract::message::{EndReason, WebrtcRules, WorkerSettings};
use sluice_contract::{
    ApplicationName, ClientBinding, Credentials, DenyReason, Intent, Operation, Peer, Protocol, StreamId,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_stream::StreamMap;
use tokio_stream::wrappers::{ReceiverStream, WatchStream};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use super::super::allowance::{Allowance, Rate};
use super::super::entry::{Entry, NoEntry, UNSENDABLE};
use super::super::exchange::Place;
use super::super::ice;
use super::super::rooms::Members;
use super::super::{NoRandomness, Signaling};
use super::command;
use super::conversation::{Conversation, Kinds, Line, Output, Proposal, Refused, Request};
use super::message::Message;
use super::question::Asked;
use super::selection::Selection;
use super::viewing::{self, Found, Viewing};
use crate::StreamKey;
use crate::admission::{Admitted, Ask};
use crate::session::{Gate, Session};
use crate::webrtc::calls::{Call, CallError, CallEvent, Cast, Described};
use crate::webrtc::engine::LocalTransport;
use crate::webrtc::sdp::plan::{Available, NoCommonCodec, Plan, Wish};
use crate::webrtc::sdp::{self, DescriptionError, Direction, RemoteDescription};

type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A client and all that it does over one socket.
pub(super) struct Connection {
    signaling: Arc<Signaling>,
    application: ApplicationName,
    peer: Peer,
    client: ClientBinding,
    conversation: Conversation,
    legs: HashMap<Line, Leg>,
    /// What happens to the calls.
    events: StreamMap<Line, BoxStream<'static, CallEvent>>,
    /// Tells when a room has other members than before.
    members: StreamMap<Line, WatchStream<Members>>,
    /// Questions to others that are on their way; nothing more is read while there are many.
    asking: FuturesUnordered<Task<Done>>,
    /// What may take for ever.
    waiting: FuturesUnordered<Task<Waited>>,
    /// Cancelled when the stream is no longer awaited.
    awaited: HashMap<String, CancellationToken>,
    allowance: Allowance,
}

/// How far a line has come.
enum Leg {
    /// A publisher who was let in; its description is to come.
    Invited(Admitted),
    /// A viewer who was let in, and what it was offered.
    Offered(Box<Offered>),
    Open(Box<Open>),
}

/// What a viewer's first offer was made from.
struct Offered {
    admitted: Admitted,
    cast: Cast,
    described: Described,
    viewing: Viewing,
}

/// A call, and what was agreed for it.
struct Open {
    call: Arc<Call>,
    described: Described,
    remote: RemoteDescription,
    operation: Operation,
    place: Place,
    /// Of a viewer.
    viewing: Option<Viewing>,
}

enum Done {
    Publish(Line, Result<Admitted, Refused>),
    Play(Line, Result<Box<Offered>, Refused>),
    Found(Line, Vec<Found>),
    Say(Message),
}

enum Waited {
    Live(String),
    Ended(Line, EndReason),
    /// It is time to look for what was not there.
    Missed(Line),
    Nothing,
}

/// Why a socket is closed by us.
struct Closing;

impl Connection {
    pub fn new(signaling: Arc<Signaling>, application: ApplicationName, peer: Peer, client: ClientBinding) -> Self {
        Self {
            signaling,
            application,
            peer,
            client,
            conversation: Conversation::default(),
            legs: HashMap::new(),
            events: StreamMap::new(),
            members: StreamMap::new(),
            asking: FuturesUnordered::new(),
            waiting: FuturesUnordered::new(),
            awaited: HashMap::new(),
            allowance: Allowance::of(SPOKEN),
        }
    }

    /// Serves the socket to its end; what was begun on it ends with it.
    pub async fn serve(mut self, mut socket: WebSocket) {
        debug!(peer.address = %self.peer.address, application.name = %self.application, "signaling began");
        // Either way there is nothing more to say.
        let _ = self.run(&mut socket).await;
        let _ = timeout(SEND_WITHIN, socket.send(Frame::Close(None))).await;
        debug!(peer.address = %self.peer.address, application.name = %self.application, "signaling ended");
    }

    async fn run(&mut self, socket: &mut WebSocket) -> Result<(), Closing> {
        let shutdown = self.signaling.shutdown.clone();
        let (mut heard, mut is_probed) = (Instant::now(), false);
        loop {
            self.flush(socket).await?;
            let now = Instant::now();
            let reads = self.asking.len() < MAX_ASKING && self.allowance.is_ready(now);
            let silent = heard + SILENCE;
            let probe = (!is_probed).then_some(heard + PROBE_AFTER);
            let next = [
                Some(silent),
                probe,
                self.conversation.next_time().map(Instant::from_std),
                self.allowance.ready_at(now),
            ];
            let next = next.into_iter().flatten().min().unwrap_or(silent);
            tokio::select! {
                () = shutdown.cancelled() => {
                    return say(socket, &Message::server_will_stop()).await;
                }
                Some(done) = self.asking.next() => self.done(done)?,
                Some(waited) = self.waiting.next() => self.waited(waited),
                Some((line, event)) = self.events.next() => self.event(line, &event),
                Some((line, _)) = self.members.next() => self.members_changed(line),
                frame = socket.recv(), if reads => {
                    let Some(Ok(frame)) = frame else { return Ok(()) };
                    (heard, is_probed) = (Instant::now(), false);
                    self.frame(&frame, heard)?;
                }
                () = sleep_until(next) => {
                    let now = Instant::now();
                    if now >= silent {
                        return Ok(());
                    }
                    if probe.is_some_and(|probe| now >= probe) {
                        is_probed = true;
                        send(socket, Frame::Ping(Default::default())).await?;
                    }
                    self.conversation.time(now.into_std());
                }
            }
        }
    }

    /// Says and does what the conversation has come to.
    async fn flush(&mut self, socket: &mut WebSocket) -> Result<(), Closing> {
        while let Some(output) = self.conversation.poll() {
            match output {
                Output::Say(message) => say(socket, &message).await?,
                Output::Do(request) => self.perform(request),
            }
        }
        Ok(())
    }

    fn frame(&mut self, frame: &Frame, now: Instant) -> Result<(), Closing> {
        let size = match frame {
            Frame::Text(text) => {
                // What cannot be read is passed over.
                if let Some(said) = command::read(text.as_str()) {
                    let settings = self.settings().ok_or(Closing)?;
                    self.conversation.command(said, &settings.webrtc, now.into_std());
                }
                text.len()
            }
            Frame::Binary(bytes) | Frame::Ping(bytes) | Frame::Pong(bytes) => bytes.len(),
            Frame::Close(_) => return Err(Closing),
        };
        self.allowance.take(size, now);
        Ok(())
    }

    /// `None` when the application is gone.
    fn settings(&self) -> Option<Arc<WorkerSettings>> {
        self.signaling.rules.application(&self.application)
    }

    fn rules(&self) -> Option<WebrtcRules> {
        self.settings().map(|settings| settings.webrtc.clone())
    }

    fn perform(&mut self, request: Request) {
        match request {
            Request::Publish { line, stream_id, credentials } => {
                let ask = self.ask(stream_id, Operation::Publish, credentials);
                let signaling = Arc::clone(&self.signaling);
                self.asking.push(Box::pin(async move {
                    let admitted = signaling.admission.admit(ask.clone()).await;
                    Done::Publish(line, admitted.map_err(|reason| denied(&ask, &reason)))
                }));
            }
            Request::Play { line, stream_id, credentials, selection } => {
                let ask = self.ask(stream_id, Operation::Play, credentials);
                let data = self.rules().is_some_and(|rules| rules.data_channel_enabled);
                let own = self.conversation.publishes();
                let signaling = Arc::clone(&self.signaling);
                self.asking.push(Box::pin(async move {
                    let proposed = signaling.propose(ask, data, selection, own).await;
                    Done::Play(line, proposed.map(Box::new))
                }));
            }
            Request::Open { line, sdp, kinds } => {
                let outcome = self.open(line, &sdp, kinds);
                self.conversation.answered(line, outcome);
            }
            Request::Renew { line, sdp } => {
                let outcome = self.renew(line, &sdp);
                self.conversation.answered(line, outcome);
            }
            Request::Settle { line, sdp } => {
                let outcome = self.settle(line, &sdp);
                self.conversation.settled(line, outcome);
            }
            Request::Agree { line, sdp } => {
                let outcome = self.agree(line, &sdp);
                self.conversation.agreed(line, outcome);
            }
            Request::Enable { line, track, kinds, enabled } => self.enable(line, track.as_deref(), kinds, enabled),
            Request::Hang { line } => {
                self.events.remove(&line);
                self.members.remove(&line);
                self.legs.remove(&line);
            }
            Request::Ask { stream_id, about, question, credentials, admitted } => {
                let Some(key) = self.key(&about) else { return };
                let (peer, client) = (self.peer.clone(), self.client.clone());
                let asked = Asked { key, stream_id, question, credentials, peer, client, admitted };
                let signaling = Arc::clone(&self.signaling);
                self.asking.push(Box::pin(async move { Done::Say(signaling.answer(asked).await) }));
            }
            Request::Await { stream_id } => self.await_live(stream_id),
            Request::Forget { stream_id } => {
                if let Some(token) = self.awaited.remove(&stream_id) {
                    token.cancel();
                }
            }
        }
    }

    fn done(&mut self, done: Done) -> Result<(), Closing> {
        let rules = self.rules().ok_or(Closing)?;
        let now = Instant::now().into_std();
        match done {
            Done::Publish(line, Err(refused)) => self.conversation.allowed(line, Err(refused), &rules, now),
            Done::Publish(line, Ok(admitted)) => {
                if self.conversation.holds(line) {
                    self.watch(line, &admitted);
                    self.conversation.belongs_to(line, admitted.grant().main_track.as_ref());
                    self.legs.insert(line, Leg::Invited(admitted));
                    self.conversation.allowed(line, Ok(()), &rules, now);
                }
            }
            Done::Play(line, Err(refused)) => self.conversation.proposed(line, Err(refused), &rules, now),
            Done::Play(line, Ok(offered)) => {
                if self.conversation.holds(line) {
                    let proposal = proposal(&offered.described.local, &offered.described.plan, &rules);
                    self.watch(line, &offered.admitted);
                    self.legs.insert(line, Leg::Offered(offered));
                    self.conversation.proposed(line, Ok(proposal), &rules, now);
                }
            }
            Done::Found(line, found) => self.found(line, found, &rules),
            Done::Say(message) => self.conversation.tell(message),
        }
        Ok(())
    }

    fn waited(&mut self, waited: Waited) {
        match waited {
            Waited::Live(stream_id) => {
                self.awaited.remove(&stream_id);
                self.conversation.live(&stream_id);
            }
            // Once a call is open it tells of its end itself.
            Waited::Ended(line, reason) if !matches!(self.legs.get(&line), Some(Leg::Open(_))) => {
                self.conversation.ended(line, reason);
            }
            Waited::Missed(line) => self.look_late(line),
            Waited::Ended(..) | Waited::Nothing => {}
        }
    }

    fn event(&mut self, line: Line, event: &CallEvent) {
        match event {
            CallEvent::Message(message) => {
                if let Some(Leg::Open(open)) = self.legs.get(&line)
                    && let Some(rules) = self.rules()
                {
                    open.place.say(open.operation, message, &rules, (self.signaling.clock)());
                }
            }
            CallEvent::Grew { .. } => self.look(line),
            CallEvent::TrackEnded { track } => self.lose(line, track),
            event => self.conversation.event(line, event),
        }
    }

    fn ask(&self, stream_id: String, operation: Operation, credentials: Credentials) -> Ask {
        Ask {
            application: self.application.as_str().to_owned(),
            stream_id,
            operation,
            protocol: Protocol::WebRtc,
            credentials,
            peer: self.peer.clone(),
            client: self.client.clone(),
            intent: Intent::Start,
            publish_mode: None,
        }
    }

    fn key(&self, stream_id: &str) -> Option<StreamKey> {
        let stream_id = stream_id.parse::<StreamId>().ok()?;
        Some(StreamKey { application: self.application.clone(), stream_id })
    }

    /// A publisher's first description.
    fn open(&mut self, line: Line, sdp: &str, kinds: Kinds) -> Result<String, Refused> {
        let Some(Leg::Invited(admitted)) = self.legs.remove(&line) else { return Err(internal()) };
        let rules = self.rules().ok_or_else(internal)?;
        let remote = sdp::read_offer(sdp)?;
        let wish = Wish::of(&rules, kinds.video, kinds.audio);
        let (sender, events) = mpsc::channel(EVENTS);
        let session = Arc::clone(admitted.session());
        let (call, described) = self.signaling.calls.publish(admitted, &remote, wish, sender)?;
        let answer = sdp::write::answer(&ice::told(&described.local, &rules), &described.plan, &remote);
        self.opened(line, &session, call, events, |call, place| Open {
            call,
            described,
            remote,
            operation: Operation::Publish,
            place,
            viewing: None,
        });
        Ok(answer)
    }

    /// A publisher's next description: it may have changed its tracks, or its ICE side.
    fn renew(&mut self, line: Line, sdp: &str) -> Result<String, Refused> {
        let rules = self.rules().ok_or_else(internal)?;
        let Some(Leg::Open(open)) = self.legs.get_mut(&line) else { return Err(internal()) };
        let Open { call, described, remote, .. } = &mut **open;
        let offer = sdp::read_offer(sdp)?;
        let plan = described.plan.again(&offer)?;
        if offer.transport.ufrag != remote.transport.ufrag {
            described.local = call.control().restart(&offer);
        }
        *remote = offer;
        Ok(sdp::write::answer(&ice::told(&described.local, &rules), &plan, remote))
    }

    /// A viewer's answer.
    fn settle(&mut self, line: Line, sdp: &str) -> Result<(), Refused> {
        let Some(Leg::Offered(offered)) = self.legs.remove(&line) else { return Err(internal()) };
        let Offered { admitted, mut cast, described, viewing } = *offered;
        let remote = sdp::read_answer(sdp)?;
        let plan = described.plan;
        let plan = if cast.is_room { plan.settle_any(&remote) } else { plan.settle(&remote)? };
        let tracks = plan.tracks();
        cast.shown.retain(|shown| tracks.contains(&shown.track.as_str()));
        let described = Described { plan, local: described.local };
        let session = Arc::clone(admitted.session());
        let (sender, events) = mpsc::channel(EVENTS);
        let call = self.signaling.calls.play(admitted, cast, described.clone(), &remote, sender)?;
        if let Some(room) = viewing.watched() {
            self.members.insert(line, WatchStream::from_changes(room.changes()));
        }
        self.opened(line, &session, call, events, |call, place| Open {
            call,
            described,
            remote,
            operation: Operation::Play,
            place,
            viewing: Some(viewing),
        });
        // Somebody may have come or gone since the offer.
        self.tell_of_members(line);
        self.look(line);
        Ok(())
    }

    fn opened(
        &mut self,
        line: Line,
        session: &Arc<Session>,
        call: Call,
        events: mpsc::Receiver<CallEvent>,
        open: impl FnOnce(Arc<Call>, Place) -> Open,
    ) {
        let call = Arc::new(call);
        let place = self.signaling.state.exchange.enter(session, &call);
        self.legs.insert(line, Leg::Open(Box::new(open(call, place))));
        // An engine that goes away without a word has ended the call too.
        let last = once(async { CallEvent::Ended { reason: EndReason::Closed } });
        self.events.insert(line, ReceiverStream::new(events).chain(last).boxed());
    }

    /// Hears of the end of a session that has no call yet: of a block, an expiry, an order.
    fn watch(&self, line: Line, admitted: &Admitted) {
        let session = Arc::clone(admitted.session());
        self.waiting.push(Box::pin(async move {
            let mut gate = session.gate();
            loop {
                if let Gate::Closed(reason) = gate {
                    return Waited::Ended(line, reason);
                }
                gate = session.gate_changed(gate).await;
            }
        }));
    }

    fn await_live(&mut self, stream_id: String) {
        let Some(key) = self.key(&stream_id) else { return };
        let token = CancellationToken::new();
        if let Some(earlier) = self.awaited.insert(stream_id.clone(), token.clone()) {
            earlier.cancel();
        }
        if self.signaling.admission.has_publisher(&key) {
            self.conversation.prepares(&stream_id);
        }
        let signaling = Arc::clone(&self.signaling);
        self.waiting.push(Box::pin(async move {
            tokio::select! {
                () = token.cancelled() => Waited::Nothing,
                _ = signaling.reach.live(&key) => Waited::Live(stream_id),
            }
        }));
    }
}

impl Signaling {
    /// Lets a viewer in and makes what it is offered. `own`: what the same client publishes.
    async fn propose(
        &self,
        ask: Ask,
        data: bool,
        selection: Selection,
        own: Vec<StreamId>,
    ) -> Result<Offered, Refused> {
        let suits = |available: &Available| !(available.video.is_empty() && available.audio.is_empty());
        let entry = self.admit_audience(ask.clone(), selection.names_tracks(), suits);
        let (admitted, entry) = entry.await.map_err(|why| match why {
            NoEntry::Denied(reason) => denied(&ask, &reason),
            NoEntry::NotLive => Refused::NotLive,
            NoEntry::Unsuitable(_) => Refused::Because("notSetLocalDescription", None),
            // The published player goes on to HLS when it hears this.
            NoEntry::Unsendable => Refused::Because("notSetRemoteDescription", Some(UNSENDABLE.to_owned())),
            NoEntry::Crowded => Refused::Because("highResourceUsage", None),
        })?;
        let ssrcs = self.state.random.ssrcs()?;
        let key = admitted.session().key().clone();
        let (cast, viewing, plan) = match entry {
            Entry::Stream(seat, available) => {
                let plan = Plan::propose(&available, &ask.stream_id, data, ssrcs);
                (Cast::one(seat), Viewing::stream(key), plan)
            }
            Entry::Room { room, main } => {
                let viewing = Viewing::room(key, room, main, selection);
                let (plan, found) = self.first_offer(&viewing, data, &own, ssrcs).await;
                (viewing::cast(found), viewing, plan)
            }
        };
        let described = Described { local: self.calls.prepare(), plan };
        Ok(Offered { admitted, cast, described, viewing })
    }
}

fn proposal(local: &LocalTransport, plan: &Plan, rules: &WebrtcRules) -> Proposal {
    let sent = plan.sections.iter().filter(|section| section.direction == Direction::SendOnly);
    Proposal {
        sdp: sdp::write::offer(&ice::told(local, rules), plan),
        tracks: sent.map(|section| (section.mid.clone(), section.track.clone())).collect(),
    }
}

fn denied(ask: &Ask, reason: &DenyReason) -> Refused {
    match reason {
        DenyReason::StreamAbsent => Refused::NotLive,
        _ => Refused::Gate(Box::new(ask.refusal(reason))),
    }
}

/// The conversation asked for what it cannot ask for.
fn internal() -> Refused {
    error!("a line of a conversation is in the wrong state");
    Refused::Because("server_error_check_logs", None)
}

impl From<DescriptionError> for Refused {
    fn from(error: DescriptionError) -> Self {
        Self::Because("notSetRemoteDescription", Some(error.to_string()))
    }
}

impl From<NoCommonCodec> for Refused {
    fn from(error: NoCommonCodec) -> Self {
        Self::Because("notSetRemoteDescription", Some(error.to_string()))
    }
}

impl From<CallError> for Refused {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NoCommonCodec(error) => error.into(),
            CallError::AlreadyLive => Self::Because("streamIdInUse", None),
            CallError::TooManyPeers => Self::Because("highResourceUsage", None),
        }
    }
}

impl From<NoRandomness> for Refused {
    fn from(error: NoRandomness) -> Self {
        error!(%error, "a viewer cannot be given streams of its own");
        Self::Because("server_error_check_logs", None)
    }
}

async fn say(socket: &mut WebSocket, message: &Message) -> Result<(), Closing> {
    send(socket, Frame::Text(message.text().into())).await
}

async fn send(socket: &mut WebSocket, frame: Frame) -> Result<(), Closing> {
    match timeout(SEND_WITHIN, socket.send(frame)).await {
        Ok(Ok(())) => Ok(()),
        // It left, or it does not read what it is told.
        Ok(Err(_)) | Err(_) => Err(Closing),
    }
}

/// What a client may say; what comes faster is read later. 200 messages and one megabyte a second, after a thousand
/// messages at once: a page joins a conference with several hundred.
const SPOKEN: Rate =
    Rate { message: Duration::from_millis(5), byte: Duration::from_micros(1), burst: Duration::from_secs(5) };
/// The SDK pings every three seconds.
const SILENCE: Duration = Duration::from_secs(60);
/// Other clients answer a ping of ours (RFC 6455 §5.5.2).
const PROBE_AFTER: Duration = Duration::from_secs(30);
/// A client that takes nothing for so long is gone.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// Questions of one socket under way; more wait in its buffer.
const MAX_ASKING: usize = 16;
/// What happens to one call and waits to be said.
const EVENTS: usize = 64;
