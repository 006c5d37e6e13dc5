//! The gate: answers the workers' questions. It loads the facts, asks the policy, performs the effects in one
//! transaction, and records the decision.
//!
//! A decision without effects is made on a snapshot. One that would change something is made again inside the writing
//! transaction, on what is true there, and holds only if all of its effects succeed. Whatever fails on our side is
//! [`DenyReason::AuthorityUnreachable`]: nobody is admitted by mistake.
//!
//! Where several APIs share the database, a decision first sees to it that applications and settings are those of the
//! database; one that writes stands behind the [locks](locks) of what it is about, and leaves its answer there.

mod effects;
mod facts;
mod locks;
mod record;
mod replay;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use sluice_bus::Authority;
use sluice_contract::facts::WebhookFact;
use sluice_contract::message::{
    AuthorizeCall, AuthorizeReply, DescribeCall, Description, EndReason, Hello, LocateCall, Origin, Welcome,
};
use sluice_contract::policy::{self, Decision, Effect, Explanation, StreamGrant};
use sluice_contract::{DenyReason, Facts, Intent, Operation, SessionId, StreamRequest, UnixTime};
use tokio::time::{sleep, timeout};
use tracing::{error, warn};

use crate::Api;
use crate::fleet;
use crate::rest;
use crate::store::{self, StoreError, Stored};
use crate::webhooks::Asked;

pub use facts::subscriber_facts;

use facts::Known;
use replay::Replays;

pub struct Gate {
    api: Api,
    replays: Replays,
}

impl Gate {
    pub fn new(api: Api) -> Self {
        Self { api, replays: Replays::default() }
    }

    async fn decide(&self, call: &AuthorizeCall) -> AuthorizeReply {
        let begun = Instant::now();
        let request = &call.request;
        if self.api.now() >= call.deadline {
            return unreachable();
        }
        let mut answer = None;
        // A database that hangs must not hold the caller longer than it waits.
        let left = u64::try_from(call.deadline.millis_since(self.api.now())).unwrap_or(0).min(LONGEST_MS);
        let settled = timeout(Duration::from_millis(left), decided(&self.api, call, &mut answer)).await;
        let reply = match settled {
            Ok(Ok(Settled::Allowed { grant, replaced })) => {
                self.replace(replaced).await;
                AuthorizeReply::Allow { grant }
            }
            Ok(Ok(Settled::Denied(reason))) => AuthorizeReply::Deny { reason },
            Ok(Ok(Settled::Answered(reply))) => return *reply,
            Ok(Err(error)) => {
                error!(%error, "the gate could not decide");
                unreachable()
            }
            Err(_) => {
                error!("the gate could not decide in time");
                unreachable()
            }
        };
        if let AuthorizeReply::Deny { reason } = &reply {
            self.api.0.webhooks.refused(request, reason);
        }
        record::decision(&self.api, request, &reply, answer.and_then(|answer| answer.note), begun.elapsed());
        reply
    }

    /// Ends the sessions whose places were taken.
    async fn replace(&self, sessions: Vec<SessionId>) {
        for session in sessions {
            if let Err(error) = self.api.end_session(session, EndReason::Replaced).await {
                warn!(%error, session.id = %session, "a replaced session could not be ended");
            }
        }
    }
}

#[async_trait]
impl Authority for Gate {
    async fn authorize(&self, call: AuthorizeCall) -> AuthorizeReply {
        let now = self.api.now();
        self.replays.once(call.request.id, now, || self.decide(&call)).await
    }

    async fn hello(&self, hello: Hello) -> Option<Welcome> {
        fleet::welcome(&self.api, hello)
            .await
            .inspect_err(|error| warn!(%error, "a worker cannot be welcomed now"))
            .ok()
    }

    async fn locate(&self, call: LocateCall) -> Option<Origin> {
        self.api.fleet().picture.origin(call.worker, &call.application, &call.stream_id, self.api.now())
    }

    async fn describe(&self, call: DescribeCall) -> Option<Description> {
        rest::describe(&self.api, call).await
    }
}

/// What came of a question, with everything written.
enum Settled {
    Allowed {
        grant: Box<StreamGrant>,
        replaced: Vec<SessionId>,
    },
    Denied(DenyReason),
    /// The same question was answered before: here, elsewhere, or by an API that is gone.
    Answered(Box<AuthorizeReply>),
}

/// `answer` becomes what the application's webhook said, if it was asked.
async fn decided(api: &Api, call: &AuthorizeCall, answer: &mut Option<Asked>) -> Stored<Settled> {
    let request = &call.request;
    let (mut decision, mut known) = look(api, request, None).await?;
    if let Decision::Allow { ask_webhook: Some(address), .. } = &decision
        && let Some(application) = api.directory().find(&request.application)
    {
        // Nothing of the database is held meanwhile. What was true before is looked at anew afterwards.
        let authorization = &api.0.webhooks.authorization;
        let asked = authorization.ask(api, &application, address, request, call.deadline).await;
        let answer = answer.insert(asked);
        (decision, known) = look(api, request, Some(answer)).await?;
    }
    let answer = answer.as_ref();
    let mut limit = known.limit;
    let writes = match &decision {
        Decision::Allow { grant, effects, .. } => {
            !effects.is_empty() || is_kept(request, grant) || (limit.is_some() && request.intent == Intent::Start)
        }
        Decision::Deny { effects, .. } => !effects.is_empty(),
    };
    if !writes {
        return match decision {
            // What this very question spent is no reason to refuse it.
            Decision::Deny { reason, .. } if replay::may_be_own_doing(&reason) => {
                Ok(replay::earlier(api, api.store().reader(), request).await?.unwrap_or(Settled::Denied(reason)))
            }
            Decision::Deny { reason, .. } => Ok(Settled::Denied(reason)),
            Decision::Allow { grant, .. } => {
                Ok(Settled::Allowed { grant: with_origin(api, grant, &known), replaced: Vec::new() })
            }
        };
    }
    let mut attempt = 0;
    loop {
        match settle(api, call, answer, &mut limit).await {
            // Somebody spent, marked or created the same thing first: decide again on what is true now.
            Err(StoreError::Retry | StoreError::Exists) if attempt < ATTEMPTS && api.now() < call.deadline => {
                attempt += 1;
                if api.store().is_shared() {
                    sleep(store::pause(attempt)).await;
                }
            }
            settled => return settled,
        }
    }
}

