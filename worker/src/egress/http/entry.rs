//! May this client have it: by its ticket, or by asking the gate once.

use std::cell::LazyCell;
use std::sync::Arc;

use axum::http::HeaderMap;
use sluice_contract::message::WorkerSettings;
use sluice_contract::policy::{Refusal, TokenUse};
use sluice_contract::{
    ClientBinding, Credentials, DenyReason, Intent, Operation, Protocol, StreamId, Ticket, TicketKeys, UnixTime,
};
use tokio::time::Instant;

use super::answer::No;
use super::path::Target;
use super::peer::Sender;
use super::{Http, carrier};
use crate::StreamKey;
use crate::admission::{Admitted, Ask};
use crate::session::{Entry, Gate, Session};

/// One request, read but not yet let in.
pub(super) struct Asked<'a> {
    pub settings: &'a WorkerSettings,
    /// What it can mean, the likeliest first.
    pub targets: Vec<Target>,
    /// What a refusal calls the stream where the path says something else than the file that was found.
    pub named: Option<StreamId>,
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    pub sender: Sender,
    pub is_head: bool,
    pub now: UnixTime,
}

impl Asked<'_> {
    pub fn key(&self, target: &Target) -> StreamKey {
        StreamKey { application: self.settings.application.clone(), stream_id: target.stream().clone() }
    }
}

/// The session may have this very file now.
pub(super) struct Pass {
    pub session: Arc<Session>,
    pub target: Target,
    /// For every address in a manifest; `None` for an open stream.
    pub ticket: Option<String>,
    /// The client has just been let in, and has no cookie yet.
    pub is_new: bool,
    /// A one-time token that is only held: the session lasts as long as this answer, and its ticket is not handed out.
    pub held: Option<Admitted>,
}

/// Where a ticket was found. Addresses with a ticket were written by us for this very session; a cookie comes along
/// with whatever the client asks next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Query,
    Cookie,
}

impl Http {
    /// Lets a request in, or words the refusal.
    pub(super) async fn enter(&self, asked: &Asked<'_>) -> Result<Pass, No> {
        if asked.targets.is_empty() {
            let is_protected = asked.settings.play_protected;
            return Err(if is_protected { No::StreamUnnamed } else { No::NotFound });
        }
        // What is live is meant; while nothing is, the gate is asked about each meaning.
        let live = asked.targets.iter().position(|target| self.is_known(target, &asked.key(target)));
        let targets = live.map_or(asked.targets.as_slice(), |at| std::slice::from_ref(&asked.targets[at]));
        // A ticket by itself is the usual case; credentials are read when it does not settle the matter.
        let credentials = LazyCell::new(|| {
            let mut credentials = Credentials::from_query(asked.query);
            credentials.extra.remove("st");
            credentials
        });
        if let Some(keys) = self.rules.ticket_keys() {
            for target in targets {
                if let Some(outcome) = self.by_ticket(asked, target, &keys, || &credentials) {
                    if outcome.is_ok() {
                        self.fetch(target, &asked.key(target)).await;
                    }
                    return outcome;
                }
            }
        }
        let is_open = !asked.settings.play_protected && credentials.subscriber_id.is_none();
        if is_open {
            return self.enter_open(asked, &credentials).await;
        }
        // A stream that has just gone live has no file yet: nothing must be spent for a 404.
        let is_live = live.is_some() && targets.iter().any(|target| self.is_there(target, &asked.key(target)));
        let pass = self.by_credentials(asked, targets, is_live, &credentials).await?;
        // Nothing is fetched from another worker for somebody who was not let in.
        let (target, key) = (pass.target.clone(), asked.key(&pass.target));
        let is_fetched = self.fetch(&target, &key).await && self.is_there(&target, &key);
        if is_live || asked.is_head {
            return Ok(pass);
        }
        if !is_fetched {
            // Who has a ticket keeps its place until there is something. For whoever has none, or one that must not be
            // handed out, what comes up in this very moment is for the next request.
            let keeps_place = pass.ticket.is_some() && pass.held.is_none();
            return if keeps_place { Ok(pass) } else { Err(self.not_here(&key)) };
        }
        // Media follows after all: what was only held is spent, and who was only looked at gets a ticket.
        drop(pass);
        self.by_credentials(asked, std::slice::from_ref(&target), true, &credentials).await
    }

