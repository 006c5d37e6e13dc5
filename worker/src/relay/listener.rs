//! Where other workers come to: proves who they are, then serves them.
//!
//! Strangers are let no further than a hello of 71 bytes and one record of 8 KiB, within five seconds. They have few
//! places, and when those are taken the one that has been there longest goes: workers need milliseconds.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sluice_contract::WorkerId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::channel::{Hearing, RelayError, Sending, tune};
use super::handshake::{HELLO_BYTES, HandshakeError, VERSION, answer, relay_keys};
use super::message::{Subscribe, from_text};
use super::origin;
use super::record::{Opener, Sealer, Tag};
use crate::StreamKey;
use crate::control::Rules;
use crate::hub::Hub;

/// A bound relay port.
pub(crate) struct RelayListener {
    socket: TcpListener,
    local_addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    me: WorkerId,
    rules: Arc<Rules>,
    hub: Arc<Hub>,
    strangers: Strangers,
    served: Semaphore,
    /// When a refusal was last told to people.
    told: Mutex<Option<Instant>>,
}

impl RelayListener {
    /// Binds the port. Connections wait until [`run`](Self::run).
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(addr: SocketAddr, me: WorkerId, rules: Arc<Rules>, hub: Arc<Hub>) -> io::Result<Self> {
        let socket = TcpListener::bind(addr).await?;
        let local_addr = socket.local_addr()?;
        let shared = Shared {
            me,
            rules,
            hub,
            strangers: Strangers::default(),
            served: Semaphore::new(MAX_RELAYS),
            told: Mutex::default(),
        };
        Ok(Self { socket, local_addr, shared: Arc::new(shared) })
    }

    /// The bound address, with the port that was chosen for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Accepts until `shutdown`, and returns when every relay has ended.
    pub async fn run(self, shutdown: CancellationToken) {
        let relays = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                accepted = self.socket.accept() => accepted,
            };
            let (socket, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(%error, "a relay connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (shared, shutdown) = (Arc::clone(&self.shared), shutdown.clone());
            let stranger = self.shared.strangers.enter();
            relays.spawn(async move {
                let outcome = tokio::select! {
                    () = shutdown.cancelled() => Ok(()),
                    outcome = shared.serve(socket, stranger) => outcome,
                };
                match outcome {
                    Ok(()) => {}
                    Err(RelayError::Handshake(error)) => shared.note_refusal(address, error),
                    Err(error) => debug!(peer.address = %address, %error, "a relay ended"),
                }
            });
        }
        drop(self.socket);
        relays.close();
        relays.wait().await;
    }
}

impl Shared {
    /// People should look when a worker comes that ought to be ours; a stranger must not fill the log.
    fn note_refusal(&self, address: SocketAddr, error: HandshakeError) {
        let is_told = {
            let mut told = self.told.lock();
            let is_due = told.is_none_or(|at| at.elapsed() >= TOLD_EVERY);
            let is_ours = matches!(error, HandshakeError::Version(_) | HandshakeError::Key | HandshakeError::Worker);
            if is_due && is_ours {
                *told = Some(Instant::now());
            }
            is_due && is_ours
        };
        if is_told {
            warn!(peer.address = %address, %error, ours = VERSION, "a worker was refused at the relay");
        } else {
            debug!(peer.address = %address, %error, "a stranger was refused at the relay");
        }
    }

    async fn serve(&self, mut socket: TcpStream, stranger: Stranger) -> Result<(), RelayError> {
        tune(&socket)?;
        let greeting = async {
            let mut hello = [0; HELLO_BYTES];
            socket.read_exact(&mut hello).await?;
            let keys = self.rules.ticket_keys().map(|keys| relay_keys(&keys)).ok_or(RelayError::NoKey)?;
            let accepted = match answer(&hello, &keys, self.me) {
                Ok(accepted) => accepted,
                Err((error, told)) => {
                    if let Some(told) = told {
                        socket.write_all(&told).await?;
                    }
                    return Err(error.into());
                }
            };
            socket.write_all(&accepted.answer).await?;
            let (from_edge, to_edge) = socket.into_split();
            let mut hearing = Hearing::new(from_edge, Opener::new(accepted.keys.to_origin));
            let first = hearing.next().await?;
            if first.tag != Tag::Subscribe {
                return Err(RelayError::Unexpected);
            }
            // The edge alone could seal that.
            hearing.trust();
            let sending = Sending::new(to_edge, Sealer::new(accepted.keys.to_edge));
            Ok((accepted.edge, from_text::<Subscribe>(&first.body)?, hearing, sending))
        };
        let (edge, wanted, hearing, mut sending) = tokio::select! {
            () = stranger.must_go.cancelled() => return Err(RelayError::Silent),
            greeted = timeout(GREETING, greeting) => greeted.map_err(|_| RelayError::Silent)??,
        };
        drop(stranger);
        let Ok(_place) = self.served.try_acquire() else {
            warn!("no more relays can be served");
            return Ok(());
        };
        let key = StreamKey { application: wanted.application, stream_id: wanted.stream_id };
        info!(broadcast.name = %key, worker.id = %edge, supply = ?wanted.supply, "relaying to another worker");
        let outcome = tokio::select! {
            outcome = origin::serve(&self.hub, &key, wanted.supply, wanted.held, &mut sending) => outcome,
            error = self.hear(hearing, &key) => Err(error),
        };
        debug!(broadcast.name = %key, worker.id = %edge, supply = ?wanted.supply, "relaying ended");
        if outcome.is_ok() {
            sending.close().await;
        }
        outcome
    }

    /// An edge that is fed has nothing to say but that it lives, and now and again that it needs a key frame.
    async fn hear(&self, mut hearing: Hearing, key: &StreamKey) -> RelayError {
        loop {
            match hearing.next().await {
                Ok(message) if message.tag == Tag::KeyFrame => {
                    if let Some(stream) = self.hub.find_live(key) {
                        stream.request_key_frame();
                    }
                }
                Ok(_) => return RelayError::Unexpected,
                Err(error) => return error,
            }
        }
    }
}

/// Connections that have proved nothing yet, the oldest first.
#[derive(Default)]
struct Strangers(Arc<Mutex<VecDeque<CancellationToken>>>);

/// One of them, until it is dropped.
struct Stranger {
    all: Arc<Mutex<VecDeque<CancellationToken>>>,
    must_go: CancellationToken,
}

impl Strangers {
    /// A connection begins; the oldest goes when there are too many.
    fn enter(&self) -> Stranger {
        let must_go = CancellationToken::new();
        let mut all = self.0.lock();
        all.push_back(must_go.clone());
        if all.len() > MAX_STRANGERS
            && let Some(oldest) = all.pop_front()
        {
            oldest.cancel();
        }
        Stranger { all: Arc::clone(&self.0), must_go }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        // Marked first: tokens have no other name.
        self.must_go.cancel();
        self.all.lock().retain(|other| !other.is_cancelled());
    }
}

/// A worker says hello and what it wants within milliseconds.
const GREETING: Duration = Duration::from_secs(5);
/// Connections that have proved nothing yet.
const MAX_STRANGERS: usize = 256;
/// Relays that are served at a time, by this worker as origin: streams, times workers, times two.
const MAX_RELAYS: usize = 16_384;
/// Refusals that people read of.
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// How long to wait before accepting again when it failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
