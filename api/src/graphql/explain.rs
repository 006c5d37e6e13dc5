//! Why the gate would let somebody in, or not.

use std::net::IpAddr;

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use sluice_contract::policy::{self, Explanation, StepState, Verdict};
use sluice_contract::{
    ClientBinding, Credentials, Intent, Operation as Asked, Peer, Protocol as Over, RequestId, SessionId,
    StreamRequest, WorkerId,
};
use uuid::Uuid;

use super::caller::Caller;
use super::enums::{AuditOutcome, Operation, Protocol, ReasonCode};
use super::failure::{Answer, parse_at};
use crate::manage::Outcome;

/// A request that somebody could make of the gate.
#[derive(InputObject)]
pub struct ExplainAccessInput {
    /// The application's name.
    application: String,
    /// The stream, as the peer would name it.
    stream_id: String,
    /// What the peer would do.
    operation: Operation,
    /// How it would connect. RTMP for publishing and HLS for playing when left out.
    protocol: Option<Protocol>,
    /// What it would show; nothing when left out.
    credentials: Option<CredentialsInput>,
    /// The IP address that it would come from; your own when left out.
    address: Option<String>,
    /// What its software would call itself.
    user_agent: Option<String>,
    /// Whether it would only ask for now, as with HEAD: then a one-time token would be held instead of spent.
    #[graphql(default)]
    probe: bool,
}

/// What a peer shows to be let in.
#[derive(InputObject)]
pub struct CredentialsInput {
    /// A one-time token, a JWT or a hash.
    #[graphql(secret)]
    token: Option<String>,
    /// Whom it says to be.
    subscriber_id: Option<String>,
    /// The time-based code of that subscriber.
    #[graphql(secret)]
    subscriber_code: Option<String>,
    /// The conference room that a token was made for.
    room_id: Option<String>,
    /// Further parameters of the address, which only webhooks see, as in a query: `metaData=x&streamName=y`.
    #[graphql(secret)]
    extra: Option<String>,
}

impl ExplainAccessInput {
    fn into_request(self, own_address: IpAddr) -> Outcome<StreamRequest> {
        let operation = Asked::from(self.operation);
        let protocol = self.protocol.map_or(
            match operation {
                Asked::Publish => Over::Rtmp,
                Asked::Play => Over::Hls,
            },
            Into::into,
        );
        let address = self.address.map(|address| parse_at("address", &address)).transpose()?;
        let peer = Peer::new(address.unwrap_or(own_address), self.user_agent);
        let extra = self.credentials.as_ref().and_then(|given| given.extra.as_deref());
        let mut credentials =
            Credentials { extra: Credentials::from_query(extra.unwrap_or_default()).extra, ..Credentials::default() };
        let given = self.credentials.map(|given| {
            [
                ("token", given.token),
                ("subscriberId", given.subscriber_id),
                ("subscriberCode", given.subscriber_code),
                ("roomId", given.room_id),
            ]
        });
        for (key, value) in given.into_iter().flatten() {
            credentials.insert(key, &value.unwrap_or_default());
        }
        Ok(StreamRequest {
            id: RequestId::new(Uuid::now_v7()),
            session: SessionId::new(Uuid::now_v7()),
            worker: WorkerId::new(Uuid::nil()),
            application: self.application,
            stream_id: self.stream_id,
            operation,
            protocol,
            credentials,
            client: ClientBinding::of_peer(protocol, &peer),
            peer,
            intent: if self.probe { Intent::Probe } else { Intent::Start },
            publish_mode: None,
        })
    }
}

/// What the gate would answer, and why. Nothing was spent or counted to find out.
#[derive(SimpleObject)]
pub struct AccessExplanation {
    /// Yes or no.
    outcome: AuditOutcome,
    /// Why not; null for a yes.
    reason: Option<ReasonCode>,
    /// The answer in a sentence for people.
    message: String,
    /// Every rule, in the order in which they are asked. The first objection wins.
    steps: Vec<AccessStep>,
    /// What a real request would change; empty for a no.
    would_spend: Vec<Effect>,
    /// Whether the application's webhook would still be asked, and could refuse.
    asks_webhook: bool,
}