    /// On an open stream there is nobody to keep out, so that the first meaning that is live anywhere is found first.
    async fn enter_open(&self, asked: &Asked<'_>, credentials: &Credentials) -> Result<Pass, No> {
        for target in &asked.targets {
            let key = asked.key(target);
            self.fetch(target, &key).await;
            if self.is_known(target, &key) {
                let is_live = self.is_there(target, &key);
                return self.by_credentials(asked, std::slice::from_ref(target), is_live, credentials).await;
            }
        }
        // Nobody to let in, and nothing to see.
        Err(asked.targets.first().map_or(No::NotYet, |target| self.not_here(&asked.key(target))))
    }

    /// `None` when there is no ticket that counts.
    fn by_ticket<'c>(
        &self,
        asked: &Asked<'_>,
        target: &Target,
        keys: &TicketKeys,
        credentials: impl Fn() -> &'c Credentials,
    ) -> Option<Result<Pass, No>> {
        let key = asked.key(target);
        let query = carrier::in_query(asked.query).map(|text| (Carrier::Query, text));
        let verified = |(carrier, text): (Carrier, &str)| {
            let ticket = keys.verify(&key.application, &key.stream_id, text, asked.now).ok()?;
            Some((carrier, text.to_owned(), ticket))
        };
        let (carrier, text, ticket) = query.and_then(verified).or_else(|| {
            let cookie = carrier::in_cookie(asked.headers, &key).map(|text| (Carrier::Cookie, text));
            cookie.and_then(verified).filter(|(_, _, ticket)| !names_somebody_else(ticket, credentials()))
        })?;
        let newcomer = || {
            let protocol = target.protocol();
            let peer = asked.sender.peer.clone();
            let client = ClientBinding::of_peer(protocol, &peer);
            (protocol, peer, client)
        };
        match self.sessions.enter(&key, &ticket, asked.now, newcomer) {
            // Viewers of recordings are not counted where viewers of live streams are.
            Entry::Open(session) if session.grant().protocol == Protocol::Vod && target.protocol() != Protocol::Vod => {
                None
            }
            Entry::Open(session) => {
                Some(Ok(Pass { session, target: target.clone(), ticket: Some(text), is_new: false, held: None }))
            }
            Entry::Suspended(until) => Some(Err(No::denied(&DenyReason::Blocked { until }))),
            // The cookie of an ended session must not keep its browser out for ever: fresh credentials may be tried.
            Entry::Revoked if carrier == Carrier::Cookie && !credentials().is_anonymous() => None,
            Entry::Revoked => Some(Err(No::SessionEnded)),
            Entry::Full => Some(Err(No::denied(&DenyReason::ResourceLimit))),
        }
    }

    async fn by_credentials(
        &self,
        asked: &Asked<'_>,
        targets: &[Target],
        is_live: bool,
        credentials: &Credentials,
    ) -> Result<Pass, No> {
        let open = !asked.settings.play_protected && credentials.subscriber_id.is_none();
        if open && !is_live {
            // Nobody to let in, and nothing to see.
            return Err(No::NotYet);
        }
        // Without credentials every meaning would be refused alike.
        let worth_asking = if credentials.is_anonymous() { 1 } else { targets.len() };
        let mut first = None;
        for target in targets.iter().take(worth_asking) {
            match self.ask(asked, target, is_live, credentials, open).await {
                Ok(pass) => return Ok(pass),
                Err(reason) => {
                    let is_about_credentials = !matches!(
                        reason,
                        DenyReason::AuthorityUnreachable | DenyReason::ResourceLimit | DenyReason::Blocked { .. }
                    );
                    first.get_or_insert((reason, target));
                    if !is_about_credentials {
                        break;
                    }
                }
            }
        }
        Err(first.map_or(No::NotFound, |(reason, target)| {
            // What a file says of itself is for those who may have it.
            let stream_id = asked.named.clone().unwrap_or_else(|| asked.key(target).stream_id);
            No::Denied(Box::new(Refusal::about(&reason, Operation::Play, stream_id.as_str(), credentials)))
        }))
    }

    /// Joins the session that this client has with these credentials, or asks the gate for one.
    async fn ask(
        &self,
        asked: &Asked<'_>,
        target: &Target,
        is_live: bool,
        credentials: &Credentials,
        open: bool,
    ) -> Result<Pass, DenyReason> {
        let key = asked.key(target);
        let protocol = target.protocol();
        let client = ClientBinding::of_peer(protocol, &asked.sender.peer);
        // On an open stream the credentials decide nothing, so they tell no two sessions apart either.
        let nobody = Credentials::default();
        let identity = if open { &nobody } else { credentials };
        let is_live_session = |id| self.sessions.find(id).is_some();
        let place = self.rejoin.place(&key, &client, identity, is_live_session);
        let arrived = Instant::now();
        let mut place = place.lock().await;
        // The beat that ends sessions may be a moment late; what has ended by now is joined no more.
        let joins = |session: &Arc<Session>| {
            let is_of_kind = session.grant().protocol != Protocol::Vod || protocol == Protocol::Vod;
            is_of_kind && session.grant().ticket_until.is_none_or(|until| asked.now < until)
        };
        if let Some(session) = place.session.and_then(|id| self.sessions.find(id)).filter(joins) {
            match (session.gate(), self.sessions.block_of(&session, asked.now)) {
                (Gate::Open, _) => {
                    session.touch(asked.now);
                    return self.pass(session, target, None);
                }
                (Gate::Suspended, Some(block)) => {
                    session.touch(asked.now);
                    return Err(DenyReason::Blocked { until: block.until });
                }
                _ => place.session = None,
            }
        }
        if let Some((_, reason)) = place.refused.as_ref().filter(|(at, _)| *at >= arrived) {
            return Err(reason.clone());
        }
        let intent = if asked.is_head || !is_live { Intent::Probe } else { Intent::Start };
        let ask = Ask {
            application: key.application.as_str().to_owned(),
            stream_id: key.stream_id.as_str().to_owned(),
            operation: Operation::Play,
            protocol,
            credentials: credentials.clone(),
            peer: asked.sender.peer.clone(),
            client,
            intent,
            publish_mode: None,
        };
        let admitted = match self.admission.admit(ask).await {
            Ok(admitted) => admitted,
            Err(reason) => {
                place.refused = Some((Instant::now(), reason.clone()));
                return Err(reason);
            }
        };
        if admitted.grant().token == TokenUse::Reserved {
            // Held, not spent: whoever shows it next with a GET gets in. Until then nothing may be handed out that
            // would let anybody else in.
            if intent == Intent::Start {
                return Err(DenyReason::AuthorityUnreachable);
            }
            return self.pass(Arc::clone(admitted.session()), target, Some(admitted));
        }
        let (rejoin, named) = (admitted.grant().rejoin, admitted.grant().ticket_until.is_some());
        let session = admitted.keep();
        if rejoin || (open && !named) {
            place.session = Some(session.id());
        }
        match (session.gate(), self.sessions.block_of(&session, asked.now)) {
            (Gate::Suspended, Some(block)) => Err(DenyReason::Blocked { until: block.until }),
            _ => self.pass(session, target, None),
        }
    }

    /// Writes the ticket of a session that has just been admitted, or joined.
    fn pass(&self, session: Arc<Session>, target: &Target, held: Option<Admitted>) -> Result<Pass, DenyReason> {
        let grant = session.grant();
        let ticket = match grant.ticket_until {
            None => None,
            Some(until) => {
                let keys = self.rules.ticket_keys().ok_or(DenyReason::AuthorityUnreachable)?;
                let ticket = Ticket {
                    session: session.id(),
                    until,
                    subscriber: grant.subscriber.clone(),
                    main_track: grant.main_track.clone(),
                };
                Some(keys.sign(&grant.application, &grant.stream_id, &ticket))
            }
        };
        Ok(Pass { target: target.clone(), ticket, is_new: true, held, session })
    }
}

/// The request says that it comes from another subscriber than the cookie's: it stands on its own feet.
fn names_somebody_else(ticket: &Ticket, credentials: &Credentials) -> bool {
    match (&ticket.subscriber, &credentials.subscriber_id) {
        (Some(mine), Some(named)) => mine.as_str() != named,
        _ => false,
    }
}
