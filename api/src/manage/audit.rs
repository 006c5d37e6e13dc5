//! The audit: every decision of the gate and every act of management, without secrets.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use sluice_contract::{ApplicationName, Operation, Protocol, SessionId, StreamId, UnixTime};
use uuid::Uuid;

use super::{Application, Cursor, Entry, Outcome, Page, Slice, Viewer};
use crate::Api;
use crate::store::audit;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditKind {
    /// The gate was asked.
    Decision,
    /// Somebody managed something.
    Action,
    /// Somebody logged in, out, or failed to.
    Login,
}

impl AuditKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Action => "action",
            Self::Login => "login",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Decision, Self::Action, Self::Login].into_iter().find(|kind| kind.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditOutcome {
    Allowed,
    Denied,
}

impl AuditOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Allowed, Self::Denied].into_iter().find(|outcome| outcome.as_str() == text)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditRecord {
    pub id: Uuid,
    pub at: UnixTime,
    pub kind: AuditKind,
    pub outcome: AuditOutcome,
    /// The reason's stable code, or what was done (`block-subscriber`).
    pub code: String,
    /// Who managed; `None` for decisions.
    pub actor: Option<String>,
    /// `None` for the server itself, and for decisions about applications that do not exist.
    pub application: Option<ApplicationName>,
    /// As the peer named it: not necessarily a valid name.
    pub stream_id: Option<String>,
    pub subscriber_id: Option<String>,
    pub operation: Option<Operation>,
    pub protocol: Option<Protocol>,
    pub address: Option<IpAddr>,
    pub session: Option<SessionId>,
    /// How long it took, microseconds.
    pub duration_us: i64,
    /// For people.
    pub detail: Option<String>,
}

/// Records are in the order in which they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AuditOrder {
    #[default]
    NewestFirst,
    OldestFirst,
}

#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// `None`: of all applications, which needs a role over the system.
    pub application: Option<ApplicationName>,
    pub kind: Option<AuditKind>,
    pub outcome: Option<AuditOutcome>,
    pub code: Option<String>,
    pub stream_id: Option<String>,
    pub subscriber_id: Option<String>,
    pub address: Option<IpAddr>,
    pub since: Option<UnixTime>,
    pub until: Option<UnixTime>,
}

impl AuditRecord {
    /// Something that `actor` did, to an application or to the server itself.
    pub(crate) fn action(api: &Api, code: &str, actor: &str, application: Option<&Application>) -> Self {
        Self {
            id: Uuid::now_v7(),
            at: api.now(),
            kind: AuditKind::Action,
            outcome: AuditOutcome::Allowed,
            code: code.to_owned(),
            actor: Some(actor.to_owned()),
            application: application.map(|application| application.name.clone()),
            stream_id: None,
            subscriber_id: None,
            operation: None,
            protocol: None,
            address: application.map(|application| application.address),
            session: None,
            duration_us: 0,
            detail: None,
        }
    }

    /// The same to a stream.
    pub(crate) fn action_on(api: &Api, code: &str, application: &Application, stream_id: &StreamId) -> Self {
        let record = Self::action(api, code, &application.actor, Some(application));
        Self { stream_id: Some(stream_id.to_string()), ..record }
    }
}

impl Api {
    /// What the viewer may not read is not there.
    pub async fn audit(
        &self,
        viewer: &Viewer,
        filter: AuditFilter,
        order: AuditOrder,
        page: Page,
    ) -> Outcome<Slice<AuditRecord>> {
        self.0.audit.flush().await;
        let readable = readable(viewer);
        let rows = audit::list(self.store().reader(), &filter, readable.as_deref(), order, &page).await?;
        let entries =
            rows.into_iter().filter_map(|row| Some(Entry { cursor: Cursor::of(row.id), node: record_of_row(row)? }));
        Ok(Slice::of(&page, entries.collect(), |entry| entry))
    }

    /// One record; `None` when it is gone, or not the viewer's to read.
    pub async fn audit_record(&self, viewer: &Viewer, id: Uuid) -> Outcome<Option<AuditRecord>> {
        self.0.audit.flush().await;
        let record = audit::find(self.store().reader(), id).await?.and_then(record_of_row);
        Ok(record.filter(|record| match &record.application {
            Some(application) => viewer.may_read(application),
            None => viewer.system_role().is_some(),
        }))
    }

    pub async fn count_audit(&self, viewer: &Viewer, filter: AuditFilter) -> Outcome<u64> {
        self.0.audit.flush().await;
        Ok(audit::count(self.store().reader(), &filter, readable(viewer).as_deref()).await?)
    }

    pub(crate) fn record(&self, record: AuditRecord) {
        self.record_audit(&record);
    }

    pub(crate) fn record_audit(&self, record: &AuditRecord) {
        // One text that cannot be stored would take the batch with it.
        let storable = |text: &Option<String>| text.as_ref().map(|text| text.replace('\0', ""));
        self.0.audit.record(audit::Model {
            id: record.id,
            at: record.at.as_millis(),
            kind: record.kind.as_str().to_owned(),
            outcome: record.outcome.as_str().to_owned(),
            code: record.code.clone(),
            actor: storable(&record.actor),
            application: record.application.as_ref().map(ToString::to_string),
            stream_id: storable(&record.stream_id),
            subscriber_id: storable(&record.subscriber_id),
            operation: record.operation.map(|operation| operation.as_str().to_owned()),
            protocol: record.protocol.map(|protocol| protocol.as_str().to_owned()),
            address: record.address.map(|address| address.to_string()),
            session: record.session.map(SessionId::uuid),
            duration_us: record.duration_us,
            detail: storable(&record.detail),
        });
    }
}

/// The applications whose records the viewer may read; `None` for everything.
fn readable(viewer: &Viewer) -> Option<Vec<String>> {
    if viewer.system_role().is_some() {
        return None;
    }
    let own = viewer.grants().iter().filter_map(|grant| match &grant.scope {
        super::Scope::Application(name) => Some(name.to_string()),
        super::Scope::System => None,
    });
    Some(own.collect())
}

fn record_of_row(row: audit::Model) -> Option<AuditRecord> {
    Some(AuditRecord {
        id: row.id,
        at: UnixTime::from_millis(row.at),
        kind: AuditKind::parse(&row.kind)?,
        outcome: AuditOutcome::parse(&row.outcome)?,
        code: row.code,
        actor: row.actor,
        application: row.application.and_then(|name| name.parse().ok()),
        stream_id: row.stream_id,
        subscriber_id: row.subscriber_id,
        operation: row.operation.as_deref().and_then(Operation::parse),
        protocol: row.protocol.as_deref().and_then(Protocol::parse),
        address: row.address.and_then(|address| address.parse().ok()),
        session: row.session.map(SessionId::new),
        duration_us: row.duration_us,
        detail: row.detail,
    })
}
