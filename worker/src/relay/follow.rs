//! The task of one edge: finds the origin, is fed by it, and finds it again when that ends.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sluice_bus::BusError;
use sluice_contract::message::{EndReason, LocateCall, Origin};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

use super::channel::{Hearing, RelayError, Sending, tune};
use super::edges::{Edge, Edges, has_lingered};
use super::handshake::{ANSWER_BYTES, EdgeHandshake, HandshakeError, RelayKey, relay_keys};
use super::message::{
    Begin, End, Subscribe, Supply, from_text, read_config, read_object, read_skip, read_unit, to_text,
};
use super::record::{Opener, Sealer, Tag};
use crate::hub::Replica;
use crate::package::replica::{InvalidWindow, SnapshotPhase, package_of};

/// How being fed came to an end.
#[derive(Debug)]
enum Over {
    /// Nobody watches any more, the worker stops, or it may not be served any more.
    Unwanted,
    /// The publisher came to this very worker.
    Local,
    /// The stream is live nowhere else.
    Absent,
    /// The publisher left its worker.
    Ended,
    /// The publisher was made to leave: its segments go too.
    Revoked,
    Lost(Lost),
}

#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Relay(#[from] RelayError),
    #[error("nobody says where the stream is: {0}")]
    Bus(#[from] BusError),
}

/// What an edge is known by, taken back when its task ends, however it ends.
struct Entered(Arc<Edges>, Arc<Edge>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.remove(&self.1, |_| true);
        self.1.end();
    }
}

/// What is remembered of being fed.
#[derive(Default)]
struct Fed {
    /// When the last of it came; none before the first time.
    at: Option<Instant>,
    /// By whom, for when nobody can be asked.
    by: Option<Origin>,
}