/// Decides within a writing transaction and performs the effects there. `limit`: the kind of viewers that the last look
/// found limited; corrected when that changed.
async fn settle(
    api: &Api,
    call: &AuthorizeCall,
    answer: Option<&Asked>,
    limit: &mut Option<&'static str>,
) -> Stored<Settled> {
    let request = &call.request;
    let transaction = locks::locked(api, request, *limit).await?;
    if api.store().is_shared() {
        if let Some(earlier) = replay::earlier(api, &transaction, request).await? {
            return Ok(earlier);
        }
        if !api.directory_is_current(&transaction).await? {
            drop(transaction);
            api.reload_directory().await?;
            return Err(StoreError::Retry);
        }
    }
    let now = api.now();
    let (facts, known) = facts::load(api, &transaction, request, now).await?;
    if known.limit != *limit {
        *limit = known.limit;
        return Err(StoreError::Retry);
    }
    let (settled, closed) = match decide(facts, request, answer, now) {
        Decision::Deny { reason, effects } => {
            let closed = effects::perform(api, &transaction, request, &known, &effects, now).await?;
            (Settled::Denied(reason), closed)
        }
        Decision::Allow { grant, effects, .. } => {
            let closed = effects::perform(api, &transaction, request, &known, &effects, now).await?;
            if is_kept(request, &grant) {
                effects::admit(&transaction, request, &grant, &known, now).await?;
            }
            if request.intent == Intent::Start {
                effects::take_place(&transaction, request, &known, now).await?;
            }
            let replaced = effects
                .iter()
                .filter_map(|effect| match effect {
                    Effect::Replace { session } => Some(*session),
                    _ => None,
                })
                .collect();
            (Settled::Allowed { grant: with_origin(api, grant, &known), replaced }, closed)
        }
    };
    if api.now() >= call.deadline {
        // Nobody waits any more: what would be spent now would be spent for nothing.
        return Ok(Settled::Denied(DenyReason::AuthorityUnreachable));
    }
    replay::keep(api, &transaction, request, &settled, now).await?;
    store::commit(transaction).await?;
    closed.announce(api);
    Ok(settled)
}

/// Explains what the gate would answer, and changes nothing.
pub async fn explain(api: &Api, request: &StreamRequest) -> Stored<Explanation> {
    let snapshot = api.current_snapshot().await?;
    let now = api.now();
    let (facts, _) = facts::load(api, &snapshot, request, now).await?;
    Ok(policy::explain(&facts, request, now))
}

/// Decides on what is committed now, and changes nothing. Without an answer the decision may name a webhook to ask.
///
/// Each statement reads for itself: a transaction around them would cost as much as they do, and what is decided here is
/// either decided again where it writes ([`settle`]), or could have been read a moment earlier or later.
async fn look(api: &Api, request: &StreamRequest, answer: Option<&Asked>) -> Stored<(Decision, Known)> {
    api.current_directory().await?;
    let now = api.now();
    let (facts, known) = facts::load(api, api.store().reader(), request, now).await?;
    let decision = match answer {
        None => policy::decide(&facts, request, now),
        answer => decide(facts, request, answer, now),
    };
    Ok((decision, known))
}

/// Decides with what the webhook said. A decision that would still have to ask (the settings changed meanwhile) is
/// decided as if no answer had come: closed.
fn decide(mut facts: Facts, request: &StreamRequest, answer: Option<&Asked>, now: UnixTime) -> Decision {
    let settings = facts.application.as_ref().map(|application| &application.settings);
    let address = settings.and_then(|settings| settings.authorization_webhook(request.operation));
    let current = answer.filter(|answer| address == Some(answer.address.as_str()));
    facts.webhook = current.map_or(WebhookFact::Unreachable, |answer| answer.fact);
    policy::decide(&facts, request, now)
}

/// Sessions that must exist before anybody hears of them: those that count for a limit, that publish, or that a block
/// may name. Anonymous viewers become sessions when their worker reports them.
fn is_kept(request: &StreamRequest, grant: &StreamGrant) -> bool {
    request.intent == Intent::Start && (grant.operation == Operation::Publish || grant.subscriber.is_some())
}

fn with_origin(api: &Api, mut grant: Box<StreamGrant>, known: &Known) -> Box<StreamGrant> {
    if grant.operation == Operation::Play && grant.origin.is_none() {
        let live = api.fleet().picture.stream_heard(&grant.application, &grant.stream_id).map(|(worker, _)| worker);
        grant.origin = live.or(known.live_worker).filter(|worker| *worker != known.asking_worker);
    }
    grant
}

fn unreachable() -> AuthorizeReply {
    AuthorizeReply::Deny { reason: DenyReason::AuthorityUnreachable }
}

/// How often a decision is made anew because another came first.
const ATTEMPTS: u32 = 8;
/// Longer than any caller waits.
const LONGEST_MS: u64 = 10_000;
