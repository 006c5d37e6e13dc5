//! The audit: every decision of the gate and every act of management, without secrets.

use std::net::IpAddr;

use sluice_contract::{ApplicationName, Operation, Protocol, SessionId, UnixTime};
use uuid::Uuid;

use super::problem::provisional;
use super::{Outcome, Page, Slice, Viewer};
use crate::Api;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

#[derive(Debug, Clone)]
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

impl Api {
    /// The newest first. What the viewer may not read is not there.
    pub async fn audit(&self, _viewer: &Viewer, _filter: AuditFilter, _page: Page) -> Outcome<Slice<AuditRecord>> {
        provisional()
    }

    pub async fn count_audit(&self, _viewer: &Viewer, _filter: AuditFilter) -> Outcome<u64> {
        provisional()
    }
}
