//! Asks the gate over the bus. Every publish and every play of this worker comes through [`Admission::admit`].

use std::sync::Arc;
use std::time::Duration;

use sluice_bus::WorkerLink;
use sluice_contract::id::shown_name;
use sluice_contract::message::{AuthorizeCall, AuthorizeReply, EndReason};
use sluice_contract::policy::Refusal;
use sluice_contract::{
    ClientBinding, Credentials, DenyReason, Intent, Operation, Peer, Protocol, RequestId, SessionId, StreamGrant,
    StreamRequest, UnixTime, WorkerId,
};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{debug, error, info, warn};
use uuid::{NoContext, Timestamp, Uuid};

use crate::control::Rules;
use crate::session::{NotRegistered, Session, Sessions};
use crate::{Clock, StreamKey};

/// What a peer asks for, in its own words.
#[derive(Debug, Clone)]
pub struct Ask {
    pub application: String,
    pub stream_id: String,
    pub operation: Operation,
    pub protocol: Protocol,
    pub credentials: Credentials,
    pub peer: Peer,
    pub client: ClientBinding,
    pub intent: Intent,
    /// RTMP's publishing type (`live`, `record`, `append`).
    pub publish_mode: Option<String>,
}

impl Ask {
    /// What the peer that asked this is told, on its protocol.
    pub fn refusal(&self, reason: &DenyReason) -> Refusal {
        Refusal::about(reason, self.operation, &self.stream_id, &self.credentials)
    }
}

/// Proof that the gate allowed this very request. Only [`Admission::admit`] makes one, so nothing that takes it can
/// start before a decision. Dropping it ends the session as closed by the peer.
pub struct Admitted {
    session: Arc<Session>,
    /// HTTP sessions outlive the request that began them: they end when their player falls silent.
    ends_on_drop: bool,
}

impl Admitted {
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub fn grant(&self) -> &StreamGrant {
        self.session.grant()
    }

    /// Leaves the session to its idle time.
    pub(crate) fn keep(mut self) -> Arc<Session> {
        self.ends_on_drop = false;
        Arc::clone(&self.session)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if self.ends_on_drop {
            self.session.close(EndReason::Closed, None);
        }
    }
}

/// The way to the gate.
pub struct Admission {
    worker: WorkerId,
    link: Arc<dyn WorkerLink>,
    rules: Arc<Rules>,
    sessions: Arc<Sessions>,
    clock: Clock,
    in_flight: Semaphore,
}

impl Admission {
    /// `in_flight` questions travel at a time; more wait, within their own deadline.
    pub fn new(
        worker: WorkerId,
        link: Arc<dyn WorkerLink>,
        rules: Arc<Rules>,
        sessions: Arc<Sessions>,
        clock: Clock,
        in_flight: usize,
    ) -> Self {
        Self { worker, link, rules, sessions, clock, in_flight: Semaphore::new(in_flight) }
    }

    /// Whether somebody was let in to publish the stream here, and may not send anything yet.
    pub(crate) fn has_publisher(&self, key: &StreamKey) -> bool {
        self.sessions.has_publisher(key)
    }

    /// Asks, and registers the session when the answer is yes. Fails closed: without an answer in time the reason is
    /// [`DenyReason::AuthorityUnreachable`].
    ///
    /// # Errors
    /// The reason of the refusal; [`Ask::refusal`] words it for each protocol.
    pub async fn admit(&self, ask: Ask) -> Result<Admitted, DenyReason> {
        let (application, stream) = (shown_name(&ask.application), shown_name(&ask.stream_id));
        let (operation, protocol) = (ask.operation, ask.protocol);
        let outcome = self.decide(ask).await;
        match &outcome {
            Ok(admitted) => {
                debug!(
                    session.id = %admitted.session.id(), application.name = application, broadcast.name = stream,
                    %operation, %protocol, "stream allowed"
                );
            }
            Err(reason) => {
                info!(
                    application.name = application, broadcast.name = stream, %operation, %protocol,
                    deny.reason = reason.code(), "stream denied"
                );
            }
        }
        outcome
    }