/// Feeds an edge until nobody wants it, or the stream is nowhere.
pub(super) async fn run(edges: Arc<Edges>, edge: Arc<Edge>, place: OwnedSemaphorePermit) {
    let _entered = Entered(Arc::clone(&edges), Arc::clone(&edge));
    let mut place = Some(place);
    let mut fed = Fed::default();
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        let over = tokio::select! {
            () = edges.shutdown.cancelled() => Over::Unwanted,
            () = edge.dropped.cancelled() => Over::Unwanted,
            () = unused(&edge) => Over::Unwanted,
            _ = edges.hub.live(&edge.key) => Over::Local,
            over = edges.attempt(&edge, &mut fed) => over,
        };
        if edge.supply == Supply::Units {
            edge.go_live(None);
        }
        match &over {
            Over::Unwanted if edge.dropped.is_cancelled() || edges.shutdown.is_cancelled() => break,
            Over::Local => {
                if edge.supply == Supply::Objects && fed.at.is_some() {
                    // Players go on with what they have until the publisher's first segments are cut here.
                    tokio::select! {
                        () = edges.shutdown.cancelled() => {}
                        () = edge.dropped.cancelled() => {}
                        () = sleep(BRIDGED_FOR) => {}
                    }
                }
                break;
            }
            Over::Revoked => {
                edge.revoke(EndReason::Stopped);
                edges.note_absent(&edge.key);
                break;
            }
            // Somebody may have come at the last moment.
            Over::Unwanted => {
                if edges.remove(&edge, Edge::is_unused) {
                    break;
                }
                continue;
            }
            Over::Ended => {
                if edge.supply == Supply::Objects {
                    edge.package().finish();
                }
            }
            // Its worker did not say that it ended: it stopped, or is frozen, and the publisher comes back there or
            // elsewhere. Players wait for that longer than they go on after an end that was told.
            Over::Absent => {
                if edge.supply == Supply::Objects && fed.at.is_some_and(|at| is_given_up(&edge, at)) {
                    edge.package().finish();
                }
            }
            Over::Lost(error) => {
                let known = fed.at.is_some();
                match error {
                    Lost::Relay(RelayError::Handshake(HandshakeError::Version(_) | HandshakeError::Key)) => {
                        warn!(broadcast.name = %edge.key, %error, "another worker refuses to relay");
                    }
                    _ => debug!(broadcast.name = %edge.key, known, %error, "the relay of a stream was lost"),
                }
            }
        }
        place = place.filter(|_| fed.at.is_none());
        let Some(since) = fed.at else {
            // Whoever comes within the next moment gets the same answer.
            edges.note_absent(&edge.key);
            break;
        };
        let is_over = match edge.supply {
            // Its players have waited as long as they do for a publisher.
            Supply::Units => since.elapsed() > GIVEN_UP_AFTER,
            Supply::Objects => !matches!(over, Over::Lost(_)) && has_lingered(&edge.package(), since),
        };
        if is_over {
            break;
        }
        if began.elapsed() > LONGEST_PAUSE {
            pause = FIRST_PAUSE;
        }
        tokio::select! {
            () = edge.dropped.cancelled() => break,
            () = edges.shutdown.cancelled() => break,
            () = sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

impl Edges {
    /// Finds the origin and is fed by it.
    async fn attempt(&self, edge: &Edge, fed: &mut Fed) -> Over {
        match self.fed(edge, fed).await {
            Ok(over) => over,
            Err(lost) => Over::Lost(lost),
        }
    }

    async fn fed(&self, edge: &Edge, fed: &mut Fed) -> Result<Over, Lost> {
        let located = match self.locate(edge).await {
            // What is admitted goes on while the API is away.
            Err(error) => Some(fed.by.clone().ok_or(error)?),
            Ok(located) => located,
        };
        let Some(origin) = located.filter(|origin| origin.worker != self.me) else { return Ok(Over::Absent) };
        let (mut hearing, mut sending) = self.connect(edge, &origin).await?;
        info!(broadcast.name = %edge.key, worker.id = %origin.worker, supply = ?edge.supply, "fed by another worker");
        fed.by = Some(origin);
        let wishes = Arc::new(Wishes::default());
        let listening = async {
            match edge.supply {
                Supply::Objects => self.take_objects(edge, &mut hearing, &mut fed.at).await,
                Supply::Units => self.take_units(edge, &mut hearing, &wishes, &mut fed.at).await,
            }
        };
        Ok(tokio::select! {
            over = listening => over?,
            error = talk(&mut sending, &wishes) => match error? {},
        })
    }

    async fn locate(&self, edge: &Edge) -> Result<Option<Origin>, BusError> {
        if !self.rules.link().in_order {
            return Err(BusError::Unreachable);
        }
        let call = LocateCall {
            worker: self.me,
            application: edge.key.application.clone(),
            stream_id: edge.key.stream_id.clone(),
        };
        timeout(LOCATE_PATIENCE, self.link.locate(call)).await.map_err(|_| BusError::TimedOut)?
    }

    /// A connection to the origin that has heard what this edge wants, with the newest key that both have.
    async fn connect(&self, edge: &Edge, origin: &Origin) -> Result<(Hearing, Sending), RelayError> {
        let keys = self.rules.ticket_keys().map(|keys| relay_keys(&keys)).unwrap_or_default();
        let mut outcome = Err(RelayError::NoKey);
        for key in &keys {
            outcome =
                timeout(CONNECT_PATIENCE, self.greet(edge, origin, key)).await.unwrap_or(Err(RelayError::Unreachable));
            if !matches!(outcome, Err(RelayError::Handshake(HandshakeError::Key))) {
                break;
            }
        }
        outcome
    }

    async fn greet(&self, edge: &Edge, origin: &Origin, key: &RelayKey) -> Result<(Hearing, Sending), RelayError> {
        let mut socket = TcpStream::connect(&origin.relay).await?;
        tune(&socket)?;
        let handshake = EdgeHandshake::new(key, self.me, origin.worker)?;
        socket.write_all(handshake.hello()).await?;
        let mut answer = [0; ANSWER_BYTES];
        socket.read_exact(&mut answer).await?;
        let keys = handshake.finish(&answer)?;
        let (from_origin, to_origin) = socket.into_split();
        let mut hearing = Hearing::new(from_origin, Opener::new(keys.to_edge));
        hearing.trust();
        let mut sending = Sending::new(to_origin, Sealer::new(keys.to_origin));
        let wanted = Subscribe {
            supply: edge.supply,
            application: edge.key.application.clone(),
            stream_id: edge.key.stream_id.clone(),
            held: edge.held(),
        };
        sending.say(Tag::Subscribe, &[], &to_text(&wanted)).await?;
        sending.flush().await?;
        Ok((hearing, sending))
    }

    /// Fills the replica of the origin's package.
    async fn take_objects(
        &self,
        edge: &Edge,
        hearing: &mut Hearing,
        fed: &mut Option<Instant>,
    ) -> Result<Over, RelayError> {
        let (mut arrived, mut arrived_bytes) = (HashMap::new(), 0_usize);
        loop {
            let message = hearing.next().await?;
            match message.tag {
                Tag::Begin => {
                    if self.is_refused(edge, from_text(&message.body)?) {
                        return Ok(Over::Revoked);
                    }
                }
                Tag::Object => {
                    let (name, data) = read_object(message.body)?;
                    arrived_bytes = arrived_bytes.saturating_add(data.len());
                    if arrived_bytes > MAX_ARRIVED_BYTES || arrived.len() >= MAX_ARRIVED {
                        return Err(RelayError::TooMuch);
                    }
                    arrived.insert(name, data);
                }
                Tag::Window => {
                    let of = package_of(&message.body).ok_or(InvalidWindow::Unreadable)?;
                    let phase = edge.show(of, &message.body, &mut arrived)?;
                    arrived_bytes = 0;
                    *fed = Some(Instant::now());
                    if phase == SnapshotPhase::Revoked {
                        return Ok(Over::Revoked);
                    }
                }
                Tag::End => return Ok(last_word(from_text(&message.body)?)),
                _ => return Err(RelayError::Unexpected),
            }
        }
    }

    /// Fills a ring as the origin's publisher fills that one's.
    async fn take_units(
        &self,
        edge: &Edge,
        hearing: &mut Hearing,
        wishes: &Arc<Wishes>,
        fed: &mut Option<Instant>,
    ) -> Result<Over, RelayError> {
        let mut replica: Option<Replica> = None;
        let mut sampled = Instant::now();
        loop {
            let message = hearing.next().await?;
            match (message.tag, &replica) {
                (Tag::Begin, _) => {
                    let begin: Begin = from_text(&message.body)?;
                    let (publisher, protocol) = (begin.publisher, begin.protocol);
                    wishes.are_taken.store(begin.takes_wishes, Ordering::Release);
                    if self.is_refused(edge, begin) {
                        return Ok(Over::Revoked);
                    }
                    let ask = Arc::clone(wishes);
                    let ask = Box::new(move || ask.key_frame.notify_one());
                    let begun = Replica::begin(edge.key.clone(), publisher, protocol, Arc::new(self.clock), ask);
                    edge.go_live(Some(Arc::clone(begun.stream())));
                    replica = Some(begun);
                }
                (Tag::Config, Some(replica)) => replica.configure(read_config(message.body)?)?,
                (Tag::Unit, Some(replica)) => replica.push(Arc::new(read_unit(message.body)?)),
                (Tag::Skip, Some(replica)) => replica.skip(read_skip(message.body)?),
                (Tag::End, replica) => {
                    let end = from_text(&message.body)?;
                    if let (End::Ended { reason }, Some(replica)) = (end, replica) {
                        replica.end(reason);
                    }
                    return Ok(last_word(end));
                }
                _ => return Err(RelayError::Unexpected),
            }
            let now = Instant::now();
            *fed = Some(now);
            if now.duration_since(sampled) >= SAMPLE_EVERY {
                sampled = now;
                replica.iter().for_each(Replica::sample);
            }
        }
    }

    /// Remembers who publishes. True when that one is blocked: this worker may know it before the origin does.
    fn is_refused(&self, edge: &Edge, begin: Begin) -> bool {
        // First remembered, then looked up; a block is entered the other way round. So one of the two sees the other.
        edge.begin(begin);
        self.is_blocked(edge)
    }
}

/// Three quarters of the time after which nothing is served any more: what is left is for players to hear of the end.
fn is_given_up(edge: &Edge, fed: Instant) -> bool {
    let linger = Duration::from_millis(u64::try_from(edge.package().linger_ms()).unwrap_or(0));
    fed.elapsed() > linger * 3 / 4
}

fn last_word(end: End) -> Over {
    match end {
        End::Absent => Over::Absent,
        End::Ended { reason: EndReason::Blocked | EndReason::Stopped | EndReason::Deleted } => Over::Revoked,
        End::Ended { .. } => Over::Ended,
    }
}

/// What players of an edge want of the publisher.
#[derive(Default)]
pub(super) struct Wishes {
    /// The origin passes them on.
    pub are_taken: AtomicBool,
    pub key_frame: Notify,
}

/// Tells the origin each second that somebody is here, and in between what they want.
pub(super) async fn talk(sending: &mut Sending, wishes: &Wishes) -> Result<Infallible, RelayError> {
    loop {
        tokio::select! {
            () = sleep_until(sending.beat_at()) => sending.beat().await?,
            () = wishes.key_frame.notified() => {
                if wishes.are_taken.load(Ordering::Acquire) {
                    sending.say(Tag::KeyFrame, &[], &[]).await?;
                    sending.flush().await?;
                }
            }
        }
    }
}

/// For so long a replica stands in for a publisher who has just come to this worker: a few segments.
const BRIDGED_FOR: Duration = Duration::from_secs(10);
/// Returns when nobody has wanted the edge for a while.
async fn unused(edge: &Edge) {
    while !edge.is_unused() {
        sleep(LOOK_EVERY).await;
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long the API may take to say where a stream is.
const LOCATE_PATIENCE: Duration = Duration::from_secs(2);
/// To connect and shake hands. A worker that is frozen still accepts connections.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// A second longer than players wait for a publisher.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(6);
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// For the size of players' socket buffers.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// Objects that have come and are in no window yet: twice what a window may hold, and three segments of any size.
const MAX_ARRIVED_BYTES: usize = 256 << 20;
const MAX_ARRIVED: usize = 16_384;