/// One rule's part in the answer.
#[derive(SimpleObject)]
pub struct AccessStep {
    /// The rule's stable name, in kebab-case.
    rule: String,
    /// Whether the rule had something to say.
    applied: bool,
    /// Why it had nothing to say; null if it had.
    skipped: Option<String>,
    /// What it said.
    verdict: AccessVerdict,
    /// Why it refused; null if it did not.
    reason: Option<ReasonCode>,
    /// The refusal in a sentence for people; null if it did not refuse.
    message: Option<String>,
}

/// What a rule said.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub enum AccessVerdict {
    /// No objection: it passed, or does not apply.
    NoObjection,
    /// No.
    Refused,
    /// It was not asked, because an earlier rule had refused.
    NotReached,
}

/// A change that letting somebody in brings with it.
#[derive(SimpleObject)]
pub struct Effect {
    /// What would change.
    kind: EffectKind,
    /// The same for people.
    message: String,
}

/// Changes that letting somebody in brings with it.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    /// The record of an undefined stream is created.
    CreateBroadcast,
    /// The one-time token is held for the client.
    ReserveToken,
    /// The one-time token is spent.
    SpendToken,
    /// The code's step is remembered as used by the client.
    MarkTotpStep,
    /// A wrong code is counted.
    CountFailure,
    /// Another session loses its place.
    Replace,
}

impl From<policy::Effect> for Effect {
    fn from(effect: policy::Effect) -> Self {
        let (kind, message) = match effect {
            policy::Effect::CreateBroadcast => {
                (EffectKind::CreateBroadcast, "the stream's record would be created".to_owned())
            }
            policy::Effect::ReserveToken { until, .. } => {
                (EffectKind::ReserveToken, format!("the one-time token would be held for this client until {until}"))
            }
            policy::Effect::SpendToken => (EffectKind::SpendToken, "the one-time token would be spent".to_owned()),
            policy::Effect::MarkTotpStep { .. } => {
                (EffectKind::MarkTotpStep, "the code would admit no other client any more".to_owned())
            }
            policy::Effect::CountFailure => (EffectKind::CountFailure, "a wrong code would be counted".to_owned()),
            policy::Effect::Replace { session } => {
                (EffectKind::Replace, format!("the session {session} would lose its place"))
            }
        };
        Self { kind, message }
    }
}

impl From<Explanation> for AccessExplanation {
    fn from(explanation: Explanation) -> Self {
        let message = match (&explanation.reason, explanation.asks_webhook) {
            (Some(reason), _) => reason.to_string(),
            (None, true) => "this would be allowed, unless the webhook refuses".to_owned(),
            (None, false) => "this would be allowed".to_owned(),
        };
        Self {
            outcome: match explanation.outcome {
                policy::Outcome::Allowed => AuditOutcome::Allowed,
                policy::Outcome::Denied => AuditOutcome::Denied,
            },
            reason: explanation.reason.and_then(|reason| ReasonCode::of(reason.code())),
            message,
            steps: explanation.steps.into_iter().map(Into::into).collect(),
            would_spend: explanation.would_spend.into_iter().map(Into::into).collect(),
            asks_webhook: explanation.asks_webhook,
        }
    }
}

impl From<policy::Step> for AccessStep {
    fn from(step: policy::Step) -> Self {
        let skipped = match step.state {
            StepState::Applied => None,
            StepState::Skipped(why) => Some(why.to_owned()),
        };
        let (verdict, refusal) = match step.verdict {
            Verdict::NoObjection => (AccessVerdict::NoObjection, None),
            Verdict::Refused(reason) => (AccessVerdict::Refused, Some(reason)),
            Verdict::NotReached => (AccessVerdict::NotReached, None),
        };
        Self {
            rule: step.rule.to_owned(),
            applied: skipped.is_none(),
            skipped,
            verdict,
            reason: refusal.as_ref().and_then(|reason| ReasonCode::of(reason.code())),
            message: refusal.map(|reason| reason.to_string()),
        }
    }
}

#[derive(Default)]
pub struct ExplainQuery;

#[Object]
impl ExplainQuery {
    /// What the gate would answer to a request now, rule by rule. Nothing is spent, counted or recorded. Needs the
    /// operator role.
    async fn explain_access(&self, ctx: &Context<'_>, input: ExplainAccessInput) -> Answer<AccessExplanation> {
        let caller = Caller::of(ctx)?;
        let application = caller.application(&input.application).await?;
        let request = input.into_request(caller.viewer().address())?;
        Ok(caller.api().explain_access(&application, request).await?.into())
    }
}