    async fn decide(&self, ask: Ask) -> Result<Admitted, DenyReason> {
        let before = self.rules.link();
        if !before.in_order {
            return Err(DenyReason::AuthorityUnreachable);
        }
        // Both are heard elsewhere: a balancer sends the next attempt to another worker.
        let turned_away = match ask.operation {
            Operation::Publish => self.rules.is_closed_to_publishers(),
            Operation::Play => self.rules.is_draining() && !ask.protocol.is_http(),
        };
        if turned_away {
            return Err(DenyReason::ResourceLimit);
        }
        let now = (self.clock)();
        let settings = ask.application.parse().ok().and_then(|name| self.rules.application(&name));
        let within_ms = settings.map_or(DEFAULT_DEADLINE_MS, |settings| settings.authorize_deadline_ms);
        let session = SessionId::new(id_at(now));
        let request = StreamRequest {
            id: RequestId::new(id_at(now)),
            session,
            worker: self.worker,
            application: ask.application,
            stream_id: ask.stream_id,
            operation: ask.operation,
            protocol: ask.protocol,
            credentials: ask.credentials,
            peer: ask.peer.clone(),
            client: ask.client.clone(),
            intent: ask.intent,
            publish_mode: ask.publish_mode,
        };
        let asked = (request.application.clone(), request.stream_id.clone());
        let call = AuthorizeCall { request, deadline: now.plus_millis(i64::from(within_ms)) };
        let grant = match timeout(Duration::from_millis(u64::from(within_ms)), self.ask(call)).await {
            Ok(Some(AuthorizeReply::Allow { grant })) => *grant,
            Ok(Some(AuthorizeReply::Deny { reason })) => return Err(reason),
            Ok(None) | Err(_) => return Err(DenyReason::AuthorityUnreachable),
        };
        let is_the_answer = grant.session == session
            && grant.application.as_str() == asked.0
            && grant.stream_id.as_str() == asked.1
            && grant.operation == ask.operation
            && grant.protocol == ask.protocol;
        if !is_the_answer {
            error!(session.id = %session, "the gate answered another question than was asked");
            return Err(DenyReason::AuthorityUnreachable);
        }
        self.begin(grant, ask.peer, ask.client, before.epoch)
    }

    async fn ask(&self, call: AuthorizeCall) -> Option<AuthorizeReply> {
        // The semaphore is never closed.
        let _permit = self.in_flight.acquire().await.ok()?;
        self.link.authorize(call).await.inspect_err(|error| warn!(%error, "the gate could not be asked")).ok()
    }

    /// Registers the session, then looks whether what the answer rests on still holds: settings and link may have
    /// changed while it travelled.
    fn begin(&self, grant: StreamGrant, peer: Peer, client: ClientBinding, epoch: u64) -> Result<Admitted, DenyReason> {
        let publishes = grant.operation == Operation::Publish;
        let open = grant.operation == Operation::Play && grant.admitted_by.is_empty();
        let plays_rtmp = grant.operation == Operation::Play && grant.protocol == Protocol::Rtmp;
        let application = grant.application.clone();
        let settings = || self.rules.application(&application).ok_or(DenyReason::UnknownApplication);
        settings()?;
        let session = self.sessions.register(grant, peer, client).map_err(|why| match why {
            NotRegistered::Full(_) => DenyReason::ResourceLimit,
            NotRegistered::Blocked { until } => DenyReason::Blocked { until },
            NotRegistered::Revoked => DenyReason::AuthorityUnreachable,
        })?;
        let admitted = Admitted { session, ends_on_drop: true };
        // The second: allowed as open, but protected by now; the others: switched off by now.
        let settings = settings()?;
        if self.rules.link().epoch != epoch || (open && settings.play_protected) {
            return Err(DenyReason::AuthorityUnreachable);
        }
        if plays_rtmp && !settings.rtmp_playback_enabled {
            return Err(DenyReason::PlaybackDisabled);
        }
        if admitted.grant().protocol.is_webrtc() && !settings.webrtc.enabled {
            return Err(DenyReason::WebrtcDisabled);
        }
        // HTTP players learn of a block with every request; all others before they begin.
        if !admitted.grant().protocol.is_http()
            && let Some(block) = self.sessions.block_of(&admitted.session, (self.clock)())
        {
            return Err(DenyReason::Blocked { until: block.until });
        }
        if publishes {
            admitted.session.announce();
        }
        Ok(admitted)
    }
}

/// A UUIDv7 whose time is `now`, so that ids rise with the same clock that everything else goes by.
pub(crate) fn id_at(now: UnixTime) -> Uuid {
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    let nanos = u32::try_from(millis % 1_000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, millis / 1_000, nanos))
}

/// For an application that this worker has not heard of.
const DEFAULT_DEADLINE_MS: u32 = 2_000;
