//! The audit: every decision of the gate and every act of management, without secrets.

use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};

use super::caller::Caller;
use super::connection::{connection, counter, map, page, page_cost};
use super::enums::{AuditKind, AuditOrder, AuditOutcome, Operation, Protocol, ReasonCode};
use super::failure::{Answer, parse_at};
use super::id::GlobalId;
use super::scalar::{DateTime, Long};
use crate::manage::{self, Outcome};

/// Something that was decided or done.
pub struct AuditRecord(pub manage::AuditRecord);

/// Something that was decided or done.
#[Object]
impl AuditRecord {
    /// The global id, for caches and `node`.
    pub async fn id(&self) -> ID {
        GlobalId::AuditRecord(self.0.id).encode()
    }

    /// When it happened.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// What the record is about.
    async fn kind(&self) -> AuditKind {
        self.0.kind.into()
    }

    /// Whether it was allowed.
    async fn outcome(&self) -> AuditOutcome {
        self.0.outcome.into()
    }

    /// The reason in kebab-case, or what was done (`block-subscriber`).
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Why the gate refused; null for everything else.
    async fn reason(&self) -> Option<ReasonCode> {
        ReasonCode::of(&self.0.code)
    }

    /// Who did it: an e-mail or the name of an API key; null for decisions.
    async fn actor(&self) -> Option<&str> {
        self.0.actor.as_deref()
    }

    /// The application's name; null for what concerns the server.
    async fn application(&self) -> Option<&str> {
        self.0.application.as_ref().map(|name| name.as_str())
    }

    /// The stream as the peer named it: not necessarily a valid name.
    async fn stream_id(&self) -> Option<&str> {
        self.0.stream_id.as_deref()
    }

    /// The subscriber as the peer named it.
    async fn subscriber_id(&self) -> Option<&str> {
        self.0.subscriber_id.as_deref()
    }

    /// What was asked for.
    async fn operation(&self) -> Option<Operation> {
        self.0.operation.map(Into::into)
    }

    /// How it was asked for.
    async fn protocol(&self) -> Option<Protocol> {
        self.0.protocol.map(Into::into)
    }

    /// The IP address that it came from.
    async fn address(&self) -> Option<String> {
        self.0.address.map(|address| address.to_string())
    }

    /// The id of the session that it is about, a UUID.
    async fn session_id(&self) -> Option<String> {
        self.0.session.map(|session| session.to_string())
    }

    /// How long it took, microseconds.
    async fn duration_us(&self) -> Long {
        self.0.duration_us.into()
    }

    /// More for people; null if there is nothing to add.
    async fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }
}

connection! {
    /// One page of the audit.
    AuditRecordConnection,
    /// An audit record with its place in the list.
    AuditRecordEdge,
    AuditRecord
}

/// A decision of the gate, as it is made.
pub struct DecisionEvent(pub Arc<manage::AuditRecord>);

/// A decision of the gate, as it is made.
#[Object]
impl DecisionEvent {
    /// When it was made.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// Yes or no.
    async fn outcome(&self) -> AuditOutcome {
        self.0.outcome.into()
    }

    /// Why not; null for a yes.
    async fn reason(&self) -> Option<ReasonCode> {
        ReasonCode::of(&self.0.code)
    }

    /// The application's name; null when it does not exist.
    async fn application(&self) -> Option<&str> {
        self.0.application.as_ref().map(|name| name.as_str())
    }

    /// The stream as the peer named it: not necessarily a valid name.
    async fn stream_id(&self) -> Option<&str> {
        self.0.stream_id.as_deref()
    }

    /// The subscriber as the peer named it; null if it named nobody.
    async fn subscriber_id(&self) -> Option<&str> {
        self.0.subscriber_id.as_deref()
    }

    /// Whether it asked to publish or to play.
    async fn operation(&self) -> Option<Operation> {
        self.0.operation.map(Into::into)
    }

    /// How it asked.
    async fn protocol(&self) -> Option<Protocol> {
        self.0.protocol.map(Into::into)
    }

    /// The peer's IP address.
    async fn address(&self) -> Option<String> {
        self.0.address.map(|address| address.to_string())
    }

    /// How long the decision took, microseconds.
    async fn duration_us(&self) -> Long {
        self.0.duration_us.into()
    }

    /// The same as the audit keeps it.
    async fn record(&self) -> AuditRecord {
        AuditRecord(manage::AuditRecord::clone(&self.0))
    }
}

/// Which audit records to list.
#[derive(InputObject, Default)]
pub struct AuditFilter {
    /// Of this application alone. Left out: of all that you may see the audit of.
    application: Option<String>,
    /// Of this kind alone.
    kind: Option<AuditKind>,
    /// What was allowed alone, or what was refused alone.
    outcome: Option<AuditOutcome>,
    /// Refused for this reason alone.
    reason: Option<ReasonCode>,
    /// With this code alone (`block-subscriber`). Not together with `reason`.
    code: Option<String>,
    /// About this stream alone.
    stream_id: Option<String>,
    /// About this subscriber alone.
    subscriber_id: Option<String>,
    /// From this IP address alone.
    address: Option<String>,
    /// From this time on.
    since: Option<DateTime>,
    /// Before this time.
    until: Option<DateTime>,
}

impl AuditFilter {
    fn read(self) -> Outcome<manage::AuditFilter> {
        Ok(manage::AuditFilter {
            application: self.application.map(|name| parse_at("filter.application", &name)).transpose()?,
            kind: self.kind.map(Into::into),
            outcome: self.outcome.map(Into::into),
            code: self.reason.map(ReasonCode::code).or(self.code),
            stream_id: self.stream_id,
            subscriber_id: self.subscriber_id,
            address: self
                .address
                .map(|address| parse_at::<IpAddr>("filter.address", &address))
                .transpose()?
                .map(|address| address.to_canonical()),
            since: self.since.map(|time| time.0),
            until: self.until.map(|time| time.0),
        })
    }
}

#[derive(Default)]
pub struct AuditQuery;

#[Object]
impl AuditQuery {
    /// Every decision of the gate and every act of management.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn audit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which to list; all when left out.")] filter: Option<AuditFilter>,
        #[graphql(default, desc = "In which order.")] order_by: AuditOrder,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<AuditRecordConnection> {
        let caller = Caller::of(ctx)?;
        let (api, viewer) = (caller.api().clone(), caller.viewer());
        let filter = filter.unwrap_or_default().read()?;
        let slice = api.audit(&viewer, filter.clone(), order_by.into(), page(first, after)?).await?;
        let count = counter(move || {
            let (api, viewer, filter) = (api.clone(), viewer.clone(), filter.clone());
            async move { api.count_audit(&viewer, filter).await }
        });
        Ok(AuditRecordConnection::new(map(slice, AuditRecord), count))
    }
}
